"""Fetches a document over the transport of probes, for readers that do no I/O."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from corscheck.model.bounded import LARGEST
from corscheck.model.masking import mask_url
from corscheck.model.values import ConfigError
from corscheck.protocol.headers import get
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.request import HTTPResponse
from corscheck.runner.sending import USER_AGENT
from corscheck.transports.base import WireRequest

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_HOPS = 5


def fetch(url: str, network: NetworkOptions, option: str) -> tuple[str, str]:
    """Return the text at a URL, and its URL after redirects. Raises ``ConfigError`` that names the option."""
    from corscheck.transports.http.transport import HTTPTransport

    transport = HTTPTransport(network)
    deadline = time.monotonic() + network.timeout
    try:
        for _ in range(_MOST_HOPS):
            target = _parsed(url, option)
            headers = (("Accept", "application/json, */*"), ("User-Agent", network.user_agent or USER_AGENT))
            answer = transport.send(WireRequest("GET", target, headers, keep_body=LARGEST), deadline)
            if not isinstance(answer, HTTPResponse):
                raise ConfigError(f"{option}: {answer.message}")
            location = get(answer.headers, "Location")
            if answer.status in _REDIRECTS and location is not None:
                url = _parsed(location, option, target)
                continue
            if answer.status != 200:
                raise ConfigError(f"{option}: {mask_url(target)} answers {answer.status} {answer.reason}".rstrip())
            if answer.body_error is not None or len(answer.body) >= LARGEST:
                raise ConfigError(f"{option}: {mask_url(target)}: {answer.body_error or 'the document is too large'}")
            return answer.body.decode("utf-8", "replace"), target
    finally:
        transport.close()
    raise ConfigError(f"{option}: {mask_url(url)} redirects more than {_MOST_HOPS} times")


def _parsed(url: str, option: str, base: str | None = None) -> str:
    try:
        found = parse_url(url, base)
    except URLError:
        found = None
    if found is None or found.scheme not in HTTP_SCHEMES:
        raise ConfigError(f"{option}: {mask_url(url)!r} is not an http URL")
    return found.without_fragment
