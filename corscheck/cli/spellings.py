"""Options as other tools spell them: each is replaced by the one that is meant, or answered with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.cli.retyped import retyped
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_OTHERS: dict[str, tuple[str, ...]] = {
    "--timeout": ("--max-time",),
    "--no-color": ("--color", "never"),
    "--no-colour": ("--color", "never"),
    "--with-credentials": ("--credentials", "include"),
    "--body": ("--data",),
    "--data-ascii": ("--data",),
    "--url": (),
}
"""By spelling, the words that replace it. The value of ``--url`` is left as an argument."""

_VALUES = {
    ("--credentials", "true"): "include",
    ("--credentials", "false"): "same-origin",
    ("--expect", "allow"): "allowed",
    ("--expect", "block"): "blocked",
}
"""By option and value, the value that is meant."""

_HINTS = {
    "--browser": "--in-browser NAME asks a real browser as well; --engine NAME judges by the rules of one",
    "--allow-origin": "--origin ORIGIN is the page's origin; what the server should allow decides the server",
    "--input": "a list of URLs is read with --targets FILE",
    "--input-file": "a list of URLs is read with --targets FILE",
    "--list": "a list of URLs is read with --targets FILE",
    "-l": "a list of URLs is read with --targets FILE",
    "--output-file": "a report is written with --json FILE or --report FORMAT:FILE",
}
"""By an option that does not exist, what to type."""


def respelled(args: Sequence[str], takes_value: Mapping[str, bool], say: Callable[[str], None]) -> Iterator[str]:
    """Yield the words of a command's arguments as the command spells them; ``say`` prints a replaced value.

    ``takes_value`` has every option of the command. An option that it has itself is never replaced. Raises ``ConfigError``
    for an option that exists nowhere, and for which there is a hint.
    """
    words = iter(args)
    for word in words:
        if word == "--":
            yield word
            break
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in takes_value:
            yield from _with_value(name, value if equals else None, words, takes_value, say)
        elif name in _OTHERS and all(new in takes_value for new in _OTHERS[name][:1]):
            yield from (*_OTHERS[name], *([value] if equals else []))
        elif name == "--format" and "--report" in takes_value:
            yield from ("--report", f"{value if equals else next(words, '')}:-")
        elif name == "--json" and "--format" in takes_value:
            raise ConfigError(f"--json writes a report, and there is none here. Write --format json:\n  {_line(word)}")
        elif name in _HINTS:
            raise ConfigError(f"Unknown option {name}: {_HINTS[name]}")
        else:
            _check_dashes(word, takes_value)
            yield word
            if _ends_in_option(word, takes_value) and (following := next(words, None)) is not None:
                yield following
    yield from words


def _with_value(
    name: str,
    value: str | None,
    words: Iterator[str],
    takes_value: Mapping[str, bool],
    say: Callable[[str], None],
) -> Iterator[str]:
    if not takes_value[name]:
        yield name if value is None else f"{name}={value}"
        return
    typed = value if value is not None else next(words, None)
    meant = _VALUES.get((name, (typed or "").lower()))
    if meant is not None:
        say(f"{name} {typed} is taken as {name} {meant}")
    yield name
    if typed is not None:
        yield meant or typed


def _check_dashes(word: str, takes_value: Mapping[str, bool]) -> None:
    """Raise ``ConfigError`` for one hyphen instead of two, and for a dash that an editor made of them."""
    plain = word.lstrip("-\u2010\u2011\u2012\u2013\u2014\u2212")
    option = f"--{plain}" if len(plain) > 1 else f"-{plain}"
    if not plain or word.startswith("--") or plain == word or option.partition("=")[0] not in takes_value:
        return
    why = "an option with a long name begins with two hyphens" if word[0] == "-" else "this is a dash, not a hyphen"
    raise ConfigError(f"Unknown option {word}: {why}. Did you mean {option}?\n  {_line(word, option)}")


def _ends_in_option(word: str, takes_value: Mapping[str, bool]) -> bool:
    """Whether a group of short options (``-kX``) ends in one that takes the next word as its value."""
    if not word.startswith("-") or word.startswith("--"):
        return False
    for at, letter in enumerate(word[1:], 2):
        if takes_value.get(f"-{letter}", False):
            return at == len(word)
    return False


def _line(word: str, *instead: str) -> str:
    return retyped({word: instead or ("--format", "json")})
