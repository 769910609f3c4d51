"""The state of one audit: send probes, count requests, confirm and rate findings, and build the ``Audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from corscheck.auditing import classes, websocket
from corscheck.auditing.plan import BudgetSpentError, Lookup, OwnPage, SilenceError, UnstableError
from corscheck.auditing.private import is_private
from corscheck.auditing.proof import Seen, evidence, seen, sent
from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.model.audits import Audit, AuditFinding, passes
from corscheck.model.result import ErrorRecord
from corscheck.model.values import SEVERITIES
from corscheck.protocol.origin import is_loopback_host, parse_url
from corscheck.protocol.outcome import Exchange, Outcome
from corscheck.protocol.request import NetworkError, Request

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.origins import Hostile, Kind
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Step
    from corscheck.model.values import Severity
    from corscheck.protocol.request import Answer

_SILENCE = 3
"""Stop the audit after this many consecutive requests without a response: the server is down or blocks us."""

_UNSTABLE = 3
"""Stop the audit after this many results that a second request did not reproduce."""

_MORE_ATTEMPTS = 2
"""How often a result is asked for again that a second request did not reproduce."""

_LOGIN = (401, 403, 407)
_TOO_MANY = 429
_NOT_THE_APPLICATION = (_TOO_MANY, 502, 503, 504)
"""Statuses of rate limits and gateways. A 500 is the application's own."""

_MIXED = (
    "Browsers block requests to {url} from https pages (mixed content), so only http origins were tried. If a proxy "
    "adds https in front of this server, audit the https URL and pass this one to --via."
)


