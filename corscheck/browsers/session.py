"""Running probes in a real browser: the public interface of this package.

A ``BrowserSession`` is one running browser with its pages. ``observe`` and ``aobserve`` start as few browsers as
possible, run every probe, and clean up.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from corscheck.browsers import browsers, chromium, firefox, webkit
from corscheck.browsers.channel import CommandError, require_websockets
from corscheck.browsers.driver import check_strays, expression
from corscheck.browsers.errors import BrowserDiedError, BrowserUnavailable, PageUnusableError
from corscheck.browsers.forwarder import Forwarder
from corscheck.browsers.leaves import collect
from corscheck.browsers.pageserver import PageServer
from corscheck.browsers.process import BrowserProcess, Workspace
from corscheck.browsers.recorder import Recorder
from corscheck.browsers.routes import address_of, plan
from corscheck.browsers.targets import groups, origins, page_origin, refusal
from corscheck.model.result import Observation
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.browsers.driver import BrowserPage, Driver, Sighting
    from corscheck.browsers.routes import Address
    from corscheck.browsers.targets import Origin
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import EmbedderPolicy
    from corscheck.transports.base import NetworkOptions

__all__ = ["BrowserSession", "aobserve", "check", "observe"]

# Names of network errors that CORS causes. They are not reported, because the console text says more.
_GENERIC = frozenset({"net::ERR_FAILED", "NS_ERROR_DOM_BAD_URI"})


def observe(
    probes: Sequence[Probe],
    browser: str,
    network: NetworkOptions,
    *,
    on_result: Callable[[Probe, Observation], None] | None = None,
    fresh_context: bool = True,
) -> list[Observation]:
    """Run probes in a real browser, one after the other, and return the observations in the order of the probes.

    ``browser`` is ``chromium``, ``chrome``, ``edge``, ``firefox`` or ``webkit``. A page with exactly the probe's origin calls
    ``fetch()`` with the probe's arguments, or XMLHttpRequest if it asks for an upload listener. A body is passed as bytes,
    so its Content-Type is the one in ``headers``. ``network.timeout`` (seconds) limits each fetch. ``on_result`` is called
    after each probe. All probes share one browser, unless the page of one would hide the target of another. With
    ``fresh_context=False`` probes from one origin and embedder policy share a page with its caches and cookies: about ten
    times faster, but correct only if their URLs differ.

    Raises ``ConfigError`` if a browser cannot run a probe, before anything starts, and ``BrowserUnavailable`` if there
    is not a usable browser. If a single probe fails (the fetch times out, the page does not load, the browser crashes),
    its observation has the verdict ``inconclusive`` and an ``error``.

    Must not be called from a running event loop; use ``aobserve`` there.
    """
    return asyncio.run(aobserve(probes, browser, network, on_result=on_result, fresh_context=fresh_context))


async def aobserve(
    probes: Sequence[Probe],
    browser: str,
    network: NetworkOptions,
    *,
    on_result: Callable[[Probe, Observation], None] | None = None,
    fresh_context: bool = True,
) -> list[Observation]:
    """Like ``observe``, but asynchronous. Cancelling it stops the browser."""
    check(probes, browser, network)
    found: dict[int, Observation] = {}
    for members in groups(probes, browsers.get(browser).family):
        async with BrowserSession([probes[i] for i in members], browser, network) as session:
            for i in members:
                found[i] = await session.ask(probes[i], fresh_context=fresh_context)
                if on_result is not None:
                    on_result(probes[i], found[i])
    return [found[i] for i in range(len(probes))]


def check(probes: Sequence[Probe], browser: str, network: NetworkOptions) -> None:
    """Raise ``ConfigError`` if this browser cannot run one of the probes. Does not start the browser."""
    family = browsers.get(browser).family
    for probe in probes:
        if (reason := refusal(probe, family)) is not None:
            raise ConfigError(reason)
    routes = plan(probes, network)
    others = [str(proxy) for proxy in routes.proxies.values() if proxy.scheme != "http"]
    if family == "webkit" and others:
        raise ConfigError(
            f"WebKit is driven through a proxy of corscheck's own, which can use an http proxy, not {others[0]}"
        )


class BrowserSession:
    """One running browser. The probes must be known when it starts, because its resolver rules cannot change later.

    ``async with`` starts and stops it. ``ask`` runs any probe whose origin and target were among the given ones. After
    a crash ``ask`` returns ``inconclusive``. ``version`` is the browser's version number, ``pages`` its page server.
    """

    version: str
    pages: PageServer
    process: BrowserProcess

    def __init__(self, probes: Sequence[Probe], browser: str, network: NetworkOptions) -> None:
        check(probes, browser, network)
        self._browser = browsers.get(browser)
        if len(groups(probes, self._browser.family)) > 1:
            raise ConfigError("the page of one of these probes would hide the target of another: use two browsers")
        self._probes = list(probes)
        self._network = network
        self._stack = contextlib.AsyncExitStack()
        self._driver: Driver
        self._leaves: dict[Address, bytes | str] = {}
        self._shared: dict[tuple[Origin, EmbedderPolicy], BrowserPage] = {}
        self._dead: str | None = None

    async def __aenter__(self) -> BrowserSession:
        program = browsers.find(self._browser.name)
        require_websockets()
        async with self._stack:
            await self._start(program)
            # The start succeeded, so the resources stay open until __aexit__.
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        async with self._stack:
            if kind is None and self._dead is None:
                # A browser that exits on its own reaps its helper processes. If it does not exit, process.stop() kills
                # it.
                with contextlib.suppress(Exception):
                    await self._driver.quit()

    async def _start(self, program: str) -> None:
        network, stack = self._network, self._stack
        routes = plan(self._probes, network)
        asked = origins(self._probes)
        self._leaves = await collect([p.url for p in self._probes], network, routes)
        leaves = {address: leaf for address, leaf in self._leaves.items() if isinstance(leaf, bytes)}
        workspace = Workspace()
        stack.callback(workspace.remove)
        self.pages = await stack.enter_async_context(PageServer(asked))
        family = self._browser.family
        socks = family == "firefox"
        forwarder_port = None
        if family != "webkit" and (routes.unix_socket is not None or (socks and routes.routes)):
            forwarder_port = (await stack.enter_async_context(Forwarder(routes, socks=socks))).port
        title, agent = self._browser.title, network.user_agent
        driver: Driver
        if socks:
            firefox.prepare(workspace, asked, self.pages, routes, forwarder_port, leaves, agent)
            argv = firefox.command_line(program, workspace)
            # No crash reports. Firefox's crash helper leaves the process group, but exits with the browser.
            extra = {"HOME": str(workspace.profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
            self.process = BrowserProcess(title, argv, workspace, extra)
            stack.callback(self.process.stop)
            driver = firefox.FirefoxDriver(self.process, self.pages)
        elif family == "webkit":
            recorder = await stack.enter_async_context(Recorder(asked, self.pages, routes, leaves))
            self.process = BrowserProcess(
                "Xvfb", webkit.DISPLAY_COMMAND, workspace, {}, last_words=webkit.DISPLAY_LAST_WORDS
            )
            stack.callback(self.process.stop)
            driver = webkit.WebKitDriver(self.process, self.pages, program, recorder, agent)
        else:
            hosts = {a.host for p in self._probes if (a := address_of(p.url)) is not None}
            argv = chromium.command_line(
                program, workspace, asked, self.pages, routes, forwarder_port, leaves, hosts, agent
            )
            # HOME is kept, because the user's certificate authorities are there. Crash dumps must not go there. The
            # crash handler leaves the process group, but exits with the browser.
            extra = {"BREAKPAD_DUMP_LOCATION": str(workspace.path / "crashes")}
            self.process = BrowserProcess(title, argv, workspace, extra)
            stack.callback(self.process.stop)
            driver = chromium.ChromiumDriver(self.process, self.pages)
        stack.push_async_callback(driver.close)
        try:
            await driver.connect()
        except BrowserDiedError as error:
            raise BrowserUnavailable(f"{title} went away while it started: {error}") from error
        self._driver = driver
        self.version = driver.version

    async def ask(self, probe: Probe, *, fresh_context: bool = True) -> Observation:
        """Run a probe in a page of its origin. Not concurrently. ``fresh_context``: see ``observe``."""
        origin = page_origin(probe)
        if isinstance(origin, str):
            return self._inconclusive(origin)
        target = address_of(probe.url)
        leaf = self._leaves.get(target) if target is not None and probe.url.lower().startswith("https:") else None
        if isinstance(leaf, str):
            return self._inconclusive(leaf)
        if self._dead is not None:
            return self._inconclusive(self._dead)
        try:
            return await self._ask(probe, origin, fresh_context)
        except PageUnusableError as error:
            return self._inconclusive(str(error))
        except (BrowserDiedError, CommandError) as error:
            self._shared.pop((origin, probe.coep), None)
            # If only the page crashed, the browser still runs, and the next probe gets a new page.
            if await self.process.ended(0.5):
                status = self.process.exit_status
                self._dead = f"{self._browser.title} died in mid-run (status {status}): {error}"
                return self._inconclusive(self._dead)
            return self._inconclusive(f"{self._browser.title} gave no response: {error}")

    async def _ask(self, probe: Probe, origin: Origin, fresh_context: bool) -> Observation:
        shared = origin, probe.coep
        page = None if fresh_context else self._shared.get(shared)
        if page is None:
            self.pages.coep = probe.coep
            page = await self._driver.open_page(origin)
        mark = self.pages.sync(self.pages.page(origin))
        strays = len(self.pages.strays)
        keep = False
        try:
            sighting = await page.run(expression(probe, mark), mark, self._network.timeout)
            # Events of a fetch that timed out would be assigned to the next fetch, so such a page is not kept.
            keep = not fresh_context and sighting.said is not None
        finally:
            if keep:
                self._shared[shared] = page
            else:
                self._shared.pop(shared, None)
                with contextlib.suppress(BrowserDiedError, CommandError):
                    await page.close()
        check_strays(self.pages, strays)
        return self._observation(sighting)

    def _observation(self, sighting: Sighting) -> Observation:
        said = sighting.said
        verdict: Verdict
        readable: tuple[str, ...] = ()
        error = None
        if said is None:
            verdict = "inconclusive"
            error = f"the fetch did not settle within {self._network.timeout:g} s"
        elif "response" in said:
            verdict = "allowed"
            readable = tuple(said["headers"])
        elif "invalid" in said:
            verdict = "invalid"
            error = said["invalid"]
        else:
            verdict = "blocked"
            # WebKit's name of a failure is often one of its console lines.
            trouble = sighting.trouble
            known = trouble is None or trouble in _GENERIC or any(trouble in line for line in sighting.console)
            error = None if known else trouble
        console = "\n".join(sighting.console) or None
        return Observation(self._browser.name, self.version, verdict, readable, console, sighting.requests, error)

    def _inconclusive(self, error: str) -> Observation:
        return Observation(self._browser.name, self.version, "inconclusive", error=error)
