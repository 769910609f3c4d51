"""The views of one result: as the sketches of DESIGN section 7 have them, at 80 columns, without colour."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from corscheck.model.result import Observation, Result
from corscheck.report.text.rows import table
from corscheck.report.text.terminal import render
from corscheck.report.text.view import View
from tests.report import samples


@pytest.mark.parametrize("name", samples.SINGLE)
def test_view(name: str, snapshot: SnapshotAssertion) -> None:
    assert "\n".join(render(samples.SINGLE[name], View())) == snapshot


@pytest.mark.parametrize("name", ["header-refused", "preflight-only", "connection-refused"])
def test_verbose_view(name: str, snapshot: SnapshotAssertion) -> None:
    assert "\n".join(render(samples.SINGLE[name], View(verbose=True))) == snapshot


@pytest.mark.parametrize("name", samples.SINGLE)
def test_quiet_line(name: str, snapshot: SnapshotAssertion) -> None:
    said = str(samples.SINGLE[name])
    assert "\n" not in said
    assert said == snapshot


@pytest.mark.parametrize("name", samples.SINGLE)
@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_fits(name: str, width: int) -> None:
    """Nothing is wider than the terminal but what must not be broken: console texts, URLs, values in full."""
    result = samples.SINGLE[name]
    for text in render(result, View(width=width)):
        if len(text) > width:
            assert text.startswith(("Access to fetch", "Cross-Origin", "   ")) or "://" in text, text


def test_wide_terminals_show_longer_values() -> None:
    assert "accept, accept-language, content-language" in "\n".join(table(samples.HEADER_REFUSED, 140))


def test_colour_changes_no_word() -> None:
    import re

    for result in samples.SINGLE.values():
        colored = "\n".join(render(result, View(color=True)))
        assert "\x1b[" in colored
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == "\n".join(render(result, View()))


def test_why_the_credentials_mode_is_include() -> None:
    lines = render(samples.WILDCARD, View(because="implied by -u"))
    assert lines[1] == f"from {samples.PAGE}, credentials include (implied by -u), as Chromium"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Observation("chromium", "156.0", "allowed", agrees=True), "  seen   Chromium 156.0 was seen to do the same."),
        (
            Observation("edge", "1", "blocked", agrees=False, differences=("verdict: blocked, predicted allowed",)),
            "  SEEN   Edge 1 was seen to differ. Please report this.\n         - verdict: blocked, predicted allowed",
        ),
        (
            Observation("firefox", "", "inconclusive", error="no Firefox is installed"),
            "  seen   Firefox could not be tested: no Firefox is installed",
        ),
    ],
)
def test_observations(seen: Observation, said: str) -> None:
    assert said in "\n".join(render(replace(samples.ALLOWED, observed=seen), View()))


def _circumstances(result: Result) -> str:
    return " ".join(render(result, View())[1:3])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "no-cors"}, "mode no-cors"),
        ({"redirect": "manual"}, "redirect manual"),
        ({"body": 1}, "a body of 1 byte,"),
        ({"body": 12}, "a body of 12 bytes,"),
        ({"engine": "standard"}, "by the standard"),
    ],
)
def test_what_is_not_the_default_is_said(changes: dict[str, object], said: str) -> None:
    assert said in _circumstances(replace(samples.ALLOWED, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("basic", "same origin, CORS is not involved"),
        ("opaque", "can read nothing of the response"),
        ("opaqueredirect", "an opaque-redirect"),
    ],
)
def test_what_the_page_can_read(kind: str, said: str) -> None:
    from corscheck.model.result import ReadResponse

    response = ReadResponse(kind, 0, samples.URL, redirected=False)
    shown = " ".join(" ".join(render(replace(samples.ALLOWED, response=response), View())).split())
    assert said in shown


def test_a_readable_error_is_called_one() -> None:
    from corscheck.model.result import ReadResponse

    response = ReadResponse("cors", 404, samples.URL, redirected=False)
    lines = render(replace(samples.ALLOWED, response=response, readable_headers=()), View())
    assert "ALLOWED (404)  The page can read this response, a 404; of its headers none." in lines


@pytest.mark.parametrize("kind", ["dns", "tls", "timeout", "protocol", "too-large", "proxy", "app"])
def test_every_kind_of_error_says_what_to_do(kind: str) -> None:
    from corscheck.model.result import ErrorRecord

    lines = render(replace(samples.REFUSED, error=ErrorRecord(kind, "What happened.")), View())
    at = next(i for i, text in enumerate(lines) if text.startswith("INCONCLUSIVE  No response: What happened."))
    assert lines[at + 1].startswith(" " * 14)
