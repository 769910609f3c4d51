"""What a server sends is never active in a terminal, and text fits."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from corscheck.model.printable import printable
from corscheck.model.result import ErrorRecord, Finding, Reason, ResponseRecord
from corscheck.model.words import several
from corscheck.report.text.layout import cut, wrap
from corscheck.report.text.matrix import block, list_row
from corscheck.report.text.terminal import render
from corscheck.report.text.text import milliseconds
from corscheck.report.text.view import View
from tests.report import samples

PAYLOADS = {
    "clear screen": "\x1b[2J\x1b[H",
    "colour": "\x1b[32mALLOWED\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "hyperlink": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "C1 control sequence": "\x9b31m",
    "carriage return": "x\rALLOWED  The page",
    "line feed": "x\nALLOWED  The page can read this response.",
    "backspaces": "BLOCKED\b\b\b\b\b\b\bALLOWED",
    "NUL": "a\0b",
    "DEL": "a\x7fb",
    "bidi override": "\u202edewolla\u202c",
    "bidi isolate": "\u2066x\u2069",
    "zero width": "a\u200bb\u200d\ufeff",
    "line separator": "a\u2028b\u2029c",
    "tag characters": "a\U000e0041",
    "lone surrogate": "a\ud800b",
    "no-break space": "a\xa0b",
    "soft hyphen": "a\xadb",
}
INERT = {"rich markup": "[bold red]x[/bold red][link=http://e]y[/link]", "format": "{0} %s %(x)s", "markdown": "**x**"}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_printable(payload: str) -> None:
    out = printable(payload)
    assert out.isprintable()
    assert out != payload
    out.encode()


@pytest.mark.parametrize("payload", INERT.values(), ids=INERT.keys())
def test_what_is_harmless_stays_as_it_is(payload: str) -> None:
    assert printable(payload) == payload


def test_escapes_are_readable() -> None:
    assert printable("\x1b[31m\r\n\0\x9b\u202e\U000e0041") == r"\x1b[31m\x0d\x0a\x00\x9b\u202e\U000e0041"


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), *INERT.values()], ids=[*PAYLOADS, *INERT])
def test_injection_into_every_field(payload: str) -> None:
    """A result of which every text that a server, a proxy or a target list controls holds the payload."""
    shown = [
        replace(
            step,
            header=step.header + payload if step.header not in ("preflight", "status") else step.header,
            expected=payload,
            received=payload,
            message=payload,
        )
        for step in samples.HEADER_REFUSED.steps
    ]
    exchange = samples.HEADER_REFUSED.exchanges[0]
    evil = replace(
        samples.HEADER_REFUSED,
        url=samples.URL + payload,
        origin=samples.PAGE + payload,
        method="PUT" + payload,
        reason=Reason("CORS401", "preflight:8", None, payload),
        steps=tuple(shown),
        exchanges=(
            replace(
                exchange,
                request=replace(exchange.request, url=samples.URL + payload, headers=((payload, payload),)),
                response=ResponseRecord(200, ((payload, payload),), payload, payload),
            ),
        ),
        readable_headers=(payload,),
        findings=(Finding("X", "high", payload, payload, evidence=payload), Finding("Y", "info", payload, payload)),
        console={"chromium": payload.replace("\n", " ")},
        engines=samples.engines(
            "blocked",
            firefox=replace(samples.ENGINES_DIFFER.engines["firefox"], verdict="invalid", message=payload),
        ),
    )
    failed = replace(
        evil, verdict="inconclusive", error=ErrorRecord("protocol", payload), findings=(), exchanges=evil.exchanges
    )
    allowed = replace(evil, verdict="allowed", response=samples.ALLOWED.response)
    for result in (evil, failed, allowed):
        for verbose in (False, True):
            view = View(verbose=verbose)
            lines = [
                *render(result, view),
                str(result),
                *block([result], view),
                *list_row(result, view, uniform=False),
            ]
            for text in lines:
                assert text.isprintable(), repr(text)
            # No line of the server's making passes for one of ours.
            assert sum(text.startswith("ALLOWED  The page") for text in lines) <= (result is allowed)


def test_a_body_has_lines_but_no_controls() -> None:
    exchange = samples.HEADER_REFUSED.exchanges[0]
    assert exchange.response is not None
    evil = replace(exchange, response=replace(exchange.response, body="<p>\r\n\x1b[2J\nok"))
    lines = render(replace(samples.HEADER_REFUSED, exchanges=(evil,)), View(verbose=True))
    assert lines[lines.index("| <p>") + 1] == r"| \x1b[2J"


@pytest.mark.parametrize(
    ("text", "width", "out"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("abcdef", 5, "abcd…"),
        ("GET, PUT", 7, "GET, P…"),
        ("a b c d", 4, "a b…"),
        ("abc", 2, "a…"),
        ("日本語", 4, "日 …"),
        ("日本語", 6, "日本語"),
        ("", 0, ""),
    ],
)
def test_cut(text: str, width: int, out: str) -> None:
    assert cut(text, width) == out
    assert len(cut(text, width)) <= width


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("one two three", ["  cause  one two", "         three"]),
        ("https://a.very.long.example/", ["  cause  https://a.very.long.example/"]),
        ("one https://a.very.long.example/", ["  cause  one", "         https://a.very.long.example/"]),
        ("a  b", ["  cause  a  b"]),
        ("a\nb", ["  cause  a", "         b"]),
        ("a\n  code stays as it is, whatever", ["  cause  a", "           code stays as it is, whatever"]),
        ("", ["  cause"]),
    ],
)
def test_wrap(text: str, out: list[str]) -> None:
    assert wrap(text, 18, 9, "  cause") == out


@pytest.mark.parametrize(
    ("names", "out"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_several(names: list[str], out: str) -> None:
    assert several(names) == out


@pytest.mark.parametrize(("elapsed", "out"), [(0.2, "0 ms"), (3.6, "4 ms"), (999.4, "999 ms"), (1234.0, "1.2 s")])
def test_milliseconds(elapsed: float, out: str) -> None:
    assert milliseconds(elapsed) == out


def test_no_result_is_rendered_with_a_control_character_of_our_own() -> None:
    for result in samples.SINGLE.values():
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(render(result, View())))
