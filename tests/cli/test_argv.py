"""The command line as a report keeps it."""

from __future__ import annotations

import pytest

from corscheck.cli.show.masked_argv import masked


@pytest.mark.parametrize(
    ("argv", "out"),
    [
        ("-u me:pw x", "-u *** x"),
        ("-ume:pw x", "-u*** x"),
        ("-kume:pw x", "-ku*** x"),
        ("--user=me:pw", "--user=***"),
        ("--user me:pw", "--user ***"),
        ("-b a=1", "-b ***"),
        ("-d a=1 --data b=2", "-d *** --data ***"),
        ("-F a=1", "-F ***"),
        ("-x http://me:pw@p:1", "-x http://***@p:1"),
        ("--proxy=http://me:pw@p:1", "--proxy=http://***@p:1"),
        ("http://me:pw@h/x", "http://***@h/x"),
        ("http://h/x?token=abc&a=1", "http://h/x?token=***&a=1"),
        ("-X PUT --origin https://a -v", "-X PUT --origin https://a -v"),
        ("-vu me:pw", "-vu ***"),
        ("-m 5 -4", "-m 5 -4"),
    ],
)
def test_masked(argv: str, out: str) -> None:
    assert masked(argv.split()) == tuple(out.split())


@pytest.mark.parametrize(
    ("header", "out"),
    [
        ("Authorization: Bearer x", "Authorization: ***"),
        ("X-Api-Key:x", "X-Api-Key: ***"),
        ("X-Tenant: 7", "X-Tenant: 7"),
        ("@file", "@file"),
        ("broken", "broken"),
    ],
)
def test_headers(header: str, out: str) -> None:
    assert masked(["-H", header]) == ("-H", out)
    assert masked([f"-H{header}"]) == (f"-H{out}",)
    assert masked([f"--header={header}"]) == (f"--header={out}",)
