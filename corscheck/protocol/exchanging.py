"""One exchange of a fetch: the request as the driver gets it, and whether its answer can be used at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.protocol.heads import Rejected, read_answer
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, URL, is_potentially_trustworthy, parse_url
from corscheck.protocol.outcome import Step
from corscheck.protocol.request import HeldBack, HTTPRequest, HTTPResponse, NetworkError
from corscheck.protocol.steps import NETWORK_CODES
from corscheck.protocol.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.protocol.engines import Engine
    from corscheck.protocol.request import Answer, EmbedderPolicy, ExchangeKind, Headers, Request


class Exchanging(Trace):
    """A fetch that can exchange a request for an answer. ``stream`` is whether the body is a stream."""

    def __init__(self, request: Request, engine: Engine, now: float) -> None:
        super().__init__(request, engine, now)
        self.rules = engine.rules
        self.embedder_policy = self._embedder_policy()
        self.stream = False

    def _embedder_policy(self) -> EmbedderPolicy:
        """The page's Cross-Origin-Embedder-Policy, as far as the engine obeys it.

        https://html.spec.whatwg.org/multipage/browsers.html#obtain-an-embedder-policy: only a secure context has one.
        """
        request = self.request
        if request.coep == "unsafe-none" or (request.coep == "credentialless" and not self.rules.coep_credentialless):
            return "unsafe-none"
        if request.origin == OPAQUE:
            return request.coep if request.secure_context else "unsafe-none"
        return request.coep if is_potentially_trustworthy(parse_url(request.origin)) else "unsafe-none"

    def check_mode(self, url: URL) -> None:
        """Fail if the request's mode rules out a URL of another origin (``main-fetch:12``)."""
        # main-fetch:12: mode same-origin fails for every other origin, whatever headers the server would send.
        if self.request.mode == "same-origin":
            message = f"Mode same-origin does not allow requests to {url.origin} (main-fetch:12)."
            self.fail("CORS203", message, value=url.href)
        # main-fetch:12: only "follow", so that the page cannot learn whether the server redirects.
        if self.request.mode == "no-cors" and self.request.redirect != "follow":
            self.fail(
                "CORS205", "Mode no-cors needs redirect mode follow (main-fetch:12).", value=self.request.redirect
            )

    def check_scheme(self, url: URL) -> None:
        """Fail if a URL of another origin is neither http nor https."""
        # main-fetch:12 for CORS, https://fetch.spec.whatwg.org/#scheme-fetch for the rest. Also about:blank and blobs.
        if url.scheme not in HTTP_SCHEMES:
            message = f"Only http and https URLs can be requested across origins, not {url.scheme} (main-fetch:12)."
            self.fail("CORS204", message, value=url.href)

    def exchange(
        self, kind: ExchangeKind, method: str, headers: Headers, body: bytes | None
    ) -> Generator[HTTPRequest, Answer, Answer]:
        """One exchange, repeated once after a 421: https://fetch.spec.whatwg.org/#http-network-or-cache-fetch."""
        # A preflight never carries credentials (preflight:1). Mode same-origin sends them only while tainting is basic.
        mode = self.request.credentials
        sends_credentials = kind == "actual" and (
            mode == "include" or (mode == "same-origin" and self.tainting == "basic")
        )
        # https://html.spec.whatwg.org/multipage/browsers.html#coep-credentialless: it is about mode no-cors alone.
        if self.tainting == "opaque" and self.embedder_policy == "credentialless":
            sends_credentials = False
        request = HTTPRequest(
            kind=kind,
            hop=len(self.urls) - 1,
            method=method,
            url_list=tuple(u.href for u in self.urls),
            headers=headers,
            page_origin=self.request.origin,
            mode=self.request.mode,
            credentials=sends_credentials,
            body=body,
        )
        answer = self.parsed(request, (yield request))
        self.record(request, answer)
        if isinstance(answer, HTTPResponse) and answer.status == 421 and not self.stream:
            message = "421: sent again on a new connection."
            self.steps.append(
                Step("http-network:16", "warn", "status", None, "421", message, exchange=len(self.exchanges) - 1)
            )
            request = replace(request, new_connection=True)
            answer = self.parsed(request, (yield request))
            self.record(request, answer)
        return answer

    def parsed(self, request: HTTPRequest, answer: Answer) -> Answer:
        """Return the answer as this engine parses it. HTTP leaves it to clients what to make of a malformed one."""
        if isinstance(answer, HeldBack) or answer.raw is None:
            return answer
        return read_answer(
            answer,
            request,
            self.rules,
            self.engine.title,
            default_port=self.urls[-1].port is None,
            checked=self.tainting == "cors",
        )

    def usable(self, answer: Answer) -> HTTPResponse:
        """Return the response; a network failure ends the fetch without a verdict."""
        exchange = self.exchanges[-1]
        if isinstance(answer, Rejected):
            self.fail(answer.code, answer.message, phase=exchange.request.kind)
        if isinstance(answer, NetworkError):
            self.fail(NETWORK_CODES[answer.kind], answer.message, phase=exchange.request.kind, verdict="inconclusive")
        assert isinstance(answer, HTTPResponse)
        if answer.status == 407 and self.rules.proxy_authentication_blocked:  # Chromium: see departures.py
            message = "Chromium treats a 407 from a server as a network error."
            step = Step(
                "http-network:15", "fail", "status", "not 407", "407", message, "CORS508", len(self.exchanges) - 1
            )
            self.steps.append(step)
            self.fail("CORS508", message, phase=exchange.request.kind, status=407)
        return answer
