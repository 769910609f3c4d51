"""HAR files as a stream: what is kept, what is dropped, what is wrong by line and byte."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.sources.found import SourceError
from corscheck.sources.har import stream
from corscheck.sources.har.entries import HAREntry, engine_of, entry
from corscheck.sources.har.plain import _CHUNK as CHUNK
from corscheck.sources.har.stream import Stream

APP, API = "https://app.example", "https://api.example/data"


def read(text: str | bytes) -> tuple[list[Any], Stream]:
    data = text.encode() if isinstance(text, str) else text
    opened = Stream(io.BytesIO(data), "f.har")
    return list(opened.entries()), opened


def made(**parts: Any) -> dict[str, Any]:
    """An entry; ``headers`` are the request's."""
    headers = parts.pop("headers", {"Origin": APP, "Sec-Fetch-Mode": "cors"})
    request = {"method": "GET", "url": API, "headers": [{"name": n, "value": v} for n, v in headers.items()]}
    return {"request": request | parts.pop("request", {}), "response": {"status": 200, "headers": []}, **parts}


def one(**parts: Any) -> HAREntry:
    found = entry(made(**parts), 1, {}, None)
    assert isinstance(found, HAREntry)
    return found


# ---------------------------------------------------------------------- the stream


def test_what_stands_beside_the_entries() -> None:
    entries, opened = read('\ufeff{"x": [1, {"log": {}}], "log": {"version": "1.2", "entries": [{"a": 1}, 7, {"b": "\\"]"}], '
                           '"creator": {"name": "c"}, "other": null}, "y": -1.5e3}')  # fmt: skip
    assert entries == [{"a": 1}, {"b": '"]'}]
    assert opened.head == {"version": "1.2", "creator": {"name": "c"}}
    assert opened.dropped == 1


@pytest.mark.parametrize("size", [stream.LONGEST_TEXT - 8, stream.LONGEST_TEXT + 8, 3 * CHUNK, 5 * CHUNK + 1])
@pytest.mark.parametrize("content", ["x", '"', "\\", '\\"', "é\n", '{"a": ["b\\\\"]}'])
def test_long_texts_are_dropped_and_all_else_is_kept(size: int, content: str) -> None:
    text = (content * (size // len(content) + 1))[:size]
    before = [{"n": number, "t": 'a\\"b\u2028', "u": text} for number in range(3)]
    entries, _ = read(json.dumps({"log": {"entries": before}}))
    long = len(json.dumps(text)) - 2 > stream.LONGEST_TEXT
    assert entries == [{**e, "u": "" if long else text} for e in before]


def test_an_entry_that_is_large_all_the_same_is_passed_over() -> None:
    many = {"_webSocketMessages": ["x" * 1000] * (stream.LARGEST_ENTRY // 1000)}
    entries, opened = read(json.dumps({"log": {"entries": [{"a": 1}, many, {"b": 2}]}}))
    assert entries == [{"a": 1}, {"b": 2}]
    assert opened.dropped == 1


TEXT = json.dumps({"log": {"entries": [{"a": "é€" * 100_000}, {"b": "\u2028" * 9}]}}, ensure_ascii=False)
AS_READ = [{"a": ""}, {"b": "\u2028" * 9}]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT.encode()),
        # Several members, as `cat a.gz b.gz` makes them, and what Python's GzipFile appends.
        gzip.compress(TEXT[:50].encode()) + gzip.compress(TEXT[50:].encode()),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        gzip.compress(TEXT.encode("utf-16")),
        gzip.compress(gzip.compress(TEXT.encode())),
    ],
    ids=["gzip", "members", "utf-16", "utf-16-be", "le without a mark", "be without a mark", "utf-8", "both", "twice"],
)
@pytest.mark.parametrize("size", [1, 4099, 1 << 30])
def test_compressed_and_recoded_files(data: bytes, size: int) -> None:
    opened = Stream(Dripping(data, max(size, len(data) // 3000)), "f.har")  # type: ignore[arg-type]
    assert list(opened.entries()) == AS_READ


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04rest", "f.har: no HAR file: it is a ZIP archive. Unpack it and pass the file in it"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"BZh9", "compressed with bzip2"),
        (b"\xfd7zXZ", "compressed with xz"),
        (gzip.compress(TEXT.encode())[:-9], "f.har: cannot decompress gzip: the file ends too early"),
        (b"\x1f\x8bnonsense", "f.har: cannot decompress gzip: "),
        (TEXT.encode("utf-16")[:-1], "f.har: not UTF-16: "),
        ('{"log": "\ud800x"}'.encode("utf-16", "surrogatepass"), "f.har: not UTF-16: "),
    ],
)
def test_what_cannot_be_decoded(data: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(data)
    assert message in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4), max_size=4), st.integers(1, 9), st.booleans())
def test_any_json_comes_as_it_is_whatever_the_pieces(entries: list[Any], chunk: int, spaced: bool) -> None:
    text = json.dumps({"log": {"entries": entries}}, indent=2 if spaced else None, ensure_ascii=spaced)
    opened = Stream(Dripping(text.encode("utf-8", "surrogatepass"), chunk), "f")  # type: ignore[arg-type]
    assert list(opened.entries()) == entries


