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
        "The preflight is asked for a login, and a browser never sends one with it. Preflights carry neither cookies "
        "nor tokens, so whatever checks them before the CORS layer refuses every page.",
        f"{_PUT}401 Unauthorized\nWWW-Authenticate: Bearer",
        "Put the CORS layer outside authentication, or exempt OPTIONS with Access-Control-Request-Method from it.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS602",
        "OPTIONS is not routed",
        "No CORS layer answers OPTIONS at this URL. The router knows the other methods only, and nothing in front of it "
        "answers the preflight.",
        f"{_PUT}405 Method Not Allowed\nAllow: GET, PUT",
        "Add the framework's CORS layer, so that it answers OPTIONS before the router does.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS603",
        "error responses lack the CORS headers",
        "CORS is configured, but this error answer bypasses it. The page sees a CORS error instead of the status, "
        "which hides the real fault.",
        f"{_GET}500 Internal Server Error",
        "Let the CORS layer wrap the error handling too (nginx: add_header ... always), and mend the error itself.",
        step="cors-check:2",
        shows_as=("CORS301",),
    ),
    record(
        "CORS604",
        "a gateway answers instead of the application",
        "A proxy or gateway answers with an error of its own, and it knows nothing of CORS. The page sees a CORS error, "
        "but the application is down, slow or refuses the size or rate.",
        f"{_GET}502 Bad Gateway\nServer: nginx",
        "Look at why the gateway fails; let it add the CORS headers to its own error answers.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS605",
        "the URL is redirected because of its slash",
        "The server redirects to the same path with (or without) its slash at the end. A preflight may not be "
        "redirected, and the redirect often has no CORS headers.",
        f"{_PUT}307 Temporary Redirect\nLocation: https://api.example/data/",
        "Ask the URL in the form that the server wants, or switch the redirect off.",
        step="preflight:8",
        shows_as=("CORS402", "CORS301"),
        mdn="CORSExternalRedirectNotAllowed",
    ),
    record(
        "CORS606",
        "the URL is redirected to https",
        "The server redirects http to https. A preflight may not be redirected, and the redirect often has no CORS "
        "headers.",
        f"{_PUT}301 Moved Permanently\nLocation: https://api.example/data",
        "Ask the https URL.",
        step="preflight:8",
        shows_as=("CORS402", "CORS301", "CORS306"),
        mdn="CORSExternalRedirectNotAllowed",
    ),
    record(
        "CORS607",
        "the request is redirected to a login page",
        "The server redirects requests without a login to a login page, which is for people. Script can do nothing with it, "
        "and the login page allows no other origin to read it.",
        f"{_GET}302 Found\nLocation: https://login.example/authorize?...",
        "Answer 401 to requests of script instead of redirecting, with the CORS headers on it.",
        step="redirect:22",
        shows_as=("CORS301", "CORS306", "CORS402", "CORS302", "CORS305"),
    ),
    record(
        "CORS608",
        "two layers add Access-Control-Allow-Origin",
        "The header arrives twice: application and proxy both add it. Two are as bad as none.",
        f"{_GET}200 OK\n{_ALLOW}\nAccess-Control-Allow-Origin: *",
        "Let one layer own CORS: switch it off in the other, or hide the upstream's header in the proxy.",
        step="cors-check:4",
        shows_as=("CORS303", "CORS304"),
        mdn="CORSMultipleAllowOriginNotAllowed",
    ),
    record(
        "CORS609",
        "a list or a pattern is sent as the origin",
        "The server sends its configuration instead of the one origin that asked. Lists and patterns such as "
        "https://*.example are for the server to match, a browser compares byte by byte.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example, https://b.example",
        'Match the request\'s Origin against the list, answer with that one alone, and add "Vary: Origin".',
        step="cors-check:4",
        shows_as=("CORS304", "CORS305", "CORS306"),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS610",
        "* is answered to a request with credentials",
        'The server answers "*" to everyone; credentials need the exact origin. Cookies and logins are never for '
        "anyone at all.",
        "GET /data\nOrigin: https://app.example\nCookie: session=...\n\n200 OK\nAccess-Control-Allow-Origin: *",
        'Answer with the exact origin and "Access-Control-Allow-Credentials: true", and add "Vary: Origin".',
        step="cors-check:4",
        shows_as=("CORS302",),
        mdn="CORSNotSupportingCredentials",
    ),
    record(
        "CORS611",
        "Access-Control-Allow-Credentials is missing or misspelled",
        "The server allows the page, but not its credentials. The header must say true, in lower case, on the "
        "preflight and on the answer itself.",
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
        "The request carries a header that the server does not list. Some servers refuse the preflight with a 400 for "
        "it, and the browser's text then speaks of the status alone.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Headers: x-tenant\n\n400 Bad Request\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: content-type",
        "Add the header to the server's allowed headers.",
        step="preflight:7.7",
        shows_as=("CORS407", "CORS401"),
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS613",
        "Authorization is left to *",
        "The server lists * only, and that does not cover Authorization. Without credentials today's browsers let it "
        "pass, the standard does not; with credentials nobody does.",
        "OPTIONS /me\nOrigin: https://app.example\nAccess-Control-Request-Headers: authorization\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: *",
        "Name Authorization in Access-Control-Allow-Headers.",
        step="preflight:7.6",
        shows_as=("CORS406", "CORS407"),
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS614",
        "the method is not on the server's list",
        "The server does not list this method. Many CORS layers allow GET, HEAD and POST only until they are told more.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: GET, POST",
        "Add the method to the server's allowed methods.",
        step="preflight:7.5",
        shows_as=("CORS405", "CORS401"),
        mdn="CORSMethodNotFound",
    ),
    record(
        "CORS615",
        "the origin is not on the server's list",
        "The server has CORS, but this origin is not on its list. A forgotten stage, a preview host, or a variable "
        "that is not set in this environment.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nVary: Origin",
        "Add the page's origin to the server's list, exactly as the browser sends it.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS306", "CORS401"),
    ),
    record(
        "CORS616",
        "the configured origin is not written as an origin",
        "The server's configuration has this origin, but not as browsers write it. A slash or a path at the end, no "
        "scheme, upper case or quotes: compared byte by byte it never matches.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example/",
        "Write the origin as the browser sends it: scheme, host and port, nothing else.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS305", "CORS306", "CORS401"),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS617",
        "a cache serves the copy made for somebody else",
        "A cache on the way serves an answer that was made for another page, or for none. The answer depends on the "
        'Origin of the request, and without "Vary: Origin" no cache can know.',
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nAge: 120\nX-Cache: HIT",
        'Send "Vary: Origin" on every answer, those without an Origin too, and purge the cache; in a CDN add Origin to '
        "the cache key.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS306"),
        help_=CACHES,
    ),
    record(
        "CORS619",
        "a firewall answers instead of the server",
        "A firewall, bot check or access proxy stands in front and answers itself. A preflight can solve no challenge "
        "and carries no cookie, so it never gets through.",
        f"{_PUT}403 Forbidden\nServer: cloudflare\ncf-mitigated: challenge",
        "Let OPTIONS requests bypass it to the server (Cloudflare Access: bypass OPTIONS to origin).",
        step="preflight:8",
        shows_as=("CORS301", "CORS401", "CORS402"),
    ),
    record(
        "CORS621",
        "there are no CORS headers at this URL",
        "Neither the preflight nor the request is answered with any CORS header. CORS is not configured for this URL, or "
        "what is configured stays silent for this origin; only pages of the same origin can read it.",
        f"{_GET}200 OK\nContent-Type: application/json",
        "Configure CORS for this URL, with the page's origin.",
        step="cors-check:2",
        shows_as=("CORS301",),
        mdn="CORSMissingAllowOrigin",
    ),
    record(
        "CORS622",
        "only the preflight has the CORS headers",
        "The preflight is answered well, the request itself without CORS headers. Both answers need them; an OPTIONS "
        "route alone is half of it.",
        f"{_PUT}204 No Content\n{_ALLOW}\n\nPUT /data\nOrigin: https://app.example\n\n200 OK",
        "Add Access-Control-Allow-Origin to the answers of the request itself, not to OPTIONS alone.",
        step="cors-check:2",
        shows_as=("CORS301",),
        mdn="CORSMissingAllowOrigin",
    ),
    record(
        "CORS624",
        "the method is written in lower case",
        "The page sends the method in a case that the server does not list. fetch() upper-cases get, post, put and a "
        "few more, but never patch, and methods are compared with their case.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: patch\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Methods: PATCH",
        "Write the method in upper case in the page's code: method: 'PATCH'.",
        step="preflight:7.5",
        shows_as=("CORS405",),
        mdn="CORSMethodNotFound",
    ),
    record(
        "CORS625",
        "the allowed origin is nearly this one",
        "The server allows an origin that differs from the page's in one part. Scheme, host and port all have to be "
        "the same: http is not https, www is another host, localhost is not 127.0.0.1.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: http://app.example",
        "Add the page's origin to the server's list, beside the one that is there.",
        step="cors-check:4",
        shows_as=("CORS306",),
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    record(
        "CORS626",
        "a redirect has made the origin null",
        "After a redirect from one foreign origin to another the browser sends Origin: null. The last server never "
        "learns which page asks, so no list of origins can match.",
        "GET https://a.example/ -> 302 Location: https://b.example/\nGET https://b.example/\nOrigin: null\n\n200 OK\n"
        f"{_ALLOW}",
        "Ask the last URL directly.",
        step="redirect:22",
        shows_as=("CORS306",),
    ),
    record(
        "CORS627",
        "a redirect leads elsewhere",
        "The answer is a redirect to another URL, and there the page is not allowed, or the redirect itself has no CORS "
        "headers. A preflight may not be redirected at all.",
        f"{_GET}302 Found\nLocation: https://b.example/data",
        "Ask the URL that it redirects to, or let every answer on the way have the CORS headers.",
        step="redirect:22",
        shows_as=("CORS301", "CORS306", "CORS402", "CORS305", "CORS302", "CORS401"),
    ),
    record(
        "CORS629",
        "the server fails on the preflight",
        "The server answers OPTIONS with an error of its own. Something in it does not expect a request without a body, "
        "a login or a session.",
        f"{_PUT}500 Internal Server Error",
        "Look at the server's log for this OPTIONS request; let the CORS layer answer before that code runs.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS630",
        "the preflight is forbidden",
        "The preflight was rejected with 403 and no CORS headers. An access rule, a firewall, or a CORS layer that refuses "
        "the origin without a header look the same from here.",
        f"{_PUT}403 Forbidden",
        "Look for this OPTIONS request in the server's log, or ask from an origin that is certainly allowed: if that passes, add "
        "this origin to the list; otherwise let the access rule admit OPTIONS.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS631",
        "there is nothing at this URL",
        "The server says 404 to the request itself, not to its preflight alone. The path is probably wrong, and errors "
        "have no CORS headers.",
        f"{_PUT}404 Not Found\n\nGET /data\n\n404 Not Found",
        "Check the path, its prefix (/api, /v1) and the host.",
        step="preflight:8",
        shows_as=("CORS301", "CORS401"),
    ),
    record(
        "CORS632",
        "pages without an origin are not allowed",
        "The page has an opaque origin and sends Origin: null. So do files opened from disk, sandboxed frames and data: "
        "URLs; a server that allows null allows all of them, everyone's.",
        "GET /data\nOrigin: null\n\n200 OK\nVary: Origin",
        "Serve the page over http from an origin of its own (in development with any local web server), and allow that.",
        step="cors-check:4",
        shows_as=("CORS301", "CORS305", "CORS306"),
    ),
    record(
        "CORS633",
        "the redirect leads from https to http",
        "The server redirects an https URL to http on the same host, usually while it adds or removes a slash. The "
        "application behind a proxy that ends TLS takes its own scheme for http. Browsers block the second request as "
        "mixed content.",
        "GET /items\nOrigin: https://app.example\n\n307 Temporary Redirect\nLocation: http://api.example/items/",
        "Let the application know its scheme: the proxy sends X-Forwarded-Proto, and the server trusts it (uvicorn "
        "--proxy-headers --forwarded-allow-ips, Django SECURE_PROXY_SSL_HEADER). Or ask the URL in the form that needs no "
        "redirect.",
        step="redirect:22",
        shows_as=("CORS202", "CORS402", "CORS301"),
    ),
    record(
        "CORS634",
        "a response header is sent with the request",
        "The page sends a header that only a response can have, or an option of fetch(), as a request header. It has no "
        "effect, but it makes the browser ask for permission first.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Headers: access-control-allow-origin",
        "Remove it from the page's code. CORS headers are set on the server.",
        step="preflight:7.7",
        shows_as=("CORS407", "CORS401", "CORS301"),
    ),
    record(
        "CORS635",
        "the name of a CORS header is misspelled",
        "The server sends a header whose name is nearly that of a CORS header. Browsers know the exact names only and ignore "
        "this one.",
        f"{_GET}200 OK\nAccess-Control-Allow-Orgin: *",
        "Correct the name on the server.",
        step="cors-check:2",
        shows_as=("CORS301", "CORS405", "CORS407", "CORS307"),
    ),
    record(
        "CORS636",
        "the 304 lacks the CORS headers",
        "A 304 Not Modified is answered without the CORS headers: the check of If-None-Match or If-Modified-Since runs "
        "outside the CORS layer. If script sets these headers itself, it gets the 304 and is blocked. If the browser "
        "revalidates its own copy, what counts depends on the headers of the stored response, so that some loads fail and "
        "others do not.",
        f'{_GET}304 Not Modified\nETag: "a"',
        "Put the CORS layer outside whatever answers conditional requests, so that a 304 has the same CORS headers as the 200.",
        step="cors-check:2",
        shows_as=("CORS301",),
        help_=CACHES,
    ),
)
