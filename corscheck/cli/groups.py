"""``grouped``: commands take the classes of ``arguments``, and the command line has the options of their fields."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct

from corscheck.cli.panels import PANELS


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the options of its parameters' classes in the place of these parameters, each in its panel.

    An option that takes several values is a tuple for the command; typer has a list, or None.
    """
    members = [(p.name, p.annotation, p.default) for p in inspect.signature(command).parameters.values()]
    parameters = list(_parameters(members))

    @functools.wraps(command)
    def typed(**given: Any) -> None:
        command(**_values(members, given))

    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return typed


def _members(kind: type[Struct]) -> list[tuple[str, Any, Any]]:
    """Return the fields of a class: name, annotation, default."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    annotations = {n: a for one in reversed(kind.__mro__) for n, a in vars(one).get("__annotations__", {}).items()}
    return [(name, annotations[name], default) for name, default in zip(names, defaults, strict=True)]


def _parameters(members: list[tuple[str, Any, Any]]) -> Iterator[inspect.Parameter]:
    """Yield the parameters that typer turns into options."""
    for name, annotation, default in members:
        if _is_group(annotation):
            yield from _parameters(_members(annotation))
        elif get_origin(annotation) is Annotated:
            kind, *about = get_args(annotation)
            for option in about:
                if getattr(option, "rich_help_panel", "") is None:
                    option.rich_help_panel = PANELS.get(name)
            if kind == Sequence[str]:
                annotation, default = Annotated[list[str] | None, *about], None
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _values(members: list[tuple[str, Any, Any]], given: dict[str, Any]) -> dict[str, Any]:
    """Return a value for each member that has options."""
    values: dict[str, Any] = {}
    for name, annotation, default in members:
        if _is_group(annotation):
            values[name] = annotation(**_values(_members(annotation), given))
        elif get_origin(annotation) is Annotated:
            value = given[name]
            values[name] = default if value is None else tuple(value) if isinstance(value, list) else value
    return values


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Struct)
