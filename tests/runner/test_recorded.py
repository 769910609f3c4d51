"""Recorded traffic judged: a real Chromium's against what it did, Firefox's form, caches, redirects, what is missing."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from corscheck.cli.demo.endpoints import ENDPOINTS
from corscheck.model.result import Result
from corscheck.runner.recorded import Judge, Terms
from corscheck.sources.har.recording import HARRecording

DATA = Path(__file__).resolve().parents[1] / "data" / "har"
APP, API = "https://app.example", "https://api.example"


def judge(data: bytes, terms: Terms | None = None, page: str | None = None) -> list[Result]:
    return list(Judge(HARRecording(io.BytesIO(data), "f.har", page), terms or Terms()).results())


def sample(name: str) -> list[Result]:
    return judge((DATA / name).read_bytes())


# ---------------------------------------------------------------------- recordings


def test_a_real_chromium_is_judged_as_it_did() -> None:
    """The verdicts that the browser gave when it was recorded stand in the file's comment."""
    text = (DATA / "chromium.har").read_text()
    seen = re.findall(r"(\w+) (/\S+) (allowed|blocked)", json.loads(text)["log"]["comment"])
    found = [(r.method, r.url.removeprefix("http://localhost:8765"), r.verdict) for r in sample("chromium.har")]
    assert found == seen
    assert len(seen) == len(ENDPOINTS)


def test_the_reasons_are_those_that_the_demo_was_made_for() -> None:
    codes = {e.path: e.code for e in ENDPOINTS}
    for result in sample("chromium.har"):
        path = result.url.removeprefix("http://localhost:8765")
        assert (result.reason.code if result.reason is not None else None) == codes[path], path
        assert result.gate == ("chromium",)


def test_firefox() -> None:
    found = sample("firefox.har")
    assert [(r.method, r.url.rpartition("/")[2], r.verdict, r.engine, r.gate) for r in found] == [
        ("GET", "orders", "allowed", "firefox", ("firefox",)),
        ("PUT", "7", "allowed", "firefox", ("firefox",)),
        ("PUT", "7", "allowed", "firefox", ("firefox",)),
        ("DELETE", "8", "blocked", "firefox", ("firefox",)),
        ("GET", "profile", "blocked", "firefox", ("firefox",)),
    ]
    first, again, profile = found[1], found[2], found[4]
    assert [e.kind for e in first.exchanges] == ["preflight", "actual"]
    # The second PUT came 28 seconds later, and the preflight may be kept for 600.
    assert [e.kind for e in again.exchanges] == ["actual"]
    assert again.steps[0].message == "not sent: cached (method PUT, header content-type, header x-tenant)"
    assert (profile.credentials, profile.reason.code if profile.reason else None) == ("include", "CORS302")
    assert "s3cr3t" not in json.dumps([r.to_dict() for r in found])


# ---------------------------------------------------------------------- by hand

