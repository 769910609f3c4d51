"""URLs and origins: parsing, serialization, same origin, same site.

Sources: WHATWG URL (parsing, ``concept-url-origin``), HTML (``ascii-serialisation-of-an-origin``, ``same-site``),
Secure Contexts (potentially trustworthy). The WHATWG parser is ada's; the registrable-domain function is passed in,
since the Public Suffix List is data that this package does not have.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import ada_url

from corscheck.records import dataclass

RegistrableDomain: TypeAlias = Callable[[str], str | None]

OPAQUE = "null"
"""The serialization of every opaque origin."""

HTTP_SCHEMES = ("http", "https")
_TUPLE_SCHEMES = ("http", "https", "ws", "wss", "ftp")
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


class URLError(ValueError):
    """The text is not a valid absolute URL (or not relative to the base given)."""


@dataclass(frozen=True, slots=True)
class URL:
    """A parsed URL; ``host`` is serialized (IPv6 in brackets), ``port`` None when it is the scheme's default.

    ``origin`` is the serialized origin of the URL (``null`` where it is opaque). ``target`` is path and query, as they
    go on the request line.
    """

    href: str
    scheme: str
    username: str
    password: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str
    origin: str

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path + self.query

    @property
    def without_fragment(self) -> str:
        """The serialization that goes into requests and into the preflight cache's key."""
        return self.href[: len(self.href) - len(self.fragment)] if self.fragment else self.href.removesuffix("#")

    @property
    def has_credentials(self) -> bool:
        """Whether it includes credentials: a username or password that is not empty."""
        return bool(self.username or self.password)

    @property
    def effective_port(self) -> int | None:
        """The port that is connected to."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.scheme)


@lru_cache(maxsize=2048)
def parse_url(text: str, base: str | None = None) -> URL:
    """The WHATWG URL parser. Raises ``URLError`` on failure."""
    try:
        url = ada_url.URL(text, base)
    except (ValueError, UnicodeError) as e:
        raise URLError(f"not a valid URL: {text!r}") from e
    scheme = url.protocol[:-1]
    return URL(
        href=url.href,
        scheme=scheme,
        username=url.username,
        password=url.password,
        host=url.hostname,
        port=int(url.port) if url.port else None,
        path=url.pathname,
        query=url.search,
        fragment=url.hash,
        origin=_origin(scheme, url),
    )


def _origin(scheme: str, url: ada_url.URL) -> str:
    """``concept-url-origin``, serialized. ``file:`` is opaque, as the URL Standard advises."""
    if scheme in _TUPLE_SCHEMES:
        return f"{scheme}://{url.host}"
    if scheme == "blob":
        # The blob URL store is the browser's; what can be said is the origin of an http(s) URL inside the path.
        try:
            inner = parse_url(url.pathname)
        except URLError:
            return OPAQUE
        return inner.origin if inner.scheme in HTTP_SCHEMES else OPAQUE
    return OPAQUE


def serialize_origin(url: str) -> str:
    """The serialized origin of a URL: ``https://app.example``, or ``null`` where it is opaque."""
    return parse_url(url).origin


def same_origin(a: str, b: str) -> bool:
    """Whether two serialized origins are the same origin.

    An opaque origin is the same as itself only, and its serialization does not say which one it is: ``null`` is never
    the same as ``null``.
    """
    return a == b and a != OPAQUE


def same_site(a: str, b: str, registrable_domain: RegistrableDomain) -> bool:
    """Schemefully same site (HTML): schemes equal, and hosts or registrable domains equal. Ports do not matter."""
    if OPAQUE in (a, b):
        return False
    ua, ub = parse_url(a), parse_url(b)
    if ua.scheme != ub.scheme:
        return False
    if ua.host == ub.host:
        return True
    domain = _domain(ua.host, registrable_domain)
    return domain is not None and domain == _domain(ub.host, registrable_domain)


def _domain(host: str, registrable_domain: RegistrableDomain) -> str | None:
    """The registrable domain; a trailing dot is part of it, IP addresses have none (URL, ``host-registrable-domain``)."""
    if is_ip(host):
        return None
    dotted = host.endswith(".")
    found = registrable_domain(host.removesuffix("."))
    return found + "." if found and dotted else found


def is_ip(host: str) -> bool:
    """Whether a serialized host is an IPv4 or (bracketed) IPv6 address."""
    return host.startswith("[") or (host[-1:].isdigit() and _is_ipv4(host))


@lru_cache(maxsize=256)
def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def is_potentially_trustworthy(url: URL) -> bool:
    """Secure Contexts: https and wss, loopback addresses, ``localhost`` names. Decides mixed content and Sec-Fetch-*."""
    if url.scheme in ("https", "wss"):
        return True
    return is_loopback_host(url.host)


def is_loopback_host(host: str) -> bool:
    """127.0.0.0/8, ::1, ``localhost`` and its subdomains."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost") or name == "[::1]":
        return True
    return name.startswith("127.") and _is_ipv4(name)
