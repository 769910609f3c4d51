"""Checks on probes before a browser starts: which ones must be refused, and which ones can share a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ada_url
from msgspec import Struct
from msgspec.structs import replace

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
    """An origin for which a page can be served. ``address`` is None for the opaque origin.

    ``scheme`` is that of the page's address, which the serialization of the opaque origin does not tell.
    """

    serialized: str
    scheme: str
    address: Address | None

    @property
    def opaque(self) -> bool:
        """Whether this is the opaque origin, ``null``."""
        return self.address is None


_OPAQUE = Origin("null", "http", None)


def parse_origin(text: str) -> Origin | str:
    """Parse an origin. Return a message if no page can be served for it."""
    if text == "null":
        return _OPAQUE
    address = address_of(text)
    if address is None:
        return f"corscheck can serve a page at an http or https origin or at null, not at {text}"
    serialized = ada_url.URL(text).origin
    if serialized != text:
        return f"{text} is not an origin as browsers write it (that would be {serialized})"
    return Origin(text, text.partition(":")[0], address)


def page_origin(probe: Probe) -> Origin | str:
    """Return the origin of a probe's page, or a message if no page can be served for it."""
    origin = parse_origin(probe.origin)
    return replace(origin, scheme="https") if probe.secure_context and origin == _OPAQUE else origin


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
    if probe.origin == _OPAQUE.serialized and probe.coep != "unsafe-none" and not probe.secure_context:
        return (
            f"browsers ignore --coep {probe.coep} on an insecure page, and the test page of origin null would be secure, "
            "as it is on loopback: add --secure-context"
        )
    try:
        target = ada_url.URL(probe.url)
    except ValueError:
        return f"not an absolute URL: {probe.url}"
    if probe.upload_listener and (reason := _beyond_xhr(probe, target)) is not None:
        return f"an upload listener (--upload-listener) needs XMLHttpRequest, {reason}"
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


def _beyond_xhr(probe: Probe, target: ada_url.URL) -> str | None:
    """Return what of a probe XMLHttpRequest cannot do, or does where fetch() throws; None if nothing."""
    for name, value, fixed in (
        ("mode", probe.mode, "cors"),
        ("redirect mode", probe.redirect, "follow"),
        ("cache mode", probe.cache, "default"),
    ):
        if value != fixed:
            return f"whose {name} is always {fixed}, not {value}"
    if probe.credentials == "omit":
        return "whose credentials mode is same-origin or include, not omit"
    if probe.body is not None and probe.method.upper() in {"GET", "HEAD"}:
        return f"which drops the body of a {probe.method}, where fetch() throws"
    if target.username or target.password:
        return "which accepts a URL with a user name or password, where fetch() throws"
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
    found = dict.fromkeys(page_origin(p) for p in probes)
    return [origin for origin in found if isinstance(origin, Origin)]
