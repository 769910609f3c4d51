"""Evaluation of a result against the expectations of its check.

An expectation passes, fails, or cannot be judged (``passed`` is None) because there is no response or because the
verdict is not the expected one. A check with an expectation that cannot be judged does not pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from corscheck.model.values import Expectation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corscheck.model.result import ResponseRecord, Result
    from corscheck.policy.matrix import Wants

_NOT_SENT = "not sent"


def evaluate(result: Result, wants: Wants) -> Result:
    """Return the result with all evaluated expectations. ``passed`` is true if all of them hold."""
    assert result.check is not None
    verdict = _verdict(result, wants)
    # The other expectations cannot be judged if the verdict is not the expected one.
    unjudged = (Expectation(key, expected, None, passed=None) for key, expected in _said(wants))
    found = (verdict, *(_others(result, wants) if verdict.passed else unjudged))
    return replace(result, check=replace(result.check, expectations=found), passed=all(e.passed is True for e in found))


def _verdict(result: Result, wants: Wants) -> Expectation:
    """Compare the verdicts of all engines of the gate with the expected one."""
    verdicts = {name: result.engines[name].verdict for name in result.gate}
    wrong = {n: v for n, v in verdicts.items() if v not in (wants.expect, "inconclusive")}
    unsure = [n for n, v in verdicts.items() if v == "inconclusive"]
    if wrong:
        received = _each(verdicts)
        return Expectation(
            "expect", wants.expect, received, passed=False, message=f"Expected {wants.expect}, got {received}."
        )
    if unsure:
        return Expectation("expect", wants.expect, "inconclusive", passed=None, message="There is no verdict to judge.")
    return Expectation("expect", wants.expect, wants.expect, passed=True)


def _each(values: Mapping[Any, object]) -> str:
    """Return the value of all engines, or one for each engine if they differ."""
    if len(set(values.values())) == 1:
        return str(next(iter(values.values())))
    return ", ".join(f"{engine} {value}" for engine, value in values.items())


def _said(wants: Wants) -> list[tuple[str, str]]:
    """List the expectations other than the verdict, as reports show them."""
    said = {
        "because": wants.because,
        "preflight": wants.preflight,
        "max-age": wants.max_age,
        "status": wants.status,
        "exposes": ", ".join(wants.exposes) or None,
        "hides": ", ".join(wants.hides) or None,
        "vary-origin": str(wants.vary_origin).lower() if wants.vary_origin is not None else None,
        "complete": "true" if wants.complete else None,
    }
    return [(key, str(value)) for key, value in said.items() if value is not None]


def _others(result: Result, wants: Wants) -> Iterator[Expectation]:
    judges = {
        "because": _because,
        "preflight": _preflight,
        "max-age": _max_age,
        "status": _status,
        "exposes": _exposes,
        "hides": _hides,
        "vary-origin": _vary,
        "complete": _complete,
    }
    for key, expected in _said(wants):
        received, passed, message = judges[key](result, wants)
        if received in (None, _NOT_SENT) and key.replace("-", "_") in wants.inherited and key != "complete":
            # An inherited expectation that does not apply to this probe is left out.
            continue
        yield Expectation(key, expected, received, passed=passed, message=message)


_Judged = tuple[str | None, bool | None, str]


def _because(result: Result, wants: Wants) -> _Judged:
    codes = {name: result.engines[name].code or "no reason" for name in result.gate}
    other = {n: c for n, c in codes.items() if c != wants.because}
    if not other:
        return wants.because, True, ""
    received, why = _each(codes), result.engines[next(iter(other))].message or ""
    message = f"Expected to be {result.verdict} because of {wants.because}, got {received}. {why}"
    return received, False, message.rstrip()


def _preflight(result: Result, wants: Wants) -> _Judged:
    received = "sent" if result.preflight.sent else "none"
    if received == wants.preflight:
        return received, True, ""
    if received == "sent":
        because = ", ".join(result.preflight.because)
        return received, False, f"Expected no preflight; {because or 'the request'} needs one."
    return received, False, "Expected a preflight; this request needs none."


def _max_age(result: Result, wants: Wants) -> _Judged:
    """Judge how long each engine of the gate caches the preflight, by the engine's own cap and syntax rules."""
    assert wants.max_age is not None
    if not result.preflight.sent:
        passed = None if "max_age" in wants.inherited else False
        return None, passed, f"Expected a preflight that is cached {wants.max_age} seconds; this request needs none."
    seconds: dict[str, int] = {n: s for n, s in result.preflight.cache_seconds.items() if n in result.gate}
    received = _each(seconds)
    if len(seconds) < len(result.gate):
        return received or None, None, "There is no good preflight whose caching could be judged."
    wrong = {n: s for n, s in seconds.items() if not wants.max_age.holds(s)}
    if not wrong:
        return received, True, ""
    return received, False, f"Expected the preflight to be cached {wants.max_age} seconds, got {_each(wrong)}."


def _status(result: Result, wants: Wants) -> _Judged:
    answer = _answer(result)
    if answer is None:
        return _NOT_SENT, None, "The request itself was not sent, so there is no status."
    passed = answer.status == wants.status
    return str(answer.status), passed, "" if passed else f"Expected status {wants.status}, got {answer.status}."


def _exposes(result: Result, wants: Wants) -> _Judged:
    if not result.complete:
        return _NOT_SENT, None, "The request itself was not sent, so no header can be seen."
    missing = [name for name in wants.exposes if name not in result.readable_headers]
    if not missing:
        return ", ".join(wants.exposes), True, ""
    received = ", ".join(result.readable_headers) or "none"
    answer = _answer(result)
    sent = {name.lower() for name, _ in answer.headers} if answer is not None else set()
    ways = [f"{name} is not in Access-Control-Expose-Headers" for name in missing if name in sent]
    ways += [f"the response has no {name}" for name in missing if name not in sent]
    return received, False, f"The page must be able to read {', '.join(missing)}: {', '.join(ways)}."


def _hides(result: Result, wants: Wants) -> _Judged:
    if not result.complete:
        return _NOT_SENT, None, "The request itself was not sent, so no header can be seen."
    seen = [name for name in wants.hides if name in result.readable_headers]
    message = f"The page must not be able to read {', '.join(seen)}, but it can." if seen else ""
    return ", ".join(seen) or "none of them", not seen, message


def _vary(result: Result, wants: Wants) -> _Judged:
    answer = _answer(result)
    if answer is None:
        return _NOT_SENT, None, "The request itself was not sent, so there is no Vary."
    values = [value for name, value in answer.headers if name.lower() == "vary"]
    names = {part.strip().lower() for value in values for part in value.split(",")}
    has = bool(names & {"origin", "*"})
    received = ", ".join(values) or "absent"
    if has == wants.vary_origin:
        return received, True, ""
    if wants.vary_origin:
        return received, False, "The response must say Vary: Origin, or a cache gives it to other origins."
    return received, False, f"The response must not vary by Origin, it says Vary: {received}."


def _complete(result: Result, _: Wants) -> _Judged:
    if result.complete and not any(e.held_back for e in result.exchanges):
        return "true", True, ""
    return "false", None, 'The request itself was not sent (send = "always" sends it).'


def _answer(result: Result) -> ResponseRecord | None:
    """Return the last response to the actual request, whether the page can read it or not."""
    actual = [e.response for e in result.exchanges if e.kind == "actual" and e.response is not None]
    return actual[-1] if actual else None
