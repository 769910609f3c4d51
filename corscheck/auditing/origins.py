"""Hostile origins, generated from the intended origins and from the target itself.

Each one exploits a common mistake in hand-written origin comparison, and an attacker can obtain almost all of them: by
registering a domain, with an account on shared hosting, or with a page on the victim's machine. The browsers' support
for special characters in host names was measured with real browsers. The classes come from published CORS scanners.
"""

from __future__ import annotations

import contextlib
from itertools import cycle
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.auditing.hosting import host_of, neighbours
from corscheck.auditing.preloaded import is_https_only
from corscheck.protocol.origin import DEFAULT_PORTS, URLError, is_ip, is_loopback_host, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.auditing.labels import Labels


Kind: TypeAlias = Literal[
    "reflection", "null", "public-suffix", "substring", "prefix", "suffix", "truncated", "dot", "separator", "character",
    "top-level", "subdomain", "nested", "downgrade", "port", "localhost", "local-name", "private-address", "ip-address",
    "shared-hosting", "app-scheme", "unsendable",
]  # fmt: skip

BOTH = ("chromium", "firefox")
SPECIAL: dict[str, tuple[str, ...]] = {
    "_": BOTH, "$": BOTH, "+": BOTH,
    **dict.fromkeys("!&'();=`{}~\"", ("chromium",)),
    **dict.fromkeys("*,", ()),
}  # fmt: skip
"""Special characters in a host name, and the browsers that send an origin with them.

Measured with Chromium 150 (host names mapped to an address) and Firefox 140 (through a proxy). Firefox accepts only
``_``, ``$`` and ``+``; both browsers refuse ``*`` and ``,``. The URL Standard forbids ``|``, ``^`` and ``%`` in a
domain, so no page has such an origin.
"""


class Hostile(Struct, frozen=True):
    """An origin to send.

    ``base`` is the origin that it imitates, or None. ``browsers`` are the browsers that can send it. ``within`` means
    that an attacker needs a name below the base's registrable domain to have it.
    """

    kind: Kind
    origin: str
    base: str | None = None
    browsers: tuple[str, ...] = BOTH
    within: bool = False


_LONGER_PORTS = range(10087, 2**16)
"""The ports of five digits that browsers do not block."""


class Suffixes:
    """Lookups in the Public Suffix List, through the two functions that the caller passes in."""

    def __init__(
        self, registrable_domain: Callable[[str], str | None], known_suffix: Callable[[str], str | None]
    ) -> None:
        self.registrable = registrable_domain
        self._known = known_suffix

    def suffix(self, host: str) -> str:
        """Return the public suffix of a host, or the whole host if it has no registrable domain."""
        domain = self.registrable(host)
        return domain.partition(".")[2] if domain else host

    def foreign(self, host: str, base: str) -> bool:
        """Whether someone other than the owner of ``base`` can register the domain of ``host``."""
        domain = self.registrable(host)
        # No one can register under an unlisted suffix, unless the base itself has it (a test setup or an intranet).
        suffix_exists = self._known(host) is not None or self.suffix(host) == self.suffix(base)
        return domain is not None and domain != self.registrable(base) and suffix_exists


class Base(Struct, frozen=True):
    """The parts of an imitated origin. ``port`` includes its colon, and is empty for the default port."""

    origin: str
    scheme: str
    host: str
    port: str
    domain: str | None
    """The registrable domain; None for an IP address and for a name without one, such as ``localhost``."""


def base(origin: str, suffixes: Suffixes) -> Base | None:
    """Split an origin into its parts. Return None if it is invalid, ``null`` or has a scheme without a default port."""
    try:
        url = parse_url(origin)
    except URLError:
        return None
    if url.scheme not in DEFAULT_PORTS or url.host is None:
        return None
    host = url.host
    port = url.origin.partition("://")[2].removeprefix(host)
    domain = None if is_ip(host) or is_loopback_host(host) or "." not in host else suffixes.registrable(host)
    return Base(url.origin, url.scheme, host, port, domain)


def foreign_domains(bases: list[Base], labels: Labels, *, insecure: bool = False) -> Iterator[str]:
    """Yield random foreign origins under suffixes that no base has. A server that allows them reflects every origin.

    The iterator does not end; consecutive origins have different suffixes. ``insecure`` makes them http origins,
    because mixed-content blocking stops https pages.
    """
    taken = {b.host.rpartition(".")[2] for b in bases}
    scheme = "http" if insecure else "https"
    for suffix in cycle([s for s in ("net", "org", "com", "info") if s not in taken] or ["biz", "name"]):
        yield f"{scheme}://{labels.label()}.{suffix}"


