"""Reports of thousands of hosts: the causes first, each once, with its hosts; everything else collapsed below them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import etree
from msgspec.structs import replace

from corscheck.model.result import ErrorRecord, Observation, Reason, Result
from corscheck.protocol.request import ERROR_KINDS
from corscheck.report.formats.panels import survey
from corscheck.report.saved.saved import Saved
from corscheck.report.text import causes
from corscheck.report.text.causes import CauseTable
from tests.report import audit_samples, samples
from tests.report.saved_reports import saved, text

HOSTS = 2000
ADVICE = "Add the origin to the list.\n  corscheck fix --for fastapi {url}"


def unreachable(host: str, kind: str) -> Result:
    """A result without a response; the message names the host, as that of a resolver or a socket does."""
    message = f"{host}: no answer"
    return replace(
        samples.REFUSED,
        url=f"https://{host}/data",
        error=ErrorRecord(kind, message),
        reason=Reason("CORS902", "http-network", None, message),
    )


def refused(host: str) -> Result:
    """A blocked result whose finding names the URL."""
    url = f"https://{host}/data"
    finding = replace(samples.HEADER_REFUSED.findings[0], message=f"{url} refuses it.", advice=ADVICE.format(url=url))
    return replace(samples.HEADER_REFUSED, headers=(), url=url, findings=(finding,))


def results() -> Iterator[Result]:
    for number in range(HOSTS):
        host = f"host{number}.example"
        if number % 4 == 0:
            yield unreachable(host, "connect")
        elif number % 4 == 1:
            yield unreachable(host, "dns")
        elif number % 8 == 2:
            yield refused(host)
        else:
            yield replace(samples.ALLOWED, url=f"https://{host}/data")


@pytest.fixture(scope="module")
def report() -> Saved:
    return saved(results())


def test_hosts_that_fail_alike_are_one_cause() -> None:
    found = survey(results()).causes
    assert [(group.first.verdict, group.count) for group in found] == [
        ("blocked", HOSTS // 8),
        ("inconclusive", HOSTS // 4),
        ("inconclusive", HOSTS // 4),
    ]
    for group in found:
        assert "host" + "0.example" not in group.why()
        assert "host" + "2.example" not in group.why()


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_every_kind_of_error_is_a_cause_with_something_to_do(kind: str) -> None:
    table = CauseTable()
    for host in ("a.example", "b.example"):
        table.add(unreachable(host, kind))
    (group,) = table.ranked()
    assert group.count == 2
    assert group.why() == f"No response: {causes.NO_ANSWER[kind]}."
    assert group.fixes() == [causes.HINTS[kind]]


def test_different_kinds_are_different_causes() -> None:
    table = CauseTable()
    for kind in ERROR_KINDS:
        table.add(unreachable("a.example", kind))
    assert len(table.ranked()) == len(ERROR_KINDS)


def test_html_has_the_causes_first(report: Saved) -> None:
    page = etree.HTML(text("html", report))
    (rest,) = page.xpath("//details[@class='rest']")
    assert rest.get("open") is None
    assert len(rest.xpath(".//table[@class='grid']")) == 1
    assert len(rest.xpath(".//table[@class='grid']/tbody/tr")) == HOSTS
    names = [element.get("id") for element in page.xpath("//main//h2")]
    assert names == ["why", "panel-1"]
    first = page.xpath("//article[@id='c1']")[0]
    said = " ".join(" ".join(first.itertext()).split())
    assert f"{HOSTS // 8} results" in said
    assert "PUT https://host2.example/data" in said
    assert "Fix, for the first Add the origin to the list." in said
    assert f"and {HOSTS // 8 - 4} more" in said


def test_markdown_has_the_causes_first(report: Saved) -> None:
    made = text("markdown", report)
    why, details = made.index("### Why"), made.index("<details>")
    assert why < details < made.index("| URL |") < made.index("</details>")
    assert f"**1.** {HOSTS // 8} results: " in made
    assert "- PUT `https://host2.example/data` from" in made
    assert "**Fix, for the first:** Add the origin to the list.\n\n```sh\ncorscheck fix" in made
    assert made.count("### ") == 2
    rows = re.findall(r"^\| `https://host\d+\.example/data` \|", made, re.MULTILINE)
    assert len(rows) == HOSTS
    assert made.index("| `https://host2.example/data` |") < made.index("| `https://host0.example/data` |")


def test_a_few_hosts_keep_their_panels_but_are_named() -> None:
    made = text("markdown", saved([refused("a.example"), refused("b.example")]))
    assert "<details>" not in made
    assert "- PUT `https://a.example/data` from" in made
    assert "- PUT `https://b.example/data` from" in made
    one = text("markdown", saved([refused("a.example")]))
    assert "- PUT `/data` from" in one


def test_many_audits_are_grouped_by_finding() -> None:
    audits = [replace(audit_samples.VULNERABLE, url=f"https://host{n}.example/me") for n in range(30)]
    audits += [replace(audit_samples.UNREACHABLE, url=f"https://down{n}.example/") for n in range(10)]
    report = saved(audits=audits)
    page = etree.HTML(text("html", report))
    groups = page.xpath("//section[@aria-labelledby='findings']/article")
    said = [" ".join(" ".join(group.itertext()).split()) for group in groups]
    assert said[0].startswith("HIGH CORS801 reflected origin 30 targets Fix ")
    assert said[-1].startswith("INCONCLUSIVE The connection failed. 10 targets")
    assert "https://host0.example/me" in said[0]
    assert "and 26 more" in said[0]
    assert len(page.xpath("//details[@class='rest']/section[contains(@class, 'audit')]")) == 40
    made = text("markdown", report)
    assert made.index("### Findings") < made.index("<details>")
    assert made.count("<details>") == made.count("</details>") == 40


# ---------------------------------------------------------------------- one word per state


UNMET = replace(samples.ENGINES_DIFFER)
CONTRADICTED = replace(
    samples.ALLOWED, observed=Observation("firefox", "140", "blocked", agrees=False, differences=("verdict",))
)


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "sarif", "gitlab", "github"])
@pytest.mark.parametrize(("result", "word", "other"), [(UNMET, "UNMET", "DIFFERS"), (CONTRADICTED, "DIFFERS", "UNMET")])
def test_an_unmet_expectation_is_unmet_and_a_browser_differs(form: str, result: Result, word: str, other: str) -> None:
    made = text(form, saved([result]))
    body = made.partition("</style>")[2].partition("<script>")[0] if form == "html" else made
    assert word in body
    assert other not in body


def test_the_state_of_a_contradicted_result_is_a_failure() -> None:
    assert causes.state(CONTRADICTED) == "fail"
    assert causes.label(replace(CONTRADICTED, passed=False, verdict="blocked")) == "differs"
    assert causes.label(replace(samples.ALLOWED, passed=False, expected="blocked")) == "allowed"


# ---------------------------------------------------------------------- a readable error


def readable(status: int, **changes: object) -> Result:
    from corscheck.model.result import Finding, ReadResponse

    told = Finding("CORS713", "info", "the readable response is an error", f"but it is a {status}: check the URL.")
    response = ReadResponse("cors", status, samples.URL, redirected=False)
    return replace(samples.ALLOWED, response=response, findings=(told,) if status >= 400 else (), **changes)


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "sarif", "gitlab", "github"])
@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_readable_error_says_so_everywhere(form: str, status: int) -> None:
    made = text(form, saved([readable(status)], status=0))
    plain = re.sub(r"<[^>]*>", "", made.partition("</style>")[2].partition("<script>")[0]) if form == "html" else made
    assert re.search(rf"allowed \({status}\)", plain, re.IGNORECASE)
    if form != "markdown":
        assert f"a {status}: check the URL." in plain.replace("\\u0020", " ").replace("%3A", ":")


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "sarif", "gitlab", "github"])
def test_a_readable_success_does_not(form: str) -> None:
    made = text(form, saved([readable(204)], status=0))
    assert "(204)" not in made


def test_a_note_is_neither_failure_nor_error() -> None:
    made = text("junit", saved([readable(404)], status=0))
    root = etree.fromstring(made.encode())
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert text("github", saved([readable(404)], status=0)).startswith("::notice ")


def test_a_status_that_the_check_expects_is_not_noted() -> None:
    from corscheck.model.values import CheckRef, Expectation

    for passed, count in ((True, 0), (None, 1)):
        check = CheckRef("gone", "corscheck.toml", 3, (Expectation("status", "404", "404", passed),))
        made = text("github", saved([readable(404, check=check)], status=0))
        assert made.count("::notice") == count
