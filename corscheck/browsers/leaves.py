"""Leaf certificates of https targets that a browser must accept although the system does not trust them.

The browser is never given a CA. ``collect`` fetches each leaf and verifies it against the user's CA and the host name,
and the browser is then told to accept exactly that leaf. This covers the targets of the probes, but not redirect
targets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

from corscheck.browsers.routes import Address, address_of
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.browsers.routes import BrowserProxy, Routes
    from corscheck.transports.base import NetworkOptions


async def collect(urls: Iterable[str], network: NetworkOptions, routes: Routes) -> dict[Address, bytes | str]:
    """Return the leaf certificate (DER) of each https target, or a message that says why it cannot be accepted.

    The result is empty if the system's trust store decides (``verify`` without ``cacert``). Each target takes at most
    ``network.timeout`` seconds. Raises ``ConfigError`` if ``cacert`` cannot be loaded.
    """
    if network.verify and network.cacert is None:
        return {}
    targets = {address_of(url) for url in urls if url.partition(":")[0].lower() == "https"} - {None}
    context = _context(network)
    found = await asyncio.gather(*(_leaf(a, context, routes, network.timeout) for a in targets if a is not None))
    return dict(found)


def _context(network: NetworkOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=network.cacert if network.verify else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"--cacert {network.cacert}: {error}") from error
    if not network.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _leaf(
    target: Address, context: ssl.SSLContext, routes: Routes, seconds: float
) -> tuple[Address, bytes | str]:
    try:
        async with asyncio.timeout(seconds):
            return target, await _handshake(target, context, routes)
    except ssl.SSLCertVerificationError as error:
        return target, f"the certificate of {target} does not verify: {error.verify_message}"
    except TimeoutError:
        return target, f"no TLS handshake with {target} within {seconds:g} s"
    except (OSError, EOFError, ValueError) as error:
        return target, f"no TLS handshake with {target}: {error}"


async def _handshake(target: Address, context: ssl.SSLContext, routes: Routes) -> bytes:
    _, writer = await connect(target, "https", routes)
    try:
        await writer.start_tls(context, server_hostname=target.host)
        certificate: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert certificate is not None
        return certificate
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def connect(target: Address, scheme: str, routes: Routes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a target as the routes say: for https through the proxy's tunnel, for http to the proxy itself.

    Raises ``ValueError`` if the proxy is not an http proxy or refuses, and ``OSError`` if there is no connection.
    """
    proxy = proxy_for(target, scheme, routes)
    if routes.unix_socket is not None:
        return await asyncio.open_unix_connection(routes.unix_socket)
    if proxy is None:
        return await asyncio.open_connection(*routes.address(target))
    if proxy.scheme != "http":
        raise ValueError(f"certificates can be fetched through an http proxy only, not through {proxy}")
    reader, writer = await asyncio.open_connection(*proxy.address)
    if scheme == "https":
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
        head = await reader.readuntil(b"\r\n\r\n")
        if head.split(b" ", 2)[1:2] != [b"200"]:
            writer.transport.abort()
            raise ValueError(f"the proxy says {head.splitlines()[0].decode('latin-1')}")
    return reader, writer


def proxy_for(target: Address, scheme: str, routes: Routes) -> BrowserProxy | None:
    """Return the proxy that requests to a target pass through, if any."""
    return None if routes.unix_socket is not None or _direct(target.host, routes) else routes.proxies.get(scheme)


def _direct(host: str, routes: Routes) -> bool:
    """Whether a host bypasses the proxy: by ``--noproxy``, or as loopback if no proxy was set explicitly."""
    loopback = host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")
    if loopback and not routes.loopback_too:
        return True
    names = [entry.lstrip(".") for entry in routes.direct]
    return any(host == name or host.endswith(f".{name}") for name in names)
