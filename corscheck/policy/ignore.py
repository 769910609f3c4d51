"""``[[ignore]]`` entries: known failures that do not fail a run. Each has a reason and may have an expiry date.

An entry excuses failures, never missing responses. An expired entry fails every probe that it matches, whatever the
result, so that someone renews or removes it. The caller passes in the current date.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.values import Excuse, Expectation
from corscheck.policy.checks_on_values import code_fault
from corscheck.policy.complaints import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from corscheck.model.result import Result
    from corscheck.policy.complaints import Complaints
    from corscheck.policy.model import Ignore
    from corscheck.policy.toml_lines import Path


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with ``*``, ``?`` and ``[...]`` matches a text. A text equal to the pattern always matches."""
    return pattern == text or _compiled(pattern).match(text) is not None


class IgnoreEntry(Struct, frozen=True):
    """One entry and its place in the file."""

    reason: str
    file: str
    line: int
    check: str | None = None
    url: str | None = None
    origin: str | None = None
    method: str | None = None
    code: str | None = None
    expires: date | None = None

    @property
    def place(self) -> str:
        """File and line, e.g. ``corscheck.toml:40``."""
        return f"{self.file}:{self.line}"

    def expired(self, today: date) -> bool:
        """Whether ``today`` is after the entry's last day."""
        return self.expires is not None and today > self.expires

    def about(self, result: Result) -> bool:
        """Whether the entry matches the result: all fields that it sets must match."""
        name = result.check.name if result.check is not None else ""
        patterns = ((self.check, name), (self.url, result.url), (self.origin, result.origin))
        return (
            all(pattern is None or matches(pattern, text) for pattern, text in patterns)
            and (self.method is None or self.method == result.method)
            and (self.code is None or self.code in codes(result))
        )


def codes(result: Result) -> set[str]:
    """Return the codes for which engines of the gate do not allow the request."""
    found = {result.engines[name].code for name in result.gate if name in result.engines}
    return {code for code in found if code is not None}


class Ignores:
    """The entries of a policy on a given day. Records which entries excused a failure."""

    def __init__(self, entries: Sequence[IgnoreEntry], today: date) -> None:
        self._in_force = [e for e in entries if not e.expired(today)]
        self.expired = [e for e in entries if e.expired(today)]
        self._used: set[int] = set()

    @property
    def unused(self) -> list[IgnoreEntry]:
        """The entries in force that have excused nothing so far."""
        return [e for e in self._in_force if id(e) not in self._used]

    def judge(self, result: Result) -> Result:
        """Return the result, failed if an expired entry matches it, or excused if an entry in force does."""
        for entry in self.expired:
            if entry.about(result):
                return _failed(result, entry)
        if result.passed or not _has_failed(result):
            return result
        for entry in self._in_force:
            if entry.about(result):
                self._used.add(id(entry))
                expires = entry.expires.isoformat() if entry.expires is not None else None
                return replace(result, excused=Excuse("ignore", entry.reason, entry.file, entry.line, expires))
        return result


def _has_failed(result: Result) -> bool:
    return result.check is not None and any(e.passed is False for e in result.check.expectations)


def _failed(result: Result, entry: IgnoreEntry) -> Result:
    assert result.check is not None
    assert entry.expires is not None
    expired = f"expired on {entry.expires.isoformat()}"
    message = f"The ignore at {entry.place} {expired} ({entry.reason}): repair this, or give it a later day."
    said = Expectation("ignore", "in force", expired, passed=False, message=message)
    check = replace(result.check, expectations=(*result.check.expectations, said))
    return replace(result, check=check, passed=False)


def entry(
    ignore: Ignore, path: Path, file: str, line: int, names: Sequence[str] | None, complaints: Complaints
) -> IgnoreEntry:
    """Validate an entry of the file and return it. ``names`` are the names of all checks, None if unknown."""
    if not ignore.reason.strip():
        complaints.add((*path, "reason"), 'is blank: reason = "fixed with the next release of the gateway"')
    about = {key: getattr(ignore, key) for key in ("check", "url", "origin", "method", "code")}
    if not any(about.values()) and not any(complaints.about((*path, key)) for key in about):
        complaints.add(path, "would excuse everything: say what it is about with check, url, origin, method or code")
    if names is not None and ignore.check is not None and not any(matches(ignore.check, name) for name in names):
        complaints.add((*path, "check"), f'no check is called "{ignore.check}"{nearest(ignore.check, names)}')
    if ignore.code is not None and (fault := code_fault(ignore.code)) is not None:
        complaints.add((*path, "code"), fault)
    return IgnoreEntry(ignore.reason, file, line, expires=ignore.expires, **about)
