"""Hostile origins, generated from the intended origins and from the target itself.

Each one exploits a common mistake in hand-written origin comparison, and an attacker can obtain almost all of them: by
registering a domain, with an account on shared hosting, or with a page on the victim's machine. The browsers' support
for special characters in host names was measured with real browsers. The classes come from published CORS scanners.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import string
from itertools import cycle
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.protocol.origin import DEFAULT_PORTS, URLError, is_ip, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.model.values import Depth

Kind: TypeAlias = Literal[
    "reflection", "null", "public-suffix", "substring", "prefix", "suffix", "truncated", "dot", "separator", "character",
    "subdomain", "nested", "downgrade", "port", "localhost", "localhost-name", "private-address", "shared-hosting",
    "app-scheme", "unsendable",
]  # fmt: skip

BOTH = ("chromium", "firefox")
SHARED_HOSTING = (
    "github.io", "vercel.app", "netlify.app", "pages.dev", "herokuapp.com", "onrender.com", "web.app", "firebaseapp.com",
    "azurewebsites.net", "s3.amazonaws.com", "cloudfront.net", "workers.dev", "fly.dev", "gitlab.io", "surge.sh",
    "ngrok.io", "repl.co",
)  # fmt: skip
"""Shared-hosting suffixes, under which anyone can get a name. Below depth ``full`` only the first ones are tried."""

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


class Labels:
    """Random host name labels, which no server rule can contain. A seed makes them reproducible."""

    def __init__(self, seed: str | None = None) -> None:
        self._random: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def label(self) -> str:
        """Return ten random letters, without digits because some patterns accept letters only."""
        return "".join(self._random.choices(string.ascii_lowercase, k=10))


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
    domain = None if is_ip(host) or "." not in host else suffixes.registrable(host)
    return Base(url.origin, url.scheme, host, port, domain)


def foreign_domains(bases: list[Base], labels: Labels, *, insecure: bool = False) -> Iterator[str]:
    """Yield random foreign origins under suffixes that no base has. A server that allows them reflects every origin.

    The iterator does not end; consecutive origins have different suffixes. ``insecure`` makes them http origins,
    because mixed-content blocking stops https pages.
    """
    taken = {b.host.rpartition(".")[2] for b in bases}
    scheme = "http" if insecure else bases[0].scheme if bases else "https"
    for suffix in cycle([s for s in ("net", "org", "com", "info") if s not in taken] or ["biz", "name"]):
        yield f"{scheme}://{labels.label()}.{suffix}"


def _pages(method: Callable[[Maker], Iterator[Hostile]]) -> Callable[[Maker], Iterator[Hostile]]:
    """Drop results that are not valid serialized origins: cutting or joining can break an ``xn--`` label."""

    def made(maker: Maker) -> Iterator[Hostile]:
        for hostile in method(maker):
            with contextlib.suppress(URLError):
                if parse_url(hostile.origin).origin == hostile.origin:
                    yield hostile

    return made


class Maker:
    """Generates the mutations of one base, with one method per class. A class that does not apply yields nothing."""

    def __init__(self, imitated: Base, suffixes: Suffixes, labels: Labels, depth: Depth) -> None:
        self.base = imitated
        self.suffixes = suffixes
        self.labels = labels
        self.full = depth == "full"
        self._front = f"{imitated.scheme}://"

    def _of(self, kind: Kind, host: str, *, browsers: tuple[str, ...] = BOTH, port: str | None = None) -> Hostile:
        origin = f"{self._front}{host}{self.base.port if port is None else port}"
        return Hostile(kind, origin, self.base.origin, browsers)

    @property
    def _tail(self) -> str:
        """Return a suffix to register under that differs from the base's."""
        return "org" if self.base.host.endswith(".net") else "net"

    @_pages
    def public_suffix(self) -> Iterator[Hostile]:
        """Another domain under the same public suffix (``*.com``). On shared hosting also ``app-*.vercel.app``."""
        if self.base.domain is None:
            return
        label, _, suffix = self.base.domain.partition(".")
        if suffix not in SHARED_HOSTING:
            yield self._of("public-suffix", f"{self.labels.label()}.{suffix}")
            return
        yield self._of("shared-hosting", f"{self.labels.label()}.{suffix}")
        yield self._of("shared-hosting", f"{label}-{self.labels.label()}.{suffix}")

    @_pages
    def prefix(self) -> Iterator[Hostile]:
        """Prefix match: the base's host starts a longer name (``startswith``, or a pattern without ``$``)."""
        if not self.base.host.startswith("["):
            yield self._of("prefix", f"{self.base.host}.{self.labels.label()}.{self._tail}", port="")

    @_pages
    def substring(self) -> Iterator[Hostile]:
        """Substring match: the base's host is inside a longer name (``in``, or a pattern without ``^`` and ``$``)."""
        host = self.base.host
        if not host.startswith("["):
            yield self._of("substring", f"{self.labels.label()}{host}.{self.labels.label()}.{self._tail}", port="")

    @_pages
    def suffix(self) -> Iterator[Hostile]:
        """Suffix match: another domain ends with the registrable domain (``endswith`` without the dot)."""
        if self.base.domain is not None:
            yield self._of("suffix", f"{self.labels.label()}{self.base.domain}")

    @_pages
    def glued(self) -> Iterator[Hostile]:
        """Suffix match on the host: another host under the same registrable domain ends with it."""
        if self.base.domain not in (None, self.base.host):
            yield replace(self._of("suffix", f"{self.labels.label()}{self.base.host}"), within=True)

    @_pages
    def truncated(self) -> Iterator[Hostile]:
        """A truncated host: a comparison with its operands swapped, or ``in`` on one string that holds all origins."""
        host = self.base.host
        for cut in range(1, 4):
            if self.base.domain is not None and self.suffixes.foreign(host[:-cut], host) and host[-cut - 1] != ".":
                yield self._of("truncated", host[:-cut], port="")
                return

    @_pages
    def dots(self) -> Iterator[Hostile]:
        """Unescaped dot: replace one dot at a time, if the result is a domain that someone else can register."""
        host = self.base.host
        for at, character in enumerate(host):
            mutated = f"{host[:at]}x{host[at + 1 :]}"
            if character == "." and self.base.domain is not None and self.suffixes.foreign(mutated, host):
                yield self._of("dot", mutated)

    @_pages
    def separators(self) -> Iterator[Hostile]:
        """Text directly after the host, or after a hyphen: patterns that end in a word boundary or at the next dot."""
        host = self.base.host
        if self.base.domain is not None:
            yield self._of("separator", f"{host}{self.labels.label()}.{self._tail}", port="")
            yield self._of("separator", f"{host}-{self.labels.label()}.{self._tail}", port="")

    @_pages
    def characters(self) -> Iterator[Hostile]:
        """A special character after the host that some URL parsers and patterns treat as the end of the host."""
        if self.base.domain is None:
            return
        for character, browsers in SPECIAL.items():
            if self.full or character in "_$":
                tail = f"{character}.{self.labels.label()}.{self._tail}"
                yield self._of("character", f"{self.base.host}{tail}", browsers=browsers, port="")

    @_pages
    def subdomains(self) -> Iterator[Hostile]:
        """Subdomains of the registrable domain and of the host itself."""
        if self.base.domain is not None:
            yield self._of("subdomain", f"{self.labels.label()}.{self.base.domain}")
            if self.base.host != self.base.domain:
                yield self._of("subdomain", f"{self.labels.label()}.{self.base.host}")

    @_pages
    def nested(self) -> Iterator[Hostile]:
        """A subdomain two labels below the registrable domain."""
        if self.base.domain is not None:
            yield self._of("nested", f"{self.labels.label()}.{self.labels.label()}.{self.base.domain}")

    @_pages
    def downgrade(self) -> Iterator[Hostile]:
        """The same host over http, where an attacker on the network path can serve any page."""
        if self.base.scheme == "https":
            for port in dict.fromkeys(("", self.base.port)):
                yield Hostile("downgrade", f"http://{self.base.host}{port}", self.base.origin)

    @_pages
    def ports(self) -> Iterator[Hostile]:
        """The same host on another port."""
        for port in (":8443", ":1337", ":81") if self.full else (":8443",):
            if port != self.base.port:
                yield self._of("port", self.base.host, port=port)

    def unsendable(self) -> Iterator[Hostile]:
        """Values that no browser sends. They show how the server compares origins, and are not exploitable."""
        origin = self.base.origin
        for text in (origin.upper(), f"{origin}/", f"{origin}/x", f"{origin}@{self.labels.label()}.{self._tail}"):
            yield Hostile("unsendable", text, origin, ())


