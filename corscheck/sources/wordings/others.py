"""Sentences of network panels, of Chromium's network stack, of libraries and of servers, and those that are not CORS.

The topics have the words about them; a code is named where the sentence allows it.
"""

from __future__ import annotations

import itertools

from corscheck.sources.wordings.wording import CORS_CHECK, TOPICS, Wording, table

_NET: dict[str, tuple[str, ...] | str] = {
    "net::ERR_TOO_MANY_REDIRECTS": ("CORS503",),
    "net::ERR_UNSAFE_PORT": ("CORS201",),
    "net::ERR_UNSAFE_REDIRECT": ("CORS502",),
    "net::ERR_INVALID_REDIRECT": ("CORS501",),
    "net::ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION": ("CORS501",),
    "net::ERR_UNEXPECTED_PROXY_AUTH": ("CORS508",),
    "net::ERR_H2_OR_QUIC_REQUIRED": ("CORS509",),
    **dict.fromkeys(
        (
            "net::ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH", "net::ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION",
            "net::ERR_INVALID_CHUNKED_ENCODING",
        ),
        ("CORS522",),
    ),
    **dict.fromkeys(("net::ERR_NAME_NOT_RESOLVED", "net::ERR_NAME_RESOLUTION_FAILED", "net::ERR_DNS_"), ("CORS901",)),
    **dict.fromkeys(
        (
            "net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_CONNECTION_CLOSED",
            "net::ERR_CONNECTION_ABORTED", "net::ERR_CONNECTION_FAILED", "net::ERR_ADDRESS_UNREACHABLE",
            "net::ERR_ADDRESS_INVALID", "net::ERR_INTERNET_DISCONNECTED", "net::ERR_NETWORK_CHANGED",
            "net::ERR_NETWORK_IO_SUSPENDED", "net::ERR_NETWORK_ACCESS_DENIED", "net::ERR_SOCKET_NOT_CONNECTED",
        ),
        ("CORS902",),
    ),
    **dict.fromkeys(("net::ERR_CERT_", "net::ERR_SSL_", "net::ERR_BAD_SSL_CLIENT_AUTH_CERT"), ("CORS903",)),
    **dict.fromkeys(("net::ERR_TIMED_OUT", "net::ERR_CONNECTION_TIMED_OUT"), ("CORS904",)),
    **dict.fromkeys(
        ("net::ERR_EMPTY_RESPONSE", "net::ERR_INVALID_HTTP_RESPONSE", "net::ERR_INVALID_RESPONSE", "net::ERR_HTTP2_",
         "net::ERR_QUIC_"),
        ("CORS905",),
    ),
    "net::ERR_RESPONSE_HEADERS_TOO_BIG": ("CORS906",),
    **dict.fromkeys(("net::ERR_PROXY_", "net::ERR_TUNNEL_CONNECTION_FAILED", "net::ERR_MANDATORY_PROXY_"), ("CORS907",)),
    **dict.fromkeys(("net::ERR_CONTENT_LENGTH_MISMATCH", "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
                     "net::ERR_CONTENT_DECODING_FAILED"), ("CORS521",)),
    "net::ERR_UNKNOWN_URL_SCHEME": ("CORS204",),
    "net::ERR_DISALLOWED_URL_SCHEME": ("CORS204",),
    "net::ERR_INVALID_URL": ("CORS101",),
    **dict.fromkeys(
        ("net::ERR_BLOCKED_BY_CLIENT", "net::ERR_BLOCKED_BY_ADMINISTRATOR", "net::ERR_BLOCKED_IN_INCOGNITO_BY_ADMINISTRATOR",
         "net::ERR_BLOCKED_ENROLLMENT_CHECK_PENDING"),
        "blocked-by-client",
    ),
    "net::ERR_BLOCKED_BY_ORB": "orb",
    "net::ERR_BLOCKED_BY_CSP": "csp",
    "net::ERR_FAILED": "net-failed",
    "net::ERR_ABORTED": "net-aborted",
    "net::ERR_CACHE_MISS": "cache",
    "net::ERR_FILE_NOT_FOUND": "file",
    "net::ERR_ACCESS_DENIED": "file",
    "net::ERR_": "net-other",
}  # fmt: skip
_CORP = (
    "net::ERR_BLOCKED_BY_RESPONSE", "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin", "net::ERR_BLOCKED_BY_RESPONSE.NotSameSite",
    "net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep",
    "net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByDip",
    "net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoepAndDip",
)  # fmt: skip
_LOCAL_NETWORK = (
    "net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS", "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
    "net::ERR_INCONSISTENT_IP_ADDRESS_SPACE",
)  # fmt: skip

