"""Checks on probes before a browser starts: which ones must be refused, and which ones can share a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ada_url
from msgspec import Struct

from corscheck.browsers.routes import DEFAULT_PORTS, Address, address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.browsers.browsers import Family
    from corscheck.model.values import Probe

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Safe methods (RFC 9110, 9.2.1), which a browser may send without ``--send always``."""

FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
"""Methods for which ``fetch()`` throws (Fetch, "forbidden method"), so that nothing is sent."""


class Origin(Struct, frozen=True):
    """An origin for which a page can be served. ``address`` is None for the opaque origin."""

    serialized: str
    scheme: str
    address: Address | None

    @property
    def opaque(self) -> bool:
        """Whether this is the opaque origin, ``null``."""
        return self.address is None


def parse_origin(text: str) -> Origin | str:
    """Parse an origin. Return a message if no page can be served for it."""
    if text == "null":
        return Origin("null", "http", None)
    address = address_of(text)
    if address is None:
        return f"corscheck can serve a page at an http or https origin or at null, not at {text}"
    serialized = ada_url.URL(text).origin
    if serialized != text:
        return f"{text} is not an origin as browsers write it (that would be {serialized})"
    return Origin(text, text.partition(":")[0], address)


def refusal(probe: Probe, family: Family) -> str | None:
    """Return why a browser of this family cannot run a probe, or None. The caller raises it as ``ConfigError``."""
    method = probe.method.upper()
    if probe.send == "never":
        return "a browser cannot hold the actual request back (--send never)"
    if method not in SAFE_METHODS | FORBIDDEN_METHODS and probe.send != "always":
        return (
            f"{probe.method} may change data and a browser cannot hold a request back: "
            f"add --send always to let it go out to {probe.url}"
        )
    if probe.credentials == "include" and (probe.user is not None or probe.cookies is not None):
        return "stored credentials (-u, -b) cannot be planted in a browser: whether it sends them is its own policy"
    try:
        target = ada_url.URL(probe.url)
    except ValueError:
        return f"not an absolute URL: {probe.url}"
    origin = parse_origin(probe.origin)
    if isinstance(origin, str) or origin.opaque or target.protocol not in DEFAULT_PORTS:
        return None
    if target.origin == origin.serialized:
        return (
            f"{probe.url} is at the page's own origin: the test page stands in for that server, "
            "and a same-origin request needs no CORS"
        )
    if family == "chromium" and address_of(probe.url) == origin.address:
        return (
            f"{probe.url} has the host and port of the page's origin {probe.origin}, and Chromium's resolver cannot "
            "tell the two apart: ask Firefox (its proxy rules see the scheme)"
        )
    return None


def groups(probes: Sequence[Probe], family: Family) -> list[list[int]]:
    """Group the probes that can share a browser, and return their indices.

    In one browser no probe may target the address of another probe's page, because the page server would respond.
    Chromium's resolver rules match host and port; the proxies of Firefox and WebKit see the scheme as well.
    """
    out: list[list[int]] = []
    pages: list[dict[object, str]] = []
    aims: list[set[object]] = []
    for index, probe in enumerate(probes):
        origin = parse_origin(probe.origin)
        page = None if isinstance(origin, str) else _place(probe.origin, family)
        aim = _place(probe.url, family)
        for n in range(len(out)):
            same = pages[n].get(page, probe.origin) == probe.origin
            if same and (page is None or page not in aims[n]) and (aim is None or aim not in pages[n]):
                break
        else:
            n = len(out)
            out.append([])
            pages.append({})
            aims.append(set())
        out[n].append(index)
        if page is not None:
            pages[n][page] = probe.origin
        if aim is not None:
            aims[n].add(aim)
    return out


def _place(url: str, family: Family) -> object:
    address = address_of(url)
    if address is None or family == "chromium":
        return address
    return url.partition(":")[0].lower(), address


def origins(probes: Iterable[Probe]) -> list[Origin]:
    """Return the distinct origins of the probes for which a page can be served."""
    found = {p.origin: parse_origin(p.origin) for p in probes}
    return [origin for origin in found.values() if isinstance(origin, Origin)]
