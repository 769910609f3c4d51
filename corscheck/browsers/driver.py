"""What driving a browser means, whichever it is: the script that runs in the page, and the shape of a driver."""

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

# What the probe means is fetch(url, init), called as a page would call it. The Request before it is made only to tell
# an exception of its constructor from a network error; both reject the promise with a TypeError. A body goes in as
# bytes, so that the Content-Type is the one among the headers, or none. The answer's body is let go, for its connection
# to be free. The last fetch, to our own page server, is a mark: once the browser has told us of it, it has told us of
# everything before it.
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
"""Says who the page is: compared with what was asked for before anything else happens in it."""

GRACE_SECONDS = 0.02
"""A margin after the mark. Without it all of a corpus of 828 fetches was seen complete, in both browsers."""

PAGE_SECONDS = 20.0
"""How long the blank page may take to load."""


class Sighting(Struct, frozen=True):
    """What was seen of one fetch.

    ``said`` is the page script's answer (see there), None if the fetch did not settle in time. ``console`` are the
    lines for it in order, ``requests`` those that were on the wire, ``trouble`` the network error's name, if any.
    """

    said: dict[str, Any] | None
    console: tuple[str, ...]
    requests: tuple[ObservedRequest, ...]
    trouble: str | None = None


class BrowserPage(Protocol):
    """A loaded page, at exactly the origin asked for."""

    async def run(self, expression: str, mark: str, seconds: float) -> Sighting:
        """Evaluate an expression (a promise of a string) and collect what belongs to it."""
        ...

    async def close(self) -> None:
        """Throw the page and its context (cookies, caches) away."""
        ...


class Driver(Protocol):
    """A running browser. ``version`` is its version number."""

    version: str

    async def open_page(self, origin: Origin) -> BrowserPage:
        """A page in a fresh context. PageUnusableError if there cannot be one."""
        ...

    async def quit(self) -> None:
        """Ask the browser to end by itself, and wait a moment for it."""
        ...

    async def close(self) -> None:
        """Let go of the connection to it."""
        ...


def expression(probe: Probe, mark: str) -> str:
    """The JavaScript that asks a probe."""
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
    """Raise ``PageUnusableError`` unless the page is ours and its origin is the one asked for, to the letter."""
    own_origin, title, location = json.loads(identity)
    if own_origin != origin.serialized:
        # A domain on the HSTS preload list cannot have an http page: the browser goes to https on its own.
        raise PageUnusableError(f"the browser gave it the origin {own_origin} ({location})")
    if title != pages.token or pages.loads[pages.page(origin)] == loads_before:
        raise PageUnusableError(f"something else than the test page answered at {location}")


def check_strays(pages: PageServer, before: int) -> None:
    """Raise ``PageUnusableError`` if a fetch ended at the page server, which hides the real server of that place."""
    if len(pages.strays) > before:
        raise PageUnusableError(
            f"the fetch was redirected to a page's own origin ({pages.strays[-1]}), "
            "where the test page stands in for the real server"
        )
