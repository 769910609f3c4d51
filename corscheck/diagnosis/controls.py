"""Control probes: an additional request that tells two causes apart.

Controls use safe methods and have no body. If the request might change data, only its preflight is sent
(``send="never"``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.protocol.origin import parse_url
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from corscheck.model.values import Probe

SAFE = ("GET", "HEAD")
_JSON = ("Content-Type", "application/json")


def preflight_alone(probe: Probe, url: str) -> Probe:
    """Build a preflight to the same URL from the same page, for GET with JSON, which nearly every CORS setup allows."""
    return _bare(probe, url=url, method="GET", headers=(_JSON,), send="never")


def without_origin(probe: Probe, url: str) -> Probe:
    """Build a same-origin GET with the same headers, which has no Origin header."""
    return _bare(probe, url=url, origin=parse_url(url).origin, method="GET", redirect="manual")


def simple(probe: Probe, url: str) -> Probe:
    """Build a GET from the same page that needs no preflight."""
    return _bare(probe, url=url, method="GET", headers=(), redirect="manual")


def at(probe: Probe, url: str, *, in_preflight: bool) -> Probe | None:
    """Build the same request for another URL: only its preflight if the preflight failed; None if it is not safe."""
    if in_preflight:
        return _bare(probe, url=url, send="never")
    if probe.method.upper() in SAFE and is_safelisted_method(probe.method):
        return _bare(probe, url=url)
    return None


def from_origin(probe: Probe, origin: str, *, in_preflight: bool) -> Probe | None:
    """Build the same request from another origin."""
    changed = replace(probe, origin=origin)
    return at(changed, probe.url, in_preflight=in_preflight)


def past_caches(probe: Probe, url: str) -> Probe:
    """Build the same GET with a random query parameter, so that no cache can answer it."""
    import secrets  # imported here because it takes 4 ms and few probes need it

    parsed = parse_url(url)
    mark = f"corscheck={secrets.token_hex(4)}"
    return _bare(probe, url=parsed.without_fragment + ("&" if parsed.query else "?") + mark, method="GET")


def _bare(probe: Probe, **changes: object) -> Probe:
    """Copy a probe without its body and with the default send policy."""
    base = replace(probe, body=None, body_asked=False, send="auto", check=None, expected="allowed")
    return replace(base, **changes)
