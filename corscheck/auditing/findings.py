"""What an audit has asked and found so far: counts requests, confirms, weighs, and writes the findings."""

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
"""So many questions in a row without an answer end an audit: the server is gone, or does not want to be asked."""

_UNSTABLE = 3
"""So many answers that do not come again end it."""

_LOGIN = (401, 403, 407)
_TOO_MANY = 429
_MIXED = (
    "Browsers let no https page ask {url}: only hostile origins over http were tried. Where https ends before this server, "
    "audit the https URL and say with --via where to send it."
)


class Findings:
    """The books of one audit. ``url`` is what is audited: the target, or where it redirects to."""

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

    # ------------------------------------------------------------------ asking

    def ask(self, origin: str, **changes: object) -> Generator[Ask, Came, Seen]:
        """Ask as a page at ``origin``."""
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
        """The bare outcome of a question. Raises ``BudgetSpentError`` when nothing more may be sent."""
        self._spend()
        changes.setdefault("url", self.url)
        # What a redirect leads to is asked on its own, if it is ours to ask: hop 0 is all that is judged.
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
        """The target does not answer: there is nothing to judge by."""
        failed = next((e.answer for e in found.outcome.exchanges if isinstance(e.answer, NetworkError)), None)
        if failed is not None:
            self.error = ErrorRecord(failed.kind, failed.message)
        elif found.outcome.failure is not None:
            self.error = ErrorRecord("protocol", found.outcome.failure.message)

    # ------------------------------------------------------------------ saying

    def note(self, text: str) -> None:
        """Say what limits the audit, once."""
        self.notes[text] = None

    def flapping(self, origin: str) -> None:
        """What came did not come again. Raises ``UnstableError`` when that happens too often."""
        self.unstable.append(f"{origin} was let in once, and not when it was asked again.")
        if len(self.unstable) == _UNSTABLE:
            raise UnstableError

    def void(self, why: str) -> None:
        """The answers differ by chance: what was found tells nothing about how origins are compared."""
        void = f", which makes {len(self.held)} of the findings void" if self.held else ""
        self.unstable.append(f"{why}: the answers differ from one request to the next{void}.")
        self.held.clear()

    def tell(self, hostile: Hostile, came: Seen, *, confirmed: bool = False) -> Generator[Ask, Came, bool]:
        """Confirm and write down; whether it is a finding."""
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
        """Replace findings by the one fault that is behind them all."""
        for kind in (*kinds, classes.HIJACKING):
            self.held.pop((kind, None if kind == classes.HIJACKING else base), None)
        self._write(hostile, came, private=False)

    def _write(self, hostile: Hostile, came: Seen, *, private: bool) -> None:
        code = classes.CODES[hostile.kind]
        if self.plan.is_socket:
            self._hijacking(hostile, came, RECORDS[code].severity)
            return
        # The browsers that can be at this origin and pass the check there.
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
        """A handshake from a foreign page. What it is worth depends on what the credentials open, which is the caller's."""
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
        # Whoever else gets in gets in by the same door, and the same answer shuts it: the worst is told.
        told = self.held.get((classes.HIJACKING, None))
        if told is None or SEVERITIES.index(severity) < SEVERITIES.index(told.severity):
            self.add(classes.HIJACKING, severity, message, came, able, key=(classes.HIJACKING, None))

    def _severity(self, code: str, came: Seen, *, private: bool) -> Severity:
        """The class's severity where credentials go along; a step lower in a private network or on a login's page."""
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
        """Write a finding whose proof is ``came``."""
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

    # ------------------------------------------------------------------ the network around

    def private(self) -> Generator[Ask, Came, bool]:
        """Whether the target's name leads into a private network; looked up when it first matters."""
        if self._private is None:
            found = is_private(self.url)
            if found is None:
                addresses = cast("tuple[str, ...]", (yield Lookup(self.url)))
                found = bool(addresses) and is_private(self.url, addresses) is True
            self._private = found
        return self._private

    def open_to_all(self, first: Seen) -> Step:
        """``*``: no fault, unless only a private network has access at all."""
        if (yield from self.private()):
            message = classes.attack(
                "reflection", origin=first.origin, base=None, url=self.url, credentials=False, private=True
            )
            again = yield from self.ask(first.origin)
            if again.star:
                self.add(classes.PRIVATE, RECORDS[classes.PRIVATE].severity, message, first, ("chromium", "firefox"))

    def audit(self) -> Audit:
        """The result, the worst first."""
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
