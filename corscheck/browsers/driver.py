"""The parts that all browsers share: the script that runs in the page, and the life of a driver and of its pages."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.browsers.channel import CommandError
from corscheck.browsers.errors import PageUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.browsers.channel import Channel, Message
    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.process import BrowserProcess
    from corscheck.browsers.targets import Origin
    from corscheck.model.result import ObservedRequest
    from corscheck.model.values import Probe

# The script calls fetch(url, init) like a page does, or XMLHttpRequest, which alone has upload listeners. For fetch() it
# constructs a Request first, only to tell an exception of the constructor from a network error: both reject the promise
# with a TypeError. The body is passed as bytes, so that the browser adds no Content-Type of its own. The response body is
# cancelled to free its connection. The last fetch goes to the page server and is a mark: browsers report events in order,
# so after the mark's events all events of the probe have arrived.
_SCRIPT = """\
async (url, init, body, listener, mark) => {
  const bytes = () => Uint8Array.from(atob(body), c => c.charCodeAt(0));
  const fetched = async () => {
    const options = () => body === null ? init : {...init, body: bytes()};
    try {
      new Request(url, options());
    } catch (error) {
      return {invalid: String(error)};
    }
    try {
      const response = await fetch(url, options());
      const {type, status, redirected} = response;
      response.body?.cancel().catch(() => {});
      return {response: {type, status, url: response.url, redirected}, headers: [...response.headers.keys()]};
    } catch (error) {
      return {rejected: String(error)};
    }
  };
  const uploaded = () => new Promise(settle => {
    const request = new XMLHttpRequest();
    request.onreadystatechange = () => {
      if (request.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return;
      const {status, responseURL} = request;
      const names = request.getAllResponseHeaders().split("\\r\\n").filter(line => line).map(line => line.split(":")[0]);
      settle({response: {status, url: responseURL}, headers: names});
      request.abort();
    };
    request.onerror = () => settle({rejected: "error event"});
    try {
      request.open(init.method, url);
      request.withCredentials = init.credentials === "include";
      for (const [name, value] of init.headers) request.setRequestHeader(name, value);
      request.upload.onprogress = () => {};
      request.send(body === null ? null : bytes());
    } catch (error) {
      settle({invalid: String(error)});
    }
  });
  const said = await (listener ? uploaded() : fetched());
  if ("invalid" in said) return JSON.stringify(said);
  await fetch(mark, {mode: "no-cors", cache: "no-store"}).catch(() => {});
  return JSON.stringify(said);
}"""

IDENTITY_SCRIPT = "JSON.stringify([self.origin, document.title, location.href])"
"""Returns the page's identity, which ``verify_page`` checks before the page runs a fetch."""

GRACE_SECONDS = 0.02
"""A safety margin after the mark. Without it, all 828 fetches of a corpus were recorded completely in both browsers."""

PAGE_SECONDS = 20.0
"""How long the blank page may take to load."""


class Sighting(Struct, frozen=True):
    """What was observed of one fetch.

    ``said`` is the decoded result of ``_SCRIPT``, None if the fetch timed out. ``console`` holds the console lines in
    order, ``requests`` the requests that were sent. ``trouble`` is the browser's name of the network error, if any.
    """

    said: dict[str, Any] | None
    console: tuple[str, ...]
    requests: tuple[ObservedRequest, ...]
    trouble: str | None = None


class Wire(ABC):
    """Combines the network events of one fetch into the requests that were really sent, in order."""

    def __init__(self, mark: str) -> None:
        self.trouble: str | None = None
        self._mark = mark
        self._marked = asyncio.Event()

    @abstractmethod
    def event(self, method: str, params: Message) -> None:
        """Handle a network event."""

    @abstractmethod
    def requests(self) -> tuple[ObservedRequest, ...]:
        """Return the requests that were sent, without the mark and the favicon."""

    async def settled(self) -> None:
        """Wait up to 1 s for the mark's last event, and then ``GRACE_SECONDS``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._marked.wait()
        await asyncio.sleep(GRACE_SECONDS)


class BrowserPage(ABC):
    """A loaded page whose origin is exactly the requested one, with a context (cookies, caches) of its own.

    It runs one fetch at a time, because console lines do not name their fetch. ``name`` is the browser's name of the
    page, under which ``register`` holds it.
    """

    wire_type: Callable[[str], Wire]

    def __init__(self, channel: Channel, name: str, register: dict[str, BrowserPage]) -> None:
        self._channel = channel
        self._name = name
        self._register = register
        self._console: list[str] = []
        self._wire = self.wire_type("")
        register[name] = self

    async def run(self, expression: str, mark: str, seconds: float) -> Sighting:
        """Evaluate an expression (a promise of a string) and collect its console lines and requests.

        ``mark`` is the URL of the mark, ``seconds`` the time limit.
        """
        self._console.clear()
        self._wire = wire = self.wire_type(mark)
        said = None
        try:
            async with asyncio.timeout(seconds):
                said = json.loads(await self._evaluate(expression))
        except TimeoutError:
            await self._abandon()
        else:
            await wire.settled()
        return Sighting(said, tuple(self._console), wire.requests(), wire.trouble)

    @abstractmethod
    async def close(self) -> None:
        """Discard the page and its context."""

    @abstractmethod
    def event(self, method: str, params: Message) -> None:
        """Handle an event of this page."""

    @abstractmethod
    async def _evaluate(self, expression: str) -> str:
        """Evaluate an expression without a time limit. Raises ``BrowserDiedError`` if it throws."""

    async def _abandon(self) -> None:  # noqa: B027 - only Firefox has to
        """Give up on a fetch that timed out."""


class Driver(ABC):
    """A running browser. ``version`` is its version number, e.g. ``140.0``."""

    def __init__(self, process: BrowserProcess, pages: PageServer) -> None:
        self.version = ""
        self._process = process
        self._pages = pages
        self._open: dict[str, BrowserPage] = {}

    @abstractmethod
    async def connect(self) -> None:
        """Connect to the browser and read its version."""

    @abstractmethod
    async def open_page(self, origin: Origin) -> BrowserPage:
        """Open a page in a new context. Raises ``PageUnusableError`` if that fails."""

    @abstractmethod
    async def quit(self) -> None:
        """Ask the browser to exit, so that it reaps its helper processes."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections to the browser."""


class ContextPage(BrowserPage):
    """A page of a ``ContextDriver``. ``discard`` is the command that removes the page's context."""

    def __init__(
        self, channel: Channel, name: str, discard: tuple[str, Message], register: dict[str, BrowserPage]
    ) -> None:
        super().__init__(channel, name, register)
        self._discard = discard

    async def load(self, origin: Origin, pages: PageServer) -> None:
        """Load the page of an origin and verify it with ``verify_page``."""
        url = pages.page(origin)
        before = pages.loads[url]
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                await self._navigate(url)
        except TimeoutError:
            raise PageUnusableError(f"it did not load within {PAGE_SECONDS:.0f} s") from None
        verify_page(await self._evaluate(IDENTITY_SCRIPT), origin, pages, before)

    async def close(self) -> None:
        """Discard the page and its context."""
        self._register.pop(self._name, None)
        await self._channel.call(*self._discard)

    @abstractmethod
    async def _navigate(self, url: str) -> None:
        """Load a URL and wait until it is loaded."""


class ContextDriver(Driver):
    """A browser with one connection, over which it opens a context for each page."""

    quit_command: str

    def __init__(self, process: BrowserProcess, pages: PageServer) -> None:
        super().__init__(process, pages)
        self._connection: Channel | None = None

    @property
    def _channel(self) -> Channel:
        assert self._connection is not None
        return self._connection

    async def open_page(self, origin: Origin) -> BrowserPage:
        """Open a page in a new context. Raises ``PageUnusableError`` if that fails."""
        discard = await self._create_context()
        try:
            page = await self._create_page(discard)
            await page.load(origin, self._pages)
        except (CommandError, PageUnusableError) as error:
            with contextlib.suppress(CommandError):
                await self._channel.call(*discard)
            raise PageUnusableError(f"no page at {origin.serialized}: {error}") from error
        return page

    async def quit(self) -> None:
        """Ask the browser to exit, so that it reaps its helper processes, and wait up to 3 s."""
        await self._channel.call(self.quit_command)
        await self._process.ended(3.0)

    async def close(self) -> None:
        """Close the connection to the browser."""
        if self._connection is not None:
            await self._connection.close()

    @abstractmethod
    async def _create_context(self) -> tuple[str, Message]:
        """Create a context for cookies and caches. Return the command that removes it."""

    @abstractmethod
    async def _create_page(self, discard: tuple[str, Message]) -> ContextPage:
        """Create an empty page in the context that ``discard`` removes."""


def expression(probe: Probe, mark: str) -> str:
    """Return the JavaScript expression that runs a probe."""
    init = {
        "method": probe.method,
        "headers": [list(pair) for pair in probe.headers],
        "credentials": probe.credentials,
        "redirect": probe.redirect,
        "mode": probe.mode,
        "cache": probe.cache,
    }
    body = None if probe.body is None else base64.b64encode(probe.body).decode("ascii")
    arguments = ", ".join(json.dumps(value) for value in (probe.url, init, body, probe.upload_listener, mark))
    return f"({_SCRIPT})({arguments})"


def verify_page(identity: str, origin: Origin, pages: PageServer, loads_before: int) -> None:
    """Raise ``PageUnusableError`` unless the page server served the page and the origin is exactly the given one."""
    own_origin, title, location = json.loads(identity)
    if own_origin != origin.serialized:
        # E.g. a domain on the HSTS preload list: the browser replaces http with https.
        raise PageUnusableError(f"the browser gave it the origin {own_origin} ({location})")
    if title != pages.token or pages.loads[pages.page(origin)] == loads_before:
        raise PageUnusableError(f"something else than the test page answered at {location}")


def check_strays(pages: PageServer, before: int) -> None:
    """Raise ``PageUnusableError`` if a fetch was redirected to the page server, which stands in for a real server."""
    if len(pages.strays) > before:
        raise PageUnusableError(
            f"the fetch was redirected to a page's own origin ({pages.strays[-1]}), "
            "where the test page stands in for the real server"
        )
