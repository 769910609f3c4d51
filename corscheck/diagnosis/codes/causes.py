"""Records of the root causes: what is wrong on the server, whichever step of the standard fails because of it."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import CACHES, Record, record

_PUT = "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: PUT\n\n"
_GET = "GET /data\nOrigin: https://app.example\n\n"
_ALLOW = "Access-Control-Allow-Origin: https://app.example"


CAUSES: tuple[Record, ...] = (
    record(
        "CORS601",
        "authentication runs before CORS",
        "The server requires a login for the preflight, but browsers never send one with it. Preflights carry "
        "neither cookies nor tokens, so an authentication check that runs before the CORS layer rejects every "
        "preflight.",
        f"{_PUT}401 Unauthorized\nWWW-Authenticate: Bearer",
        "Put the CORS layer in front of authentication, or exempt OPTIONS requests with Access-Control-Request-Method.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS602",
        "OPTIONS is not routed",
        "No CORS layer responds to OPTIONS at this URL. The router handles only the other methods, and nothing in "
        "front of it responds to the preflight.",
        f"{_PUT}405 Method Not Allowed\nAllow: GET, PUT",
        "Add the framework's CORS layer, so that it responds to OPTIONS before the router does.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS603",
        "error responses lack the CORS headers",
        "CORS is configured, but this error response bypasses it. The page sees a CORS error instead of the status, "
        "which hides the real error.",
        f"{_GET}500 Internal Server Error",
        "Let the CORS layer cover error responses too (nginx: add_header ... always), and fix the error itself.",
        step="cors-check:2",
        shows_as=("CORS301",),
    ),
    record(
        "CORS604",
        "a gateway responds instead of the application",
        "A proxy or gateway responds with its own error, without CORS headers. The page sees a CORS error, but the "
        "real problem is that the application is down or slow, or that a size or rate limit was exceeded.",
        f"{_GET}502 Bad Gateway\nServer: nginx",
        "Find out why the gateway fails, and let it add the CORS headers to its own error responses.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS605",
        "the URL is redirected because of a trailing slash",
        "The server redirects to the same path with (or without) a trailing slash. A preflight must not be "
        "redirected, and the redirect often has no CORS headers.",
        f"{_PUT}307 Temporary Redirect\nLocation: https://api.example/data/",
        "Use the form of the URL that the server expects, or turn off the redirect.",
        step="preflight:8",
        shows_as=("CORS402", "CORS301"),
        mdn="CORSExternalRedirectNotAllowed",
    ),
    record(
        "CORS606",
        "the URL is redirected to https",
        "The server redirects http to https. A preflight must not be redirected, and the redirect often has no CORS "
        "headers.",
        f"{_PUT}301 Moved Permanently\nLocation: https://api.example/data",
        "Use the https URL.",
        step="preflight:8",
        shows_as=("CORS402", "CORS301", "CORS306"),
        mdn="CORSExternalRedirectNotAllowed",
    ),
    record(
        "CORS607",
        "the request is redirected to a login page",
        "The server redirects requests without a login to a login page. Script cannot use a login page, and the "
        "login page allows no other origin to read it.",
        f"{_GET}302 Found\nLocation: https://login.example/authorize?...",
        "Respond to requests from script with 401 and the CORS headers instead of redirecting.",
        step="redirect:22",
        shows_as=("CORS301", "CORS306", "CORS402", "CORS302", "CORS305"),
    ),
    record(
        "CORS608",
        "two layers add Access-Control-Allow-Origin",
        "The header is sent twice: application and proxy both add it. Browsers reject the response, even if both "
        "values are right.",
        f"{_GET}200 OK\n{_ALLOW}\nAccess-Control-Allow-Origin: *",
        "Let one layer handle CORS: turn it off in the other, or remove the upstream's header in the proxy.",
        step="cors-check:4",
        shows_as=("CORS303", "CORS304"),
        mdn="CORSMultipleAllowOriginNotAllowed",
    ),
    record(
        "CORS609",
        "a list or a pattern is sent as the origin",
        "The server sends its configuration instead of the one origin that sent the request. Lists and patterns such "
        "as https://*.example are for the server to match; a browser compares byte by byte.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example, https://b.example",
        'Match the request\'s Origin against the list, send back that one origin, and add "Vary: Origin".',
        step="cors-check:4",
        shows_as=("CORS304", "CORS305", "CORS306"),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS610",
        "* is sent in response to a request with credentials",
        'The server sends "*" to every origin, but a request with credentials requires the exact origin. The '
        "wildcard never matches a request with cookies or other credentials.",
        "GET /data\nOrigin: https://app.example\nCookie: session=...\n\n200 OK\nAccess-Control-Allow-Origin: *",
        'Send the exact origin and "Access-Control-Allow-Credentials: true", and add "Vary: Origin".',
        step="cors-check:4",
        shows_as=("CORS302",),
        mdn="CORSNotSupportingCredentials",
    ),
    record(
        "CORS611",
        "Access-Control-Allow-Credentials is missing or misspelled",
        "The server allows the page's origin, but not its credentials. The header must be true, in lower case, on "
        "the preflight response and on the response itself.",
        f"GET /data\nOrigin: https://app.example\nCookie: session=...\n\n200 OK\n{_ALLOW}\n"
        "Access-Control-Allow-Credentials: True",
        'Send exactly "Access-Control-Allow-Credentials: true" on every response, preflights included.',
        step="cors-check:8",
        shows_as=("CORS307",),
        mdn="CORSMissingAllowCredentials",
    ),
    record(
        "CORS612",
        "a request header is not on the server's list",
        "The request has a header that the server does not list. Some servers reject the preflight with 400 because "
        "of it; the browser's message then mentions only the status.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Headers: x-tenant\n\n400 Bad Request\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: content-type",
        "Add the header to the server's allowed headers.",
        step="preflight:7.7",
        shows_as=("CORS407", "CORS401"),
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS613",
        "Authorization is not listed by name",
        "The server lists only *, which does not cover Authorization. Without credentials, current browsers accept "
        "it although the standard does not; with credentials, no browser accepts it.",
        "OPTIONS /me\nOrigin: https://app.example\nAccess-Control-Request-Headers: authorization\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: *",
        "List Authorization in Access-Control-Allow-Headers.",
        step="preflight:7.6",
        shows_as=("CORS406", "CORS407"),
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS614",
        "the method is not on the server's list",
        "The server does not list this method. Many CORS layers allow only GET, HEAD and POST by default.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: GET, POST",
        "Add the method to the server's allowed methods.",
        step="preflight:7.5",
        shows_as=("CORS405", "CORS401"),
        mdn="CORSMethodNotFound",
    ),
    record(
        "CORS615",
        "the origin is not on the server's list",
        "The server has CORS enabled, but this origin is not on its list. Typical causes are a forgotten "
        "environment, a preview host, or a variable that is not set in this environment.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nVary: Origin",
        "Add the page's origin to the server's list, exactly as the browser sends it.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS306", "CORS401"),
    ),
    record(
        "CORS616",
        "the configured origin is malformed",
        "The server's configuration contains this origin, but not as browsers write it. With a trailing slash, a "
        "path, upper case, quotes or no scheme, it never matches, because browsers compare byte by byte.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example/",
        "Write the origin as the browser sends it: scheme, host and port, nothing else.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS305", "CORS306", "CORS401"),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS617",
        "a cache serves a response stored for another origin",
        "A cache serves a response that was stored for another origin, or for a request without an Origin. The "
        'response depends on the request\'s Origin, but without "Vary: Origin" no cache knows that.',
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nAge: 120\nX-Cache: HIT",
        'Send "Vary: Origin" on every response, including responses to requests without an Origin, and purge the '
        "cache. In a CDN, add Origin to the cache key.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS306"),
        help_=CACHES,
    ),
    record(
        "CORS619",
        "a firewall responds instead of the server",
        "A firewall, bot check or access proxy in front of the server responds itself. A preflight cannot solve a "
        "challenge and carries no cookies, so it never gets through.",
        f"{_PUT}403 Forbidden\nServer: cloudflare\ncf-mitigated: challenge",
        "Let OPTIONS requests bypass it and reach the server (Cloudflare Access: bypass OPTIONS to origin).",
        step="preflight:8",
        shows_as=("CORS301", "CORS401", "CORS402"),
    ),
    record(
        "CORS621",
        "there are no CORS headers at this URL",
        "Neither the preflight response nor the response itself has any CORS header. Either CORS is not configured "
        "for this URL, or the server sends no CORS headers for this origin. Only pages of the same origin can read "
        "the response.",
        f"{_GET}200 OK\nContent-Type: application/json",
        "Configure CORS for this URL, and allow the page's origin.",
        step="cors-check:2",
        shows_as=("CORS301",),
        mdn="CORSMissingAllowOrigin",
    ),
    record(
        "CORS622",
        "only the preflight has the CORS headers",
        "The preflight response has the CORS headers, but the response to the request itself does not. Both need "
        "them, so an OPTIONS route alone is not enough.",
        f"{_PUT}204 No Content\n{_ALLOW}\n\nPUT /data\nOrigin: https://app.example\n\n200 OK",
        "Add Access-Control-Allow-Origin to the responses to the request itself, not only to OPTIONS.",
        step="cors-check:2",
        shows_as=("CORS301",),
        mdn="CORSMissingAllowOrigin",
    ),
    record(
        "CORS624",
        "the method is written in lower case",
        "The page sends the method in a case that the server does not list. fetch() converts get, post, put and a "
        "few more to upper case, but not patch, and methods are case-sensitive.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: patch\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Methods: PATCH",
        "Write the method in upper case in the page's code: method: 'PATCH'.",
        step="preflight:7.5",
        shows_as=("CORS405",),
        mdn="CORSMethodNotFound",
    ),
    record(
        "CORS625",
        "the allowed origin differs in one part",
        "The server allows an origin that differs from the page's origin in one part. Scheme, host and port must all "
        "be the same: http is not https, www is another host, localhost is not 127.0.0.1.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: http://app.example",
        "Add the page's origin to the server's list, in addition to the existing one.",
        step="cors-check:4",
        shows_as=("CORS306",),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS626",
        "a redirect set the origin to null",
        "When one cross-origin server redirects to another, the browser sends Origin: null. The last server never "
        "learns which page sent the request, so no list of origins can match.",
        "GET https://a.example/ -> 302 Location: https://b.example/\nGET https://b.example/\nOrigin: null\n\n200 OK\n"
        f"{_ALLOW}",
        "Request the final URL directly.",
        step="redirect:22",
        shows_as=("CORS306",),
    ),
    record(
        "CORS627",
        "the request is redirected to another URL",
        "The response is a redirect to another URL, and either that URL does not allow the page, or the redirect "
        "itself has no CORS headers. A preflight must not be redirected at all.",
        f"{_GET}302 Found\nLocation: https://b.example/data",
        "Request the URL that the redirect leads to, or add the CORS headers to every response along the way.",
        step="redirect:22",
        shows_as=("CORS301", "CORS306", "CORS402", "CORS305", "CORS302", "CORS401"),
    ),
    record(
        "CORS629",
        "the server fails on the preflight",
        "The server responds to OPTIONS with an error of its own. Some of its code does not expect a request without "
        "a body, a login or a session.",
        f"{_PUT}500 Internal Server Error",
        "Check the server's log for this OPTIONS request, and let the CORS layer respond before that code runs.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS630",
        "the preflight is forbidden",
        "The preflight was rejected with 403 and no CORS headers. An access rule, a firewall, and a CORS layer that "
        "rejects the origin without a header all look the same from outside.",
        f"{_PUT}403 Forbidden",
        "Find this OPTIONS request in the server's log, or test an origin that is certainly allowed. If that origin "
        "passes, add this one to the list; otherwise let the access rule admit OPTIONS.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS631",
        "the URL does not exist",
        "The server responds with 404 to the request itself, not only to its preflight. The path is probably wrong, "
        "and error responses have no CORS headers.",
        f"{_PUT}404 Not Found\n\nGET /data\n\n404 Not Found",
        "Check the path, its prefix (/api, /v1) and the host.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS632",
        "the null origin is not allowed",
        "The page has an opaque origin and sends Origin: null. Files opened from disk, sandboxed frames and data: "
        "URLs do so too. A server that allows null allows all of them, including an attacker's.",
        "GET /data\nOrigin: null\n\n200 OK\nVary: Origin",
        "Serve the page over http from its own origin (in development with any local web server), and allow that "
        "origin.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS305", "CORS306"),
    ),
    record(
        "CORS633",
        "the redirect leads from https to http",
        "The server redirects an https URL to http on the same host, usually while it adds or removes a trailing "
        "slash. The application runs behind a proxy that terminates TLS, and assumes that its own scheme is http. "
        "Browsers block the second request as mixed content.",
        "GET /items\nOrigin: https://app.example\n\n307 Temporary Redirect\nLocation: http://api.example/items/",
        "Tell the application its scheme: let the proxy send X-Forwarded-Proto, and let the server trust it (uvicorn "
        "--proxy-headers --forwarded-allow-ips, Django SECURE_PROXY_SSL_HEADER). Or use the form of the URL that "
        "needs no redirect.",
        step="redirect:22",
        shows_as=("CORS202", "CORS402", "CORS301"),
    ),
    record(
        "CORS634",
        "a response header is sent with the request",
        "The page sends a response header, or an option of fetch(), as a request header. It has no effect there, but "
        "it makes the browser send a preflight.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Headers: access-control-allow-origin",
        "Remove it from the page's code. CORS headers are set on the server.",
        step="preflight:7.7",
        shows_as=("CORS407", "CORS401", "CORS301"),
    ),
    record(
        "CORS635",
        "the name of a CORS header is misspelled",
        "The server sends a header whose name is almost that of a CORS header. Browsers recognize only the exact "
        "names and ignore this one.",
        f"{_GET}200 OK\nAccess-Control-Allow-Orgin: *",
        "Fix the name on the server.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS405", "CORS407", "CORS307"),
    ),
    record(
        "CORS636",
        "the 304 lacks the CORS headers",
        "A 304 Not Modified response has no CORS headers: the check of If-None-Match or If-Modified-Since runs "
        "outside the CORS layer. If script sets these headers itself, it gets the 304 and is blocked. If the browser "
        "revalidates its own copy, the result depends on the headers of the stored response, so some loads fail and "
        "others do not.",
        f'{_GET}304 Not Modified\nETag: "a"',
        "Put the CORS layer outside the code that handles conditional requests, so that a 304 has the same CORS "
        "headers as the 200.",
        step="cors-check:2",
        shows_as=("CORS301",),
        help_=CACHES,
    ),
)
