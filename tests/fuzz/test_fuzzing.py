"""Every reader of foreign text, with what a fuzzer once found, with random bytes, and with good inputs gone bad.

What must hold of every input is stated by the targets (``tests/fuzz/targets.py``). The long, coverage-guided search is
``tests/fuzz/run.py``; inputs that it found and that mattered are in ``tests/data/fuzz``.
"""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import ENGINE_ORDER, SEEDS, TARGETS, fetches, read_case, seeds

SLOWEST = 5.0
"""Seconds that one input may take."""

PIECES = (
    b"\x00", b"\xff", b"\xc2\xb2", "\u2028\u0663\u00b2".encode(), b"\r", b"\n", b"\n\n", b"\t", b'"', b"'", b"\\", b"{", b"}",
    b"[", b"]", b"(", b",", b":", b";", b"=", b"#", b"$", b"${", b"%", b"*", b"9" * 5000, b"-1", b"null", b"://", b"@", b"\x1b[",
)  # fmt: skip
"""What is put into good inputs: the characters that readers go by, and numbers that are none."""


@pytest.mark.parametrize(
    ("name", "data"), [pytest.param(n, d, id=f"{n}-{i}") for n in TARGETS for i, d in enumerate(seeds(n))]
)
def test_what_is_kept(name: str, data: bytes) -> None:
    before = time.monotonic()
    TARGETS[name](data)
    assert time.monotonic() - before < SLOWEST


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_anything(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_gone_bad(name: str) -> None:
    """The same ones every time: pieces put in, taken out and doubled."""
    chance = random.Random(name)
    kept = list(seeds(name))
    for _ in range(300):
        data = chance.choice(kept)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            to = min(at + chance.randint(0, 12), len(data))
            data = data[:at] + chance.choice((b"", chance.choice(PIECES), data[at:to] * 2)) + data[to:]
        TARGETS[name](data)


VALUES = st.sampled_from(
    ["*", "https://app.example", "null", "https://app.example, *", "", "true", "True", "PUT, x-a", "x-a", "\t*", "60", "-1",
     "Origin", "no-store", "\xb2", "//b.example/", "https://api.example/y", "data:,x", "https://u:p@b.example/", "nginx"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers", "Max-Age", "Expose-Headers"]
).map("Access-Control-{}".format) | st.sampled_from(["Location", "Vary", "Cache-Control", "Age", "Server", "X-A"])
ANSWERS = st.tuples(
    st.sampled_from(["200", "204", "302", "307", "400", "401", "421", "500", "!"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
).map(lambda answer: "\n".join([answer[0], *(f"{name}: {value}" for name, value in answer[1])]))


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "patch", "HEAD"]),
    modes=st.text(st.sampled_from("abcd"), min_size=5, max_size=5),
    header=st.sampled_from(["", "X-A: 1", "Authorization: x", "Content-Type: application/json"]),
    answers=st.lists(ANSWERS, min_size=1, max_size=5),
)
def test_order_and_replay(method: str, modes: str, header: str, answers: list[str]) -> None:
    """The order of header lines of different names never matters; a replay comes to what was seen live."""
    text = "\n\n".join([f"{method} https://api.example/x https://app.example {modes}\n{header}".rstrip("\n"), *answers])
    data = text.encode("latin-1")
    case = read_case(data)
    assert case is not None
    assert len(case[1]) == len(answers)
    fetches(data)


def test_every_target_has_a_beginning() -> None:
    assert set(SEEDS) == set(TARGETS)
    cases = [read_case(data) for data in SEEDS["fetches"]]
    assert None not in cases
    assert len(ENGINE_ORDER) == 4
