"""Thousands of spoiled policies: each is loaded or complained of with a place, none is a crash."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from corscheck.model.values import ConfigError
from corscheck.policy.load import load
from tests.policy.test_complaints import GOOD

PIECES = (
    '"', "'", "[", "]", "{", "}", "=", "\n", "#", "5", "true", "${A}", "${", "[]", "{}", "1979-05-27", '""', "env",
    "[[check]]\n", "[check]\n", "[env]\n", "defaults = 1\n", "env = 3\n", 'check = ["x"]\n', 'ignore = "x"\n', "name = 5\n",
    "[env]\nstaging = 5\n", "[[env]]\n", "[[defaults]]\n", "\x00", "é", "nan", "headers = {a = {b = 1}}\n", "max-age = -5\n",
    "max-age = 1e3\n", "urls = [[1]]\n", "body = 5\n", 'origins = ["\\u0000"]\n', 'methods = [""]\n', "expires = 10:00:00\n",
)  # fmt: skip
VALUES = ("5", '"x"', "[1]", "{}", "true", "[]", '""', '[""]', "1979-05-27", "[{}]", '"*"', "{a = 1}", '"""\nx"""')


def spoiled(random_: random.Random) -> str:
    text = GOOD
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(text))
        way = random_.random()
        if way < 0.3:
            text = text[:at] + random_.choice(PIECES) + text[at:]
        elif way < 0.5:
            text = text[:at] + text[at + random_.randint(1, 12) :]
        else:
            lines = text.split("\n")
            row = random_.randrange(len(lines))
            if way < 0.7:
                lines.insert(row, random_.choice(PIECES))
            elif "=" in lines[row]:
                lines[row] = f"{lines[row].partition('=')[0]}= {random_.choice(VALUES)}"
            text = "\n".join(lines)
    return text


@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_policy_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("corscheck.toml")
    random_ = random.Random(seed)
    for _ in range(250):
        path.write_text(spoiled(random_), "utf-8")
        for env in (None, "staging"):
            lines = complaint(path, env).split("\n")
            assert all(line.startswith("corscheck.toml:") for line in lines[1:] or lines), lines


def complaint(path: Path, env: str | None) -> str:
    try:
        load(path, env=env, variables={})
    except ConfigError as error:
        return str(error)
    return "corscheck.toml: fine"
