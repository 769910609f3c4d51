"""Control probes: the one more question that tells two causes apart. Safe methods only, and never a body.

A control whose request might change data asks its preflight alone (``send="never"``).
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
    """An OPTIONS to the same URL, from the same page, for what nearly every CORS layer allows."""
    return _bare(probe, url=url, method="GET", headers=(_JSON,), send="never")


def without_origin(probe: Probe, url: str) -> Probe:
    """A GET with the same headers and no Origin: what the URL's own page would send."""
    return _bare(probe, url=url, origin=parse_url(url).origin, method="GET", redirect="manual")


def simple(probe: Probe, url: str) -> Probe:
    """A GET from the same page that needs no preflight."""
    return _bare(probe, url=url, method="GET", headers=(), redirect="manual")


def at(probe: Probe, url: str, *, in_preflight: bool) -> Probe | None:
    """The same request at another URL: its preflight where that failed, else itself if it is safe."""
    if in_preflight:
        return _bare(probe, url=url, send="never")
    if probe.method.upper() in SAFE and is_safelisted_method(probe.method):
        return _bare(probe, url=url)
    return None


def from_origin(probe: Probe, origin: str, *, in_preflight: bool) -> Probe | None:
    """The same request from another origin."""
    changed = replace(probe, origin=origin)
    return at(changed, probe.url, in_preflight=in_preflight)


def past_caches(probe: Probe, url: str) -> Probe:
    """The same GET with a query that no cache has seen."""
    import secrets  # 4 ms that hardly any probe needs

    parsed = parse_url(url)
    mark = f"corscheck={secrets.token_hex(4)}"
    return _bare(probe, url=parsed.without_fragment + ("&" if parsed.query else "?") + mark, method="GET")


def _bare(probe: Probe, **changes: object) -> Probe:
    """The probe without its body; sent as cautiously as by default."""
    base = replace(probe, body=None, body_asked=False, send="auto", check=None, expected="allowed")
    return replace(base, **changes)
