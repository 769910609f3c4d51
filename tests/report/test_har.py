"""The HAR that a report is written as: valid by the published schemas, masked, and every exchange that was sent is in it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator, ValidationError

from corscheck.report.saved.saved import Saved
from tests.report import samples
from tests.report.saved_reports import EVERYTHING, saved, text

SCHEMAS = Path(__file__).resolve().parents[1] / "data" / "schemas" / "har-1.2"


def validator() -> Draft6Validator:
    """The schemas refer to each other by their file names."""
    with warnings.catch_warnings():
        # Its URIs have an empty fragment, which newer libraries remark on.
        warnings.simplefilter("ignore")
        from referencing import Registry
        from referencing.jsonschema import DRAFT6

        files = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
        resources = [(name, DRAFT6.create_resource({**schema, "$id": name})) for name, schema in files.items()]
        return Draft6Validator(files["har.json"], registry=Registry().with_resources(resources))


def har(report: Saved) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text("har", report))
    validator().validate(found)
    return found


def test_every_sample_is_valid() -> None:
    log = har(saved(EVERYTHING))["log"]
    sent = [e for r in EVERYTHING for e in r.exchanges if not e.held_back]
    assert len(log["entries"]) == len(sent) > 10
    assert [e["request"]["url"] for e in log["entries"]] == [e.request.url.partition("#")[0] for e in sent]


def test_the_schemas_refuse_what_is_wrong() -> None:
    """A check that cannot fail checks nothing."""
    found = har(saved([samples.ALLOWED]))
    del found["log"]["entries"][0]["request"]["headers"][0]["name"]
    with pytest.raises(ValidationError):
        validator().validate(found)


def test_an_entry() -> None:
    (entry,) = har(saved([samples.WILDCARD]))["log"]["entries"]
    exchange = samples.WILDCARD.exchanges[0]
    assert exchange.response is not None
    assert entry["startedDateTime"] == "2023-11-14T22:13:20.250Z"
    assert entry["response"]["status"] == exchange.response.status
    assert [(h["name"], h["value"]) for h in entry["response"]["headers"]] == list(exchange.response.headers)
    assert [(h["name"], h["value"]) for h in entry["request"]["headers"]] == list(exchange.request.headers)
    assert entry["comment"] == f"probe 1 from {samples.WILDCARD.origin}, actual, verdict blocked (CORS302)"


def test_a_reproducible_report_has_no_times() -> None:
    (entry,) = har(saved([samples.WILDCARD], run=None))["log"]["entries"]
    assert (entry["startedDateTime"], entry["time"]) == ("1970-01-01T00:00:00.000Z", 0)


def test_what_was_not_answered_says_so() -> None:
    (entry,) = har(saved([samples.REFUSED]))["log"]["entries"]
    assert (entry["response"]["status"], entry["response"]["headers"]) == (0, [])
    assert entry["_error"]


def test_an_empty_report_is_one_too() -> None:
    assert har(saved())["log"]["entries"] == []
