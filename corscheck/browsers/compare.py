"""Comparison of a prediction with an observation of a real browser.

It covers the verdict, the headers that script can read, the console text, and the requests on the wire (kind, method,
scheme, host and port, Origin and Access-Control-Request-*). Behavior that is random or that a browser does not report
is ignored; each such exception is documented below.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from corscheck.browsers import libsoup
from corscheck.browsers.browsers import get
from corscheck.browsers.routes import address_of
from corscheck.protocol.origin import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.result import Observation, Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Headers

_Row: TypeAlias = tuple[str, str, str, str | None, str | None, str | None]

_WIRE_HEADERS = ("origin", "access-control-request-method", "access-control-request-headers")
_MISDIRECTED = 421
# What is printed about XMLHttpRequest, in the words for fetch() that predictions use.
_XHR_WORDS = (
    (r"Access to XMLHttpRequest at", "Access to fetch at"),
    (r"XMLHttpRequest cannot load", "Fetch API cannot load"),
    (r"insecure XMLHttpRequest endpoint", "insecure resource"),
    (
        r" The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute\.",
        "",
    ),
    (r" Have the server send the header with a valid value\.", ""),  # said about fetch() only
    (r'Refused to set unsafe header ".*"\n?', ""),  # fetch() ignores such a header in silence
)


def engine_of(browser: str) -> EngineName:
    """Return the engine to compare a browser with. Raises ``ConfigError`` for an unknown browser."""
    return get(browser).family


def compare(result: Result, observation: Observation) -> Observation:
    """Return the observation with ``agrees`` and ``differences`` set.

    The result must be driven by the browser's engine (``engine_of``): another engine's requests and readable headers are
    no prediction for this browser. Raises ``ValueError`` otherwise. ``agrees`` is None if there is nothing to compare:
    one side is ``inconclusive``, or WebKitGTK's network layer decides, for which ``differences`` holds the reason.
    """
    engine = engine_of(observation.browser)
    if result.engine != engine:
        raise ValueError(f"a prediction for {engine} is needed, not one for {result.engine}")
    if "inconclusive" in {result.verdict, observation.verdict}:
        return replace(observation, agrees=None, differences=())
    if engine == "webkit" and (reason := libsoup.decides(result.exchanges)) is not None:
        return replace(observation, agrees=None, differences=(f"not compared: {reason}",))
    differences = []
    if result.verdict != observation.verdict:
        differences.append(f"verdict: predicted {result.verdict}, observed {observation.verdict}")
    else:
        if result.complete and result.verdict == "allowed":
            differences += _readable(result.readable_headers, observation.readable_headers)
        if engine in result.console and not (engine == "webkit" and libsoup.rewrites_console(result.exchanges)):
            differences += _console(result, observation.console, engine)
    if result.complete:
        differences += _requests(result, observation, engine)
    return replace(observation, agrees=not differences, differences=tuple(differences))


def _readable(predicted: Sequence[str], observed: Sequence[str]) -> list[str]:
    ours, theirs = {name.lower() for name in predicted}, {name.lower() for name in observed}
    out = []
    if missing := sorted(ours - theirs):
        out.append(f"readable headers: predicted but not observed: {', '.join(missing)}")
    if more := sorted(theirs - ours):
        out.append(f"readable headers: observed but not predicted: {', '.join(more)}")
    return out


def _console(result: Result, observed: str | None, engine: EngineName) -> list[str]:
    predicted = result.console[engine]
    same = _tolerant(_in_common(predicted, result), engine) == _tolerant(_in_common(observed, result), engine)
    return [] if same else [f"console: predicted {predicted!r}, observed {observed!r}"]


def _in_common(text: str | None, result: Result) -> str | None:
    """Return a console text without what the prediction does not tell: XMLHttpRequest's words, the embedding page."""
    if text is None:
        return None
    if result.upload_listener:
        for pattern, words in _XHR_WORDS:
            text = re.sub(pattern, words, text)
    if result.secure_context and result.origin == OPAQUE:
        text = re.sub(
            r"(?<=The page at )('[^']*'|\S+)(?= (was loaded over HTTPS|requested insecure content))", "X", text
        )
    return text or None


def _tolerant(text: str | None, engine: EngineName) -> list[str]:
    lines = (text or "").split("\n")
    if engine == "chromium":
        # If several headers are not allowed, Chromium names one of them, in an unpredictable internal order.
        return [re.sub(r"Request header field \S+ is", "Request header field X is", line) for line in lines]
    if engine == "webkit":
        return lines
    # Firefox gives each opaque origin a new name: moz-nullprincipal:{<uuid>}?<address>.
    lines = [re.sub(r"moz-nullprincipal:\{[^}]*\}\S*", "null/", line) for line in lines]
    # Firefox does not report warnings over WebDriver BiDi. The "request not http" line about a redirect to another
    # scheme names only the redirect target, so recordings of single fetches do not contain it.
    lines = [line for line in lines if not line.startswith("Cross-Origin Request Warning:")]
    return [line for line in lines if line and not line.endswith("(Reason: CORS request not http).")]


def _requests(result: Result, observation: Observation, engine: EngineName) -> list[str]:
    ours: list[_Row] = []
    repeated = False
    for exchange in result.exchanges:
        if exchange.held_back:
            continue
        request = exchange.request
        row = _row(exchange.kind, request.method, request.url, request.headers)
        # Chromium and Firefox do not report that they repeat a request after a 421. WebKit's are recorded on the wire.
        if not (repeated and ours and ours[-1] == row and engine != "webkit"):
            ours.append(row)
        repeated = exchange.response is not None and exchange.response.status == _MISDIRECTED
    theirs = [_row(r.kind, r.method, r.url, r.headers) for r in observation.requests]
    if ours == theirs or (engine == "firefox" and _as_firefox(ours) == _as_firefox(theirs)):
        return []
    return [f"requests: predicted {_listed(ours)}; observed {_listed(theirs)}"]


def _row(kind: str, method: str, url: str, headers: Headers) -> _Row:
    values = {name.lower(): value for name, value in headers}
    place = f"{url.partition(':')[0].lower()}://{address_of(url)}"
    origin, acrm, acrh = (values.get(name) for name in _WIRE_HEADERS)
    return kind, method, place, origin, acrm, acrh


def _as_firefox(rows: list[_Row]) -> list[_Row]:
    """Remove requests that Firefox may repeat unpredictably.

    Firefox repeats idempotent requests if the server closes the connection, so identical neighbors count once. It drops
    a cached preflight if it has resolved the host name since, so further preflights to the same place are ignored.
    """
    once = [row for n, row in enumerate(rows) if n == 0 or row != rows[n - 1]]
    asked: set[str] = set()
    kept = []
    for row in once:
        kind, _, place, *_ = row
        if kind == "preflight" and place in asked:
            continue
        if kind == "preflight":
            asked.add(place)
        kept.append(row)
    return [row for n, row in enumerate(kept) if n == 0 or row != kept[n - 1]]


def _listed(rows: list[_Row]) -> str:
    if not rows:
        return "none"
    names = ("Origin", "Request-Method", "Request-Headers")
    return ", ".join(
        " ".join([f"{method} {place}", *(f"{n}={v!r}" for n, v in zip(names, values, strict=True) if v is not None)])
        for _, method, place, *values in rows
    )
