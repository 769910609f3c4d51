"""Applications in process: what goes in, what comes out, and what becomes of applications that misbehave, as tables."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from corscheck.model.app_error import AppError
from corscheck.protocol.request import EVIDENCE_BYTES, HTTPResponse, NetworkError
from corscheck.transports.app.asgi import ASGITransport, AsyncASGITransport
from corscheck.transports.app.wsgi import WSGITransport
from corscheck.transports.base import DRAIN_BYTES, MAX_HEADER_BYTES, WireRequest

URL = "http://app.localhost/a%2fb/c?d=%20e"
LONG = b"n" * (EVIDENCE_BYTES + 500)


class Direct:
    """A synchronous transport."""

    def __init__(self, transport: ASGITransport | WSGITransport) -> None:
        self.transport = transport

    def send(self, request: WireRequest, timeout: float = 5.0) -> HTTPResponse | NetworkError:
        return self.transport.send(request, time.monotonic() + timeout)

    def close(self) -> None:
        self.transport.close()


class Awaited:
    """An asynchronous one, in a loop of its own."""

    def __init__(self, transport: AsyncASGITransport) -> None:
        self.runner = asyncio.Runner()
        self.transport = transport
        self.open = True
        self.runner.run(transport.start(5))

    def send(self, request: WireRequest, timeout: float = 5.0) -> HTTPResponse | NetworkError:
        return self.runner.run(self.transport.send(request, time.monotonic() + timeout))

    def close(self) -> None:
        if self.open:
            self.open = False
            self.runner.run(self.transport.aclose())
            self.runner.close()


ASGI: dict[str, Callable[..., Direct | Awaited]] = {
    "asgi": lambda *a: Direct(ASGITransport(*a)),
    "asgi-async": lambda *a: Awaited(AsyncASGITransport(*a)),
}
WSGI: dict[str, Callable[..., Direct | Awaited]] = {
    "wsgi": lambda *a: Direct(WSGITransport(*a)),
}


def carrier_of(
    kinds: dict[str, Callable[..., Direct | Awaited]], name: str
) -> Iterator[Callable[..., Direct | Awaited]]:
    made: list[Direct | Awaited] = []

    def make(*arguments: object) -> Direct | Awaited:
        made.append(kinds[name](*arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=list(ASGI))
def asgi(request):
    yield from carrier_of(ASGI, request.param)


@pytest.fixture(params=list(WSGI))
def wsgi(request):
    yield from carrier_of(WSGI, request.param)


def get(url: str = URL, method: str = "GET", **more: object) -> WireRequest:
    return WireRequest(method, url, (("Origin", "null"), ("X-a", "\xe4"), ("x-A", "2")), **more)  # type: ignore[arg-type]


# Applications, one table for each interface: messages or a function, and what must come of it.


def start(status: object = 200, headers: object = ((b"A", b"1"),)) -> dict[str, object]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: object = b"", more: bool = False) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def saying(*messages: object) -> Callable[..., object]:
    """An application that sends these messages; an exception among them is raised, a number is slept."""

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await receive()
        for message in messages:
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, (int, float)):
                await asyncio.sleep(message)
            else:
                await send(message)

    return app


async def endless(scope, receive, send):
    assert scope["type"] == "http"
    await send(start())
    while True:
        await send(body(b"x" * 1000, more=True))


async def waits_for_the_end(scope, receive, send):
    """As Starlette's streaming responses do: it listens for the client to go."""
    assert scope["type"] == "http"
    await receive()
    await send(start())
    await send(body(b"x"))
    assert (await receive())["type"] == "http.disconnect"


@dataclass(frozen=True)
class Case:
    app: object
    status: int | None = 200
    headers: tuple[tuple[str, str], ...] | None = (("A", "1"),)
    body: bytes = b""
    body_error: str | None = None
    kind: str | None = None
    words: str = ""
    method: str = "GET"
    timeout: float = 5.0


