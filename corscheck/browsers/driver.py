"""The parts that all browsers share: the script that runs in the page, and the interface of a driver."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from corscheck.browsers.errors import PageUnusableError

if TYPE_CHECKING:
    from corscheck.browsers.pageserver import PageServer
    from corscheck.browsers.targets import Origin
    from corscheck.model.result import ObservedRequest
    from corscheck.model.values import Probe

# The script calls fetch(url, init) like a page does. It constructs a Request first, only to tell an exception of the
# constructor from a network error: with fetch() both reject the promise with a TypeError. The body is passed as bytes,
# so that the browser adds no Content-Type of its own. The response body is cancelled to free its connection. The last
# fetch goes to the page server and is a mark: browsers report events in order, so after the mark's events all events of
# the probe have arrived.
_SCRIPT = """\
async (url, init, body, mark) => {
  const options = () => body === null ? init : {...init, body: Uint8Array.from(atob(body), c => c.charCodeAt(0))};
  let said;
  try {
    new Request(url, options());
  } catch (error) {
    return JSON.stringify({invalid: String(error)});
  }
  try {
    const response = await fetch(url, options());
    const {type, status, redirected} = response;
    said = {response: {type, status, url: response.url, redirected}, headers: [...response.headers.keys()]};
    response.body?.cancel().catch(() => {});
  } catch (error) {
    said = {rejected: String(error)};
  }
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


class BrowserPage(Protocol):
    """A loaded page whose origin is exactly the requested one."""

    async def run(self, expression: str, mark: str, seconds: float) -> Sighting:
        """Evaluate an expression (a promise of a string) and collect its console lines and requests.

        ``mark`` is the URL of the mark, ``seconds`` the time limit.
        """
        ...

    async def close(self) -> None:
        """Discard the page and its context (cookies, caches)."""
        ...


class Driver(Protocol):
    """A running browser. ``version`` is its version number, e.g. ``140.0``."""

    version: str

    async def open_page(self, origin: Origin) -> BrowserPage:
        """Open a page in a new context. Raises ``PageUnusableError`` if that fails."""
        ...

    async def quit(self) -> None:
        """Ask the browser to exit, and wait a few seconds for it."""
        ...

    async def close(self) -> None:
        """Close the connection to the browser."""
        ...


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
    arguments = ", ".join(json.dumps(value) for value in (probe.url, init, body, mark))
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
