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

from corscheck.cli import exitcodes
from corscheck.cli.command import Command, Group
from corscheck.cli.first_words import with_command
from corscheck.cli.options import Version
from corscheck.model.values import ConfigError, HelperDied

COMMANDS = (
    "probe", "run", "audit", "init", "report", "har", "transcript", "explain", "fix", "engines", "schema", "demo", "help",
)  # fmt: skip
"""The commands. The module of each has a function of its name, or a group of commands.

It may have ``SUMMARY`` (its line in the list of commands) and ``EXAMPLES`` (the end of its help).
"""

_HELP = {"-h", "--help", "--version", "--show-completion"}

FIRST_STEPS = """\b
First steps:
  corscheck demo                                       see it work, offline
  corscheck https://api.example.com/data --origin https://app.example.com
  corscheck probe --app main:app                       test an app in process
  corscheck explain "No 'Access-Control-Allow-Origin' header is present"

\b
corscheck help COMMAND shows the options of a command.
"""
_COMPLETION = ("--install-completion", "--show-completion")
SETTINGS = {"help_option_names": ["-h", "--help"]}
ISSUES = "https://github.com/corscheck/corscheck/issues"


class _Commands(Group):
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
        # typer's own use of rich, which it would import for usage errors too: 150 ms on the way to "no such option".
        rich_markup_mode=None,
        epilog=FIRST_STEPS,
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
            app.command(name, cls=Command, short_help=summary, epilog=examples, context_settings=SETTINGS)(command)
    return app


def run(argv: Sequence[str]) -> int:
    """Run a command line; returns its exit status. Never raises."""
    stdout = sys.stdout
    try:
        words, note = with_command(argv, COMMANDS)
        if words[:1] == ["help"] and (words[1:2] == [] or words[1] in COMMANDS):
            words = [*words[1:], "--help"]
        if note is not None:
            from corscheck.cli.run_loop import say

            say(note)
        option, equals, shell = words[0].partition("=") if words else ("", "", "")
        shell = shell if equals else "".join(words[1:2])
        if option in _COMPLETION and shell:  # typer's own options know the current shell only
            from corscheck.cli.complete import for_shell

            typer.echo(for_shell(option, shell))
            return exitcodes.OK
        build(words)(args=words, prog_name="corscheck")
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
