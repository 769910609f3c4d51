"""Firefox over its built-in WebDriver BiDi: no geckodriver, no system access, no interception.

A proxy configuration script sends requests for the pages' origins to the page server and leaves all others alone.
Certificates are accepted through ``cert_override.txt``, for one host, port and exact certificate. Every page has its
own user context.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from corscheck.browsers.certificate import fingerprint
from corscheck.browsers.channel import Channel, CommandError
from corscheck.browsers.driver import GRACE_SECONDS, ContextDriver, ContextPage, Wire
from corscheck.browsers.errors import BrowserDiedError
from corscheck.browsers.routes import Address
from corscheck.model.result import ObservedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from corscheck.browsers.channel import Message
    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.process import Workspace
    from corscheck.browsers.routes import Routes
    from corscheck.browsers.targets import Origin
    from corscheck.protocol.request import Headers

PREFERENCES: dict[str, object] = {
    "network.proxy.type": 2,
    "network.proxy.allow_hijacking_localhost": True,  # pages at localhost and 127.0.0.1
    "network.proxy.failover_direct": False,
    "dom.security.https_first": False,
    "dom.security.https_first_schemeless": False,
    "dom.security.https_only_mode": False,
    # Firefox accepts no certificate override for pages under a preloaded HSTS domain such as .app and .dev.
    "network.stricttransportsecurity.preloadlist": False,
    "network.trr.mode": 5,  # no DNS over HTTPS
    "intl.locale.requested": "en-US",  # without it console texts are translated
    # No background traffic.
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.region.network.url": "",
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "signon.autofillForms": False,
    "toolkit.telemetry.unified": False,
    "toolkit.telemetry.server": "",
}

_EVENTS = [
    "log.entryAdded",
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
]

_INITIATORS = frozenset({"fetch", "xmlhttprequest"})

# How console lines about CORS, mixed content and security start. Events have no category, only a text, and other lines
# are about invalid HTTP, cookies and quirks mode. BiDi reports errors only, so the warning about Authorization under
# "*" is missing.
_CONSOLE = (
    "Cross-Origin Request ",
    "Security Error: ",
    "Blocked loading mixed ",
    "Mixed Content: ",
    "Content-Security-Policy: ",
    "The resource at ",
    "The resource from ",
)

_SHA256 = "OID.2.16.840.1.101.3.4.2.1"


def prepare(
    workspace: Workspace,
    origins: Sequence[Origin],
    pages: PageServer,
    routes: Routes,
    forwarder_port: int | None,
    leaves: Mapping[Address, bytes],
    user_agent: str | None,
) -> None:
    """Write the profile. ``leaves`` are verified target certificates (DER). The forwarder applies all routes."""
    places = [o for o in origins if o.address is not None]
    preferences = dict(PREFERENCES)
    # The pages with a null origin are at the page server's own addresses.
    own = [pages.own(o.scheme) for o in origins if o.opaque]
    script = _proxy_script([o.serialized for o in places], own, pages.http_port, routes, forwarder_port)
    preferences["network.proxy.autoconfig_url"] = f"data:application/x-ns-proxy-autoconfig,{quote(script, safe='')}"
    if user_agent is not None:
        preferences["general.useragent.override"] = user_agent
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (workspace.profile / "user.js").write_text("".join(lines), encoding="utf-8")
    accepted = dict(leaves)
    if pages.certificate is not None:
        own_address = Address("127.0.0.1", pages.https_port or 0)
        accepted |= {o.address or own_address: pages.certificate for o in origins if o.scheme == "https"}
    overrides = [f"{a}:\t{_SHA256}\t{fingerprint(c)}\t\n" for a, c in accepted.items()]
    (workspace.profile / "cert_override.txt").write_text("".join(overrides), encoding="ascii")


def command_line(program: str, workspace: Workspace) -> list[str]:
    """Build the command line."""
    return [
        program,
        "--headless",
        "--no-remote",
        "--profile",
        str(workspace.profile),
        "--remote-debugging-port",
        "0",
        "about:blank",
    ]


def _proxy_script(places: list[str], own: list[str], port: int, routes: Routes, forwarder_port: int | None) -> str:
    """Return the proxy configuration script. Firefox passes it https URLs reduced to origin and ``/``."""
    lines = [
        "function FindProxyForURL(url, host) {",
        f"  var pages = {json.dumps([place + '/' for place in places])};",
        "  for (var i = 0; i < pages.length; i++)",
        f"    if (url.indexOf(pages[i]) == 0) return 'PROXY 127.0.0.1:{port}';",
    ]
    lines += [f"  if (url.indexOf({json.dumps(f'{place}/')}) == 0) return 'DIRECT';" for place in own]
    if forwarder_port is not None:
        return "\n".join([*lines, f"  return 'SOCKS5 127.0.0.1:{forwarder_port}';", "}"])
    if routes.proxies:
        names = [entry.lstrip(".").lower() for entry in routes.direct]
        lines += [
            f"  var direct = {json.dumps(names)};",
            "  for (var j = 0; j < direct.length; j++)",
            "    if (host == direct[j] || dnsDomainIs(host, '.' + direct[j])) return 'DIRECT';",
        ]
        if not routes.loopback_too:
            lines.append(r"  if (/^(localhost|127\.[0-9.]+|\[?::1\]?|.*\.localhost)$/.test(host)) return 'DIRECT';")
        kinds = {"http": "PROXY", "https": "HTTPS", "socks4": "SOCKS4", "socks5": "SOCKS5"}
        for scheme, proxy in routes.proxies.items():
            there = f"{kinds[proxy.scheme]} {proxy.address}"
            lines.append(f"  if (url.indexOf({json.dumps(scheme + ':')}) == 0) return {json.dumps(there)};")
    return "\n".join([*lines, "  return 'DIRECT';", "}"])


class FirefoxDriver(ContextDriver):
    """A running Firefox."""

    quit_command = "browser.close"

    async def connect(self) -> None:
        """Connect, start the session, read the version, and subscribe to events."""
        self._connection = await Channel.connect(f"{await self._process.address()}/session", self._event)
        answer = await self._channel.call("session.new", {"capabilities": {"alwaysMatch": {}}})
        self.version = answer["capabilities"]["browserVersion"]
        await self._channel.call("session.subscribe", {"events": _EVENTS})

    async def _create_context(self) -> tuple[str, Message]:
        return "browser.removeUserContext", await self._channel.call("browser.createUserContext")

    async def _create_page(self, discard: tuple[str, Message]) -> ContextPage:
        context = (await self._channel.call("browsingContext.create", {"type": "tab", **discard[1]}))["context"]
        return _FirefoxPage(self._channel, context, discard, self._open)

    def _event(self, message: Message) -> None:
        params = message["params"]
        context = params.get("context") or params.get("source", {}).get("context")
        page = self._open.get(context)
        if page is not None:
            page.event(message["method"], params)


class _Wire(Wire):
    """Combines the network events of one fetch into the requests that were really sent, in order.

    Firefox also reports requests that are never sent, e.g. a PUT whose preflight fails, and reports that PUT before its
    preflight. The time at which Firefox started to write the request, which later events contain, tells them apart.
    """

    def __init__(self, mark: str) -> None:
        super().__init__(mark)
        self._requests: dict[tuple[str, int], Message] = {}
        self._completed: set[tuple[str, int]] = set()
        self._failed: set[tuple[str, int]] = set()

    def event(self, method: str, params: Message) -> None:
        request = params["request"]
        if request["url"] == self._mark:
            if method in {"network.responseCompleted", "network.fetchError"}:
                self._marked.set()
            return
        # Skip the favicon and responses from the cache.
        if not (_is_preflight(request) or request.get("initiatorType") in _INITIATORS):
            return
        if params.get("response", {}).get("fromCache"):
            return
        key = request["request"], params["redirectCount"]
        if method == "network.responseCompleted":
            self._completed.add(key)
        elif method == "network.fetchError":
            self._failed.add(key)
            if not _is_preflight(request):
                self.trouble = params["errorText"]
        # The latest event is the most complete: it has the timings, and the headers that Firefox adds last.
        self._requests[key] = request

    def requests(self) -> tuple[ObservedRequest, ...]:
        sent = [(at, r) for key, r in self._requests.items() if (at := self._sent_at(key, r)) is not None]
        sent.sort(key=lambda pair: pair[0])
        return tuple(
            ObservedRequest("preflight" if _is_preflight(r) else "actual", r["method"], r["url"], _pairs(r["headers"]))
            for _, r in sent
        )

    def _sent_at(self, key: tuple[str, int], request: Message) -> tuple[float, int] | None:
        """Return a sort key for the order of sending, or None for a request that was never sent."""
        if (start := request["timings"]["requestStart"]) > 0:
            return start, 0
        # If the server closes the connection after a successful preflight, Firefox may send no further event for the
        # request.
        if key in self._failed or _is_preflight(request):
            return None
        keys = list(self._requests)
        for later in keys[keys.index(key) + 1 :]:
            preflight = self._requests[later]
            if _is_preflight(preflight) and preflight["url"] == request["url"]:
                good = later in self._completed and later not in self._failed
                return (preflight["timings"]["requestStart"], 1) if good else None
        return None


class _FirefoxPage(ContextPage):
    wire_type = _Wire

    def event(self, method: str, params: Message) -> None:
        if method == "log.entryAdded":
            text = params["text"]
            # Firefox's console shows a repeated line once, with a counter.
            if params["type"] == "javascript" and text.startswith(_CONSOLE) and text not in self._console[-1:]:
                self._console.append(text)
        else:
            self._wire.event(method, params)

    async def _navigate(self, url: str) -> None:
        params = {"context": self._name, "url": url, "wait": "complete"}
        await self._channel.call("browsingContext.navigate", params)

    async def _abandon(self) -> None:
        # Firefox reports whether a pending request was sent only when it ends, so end it by navigating away.
        with contextlib.suppress(CommandError):
            await self._navigate("about:blank")
        await asyncio.sleep(GRACE_SECONDS)

    async def _evaluate(self, expression: str) -> str:
        params = {"expression": expression, "target": {"context": self._name}, "awaitPromise": True}
        answer = await self._channel.start("script.evaluate", params)
        if answer["type"] != "success":
            raise BrowserDiedError(f"the page's script failed: {answer['exceptionDetails'].get('text')}")
        value: str = answer["result"]["value"]
        return value


def _is_preflight(request: Message) -> bool:
    # No field marks preflights. Requests of the page have an initiator, even if their method is OPTIONS.
    return request["method"] == "OPTIONS" and request.get("initiatorType") is None


def _pairs(headers: list[Message]) -> Headers:
    return tuple((h["name"], _text(h["value"])) for h in headers)


def _text(value: Message) -> str:
    """Decode a header value. BiDi encodes bytes that are not UTF-8 as base64."""
    text: str = value["value"]
    return text if value["type"] == "string" else base64.b64decode(text).decode("latin-1")
