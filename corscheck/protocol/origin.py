"""URLs and origins: parsing, serialization, same origin, same site.

Sources: https://url.spec.whatwg.org/#concept-url-origin,
https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin, ``#same-site`` in the same
document, and https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy. ada parses the URLs. Callers pass
a registrable-domain function in, because this package does not contain the Public Suffix List.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import ada_url
from msgspec import Struct

RegistrableDomain: TypeAlias = Callable[[str], str | None]

OPAQUE = "null"
"""The serialization of every opaque origin."""

HTTP_SCHEMES = ("http", "https")
_TUPLE_SCHEMES = ("http", "https", "ws", "wss", "ftp")
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


class URLError(ValueError):
    """The text is not a valid absolute URL, or not a valid URL relative to the given base."""


class URL(Struct, frozen=True):
    """A parsed URL, as the WHATWG parser serializes its parts.

    ``host`` has brackets around an IPv6 address. ``port`` is None for the scheme's default port. ``query`` and
    ``fragment`` include ``?`` and ``#``. ``origin`` is the serialized origin, ``null`` if it is opaque.
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
        """Path and query, as they go on the request line."""
        return self.path + self.query

    @property
    def without_fragment(self) -> str:
        """The URL without its fragment: the form for requests and for the preflight cache."""
        return self.href[: len(self.href) - len(self.fragment)] if self.fragment else self.href.removesuffix("#")

    @property
    def has_credentials(self) -> bool:
        """*Includes credentials*: a non-empty username or password. ``https://@host/`` has neither."""
        return bool(self.username or self.password)

    @property
    def effective_port(self) -> int | None:
        """The port of the connection: explicit or the scheme's default; None for a scheme without one."""
        return self.port if self.port is not None else DEFAULT_PORTS.get(self.scheme)


_PLAIN = re.compile(r"(https?)://([^/?#@\\]+)(/[A-Za-z0-9_~/.:=,;-]*)(\?[A-Za-z0-9_~/.:=,;&+-]*)?")
"""A URL that the parser leaves as it is, if its authority is serialized and no path segment begins with a dot."""


@lru_cache(maxsize=2048)
def parse_url(text: str, base: str | None = None) -> URL:
    """Parse an absolute URL, or one relative to ``base``, with the WHATWG parser. Raises ``URLError``."""
    plain = _PLAIN.fullmatch(text)
    if plain is None or "/." in plain[3]:
        return _parse(text, base)
    # Most URLs of a run differ in path and query alone: the parser is asked for the scheme and the authority once.
    root = _root(f"{plain[1]}://{plain[2]}/")
    if root is None:
        return _parse(text, base)
    return URL(text, root.scheme, "", "", root.host, root.port, plain[3], plain[4] or "", "", root.origin)


@lru_cache(maxsize=2048)
def _root(text: str) -> URL | None:
    """Parse the root of an origin; None if the parser would write it in another way, or refuses it."""
    try:
        url = _parse(text, None)
    except URLError:
        return None
    return url if url.href == text else None


def _parse(text: str, base: str | None) -> URL:
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
    """Serialize the origin of a URL: https://url.spec.whatwg.org/#concept-url-origin."""
    # The parser has already lower-cased the host and removed a default port.
    if scheme in _TUPLE_SCHEMES:
        return f"{scheme}://{url.host}"
    if scheme == "blob":
        # Only the browser has the blob URL store. Without it, the origin is that of the http(s) URL in the path.
        try:
            inner = parse_url(url.pathname)
        except URLError:
            return OPAQUE
        return inner.origin if inner.scheme in HTTP_SCHEMES else OPAQUE
    # The standard leaves file: to the implementation and advises an opaque origin.
    return OPAQUE


def serialize_origin(url: str) -> str:
    """Return the serialized origin of a URL, e.g. ``https://app.example``; ``null`` if opaque. Raises ``URLError``."""
    return parse_url(url).origin


def same_origin(a: str, b: str) -> bool:
    """Whether two serialized origins are the same origin.

    ``null`` is not the same origin as ``null``: an opaque origin equals only itself, and two of them serialize alike.
    The CORS check, in contrast, compares bytes: there ``null`` matches ``null``.
    """
    return a == b and a != OPAQUE


def no_suffixes(host: str) -> str | None:  # noqa: ARG001 - a RegistrableDomain
    """Know no public suffix: hosts are same-site only if they are equal."""
    return None


def same_site(a: str, b: str, registrable_domain: RegistrableDomain) -> bool:
    """Whether two serialized origins are schemefully *same site*.

    Source: https://html.spec.whatwg.org/multipage/browsers.html#same-site. Schemes must be equal, and hosts
    or registrable domains; ports may differ. ``registrable_domain`` maps a host to its registrable domain, or None.
    CORS depends on same *origin*; same site matters for cookies and CORP.
    """
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
    """Return the registrable domain, with a trailing dot if the host has one; None for an IP address.

    Source: https://url.spec.whatwg.org/#host-registrable-domain.
    """
    if is_ip(host):
        return None
    dotted = host.endswith(".")
    found = registrable_domain(host.removesuffix("."))
    return found + "." if found and dotted else found


def is_punycode_valid(url: URL) -> bool:
    """Whether each ``xn--`` label of the host stands for a name that has this very label: the parser does not look.

    Source: https://url.spec.whatwg.org/#concept-domain-to-ascii, which fails for other labels.
    """
    if url.scheme not in HTTP_SCHEMES:
        return True
    try:
        labels = [
            label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else label
            for label in url.host.split(".")
        ]
        return parse_url(f"http://{'.'.join(labels)}/").host == url.host
    except (URLError, UnicodeError):
        return False


def is_ip(host: str) -> bool:
    """Whether a serialized host is an IPv4 address or a bracketed IPv6 address."""
    return host.startswith("[") or (host[-1:].isdigit() and _is_ipv4(host))


@lru_cache(maxsize=256)
def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def is_potentially_trustworthy(url: URL) -> bool:
    """Whether a URL is potentially trustworthy: https, wss, loopback addresses and ``localhost`` names.

    Source: https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy. Mixed content and the Sec-Fetch
    headers depend on it.
    """
    if url.scheme in ("https", "wss"):
        return True
    return is_loopback_host(url.host)


def is_loopback_host(host: str) -> bool:
    """Whether a host is 127.0.0.0/8, ::1, ``localhost`` or a subdomain of ``localhost``. Does not resolve names."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost") or name == "[::1]":
        return True
    return name.startswith("127.") and _is_ipv4(name)
