"""``--cluster``: lets the workers of a Dask cluster ask. Checks which options are possible there."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corscheck.audit.plan import AuditPlan
    from corscheck.model.values import Probe
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


def ask_all(
    questions: Iterable[Probe | AuditPlan],
    options: RunOptions,
    address: str,
    total: int,
    take: Callable[[Any], object],
) -> None:
    """Do as ``many.ask_all``: call ``take`` with each item, in order; True ends the run."""
    import gc

    from corscheck.runner.cluster import results

    # Off since the start of the process (see ``__main__``), where it only delays; a long run needs it.
    gc.enable()
    with closing(results(questions, options, address, total)) as found:
        for item in found:
            if take(item) is True:
                return
