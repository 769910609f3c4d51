"""What CI systems are told of a result: whether it is a problem, its code, title, message, place, and an identity.

Shared by the formats that list problems (JUnit, SARIF, GitLab, GitHub). Knows the saved model and words, no format.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model import words
from corscheck.model.printable import printable
from corscheck.report.saved.summary import failed
from corscheck.report.text import causes

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.model.values import CheckRef


class Problem(Struct, frozen=True):
    """A result that needs somebody's attention, as CI systems take it. Texts are printable and of one line.

    ``code`` is stable; ``identity`` is the same for the same problem in another run, and for no other.
    """

    code: str
    error: bool
    title: str
    message: str
    identity: str


def problem(result: Result) -> Problem | None:
    """What to report of a result; None when all is well.

    An error came out wrong, a warning could not be judged; a real browser that was seen to differ is an error as well.
    """
    seen = result.observed
    differs = seen is not None and seen.agrees is False
    if (result.passed or result.excused is not None) and not differs:
        return None
    if differs and seen is not None:
        code = "browser-differs"
        message = f"{words.BROWSERS.get(seen.browser, seen.browser)} was seen to differ: " + "; ".join(seen.differences)
    else:
        code, message = _code(result), causes.why(result)
    word = "DIFFERS" if words.as_driven(result) else words.word(result).upper()
    name = f"{result.check.name}: " if result.check is not None else ""
    asked = request(result)
    return Problem(
        code=printable(code),
        error=differs or failed(result),
        title=printable(f"{name}{word} {asked}"),
        message=printable(message),
        identity=_identity(result, code),
    )


def request(result: Result) -> str:
    """What was asked, in a line: method, URL, origin, and whatever is not as ``fetch()`` has it by default."""
    notes = [f"credentials {result.credentials}"] if result.credentials != "same-origin" else []
    notes += [f"mode {result.mode}"] if result.mode != "cors" else []
    notes += [f"redirect {result.redirect}"] if result.redirect != "follow" else []
    notes += [f"with {', '.join(name.lower() for name, _ in result.headers)}"] if result.headers else []
    more = f" ({', '.join(notes)})" if notes else ""
    return printable(f"{result.method} {result.url} from {result.origin}{more}")


def _code(result: Result) -> str:
    """The stable code of what went wrong: the reason's, another engine's, or that it came out better than expected."""
    if words.as_driven(result):
        others = (result.engines[n].code for n in words.differing(result) if n in result.gate)
        return next((code for code in others if code), "expectation")
    return result.reason.code if result.reason is not None else f"expected-{result.expected}"


def _identity(result: Result, code: str) -> str:
    headers = sorted((name.lower(), value) for name, value in result.headers)
    check = result.check.name if result.check is not None else ""
    parts = (check, result.url, result.origin, result.method, result.credentials, result.redirect, result.mode)
    text = "\0".join([*parts, repr(headers), code])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def place(check: CheckRef | None) -> tuple[str, int] | None:
    """File (with slashes, relative to the working directory if it is below it) and line of a check."""
    return path_and_line(check.file, check.line) if check is not None else None


def path_and_line(name: str | None, line: int | None) -> tuple[str, int] | None:
    """The same of any file; None where there is none."""
    if name is None:
        return None
    here = Path.cwd()
    file = Path(name)
    if file.is_absolute() and file.is_relative_to(here):
        file = file.relative_to(here)
    return printable(file.as_posix()), max(line or 1, 1)
