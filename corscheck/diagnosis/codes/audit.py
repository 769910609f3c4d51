"""Records of the audit's findings: origins that are allowed but should not be. Severities assume credentials."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import CACHES, Record, record

_APP = "https://app.example"
_EXACT = (
    "Compare the whole Origin with a list of exact origins (scheme, host, port), and answer with the one that is equal."
)
_ANCHOR = "Compare with exact origins; if it has to be a pattern, anchor it with ^ and $ and escape every dot."


def _exchange(origin: str, *, credentials: bool = True, lines: str = "", request: str = "GET /me") -> str:
    allowed = f"Access-Control-Allow-Origin: {origin}"
    true = "\nAccess-Control-Allow-Credentials: true" if credentials else ""
    return f"{request}\nOrigin: {origin}\nCookie: session=...\n\n200 OK\n{allowed}{true}{lines}"


AUDIT: tuple[Record, ...] = (
    record(
        "CORS801",
        "every origin is let in",
        "The server answers whatever Origin is sent to it with that same Origin, and allows credentials. A page of an "
        "attacker's that a logged-in user opens reads what the user can read. It is often the work of a setting that was "
        "meant to say * (which browsers refuse with credentials).",
        _exchange("https://evil.example"),
        _EXACT,
    ),
    record(
        "CORS802",
        "the null origin is let in",
        "Pages in a sandboxed frame, from a data: URL or from a file have the origin null, and anybody can make one. It is "
        "not the origin of a local or of a trusted page.",
        _exchange("null"),
        "Take null off the list.",
    ),
    record(
        "CORS803",
        "what follows the allowed host is not looked at",
        "An allowed origin counts also as the beginning of a longer host name. Whoever registers a domain can put it in "
        "front: a comparison by startswith, a pattern without an end.",
        _exchange(f"{_APP}.evil.example"),
        _ANCHOR,
    ),
    record(
        "CORS804",
        "what comes before the allowed domain is not looked at",
        "A host counts because it ends like an allowed domain, without a dot in between. Such a domain can be registered: "
        "a comparison by endswith, a pattern without a beginning.",
        _exchange("https://evilapp.example"),
        "Compare with exact origins. If subdomains are meant, compare with the domain after a dot.",
    ),
    record(
        "CORS805",
        "the allowed host may stand anywhere in the name",
        "An origin counts as soon as an allowed host is somewhere in it. Nothing before or behind it is looked at: a "
        "comparison by in, contains or indexOf, a pattern searched for instead of matched.",
        _exchange("https://evil-app.example.evil.example"),
        _EXACT,
    ),
    record(
        "CORS806",
        "an unescaped dot matches any character",
        "The allowed origins are a pattern in which a dot stands for any character. The domain with another character in "
        "its place can be registered.",
        _exchange("https://apixexample.com"),
        "Write each dot of the pattern as \\., or compare with exact origins.",
    ),
    record(
        "CORS807",
        "a part of an allowed origin is enough",
        "An origin counts because it is contained in an allowed one, or in the text of the whole list. Cut short it can be "
        "a domain of somebody else's: in was asked the wrong way round, or of a string instead of a list.",
        _exchange("https://app.exampl"),
        "Compare with the items of a list, not with one long text.",
    ),
    record(
        "CORS808",
        "the allowed host may go on without a dot",
        "The host name may go on right behind an allowed one, or behind a hyphen. A pattern ends too early, or in \\b, for "
        "which a hyphen is the end of a word.",
        _exchange("https://app.example-evil.example"),
        _ANCHOR,
    ),
    record(
        "CORS809",
        "a special character ends the comparison",
        "A character that browsers allow in host names is taken for the end of the host. Browsers and DNS have no trouble "
        "with such a name; the code that compares has.",
        _exchange("https://app.example_.evil.example"),
        "Take the host from a URL parser and compare the whole of it.",
    ),
    record(
        "CORS810",
        "every domain under the same public suffix is let in",
        "The rule ends at a public suffix, under which anybody registers a domain. It lets in as many attackers as one that "
        "lets in everybody.",
        _exchange("https://evil.com"),
        _EXACT,
    ),
    record(
        "CORS811",
        "everybody's pages at a shared host are let in",
        "Any name below a hosting service is let in, and anybody can have one for free. Only the project's own name is meant.",
        _exchange("https://evil.github.io"),
        "List the exact host of the project, without a wildcard.",
    ),
    record(
        "CORS812",
        "every subdomain is let in",
        "Any name below the domain is let in. One forgotten name that can be taken over, or one page with XSS on any of "
        "them, reads what this one answers.",
        _exchange("https://anything.app.example"),
        "List the subdomains that need it. If all are meant, say so: --allowed-origin 'https://*.example.com'.",
        severity="medium",
    ),
    record(
        "CORS813",
        "subdomains of any depth are let in",
        "Names with several labels below the domain are let in. They are often delegated to somebody else.",
        _exchange("https://a.b.app.example"),
        "List the subdomains that need it, or allow one label only.",
        severity="low",
    ),
    record(
        "CORS814",
        "the same host over plain http is let in",
        "A page that came without encryption may read what an encrypted one protects. Whoever sits on the victim's line can "
        "answer for that page.",
        _exchange("http://app.example"),
        "Allow the https origin only.",
        severity="medium",
    ),
    record(
        "CORS815",
        "any port of the allowed host is let in",
        "The port is not compared. Whatever else listens on that host is another origin, and may be somebody else's.",
        _exchange("https://app.example:8443"),
        _EXACT,
        severity="low",
    ),
    record(
        "CORS816",
        "pages on the visitor's own machine are let in",
        "Origins of localhost are let in. They were meant for development; on a visitor's machine other programs serve pages "
        "there.",
        _exchange("http://localhost:3000"),
        "Keep development origins out of the production configuration.",
        severity="medium",
    ),
    record(
        "CORS817",
        "a name that begins with localhost is let in",
        "A host counts because it begins with localhost. Such a name can be registered below any domain.",
        _exchange("http://localhost.evil.example"),
        _EXACT,
    ),
    record(
        "CORS818",
        "pages at private addresses are let in",
        "Origins in private address space are let in. At each visitor's place something else lives there.",
        _exchange("http://192.168.0.10"),
        "Take the address off the list.",
        severity="low",
    ),
    record(
        "CORS819",
        "origins of app shells or extensions are let in",
        "Many apps share the origin that their shell gives them, and extensions have one of their own. It says little about "
        "who asks.",
        _exchange("capacitor://localhost"),
        "Allow it only where the app cannot send its token in a header.",
        severity="low",
    ),
    record(
        "CORS820",
        "an origin that no browser sends is let in",
        "The server takes for an allowed origin what is none: in upper case, with a slash, with a path. No browser sends "
        "it, so nobody can use it; it shows that the origin is not compared as a whole.",
        "GET /me\nOrigin: https://APP.EXAMPLE\n\n200 OK\nAccess-Control-Allow-Origin: https://APP.EXAMPLE",
        _EXACT,
        step="cors-check:4",
        severity="info",
    ),
    record(
        "CORS821",
        "everybody may read inside a private network",
        "The name leads into a private network, and the answers are open to every page. Any page that somebody inside the "
        "network opens reads them, and passes them on to the outside.",
        "GET /status\nOrigin: https://evil.example\n\n200 OK\nAccess-Control-Allow-Origin: *",
        "Name the origins that need it; * is for what the whole Internet may read.",
        step="cors-check:3",
        severity="medium",
    ),
    record(
        "CORS822",
        "a cache may give one page's answer to another",
        "The answer depends on the Origin, a shared cache may keep it, and Vary does not say so. Whoever asks first decides "
        "what the others get: an allowed page can be locked out.",
        _exchange(_APP, lines="\nCache-Control: public, max-age=600"),
        'Add "Vary: Origin" to every answer of this URL, those without an Origin too.',
        severity="medium",
        help_=CACHES,
    ),
    record(
        "CORS823",
        "another method has another policy",
        "What a GET is denied another method gets. The two were configured in different places.",
        _exchange("https://evil.example", request="PUT /me"),
        "Use one policy for all methods of the URL.",
    ),
    record(
        "CORS824",
        "strangers pass the preflight",
        "A preflight from an origin that is not meant to be let in is answered with a yes. The browser then sends the "
        "request; whether its answer can be read was not asked.",
        "OPTIONS /me\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT\n\n204 No Content\n"
        "Access-Control-Allow-Origin: https://evil.example\nAccess-Control-Allow-Methods: PUT",
        "Let the preflight compare the Origin as the request does.",
        step="preflight:7",
        severity="info",
    ),
    record(
        "CORS825",
        "errors are answered with a wider policy",
        "Error pages, or answers to requests without a login, can be read by pages that cannot read the rest. Something else "
        "makes these answers, with a policy of its own.",
        _exchange("https://evil.example", request="GET /nothing"),
        "Use one policy for errors too.",
        severity="low",
    ),
    record(
        "CORS826",
        "only requests with credentials show the fault",
        "Without a cookie the answer is harmless, with one it names the asking origin. Litestar and older Starlettes do so with * "
        "and allow_credentials.",
        _exchange("https://evil.example"),
        "Test with credentials, and list exact origins.",
        severity="info",
    ),
    record(
        "CORS827",
        "a redirect lets strangers through",
        "A redirect on the way can be passed by every page, though where it leads cannot. Its Location may hold something "
        "worth knowing.",
        _exchange("https://evil.example", lines="\nLocation: /me/"),
        "Use one policy for redirects too.",
        severity="low",
    ),
    record(
        "CORS828",
        "strangers may write as well",
        "The pages that can read may also send methods that change data. What was a leak is also a way to act in the "
        "visitor's name.",
        "OPTIONS /me\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT\n\n204 No Content\n"
        "Access-Control-Allow-Origin: https://evil.example\nAccess-Control-Allow-Methods: PUT",
        "Allow the methods that the page needs.",
        step="preflight:7.5",
        severity="info",
    ),
    record(
        "CORS829",
        "every header is allowed because it was asked for",
        "The preflight's answer repeats the headers that were asked for. A list would say what is meant; for an origin that "
        "is trusted it does no harm.",
        "OPTIONS /me\nAccess-Control-Request-Headers: x-anything\n\n204 No Content\nAccess-Control-Allow-Headers: x-anything",
        "List the headers that the page needs.",
        step="preflight:7.6",
        severity="info",
    ),
    record(
        "CORS830",
        "more headers are exposed than can be meant",
        "A header is exposed that no script gets to see, or all of them by *, which is only a name once there are "
        "credentials. It has no effect, or not the one that was meant.",
        _exchange(_APP, lines="\nAccess-Control-Expose-Headers: set-cookie"),
        "List the headers that the page reads.",
        step="main-fetch:14.1",
        severity="info",
    ),
    record(
        "CORS831",
        "the preflight's max-age is above what browsers keep",
        "Browsers keep an answer to a preflight for two hours (Chromium) or a day (Firefox) at most. A larger number only "
        "hides that.",
        "OPTIONS /me\n\n204 No Content\nAccess-Control-Max-Age: 31536000",
        "Set it to 7200 or less.",
        step="preflight:7.9",
        severity="info",
    ),
    record(
        "CORS832",
        "cross-site WebSocket hijacking",
        "The WebSocket handshake is accepted from a foreign page. CORS does not apply to WebSockets: the browser sends the "
        "visitor's cookies along and lets the page talk, and only the server can refuse by looking at Origin.",
        "GET /socket\nUpgrade: websocket\nOrigin: https://evil.example\nCookie: session=...\n\n101 Switching Protocols",
        "Refuse the handshake (403) unless its Origin is on a list of exact origins.",
        help_="https://developer.mozilla.org/en-US/docs/Web/API/WebSocket",
    ),
)
