"""Translation of curl's network options to a browser's settings.

From ``NetworkOptions`` and the probes, ``plan`` builds Chromium's resolver rules, a proxy per scheme, and a mapping
from host and port to the address to connect to. An option that a browser does not support raises ``ConfigError`` before
anything starts. Nothing here uses the network.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import getproxies_environment

import ada_url
from msgspec import Struct, field

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model.values import Probe
    from corscheck.transports.base import NetworkOptions

DEFAULT_PORTS = {"http:": 80, "https:": 443}


class Address(NamedTuple):
    """A host (an IPv6 address without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


class BrowserRoute(Struct, frozen=True):
    """A rule: connections to ``host`` and ``port`` (None: any) go to ``to_host`` and ``to_port`` (None: unchanged)."""

    host: str | None
    port: int | None
    to_host: str | None
    to_port: int | None

    def leads(self, asked: Address) -> Address | None:
        """Return where this route sends a connection, or None if it does not match."""
        if self.host not in {None, asked.host} or self.port not in {None, asked.port}:
            return None
        return Address(self.to_host or asked.host, self.to_port or asked.port)


class BrowserProxy(Struct, frozen=True):
    """A proxy: its scheme (``http``, ``https``, ``socks4``, ``socks5``) and address."""

    scheme: str
    address: Address

    def __str__(self) -> str:
        return f"{self.scheme}://{self.address}"


class Routes(Struct, frozen=True):
    """All routes and proxies of one browser.

    ``proxies`` is keyed by URL scheme (``http``, ``https``). ``direct`` holds the host patterns of ``--noproxy``, which
    bypass the proxy; ``plan`` has already handled ``*``. ``loopback_too`` means that the proxy was set with
    ``--proxy``, and so is used for loopback hosts as well.
    """

    routes: tuple[BrowserRoute, ...] = ()
    unix_socket: str | None = None
    proxies: dict[str, BrowserProxy] = field(default_factory=dict)
    direct: tuple[str, ...] = ()
    loopback_too: bool = False

    def address(self, asked: Address) -> Address:
        """Return the address to connect to for a host and port. The first matching route wins."""
        for route in self.routes:
            if (there := route.leads(asked)) is not None:
                return there
        return asked

    def chromium_rules(self) -> list[str]:
        """Return the routes as rules for ``--host-resolver-rules``, where the first match wins as well."""
        rules = []
        for route in self.routes:
            host = "*" if route.host is None else bracketed(route.host)
            if route.port is not None:
                pattern = f"{host}:{route.port}"
            else:
                # Without a port Chromium compares the host without the brackets of an IPv6 address.
                pattern = route.host or "*"
            to_host = route.to_host or route.host
            assert to_host is not None  # _connect_to() and _resolve() ensure it
            to_port = "" if route.to_port is None else f":{route.to_port}"
            rules.append(f"MAP {pattern} {bracketed(to_host)}{to_port}")
        return rules


def bracketed(host: str) -> str:
    """Return a host as written in a URL, with brackets around an IPv6 address."""
    return f"[{host}]" if ":" in host else host


def address_of(url: str) -> Address | None:
    """Return host and port of an http(s) URL; None for any other or invalid URL."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return None
    if parsed.protocol not in DEFAULT_PORTS:
        return None
    return Address(parsed.hostname.strip("[]"), int(parsed.port) if parsed.port else DEFAULT_PORTS[parsed.protocol])


def plan(probes: Iterable[Probe], network: NetworkOptions) -> Routes:
    """Build the routes of a run. Raises ``ConfigError`` for options that browsers do not support."""
    _refuse(network)
    targets = {p.url: p for p in probes}
    routes = [_via(p) for p in targets.values() if p.via]
    routes += [_connect_to(text) for text in network.connect_to]
    routes += [_resolve(text) for text in network.resolve]
    proxies, named = _proxies(network)
    if proxies and named and (routes or network.unix_socket):
        raise ConfigError("a browser behind a proxy leaves connecting to the proxy: drop --proxy, or the other route")
    if routes or network.unix_socket:
        proxies = {}
    text = network.noproxy
    if text is None:
        text = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    direct = tuple(entry for entry in text.replace(",", " ").split() if entry)
    if "*" in direct:
        proxies = {}
    return Routes(tuple(dict.fromkeys(routes)), network.unix_socket, proxies, direct, loopback_too=named)


def _refuse(network: NetworkOptions) -> None:
    if network.cert is not None or network.key is not None:
        raise ConfigError("a client certificate (--cert, --key) cannot be used with --in-browser")
    if network.ip_version is not None:
        raise ConfigError("a browser chooses between IPv4 and IPv6 itself: use --resolve HOST:PORT:ADDRESS")


def _proxies(network: NetworkOptions) -> tuple[dict[str, BrowserProxy], bool]:
    """Return the proxy of each scheme, and whether it was set with ``--proxy``."""
    if network.proxy is not None:
        if not network.proxy:
            return {}, False
        proxy = _proxy(network.proxy)
        return {"http": proxy, "https": proxy}, True
    # The proxy variables are read here and passed to the browser as settings. The browser must not read them itself,
    # because it would send the requests for the page to the proxy too.
    environment = getproxies_environment()
    found = {s: environment.get(s) or environment.get("all") for s in ("http", "https")}
    return {scheme: _proxy(url) for scheme, url in found.items() if url}, False


def _proxy(text: str) -> BrowserProxy:
    url = text if "://" in text else f"http://{text}"
    scheme, _, rest = url.partition("://")
    scheme = {"socks5h": "socks5", "socks": "socks5", "socks4a": "socks4"}.get(scheme.lower(), scheme.lower())
    if scheme not in {"http", "https", "socks4", "socks5"}:
        raise ConfigError(f"a browser knows no proxy of the kind {scheme}: http, https, socks4 and socks5 work")
    try:
        parsed = ada_url.URL(f"http://{rest}")
    except ValueError:
        raise ConfigError(f"not a proxy: {scheme}://{rest.rpartition('@')[2]}") from None
    if parsed.username or parsed.password:
        raise ConfigError("a browser cannot be given a proxy's user name and password")
    # Use curl's default ports, 1080 and 443 for https, instead of the browser's. The URL parser drops an explicit :80.
    authority = rest.partition("/")[0].rpartition("@")[2]
    port = int(parsed.port) if parsed.port else 80 if authority.endswith(":80") else 1080
    if not parsed.port and scheme == "https" and not authority.endswith(":80"):
        port = 443
    return BrowserProxy(scheme, Address(parsed.hostname.strip("[]"), port))


def _split(text: str, parts: int, option: str) -> list[str]:
    """Split at colons outside of brackets."""
    out, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == ":" and not depth and len(out) < parts:
            out.append("")
        else:
            out[-1] += char
    if len(out) != parts:
        raise ConfigError(f"{option} {text!r}: {parts} parts, separated by colons, were expected")
    return out


def _port(text: str, whole: str, option: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigError(f"{option} {whole!r}: {text!r} is not a port")
    return int(text)


def _connect_to(text: str) -> BrowserRoute:
    host, port, to_host, to_port = _split(text, 4, "--connect-to")
    route = BrowserRoute(
        _host(host),
        _port(port, text, "--connect-to"),
        _host(to_host),
        _port(to_port, text, "--connect-to"),
    )
    if route.to_host is None and route.host is None:
        raise ConfigError(f"--connect-to {text!r}: a browser needs the host named, on one side at least")
    return route


def _resolve(text: str) -> BrowserRoute:
    host, port, addresses = _split(text.lstrip("+"), 3, "--resolve")
    # curl tries several addresses in order, but a browser rule can hold only one.
    first = addresses.split(",")[0]
    if host.startswith("-") or not first:
        raise ConfigError(f"--resolve {text!r}: HOST:PORT:ADDRESS was expected")
    return BrowserRoute(None if host == "*" else _host(host), _port(port, text, "--resolve"), _host(first), None)


def _host(text: str) -> str | None:
    return text.strip("[]").lower() or None


def _via(probe: Probe) -> BrowserRoute:
    assert probe.via is not None
    target, base = address_of(probe.url), address_of(probe.via)
    if target is None or base is None:
        raise ConfigError(f"--via {probe.via}: an http or https URL was expected")
    if probe.url.partition(":")[0].lower() != probe.via.partition(":")[0].lower():
        raise ConfigError(f"--via {probe.via}: a browser cannot be sent to another scheme than the URL's ({probe.url})")
    return BrowserRoute(target.host, target.port, base.host, base.port)
