"""HAR 1.2: the exchanges of a report, for tools that read browsers' recordings, and for ``corscheck har`` itself.

Secrets are masked as in the report. A report stores when the run started and how long each exchange took, but not when
each was sent. So the exchanges follow each other from the start of the run (from 1970 in a reproducible report). Audits
store no exchanges. Each entry names its probe in ``_corscheck``, so that ``corscheck har`` comes to the same verdict.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from corscheck._version import __version__
from corscheck.model.har_probe import HARProbe
from corscheck.model.json import to_plain
from corscheck.model.printable import printable
from corscheck.report.formats.json import separated
from corscheck.report.text.exchanges import split_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.result import ExchangeRecord, Result
    from corscheck.protocol.request import Headers
    from corscheck.report.saved.saved import Saved

_NONE = -1
"""HAR's value for an unknown size."""


def render(saved: Saved) -> Iterator[str]:
    """Yield the document in pieces, one per entry."""
    creator = {"name": "corscheck", "version": __version__}
    yield f'{{"log": {{"version": "1.2", "creator": {json.dumps(creator)}, "pages": [], "entries": ['
    yield from separated(_entries(saved))
    yield "\n]}}\n"


def _entries(saved: Saved) -> Iterator[dict[str, Any]]:
    at = _started(saved)
    for number, result in enumerate(saved.results(), 1):
        for exchange in result.exchanges:
            if not exchange.held_back:
                yield _entry(exchange, result, number, at)
                at += datetime.timedelta(milliseconds=exchange.elapsed_ms or 0.0)


def _started(saved: Saved) -> datetime.datetime:
    run = saved.head.get("run")
    text = run.get("started") if isinstance(run, dict) else None
    try:
        return datetime.datetime.fromisoformat(str(text)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _entry(exchange: ExchangeRecord, result: Result, number: int, at: datetime.datetime) -> dict[str, Any]:
    request, took = exchange.request, exchange.elapsed_ms or 0.0
    verdict = result.verdict if result.reason is None else f"{result.verdict} ({result.reason.code})"
    url = request.url.partition("#")[0]
    error = {"_error": printable(exchange.error.message)} if exchange.error is not None else {}
    return {
        "startedDateTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": took,
        "request": {
            "method": request.method,
            "url": url,
            "httpVersion": _version(exchange),
            "cookies": [],
            "headers": _headers(request.headers),
            "queryString": [{"name": n, "value": v} for n, v in _query(url)],
            "headersSize": _NONE,
            "bodySize": result.body if exchange.kind == "actual" and result.body is not None else 0,
        },
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": f"probe {number} from {result.origin}, {exchange.kind}, verdict {verdict}",
        "_resourceType": "preflight" if exchange.kind == "preflight" else "fetch",
        HARProbe.field: to_plain(HARProbe.of(result, number)),
        **error,
    }


def _response(exchange: ExchangeRecord) -> dict[str, Any]:
    response = exchange.response
    headers = response.headers if response is not None else ()
    return {
        "status": response.status if response is not None else 0,
        "statusText": response.reason if response is not None else "",
        "httpVersion": _version(exchange) if response is not None else "",
        "cookies": [],
        "headers": _headers(headers),
        "content": {"size": 0, "mimeType": _value(headers, "content-type") or "x-unknown"},
        "redirectURL": _value(headers, "location"),
        "headersSize": _NONE,
        "bodySize": _NONE,
    }


def _version(exchange: ExchangeRecord) -> str:
    return exchange.response.http_version if exchange.response is not None else "HTTP/1.1"


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _value(headers: Headers, name: str) -> str:
    return next((value for n, value in headers if n.lower() == name), "")


def _query(url: str) -> list[tuple[str, str]]:
    query = split_url(url)[1].partition("?")[2]
    try:
        return parse_qsl(query, keep_blank_values=True)
    except ValueError:
        return []
