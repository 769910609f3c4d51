"""Records of the audit's findings: origins that are allowed but should not be. Severities assume credentials."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import CACHES, Record, record

_APP = "https://app.example"
_EXACT = (
    "Compare the whole Origin with a list of exact origins (scheme, host, port), and send back the one that matches."
)
_ANCHOR = "Compare with exact origins. If you need a pattern, anchor it with ^ and $ and escape every dot."


def _exchange(origin: str, *, credentials: bool = True, lines: str = "", request: str = "GET /me") -> str:
    allowed = f"Access-Control-Allow-Origin: {origin}"
    true = "\nAccess-Control-Allow-Credentials: true" if credentials else ""
    return f"{request}\nOrigin: {origin}\nCookie: session=...\n\n200 OK\n{allowed}{true}{lines}"


AUDIT: tuple[Record, ...] = (
    record(
        "CORS801",
        "reflected origin",
        "The server sends back any Origin it receives, and allows credentials. If a logged-in user opens an "
        "attacker's page, that page can read what the user can read. The cause is often a setting that was meant as "
        "*, which browsers reject with credentials.",
        _exchange("https://evil.example"),
        _EXACT,
    ),
    record(
        "CORS802",
        "null origin",
        "The server allows the origin null. Pages in a sandboxed frame, from a data: URL or from a file have this "
        "origin, and anyone can make one. It does not identify a local or trusted page.",
        _exchange("null"),
        "Remove null from the list.",
    ),
    record(
        "CORS803",
        "prefix match",
        "A longer host name that begins with an allowed origin is allowed too. Anyone can register a domain and put the "
        "allowed name in front of it. Typical causes are startswith and a pattern without $.",
        _exchange(f"{_APP}.evil.example"),
        _ANCHOR,
    ),
    record(
        "CORS804",
        "suffix match",
        "Any host name that ends with an allowed domain is allowed, even without a dot before it. Anyone can "
        "register such a domain. Typical causes are endswith and a pattern without ^.",
        _exchange("https://evilapp.example"),
        "Compare with exact origins. If subdomains should be allowed, require a dot before the domain.",
    ),
    record(
        "CORS805",
        "substring match",
        "An origin is allowed if it contains an allowed host anywhere. Typical causes are in, contains, indexOf and "
        "a regular expression that is searched for instead of matched in full.",
        _exchange("https://evil-app.example.evil.example"),
        _EXACT,
    ),
    record(
        "CORS806",
        "unescaped dot",
        "The allowed origins are a pattern in which a dot matches any character. Anyone can register a domain with "
        "another character in its place. A glob such as *.example.com that is used as a regular expression has the "
        "same fault.",
        _exchange("https://apixexample.com"),
        "Write each dot of the pattern as \\., or compare with exact origins.",
    ),
    record(
        "CORS807",
        "truncated origin",
        "Part of an allowed origin is allowed too. The truncated name can be a domain that belongs to somebody else. "
        "Typical causes are swapped operands of in or startswith, and in applied to a string instead of a list.",
        _exchange("https://app.exampl"),
        "Compare with the items of a list, not with one long string.",
    ),
    record(
        "CORS808",
        "prefix match up to a hyphen",
        "The host name may continue with a hyphen after an allowed one. The pattern ends too early, or ends in \\b, "
        "which treats a hyphen as the end of a word.",
        _exchange("https://app.example-evil.example"),
        _ANCHOR,
    ),
    record(
        "CORS809",
        "special character",
        "A character that browsers allow in host names is treated as the end of the host. Browsers and DNS accept "
        "such a name, but the code that compares origins cuts it off there.",
        _exchange("https://app.example_.evil.example"),
        "Take the host from a URL parser, and compare the whole host.",
    ),
    record(
        "CORS810",
        "public suffix match",
        "Every domain under the same public suffix is allowed, and anyone can register one. This is as bad as reflecting "
        "every origin.",
        _exchange("https://evil.com"),
        _EXACT,
    ),
    record(
        "CORS811",
        "shared hosting",
        "Any customer of a hosting service is allowed, and anyone can become one for free. Only the project's own "
        "host should be allowed.",
        _exchange("https://evil.github.io"),
        "List the exact host of the project, without a wildcard.",
    ),
    record(
        "CORS812",
        "any subdomain",
        "Any name below the domain is allowed. A forgotten subdomain that can be taken over, or a page with XSS on "
        "any of them, can read the response.",
        _exchange("https://anything.app.example"),
        "List the subdomains that need access. If all of them should be allowed, declare it: --allowed-origin "
        "'https://*.example.com'.",
        severity="medium",
    ),
    record(
        "CORS813",
        "any subdomain, at any depth",
        "Names with several labels below the domain are allowed. Such names are often delegated to somebody else.",
        _exchange("https://a.b.app.example"),
        "List the subdomains that need access, or allow one label only.",
        severity="low",
    ),
    record(
        "CORS814",
        "http downgrade",
        "The same host is allowed over plain http. An attacker on the victim's network can serve a page from that "
        "origin and use it to read what https protects.",
        _exchange("http://app.example"),
        "Allow the https origin only.",
        severity="medium",
    ),
    record(
        "CORS815",
        "any port",
        "The port is not compared. Another service on the same host has a different origin and may belong to "
        "somebody else.",
        _exchange("https://app.example:8443"),
        _EXACT,
        severity="low",
    ),
    record(
        "CORS816",
        "localhost",
        "Pages on the visitor's own machine are allowed. This is meant for development, but on a visitor's machine "
        "other programs may serve pages there.",
        _exchange("http://localhost:3000"),
        "Keep development origins out of the production configuration.",
        severity="medium",
    ),
    record(
        "CORS817",
        "prefix match on a local name",
        "Any host name that begins with localhost or with a local address is allowed. Anyone can create such a name "
        "below their own domain.",
        _exchange("http://localhost.evil.example"),
        _EXACT,
    ),
    record(
        "CORS818",
        "private network",
        "Origins in private address space are allowed. A different device has that address in each visitor's network.",
        _exchange("http://192.168.0.10"),
        "Remove the address from the list.",
        severity="medium",
    ),
    record(
        "CORS819",
        "app shell or extension",
        "Origins of app shells or extensions are allowed. Many apps share the origin of their shell, and every "
        "extension has an origin of this kind.",
        _exchange("capacitor://localhost"),
        "Allow it only if the app cannot send its token in a header.",
        severity="low",
    ),
    record(
        "CORS820",
        "unsendable origin",
        "The server allows a value that is not a serialized origin: in upper case, with a slash, or with a path. No "
        "browser sends such a value, so it cannot be exploited. It shows that the server does not compare the whole "
        "origin.",
        "GET /me\nOrigin: https://APP.EXAMPLE\n\n200 OK\nAccess-Control-Allow-Origin: https://APP.EXAMPLE",
        _EXACT,
        step="cors-check:4",
        severity="info",
    ),
    record(
        "CORS821",
        "open inside a private network",
        "The target is on a private network or on this machine, and every page may read it. Any page that somebody "
        "in that network opens can read the response and pass it on, unless the browser asks for permission first.",
        "GET /status\nOrigin: https://evil.example\n\n200 OK\nAccess-Control-Allow-Origin: *",
        "List the origins that need access. Use * only for data that the whole Internet may read.",
        step="cors-check:3",
        severity="medium",
    ),
    record(
        "CORS822",
        "cache poisoning",
        "The response depends on the Origin, a shared cache may store it, and Vary does not contain Origin. The "
        "first request decides what later requests get, so an allowed page can be locked out.",
        _exchange(_APP, lines="\nCache-Control: public, max-age=600"),
        'Add "Vary: Origin" to every response of this URL, including responses to requests without an Origin.',
        severity="medium",
        help_=CACHES,
    ),
    record(
        "CORS823",
        "wider policy for another method",
        "Another method is allowed for origins that are not allowed with GET. The two policies are configured in "
        "different places.",
        _exchange("https://evil.example", request="PUT /me"),
        "Use one policy for all methods of the URL.",
    ),
    record(
        "CORS824",
        "preflight only",
        "The preflight allows an origin that should be rejected. The browser then sends the request, with cookies. "
        "Whether the page can read the response depends on the headers of that response.",
        "OPTIONS /me\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT\n\n204 No Content\n"
        "Access-Control-Allow-Origin: https://evil.example\nAccess-Control-Allow-Methods: PUT",
        "Check the Origin of the preflight as strictly as that of the request.",
        step="preflight:7",
        severity="low",
    ),
    record(
        "CORS825",
        "wider policy for errors",
        "Pages that cannot read the other responses can read error pages, or responses to requests without a login. "
        "Another component sends these responses, with its own policy.",
        _exchange("https://evil.example", request="GET /nothing"),
        "Use the same policy for errors.",
        severity="low",
    ),
    record(
        "CORS826",
        "reflected origin with credentials only",
        "Without a cookie, the response is harmless; with one, it reflects the origin. Litestar and older versions "
        "of Starlette do this for * with allow_credentials.",
        _exchange("https://evil.example"),
        "Test with credentials, and list exact origins.",
        severity="info",
    ),
    record(
        "CORS827",
        "wider policy for a redirect",
        "Any origin passes the CORS check of a redirect, but not that of the response it leads to. Script cannot "
        "read a redirect, so nothing leaks, but the two policies differ.",
        _exchange("https://evil.example", lines="\nLocation: /me/"),
        "Use the same policy for redirects.",
        severity="info",
    ),
    record(
        "CORS828",
        "write access",
        "The pages that can read the response may also use methods that change data. They can act on the visitor's "
        "behalf.",
        "OPTIONS /me\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT\n\n204 No Content\n"
        "Access-Control-Allow-Origin: https://evil.example\nAccess-Control-Allow-Methods: PUT",
        "Allow only the methods that the page needs.",
        step="preflight:7.5",
        severity="info",
    ),
    record(
        "CORS829",
        "reflected request headers",
        "The preflight allows every header that is requested. For a trusted origin this does no harm, but a list "
        "makes the policy explicit.",
        "OPTIONS /me\nAccess-Control-Request-Headers: x-anything\n\n204 No Content\nAccess-Control-Allow-Headers: x-anything",
        "List the headers that the page needs.",
        step="preflight:7.6",
        severity="info",
    ),
    record(
        "CORS830",
        "ineffective exposed header",
        "The server exposes a header that script can never read, or uses *, which is a literal name with "
        "credentials. The setting has no effect, or not the intended one.",
        _exchange(_APP, lines="\nAccess-Control-Expose-Headers: set-cookie"),
        "List the headers that the page reads.",
        step="main-fetch:14.1",
        severity="info",
    ),
    record(
        "CORS831",
        "max-age above the browsers' limit",
        "Browsers cache a preflight for at most two hours (Chromium) or a day (Firefox). A larger value has no effect.",
        "OPTIONS /me\n\n204 No Content\nAccess-Control-Max-Age: 31536000",
        "Set it to 7200 or less.",
        step="preflight:7.9",
        severity="info",
    ),
    record(
        "CORS832",
        "cross-site WebSocket hijacking",
        "The server accepts a WebSocket handshake from a page of another origin. CORS does not apply to WebSockets: "
        "the browser sends the visitor's cookies and lets the page use the connection. Only the server can refuse, "
        "by checking Origin.",
        "GET /socket\nUpgrade: websocket\nOrigin: https://evil.example\nCookie: session=...\n\n101 Switching Protocols",
        "Reject the handshake (403) unless its Origin is on a list of exact origins.",
        help_="https://developer.mozilla.org/en-US/docs/Web/API/WebSocket",
    ),
    record(
        "CORS833",
        "any top-level domain",
        "The allowed name is also allowed under another top-level domain, where anyone can register it. The pattern "
        "leaves the top-level domain open, as in [a-z]{2,3}.",
        _exchange("https://app.example.net"),
        _EXACT,
    ),
    record(
        "CORS834",
        "any IP address",
        "Every IP address is allowed as a host. Anyone can serve a page from an IP address.",
        _exchange("http://203.0.113.7"),
        _EXACT,
    ),
)
