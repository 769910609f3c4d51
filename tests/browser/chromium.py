"""Records Chromium over the DevTools protocol: console lines, CORS errors and network errors."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from corscheck.browsers import find
from corscheck.browsers.channel import Channel, CommandError, Message
from corscheck.browsers.chromium import SWITCHES
from corscheck.browsers.process import BrowserProcess
from tests.browser.driver import Driver, case_in


class Chromium(Driver):
    """A running Chromium."""

    fields = ("console", "cors_error", "net_error")

    async def start(self, url: str) -> None:
        argv = [
            find("chromium"),
            *SWITCHES,
            "--no-sandbox",
            "--no-proxy-server",
            "--ignore-certificate-errors",
            f"--host-resolver-rules=MAP * {self.address}",
            f"--user-data-dir={self.workspace.profile}",
            "about:blank",
        ]
        self.process = BrowserProcess("Chromium", argv, self.workspace, {})
        self._urls: dict[str, str] = {}
        self._attaching: set[asyncio.Task[None]] = set()
        self.channel = await Channel.connect(await self.process.address(), self._event)
        self.version = (await self.call("Browser.getVersion"))["product"].partition("/")[2]
        target = await self.call("Target.createTarget", {"url": "about:blank"})
        attach = {"targetId": target["targetId"], "flatten": True}
        session = (await self.call("Target.attachToTarget", attach))["sessionId"]
        await self._attach(session)
        await self.call("Page.navigate", {"url": url}, session=session)

    async def collect(self) -> None:
        await asyncio.sleep(0.5)  # events of the last case
        for seen in self.seen.values():
            seen["net_error"].sort()

    async def _attach(self, session: str) -> None:
        # A sandboxed frame is a target of its own, and so is a worker, which has no Page.
        frames = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        for method, params in (
            *((f"{name}.enable", {}) for name in ("Log", "Page", "Network")),
            ("Target.setAutoAttach", frames),
        ):
            with suppress(CommandError):
                await self.call(method, params, session=session)
        with suppress(CommandError):
            await self.call("Runtime.runIfWaitingForDebugger", session=session)

    def _event(self, message: Message) -> None:
        params = message["params"]
        match message["method"]:
            case "Target.attachedToTarget":
                task = asyncio.ensure_future(self._attach(params["sessionId"]))
                self._attaching.add(task)
                task.add_done_callback(self._attaching.discard)
            case "Log.entryAdded":
                text = params["entry"]["text"]
                self.note(case_in(text), "console", text)
            case "Network.requestWillBeSent":
                # Redirects repeat the id. The first URL always has the case's id, a Location may be anything.
                self._urls.setdefault(params["requestId"], params["request"]["url"])
            case "Network.loadingFailed":
                self._failed(case_in(self._urls.get(params["requestId"], "")), params)

    def _failed(self, case_id: str | None, params: Message) -> None:
        if status := params.get("corsErrorStatus"):
            self.note(case_id, "cors_error", [status["corsError"], status.get("failedParameter", "")])
        blocked = params.get("blockedReason")
        self.note(case_id, "net_error", params.get("errorText") or blocked or "?")
        if blocked:
            self.note(case_id, "net_error", f"blockedReason={blocked}")
