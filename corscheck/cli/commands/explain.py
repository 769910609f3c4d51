"""``corscheck explain``: what a code or a console text means, and where a stack configures CORS."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict
from typer import Argument, Option

from corscheck.cli import complete
from corscheck.cli import options as opt
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import print_lines
from corscheck.cli.show.sinks import keep_printing
from corscheck.model.masking import mask_text
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.diagnosis.codes.code import Record
    from corscheck.sources.console import Message

SUMMARY = "Say what a code, a console error, a header or a stack is about."

EXAMPLES = """\b
Examples:
  corscheck explain CORS302
  corscheck explain cors-check:4
  corscheck explain spring
  corscheck explain max-age
  corscheck explain "Access to fetch at 'http://api...' from origin ..."
  pbpaste | corscheck explain --probe

\b
Exit status: 0 explained (with --probe: it is blocked), 1 --probe: it is not,
2 usage, or an unknown text, 3 --probe: inconclusive.
"""

_CODE = re.compile(r"CORS-?\d{3}", re.IGNORECASE)
_STEP = re.compile(r"[a-z][a-z-]+:[a-z0-9.]+|held-back|replay")
_NAME = re.compile(r"[A-Za-z0-9@.][\w ./@+-]{0,39}")
_WIDTH = 80


@grouped
def explain(
    texts: Annotated[
        opt.Strings,
        Argument(
            metavar="[CODE|STEP|STACK|TOPIC|TEXT...]",
            show_default=False,
            help="What to explain. Without it, stdin is read.",
            autocompletion=complete.explained,
        ),
    ] = (),
    list_codes: Annotated[bool, Option("--list", help="List every code, stack and topic with its title.")] = False,
    format_: opt.Format = "text",
    probe: Annotated[
        bool, Option("--probe", help="Send the request that a console text is about; exit 0 if it is blocked.")
    ] = False,
    origin: Annotated[
        str | None, Option("--origin", metavar="ORIGIN", help="Origin of the page, if the text does not name it.")
    ] = None,
    method: Annotated[
        str | None,
        Option("-X", "--method", "--request", metavar="METHOD", help="Request method, if the text does not name it."),
    ] = None,
    header: opt.HeaderLines = (),
    insecure: opt.Insecure = False,
    max_time: opt.MaxTime = 10.0,
) -> None:
    """Say what a code, a step of the standard, a header or a console error means, and what to change.

    Paste the text as it stands, as an argument or on standard input: a line of the console or of the network panel of
    Chrome, Firefox (in any language) or Safari, what a library or a server says, or a part of it. For a stack that fix
    knows no remedy for (spring, cloudflare, s3, ...) it says where CORS is configured and what to look for.
    """
    from corscheck.cli.show import explained
    from corscheck.diagnosis.codes.registry import RECORDS

    json = format_ == "json"
    if list_codes:
        if texts or probe:
            raise ConfigError("--list shows all codes: leave the rest out")
        records = list(RECORDS.values())
        _print(explained.listed(records), list(map(asdict, records)) if json else None)
        return
    if texts and all(_CODE.fullmatch(t) or _STEP.fullmatch(t) for t in texts):
        if probe:
            raise ConfigError("--probe needs a console message that names a URL; a code does not name one")
        records = [record for text in texts for record in _named(text)]
        pages = [line for record in records for line in ("", "", *explained.record_page(record))]
        _print(pages[2:], list(map(asdict, records)) if json else None)
        return
    if texts and (page := _stack(" ".join(texts)) or _topic(" ".join(texts))) is not None:
        if probe:
            raise ConfigError("--probe needs a console message that names a URL; a stack or a topic does not name one")
        _print(page[1], page[0] if json else None)
        return
    found = _parsed(_text(texts))
    if probe:
        from corscheck.cli.ask import reproduce

        if json:
            raise ConfigError(
                "--format json and --probe exclude each other: corscheck probe --json FILE saves a report"
            )
        status = 0
        for answer in found:
            asked, said = reproduce.question(answer, origin, method, header)
            _print([*explained.answer_page(answer, hint=False), "", *said])
            status = max(status, reproduce.run(asked, answer, verify=not insecure, timeout=max_time))
        raise typer.Exit(status)
    _print(explained.answers_page(found), explained.answers_plain(found) if json else None)


def _text(texts: Sequence[str]) -> str:
    """Return the text to explain: the arguments, or standard input without arguments or with ``-``."""
    if texts and list(texts) != ["-"]:
        return " ".join(texts)
    if sys.stdin is None or sys.stdin.isatty():
        raise ConfigError(
            "nothing to explain: name a code (CORS301), or paste the browser's console error, as an argument in quotes "
            "or on standard input; --list shows all codes"
        )
    return sys.stdin.buffer.read(1 << 20).decode("utf-8", "replace")


def _parsed(text: str) -> "tuple[tuple[Message, ...], ...]":
    """Return the messages of a text, by the requests that they are about."""
    from corscheck.sources.console import answers, parse

    try:
        return answers(parse(text))
    except ConfigError as error:
        if not _NAME.fullmatch(text):
            raise
        from corscheck.diagnosis.guides import registry as guides
        from corscheck.diagnosis.topics import registry as topics

        stack, topic = guides.close(text), topics.close(text)
        if stack is not None:
            raise ConfigError(f"{error} There is a stack with a similar name: corscheck explain {stack}") from None
        if topic is not None:
            raise ConfigError(f"{error} There is a topic with a similar name: corscheck explain '{topic}'") from None
        raise


def _stack(text: str) -> tuple[dict[str, Any], list[str]] | None:
    """Return what is known about a stack, as data and as lines; None if the text names no stack."""
    if not _NAME.fullmatch(text):
        return None
    from corscheck.cli.show import explained
    from corscheck.diagnosis.guides.registry import lookup

    guide = lookup(text)
    if guide is not None:
        return {"executed": False, **explained.guide_plain(guide)}, explained.guide_page(guide)
    from corscheck.diagnosis.remedies.registry import find

    try:
        remedy = find(text)
    except ConfigError:
        return None
    command = f"corscheck fix --for {remedy.name}"
    said = f"{remedy.title}: `{command}` writes the configuration for the requests that you name. corscheck's tests execute it:"
    example = f"  {command} http://localhost:8000/data --origin http://localhost:3000"
    from corscheck.report.text.layout import wrap

    return {"executed": True, "name": remedy.name, "command": command}, [*wrap(said, _WIDTH, 0), example]


def _topic(text: str) -> tuple[dict[str, Any], list[str]] | None:
    """Return what is known about a header or a term, as data and as lines; None if the text names none."""
    from corscheck.cli.show import explained
    from corscheck.diagnosis.topics.registry import lookup

    topic = lookup(text)
    return (asdict(topic), explained.topic_page(topic)) if topic is not None else None


def _named(text: str) -> "list[Record]":
    """Return the records of a code or of a step."""
    from corscheck.diagnosis.codes.registry import RECORDS, of_step

    if _CODE.fullmatch(text):
        code = text.upper().replace("-", "")
        if code in RECORDS:
            return [RECORDS[code]]
        near = [c for c in RECORDS if c[:5] == code[:5]]
        others = f"; there are {', '.join(near)}" if near else ""
        raise ConfigError(f"there is no code {code}{others} (--list shows all)")
    found = of_step(text)
    if not found:
        raise ConfigError(f"no code belongs to the step {text} (--list shows all)")
    return list(found)


def _print(lines: list[str], data: object = None) -> None:
    """Print lines, or as JSON the data if there is any."""
    import json

    keep_printing()
    if data is not None:
        # Escaped, because GitHub reads a command from it in a job: see corscheck.report.formats.github.
        lines = [json.dumps(data, indent=2, ensure_ascii=False).replace("##[", "##\\u005b")]
    # Pasted text may hold tokens, and this output is copied into tickets.
    print_lines(map(mask_text, lines))
