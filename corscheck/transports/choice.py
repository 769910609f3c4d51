"""Which live transport carries a run: httpx, which is always there, or libcurl, which is faster where it can be had.

Knows neither library: each is imported by the module that knows it, and only when it was chosen.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from corscheck.model import ConfigError
from corscheck.transports.base import TransportName

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions, Transport

Chosen: TypeAlias = Literal["httpx", "curl"]

INSTALL = "pip install 'corscheck[fast]'"


def chosen(options: NetworkOptions) -> Chosen:
    """The transport that these options mean. ``auto`` is libcurl where it does the same as httpx.

    Raises:
        ConfigError: ``transport`` is none of the names, or libcurl was asked for and cannot be used here.

    """
    name = options.transport
    if name not in get_args(TransportName):
        raise ConfigError(f"transport {name!r} is none of {', '.join(get_args(TransportName))}")
    if name == "httpx":
        return "httpx"
    if name == "auto" and options.cert is not None:
        # What a server says that does not accept a client certificate may be lost in libcurl.
        return "httpx"
    why = _unusable()
    if why is None:
        return "curl"
    if name == "curl":
        raise ConfigError(f"transport curl {why}")
    return "httpx"


def live(options: NetworkOptions) -> Transport:
    """The transport that these options mean, for one exchange at a time."""
    if chosen(options) == "curl":
        from corscheck.transports.curl import CurlTransport

        return CurlTransport(options)
    from corscheck.transports.http import HTTPTransport

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
