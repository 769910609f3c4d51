"""The views and reports that a run is to write: the options are checked against each other and made into sinks."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from functools import partial
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from corscheck.cli.arguments import OutputArguments
from corscheck.cli.show import sinks
from corscheck.cli.show.sinks import STDOUT, Quiet
from corscheck.model.values import ConfigError
from corscheck.report.formats.registry import WRITERS
from corscheck.report.text.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.cli.show.sinks import Sink

_NARROWEST, _WIDEST = 60, 120
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class OutputOptions(OutputArguments, frozen=True):
    """The options about output, and ``--in-browser``, which limits what may be asked.

    ``resumed`` is what the file of ``--jsonl`` already holds, with ``--resume``. ``private`` says that reports may hold
    secrets, so that others may not read them.
    """

    @property
    def has_reports(self) -> bool:
        """Whether an option asks for a report."""
        return self.json is not None or self.jsonl is not None or bool(self.reports)

    def check(self, question: ProbeQuestion) -> None:
        """Raise ``ConfigError`` for options that exclude each other."""
        self.check_outputs()
        if self.in_browser is not None and question.common.send != "always":
            unsafe = next((p.method for p in question if p.method.upper() not in _SAFE_METHODS), None)
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
        self.places()
        if self.quiet and self.verbose:
            raise ConfigError("-q and -v exclude each other: one line per probe, or every exchange")

    def places(self) -> list[ReportTarget]:
        """Return every report with its format and file. Raises ``ConfigError`` for two with the same file."""
        found = [ReportTarget("json", _path(self.json), "--json")] if self.json is not None else []
        found += [ReportTarget("jsonl", _path(self.jsonl), "--jsonl")] if self.jsonl is not None else []
        found += [report_place(text) for text in self.reports]
        taken: dict[str, ReportTarget] = {}
        for place in found:
            # Annotations may share standard output with a view.
            if place.beside:
                continue
            other = taken.setdefault(place.path if place.path == STDOUT else os.path.realpath(place.path), place)
            if other is not place and place.path == STDOUT:
                raise ConfigError(f"{other} and {place} both want standard output: give one of them a file")
            if other is not place:
                raise ConfigError(
                    f"{other.option} and {place.option} both want {place.path}: give one of them another file"
                )
        return found

    def check_inputs(self, files: Iterable[tuple[str, str]], *others: tuple[str, str]) -> None:
        """Raise ``ConfigError`` if a report, or one of the ``others`` (option and path), is also an input.

        An input is given as its option and path, which is ``-`` for standard input.
        """
        places = self.places()
        for option, path in others:
            for place in places:
                if not place.beside and os.path.realpath(place.path) == os.path.realpath(path):
                    raise ConfigError(f"{place} and {option} both want {path}: give one of them another file")
            places.append(ReportTarget("", path, option))
        if not self.stdout_taken:
            places.append(ReportTarget("text", STDOUT, "standard output"))
        for option, path in files:
            for place in places:
                if _same_file(path, place.path):
                    where = "standard output" if place.path == STDOUT else str(place)
                    raise ConfigError(
                        f"{where} is the same file as the input of {option}, which would be overwritten. "
                        "Write to another file."
                    )

    def sinks(self, question: ProbeQuestion) -> list[Sink]:
        """Return the sinks for probes: a view that fits the question, and the reports."""
        return self.sinks_with(partial(self._probe_view, question))

    def audit_sinks(self, total: int) -> list[Sink]:
        """Return the sinks for audits of ``total`` targets: one is shown whole, many are a list."""
        return self.sinks_with(sinks.Full if total == 1 or self.verbose else sinks.AuditList)

    def sinks_with(self, show: Callable[[View], Sink], quiet: Callable[[], Sink] = Quiet) -> list[Sink]:
        """Return the view that ``show`` makes (``quiet`` with -q), unless a report has standard output, and the reports."""
        if self.stdout_taken:
            return self.report_sinks()
        view = self.view()
        return [quiet() if self.quiet else show(view), *self.report_sinks()]

    @property
    def stdout_taken(self) -> bool:
        """Whether a report goes to standard output, so that no view can."""
        return any(place.path == STDOUT and not place.beside for place in self.places())

    def report_sinks(self) -> list[Sink]:
        """Return the sinks of the reports, with those that a job of GitHub Actions gets unasked."""
        places = self.places()
        if os.environ.get("GITHUB_ACTIONS") == "true" and all(place.format != "github" for place in places):
            places.append(ReportTarget("github", STDOUT, "--report github"))
        if not places:
            return []
        run = None
        if not self.reproducible:
            from corscheck.cli.show.masked_argv import masked
            from corscheck.report.saved.document import Run

            begun = self.resumed.run if self.resumed is not None else None
            run = begun or Run(("corscheck", *masked(sys.argv[1:])))
        found: list[Sink] = [
            sinks.JSONLReport(
                place.path, run, self.resumed if place.option == "--jsonl" else None, private=self.private
            )
            for place in places
            if place.format == "jsonl"
        ]
        later = [place for place in places if place.format != "jsonl"]
        if later:
            # Before the others, which read what it keeps.
            store = sinks.Kept(run)
            found.append(store)
            found += _documents(later, store, to_stderr=self.stdout_taken, private=self.private)
        return found

    def view(self) -> View:
        """Return how to show items on standard output, in 60 to 120 columns."""
        sinks.keep_printing()
        width = max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))
        color = colored(self.color)
        return View(width, color, links=color and linked(), verbose=self.verbose)

    def _probe_view(self, question: ProbeQuestion, view: View) -> Sink:
        view = replace(view, because=question.because)
        expected = question.common.expected if question.file is None or question.file.uniform else None
        if question.single or self.verbose:
            return sinks.Full(view, expected)
        if question.grid:
            return sinks.Grid(view, expected)
        return sinks.Listed(view, expected, uniform=question.uniform)


class ReportTarget(Struct, frozen=True):
    """A report to be written: its format, its file, and the option that asks for it."""

    format: str
    path: str
    option: str

    @property
    def beside(self) -> bool:
        """Whether it shares standard output with a view."""
        return self.format == "github" and self.path == STDOUT

    def __str__(self) -> str:
        """Return the option as it was typed."""
        return f"{self.option}{':' if ' ' in self.option else ' '}{self.path}"


def report_place(text: str) -> ReportTarget:
    """Parse ``--report FORMAT:FILE``. Raises ``ConfigError`` for an unknown format and a missing file."""
    name, colon, path = text.partition(":")
    formats = sorted(WRITERS)
    if name not in formats:
        import difflib

        near = difflib.get_close_matches(name.lower(), formats, 1, 0.5)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(f"--report {text}: no such format: {name!r}{meant}. There are {', '.join(formats)}")
    if not colon or not path:
        raise ConfigError(f"--report {text} has no file: --report {name}:FILE, or {name}:- for standard output")
    return ReportTarget(name, _path(path), f"--report {name}")


def _path(path: str) -> str:
    """Return ``-`` for the names of standard output: no view is printed into a report."""
    return STDOUT if path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") else path


def _same_file(source: str, target: str) -> bool:
    """Whether an input and an output are one regular file, whatever their names."""
    try:
        found = [os.stat(0 if source == "-" else source), os.stat(1 if target == STDOUT else target)]  # noqa: PTH116
    except (OSError, ValueError):
        return False
    return all(stat.S_ISREG(one.st_mode) for one in found) and os.path.samestat(*found)


def _documents(places: list[ReportTarget], store: sinks.Kept, *, to_stderr: bool, private: bool) -> Iterator[Sink]:
    """Yield the sinks of reports. With ``to_stderr``, a report has standard output, so that annotations go elsewhere."""
    for place in places:
        aside = to_stderr and place.beside
        write = partial(sinks.write_document, form=place.format, path=place.path, to_stderr=aside, private=private)
        yield sinks.DocumentSink(store, place.option, place.path, write)
        if place.format == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
            from corscheck.report.formats.github import add_summary

            yield sinks.DocumentSink(store, "GITHUB_STEP_SUMMARY", summary, partial(add_summary, path=summary))


def colored(mode: Literal["auto", "always", "never"]) -> bool:
    """Whether to colour. ``auto``: on a terminal that knows colours, or if FORCE_COLOR is set; never if NO_COLOR is."""
    if mode != "auto":
        return mode == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stdout.isatty() and not _is_legacy_windows()


def _is_legacy_windows() -> bool:
    """Whether standard output is a Windows console that knows no escape sequences."""
    if sys.platform != "win32":
        return False
    from rich.console import detect_legacy_windows

    return detect_legacy_windows()


def linked() -> bool:
    """Whether standard output is a terminal that may have links (OSC 8); those without ignore them."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "linux", "")