class Findings:
    """Requests, findings and notes of one audit. ``url`` is the audited URL: the target, or what it redirects to."""

    def __init__(self, plan: AuditPlan) -> None:
        self.plan = plan
        self.url = plan.url
        self.requests = 0
        self.held: dict[tuple[str, str | None], AuditFinding] = {}
        self.notes: dict[str, None] = {}
        self.unstable: list[str] = []
        self.error: ErrorRecord | None = None
        self._silent = 0
        self._unknown = 0
        self._throttled = 0
        self.usual: int | None = None
        """The status of the first response, to a request without an Origin."""
        self.unusual: int | None = None
        """The last redirect or error status that a foreign origin got and that first request did not."""
        self._private: bool | None = None
        self.chances = 0
        self._chance: Seen | None = None
        self.needs_credentials: bool | None = None

    # ------------------------------------------------------------------ requests

    def ask(self, origin: str, **changes: object) -> Generator[Ask, Came, Seen]:
        """Send the probe as a page at ``origin``. Raises ``SilenceError`` if the target has stopped responding."""
        by_preflight = bool(changes.pop("by_preflight", False))
        alike = not changes
        if self.plan.is_socket:
            found = yield from self._handshake(origin, changes)
        else:
            outcome = yield from self.outcome(origin, **changes)
            found = seen(origin, outcome, by_preflight=by_preflight)
        if not found.outcome.exchanges:
            self.note(_MIXED.format(url=self.url))
            return found
        self._silent = 0 if found.answered else self._silent + 1
        self._unknown += not found.answered
        if found.response is not None:
            status = found.response.status
            self._throttled += status == _TOO_MANY
            if alike and status >= 300 and status != self.usual:
                self.unusual = status
        if self._silent == _SILENCE:
            self.unanswered(found)
            raise SilenceError
        return found

    def ask_as_own_page(self, origin: str) -> Generator[Ask, Came, Seen]:
        """Ask as a page of the target itself, with an Origin header."""
        if self.plan.is_socket:
            return (yield from self.ask(origin))
        self._spend()
        question = OwnPage(self.plan.probe(origin, url=self.url))
        answer = cast("Answer", (yield question))
        self.requests += 1
        exchange = Exchange(question.request(), answer)
        return seen(origin, Outcome(Request(self.url, origin), "chromium", "allowed", exchanges=(exchange,)))

    def outcome(self, origin: str, **changes: object) -> Generator[Ask, Came, Outcome]:
        """Send a probe and return its unjudged outcome. Raises ``BudgetSpentError`` if ``max_requests`` is used up."""
        self._spend()
        changes.setdefault("url", self.url)
        # Only hop 0 is judged. Redirect targets within the site get their own probes.
        changes.setdefault("redirect", "manual")
        outcome = cast("Outcome", (yield self.plan.probe(origin, **changes)))
        self.requests += sent(outcome)
        return outcome

    def _handshake(self, origin: str, changes: dict[str, object]) -> Generator[Ask, Came, Seen]:
        self._spend()
        handshake = websocket.Handshake(self.plan.probe(origin, **{"url": self.url, **changes}))
        answer = cast("Answer", (yield handshake))
        self.requests += 1
        return websocket.seen(handshake, answer)

    def _spend(self) -> None:
        if self.plan.max_requests is not None and self.requests >= self.plan.max_requests:
            raise BudgetSpentError

    def unanswered(self, found: Seen) -> None:
        """Record why the target sent no response that could be judged."""
        failed = next((e.answer for e in found.outcome.exchanges if isinstance(e.answer, NetworkError)), None)
        if failed is not None:
            self.error = ErrorRecord(failed.kind, failed.message)
        elif found.outcome.failure is not None:
            self.error = ErrorRecord("protocol", found.outcome.failure.message)

    def ended(self, status: int | None) -> None:
        """Record that something else responded instead of the application: nothing follows from its responses.

        ``status`` is what the first request gets when it is repeated.
        """
        if self.usual in _NOT_THE_APPLICATION:
            self._fail(
                f"{self.url} responds with {self.usual}, even to a request without an Origin: audit it again when the "
                "application itself responds"
            )
        elif self._throttled:
            self._fail(f"{self._throttled} of the requests got a 429: send them more slowly (--rate)")
        elif status is not None and status >= 300 and status != self.usual:
            self._fail(
                f"{self.url} responded with {self.usual} at first, and now responds with {status}: a firewall, a rate "
                "limit or a failure answered some of the requests (--rate sends them more slowly)"
            )

    def _fail(self, why: str) -> None:
        self.error = self.error or ErrorRecord("status", why)

    # ------------------------------------------------------------------ findings and notes

    def note(self, text: str) -> None:
        """Add a note about a limit of this audit. Repeated notes are kept once."""
        self.notes[text] = None

    def unsteady(self, hostile: Hostile, came: Seen) -> Step:
        """Ask for an origin again that was allowed once and not the second time. Raises ``UnstableError`` at the third one.

        An attacker asks as often as it takes, so an origin that is allowed now and then is a finding.
        """
        self.flapping(hostile.origin, came)
        for _ in range(_MORE_ATTEMPTS):
            again = yield from self.ask(hostile.origin)
            if again.allowed:
                self.chances += 1
        if len(self.unstable) >= _UNSTABLE:
            raise UnstableError

    def flapping(self, origin: str, came: Seen) -> None:
        """Record a result that a second request did not reproduce."""
        self.unstable.append(f"{origin} was allowed once, but not when it was tested again.")
        if came.allowed:
            self.chances += 1
            self._chance = self._chance or came

    def void(self, why: str, came: Seen | None = None) -> None:
        """Drop all findings: the responses vary at random and say nothing about how origins are compared.

        What they do say is that a stranger is allowed if it asks often enough.
        """
        void = f", which invalidates {len(self.held)} of the findings" if self.held else ""
        self.unstable.append(f"{why}: the responses differ from one request to the next{void}.")
        if came is not None and came.allowed:
            self.chances += 1
            self._chance = self._chance or came
        for finding in self.held.values():
            self.chances += finding.severity != "info"
        self.held.clear()

    def tell(self, hostile: Hostile, came: Seen) -> Generator[Ask, Came, bool]:
        """Confirm a result with a second request and record it. Return whether it is a finding."""
        again = yield from self.ask(hostile.origin)
        if not again.like(came):
            yield from self.unsteady(hostile, came)
            return False
        self._chance = self._chance or came
        private = False
        if not came.credentialed:
            private = yield from self.private()
        if self.plan.is_socket and self.plan.has_credentials and self.needs_credentials is None:
            bare = yield from self.ask(hostile.origin, **self.plan.without_credentials)
            self.needs_credentials = not bare.allowed
        self._write(hostile, came, private=private)
        return True

    def allows_customers(self, host: str) -> bool:
        """Whether it was found that all customers of a shared host are allowed."""
        return any(kind == "shared-hosting" and f.origin.endswith(f".{host}") for (kind, _), f in self.held.items())

    def withdraw(self, base: str | None, kinds: tuple[Kind, ...]) -> None:
        """Remove findings that have the same cause as a later one."""
        for kind in kinds:
            self.held.pop((kind, base), None)

    def _write(self, hostile: Hostile, came: Seen, *, private: bool) -> None:
        code = classes.CODES[hostile.kind]
        if self.plan.is_socket:
            self._hijacking(hostile, came, RECORDS[code].severity)
            return
        # Browsers in which a page can have this origin and pass the CORS check.
        able = tuple(b for b in came.credentialed or came.plain if b in hostile.browsers)
        message = classes.attack(
            hostile.kind, origin=hostile.origin, base=hostile.base, url=self.url,
            credentials=bool(came.credentialed), private=private, local=self._is_local,
        )  # fmt: skip
        severity = self._severity(code, came, private=private) if able else "info"
        if hostile.within:
            severity = classes.lowered(severity)
        if not able and hostile.kind != "unsendable":
            message = f"{message} No browser that corscheck models sends this origin."
        elif set(able) != set(came.credentialed or came.plain):
            severity = min((severity, "medium"), key=lambda s: -SEVERITIES.index(s))
        self.add(code, severity, message, came, able, key=(hostile.kind, hostile.base))

    def _hijacking(self, hostile: Hostile, came: Seen, severity: Severity) -> None:
        """Record cross-site WebSocket hijacking. It is more severe if the handshake needs the credentials."""
        who = classes.who(hostile.kind, origin=hostile.origin, base=hostile.base)
        message = (
            f"{who} can open {self.url} with the visitor's cookies and exchange messages over it: cross-site "
            "WebSocket hijacking."
        )
        if not self.plan.has_credentials:
            severity = "info"
            message += (
                " Anything that it serves beyond public data is the visitor's data (pass credentials with -b or -H to "
                "rate the severity)."
            )
        elif not self.needs_credentials:
            severity = classes.lowered(severity)
        able = tuple(b for b in came.credentialed if b in hostile.browsers)
        severity = severity if able else "info"
        # One Origin check on the server fixes every hostile origin, so only the most severe one is reported.
        told = self.held.get((classes.HIJACKING, None))
        if told is None or SEVERITIES.index(severity) < SEVERITIES.index(told.severity):
            self.add(classes.HIJACKING, severity, message, came, able, key=(classes.HIJACKING, None))

    def _severity(self, code: str, came: Seen, *, private: bool) -> Severity:
        """Return the severity of the class, lowered if only a private network is exposed or if the page is a login.

        Without credentials and outside a private network it is ``info``.
        """
        if not came.credentialed and not private:
            return "info"
        severity = RECORDS[code].severity
        if not came.credentialed:
            severity = classes.lowered(severity)
        if came.response is not None and came.response.status in _LOGIN:
            severity = classes.lowered(severity)
        return severity

    def add(
        self,
        code: str,
        severity: Severity,
        message: str,
        came: Seen,
        browsers: tuple[str, ...],
        *,
        key: tuple[str, str | None] | None = None,
    ) -> None:
        """Record a finding that ``came`` proves."""
        record, exchange = RECORDS[code], came.exchange
        assert exchange is not None
        self.held[key or (code, exchange.request.url)] = AuditFinding(
            code=code,
            severity=severity,
            title=record.title,
            message=message,
            origin=came.origin,
            credentials=bool(came.credentialed),
            url=self.url if self.plan.is_socket else exchange.request.url,
            method=exchange.request.method,
            evidence="\n".join(evidence(exchange)),
            advice=record.advice,
            browsers=browsers,
            help=record.help,
        )

    # ------------------------------------------------------------------ private networks

    def private(self) -> Generator[Ask, Came, bool]:
        """Whether the target is in a private network. The name is resolved once, on first use."""
        if self._private is None and self.plan.in_process:
            self._private = False
        if self._private is None:
            found = is_private(self.url)
            if found is None:
                addresses = cast("tuple[str, ...]", (yield Lookup(self.url)))
                found = bool(addresses) and is_private(self.url, addresses) is True
            self._private = found
        return self._private

    @property
    def _is_local(self) -> bool:
        return is_loopback_host(parse_url(self.url).host)

    def open_to_all(self, first: Seen) -> Step:
        """Handle the wildcard, which is a fault only if the target is reachable from a private network alone."""
        if (yield from self.private()):
            message = classes.attack(
                "reflection",
                origin=first.origin,
                base=None,
                url=self.url,
                credentials=False,
                private=True,
                local=self._is_local,
            )
            again = yield from self.ask(first.origin)
            if again.star:
                self.add(classes.PRIVATE, RECORDS[classes.PRIVATE].severity, message, first, ("chromium", "firefox"))

    def _by_chance(self) -> None:
        """Record that strangers are allowed in some of the answers, if that was seen more than once."""
        came = self._chance
        if not self.unstable or self.held or came is None or came.exchange is None or self.chances < 2:
            return
        able = came.credentialed or came.plain
        severity = RECORDS[classes.CODES["reflection"]].severity if came.credentialed else "info"
        self.add(classes.CODES["reflection"], severity, classes.by_chance(self.url), came, able)

    def audit(self) -> Audit:
        """Build the result, with the most severe findings first."""
        plan = self.plan
        self._by_chance()
        if self._unknown and self.error is None:
            self.note(f"{self._unknown} of the requests got no response.")
        findings = sorted(self.held.values(), key=lambda f: (SEVERITIES.index(f.severity), f.code))
        found = Audit(
            url=plan.url,
            allowed_origins=plan.allowed,
            requests=self.requests,
            findings=tuple(findings),
            passed=False,
            fail_on=plan.fail_on,
            depth=plan.depth,
            notes=tuple(self.notes),
            unstable=tuple(self.unstable),
            error=self.error,
            index=plan.index,
            file=plan.file,
            line=plan.line,
        )
        return replace(found, passed=passes(found))
