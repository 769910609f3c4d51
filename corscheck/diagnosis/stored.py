"""The copy in the browser's own cache: an image or a navigation may have stored the response without its CORS headers.

A browser that then asks with an Origin uses the stored copy, and blocks it: the request fails in the browser although the
server answers well. One experiment tells whether the server can answer so: the same request without an Origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remarks import Remark
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Headers

_LOADED_BY_ELEMENTS = (
    "image/", "font/", "audio/", "video/", "text/html", "text/css", "application/pdf", "application/wasm",
    "application/vnd.", "application/x-font", "application/font", "application/octet-stream",
)  # fmt: skip
"""Types that elements and navigations load without an Origin, and that a page may also fetch."""


def remark(probe: Probe, outcome: Outcome) -> Generator[Probe, Outcome | None, list[Remark]]:
    """Return a remark if a response that browsers may keep lacks the CORS headers where there is no Origin."""
    if outcome.verdict != "allowed" or len(outcome.exchanges) != 1 or probe.method != "GET":
        return []
    answer = outcome.exchanges[0].answer
    if not isinstance(answer, HTTPResponse) or get(answer.headers, ACAO) is None or not _may_be_stored(answer.headers):
        return []
    from corscheck.diagnosis.experiments import Experiments

    control = yield from Experiments(probe, outcome.exchanges[0].request.url, in_preflight=False).without_origin()
    if control is None or control.status != answer.status or get(control.response.headers, ACAO) is not None:
        return []
    if not _may_be_stored(control.response.headers):
        return []
    message = (
        "Without an Origin, the response has no CORS headers and no Vary: Origin. If an <img> or a navigation has "
        "loaded this URL before, the browser may use that cached copy and block the page."
    )
    return [Remark("CORS712", message, str(control))]


def _may_be_stored(headers: Headers) -> bool:
    """Whether a browser may keep the response and use it whatever the Origin is: heuristic freshness counts.

    Source: RFC 9111, sections 3 and 4.2.2.
    """
    vary = {name.strip().lower() for name in (get(headers, "Vary") or "").split(",")}
    if vary & {"origin", "*"}:
        return False
    directives = {d.strip().partition("=")[0].lower() for d in (get(headers, "Cache-Control") or "").split(",")}
    if "no-store" in directives:
        return False
    kind = (get(headers, "Content-Type") or "").strip().lower()
    if not kind.startswith(_LOADED_BY_ELEMENTS):
        return False
    told = directives & {"max-age", "public", "private", "immutable"} or get(headers, "Expires") is not None
    return bool(told) or get(headers, "Last-Modified") is not None or get(headers, "ETag") is not None
