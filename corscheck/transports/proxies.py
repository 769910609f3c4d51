"""Chooses the proxy of a request: the one from the options, from the environment, or none.

The environment variables are curl's: ``http_proxy`` (lower case only, because CGI servers set HTTP_PROXY from a request
header), ``https_proxy``, ``all_proxy`` and ``no_proxy`` in either case. They never apply to loopback.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from urllib.parse import unquote_to_bytes

import ada_url
from msgspec import Struct

from corscheck.model.masking import mask_login
from corscheck.model.values import ConfigError


class Proxy(Struct, frozen=True):
    """An HTTP proxy. ``tls`` means that it is itself reached over TLS. ``authorization`` is a Proxy-Authorization value."""

    host: str
    port: int
    tls: bool = False
    authorization: str | None = None

    def __repr__(self) -> str:
        return f"Proxy(host={self.host!r}, port={self.port!r}, tls={self.tls!r})"  # never the password


class ProxyChooser:
    """Chooses by scheme and host. A proxy from the options applies to all hosts except those in ``noproxy``."""

    def __init__(self, proxy: str | None, noproxy: str | None) -> None:
        self._explicit = None if proxy is None else parse_proxy(proxy, "proxy")
        self._from_environment = proxy is None
        self._noproxy = noproxy

    def choose(self, scheme: str, host: str) -> Proxy | None:
        """Return the proxy for a URL with this scheme and host (an IPv6 address without brackets), or None."""
        if not self._from_environment:
            return None if exempt(host, self._noproxy or "") else self._explicit
        # Read the variables only now: an unsupported proxy must not affect requests to loopback.
        own = ("http_proxy",) if scheme == "http" else ("https_proxy", "HTTPS_PROXY")
        name, value = _environment(*own, "all_proxy", "ALL_PROXY")
        if not value:
            return None
        noproxy = self._noproxy if self._noproxy is not None else _environment("no_proxy", "NO_PROXY")[1]
        return None if is_loopback(host) or exempt(host, noproxy) else parse_proxy(value, name)


def parse_proxy(text: str, source: str) -> Proxy | None:
    """Parse a proxy URL (the default scheme is http). An empty text means no proxy. ``source`` is its name in errors."""
    if not text:
        return None
    url: ada_url.URL | None
    try:
        url = ada_url.URL(text if "://" in text else f"http://{text}")
    except ValueError:
        url = None
    if url is not None and "@" in url.pathname:
        # The password holds a "/": what follows it would be taken for a path, and the rest for the host.
        url = None
    if url is None or url.protocol not in ("http:", "https:"):
        hint = (
            'Write http://HOST:PORT, with user, password and an @ before the host if need be ("/" as %2F, "@" as %40). '
            "SOCKS is not supported."
        )
        raise ConfigError(
            f'{source} "{mask_login(text)}" is not an http or https proxy. {hint}',
            option="proxy",
            value=text,
            reason="expected an http or https URL with host and port"
            + ("" if source == "proxy" else f" in the environment variable {source}"),
            hint=hint,
        )
    authorization = None
    if url.username or url.password:
        pair = unquote_to_bytes(url.username) + b":" + unquote_to_bytes(url.password)
        authorization = "Basic " + base64.b64encode(pair).decode()
    tls = url.protocol == "https:"
    return Proxy(url.hostname.strip("[]"), int(url.port or (443 if tls else 80)), tls, authorization)


def is_loopback(host: str) -> bool:
    """Whether a serialized host is this machine: ``localhost``, a name below it, 127.0.0.0/8 or ::1."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address is not None and address.is_loopback


def exempt(host: str, noproxy: str) -> bool:
    """Whether curl's ``noproxy`` list contains this host: ``*``, names with their subdomains, addresses, networks."""
    name = host.removesuffix(".").lower()
    address = _address(host)
    for entry in re.split(r"[\s,]+", noproxy.lower()):
        if entry == "*":
            return True
        suffix = entry.strip("[]").strip(".")
        if not suffix:
            continue
        if address is not None:
            try:
                if address in ipaddress.ip_network(suffix, strict=False):
                    return True
            except ValueError:
                continue
        elif name == suffix or name.endswith("." + suffix):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _environment(*names: str) -> tuple[str, str]:
    """Return the name and value of the first of these variables that is not empty."""
    return next(((name, os.environ[name]) for name in names if os.environ.get(name)), (names[0], ""))