SERVER_ERROR = (
    ("content-type", "text/plain; charset=utf-8"),
    ("content-length", "21"),
    ("connection", "close"),
)


def failed(app: object, words: str) -> Case:
    """uvicorn's answer for an application that has none."""
    return Case(app, 500, SERVER_ERROR, words=words)


ASGI_CASES = {
    "an answer": Case(saying(start(), body(b"hello"))),
    "wire order, case, duplicates, bytes": Case(
        saying(start(200, [(b"Vary", b"a"), (b"vary", b"\xe4"), [b"A", b" 1\t"]]), body()),
        headers=(("Vary", "a"), ("vary", "\xe4"), ("A", "1")),
    ),
    "no headers": Case(saying({"type": "http.response.start", "status": 204}, body()), 204, ()),
    "a redirect is an answer": Case(saying(start(302), body()), 302),
    "the body of a failed answer is kept in part": Case(
        saying(start(404), body(LONG)), 404, body=LONG[:EVIDENCE_BYTES]
    ),
    "in parts": Case(saying(start(404), body(b"a", True), body(b"b")), 404, body=b"ab"),
    "HEAD has no body": Case(saying(start(404), body(b"abc")), 404, method="HEAD"),
    "it listens for the end": Case(waits_for_the_end),
    "an endless body": Case(endless),
    "a body that does not come": Case(saying(start(), body(b"a", True), 60.0)),
    "no response": failed(saying(), "returned without a response"),
    "raises": failed(
        saying(RuntimeError("broken\nin two")), "raised RuntimeError: broken in two (test_inprocess.py, line"
    ),
    "SystemExit": failed(saying(SystemExit(3)), "raised SystemExit: 3"),
    "the body first": failed(saying(body(b"a")), "Expected ASGI message 'http.response.start'"),
    "raises after its head": Case(saying(start(), ValueError("late")), body_error="raised ValueError: late"),
    "raises after its answer": Case(
        saying(start(500), body(b"No"), ValueError("late")), 500, words="raised ValueError: late"
    ),
    "returns before its end": Case(saying(start(), body(b"a", True)), body_error="ended it too early"),
    "a body shorter than said": Case(
        saying(start(200, [(b"Content-Length", b"5")]), body(b"abc")),
        headers=(("Content-Length", "5"),),
        body_error="3 bytes of 5",
    ),
    "sends its head twice": Case(
        saying(start(), start(201), body()), body_error="Expected ASGI message 'http.response.body'"
    ),
    "goes on after its end": Case(saying(start(), body(b"a"), body(b"b"))),
    "text for headers": Case(
        saying(start(200, [("A", "1")]), body()), None, kind="app", words="made of str, not of bytes"
    ),
    "a line break in a value": Case(
        saying(start(200, [(b"A", b"1\r\nB: 2")]), body()), None, kind="app", words="no server"
    ),
    "a Content-Length of 5,000 digits": Case(
        saying(start(200, [(b"Content-Length", b"9" * 5000)]), body()), None, kind="app", words="a Content-Length that"
    ),
    "a Content-Length that is none": Case(
        saying(start(200, [(b"Content-Length", b"-1")]), body()), None, kind="app", words="a Content-Length that"
    ),
    "a blank in a name": Case(saying(start(200, [(b"A b", b"1")]), body()), None, kind="app", words="whose name"),
    "headers that are not pairs": Case(saying(start(200, [b"A: 1"]), body()), None, kind="app", words="not a pair"),
    "headers that are not a list": Case(saying(start(200, 7), body()), None, kind="app", words="not a list"),
    "a status that is none": Case(saying(start("200 OK"), body()), None, kind="app", words="status"),
    "a head beyond 256 KiB": Case(
        saying(start(200, [(b"A", b"v" * MAX_HEADER_BYTES)]), body()), None, kind="app", words="256 KiB"
    ),
    "silence": Case(saying(60.0), None, kind="timeout", words="did not respond within 0.3 s", timeout=0.3),
    "only websockets": failed(saying(AssertionError("http is not served")), "raised AssertionError"),
}


