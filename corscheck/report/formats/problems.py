"""What CI systems are told of an item: its problems, each with code, title, message, place and identity.

Shared by the formats that list problems (JUnit, SARIF, GitLab, GitHub). Knows the saved model and words, no format.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.model.printable import printable, printable_lines
from corscheck.model.result import Result
from corscheck.report.saved.summary import failed
from corscheck.report.text import audits, causes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.model.audits import Audit, AuditFinding
    from corscheck.model.item import Item
    from corscheck.model.values import Severity

Level: TypeAlias = Literal["error", "warning", "note"]

LEVELS: dict[Severity, Level] = {"high": "error", "medium": "error", "low": "warning", "info": "note"}
NOT_AUDITED = "not-audited"
UNSTABLE = "unstable"


class Problem(Struct, frozen=True):
    """Something that needs attention. Texts are printable and of one line; only ``advice`` may have more lines.

    ``code`` is stable. ``level`` is ``error`` for what is wrong, ``warning`` for what could not be judged and ``note`` for
    what is as expected and worth a look; a finding of an audit has the level of its severity. ``name`` is what an audit
    found; ``title`` says so with the target. ``asked`` is the request in a line. ``identity`` is the same for the same
    problem in another run, and for no other. ``place`` is the file and line of the check or target. ``finding`` is the
    audit's.
    """

    code: str
    level: Level
    title: str
    message: str
    asked: str
    identity: str
    name: str = ""
    advice: str = ""
    place: tuple[str, int] | None = None
    finding: AuditFinding | None = None


def problems(item: Item) -> Iterator[Problem]:
    """Yield the problems of a result or an audit; none if all is well or excused."""
    return _of_result(item) if isinstance(item, Result) else _of_audit(item)


_GATE_NOTES = ("CORS713", "CORS714")
"""Remarks that a CI system is told of: the result is as expected, but perhaps only because the request is wrong."""


def _of_result(result: Result) -> Iterator[Problem]:
    """At most one problem. A real browser that contradicts the prediction is an error, even if the result passed."""
    differs = causes.contradicted(result)
    if not differs and result.excused is not None:
        return
    if not differs and result.passed:
        yield from _note(result)
        return
    advice = next((f.advice for f in result.findings if f.advice and f.severity != "info"), None)
    level: Level = "error" if differs or failed(result) else "warning"
    yield _problem(result, "browser-differs" if differs else _code(result), level, causes.why(result), advice or "")


def _note(result: Result) -> Iterator[Problem]:
    """Yield what is worth a look although the result is as expected, unless the check expects just this status."""
    told = next((f for f in result.findings if f.code in _GATE_NOTES), None)
    expectations = result.check.expectations if result.check is not None else ()
    if told is not None and not any(e.name == "status" and e.passed for e in expectations):
        yield _problem(result, told.code, "note", told.message, "")


def _problem(result: Result, code: str, level: Level, message: str, advice: str) -> Problem:
    name = f"{result.check.name}: " if result.check is not None else ""
    asked = request(result)
    return Problem(
        code=printable(code),
        level=level,
        title=printable(f"{name}{causes.label(result).upper()} {asked}"),
        message=printable(message),
        asked=asked,
        identity=_result_identity(result, code),
        advice=printable_lines(advice),
        place=_place(result.check.file, result.check.line) if result.check is not None else None,
    )


def request(result: Result) -> str:
    """Return the request in a line: method, URL, origin, and whatever differs from the defaults of ``fetch()``."""
    notes = [f"credentials {result.credentials}"] if result.credentials != "same-origin" else []
    notes += [f"mode {result.mode}"] if result.mode != "cors" else []
    notes += [f"redirect {result.redirect}"] if result.redirect != "follow" else []
    notes += ["with an upload listener"] if result.upload_listener else []
    notes += [f"COEP {result.coep}"] if result.coep != "unsafe-none" else []
    notes += ["embedded in https pages"] if result.secure_context else []
    notes += [f"with {', '.join(name.lower() for name, _ in result.headers)}"] if result.headers else []
    more = f" ({', '.join(notes)})" if notes else ""
    return printable(f"{result.method} {result.url} from {result.origin}{more}")


def _code(result: Result) -> str:
    """Return the stable code of the failure: the reason's, that of another engine, or ``expected-VERDICT``."""
    if result.as_driven:
        others = (result.engines[n].code for n in result.differing if n in result.gate)
        return next((code for code in others if code), "expectation")
    return result.reason.code if result.reason is not None else f"expected-{result.expected}"


