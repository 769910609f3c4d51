"""Whether a target lives in a private network, by the addresses that its own name has."""

from __future__ import annotations

from ipaddress import ip_address

from corscheck.auditing.origins import is_loopback
from corscheck.protocol.origin import parse_url


def is_private(url: str, addresses: tuple[str, ...] = ()) -> bool | None:
    """None where only the name's addresses can tell.

    The machine itself (``localhost``, a loopback address) is no network that others are kept out of: whoever develops
    there is not warned. A name that leads there, or to a private address, was given to something that is not public.
    """
    host = parse_url(url).host.strip("[]")
    if is_loopback(host):
        return False
    try:
        return not ip_address(host).is_global
    except ValueError:
        pass
    if not addresses:
        return None
    return all(not ip_address(address.partition("%")[0]).is_global for address in addresses)
