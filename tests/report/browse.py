"""A page in a headless Chromium, driven over the DevTools protocol: what the tests of the HTML report need of one."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

from corscheck.browsers import find
from corscheck.browsers.channel import Channel
from corscheck.browsers.process import BrowserProcess, Workspace

KEYS = {"Escape": 27, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9,
        "Home": 36, "End": 35}  # fmt: skip


class Page:
    """One page. ``said`` is what its console said, violations of its policy too; ``asked`` are the URLs it asked for."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._workspace = Workspace()
        self.said: list[str] = []
        self.asked: list[str] = []
        self._loop.run_until_complete(self._start())

    async def _start(self) -> None:
        argv = [
            find("chromium"), "--headless=new", "--no-sandbox", "--remote-debugging-port=0", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={self._workspace.profile}", "about:blank",
        ]  # fmt: skip
        self._process = BrowserProcess("Chromium", [str(a) for a in argv], self._workspace, {})
        self._channel = await Channel.connect(await self._process.address(), self._event)
        target = (await self._channel.call("Target.createTarget", {"url": "about:blank"}))["targetId"]
        attached = await self._channel.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            await self._channel.call(f"{domain}.enable", session=self._session)

    def _event(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Log.entryAdded":
                self.said.append(params["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.said.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(str(params["exceptionDetails"]))
            case "Audits.issueAdded" if params["issue"]["code"] == "ContentSecurityPolicyIssue":
                self.said.append(str(params["issue"]))
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Page.javascriptDialogOpening":
                self.said.append(f"dialog: {params['message']}")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the protocol."""
        return self._loop.run_until_complete(self._channel.call(method, params, session=self._session))

    def open(
        self, path: Path, fragment: str = "", *, scripts: bool = True, width: int = 1280, dark: bool = False
    ) -> None:
        """Open a file, and wait until it is there."""
        self.said, self.asked = [], []
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=path.as_uri() + fragment)
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def run(self, expression: str) -> Any:
        """The value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until it is true; 20 seconds at most."""
        for _ in range(400):
            if self.run(expression):
                return
            self._loop.run_until_complete(asyncio.sleep(0.05))
        raise AssertionError(f"never came true: {expression}")

    def press(self, key: str) -> None:
        """A key, as a user presses it."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **event, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, selector: str) -> None:
        """A click in the middle of an element."""
        self.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.run(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def close(self) -> None:
        """Close the page and its browser."""
        self._loop.run_until_complete(self._channel.close())
        self._process.stop()
        self._loop.close()
