"""Which headers of a copied request are the page's own: by what browsers asked for in their own preflights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corscheck.protocol.preflight import unsafe_names
from corscheck.sources.author_headers import Sorted, sort

RECORDED = Path(__file__).resolve().parents[1] / "data" / "curl" / "browser-requests.json"
ROWS: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))
CHROME = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
URL = "https://api.example.com/x"


def sorted_(row: dict[str, Any]) -> Sorted:
    return sort([(name, value) for name, value in row["headers"]], row["method"], row["url"])


def name_of(row: dict[str, Any]) -> str:
    told = {name.lower(): value for name, value in row["headers"]}
    return f"{row['browser']} {told['sec-fetch-mode']} {told['sec-fetch-dest']} {row['url'].rpartition('/')[2]}"


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_only_what_the_browsers_preflight_asked_for_needs_a_preflight(row: dict[str, Any]) -> None:
    assert ",".join(unsafe_names(sorted_(row).author)) == row["asked"]


def test_the_recordings_have_every_kind_of_request() -> None:
    kinds = {(row["browser"], dict(row["headers"]).get("Sec-Fetch-Mode") or dict(row["headers"]).get("sec-fetch-mode"))
             for row in ROWS}  # fmt: skip
    assert {(b, m) for b in ("chromium", "firefox") for m in ("cors", "no-cors", "navigate", "same-origin")} <= kinds


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_the_mode_is_the_browsers(row: dict[str, Any]) -> None:
    found = sorted_(row)
    mode = next(value for name, value in row["headers"] if name.lower() == "sec-fetch-mode")
    if mode in ("navigate", "websocket"):
        assert found.not_cors is not None
        assert found.mode is None
    else:
        assert found.not_cors is None
        assert found.mode == (mode if mode != "cors" else None)


@pytest.mark.parametrize(
    "header",
    [
        ("Alt-Used", "api.example.com"), ("X-Client-Data", "CIa2yQE="), ("Upgrade-Insecure-Requests", "1"),
        ("Sec-GPC", "1"), ("DNT", "1"), ("Priority", "u=1, i"), ("Save-Data", "on"), ("TE", "trailers"),
        ("Sec-CH-UA", '"Chromium";v="126"'), ("Sec-CH-UA-Platform-Version", '"6"'), ("Device-Memory", "8"), ("DPR", "2"),
        ("Viewport-Width", "1280"), ("RTT", "50"), ("Downlink", "10"), ("ECT", "4g"), ("Purpose", "prefetch"),
        ("X-Moz", "prefetch"), ("X-Purpose", "preview"), ("Early-Data", "1"), ("Cache-Control", "max-age=0"),
        ("X-Requested-With", "com.example.shop"), ("X-Playback-Session-Id", "0A"), ("Available-Dictionary", ":pZGm1A=:"),
        ("Attribution-Reporting-Eligible", "event-source"), ("Service-Worker", "script"), ("Intervention", "<https://x>"),
    ],
)  # fmt: skip
def test_a_header_that_browsers_add_is_not_the_pages(header: tuple[str, str]) -> None:
    assert sort([CHROME, header], "GET", URL).author == ()


@pytest.mark.parametrize(
    "header", [("Alt-Used", "x"), ("Priority", "u=1"), ("DPR", "2"), ("Cache-Control", "max-age=0")]
)
def test_typed_by_hand_it_is_the_pages(header: tuple[str, str]) -> None:
    assert sort([header], "GET", URL).author == (header,)


def test_the_cache_that_devtools_disable() -> None:
    both = [("Pragma", "no-cache"), ("Cache-Control", "no-cache")]
    assert sort([CHROME, *both], "GET", URL).author == ()
    # One of them alone is what script set.
    assert sort([CHROME, both[1]], "GET", URL).author == (both[1],)


def test_what_script_sets_stays() -> None:
    own = (("X-Requested-With", "XMLHttpRequest"), ("X-Tenant", "7"), ("Range", "bytes=0-0,2-2"))
    fetch = [CHROME, ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
    assert sort([*fetch, *own], "GET", URL).author == own
    media = [CHROME, ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "video"), ("Range", "bytes=0-")]
    assert sort(media, "GET", URL).author == ()


def test_event_streams_have_their_own_headers() -> None:
    stream = [CHROME, ("Accept", "text/event-stream"), ("Cache-Control", "no-cache"), ("Last-Event-ID", "a(b")]
    assert unsafe_names(sort(stream, "GET", URL).author) == ()


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")], "a navigation"),
        ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], "the navigation of a frame"),
        ([("Sec-WebSocket-Key", "x"), ("Upgrade", "websocket")], "a WebSocket handshake"),
        ([CHROME, ("Accept", "text/html, */*; q=0.01")], None),
        ([("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], None),
    ],
)
def test_what_cors_does_not_decide_about(headers: list[tuple[str, str]], what: str | None) -> None:
    assert sort(headers, "GET", URL).not_cors == what


def test_a_navigation_of_a_browser_before_fetch_metadata_gets_a_note() -> None:
    (note,) = sort([CHROME, ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")], "GET", URL).notes
    assert "its Accept is that of a navigation" in note
    assert sort([CHROME, ("Accept", "text/html, */*; q=0.01")], "GET", URL).notes == ()