def starting(*parts: object, status: object = "200 OK", headers: object = (("A", "1"),)) -> Callable[..., object]:
    """A WSGI application that starts its response and gives these parts; exceptions are raised, numbers slept."""

    def app(environ, start_response):
        start_response(status, list(headers) if isinstance(headers, tuple) else headers)
        for part in parts:
            if isinstance(part, BaseException):
                raise part
            if isinstance(part, (int, float)):
                time.sleep(part)
            else:
                yield part

    return app


def without_start(environ, start_response):
    return [b"a"]


def raising(environ, start_response):
    raise RuntimeError("broken")


def exits(environ, start_response):
    raise SystemExit(3)


def writes(environ, start_response):
    write = start_response("404 Not Found", [("A", "1")])
    write(b"a")
    return [b"b"]


def starts_twice(environ, start_response):
    start_response("200 OK", [("A", "1")])
    start_response("201 Created", [("A", "1")])
    return []


def corrects_itself(environ, start_response):
    start_response("200 OK", [("A", "0")])
    try:
        int("no number")
    except ValueError:
        start_response("503 Busy", [("A", "1")], sys.exc_info())
    return [b"busy"]


def endless_parts(environ, start_response):
    start_response("200 OK", [("A", "1")])
    while True:
        yield b"x" * 1000


WSGI_CASES = {
    "an answer": Case(starting(b"hello")),
    "wire order, case, duplicates, bytes": Case(
        starting(headers=(("Vary", "a"), ("vary", "\xe4"), ("A", "1"))),
        headers=(("Vary", "a"), ("vary", "\xe4"), ("A", "1")),
    ),
    "the body of a failed answer is kept in part": Case(
        starting(LONG, status="404 No"), 404, body=LONG[:EVIDENCE_BYTES]
    ),
    "HEAD has no body": Case(starting(b"abc", status="404 No"), 404, method="HEAD"),
    "write": Case(writes, 404, body=b"ab"),
    "corrects itself": Case(corrects_itself, 503, body=b"busy"),
    "an endless body": Case(endless_parts),
    "a body that does not come": Case(starting(b"a", 3.0)),
    "no start_response": failed(without_start, "did not call start_response"),
    "raises": failed(raising, "raised RuntimeError: broken (test_inprocess.py, line"),
    "raises before a part of the body": failed(starting(ValueError("late")), "raised ValueError: late"),
    "raises in its body": Case(starting(b"a", ValueError("late")), body_error="raised ValueError: late"),
    "SystemExit": failed(exits, "raised SystemExit: 3"),
    "starts twice": failed(starts_twice, "start_response was called a second time"),
    "text for a body": Case(starting(b"a", "text"), body_error="is str, not bytes"),
    "bytes for headers": Case(starting(headers=((b"A", "1"),)), None, kind="app", words="made of bytes and str"),
    "characters that are not bytes": Case(starting(headers=(("A", "\u20ac"),)), None, kind="app", words="not bytes"),
    "a line break in a value": Case(starting(headers=(("A", "1\r\nB: 2"),)), None, kind="app", words="no server"),
    "a Content-Length of 5,000 digits": Case(
        starting(headers=(("Content-Length", "9" * 5000),)), None, kind="app", words="a Content-Length that no server"
    ),
    "headers that are not a list": Case(starting(headers=7), None, kind="app", words="not a list"),
    "a status that is none": Case(starting(status="fine"), None, kind="app", words="status"),
    "silence": Case(starting(1.0, b"a"), None, kind="timeout", words="did not respond within 0.3 s", timeout=0.3),
}


