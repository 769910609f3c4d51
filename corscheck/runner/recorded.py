"""Recorded traffic judged without the network: every request of a page in a HAR, put through the protocol once more.

What the recording does not hold is ``inconclusive``, never guessed. A preflight that is missing although the request went
out came from the browser's cache (or was left out): then the answer to the request itself decides. The credentials mode
stands in no HAR. Some requests tell it by their headers; else the mode is taken under which the browser did what it did.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.findings import without_asking
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import Probe
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.headers import get
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Failure, Step
from corscheck.protocol.request import CONDITIONAL, HeldBack, HTTPResponse, NetworkError
from corscheck.protocol.safelist import is_safelisted_method, is_safelisted_request_header
from corscheck.protocol.steps import NOT_RECORDED
from corscheck.runner.conversation import fetch_request
from corscheck.runner.result import Assembler
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.model.result import Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.origin import URL
    from corscheck.protocol.outcome import Outcome, Verdict
    from corscheck.protocol.request import Answer, Credentials, ErrorKind, Headers, HTTPRequest
    from corscheck.sources.har.entries import HAREntry
    from corscheck.sources.har.recording import HARRecording

_FAILURES: tuple[tuple[ErrorKind, tuple[str, ...]], ...] = (
    ("dns", ("net::ERR_NAME_", "net::ERR_DNS_", "NS_ERROR_UNKNOWN_HOST")),
    ("tls", ("net::ERR_CERT_", "net::ERR_SSL_", "net::ERR_BAD_SSL_", "SEC_ERROR_", "SSL_ERROR_", "MOZILLA_PKIX_")),
    ("proxy", ("net::ERR_PROXY_", "net::ERR_TUNNEL_", "NS_ERROR_PROXY_")),
    ("timeout", ("net::ERR_TIMED_OUT", "net::ERR_CONNECTION_TIMED_OUT", "NS_ERROR_NET_TIMEOUT")),
    ("connect", ("net::ERR_CONNECTION_", "net::ERR_ADDRESS_", "net::ERR_INTERNET_", "net::ERR_NETWORK_",
                 "NS_ERROR_CONNECTION_REFUSED", "NS_ERROR_OFFLINE")),
    ("protocol", ("net::ERR_EMPTY_RESPONSE", "net::ERR_INVALID_", "net::ERR_HTTP", "NS_ERROR_NET_")),
)  # fmt: skip
"""Browsers' names of failures that have nothing to do with CORS; the first match counts."""

_LEFT = ("net::ERR_ABORTED", "NS_BINDING_ABORTED", "Client disconnected.")
"""The page went away, or its script gave up: nothing is said of what it might have read."""

_CORS_FAILURE = re.compile(
    r"^net::ERR_FAILED$|^NS_ERROR_DOM_BAD_URI$|access control|cross-origin|\bcors\b", re.IGNORECASE
)
"""What browsers call a failure that CORS may have caused."""

_MOST_PAGES = 64


class Terms(Struct, frozen=True):
    """How a recording is judged. ``engine`` None: the one that recorded it; ``gate`` empty: that engine alone."""

    engine: EngineName | None = None
    gate: tuple[EngineName, ...] = ()
    credentials: Credentials | None = None
    expected: Verdict = "allowed"
    show_secrets: bool = False


class Judge:
    """Judges the requests of a recording, one after the other."""

    def __init__(self, recording: HARRecording, terms: Terms) -> None:
        self.recording = recording
        self.terms = terms
        self._assembler = Assembler(show_secrets=terms.show_secrets)
        self._caches: dict[str, PreflightCache] = {}

    def results(self) -> Iterator[Result]:
        """The result of each request. Raises ``SourceError`` for a file that is not a HAR, after what could be read."""
        for index, one in enumerate(self.recording.requests()):
            asked = one.asked.engine if one.asked is not None else None
            recorded: EngineName = asked or self.recording.engine or one.engine or "chromium"
            engine: EngineName = self.terms.engine or recorded
            yield self._result(_Case(self, one, engine, recorded, self._cache(one.origin, engine)), index)

    def _result(self, case: _Case, index: int) -> Result:
        probe, outcome = case.judged()
        probe = replace(probe, index=index)
        result = self._assembler.result(probe, outcome, without_asking(probe, outcome))
        return replace(result, body=case.entry.body)

    def _cache(self, origin: str, engine: EngineName) -> PreflightCache:
        """What the page has in its preflight cache by what was recorded so far."""
        if origin not in self._caches:
            if len(self._caches) >= _MOST_PAGES:
                del self._caches[next(iter(self._caches))]
            self._caches[origin] = PreflightCache(ENGINES[engine].rules)
        return self._caches[origin]