def local_names(labels: Labels) -> Iterator[Hostile]:
    """Names that start with ``localhost`` under a domain that anyone can register."""
    yield Hostile("localhost-name", f"http://localhost.{labels.label()}.net")


def local_pages(depth: Depth) -> Iterator[Hostile]:
    """Origins of pages on the victim's own machine."""
    yield Hostile("localhost", "http://localhost:3000")
    if depth == "full":
        for origin in ("http://localhost", "http://127.0.0.1:8080", "http://[::1]:3000", "https://localhost"):
            yield Hostile("localhost", origin)


def private_addresses(depth: Depth) -> Iterator[Hostile]:
    """Origins of pages in the victim's private network."""
    for host in ("192.168.0.10", "10.0.0.1", "172.16.0.1") if depth == "full" else ("192.168.0.10",):
        yield Hostile("private-address", f"http://{host}")


def shared_hosting(bases: list[Base], labels: Labels, depth: Depth, representatives: int) -> Iterator[Hostile]:
    """Names on shared hosting. Suffixes that host a base are left out: ``Maker.public_suffix`` covers them."""
    wanted = [s for s in SHARED_HOSTING if not any(b.host.endswith(f".{s}") for b in bases)]
    for suffix in wanted if depth == "full" else wanted[:representatives]:
        yield Hostile("shared-hosting", f"https://{labels.label()}.{suffix}")


def app_schemes() -> Iterator[Hostile]:
    """Origins of app shells (Capacitor, Ionic) and of browser extensions."""
    yield Hostile("app-scheme", "capacitor://localhost", browsers=())
    yield Hostile("app-scheme", "ionic://localhost", browsers=())
    yield Hostile("app-scheme", f"chrome-extension://{'abcdefghijklmnop' * 2}", browsers=("chromium",))
