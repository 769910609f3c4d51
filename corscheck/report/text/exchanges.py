"""The exchanges of a result in the style of ``curl -v``: ``>`` for requests, ``<`` for responses, ``*`` for events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.printable import printable
from corscheck.model.words import engine

if TYPE_CHECKING:
    from corscheck.model.result import ExchangeRecord, Result
    from corscheck.protocol.request import Headers

_BODY = 300
"""The number of characters that are shown of a response body."""


def exchanges(result: Result) -> list[str]:
    """Return the lines of all exchanges, with full header names, in the order on the wire."""
    lines: list[str] = []
    for exchange in result.exchanges:
        if lines:
            lines.append("")
        lines += exchange_lines(exchange, result.not_sent)
    for name, more in result.sent_for.items():
        for exchange in more:
            lines += ["", f"* for {engine(name)} alone:", *exchange_lines(exchange, result.not_sent)]
    return lines


def exchange_lines(exchange: ExchangeRecord, not_sent: str | None = None) -> list[str]:
    """Return the lines of one exchange. ``not_sent`` says why a request was held back."""
    request = exchange.request
    lines = [f"* {printable(exchange.kind)}, {printable(request.url)}"]
    lines += request_lines(request.method, request.url, request.headers)
    if exchange.held_back:
        lines.append(f"* not sent: {not_sent or 'it may change data'}")
    if exchange.error is not None:
        lines.append(f"* {printable(exchange.error.message)}")
    if exchange.response is not None:
        response = exchange.response
        lines.append(f"< {printable(response.http_version)} {response.status} {printable(response.reason)}".rstrip())
        lines += [f"< {printable(name)}: {printable(value)}" for name, value in response.headers]
        if response.body:
            text = response.body if len(response.body) <= _BODY else response.body[:_BODY] + " ..."
            # Body lines have their own mark, so that they cannot be mistaken for lines of corscheck.
            lines += ["<", *(f"| {printable(line.rstrip(chr(13)))}".rstrip() for line in text.split("\n"))]
    return lines


def request_lines(method: str, url: str, headers: Headers) -> list[str]:
    """Return the request line and headers as they are sent. Host comes first, even if the record has it only in the URL."""
    authority, target = split_url(url)
    lines = [f"> {printable(method)} {printable(target)} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"> Host: {printable(authority)}")
    lines += [f"> {printable(name)}: {printable(value)}".rstrip() for name, value in headers]
    return lines


def split_url(url: str) -> tuple[str, str]:
    """Split a serialized http(s) URL into the host with port, and the path with query."""
    rest = url.partition("://")[2].partition("#")[0]
    cuts = [i for i in (rest.find("/"), rest.find("?")) if i >= 0]
    at = min(cuts, default=len(rest))
    target = rest[at:] or "/"
    return rest[:at], target if target.startswith("/") else "/" + target
