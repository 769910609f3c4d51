"""Chooses the transport of a run: httpx, which is always installed, or libcurl, which is faster.

This module imports neither library. The module of the chosen one does.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from corscheck.model.values import ConfigError
from corscheck.protocol.request import HTTPResponse, NetworkError
from corscheck.transports.base import TransportName, Unreadable

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions, Transport, WireRequest

Chosen: TypeAlias = Literal["httpx", "curl"]
Answered: TypeAlias = "HTTPResponse | NetworkError"

_REPEATABLE = ("GET", "HEAD", "OPTIONS")
"""Safe methods (RFC 9110, 9.2.1): repeating them changes nothing."""

INSTALL = "pip install '.[fast]' in a checkout of corscheck"


def chosen(options: NetworkOptions) -> Chosen:
    """Return the transport for these options. ``auto`` picks libcurl if it is installed and behaves like httpx.

    Raises:
        ConfigError: ``transport`` is not a valid name, or it is ``curl`` and libcurl cannot be used.

    """
    name = options.transport
    if name not in get_args(TransportName):
        raise ConfigError(
            f"transport {name!r} is none of {', '.join(get_args(TransportName))}",
            option="transport",
            value=name,
            reason=f"expected one of {', '.join(get_args(TransportName))}",
        )
    if name == "httpx":
        return "httpx"
    if name == "auto" and options.cert is not None:
        # libcurl may lose the alert with which a server rejects a client certificate.
        return "httpx"
    if name == "auto" and options.http2 and importlib.util.find_spec("h2") is not None:
        # Over HTTP/2 libcurl drops fields that contain line breaks. Browsers reject such a response.
        return "httpx"
    why = _unusable()
    if why is None:
        return "curl"
    if name == "curl":
        raise ConfigError(
            f"transport curl {why}",
            option="transport",
            value=name,
            reason=f"it {why}",
            hint="Pass transport='auto' to use libcurl only if it can be used.",
        )
    return "httpx"


def live(options: NetworkOptions) -> Transport:
    """Return a transport for these options, for one exchange at a time."""
    if chosen(options) == "curl":
        return _Both(options)
    return _httpx(options)


def is_unread(request: WireRequest, answer: Answered) -> bool:
    """Whether libcurl could not parse the response to a safe request, so that ``asked_again`` repeats it."""
    unread = isinstance(answer, Unreadable) or (answer.raw is not None and answer.raw.fault == "chunk")
    return unread and request.method in _REPEATABLE


def asked_again(request: WireRequest, answer: Answered, options: NetworkOptions, deadline: float) -> Answered:
    """Return the answer. If libcurl could not parse the response, repeat a safe request over httpx.

    libcurl does not hand over the bytes that it rejects, so nothing else can tell what browsers make of them.
    """
    if not is_unread(request, answer):
        return answer
    began = time.monotonic()
    transport = _httpx(options)
    try:
        # The import is not the server's time.
        again = transport.send(request, deadline + time.monotonic() - began)
    finally:
        transport.close()
    if isinstance(answer, HTTPResponse) and isinstance(again, NetworkError) and again.raw is None:
        return answer
    return again


class _Both:
    """libcurl for one exchange at a time. Requests that may not be repeated go over httpx if the choice is ours (``auto``)."""

    def __init__(self, options: NetworkOptions) -> None:
        self._options = options
        self._curl = _curl(options)
        self._httpx: Transport | None = None

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """See ``base.Transport``."""
        if request.method in _REPEATABLE or self._options.transport == "curl":
            return asked_again(request, self._curl.send(request, deadline), self._options, deadline)
        if self._httpx is None:
            self._httpx = _httpx(self._options)
        return self._httpx.send(request, deadline)

    def close(self) -> None:
        """Close all connections."""
        self._curl.close()
        if self._httpx is not None:
            self._httpx.close()


def _curl(options: NetworkOptions) -> Transport:
    from corscheck.transports.curl import CurlTransport

    return CurlTransport(options)


def _httpx(options: NetworkOptions) -> Transport:
    from corscheck.transports.http.transport import HTTPTransport

    return HTTPTransport(options)


@cache
def _unusable() -> str | None:
    """Return why libcurl cannot be used, as the rest of a sentence; None if it can."""
    try:
        curl = importlib.import_module("corscheck.transports.curl")
    except ImportError:
        return f"needs the package pycurl: {INSTALL}"
    complaint: str | None = curl.complaint()
    return complaint
