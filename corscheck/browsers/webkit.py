"""WebKitGTK's MiniBrowser over the Web Inspector's protocol, on an X server (Xvfb) of its own.

MiniBrowser has one page and no contexts, so every page is a MiniBrowser process with a profile of its own. Neither
``--private`` nor ``--automation`` is used: WebKit reports no console messages of an ephemeral session. All connections
pass through a ``Recorder``, which leads those for the pages' origins to the page server, and reads the requests on the
wire: the protocol does not report preflights.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from functools import partial
from typing import TYPE_CHECKING

from corscheck.browsers.channel import Channel, CommandError
from corscheck.browsers.driver import IDENTITY_SCRIPT, PAGE_SECONDS, BrowserPage, Driver, Wire, verify_page
from corscheck.browsers.errors import BrowserDiedError, BrowserUnavailable, PageUnusableError
from corscheck.browsers.process import BrowserProcess, Workspace, ended_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

    from corscheck.browsers.channel import Message
    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.recorder import Recorder
    from corscheck.browsers.targets import Origin
    from corscheck.model.result import ObservedRequest

DISPLAY_COMMAND = ("Xvfb", "-displayfd", "2", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset")
"""Starts an X server on a free display, whose number it writes to the log."""

DISPLAY_LAST_WORDS = 2.0
"""Xvfb removes its socket and its lock file, which are not in the workspace, when it is asked to exit."""

_DISPLAY = re.compile(r"^(\d+)$", re.MULTILINE)
_TARGET = re.compile(r"/(socket/\d+/\d+/WebPage)")
_POLL_SECONDS = 0.02
_NUDGES = (0.003,) * 4 + (0.01,) * 10
_VERSION_ATTEMPTS = 20

# The source "network" is left out: it repeats each failure as "Failed to load resource".
_CONSOLE_SOURCES = frozenset({"javascript", "security"})

_LOADED_SCRIPT = "document.readyState === 'complete' && location.href !== 'about:blank'"


class WebKitDriver(Driver):
    """An X server and a MiniBrowser for each page. ``process`` is the X server; without it, every page dies."""

    def __init__(
        self, process: BrowserProcess, pages: PageServer, program: str, recorder: Recorder, user_agent: str | None
    ) -> None:
        super().__init__(process, pages)
        self._command = [
            program,
            f"--proxy=socks5://127.0.0.1:{recorder.port}",
            "--enable-write-console-messages-to-stdout=true",
            "--ignore-tls-errors",
            *([f"--user-agent={user_agent}"] if user_agent is not None else []),
        ]
        self._recorder = recorder
        self._display = ""
        self._processes: list[BrowserProcess] = []

    async def connect(self) -> None:
        """Wait for the X server and read MiniBrowser's version."""
        self._display = await self._process.logged(_DISPLAY)
        workspace = Workspace()
        try:
            # Even --version needs the display, whose number Xvfb may tell a moment before it accepts connections.
            for _ in range(_VERSION_ATTEMPTS):
                process = await asyncio.create_subprocess_exec(
                    self._command[0],
                    "--version",
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    env=self._environment(workspace),
                )
                said = (await process.communicate())[0].decode("utf-8", "replace").strip()
                if process.returncode == 0:
                    break
                await asyncio.sleep(0.1)
            else:
                assert process.returncode is not None
                raise ended_at_once("WebKitGTK", process.returncode, said)
        except OSError as error:
            raise BrowserUnavailable(f"WebKitGTK cannot be started: {error}") from error
        finally:
            workspace.remove()
        self.version = said.rpartition(" ")[2]

    async def open_page(self, origin: Origin) -> BrowserPage:
        """Start a MiniBrowser with the origin's page. Raises ``PageUnusableError`` if the page does not load."""
        url = self._pages.page(origin)
        before = self._pages.loads[url]
        port = _free_port()
        workspace = Workspace()
        environment = {**self._environment(workspace), "WEBKIT_INSPECTOR_HTTP_SERVER": f"127.0.0.1:{port}"}
        process = BrowserProcess("WebKitGTK", [*self._command, url], workspace, environment)
        self._processes.append(process)
        name = str(process.group)
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                channel = await _attach(port, process, partial(self._event, name))
                page = _WebKitPage(channel, name, process, self._open, self._recorder)
                await page.loaded()
                verify_page(await page.identity(), origin, self._pages, before)
                return page
        except (TimeoutError, CommandError, PageUnusableError) as error:
            reason = f"it did not load within {PAGE_SECONDS:.0f} s" if isinstance(error, TimeoutError) else error
            if name in self._open:
                await self._open[name].close()
            process.stop()
            raise PageUnusableError(f"no page at {origin.serialized}: {reason}") from error

    async def quit(self) -> None:
        """Do nothing: ``close`` ends the MiniBrowsers, whose helper processes are in their process groups."""

    async def close(self) -> None:
        """Close the connections and end every MiniBrowser."""
        for page in list(self._open.values()):
            await page.close()
        for process in self._processes:
            process.stop()

    def _event(self, name: str, message: Message) -> None:
        page = self._open.get(name)
        if page is not None:
            page.event(message["method"], message["params"])

    def _environment(self, workspace: Workspace) -> dict[str, str]:
        home = str(workspace.profile)
        return {
            "HOME": home,
            **{f"XDG_{name}_HOME": home for name in ("CACHE", "CONFIG", "DATA", "STATE")},
            "XDG_RUNTIME_DIR": home,
            "DISPLAY": f":{self._display}",
            "GDK_BACKEND": "x11",
            "GSETTINGS_BACKEND": "memory",
            "GIO_USE_PROXY_RESOLVER": "dummy",
            # No accessibility service, and no MiniBrowser of the user's own, which would open the page instead.
            "NO_AT_BRIDGE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "LC_ALL": "C.UTF-8",
        }