def _result_identity(result: Result, code: str) -> str:
    headers = sorted((name.lower(), value) for name, value in result.headers)
    check = result.check.name if result.check is not None else ""
    asked: tuple[str, ...] = (
        result.url, result.origin, result.method, result.credentials, result.redirect, result.mode,
    )  # fmt: skip
    if result.modes[3:] != (
        False,
        "unsafe-none",
        False,
    ):  # as it was before these were known, so that it stays the same
        asked = (*asked, repr(result.modes[3:]))
    return _identity(check, *asked, repr(headers), code)


def _of_audit(audit: Audit) -> Iterator[Problem]:
    """A problem for each finding that is not excused, and one if the target could not be audited or its responses vary.

    Findings that are alike but for their origin are numbered, since the origin is made up in each run and therefore no
    part of the identity.
    """
    url, place = printable(audit.url), _place(audit.file, audit.line)
    seen: Counter[tuple[object, ...]] = Counter()
    for finding in audit.findings:
        key = finding_key(audit, finding)
        seen[key] += 1
        if finding.excused is not None:
            continue
        name, origin = printable(finding.title), printable(finding.origin)
        yield Problem(
            code=printable(finding.code),
            level=LEVELS[finding.severity],
            title=f"{finding.severity.upper()} {name}: {url}",
            message=printable(finding.message.replace("\n", " ")) + f" Sent: Origin: {origin}",
            asked=printable(f"{finding.method} {finding.url}"),
            identity=_identity("audit", *key, seen[key]),
            name=name,
            advice=printable_lines(finding.advice),
            place=place,
            finding=finding,
        )
    word = audits.word(audit)
    if not audit.passed and word in ("INCONCLUSIVE", "UNSTABLE"):
        code = UNSTABLE if word == "UNSTABLE" else NOT_AUDITED
        yield Problem(
            code=code,
            level="error" if word == "UNSTABLE" else "warning",
            title=f"{word} {url}",
            message=audits.statement(audit),
            asked=url,
            identity=_identity("audit", audit.url, code),
            name="The responses vary" if word == "UNSTABLE" else "The target could not be audited",
            place=place,
        )


def finding_key(audit: Audit, finding: AuditFinding, url: str | None = None) -> tuple[object, ...]:
    """Return what identifies a finding in any run, or (with ``url``) on any host: target, class and request.

    The code stands for the class of the hostile origin: the labels in the origin, and the path of an error page, are made
    up for each run. A finding with credentials is not the same as one without.
    """
    target = audit.url if url is None else url
    return (target, finding.code, finding.method, finding.credentials, finding.url != audit.url)


def _identity(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _place(name: str | None, line: int | None) -> tuple[str, int] | None:
    """Return file and line. The file has slashes and is relative to the root of the repository if it is below it.

    The root is the nearest directory above the working directory that holds ``.git``, else the working directory.
    """
    if name is None:
        return None
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    file = Path(os.path.normpath(here / name))
    shown = file.relative_to(root) if file.is_relative_to(root) else file
    return printable(shown.as_posix()), max(line or 1, 1)


def url_path(url: str) -> str:
    """Return host and path of a URL, which form a relative path: the place of what has no file."""
    path = url.partition("://")[2] or url
    return printable(path.partition("?")[0].lstrip("./")) or "unknown"
