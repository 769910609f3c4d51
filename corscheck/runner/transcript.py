"""Transcripts of curl judged without the network: what a page would be told by the answers that curl got.

curl is not a browser: it sends no preflight by itself, keeps the Origin header over redirects, and sends what it is told. An
answer to a request that a browser would not have sent proves less. Where that matters, the verdict is ``inconclusive``
and says which command would tell.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.findings import without_asking
from corscheck.model.page_origin import judge_origin
from corscheck.model.result import Finding
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import Probe
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.headers import get, split_value
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.preflight import ACRH, ACRM, unsafe_names
from corscheck.protocol.request import HeldBack, HTTPResponse, NetworkError
from corscheck.protocol.safelist import is_safelisted_method
from corscheck.protocol.steps import NOT_RECORDED
from corscheck.runner.conversation import fetch_request
from corscheck.runner.recorded import undecided
from corscheck.runner.result import Assembler
from corscheck.sources import author_headers
from corscheck.sources.found import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from corscheck.model.result import Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer, ErrorKind, Headers, HTTPRequest
    from corscheck.runner.recorded import Terms
    from corscheck.sources.author_headers import Sorted
    from corscheck.sources.transcript.exchanges import CurlExchange

_FAILURES: dict[int, ErrorKind] = {
    5: "proxy", 6: "dns", 7: "connect", 28: "timeout", 35: "tls", 51: "tls", 53: "tls", 54: "tls", 58: "tls", 59: "tls",
    60: "tls", 66: "tls", 77: "tls", 80: "tls", 82: "tls", 83: "tls", 90: "tls", 91: "tls", 97: "proxy", 98: "tls",
}  # fmt: skip
"""curl's exit codes of failures before HTTP; every other one is about the protocol."""

_HEADER_NOT_ALLOWED = "CORS407"


class _Asked(Struct, frozen=True):
    """An exchange of a page: ``origin`` is the page's, ``found`` what of the headers is the page's own."""

    exchange: CurlExchange
    origin: str
    found: Sorted

    @property
    def preflight(self) -> bool:
        return self.found.asked is not None

    @property
    def names(self) -> frozenset[str]:
        """The header names that this preflight asks for."""
        listed = split_value((get(self.exchange.headers, ACRH) or "").lower())
        return frozenset(name for name in listed if name)


def _lacking(command: str) -> Finding:
    """Build the finding that names the command whose output is needed for a verdict."""
    record = RECORDS[NOT_RECORDED]
    advice = f"Append the output of this command to the transcript:\n  {command}"
    return Finding(record.code, "low", record.title, "The transcript lacks the browser's preflight.", None, advice)


class TranscriptJudge:
    """Judges the requests of a page among the exchanges of a transcript.

    ``left_out`` holds a sentence for each exchange that is not judged, after ``results``. ``page`` is the origin to
    assume where the transcript does not tell it.
    """

    def __init__(self, exchanges: Sequence[CurlExchange], terms: Terms, page: str | None = None) -> None:
        self.terms = terms
        self.exchanges = exchanges
        self.left_out: list[str] = []
        self._assembler = Assembler(show_secrets=terms.show_secrets)
        self._asked = [asked for one in exchanges if (asked := self._page_request(one, page)) is not None]

    def results(self) -> Iterator[Result]:
        """Yield the result of each request, in order; a preflight alone stands for the request that it is for."""
        preflights = self._paired()
        used = {id(one) for one in preflights.values()}
        index = 0
        for asked in self._asked:
            if id(asked) in used:
                continue
            case = _Case(self, asked, preflights.get(id(asked)))
            outcome = case.judged()
            probe = replace(case.probe, index=index)
            findings = without_asking(probe, outcome)
            if outcome.verdict == "inconclusive" and case.command is not None:
                findings += (_lacking(case.command),)
            yield self._assembler.result(probe, outcome, findings)
            index += 1

    def _page_request(self, one: CurlExchange, page: str | None) -> _Asked | None:
        """Return the request of a page that this is, or say why it is none."""
        where = f"line {one.line}: {one.method} {quoted(one.url)}"
        try:
            target = parse_url(one.url)
        except URLError as error:
            self.left_out.append(f"{where} is skipped: {error}")
            return None
        found = author_headers.sort(one.headers, one.method, target.href)
        origin = found.origin or page
        fault, meant = judge_origin(origin) if origin is not None else (None, None)
        if one.redirected:
            return None
        if fault is not None:
            hint = f" (probably meant: {meant})" if meant is not None else ""
            self.left_out.append(f"{where} is skipped: its Origin {quoted(origin or '')} {fault}{hint}")
        elif origin is None:
            self.left_out.append(
                f"{where} has no Origin header, which every request from a page to another origin has: repeat the "
                "command with -H 'Origin: https://app.example.com', or set the page's origin with --origin"
            )
        elif origin == target.origin:
            self.left_out.append(f"{where} is skipped: it stays within the page's own origin")
        elif found.not_cors is not None:
            self.left_out.append(f"{where} is skipped: it is {found.not_cors}, which CORS does not apply to")
        else:
            if one.login:
                # What -u gave, a browser adds by itself: it is not the page's header.
                author = tuple(h for h in found.author if h[0].lower() != "authorization")
                found = replace(found, author=author, cookies=found.cookies or "")
            return _Asked(replace(one, url=target.href), origin, found)
        return None

    def _paired(self) -> dict[int, _Asked]:
        """Return the preflight of each request that needs one: the nearest for its URL, page and method."""
        free = [one for one in self._asked if one.preflight]
        pairs = {}
        rules = ENGINES[self.terms.engine or "chromium"].rules
        for index, one in enumerate(self._asked):
            method, author = one.exchange.method, one.found.author
            needed = unsafe_names(author, rules)
            if one.preflight or (is_safelisted_method(method) and not needed):
                continue
            fitting = [
                other
                for other in free
                if _without_fragment(other.exchange.url) == _without_fragment(one.exchange.url)
                and other.origin == one.origin
                and other.found.asked is not None
                and other.found.asked[0] == method
            ]
            if fitting:
                nearest = min(fitting, key=lambda other: _distance(self._asked.index(other), index))
                free.remove(nearest)
                pairs[id(one)] = nearest
        return pairs


