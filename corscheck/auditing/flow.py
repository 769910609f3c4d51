"""The audit of one target: a generator that yields probes, receives outcomes and returns an ``Audit``.

The order saves requests: if the server reflects every origin, the mutations are skipped, and a class that implies
others is tried before them. Every finding is confirmed by a second request. A result that is not reproduced is reported
as unstable, not as a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.auditing import origins as make
from corscheck.auditing.findings import Findings
from corscheck.auditing.origins import Hostile, Maker
from corscheck.auditing.plan import BudgetSpentError, SilenceError, UnstableError
from corscheck.auditing.scope import Scope, SocketScope
from corscheck.auditing.websocket import page_origin
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get_all
from corscheck.protocol.origin import OPAQUE, is_loopback_host, is_potentially_trustworthy, parse_url

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from corscheck.auditing.origins import Base, Kind
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Flow, Step
    from corscheck.auditing.proof import Seen

_CONTAINS: dict[Kind, tuple[Kind, ...]] = {
    "public-suffix": ("suffix", "substring", "truncated", "dot", "subdomain", "nested", "downgrade"),
    "shared-hosting": ("suffix", "substring", "truncated", "dot", "subdomain", "nested", "downgrade"),
    "substring": ("separator", "character", "truncated", "dot", "subdomain", "nested", "downgrade", "port", "suffix",
                  "localhost-name"),
    "prefix": ("separator", "character", "port", "truncated"),
    "suffix": ("subdomain", "nested", "downgrade", "dot", "truncated"),
    "subdomain": ("nested", "suffix"),
    "localhost-name": ("localhost",),
}  # fmt: skip
"""Classes that a found class implies for the same base: they are not tried, because they have the same cause."""

_LOOKS = 3
_LOOKS_UNSTABLE = 8
"""How many further foreign origins to try before findings are reported.

