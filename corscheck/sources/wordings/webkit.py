"""WebKit's sentences: recorded with WebKitGTK 2.50.6, and read beside CrossOriginAccessControl.cpp."""

from __future__ import annotations

from corscheck.sources.wordings.wording import CORS_CHECK, HEADERS, NETWORK, REFUSED_REDIRECTS, SEVERAL, Wording, table

_REASONS: dict[str, tuple[str, ...] | str] = {
    "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}": (
        "CORS301", "CORS304", "CORS305", "CORS306",
    ),
    "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.": ("CORS302",),
    "Access-Control-Allow-Origin cannot contain more than one origin.": SEVERAL,
    'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".': ("CORS307",),
    "Preflight response is not successful. Status code: {status}": ("CORS401", "CORS402"),
    "Preflight response was blocked": ("CORS401", "CORS402"),
    "Header Access-Control-Allow-Methods has an invalid value: {value}": ("CORS403",),
    "Header Access-Control-Allow-Headers has an invalid value: {value}": ("CORS404",),
    "Method {method} is not allowed by Access-Control-Allow-Methods.": ("CORS405",),
    "Request header field {header} is not allowed by Access-Control-Allow-Headers.": HEADERS,
    "Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy: not allowed to follow a cross-origin "
    "CORS redirection with non CORS scheme": ("CORS501", "CORS502"),
    "Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy: redirection URL {value} has "
    "credentials": ("CORS504", "CORS505"),
    "Cross-origin redirection denied by Cross-Origin Resource Sharing policy.": CORS_CHECK,
    "Cross-origin script load denied by Cross-Origin Resource Sharing policy.": CORS_CHECK,
    "Cross-origin media resource load denied by Cross-Origin Resource Sharing policy.": CORS_CHECK,
    "Cross-origin text track load denied by Cross-Origin Resource Sharing policy.": CORS_CHECK,
    "Cross-origin image load denied by Cross-Origin Resource Sharing policy.": CORS_CHECK,
    "Load cannot follow more than 20 redirections": ("CORS503",),
    "Not allowed to follow a redirection while loading {url}": ("CORS507",),
    "Not allowed to use restricted network port {port}: {url}": ("CORS201",),
    "CORS-preflight request was blocked": ("CORS201",),
    "FTP URLs are disabled": ("CORS502",),
    "Redirection to URL with a scheme that is not HTTP(S).": ("CORS502",),
    "Unsafe attempt to load URL {url} from origin {origin}. Domains, protocols and ports must match.": ("CORS203",),
    "Cross origin requests are only supported for HTTP.": ("CORS204",),
    "Cross origin requests are not allowed when using same-origin fetch mode.": ("CORS203",),
    "No-Cors mode requires follow redirect mode": ("CORS205",),
    "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header.": ("CORS308",),
    "[blocked] The page at {origin} requested insecure content from {url}. This content was blocked and must be served over "
    "HTTPS.": ("CORS202",),
    "The page at {origin} was not allowed to display insecure content from {url}.": ("CORS202",),
    "Could not parse HTTP response": ("CORS522",),
    "Connection terminated unexpectedly": ("CORS905", "CORS521", "CORS522"),
}  # fmt: skip
_ENDINGS = (
    "CORS202", "CORS203", "CORS204", "CORS205", *CORS_CHECK, "CORS308", "CORS401", "CORS402", "CORS403", "CORS404",
    "CORS405", "CORS407", *REFUSED_REDIRECTS, "CORS507", "CORS522",
)  # fmt: skip
"""WebKit ends the lines about any of these in the same words."""

_CLOSING: dict[str, tuple[str, ...] | str] = {
    **{
        f"{loader} cannot load {{url}} due to access control checks.": _ENDINGS
        for loader in ("Fetch API", "XMLHttpRequest", "EventSource", "Beacon API", "WebSocket")
    },
    "The network connection was lost.": NETWORK,
    "Could not connect to the server.": ("CORS902",),
    "A server with the specified hostname could not be found.": ("CORS901",),
    "The certificate for this server is invalid.": ("CORS903",),
}

WEBKIT: tuple[Wording, ...] = (
    *table("webkit", _REASONS),
    *table(
        "webkit",
        {"Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy:": CORS_CHECK},
        "lead",
    ),
    *table("webkit", {"Fetch API cannot load {url}.": ("CORS203",)}, "lead"),
    *table("webkit", _CLOSING, "closing"),
    *table("webkit", {"Not allowed to request resource": ("CORS202", "CORS205")}, "detail"),
)
