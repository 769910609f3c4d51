"""The checks of a policy as tests: loads them, runs one, and describes its failures."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.values import ConfigError
from corscheck.policy.evaluate import evaluate
from corscheck.policy.ignore import Ignores
from corscheck.policy.load import load as load_policy
from corscheck.pytest_plugin.failure_text import fix, framework_of
from corscheck.report.text.checks import line
from corscheck.report.text.terminal import render
from corscheck.report.text.view import View
from corscheck.runner.app import AppConversation
from corscheck.runner.options import RunOptions
from corscheck.runner.single import Conversation
from corscheck.sources.app.loading import load as load_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.policy.matrix import Matrix

__all__ = ["ConfigError", "PolicyCheck", "load", "run"]

_MOST = 5
"""How many failures of a check are shown whole. The others get one line each."""

_WIDTH = 80


class PolicyCheck(Struct, frozen=True):
    """A check, its line in the file (from 1), and the file's ignores."""

    name: str
    line: int
    matrix: Matrix
    ignores: Ignores


def load(path: Path, env: str | None, base_url: str | None) -> Iterator[PolicyCheck]:
    """Yield the checks of a policy. Raises ``ConfigError`` with all its errors."""
    import datetime

    policy = load_policy(path, env=env, base=base_url)
    ignores = Ignores(policy.ignores, datetime.datetime.now(datetime.UTC).date())
    for matrix in policy.checks:
        yield PolicyCheck(matrix.ref.name, matrix.ref.line or 1, matrix, ignores)


def run(check: PolicyCheck, app: str | None, directory: str) -> str | None:
    """Run all probes of a check. Returns a description of the failures; None if there are none."""
    conversation, framework = _conversation(app, directory)
    failed: list[Result] = []
    wanted: list[Probe] = []
    try:
        for probe in check.matrix.probes():
            result = check.ignores.judge(evaluate(conversation.ask(probe), check.matrix.wants))
            if probe.expected == "allowed":
                wanted.append(probe)
            if not result.passed and result.excused is None:
                failed.append(result)
        proposal = _proposal(conversation, check, wanted, failed)
    finally:
        conversation.close()
    if not failed:
        return None
    blocked = any(result.verdict == "blocked" for result in failed)
    if blocked and proposal is None:
        printed = fix(wanted, framework, check.matrix.wants.exposes)
        proposal = printed and f"What `corscheck fix` prints for this check:\n\n{printed}"
    return _said(check, failed, proposal if blocked else None)


def _proposal(conversation: Conversation, check: PolicyCheck, wanted: list[Probe], failed: list[Result]) -> str | None:
    """Return what to change in the application so that the check passes, tried on it; None for a server."""
    if not isinstance(conversation, AppConversation):
        return None
    blocked = {(r.url, r.origin, r.method) for r in failed if r.expected == "allowed" and r.verdict == "blocked"}
    for probe in wanted:
        if (probe.url, probe.origin, probe.method) in blocked:
            conversation.propose(probe, check.matrix.wants.exposes)
    return conversation.proposal()


def _said(check: PolicyCheck, failed: list[Result], remedy: str | None) -> str:
    parts = [f"{len(failed)} of {len(check.matrix)} not as expected: {line(failed[0])}"]
    parts += ["\n".join(render(result, View(_WIDTH))) for result in failed[:_MOST]]
    if len(failed) > _MOST:
        parts.append("\n".join(line(result) for result in failed[_MOST:]))
    if remedy is not None:
        parts.append(remedy)
    return "\n\n".join([*parts, f"{check.matrix.ref.file}:{check.line}: [[check]] {check.name}"])


def _conversation(app: str | None, directory: str) -> tuple[Conversation, str | None]:
    if app is None:
        return Conversation(RunOptions()), None
    loaded = _loaded(app, directory)
    return AppConversation(loaded.app, RunOptions(), name=app), framework_of(loaded.app)


_loaded = cache(load_app)
