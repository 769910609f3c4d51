"""WebKit's console texts, from its source (CrossOriginAccessControl.cpp and others). Not verified with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Failure, Outcome

_BODIES = {
    "CORS301": "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
    "CORS302": "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
    "CORS303": "Access-Control-Allow-Origin cannot contain more than one origin.",
    "CORS304": "Access-Control-Allow-Origin cannot contain more than one origin.",
    "CORS305": "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
    "CORS306": "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
    "CORS307": 'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
    "CORS308": "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header.",
    "CORS401": "Preflight response is not successful. Status code: {status}",
    "CORS402": "Preflight response is not successful. Status code: {status}",
    "CORS403": "Header Access-Control-Allow-Methods has an invalid value: {value}",
    "CORS404": "Header Access-Control-Allow-Headers has an invalid value: {value}",
    "CORS405": "Method {value} is not allowed by Access-Control-Allow-Methods.",
    "CORS407": "Request header field {value} is not allowed by Access-Control-Allow-Headers.",
    "CORS503": "Load cannot follow more than 20 redirections",
}


def text(outcome: Outcome) -> str | None:
    """Return the reason and the line that WebKit prints after it, or None."""
    failure = outcome.failure
    if failure is None or outcome.verdict != "blocked":
        return None
    body = _body(failure, outcome.request.origin)
    if body is None:
        return None
    return f"{body}\nFetch API cannot load {failure.url} due to access control checks."


def _body(failure: Failure, origin: str) -> str | None:
    if failure.code in ("CORS502", "CORS504", "CORS505"):
        inner = (
            "not allowed to follow a cross-origin CORS redirection with non CORS scheme"
            if failure.code == "CORS502"
            else f"redirection URL {failure.value} has credentials"
        )
        return f"Cross-origin redirection to {failure.value} denied by Cross-Origin Resource Sharing policy: {inner}"
    body = _BODIES.get(failure.code)
    if body is None:
        return None
    return (
        body.replace("{origin}", origin)
        .replace("{url}", failure.url)
        .replace("{status}", str(failure.status))
        .replace("{value}", failure.value or "")
    )