class Dripping:
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = io.BytesIO(data), size

    def read(self, _: int) -> bytes:
        return self.data.read(self.size)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.har, line 1, byte 0: no HAR file: expected a JSON object"),
        ("[]", "f.har, line 1, byte 0: no HAR file: expected a JSON object"),
        ("{}", "f.har, line 1, byte 2: no HAR file: it has no 'log'"),
        ('{"log": []}', "f.har, line 1, byte 8: no HAR file: 'log' must be an object"),
        ('{"log": {}}', "no HAR file: it has no 'log.entries'"),
        ('{"log": {"entries": {}}}', "f.har, line 1, byte 20: no HAR file: 'log.entries' must be a list"),
        ('{"log": {"entries": [\n{"a": 1},\n{"a": tru}]}}', "f.har, line 3, byte 32: no JSON: expecting value"),
        ('{"log": {"entries": [\n{"a": 1}', "f.har, line 2, byte 30: expected ']', found the end of the file"),
        ('{"log": {"entries": [{"a": 1', "f.har, line 1, byte 28: the file ends too early"),
        ('{"log": {"entries": [{"a": "1', "f.har, line 1, byte 29: the file ends within a text"),
        ('{"log": {"entries": [{"a": [}]}]}}', "f.har, line 1, byte 28: '}' closes nothing"),
        ('{"log": {"entries": []}} x', "f.har, line 1, byte 25: something follows the end of the JSON object"),
        ("{1: 2}", "f.har, line 1, byte 1: expected a name in quotes"),
        ('{"a": }', "f.har, line 1, byte 6: expected a value"),
        ('{"log": {"entries": [' + "[" * 300, "nested too deeply"),
        ('{"log": {"entries": [{"a": "\x01"}]}}', "f.har, line 1, byte 21: no JSON: invalid control character at"),
        (b'{"log": {"entries": [{"a": "\xff"}]}}', "f.har, line 1, byte 21: no JSON: "),
    ],
)
def test_what_cannot_be_read(text: str | bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert message in str(caught.value)


PIECES = ['{"log": ', '{"entries": ', "[", "]", "{", "}", '"', "\\", ",", ":", "1", "true", " ", "\n", '"a": ', "é"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_no_text_breaks_it_and_only_json_is_taken(text: str) -> None:
    try:
        read(text)
    except SourceError as error:
        said = str(error)
    else:
        said = ""
        json.loads(text)
    assert said.startswith("f.har, line ") or not said


# ---------------------------------------------------------------------- entries


def test_an_entry() -> None:
    found = one(
        startedDateTime="2026-01-02T03:04:05.250Z",
        time=12.5,
        request={"method": "POST", "postData": {"text": "é"}, "httpVersion": "h2"},
        response={
            "status": 200,
            "statusText": "OK",
            "headers": [{"name": "X-A", "value": "1"}, {"name": ":status", "value": "2"}],
        },
        _error="net::ERR_FAILED",
    )
    assert (found.method, found.url, found.origin, found.status, found.answer) == (
        "POST",
        API,
        APP,
        200,
        (("X-A", "1"),),
    )
    assert (found.at, found.elapsed_ms, found.body, found.error) == (1767323045.25, 12.5, 2, "net::ERR_FAILED")


@pytest.mark.parametrize(
    ("parts", "origin"),
    [
        ({"headers": {"Origin": "null", "Sec-Fetch-Mode": "cors"}}, "null"),
        ({"headers": {"Referer": APP + "/x", "Sec-Fetch-Mode": "cors"}}, APP),
        ({"headers": {"Sec-Fetch-Mode": "cors"}, "pageref": "page_1"}, "https://page.example"),
        ({"headers": {}, "_resourceType": "xhr", "_initiator": {"url": APP + "/a.js"}}, APP),
        (
            {
                "headers": {},
                "_resourceType": "fetch",
                "_initiator": {"stack": {"callFrames": [{"url": ""}, {"url": APP + "/"}]}},
            },
            APP,
        ),
        ({"headers": {"origin": APP}}, APP),
    ],
)
def test_the_pages_origin(parts: dict[str, Any], origin: str) -> None:
    found = entry(made(**parts), 1, {"page_1": "https://page.example/x"}, None)
    assert isinstance(found, HAREntry)
    assert found.origin == origin


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"headers": {"Origin": "https://api.example", "Sec-Fetch-Mode": "cors"}}, "same-origin"),
        ({"headers": {"Sec-Fetch-Mode": "cors"}}, "same-origin"),
        ({"headers": {"Origin": APP, "Sec-Fetch-Mode": "no-cors"}}, "not-cors"),
        ({"headers": {"Origin": APP, "Sec-Fetch-Mode": "navigate"}}, "not-cors"),
        ({"headers": {"Origin": APP}, "_resourceType": "document"}, "not-cors"),
        ({"headers": {"Origin": APP, "Accept": "text/html,application/xhtml+xml"}}, "not-cors"),
        ({"headers": {"Referer": APP + "/", "Host": "api.example"}}, "not-cors"),
        ({"headers": {"Referer": APP + "/", "Host": "api.example"}, "request": {"method": "PUT"}}, "not-cors"),
        ({"headers": {"Referer": APP + "/"}, "_resourceType": "image"}, "not-cors"),
        # puppeteer-har leaves out the headers that the network stack adds, and the type.
        ({"headers": {"Referer": APP + "/"}}, "unknown-mode"),
        ({"headers": {}, "_resourceType": "fetch"}, "unnamed-page"),
        ({"headers": {"Origin": "moz-extension://0cf3-11", "Sec-Fetch-Mode": "cors"}}, "extension"),
        ({"headers": {"Origin": "chrome-extension://abcd"}}, "extension"),
        ({"headers": {"Origin": APP}, "_resourceType": "websocket"}, "not-cors"),
        ({"headers": {"Origin": APP, "Upgrade": "WebSocket"}}, "not-cors"),
        ({"headers": {"Origin": APP, "Sec-WebSocket-Key": "x"}}, "not-cors"),
        ({"headers": {"Origin": APP}, "response": {"status": 101}}, "not-cors"),
        ({"request": {"url": "wss://api.example/socket"}}, "not-cors"),
        ({"request": {"url": "data:text/plain,x"}}, "not-cors"),
        ({"request": {"url": "nonsense"}}, "unreadable"),
        ({"request": {"url": None}}, "unreadable"),
        ({"request": {"method": 7}}, "unreadable"),
    ],
)
def test_what_is_passed_over(parts: dict[str, Any], why: str) -> None:
    found = entry(made(**parts), 1, {}, None)
    assert (found.skipped if isinstance(found, HAREntry) else found) == why