ALLOW = {"Access-Control-Allow-Origin": APP}
PERMIT = {**ALLOW, "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "x-a, authorization"}


def entry(
    method: str = "GET", path: str = "/a", sent: dict[str, str] | None = None, status: int = 200,
    came: dict[str, str] | None = None, at: float = 0.0, error: str | None = None, origin: str = APP,
) -> dict[str, Any]:  # fmt: skip
    headers = {"Origin": origin, "Sec-Fetch-Mode": "cors", **(sent or {})}
    return {
        "startedDateTime": f"2026-01-01T00:{int(at // 60):02d}:{at % 60:06.3f}Z",
        "time": 1,
        "request": {
            "method": method,
            "url": API + path,
            "headers": [{"name": n, "value": v} for n, v in headers.items()],
        },
        "response": {
            "status": status,
            "headers": [{"name": n, "value": v} for n, v in (came or {}).items()],
            "_error": error,
        },
    }


def preflight(method: str = "PUT", names: str = "", **parts: Any) -> dict[str, Any]:
    sent = {"Access-Control-Request-Method": method} | ({"Access-Control-Request-Headers": names} if names else {})
    return entry("OPTIONS", sent=sent, **parts)


def har(*entries: dict[str, Any], creator: str = "WebInspector") -> bytes:
    return json.dumps({"log": {"creator": {"name": creator}, "entries": list(entries)}}).encode()


def one(*entries: dict[str, Any], terms: Terms | None = None, creator: str = "WebInspector") -> Result:
    (result,) = judge(har(*entries, creator=creator), terms)
    return result


def reason(result: Result) -> str:
    assert result.reason is not None
    return result.reason.message


@pytest.mark.parametrize("order", [0, 1])
def test_a_preflight_is_found_before_and_behind_its_request(order: int) -> None:
    both = [preflight(names="x-a", came=PERMIT, at=0.1), entry("PUT", sent={"X-A": "1"}, came=ALLOW)]
    result = one(*(both if order else reversed(both)))
    assert (result.verdict, [e.kind for e in result.exchanges]) == ("allowed", ["preflight", "actual"])


def test_the_nearest_preflight_is_taken_and_each_once() -> None:
    found = judge(har(
        preflight(came=PERMIT, at=1), entry("PUT", came=ALLOW, at=1.1),
        preflight(came=ALLOW, at=20, status=500), entry("PUT", at=20.1, status=0, error="net::ERR_FAILED"),
    ))  # fmt: skip
    assert [r.verdict for r in found] == ["allowed", "blocked"]


def test_a_preflight_of_another_page_is_not_taken() -> None:
    result = judge(har(preflight(came=PERMIT, origin="https://other.example"), entry("PUT", came=ALLOW, at=0.1)))[1]
    assert result.steps[0].message.startswith("from the preflight cache, or not recorded")


def test_a_preflight_that_is_not_recorded() -> None:
    """The request went out, so it had its permission; its own answer decides, either way."""
    allowed, blocked = one(entry("PUT", came=ALLOW)), one(entry("PUT", came={"X-A": "1"}, error="net::ERR_FAILED"))
    for result, verdict in ((allowed, "allowed"), (blocked, "blocked")):
        assert result.verdict == verdict
        assert result.steps[0].message == "from the preflight cache, or not recorded (method PUT)"
        assert [e.kind for e in result.exchanges] == ["actual"]


def test_neither_preflight_nor_answer() -> None:
    result = one(entry("PUT", status=0, error="net::ERR_FAILED"))
    assert (result.verdict, result.exchanges) == ("inconclusive", ())
    assert (
        reason(result)
        == "The preflight is not in the recording: it was in the preflight cache, or the browser did not record it."
    )
    assert result.reason is not None
    assert result.reason.code == "CORS911"


def test_a_preflight_that_expired_in_the_cache_is_missed() -> None:
    permit = {**PERMIT, "Access-Control-Max-Age": "10"}
    found = judge(
        har(
            preflight(came=permit),
            entry("PUT", came=ALLOW, at=0.1),
            entry("PUT", came=ALLOW, at=9),
            entry("PUT", came=ALLOW, at=30),
        )
    )
    assert [r.steps[0].message for r in found[1:]] == [
        "not sent: cached (method PUT)", "from the preflight cache, or not recorded (method PUT)",
    ]  # fmt: skip


def test_a_preflight_alone() -> None:
    """If it passes, the request that it permits may have been blocked: puppeteer-har leaves such a request out."""
    result = one(preflight(names="x-a", came=PERMIT))
    assert (result.verdict, result.method, result.headers) == ("inconclusive", "PUT", (("x-a", "1"),))
    assert reason(result) == "The preflight allows PUT, but that request is not in the recording."
    assert one(preflight(came=ALLOW, status=404)).verdict == "blocked"


def test_what_was_left_out_as_secret_is_known_from_the_preflight() -> None:
    result = one(
        preflight("PUT", "authorization,x-a", came=PERMIT), entry("PUT", sent={"X-A": "1"}, came=ALLOW, at=0.1)
    )
    assert (result.verdict, [name for name, _ in result.headers]) == ("allowed", ["X-A", "authorization"])


def test_what_the_preflight_did_not_name_was_not_the_pages() -> None:
    result = one(
        preflight(names="x-a", came=PERMIT), entry("PUT", sent={"X-A": "1", "X-Client-Data": "2"}, came=ALLOW, at=0.1)
    )
    assert (result.verdict, result.headers) == ("allowed", (("X-A", "1"),))


def test_redirects_are_followed_in_the_recording() -> None:
    there = entry(path="/b", came={"Access-Control-Allow-Origin": APP}, at=0.1)
    result = one(entry(status=302, came={**ALLOW, "Location": "/b"}), there)
    assert (result.verdict, [e.request.url for e in result.exchanges]) == ("allowed", [f"{API}/a", f"{API}/b"])
    lost = one(entry(status=302, came={**ALLOW, "Location": "/elsewhere"}), creator="Firefox")
    assert (lost.verdict, reason(lost)) == (
        "inconclusive",
        f"The GET request for {API}/elsewhere is not in the recording.",
    )
    assert len(lost.exchanges) == 1


def test_the_credentials_mode_under_which_the_browser_did_what_it_did() -> None:
    star = {"Access-Control-Allow-Origin": "*"}
    assert one(entry(came=star)).credentials == "same-origin"
    explained = one(entry(came=star, error="net::ERR_FAILED"))
    assert (explained.verdict, explained.credentials) == ("blocked", "include")
    told = one(entry(came=star), terms=Terms(credentials="include"))
    assert (told.verdict, told.credentials) == ("blocked", "include")


def test_where_the_recording_contradicts_itself_nothing_is_claimed() -> None:
    good = {**ALLOW, "Access-Control-Allow-Credentials": "true"}
    failed = one(entry(came=good, error="net::ERR_FAILED"))
    assert (failed.verdict, reason(failed)) == (
        "inconclusive", "The browser reports net::ERR_FAILED, but the recorded responses alone would allow the request.",
    )  # fmt: skip
    passed = one(entry(came={"X-A": "1"}))
    assert passed.verdict == "inconclusive"
    assert reason(passed).startswith(
        "The browser let the page read this response, but the recorded headers do not allow it"
    )
    # Firefox's say nothing of what was blocked: there the answers alone decide.
    assert one(entry(came={"X-A": "1"}), creator="Firefox").verdict == "blocked"
    assert one(entry(came=good, error="net::ERR_ABORTED")).verdict == "allowed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("net::ERR_CONNECTION_REFUSED", "CORS902"),
        ("net::ERR_NAME_NOT_RESOLVED", "CORS901"),
        ("net::ERR_CERT_DATE_INVALID", "CORS903"),
        ("net::ERR_TIMED_OUT", "CORS904"),
        ("net::ERR_EMPTY_RESPONSE", "CORS905"),
        ("net::ERR_BLOCKED_BY_CLIENT", "CORS911"),
        (None, "CORS911"),
    ],
)
def test_no_answer(error: str | None, code: str) -> None:
    result = one(entry(status=0, error=error))
    assert (result.verdict, result.reason.code if result.reason is not None else None) == ("inconclusive", code)


