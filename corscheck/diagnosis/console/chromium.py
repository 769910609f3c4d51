"""Chromium's console texts (cors_error_string.cc; Chromium 156).

A network-level failure (a closed connection, a bad port, too many redirects, redirect mode ``error``, an invalid
Location) has no CORS text: Chromium prints only ``net::ERR_...``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.protocol.origin import OPAQUE

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Failure, Outcome

EMBEDDER = "(the page that embeds this one)"
"""Stands for a URL that corscheck is not told."""

SCHEMES = "chrome, chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app"
UNSAFE_REDIRECT_SCHEMES = (
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "chrome-untrusted",
    "data",
    "devtools",
    "file",
    "filesystem",
)
"""Schemes to which a redirect fails in the network stack (net::ERR_UNSAFE_REDIRECT), without a CORS text."""

_PREFLIGHT = "Response to preflight request doesn't pass access control check: "
_VALID_VALUE = " Have the server send the header with a valid value."

# Failures of the CORS check and of the preflight itself. For a preflight, _PREFLIGHT precedes the text.
_CHECKS = {
    "CORS301": "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    "CORS302": "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the"
    " request's credentials mode is 'include'.",
    "CORS303": "The 'Access-Control-Allow-Origin' header contains multiple values '{hint}', but only one is allowed."
    + _VALID_VALUE,
    "CORS304": "The 'Access-Control-Allow-Origin' header contains multiple values '{hint}', but only one is allowed."
    + _VALID_VALUE,
    "CORS305": "The 'Access-Control-Allow-Origin' header contains the invalid value '{hint}'." + _VALID_VALUE,
    "CORS306": "The 'Access-Control-Allow-Origin' header has a value '{hint}' that is not equal to the supplied origin."
    + _VALID_VALUE,
    "CORS307": "The value of the 'Access-Control-Allow-Credentials' header in the response is '{hint}' which must be 'true'"
    " when the request's credentials mode is 'include'.",
    "CORS401": "It does not have HTTP ok status.",
    "CORS402": "Redirect is not allowed for a preflight request.",
}
_PERMISSIONS = {
    "CORS403": "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
    "CORS404": "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
    "CORS405": "Method {hint} is not allowed by Access-Control-Allow-Methods in preflight response.",
    "CORS407": "Request header field {hint} is not allowed by Access-Control-Allow-Headers in preflight response.",
    # Chromium really prints an empty location.
    "CORS504": "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.",
    "CORS505": "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.",
}


def text(outcome: Outcome) -> str | None:
    """Return the line that Chromium prints, or None."""
    failure = outcome.failure
    if failure is None or outcome.verdict != "blocked":
        return None
    origin = outcome.request.origin
    sentence = _CHECKS.get(failure.code) or _PERMISSIONS.get(failure.code)
    if sentence is None:
        # In mode no-cors a redirect to another scheme is a network error without a text.
        silent = failure.code == "CORS502" and outcome.request.mode == "no-cors"
        return None if silent else _other(failure, origin)
    lead = _PREFLIGHT if failure.phase == "preflight" and failure.code in _CHECKS else ""
    redirected = f" (redirected from '{failure.first_url}')" if failure.hop > 0 else ""
    return (
        f"Access to fetch at '{failure.url}'{redirected} from origin '{origin}' has been blocked by CORS policy: "
        f"{lead}{sentence.replace('{hint}', escape(failure.value or ''))}"
    )


def _other(failure: Failure, origin: str) -> str | None:
    """Return the text of a failure that Chromium does not always report as a CORS error."""
    redirected = failure.url != failure.first_url or failure.hop > 0
    if failure.code == "CORS502" and _scheme(failure.value) not in UNSAFE_REDIRECT_SCHEMES:
        where = f"Access to fetch at '{failure.value}' (redirected from '{failure.first_url}') from origin '{origin}'"
        return f"{where} has been blocked by CORS policy: Cross origin requests are only supported for protocol schemes: {SCHEMES}."
    if failure.code == "CORS202":
        # The text names the page in the window. Of a frame's it is not known here.
        page = f"{origin}/" if origin != OPAQUE else EMBEDDER
        return (
            f"Mixed Content: The page at '{page}' was loaded over HTTPS, but requested an insecure resource"
            f" '{failure.url}'. This request has been blocked; the content must be served over HTTPS."
        )
    if failure.code == "CORS203" and redirected:
        return (
            f"Unsafe attempt to load URL {failure.url} from frame with URL {origin}/."
            " Domains, protocols and ports must match.\n"
        )
    if failure.code == "CORS203":
        return (
            f'Fetch API cannot load {failure.url}. Request mode is "same-origin" but the URL\'s origin is not same as the'
            f" request origin {origin}."
        )
    if failure.code == "CORS205":
        return f'Fetch API cannot load {failure.url}. Request mode is "no-cors" but the redirect mode is not "follow".'
    if failure.code == "CORS204" and _scheme(failure.url) == "file":
        return f"Not allowed to load local resource: {failure.url}"
    if failure.code == "CORS204":
        return f'Fetch API cannot load {failure.url}. URL scheme "{_scheme(failure.url)}" is not supported.'
    return None


def _scheme(url: str | None) -> str:
    return (url or "").partition(":")[0].lower()


def escape(value: str) -> str:
    r"""Escape every byte outside printable ASCII as ``\\u00XX``."""
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04X}" for c in value)
