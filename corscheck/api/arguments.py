"""Keyword arguments made into probes and run options. Whatever is wrong raises ``ConfigError`` before anything is sent."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from corscheck.api import keywords
from corscheck.api.checks import PROBE_CHECKS, check_url, invalid, meant
from corscheck.model.values import ConfigError, Probe
from corscheck.runner import options as runner
from corscheck.transports import base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Unpack

    from corscheck.api.checks import Check

TEXT_BODY = "text/plain;charset=UTF-8"
"""The Content-Type that ``fetch()`` gives a string."""

DEFAULTS: Mapping[str, Any] = {
    "method": "GET",
    "headers": (),
    "credentials": "same-origin",
    "redirect": "follow",
    "mode": "cors",
    "body": None,
    "cache": "default",
    "gate": None,
    "expected": "allowed",
    "via": None,
    "auth": None,
    "cookies": None,
    "send": "auto",
    "engine": None,
    "app": None,
    "allowed_origins": (),
    "methods": (),
    "depth": "normal",
    "fail_on": "medium",
    "max_requests": None,
    "seed": None,
    **{name: getattr(runner.RunOptions(), name) for name in runner.RunOptions.__struct_fields__ if name != "network"},
    **{name: getattr(base.NetworkOptions(), name) for name in base.NetworkOptions.__struct_fields__},
}
"""What an argument is when it is left out; one without a default must be given."""

_NETWORK = base.NetworkOptions.__struct_fields__
_RUN = tuple(name for name in runner.RunOptions.__struct_fields__ if name != "network")
_PARTS = tuple(keywords.PartKeywords.__annotations__)

F = TypeVar("F", bound="Callable[..., Any]")


def read(
    function: str, given: Mapping[str, Any], known: Iterable[str], checks: Mapping[str, Check] = PROBE_CHECKS
) -> dict[str, Any]:
    """The arguments of a function, each checked. Raises ``ConfigError`` for one that the function does not take."""
    names = tuple(known)
    found = {}
    for name, value in given.items():
        if name not in names:
            raise unknown(function, name, value, names)
        found[name] = checks[name](name, value)
    return found


def unknown(function: str, name: str, value: object, known: Iterable[str]) -> ConfigError:
    """The error for an argument that a function does not take."""
    near = meant(name, known)
    reason = f"{function}() has no such option"
    hint = f"Did you mean {near!r}?" if near is not None else f"It takes {', '.join(sorted(known))}."
    text = f"Unknown option {name!r}: {reason}. {hint}"
    return ConfigError(text, option=name, value=value, reason=reason, hint=hint)


def make_probe(url: str, **parts: Unpack[keywords.PartKeywords]) -> Probe:
    """A probe of these parts, checked. Raises ``ConfigError``."""
    return probe_of(url, read("make_probe", parts, _PARTS))


def probe_of(url: str, checked: Mapping[str, Any]) -> Probe:
    """A probe of parts that are checked; whatever else there is among them is for others. Raises ``ConfigError``."""
    url = check_url("url", url)
    parts = {name: checked[name] if name in checked else DEFAULTS[name] for name in _PARTS if name != "origin"}
    if checked.get("origin") is None:
        reason, hint = "a page has one, and the request goes out from it", "Pass e.g. origin='https://app.example'."
        raise ConfigError(f"Missing origin: {reason}. {hint}", option="origin", reason=reason, hint=hint)
    engine, gate, auth = parts.pop("engine"), parts.pop("gate"), parts.pop("auth")
    if isinstance(parts["body"], str):
        if not any(name.lower() == "content-type" for name, _ in parts["headers"]):
            parts["headers"] = (*parts["headers"], ("Content-Type", TEXT_BODY))
        parts["body"] = parts["body"].encode()
    return Probe(
        url=url,
        origin=checked["origin"],
        engine=engine or "chromium",
        gate=gate or ((engine,) if engine else ("chromium", "firefox")),
        user=auth[0] if auth else None,
        password=auth[1] if auth else None,
        **parts,
    )


def checked_probe(probe: Probe) -> Probe:
    """A probe that a program made by itself, as it is. Raises ``ConfigError`` for a part that is wrong."""
    check_url("url", probe.url)
    for name in _PARTS:
        if name != "auth":
            PROBE_CHECKS[name](name, getattr(probe, name))
    if probe.user is not None or probe.password is not None:
        PROBE_CHECKS["auth"]("auth", (probe.user, probe.password))
    return probe


def run_options(**given: Unpack[keywords.RunKeywords]) -> runner.RunOptions:
    """How to go about probes, checked. Raises ``ConfigError``."""
    return run_options_of(read("run_options", given, keywords.RunKeywords.__annotations__))


def run_options_of(checked: Mapping[str, Any]) -> runner.RunOptions:
    """Run options of arguments that are checked; whatever else there is among them is for others."""
    network = base.NetworkOptions(**{name: checked[name] for name in _NETWORK if name in checked})
    check_network(network)
    return runner.RunOptions(network=network, **{name: checked[name] for name in _RUN if name in checked})


def check_network(options: base.NetworkOptions) -> None:
    """Raise ``ConfigError`` now for what a transport would refuse at the first request."""
    from corscheck.transports.handshakes import check_files
    from corscheck.transports.routing import Router

    with in_words_of_the_api():
        check_files(options)
        Router(options)


@contextmanager
def in_words_of_the_api(app: object = None) -> Iterator[None]:
    """Let the errors of the rooms below say which keyword is at fault, as those of ``checks`` do.

    A transport names the option and the reason, in the words of the command line. What fails without naming an option is
    the application.
    """
    try:
        yield
    except ConfigError as error:
        if error.option is None:
            if app is not None:
                error.option, error.value, error.reason = "app", app, str(error)
            raise
        if error.reason is None or error.reason in str(error):
            raise
        raise invalid(error.option, error.value, error.reason, error.hint) from None


def documented(accepted: type) -> Callable[[F], F]:
    """A decorator: ``help()`` and ``inspect.signature`` show each keyword of a type, with its default."""
    empty, rest = inspect.Parameter.empty, inspect.Parameter.VAR_KEYWORD
    named = []
    for name, kind in accepted.__annotations__.items():
        text = getattr(kind, "__forward_arg__", str(kind))
        inner = text.removeprefix("Required[").removesuffix("]") if text.startswith("Required[") else None
        named.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=DEFAULTS.get(name) if inner is None else empty,
                annotation=inner or text,
            )
        )
    named.sort(key=lambda parameter: parameter.default is not empty)

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        positional = [parameter for parameter in own.parameters.values() if parameter.kind is not rest]
        function.__signature__ = own.replace(parameters=[*positional, *named])  # type: ignore[attr-defined]
        return function

    return decorate
