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
        message = f"{url.scheme}: is a WebSocket. WebSockets are not subject to CORS, and fetch() cannot ask them."
        advice = f"To find out whether it accepts connections from foreign origins: corscheck audit {url.scheme}://..."
        return [Cause("CORS204", message, url.href, advice)]
    if _HOST_AS_SCHEME.fullmatch(url.href):
        message = f"{url.scheme}: is taken for the scheme of the URL, because no scheme stands before the host."
        return [Cause("CORS204", message, url.href, f"Write http:// before it: http://{url.href}")]
    if url.scheme == "file":
        message = "CORS exists for http and https only, and a page cannot fetch files from the disk."
        advice = "Serve the file over http (in development with any local web server), and ask that URL."
        return [Cause("CORS204", message, url.href, advice)]
    return []
