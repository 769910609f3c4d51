"""The command line that a report shows, read by real shells."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from lxml import etree

from corscheck.model import hidden
from corscheck.report.saved import document
from corscheck.report.saved.document import Run, command_line
from tests.report import samples
from tests.report.saved_reports import saved, text

WORDS = (
    "corscheck", "probe", "http://h/x?a=1&b=2", "-H", "X-A: it's \"quoted\" $HOME `id` \\", "", "*", "~", "a;b|c>d",
    "ü", "--origin=null", "!x", "#no", "[::1]",
)  # fmt: skip
CONTROLS = ("a\nb", "tab\there", "\x1b[31m", "it's\n\\n", "\u202e")


def words_of(shell: str, line: str) -> list[str]:
    done = subprocess.run(
        [shell, "-c", f"printf '%s\\0' {line}"],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    return done.stdout.decode("utf-8").split("\0")[:-1]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_same_words(shell: str) -> None:
    assert words_of(shell, command_line(WORDS)) == list(WORDS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="$'...' is of bash, zsh and ksh")
@pytest.mark.parametrize("word", CONTROLS)
def test_control_characters_stay_spelled_out_and_are_read_back(word: str) -> None:
    line = command_line(["corscheck", word])
    assert line.isprintable()
    assert words_of("bash", line) == ["corscheck", word]


def test_a_masked_value_says_so() -> None:
    assert document.MASK == hidden.MASK
    line = command_line(["corscheck", "-H", "Authorization: ***", "https://h/?token=***"])
    assert line == "corscheck -H 'Authorization: <masked>' 'https://h/?token=<masked>'"
    assert words_of("sh", line)[-1] == "https://h/?token=<masked>"


def test_the_html_report_shows_it() -> None:
    page = etree.HTML(text("html", saved([samples.ALLOWED], Run(WORDS))))
    (shown,) = page.xpath("//header/pre[@class='command']")
    assert words_of("sh", shown.text) == list(WORDS)