def test_an_answer_without_its_headers_is_none() -> None:
    assert one(entry(status=200)).verdict == "inconclusive"


def test_engines() -> None:
    assert one(entry(came=ALLOW), creator="Charles").engine == "chromium"
    chosen = one(entry(came=ALLOW), terms=Terms(engine="standard", gate=("standard", "firefox")))
    assert (chosen.engine, chosen.gate) == ("standard", ("standard", "firefox"))


def test_a_long_recording_is_read_in_a_window() -> None:
    """A preflight belongs to its request however many come before and behind."""
    many = [entry(path=f"/{n}", came=ALLOW, at=n / 100) for n in range(2000)]
    many[1500:1500] = [preflight(came=PERMIT, at=15), entry("PUT", came=ALLOW, at=15.01)]
    found = judge(har(*many))
    assert len(found) == 2001
    assert [r.index for r in found] == list(range(2001))
    assert [len(r.exchanges) for r in found if r.method == "PUT"] == [2]


def test_a_recorded_preflight_of_a_simple_request_was_forced() -> None:
    """Script listened to upload progress. A failed one blocks (seen in all three browsers), and is not "not needed"."""
    asked = {"Access-Control-Request-Method": "POST"}
    post = entry("POST", sent={"Content-Type": "text/plain"}, came={"Access-Control-Allow-Origin": "*"}, at=1.0)
    failed = entry("POST", sent={"Content-Type": "text/plain"}, status=0, came={}, at=1.0, error="net::ERR_FAILED")
    refused = one(entry("OPTIONS", sent=asked, status=403, came={"Content-Length": "0"}), failed)
    assert (refused.upload_listener, refused.preflight.sent, refused.verdict) == (True, True, "blocked")
    good = one(entry("OPTIONS", sent=asked, status=204, came={"Access-Control-Allow-Origin": "*"}), post)
    assert (good.upload_listener, good.preflight.sent, good.verdict) == (True, True, "allowed")
