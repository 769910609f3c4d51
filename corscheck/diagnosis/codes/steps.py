"""Records of the standard's steps, one per code. Titles and steps come from ``corscheck.protocol.steps``."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import Record, step_record

_ORIGIN = "Origin: https://app.example"
_PUT = "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: PUT\n\n"
_TENANT = (
    "OPTIONS /data\nOrigin: https://app.example\nAccess-Control-Request-Method: GET\n"
    "Access-Control-Request-Headers: x-tenant\n\n"
)
_ALLOW = "Access-Control-Allow-Origin: https://app.example"

STEPS: tuple[Record, ...] = (
    step_record(
        "CORS101",
        "fetch() throws a TypeError: the URL is invalid.",
        "new Request() parses the URL first. A request whose URL does not parse is never sent.",
        "fetch('https://exa mple/')",
        "Fix the URL in the page's code.",
    ),
    step_record(
        "CORS102",
        "fetch() throws a TypeError: the URL contains a username or password.",
        "Script cannot log in with user information in a URL (https://user:pass@host/).",
        "fetch('https://user:pass@api.example/')",
        "Remove the username and password from the URL and send an Authorization header instead.",
    ),
    step_record(
        "CORS103",
        "fetch() throws a TypeError: the method is not a valid token.",
        "A method cannot contain spaces, commas or other separators.",
        "fetch(url, {method: 'GET POST'})",
        "Use a single method.",
    ),
    step_record(
        "CORS104",
        "fetch() throws a TypeError: CONNECT, TRACE and TRACK are forbidden methods.",
        "No browser lets script use these three methods, even if the server allows them.",
        "fetch(url, {method: 'TRACE'})",
        "Use another method.",
    ),
    step_record(
        "CORS105",
        "fetch() throws a TypeError: this method is not possible without CORS.",
        "Mode no-cors is limited to requests that an HTML element could make.",
        "fetch(url, {mode: 'no-cors', method: 'PUT'})",
        "Use mode cors, the default, and let the server allow the method.",
    ),
    step_record(
        "CORS106",
        "fetch() throws a TypeError: the header name is invalid.",
        "A header name is a token: ASCII only, without spaces or colons.",
        "fetch(url, {headers: {'X Tenant': '7'}})",
        "Fix the header name in the page's code.",
    ),
    step_record(
        "CORS107",
        "fetch() throws a TypeError: the header value contains a character that is not allowed.",
        "A header value consists of bytes. Characters above U+00FF, NUL and line breaks cannot be sent.",
        "fetch(url, {headers: {'X-Name': 'Łódź'}})",
        "Encode the value, for example with encodeURIComponent().",
    ),
    step_record(
        "CORS108",
        "fetch() throws a TypeError: a GET or HEAD request cannot have a body.",
        "fetch() does not accept a body with these methods, although HTTP itself permits one.",
        "fetch(url, {method: 'GET', body: '{}'})",
        "Use POST, or put the data in the URL.",
    ),
    step_record(
        "CORS109",
        "fetch() throws a TypeError: cache mode only-if-cached requires mode same-origin.",
        "Otherwise a page could find out which responses of other sites are in the browser's cache.",
        "fetch(url, {cache: 'only-if-cached'})",
        "Remove the cache mode, or use mode same-origin.",
    ),
    step_record(
        "CORS120",
        "The browser drops this header because script may not set it.",
        "Host, Cookie, Origin and some others are forbidden request headers. The browser sets them itself and drops "
        "them from script without an error.",
        "fetch(url, {headers: {Cookie: 'a=1'}})",
        "Remove the header. To send cookies, use credentials: 'include'.",
        severity="low",
    ),
    step_record(
        "CORS121",
        "Mode no-cors drops every header that is not safelisted.",
        "In mode no-cors, a request can carry only headers that an HTML element could send.",
        "fetch(url, {mode: 'no-cors', headers: {'X-Tenant': '7'}})",
        "Use mode cors, the default.",
        severity="low",
    ),
    step_record(
        "CORS201",
        "Browsers never connect to this port.",
        "Browsers block the ports of some older protocols, because a crafted HTTP request could attack the services "
        "there.",
        "fetch('https://api.example:6000/')",
        "Serve it on another port.",
    ),
    step_record(
        "CORS202",
        "A page on https may not send requests over plain http. Nothing was sent.",
        "Browsers block mixed content before the CORS check, so no header can allow it. Loopback addresses are exempt.",
        "a page on https://app.example requests http://api.example/data",
        "Serve the API over https, and use the https URL.",
    ),
    step_record(
        "CORS203",
        "The request's own mode forbids other origins. Nothing was sent.",
        "Mode same-origin is set in the page's code. No setting of the server changes it.",
        "fetch('https://api.example/', {mode: 'same-origin'})",
        "Remove the mode if the request is meant for another origin.",
    ),
    step_record(
        "CORS204",
        "CORS works with http and https only. Nothing was sent.",
        "file:, ftp: and similar URLs have no response headers that could allow the page.",
        "fetch('file:///data.json')",
        "Use an http or https URL.",
        mdn="CORSRequestNotHttp",
    ),
    step_record(
        "CORS205",
        "Mode no-cors requires redirect mode follow.",
        "In mode no-cors, the page must not learn whether the request was redirected.",
        "fetch(url, {mode: 'no-cors', redirect: 'error'})",
        "Remove the redirect mode.",
    ),
    step_record(
        "CORS301",
        "The response does not allow this page to read it.",
        "The CORS check requires Access-Control-Allow-Origin on the preflight response and on the response to the "
        "request itself, including errors and redirects. Without it, no page from another origin can read the "
        "response.",
        f"GET /data\n{_ORIGIN}\n\n200 OK\nContent-Type: application/json",
        "Send the page's origin in Access-Control-Allow-Origin on every response.",
        mdn="CORSMissingAllowOrigin",
    ),
    step_record(
        "CORS302",
        "A request with credentials requires the exact origin.",
        "With credentials, * does not match any origin. The server must name the origin that may read a response to "
        "a request with cookies.",
        f"GET /data\n{_ORIGIN}\nCookie: session=...\n\n200 OK\nAccess-Control-Allow-Origin: *",
        'Send the exact origin and "Access-Control-Allow-Credentials: true", and add "Vary: Origin".',
        mdn="CORSNotSupportingCredentials",
    ),
    step_record(
        "CORS303",
        "The header must be sent exactly once.",
        "Browsers join two headers of this name with a comma. The result is not an origin, even if both values are "
        "right.",
        f"GET /data\n{_ORIGIN}\n\n200 OK\n{_ALLOW}\n{_ALLOW}",
        "Let only one layer add the header.",
        mdn="CORSMultipleAllowOriginNotAllowed",
    ),
    step_record(
        "CORS304",
        "The header takes one origin, not a list.",
        "There is no list syntax. A server that allows several origins sends back the one from the request.",
        f"GET /data\n{_ORIGIN}\n\n200 OK\nAccess-Control-Allow-Origin: https://app.example, https://b.example",
        'Compare the request\'s Origin with the list, send it back if it matches, and add "Vary: Origin".',
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    step_record(
        "CORS305",
        "The value is not an origin.",
        "An origin is scheme, host and port, like https://app.example. The browser compares byte by byte, so any "
        "other value never matches.",
        f"GET /data\n{_ORIGIN}\n\n200 OK\nAccess-Control-Allow-Origin: app.example",
        "Write the origin with its scheme, without quotes and without a path.",
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    step_record(
        "CORS306",
        "The server allows another origin, not this one.",
        "The browser compares the value with the page's origin byte by byte: scheme, host and port must be the same.",
        f"GET /data\n{_ORIGIN}\n\n200 OK\nAccess-Control-Allow-Origin: https://www.app.example",
        "Add exactly this origin to the server's list.",
        mdn="CORSAllowOriginNotMatchingOrigin",
    ),
    step_record(
        "CORS307",
        'A request with credentials requires exactly "true", in lower case.',
        '"true" is the only valid value. True, 1 or yes count as missing, both on the preflight response and on the '
        "response itself.",
        f"GET /data\n{_ORIGIN}\nCookie: session=...\n\n200 OK\n{_ALLOW}\nAccess-Control-Allow-Credentials: True",
        'Send "Access-Control-Allow-Credentials: true", or send the request without credentials.',
        mdn="CORSMissingAllowCredentials",
    ),
    step_record(
        "CORS308",
        "Cross-Origin-Resource-Policy keeps this page from loading the response.",
        "Mode no-cors skips the CORS check, but not this header. same-origin and same-site keep other pages from "
        "loading the response, even if script could not read it anyway. A page with Cross-Origin-Embedder-Policy: "
        "require-corp loads cross-origin resources only if they send the header.",
        "GET /logo.png (mode no-cors)\n\n200 OK\nCross-Origin-Resource-Policy: same-origin",
        "Send Cross-Origin-Resource-Policy: cross-origin for resources that other sites may embed.",
    ),
    step_record(
        "CORS401",
        "The preflight response must have a status from 200 to 299.",
        "With any other status, the preflight fails even if the CORS headers are right.",
        f"{_PUT}405 Method Not Allowed\nAllow: GET",
        "Let the CORS layer respond to OPTIONS with 204 or 200 before any other code handles the request.",
        mdn="CORSPreflightDidNotSucceed",
    ),
    step_record(
        "CORS402",
        "Browsers do not follow redirects of a preflight.",
        "The request itself may be redirected, but its preflight may not.",
        f"{_PUT}307 Temporary Redirect\nLocation: /data/",
        "Send the request to the URL that the redirect leads to.",
        mdn="CORSExternalRedirectNotAllowed",
    ),
    step_record(
        "CORS403",
        "The list of methods does not parse, so it allows no method.",
        "The value is a comma-separated list of methods. Spaces instead of commas, quotes or brackets make the whole "
        "list invalid.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: GET PUT",
        "Separate the methods with commas, without quotes.",
        mdn="CORSInvalidAllowMethod",
    ),
    step_record(
        "CORS404",
        "The list of headers does not parse, so it allows no header.",
        "The value is a comma-separated list of header names. Spaces instead of commas, quotes or brackets make the "
        "whole list invalid.",
        f"{_TENANT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Headers: X-Tenant X-Other",
        "Separate the names with commas, without quotes.",
        mdn="CORSInvalidAllowHeader",
    ),
    step_record(
        "CORS405",
        "The server does not list this method.",
        "GET, HEAD and POST do not need to be listed. Every other method does, and methods are case-sensitive.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: GET, POST",
        "Add the method to the server's allowed methods.",
        mdn="CORSMethodNotFound",
    ),
    step_record(
        "CORS406",
        "The standard requires Authorization to be listed by name; current browsers let * cover it.",
        "Chromium 156 and Firefox 153 were observed to accept it without credentials. Firefox logs a warning in its "
        "console.",
        "OPTIONS /me\nOrigin: https://app.example\nAccess-Control-Request-Method: GET\n"
        "Access-Control-Request-Headers: authorization\n\n204 No Content\nAccess-Control-Allow-Origin: *\n"
        "Access-Control-Allow-Headers: *",
        "List Authorization in Access-Control-Allow-Headers.",
        severity="low",
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    step_record(
        "CORS407",
        "The request has a header that the server does not list.",
        "Every header that is not safelisted must be listed; case does not matter. With credentials, * is a literal "
        "header name.",
        f"{_TENANT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Headers: content-type",
        "Add the header to the server's allowed headers.",
        mdn="CORSMissingAllowHeaderFromPreflight",
    ),
    step_record(
        "CORS420",
        "Browsers disagree about an invalid Max-Age: some cache the preflight for 5 seconds, others not at all.",
        "The value is a number of seconds, in digits only. 10m, 600.5 and two headers of this name are invalid.",
        f"{_PUT}204 No Content\n{_ALLOW}\nAccess-Control-Allow-Methods: PUT\nAccess-Control-Max-Age: 10m",
        "Write the seconds in digits, for example 600 for ten minutes.",
        severity="low",
    ),
    step_record(
        "CORS501",
        "The browser cannot follow the redirect's Location.",
        "A redirect needs exactly one Location header with one URL, relative or absolute.",
        "GET /data\n\n302 Found\nLocation: https://exa mple/",
        "Fix the Location header that the server sends.",
    ),
    step_record(
        "CORS502",
        "A redirect may lead only to http or https.",
        "For fetch(), a redirect to data:, file:, ftp: or an app's own scheme is a network error.",
        "GET /data\n\n302 Found\nLocation: myapp://callback",
        "Respond with data instead of a redirect, or navigate to the URL instead of fetching it.",
    ),
    step_record(
        "CORS503",
        "There are too many redirects.",
        "A browser gives up after 20 redirects. The usual cause is a loop, such as two rules that undo each other.",
        "GET /data\n\n302 Found\nLocation: /data",
        "Follow the chain with -v and break the loop.",
    ),
    step_record(
        "CORS504",
        "The redirect leads to another origin with a username or password in the URL.",
        "Browsers reject user information in a Location as soon as another origin is involved.",
        "GET /data\n\n302 Found\nLocation: https://user:pass@b.example/",
        "Remove the username and password from the Location header.",
    ),
    step_record(
        "CORS505",
        "The redirect of a cross-origin request has a username or password in its URL.",
        "Browsers reject user information in a Location as soon as another origin is involved.",
        "GET /data\n\n302 Found\nLocation: https://user:pass@api.example/",
        "Remove the username and password from the Location header.",
    ),
    step_record(
        "CORS506",
        "The body is a stream, which the browser cannot send again after the redirect.",
        "Only a 303 turns the request into a GET without a body. After a 307 or 308, the browser would have to send "
        "the body a second time.",
        "POST /upload (a ReadableStream)\n\n307 Temporary Redirect\nLocation: /upload/",
        "Send the stream to a URL that does not redirect.",
    ),
    step_record(
        "CORS507",
        "The page uses redirect mode error, and the response is a redirect.",
        "redirect: 'error' is set in the page's code. It turns every redirect into a network error.",
        "fetch(url, {redirect: 'error'})\n\n302 Found\nLocation: /elsewhere",
        "Request the URL that the redirect leads to, or remove the redirect mode.",
    ),
    step_record(
        "CORS508",
        "Only a proxy may request proxy authentication; Chromium treats this response as an attack.",
        "A 407 from the server itself fails with net::ERR_UNEXPECTED_PROXY_AUTH.",
        "GET /data\n\n407 Proxy Authentication Required",
        "Respond with 401 instead of 407.",
    ),
    step_record(
        "CORS509",
        "A streamed body requires HTTP/2, which the server did not offer.",
        "Browsers do not stream request bodies over HTTP/1.1.",
        "POST /upload (a ReadableStream) over HTTP/1.1",
        "Serve HTTP/2, or send the body in one piece.",
    ),
    step_record(
        "CORS510",
        "Chromium rejects every redirect with a username or password in its URL.",
        "The standard allows such a redirect within the page's own origin; Chromium does not.",
        "GET /data\n\n302 Found\nLocation: https://user:pass@app.example/",
        "Remove the username and password from the Location header.",
    ),
    step_record(
        "CORS520",
        "The list of exposed headers does not parse, so script can read none of them.",
        "The value is a comma-separated list of header names.",
        f"GET /data\n\n200 OK\n{_ALLOW}\nAccess-Control-Expose-Headers: X-A X-B",
        "Separate the names with commas.",
        severity="low",
    ),
    step_record(
        "CORS521",
        "The page receives the headers, but reading the body fails.",
        "fetch() resolves when the headers arrive. If the body is cut short, text() or json() fails later.",
        f"GET /data\n\n200 OK\n{_ALLOW}\nContent-Length: 100\n\n(40 bytes, then the connection closes)",
        "Check the server's log for what ended the response early.",
        severity="low",
    ),
    step_record(
        "CORS522",
        "The response is not valid HTTP, and the browser rejects it before it looks at the CORS headers.",
        "A NUL byte, conflicting lengths or a broken status line may be an attack, so fetch() fails with a network "
        "error.",
        f"GET /data\n\n200 OK\n{_ALLOW}\nContent-Length: 42\nContent-Length: 43",
        "Find the program that writes the faulty header: the server, or a proxy in front of it.",
    ),
)
