"""A saved probe object made a ``Result`` again, an audit object an ``Audit``: read back from disk they are shown as when new.

A saved report may have been written by a later minor version (what it added is ignored), by an earlier one (what it
lacked has its default), or by anybody (``ValueError`` says what is wrong with it; nothing is trusted to be text).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.model.audits import Audit, AuditFinding
from corscheck.model.result import (
    EngineVerdict,
    ErrorRecord,
    ExchangeRecord,
    Finding,
    Observation,
    ObservedRequest,
    PreflightRecord,
    ReadResponse,
    Reason,
    RequestRecord,
    ResponseRecord,
    Result,
    StepRecord,
)
from corscheck.model.values import SEVERITIES, CheckRef, Excuse, Expectation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from corscheck.protocol.request import Headers

    T = TypeVar("T")

_VERDICTS = frozenset({"allowed", "blocked", "invalid", "inconclusive"})
_STATUSES = frozenset({"pass", "fail", "warn", "skip"})
_DEPTHS = ("normal", "full")
_DEFAULT_GATE = ("chromium", "firefox")


def revive(probe: Mapping[str, Any]) -> Result:
    """The result that was saved. Raises ``ValueError`` for what is no probe object."""
    try:
        return _result(probe)
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None


def revive_audit(audit: Mapping[str, Any]) -> Audit:
    """The audit that was saved. Raises ``ValueError`` for what is no audit object."""
    try:
        return _audit(audit)
    except KeyError as error:
        raise ValueError(f"it has no {error.args[0]}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None


def _result(p: Mapping[str, Any]) -> Result:
    return Result(
        url=_text(p["url"]),
        origin=_text(p["origin"]),
        method=_text(p["method"]),
        headers=_headers(p.get("headers", ())),
        credentials=_text(p.get("credentials", "same-origin")),  # type: ignore[arg-type]
        redirect=_text(p.get("redirect", "follow")),  # type: ignore[arg-type]
        mode=_text(p.get("mode", "cors")),  # type: ignore[arg-type]
        body=_whole_or_none(p.get("body")),
        engine=_text(p.get("engine", "chromium")),  # type: ignore[arg-type]
        send=_text(p.get("send", "auto")),  # type: ignore[arg-type]
        index=_whole(p.get("index", 0)),
        check=_maybe(p.get("check"), _check),
        verdict=_verdict(p["verdict"]),
        complete=bool(p.get("complete", True)),
        expected=_verdict(p.get("expected", "allowed")),
        passed=bool(p["passed"]),
        reason=_maybe(p.get("reason"), _reason),
        engines={_text(name): _engine(found) for name, found in p.get("engines", {}).items()},
        preflight=_preflight(p.get("preflight") or {}),
        steps=tuple(_step(s) for s in p.get("steps", ())),
        exchanges=tuple(_exchange(e) for e in p.get("exchanges", ())),
        response=_maybe(p.get("response"), _response),
        readable_headers=_texts(p.get("readable_headers", ())),
        console={_text(name): _text_or_none(said) for name, said in p.get("console", {}).items()},
        gate=_texts(p.get("gate", _DEFAULT_GATE)),  # type: ignore[arg-type]
        findings=tuple(_finding(f) for f in p.get("findings", ())),
        observed=_maybe(p.get("observed"), _observed),
        via=_text_or_none(p.get("via")),
        error=_maybe(p.get("error"), _error),
        excused=_maybe(p.get("excused"), _excuse),
    )


def _maybe(value: Mapping[str, Any] | None, make: Callable[[Mapping[str, Any]], T]) -> T | None:
    return None if value is None else make(value)


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(f"text was to be expected, not {str(value)[:40]!r}")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(v) for v in values)


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"a whole number was to be expected, not {str(value)[:40]!r}")
    return value


def _whole_or_none(value: object) -> int | None:
    return None if value is None else _whole(value)


def _verdict(value: object) -> Any:
    if value not in _VERDICTS:
        raise TypeError(f"{str(value)[:40]!r} is no verdict")
    return value


def _headers(pairs: Any) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in pairs)


def _check(c: Mapping[str, Any]) -> CheckRef:
    expectations = tuple(_expectation(e) for e in c.get("expectations", ()))
    return CheckRef(_text(c["name"]), _text_or_none(c.get("file")), _whole_or_none(c.get("line")), expectations)


def _expectation(e: Mapping[str, Any]) -> Expectation:
    passed = e.get("passed")
    return Expectation(
        _text(e["name"]),
        _text(e["expected"]),
        _text_or_none(e.get("received")),
        None if passed is None else bool(passed),
        _text(e.get("message", "")),
    )


def _excuse(e: Mapping[str, Any]) -> Excuse:
    return Excuse(
        _text(e["by"]),  # type: ignore[arg-type]
        _text(e["reason"]),
        _text_or_none(e.get("file")),
        _whole_or_none(e.get("line")),
        _text_or_none(e.get("expires")),
    )


def _reason(r: Mapping[str, Any]) -> Reason:
    return Reason(_text(r["code"]), _text(r["step"]), _text_or_none(r.get("standard_url")), _text(r["message"]))


def _engine(e: Mapping[str, Any]) -> EngineVerdict:
    return EngineVerdict(
        _verdict(e["verdict"]),
        _text(e.get("basis", "recorded")),  # type: ignore[arg-type]
        _text_or_none(e.get("code")),
        _text_or_none(e.get("message")),
        _text_or_none(e.get("because")),
    )


def _preflight(p: Mapping[str, Any]) -> PreflightRecord:
    seconds = {_text(name): _whole(s) for name, s in p.get("cache_seconds", {}).items()}
    return PreflightRecord(bool(p.get("needed")), _texts(p.get("because", ())), bool(p.get("sent")), seconds)


def _step(s: Mapping[str, Any]) -> StepRecord:
    status = s["status"]
    if status not in _STATUSES:
        raise TypeError(f"{str(status)[:40]!r} is no status of a step")
    return StepRecord(
        _text(s["step"]),
        _text(s["header"]),
        _text_or_none(s.get("expected")),
        _text_or_none(s.get("received")),
        status,
        _text(s.get("message", "")),
        _text_or_none(s.get("code")),
        _whole_or_none(s.get("exchange")),
        bool(s.get("decisive")),
    )


def _exchange(e: Mapping[str, Any]) -> ExchangeRecord:
    elapsed = e.get("elapsed_ms")
    if elapsed is not None and not isinstance(elapsed, (int, float)):
        raise TypeError("elapsed_ms is no number")
    sent = e["request"]
    return ExchangeRecord(
        _text(e["kind"]),
        _whole(e.get("hop", 0)),
        RequestRecord(_text(sent["method"]), _text(sent["url"]), _headers(sent.get("headers", ()))),
        _maybe(e.get("response"), _answer),
        _maybe(e.get("error"), _error),
        elapsed,
        bool(e.get("held_back")),
    )


def _answer(r: Mapping[str, Any]) -> ResponseRecord:
    headers = _headers(r.get("headers", ()))
    return ResponseRecord(
        _whole(r["status"]),
        headers,
        _text(r.get("reason", "")),
        _text_or_none(r.get("body")),
        _text(r.get("http_version", "HTTP/1.1")),
    )


def _response(r: Mapping[str, Any]) -> ReadResponse:
    return ReadResponse(_text(r["type"]), _whole(r["status"]), _text(r["url"]), bool(r.get("redirected")))


def _finding(f: Mapping[str, Any]) -> Finding:
    return Finding(
        _text(f["code"]),
        _text(f["severity"]),  # type: ignore[arg-type]
        _text(f["title"]),
        _text(f["message"]),
        _text_or_none(f.get("evidence")),
        _text_or_none(f.get("advice")),
        _text_or_none(f.get("help")),
    )


def _observed(o: Mapping[str, Any]) -> Observation:
    return Observation(
        _text(o["browser"]),
        _text(o.get("version", "")),
        _verdict(o["verdict"]),
        _texts(o.get("readable_headers", ())),
        _text_or_none(o.get("console")),
        tuple(
            ObservedRequest(_text(r["kind"]), _text(r["method"]), _text(r["url"]), _headers(r.get("headers", ())))
            for r in o.get("requests", ())
        ),
        _text_or_none(o.get("error")),
        o.get("agrees"),
        _texts(o.get("differences", ())),
    )


def _error(e: Mapping[str, Any]) -> ErrorRecord:
    return ErrorRecord(_text(e["kind"]), _text(e["message"]))


def _audit(a: Mapping[str, Any]) -> Audit:
    return Audit(
        url=_text(a["url"]),
        allowed_origins=_texts(a["allowed_origins"]),
        requests=_whole(a.get("requests", 0)),
        findings=tuple(_audit_finding(f) for f in a["findings"]),
        passed=bool(a["passed"]),
        fail_on=_one_of((*SEVERITIES, "never"), a.get("fail_on", "medium"), "severity to fail on"),
        depth=_one_of(_DEPTHS, a.get("depth", "normal"), "depth of an audit"),
        notes=_texts(a.get("notes", ())),
        unstable=_texts(a.get("unstable", ())),
        error=_maybe(a.get("error"), _error),
        index=_whole(a.get("index", 0)),
        file=_text_or_none(a.get("file")),
        line=_whole_or_none(a.get("line")),
    )


def _audit_finding(f: Mapping[str, Any]) -> AuditFinding:
    return AuditFinding(
        code=_text(f["code"]),
        severity=_one_of(SEVERITIES, f["severity"], "severity"),
        title=_text(f["title"]),
        message=_text(f.get("message", "")),
        origin=_text(f["origin"]),
        credentials=bool(f.get("credentials")),
        url=_text(f["url"]),
        method=_text(f["method"]),
        evidence=_text(f.get("evidence", "")),
        advice=_text(f.get("advice", "")),
        browsers=_texts(f.get("browsers", ())),
        help=_text_or_none(f.get("help")),
        excused=_maybe(f.get("excused"), _excuse),
    )


def _one_of(choices: tuple[str, ...], value: object, what: str) -> Any:
    if value not in choices:
        raise TypeError(f"{str(value)[:40]!r} is no {what}")
    return value