@pytest.mark.parametrize(
    ("method", "data", "length"),
    [
        ("POST", {"text": "é"}, 2),
        ("POST", {"mimeType": "", "text": ""}, 0),
        ("POST", None, None),
        # Firefox 43 to 54, Fiddler, Insomnia and Polly.JS write one for every request.
        ("GET", {"mimeType": "", "text": ""}, None),
        ("HEAD", {"mimeType": "", "params": []}, None),
    ],
)
def test_the_body(method: str, data: dict[str, Any] | None, length: int | None) -> None:
    assert one(request={"method": method, "postData": data}).body == length


@pytest.mark.parametrize(
    ("agent", "engine"),
    [
        ("X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "firefox"),
        ("X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "chromium"),
        ("Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "webkit"),
        ("iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148", "webkit"),
        ("curl/8.14.1", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_engine_by_the_user_agent(agent: str, engine: str | None) -> None:
    assert (
        one(headers={"Origin": APP, "User-Agent": agent if engine is None else f"Mozilla/5.0 ({agent}"}).engine
        == engine
    )


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"_error": "net::ERR_FAILED"}, "net::ERR_FAILED"),
        ({"response": {"status": 0, "headers": [], "_error": "net::ERR_FAILED"}}, "net::ERR_FAILED"),
        ({"response": {"status": -1, "headers": [], "_failureText": "NS_ERROR_DOM_BAD_URI"}}, "NS_ERROR_DOM_BAD_URI"),
        ({"response": {"status": 200, "headers": [], "_error": None}}, None),
    ],
)
def test_the_browsers_error(parts: dict[str, Any], error: str | None) -> None:
    assert one(**parts).error == error


def test_a_header_that_is_written_twice_was_sent_once() -> None:
    """chrome-har writes the headers that script sees, and then those that were sent."""
    headers = [
        ("Content-Type", "text/plain"),
        ("Origin", APP),
        ("content-type", "text/plain"),
        ("X-A", "1"),
        ("X-A", "2"),
    ]
    found = one(request={"headers": [{"name": n, "value": v} for n, v in headers]})
    assert found.headers == (("content-type", "text/plain"), ("Origin", APP), ("X-A", "1"), ("X-A", "2"))


@pytest.mark.parametrize(
    ("creator", "browser", "engine"),
    [
        ("WebInspector", None, "chromium"),
        ("Firefox", "Firefox", "firefox"),
        ("WebKit Web Inspector", None, "webkit"),
        ("Playwright", "firefox", "firefox"),
        ("Playwright", "chromium", "chromium"),
        ("Charles Proxy", None, None),
    ],
)
def test_whose_recording_it_is(creator: str, browser: str | None, engine: str | None) -> None:
    head: dict[str, Any] = {"creator": {"name": creator}}
    assert engine_of(head | ({"browser": {"name": browser}} if browser else {})) == engine


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["request", "response", "_error", "_initiator", "time", "startedDateTime", "pageref", "_resourceType",
                         "_corscheck"]),
        JSON | st.dictionaries(st.sampled_from(["method", "url", "headers", "status", "postData", "bodySize"]),
                               JSON | st.sampled_from([API, "GET", [{"name": "Origin", "value": APP}]])),
    )
)  # fmt: skip
def test_no_entry_breaks_it(found: dict[str, Any]) -> None:
    made_of_it = entry(found, 1, {}, APP)
    assert isinstance(made_of_it, HAREntry) or made_of_it in ("not-cors", "unreadable")
