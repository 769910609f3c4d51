"""Records Firefox: WebDriver BiDi opens the first page, and a listener in the browser's own window keeps the console.

BiDi's own log events leave out warnings, such as the one about Authorization under ``*``.
"""

from __future__ import annotations

import asyncio
import json

from corscheck.browsers import find
from corscheck.browsers.channel import Channel
from corscheck.browsers.firefox import PREFERENCES, command_line
from corscheck.browsers.process import BrowserProcess
from tests.browser.driver import Driver, case_in

_LISTEN = """
globalThis.recorded = [];
Services.console.registerListener({
  observe(message) { if (message instanceof Ci.nsIScriptError) recorded.push(message.errorMessage); },
});
"""


class Firefox(Driver):
    """A running Firefox."""

    async def start(self, url: str) -> None:
        preferences = PREFERENCES | {
            "network.proxy.type": 0,
            "network.dns.forceResolve": self.address,
            "network.http.http3.enable": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
        (self.workspace.profile / "user.js").write_text("".join(lines), encoding="utf-8")
        argv = [*command_line(find("firefox"), self.workspace), "--remote-allow-system-access"]
        self.process = BrowserProcess("Firefox", argv, self.workspace, {"HOME": str(self.workspace.path)})
        self.channel = await Channel.connect(f"{await self.process.address()}/session", lambda _: None)
        capabilities = {"alwaysMatch": {"acceptInsecureCerts": True}}
        session = await self.call("session.new", {"capabilities": capabilities})
        self.version = session["capabilities"]["browserVersion"]
        self._window = await self._context({"moz:scope": "chrome"})
        await self._evaluate(_LISTEN)
        tab = await self._context({})
        await self.call("browsingContext.navigate", {"context": tab, "url": url, "wait": "none"})

    async def collect(self) -> None:
        await asyncio.sleep(0.5)  # lines of the last case
        for text in json.loads(await self._evaluate("JSON.stringify(recorded)")):
            self.note(case_in(text), "console", text)

    async def _context(self, scope: dict[str, str]) -> str:
        context: str = (await self.call("browsingContext.getTree", scope))["contexts"][0]["context"]
        return context

    async def _evaluate(self, expression: str) -> str:
        params = {"expression": expression, "target": {"context": self._window}, "awaitPromise": False}
        answer = await self.call("script.evaluate", params)
        text: str = answer["result"].get("value", "")
        return text
