"""The application: its commands, and the handling of exceptions that they do not catch.

Only the module of the typed command is imported, to keep the start short.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from corscheck.cli import exitcodes
from corscheck.cli.options import Version
from corscheck.model.values import ConfigError, HelperDied

COMMANDS = (
    "probe", "run", "audit", "init", "report", "har", "transcript", "explain", "fix", "engines", "schema", "demo",
)  # fmt: skip
"""The commands. The module of each has a function of its name, or a group of commands.

It may have ``SUMMARY`` (its line in the list of commands) and ``EXAMPLES`` (the end of its help).
"""

_HELP = {"-h", "--help", "--version", "--show-completion"}
SETTINGS = {"help_option_names": ["-h", "--help"]}
ISSUES = "https://github.com/corscheck/corscheck/issues"


class _Commands(TyperGroup):
    """Masks secrets in what typer says about a command line: it repeats words that it does not expect."""

    def make_context(self, *given: Any, **more: Any) -> Any:
        """Parse the options before the command."""
        with _masked_errors():
            return super().make_context(*given, **more)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's options, and run it."""
        with _masked_errors():
            return super().invoke(ctx)


@contextmanager
def _masked_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "message"):
            from corscheck.model.masking import mask_text

            error.message = mask_text(str(error.message))
        raise


def build(argv: Sequence[str]) -> typer.Typer:
    """Return the application with the command that ``argv`` names, or with all commands if it names none (``--help``)."""
    named = next((word for word in argv if not word.startswith("-")), None)
    app = typer.Typer(
        name="corscheck",
        cls=_Commands,
        # Plain help and plain usage errors: no 150 ms for rich on the way to "no such option".
        rich_markup_mode=None,
        # Completion (--install-completion, --show-completion) belongs to the application; commands need not import it.
        add_completion=named not in COMMANDS,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings=SETTINGS,
    )

    @app.callback()
    def corscheck(version: Version = False) -> None:
        """Say what a browser will do with a cross-origin request, why, and what to change."""

    for name in (named,) if named in COMMANDS else COMMANDS:
        assert name is not None
        module = import_module(f"corscheck.cli.commands.{name}")
        summary, examples = (getattr(module, attribute, None) for attribute in ("SUMMARY", "EXAMPLES"))
        command = getattr(module, name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, short_help=summary, epilog=examples, context_settings=SETTINGS)
        else:
            app.command(name, short_help=summary, epilog=examples, context_settings=SETTINGS)(command)
    return app


def run(argv: Sequence[str]) -> int:
    """Run a command line; returns its exit status. Never raises."""
    stdout = sys.stdout
    try:
        hint = _forgot_command(argv)
        if hint is not None:
            sys.stderr.write(hint)
            return exitcodes.USAGE
        build(argv)(args=list(argv), prog_name="corscheck")
    except SystemExit as stop:
        if sys.stdout is not stdout:
            # typer replaces it if the reader of a pipe has closed it. Only help is complete all the same.
            return exitcodes.OK if _HELP.intersection(argv) else exitcodes.READER_GONE
        return stop.code if isinstance(stop.code, int) else exitcodes.OK
    except ConfigError as error:
        from corscheck.cli.run_loop import say

        say(str(error))
        return exitcodes.USAGE
    except KeyboardInterrupt:
        return exitcodes.INTERRUPTED
    except HelperDied as error:
        from corscheck.cli.run_loop import say

        say(str(error))
        return exitcodes.INCONCLUSIVE
    except Exception as error:  # noqa: BLE001 - the last one to see it
        if os.environ.get("CORSCHECK_TRACEBACK") == "1":
            return _traced()
        # Transports turn errors of the network into results. One that arrives here is a bug.
        network = isinstance(error, (ConnectionError, TimeoutError))
        return _failed(error) if isinstance(error, OSError) and not network else _crashed(error)
    return exitcodes.OK


def _forgot_command(argv: Sequence[str]) -> str | None:
    """Return a hint if a URL was typed in the place of a command."""
    first = argv[0] if argv else ""
    looks_like_url = "://" in first or "." in first or first.startswith("localhost")
    if first.startswith("-") or first in COMMANDS or not looks_like_url:
        return None
    from corscheck.model.masking import mask_url

    shown = mask_url(first)
    return f"corscheck: unknown command {shown!r}. To ask a URL:\n  corscheck probe {shown} --origin https://app.example.com\n"


def _failed(error: OSError) -> int:
    """Print an error of the operating system: a full disk, a missing directory, too many open files."""
    from corscheck.cli.ask.inputs import reason
    from corscheck.cli.run_loop import say, silence_stdout

    what = f" {error.filename}" if error.filename else ""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib would be imported for it
    except OSError:
        what = what or " the working directory, which is gone"
    say(f"cannot use{what}: {reason(error)}" if what else reason(error))
    silence_stdout()  # standard output may be at fault, and the interpreter flushes it at the end
    return exitcodes.USAGE


def _traced() -> int:
    """Print the traceback, whose message may repeat a secret."""
    from traceback import format_exc

    from corscheck.model.masking import mask_text

    sys.stderr.write(mask_text(format_exc()))
    return exitcodes.BUG


def _crashed(error: Exception) -> int:
    from corscheck.model.masking import mask_text

    sys.stderr.write(
        f"corscheck: internal error: {type(error).__name__}: {mask_text(str(error))[:300]!r}\n"
        f"This is a bug in corscheck, not in your server. Please report it: {ISSUES}\n"
        "CORSCHECK_TRACEBACK=1 shows where it happened.\n"
    )
    return exitcodes.BUG
