"""The audit of one target: a generator that yields probes, receives outcomes and returns an ``Audit``.

The order saves requests. First come a foreign origin and those that are or may be intended: only what is allowed is worth
imitating (``imitation``), and if the server reflects every origin, nothing is imitated. Every finding is confirmed by a
second request. A server whose answers vary is asked again, because an attacker asks again too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.auditing import origins as make
from corscheck.auditing.findings import Findings
from corscheck.auditing.hosting import Queue, host_of, named_by
from corscheck.auditing.imitation import Imitation
from corscheck.auditing.origins import Hostile
from corscheck.auditing.plan import BudgetSpentError, SilenceError, UnstableError
from corscheck.auditing.scope import Scope, SocketScope
from corscheck.auditing.websocket import page_origin
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get_all
from corscheck.protocol.origin import OPAQUE, is_loopback_host, is_potentially_trustworthy, parse_url

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from corscheck.auditing.origins import Base, Kind
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Flow, Step
    from corscheck.auditing.proof import Seen

_HOSTS = 9
"""How many shared hosts are asked about below depth ``full``."""

_PLAIN_NAMES = ("", "www.", "app.")
"""What pages of the target's domain are often called. Asked if no allowed origin is known."""

_LOOKS = 3
_LOOKS_UNSTABLE = 8
"""How many further foreign origins to try before findings are reported.

``_LOOKS_UNSTABLE`` applies if an earlier result was not reproduced.
"""


def audit(plan: AuditPlan) -> Flow:
    """Audit one target. The generator yields probes, lookups and requests, and returns the ``Audit``."""
    return Investigation(plan).run()


