"""What is fuzzed: one function per reader of foreign text, from bytes to nothing.

A target returns for every input, whatever it holds; what it raises is a finding. Beside "no crash" each states what must
hold of every input (its docstring says what). The same functions are run by ``run.py`` (coverage-guided, by hand), by
hypothesis and over the kept inputs (``tests/fuzz/test_fuzzing.py``).
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.inputs import headers as read_headers
from corscheck.cli.ask.targets import TargetFile
from corscheck.diagnosis.findings import without_asking
from corscheck.model.base_url import base_origin
from corscheck.model.masking import mask_header, mask_text, mask_url
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError, Probe
from corscheck.policy.load import load as load_policy
from corscheck.protocol import headers as lists
from corscheck.protocol import mime
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.protocol.heads import read_answer
from corscheck.protocol.origin import URLError, parse_url, same_site
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.replay import Recording
from corscheck.protocol.request import (
    CREDENTIALS_MODES,
    REDIRECT_MODES,
    REQUEST_MODES,
    Answer,
    Headers,
    HeldBack,
    HTTPRequest,
    HTTPResponse,
    NetworkError,
    RawHead,
)
from corscheck.protocol.safelist import unsafe_request_header_names
from corscheck.report.formats import registry
from corscheck.report.saved.baseline import read as read_baseline
from corscheck.report.saved.load import load as load_report
from corscheck.report.saved.resumable import ResumableReport
from corscheck.report.text import terminal
from corscheck.report.text.view import View
from corscheck.runner.conversation import fetch_request
from corscheck.runner.recorded import Terms
from corscheck.runner.result import Assembler
from corscheck.runner.sending import dress, may_send
from corscheck.runner.transcript import TranscriptJudge
from corscheck.sources import console
from corscheck.sources import curl as curl_source
from corscheck.sources import jsfetch as fetch_source
from corscheck.sources.har.recording import HARRecording as Recorded
from corscheck.sources.har.stream import Stream
from corscheck.sources.openapi import document as openapi_document
from corscheck.sources.openapi import operations as openapi_operations
from corscheck.sources.transcript import exchanges as transcript_source
from corscheck.transports.base import NetworkOptions
from corscheck.transports.curl.lines import read_head
from corscheck.transports.http.shield import shield, unshield
from corscheck.transports.routing import Router
from corscheck.transports.routing import split as split_url

Target = Callable[[bytes], None]
ENGINE_ORDER = tuple(ENGINES)
_LINE = re.compile(r"([^:\r\n]+): ?(.*)")


def header_lists(data: bytes) -> None:
    """Splitting loses nothing but blanks; a list that is extracted is made of tokens; a quoted comma does not separate."""
    text = data.decode("latin-1")
    fields = tuple(("X", line) for line in text.split("\n"))
    extracted = lists.extract_list(fields, "x")
    if isinstance(extracted, tuple):
        assert all(lists.is_token(element) for element in extracted)
        assert lists.first_bad_element(fields, "x") is None
    else:
        assert lists.first_bad_element(fields, "x") is not None
    pieces = lists.get_decode_split(fields, "X")
    assert pieces is not None
    joined = lists.get(fields, "x") or ""
    blank = str.maketrans("", "", " \t")
    assert ",".join(pieces).translate(blank) == joined.translate(blank)
    normal = lists.normalize_value(text)
    assert lists.normalize_value(normal) == normal
    unsafe_request_header_names(fields)
    assert unshield(shield(data)) == data


def mime_types(data: bytes) -> None:
    """An essence is the essence of itself, for the standard and for Firefox."""
    text = data.decode("latin-1")
    found = mime.essence(text)
    if found is not None:
        assert mime.essence(found) == found
        assert all(lists.is_token(part) for part in found.split("/"))
    gecko = mime.gecko_request_essence(text)
    if gecko:
        assert mime.gecko_request_essence(gecko) == gecko


def origins(data: bytes) -> None:
    """A URL serializes to itself; an origin that is let pass is what a page would send, and is the same when parsed."""
    text = data.decode("utf-8", "replace")
    try:
        url = parse_url(text)
    except URLError:
        pass
    else:
        assert parse_url(url.href).href == url.href
        assert url.href.isascii()
        if url.scheme in ("http", "https"):
            assert parse_url(url.origin).origin == url.origin
            same_site(url.origin, "https://app.example", lambda host: host)
    try:
        given = check_origin(text)
    except ConfigError as error:
        worded(error)
    else:
        assert given == text
        assert not re.search(r"[\s\x00]", given)


def policies(data: bytes) -> None:
    """A policy is loaded, or every complaint names file and line."""
    path = _scratch(data, "policy.toml")
    for env in (None, "staging"):
        try:
            loaded = load_policy(path, env=env, variables={"TOKEN": "t"})
        except ConfigError as error:
            placed(error)
        else:
            for matrix in loaded.checks:
                for probe in itertools.islice(matrix.probes(), 20):
                    assert check_origin(probe.origin) == probe.origin


def console_texts(data: bytes) -> None:
    """A console text is read, or refused in words; what is read has codes."""
    text = data.decode("utf-8", "replace")
    try:
        messages = console.parse(text)
    except console.ConsoleError as error:
        worded(error)
    else:
        assert messages
        console.codes(messages)


def curl_lines(data: bytes) -> None:
    """A curl command is understood, or refused with its place; it reads no file but through the reader given."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        for asked in curl_source.parse(text, lambda _: b"content", {"TOKEN": "t"}):
            assert asked.url is not None
            assert asked.method
    except ConfigError as error:
        worded(error)


