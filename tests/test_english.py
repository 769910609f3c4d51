"""The worst phrases do not come back: in help, messages, docstrings, comments, tests, guides and the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FILES = sorted(
    path
    for pattern in (
        "corscheck/**/*.py",
        "corscheck/**/*.toml",
        "corscheck/**/*.md",
        "tests/**/*.py",
        "examples/**/*",
        "*.md",
        ".github/**/*",
    )
    for path in ROOT.glob(pattern)
    if path.suffix in (".py", ".toml", ".md", ".yml", ".sh") and path.name not in ("CHANGELOG.md", "test_english.py")
)

PHRASES = {
    # "There is no preflight" is English, "this is no URL" is not.
    r"(?<!there )(?<!there's )\bis no (?!longer|such|more|less|better|different)\w": "'x' is no command",
    r"\banew\b": "then it begins anew",
    r"\bwhoever\b": "whoever counts what is sent",
    r"\b(?:let|lets|letting) in\b": "who lets in everybody",
    r"\bto be expected\b": "a text was to be expected",
    r"\bcan be had\b": "all reports can be had",
    r"\btorn\b": "a torn last line",
    r"\bpass for\b": "does not pass for a closed door",
}


def found(text: str) -> list[str]:
    return [m.group() for phrase in PHRASES for m in re.finditer(phrase, text, re.IGNORECASE)]


@pytest.mark.parametrize("sample", PHRASES.values())
def test_the_phrases_are_recognized(sample: str) -> None:
    assert found(sample)


@pytest.mark.parametrize("text", ["there is no preflight", "it is no longer sent", "no such file", "let it in"])
def test_english_is_not(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_has_them(path: Path) -> None:
    lines = path.read_text("utf-8").split("\n")
    assert [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if found(line)] == []
