"""Records of the remarks: useful to know, but without influence on the verdict."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import CACHES, Record, record

_ALLOW = "Access-Control-Allow-Origin: https://app.example"

REMARKS: tuple[Record, ...] = (
    record(
        "CORS701",
        "Vary: Origin is missing on a cacheable response",
        "The response names this origin and may be cached, but does not say that it depends on the Origin. A cache "
        "may serve it to another page, which is then blocked, or serve a copy without the header to this one. If the "
        "server always sends this one origin, it does no harm.",
        f"GET /data\nOrigin: https://app.example\n\n200 OK\n{_ALLOW}\nCache-Control: public, max-age=600",
        'Add "Vary: Origin" to every response of this URL, including responses to requests without an Origin.',
        step="http:vary",
        severity="low",
    ),
    record(
        "CORS712",
        "a copy without CORS headers may be in the browser's cache",
        "The server sends the CORS headers only if the request has an Origin, and does not say so with Vary. An "
        "<img>, a stylesheet or a navigation sends no Origin. The browser keeps that copy and uses it for the page's "
        "request, which then fails although the server responds correctly.",
        f'GET /logo.png\n\n200 OK\nETag: "a"\n\nGET /logo.png\nOrigin: https://app.example\n\n200 OK\n{_ALLOW}',
        'Add "Vary: Origin" to every response of this URL, including responses to requests without an Origin. Or '
        'load the image with crossorigin="anonymous", so that its request has an Origin too.',
        step="http:vary",
        severity="low",
        help_=CACHES,
    ),
    record(
        "CORS702",
        "response headers that script cannot read",
        "The response has headers that the page cannot read. Apart from a few safelisted headers, each header must "
        "be exposed by name.",
        f"GET /data\n\n200 OK\n{_ALLOW}\nX-Total-Count: 3",
        "List them in Access-Control-Expose-Headers if the page needs them.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS703",
        "* exposes nothing to a request with credentials",
        "With credentials, * is a literal header name, so it exposes no other header. Each name must be listed.",
        f"GET /data\nCookie: session=...\n\n200 OK\n{_ALLOW}\nAccess-Control-Allow-Credentials: true\n"
        "Access-Control-Expose-Headers: *",
        "List the names in Access-Control-Expose-Headers.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS704",
        "the preflight is hardly cached",
        "Browsers forget this preflight after 5 seconds or sooner, so nearly every request needs a new one. Without "
        "Access-Control-Max-Age, 5 seconds is the default.",
        f"OPTIONS /data\n\n204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: PUT",
        'Send "Access-Control-Max-Age: 600" with the preflight, or up to 7200.',
        step="preflight:7.9",
    ),
    record(
        "CORS705",
        "Max-Age exceeds the browsers' limit",
        "Browsers cap the value: Chromium at 7200 seconds, Firefox at 86400, WebKit at 600 (from its source). A "
        "larger value does no harm, but has no effect.",
        f"OPTIONS /data\n\n204 No Content\n{_ALLOW}\nAccess-Control-Max-Age: 31536000",
        "Send 7200, the longest that Chromium keeps a preflight.",
        step="preflight:7.9",
    ),
    record(
        "CORS706",
        "the server received the request and may have run it",
        "CORS keeps the page from reading the response, but does not stop the request from arriving. The server did "
        "receive it and may have executed it; CORS does not protect against that.",
        "POST /orders\nOrigin: https://evil.example\n\n201 Created",
        "To prevent that, check the Origin or a CSRF token on the server.",
        step="cors-check:2",
    ),
    record(
        "CORS707",
        "without credentials, * is enough",
        "Without credentials, the page could read this response. If the request needs no cookie and no login, "
        "leaving them out is the smaller change.",
        "fetch(url, {credentials: 'omit'})\n\n200 OK\nAccess-Control-Allow-Origin: *",
        "Test it with --credentials omit.",
        step="cors-check:3",
        mdn="CORSNotSupportingCredentials",
    ),
    record(
        "CORS708",
        "a public page requests a private address",
        "Chromium asks the user for permission before a public page may reach a private or loopback address. The "
        "prompt does not appear in any HTTP exchange, so this verdict applies only once permission is granted. A "
        "page on plain http cannot get the permission at all.",
        "a page on https://app.example requests http://192.168.0.10/status",
        "Try it in the browsers that your users have. In tests, serve page and server from the same kind of network.",
        step="local-network-access",
    ),
    record(
        "CORS709",
        "Authorization is allowed only by *",
        "Current browsers let * cover Authorization, but the standard does not. Chromium 156 and Firefox 153 were "
        "observed to accept it; Firefox warns that it will stop doing so.",
        "OPTIONS /me\nAccess-Control-Request-Headers: authorization\n\n204 No Content\nAccess-Control-Allow-Origin: *\n"
        "Access-Control-Allow-Headers: *",
        "List Authorization in Access-Control-Allow-Headers.",
        step="preflight:7.6",
        severity="low",
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    record(
        "CORS711",
        "the software that responded",
        "Response headers give hints about which software sent the response. It is named as a fact only if it "
        "identifies itself; otherwise the name is marked as likely.",
        "405 Method Not Allowed\nServer: uvicorn",
        "Make the change in the software that sends the response.",
        step="http",
    ),
    record(
        "CORS713",
        "the readable response is an error",
        "CORS allows the request, but the response that the page can read is a 4xx or 5xx. A typo in the URL or a "
        "missing login looks like this, and the response to the correct request may come from other code, without "
        "the CORS headers.",
        f"GET /dtaa\nOrigin: https://app.example\n\n404 Not Found\n{_ALLOW}",
        "Check the URL and the login. A policy can expect the status, for example status = 200.",
        step="main-fetch:14.1",
    ),
    record(
        "CORS714",
        "blocked as expected, but not evidently by CORS",
        "The request is expected to be blocked and is, because an error response has no CORS headers. Any URL that "
        "does not exist is blocked in the same way, so the result does not show that the server rejects the origin.",
        "GET /dtaa\nOrigin: https://evil.example\n\n404 Not Found",
        "Check the URL and the login. Test the same request from an allowed origin too: it must be allowed.",
        step="cors-check:2",
    ),
)