class _RecordedCache(PreflightCache):
    """The page's cache, and permission for whatever went out although no preflight is recorded."""

    def __init__(self, page: PreflightCache, went_out: Callable[[str, str], bool]) -> None:
        super().__init__(page.rules)
        self._entries = page._entries
        self._went_out = went_out
        self.concluded = False

    # As in the base class; the arguments are the question of http-fetch:4.1.
    def covers(
        self, origin: str, url: URL, credentials: Credentials, method: str, names: tuple[str, ...], now: float,
        *, method_needed: bool = False,
    ) -> bool:  # fmt: skip
        if super().covers(origin, url, credentials, method, names, now, method_needed=method_needed):
            return True
        self.concluded = self._went_out(url.href, method)
        return self.concluded


class _Case:
    """One request of a page, and what the recording has of it. ``recorded`` is the engine of the recording."""

    def __init__(
        self, judge: Judge, entry: HAREntry, engine: EngineName, recorded: EngineName, cache: PreflightCache
    ) -> None:
        self.recording = judge.recording
        self.terms = judge.terms
        self.entry = entry
        self.engine = engine
        self.cache = cache
        self.own = self.recording.exchanges_of(entry) if entry.asked is not None else []
        self.preflight = entry if entry.preflight else self.recording.preflight_of(entry)
        found = author_headers.sort(entry.headers, entry.method, entry.url)
        self.method, self.headers = found.asked or (entry.method, found.author)
        if not entry.preflight:
            names = self.preflight.asks_for[1] if self.preflight is not None else frozenset()
            # A conditional request that no preflight asked about is the browser's, for its own cache.
            self.headers = tuple(h for h in self.headers if h[0].lower() in names or h[0].lower() not in CONDITIONAL)
        asked = self.preflight.credentials if self.preflight is not None else None
        self.told = self.terms.credentials or entry.credentials or asked
        if self.preflight is not None and not entry.preflight:
            self.headers = _as_asked_for(self.headers, self.preflight)
        # A preflight of a request that needs none: script listened to upload progress.
        self.forced = self.preflight is not None and _is_forced(self.method, self.preflight)
        # What another engine than the recorded one would have done, no recording contradicts.
        self.as_recorded = engine == recorded
        self.missing: str | None = None
        self.used: list[HAREntry] = []
        self._found: dict[tuple[str, int, str], HAREntry | None] = {}

    def judged(self) -> tuple[Probe, Outcome]:
        """The probe that the request comes to, and its outcome."""
        if self.entry.asked is not None:
            own = replace(self.entry.asked.probe(), engine=self.engine, expected=self.terms.expected)
            own = replace(own, gate=self.terms.gate) if self.terms.gate else own
            return own, self._fetched(own)
        probe, outcome = self._judge(self.told or "same-origin")
        refused = self._refused()
        if outcome.verdict in ("allowed", "inconclusive") and self.told is None and _CORS_FAILURE.search(refused or ""):
            other, again = self._judge("include")
            # A response without the error is one that the browser took: it followed the redirect.
            if again.verdict == "blocked" and self.used and (self.used[-1].preflight or self.used[-1].error):
                return other, again
            probe, outcome = self._judge("same-origin")
        why = self._doubt(refused) if outcome.verdict == "allowed" else self._contradiction(outcome)
        return probe, undecided(outcome, why) if why is not None else outcome

    def _doubt(self, refused: str | None) -> str | None:
        """Why the page may not have got what the recorded answers allow. ``refused`` is the error that the browser reports."""
        if refused is not None:
            return f"The browser reports {refused}, but the recorded responses alone would allow the request."
        if self._wildcard_decides():
            return (
                "Access-Control-Allow-Origin is *, and the recording does not show whether the page sent "
                "credentials. If it did, * blocks the request. Pass --credentials include, or else omit."
            )
        return None

    def _wildcard_decides(self) -> bool:
        """Whether the verdict depends on credentials of which nothing is known, because a response allows ``*``."""
        if self.told is not None or self.recording.tells_failures or self.entry.element:
            # An element asks without, unless it has crossorigin="use-credentials", which hardly any has.
            return False
        if all(get(e.answer, ACAO) != "*" for e in self.used if not e.preflight):
            return False
        _, again = self._judge("include")
        failure = again.failure
        # If the preflight allows * too, the request would not have gone out with credentials.
        return again.verdict == "blocked" and failure is not None and failure.phase == "actual"

    def _judge(self, mode: Credentials) -> tuple[Probe, Outcome]:
        probe = Probe(
            url=self.entry.url,
            origin=self.entry.origin,
            method=self.method,
            headers=self.headers,
            credentials=mode,
            # Chromium forces a preflight only for a request with a body.
            body=b"" if self.entry.body is not None or (self.forced and self.method == "POST") else None,
            upload_listener=self.forced,
            engine=self.engine,
            gate=self.terms.gate or (self.engine,),
            expected=self.terms.expected,
        )
        if self.preflight is not None:
            # What was sent had not been found in the cache, whatever the cache should have held.
            self.cache.clear(self.entry.origin, parse_url(self.entry.url))
        return probe, self._fetched(probe)

    def _fetched(self, probe: Probe) -> Outcome:
        self.missing, self.used = None, []
        engine = ENGINES[probe.engine]
        # Such a cache is consulted for opaque origins too, which have none of their own in Chromium.
        engine = replace(engine, rules=replace(engine.rules, cache_for_opaque_origins=True))
        cache = _RecordedCache(self.cache, self._went_out)
        outcome = run(
            fetch(
                fetch_request(probe),
                engine,
                now=self.entry.at,
                cache=cache,
                registrable_domain=registrable_domain,
            ),
            self._answer,
        )
        if cache.concluded:
            outcome = _said_to_be_cached(outcome)
        if self.missing is None:
            return outcome
        # The last exchange is the one that the recording does not hold.
        return undecided(replace(outcome, exchanges=outcome.exchanges[:-1]), self.missing)

    def _went_out(self, url: str, method: str) -> bool:
        """Whether a request was answered and its preflight is not recorded, so that the browser had its permission."""
        if self.entry.asked is not None:
            return not any(e.preflight and e.address == url.partition("#")[0] for e in self.own)
        if url.partition("#")[0] == self.entry.address:
            unseen = self.preflight is None or (self.preflight is not self.entry and not self.preflight.answered)
            return unseen and self.entry.answered
        sent = self.recording.later(self.entry, url, fits=lambda e: e.answered and e.method == method)
        asked = self.recording.later(self.entry, url, preflight=True, fits=lambda e: e.asks_for[0] == method)
        return sent is not None and asked is None

    def _answer(self, request: HTTPRequest) -> Answer:
        key = request.kind, request.hop, request.url
        if key not in self._found:
            self._found[key] = self._search(request)
        found = self._found[key]
        if found is None:
            return self._not_found(request)
        self.used.append(found)
        if found.answered:
            return self._response(found)
        error = found.error or ""
        kind = next((kind for kind, names in _FAILURES if error.startswith(names)), None)
        if kind is not None:
            return NetworkError(kind, f"The browser reports {error}.", found.at, found.elapsed_ms, found.headers)
        said = f" (it reports {error})" if found.error is not None else ""
        return self._none(f"The recording contains no response to the {request.kind} {request.method}{said}")

    def _search(self, request: HTTPRequest) -> HAREntry | None:
        if self.entry.asked is not None:
            same = (e for e in self.own if (e.address, e.method) == (request.url.partition("#")[0], request.method))
            found = next((e for e in same if e.preflight == (request.kind == "preflight")), None)
            if found is not None:
                self.own.remove(found)
            return found
        if request.hop:
            return self.recording.answer(request, self.entry)
        if request.kind == "preflight":
            return self.preflight
        return None if self.entry.preflight else self.entry

    def _not_found(self, request: HTTPRequest) -> Answer:
        if self.entry.asked is not None:
            return HeldBack(self.entry.at)
        if request.kind == "preflight":
            return self._none(
                "The preflight is not in the recording: it was in the preflight cache, or the browser did not record it"
            )
        if self.entry.preflight and not request.hop:
            return self._none(f"The preflight allows {request.method}, but that request is not in the recording")
        return self._none(f"The {request.method} request for {request.url} is not in the recording")

    def _response(self, found: HAREntry) -> Answer:
        status, answer = found.status, found.answer
        if found.revalidated and (found.status == 304 or self.recording.tells_failures) and not self._gets_304():
            stored = self.recording.stored(found)
            if stored is not None:
                status, answer = stored.status, _updated(stored.answer, found.answer)
            elif get(answer, ACAO) is None:
                return self._none(
                    "The response only confirms that a stored response is still valid (304), and that one is not in "
                    "the recording"
                )
        return HTTPResponse(
            status,
            answer,
            found.reason,
            at=found.at + found.elapsed_ms / 1000,
            elapsed_ms=found.elapsed_ms,
            http_version=found.http_version,
            sent=found.headers,
        )

    def _gets_304(self) -> bool:
        """Whether script gets a 304 itself: it made the request conditional, or no browser with a cache sent it."""
        return self.entry.asked is not None or any(name.lower() in CONDITIONAL for name, _ in self.headers)

    def _none(self, what: str) -> NetworkError:
        self.missing = f"{what}."
        return NetworkError("protocol", self.missing, self.entry.at)

    def _refused(self) -> str | None:
        """What the browser says went wrong with this request, where that may have been CORS."""
        errors = [e.error for e in (self.entry, *self.used) if e.error is not None and e.error not in _LEFT]
        return errors[0] if errors else None

    def _contradiction(self, outcome: Outcome) -> str | None:
        """Why a negative outcome cannot be right: the recording shows that the browser went on."""
        failure = outcome.failure
        if outcome.verdict == "invalid" and failure is not None:
            return f"No page could make this request with fetch(), so something else did: {failure.message}"
        if outcome.verdict != "blocked" or failure is None:
            return None
        if self.as_recorded and self._went_on(failure):
            return (
                "The browser let the page read this response, but the recorded headers do not allow it: they are "
                "incomplete, or something (such as an extension) changed them."
            )
        if not self.entry.origin_sent and failure.code == "CORS306":
            return f"The recording does not contain the request's Origin: from {self.entry.origin} it would be blocked."
        return None

    def _went_on(self, failure: Failure) -> bool:
        """Whether the browser is recorded to have done what it does only if nothing has failed."""
        if self.entry.preflight:
            return False
        if failure.phase != "actual":
            # It was refused before it was sent, or by its preflight.
            sent = self.entry if not failure.hop else self.recording.later(self.entry, failure.url)
            return sent is not None and sent.answered
        read = self.recording.tells_failures and self.terms.credentials is None
        return read and self.used[-1].status > 0 and all(e.error is None for e in (self.entry, *self.used))


