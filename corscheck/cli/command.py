"""A command as typer makes it, with two things added: it accepts spellings of other tools, and its help is made with rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterable


class Command(TyperCommand):
    """A command of corscheck."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, in which spellings of other tools are replaced."""
        if ctx.resilient_parsing:  # the shell completes a line that is not typed to its end
            return super().parse_args(ctx, args)
        from corscheck.cli.run_loop import say
        from corscheck.cli.spellings import respelled

        options = {
            name: not (getattr(one, "is_flag", False) or getattr(one, "count", False))
            for one in self.get_params(ctx)
            for name in one.opts
            if name.startswith("-")
        }
        try:
            return super().parse_args(ctx, list(respelled(args, options, say)))
        except Exception as error:
            _say_what_is_needed(error, self.params)
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        _write_help(self, ctx, formatter)


class Group(TyperGroup):
    """A group of commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        _write_help(self, ctx, formatter)


def _write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Write the help page of a command or group. Only now is rich imported: usage errors do without it."""
    from corscheck.cli.help_page import render

    formatter.write(render(command, ctx))


def _say_what_is_needed(error: Any, params: Iterable[Any]) -> None:
    """Add to "requires an argument" what kind of argument."""
    if getattr(error, "message", "").endswith("requires an argument."):
        name = error.option_name
        metavar = next((one.metavar for one in params if name in one.opts and one.metavar), None)
        if metavar is not None:
            error.message = f"{error.message[:-1]}: {name} {metavar}"
