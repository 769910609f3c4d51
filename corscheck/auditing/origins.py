"""Hostile origins, made from the origins that are meant to be let in and from the target itself.

Each imitates one thing that people get wrong when they compare origins by hand. All of them are origins that an attacker
can really have: a domain to register, a name on shared hosting, a page on the victim's own machine. Which characters of a
host name browsers can send was measured with the real ones. Sources of the classes: the published CORS scanners.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import string
from ipaddress import ip_address
from itertools import cycle
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.protocol.origin import DEFAULT_PORTS, URLError, parse_url

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
"""Where anybody may have a name below; the first stands for them where one representative is enough."""

SPECIAL: dict[str, tuple[str, ...]] = {
    "_": BOTH, "$": BOTH, "+": BOTH,
    **dict.fromkeys("!&'();=`{}~\"", ("chromium",)),
    **dict.fromkeys("*,", ()),
}  # fmt: skip
"""Characters in a host name, and the browsers that were seen to send an origin with them.

Chromium 150 was given the address of such a name, Firefox 140 asked its proxy for it: it refuses all but these three. The
last ones are refused by both. What the URL Standard forbids in a domain (``|``, ``^``, ``%``) is in no page's origin.
"""

_LOCAL = ("localhost", "127.0.0.1", "::1")


class Hostile(Struct, frozen=True):
    """An origin to send. ``base`` is the origin that it imitates (None: none), ``browsers`` those that can send it.

    ``within`` says that only who has a name below the base's own registrable domain can have it.
    """

    kind: Kind
    origin: str
    base: str | None = None
    browsers: tuple[str, ...] = BOTH
    within: bool = False


class Suffixes:
    """What the Public Suffix List says of a host. ``registrable_domain`` and ``known_suffix`` are passed in."""

    def __init__(
        self, registrable_domain: Callable[[str], str | None], known_suffix: Callable[[str], str | None]
    ) -> None:
        self.registrable = registrable_domain
        self._known = known_suffix

    def suffix(self, host: str) -> str:
        """The public suffix: what is left of the host behind the label that can be registered."""
        domain = self.registrable(host)
        return domain.partition(".")[2] if domain else host

    def foreign(self, host: str, base: str) -> bool:
        """Whether somebody else than the owner of ``base`` can register the domain of ``host``."""
        domain = self.registrable(host)
        # A suffix nobody knows cannot be registered under, unless the base's own is such a one (a test's, an intranet's).
        suffix_exists = self._known(host) is not None or self.suffix(host) == self.suffix(base)
        return domain is not None and domain != self.registrable(base) and suffix_exists


class Labels:
    """Random labels, so that no rule of any server can know them. With a seed they are the same every time."""

    def __init__(self, seed: str | None = None) -> None:
        self._random: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def label(self) -> str:
        """Ten letters: no digits, for which some patterns have no room."""
        return "".join(self._random.choices(string.ascii_lowercase, k=10))


class Base(Struct, frozen=True):
    """An origin that is imitated, in its parts. ``port`` is written as in the origin: with its colon, or nothing."""

    origin: str
    scheme: str
    host: str
    port: str
    domain: str | None
    """The registrable domain; None for an address, and for a name that has none (``localhost``)."""

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address."""
        try:
            ip_address(self.host.strip("[]"))
        except ValueError:
            return False
        return True


def base(origin: str, suffixes: Suffixes) -> Base | None:
    """The parts of an http(s) origin; None for ``null`` and for other schemes."""
    try:
        url = parse_url(origin)
    except URLError:
        return None
    if url.scheme not in DEFAULT_PORTS or url.host is None:
        return None
    host, port = url.host, ""
    authority = url.origin.partition("://")[2]
    if authority != host:
        port = authority[len(host) :]
    found = Base(url.origin, url.scheme, host, port, None)
    if found.is_address or "." not in host:
        return found
    return Base(url.origin, url.scheme, host, port, suffixes.registrable(host))


def is_loopback(host: str) -> bool:
    """Whether the host is the very machine that asks, by its name or by its address."""
    bare = host.strip("[]").removesuffix(".")
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def foreign_domains(bases: list[Base], labels: Labels, *, insecure: bool = False) -> Iterator[str]:
    """Origins that imitate nothing, under suffixes that none of the bases has: whoever lets them in lets in anybody.

    As many as are wanted, each under another suffix than the one before. ``insecure`` says that only pages over http can ask.
    """
    taken = {b.host.rpartition(".")[2] for b in bases}
    scheme = "http" if insecure else bases[0].scheme if bases else "https"
    for suffix in cycle([s for s in ("net", "org", "com", "info") if s not in taken] or ["biz", "name"]):
        yield f"{scheme}://{labels.label()}.{suffix}"


def _pages(method: Callable[[Maker], Iterator[Hostile]]) -> Callable[[Maker], Iterator[Hostile]]:
    """Only what can be a page's origin: cut or glued, ``xn--`` labels may be none any more."""

    def made(maker: Maker) -> Iterator[Hostile]:
        for hostile in method(maker):
            with contextlib.suppress(URLError):
                if parse_url(hostile.origin).origin == hostile.origin:
                    yield hostile

    return made


