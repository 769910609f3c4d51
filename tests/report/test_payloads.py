"""Text of a server's in every place of a report and every format: nothing of it acts, every file stays well-formed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from corscheck.auditing.poc import page
from corscheck.cli.run_loop import say
from corscheck.model.audits import Audit, AuditFinding
from corscheck.model.result import (
    EngineVerdict,
    ErrorRecord,
    ExchangeRecord,
    Finding,
    Observation,
    ReadResponse,
    Reason,
    RequestRecord,
    ResponseRecord,
    Result,
    StepRecord,
)
from corscheck.model.values import CheckRef, Excuse
from corscheck.policy.write import policy
from corscheck.report.formats import registry
from corscheck.report.formats.markdown import code
from corscheck.report.text import matrix, terminal
from corscheck.report.text.audits import quiet, render, row
from corscheck.report.text.diff import diff_audits
from corscheck.report.text.view import View
from tests.report import samples
from tests.report.saved_reports import saved, text
from tests.report.test_formats import is_gitlab, is_junit, is_sarif

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "noscript": "</noscript><img src=x onerror=alert(1)>",
    "style": "</style></title></textarea><svg onload=alert(1)>",
    "comment": "<!-- --> ]]> <![CDATA[ &lt; &#x3c;script&#x3e;",
    "template": "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    "controls": "a\x00b\x01c\x08d\x0be\x0cf\x1fg\x7fh\x85i\x9bj",
    "ansi": "\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link",
    "lines": "one\ntwo\r\nthree\u2028four\u2029five",
    "command": "::set-env name=PATH::/evil",
    "command on a line": "x\n::set-env name=PATH::/evil\n::stop-commands::x",
    "old command": "##[add-mask]x ##vso[task.setvariable variable=a]b",
    "percent": "%0A::error::x%0D%25",
    "pipes": "a|b\\|c\\\\|d||",
    "backticks": "`x` ``y`` ```\nz\n``` ~~~",
    "link": "[x](javascript:alert(1)) ](javascript:alert(1)) ![i](http://evil/i.png) <http://evil> http://evil www.evil.example",
    "mention": "@everyone #1 GH-1 user@evil.example :tada: $x^2$",
    "markdown": "# h\n* l\n1. n\n> q\n---\n**b** _i_ ~~s~~ \\",
    "javascript URL": "javascript:alert(1)",
    "bidi": "\u202egnp.exe\u2066\u2069\u200b\u200f\ufeff\U000e0041",
    "surrogates": "a\ud800b\udfffc",
    "not characters": "\ufffe\uffff\U0001fffe",
    "spreadsheet": "=1+1",
    "C1": "\x9b2J\x9d0;title\x9c\x90q\x9c\x9b31mred",
    "hyperlink": "\x1b]8;;http://evil\x07text\x1b]8;;\x07",
    "entities": "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;&amp;&#0;",
    "script's end": "</script><script>alert(1)</script><!--<script>",
    "message links": "see [here](https://evil) [1](2) \\[x](3) [[y]](4)",
    "fences": "````\n~~~~\n<details>\n\n| a | b |\n|---|---|\n[^1]: x",
    "log line": "x\r\n2026-01-01 ERROR all passed\r::error file=a::b",
    "TOML": "\"\"\"\n[[check]]\nname = 'x' # \\u0000 \\",
    "shell": "$(id) `id` '; id #\n id \\",
    "long": "A" * 70_000,
}  # fmt: skip


def poisoned(payload: str) -> list[Result]:
    """Results with the payload in every text that there is, in a failed and in an allowed one."""
    answer = ResponseRecord(200, ((payload, payload), ("Location", payload)), payload, payload)
    request = RequestRecord(payload, payload, ((payload, payload),))
    error = ErrorRecord("connect", payload)
    step = StepRecord(payload, payload, payload, payload, "fail", payload, payload, 0, decisive=True)
    bad = replace(
        samples.WILDCARD,
        url=payload,
        origin=payload,
        method=payload,
        headers=((payload, payload),),
        check=CheckRef(payload, payload, 3),
        reason=Reason(payload, payload, payload, payload),
        engines={
            "chromium": EngineVerdict("blocked", "recorded", payload, payload),
            "firefox": EngineVerdict("allowed", "recorded", payload, payload),
            payload: EngineVerdict("allowed", "recorded", payload, payload),
        },
        steps=(step, replace(step, exchange=None, decisive=False), replace(step, expected=None, received=None)),
        exchanges=(
            ExchangeRecord(payload, 0, request, answer, None, 1.0),
            ExchangeRecord("actual", 1, request, None, error, 1.0),
            ExchangeRecord("actual", 2, request, None, None, None, held_back=True),
        ),
        console={"chromium": payload, "firefox": payload, "webkit": payload},
        findings=(
            Finding(payload, "high", payload, payload, payload, payload, payload),
            Finding(payload, "info", payload, payload, payload, payload, payload),
        ),
        observed=Observation(payload, payload, "blocked", (payload,), payload, (), None, False, (payload,)),
    )
    good = replace(
        samples.ALLOWED,
        url=f"https://api.example/{payload}",
        readable_headers=(payload,),
        response=ReadResponse(payload, 200, payload, False),
    )
    failed = replace(bad, url=samples.URL, verdict="inconclusive", reason=None, error=error, findings=(), observed=None)
    return [bad, good, failed, replace(bad, check=None, expected="allowed", findings=())]


def poisoned_audits(payload: str) -> list[Audit]:
    """Audits with the payload in every text that there is: one that found something, one of a file, one with no answer."""
    finding = AuditFinding(
        code=payload,
        severity="high",
        title=payload,
        message=payload,
        origin=payload,
        credentials=True,
        url=payload,
        method=payload,
        evidence=f"{payload}\n{payload}",
        advice=f"{payload}\n{payload}",
        browsers=(payload, "chromium"),
        help=payload,
    )
    linked = replace(finding, severity="info", help=f"https://help.example/{payload}", browsers=())
    excused = replace(finding, excused=Excuse("baseline", payload, payload))
    bad = Audit(
        url=payload,
        allowed_origins=(payload,) * 6,
        requests=3,
        findings=(finding, replace(finding, severity="low"), linked, excused),
        passed=False,
        notes=(payload,),
        unstable=(payload,),
    )
    passed = replace(bad, url=f"https://api.example/{payload}", findings=(linked,), passed=True)
    unanswered = replace(
        bad, url="https://api.example/", findings=(), error=ErrorRecord(payload, payload), file=payload, line=3
    )
    broken_off = replace(
        bad, url=f"https://b.example/{payload}", file=payload, line=2, error=ErrorRecord("dns", payload)
    )
    return [bad, passed, unanswered, broken_off]


def without_controls(text: str) -> None:
    """Nothing that a terminal or an eye would stumble over; tables have line feeds only."""
    found = {c for c in text if not c.isprintable() and c != "\n"} - {"\ufe0f"}
    assert not found, found
    text.encode("utf-8")


def html_is_inert(made: str) -> None:
    body = made.partition("<style>")
    page = body[0] + made.partition("</style>")[2].rpartition("<script>")[0]
    # As a browser without scripting reads it, noscript and all; libxml2 reads the same of what has scripting.
    for root in (etree.HTML(page), etree.HTML(re.sub("</?noscript[^>]*>", "", page))):
        names = {element.tag for element in root.iter() if isinstance(element.tag, str)}
        assert not names & {"script", "iframe", "object", "embed", "form", "base", "style", "img", "textarea"}, names
        for element in root.iter():
            for name, value in element.attrib.items():
                assert not name.startswith("on"), (element.tag, name)
                assert name != "style"
                if name in ("href", "src"):
                    assert value.startswith(("#", "https://", "data:image/svg+xml,")), value
    assert "49" not in re.findall(r"\{\{.*?\}\}|49", page)


def markdown_is_inert(made: str) -> None:
    """Outside of code there is nothing of the payload but plain words; every table row has the cells of its head."""
    prose = re.sub(r"(?ms)^(`{3,})(?:text|sh)$.*?^\1$", "", made)
    prose = re.sub(r"<code>[A-Za-z0-9 &#;]*</code>", "", prose)
    prose = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", prose)
    for mark in ("<", "`", "](", "http", "www.", "@", "javascript:", "{{", "{%", "~~", "$", "=1"):
        assert mark not in prose, (mark, prose[max(prose.index(mark) - 60, 0) : prose.index(mark) + 60])
    cells = 0
    for line in prose.splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        assert not cells or line.count("|") == cells, line
        cells = line.count("|")


def commands_are_ours(made: str) -> None:
    for line in made.splitlines():
        command = re.fullmatch(r"::(error|warning|notice) ((?:[a-z]+=[^,:\n]*,?)+)::(.*)", line)
        assert command is not None, line
        assert "##[" not in line.partition("::")[0]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("form", registry.WRITERS)
def test_nothing_becomes_active(form: str, payload: str) -> None:
    report = saved(poisoned(payload))
    report = replace(report, head={**report.head, "run": {"argv": [payload], "host": payload, "started": payload}})
    is_inert(form, payload, text(form, replace(report, notes=(payload,))))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("form", registry.WRITERS)
def test_nothing_of_an_audit_becomes_active(form: str, payload: str) -> None:
    is_inert(form, payload, text(form, saved(audits=poisoned_audits(payload))))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_of_an_audit_reaches_the_terminal(payload: str) -> None:
    for audit in poisoned_audits(payload):
        for line in (*render(audit, View()), *row(audit, View()), *quiet(audit)):
            assert line.isprintable(), line
    for line in diff_audits([], poisoned_audits(payload)).lines(View()):
        assert line.isprintable(), line
    found_once = replace(poisoned_audits(payload)[0], unstable=())
    one, two = (replace(found_once, findings=f) for f in ((), found_once.findings))
    found = list(diff_audits([one], [two]).lines(View()))
    assert len(found) > 2
    assert all(line.isprintable() for line in found)


def is_inert(form: str, payload: str, made: str) -> None:
    without_controls(made)
    check: dict[str, Any] = {
        "json": json.loads,
        "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
        "junit": is_junit,
        "sarif": sarif_has_no_links,
        "har": json.loads,
        "gitlab": json.loads if payload.startswith(("/", "./")) else is_gitlab,
        "github": commands_are_ours,
        "markdown": markdown_is_inert,
        "html": html_is_inert,
    }
    check[form](made)


def sarif_has_no_links(made: str) -> None:
    is_sarif(made)

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("message"), dict):
                yield value["message"]["text"]
            value = list(value.values())
        for part in value if isinstance(value, list) else ():
            yield from texts(part)

    for message in texts(json.loads(made)):
        # SARIF 2.1.0, 3.11.6: "[text](target)" in a message is a link unless its brackets are escaped.
        assert not re.search(r"(?<!\\)(?:\\\\)*\[[^\[\]]*(?<!\\)(?:\\\\)*\]\(", message), message


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_reaches_the_terminal(payload: str) -> None:
    found = poisoned(payload)
    for view in (View(), View(verbose=True, width=120), View(color=True)):
        lines = [line for result in found for line in terminal.render(result, view)]
        lines += [line for result in found for line in matrix.block([result], view, interrupted=False)]
        lines += [line for result in found for line in matrix.list_row(result, view, uniform=False)]
        lines += [str(result) for result in found]
        for line in lines:
            # Colours are ours: a digit or two between ESC [ and m.
            plain = re.sub(r"\x1b\[[0-9;]{1,8}m", "", line) if view.style != View().style else line
            assert plain.isprintable(), plain


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_policy_holds_it_as_text(payload: str) -> None:
    """A policy made of what is there has one check for it, with the texts as they were."""
    headers = (("X-A", payload.encode("utf-8", "replace").decode("latin-1")),)
    answer = replace(samples.ALLOWED, url="https://api.example/", origin=payload, headers=headers)
    left_out = replace(poisoned(payload)[0], url="https://api.example/x", gate=("chromium", "firefox"))
    made = policy([answer, left_out])
    without_controls(made)
    data = tomllib.loads(made)
    assert list(data) == ["base-url", "check"]
    origin = re.sub("[\ud800-\udfff]", "\ufffd", payload)
    written = [check for check in data["check"] if check.get("origins") == [origin]]
    assert len(written) == 1
    assert written[0]["headers"] == [f"X-A: {headers[0][1]}"]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_proof_page_holds_it_as_data(payload: str) -> None:
    made = page(poisoned_audits(payload))
    assert len(re.findall("<script", made)) == len(re.findall("<script", page([])))
    assert made.isascii()
    data = made.partition('id="proofs">')[2].partition("</script>")[0]
    assert {proof["title"] for proof in json.loads(data)} == {payload}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_is_in_a_message(payload: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(payload)
    without_controls(capsys.readouterr().err)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_code_span_holds_whatever_is_in_it(payload: str) -> None:
    made = code(payload)
    assert re.fullmatch(r"`[^`|\\]+`|<code>(?:[A-Za-z0-9 ]|&#\d+;)*</code>", made), made
