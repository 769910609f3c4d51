"""Records of the remarks: useful to know, but without influence on the verdict."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import CACHES, Record, record

_ALLOW = "Access-Control-Allow-Origin: https://app.example"

REMARKS: tuple[Record, ...] = (
    record(
        "CORS701",
        "Vary: Origin is missing on an answer that caches keep",
        "The answer names this origin and may be cached, but does not say that it depends on the Origin. A cache may "
        "serve it to another page, which is then blocked, or serve a copy without the header to this one. Where the "
        "server always names this one origin, it does no harm.",
        f"GET /data\nOrigin: https://app.example\n\n200 OK\n{_ALLOW}\nCache-Control: public, max-age=600",
        'Add "Vary: Origin" to every answer of this URL, those without an Origin too.',
        step="http:vary",
        severity="low",
    ),
    record(
        "CORS712",
        "a copy without CORS headers may be in the browser's cache",
        "The server sends the CORS headers only when there is an Origin, and does not say so with Vary. An <img>, a stylesheet "
        "or a navigation asks without an Origin; the browser keeps that copy and uses it for the page's request, which then "
        "fails although the server answers well.",
        f'GET /logo.png\n\n200 OK\nETag: "a"\n\nGET /logo.png\nOrigin: https://app.example\n\n200 OK\n{_ALLOW}',
        'Add "Vary: Origin" to every response of this URL, those without an Origin too; or load the image with '
        'crossorigin="anonymous", so that it is asked with an Origin as well.',
        step="http:vary",
        severity="low",
        help_=CACHES,
    ),
    record(
        "CORS702",
        "response headers that script cannot read",
        "The answer has headers that the page cannot read. Beyond a handful of safelisted ones every header has to be "
        "exposed by name.",
        f"GET /data\n\n200 OK\n{_ALLOW}\nX-Total-Count: 3",
        "List them in Access-Control-Expose-Headers if the page needs them.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS703",
        "* exposes nothing to a request with credentials",
        "With credentials * is the name of a header, so it exposes none. Each name has to be listed.",
        f"GET /data\nCookie: session=...\n\n200 OK\n{_ALLOW}\nAccess-Control-Allow-Credentials: true\n"
        "Access-Control-Expose-Headers: *",
        "List the names in Access-Control-Expose-Headers.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS704",
        "the preflight is hardly cached",
        "Browsers forget this preflight after 5 seconds or sooner, so nearly every request is sent twice. Without "
        "Access-Control-Max-Age 5 seconds is the default.",
        f"OPTIONS /data\n\n204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: PUT",
        'Send "Access-Control-Max-Age: 600" with the preflight, or up to 7200.',
        step="preflight:7.9",
    ),
    record(
        "CORS705",
        "Max-Age is above what browsers keep",
        "Browsers cap it: Chromium at 7200 seconds, Firefox at 86400, WebKit at 600 (from its source). More does no "
        "harm, but is not kept.",
        f"OPTIONS /data\n\n204 No Content\n{_ALLOW}\nAccess-Control-Max-Age: 31536000",
        "7200 is as long as Chromium keeps it.",
        step="preflight:7.9",
    ),
    record(
        "CORS706",
        "the server received the request and may have run it",
        "CORS keeps the page from reading the answer, it does not keep the request from arriving. The server did "
        "receive it and may have executed it; CORS does not protect against that.",
        "POST /orders\nOrigin: https://evil.example\n\n201 Created",
        "If it must not happen, check the Origin or a CSRF token on the server.",
        step="cors-check:2",
    ),
    record(
        "CORS707",
        "without credentials * would do",
        "Asked without credentials, the page could read this answer. If it needs no cookie and no login, that is the "
        "smaller change.",
        "fetch(url, {credentials: 'omit'})\n\n200 OK\nAccess-Control-Allow-Origin: *",
        "--credentials omit asks it so.",
        step="cors-check:3",
        mdn="CORSNotSupportingCredentials",
    ),
    record(
        "CORS708",
        "a public page asks a private address",
        "Chromium asks the user for permission before a public page may reach a private or loopback address. No HTTP "
        "exchange shows that prompt, so this verdict holds only once it is granted; a page on plain http cannot get the "
        "permission at all.",
        "a page on https://app.example asks http://192.168.0.10/status",
        "Try it in a browser of your users' kind; in tests serve page and server from the same kind of network.",
        step="local-network-access",
    ),
    record(
        "CORS709",
        "Authorization is allowed by * alone",
        "Today's browsers let * cover Authorization, the standard does not. Chromium 156 and Firefox 153 were seen to "
        "accept it; Firefox warns that it soon will not.",
        "OPTIONS /me\nAccess-Control-Request-Headers: authorization\n\n204 No Content\nAccess-Control-Allow-Origin: *\n"
        "Access-Control-Allow-Headers: *",
        "Name Authorization in Access-Control-Allow-Headers.",
        step="preflight:7.6",
        severity="low",
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS711",
        "who answered",
        "What the response headers say about the software that answered. A name is given only where the software names "
        "itself; what is merely likely is called so.",
        "405 Method Not Allowed\nServer: uvicorn",
        "The change belongs where the answer comes from.",
        step="http",
    ),
    record(
        "CORS713",
        "the readable response is an error",
        "CORS allows the request, and the response that the page can read is a 4xx or 5xx. A typo in the URL or a missing "
        "login looks like this, and the response of the right request may come from other code, without the CORS headers.",
        f"GET /dtaa\nOrigin: https://app.example\n\n404 Not Found\n{_ALLOW}",
        "Check the URL and the login. A policy can expect the status, for example status = 200.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS714",
        "blocked as expected, but nothing shows CORS",
        "The request is expected to be blocked and is, because an error response has no CORS headers. Any URL that does not "
        "exist is blocked like this, so the result does not show that the server refuses the origin.",
        "GET /dtaa\nOrigin: https://evil.example\n\n404 Not Found",
        "Check the URL and the login. Test the same request from an allowed origin too: it must be allowed.",
        step="cors-check:2",
    ),
)
