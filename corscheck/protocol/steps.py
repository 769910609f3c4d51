"""The codes of all faults, each with its step of the standard and a title. Codes are never reused.

A code names one fault. Several codes may share a step: ``cors-check:4`` fails for five reasons. CORS1xx: ``fetch()``
throws, or drops a header. 2xx: blocked before the first request. 3xx: CORS check. 4xx: preflight. 5xx: redirects and
the response. 9xx: no verdict.
"""

from __future__ import annotations

from msgspec import Struct

FETCH = "https://fetch.spec.whatwg.org/"

ANCHORS = {
    "request-constructor": FETCH + "#dom-request",
    "headers": FETCH + "#concept-headers-append",
    "main-fetch": FETCH + "#concept-main-fetch",
    "http-fetch": FETCH + "#concept-http-fetch",
    "redirect": FETCH + "#concept-http-redirect-fetch",
    "preflight": FETCH + "#cors-preflight-fetch-0",
    "cors-check": FETCH + "#concept-cors-check",
    "http-network": FETCH + "#http-network-or-cache-fetch",
    "filtering": FETCH + "#concept-filtered-response-cors",
}
"""Maps the algorithm in a step name (the part before the colon) to its URL in the standard."""


class Code(Struct, frozen=True):
    """A failure or warning: its code, the step of the standard that raises it, and a title that names the fault."""

    code: str
    step: str
    title: str

    @property
    def url(self) -> str | None:
        """The URL of the step's algorithm in the standard; None for a step outside the standard."""
        return standard_url(self.step)


def standard_url(step: str) -> str | None:
    """Return the URL of a step's algorithm, e.g. for ``cors-check:4``; None for a step outside the standard."""
    return ANCHORS.get(step.partition(":")[0])


_TABLE = (
    # fetch() throws; the verdict is "invalid"
    Code("CORS101", "request-constructor:url", "the URL does not parse"),
    Code("CORS102", "request-constructor:url", "the URL has a username or password"),
    Code("CORS103", "request-constructor:method", "the method is not a token"),
    Code("CORS104", "request-constructor:method", "the method is forbidden"),
    Code("CORS105", "request-constructor:method", "mode no-cors allows only GET, HEAD and POST"),
    Code("CORS106", "headers:name", "a header name is not a token"),
    Code("CORS107", "headers:value", "a header value contains an invalid character"),
    Code("CORS108", "request-constructor:body", "GET and HEAD have no body"),
    Code("CORS109", "request-constructor:cache", "cache mode only-if-cached needs mode same-origin"),
    # warnings: the browser drops a header
    Code("CORS120", "headers:forbidden", "a forbidden header is dropped"),
    Code("CORS121", "headers:no-cors", "mode no-cors drops this header"),
    # blocked before the first request
    Code("CORS201", "main-fetch:7", "the port is on the list of bad ports"),
    Code("CORS202", "main-fetch:7", "a secure page requests an insecure URL (mixed content)"),
    Code("CORS203", "main-fetch:12", "mode same-origin forbids cross-origin requests"),
    Code("CORS204", "main-fetch:12", "only http and https URLs can be requested across origins"),
    Code("CORS205", "main-fetch:12", "mode no-cors needs redirect mode follow"),
    # the CORS check
    Code("CORS301", "cors-check:2", "Access-Control-Allow-Origin is missing"),
    Code("CORS302", "cors-check:4", "* does not cover a request with credentials"),
    Code("CORS303", "cors-check:4", "Access-Control-Allow-Origin is sent more than once"),
    Code("CORS304", "cors-check:4", "Access-Control-Allow-Origin contains a list"),
    Code("CORS305", "cors-check:4", "Access-Control-Allow-Origin is not an origin"),
    Code("CORS306", "cors-check:4", "Access-Control-Allow-Origin names another origin"),
    Code("CORS308", "http-fetch:5", "Cross-Origin-Resource-Policy blocks the response"),
    Code("CORS307", "cors-check:8", "Access-Control-Allow-Credentials is not true"),
    # the preflight
    Code("CORS401", "preflight:8", "the preflight's status is not ok"),
    Code("CORS402", "preflight:8", "the preflight is redirected"),
    Code("CORS403", "preflight:7.3", "Access-Control-Allow-Methods does not parse"),
    Code("CORS404", "preflight:7.3", "Access-Control-Allow-Headers does not parse"),
    Code("CORS405", "preflight:7.5", "the method is not allowed"),
    Code("CORS406", "preflight:7.6", "Authorization is not covered by *"),
    Code("CORS407", "preflight:7.7", "a request header is not allowed"),
    Code("CORS420", "preflight:7.9", "Access-Control-Max-Age does not parse"),
    # redirects and the response
    Code("CORS501", "redirect:5", "the Location is not one valid URL"),
    Code("CORS502", "redirect:6", "a redirect leads to something other than http or https"),
    Code("CORS503", "redirect:7", "more than 20 redirects"),
    Code("CORS504", "redirect:9", "a redirect to another origin has a username or password in its URL"),
    Code("CORS505", "redirect:10", "a redirect of a cross-origin request has a username or password in its URL"),
    Code("CORS506", "redirect:11", "a stream body cannot be resent"),
    Code("CORS507", "http-fetch:6", "redirect mode error does not allow a redirect"),
    Code("CORS508", "http-network:15", "the server asks for proxy authentication"),
    Code("CORS509", "http-network:body", "a stream body needs HTTP/2"),
    Code("CORS510", "redirect:10", "a redirect within the page's own origin has a username or password in its URL"),
    Code("CORS520", "main-fetch:14.1", "Access-Control-Expose-Headers does not parse"),
    Code("CORS521", "http-network:body", "the body is cut short"),
    Code("CORS522", "http-network:response", "the browser does not accept the response as HTTP"),
    # no verdict ("inconclusive")
    Code("CORS901", "network:dns", "the name does not resolve"),
    Code("CORS902", "network:connect", "no connection"),
    Code("CORS903", "network:tls", "TLS failed"),
    Code("CORS904", "network:timeout", "no response in time"),
    Code("CORS905", "network:protocol", "the response is not valid HTTP"),
    Code("CORS906", "network:too-large", "the response is too large"),
    Code("CORS907", "network:proxy", "the proxy failed"),
    Code("CORS908", "network:app", "the application failed"),
    Code("CORS910", "held-back", "the request was not sent, and there is no preflight to judge by"),
    Code("CORS911", "replay", "this engine would have sent requests that were not recorded"),
)

CODES: dict[str, Code] = {c.code: c for c in _TABLE}
NETWORK_CODES = {c.step.partition(":")[2]: c.code for c in _TABLE if c.step.startswith("network:")}
HELD_BACK = "CORS910"
NOT_RECORDED = "CORS911"
