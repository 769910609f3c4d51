"""Takes off pasted text what pages, editors and tickets put around it, and says where a sentence can stand in it."""

from __future__ import annotations

import html
import re

QUOTES = str.maketrans(
    dict.fromkeys("‘’‚‛“”„‟«»‹›「」『』《》＂＇`´′″", "'")
    | {'"': "'", "\\": None}
    | dict.fromkeys("\u00a0\u2007\u202f", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad")
)
_MARKUP = re.compile(r"^[ \t]*(?:[>|│#]+[ \t]*)+", re.MULTILINE)
_HYPHENATED = re.compile(r"(?<=\w-)[ \t]*\n[ \t]*(?=[A-Za-z])")
_MDN = re.compile(r"https?://[^\s'<>]{1,200}/CORS/Errors/(CORS\w{1,60})")
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_JSON = re.compile(r"'[:,]'")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_GLUED = re.compile(r"(?<=[^\s(])(?=net::ERR_)")
_BARE_ERROR = re.compile(r"(?<![\w:.])ERR_(?!NETWORK\b|FR_)(?=[A-Z]+_?[A-Z])")
_STOPS = "\n:.!?;,|({[]<>='\""
_PLACE = re.compile(r"(?:[:.]\d{1,9}|error\))$", re.IGNORECASE)
"""What consoles put before a message: a line number, a time, "Unhandled Rejection (TypeError)"."""
_AFTER = re.compile(r"\s*?(?:$|\n|[.!?:;,|)}\]<>'\"({]|at\b|\[|0x)")


def undress(text: str) -> str:
    """Return the text without what pages, editors and tickets put around it. Line breaks stay."""
    text = html.unescape(html.unescape(text)).replace("\\n", "\n").replace("\r", "\n")
    text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
    text = _MARKUP.sub("", text.translate(QUOTES))
    text = _JSON.sub("' : '", text)
    text = _GLUED.sub(" ", text)
    text = _EMPHASIS.sub("", _HYPHENATED.sub("", text))
    return _BARE_ERROR.sub("net::ERR_", _MDN.sub(r" \1 ", text))


def can_begin(plain: str, start: int) -> bool:
    """Whether a sentence can begin here."""
    before = plain[max(0, start - 20) : start].rstrip(" \t")
    return not before or before[-1] in _STOPS or _PLACE.search(before) is not None


def can_end(plain: str, end: int) -> bool:
    """Whether a sentence can end here."""
    return _AFTER.match(plain, end) is not None
