"""Records of the root causes: what is wrong on the server, whichever step of the standard fails because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.codes.code import CACHES, MDN_ERRORS, Record
from corscheck.protocol.steps import ANCHORS

if TYPE_CHECKING:
    from corscheck.protocol.request import ExchangeKind

_CHECK = ANCHORS["cors-check"]
_PREFLIGHT = ANCHORS["preflight"]
_REDIRECT = ANCHORS["redirect"]
_PUT = "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: PUT\n\n"
_GET = "GET /data\nOrigin: https://app.example\n\n"
_ALLOW = "Access-Control-Allow-Origin: https://app.example"

_ON_PREFLIGHTS = ("CORS601", "CORS602", "CORS612", "CORS613", "CORS614", "CORS624", "CORS629", "CORS630", "CORS631")
_ON_REQUESTS = ("CORS603", "CORS617", "CORS622")


def _cause(
    code: str,
    title: str,
    step: str,
    shows_as: tuple[str, ...],
    explanation: str,
    example: str,
    advice: str,
    help_: str,
) -> Record:
    meaning = explanation.partition(". ")[0].rstrip(".") + "."
    phase: ExchangeKind | None = "preflight" if code in _ON_PREFLIGHTS else "actual" if code in _ON_REQUESTS else None
    return Record(code, "cause", title, "high", step, meaning, explanation, example, advice, help_, shows_as, phase)


CAUSES: tuple[Record, ...] = (
    _cause(
        "CORS601",
        "authentication runs before CORS",
        "preflight:8",
        ("CORS301", "CORS401"),
        "The preflight is asked for a login, and a browser never sends one with it. Preflights carry neither cookies "
        "nor tokens, so whatever checks them before the CORS layer refuses every page.",
        f"{_PUT}401 Unauthorized\nWWW-Authenticate: Bearer",
        "Put the CORS layer outside authentication, or exempt OPTIONS with Access-Control-Request-Method from it.",
        _PREFLIGHT,
    ),
    _cause(
        "CORS602",
        "OPTIONS is not routed",
        "preflight:8",
        ("CORS301", "CORS401"),
        "Nobody answers OPTIONS at this URL. The router knows the other methods only, and no CORS layer in front of it "
        "catches the preflight.",
        f"{_PUT}405 Method Not Allowed\nAllow: GET, PUT",
        "Add the framework's CORS layer, so that it answers OPTIONS before the router does.",
        _PREFLIGHT,
    ),
    _cause(
        "CORS603",
        "error responses lack the CORS headers",
        "cors-check:2",
        ("CORS301",),
        "CORS is configured, but this error answer bypasses it. The page sees a CORS error instead of the status, "
        "which hides the real fault.",
        f"{_GET}500 Internal Server Error",
        "Let the CORS layer wrap the error handling too (nginx: add_header ... always), and mend the error itself.",
        _CHECK,
    ),
    _cause(
        "CORS604",
        "a gateway answers instead of the application",
        "cors-check:2",
        ("CORS301", "CORS401"),
        "A proxy or gateway answers with an error of its own, and it knows nothing of CORS. The page sees a CORS error, "
        "but the application is down, slow or refuses the size or rate.",
        f"{_GET}502 Bad Gateway\nServer: nginx",
        "Look at why the gateway fails; let it add the CORS headers to its own error answers.",
        _CHECK,
    ),
    _cause(
        "CORS605",
        "the URL is redirected because of its slash",
        "preflight:8",
        ("CORS402", "CORS301"),
        "The server redirects to the same path with (or without) its slash at the end. A preflight may not be "
        "redirected, and the redirect often has no CORS headers.",
        f"{_PUT}307 Temporary Redirect\nLocation: https://api.example/data/",
        "Ask the URL in the form that the server wants, or switch the redirect off.",
        MDN_ERRORS + "CORSExternalRedirectNotAllowed",
    ),
    _cause(
        "CORS606",
        "the URL is redirected to https",
        "preflight:8",
        ("CORS402", "CORS301", "CORS306"),
        "The server redirects http to https. A preflight may not be redirected, and the redirect often has no CORS "
        "headers.",
        f"{_PUT}301 Moved Permanently\nLocation: https://api.example/data",
        "Ask the https URL.",
        MDN_ERRORS + "CORSExternalRedirectNotAllowed",
    ),
    _cause(
        "CORS607",
        "the request is redirected to a login page",
        "redirect:22",
        ("CORS301", "CORS306", "CORS402", "CORS302", "CORS305"),
        "The server sends whoever is not logged in to a login page, which is for people. Script can do nothing with it, "
        "and the login page allows no other origin to read it.",
        f"{_GET}302 Found\nLocation: https://login.example/authorize?...",
        "Answer 401 to requests of script instead of redirecting, with the CORS headers on it.",
        _REDIRECT,
    ),
    _cause(
        "CORS608",
        "two layers add Access-Control-Allow-Origin",
        "cors-check:4",
        ("CORS303", "CORS304"),
        "The header arrives twice: application and proxy both add it. Two are as bad as none.",
        f"{_GET}200 OK\n{_ALLOW}\nAccess-Control-Allow-Origin: *",
        "Let one layer own CORS: switch it off in the other, or hide the upstream's header in the proxy.",
        MDN_ERRORS + "CORSMultipleAllowOriginNotAllowed",
    ),
    _cause(
        "CORS609",
        "a list or a pattern is sent as the origin",
        "cors-check:4",
        ("CORS304", "CORS305", "CORS306"),
        "The server sends its configuration instead of the one origin that asked. Lists and patterns such as "
        "https://*.example are for the server to match, a browser compares byte by byte.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example, https://b.example",
        'Match the request\'s Origin against the list, answer with that one alone, and add "Vary: Origin".',
        MDN_ERRORS + "CORSAllowOriginNotMatchingOrigin",
    ),
    _cause(
        "CORS610",
        "* is answered to a request with credentials",
        "cors-check:4",
        ("CORS302",),
        'The server answers "*" to everyone; credentials need the exact origin. Cookies and logins are never for '
        "anyone at all.",
        "GET /data\nOrigin: https://app.example\nCookie: session=...\n\n200 OK\nAccess-Control-Allow-Origin: *",
        'Answer with the exact origin and "Access-Control-Allow-Credentials: true", and add "Vary: Origin".',
        MDN_ERRORS + "CORSNotSupportingCredentials",
    ),
    _cause(
        "CORS611",
        "Access-Control-Allow-Credentials is missing or misspelled",
        "cors-check:8",
        ("CORS307",),
        "The server allows the page, but not its credentials. The header must say true, in lower case, on the "
        "preflight and on the answer itself.",
        f"GET /data\nOrigin: https://app.example\nCookie: session=...\n\n200 OK\n{_ALLOW}\n"
        "Access-Control-Allow-Credentials: True",
        'Send exactly "Access-Control-Allow-Credentials: true" on both answers.',
        MDN_ERRORS + "CORSMissingAllowCredentials",
    ),
    _cause(
        "CORS612",
        "a request header is not on the server's list",
        "preflight:7.7",
        ("CORS407", "CORS401"),
        "The request carries a header that the server does not list. Some servers refuse the preflight with a 400 for "
        "it, and the browser's text then speaks of the status alone.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Headers: x-tenant\n\n400 Bad Request\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: content-type",
        "Add the header to the server's allowed headers.",
        MDN_ERRORS + "CORSMissingAllowHeaderFromPreflight",
    ),
    _cause(
        "CORS613",
        "Authorization is left to *",
        "preflight:7.6",
        ("CORS406", "CORS407"),
        "The server lists * only, and that does not cover Authorization. Without credentials today's browsers let it "
        "pass, the standard does not; with credentials nobody does.",
        "OPTIONS /me\nOrigin: https://app.example\nAccess-Control-Request-Headers: authorization\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Headers: *",
        "Name Authorization in Access-Control-Allow-Headers.",
        MDN_ERRORS + "CORSMissingAllowHeaderFromPreflight",
    ),
    _cause(
        "CORS614",
        "the method is not on the server's list",
        "preflight:7.5",
        ("CORS405", "CORS401"),
        "The server does not list this method. Many CORS layers allow GET, HEAD and POST only until they are told more.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: GET, POST",
        "Add the method to the server's allowed methods.",
        MDN_ERRORS + "CORSMethodNotFound",
    ),
    _cause(
        "CORS615",
        "the origin is not on the server's list",
        "cors-check:2",
        ("CORS301", "CORS306", "CORS401"),
        "The server has CORS, but this origin is not on its list. A forgotten stage, a preview host, or a variable "
        "that is not set in this environment.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nVary: Origin",
        "Add the page's origin to the server's list, exactly as the browser sends it.",
        _CHECK,
    ),
    _cause(
        "CORS616",
        "the configured origin is not written as an origin",
        "cors-check:4",
        ("CORS301", "CORS305", "CORS306", "CORS401"),
        "The server's configuration has this origin, but not as browsers write it. A slash or a path at the end, no "
        "scheme, upper case or quotes: compared byte by byte it never matches.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://app.example/",
        "Write the origin as the browser sends it: scheme, host and port, nothing else.",
        MDN_ERRORS + "CORSAllowOriginNotMatchingOrigin",
    ),
    _cause(
        "CORS617",
        "a cache serves the copy made for somebody else",
        "cors-check:4",
        ("CORS301", "CORS306"),
        "A cache on the way serves an answer that was made for another page, or for none. The answer depends on the "
        'Origin of the request, and without "Vary: Origin" no cache can know.',
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: https://other.example\nAge: 120\nX-Cache: HIT",
        'Send "Vary: Origin" on every answer, those without an Origin too, and purge the cache; in a CDN add Origin to '
        "the cache key.",
        CACHES,
    ),
    _cause(
        "CORS619",
        "a firewall answers instead of the server",
        "preflight:8",
        ("CORS301", "CORS401", "CORS402"),
        "A firewall, bot check or access proxy stands in front and answers itself. A preflight can solve no challenge "
        "and carries no cookie, so it never gets through.",
        f"{_PUT}403 Forbidden\nServer: cloudflare\ncf-mitigated: challenge",
        "Let OPTIONS requests bypass it to the server (Cloudflare Access: bypass OPTIONS to origin).",
        _PREFLIGHT,
    ),
    _cause(
        "CORS621",
        "there are no CORS headers at this URL",
        "cors-check:2",
        ("CORS301",),
        "Neither the preflight nor the request is answered with any CORS header. CORS is not configured for this URL, or "
        "what is configured stays silent for this origin; only pages of the same origin can read it.",
        f"{_GET}200 OK\nContent-Type: application/json",
        "Configure CORS for this URL, with the page's origin.",
        MDN_ERRORS + "CORSMissingAllowOrigin",
    ),
    _cause(
        "CORS622",
        "only the preflight has the CORS headers",
        "cors-check:2",
        ("CORS301",),
        "The preflight is answered well, the request itself without CORS headers. Both answers need them; an OPTIONS "
        "route alone is half of it.",
        f"{_PUT}204 No Content\n{_ALLOW}\n\nPUT /data\nOrigin: https://app.example\n\n200 OK",
        "Add Access-Control-Allow-Origin to the answers of the request itself, not to OPTIONS alone.",
        MDN_ERRORS + "CORSMissingAllowOrigin",
    ),
    _cause(
        "CORS624",
        "the method is written in lower case",
        "preflight:7.5",
        ("CORS405",),
        "The page sends the method in a case that the server does not list. fetch() upper-cases get, post, put and a "
        "few more, but never patch, and methods are compared with their case.",
        "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: patch\n\n204 No Content\n"
        f"{_ALLOW}\nAccess-Control-Allow-Methods: PATCH",
        "Write the method in upper case in the page's code: method: 'PATCH'.",
        MDN_ERRORS + "CORSMethodNotFound",
    ),
    _cause(
        "CORS625",
        "the allowed origin is nearly this one",
        "cors-check:4",
        ("CORS306",),
        "The server allows an origin that differs from the page's in one part. Scheme, host and port all have to be "
        "the same: http is not https, www is another host, localhost is not 127.0.0.1.",
        f"{_GET}200 OK\nAccess-Control-Allow-Origin: http://app.example",
        "Add the page's origin to the server's list, beside the one that is there.",
        MDN_ERRORS + "CORSAllowOriginNotMatchingOrigin",
    ),
    _cause(
        "CORS626",
        "a redirect has made the origin null",
        "redirect:22",
        ("CORS306",),
        "After a redirect from one foreign origin to another the browser sends Origin: null. The last server never "
        "learns which page asks, so no list of origins can match.",
        "GET https://a.example/ -> 302 Location: https://b.example/\nGET https://b.example/\nOrigin: null\n\n200 OK\n"
        f"{_ALLOW}",
        "Ask the last URL directly.",
        _REDIRECT,
    ),
    _cause(
        "CORS627",
        "a redirect leads elsewhere",
        "redirect:22",
        ("CORS301", "CORS306", "CORS402", "CORS305", "CORS302", "CORS401"),
        "The answer is a redirect to another URL, and there the page is not allowed, or the redirect itself has no CORS "
        "headers. A preflight may not be redirected at all.",
        f"{_GET}302 Found\nLocation: https://b.example/data",
        "Ask the URL that it redirects to, or let every answer on the way have the CORS headers.",
        _REDIRECT,
    ),
    _cause(
        "CORS629",
        "the server fails on the preflight",
        "preflight:8",
        ("CORS301", "CORS401"),
        "The server answers OPTIONS with an error of its own. Something in it does not expect a request without a body, "
        "a login or a session.",
        f"{_PUT}500 Internal Server Error",
        "Look at the server's log for this OPTIONS request; let the CORS layer answer before that code runs.",
        _PREFLIGHT,
    ),
    _cause(
        "CORS630",
        "the preflight is forbidden",
        "preflight:8",
        ("CORS301", "CORS401"),
        "Something answers OPTIONS with a 403 and does not say why. An access rule, a firewall or a CORS layer that "
        "refuses the origin without a header look the same from here.",
        f"{_PUT}403 Forbidden",
        "Find out who answers (the headers of -v help) and let OPTIONS through, or add the origin there.",
        _PREFLIGHT,
    ),
    _cause(
        "CORS631",
        "there is nothing at this URL",
        "preflight:8",
        ("CORS301", "CORS401"),
        "The server says 404 to the request itself, not to its preflight alone. The path is probably wrong, and errors "
        "have no CORS headers.",
        f"{_PUT}404 Not Found\n\nGET /data\n\n404 Not Found",
        "Check the path, its prefix (/api, /v1) and the host.",
        _PREFLIGHT,
    ),
    _cause(
        "CORS632",
        "pages without an origin are not allowed",
        "cors-check:4",
        ("CORS301", "CORS305", "CORS306"),
        "The page has an opaque origin and sends Origin: null. So do files opened from disk, sandboxed frames and data: "
        "URLs; a server that allows null allows all of them, everyone's.",
        "GET /data\nOrigin: null\n\n200 OK\nVary: Origin",
        "Serve the page over http from an origin of its own (in development with any local web server), and allow that.",
        _CHECK,
    ),
)