def _as_asked_for(headers: Headers, preflight: HAREntry) -> Headers:
    """The author's headers by what the preflight asked for.

    A recording without secrets lacks Authorization, of which the preflight still tells; what the preflight did not name
    was set by the browser, or by an extension behind it.
    """
    names = preflight.asks_for[1]
    kept = tuple(h for h in headers if h[0].lower() in names or is_safelisted_request_header(*h))
    there = {name.lower() for name, _ in kept}
    asked = author_headers.sort(preflight.headers, "OPTIONS", preflight.url).asked
    return (*kept, *(h for h in (asked[1] if asked is not None else ()) if h[0].lower() not in there))


def _is_forced(method: str, preflight: HAREntry) -> bool:
    asked, names = preflight.asks_for
    return is_safelisted_method(asked) and asked == method and not names


def _updated(stored: Headers, renewed: Headers) -> Headers:
    """The headers of a stored response after a 304: RFC 9111, 3.2."""
    names = {name.lower() for name, _ in renewed}
    return (*(h for h in stored if h[0].lower() not in names), *renewed)


def undecided(outcome: Outcome, message: str) -> Outcome:
    """The same without a verdict, and why."""
    last = outcome.exchanges[-1].request.url if outcome.exchanges else outcome.request.url
    failure = Failure(NOT_RECORDED, message, last, outcome.request.url)
    kept = len(outcome.exchanges)
    steps = [
        replace(s, decisive=False, exchange=s.exchange if s.exchange is not None and s.exchange < kept else None)
        for s in outcome.steps
        if not (s.decisive and s.status == "skip")
    ]
    steps.append(Step("replay", "skip", "recording", None, None, "no verdict: see below", NOT_RECORDED, decisive=True))
    return replace(
        outcome,
        verdict="inconclusive",
        failure=failure,
        steps=tuple(steps),
        response=None,
        readable_headers=(),
        complete=True,
    )


def _said_to_be_cached(outcome: Outcome) -> Outcome:
    """The row that says why no preflight was sent, as what it is: a conclusion."""
    steps = tuple(
        replace(s, message=s.message.replace("not sent: cached", "from the preflight cache, or not recorded"))
        if s.step == "http-fetch:4.1"
        else s
        for s in outcome.steps
    )
    return replace(outcome, steps=steps)