class Maker:
    """Generates the mutations of one base. A method returns None, or yields nothing, if its class does not apply."""

    def __init__(self, imitated: Base, suffixes: Suffixes, labels: Labels) -> None:
        self.base = imitated
        self.suffixes = suffixes
        self.labels = labels

    def _of(
        self, kind: Kind, host: str, *, browsers: tuple[str, ...] = BOTH, port: str | None = None, own: bool = False
    ) -> Hostile | None:
        """Return the origin; None if cutting or joining made an invalid one, or one that an attacker cannot have.

        ``own`` is for names of the base's own domain, which an attacker has by other means than a registration.
        """
        if self.base.scheme == "http" and is_https_only(host):
            return None
        origin = f"{self.base.scheme}://{host}{self.base.port if port is None else port}"
        with contextlib.suppress(URLError):
            if parse_url(origin).origin == origin and (own or self.suffixes.foreign(host, self.base.host)):
                return Hostile(kind, origin, self.base.origin, browsers, within=own and kind == "suffix")
        return None

    @property
    def _tail(self) -> str:
        """Return a suffix to register under that differs from the base's."""
        return "org" if self.base.host.endswith(".net") else "net"

    def _behind(self, kind: Kind, host: str, tail: str | None, browsers: tuple[str, ...] = BOTH) -> Hostile | None:
        """Return a longer name that begins with ``host``, below ``tail`` or below a random domain."""
        if self.base.host.startswith("["):
            return None
        domain = f"{self.labels.label()}.{tail or self._tail}"
        return self._of(kind, f"{host}{domain}", browsers=browsers, port="")

    def public_suffix(self) -> Hostile | None:
        """Another domain under the same public suffix (``*.com``). Names of shared hosts are ``neighbours``."""
        if self.base.domain is None:
            return None
        return self._of("public-suffix", f"{self.labels.label()}.{self.base.domain.partition('.')[2]}")

    def neighbours(self, project: str | None) -> Iterator[Hostile]:
        """Other customers of the shared host that the base lives on, with names like those of its deployments."""
        host = host_of(self.base.host)
        if host is None:
            return
        *_, service = self.base.host.removesuffix(f".{host}").split(".")
        for name in neighbours(service, host, project, self.labels):
            hostile = self._of("shared-hosting", f"{name}.{host}")
            if hostile is not None:
                yield hostile

    def prefix(self, tail: str | None = None) -> Hostile | None:
        """Prefix match: the base's host starts a longer name (``startswith``, or a pattern without ``$``)."""
        return self._behind("prefix", f"{self.base.host}.", tail)

    def substring(self) -> Hostile | None:
        """Substring match: the base's host is inside a longer name (``in``, or a pattern without ``^`` and ``$``)."""
        return self._behind("substring", f"{self.labels.label()}{self.base.host}.", None)

    def separator(self, tail: str | None = None) -> Hostile | None:
        """Text after a hyphen: patterns that end in a word boundary or at the next dot."""
        return self._behind("separator", f"{self.base.host}-", tail) if self.base.domain is not None else None

    def character(self, character: str, tail: str | None = None) -> Hostile | None:
        """A special character after the host that some URL parsers and patterns treat as the end of the host."""
        if self.base.domain is None:
            return None
        return self._behind("character", f"{self.base.host}{character}.", tail, SPECIAL[character])

    def glob(self) -> Hostile | None:
        """One letter before the domain: a suffix match, or ``*.example.com`` read as a regular expression."""
        return self._of("dot", f"x{self.base.domain}") if self.base.domain is not None else None

    def suffix(self) -> Hostile | None:
        """Suffix match: another domain ends with the registrable domain (``endswith`` without the dot)."""
        return self._of("suffix", f"{self.labels.label()}{self.base.domain}") if self.base.domain is not None else None

    def dots(self) -> Iterator[Hostile]:
        """Unescaped dot: replace one dot at a time, if the result is a domain that someone else can register."""
        host = self.base.host
        for at, character in enumerate(host):
            if character == "." and self.base.domain is not None:
                hostile = self._of("dot", f"{host[:at]}x{host[at + 1 :]}")
                if hostile is not None:
                    yield hostile

    def truncated(self) -> Hostile | None:
        """A truncated host: a comparison with its operands swapped, or ``in`` on one string that holds all origins."""
        host = self.base.host
        for cut in range(1, 4):
            if self.base.domain is not None and host[-cut - 1] != ".":
                found = self._of("truncated", host[:-cut], port="")
                if found is not None:
                    return found
        return None

    def top_level(self) -> Iterator[Hostile]:
        """The same name under another top-level domain (``[a-z]{2,3}``), or in another country (``co.[a-z]{2}``)."""
        suffix = self.suffixes.suffix(self.base.host)
        if self.base.domain is None or host_of(self.base.host) is not None:
            return
        kind, dot, country = suffix.rpartition(".")
        elsewhere = [f"{kind}.{'nz' if country == 'za' else 'za'}"] if dot else []
        for other in (self._tail, *elsewhere):
            hostile = self._of("top-level", f"{self.base.host.removesuffix(suffix)}{other}")
            if hostile is not None:
                yield hostile

    def beside(self) -> Hostile | None:
        """A host below the registrable domain that ends with the base's host: a subdomain, or a suffix match on the host."""
        if self.base.domain in (None, self.base.host):
            return None
        return self._of("suffix", f"{self.labels.label()}{self.base.host}", own=True)

    def subdomain(self) -> Hostile | None:
        """A subdomain of the registrable domain."""
        if self.base.domain is None:
            return None
        return self._of("subdomain", f"{self.labels.label()}.{self.base.domain}", own=True)

    def sibling(self) -> Hostile | None:
        """A subdomain whose name begins like the base's (``tenant-*``)."""
        first, dot, rest = self.base.host.partition(".")
        if self.base.domain in (None, self.base.host) or "-" not in first or not dot:
            return None
        return self._of("subdomain", f"{first.partition('-')[0]}-{self.labels.label()}.{rest}", own=True)

    def below(self) -> Hostile | None:
        """A subdomain of the base's host."""
        if self.base.domain in (None, self.base.host):
            return None
        return self._of("subdomain", f"{self.labels.label()}.{self.base.host}", own=True)

    def nested(self) -> Hostile | None:
        """A subdomain two labels below the registrable domain."""
        if self.base.domain is None:
            return None
        return self._of("nested", f"{self.labels.label()}.{self.labels.label()}.{self.base.domain}", own=True)

    def downgrade(self) -> Hostile | None:
        """The same host over http, where an attacker on the network path can serve any page."""
        if self.base.scheme != "https" or is_https_only(self.base.host):
            return None
        return Hostile("downgrade", f"http://{self.base.host}{self.base.port}", self.base.origin)

    def port(self) -> Hostile | None:
        """The same host on another port, which begins with the base's: a rule without an end allows it too."""
        longer = int(f"{self.base.port.removeprefix(':') or 0}7")
        port = longer if _LONGER_PORTS.start <= longer < _LONGER_PORTS.stop else self.labels.port()
        return self._of("port", self.base.host, port=f":{port}", own=True)

    def unsendable(self) -> Iterator[Hostile]:
        """Values that no browser sends. They show how the server compares origins, and are not exploitable."""
        origin = self.base.origin
        for text in (origin.upper(), f"{origin}/", f"{origin}/x", f"{origin}@{self.labels.label()}.{self._tail}"):
            yield Hostile("unsendable", text, origin, ())