def fetch_lines(data: bytes) -> None:
    """A copied ``fetch()`` call is understood, or refused in words."""
    text = data.decode("utf-8", "replace")
    fetch_source.is_fetch(text)
    try:
        for asked in fetch_source.parse(text):
            assert asked.url is not None
    except ConfigError as error:
        worded(error)


def openapi_documents(data: bytes) -> None:
    """A document gives operations that can be asked, or is refused in words."""
    try:
        document = openapi_document.read(data.decode("utf-8", "replace"), "openapi.json")
        for operation in itertools.islice(openapi_operations.operations(document, base="https://api.example"), 50):
            assert operation.method == operation.method.upper()
            assert parse_url(operation.url).scheme in ("http", "https")
    except ConfigError as error:
        worded(error)


def reports(data: bytes) -> None:
    """A saved report is read, or refused in words; what was read renders in every format."""
    for name in ("report.json", "report.jsonl"):
        path = _scratch(data, name)
        try:
            saved = load_report(str(path))
            for form in registry.WRITERS:
                "".join(registry.writer(form)(saved))
        except ConfigError as error:
            worded(error)


def transcripts(data: bytes) -> None:
    """What curl printed is read whatever it is: every exchange has a place, a method and a URL."""
    text = data.decode("utf-8", "surrogateescape")
    found = transcript_source.parse(text, {"TOKEN": "t"})
    for one in found.exchanges:
        assert one.line > 0
        assert one.method
        assert one.url
    for result in TranscriptJudge(found.exchanges, Terms(), "https://app.example").results():
        assert result.exchanges is not None