``_LOOKS_UNSTABLE`` applies if an earlier result was not reproduced.
"""


def audit(plan: AuditPlan) -> Flow:
    """Audit one target. The generator yields probes, lookups and handshakes, and returns the ``Audit``."""
    return Investigation(plan).run()


class Investigation:
    """One audit: which classes it has found, and which probe comes next."""

    def __init__(self, plan: AuditPlan) -> None:
        self.plan = plan
        self.book = Findings(plan)
        self.found: set[tuple[Kind, str | None]] = set()

    def run(self) -> Flow:
        """Run all parts of the audit, and return what was found even if a limit stops it early."""
        book = self.book
        try:
            yield from self._all()
        except BudgetSpentError:
            book.note(f"Stopped after {book.requests} requests (--max-requests): not everything was asked.")
        except SilenceError:
            book.note(f"Stopped after {book.requests} requests: nobody answers any more.")
        except UnstableError:
            book.void(f"Stopped after {book.requests} requests")
        return book.audit()

    def _all(self) -> Step:
        book, plan = self.book, self.plan
        scope = (SocketScope if plan.is_socket else Scope)(plan, book)
        if not (yield from scope.begin()):
            return
        allowed = yield from self._allowed(scope)
        bases = self._bases(allowed)
        strangers = make.foreign_domains([*bases, *self._target_base()], plan.labels, insecure=self._insecure)
        first = yield from book.ask(next(strangers))
        if not first.answered:
            book.unanswered(first)
            return
        everybody = False
        without = yield from scope.without_credentials(first)
        if first.let_in:
            everybody = yield from self._reflection(first, next(strangers))
        if first.star:
            yield from book.open_to_all(first)
        if not allowed and not everybody:
            allowed = self._disclosed(first)
            bases = self._bases(allowed)
        if not everybody:
            yield from self._mutations(bases)
        yield from scope.around(first, without, everybody=everybody)
        if book.unstable or any(f.severity != "info" for f in book.held.values()):
            yield from self._still(strangers, everybody=everybody)

    @property
    def _insecure(self) -> bool:
        """Whether mixed-content blocking lets only http pages request the target."""
        url = parse_url(self.book.url)
        return url.scheme == "http" and not is_potentially_trustworthy(url)

    # ------------------------------------------------------------------ intended origins

    def _target_base(self) -> list[Base]:
        found = make.base(page_origin(self.book.url), self.plan.suffixes)
        return [found] if found is not None else []

    def _allowed(self, scope: Scope) -> Generator[Ask, Came, list[str]]:
        """Probe the origins that the caller declared as allowed, without patterns, and return them."""
        let_in = []
        for origin in self.plan.allowed:
            if "*" in origin:
                continue
            came = yield from self.book.ask(origin)
            scope.remember(came)
            let_in.append(origin)
            if came.answered and not came.let_in and not came.star:
                self.book.note(
                    f"{origin} is not let in itself: either it is not meant to be, or the audit sees a login."
                )
        return let_in

    def _disclosed(self, first: Seen) -> list[str]:
        """Return the origin that the server sends to a foreign origin, if any: mutations of it are worth trying."""
        answered = get_all(first.response.headers, ACAO) if first.response is not None else []
        named = next(iter(answered), None)
        if named is None or named in (OPAQUE, "*") or make.base(named, self.plan.suffixes) is None:
            return []
        if parse_url(named).origin != named or named == first.origin:
            return []
        self.book.note(f"The server names {named} to everybody; its mutations were tried.")
        return [named]

    def _bases(self, allowed: list[str]) -> list[Base]:
        """Return the origins to imitate: the allowed ones, or the target's own if none is known."""
        front, plain = ("https:", "http:") if self._insecure else ("", "")
        origins = [plain + origin.removeprefix(front) if origin.startswith(front) else origin for origin in allowed]
        bases = [b for b in (make.base(origin, self.plan.suffixes) for origin in origins) if b is not None]
        return bases or self._target_base()

    # ------------------------------------------------------------------ hostile origins

    def _reflection(self, first: Seen, second: str) -> Generator[Ask, Came, bool]:
        """Try a second foreign origin. Return whether the server allows both and so reflects every origin."""
        other = yield from self.book.ask(second)
        if other.let_in and other.credentialed == first.credentialed:
            return (yield from self.book.tell(Hostile("reflection", first.origin), first))
        # Only the first one is allowed: the server allows its public suffix, or its responses vary at random.
        yield from self.book.tell(Hostile("public-suffix", first.origin), first)
        return False

    def _still(self, strangers: Iterator[str], *, everybody: bool) -> Step:
        """Try more foreign origins at the end. If their result differs from the first, the server decides at random."""
        for _ in range(1 if everybody else _LOOKS_UNSTABLE if self.book.unstable else _LOOKS):
            origin = next(strangers)
            came = yield from self.book.ask(origin)
            if came.let_in is not everybody:
                self.book.void(f"{origin} was {'let in' if came.let_in else 'refused'}, others like it were not")
                return

    def _mutations(self, bases: list[Base]) -> Step:
        yield from self._try([Hostile("null", OPAQUE)])
        for index, imitated in enumerate(bases):
            yield from self._imitate(imitated, main=index == 0)
        if self.plan.allowed or bases != self._target_base():
            yield from self._own_domain(bases)
        local = is_loopback_host(parse_url(self.book.url).host)
        labels, depth = self.plan.labels, self.plan.depth
        yield from self._try(make.local_names(labels))
        if not local:
            yield from self._try(make.local_pages(depth))
            yield from self._try(make.private_addresses(depth))
        names = any(b.domain is not None for b in [*bases, *self._target_base()])
        if names:
            several = len(bases) > 1
            representatives = 1 if several else 2 if self._elsewhere(bases) else 3
            yield from self._try(make.shared_hosting(bases, labels, depth, representatives))
        if depth == "full":
            yield from self._try(make.app_schemes())

    def _imitate(self, imitated: Base, *, main: bool) -> Step:
        maker = Maker(imitated, self.plan.suffixes, self.plan.labels, self.plan.depth)
        yield from self._try(maker.public_suffix())
        yield from self._try(maker.prefix())
        yield from self._try(maker.suffix())
        yield from self._both_ends(maker)
        yield from self._try(maker.truncated())
        yield from self._try(maker.dots())
        yield from self._try(maker.separators())
        yield from self._try(maker.characters())
        if not self._intended(imitated):
            yield from self._try(maker.subdomains())
            # These hosts are subdomains of the domain too. They show a suffix match only if subdomains are refused.
            yield from self._try(maker.glued())
            if self.plan.depth == "full" and main:
                yield from self._try(maker.nested())
        yield from self._try(maker.downgrade())
        yield from self._try(maker.ports())
        if self.plan.depth == "full":
            yield from self._try(maker.unsendable())

    def _own_domain(self, bases: list[Base]) -> Step:
        """Imitate the target's own domain if the allowed origins have a different one: servers often allow it too."""
        for target in self._elsewhere(bases):
            maker = Maker(target, self.plan.suffixes, self.plan.labels, self.plan.depth)
            yield from self._try(maker.suffix())
            if not self._intended(target):
                yield from self._try(list(maker.subdomains())[:1])

    def _elsewhere(self, bases: list[Base]) -> list[Base]:
        """Return the target's base if no imitated origin shares its registrable domain."""
        return [t for t in self._target_base() if t.domain is not None and all(b.domain != t.domain for b in bases)]

    def _intended(self, imitated: Base) -> bool:
        """Whether the caller declared all subdomains of this domain as allowed."""
        return any(a.endswith(f"://*.{imitated.domain}") for a in self.plan.allowed)

    def _both_ends(self, maker: Maker) -> Step:
        """Tell a substring match from a prefix match, so that one faulty comparison becomes one finding."""
        base = maker.base.origin
        kinds = {k for k, b in self.book.held if b == base and k in ("prefix", "suffix")}
        if "prefix" not in kinds:
            return
        subdomain = next(maker.subdomains(), None)
        for hostile in maker.substring():
            came = yield from self.book.ask(hostile.origin)
            if not came.let_in:
                continue
            # If a subdomain passes but the suffix does not, the pattern requires a dot before the domain. It lacks "$"
            # only.
            if "suffix" not in kinds and subdomain is not None:
                below = yield from self.book.ask(subdomain.origin)
                if below.let_in:
                    self.found.add(("subdomain", base))
                    continue
            again = yield from self.book.ask(hostile.origin)
            if not again.like(came):
                self.book.flapping(hostile.origin)
                continue
            self.book.instead(base, ("prefix", "suffix"), hostile, came)
            self.found.add(("substring", base))

    def _try(self, hostiles: Iterable[Hostile]) -> Step:
        """Probe each origin and record those that the server allows. Skip classes that are already found or implied."""
        for hostile in hostiles:
            if self._known(hostile):
                continue
            came = yield from self.book.ask(hostile.origin)
            if came.let_in and (yield from self.book.tell(hostile, came)):
                self.found.add((hostile.kind, hostile.base))

    def _known(self, hostile: Hostile) -> bool:
        if hostile.origin in self.plan.allowed:
            return True
        if (hostile.kind, hostile.base) in self.found and hostile.kind != "unsendable":
            return True
        return any(
            hostile.kind in inside and (hostile.base is None or base == hostile.base)
            for kind, inside in _CONTAINS.items()
            for found, base in self.found
            if found == kind
        )
