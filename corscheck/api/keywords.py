"""The keyword arguments of the Python API, declared once for functions, editors and type checkers.

``arguments.read`` accepts exactly the keys of these types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Required, TypeAlias, TypedDict

from corscheck.model.values import Depth, EngineName, FailOn, Send
from corscheck.protocol.outcome import Verdict
from corscheck.protocol.request import CacheMode, Credentials, EmbedderPolicy, Mode, Redirect
from corscheck.transports.base import TransportName

HeadersLike: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
Path: TypeAlias = str | PathLike[str]


class NetworkKeywords(TypedDict, total=False):
    """How to reach servers: curl's options under curl's names."""

    timeout: float
    verify: bool
    cacert: Path | None
    cert: Path | None
    key: Path | None
    proxy: str | None
    noproxy: str | None
    connect_to: Iterable[str]
    resolve: Iterable[str]
    unix_socket: Path | None
    http2: bool
    ip_version: Literal[4, 6] | None
    user_agent: str | None
    transport: TransportName


class RunKeywords(NetworkKeywords, total=False):
    """How to go about a probe."""

    rate: float | None
    retry: int
    wait_for: float
    show_secrets: bool
    diagnose: bool


class _Stored(TypedDict, total=False):
    """The visitor's stored credentials, and whether to send what may change data."""

    auth: tuple[str, str] | None
    cookies: str | None
    send: Send


class _Request(TypedDict, total=False):
    """What ``fetch()`` is given, and what is expected of it."""

    method: str
    headers: HeadersLike
    credentials: Credentials
    redirect: Redirect
    mode: Mode
    body: bytes | str | None
    cache: CacheMode
    upload_listener: bool
    coep: EmbedderPolicy
    secure_context: bool
    gate: EngineName | Iterable[EngineName] | None
    expected: Verdict
    via: str | None


class FetchKeywords(_Request, _Stored, total=False):
    """What ``Page.fetch`` takes."""


class SiteKeywords(FetchKeywords, total=False):
    """What the methods of the pytest plugin's ``Site`` take beside ``origin``."""

    engine: EngineName | None


class PartKeywords(FetchKeywords, total=False):
    """A probe."""

    origin: Required[str]
    engine: EngineName | None


class ProbeKeywords(PartKeywords, RunKeywords, total=False):
    """What ``probe`` and ``aprobe`` take."""

    app: Any


class PageKeywords(_Stored, RunKeywords, total=False):
    """What ``Page`` takes."""

    origin: Required[str]
    engine: EngineName | None
    app: Any


class ManyKeywords(FetchKeywords, RunKeywords, total=False):
    """What ``probe_many`` takes. ``origin`` may be left out if there are ``Probe`` objects only."""

    origin: str | None
    engine: EngineName | None
    app: Any
    concurrency: int
    concurrency_total: int | None


class AuditKeywords(NetworkKeywords, total=False):
    """What ``audit`` takes."""

    allowed_origins: str | Iterable[str]
    methods: str | Iterable[str]
    headers: HeadersLike
    auth: tuple[str, str] | None
    cookies: str | None
    depth: Depth
    fail_on: FailOn
    max_requests: int | None
    send: Literal["auto", "always"]
    seed: str | int | None
    via: str | None
    rate: float | None
    show_secrets: bool