class _Inspector(Channel):
    """The connection to one MiniBrowser. Messages to and from its page travel inside messages of the domain Target."""

    def __init__(self, connection: ClientConnection, on_event: Callable[[Message], None]) -> None:
        super().__init__(connection, on_event)
        self._target = asyncio.Event()
        self._target_id = ""

    async def ready(self) -> None:
        """Wait until the page can be spoken to."""
        await self._target.wait()

    async def start(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """Send a command and return its result, without a time limit.

        Inside of MiniBrowser a message waits up to 40 ms for the ACK of the one before it, which Linux sends at once only
        together with data. So while a command runs, more messages are sent, which mean nothing.
        """
        nudging = asyncio.create_task(self._nudge())
        try:
            return await super().start(method, params, session=session)
        finally:
            nudging.cancel()

    async def _nudge(self) -> None:
        with contextlib.suppress(Exception):
            for seconds in _NUDGES:
                await asyncio.sleep(seconds)
                await self._socket.send('{"id": 0, "method": "Target.nudge"}')

    def _wrap(self, message: Message) -> Message:
        params = {"targetId": self._target_id, "message": json.dumps(message)}
        return {"id": message["id"], "method": "Target.sendMessageToTarget", "params": params}

    def _receive(self, message: Message) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Target.dispatchMessageFromTarget":
            super()._receive(json.loads(params["message"]))
        elif method == "Target.targetCreated" and not params["targetInfo"].get("isProvisional"):
            self._use(params["targetInfo"]["targetId"])
        elif method == "Target.didCommitProvisionalTarget":
            self._use(params["newTargetId"])
        elif "error" in message and message["id"]:
            self._answer(message)

    def _use(self, target: str) -> None:
        self._target_id = target
        self._target.set()


async def _attach(port: int, process: BrowserProcess, on_event: Callable[[Message], None]) -> _Inspector:
    """Connect to the page of a MiniBrowser, whose inspector lists it once it has begun to load."""
    while True:
        with contextlib.suppress(OSError, EOFError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                listed = (await reader.read()).decode("utf-8", "replace")
            finally:
                writer.transport.abort()
            if found := _TARGET.search(listed):
                channel = await _Inspector.connect(f"ws://127.0.0.1:{port}/{found[1]}", on_event)
                await channel.ready()
                return channel
        if process.exit_status is not None:
            raise BrowserDiedError(f"MiniBrowser ended at once (status {process.exit_status})")
        await asyncio.sleep(_POLL_SECONDS)


class _Wire(Wire):
    """The requests that the recorder saw. The network events tell only why one failed."""

    def __init__(self, recorder: Recorder, mark: str) -> None:
        super().__init__(mark)
        self._recorder = recorder
        self._before = len(recorder.requests)
        self._troubles = len(recorder.troubles)
        self._mark_id: str | None = None

    def event(self, method: str, params: Message) -> None:
        if method == "Network.requestWillBeSent" and params["request"]["url"] == self._mark:
            self._mark_id = params["requestId"]
        elif method == "Network.loadingFailed" and params["requestId"] != self._mark_id:
            # What kept the recorder from the target says more than that it closed the connection.
            self.trouble = (self._recorder.troubles[self._troubles :] or [params["errorText"]])[-1]
        if method in {"Network.loadingFinished", "Network.loadingFailed"} and params["requestId"] == self._mark_id:
            self._marked.set()

    def requests(self) -> tuple[ObservedRequest, ...]:
        return tuple(self._recorder.requests[self._before :])


class _WebKitPage(BrowserPage):
    def __init__(
        self,
        channel: Channel,
        name: str,
        process: BrowserProcess,
        register: dict[str, BrowserPage],
        recorder: Recorder,
    ) -> None:
        self.wire_type = partial(_Wire, recorder)
        super().__init__(channel, name, register)
        self._process = process
        self._last = ""

    async def loaded(self) -> None:
        """Wait until the page is loaded, and subscribe to events."""
        await self._subscribe()
        while True:
            # While the page is loading, WebKit may replace it by one in another process.
            with contextlib.suppress(CommandError, TimeoutError):
                async with asyncio.timeout(1.0):
                    if await self._evaluate(_LOADED_SCRIPT):
                        break
            if self._console:
                raise PageUnusableError(self._console[0])
            await asyncio.sleep(_POLL_SECONDS)
        await self._subscribe()

    async def _subscribe(self) -> None:
        for domain in ("Console", "Network"):
            await self._channel.call(f"{domain}.enable")

    async def identity(self) -> str:
        """Return what ``verify_page`` checks."""
        return await self._evaluate(IDENTITY_SCRIPT)

    async def close(self) -> None:
        """End the page's MiniBrowser."""
        self._register.pop(self._name, None)
        await self._channel.close()
        self._process.stop()

    def event(self, method: str, params: Message) -> None:
        if method == "Console.messageAdded":
            message = params["message"]
            self._last = message["text"].removesuffix("\n") if message["source"] in _CONSOLE_SOURCES else ""
            self._print(self._last)
        elif method == "Console.messageRepeatCountUpdated":
            self._print(self._last)
        elif method.startswith("Network."):
            self._wire.event(method, params)

    def _print(self, text: str) -> None:
        if text and text not in self._console[-1:]:
            self._console.append(text)

    async def _evaluate(self, expression: str) -> str:
        answer = await self._channel.start("Runtime.evaluate", {"expression": expression})
        if not answer.get("wasThrown") and (promise := answer["result"].get("objectId")) is not None:
            params = {"promiseObjectId": promise, "returnByValue": True}
            answer = await self._channel.start("Runtime.awaitPromise", params)
        if answer.get("wasThrown"):
            raise BrowserDiedError(f"the page's script failed: {answer['result'].get('description')}")
        value: str = answer["result"]["value"]
        return value


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