class Maker:
    """Makes the mutations of one base, a method for each class. Those that make no sense for it yield nothing."""

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
        """A suffix to register under that is not the base's."""
        return "org" if self.base.host.endswith(".net") else "net"

    @_pages
    def public_suffix(self) -> Iterator[Hostile]:
        """Another domain under the same public suffix: ``*.com``; where that is shared hosting, ``app-*.vercel.app`` too."""
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
        """The base's host at the beginning of a longer name: ``startswith``, a pattern without ``$``."""
        if not self.base.host.startswith("["):
            yield self._of("prefix", f"{self.base.host}.{self.labels.label()}.{self._tail}", port="")

    @_pages
    def substring(self) -> Iterator[Hostile]:
        """The base's host in the middle, nothing between: ``in``, a pattern without ``^`` and ``$``."""
        host = self.base.host
        if not host.startswith("["):
            yield self._of("substring", f"{self.labels.label()}{host}.{self.labels.label()}.{self._tail}", port="")

    @_pages
    def suffix(self) -> Iterator[Hostile]:
        """The registrable domain at the end of another one: ``endswith`` without the dot."""
        if self.base.domain is not None:
            yield self._of("suffix", f"{self.labels.label()}{self.base.domain}")

    @_pages
    def glued(self) -> Iterator[Hostile]:
        """The host at the end of another one, below the same registrable domain."""
        if self.base.domain not in (None, self.base.host):
            yield replace(self._of("suffix", f"{self.labels.label()}{self.base.host}"), within=True)

    @_pages
    def truncated(self) -> Iterator[Hostile]:
        """The base cut short: a comparison the wrong way round, or ``in`` over one long text."""
        host = self.base.host
        for cut in range(1, 4):
            if self.base.domain is not None and self.suffixes.foreign(host[:-cut], host) and host[-cut - 1] != ".":
                yield self._of("truncated", host[:-cut], port="")
                return

    @_pages
    def dots(self) -> Iterator[Hostile]:
        """Each dot replaced, one at a time, where the result is a domain that somebody else can register."""
        host = self.base.host
        for at, character in enumerate(host):
            mutated = f"{host[:at]}x{host[at + 1 :]}"
            if character == "." and self.base.domain is not None and self.suffixes.foreign(mutated, host):
                yield self._of("dot", mutated)

    @_pages
    def separators(self) -> Iterator[Hostile]:
        """Text right behind the host, and behind a hyphen: patterns that end in a word boundary or look for the next dot."""
        host = self.base.host
        if self.base.domain is not None:
            yield self._of("separator", f"{host}{self.labels.label()}.{self._tail}", port="")
            yield self._of("separator", f"{host}-{self.labels.label()}.{self._tail}", port="")

    @_pages
    def characters(self) -> Iterator[Hostile]:
        """A character behind the host that URL parsers and patterns take for its end."""
        if self.base.domain is None:
            return
        for character, browsers in SPECIAL.items():
            if self.full or character in "_$":
                tail = f"{character}.{self.labels.label()}.{self._tail}"
                yield self._of("character", f"{self.base.host}{tail}", browsers=browsers, port="")

    @_pages
    def subdomains(self) -> Iterator[Hostile]:
        """Names below the registrable domain, and below the host itself."""
        if self.base.domain is not None:
            yield self._of("subdomain", f"{self.labels.label()}.{self.base.domain}")
            if self.base.host != self.base.domain:
                yield self._of("subdomain", f"{self.labels.label()}.{self.base.host}")

    @_pages
    def nested(self) -> Iterator[Hostile]:
        """Two labels below the registrable domain."""
        if self.base.domain is not None:
            yield self._of("nested", f"{self.labels.label()}.{self.labels.label()}.{self.base.domain}")

    @_pages
    def downgrade(self) -> Iterator[Hostile]:
        """The same host over http, where whoever sits on the line can be any page."""
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
        """What no browser sends; worth knowing about the server, no danger by itself."""
        origin = self.base.origin
        for text in (origin.upper(), f"{origin}/", f"{origin}/x", f"{origin}@{self.labels.label()}.{self._tail}"):
            yield Hostile("unsendable", text, origin, ())


def local_names(labels: Labels) -> Iterator[Hostile]:
    """Names that begin with localhost and are anybody's."""
    yield Hostile("localhost-name", f"http://localhost.{labels.label()}.net")


def local_pages(depth: Depth) -> Iterator[Hostile]:
    """Pages on the victim's own machine."""
    yield Hostile("localhost", "http://localhost:3000")
    if depth == "full":
        for origin in ("http://localhost", "http://127.0.0.1:8080", "http://[::1]:3000", "https://localhost"):
            yield Hostile("localhost", origin)


def private_addresses(depth: Depth) -> Iterator[Hostile]:
    """Pages in the victim's network."""
    for host in ("192.168.0.10", "10.0.0.1", "172.16.0.1") if depth == "full" else ("192.168.0.10",):
        yield Hostile("private-address", f"http://{host}")


def shared_hosting(bases: list[Base], labels: Labels, depth: Depth, representatives: int) -> Iterator[Hostile]:
    """Names at hosts where anybody may have one, but for those where a base lives itself: the base's own class has them."""
    wanted = [s for s in SHARED_HOSTING if not any(b.host.endswith(f".{s}") for b in bases)]
    for suffix in wanted if depth == "full" else wanted[:representatives]:
        yield Hostile("shared-hosting", f"https://{labels.label()}.{suffix}")


def app_schemes() -> Iterator[Hostile]:
    """Origins of app shells and of extensions."""
    yield Hostile("app-scheme", "capacitor://localhost", browsers=())
    yield Hostile("app-scheme", "ionic://localhost", browsers=())
    yield Hostile("app-scheme", f"chrome-extension://{'abcdefghijklmnop' * 2}", browsers=("chromium",))