def judge(case: Case, carrier: Direct | Awaited) -> None:
    before = time.monotonic()
    answer = carrier.send(get(method=case.method), case.timeout)
    took = time.monotonic() - before
    assert took < 2.5, "neither hangs nor endless bodies may cost the deadline"
    if case.kind is not None:
        assert isinstance(answer, NetworkError), answer
        assert (answer.kind, case.words in answer.message) == (case.kind, True), answer
        assert answer.message.isprintable()
        assert answer.message.endswith(".")
    else:
        assert isinstance(answer, HTTPResponse), answer
        assert (answer.status, answer.headers) == (case.status, case.headers)
        note = answer.body.partition(b"[in process: ")[2].decode()
        assert (case.words in note, bool(case.words)) == (True, bool(note)), answer.body
        if not case.words:
            assert answer.body == case.body
        assert (answer.body_error is None) == (case.body_error is None), answer.body_error
        assert (case.body_error or "") in (answer.body_error or "")
        assert before <= answer.at <= time.monotonic()
    assert answer.sent[0] == ("Host", "app.localhost")


@pytest.mark.parametrize("name", ASGI_CASES)
def test_asgi(asgi, name):
    judge(ASGI_CASES[name], asgi(ASGI_CASES[name].app))


@pytest.mark.parametrize("name", WSGI_CASES)
def test_wsgi(wsgi, name):
    judge(WSGI_CASES[name], wsgi(WSGI_CASES[name].app))


def test_the_scope_is_what_a_server_gives(asgi):
    seen = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        seen.append((scope, await receive()))
        await send(start())
        await send(body())

    asgi(app).send(get(method="patch", body=b"\xff"))
    ((scope, message),) = seen
    assert message == {"type": "http.request", "body": b"\xff", "more_body": False}
    assert (scope["method"], scope["scheme"], scope["http_version"]) == ("patch", "http", "1.1")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/b/c", b"/a%2fb/c", b"d=%20e")
    assert scope["server"] == ("app.localhost", 80)
    assert scope["headers"] == [
        (b"host", b"app.localhost"),
        (b"content-length", b"1"),
        (b"origin", b"null"),
        (b"x-a", b"\xe4"),
        (b"x-a", b"2"),
    ]


def test_the_environ_is_what_a_server_gives(wsgi):
    seen = []

    def app(environ, start_response):
        seen.append({**environ, "read": environ["wsgi.input"].read()})
        start_response("200 OK", [])
        return []

    wsgi(app).send(get(method="PUT", body=b"\xff"))
    (environ,) = seen
    expected = {
        "REQUEST_METHOD": "PUT", "SCRIPT_NAME": "", "PATH_INFO": "/a/b/c", "QUERY_STRING": "d=%20e",
        "SERVER_NAME": "app.localhost", "SERVER_PORT": "80", "HTTP_HOST": "app.localhost", "CONTENT_LENGTH": "1",
        "HTTP_ORIGIN": "null", "HTTP_X_A": "\xe4,2", "wsgi.url_scheme": "http", "read": b"\xff",
    }  # fmt: skip
    assert {name: environ[name] for name in expected} == expected


APPS = {"asgi": saying(start(), body()), "wsgi": starting(b"")}


@pytest.mark.parametrize("name", [*ASGI, *WSGI])
def test_what_is_not_handed_over(name):
    app = APPS[name.partition("-")[0]]
    for carrier in carrier_of(ASGI | WSGI, name):
        inside = carrier(app, {"app.localhost"})
        for request, kind, words in (
            (WireRequest("GET", URL, (("X", "a\nb"),)), "protocol", "cannot be sent"),
            (WireRequest("BAD METHOD", URL, ()), "protocol", "cannot be sent"),
            (WireRequest("GET", "https://login.example/", ()), "app", "nothing was sent there"),
        ):
            answer = inside.send(request)
            assert isinstance(answer, NetworkError)
            assert (answer.kind, words in answer.message, answer.sent) == (kind, True, ())
        late = inside.send(get(), -1)
        assert isinstance(late, NetworkError)
        assert late.kind == "timeout"
        assert isinstance(inside.send(get()), HTTPResponse)


