"""The route of a request, from ``--connect-to``, ``--resolve``, ``--via``, ``--unix-socket`` and the proxy.

Nothing here opens a connection. The only input besides the options is the proxy variables of the environment.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Literal, TypeAlias

import ada_url
from msgspec import Struct

from corscheck.model.values import ConfigError
from corscheck.transports.proxies import Proxy, ProxyChooser

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions

Mode: TypeAlias = Literal["direct", "forward", "tunnel"]

_PORTS = {"http": 80, "https": 443}
_BASE = re.compile(r"([a-z]+://[^/?#]*)([^#]*)")
_HOST = r"(\[[^\[\]]*\]|[^:\[\]]*)"
_CONNECT_TO = re.compile(rf"{_HOST}:([0-9]{{0,9}}):{_HOST}:([0-9]{{0,9}})")
_RESOLVE = re.compile(rf"{_HOST}:([0-9]{{1,9}}):(.+)")


class Endpoint(Struct, frozen=True):
    """A host (an IPv6 address without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Struct, frozen=True):
    """The parts of a URL that a request needs. ``authority`` is the Host header; ``path`` is sent unchanged."""

    scheme: str
    endpoint: Endpoint
    authority: str
    path: str


class Route(Struct, frozen=True):
    """The route to one origin.

    ``origin`` is the server for TLS and HTTP (certificate, SNI). ``dial`` is where TCP connects to. ``addresses`` come
    from ``--resolve``; if set, no name is resolved. ``mode`` says how a proxy is used: ``forward`` (absolute-form) or
    ``tunnel`` (CONNECT to ``beyond``).
    """

    scheme: str
    origin: Endpoint
    dial: Endpoint
    beyond: Endpoint
    addresses: tuple[str, ...] = ()
    proxy: Proxy | None = None
    mode: Mode = "direct"
    unix_socket: str | None = None

    @property
    def dialled(self) -> str:
        """The name of the host that TCP connects to, for the beginning of a sentence."""
        if self.unix_socket is not None:
            return f"The socket {self.unix_socket}"
        if self.proxy is not None:
            return f"The proxy {self.dial}"
        if self.dial != self.origin:
            return f"{self.dial} (in place of {self.origin})"
        return str(self.dial)

    @property
    def peer(self) -> str:
        """The name of the host that responds, for the beginning of a sentence."""
        return str(self.origin) if self.mode == "tunnel" else self.dialled


def cut(url: str) -> tuple[str, str]:
    """Split a serialized http(s) URL into its origin part and its path with query. The fragment is dropped."""
    found = _BASE.match(url)
    assert found is not None
    path = found[2]
    return found[1], path if path.startswith("/") else "/" + path


