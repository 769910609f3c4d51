"""The state of one audit: send probes, count requests, confirm and rate findings, and build the ``Audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from corscheck.auditing import classes, websocket
from corscheck.auditing.plan import BudgetSpentError, Lookup, SilenceError, UnstableError
from corscheck.auditing.private import is_private
from corscheck.auditing.proof import Seen, evidence, seen, sent
from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.model.audits import Audit, AuditFinding
from corscheck.model.result import ErrorRecord
from corscheck.model.values import SEVERITIES
from corscheck.protocol.request import NetworkError

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.origins import Hostile, Kind
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Step
    from corscheck.model.values import Severity
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer

_SILENCE = 3
"""Stop the audit after this many consecutive requests without a response: the server is down or blocks us."""

_UNSTABLE = 3
"""Stop the audit after this many results that a second request did not reproduce."""

_LOGIN = (401, 403, 407)
_TOO_MANY = 429
_MIXED = (
    "Browsers let no https page ask {url}: only hostile origins over http were tried. Where https ends before this server, "
    "audit the https URL and say with --via where to send it."
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
        self._private: bool | None = None
        self.needs_credentials: bool | None = None

    # ------------------------------------------------------------------ requests

    def ask(self, origin: str, **changes: object) -> Generator[Ask, Came, Seen]:
        """Send the probe as a page at ``origin``. Raises ``SilenceError`` if the target has stopped responding."""
        by_preflight = bool(changes.pop("by_preflight", False))
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
        self._throttled += found.response is not None and found.response.status == _TOO_MANY
        if self._silent == _SILENCE:
            self.unanswered(found)
            raise SilenceError
        return found

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

    # ------------------------------------------------------------------ findings and notes

    def note(self, text: str) -> None:
        """Add a note about a limit of this audit. Repeated notes are kept once."""
        self.notes[text] = None

    def flapping(self, origin: str) -> None:
        """Record a result that a second request did not reproduce. Raises ``UnstableError`` if there are too many."""
        self.unstable.append(f"{origin} was let in once, and not when it was asked again.")
        if len(self.unstable) == _UNSTABLE:
            raise UnstableError

    def void(self, why: str) -> None:
        """Drop all findings, because the responses vary at random and say nothing about how origins are compared."""
        void = f", which makes {len(self.held)} of the findings void" if self.held else ""
        self.unstable.append(f"{why}: the answers differ from one request to the next{void}.")
        self.held.clear()

    def tell(self, hostile: Hostile, came: Seen, *, confirmed: bool = False) -> Generator[Ask, Came, bool]:
        """Confirm a result with a second request and record it. Return whether it is a finding."""
        if not confirmed:
            again = yield from self.ask(hostile.origin)
            if not again.like(came):
                self.flapping(hostile.origin)
                return False
        private = False
        if not came.credentialed:
            private = yield from self.private()
        if self.plan.is_socket and self.plan.has_credentials and self.needs_credentials is None:
            bare = yield from self.ask(hostile.origin, **self.plan.without_credentials)
            self.needs_credentials = not bare.let_in
        self._write(hostile, came, private=private)
        return True

    def instead(self, base: str | None, kinds: tuple[Kind, ...], hostile: Hostile, came: Seen) -> None:
        """Replace the findings of ``kinds`` with the one fault that causes them."""
        for kind in (*kinds, classes.HIJACKING):
            self.held.pop((kind, None if kind == classes.HIJACKING else base), None)
        self._write(hostile, came, private=False)

    def _write(self, hostile: Hostile, came: Seen, *, private: bool) -> None:
        code = classes.CODES[hostile.kind]
        if self.plan.is_socket:
            self._hijacking(hostile, came, RECORDS[code].severity)
            return
        # Browsers in which a page can have this origin and pass the CORS check.
        able = tuple(b for b in came.credentialed or came.plain if b in hostile.browsers)
        message = classes.attack(
            hostile.kind, origin=hostile.origin, base=hostile.base, url=self.url,
            credentials=bool(came.credentialed), private=private,
        )  # fmt: skip
        severity = self._severity(code, came, private=private) if able else "info"
        if hostile.within:
            severity = classes.lowered(severity)
        if not able and hostile.kind != "unsendable":
            message = f"{message} No browser that corscheck speaks for sends this origin."
        elif set(able) != set(came.credentialed or came.plain):
            severity = min((severity, "medium"), key=lambda s: -SEVERITIES.index(s))
        self.add(code, severity, message, came, able, key=(hostile.kind, hostile.base))

    def _hijacking(self, hostile: Hostile, came: Seen, severity: Severity) -> None:
        """Record cross-site WebSocket hijacking. It is more severe if the handshake needs the credentials."""
        who = classes.who(hostile.kind, origin=hostile.origin, base=hostile.base)
        message = (
            f"{who} can open {self.url} with the visitor's cookies and talk over it: cross-site WebSocket hijacking."
        )
        if not self.plan.has_credentials:
            severity = "info"
            message += " If it serves more than what is public, that is the visitor's (give credentials, -b or -H, to weigh it)."
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
        if self._private is None:
            found = is_private(self.url)
            if found is None:
                addresses = cast("tuple[str, ...]", (yield Lookup(self.url)))
                found = bool(addresses) and is_private(self.url, addresses) is True
            self._private = found
        return self._private

    def open_to_all(self, first: Seen) -> Step:
        """Handle the wildcard, which is a fault only if the target is reachable from a private network alone."""
        if (yield from self.private()):
            message = classes.attack(
                "reflection", origin=first.origin, base=None, url=self.url, credentials=False, private=True
            )
            again = yield from self.ask(first.origin)
            if again.star:
                self.add(classes.PRIVATE, RECORDS[classes.PRIVATE].severity, message, first, ("chromium", "firefox"))

    def audit(self) -> Audit:
        """Build the result, with the most severe findings first."""
        plan = self.plan
        if self._unknown and self.error is None:
            self.note(f"{self._unknown} of the questions got no answer.")
        if self._throttled:
            self.note(f"{self._throttled} of the questions were answered with 429: ask more slowly (--rate).")
        findings = sorted(self.held.values(), key=lambda f: (SEVERITIES.index(f.severity), f.code))
        limit = -1 if plan.fail_on == "never" else SEVERITIES.index(plan.fail_on)
        worst = min((SEVERITIES.index(f.severity) for f in findings), default=len(SEVERITIES))
        return Audit(
            url=plan.url,
            allowed_origins=plan.allowed,
            requests=self.requests,
            findings=tuple(findings),
            passed=self.error is None and worst > limit,
            fail_on=plan.fail_on,
            depth=plan.depth,
            notes=tuple(self.notes),
            unstable=tuple(self.unstable),
            error=self.error,
            index=plan.index,
            file=plan.file,
            line=plan.line,
        )
