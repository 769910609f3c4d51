"""``--cluster``: checks which options the workers of a Dask cluster can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.runner.options import RunOptions


def check(address: str, options: RunOptions, *, in_browser: str | None = None, app: str | None = None) -> None:
    """Raise ``ConfigError`` for an invalid address, and for options that a worker cannot follow."""
    from corscheck.runner.cluster import is_local

    local = is_local(address)
    if in_browser is not None:
        raise ConfigError("--cluster and --in-browser exclude each other: the browser is on this machine")
    if app is not None:
        raise ConfigError("--cluster and --app exclude each other: the application runs in this process")
    if options.network.unix_socket is not None and not local:
        raise ConfigError(
            "--unix-socket is a place on this machine: --cluster local:N can use it, other workers cannot"
        )
