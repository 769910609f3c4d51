"""Pages of ``corscheck explain``: codes, stacks, topics, and the messages that were pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from corscheck.model.printable import printable
from corscheck.report.text.layout import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.diagnosis.codes.code import Record
    from corscheck.diagnosis.guides.guide import Guide
    from corscheck.diagnosis.topics.topic import Topic
    from corscheck.sources.console import Message

_WIDTH = 80
_INDENT = 9
_MANY = 8
"""Codes of which only the titles are shown if a text can come from more than these."""
_ASK = ("", "To find the cause, test the server:")
_BROWSERS = {"chromium": "Chrome, Edge or another Chromium", "firefox": "Firefox", "webkit": "Safari (WebKit)"}


def listed(records: list[Record]) -> list[str]:
    """Return every code, stack and topic with its title."""
    heads = {"step": "Steps of the standard", "cause": "Root causes", "remark": "Remarks", "audit": "Audit"}
    lines: list[str] = []
    for kind, head in heads.items():
        lines += ["", head] if lines else [head]
        for record in (r for r in records if r.kind == kind):
            lines += wrap(record.title, _WIDTH, 12, f"  {record.code}  ")
    return [*lines, *_listed_names()]


def _listed_names() -> list[str]:
    from corscheck.diagnosis.guides.registry import GUIDES
    from corscheck.diagnosis.topics.registry import TOPICS

    width = max(len(name) for name in GUIDES) + 4
    lines = [line for g in GUIDES.values() for line in wrap(g.title, _WIDTH, width, f"  {g.name}")]
    lines = [
        "",
        "Stacks: configurations that the tests do not execute",
        *lines,
        "",
        "Topics: headers, terms and messages",
    ]
    for topic in TOPICS.values():
        lines += wrap(topic.title, _WIDTH, 4, f"  {topic.name}  ")
    return lines


def guide_plain(guide: Guide) -> dict[str, Any]:
    """Return a guide as data."""
    snippets = [{"label": s.label, "code": s.code} for s in guide.snippets]
    return {
        "snippets" if name == "configurations" else name: snippets if name == "configurations" else getattr(guide, name)
        for name in guide.__struct_fields__
    }


def guide_page(guide: Guide) -> list[str]:
    """Return the lines about one stack; snippets are not wrapped, so that they can be pasted."""
    warning = (
        "NOT EXECUTED by corscheck's tests. Setting names come from the documentation below; the rest is experience."
    )
    lines = [*wrap(warning, _WIDTH, 0), "", *wrap(guide.title, _WIDTH, 0), ""]
    lines += wrap(guide.owner, _WIDTH, _INDENT, "  owner")
    for snippet in guide.snippets:
        lines += ["", *wrap(snippet.label, _WIDTH, 2, "  "), ""]
        lines += [f"    {line}".rstrip() for line in snippet.code.split("\n")]
    for head, texts in (
        ("What to look for in the exchange:", guide.signals),
        ("Pitfalls:", guide.traps),
        ("Not confirmed by documentation:", guide.from_memory),
    ):
        if texts:
            lines += ["", head, *(line for text in texts for line in wrap(text, _WIDTH, 4, "  - "))]
    lines += ["", *(f"  see    {address}" for address in (guide.source, *guide.more))]
    return [*lines, *_ASK, "  corscheck probe URL --origin ORIGIN"]


def record_page(record: Record) -> list[str]:
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


def topic_page(topic: Topic) -> list[str]:
    """Return the lines about a header, a term or a message."""
    from corscheck.diagnosis.codes.registry import RECORDS

    lines = [*wrap(topic.title, _WIDTH, 0), "", *wrap(topic.text, _WIDTH, 0)]
    if topic.example:
        lines += ["", *(f"    {line}".rstrip() for line in topic.example.split("\n"))]
    lines += ["", *wrap(topic.advice, _WIDTH, _INDENT, "  fix")]
    if topic.codes:
        lines += ["", "Related codes (corscheck explain CODE):"]
        lines += [line for code in topic.codes for line in wrap(RECORDS[code].title, _WIDTH, 12, f"  {code}  ")]
    return [*lines, "", *_references(topic)]


def _references(topic: Topic) -> list[str]:
    guide = [f"  see    corscheck explain {topic.guide}"] if topic.guide else []
    return [*guide, f"  see    {topic.source}"]


def answers_page(answers: tuple[tuple[Message, ...], ...]) -> list[str]:
    """Return the lines about pasted messages: a page for each request that they are about."""
    if len(answers) == 1:
        return answer_page(answers[0])
    lines: list[str] = []
    for number, answer in enumerate(answers, 1):
        lines += [*(["", ""] if lines else []), f"{number} of {len(answers)}", *answer_page(answer)]
    return lines


def answer_page(messages: tuple[Message, ...], *, hint: bool = True) -> list[str]:
    """Return the lines about one request: browser, facts, the steps they can come from, and what to change."""
    from corscheck.diagnosis.codes.registry import RECORDS, causes_of
    from corscheck.diagnosis.topics.registry import TOPICS
    from corscheck.sources.console import codes, topics

    browsers = list(dict.fromkeys(_BROWSERS[m.browser] for m in messages if m.browser is not None))
    lines = [f"This message is from {' and '.join(browsers)}."] if browsers else []
    lines += [f"  {label:<{_INDENT - 3}} {printable(value)}" for label, value in _facts(messages)]
    found = codes(messages)
    lines += [""] if lines else []
    about = [TOPICS[name] for name in topics(messages)]
    for topic in about:
        lines += [*wrap(topic.title, _WIDTH, 0), "", *wrap(topic.text, _WIDTH, 0), ""]
        lines += [*wrap(topic.advice, _WIDTH, _INDENT, "  fix"), *_references(topic), ""]
    if len(found) > 1:
        more = " (for details: corscheck explain CODE)" if len(found) > _MANY else ""
        said = f"This message can mean {len(found)} different errors and does not say which{more}:"
        lines += [*wrap(said, _WIDTH, 0), ""]
    for code in found:
        record = RECORDS[code]
        if len(found) > _MANY:
            lines += wrap(record.title, _WIDTH, 10, f"{code}  ")
            continue
        lines += wrap(f"{record.title} ({record.step})", _WIDTH, 10, f"{code}  ")
        lines += wrap(record.meaning, _WIDTH, 10)
        # For a network failure, the explanation says that it is not about CORS.
        lines += wrap(record.explanation, _WIDTH, 10) if len(found) == 1 and code.startswith("CORS9") else []
        lines += wrap(record.advice, _WIDTH, 10, "     fix")
    behind = {
        c.code: c
        for code in (found if len(found) <= _MANY else ())
        for c in causes_of(code, preflight=_phase(messages))
    }
    lines += _behind(behind.values())
    while lines[-1] == "":
        lines.pop()
    return [*lines, *([*_ASK, f"  {_command(messages)}"] if hint and found else [])]


def _behind(causes: Iterable[Record]) -> list[str]:
    found = [line for cause in causes for line in wrap(cause.title, _WIDTH, 12, f"  {cause.code}  ")]
    return ["", "Possible causes:", *found] if found else []


def _phase(messages: tuple[Message, ...]) -> bool | None:
    """Whether the texts are about a preflight; None if they do not say. Only Chromium's always say."""
    if any(m.preflight for m in messages):
        return True
    return False if all(m.browser == "chromium" and m.specific for m in messages) else None