def har_files(data: bytes) -> None:
    """A recording is read, or refused with its place; in small JSON the stream sees what the JSON reader sees."""
    try:
        for found in Recorded(io.BytesIO(data), "x.har").requests():
            assert found.number > 0
            assert parse_url(found.url).scheme in ("http", "https")
    except ConfigError as error:
        worded(error)
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return
    log = whole.get("log") if isinstance(whole, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if isinstance(entries, list) and all(isinstance(e, dict) for e in entries) and data.count(b'"log"') == 1:
        if data.count(b'"entries"') != 1 or b"\\" in data:
            return
        try:
            assert list(Stream(io.BytesIO(data), "x.har").entries()) == entries
        except ConfigError as error:
            worded(error)


def baselines(data: bytes) -> None:
    """A baseline is read, or refused in words."""
    try:
        read_baseline(str(_scratch(data, "baseline.json")))
    except ConfigError as error:
        worded(error)


def target_files(data: bytes) -> None:
    """A list of targets is read, or every complaint names file and line; what passed the check can be asked."""
    with Inputs() as inputs:
        targets = TargetFile(str(_scratch(data, "targets")), inputs)
        try:
            count = targets.check(needs_origin=False)
        except ConfigError as error:
            placed(error, "targets")
        else:
            assert len(list(targets)) == count


def header_files(data: bytes) -> None:
    """A file of headers is read, or refused with its line; a value has no line break."""
    with Inputs() as inputs:
        try:
            found = read_headers([f"@{_scratch(data, 'headers')}"], inputs)
        except ConfigError as error:
            worded(error)
        else:
            assert not any("\n" in name + value for name, value in found)


def resumed_reports(data: bytes) -> None:
    """A report to continue is read, or refused in words; its whole lines end where it says."""
    path = _scratch(data, "resumed.jsonl")
    try:
        report = ResumableReport.of(str(path))
        found = list(report.objects())
    except ConfigError as error:
        worded(error)
    else:
        assert report.count == len(found)
        assert report.end <= len(data)


def network_options(data: bytes) -> None:
    """Routes and proxies are understood, or refused in words."""
    lines = [*data.decode("utf-8", "replace").split("\n"), "", "", "", ""]
    options = NetworkOptions(connect_to=(lines[0],), resolve=(lines[1],), proxy=lines[2], noproxy=lines[3])
    for one in (options, replace(options, connect_to=()), replace(options, resolve=()), replace(options, proxy=None)):
        try:
            Router(one).route(split_url("http://api.example/x"), base_origin(lines[4]))
        except ConfigError as error:
            worded(error)


def heads(data: bytes) -> None:
    """The head of a response is read, or refused in words; what was read has no line break."""
    head = read_head(data.splitlines(keepends=True) or [b""])
    if isinstance(head, str):
        assert head
    else:
        assert not any(mark in name + value for name, value in head.headers for mark in "\r\n\0")


def raw_heads(data: bytes) -> None:
    """A malformed response is read, rejected in words or left undecided; the engines that read it agree on the verdict."""
    for ended in (True, False):
        given = NetworkError("protocol", "It is malformed.", raw=RawHead(data, ended))
        for name, engine in ENGINES.items():
            request = HTTPRequest("actual", 0, "GET", ("http://api.example/",), (), "https://app.example")
            answer = read_answer(given, request, engine.rules, name, default_port=True, checked=True)
            again = read_answer(answer, request, engine.rules, name, default_port=True, checked=True)
            assert type(again) is type(answer)
            if isinstance(answer, NetworkError):
                assert answer.message.isprintable()
                continue
            assert answer.headers == again.headers
            assert all(lists.is_token(field) and not {"\n", "\0"} & set(value) for field, value in answer.headers)


def masking(data: bytes) -> None:
    """What is masked stays as it is when it is masked again; a mask takes out, it puts in nothing but itself."""
    text = data.decode("utf-8", "replace")
    name, _, value = text.partition(":")
    for mask in (mask_text, mask_url, lambda v: mask_header(name, v), lambda v: mask_header("Set-Cookie", v)):
        once = mask(value)
        # Where a login seems to begin depends on what was masked before it: there, masking again may take out more.
        assert mask(once) == once or "@" in once, (value, once, mask(once))


def fetches(data: bytes) -> None:
    """Any request and any answers come to a verdict, and to the same one by replay and with header lines in another order.

    The result of it is shown on a terminal without a character that could act there.
    """
    case = read_case(data)
    if case is None:
        return
    probe, answers = case
    live = answered(probe, answers)
    assert live.verdict in ("allowed", "blocked", "invalid", "inconclusive")
    # A request that would not go out in the same words is another question: the page's own headers stay as they are.
    assert_same(live, answered(probe, [reordered(answer) for answer in answers]))
    assert_same(live, run(fetch(fetch_request(probe), probe.engine), Recording(live.exchanges).answer))
    result = Assembler().result(probe, live, without_asking(probe, live))
    for line in terminal.render(result, View(verbose=True)):
        assert line.isprintable(), line


def worded(error: ConfigError) -> None:
    """A refusal says something."""
    assert str(error).strip()


def placed(error: ConfigError, name: str = "policy.toml") -> None:
    """Each complaint about a file names it; what goes on is indented, and a last line counts the rest."""
    head, *complaints = str(error).split("\n")
    assert all(name in line or line.startswith((" ", "and ")) for line in complaints or [head]), str(error)


def assert_same(one: Outcome, other: Outcome) -> None:
    """The same verdict, decided by the same step."""
    seen = [(o.verdict, o.failure.code if o.failure is not None else None) for o in (one, other)]
    assert seen[0] == seen[1], seen


def answered(probe: Probe, answers: list[Answer]) -> Outcome:
    """The outcome of a probe against a server that gives these answers in turn, the last one for ever."""
    given = iter(answers)
    last: list[Answer] = [NetworkError("connect", "nobody")]

    def answer(request: HTTPRequest) -> Answer:
        if not may_send(request, probe):
            return HeldBack()
        dress(request, probe)
        last[0] = next(given, last[0])
        return last[0]

    return run(fetch(fetch_request(probe), probe.engine), answer)


def reordered(answer: Answer) -> Answer:
    """The answer with its header lines sorted by name: lines of one name keep their order."""
    if not isinstance(answer, HTTPResponse):
        return answer
    return HTTPResponse(
        answer.status, tuple(sorted(answer.headers, key=lambda line: line[0].lower())), answer.reason, answer.body
    )


def read_case(data: bytes) -> tuple[Probe, list[Answer]] | None:
    """A probe and answers from text: the request's head, a blank line, then the answers' heads between blank lines.

    ``METHOD URL ORIGIN MODES``, where each letter of MODES chooses credentials, redirect mode, mode, engine; then header
    lines. An answer is a status (or ``!`` and a kind of error) and header lines. None: the input is not a case.
    """
    blocks = data.decode("latin-1").split("\n\n")
    first, *lines = blocks[0].split("\n")
    method, url, origin, modes = [*first.split(" "), "", "", "", ""][:4]
    choice = [ord(c) for c in (modes + "aaaaa")[:5]]
    try:
        check_origin(origin)
    except ConfigError:
        return None
    probe = Probe(
        url=url,
        origin=origin,
        method=method,
        headers=_headers(lines),
        credentials=CREDENTIALS_MODES[choice[0] % 3],
        redirect=REDIRECT_MODES[choice[1] % 3],
        mode=REQUEST_MODES[choice[2] % 3],
        engine=ENGINE_ORDER[choice[3] % len(ENGINE_ORDER)],
        send="always" if choice[4] % 2 else "auto",
    )
    return probe, [_answer(block.split("\n")) for block in blocks[1:9]] or [HTTPResponse(200, ())]


def _answer(lines: list[str]) -> Answer:
    status, _, reason = lines[0].partition(" ")
    if status.startswith("!"):
        return NetworkError("timeout", reason)
    number = int(status) if re.fullmatch("[0-9]{3}", status) else 200
    return HTTPResponse(max(number, 200), _headers(lines[1:]), reason, b"\x00evidence" if number >= 400 else b"")


def _headers(lines: list[str]) -> Headers:
    return tuple((found[1], found[2]) for line in lines if (found := _LINE.fullmatch(line)) is not None)


@cache
def _directory() -> str:
    memory = Path("/dev/shm")
    made = tempfile.mkdtemp(prefix="corscheck-fuzz-", dir=memory if memory.is_dir() else None)
    import atexit
    import shutil

    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _scratch(data: bytes, name: str) -> Path:
    path = Path(_directory(), f"{os.getpid()}-{name}")
    path.write_bytes(data)
    return path


TARGETS: dict[str, Target] = {
    "header-lists": header_lists,
    "mime-types": mime_types,
    "origins": origins,
    "policies": policies,
    "console-texts": console_texts,
    "curl-lines": curl_lines,
    "fetch-lines": fetch_lines,
    "openapi-documents": openapi_documents,
    "reports": reports,
    "baselines": baselines,
    "har-files": har_files,
    "transcripts": transcripts,
    "target-files": target_files,
    "header-files": header_files,
    "resumed-reports": resumed_reports,
    "network-options": network_options,
    "heads": heads,
    "raw-heads": raw_heads,
    "masking": masking,
    "fetches": fetches,
}


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with, and the ones that are kept as they once mattered."""
    yield from SEEDS.get(name, ())
    kept = Path(__file__).resolve().parents[1] / "data" / "fuzz" / name
    if kept.is_dir():
        for path in sorted(kept.iterdir()):
            yield path.read_bytes()


_POLICY = b"""base-url = "https://api.example.com"

[defaults]
origins = ["https://app.example.com"]
credentials = "include"

[env.staging]
base-url = "https://staging.example.com"

[[check]]
name = "reads"
urls = ["/data", "/me?x=${TOKEN}"]
methods = ["GET", "PUT"]
headers = { Authorization = "Bearer ${TOKEN}", X-Tenant = "7" }
expect = "blocked"

[[ignore]]
check = "reads"
reason = "known"
expires = 2030-01-01
"""
_CHROMIUM = (
    b"Access to fetch at 'http://api.example/data' from origin 'http://app.example' has been blocked by CORS policy: "
    b"Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is "
    b"present on the requested resource."
)
_FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
    "http://api.example/data. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200."
).encode()
_OPENAPI = {
    "openapi": "3.1.0",
    "servers": [
        {"url": "https://{host}.example/{v}", "variables": {"host": {"default": "api"}, "v": {"default": "1"}}}
    ],
    "components": {
        "schemas": {"T": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/T"}}}}
    },
    "paths": {
        "/x/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 3}}],
            "put": {
                "operationId": "x",
                "parameters": [
                    {"name": "X-A", "in": "header", "required": True, "schema": {"type": "string", "enum": ["b"]}}
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}},
                "security": [{"k": []}],
                "responses": {"200": {"headers": {"X-Total": {}}}},
            },
        }
    },
}
_ENTRY = {
    "startedDateTime": "2026-01-01T00:00:00.000Z",
    "time": 3.5,
    "request": {
        "method": "PUT",
        "url": "https://api.example/x",
        "headers": [{"name": "Origin", "value": "https://app.example"}, {"name": "X-A", "value": "1"}],
        "bodySize": 0,
    },
    "response": {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "h2",
        "headers": [{"name": "access-control-allow-origin", "value": "*"}],
        "content": {"size": 2, "text": "ok"},
    },
}
_HAR = {
    "log": {"version": "1.2", "creator": {"name": "WebInspector"}, "pages": [], "entries": [_ENTRY, {"request": {}}]}
}
_REPORT = {
    "schema_version": "1.0",
    "tool": {"name": "corscheck", "version": "1"},
    "summary": {"tested": 1},
    "probes": [{"url": "http://a.example/", "origin": "https://b.example", "verdict": "blocked", "steps": []}],
}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "header-lists": (b"GET, PUT,\tx-a\n*", b'"a,b\\"c", d\n', b",,a,,"),
    "mime-types": (b"text/plain;charset=UTF-8", b"multipart/form-data; boundary=x", b"text/plain,application/json"),
    "origins": (b"https://app.example", b"http://[::1]:3000", b"http://\xc3\xa9.example:80/", b"moz-extension://x", b"null"),
    "policies": (_POLICY,),
    "console-texts": (_CHROMIUM, _FIREFOX, b"Origin http://a.example is not allowed by Access-Control-Allow-Origin."),
    "curl-lines": (
        b"curl 'https://api.example/x' -X PUT -H 'Origin: https://app.example' -H \"X-A: 1\" --data-raw $'a\\nb' -k",
        b"curl https://a.example \\\n  -u a:b -b c=d -F file=@x --resolve a.example:443:127.0.0.1 -m 3; curl b.example -G -d x",
    ),
    "fetch-lines": (
        b'fetch("https://api.example/x", {"headers": {"x-a": "1"}, "body": null, "method": "PUT", "credentials": "include"});',
        b"await fetch('https://a.example', {headers: new Headers([['a', 'b']]), body: JSON.stringify({a: 1}), mode: 'cors'})",
    ),
    "openapi-documents": (
        json.dumps(_OPENAPI).encode(),
        b"openapi: 3.0.0\npaths:\n  /a: &a\n    get: {responses: {}}\n  /b: *a\n",
    ),
    "transcripts": tuple(
        path.read_bytes() for path in sorted((Path(__file__).resolve().parents[1] / "data" / "transcript").glob("curl-*"))
    ),
    "har-files": (
        json.dumps(_HAR).encode(),
        json.dumps(_HAR, indent=1).encode(),
    ),
    "baselines": (
        json.dumps(_REPORT).encode(),
        json.dumps(_REPORT, indent=1).encode(),
        b'{"schema_version": "1.0", "tool": {}}\n{"url": "http://a/", "verdict": "blocked", "findings": [{"code": "C"}]}\n',
    ),
    "reports": (
        json.dumps(_REPORT).encode(),
        b'{"schema_version": "1.0", "tool": {}}\n{"url": "http://a/", "verdict": "allowed"}\n{"summary": {}}\n',
    ),
    "target-files": (
        b"http://a.example/\n# none\n\n{\"url\": \"b.example\", \"headers\": {\"A\": \"1\"}, \"mode\": \"cors\"}\n",
        b'{"url": "http://a/", "headers": [["A", "1"]], "body": "x", "expected": "blocked", "origin": "http://b"}',
    ),
    "header-files": (b"X-A: 1\r\nX-B;\n\nC: \xff\n",),
    "resumed-reports": (
        b'{"schema_version":"1.0","tool":{"name":"corscheck","version":"1"}}\n{"url":"http://a/"}\n{"summary":{"total":1}}\n',
    ),
    "network-options": (
        b"api.example:80:b.example:81\napi.example:80:127.0.0.1\nhttp://u:p@proxy.example:3128\n.b.example,10.0.0.0/8\nhttp://c:1",
    ),
    "heads": (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nX: a\t b \r\n folded\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/2 204\r\nvary: origin\r\n\r\n",
    ),
    "raw-heads": (
        b"xxHTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin : *\r\nX(A): 1\r\n folded\r\nContent-Length: 5, 5\r\n\r\n",
        b"HTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 200abc\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n",
    ),
    "masking": (b"Authorization: Bearer abc", b"Location: https://u:p@a.example/?token=x&b=1#sig=y", b"Cookie: a=b; c"),
    "fetches": (
        b"""PUT https://api.example/x https://app.example aaab
X-A: 1

204
Access-Control-Allow-Origin: *
Access-Control-Allow-Methods: PUT
Access-Control-Allow-Headers: x-a
Access-Control-Max-Age: 60

200 OK
Access-Control-Allow-Origin: *
""",
        b"""GET http://api.example/x http://app.example caac
Authorization: Basic eA==

302
Location: //b.example/
Access-Control-Allow-Origin: http://app.example
Access-Control-Allow-Credentials: true

200
Access-Control-Allow-Origin: null
Age: 7
Cache-Control: max-age=60
Server: nginx
""",
    ),
}  # fmt: skip
