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
        ("-x me:pw@p:1 x", "-x ***@p:1 x"),
        ("-x me:p@w/x@p:1", "-x ***@p:1"),
        ("-xme:pw@p:1", "-x***@p:1"),
        ("-x=me:pw@p:1", "-x***@p:1"),
        ("-kx me:12/34@p:1", "-kx ***@p:1"),
        ("--proxy=http://me:p/w@p:1", "--proxy=http://***@p:1"),
        ("--via http://me:pw@h", "--via http://***@h"),
        ("--cluster tcp://me:pw@h:8786", "--cluster tcp://***@h:8786"),
        ("-E c.pem:pw", "-E c.pem:***"),
        ("-Ec.pem:pw --cert=c.pem:pw --cert c.pem", "-Ec.pem:*** --cert=c.pem:*** --cert c.pem"),
        ("me:pw@h/x?token=abc", "***@h/x?token=***"),
        ("--origin me:pw@h/?token=abc", "--origin ***@h/?token=***"),
        (
            "--base-url https://me:pw@h --openapi=https://h/?key=abc",
            "--base-url https://***@h --openapi=https://h/?key=***",
        ),
        ("-A x/eyJhbGci.eyJzdWI.c2ln", "-A x/***"),
        ("--report html:r.html --select tag:x", "--report html:r.html --select tag:x"),
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
        ("X-A: Bearer abc123", "X-A: Bearer ***"),
        ('X-Forwarded: {"token":"S"}', 'X-Forwarded: {"token":"***"}'),
        ("X-Tenant: Token S", "X-Tenant: Token ***"),
        ("@file", "@file"),
        ("broken", "broken"),
    ],
)
def test_headers(header: str, out: str) -> None:
    assert masked(["-H", header]) == ("-H", out)
    assert masked([f"-H{header}"]) == (f"-H{out}",)
    assert masked([f"--header={header}"]) == (f"--header={out}",)
