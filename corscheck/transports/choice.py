"""Which live transport carries a run: httpx, which is always there, or libcurl, which is faster where it can be had.

Knows neither library: each is imported by the module that knows it, and only when it was chosen.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from corscheck.model.values import ConfigError
from corscheck.transports.base import TransportName, Unreadable

if TYPE_CHECKING:
    from corscheck.protocol.request import HTTPResponse, NetworkError
    from corscheck.transports.base import NetworkOptions, Transport, WireRequest

Chosen: TypeAlias = Literal["httpx", "curl"]
Answered: TypeAlias = "HTTPResponse | NetworkError"

_REPEATABLE = ("GET", "HEAD", "OPTIONS")
"""Safe methods (RFC 9110, 9.2.1): asking again changes nothing."""

INSTALL = "pip install 'corscheck[fast]'"


def chosen(options: NetworkOptions) -> Chosen:
    """The transport that these options mean. ``auto`` is libcurl where it does the same as httpx.

    Raises:
        ConfigError: ``transport`` is none of the names, or libcurl was asked for and cannot be used here.

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
        # What a server says that does not accept a client certificate may be lost in libcurl.
        return "httpx"
    if name == "auto" and options.http2 and importlib.util.find_spec("h2") is not None:
        # libcurl's HTTP/2 leaves out fields with line breaks in them; browsers refuse such an answer.
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
    """The transport that these options mean, for one exchange at a time."""
    if chosen(options) == "curl":
        return _Both(options) if options.transport == "auto" else _curl(options)
    return _httpx(options)


def asked_again(request: WireRequest, answer: Answered, options: NetworkOptions, deadline: float) -> Answered:
    """The answer; under ``auto`` one that libcurl cannot read is asked for once more over httpx, if that does no harm."""
    if options.transport != "auto" or not isinstance(answer, Unreadable) or request.method not in _REPEATABLE:
        return answer
    transport = _httpx(options)
    try:
        return transport.send(request, deadline)
    finally:
        transport.close()


class _Both:
    """``auto`` for one exchange at a time: over libcurl what can be asked again, over httpx what must be read at once."""

    def __init__(self, options: NetworkOptions) -> None:
        self._options = options
        self._curl = _curl(options)
        self._httpx: Transport | None = None

    def send(self, request: WireRequest, deadline: float) -> HTTPResponse | NetworkError:
        """Satisfies ``base.Transport``."""
        if request.method in _REPEATABLE:
            return asked_again(request, self._curl.send(request, deadline), self._options, deadline)
        if self._httpx is None:
            self._httpx = _httpx(self._options)
        return self._httpx.send(request, deadline)

    def close(self) -> None:
        """Close every connection."""
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
    """Why libcurl cannot be used here, as the rest of a sentence; None if it can."""
    try:
        curl = importlib.import_module("corscheck.transports.curl")
    except ImportError:
        return f"needs the package pycurl: {INSTALL}"
    complaint: str | None = curl.complaint()
    return complaint
