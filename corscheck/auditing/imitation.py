"""Imitations of one origin that the server allows.

A faulty comparison with an origin allows that origin in the first place, so only allowed origins are worth imitating. A
question stands for several faults; only if its origin is allowed, further questions tell them apart.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from corscheck.auditing.hosting import host_of
from corscheck.auditing.origins import SPECIAL, Hostile, Maker
from corscheck.protocol.origin import is_loopback_host

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from corscheck.auditing.findings import Findings
    from corscheck.auditing.hosting import Queue
    from corscheck.auditing.origins import Base, Kind
    from corscheck.auditing.plan import Ask, Came, Step
    from corscheck.auditing.proof import Seen


_CONTAINED: dict[Kind, frozenset[Kind]] = {
    "public-suffix": frozenset(
        ("suffix", "dot", "truncated", "subdomain", "nested", "downgrade", "shared-hosting", "top-level")
    ),
    "suffix": frozenset(("dot", "truncated", "subdomain", "nested", "downgrade")),
    "substring": frozenset(
        ("prefix", "separator", "character", "suffix", "truncated", "dot", "subdomain", "nested", "downgrade", "port",
         "top-level")
    ),
    "subdomain": frozenset(("nested",)),
    "prefix": frozenset(("separator", "character", "port", "truncated", "top-level")),
}  # fmt: skip
"""Classes that a found class explains for the same base: the comparison is the same, so they are not asked about."""

_END = "$"
"""The special character to ask about: none of the sets that patterns use for names (``[a-z0-9.-]``, ``\\w``) contains it."""


class Imitation:
    """The questions about one base. ``hosts`` are shared hosts that are asked about on the way.

    ``known`` are the classes that were found for another base of the same domain: probably the same rule.
    """

    def __init__(self, book: Findings, imitated: Base, hosts: Queue, known: Iterable[Kind] = ()) -> None:
        plan = book.plan
        self.book = book
        self.base = imitated
        self.hosts = hosts
        self.full = plan.depth == "full"
        self.maker = Maker(imitated, plan.suffixes, plan.labels)
        # The caller may have declared all subdomains of the domain as allowed.
        self.subdomains_intended = any(a.endswith(f"://*.{imitated.domain}") for a in plan.allowed)
        self.found: set[Kind] = set(known)

    def _explained(self, kind: Kind) -> bool:
        """Whether a class was found, or is contained in one that was."""
        return kind in self.found or any(kind in _CONTAINED.get(found, ()) for found in self.found)

    def first(self) -> Step:
        """Ask all questions about the base."""
        yield from self._neighbours()
        yield from self.domain()
        yield from self._each(self.maker.dots())
        yield from self.prefix()
        yield from self._ends()
        yield from self._top_level()
        yield from self._below()
        yield from self._each([self.maker.downgrade()])
        # A rule that allows one page of the own machine has to allow the others too.
        if not is_loopback_host(self.base.host):
            yield from self._each([self.maker.port()])
        if self.full:
            yield from self._each(self.maker.unsendable())

    def second(self, *, new_domain: bool) -> Step:
        """Ask the questions that are worth asking about a further base."""
        if new_domain:
            yield from self._neighbours() if host_of(self.base.host) is not None else self.domain()
        yield from self._each(self.maker.dots())
        yield from self.prefix()
        yield from self._each([self.maker.downgrade()])

    def apex(self) -> Step:
        """Ask about the domain where no origin below it is known to be allowed."""
        yield from self.domain()
        yield from self.prefix()
        below = self.maker.subdomain()
        if below is None or self._explained("subdomain") or self.subdomains_intended:
            return
        if (yield from self._hit(below)):
            yield from self._each([self.maker.downgrade()])

    # ------------------------------------------------------------------ the host that the base lives on

    def _neighbours(self) -> Step:
        """Ask for other customers of the shared host, unless all of them are known to be allowed."""
        host = host_of(self.base.host)
        if host is not None and self.book.allows_customers(host):
            self.found.add("public-suffix")
        yield from self._each(self.maker.neighbours(self.hosts.project))

    # ------------------------------------------------------------------ before the host

    def domain(self) -> Step:
        """Ask for a domain with one more letter: a suffix match, a public suffix, or a glob read as a pattern."""
        glob = self.maker.glob() if not self._explained("dot") else None
        came = yield from self._allowed(glob)
        if glob is None or came is None:
            return
        for hostile in (self.maker.public_suffix(), self.maker.suffix()):
            if hostile is not None and (yield from self._hit(hostile)):
                if hostile.kind == "public-suffix":
                    self.hosts.drop(hostile.origin.rpartition(".")[2])
                return
        yield from self._tell(glob, came)

    # ------------------------------------------------------------------ behind the host

    def prefix(self) -> Step:
        """Ask for a longer name that begins with the host: a prefix match or a substring match."""
        if self._explained("prefix"):
            return
        host = self.hosts.last(self.base.scheme)
        hostile, came = yield from self._behind(self.maker.prefix(host), self.maker.prefix(), host)
        if hostile is None or came is None:
            return
        inside = self.maker.substring()
        more = yield from self._allowed(inside)
        # Where a suffix match is found too, the name may stand anywhere, and one comparison makes both faults.
        if inside is not None and more is not None and (yield from self._anywhere()):
            if (yield from self._tell(inside, more)):
                self.book.withdraw(self.base.origin, ("suffix", "dot"))
        else:
            yield from self._tell(hostile, came)

    def _anywhere(self) -> Generator[Ask, Came, bool]:
        """Whether a name with the base's host inside is allowed because it is inside, and not because of a subdomain.

        A pattern for all subdomains that lacks ``$`` allows both; its fault is the missing end.
        """
        if "suffix" in self.found or self.base.domain is None:
            return True
        came = yield from self._allowed(self.maker.subdomain())
        if came is not None:
            self.found.add("subdomain")
        return came is None

    def _ends(self) -> Step:
        """Ask for names that go on right behind the host, where a prefix match was not found."""
        if self._explained("separator"):
            return
        makers: list[Callable[..., Hostile | None]] = [self.maker.separator]
        makers += [partial(self.maker.character, character) for character in (SPECIAL if self.full else _END)]
        for make in makers:
            host = self.hosts.last(self.base.scheme)
            hostile, came = yield from self._behind(make(host), make(), host)
            if hostile is not None and came is not None and (yield from self._tell(hostile, came)):
                return

    def _behind(
        self, shared: Hostile | None, plain: Hostile | None, host: str | None
    ) -> Generator[Ask, Came, tuple[Hostile | None, Seen | None]]:
        """Ask for a longer name below a shared host, and on a hit for the same below a random domain.

        Return the second one with its answer. If only the first is allowed, it is the shared host that is.
        """
        came = yield from self._allowed(shared)
        if shared is None or came is None:
            return None, None
        if host is None:
            return shared, came
        again = yield from self._allowed(plain)
        if plain is not None and again is not None:
            return plain, again
        name = Hostile("shared-hosting", self.hosts.customer(host, self.base.scheme))
        if not (yield from self._hit(name)):
            yield from self.book.unsteady(shared, came)
        return None, None

    def _top_level(self) -> Step:
        """Ask for the name cut short, or under another top-level domain; the first stands for both if there is one."""
        if self._explained("top-level"):
            return
        cut, others = self.maker.truncated(), list(self.maker.top_level())
        came = yield from self._allowed(cut)
        yield from self._each(others if cut is None or came is not None else others[1:])
        if cut is not None and came is not None and "top-level" not in self.found:
            yield from self._tell(cut, came)

    # ------------------------------------------------------------------ the host itself and its domain

    def _below(self) -> Step:
        if self.subdomains_intended or self._explained("subdomain"):
            return
        beside, below = self.maker.beside(), self.maker.subdomain()
        if beside is None:
            yield from self._each([below])
        else:
            came = yield from self._allowed(beside)
            if came is not None and not (below is not None and (yield from self._hit(below))):
                yield from self._tell(beside, came)
        yield from self._each([self.maker.sibling()])
        if self.full:
            yield from self._each([self.maker.below(), self.maker.nested()])

    # ------------------------------------------------------------------ asking

    def _each(self, hostiles: Iterable[Hostile | None]) -> Step:
        """Ask for each origin, up to the first of each kind that is allowed."""
        for hostile in hostiles:
            if hostile is not None and (hostile.kind == "unsendable" or not self._explained(hostile.kind)):
                yield from self._hit(hostile)

    def _allowed(self, hostile: Hostile | None) -> Generator[Ask, Came, Seen | None]:
        """Ask for an origin. Return the answer if it allows it, and None for an origin that should be allowed."""
        if hostile is None or self.book.plan.intends(hostile.origin):
            return None
        came = yield from self.book.ask(hostile.origin)
        return came if came.allowed else None

    def _hit(self, hostile: Hostile) -> Generator[Ask, Came, bool]:
        """Ask for an origin, and record it if it is allowed. Return whether it is a finding."""
        came = yield from self._allowed(hostile)
        return came is not None and (yield from self._tell(hostile, came))

    def _tell(self, hostile: Hostile, came: Seen) -> Generator[Ask, Came, bool]:
        told = yield from self.book.tell(hostile, came)
        if told:
            self.found.add(hostile.kind)
        return told
