"""The table of texts that people paste, and what a page, an editor or a ticket makes of each."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "console-texts.json"


@cache
def rows() -> list[dict[str, Any]]:
    """Texts with the codes that they can come from, or the topic that they are about, and where each text is from."""
    found: list[dict[str, Any]] = json.loads(DATA.read_text("utf-8"))
    return found


def wrapped(text: str) -> str:
    """Wrap a text like a mail does, URLs whole."""
    return "\n".join(textwrap.fill(line, 60, break_long_words=False) for line in text.split("\n"))


def quoted(text: str) -> str:
    """Quote a wrapped text like an answer to a mail does."""
    return textwrap.indent(wrapped(text), "> ", lambda _: True)


DRESSED: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "wrapped": wrapped,
    "quoted": quoted,
    "HTML": html.escape,
    "HTML, decimal": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "typographic": lambda text: text.replace(" '", " ‘").replace("'", "’").replace(' "', " “").replace('"', "”"),
    "straight": lambda text: text.translate(dict.fromkeys(map(ord, "‘’“”„«»「」`"), "'")),
    "bold": lambda text: f"**{text}**",
    "fenced": lambda text: f"```\n{text}\n```",
    "code": lambda text: f"`{text}`",
    "with a place": lambda text: f"main.js:12 {text}",
    "with the page": lambda text: f"(index):1 {text}",
    "with the host": lambda text: f"localhost/:1 {text}",
    "with the time": lambda text: f"10:15:32.123 {text}",
    "Safari": lambda text: f"[Error] {text} (app.js, line 12)",
    "JSON": lambda text: json.dumps(text),
    "in lower case": str.lower,
    "with the error of script": lambda text: f"{text}\nUncaught (in promise) TypeError: Failed to fetch",
    "under the error of script": lambda text: f"TypeError: Failed to fetch\n{text}",
    "over the failed request": lambda text: f"{text}\nmain.js:12 GET https://api.example/data net::ERR_FAILED 200 (OK)",
    "with a link": lambda text: f"{text} [Learn More]",
    "with spaces": lambda text: "  " + text.replace(" ", " \u00a0") + "  ",
}
