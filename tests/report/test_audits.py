"""Audits through everything that results go through: counted, kept, read back, merged, excused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.cli.exitcodes import exit_status
from corscheck.model.audits import Audit, failing, passes
from corscheck.model.json import decode
from corscheck.model.values import ConfigError
from corscheck.report.formats import json as json_report
from corscheck.report.formats import jsonl
from corscheck.report.saved import baseline
from corscheck.report.saved.load import load
from corscheck.report.saved.merge import merge
from corscheck.report.saved.saved import Saved
from corscheck.report.saved.summary import Summary
from tests.report import audit_samples as audits
from tests.report import samples
from tests.report.saved_reports import RUN, on_disk, saved

# ---------------------------------------------------------------------- counted


def counted(*found: Audit) -> Summary:
    summary = Summary()
    for audit in found:
        summary.add(audit)
    return summary


@pytest.mark.parametrize(
    ("audit", "word", "status"),
    [
        (audits.CLEAN, "passed", 0),
        (audits.MINOR, "passed", 0),
        (audits.EXCUSED, "passed", 0),
        (audits.NEVER_FAILS, "passed", 0),
        (audits.VULNERABLE, "failed", 1),
        (audits.UNREACHABLE, "undecided", 3),
        (audits.BROKEN_OFF_EARLY, "undecided", 3),
        (audits.BROKEN_OFF, "failed", 1),
        (audits.UNSTABLE, "failed", 1),
    ],
)
def test_what_an_audit_counts_as(audit: Audit, word: str, status: int) -> None:
    summary = counted(audit)
    assert {n: getattr(summary, n) for n in ("passed", "failed", "undecided", "excused")} == {
        "passed": 0, "failed": 0, "undecided": 0, "excused": 0, word: 1,
    }  # fmt: skip
    assert (summary.total, summary.audits, summary.tested) == (0, 1, 1)
    assert exit_status(summary) == status


def test_findings_and_requests_are_counted() -> None:
    summary = counted(audits.VULNERABLE, audits.EXCUSED, audits.UNREACHABLE)
    assert summary.findings() == {"high": 1, "medium": 1, "low": 1, "info": 2}
    assert (summary.audit_requests, summary.vulnerable, summary.unaudited, summary.audits_passed) == (69, 1, 1, 1)


def test_an_unstable_audit_is_not_vulnerable_and_does_not_pass() -> None:
    summary = counted(audits.UNSTABLE, audits.CLEAN)
    assert (summary.vulnerable, summary.unstable, summary.unaudited, summary.audits_passed) == (0, 1, 0, 1)
    assert not passes(audits.UNSTABLE)
    assert passes(replace(audits.UNSTABLE, fail_on="never"))


def test_nothing_tested_is_a_usage_error() -> None:
    assert exit_status(Summary()) == 2
    assert exit_status(counted(audits.CLEAN)) == 0


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [
        ("high", ["CORS801"]),
        ("medium", ["CORS801", "CORS803"]),
        ("low", ["CORS801", "CORS803", "CORS828"]),
        ("info", ["CORS801", "CORS803", "CORS828", "CORS802"]),
        ("never", []),
    ],
)
def test_from_which_severity_on_a_finding_fails(fail_on: str, codes: list[str]) -> None:
    audit = replace(audits.VULNERABLE, fail_on=fail_on)  # type: ignore[arg-type]
    assert [f.code for f in failing(audit)] == codes


# ---------------------------------------------------------------------- kept and read back


@pytest.mark.parametrize("name", audits.SINGLE)
def test_an_audit_comes_back_as_it_was(name: str) -> None:
    audit = audits.SINGLE[name]
    assert decode(json.loads(json.dumps(audit.to_dict())), Audit) == audit


@pytest.mark.parametrize("run", [RUN, None], ids=["", "reproducible"])
@pytest.mark.parametrize("results", [(), (samples.ALLOWED, samples.WILDCARD)], ids=["audits alone", "and probes"])
def test_json_and_lines_are_made_of_each_other(run: object, results: tuple[object, ...], tmp_path: Path) -> None:
    report = saved(results, run, audits=audits.EVERYTHING)  # type: ignore[arg-type]
    document, lines = on_disk(tmp_path / "r.json", report), on_disk(tmp_path / "r.jsonl", report)
    assert "".join(jsonl.render(load(str(document)))) == lines.read_text()
    assert "".join(json_report.render(load(str(lines)))) == document.read_text()
    assert document.read_text() == json.dumps(json.loads(document.read_text()), indent=2) + "\n"
    back = load(str(document))
    assert [a.url for a in back.audits()] == [a.url for a in audits.EVERYTHING]
    assert len(list(back.results())) == len(results)


@pytest.mark.parametrize("shape", [{}, {"indent": 1}, {"sort_keys": True}])
def test_a_document_may_have_been_through_other_hands(shape: dict[str, object], tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.json", saved([samples.ALLOWED], audits=audits.EVERYTHING))
    document = json.loads(path.read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document, **shape))  # type: ignore[arg-type]
    report = load(str(other))
    assert list(report.audit_objects()) == document["audits"]
    assert list(report.probes()) == document["probes"]
    assert "audits" not in report.head


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_report_from_before_there_were_audits(suffix: str, tmp_path: Path) -> None:
    path = on_disk(tmp_path / f"r{suffix}", saved([samples.ALLOWED]))
    new = (
        "audits",
        "vulnerable",
        "unstable",
        "unaudited",
        "audit_requests",
        *(f"findings_{s}" for s in ("high", "medium", "low", "info")),
    )
    if suffix == ".json":
        document = json.loads(path.read_text())
        del document["audits"]
        for name in new:
            del document["summary"][name]
        path.write_text(json.dumps(document, indent=2))
    else:
        *lines, last = path.read_text().splitlines()
        ended = json.loads(last)
        for name in new:
            del ended["summary"][name]
        path.write_text("\n".join([*lines, json.dumps(ended)]) + "\n")
    report = load(str(path))
    assert [r.url for r in report.results()] == [samples.URL]
    assert list(report.audits()) == []
    assert report.counts().audits == 0
    assert json.loads("".join(json_report.render(report)))["audits"] == []


def test_a_torn_end_is_tolerated_with_a_note(tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.jsonl", saved([samples.ALLOWED], audits=[audits.CLEAN, audits.VULNERABLE]))
    text = path.read_text()
    path.write_text(text[: text.index('"summary"') - 30])
    report = load(str(path))
    assert report.notes == (f"{path} is incomplete: its run was killed. It contains 2 results.",)
    assert [a.url for a in report.audits()] == [audits.CLEAN.url]
    assert (report.summary["total"], report.summary["audits"], report.summary["interrupted"]) == (1, 1, True)


def test_a_long_run_is_kept_on_disk() -> None:
    many = [replace(audits.VULNERABLE, url=f"https://api.example.com/{n}") for n in range(500)]
    report = saved([samples.ALLOWED] * 3, audits=many)
    assert [a["url"] for a in report.audit_objects()] == [a.url for a in many]
    assert len(list(report.probes())) == 3


def test_lines_come_as_the_audits_do() -> None:
    import io

    out = io.BytesIO()
    lines = jsonl.JSONLines(out, None)
    lines.add(audits.CLEAN)
    (audit,) = [json.loads(line) for line in out.getvalue().splitlines()[1:]]
    assert audit == json.loads(json.dumps(audits.CLEAN.to_dict()))


HEAD = '{"schema_version":"1.0","tool":{}}\n'
AUDIT = {"url": "x", "allowed_origins": [], "findings": [], "passed": True}
FINDING = {"code": "CORS801", "severity": "high", "title": "t", "origin": "null", "url": "x", "method": "GET"}
WRONG = {
    "it needs url, allowed_origins, findings, passed": {"url": "x", "allowed_origins": []},
    "Expected `str`, got `int` - at `$.url`": {**AUDIT, "url": 1},
    "Invalid enum value 'sometimes' - at `$.fail_on`": {**AUDIT, "fail_on": "sometimes"},
    "Invalid enum value 'deep' - at `$.depth`": {**AUDIT, "depth": "deep"},
    "missing required field `severity` - at `$.findings[0]`": {
        **AUDIT,
        "findings": [{n: v for n, v in FINDING.items() if n != "severity"}],
    },
    "Invalid enum value 'awful' - at `$.findings[0].severity`": {
        **AUDIT,
        "findings": [{**FINDING, "severity": "awful"}],
    },
    "Expected `array`, got `int` - at `$.notes`": {**AUDIT, "notes": 7},
}


@pytest.mark.parametrize(("said", "audit"), WRONG.items(), ids=WRONG)
@pytest.mark.parametrize("form", ["document", "lines"])
def test_what_is_no_audit(said: str, audit: dict[str, object], form: str, tmp_path: Path) -> None:
    path = tmp_path / "r"
    summary = counted(audits.CLEAN).to_dict()
    if form == "lines":
        path.write_text(HEAD + json.dumps(audit) + "\n" + json.dumps({"summary": summary}) + "\n")
    else:
        document = {"schema_version": "1.0", "tool": {}, "summary": summary, "probes": [], "audits": [audit]}
        path.write_text(json.dumps(document))
    with pytest.raises(ConfigError) as caught:
        list(load(str(path)).audits())
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_least_that_an_audit_has(tmp_path: Path) -> None:
    audit = decode({**AUDIT, "findings": [FINDING]}, Audit)
    assert (audit.fail_on, audit.depth, audit.findings[0].browsers) == ("medium", "normal", ())


# ---------------------------------------------------------------------- merged


def shards(results: list[object], found: list[Audit], count: int) -> list[Saved]:
    """The reports of a run in shards: each has every ``count``-th probe and audit, with its index in the whole."""
    from corscheck.report.saved.store import Store

    made = []
    for shard in range(count):
        store, summary = Store(None), Summary()
        for index in range(shard, len(results), count):
            result = replace(results[index], index=index)  # type: ignore[type-var]
            store.add(result)  # type: ignore[arg-type]
            summary.add(result)  # type: ignore[arg-type]
        for index in range(shard, len(found), count):
            store.add(replace(found[index], index=index))
            summary.add(found[index])
        summary.exit_status = exit_status(summary)
        made.append(store.saved(summary))
    return made


@pytest.mark.parametrize("results", [[], [samples.ALLOWED, samples.WILDCARD]], ids=["audits alone", "and probes"])
@pytest.mark.parametrize("count", [1, 3, 20], ids=["one", "three", "more shards than audits"])
def test_shards_merged_are_the_unsharded_report_byte_for_byte(count: int, results: list[object]) -> None:
    whole = saved(results, None, audits=audits.EVERYTHING)  # type: ignore[arg-type]
    merged = merge(list(reversed(shards(results, list(audits.EVERYTHING), count))))
    assert "".join(json_report.render(merged)) == "".join(json_report.render(whole))
    assert "".join(jsonl.render(merged)) == "".join(jsonl.render(whole))
    assert merged.notes == ()


def test_a_run_of_audits_keeps_its_exit_status() -> None:
    """A shard that had nothing to audit says 2, which does not hold of the whole."""
    assert merge(shards([], [audits.CLEAN], 2)).summary["exit_status"] == 0


def test_merge_says_what_is_missing_and_refuses_what_is_double() -> None:
    parts = shards([], list(audits.EVERYTHING), 5)
    assert merge([parts[0], *parts[2:]]).notes == ("2 audits are missing: a shard is not here, or not whole.",)
    with pytest.raises(ConfigError, match=r"audit 0 \(https://api.example.com/me\) is in more than one file"):
        merge([*parts, parts[0]])


# ---------------------------------------------------------------------- excused

WORSE = replace(audits.MINOR, url=audits.URL, findings=(audits.REFLECTED, audits.METHODS), passed=False)
OTHER_LABEL = replace(WORSE, findings=(replace(audits.REFLECTED, origin="https://other.example"), audits.METHODS))
UNAUDITED = replace(audits.UNREACHABLE, url=audits.URL)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_what_the_baseline_has_is_excused(suffix: str, tmp_path: Path) -> None:
    path = on_disk(tmp_path / f"before{suffix}", saved([samples.WILDCARD], audits=[WORSE]))
    known = baseline.read(str(path))
    judged = known.judge(OTHER_LABEL)
    assert judged.passed
    assert [f.excused is not None and f.excused.by for f in judged.findings] == ["baseline", "baseline"]
    assert judged.findings[0].excused is not None
    assert judged.findings[0].excused.file == str(path)
    assert known.judge(samples.WILDCARD).excused is not None, "probes are read as before"


@pytest.mark.parametrize(
    "changes",
    [{"code": "CORS809"}, {"method": "PUT"}, {"credentials": False}],
    ids=["another code", "another method", "another credentials"],
)
def test_what_is_new_fails(changes: dict[str, object], tmp_path: Path) -> None:
    path = on_disk(tmp_path / "before.json", saved(audits=[WORSE]))
    new = replace(WORSE, findings=(audits.REFLECTED, replace(audits.REFLECTED, **changes)))  # type: ignore[arg-type]
    judged = baseline.read(str(path)).judge(new)
    assert not judged.passed
    assert [f.excused is not None for f in judged.findings] == [True, False]
    elsewhere = baseline.read(str(path)).judge(replace(WORSE, url="https://api.example.com/other"))
    assert not elsewhere.passed


def test_a_baseline_excuses_no_target_that_cannot_be_asked(tmp_path: Path) -> None:
    path = on_disk(
        tmp_path / "before.json", saved(audits=[UNAUDITED, replace(audits.BROKEN_OFF, findings=(audits.REFLECTED,))])
    )
    known = baseline.read(str(path))
    assert not known.judge(UNAUDITED).passed
    broken_off = known.judge(audits.BROKEN_OFF)
    assert not broken_off.passed
    assert exit_status(counted(broken_off)) == 3
