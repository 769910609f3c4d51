"""The options about the network and the pace of a run, as typed, made into what transports and the runner take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.cli.ask.inputs import rate
from corscheck.model.values import ConfigError
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions, TransportName

if TYPE_CHECKING:
    from collections.abc import Sequence


def network_options(
    *,
    max_time: float,
    insecure: bool,
    cacert: str | None,
    cert: str | None,
    key: str | None,
    proxy: str | None,
    noproxy: str | None,
    connect_to: Sequence[str] | None,
    resolve: Sequence[str] | None,
    unix_socket: str | None,
    http2: bool,
    ipv4: bool,
    ipv6: bool,
    user_agent: str | None,
    transport: TransportName = "auto",
) -> NetworkOptions:
    """How to reach servers. Raises ``ConfigError`` for what excludes each other."""
    if ipv4 and ipv6:
        raise ConfigError("-4 and -6 exclude each other: leave both out for either kind of address")
    return NetworkOptions(
        timeout=max_time,
        verify=not insecure,
        cacert=cacert,
        cert=cert,
        key=key,
        proxy=proxy,
        noproxy=noproxy,
        connect_to=tuple(connect_to or ()),
        resolve=tuple(resolve or ()),
        unix_socket=unix_socket,
        http2=http2,
        ip_version=4 if ipv4 else 6 if ipv6 else None,
        user_agent=user_agent,
        transport=transport,
    )


def run_options(
    network: NetworkOptions,
    *,
    requests_rate: str | None = None,
    retry: int = 0,
    wait_for: float = 0.0,
    show_secrets: bool = False,
    diagnose: bool = False,
    concurrency: int | None = None,
) -> RunOptions:
    """How a run goes about its probes. Raises ``ConfigError`` for a rate that is none."""
    made = RunOptions(
        network=network,
        rate=rate(requests_rate),
        retry=retry,
        wait_for=wait_for,
        show_secrets=show_secrets,
        diagnose=diagnose,
    )
    if concurrency is None:
        return made
    from msgspec.structs import replace

    # Given explicitly it is the cap in all, and so per host too.
    return replace(made, concurrency=concurrency, concurrency_total=concurrency)