class Investigation:
    """One audit, and which probe comes next."""

    def __init__(self, plan: AuditPlan) -> None:
        self.plan = plan
        self.book = Findings(plan)
        self.hosts = Queue((), 0, plan.labels, None)

    def run(self) -> Flow:
        """Run all parts of the audit, and return what was found even if a limit stops it early."""
        book = self.book
        try:
            yield from self._all()
        except BudgetSpentError:
            book.note(f"Stopped after {book.requests} requests (--max-requests): the audit is not complete.")
        except SilenceError:
            book.note(f"Stopped after {book.requests} requests: the server no longer responds.")
        except UnstableError:
            book.void(f"Stopped after {book.requests} requests")
        return book.audit()

    def _all(self) -> Step:
        book, plan = self.book, self.plan
        scope = (SocketScope if plan.is_socket else Scope)(plan, book)
        if not (yield from scope.begin()):
            return
        allowed = yield from self._allowed(scope)
        self.hosts = self._queue(scope)
        strangers = make.foreign_domains([*self._bases(allowed), *self._target()], plan.labels, insecure=self._insecure)
        first = yield from self._stranger(strangers)
        if not first.answered:
            book.unanswered(first)
            return
        everybody = first.allowed and (yield from self._reflection(first, strangers))
        without = yield from scope.without_credentials(first, self._customer() if not everybody else None)
        if first.star:
            yield from book.open_to_all(first)
        if not everybody:
            allowed = allowed or self._disclosed(first)
            yield from self._hostile(self._bases(allowed), reserved=scope.hosts)
        yield from scope.around(first, without, self.hosts, everybody=everybody)
        yield from scope.end()
        if book.unstable or any(f.severity != "info" for f in book.held.values()):
            yield from self._still(strangers, everybody=everybody)

    @property
    def _insecure(self) -> bool:
        """Whether mixed-content blocking lets only http pages request the target."""
        url = parse_url(self.book.url)
        return url.scheme == "http" and not is_potentially_trustworthy(url)

    # ------------------------------------------------------------------ origins that are or may be intended

    def _target(self) -> list[Base]:
        found = make.base(page_origin(self.book.url), self.plan.suffixes)
        return [found] if found is not None else []

    def _allowed(self, scope: Scope) -> Generator[Ask, Came, list[str]]:
        """Ask for the origins that the caller declared, and for the target's own. Return those that are allowed.

        Of a pattern (``https://*.example.com``), a random subdomain is asked for. Without any declared origin, a few
        usual names are tried.
        """
        found: list[str] = []
        for declared in self.plan.allowed:
            origin = declared.replace("*", self.plan.labels.label())
            came = yield from self.book.ask(origin)
            scope.remember(came)
            if came.allowed:
                found.append(origin)
            elif came.answered and not came.star:
                self.book.note(
                    f"{declared} itself is not allowed: either it is not meant to be, or the audit sees a login."
                )
        own = page_origin(self.book.url)
        if own not in self.plan.allowed:
            came = yield from self.book.ask_as_own_page(own)
            if came.allowed:
                found.append(own)
        for origin in self._usual_names() if not found and not self.plan.allowed else ():
            came = yield from self.book.ask(origin)
            if came.allowed:
                scope.remember(came)
                self.book.note(
                    f"{origin} is allowed, so variants of it were tested. Name the origins that you mean to allow: "
                    "--allowed-origin."
                )
                found.append(origin)
        return found

    def _usual_names(self) -> list[str]:
        scheme = "http" if self._insecure else "https"
        own = page_origin(self.book.url)
        names = [
            f"{scheme}://{name}{b.domain}" for b in self._target() if b.domain is not None for name in _PLAIN_NAMES
        ]
        return [name for name in names if name != own]

    def _disclosed(self, first: Seen) -> list[str]:
        """Return the origin that the server sends to a foreign origin, if any: mutations of it are worth trying."""
        answered = get_all(first.response.headers, ACAO) if first.response is not None else []
        named = next(iter(answered), None)
        if named is None or named in (OPAQUE, "*") or make.base(named, self.plan.suffixes) is None:
            return []
        if parse_url(named).origin != named or named == first.origin:
            return []
        self.book.note(f"The server sends {named} to every origin, so variants of it were tested.")
        return [named]

    def _bases(self, allowed: list[str]) -> list[Base]:
        """Return the origins to imitate, over http if only http pages can ask the target."""
        front, plain = ("https:", "http:") if self._insecure else ("", "")
        origins = [plain + origin.removeprefix(front) if origin.startswith(front) else origin for origin in allowed]
        return [b for b in (make.base(origin, self.plan.suffixes) for origin in origins) if b is not None]

    # ------------------------------------------------------------------ foreign origins

    def _queue(self, scope: Scope) -> Queue:
        """Return the shared hosts to ask about, those first that there is evidence of."""
        homes = [self.book.url, *(o for o in self.plan.allowed)]
        lived_on = [
            host for home in homes if (host := host_of(parse_url(home.replace("*.", "")).host or "")) is not None
        ]
        most = len(lived_on) + (1000 if self.plan.depth == "full" else _HOSTS)
        evidence = [*lived_on, *named_by(scope.control)]
        return Queue(evidence, most, self.plan.labels, self._project(), insecure=self._insecure)

    def _project(self) -> str | None:
        """Return what the owner probably calls a project: the name of the domain."""
        domains = [b.domain for b in self._declared() if b.domain is not None and host_of(b.host) is None]
        name = domains[0].partition(".")[0] if domains else None
        # Punycode is not a part that another name can be made of.
        return name if name is not None and not name.startswith("xn--") else None

    def _customer(self) -> str | None:
        """Return the origin of a stranger on the next shared host."""
        host = self.hosts.next()
        return self.hosts.customer(host) if host is not None else None

    def _stranger(self, strangers: Iterator[str]) -> Generator[Ask, Came, Seen]:
        """Ask for a foreign origin, which is on a shared host: that tells both of reflection and of the host."""
        return (yield from self.book.ask(self._customer() or next(strangers)))

    def _reflection(self, first: Seen, strangers: Iterator[str]) -> Generator[Ask, Came, bool]:
        """Try a second foreign origin. Return whether the server allows both and so reflects every origin."""
        other = yield from self.book.ask(next(strangers))
        if other.allowed and other.credentialed == first.credentialed:
            return (yield from self.book.tell(Hostile("reflection", other.origin), other))
        # Only the first one is allowed: all customers of the shared host are, or the answers vary at random.
        yield from self.book.tell(Hostile("shared-hosting", first.origin), first)
        return False

    def _still(self, strangers: Iterator[str], *, everybody: bool) -> Step:
        """Try more foreign origins at the end. If their result differs from the first, the server decides at random."""
        for _ in range(1 if everybody else _LOOKS_UNSTABLE if self.book.unstable else _LOOKS):
            origin = next(strangers)
            came = yield from self.book.ask(origin)
            if came.allowed is not everybody:
                self.book.void(
                    f"{origin} was {'allowed' if came.allowed else 'refused'}, but others like it were not", came
                )
                return

    # ------------------------------------------------------------------ hostile origins

    def _hostile(self, bases: list[Base], *, reserved: int) -> Step:
        """Ask for everything that is hostile to a server that does not reflect. ``reserved`` hosts are left for later."""
        yield from self._hit(Hostile("null", OPAQUE))
        found: dict[str | None, set[Kind]] = {}
        for index, imitated in enumerate(bases):
            imitation = Imitation(self.book, imitated, self.hosts, found.get(imitated.domain, ()))
            found[imitated.domain] = imitation.found
            if index == 0 or self.plan.depth == "full":
                yield from imitation.first()
            else:
                new_domain = all(imitated.domain != other.domain for other in bases[:index])
                yield from imitation.second(new_domain=new_domain)
        if not bases:
            for domain in self._domains():
                yield from Imitation(self.book, domain, self.hosts).apex()
        yield from self._local()
        for host in self.hosts.rest(reserved):
            yield from self._hit(Hostile("shared-hosting", self.hosts.customer(host)))
        for app in make.app_schemes() if self.plan.depth == "full" else ():
            yield from self._hit(app)

    def _declared(self) -> list[Base]:
        """Return the declared origins and the target's own."""
        return [*self._bases([o.replace("*.", "") for o in self.plan.allowed]), *self._target()]

    def _domains(self) -> list[Base]:
        """Return the registrable domains of the declared origins and of the target, where none of them is allowed."""
        known = self._declared()
        scheme = "http" if self._insecure else "https"
        domains = dict.fromkeys(b.domain for b in known if b.domain is not None)
        found = (make.base(f"{scheme}://{domain}", self.plan.suffixes) for domain in domains)
        return [b for b in found if b is not None]

    def _local(self) -> Step:
        """Ask for pages on the victim's machine and in the victim's network."""
        full = self.plan.depth == "full"
        # A development server may well allow the pages of its own machine, but no domain that begins like them.
        developing = is_loopback_host(parse_url(self.book.url).host) and not self.plan.in_process
        with_port = full
        for origin in (*make.LOCAL_PAGES, *(make.MORE_LOCAL_PAGES if full else ())):
            came = yield from self._allowed_page(origin)
            with_port |= came is not None and origin == make.ADDRESS_PAGE
            if came is None or self._known("localhost"):
                continue
            longer = yield from self._hit(make.longer_name(origin, self.plan.labels))
            if not longer and not developing:
                yield from self.book.tell(Hostile("localhost", origin), came)
        ported = (make.PRIVATE_ADDRESS_WITH_PORT,) if with_port else ()
        for origin in (make.PRIVATE_ADDRESS, *ported, *(make.MORE_PRIVATE_ADDRESSES if full else ())):
            came = yield from self._allowed_page(origin)
            if came is None or self._known("private-address"):
                continue
            for worse in (
                Hostile("ip-address", origin.replace("192.168.0.10", self.plan.labels.address())),
                make.longer_name(origin, self.plan.labels),
            ):
                if (yield from self._hit(worse)):
                    break
            else:
                yield from self.book.tell(Hostile("private-address", origin), came)

    def _known(self, kind: str) -> bool:
        """Whether a class or one that implies it was found, so that asking for more of it has no point."""
        return any(found in (kind, "local-name", "ip-address") for found, _ in self.book.held)

    def _allowed_page(self, origin: str) -> Generator[Ask, Came, Seen | None]:
        if self.plan.intends(origin):
            return None
        came = yield from self.book.ask(origin)
        return came if came.allowed else None

    def _hit(self, hostile: Hostile) -> Generator[Ask, Came, bool]:
        """Ask for an origin, and record it if it is allowed. Return whether it is a finding."""
        came = yield from self._allowed_page(hostile.origin)
        return came is not None and (yield from self.book.tell(hostile, came))
