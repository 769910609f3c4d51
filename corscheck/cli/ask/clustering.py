"""``--cluster``: lets the workers of a Dask cluster ask. Which options cannot go along, and how results come to the session."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.runner.options import RunOptions

_T = TypeVar("_T")


def check(address: str, options: RunOptions, *, in_browser: str | None = None, app: str | None = None) -> None:
    """Raise ``ConfigError`` for an address that is none, and for what a worker cannot do."""
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


def ask_probes(
    probes: Iterable[Probe], options: RunOptions, address: str, total: int, take: Callable[[Result], object]
) -> None:
    """As ``runner.ask_all``: ``take`` is called with each result, in order, and ends the run with True."""
    from corscheck.runner.cluster import results

    _hand_on(results(probes, options, address, total), take)


def ask_audits(
    plans: Iterable[AuditPlan], options: RunOptions, address: str, total: int, take: Callable[[Audit], object]
) -> None:
    """The same with audits."""
    from corscheck.runner.cluster import audits

    _hand_on(audits(plans, options, address, total), take)


def _hand_on(came: Iterator[_T], take: Callable[[_T], object]) -> None:
    import gc

    # Off since the start of the process (see ``__main__``), where it only delays; a long run needs it.
    gc.enable()
    with closing(came):  # type: ignore[type-var]
        for one in came:
            if take(one) is True:
                return
