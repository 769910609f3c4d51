"""Makes probes and run options of keyword arguments. A wrong argument raises ``ConfigError`` before anything is sent."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

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

_NETWORK = base.NetworkOptions.__struct_fields__
_RUN = tuple(name for name in runner.RunOptions.__struct_fields__ if name != "network")
_PARTS = tuple(keywords.PartKeywords.__annotations__)

DEFAULTS: Mapping[str, Any] = {
    **{name: getattr(Probe("", ""), name, None) for name in _PARTS if name != "origin"},
    # The gate is the engine if only that is given.
    "engine": None,
    "gate": None,
    "app": None,
    "allowed_origins": (),
    "methods": (),
    "depth": "normal",
    "fail_on": "medium",
    "max_requests": None,
    "seed": None,
    **{name: getattr(runner.RunOptions(), name) for name in _RUN},
    **{name: getattr(base.NetworkOptions(), name) for name in _NETWORK},
}
"""Values of arguments that are not given. An argument without a default is required."""

F = TypeVar("F", bound="Callable[..., Any]")


def read(
    function: str, given: Mapping[str, Any], known: Iterable[str], checks: Mapping[str, Check] = PROBE_CHECKS
) -> dict[str, Any]:
    """Check the arguments of a function. Raises ``ConfigError`` for a wrong and for an unknown argument."""
    names = tuple(known)
    found = {}
    for name, value in given.items():
        if name not in names:
            near = meant(name, names)
            reason = f"{function}() has no such option"
            hint = f"Did you mean {near!r}?" if near is not None else f"It takes {', '.join(sorted(names))}."
            text = f"Unknown option {name!r}: {reason}. {hint}"
            raise ConfigError(text, option=name, value=value, reason=reason, hint=hint)
        found[name] = checks[name](name, value)
    return found


def make_probe(url: str, **parts: Unpack[keywords.PartKeywords]) -> Probe:
    """Check arguments and make a probe of them. Raises ``ConfigError``."""
    return probe_of(url, read("make_probe", parts, _PARTS))


def probe_of(url: str, checked: Mapping[str, Any]) -> Probe:
    """Make a probe of checked arguments; other arguments are ignored. Raises ``ConfigError`` for a missing origin."""
    url = check_url("url", url)
    parts = {name: checked[name] if name in checked else DEFAULTS[name] for name in _PARTS if name != "origin"}
    if checked.get("origin") is None:
        reason, hint = "a page has one, and the request goes out from it", "Pass e.g. origin='https://app.example'."
        raise ConfigError(f"Missing origin: {reason}. {hint}", option="origin", reason=reason, hint=hint)
    engine, gate, auth = parts.pop("engine"), parts.pop("gate"), parts.pop("auth")
    _encode_text(parts)
    return Probe(
        url=url,
        origin=checked["origin"],
        engine=engine or "chromium",
        gate=gate or ((engine,) if engine else ()),
        user=auth[0] if auth else None,
        password=auth[1] if auth else None,
        **parts,
    )


def _encode_text(parts: dict[str, Any]) -> None:
    """Make bytes of a text body, with the Content-Type that ``fetch`` gives it."""
    if isinstance(parts["body"], str):
        if not any(name.lower() == "content-type" for name, _ in parts["headers"]):
            parts["headers"] = (*parts["headers"], ("Content-Type", TEXT_BODY))
        parts["body"] = parts["body"].encode()


def checked_probe(probe: Probe) -> Probe:
    """Return a probe that a program made, after checking it. Raises ``ConfigError``."""
    check_url("url", probe.url)
    parts = {name: PROBE_CHECKS[name](name, getattr(probe, name)) for name in _PARTS if name != "auth"}
    if probe.user is not None or probe.password is not None:
        PROBE_CHECKS["auth"]("auth", (probe.user, probe.password))
    # Like a keyword, a field may be a mapping, a list or a text. What is remembered of a probe must be hashable.
    _encode_text(parts)
    fields = {name: value for name, value in parts.items() if name in Probe.__struct_fields__}
    return replace(probe, **fields, secret_headers=frozenset(probe.secret_headers))


def run_options(**given: Unpack[keywords.RunKeywords]) -> runner.RunOptions:
    """Check arguments and make run options of them. Raises ``ConfigError``."""
    return run_options_of(read("run_options", given, keywords.RunKeywords.__annotations__))


def run_options_of(checked: Mapping[str, Any]) -> runner.RunOptions:
    """Make run options of checked arguments; other arguments are ignored."""
    network = base.NetworkOptions(**{name: checked[name] for name in _NETWORK if name in checked})
    check_network(network)
    return runner.RunOptions(network=network, **{name: checked[name] for name in _RUN if name in checked})


def check_network(options: base.NetworkOptions) -> None:
    """Raise ``ConfigError`` before the first request for options that a transport would reject."""
    from corscheck.transports.handshakes import check_files
    from corscheck.transports.routing import Router

    with in_words_of_the_api():
        check_files(options)
        Router(options)


@contextmanager
def in_words_of_the_api(app: object = None) -> Iterator[None]:
    """Rewrite ``ConfigError`` of lower layers so that it names the keyword, as the errors of ``checks`` do.

    A transport names the option and the reason in the words of the command line. An error that names no option comes from
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
    """Return a decorator that adds the keywords of a type to the signature that ``help()`` shows."""
    empty, rest = inspect.Parameter.empty, inspect.Parameter.VAR_KEYWORD
    named = []
    for name, kind in accepted.__annotations__.items():
        text = getattr(kind, "__forward_arg__", str(kind))
        inner = text.removeprefix("Required[")
        default, inner = (DEFAULTS.get(name), text) if inner == text else (empty, inner.removesuffix("]"))
        named.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=inner))
    named.sort(key=lambda parameter: parameter.default is not empty)

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        positional = [parameter for parameter in own.parameters.values() if parameter.kind is not rest]
        function.__signature__ = own.replace(parameters=[*positional, *named])  # type: ignore[attr-defined]
        return function

    return decorate
