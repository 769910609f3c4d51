"""Chromium, Chrome and Edge over the DevTools protocol.

``--host-resolver-rules`` maps the page's host and port to the page server. Requests are never intercepted, because that
changes how preflights behave, and the HTTP cache stays enabled. Every page has its own browser context. The requests on
the wire are read from ``Network.*ExtraInfo`` events, which Chromium emits only for requests that were really sent.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from corscheck.browsers.certificate import spki_hash
from corscheck.browsers.channel import Channel
from corscheck.browsers.driver import ContextDriver, ContextPage, Wire
from corscheck.browsers.errors import BrowserDiedError, PageUnusableError
from corscheck.browsers.routes import bracketed
from corscheck.model.result import ObservedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from corscheck.browsers.channel import Message
    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.process import Workspace
    from corscheck.browsers.routes import Address, Routes
    from corscheck.browsers.targets import Origin

# Hosts that these browsers contact on their own despite the switches below. They do not resolve, unless a probe needs
# them.
_BACKGROUND_HOSTS = (
    "accounts.google.com",
    "update.googleapis.com",
    "clients2.google.com",
    "clients2.googleusercontent.com",
    "redirector.gvt1.com",
    "edgedl.me.gvt1.com",
    "optimizationguide-pa.googleapis.com",
    "content-autofill.googleapis.com",
    "safebrowsing.googleapis.com",
    "safebrowsingohttpgateway.googleapis.com",
    "android.clients.google.com",
    "mtalk.google.com",
    "www.gstatic.com",
    "config.edge.skype.com",
    "edge.microsoft.com",
)

SWITCHES = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--component-updater=url-source=http://127.0.0.1:9/",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-domain-reliability",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--metrics-recording-only",
    "--no-pings",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    # Chromium reads only the last --disable-features. HTTPS upgrades would turn an http origin into an https one.
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,MediaRouter,Translate,OptimizationHints",
)

_TYPES = frozenset({"Fetch", "XHR"})
_DOMAINS = ("Page", "Runtime", "Log", "Network")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Other sources are left out: every failure logs "Failed to load resource: net::ERR_FAILED" with source "network".
_CONSOLE_SOURCES = frozenset({"javascript", "security"})


def command_line(
    program: str,
    workspace: Workspace,
    origins: Iterable[Origin],
    pages: PageServer,
    routes: Routes,
    forwarder_port: int | None,
    leaves: Mapping[Address, bytes],
    targets: Iterable[str],
    user_agent: str | None,
) -> list[str]:
    """Build the command line.

    ``leaves`` are verified target certificates (DER). ``targets`` are the hosts of the probes. If ``forwarder_port`` is
    set, all connections go to that port, which leads to a Unix socket.
    """
    places = [o for o in origins if o.address is not None]
    rules = [
        f"MAP {o.address} 127.0.0.1:{pages.https_port if o.scheme == 'https' else pages.http_port}" for o in places
    ]
    # The pages with a null origin are at the page server's own addresses.
    own = [f"127.0.0.1:{port}" for port in (pages.http_port, pages.https_port) if port is not None]
    rules += [f"MAP {address} {address}" for address in own]
    rules += routes.chromium_rules()
    wanted = {*targets, *(o.address.host for o in places if o.address is not None)}
    silenced = [host for host in _BACKGROUND_HOSTS if host not in wanted]
    rules += [f"MAP {host} ~NOTFOUND" for host in silenced]
    if forwarder_port is not None:
        rules.append(f"MAP * 127.0.0.1:{forwarder_port}")
    certificates = [*leaves.values(), *([pages.certificate] if pages.certificate is not None else [])]
    argv = [
        program,
        *SWITCHES,
        f"--user-data-dir={workspace.profile}",
        f"--host-resolver-rules={','.join(rules)}",
        *_proxy_switches(routes, [*own, *(str(o.address) for o in places), *silenced]),
    ]
    if certificates:
        argv.append("--ignore-certificate-errors-spki-list=" + ",".join(sorted({spki_hash(c) for c in certificates})))
    if user_agent is not None:
        argv.append(f"--user-agent={user_agent}")
    if os.geteuid() == 0:
        argv.append("--no-sandbox")  # Chromium refuses to start as root with its sandbox
    return [*argv, "about:blank"]


def _proxy_switches(routes: Routes, never: list[str]) -> list[str]:
    if not routes.proxies:
        return ["--no-proxy-server"]
    # The last matching rule wins. "<-loopback>" removes Chromium's own exception for loopback. It must come first, so
    # that the rules for pages at localhost override it.
    bypass = ["<-loopback>"] if routes.loopback_too else []
    bypass += never
    for entry in routes.direct:
        host = entry.lstrip(".")
        bypass += [host] if "/" in host or ":" in host else [bracketed(host), f"*.{host}"]
    servers = ";".join(f"{scheme}={proxy}" for scheme, proxy in routes.proxies.items())
    return [f"--proxy-server={servers}", f"--proxy-bypass-list={';'.join(bypass)}"]


class ChromiumDriver(ContextDriver):
    """A running Chromium, Chrome or Edge."""

    quit_command = "Browser.close"

    async def connect(self) -> None:
        """Connect to the browser and read its version."""
        self._connection = await Channel.connect(await self._process.address(), self._event)
        product = (await self._channel.call("Browser.getVersion"))["product"]
        self.version = product.partition("/")[2]

    async def _create_context(self) -> tuple[str, Message]:
        return "Target.disposeBrowserContext", await self._channel.call("Target.createBrowserContext")

    async def _create_page(self, discard: tuple[str, Message]) -> ContextPage:
        target = await self._channel.call("Target.createTarget", {"url": "about:blank", **discard[1]})
        attach = {"targetId": target["targetId"], "flatten": True}
        session = (await self._channel.call("Target.attachToTarget", attach))["sessionId"]
        page = _ChromiumPage(self._channel, session, discard, self._open)
        await asyncio.gather(*(self._channel.call(f"{domain}.enable", session=session) for domain in _DOMAINS))
        return page

    def _event(self, message: Message) -> None:
        page = self._open.get(message.get("sessionId", ""))
        if page is not None:
            page.event(message["method"], message["params"])


class _Wire(Wire):
    def __init__(self, mark: str) -> None:
        super().__init__(mark)
        self._mark_id: str | None = None
        self._asked: dict[str, list[dict[str, Any]]] = {}
        self._sent: list[tuple[str, int, dict[str, str]]] = []
        self._hop: dict[str, int] = {}

    def event(self, method: str, params: Message) -> None:
        request = params.get("requestId", "")
        if method == "Network.requestWillBeSent":
            hops = self._asked.setdefault(request, [])
            if hops and "redirectResponse" not in params:
                return  # where a redirect leads that mixed content blocks
            if hops and not params.get("redirectHasExtraInfo"):
                hops.pop()  # an internal redirect (HSTS): the request before it was never sent
            hops.append(params)
            if params["request"]["url"] == self._mark:
                self._mark_id = request
        elif method == "Network.requestWillBeSentExtraInfo":
            # This event has no URL. It belongs to the hop after the redirects seen so far. A request that is repeated
            # after a 421 causes another event for the same hop. It may arrive before or after requestWillBeSent.
            self._sent.append((request, self._hop.get(request, 0), params["headers"]))
        elif method == "Network.responseReceivedExtraInfo":
            if params["statusCode"] in _REDIRECTS:
                self._hop[request] = self._hop.get(request, 0) + 1
        elif method == "Network.loadingFailed" and params["type"] in _TYPES and request != self._mark_id:
            self.trouble = params["errorText"]
        if request == self._mark_id and method in {"Network.loadingFinished", "Network.loadingFailed"}:
            self._marked.set()

    def requests(self) -> tuple[ObservedRequest, ...]:
        out = []
        for request, hop, headers in self._sent:
            hops = self._asked.get(request)
            if not hops or request == self._mark_id:
                continue
            asked = hops[min(hop, len(hops) - 1)]
            preflight = asked["initiator"]["type"] == "preflight"
            if not preflight and asked.get("type") not in _TYPES:
                continue
            # HTTP/2 pseudo-headers repeat the method and the URL.
            pairs = tuple((name, value) for name, value in headers.items() if not name.startswith(":"))
            kind = "preflight" if preflight else "actual"
            out.append(ObservedRequest(kind, asked["request"]["method"], asked["request"]["url"], pairs))
        return tuple(out)


class _ChromiumPage(ContextPage):
    wire_type = _Wire

    async def _navigate(self, url: str) -> None:
        self._loaded = asyncio.Event()
        answer = await self._channel.call("Page.navigate", {"url": url}, session=self._name)
        if text := answer.get("errorText"):
            raise PageUnusableError(text)
        await self._loaded.wait()

    def event(self, method: str, params: Message) -> None:
        if method == "Log.entryAdded":
            entry = params["entry"]
            if entry["source"] in _CONSOLE_SOURCES:
                self._console.append(entry["text"])
        elif method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Inspector.targetCrashed":
            self._channel.fail(self._name, "the page crashed")
        elif method.startswith("Network."):
            self._wire.event(method, params)

    async def _evaluate(self, expression: str) -> str:
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self._channel.start("Runtime.evaluate", params, session=self._name)
        if (details := answer.get("exceptionDetails")) is not None:
            raise BrowserDiedError(f"the page's script failed: {details}")
        value: str = answer["result"]["value"]
        return value
