"""Fetch as a generator: it yields each request to send, receives the answer, and returns the outcome.

The shape is that of httpx's ``Auth.auth_flow``: ``Generator[HTTPRequest, Answer, Outcome]``. The driver decides whether
to send a request; it may answer ``HeldBack`` instead. Each section below names its algorithm in the Fetch Standard.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from msgspec.structs import replace

from corscheck.protocol import blocking, redirect
from corscheck.protocol.cache import PreflightCache, effective_mode
from corscheck.protocol.cors_check import corp_steps, cors_check, vary_steps
from corscheck.protocol.engines import ENGINES, STANDARD, Engine
from corscheck.protocol.exchanging import Exchanging
from corscheck.protocol.filtering import exposed_step, readable_headers
from corscheck.protocol.headers import author_headers_on_the_wire, combine
from corscheck.protocol.origin import HTTP_SCHEMES, OPAQUE, RegistrableDomain, no_suffixes, same_origin
from corscheck.protocol.outcome import FetchResponse, Outcome, Preflight, Step, Tainting
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
    Headers,
    HeldBack,
    HTTPRequest,
    HTTPResponse,
    Request,
)
from corscheck.protocol.steps import CODES
from corscheck.protocol.trace import Stopped

Flow: TypeAlias = Generator[HTTPRequest, Answer, Outcome]
_Exchanging: TypeAlias = Generator[HTTPRequest, Answer, HTTPResponse | None]


def fetch(
    request: Request,
    engine: str | Engine = "standard",
    *,
    now: float = 0.0,
    cache: PreflightCache | None = None,
    registrable_domain: RegistrableDomain = no_suffixes,
) -> Flow:
    """Predict what a browser does with one ``fetch()`` call; the generator returns the ``Outcome``.

    ``engine`` is an ``Engine`` or a key of ``ENGINES`` (``KeyError`` for any other name). ``now`` is the time of the
    call in seconds, on the clock that sets the answers' ``at``. ``cache`` is the page's preflight cache; the default is
    an empty one, which matters within one fetch when a redirect loops back. ``registrable_domain`` looks a host up in the
    Public Suffix List, for Cross-Origin-Resource-Policy: same-site. A network failure makes the verdict
    ``inconclusive``; it does not raise.
    """
    described = ENGINES[engine] if isinstance(engine, str) else engine
    own = cache if cache is not None else PreflightCache(described.rules)
    return _Fetch(request, described, now, own, registrable_domain).run()


class _Fetch(Exchanging):
    """One ``fetch()`` call. The attributes are the standard's *request*, which changes with every redirect."""

    def __init__(
        self, request: Request, engine: Engine, now: float, cache: PreflightCache, domain: RegistrableDomain
    ) -> None:
        super().__init__(request, engine, now)
        self.registrable_domain = domain
        self.cache = cache
        self.own_cache = PreflightCache(engine.rules)
        self.method = request.method
        self.headers: Headers = request.headers
        self.body = request.body
        self.stream = request.stream and engine.rules.request_streams
        self.sticky = False

    # ------------------ main fetch: https://fetch.spec.whatwg.org/#concept-main-fetch

    def run(self) -> Flow:
        try:
            self._construct()
            while (answer := (yield from self._hop())) is not None:
                if not (yield from self._follow(answer)):
                    break
        except Stopped:
            pass
        return self.outcome()

    def _construct(self) -> None:
        """``new Request(url, init)``: https://fetch.spec.whatwg.org/#dom-request."""
        made = blocking.construct(self.request, self.rules)
        if isinstance(made, blocking.Refusal):
            self.urls = []
            self.refuse(made, "invalid")
        self.urls = [made.url]
        # XMLHttpRequest combines on setRequestHeader(): https://xhr.spec.whatwg.org/#the-setrequestheader()-method.
        headers = combine(made.headers, STANDARD) if self.request.use_cors_preflight else made.headers
        self.method, self.headers, self.author_headers = made.method, headers, headers
        self.named = headers
        self.cache_mode = effective_mode(self.request.cache, [n.lower() for n, _ in headers], self.rules)
        for dropped in made.dropped:
            step = CODES[dropped.code].step
            self.steps.append(Step(step, "warn", dropped.name, None, "dropped", dropped.message, dropped.code))
        self.sticky = bool(self._reasons()[1])  # read only under preflight_sticks (Firefox, departures.py)

    def _forced(self) -> str | None:
        """What sets the use-CORS-preflight flag, which forces a preflight even for GET and POST."""
        has_body = self.request.body is not None or self.request.stream
        if self.request.use_cors_preflight and (has_body or not self.rules.upload_listener_needs_body):
            return "upload listener"
        return "stream body" if self.stream else None

    def _hop(self) -> _Exchanging:
        """Run ``main-fetch:7`` and ``12`` for the current URL. Return None if there is no response left to process."""
        url, request = self.urls[-1], self.request
        # main-fetch:12: same origin counts only while tainting is "basic". It never returns to "basic", so a redirect
        # back to the page's own origin still needs CORS headers.
        own = self.tainting == "basic" and same_origin(url.origin, request.origin)
        if self.rules.mode_before_mixed_content and not own and url.scheme != "data":
            self.check_mode(url)
        # main-fetch:7 comes before the routing of step 12, for every redirect target too.
        refusal = blocking.blocked(request, url, self.rules)
        if refusal is not None:
            late = self.rules.preflight_before_redirect_refusal and len(self.urls) > 1 and not blocking.is_bad_port(url)
            if late and refusal.code == "CORS202":
                self.tainting = "cors"
                yield from self._preflight_if_needed()
            self.refuse(refusal, "blocked")
        if url.scheme == "data":  # main-fetch:12: an opaque origin, yet the response is "basic"
            self._deliver("basic", HTTPResponse(200, (("Content-Type", "text/plain"),)), 200)
            return None
        if own:
            message = "Same origin: CORS is not involved, the page may read everything."
            self.steps.append(Step("main-fetch:12", "pass", "origin", request.origin, url.origin, message))
            return (yield from self._actual())
        self.check_mode(url)
        if request.mode == "no-cors":
            return (yield from self._no_cors())
        self.check_scheme(url)
        self.tainting = "cors"
        yield from self._preflight_if_needed()
        return (yield from self._actual())

    def _no_cors(self) -> _Exchanging:
        self.tainting = "opaque"
        message = "Mode no-cors: no CORS check, and the page can read nothing of the response."
        self.steps.append(Step("main-fetch:12", "skip", "mode", "cors", "no-cors", message))
        return (yield from self._actual())

    # ------------------ the preflight: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0

    def _preflight_if_needed(self) -> Generator[HTTPRequest, Answer, None]:
        """``http-fetch:4.1``: send a preflight unless the request is safelisted or the cache covers it."""
        url, first = self.urls[-1], len(self.urls) == 1
        reasons, names = self._reasons()
        forced = self._forced()
        # The standard decides afresh on every hop; Firefox does not: preflight_sticks in departures.py.
        needed = bool(reasons) or (self.rules.preflight_sticks and self.sticky)
        if not needed:
            text = "not needed: safelisted method and headers"
            self.steps.append(Step("main-fetch:12", "skip", "preflight", None, None, text))
            return
        self.sticky = True
        origin = self._preflight_origin()
        unchecked = self.rules.preflight_to_own_origin_unchecked and same_origin(url.origin, self.request.origin)
        asked = PreflightQuestion(origin, self.request.credentials, self.method, names, forced is not None, unchecked)
        cache = self._preflight_cache()
        key = self._cache_key(origin)
        cached = (
            cache is not None
            and cache.reads(self.cache_mode)
            and cache.covers(
                key, url, asked.credentials, asked.method, names, self.now, method_needed=forced is not None
            )
        )
        why = ", ".join(reasons) or "an earlier hop was unsafe"
        if first or not self.preflight.needed:
            self.preflight = Preflight(True, reasons, sent=not cached, cached=cached)
        if cached:
            text = f"not sent: cached ({why})"
            self.steps.append(Step("http-fetch:4.1", "skip", "preflight", None, None, text))
            return
        self.steps.append(Step("http-fetch:4.1", "pass", "preflight", None, None, f"needed: {why}"))
        answer = yield from self.exchange("preflight", "OPTIONS", request_headers(asked), None)
        if isinstance(answer, HeldBack):
            self.hold_back("The preflight was not sent.")
        self._judge_preflight(asked, self.usable(answer), cache)

    def _reasons(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Why the current hop needs a preflight (``main-fetch:12``), and its CORS-unsafe request-header names."""
        forced = self._forced()
        if not self.request.unsafe_request:  # EventSource and elements: method and headers never cause a preflight
            return because("GET", (), forced=forced), ()
        names = unsafe_names(self.named, self.rules)
        return because(self.method, names, forced=forced), names

    def _preflight_cache(self) -> PreflightCache | None:
        """The cache for this hop. Chromium's exceptions are under ``cache_for_opaque_origins`` in departures.py."""
        if self.rules.cache_for_opaque_origins:
            return self.cache
        if redirect.is_tainted(self.request.origin, tuple(self.urls)):
            return None
        return self.own_cache if self.request.origin == OPAQUE else self.cache

    def _cache_key(self, origin: str) -> str:
        return self.request.origin if self.rules.cache_by_page_origin else origin

    def _preflight_origin(self) -> str:
        # preflight:1 clones the URL list: a tainted chain sends "null". Firefox: preflight_origin_stays in departures.py.
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
            failed = judgement.failed  # preflight:8 and 7.3-7.7: a network error; the actual request is never sent
            self._clear_cache(key)
            if self.rules.cache_stores_refused_lists and judgement.parsed and cache is not None:
                cache.store(
                    key, url, asked.credentials, judgement.methods, judgement.names, judgement.seconds, response.at
                )
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
        if cache is not None and cache.stores(self.cache_mode):
            cache.store(key, url, asked.credentials, judgement.methods, judgement.names, judgement.seconds, response.at)

    def _clear_cache(self, key: str) -> None:
        # main-fetch:12: a network error clears the entries of this origin and URL. Chromium: cache_kept_after_failure.
        if not self.rules.cache_kept_after_failure:
            self.cache.clear(key, self.urls[-1])

    # ------------------ the actual request: https://fetch.spec.whatwg.org/#concept-http-fetch

    def _actual(self) -> _Exchanging:
        """``http-fetch:4.3`` and ``4.4``: send the request, check the response. None if the driver held it back."""
        self.check_scheme(self.urls[-1])  # a page at ftp://host is same origin with ftp://host/x
        origin = redirect.serialized_request_origin(self.request.origin, tuple(self.urls))
        headers = author_headers_on_the_wire(self.headers, self.method, self.body, self.rules)
        before = self.exchanges[-1].request if len(self.urls) > 1 else None
        headers += redirect.origin_header(origin, self.method, tuple(self.urls), self.tainting, before, self.rules)
        answer = yield from self.exchange("actual", self.method, headers, self.body)
        if isinstance(answer, HeldBack):  # a good preflight alone decides: allowed, but not complete
            if self.preflight.cached or (self.exchanges[-2:-1] and self.exchanges[-2].request.kind == "preflight"):
                self.complete = False
                return None
            self.hold_back("The request was not sent, and there is no preflight to judge by.")
        response = self.usable(answer)
        if self.tainting == "cors":
            yield from self._check(origin, response)
        elif self.tainting == "opaque":
            self._check_policy(response)
        return response

    def _check_policy(self, response: HTTPResponse) -> None:
        """``http-fetch:5``: Cross-Origin-Resource-Policy, for every response of a no-cors request, redirects included."""
        origin, url = self.request.origin, self.urls[-1].href
        if redirect.is_refused_ftp(redirect.locate(response.headers, self.urls[-1], self.rules), self.rules):
            return
        for step in corp_steps(
            origin, url, response.headers, self.embedder_policy, self.registrable_domain, self.rules
        ):
            self.steps.append(replace(step, exchange=len(self.exchanges) - 1))
            if step.status == "fail":
                self.fail("CORS308", step.message, phase="actual", value=step.received, status=response.status)

    def _check(self, origin: str, response: HTTPResponse) -> Generator[HTTPRequest, Answer, None]:
        """``http-fetch:4.4``: the CORS check. It runs on every response: redirects, 404 and 500 included."""
        index = len(self.exchanges) - 1
        url = self.urls[-1]
        location = redirect.locate(response.headers, url, self.rules)
        goes = redirect.is_redirect(response.status, location, self.rules)
        redirecting = goes and self.request.redirect == "follow"
        # The standard reads Location only after the CORS check. Engines that reject a bad one first: departures.py,
        # malformed_location_fails_in_every_mode, ftp_location_fails_in_every_mode and locations_refused_first.
        malformed = goes and location.url is None and self.rules.malformed_location_fails_in_every_mode
        ftp = goes and redirect.is_refused_ftp(location, self.rules)
        if malformed or ftp or (redirecting and redirect.refused_first(location, self.request, self.rules)):
            return
        credentials = self.request.credentials
        own_first = same_origin(self.urls[0].origin, self.request.origin)
        target = location.url
        refused = (
            target is None
            or target.scheme not in HTTP_SCHEMES
            or target.has_credentials
            or blocking.is_bad_port(target)
            or blocking.is_mixed_content(self.request, target, self.rules)
        )
        if redirecting and own_first and credentials == "same-origin" and not refused:
            # WebKit settles this for the first URL: redirects_from_own_origin_need_credentials. It looks at the URL of the
            # redirect before.
            credentials = "include" if self.rules.redirects_from_own_origin_need_credentials else credentials
        check = cors_check(origin, credentials, response.headers, self.rules)
        rows = cors_check_steps(check, origin, credentials)
        self.steps += [replace(row, exchange=index) for row in (*rows, *vary_steps(check, response.headers))]
        if check.ok:
            return
        if (
            credentials != self.request.credentials
            and cors_check(origin, self.request.credentials, response.headers, self.rules).ok
        ):
            yield from self._preflight_ahead(response)
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
            exchange=index,
        )

    # ------------------ redirects and delivery: https://fetch.spec.whatwg.org/#concept-http-redirect-fetch

    def _redirect_hop(self) -> redirect.Hop:
        return redirect.Hop(
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
            request=self.request,
        )

    def _preflight_ahead(self, response: HTTPResponse) -> Generator[HTTPRequest, Answer, None]:
        """WebKit refuses some redirects only after the next hop's preflight: preflight_before_redirect_refusal."""
        hop = self._redirect_hop()
        location = redirect.locate(response.headers, hop.url, self.rules)
        if location.url is None:
            return
        ahead = redirect.follow(hop, response.status, location.url, self.rules, value=location.value or "")
        if not self.rules.preflight_before_redirect_refusal or not isinstance(ahead, redirect.Follow):
            return
        kept = (self.method, self.headers, self.body, self.tainting)
        self.method, self.headers, self.body = ahead.method, ahead.headers, ahead.body
        self.urls.append(ahead.url)
        if ahead.url.scheme in HTTP_SCHEMES and (
            self.tainting == "cors" or not same_origin(ahead.url.origin, self.request.origin)
        ):
            self.tainting = "cors"
            yield from self._preflight_if_needed()
        self.urls.pop()
        self.method, self.headers, self.body, self.tainting = kept

    def _follow(self, response: HTTPResponse) -> Generator[HTTPRequest, Answer, bool]:
        """``http-fetch:6``: follow, deliver or refuse a redirect. True if there is another hop."""
        hop = self._redirect_hop()
        became = redirect.http_redirect_fetch(hop, response.status, response.headers, self.rules)
        index = len(self.exchanges) - 1
        if isinstance(became, redirect.Refuse):
            if became.code == "CORS504" and hop.tainting == "basic":
                yield from self._preflight_ahead(response)
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
            self.named = redirect.named_headers(hop, response.status, became, self.author_headers, self.rules)
            self.method, self.headers = became.method, became.headers
            self.body, self.stream = became.body, became.stream
            self.urls.append(became.url)  # redirect:18; the caller's loop is redirect:22, main fetch again
            return True
        type_ = self.tainting
        if became.kind == "opaque-redirect":
            self.response = FetchResponse("opaqueredirect", 0, self.request.url, redirected=False)
            return False
        exposed = exposed_step(response.headers) if type_ == "cors" else None
        if exposed is not None:
            self.steps.append(replace(exposed, exchange=index))
        self._deliver(type_, response, 0 if type_ == "opaque" else response.status)
        return False

    def _deliver(self, type_: Tainting, response: HTTPResponse, status: int) -> None:
        if response.body_error is not None:
            message = f"The body is incomplete: {response.body_error}"
            last = len(self.exchanges) - 1
            self.steps.append(Step("http-network:body", "warn", "body", None, None, message, "CORS521", last))
        url = "" if type_ == "opaque" else self.urls[-1].without_fragment
        self.response = FetchResponse(type_, status, url, redirected=len(self.urls) > 1 and type_ != "opaque")
        self.readable = readable_headers(type_, self.request.credentials, response.headers)
