"""``corscheck explain``: what a code or a console text means, and where a stack configures CORS."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict
from typer import Argument, Option

from corscheck.cli import options as opt
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import print_lines
from corscheck.cli.show.sinks import keep_printing
from corscheck.model.masking import mask_text
from corscheck.model.printable import printable
from corscheck.model.values import ConfigError
from corscheck.report.text.text import wrap

if TYPE_CHECKING:
    from corscheck.diagnosis.codes.code import Record
    from corscheck.diagnosis.guides.guide import Guide
    from corscheck.sources.console import Message

SUMMARY = "Say what a code, a console error or a stack is about."

EXAMPLES = """\b
Examples:
  corscheck explain CORS302
  corscheck explain cors-check:4
  corscheck explain spring
  corscheck explain "Access to fetch at 'http://api...' from origin ..."
  pbpaste | corscheck explain --probe

\b
Exit status: 0 explained (with --probe: it is blocked), 1 --probe: it is not,
2 usage, or a text that nobody knows, 3 --probe: inconclusive.
"""

_CODE = re.compile(r"CORS-?\d{3}", re.IGNORECASE)
_STEP = re.compile(r"[a-z][a-z-]+:[a-z0-9.]+|held-back|replay")
_NAME = re.compile(r"[A-Za-z0-9@.][\w ./@+-]{0,39}")
_WIDTH = 80
_INDENT = 9
_ASK = ("", "Which of them it is, the exchange itself says:")


@grouped
def explain(
    texts: Annotated[
        opt.Strings,
        Argument(
            metavar="[CODE|STEP|STACK|TEXT...]", show_default=False, help="What to explain; without it stdin is read."
        ),
    ] = (),
    list_codes: Annotated[bool, Option("--list", help="Every code and every stack with its title.")] = False,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    probe: Annotated[
        bool, Option("--probe", help="Ask what the console text is about; exit 0 if it is blocked.")
    ] = False,
    origin: Annotated[
        str | None, Option("--origin", metavar="ORIGIN", help="The page's origin, where the text does not name it.")
    ] = None,
    method: Annotated[
        str | None, Option("-X", "--method", "--request", metavar="METHOD", help="The method, likewise.")
    ] = None,
    header: opt.HeaderLines = (),
    insecure: opt.Insecure = False,
    max_time: opt.MaxTime = 10.0,
) -> None:
    """Say what a code, a step of the standard or a console error of Chrome, Firefox or Safari means, and what to change.

    The console text is given as an argument or pasted on standard input, as it stands. For a stack that fix knows no
    remedy for (spring, cloudflare, s3, ...) it says where CORS is configured and what to look for.
    """
    from corscheck.diagnosis.codes.registry import RECORDS

    if list_codes:
        if texts or probe:
            raise ConfigError("--list shows all codes: leave the rest out")
        records = list(RECORDS.values())
        _print([*_listed(records), *_listed_stacks()], list(map(asdict, records)) if json else None)
        return
    if texts and all(_CODE.fullmatch(t) or _STEP.fullmatch(t) for t in texts):
        if probe:
            raise ConfigError("--probe asks what a console text is about; a code names no URL")
        records = [record for text in texts for record in _named(text)]
        pages = [line for record in records for line in ("", "", *_page(record))]
        _print(pages[2:], list(map(asdict, records)) if json else None)
        return
    if texts and (stack := _stack(" ".join(texts))) is not None:
        if probe:
            raise ConfigError("--probe asks what a console text is about; a stack names no URL")
        _print(stack[1], stack[0] if json else None)
        return
    messages = _parsed(_text(texts))
    if probe:
        from corscheck.cli.ask import reproduce

        if json:
            raise ConfigError("--json and --probe exclude each other: corscheck probe --json FILE saves a report")
        asked, said = reproduce.question(messages, origin, method, header)
        _print([*_explained(messages, hint=False), "", *said])
        raise typer.Exit(reproduce.run(asked, messages, verify=not insecure, timeout=max_time))
    _print(_explained(messages), _messages_plain(messages) if json else None)


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


def _parsed(text: str) -> "tuple[Message, ...]":
    from corscheck.sources.console import parse

    try:
        return parse(text)
    except ConfigError as error:
        if not _NAME.fullmatch(text):
            raise
        from corscheck.diagnosis.guides.registry import close

        meant = close(text)
        if meant is None:
            raise
        raise ConfigError(f"{error} A stack has a like name: corscheck explain {meant}") from None


def _stack(text: str) -> tuple[dict[str, Any], list[str]] | None:
    """Return what is known about a stack, as data and as lines; None if the text names no stack."""
    if not _NAME.fullmatch(text):
        return None
    from corscheck.diagnosis.guides.registry import lookup

    guide = lookup(text)
    if guide is not None:
        return {"executed": False, **_guide_plain(guide)}, _guide_page(guide)
    from corscheck.diagnosis.remedies.registry import find

    try:
        remedy = find(text)
    except ConfigError:
        return None
    command = f"corscheck fix --for {remedy.name}"
    said = f"{remedy.title}: `{command}` writes it, for the requests that you name and as the tests execute it:"
    example = f"  {command} http://localhost:8000/data --origin http://localhost:3000"
    return {"executed": True, "name": remedy.name, "command": command}, [*wrap(said, _WIDTH, 0), example]


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


def _listed(records: "list[Record]") -> list[str]:
    heads = {"step": "Steps of the standard", "cause": "Root causes", "remark": "Remarks", "audit": "Audit"}
    lines: list[str] = []
    for kind, head in heads.items():
        lines += ["", head] if lines else [head]
        for record in (r for r in records if r.kind == kind):
            lines += wrap(record.title, _WIDTH, 12, f"  {record.code}  ")
    return lines


def _listed_stacks() -> list[str]:
    from corscheck.diagnosis.guides.registry import GUIDES

    width = max(len(name) for name in GUIDES) + 4
    lines = [line for g in GUIDES.values() for line in wrap(g.title, _WIDTH, width, f"  {g.name}")]
    return ["", "Stacks: described, not executed", *lines]


def _guide_plain(guide: "Guide") -> dict[str, Any]:
    snippets = [{"label": s.label, "code": s.code} for s in guide.snippets]
    return {
        "snippets" if name == "configurations" else name: snippets if name == "configurations" else getattr(guide, name)
        for name in guide.__struct_fields__
    }


def _guide_page(guide: "Guide") -> list[str]:
    """Return the lines about one stack; snippets are not wrapped, so that they can be pasted."""
    warning = (
        "NOT EXECUTED by corscheck's tests. Setting names are from the documentation below; the rest is experience."
    )
    lines = [*wrap(warning, _WIDTH, 0), "", *wrap(guide.title, _WIDTH, 0), ""]
    lines += wrap(guide.owner, _WIDTH, _INDENT, "  owner")
    for snippet in guide.snippets:
        lines += ["", *wrap(snippet.label, _WIDTH, 2, "  "), ""]
        lines += [f"    {line}".rstrip() for line in snippet.code.split("\n")]
    for head, texts in (
        ("What to look for in the exchange:", guide.signals),
        ("Traps:", guide.traps),
        ("From memory, not confirmed:", guide.from_memory),
    ):
        if texts:
            lines += ["", head, *(line for text in texts for line in wrap(text, _WIDTH, 4, "  - "))]
    lines += ["", *(f"  see    {address}" for address in (guide.source, *guide.more))]
    return [*lines, *_ASK, "  corscheck probe URL --origin ORIGIN"]


def _page(record: "Record") -> list[str]:
    """Return the lines about one code."""
    from corscheck.diagnosis.codes.registry import causes_of

    lines = [*wrap(f"{record.title} ({record.step})", _WIDTH, _INDENT, record.code), ""]
    first = "" if record.explanation.startswith(record.meaning.rstrip(".")) else f"{record.meaning} "
    lines += wrap(first + record.explanation, _WIDTH, 0)
    lines += ["", *(f"    {part}".rstrip() for part in record.example.split("\n")), ""]
    lines += wrap(record.advice, _WIDTH, _INDENT, "  fix")
    lines += _behind(causes_of(record.code))
    if record.help:
        lines += ["", f"  see    {record.help}"]
    return lines


def _explained(messages: "tuple[Message, ...]", *, hint: bool = True) -> list[str]:
    """Return the lines about messages: browser, facts, the steps they can come from, and what to change."""
    from corscheck.diagnosis.codes.registry import RECORDS, causes_of
    from corscheck.sources.console import codes

    names = {"chromium": "Chrome, Edge or another Chromium", "firefox": "Firefox", "webkit": "Safari (WebKit)"}
    lines = [f"This is {' and '.join(dict.fromkeys(names[m.browser] for m in messages))}."]
    for label, value in _facts(messages):
        lines += [f"  {label:<{_INDENT - 3}} {printable(value)}"]
    found = codes(messages)
    lines += [""]
    if len(found) > 1:
        said = f"It can come from {len(found)} places; the text does not say which:"
        lines += [*wrap(said, _WIDTH, 0), ""]
    for code in found:
        record = RECORDS[code]
        lines += wrap(f"{record.title} ({record.step})", _WIDTH, 10, f"{code}  ")
        lines += wrap(record.meaning, _WIDTH, 10)
        lines += wrap(record.advice, _WIDTH, 10, "     fix")
    behind = {c.code: c for code in found for c in causes_of(code, preflight=_phase(messages))}
    lines += _behind(behind.values())
    return [*lines, *([*_ASK, f"  {_command(messages)}"] if hint else [])]


def _behind(causes: "Iterable[Record]") -> list[str]:
    found = [line for cause in causes for line in wrap(cause.title, _WIDTH, 12, f"  {cause.code}  ")]
    return ["", "What is behind it may be:", *found] if found else []


def _phase(messages: "tuple[Message, ...]") -> bool | None:
    """Whether the texts are about a preflight; None if they do not say. Only Chromium's always say."""
    if any(m.preflight for m in messages):
        return True
    return False if all(m.browser == "chromium" for m in messages) else None