def _facts(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """Return the labelled values that the texts name, without repetitions."""
    found: dict[tuple[str, str], None] = {}
    for message in messages:
        for label in ("url", "first_url", "origin", "method", "header", "value", "status"):
            value = getattr(message, label)
            if value is not None:
                found["from" if label == "first_url" else label, str(value)] = None
        if message.preflight:
            found["about", "the preflight response (OPTIONS)"] = None
    return list(found)


def _command(messages: tuple[Message, ...]) -> str:
    """Return the probe to type, with placeholders for what the text does not name."""
    import shlex

    from corscheck.cli.ask.reproduce import wanted

    want = wanted(messages)
    words = ["corscheck", "probe", want.url or "URL", "--origin", want.origin or "ORIGIN"]
    words += ["-X", want.method] if want.method else []
    words += [part for name, value in want.headers for part in ("-H", f"{name}: {value}")]
    words += ["--credentials", "include"] if want.credentials else []
    return printable(shlex.join(words))


def answers_plain(answers: tuple[tuple[Message, ...], ...]) -> dict[str, Any]:
    """Return pasted messages as data: all of them together, and each request by itself."""
    whole = _plain(tuple(message for answer in answers for message in answer))
    return {**whole, "command": _command(answers[0]), "answers": [_plain(answer) for answer in answers]}


def _plain(messages: tuple[Message, ...]) -> dict[str, Any]:
    from corscheck.diagnosis.codes.registry import RECORDS, causes_of
    from corscheck.diagnosis.topics.registry import TOPICS
    from corscheck.sources.console import codes, topics

    found = codes(messages)
    return {
        "messages": list(map(asdict, messages)),
        "codes": list(found),
        "steps": list(dict.fromkeys(RECORDS[c].step for c in found)),
        "causes": list(dict.fromkeys(r.code for c in found for r in causes_of(c, preflight=_phase(messages)))),
        "records": [asdict(RECORDS[c]) for c in found],
        "topics": [asdict(TOPICS[name]) for name in topics(messages)],
        "command": _command(messages),
    }
