"""URLs that are neither http nor https: what the page meant to ask, by the scheme."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.facts import Cause

if TYPE_CHECKING:
    from corscheck.protocol.origin import URL

_HOST_AS_SCHEME = re.compile(r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+):\d{1,5}(/.*)?", re.IGNORECASE)


def not_http(url: URL) -> list[Cause]:
    """Return what to do about a URL that CORS does not know."""
    if url.scheme in ("ws", "wss"):
        message = f"{url.scheme}: is a WebSocket URL. WebSockets are not subject to CORS, and fetch() cannot open them."
        advice = f"To test whether it accepts connections from foreign origins, run: corscheck audit {url.scheme}://..."
        return [Cause("CORS204", message, url.href, advice)]
    if _HOST_AS_SCHEME.fullmatch(url.href):
        message = f"{url.scheme}: is parsed as the scheme of the URL, because the host has no scheme before it."
        return [Cause("CORS204", message, url.href, f"Add http:// before it: http://{url.href}")]
    if url.scheme == "file":
        message = "CORS applies only to http and https, and a page cannot fetch local files."
        advice = "Serve the file over http (in development, with any local web server), and request that URL."
        return [Cause("CORS204", message, url.href, advice)]
    return []
