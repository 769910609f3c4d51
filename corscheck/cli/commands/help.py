"""``corscheck help``: a page about a topic. (``help`` alone and ``help COMMAND`` become ``--help`` before they get here.)"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated

from typer import Argument

from corscheck.cli import guides
from corscheck.cli.run_loop import print_lines
from corscheck.model.values import ConfigError

SUMMARY = "Show the help of a command or of a topic."

TOPICS: dict[str, Callable[[], Iterable[str]]] = {
    topic: partial(guides.printed, name) for topic, name in guides.TOPICS.items()
}
"""The topics: by name, the function that returns the lines of the page."""


def help(  # noqa: A001 - named after the command
    topic: Annotated[str, Argument(metavar="[COMMAND|TOPIC]", show_default=False, help="What to show.")],
) -> None:
    """Show the options of a command, or a page about a topic."""
    page = TOPICS.get(topic)
    if page is None:
        known = f"The topics are {', '.join(TOPICS)}. " if TOPICS else ""
        raise ConfigError(
            f"Unknown command or topic {topic!r}. {known}corscheck help lists the commands; for a code, a header or an "
            f"error message:\n  corscheck explain {topic!r}"
        )
    print_lines(page())