def split(url: str) -> Target:
    """Split a serialized http(s) URL without re-encoding. The fragment and the user information are dropped."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    cut = next((i for i, c in enumerate(rest) if c in "/?"), len(rest))
    authority, path = rest[:cut].rpartition("@")[2], rest[cut:]
    host, _, port = authority.rpartition(":")
    if not host or port.endswith("]"):
        host, port = authority, ""
    endpoint = Endpoint(host.strip("[]"), int(port) if port else _PORTS[scheme])
    return Target(scheme, endpoint, authority, path if path.startswith("/") else "/" + path)


_MOST = 4096
"""How many routes are cached."""


class Router:
    """Finds the route to a URL. Raises ``ConfigError`` for invalid options."""

    def __init__(self, options: NetworkOptions) -> None:
        self._connect_to = [_parse_connect_to(text) for text in options.connect_to]
        self._resolve = dict(reversed([_parse_resolve(text) for text in options.resolve]))
        self._unix_socket = options.unix_socket
        self._proxies = ProxyChooser(options.proxy, options.noproxy)
        self._routes: dict[tuple[str, Endpoint, bool], Route] = {}

    def route(self, target: Target, send_to: str | None) -> Route:
        """Return the route to ``target``, or to ``send_to`` instead if it is given."""
        scheme, origin = (target.scheme, target.endpoint) if send_to is None else _parse_via(send_to)
        key = (scheme, origin, send_to is not None)
        if key not in self._routes:
            if len(self._routes) >= _MOST:
                self._routes.clear()  # a run may see a million hosts
            self._routes[key] = self._find(*key)
        return self._routes[key]

    def _find(self, scheme: str, origin: Endpoint, via: bool) -> Route:
        if self._unix_socket is not None:
            return Route(scheme, origin, origin, origin, unix_socket=self._unix_socket)
        dial = self._replacement(origin)
        proxy = self._proxies.choose(scheme, origin.host)
        if proxy is None:
            return Route(scheme, origin, dial, dial, self._addresses(dial))
        # A forwarding proxy connects to the URL's host and rewrites Host, so other destinations need a tunnel.
        mode: Mode = "forward" if scheme == "http" and dial == origin and not via else "tunnel"
        at = Endpoint(proxy.host, proxy.port)
        return Route(scheme, origin, at, dial, self._addresses(at), proxy, mode)

    def _replacement(self, origin: Endpoint) -> Endpoint:
        for host, port, new_host, new_port in self._connect_to:
            if host in ("", origin.host) and port in (None, origin.port):
                return Endpoint(new_host or origin.host, origin.port if new_port is None else new_port)
        return origin

    def _addresses(self, dial: Endpoint) -> tuple[str, ...]:
        return self._resolve.get(dial) or self._resolve.get(Endpoint("*", dial.port)) or ()


def _parse_connect_to(text: str) -> tuple[str, int | None, str, int | None]:
    match = _CONNECT_TO.fullmatch(text)
    if match is None:
        raise ConfigError(
            f'connect-to "{text}" should be HOST1:PORT1:HOST2:PORT2 (empty: any, or the same; IPv6 in brackets).',
            option="connect_to",
            value=text,
            reason="expected HOST1:PORT1:HOST2:PORT2",
            hint="An empty part means any (or the same); write IPv6 addresses in brackets.",
        )
    host, port, new_host, new_port = match.groups()
    name = "connect_to"
    return _host(host, text, name), _port(port, text, name), _host(new_host, text, name), _port(new_port, text, name)


def _parse_resolve(text: str) -> tuple[Endpoint, tuple[str, ...]]:
    match = _RESOLVE.fullmatch(text.removeprefix("+"))
    if match is None:
        raise ConfigError(
            f'resolve "{text}" should be HOST:PORT:ADDRESS[,ADDRESS] (HOST may be *).',
            option="resolve",
            value=text,
            reason="expected HOST:PORT:ADDRESS[,ADDRESS]",
            hint="HOST may be *.",
        )
    host, port, listed = match.groups()
    addresses = tuple(address.strip().strip("[]") for address in listed.split(","))
    for address in addresses:
        if not _is_address(address):
            raise ConfigError(
                f'resolve "{text}": "{address}" is not an IP address (HOST:PORT:ADDRESS[,ADDRESS]).',
                option="resolve",
                value=text,
                reason=f"{address!r} is not an IP address",
                hint="Write HOST:PORT:ADDRESS[,ADDRESS].",
            )
    return Endpoint("*" if host == "*" else _host(host, text, "resolve"), _port(port, text, "resolve") or 0), addresses


def _parse_via(text: str) -> tuple[str, Endpoint]:
    try:
        url = ada_url.URL(text)
    except ValueError:
        url = None
    if url is None or url.protocol not in ("http:", "https:") or url.pathname != "/" or url.search:
        raise ConfigError(
            f'via "{text}" should be a scheme, a host and a port: http://HOST:PORT.',
            option="via",
            value=text,
            reason="expected a scheme, a host and a port",
        )
    target = split(url.href)
    return target.scheme, target.endpoint


def _host(text: str, whole: str, option: str) -> str:
    """Return a host name in the form that it has in a serialized URL."""
    if not text:
        return ""
    try:
        return ada_url.URL(f"http://{text}").hostname.strip("[]")
    except ValueError:
        raise ConfigError(
            f'"{text}" in "{whole}" is not a host name.',
            option=option,
            value=whole,
            reason=f"{text!r} is not a host name",
        ) from None


def _port(text: str, whole: str, option: str) -> int | None:
    if text and int(text) > 65535:
        raise ConfigError(
            f'"{text}" in "{whole}" is not a port: at most 65535.',
            option=option,
            value=whole,
            reason=f"{text} is not a port, which is at most 65535",
        )
    return int(text) if text else None


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False
