"""Reports read back: complete, truncated, in another order, from later versions, and files that are not reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from corscheck.model.json import decode
from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.report.formats import json as json_report
from corscheck.report.formats import jsonl
from corscheck.report.saved.load import load
from tests.report import samples
from tests.report.saved_reports import EVERYTHING, RUN, on_disk, saved


@pytest.mark.parametrize("name", samples.SINGLE)
def test_a_result_comes_back_as_it_was(name: str) -> None:
    result = samples.SINGLE[name]
    assert decode(json.loads(json.dumps(result.to_dict())), Result) == result


@pytest.mark.parametrize("run", [RUN, None], ids=["", "reproducible"])
def test_json_and_lines_are_made_of_each_other(run: object, tmp_path: Path) -> None:
    report = saved(EVERYTHING, run)  # type: ignore[arg-type]
    document, lines = on_disk(tmp_path / "r.json", report), on_disk(tmp_path / "r.jsonl", report)
    assert "".join(jsonl.render(load(str(document)))) == lines.read_text()
    assert "".join(json_report.render(load(str(lines)))) == document.read_text()
    assert document.read_text() == json.dumps(json.loads(document.read_text()), indent=2) + "\n"


@pytest.mark.parametrize("shape", [{}, {"indent": 1}, {"separators": (",", ":")}, {"sort_keys": True}])
def test_a_document_may_have_been_through_other_hands(shape: dict[str, object], tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.json", saved(EVERYTHING))
    document = json.loads(path.read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document, **shape))  # type: ignore[arg-type]
    report = load(str(other))
    assert list(report.probes()) == document["probes"]
    assert report.summary == document["summary"]


def test_a_value_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    huge = replace(samples.ALLOWED, url=samples.URL + "/" + "x" * 300_000)
    path = on_disk(tmp_path / "r.json", saved([huge, samples.ALLOWED]))
    assert [len(p["url"]) for p in load(str(path)).probes()] == [len(huge.url), len(samples.URL)]


@pytest.mark.parametrize("cut", [1, 10, 200, 700])
def test_a_torn_end_is_tolerated_with_a_note(cut: int, tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.jsonl", saved([samples.ALLOWED, samples.WILDCARD, samples.ALLOWED]))
    path.write_bytes(path.read_bytes()[:-cut])
    report = load(str(path))
    if cut == 1:
        assert report.notes == ()
        assert report.summary["total"] == 3
        return
    count = len(list(report.probes()))
    assert count == report.summary["total"] == (3 if cut < 500 else 2)
    assert report.summary["interrupted"] is True
    assert report.notes == (f"{path} is incomplete: its run was killed. It contains {count} results.",)


def test_what_a_later_version_adds_is_ignored(tmp_path: Path) -> None:
    path = on_disk(tmp_path / "r.json", saved([samples.ALLOWED]))
    document = json.loads(path.read_text())
    document["schema_version"] = "1.7"
    document["news"] = [1]
    document["summary"]["news"] = 1
    document["probes"][0]["news"] = {}
    document["probes"][0]["steps"][0]["news"] = 1
    path.write_text(json.dumps(document))
    report = load(str(path))
    assert report.counts().total == 1
    assert [r.url for r in report.results()] == [samples.URL]


OBJECT = '{"url":"x","origin":"x","method":"GET","verdict":"allowed","passed":true'
HEAD = '{"schema_version":"1.0","tool":{}}\n'
NONE = {
    "": "it is empty",
    "\n\n": "it is empty",
    "hello": "neither JSON nor JSON Lines",
    "[]": "neither JSON nor JSON Lines",
    "{}": "it has no schema_version and tool",
    '{"a":1} x': "neither JSON nor JSON Lines",
    '{"a":': "neither JSON nor JSON Lines",
    '{"schema_version":"1.0","tool":{},"probes":{}}': "neither JSON nor JSON Lines",
    '{"schema_version":"1.0","tool":{},"probes":[],"summary":{}}': "its summary counts nothing",
    '{"schema_version":"2.0","tool":{}}\n': "written in schema 2.0, which this corscheck cannot read (it reads 1.0)",
    '{"schema_version":1,"tool":{}}\n': "it has no schema_version and tool",
    HEAD + "broken\n{}\n": "line 2: no JSON: b'broken",
    HEAD + "[1]\n": "line 2: no probe object of a report",
    HEAD + HEAD: "line 2: no probe object of a report",
    HEAD + OBJECT.replace('"x"', "1", 1) + "}\n": "Expected `str`, got `int` - at `$.url`",
    HEAD + OBJECT.replace("allowed", "maybe") + "}\n": "Invalid enum value 'maybe' - at `$.verdict`",
    HEAD + OBJECT + ',"steps":[{}]}\n': "missing required field `step` - at `$.steps[0]`",
    HEAD + OBJECT + ',"headers":7}\n': "Expected `array`, got `int` - at `$.headers`",
    "[" * 100_000: "neither JSON nor JSON Lines",
}


@pytest.mark.parametrize(("content", "said"), NONE.items(), ids=[f"{v} {i}" for i, v in enumerate(NONE.values())])
def test_files_that_are_no_report(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        list(load(str(path)).results())
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    with pytest.raises(ConfigError, match="neither JSON nor JSON Lines"):
        load(str(path))
    with pytest.raises(ConfigError, match=r"cannot read .*: no such file or directory"):
        load(str(tmp_path / "none"))
