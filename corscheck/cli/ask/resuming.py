"""``--resume``: continues an interrupted or finished run from its ``--jsonl`` file.

The saved results are checked line by line against the question before anything is sent or written; then they take the
way of new ones (views, other reports, totals, exit status) and only what is left is asked. One line is held at a time.
"""

from __future__ import annotations

import os
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from corscheck._version import __version__
from corscheck.cli.show.sinks import STDOUT
from corscheck.model.audits import Audit
from corscheck.model.json import decode
from corscheck.model.masking import mask_url
from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.report.saved.resumable import ResumableReport, what

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.model.values import Probe


_T = TypeVar("_T", "Result", "Audit")


_AFRESH = "Without --resume the file is written anew"


def probes(
    wanted: OutputOptions,
    asked: Iterable[Probe],
    say: Callable[[str], None],
    judge: Callable[[Result], Result] | None = None,
) -> ResumableReport:
    """The results that the file holds of these probes.

    ``judge`` is what the run makes of a result that came: it must make the same of one that was saved. Raises
    ``ConfigError`` for a file that answers another question.
    """
    part = _begun(wanted, say)
    observed = wanted.in_browser is not None

    def fault(found: dict[str, Any], probe: Probe) -> str | None:
        result = decode(found, Result)
        if (result.observed is not None) != observed:
            return "was" + " not" * observed + " asked of a browser too (--in-browser)"
        difference = _difference(_asked(result), _asks(probe))
        if difference is not None or judge is None:
            return difference
        bare = replace(result, excused=None, check=probe.check)
        return (
            None if judge(bare) == result else "would be judged otherwise by now: policy, ignores or baseline changed"
        )

    _check(part, asked, "probe", fault)
    _tell(part, say)
    return part


def audits(
    wanted: OutputOptions, asked: Iterable[AuditPlan], say: Callable[[str], None], judge: Callable[[Audit], Audit]
) -> ResumableReport:
    """The same for audits."""
    part = _begun(wanted, say)

    def fault(found: dict[str, Any], plan: AuditPlan) -> str | None:
        from corscheck.report.saved.summary import failing

        audit = decode(found, Audit)
        difference = _difference(_audited(audit), _audits(plan))
        if difference is not None:
            return difference
        bare = replace(audit, findings=tuple(replace(f, excused=None) for f in audit.findings))
        bare = replace(bare, passed=bare.error is None and not failing(bare))
        return None if judge(bare) == audit else "would be judged otherwise by now: the baseline has changed"

    _check(part, asked, "audit", fault)
    _tell(part, say)
    return part


def after(
    part: ResumableReport | None, ask: Callable[[Callable[[_T], None]], None]
) -> Callable[[Callable[[_T], None]], None]:
    """Hands on the old results first, then asks what is left."""
    if part is None:
        return ask

    def both(take: Callable[[_T], None]) -> None:
        for _, found in part.objects():
            take(decode(found, Audit if what(found) == "audit" else Result))  # type: ignore[arg-type]
        ask(take)

    return both


# ---------------------------------------------------------------------- the file, and the question


def _begun(wanted: OutputOptions, say: Callable[[str], None]) -> ResumableReport:
    """The file, once it is known that it was written by a run of this kind."""
    if wanted.jsonl is None or wanted.jsonl == STDOUT:
        raise ConfigError("--resume goes on with a report: name its file with --jsonl FILE")
    if os.path.exists(wanted.jsonl) and not os.path.isfile(wanted.jsonl):  # noqa: PTH110, PTH113 - a path as typed
        raise ConfigError(f"--resume: {wanted.jsonl} is no file that can be continued")
    part = ResumableReport.of(wanted.jsonl)
    if part.head and ("run" in part.head) == wanted.reproducible:
        hint = "is not --reproducible: leave that out" if wanted.reproducible else "is: add it"
        raise ConfigError(f"--resume: the report in {part.path} {hint}, or write another file")
    version = part.head.get("tool", {}).get("version", __version__)
    if version != __version__:
        say(f"--resume: {part.path} was begun by corscheck {str(version)[:20]}; this is {__version__}")
    return part


def _check(
    part: ResumableReport, asked: Iterable[Any], kind: str, fault: Callable[[dict[str, Any], Any], str | None]
) -> None:
    """Raise ``ConfigError`` if a line of the file is not the answer to the probe or plan in its place."""
    for (number, found), question in zip(part.objects(), chain(asked, repeat(None)), strict=False):
        where = f"--resume: {part.path}, line {number}"
        if what(found) != kind:
            raise ConfigError(f"{where} is of another question: it holds one {what(found)}, not one {kind}. {_AFRESH}")
        if question is None:
            raise ConfigError(f"{where} is of another question: there is less to ask now. {_AFRESH}")
        try:
            wrong = fault(found, question)
        except ValueError as error:
            raise ConfigError(f"{where}: no {kind} object of a report: {error}") from None
        if wrong is not None:
            raise ConfigError(f"{where} is of another question: it {wrong}. {_AFRESH}")


def _tell(part: ResumableReport, say: Callable[[str], None]) -> None:
    if part.count:
        say(f"--resume: {part.count} result{'s' * (part.count != 1)} of {part.path} stand; what is left is asked")


def _difference(then: dict[str, object], now: dict[str, object]) -> str | None:
    name = next((name for name, value in now.items() if then[name] != value), None)
    return None if name is None else f"has {name} {_shown(then[name])}, which is {_shown(now[name])} now"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _asked(result: Result) -> dict[str, object]:
    return _identity(result, mask_url(result.url), result.body, result.via)


def _asks(probe: Probe) -> dict[str, object]:
    """What makes a probe this one and no other, as far as a report may say it: values of headers are masked there."""
    return _identity(probe, mask_url(probe.url), None if probe.body is None else len(probe.body), probe.via)


def _identity(one: Probe | Result, url: str, body: int | None, via: str | None) -> dict[str, object]:
    return {
        "index": one.index,
        "url": url,
        "origin": one.origin,
        "method": one.method,
        "headers": tuple(name for name, _ in one.headers),
        "credentials": one.credentials,
        "redirect": one.redirect,
        "mode": one.mode,
        "body of length": body,
        "engine": one.engine,
        "engines": one.gate,
        "send": one.send,
        "expected": one.expected,
        "via": mask_url(via) if via is not None else None,
        "check": one.check.name if one.check is not None else None,
    }


def _audited(audit: Audit) -> dict[str, object]:
    return {
        "index": audit.index,
        "url": mask_url(audit.url),
        "allowed origins": audit.allowed_origins,
        "depth": audit.depth,
        "fail-on": audit.fail_on,
        "file": audit.file,
        "line": audit.line,
    }


def _audits(plan: AuditPlan) -> dict[str, object]:
    return {
        "index": plan.index,
        "url": mask_url(plan.url),
        "allowed origins": plan.allowed,
        "depth": plan.depth,
        "fail-on": plan.fail_on,
        "file": plan.file,
        "line": plan.line,
    }
