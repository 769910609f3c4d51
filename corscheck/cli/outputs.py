"""Which views and reports a run was asked for, checked against each other and made into sinks."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from corscheck.cli import sinks
from corscheck.cli.sinks import STDOUT
from corscheck.model import ConfigError
from corscheck.report.style import Style
from corscheck.report.terminal import View

if TYPE_CHECKING:
    from corscheck.cli.questions import Question
    from corscheck.cli.sinks import Sink
    from corscheck.report.document import Run

_NARROWEST, _WIDEST = 60, 120
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options about output, and ``--in-browser``, which limits what may be asked."""

    json: str | None = None
    jsonl: str | None = None
    reproducible: bool = False
    verbose: bool = False
    quiet: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    in_browser: str | None = None

    def check(self, question: Question) -> None:
        """Raise ``ConfigError`` for what cannot be had together."""
        self.check_outputs()
        if self.in_browser is not None and question.common.send != "always":
            unsafe = next((p.method for p in question.probes() if p.method.upper() not in _SAFE_METHODS), None)
            if unsafe is not None:
                raise ConfigError(
                    f"--in-browser cannot hold a request back, and {unsafe} may change data: "
                    "add --send always if it may be sent"
                )

    def check_outputs(self) -> None:
        """Raise ``ConfigError`` for outputs that exclude each other."""
        if self.json is not None and self.json.lstrip()[:1] in ("{", "["):
            raise ConfigError(
                "--json names the report here. To send JSON: -H 'Content-Type: application/json' -d '{...}'"
            )
        if self.json == STDOUT and self.jsonl == STDOUT:
            raise ConfigError("--json - and --jsonl - both want standard output: give one of them a file")
        if self.json is not None and self.json == self.jsonl:
            raise ConfigError(f"--json and --jsonl both want {self.json}: give one of them another file")
        if self.quiet and self.verbose:
            raise ConfigError("-q and -v exclude each other: one line per probe, or every exchange")

    def sinks(self, question: Question) -> list[Sink]:
        """The view for standard output, unless a report goes there, and the reports."""
        return [*([] if self.stdout_taken else [self._view(question)]), *self.reports()]

    @property
    def stdout_taken(self) -> bool:
        """Whether a report goes to standard output, so that no view can."""
        return STDOUT in (self.json, self.jsonl)

    def reports(self) -> list[Sink]:
        """The reports alone."""
        found: list[Sink] = []
        run = None if self.reproducible or (self.json is None and self.jsonl is None) else _run()
        if self.jsonl is not None:
            found.append(sinks.JSONLReport(self.jsonl, run))
        if self.json is not None:
            found.append(sinks.JSONReport(self.json, run))
        return found

    def view(self, because: str | None = None) -> View:
        """How to show results on standard output."""
        _keep_printing()
        return View(_width(), Style(_colored(self.color)), self.verbose, because)

    def _view(self, question: Question) -> Sink:
        view = self.view(question.because)
        if self.quiet:
            return sinks.Quiet()
        expected = question.common.expected if question.file is None or question.file.uniform else None
        if question.single or self.verbose:
            return sinks.Full(view, expected)
        if question.grid:
            return sinks.Grid(view, expected)
        return sinks.Listed(view, expected, uniform=question.uniform)


def _run() -> Run:
    from corscheck.cli.argv import masked
    from corscheck.report.document import Run

    return Run(("corscheck", *masked(sys.argv[1:])))


def _keep_printing() -> None:
    """A terminal that cannot show a character gets its escape instead of a traceback."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _colored(mode: Literal["auto", "always", "never"]) -> bool:
    """Whether to colour: as told, else on a terminal that knows colours, unless NO_COLOR is set."""
    if mode != "auto":
        return mode == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def _width() -> int:
    """80 columns where nobody says otherwise; a wide terminal gets longer values, within reason."""
    return max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))
