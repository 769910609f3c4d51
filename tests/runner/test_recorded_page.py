"""One page recorded by six tools: what ``corscheck har`` says of each request against what the page saw of it."""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from corscheck.model.result import Result
from corscheck.runner.recorded import Judge, Terms
from corscheck.sources.har.recording import HARRecording

DATA = Path(__file__).resolve().parents[1] / "data" / "har" / "one-page"
SEEN: dict[str, str] = json.loads((DATA / "results.json").read_text("utf-8"))
VERDICTS = {"allowed": "read", "blocked": "blocked"}
OTHERS = {
    "/star?c=1": "starcred", "/etag": "etag1", "/cached": "cached1", "/ok?h=1": "head", "/pfok?j=1": "postjson",
    "/x": "closed", "/ok?pt=1": "posttext", "/mod.js": "mod", "/ok?worker=1": "worker", "/ok?frame=1": "frame",
    "/star?sb=1": "sandbox", "/ok?xhr=1": "xhr",
}  # fmt: skip
"""What the page calls a request that it does not call by its path."""

STAR = "the recording does not show whether the page sent credentials"
NO_ANSWER = "The recording contains no response to the"
NO_PREFLIGHT = "The preflight is not in the recording"
ON_THE_WIRE = {"star": STAR, "starcred": STAR, "redirx": STAR}
UNDECIDED = {
    "firefox_devtools": ON_THE_WIRE,
    "mitm_chromium": ON_THE_WIRE,
    "mitm_firefox": ON_THE_WIRE,
    # Playwright writes neither preflights nor the answers that were blocked.
    "pw_omit": {
        **dict.fromkeys(("none", "starcred", "500", "redirn", "redirb"), NO_ANSWER),
        **dict.fromkeys(("pf403", "pfnohdr", "pfthen", "pfredir"), NO_PREFLIGHT),
    },
    "puppeteer_har": {"pfthen": "that request is not in the recording"},
    # chrome-har gives an entry the headers of another one, and leaves out what was blocked.
    "chrome_har": {
        "etag1": "a stored response is still valid",
        "redirx": "The browser let the page read this",
        "redirb": "is not in the recording",
    },
}
"""What cannot be told, and why."""

NOT_JUDGED = {"abort", "cached2", "etag2", "nocors", "pfok2", "same", "ws"}
"""Not across origins, not in mode cors, or the second request to a URL."""

ABSENT: dict[str, AbstractSet[str]] = {
    "firefox_devtools": set(),
    # A browser that knows of a bad port asks no proxy.
    "mitm_chromium": {"closed"},
    "mitm_firefox": {"closed"},
    "pw_omit": {"sandbox"},
    "puppeteer_har": SEEN.keys() - {"mod", "pf403", "pflong", "pfnohdr", "pfok", "pfthen", "postjson"},
    "chrome_har": {"500", "closed", "none", "pfredir", "pfthen", "redirn", "starcred", "worker"},
}
"""What the producer left out, or puppeteer-har tells no mode of."""


def name_of(result: Result) -> str | None:
    """The page's name of a request; None of the image, which it does not speak of."""
    url = urlsplit(result.url)
    path = url.path + (f"?{url.query}" if url.query and url.path != "/pflong" else "")
    return None if path == "/img?co=1" else OTHERS.get(path, path.removeprefix("/"))


@pytest.mark.parametrize("file", sorted(path.stem for path in DATA.glob("*.har")))
def test_no_verdict_differs_from_what_the_page_saw(file: str) -> None:
    with (DATA / f"{file}.har").open("rb") as opened:
        results = list(Judge(HARRecording(opened, file), Terms()).results())
    undecided: dict[str, str] = {}
    decided = set()
    for result in results:
        name = name_of(result)
        if result.verdict == "inconclusive":
            assert name is not None
            assert result.reason is not None
            undecided[name] = result.reason.message
        else:
            seen = "read" if name is None else SEEN[name].removeprefix("frame ").replace("ok", "read")
            assert VERDICTS[result.verdict] == seen, (name, result.reason)
            decided.add(name)
    assert undecided.keys() == UNDECIDED[file].keys()
    for name, message in undecided.items():
        assert re.search(re.escape(UNDECIDED[file][name]), message), name
    assert decided - {None} == SEEN.keys() - NOT_JUDGED - ABSENT[file] - undecided.keys()


@pytest.mark.parametrize("file", ["firefox_devtools", "mitm_chromium", "mitm_firefox"])
@pytest.mark.parametrize(("mode", "name"), [("include", "starcred"), ("omit", "star")])
def test_who_knows_the_credentials_mode_can_tell(file: str, mode: str, name: str) -> None:
    with (DATA / f"{file}.har").open("rb") as opened:
        results = list(Judge(HARRecording(opened, file), Terms(credentials=mode)).results())  # type: ignore[arg-type]
    verdicts = {name_of(result): result.verdict for result in results}
    assert VERDICTS[verdicts[name]] == SEEN[name]