_PANELS: dict[str, tuple[str, ...] | str] = {
    "CORS error": "network-panel",
    "blocked:cors": "network-panel",
    "blocked:mixed-content": ("CORS202",),
    "blocked:csp": "csp",
    "blocked:other": "blocked-by-client",
    "blocked:devtools": "blocked-by-devtools",
    "blocked:origin": "csp",
    "blocked:NotSameOrigin": ("CORS308",),
    "blocked:NotSameSite": ("CORS308",),
    "blocked:NotSameOriginAfterDefaultedToSameOriginByCoep": ("CORS308",),
    "corp-not-same-origin": ("CORS308",),
    "corp-not-same-origin-after-defaulted-to-same-origin-by-coep": ("CORS308",),
    "corp-not-same-site": ("CORS308",),
    "blocked:orb": "orb",
    "NS_ERROR_DOM_BAD_URI": "network-panel",
    "NS_ERROR_DOM_CORP_FAILED": ("CORS308",),
    "NS_ERROR_DOM_COEP_FAILED": ("CORS308",),
    "NS_ERROR_INTERCEPTION_FAILED": "service-worker",
    "NS_BINDING_ABORTED": "net-aborted",
    "NS_ERROR_CONNECTION_REFUSED": ("CORS902",),
    "NS_ERROR_NET_RESET": ("CORS902",),
    "NS_ERROR_NET_INTERRUPT": ("CORS905",),
    "NS_ERROR_NET_EMPTY_RESPONSE": ("CORS905",),
    "NS_ERROR_NET_TIMEOUT": ("CORS904",),
    "NS_ERROR_NET_PARTIAL_TRANSFER": ("CORS521",),
    "NS_ERROR_OFFLINE": ("CORS902",),
    "NS_ERROR_UNKNOWN_HOST": ("CORS901",),
    "NS_ERROR_REDIRECT_LOOP": ("CORS503",),
    "NS_ERROR_PORT_ACCESS_NOT_ALLOWED": ("CORS201",),
    "NS_ERROR_GENERATE_FAILURE": "net-failed",
    "NS_ERROR_": "net-other",
    "SEC_ERROR_UNKNOWN_ISSUER": ("CORS903",),
    "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT": ("CORS903",),
    "SSL_ERROR_BAD_CERT_DOMAIN": ("CORS903",),
    "Blocked by DevTools": "blocked-by-devtools",
    "Blocked By Extension": "blocked-by-client",
    "Not same-origin": ("CORS203",),
    "CSP Preload": "csp",
    "Harmful Add-on Blocked": "blocked-by-client",
}

_LIBRARIES: dict[str, tuple[str, ...] | str] = {
    "Failed to fetch": "script-sees",
    "NetworkError when attempting to fetch resource.": "script-sees",
    "Load failed": "script-sees",
    "A network error occurred.": "script-sees",
    "Network Error": "script-sees",
    "ERR_NETWORK": "script-sees",
    "Failed to load resource: the server responded with a status of {status}": "http-status",
    "Request failed with status code {status}": "http-status",
    "Failed to execute 'send' on 'XMLHttpRequest': Failed to load '{url}'": "script-sees",
    "NetworkError: A network error occurred.": "script-sees",
    "Request has been terminated Possible causes: the network is offline, Origin is not allowed by "
    "Access-Control-Allow-Origin, the page is being unloaded, etc.": "script-sees",
    "Response not successful: Received status code 0": "script-sees",
    "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON": "not-json",
    "Unexpected token < in JSON at position 0": "not-json",
    "Unexpected end of input": "opaque",
    "Script error.": "script-error",
    "0 Unknown Error": "angular-0",
    "Http failure response for {url}: 0 Unknown Error": "angular-0",
    "status: 0, statusText: 'Unknown Error'": "angular-0",
    "XMLHttpRequest error.": "flutter",
    "ClientException: XMLHttpRequest error.": "flutter",
    "ClientException: Failed to fetch": "flutter",
    "The connection errored: The XMLHttpRequest onError callback was called. This typically indicates an error on the network "
    "layer.": "flutter",
    "Network request failed": "react-native",
    "fetch failed": "node",
    "request to {url} failed, reason: {value}": "node",
    "connect ECONNREFUSED {value}": "node",
    "getaddrinfo ENOTFOUND {value}": "node",
    'URL scheme must be "http" or "https" for CORS request.': ("CORS204",),
}

