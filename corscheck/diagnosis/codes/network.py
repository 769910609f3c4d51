"""Records of requests without a verdict: there was no response, or the request was not sent."""

from __future__ import annotations

from corscheck.diagnosis.codes.code import Record, step_record

_NOTHING = "This says nothing about CORS: the request failed before any CORS check."

NETWORK: tuple[Record, ...] = (
    step_record(
        "CORS901",
        "The host name does not resolve.",
        f"{_NOTHING} In a browser, the page's code sees the same error as for CORS: TypeError: Failed to fetch.",
        "net::ERR_NAME_NOT_RESOLVED",
        "Check the host name, or set its address with --resolve HOST:PORT:ADDR.",
    ),
    step_record(
        "CORS902",
        "Nothing listens on this port, or the connection is refused.",
        f"{_NOTHING} Firefox still reports it as a CORS error: CORS request did not succeed.",
        "net::ERR_CONNECTION_REFUSED",
        "Start the server, and check the port. In CI, --wait-for 30 retries until the server is up.",
    ),
    step_record(
        "CORS903",
        "The certificate is not trusted, or the port does not use TLS.",
        f"{_NOTHING} With fetch(), a browser never shows the page on which a user could accept the certificate.",
        "net::ERR_CERT_AUTHORITY_INVALID",
        "Install a valid certificate. --cacert FILE trusts your own CA; -k accepts any certificate.",
    ),
    step_record(
        "CORS904",
        "The response did not arrive in time.",
        _NOTHING,
        "net::ERR_TIMED_OUT",
        "Wait longer with --max-time SECONDS.",
    ),
    step_record(
        "CORS905",
        "The server sent something that is not HTTP, or closed the connection without a response.",
        f"{_NOTHING} Browsers differ in how much invalid HTTP they tolerate.",
        "net::ERR_EMPTY_RESPONSE",
        "Check what the server sends with -v. An https request to an http port looks the same.",
    ),
    step_record(
        "CORS906",
        "The response headers are larger than any browser accepts.",
        _NOTHING,
        "200 OK\nX-A: (megabytes of it)",
        "Find out what adds so many headers. Growing cookies are a common cause.",
    ),
    step_record(
        "CORS907",
        "The proxy could not be used.",
        f"{_NOTHING} Proxies are set with -x or in the environment (HTTPS_PROXY).",
        "407 Proxy Authentication Required (from the proxy)",
        "Set another proxy with -x URL, or bypass it with --noproxy HOST.",
    ),
    step_record(
        "CORS908",
        "Called in process, the application sent a response that no server can send, or redirected to another host.",
        "Examples are a header that is not bytes, a line break in a value, and an invalid status: a server would "
        "close the connection. An application that raises an exception counts as a 500, as it would behind a server. "
        "Another host is not part of the application, so nothing is sent there.",
        "headers made of str in an ASGI application",
        "Fix what the message names. Test a redirect's target over the network.",
    ),
    step_record(
        "CORS910",
        "The request may change data, so it was not sent, and there is no preflight to judge it by.",
        "Browsers send a simple POST without a preflight, so a verdict requires the response itself.",
        "POST /orders with Content-Type: text/plain",
        "Add --send always if the request may be sent.",
        severity="info",
    ),
    step_record(
        "CORS911",
        "This engine would have sent requests that the recording does not contain.",
        "The other engines are judged by replaying what the driving engine recorded. If they would send a different "
        "request, there is no verdict.",
        "after a redirect, Firefox sends a preflight where Chromium sends none",
        "Test the engine itself with --engine NAME.",
        severity="info",
    ),
)
