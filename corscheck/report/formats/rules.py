"""The rules of SARIF: a code's name, title, description, help and reference, as the registry of codes has them.

A rule describes a code, not a result, so that it is the same in every report.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.model.printable import printable
from corscheck.model.words import capital
from corscheck.report.formats.markdown import fenced, fix, text

_LONGEST = 1024
"""The longest description that GitHub takes, in characters."""

_LONGEST_NAME = 255


class _RuleTexts(Struct, frozen=True):
    """The texts of a rule. ``example`` is an exchange that shows the fault."""

    title: str
    explanation: str
    advice: str
    example: str = ""
    help: str | None = None


_OTHERS = {
    "browser-differs": _RuleTexts(
        "a real browser differs from the prediction",
        "A browser tested with --in-browser did not do what corscheck predicts for it.",
        "Report it to corscheck with the versions and the report.",
    ),
    "expectation": _RuleTexts(
        "an expectation is not met",
        "The verdict is the expected one, but the policy expects something else that is not so.",
        "Compare the expectations of the check with the response, and change the server or the policy.",
    ),
    "not-audited": _RuleTexts(
        "the target could not be audited",
        "The audit could not be carried out to its end, so it says nothing about the target.",
        "Check that the server runs and that the URL is right, then audit again.",
    ),
}
_EXPECTED = _RuleTexts(
    "the verdict is not the expected one",
    "The request has another verdict than the one that the policy or --expect names.",
    "Change the server, or the expectation if the new verdict is right.",
)


def rule(code: str, title: str, advice: str) -> dict[str, Any]:
    """Return the rule of a code. ``title`` and ``advice`` are for a code that this version of corscheck does not know."""
    texts = _texts(code, title, advice)
    more = f"corscheck explain {code}" if code in RECORDS else ""
    help_text = "\n".join(filter(None, [texts.explanation, texts.advice, f"More: {more}" if more else ""]))
    blocks = [text(texts.explanation), fenced(texts.example.split("\n")) if texts.example else ""]
    markdown = "\n\n".join(filter(None, blocks)) + "\n\n" + fix(texts.advice)
    made: dict[str, Any] = {
        "id": code,
        "name": _name(texts.title)[:_LONGEST_NAME],
        "shortDescription": {"text": capital(texts.title)[:_LONGEST]},
        "fullDescription": {"text": texts.explanation[:_LONGEST]},
        "help": {"text": help_text, "markdown": markdown + (fenced([more], "sh") + "\n" if more else "")},
    }
    if texts.help is not None and texts.help.startswith("https://"):
        made["helpUri"] = quote(printable(texts.help), safe=":/?#[]@!$&'()*+,;=%")
    return made


def _texts(code: str, title: str, advice: str) -> _RuleTexts:
    record = RECORDS.get(code)
    if record is not None:
        return _RuleTexts(record.title, record.explanation, record.advice, record.example, record.help)
    if code.startswith("expected-"):
        return _EXPECTED
    return _OTHERS.get(code) or _RuleTexts(title or code, title or code, advice or "See the message of the result.")


def _name(title: str) -> str:
    """Return a title as one word: ``OptionsIsNotRouted``."""
    found = re.findall(r"[A-Za-z0-9]+", title.replace("*", "Wildcard").replace("'", ""))
    return "".join(capital(word) for word in found) or "Rule"