LOCAL_PAGES = ("http://localhost:3000", "http://localhost:5173", "https://localhost:3000", "http://127.0.0.1:3000")
"""Origins of pages on the victim's own machine. A rule without an end (``^http://localhost``) allows one of them too."""

MORE_LOCAL_PAGES = (
    "http://localhost", "https://localhost", "http://localhost:8080", "http://localhost:4200", "http://[::1]:3000",
)  # fmt: skip
"""Those that only depth ``full`` asks about."""

ADDRESS_PAGE = LOCAL_PAGES[-1]
"""A page at an address with a port. If it is allowed, others with a port may be."""

PRIVATE_ADDRESS = "http://192.168.0.10"
"""A page in the victim's private network. A rule for all addresses, or without an end, allows it too."""

PRIVATE_ADDRESS_WITH_PORT = "http://192.168.0.10:3000"

MORE_PRIVATE_ADDRESSES = ("http://10.0.0.1", "http://172.16.0.1")


def longer_name(origin: str, labels: Labels) -> Hostile:
    """Return a domain that begins with a local name or address: a rule without an end allows it."""
    url = parse_url(origin)
    return Hostile("local-name", f"{url.scheme}://{(url.host or '').strip('[]')}.{labels.label()}.net", url.origin)


def app_schemes() -> Iterator[Hostile]:
    """Origins of app shells (Capacitor, Ionic) and of browser extensions."""
    yield Hostile("app-scheme", "capacitor://localhost", browsers=())
    yield Hostile("app-scheme", "ionic://localhost", browsers=())
    yield Hostile("app-scheme", f"chrome-extension://{'abcdefghijklmnop' * 2}", browsers=("chromium",))
