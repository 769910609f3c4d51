"""URLs as an engine's own parser has them, where it differs from the standard's: https://url.spec.whatwg.org."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.protocol.origin import URL, URLError, is_punycode_valid

if TYPE_CHECKING:
    from corscheck.protocol.engines import Rules


def spelled(url: URL, rules: Rules) -> URL:
    """Return a URL as the engine's own parser has it. Raises ``URLError`` where that one refuses it.

    Chromium encodes ``|`` in a path; Firefox forbids more in a host (path_pipe_encoded and hosts_forbid in departures.py).
    """
    if any(char in url.host for char in rules.hosts_forbid):
        raise URLError(f"not a valid URL: {url.href!r}")
    if "xn--" in url.host and not rules.invalid_punycode_allowed and not is_punycode_valid(url):
        raise URLError(f"not a valid URL: {url.href!r}")
    if not rules.path_pipe_encoded or "|" not in url.path:
        return url
    path = url.path.replace("|", "%7C")
    at = url.href.index(url.path, len(url.scheme) + len("://"))
    return replace(url, href=url.href[:at] + path + url.href[at + len(url.path) :], path=path)
