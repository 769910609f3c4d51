"""Records of requests without a verdict: there was no response, or the request was not sent."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import Record, step_record

_NOTHING = "This says nothing about CORS: no browser rule was reached."

NETWORK: tuple[Record, ...] = (
    step_record(
        "CORS901",
        "The host name has no address.",
        f"{_NOTHING} In a browser it looks just like a CORS error to the page's code: TypeError: Failed to fetch.",
        "net::ERR_NAME_NOT_RESOLVED",
        "Check the name; --resolve HOST:PORT:ADDR uses an address of yours.",
    ),
    step_record(
        "CORS902",
        "Nobody listens there, or the connection is refused.",
        f"{_NOTHING} Firefox prints it as a CORS error all the same: CORS request did not succeed.",
        "net::ERR_CONNECTION_REFUSED",
        "Start the server, check the port; in CI --wait-for 30 keeps asking until it is up.",
    ),
    step_record(
        "CORS903",
        "The certificate is not accepted, or there is no TLS on that port.",
        f"{_NOTHING} A browser's fetch() never shows the page where one could accept a certificate.",
        "net::ERR_CERT_AUTHORITY_INVALID",
        "Install a valid certificate; --cacert FILE trusts your own CA, -k anyone.",
    ),
    step_record(
        "CORS904",
        "The answer did not come in time.",
        _NOTHING,
        "net::ERR_TIMED_OUT",
        "--max-time SECONDS waits longer.",
    ),
    step_record(
        "CORS905",
        "What came is not HTTP, or the connection was closed without an answer.",
        f"{_NOTHING} Browsers differ in what broken HTTP they put up with.",
        "net::ERR_EMPTY_RESPONSE",
        "Look at what the server sends with -v; https on an http port looks like this too.",
    ),
    step_record(
        "CORS906",
        "The answer's head is larger than any browser would take.",
        _NOTHING,
        "200 OK\nX-A: (megabytes of it)",
        "Find what adds so many headers; growing cookies are a usual reason.",
    ),
    step_record(
        "CORS907",
        "The proxy could not be used.",
        f"{_NOTHING} Proxies come from -x and from the environment (HTTPS_PROXY).",
        "407 Proxy Authentication Required (from the proxy)",
        "-x URL names another proxy, --noproxy HOST goes without.",
    ),
    step_record(
        "CORS908",
        "Asked in process, the application answered what no server can send, or redirected to another host.",
        "A header that is not bytes, a line break in a value, a status that is none: a server would close the connection. "
        "An application that merely raises is a 500, as over a server. Another host is not the application, and nothing "
        "is sent there.",
        "headers made of str in an ASGI application",
        "Mend what the message names; ask a redirect's target over the network.",
    ),
    step_record(
        "CORS910",
        "It may change data, so it was held back, and no preflight says what would come of it.",
        "A simple POST is sent by browsers without asking first, so the answer itself is needed for a verdict.",
        "POST /orders with Content-Type: text/plain",
        "Add --send always if it may be sent.",
        severity="info",
    ),
    step_record(
        "CORS911",
        "This engine would have sent other requests than those that were recorded.",
        "The other engines are judged by replaying what the driving one saw; where they would ask something else, "
        "nothing can be said.",
        "Firefox asks a preflight after a redirect where Chromium asks none",
        "--engine NAME asks it by itself.",
        severity="info",
    ),
)