def _facts(messages: "tuple[Message, ...]") -> list[tuple[str, str]]:
    """Return the labelled values that the texts name, without repetitions."""
    found: dict[tuple[str, str], None] = {}
    for message in messages:
        for label in ("url", "first_url", "origin", "method", "header", "value", "status"):
            value = getattr(message, label)
            if value is not None:
                found["from" if label == "first_url" else label, str(value)] = None
        if message.preflight:
            found["about", "the answer to the preflight (OPTIONS)"] = None
    return list(found)


def _command(messages: "tuple[Message, ...]") -> str:
    """Return the probe to type, with placeholders for what the text does not name."""
    import shlex

    from corscheck.cli.ask.reproduce import wanted

    want = wanted(messages)
    words = ["corscheck", "probe", want.url or "URL", "--origin", want.origin or "ORIGIN"]
    words += ["-X", want.method] if want.method else []
    words += [part for name, value in want.headers for part in ("-H", f"{name}: {value}")]
    words += ["--credentials", "include"] if want.credentials else []
    return printable(shlex.join(words))


def _messages_plain(messages: "tuple[Message, ...]") -> dict[str, Any]:
    from corscheck.diagnosis.codes.registry import RECORDS, causes_of
    from corscheck.sources.console import codes

    found = codes(messages)
    return {
        "messages": list(map(asdict, messages)),
        "codes": list(found),
        "steps": list(dict.fromkeys(RECORDS[c].step for c in found)),
        "causes": list(dict.fromkeys(r.code for c in found for r in causes_of(c, preflight=_phase(messages)))),
        "records": [asdict(RECORDS[c]) for c in found],
        "command": _command(messages),
    }


def _print(lines: list[str], data: object = None) -> None:
    """Print lines, or as JSON the data if there is any."""
    import json

    keep_printing()
    if data is not None:
        lines = [json.dumps(data, indent=2, ensure_ascii=False)]
    # Pasted text may hold tokens, and this output is copied into tickets.
    print_lines(map(mask_text, lines))
