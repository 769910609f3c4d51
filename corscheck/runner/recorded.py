"""Recorded traffic judged without the network: every request of a page in a HAR, put through the protocol once more.

What the recording does not hold is ``inconclusive``, never guessed. A preflight that is missing although the request went
out came from the browser's cache (or was left out): then the answer to the request itself decides. The credentials mode
stands in no HAR: cookies that went along tell it; else the mode is taken under which the browser did what it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.findings import without_asking
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import Probe
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Failure, Step
from corscheck.protocol.preflight import unsafe_names
from corscheck.protocol.request import HeldBack, HTTPResponse, NetworkError
from corscheck.protocol.safelist import is_safelisted_method, is_safelisted_request_header
from corscheck.protocol.steps import NOT_RECORDED
from corscheck.runner.conversation import fetch_request
from corscheck.runner.result import Assembler
from corscheck.sources import author_headers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.result import Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.outcome import Outcome, Verdict
    from corscheck.protocol.request import Answer, Credentials, ErrorKind, Headers, HTTPRequest
    from corscheck.sources.har.entries import HAREntry
    from corscheck.sources.har.recording import HARRecording

_FAILURES: tuple[tuple[ErrorKind, tuple[str, ...]], ...] = (
    ("dns", ("net::ERR_NAME_", "net::ERR_DNS_")),
    ("tls", ("net::ERR_CERT_", "net::ERR_SSL_", "net::ERR_BAD_SSL_")),
    ("proxy", ("net::ERR_PROXY_", "net::ERR_TUNNEL_")),
    ("timeout", ("net::ERR_TIMED_OUT", "net::ERR_CONNECTION_TIMED_OUT")),
    ("connect", ("net::ERR_CONNECTION_", "net::ERR_ADDRESS_", "net::ERR_INTERNET_", "net::ERR_NETWORK_")),
    ("protocol", ("net::ERR_EMPTY_RESPONSE", "net::ERR_INVALID_", "net::ERR_HTTP")),
)
"""Chromium's names of failures that have nothing to do with CORS; the first match counts."""

_LEFT = "net::ERR_ABORTED"
"""The page went away, or its script gave up: nothing is said of what it might have read."""

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
        """The result of each request. Raises ``SourceError`` for a file that is no HAR, after what could be read."""
        for index, one in enumerate(self.recording.requests()):
            engine: EngineName = self.terms.engine or self.recording.engine or "chromium"
            yield self._result(_Case(self, one, engine, self._cache(one.origin, engine)), index)

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


class _Case:
    """One request of a page, and what the recording has of it."""

    def __init__(self, judge: Judge, entry: HAREntry, engine: EngineName, cache: PreflightCache) -> None:
        self.recording = judge.recording
        self.terms = judge.terms
        self.entry = entry
        self.engine = engine
        self.cache = cache
        self.preflight = entry if entry.preflight else self.recording.preflight_of(entry)
        found = author_headers.sort(entry.headers, entry.method, entry.url)
        self.method, self.headers = found.asked or (entry.method, found.author)
        self.cookies = found.cookies is not None
        if self.preflight is not None and not entry.preflight:
            self.headers = _as_asked_for(self.headers, self.preflight)
        # A preflight of a request that needs none: script listened to upload progress.
        self.forced = self.preflight is not None and _is_forced(self.method, self.preflight)
        self.missing: str | None = None
        self.used: list[HAREntry] = []

    def judged(self) -> tuple[Probe, Outcome]:
        """The probe that the request comes to, and its outcome."""
        mode = self.terms.credentials or ("include" if self.cookies else "same-origin")
        probe, outcome = self._judge(mode)
        refused = self._refused()
        if outcome.verdict == "allowed" and refused is not None:
            if self.terms.credentials is None and mode != "include":
                other, again = self._judge("include")
                if again.verdict == "blocked":
                    return other, again
            return probe, undecided(
                outcome, f"The browser reports {refused}, and the recorded answers alone would let it pass."
            )
        if outcome.verdict == "blocked" and self._let_through(outcome):
            return probe, undecided(
                outcome,
                "The browser let the page read this, which the recorded headers do not allow: they are not all, or "
                "something (an extension) changed them.",
            )
        return probe, outcome

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
        outcome = self._fetched(probe, self.cache)
        first_missing = outcome.preflight.sent and not outcome.exchanges
        if self.missing is not None and first_missing and self.entry.answered:
            outcome = _said_to_be_cached(self._fetched(probe, self._granting(probe)))
        return probe, outcome

    def _granting(self, probe: Probe) -> PreflightCache:
        """A cache that grants just this request: it went out, so the browser had that permission."""
        rules = ENGINES[self.engine].rules
        cache = PreflightCache(rules)
        names = unsafe_names(probe.headers, rules)
        cache.store(probe.origin, parse_url(probe.url), probe.credentials, (probe.method,), names, 1, self.entry.at)
        return cache

    def _fetched(self, probe: Probe, cache: PreflightCache) -> Outcome:
        self.missing, self.used = None, []
        outcome = run(
            fetch(
                fetch_request(probe),
                probe.engine,
                now=self.entry.at,
                cache=cache,
                registrable_domain=registrable_domain,
            ),
            self._answer,
        )
        if self.missing is None:
            return outcome
        # The last exchange is the one that the recording does not hold.
        return undecided(replace(outcome, exchanges=outcome.exchanges[:-1]), self.missing)

    def _answer(self, request: HTTPRequest) -> Answer:
        found = self.recording.answer(request, self.entry)
        if found is None and self.entry.preflight and request.kind == "actual":
            return HeldBack(self.entry.at)
        if found is None:
            why = ": the preflight cache answered, or the browser left it out" if request.kind == "preflight" else ""
            what = "preflight" if request.kind == "preflight" else f"{request.method} of {request.url}"
            return self._none(f"The {what} is not in the recording{why}")
        self.used.append(found)
        if found.answered:
            arrived = found.at + found.elapsed_ms / 1000
            return HTTPResponse(
                found.status,
                found.answer,
                found.reason,
                at=arrived,
                elapsed_ms=found.elapsed_ms,
                http_version=found.http_version,
                sent=found.headers,
            )
        error = found.error or ""
        kind = next((kind for kind, names in _FAILURES if error.startswith(names)), None)
        if kind is not None:
            return NetworkError(kind, f"The browser reports {error}.", found.at, found.elapsed_ms, found.headers)
        said = f" (it reports {error})" if found.error is not None else ""
        return self._none(f"The recording holds no answer to the {request.kind} {request.method}{said}")

    def _none(self, what: str) -> NetworkError:
        self.missing = f"{what}."
        return NetworkError("protocol", self.missing, self.entry.at)

    def _refused(self) -> str | None:
        """What the browser says went wrong with this request, where that may have been CORS."""
        errors = [e.error for e in (self.entry, *self.used) if e.error not in (None, _LEFT)]
        return errors[0] if errors else None

    def _let_through(self, outcome: Outcome) -> bool:
        """Whether the browser is recorded to have let the page read what we would not."""
        if self.recording.engine != "chromium" or self.engine != "chromium" or self.terms.credentials is not None:
            # Only Chromium's recordings say which requests failed.
            return False
        last = outcome.failure is not None and outcome.failure.hop == 0
        no_failure = all(e.error is None for e in (self.entry, *self.used))
        return last and not self.entry.preflight and self.entry.status > 0 and no_failure


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
    steps.append(Step("replay", "skip", "recording", None, None, message, NOT_RECORDED, decisive=True))
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
