"""The algorithm as a generator: it yields what to send, is sent what came, and returns the outcome.

The shape is httpx's ``Auth.auth_flow``: ``Generator[HTTPRequest, Answer, Outcome]``. Whether a request is sent at all is
the driver's business: it may answer ``HeldBack``. Sources: Fetch, *main fetch* (7, 12, 14), *HTTP fetch* (4, 6),
*HTTP-redirect fetch*, *CORS-preflight fetch*, *HTTP-network-or-cache fetch* (421).

One ``_Fetch`` is one call of ``fetch()``: its attributes are the standard's request as it changes from hop to hop.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from corscheck.protocol import blocking, redirect
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.cors_check import cors_check
from corscheck.protocol.engines import ENGINES, Engine
from corscheck.protocol.filtering import ACEH, readable_headers
from corscheck.protocol.headers import FAILURE, extract_list, get
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, URL, same_origin
from corscheck.protocol.outcome import (
    FetchResponse,
    Outcome,
    Preflight,
    Step,
    Tainting,
)
from corscheck.protocol.preflight import (
    PreflightQuestion,
    because,
    cors_check_steps,
    judge,
    request_headers,
    unsafe_names,
)
from corscheck.protocol.request import (
    Answer,
    ExchangeKind,
    Headers,
    HeldBack,
    HTTPRequest,
    HTTPResponse,
    NetworkError,
    Request,
)
from corscheck.protocol.steps import CODES, NETWORK_CODES
from corscheck.protocol.trace import Stopped, Trace

Flow: TypeAlias = Generator[HTTPRequest, Answer, Outcome]
_Exchanging: TypeAlias = Generator[HTTPRequest, Answer, HTTPResponse | None]


def fetch(
    request: Request, engine: str | Engine = "standard", *, now: float = 0.0, cache: PreflightCache | None = None
) -> Flow:
    """Fetch as a page does. ``now`` is the time of the call on the clock of the answers' ``at``; ``cache`` the page's.

    Without a cache an empty one is used: within one fetch a redirect may come back to where it was.
    """
    described = ENGINES[engine] if isinstance(engine, str) else engine
    return _Fetch(request, described, now, cache if cache is not None else PreflightCache(described.rules)).run()


class _Fetch(Trace):
    """The standard's request, as it changes from hop to hop."""

    def __init__(self, request: Request, engine: Engine, now: float, cache: PreflightCache) -> None:
        super().__init__(request, engine, now)
        self.rules = engine.rules
        self.cache = cache
        self.own_cache = PreflightCache(engine.rules)
        self.method = request.method
        self.headers: Headers = request.headers
        self.body = request.body
        self.stream = request.stream and engine.rules.request_streams
        self.sticky = False

    # ------------------------------------------------------------------ main fetch

    def run(self) -> Flow:
        try:
            self._construct()
            while (answer := (yield from self._hop())) is not None:
                if not self._follow(answer):
                    break
        except Stopped:
            pass
        return self.outcome()

    def _construct(self) -> None:
        """``new Request()``."""
        made = blocking.construct(self.request, self.rules)
        if isinstance(made, blocking.Refusal):
            self.urls = []
            self.refuse(made, "invalid")
        self.urls = [made.url]
        self.method, self.headers, self.author_headers = made.method, made.headers, made.headers
        for dropped in made.dropped:
            step = CODES[dropped.code].step
            self.steps.append(Step(step, "warn", dropped.name, None, "dropped", dropped.message, dropped.code))
        self.sticky = bool(self._reasons()[0])

    def _forced(self) -> bool:
        """The use-CORS-preflight flag: an upload listener or a stream body."""
        listener = self.request.use_cors_preflight
        if listener and self.rules.upload_listener_needs_body and self.request.body is None and not self.request.stream:
            listener = False
        return listener or self.stream

    def _hop(self) -> _Exchanging:
        """``main-fetch:7`` and ``12`` for the current URL; returns the response that passed, None when all is decided."""
        url, request = self.urls[-1], self.request
        own = self.tainting == "basic" and same_origin(url.origin, request.origin)
        if self.rules.mode_before_mixed_content and len(self.urls) == 1 and not own and url.scheme != "data":
            self._check_mode(url)
        refusal = blocking.blocked(request.origin, url)
        if refusal is not None:
            self.refuse(refusal, "blocked")
        if url.scheme == "data":
            self._deliver("basic", HTTPResponse(200, (("Content-Type", "text/plain"),)), 200)
            return None
        if own:
            message = "Same origin: CORS is not involved, the page may read everything."
            self.steps.append(Step("main-fetch:12", "pass", "origin", request.origin, url.origin, message))
            return (yield from self._actual())
        self._check_mode(url)
        if request.mode == "no-cors":
            return (yield from self._no_cors())
        if url.scheme not in HTTP_SCHEMES:
            message = f"Only http and https can be asked across origins, not {url.scheme} (main-fetch:12)."
            self.fail("CORS204", message, value=url.href)
        self.tainting = "cors"
        yield from self._preflight_if_needed()
        return (yield from self._actual())

    def _check_mode(self, url: URL) -> None:
        if self.request.mode == "same-origin":
            message = f"Mode same-origin does not reach {url.origin} (main-fetch:12)."
            self.fail("CORS203", message, value=url.href)

    def _no_cors(self) -> _Exchanging:
        if self.request.redirect != "follow":
            self.fail(
                "CORS205", "Mode no-cors needs redirect mode follow (main-fetch:12).", value=self.request.redirect
            )
        self.tainting = "opaque"
        message = "Mode no-cors: no CORS check, and the page can read nothing of the answer."
        self.steps.append(Step("main-fetch:12", "skip", "mode", "cors", "no-cors", message))
        return (yield from self._actual())

    # ------------------------------------------------------------------ the preflight

    def _preflight_if_needed(self) -> Generator[HTTPRequest, Answer, None]:
        """``http-fetch:4.1`` and *CORS-preflight fetch*."""
        url, first = self.urls[-1], len(self.urls) == 1
        reasons, names = self._reasons()
        forced = self._forced()
        needed = bool(reasons) or (self.rules.preflight_sticks and self.sticky)
        if not needed:
            text = "not needed: safelisted method and headers"
            self.steps.append(Step("main-fetch:12", "skip", "preflight", None, None, text))
            return
        self.sticky = True
        origin = self._preflight_origin()
        unchecked = self.rules.preflight_to_own_origin_unchecked and same_origin(url.origin, self.request.origin)
        asked = PreflightQuestion(origin, self.request.credentials, self.method, names, forced, unchecked)
        cache = self._preflight_cache()
        key = self._cache_key(origin)
        cached = (
            cache is not None
            and cache.reads(self.request.cache)
            and cache.covers(key, url, asked.credentials, asked.method, names, self.now, method_needed=forced)
        )
        why = ", ".join(reasons) or "an earlier hop was unsafe"
        if first or not self.preflight.needed:
            self.preflight = Preflight(True, reasons, sent=not cached, cached=cached)
        if cached:
            text = f"not sent: cached ({why})"
            self.steps.append(Step("http-fetch:4.1", "skip", "preflight", None, None, text))
            return
        self.steps.append(Step("http-fetch:4.1", "pass", "preflight", None, None, f"needed: {why}"))
        answer = yield from self._exchange("preflight", "OPTIONS", request_headers(asked), None)
        if isinstance(answer, HeldBack):
            self.hold_back("The preflight was not sent.")
        self._judge_preflight(asked, self._usable(answer), cache)

    def _reasons(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Why the request as it stands needs a preflight, and its unsafe names (``main-fetch:12``)."""
        forced = self._forced()
        if not self.request.unsafe_request:
            return because("GET", (), forced=forced), ()
        names = unsafe_names(self.headers, self.rules)
        return because(self.method, names, forced=forced), names

    def _preflight_cache(self) -> PreflightCache | None:
        """The cache that this hop may use: the page's, or one for this fetch alone, or none."""
        if self.rules.cache_for_opaque_origins:
            return self.cache
        if redirect.is_tainted(self.request.origin, tuple(self.urls)):
            return None
        return self.own_cache if self.request.origin == OPAQUE else self.cache

    def _cache_key(self, origin: str) -> str:
        return self.request.origin if self.rules.cache_by_page_origin else origin

    def _preflight_origin(self) -> str:
        if self.rules.preflight_origin_stays:
            return self.request.origin
        return redirect.serialized_request_origin(self.request.origin, tuple(self.urls))

    def _judge_preflight(self, asked: PreflightQuestion, response: HTTPResponse, cache: PreflightCache | None) -> None:
        url, key = self.urls[-1], self._cache_key(asked.origin)
        index = len(self.exchanges) - 1
        location = redirect.locate(response.headers, url, self.rules)
        if self.rules.preflight_location_needs_follow and self.request.redirect != "follow":
            location = redirect.Location(None, None)
        judgement = judge(asked, response, location, self.rules)
        self.steps += [replace(step, exchange=index) for step in judgement.steps]
        if judgement.failed is not None:
            failed = judgement.failed
            self._clear_cache(key)
            self.fail(
                failed.code or "",
                failed.message,
                phase="preflight",
                value=judgement.value,
                status=response.status,
                redirecting=redirect.is_redirect(response.status, location, self.rules),
            )
        if judgement.authorization_by_wildcard:
            self.notices.append(("CORS406", url.href))
        if cache is not None and cache.stores(self.request.cache):
            cache.store(key, url, asked.credentials, judgement.methods, judgement.names, judgement.seconds, response.at)

    def _clear_cache(self, key: str) -> None:
        if not self.rules.cache_kept_after_failure:
            self.cache.clear(key, self.urls[-1])

    # ------------------------------------------------------------------ the actual request

    def _actual(self) -> _Exchanging:
        """``http-fetch:4.3`` to ``4.4``: send, and check what came. None when the response was not seen."""
        origin = redirect.serialized_request_origin(self.request.origin, tuple(self.urls))
        headers = self.headers
        if self.tainting == "cors" or self.method not in ("GET", "HEAD"):
            headers = (*headers, ("Origin", origin))
        answer = yield from self._exchange("actual", self.method, headers, self.body)
        if isinstance(answer, HeldBack):
            if self.exchanges[-2:-1] and self.exchanges[-2].request.kind == "preflight":
                self.complete = False
                return None
            if self.preflight.cached:
                self.complete = False
                return None
            self.hold_back("The request was not sent, and there is no preflight to judge by.")
        response = self._usable(answer)
        if self.tainting == "cors":
            self._check(origin, response)
        return response

    def _check(self, origin: str, response: HTTPResponse) -> None:
        """``http-fetch:4.4``: the CORS check, on every response, redirects included."""
        index = len(self.exchanges) - 1
        url = self.urls[-1]
        location = redirect.locate(response.headers, url, self.rules)
        goes = redirect.is_redirect(response.status, location, self.rules)
        redirecting = goes and self.request.redirect == "follow"
        malformed = goes and location.url is None and self.rules.malformed_location_fails_in_every_mode
        if malformed or (redirecting and redirect.refused_first(location, self.rules)):
            return
        check = cors_check(origin, self.request.credentials, response.headers, self.rules)
        rows = cors_check_steps(check, origin, self.request.credentials)
        vary = get(response.headers, "Vary")
        if vary is not None and check.allow_origin not in (None, "*"):
            names = {n.strip().lower() for n in vary.split(",")}
            if names & {"origin", "*"}:
                rows.append(Step("http:vary", "pass", "Vary", "Origin", vary))
        self.steps += [replace(row, exchange=index) for row in rows]
        if check.ok:
            return
        self._clear_cache(self._cache_key(origin))
        failed = next(row for row in rows if row.status == "fail")
        value = check.allow_credentials if check.code == "CORS307" else check.allow_origin
        self.fail(
            check.code or "",
            failed.message,
            phase="actual",
            value=value,
            status=response.status,
            redirecting=redirecting,
        )

    def _exchange(
        self, kind: ExchangeKind, method: str, headers: Headers, body: bytes | None
    ) -> Generator[HTTPRequest, Answer, Answer]:
        """One exchange; a 421 is asked once more on a new connection (*HTTP-network-or-cache fetch*)."""
        mode = self.request.credentials
        sends_credentials = kind == "actual" and (
            mode == "include" or (mode == "same-origin" and self.tainting == "basic")
        )
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
        answer = yield request
        self.record(request, answer)
        if isinstance(answer, HTTPResponse) and answer.status == 421 and not self.stream:
            message = "421: asked once more on a new connection."
            self.steps.append(
                Step("http-network:16", "warn", "status", None, "421", message, exchange=len(self.exchanges) - 1)
            )
            request = replace(request, new_connection=True)
            answer = yield request
            self.record(request, answer)
        return answer

    def _usable(self, answer: Answer) -> HTTPResponse:
        """The response, unless there is none, or one that the engine takes for a network error."""
        exchange = self.exchanges[-1]
        if isinstance(answer, NetworkError):
            self.fail(NETWORK_CODES[answer.kind], answer.message, phase=exchange.request.kind, verdict="inconclusive")
        assert isinstance(answer, HTTPResponse)
        if answer.status == 407 and self.rules.proxy_authentication_blocked:
            message = "Chromium takes a 407 from a server for a network error."
            step = Step(
                "http-network:15", "fail", "status", "not 407", "407", message, "CORS508", len(self.exchanges) - 1
            )
            self.steps.append(step)
            self.fail("CORS508", message, phase=exchange.request.kind, status=407)
        return answer

    # ------------------------------------------------------------------ redirects and delivery

    def _follow(self, response: HTTPResponse) -> bool:
        """``http-fetch:6`` and *HTTP-redirect fetch*: True when there is another hop."""
        hop = redirect.Hop(
            page_origin=self.request.origin,
            mode=self.request.mode,
            tainting=self.tainting,
            url=self.urls[-1],
            count=len(self.urls) - 1,
            method=self.method,
            headers=self.headers,
            body=self.body,
            stream=self.stream,
            redirect=self.request.redirect,
        )
        became = redirect.http_redirect_fetch(hop, response.status, response.headers, self.rules)
        index = len(self.exchanges) - 1
        if isinstance(became, redirect.Refuse):
            step = CODES[became.code].step
            received = became.value if became.value is not None else str(response.status)
            self.steps.append(Step(step, "fail", "Location", None, received, became.message, became.code, index))
            self.fail(
                became.code,
                became.message,
                phase="actual",
                value=became.value,
                status=response.status,
                redirecting=True,
            )
        if isinstance(became, redirect.Follow):
            message = f"Followed to {became.url.href}."
            self.steps.append(Step("redirect:22", "pass", "Location", None, became.url.href, message, exchange=index))
            self.method, self.headers, self.body, self.stream = (
                became.method,
                became.headers,
                became.body,
                became.stream,
            )
            self.urls.append(became.url)
            return True
        if became.kind == "opaque-redirect":
            self.response = FetchResponse("opaqueredirect", 0, self.request.url, redirected=False)
            return False
        self._expose(response, index)
        type_ = self.tainting
        self._deliver(type_, response, 0 if type_ == "opaque" else response.status)
        return False

    def _expose(self, response: HTTPResponse, index: int) -> None:
        """A remark where Access-Control-Expose-Headers does not parse: it exposes nothing, and nobody says so."""
        received = get(response.headers, ACEH)
        if self.tainting != "cors" or received is None:
            return
        if extract_list(response.headers, ACEH) is FAILURE:
            message = "Access-Control-Expose-Headers is not a list of tokens: it exposes nothing (main-fetch:14.1)."
            self.steps.append(
                Step("main-fetch:14.1", "warn", ACEH, "a list of names", received, message, "CORS520", index)
            )
        else:
            self.steps.append(Step("main-fetch:14.1", "pass", ACEH, None, received, exchange=index))

    def _deliver(self, type_: Tainting, response: HTTPResponse, status: int) -> None:
        if response.body_error is not None:
            message = f"The body did not arrive whole: {response.body_error}"
            index = len(self.exchanges) - 1
            self.steps.append(Step("http-network:body", "warn", "body", None, None, message, "CORS521", index))
        url = "" if type_ == "opaque" else self.urls[-1].without_fragment
        self.response = FetchResponse(type_, status, url, redirected=len(self.urls) > 1 and type_ != "opaque")
        self.readable = readable_headers(type_, self.request.credentials, response.headers)
