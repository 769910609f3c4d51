"""``--resume``: continues an interrupted or finished run from its ``--jsonl`` file.

Before anything is sent or written, each saved item is compared with the probe or audit plan in its place. Then the saved
items are handed on like new ones (to views, other reports, totals, exit status), and only the rest is asked. One line is
held at a time.
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
from corscheck.model.values import ConfigError, Probe
from corscheck.report.saved.document import kind_of
from corscheck.report.saved.resumable import ResumableReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.ask.questions import Question
    from corscheck.cli.run_loop import Ask
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.model.item import Item

_Q = TypeVar("_Q", bound="Question[Any]")

_OVERWRITE = "Omit --resume to overwrite the file"


def read_part(
    wanted: OutputOptions,
    asked: Iterable[Probe | AuditPlan],
    say: Callable[[str], None],
    judge: Callable[[Any], Item] | None = None,
) -> ResumableReport:
    """Return the part of the run that the file of ``--jsonl`` holds.

    ``judge`` is what the run makes of a new item: it must come to the same for a saved one. Raises ``ConfigError`` if an
    item of the file is not the answer to the probe or plan in its place.
    """
    part = _begun(wanted, say)
    kind = "probe"
    for (number, found), question in zip(part.objects(), chain(asked, repeat(None)), strict=False):
        where = f"--resume: {part.path}, line {number}"
        if question is not None:
            kind = "probe" if isinstance(question, Probe) else "audit"
        if kind_of(found) != kind:
            raise ConfigError(
                f"{where} belongs to a different run: it contains one {kind_of(found)}, not one {kind}. {_OVERWRITE}"
            )
        if question is None:
            raise ConfigError(f"{where} belongs to a different run: there is less to test now. {_OVERWRITE}")
        try:
            if isinstance(question, Probe):
                fault = _result_fault(decode(found, Result), question, judge, browser=wanted.in_browser is not None)
            else:
                fault = _audit_fault(decode(found, Audit), question, judge)
        except ValueError as error:
            raise ConfigError(f"{where}: no {kind} object of a report: {error}") from None
        if fault is not None:
            raise ConfigError(f"{where} is of another question: it {fault}. {_OVERWRITE}")
    if part.count:
        say(f"--resume: {part.count} result{'s' * (part.count != 1)} of {part.path} are kept; the rest is tested now")
    return part


def resume(
    question: _Q, wanted: OutputOptions, say: Callable[[str], None], judge: Callable[[Any], Item] | None = None
) -> tuple[_Q, OutputOptions]:
    """Return the question without what the file of ``--jsonl`` answers, and the options with what it holds."""
    part = read_part(wanted, question, say, judge)
    return replace(question, done=part.count), replace(wanted, resumed=part)


def after(part: ResumableReport | None, ask: Ask) -> Ask:
    """Return what hands on the saved items first and then asks the rest."""
    if part is None:
        return ask

    def both(take: Callable[[Item], bool | None]) -> None:
        for _, found in part.objects():
            if take(decode(found, Result) if kind_of(found) == "probe" else decode(found, Audit)) is True:
                return
        ask(take)

    return both


def _begun(wanted: OutputOptions, say: Callable[[str], None]) -> ResumableReport:
    """Return the file after checking its head: written by ``--jsonl``, and reproducible or not as this run is."""
    if wanted.jsonl is None or wanted.jsonl == STDOUT:
        raise ConfigError("--resume goes on with a report: name its file with --jsonl FILE")
    if os.path.exists(wanted.jsonl) and not os.path.isfile(wanted.jsonl):  # noqa: PTH110, PTH113 - a path as typed
        raise ConfigError(f"--resume: {wanted.jsonl} is not a regular file, so it cannot be continued")
    part = ResumableReport.of(wanted.jsonl)
    if part.head and ("run" in part.head) == wanted.reproducible:
        hint = "is not --reproducible: leave that out" if wanted.reproducible else "is: add it"
        raise ConfigError(f"--resume: the report in {part.path} {hint}, or write another file")
    version = part.head.get("tool", {}).get("version", __version__)
    if version != __version__:
        say(f"--resume: {part.path} was begun by corscheck {str(version)[:20]}; this is {__version__}")
    return part


def _result_fault(result: Result, probe: Probe, judge: Callable[[Any], Item] | None, *, browser: bool) -> str | None:
    """Say in what a saved result differs from one that the probe would get now; None if in nothing."""
    if (result.observed is not None) != browser:
        return "was" + " not" * browser + " tested in a browser too (--in-browser)"
    then = _probe_identity(result, result.body)
    now = _probe_identity(probe, None if probe.body is None else len(probe.body))
    bare = replace(result, excused=None, check=probe.check)
    if judge is None or then != now or judge(bare) == result:
        return _difference(then, now)
    return "would be judged otherwise by now: policy, ignores or baseline changed"


def _audit_fault(audit: Audit, plan: AuditPlan, judge: Callable[[Any], Item] | None) -> str | None:
    """Say in what a saved audit differs from one of the plan; None if in nothing."""
    from corscheck.model.audits import passes

    then, now = _audit_identity(audit, audit.allowed_origins), _audit_identity(plan, plan.allowed)
    bare = replace(audit, findings=tuple(replace(f, excused=None) for f in audit.findings))
    bare = replace(bare, passed=passes(bare))
    if judge is None or then != now or judge(bare) == audit:
        return _difference(then, now)
    return "would be judged otherwise by now: the baseline has changed"


def _difference(then: dict[str, object], now: dict[str, object]) -> str | None:
    name = next((name for name, value in now.items() if then[name] != value), None)
    return None if name is None else f"has {name} {_shown(then[name])}, which is {_shown(now[name])} now"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _probe_identity(one: Probe | Result, body: int | None) -> dict[str, object]:
    """Return what identifies a probe, as far as a report shows it: values of headers are masked there."""
    return {
        "index": one.index,
        "url": mask_url(one.url),
        "origin": one.origin,
        "method": one.method,
        "headers": tuple(name for name, _ in one.headers),
        "credentials": one.credentials,
        "redirect": one.redirect,
        "mode": one.mode,
        "upload listener": one.upload_listener,
        "COEP": one.coep,
        "secure context": one.secure_context,
        "body of length": body,
        "engine": one.engine,
        "engines": one.gate,
        "send": one.send,
        "expected": one.expected,
        "via": mask_url(one.via) if one.via is not None else None,
        "check": one.check.name if one.check is not None else None,
    }


def _audit_identity(one: AuditPlan | Audit, allowed: tuple[str, ...]) -> dict[str, object]:
    return {
        "index": one.index,
        "url": mask_url(one.url),
        "allowed origins": allowed,
        "depth": one.depth,
        "fail-on": one.fail_on,
        "file": one.file,
        "line": one.line,
    }
