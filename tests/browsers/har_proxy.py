"""A recording proxy before one server: each origin is a port of the proxy, which writes a HAR of what passes through."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corscheck.browsers.listeners import Listeners
from tests.browsers.har_cases import AFTER_LOGIN, AT_ONCE, BEFORE_LOGIN, CASES, Answer, Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SCRIPT = (Path(__file__).parent / "har_page.js").read_text("utf-8")
_FRAME = "<script src=/page.js></script><script>report(location.hash.slice(1))</script>"
_WORKER = "onmessage = (event) => viaFetch(...event.data).then(postMessage);"
_CONTENT = {
    "image": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "events": b"data: 1\n\n",
    "module": b"export default 1",
}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Head:
    """The start line and the headers of a message."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        line, *lines = data[:-4].decode("latin-1").split("\r\n")
        self.words = line.split(" ", 2)
        self.headers = [(name, value.strip()) for name, _, value in (text.partition(":") for text in lines)]
        self.values = {name.lower(): value for name, value in self.headers}

    @property
    def length(self) -> int:
        return int(self.values.get("content-length", "0"))

    @property
    def pairs(self) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in self.headers]


class RecordingProxy:
    """``async with`` starts proxy and server. ``seen`` is what the page saw, by case, once ``finished`` is set."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.seen: dict[str, str] = {}
        self.finished = asyncio.Event()
        self.origins: dict[str, str] = {}
        self._listeners = Listeners()
        self._counts: dict[str, int] = {}

    async def __aenter__(self) -> RecordingProxy:
        self._server = await self._listeners.listen(self._answer)
        # Ports do not separate sites, so the third origin has another host.
        for name, host in (("page", "localhost"), ("api", "localhost"), ("third", "127.0.0.1")):
            port = await self._listeners.listen(lambda r, w, at=name: self._forward(at, r, w))
            self.origins[name] = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listeners.close()

    @property
    def har(self) -> dict[str, Any]:
        return {"log": {"version": "1.2", "creator": {"name": "a proxy", "version": "1"}, "entries": self.entries}}

    # ------------------------------------------------------------------ the proxy

    async def _forward(self, origin: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = Head(await reader.readuntil(b"\r\n\r\n"))
            started = datetime.datetime.now(datetime.UTC)
            body = await reader.readexactly(request.length)
            there = await asyncio.open_connection("127.0.0.1", self._server)
            try:
                there[1].write(request.data + body)
                response = Head(await there[0].readuntil(b"\r\n\r\n"))
                content = await there[0].readexactly(0 if request.words[0] == "HEAD" else response.length)
                gone = reader.at_eof()
                self._note(self.origins[origin], request, body, None if gone else response, started)
                if gone:
                    return
                writer.write(response.data + content)
                await writer.drain()
                if response.words[1] == "101":
                    await reader.read()
                    return
            finally:
                there[1].transport.abort()

    def _note(self, base: str, request: Head, body: bytes, response: Head | None, at: datetime.datetime) -> None:
        took = (datetime.datetime.now(datetime.UTC) - at).total_seconds() * 1000
        failed = {"status": 0, "statusText": "", "headers": [], "_error": "Client disconnected."}
        method, path, version = request.words
        data = {"postData": {"mimeType": "", "text": body.decode("latin-1")}} if body else {}
        self.entries.append(
            {
                "startedDateTime": at.isoformat(),
                "time": took,
                "request": {
                    "method": method,
                    "url": base + path,
                    "httpVersion": version,
                    "headers": request.pairs,
                    **data,
                },
                "response": failed
                if response is None
                else {"status": int(response.words[1]), "statusText": "", "headers": response.pairs},
            }
        )

    # ------------------------------------------------------------------ the server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = Head(await reader.readuntil(b"\r\n\r\n"))
        body = await reader.readexactly(request.length)
        path = request.words[1].partition("?")[0]
        key = request.values.get("sec-websocket-key")
        if key is not None:
            digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
            accept = {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
            }
            writer.write(_message(101, accept, b""))
            await reader.read()
        elif path.startswith("/c/"):
            await self._answer_case(request, path, writer)
        else:
            if path == "/result":
                self.seen.update(json.loads(body))
                self.finished.set()
            status, headers, content = self._own(path)
            writer.write(_message(status, headers, content))
        await writer.drain()

    async def _answer_case(self, request: Head, path: str, writer: asyncio.StreamWriter) -> None:
        _, _, name, *rest = path.split("/")
        case = next(one for one in CASES if one.name == name)
        asked = "preflight" if "access-control-request-method" in request.values else "actual"
        step = "/".join([asked, *rest])
        names = request.values.get("access-control-request-headers", "")
        found = case.answers.get(f"{step} {names}", case.answers.get(step, Answer(404)))
        if isinstance(found, tuple):
            count = self._counts[path + step] = self._counts.get(path + step, -1) + 1
            found = found[min(count, len(found) - 1)]
        await asyncio.sleep(found.delay)
        values = {**self.origins, "origin": request.values.get("origin", "")}
        if found.renewed is not None and "if-none-match" in request.values:
            found = Answer(304, found.renewed)
        headers = {name: value.format_map(values) for name, value in found.headers.items()}
        empty = request.words[0] == "HEAD" or found.status in (204, 304)
        writer.write(_message(found.status, headers, b"" if empty else _CONTENT.get(case.kind, b"x")))

    def _own(self, path: str) -> tuple[int, dict[str, str], bytes]:
        match path:
            case "/":
                groups = [[alone, list(self._steps(cases))] for alone, cases in _GROUPS]
                values = f"const THIRD = {json.dumps(self.origins['third'])}, GROUPS = {json.dumps(groups)};"
                text = f"<!doctype html><body><script>{values}</script><script src=/page.js></script><script>main()</script>"
                return 200, {"Content-Type": "text/html"}, text.encode()
            case "/page.js":
                return 200, {"Content-Type": "text/javascript"}, _SCRIPT.encode()
            case "/frame":
                return 200, {"Content-Type": "text/html"}, _FRAME.encode()
            case "/worker.js":
                return 200, {"Content-Type": "text/javascript"}, f"{_SCRIPT}\n{_WORKER}".encode()
            case "/result":
                return 200, {}, b"ok"
        return 404, {}, b""

    def _steps(self, cases: Iterable[Case]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
        for case in cases:
            yield case.name, case.kind, self.origins[case.host] + case.path, case.init


_GROUPS = ((True, BEFORE_LOGIN), (False, AT_ONCE), (True, AFTER_LOGIN))


def _message(status: int, headers: dict[str, str], content: bytes) -> bytes:
    own = {"Server": "test"} if status in (101, 204, 304) else {"Server": "test", "Content-Length": str(len(content))}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in {**headers, **own}.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content
