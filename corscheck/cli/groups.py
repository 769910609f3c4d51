"""Groups of options that several commands take: each is declared once here, and reaches a command as one value.

A command that is ``grouped`` names a keyword parameter of the value's type (``network: NetworkOptions``); on the command
line its options stand in that place.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import functools
import inspect
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from corscheck.cli import options as opt
from corscheck.cli.ask.network import network_options
from corscheck.cli.show.outputs import OutputOptions
from corscheck.transports.base import NetworkOptions


class OptionGroup(Struct, frozen=True):
    """Options by their parameters' names, each with its annotation and default; ``build`` makes one value of them."""

    parameters: dict[str, tuple[Any, Any]]
    build: Callable[..., object]


def _outputs(*, report: list[str] | None, **typed: Any) -> OutputOptions:
    wanted = OutputOptions(reports=tuple(report or ()), **typed)
    wanted.check_outputs()
    return wanted


_GROUPS: dict[type, OptionGroup] = {
    NetworkOptions: OptionGroup(
        {
            "user_agent": (opt.UserAgent, None),
            "insecure": (opt.Insecure, False),
            "proxy": (opt.Proxy, None),
            "noproxy": (opt.NoProxy, None),
            "cacert": (opt.CACert, None),
            "cert": (opt.Cert, None),
            "key": (opt.Key, None),
            "resolve": (opt.Resolve, None),
            "connect_to": (opt.ConnectTo, None),
            "unix_socket": (opt.UnixSocket, None),
            "max_time": (opt.MaxTime, 10.0),
            "http2": (opt.HTTP2, False),
            "transport": (opt.Transport, "auto"),
            "ipv4": (opt.IPv4, False),
            "ipv6": (opt.IPv6, False),
        },
        network_options,
    ),
    OutputOptions: OptionGroup(
        {
            "json": (opt.JSONFile, None),
            "jsonl": (opt.JSONLFile, None),
            "report": (opt.Reports, None),
            "reproducible": (opt.Reproducible, False),
            "verbose": (opt.Verbose, False),
            "quiet": (opt.Quiet, False),
            "color": (opt.Color, "auto"),
        },
        _outputs,
    ),
}


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of its groups in their place; values are built in the order of their parameters."""
    groups: dict[str, OptionGroup] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group = _GROUPS.get(parameter.annotation) if isinstance(parameter.annotation, type) else None
        if group is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[name] = group
        for option, (annotation, default) in group.parameters.items():
            parameters.append(
                inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            )

    @functools.wraps(command)
    def typed(**given: Any) -> None:
        values = {name: group.build(**{o: given.pop(o) for o in group.parameters}) for name, group in groups.items()}
        command(**given, **values)

    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return typed