def _distance(preflight: int, request: int) -> tuple[bool, int]:
    """Rank a preflight for a request: those before it come first."""
    return preflight > request, abs(preflight - request)


class _Case:
    """One request of a page, and what the transcript has of it."""

    def __init__(self, judge: TranscriptJudge, asked: _Asked, preflight: _Asked | None) -> None:
        self.asked = asked
        self.exchange = asked.exchange
        self.preflight = asked if asked.preflight else preflight
        at = next(i for i, one in enumerate(judge.exchanges) if one.line == asked.exchange.line)
        self._chain = []
        for one in judge.exchanges[at + 1 :]:
            if not one.redirected:
                break
            self._chain.append(one)
        self.missing: str | None = None
        self.command: str | None = None
        """What prints the exchange that is missing."""
        self.other_origin: tuple[str | None, str | None] | None = None
        self.probe = self._probe(judge.terms)

    def _probe(self, terms: Terms) -> Probe:
        found, exchange = self.asked.found, self.exchange
        method, headers = found.asked or (exchange.method, found.author)
        if self.preflight is not None and not self.asked.preflight:
            headers = _as_asked_for(headers, self.preflight)
        forced = self.asked.preflight and is_safelisted_method(method) and not headers
        sends = method not in ("GET", "HEAD") and get(exchange.headers, "content-length") not in (None, "0")
        engine: EngineName = terms.engine or "chromium"
        return Probe(
            url=exchange.url,
            origin=self.asked.origin,
            method=method,
            headers=headers,
            credentials=terms.credentials or ("include" if found.cookies is not None else "same-origin"),
            mode=found.mode or "cors",
            # Chromium forces a preflight only for a request with a body.
            body=b"" if sends or (forced and method == "POST") else None,
            upload_listener=forced,
            engine=engine,
            gate=terms.gate,
            expected=terms.expected,
        )

    def judged(self) -> Outcome:
        """Return the outcome of the request by the answers of the transcript."""
        rules = ENGINES[self.probe.engine].rules
        outcome = self._fetched(PreflightCache(rules))
        if self.exchange.method == "OPTIONS" and not self.asked.preflight:
            return undecided(
                outcome,
                "This OPTIONS request is not a preflight: it has no Access-Control-Request-Method, and servers treat a "
                "preflight differently. Repeat the command with -H 'Access-Control-Request-Method: PUT', or the "
                "method that the page uses.",
            )
        if self.missing is not None:
            first = outcome.preflight.sent and not outcome.exchanges
            return self._without_preflight(outcome) if first else undecided(outcome, self.missing)
        if outcome.verdict != "blocked":
            return outcome
        return self._doubted(outcome)

    def _without_preflight(self, outcome: Outcome) -> Outcome:
        """Judge a request whose preflight is not there: if its own answer blocks it, no preflight can help."""
        if self.exchange.status:
            cache = PreflightCache(ENGINES[self.probe.engine].rules)
            names = unsafe_names(self.probe.headers, cache.rules)
            url = parse_url(self.probe.url)
            cache.store(self.probe.origin, url, self.probe.credentials, (self.probe.method,), names, 1, 0.0)
            granted = self._fetched(cache)
            if granted.verdict == "blocked" and self.missing is None:
                granted = self._doubted(granted)
            if granted.verdict == "blocked":
                steps = tuple(
                    replace(s, message=s.message.replace("not sent: cached", "not in the transcript"))
                    for s in granted.steps
                )
                return replace(granted, steps=steps)
        self.command = self._preflight_command()
        return undecided(
            outcome, f"A browser sends a preflight before this {self.probe.method}, and the transcript has none."
        )

    def _doubted(self, outcome: Outcome) -> Outcome:
        """Return a blocked outcome, without its verdict if the server may answer a browser in another way."""
        if self.other_origin is not None:
            wanted, sent = self.other_origin
            said = f"curl sent Origin: {sent}" if sent is not None else "curl sent no Origin header"
            return undecided(
                outcome,
                f"A browser sends Origin: {wanted} here, and {said}. Servers may choose their CORS headers by the Origin: "
                f"repeat the command with -H 'Origin: {wanted}'.",
            )
        failed = outcome.failure
        if failed is not None and failed.code == _HEADER_NOT_ALLOWED and self.preflight is not None:
            unasked = sorted(set(unsafe_names(self.probe.headers)) - self.preflight.names)
            if unasked:
                self.command = self._preflight_command()
                return undecided(
                    outcome,
                    f"The preflight in the transcript does not request {', '.join(unasked)}, and servers may allow only "
                    "what is requested.",
                )
        return outcome

    def _preflight_command(self) -> str:
        """Return the command that sends this request's preflight, with the request's headers in its output."""
        names = ",".join(unsafe_names(self.probe.headers))
        fields = [
            f"Origin: {self.probe.origin}",
            f"{ACRM}: {self.probe.method}",
            *([f"{ACRH}: {names}"] if names else ()),
        ]
        return " ".join(["curl -v -X OPTIONS", shlex.quote(self.probe.url), *(f"-H {shlex.quote(f)}" for f in fields)])

    def _fetched(self, cache: PreflightCache) -> Outcome:
        self.missing, self.other_origin = None, None
        request = fetch_request(self.probe)
        outcome = run(
            fetch(request, self.probe.engine, now=0.0, cache=cache, registrable_domain=registrable_domain), self._answer
        )
        if self.missing is None:
            return outcome
        # The last exchange is the one that the transcript does not hold.
        return replace(outcome, exchanges=outcome.exchanges[:-1])

    def _answer(self, request: HTTPRequest) -> Answer:
        if request.kind == "actual" and request.hop == 0 and self.asked.preflight:
            return HeldBack()
        found = self._exchange_of(request)
        if found is None:
            what = "preflight" if request.kind == "preflight" else f"{request.method} request for {request.url}"
            hint = " (curl follows redirects with -L)" if request.hop else ""
            return self._none(f"The {what} is not in the transcript{hint}.")
        if found.failure is not None and not found.status:
            code, message = found.failure
            return NetworkError(_FAILURES.get(code, "protocol"), f"curl: ({code}) {message}", sent=found.headers)
        if not found.status:
            return self._none(f"The transcript contains no response to the {request.method} request for {request.url}.")
        wanted, sent = request.get("Origin"), get(found.headers, "origin")
        # A server that does not answer curl's Origin with it has no reason to answer the browser's.
        if wanted not in (None, sent) and (sent is None or get(found.answer, ACAO) == sent):
            self.other_origin = (wanted, sent)
        return HTTPResponse(
            found.status, found.answer, found.reason, http_version=found.http_version, sent=found.headers
        )

    def _exchange_of(self, request: HTTPRequest) -> CurlExchange | None:
        if request.hop == 0:
            if request.kind == "actual":
                return self.exchange
            return self.preflight.exchange if self.preflight is not None else None
        for one in self._chain:
            same = _without_fragment(parse_url(one.url).href) == _without_fragment(request.url)
            if request.kind == "actual" and same and one.method == request.method:
                return one
        return None

    def _none(self, what: str) -> NetworkError:
        self.missing = what
        return NetworkError("protocol", what)


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _as_asked_for(headers: Headers, preflight: _Asked) -> Headers:
    """Add what only the preflight tells of: a pasted command often lacks its token."""
    there = {name.lower() for name, _ in headers}
    asked = preflight.found.asked
    return (*headers, *(h for h in (asked[1] if asked is not None else ()) if h[0].lower() not in there))
