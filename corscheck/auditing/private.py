"""Detection of targets on this machine or in a private network, from their host and its IP addresses."""

from __future__ import annotations

from ipaddress import ip_address

from corscheck.protocol.origin import is_ip, is_loopback_host, parse_url


def is_private(url: str, addresses: tuple[str, ...] = ()) -> bool | None:
    """Whether the target is on this machine or in a private network; None if the host is a name without ``addresses``.

    Nobody outside can reach it, but the browser of somebody inside can, for any page that is open in it. A name counts if
    all its addresses are loopback or private.
    """
    host = parse_url(url).host
    if is_loopback_host(host):
        return True
    if is_ip(host):
        return not ip_address(host.strip("[]")).is_global
    if not addresses:
        return None
    return all(not ip_address(address.partition("%")[0]).is_global for address in addresses)