_DISALLOWED = {"origin": "CORS615", "method": "CORS614", "headers": "CORS612"}
_STARLETTE = {
    f"Disallowed CORS {', '.join(names)}": tuple(_DISALLOWED[name] for name in names)
    for count in range(1, len(_DISALLOWED) + 1)
    for names in itertools.combinations(_DISALLOWED, count)
}
_S3 = (
    "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
_SERVERS: dict[str, str] = {
    **dict.fromkeys(_STARLETTE, "starlette-cors"),
    "Invalid CORS request": "spring-cors",
    'When allowCredentials is true, allowedOrigins cannot contain the special value "*" since that cannot be set on the '
    '"Access-Control-Allow-Origin" response header.': "spring-cors",
    "CORSResponse: This CORS request is not allowed.": "s3-cors",
    "CORSResponse: CORS is not enabled for this bucket.": "s3-cors",
    _S3: "s3-cors",
    "CORS not enabled or no matching rule found for this request.": "azure-cors",
    "Not allowed by CORS": "express-cors",
    "CORS policy execution failed.": "aspnet-cors",
    "Request origin {origin} does not have permission to access the resource.": "aspnet-cors",
    "The CORS protocol does not allow specifying a wildcard (any) origin and credentials at the same time.": "aspnet-cors",
    "Invalid CORS configuration: Cannot combine `Access-Control-Allow-Credentials: true` with `{value}: *`": "tower-http-cors",
    "Blocking Cross Origin API request for {value}. Origin: {origin}, Host: {host}": "jupyter-cors",
    "Blocking Cross Origin WebSocket Attempt. Origin: {origin}, Host: {host}": "jupyter-cors",
    "Blocked request. This host ('{value}') is not allowed. To allow this host, add '{other}' to `server.allowedHosts` in "
    "vite.config.js.": "vite-host",
    "Cross origin request detected from {value} to /_next/* resource. In a future major version of Next.js, you will need to "
    "explicitly configure 'allowedDevOrigins' in next.config to allow this.": "nextjs-dev",
    "Blocked cross-origin request from {value} to /_next/* resource.": "nextjs-dev",
    "Invalid Host/Origin header": "dev-server",
    "Invalid Origin header: {value}": "mcp-origin",
    "WebSocket connection to '{url}' failed: Error during WebSocket handshake: Unexpected response code: {status}": "websocket",
    "WebSocket connection to '{url}' failed:": "websocket",
    "Firefox can't establish a connection to the server at {url}": "websocket",
    "The connection to {url} was interrupted while the page was loading.": "websocket",
    "EventSource's response has a MIME type ('{value}') that is not 'text/event-stream'. Aborting the connection.": "eventsource",
}
_SERVER_CODES: dict[str, tuple[str, ...]] = {
    **_STARLETTE,
    "Invalid CORS request": ("CORS612", "CORS614", "CORS615"),
    "CORSResponse: This CORS request is not allowed.": ("CORS612", "CORS614", "CORS615"),
    _S3: ("CORS612", "CORS614", "CORS615"),
    "Not allowed by CORS": ("CORS615",),
    "Request origin {origin} does not have permission to access the resource.": ("CORS615",),
    "The CORS protocol does not allow specifying a wildcard (any) origin and credentials at the same time.": (
        "CORS610",
    ),
}

_BESIDE: dict[str, tuple[str, ...] | str] = {
    "Tainted canvases may not be exported.": "canvas",
    "The canvas has been tainted by cross-origin data.": "canvas",
    "Unable to get image data from canvas because the canvas has been tainted by cross-origin data.": "canvas",
    "Failed to execute 'texImage2D' on '{value}': The image element contains cross-origin data, and may not be loaded.": "canvas",
    "The operation is insecure.": "insecure-operation",
    "Attempt to set a forbidden header was denied: {header}": ("CORS120",),
    "downloadable font: download failed (font-family: '{value}' style:normal weight:400 stretch:100 src index:0): bad URI or "
    "cross-site access not allowed source: {url}": "fonts",
    "bad URI or cross-site access not allowed source: {url}": "fonts",
    "Refused to connect to '{url}' because it violates the following Content Security Policy directive: '{value}'": "csp",
    "Connecting to '{url}' violates the following Content Security Policy directive: '{value}'": "csp",
    "Refused to load the {kind} '{url}' because it violates the following Content Security Policy directive: '{value}'": "csp",
    "Loading the {kind} '{url}' violates the following Content Security Policy directive: '{value}'": "csp",
    "Refused to connect because it violates the document's Content Security Policy.": "csp",
    "Content-Security-Policy: The page's settings blocked the loading of a resource ({kind}) at {url} because it violates the "
    "following directive: '{value}'": "csp",
    "Content Security Policy: The page's settings blocked the loading of a resource at {url} ('{value}').": "csp",
    "Cross-Origin Read Blocking (CORB) blocked cross-origin response {url} with MIME type {value}.": "orb",
    "A resource is blocked by OpaqueResponseBlocking, please check browser console for details.": "orb",
    "The resource at '{url}' was blocked by OpaqueResponseBlocking.": "orb",
    "Refused to execute script from '{url}' because its MIME type ('{value}') is not executable, and strict MIME type checking "
    "is enabled.": "mime-type",
    "Failed to load module script: Expected a JavaScript-or-Wasm module script but the server responded with a MIME type of "
    "'{value}'.": "mime-type",
    "Blocked a frame with origin '{origin}' from accessing a cross-origin frame.": "frame",
    "Permission denied to access property '{value}' on cross-origin object": "frame",
    "Failed to execute 'postMessage' on 'DOMWindow': The target origin provided ('{value}') does not match the recipient "
    "window's origin ('{origin}').": "postmessage",
    "Refused to display '{url}' in a frame because it set 'X-Frame-Options' to '{value}'.": "frame",
    "Cross-Origin-Opener-Policy policy would block the window.closed call.": "coop",
    "Cookie '{value}' has been rejected because it is in a cross-site context and its 'SameSite' is 'Lax' or 'Strict'.": "samesite",
    "This Set-Cookie was blocked because it had the 'SameSite={value}' attribute but came from a cross-site response which was "
    "not the response to a top-level navigation.": "samesite",
    "This attempt to set a cookie via a Set-Cookie header was blocked because it had the 'SameSite={value}' attribute but came "
    "from a cross-site response": "samesite",
    "The FetchEvent for '{url}' resulted in a network error response: an 'opaque' response was used for a request whose type is "
    "not no-cors": "service-worker",
    "SEC7118: XMLHttpRequest for {url} required Cross Origin Resource Sharing (CORS).": CORS_CHECK,
    "SEC7119: XMLHttpRequest for {url} required CORS preflight.": CORS_CHECK,
    "SEC7120: [CORS] The origin '{origin}' did not find '{value}' in the Access-Control-Allow-Origin response header for "
    "cross-origin resource at '{url}'.": ("CORS301", "CORS306"),
    "SEC7120: Origin {origin} not found in Access-Control-Allow-Origin header.": ("CORS301", "CORS306"),
    "SEC7121: Header {header} was not present in the Access-Control-Expose-Headers list": ("CORS702",),
    "SEC7122: Credentials flag is true, but the Access-Control-Allow-Credentials header is not": ("CORS307",),
    "SEC7123: Request header {header} was not present in the Access-Control-Allow-Headers list.": ("CORS407",),
    "SEC7124: Request method {method} was not present in the Access-Control-Allow-Methods list.": ("CORS405",),
    "SEC7128: [CORS] Multiple Access-Control-Allow-Origin headers are not allowed": ("CORS303",),
    "SCRIPT7002: XMLHttpRequest: Network Error 0x80070005, Access is denied.": CORS_CHECK,
}

_VAGUE = ("script-sees", "network-panel", "http-status")
"""Topics of lines that stand beside another one, which says why."""
_ORDINARY = 4
"""A sentence with fewer words than these is ordinary language."""


def _row(text: str, said: tuple[str, ...] | str) -> Wording:
    single = " " not in text
    return Wording(
        text=text,
        codes=said if isinstance(said, tuple) else _SERVER_CODES.get(text, ()),
        topic=said if isinstance(said, str) else TOPICS.get(said),
        browser="chromium" if text.startswith("net::") else None,
        role="closing" if text.startswith("net::") or said in _VAGUE else "reason",
        short=not single and text.count(" ") < _ORDINARY and "{" not in text,
    )


FAMILIES = tuple(
    sorted((text.casefold() for rows in (_NET, _PANELS) for text in rows if text.endswith("_")), key=len, reverse=True)
)
"""Beginnings of names of network errors that stand for every name that begins so, the longest first."""

OTHERS: tuple[Wording, ...] = (
    *(_row(text, said) for text, said in _NET.items()),
    *table("chromium", dict.fromkeys(_CORP, ("CORS308",)), "closing"),
    *table("chromium", dict.fromkeys(_LOCAL_NETWORK, ("CORS708",)), "closing"),
    *(_row(text, said) for rows in (_PANELS, _LIBRARIES, _SERVERS, _BESIDE) for text, said in rows.items()),
)