def test_work_after_the_answer_goes_on_and_is_waited_for(asgi):
    done = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await send(start())
        await send(body())
        await asyncio.sleep(0.2)
        done.append(True)

    carrier = asgi(app)
    before = time.monotonic()
    assert isinstance(carrier.send(get()), HTTPResponse)
    assert time.monotonic() - before < 0.15
    carrier.close()
    assert done == [True]


def test_an_application_that_blocks_its_loop():
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        time.sleep(1)

    transport = ASGITransport(app)
    answer = transport.send(get(), time.monotonic() + 0.2)
    assert isinstance(answer, NetworkError)
    assert (answer.kind, "blocks its event loop" in answer.message) == ("timeout", True)
    time.sleep(1)
    transport.close()


def test_much_that_is_read_is_not_kept(wsgi):
    sent = 0

    def app(environ, start_response):
        nonlocal sent
        start_response("500 No", [("Content-Length", "104857600")])
        for _ in range(1600):
            sent += 65536
            yield b"x" * 65536

    answer = wsgi(app).send(get())
    assert isinstance(answer, HTTPResponse)
    assert (answer.body, answer.body_error) == (b"x" * EVIDENCE_BYTES, None)
    assert sent <= DRAIN_BYTES + 2 * 65536


# The lifespan


def lifespan(
    events: list[str], *, up: str = "startup.complete", down: str = "shutdown.complete"
) -> Callable[..., object]:
    async def app(scope, receive, send):
        if scope["type"] == "http":
            events.append(f"request, pool {scope['state']['pool']}")
            await send(start())
            return await send(body())
        scope["state"]["pool"] = 7
        for wanted, said in (("lifespan.startup", up), ("lifespan.shutdown", down)):
            assert (await receive())["type"] == wanted
            events.append(wanted)
            if said == "hang":
                await asyncio.sleep(60)
            if said == "raise":
                raise ValueError("no database")
            if said == "exit":
                raise SystemExit(5)
            await send({"type": f"lifespan.{said}", "message": "no database" if "failed" in said else ""})
            if "failed" in said:
                return None
        return None

    return app


def test_the_lifespan_is_around_the_requests(asgi):
    events: list[str] = []
    carrier = asgi(lifespan(events))
    carrier.send(get())
    carrier.send(get())
    carrier.close()
    assert events == ["lifespan.startup", "request, pool 7", "request, pool 7", "lifespan.shutdown"]


@pytest.mark.parametrize(
    ("up", "words"),
    [
        ("startup.failed", "the application failed while starting:\nno database"),
        ("hang", "did not start within 0.3 s"),
    ],
)
def test_a_startup_that_fails(up, words):
    with pytest.raises(AppError) as caught:
        ASGITransport(lifespan([], up=up), start_timeout=0.3)
    assert words in str(caught.value)


@pytest.mark.parametrize("up", ["raise", "exit"])
def test_who_raises_at_the_lifespan_does_not_support_it(up):
    """As uvicorn's ``--lifespan auto`` has it."""
    transport = ASGITransport(saying(start(), body()) if up == "raise" else lifespan([], up="exit"))
    answer = transport.send(get(), time.monotonic() + 5)
    assert isinstance(answer, HTTPResponse)
    transport.close()


@pytest.mark.parametrize(
    ("down", "words"),
    [
        ("shutdown.failed", "failed while stopping:\nno database"),
        ("raise", "ValueError: no database"),
        ("hang", "did not stop within 0.3 s"),
    ],
)
def test_a_shutdown_that_fails(down, words):
    transport = ASGITransport(lifespan([], down=down), start_timeout=0.3)
    assert isinstance(transport.send(get(), time.monotonic() + 5), HTTPResponse)
    with pytest.raises(AppError) as caught:
        transport.close()
    assert words in str(caught.value)
    transport.close()
