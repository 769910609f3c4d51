"""What a response says: its headers and body in the forms that rules and evidence need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers, HTTPResponse


def line(headers: Headers, name: str) -> str | None:
    """Return a header as received, ``Name: value``, with repeated fields joined by newlines; None if absent."""
    lower = name.lower()
    return "\n".join(f"{n}: {v}" for n, v in headers if n.lower() == lower) or None


def status_line(response: HTTPResponse) -> str:
    """Return status and reason, e.g. ``405 Method Not Allowed``."""
    return f"{response.status} {response.reason}".strip()


def speaks_cors(headers: Headers) -> str | None:
    """Return a header that only a configured CORS layer sends, as evidence, or None."""
    for name, value in headers:
        lower = name.lower()
        if lower.startswith("access-control-") and lower != "access-control-allow-private-network":
            return f"{name}: {value}"
        if lower == "vary" and any(
            v.strip().lower() == "origin" or v.strip().lower().startswith("access-control-request-")
            for v in value.split(",")
        ):
            return f"{name}: {value}"
    return None


def allows(response: HTTPResponse, origin: str) -> bool:
    """Whether a response allows the origin, by name or by the wildcard."""
    return get(response.headers, ACAO) in (origin, "*")


def body_text(response: HTTPResponse) -> str:
    """Return the stored part of a response body as text."""
    return response.body.decode("utf-8", "replace")
