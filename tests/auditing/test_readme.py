"""What the guide shows of an audit's reports is what a real run writes, as far as it goes."""

from __future__ import annotations

import json
import re

import pytest

from tests import readme

TEXT = readme.GUIDES["audit"].read_text("utf-8")
(BLOCK,) = (block for block in readme.blocks(TEXT) if "corscheck audit" in block.body)
SHOWN = dict(re.findall(r"<!-- audit: (\w+) -->\n```json\n(.*?)```\n", TEXT, re.DOTALL))


def has(real: object, shown: object) -> bool:
    """Whether all that is shown is there."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(name in real and has(real[name], shown[name]) for name in shown)
    if isinstance(shown, list) and shown and isinstance(shown[0], dict):
        return isinstance(real, list) and len(real) == len(shown) and all(map(has, real, shown))
    return real == shown


@pytest.mark.parametrize(("form", "option"), [("json", "--json -"), ("sarif", "--report sarif:-")])
def test_the_excerpt_is_of_a_real_report(form: str, option: str) -> None:
    (command,) = BLOCK.commands()
    asked = readme.Block("console", {}, f"$ {command.text} --quiet {option}\n", 0, 0)
    with readme.started({BLOCK.marks["app"]}) as apps:
        ((status, output),) = readme.run(asked, apps[BLOCK.marks["app"]])
    assert status == 1
    shown = json.loads(SHOWN[form])
    assert has(json.loads(output), shown)
    assert not has(json.loads(output.replace("CORS804", "CORS805")), shown)


def test_both_are_shown() -> None:
    assert set(SHOWN) == {"json", "sarif"}
