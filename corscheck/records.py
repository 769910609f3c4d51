"""Frozen dataclasses with slots, made in a quarter of the time.

Making its classes would take a process of a tenth of a second a third of that: the standard library compiles half a dozen
functions for each. Here ``__init__`` alone is compiled; what compares, hashes, prints and pickles is shared. They are
dataclasses in everything else: ``fields``, ``replace`` and type checkers know them as such.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
    from typing import NoReturn

__all__ = ["dataclass"]

if not TYPE_CHECKING:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """``dataclasses.dataclass``; what is frozen and has slots, and asks for nothing else, is made as said above."""
        if options == {"frozen": True, "slots": True}:
            return _record
        return dataclasses.dataclass(cls, **options)


_plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)


def _record(cls: type) -> type:
    made: Any = _plain(cls)
    parts = fields(made)
    if not parts or hasattr(made, "__post_init__"):
        return dataclasses.dataclass(frozen=True, slots=True)(cls)
    made._compared = _values([part.name for part in parts if part.compare])
    made._given = _values([part.name for part in parts if part.init])
    made.__init__ = _init(made, parts)
    made.__repr__ = _repr
    made.__eq__ = _eq
    made.__hash__ = _hash
    made.__setattr__ = _setattr
    made.__delattr__ = _delattr
    made.__reduce__ = _reduce
    return made  # type: ignore[no-any-return]


def _values(names: list[str]) -> staticmethod[[Any], tuple[Any, ...]]:
    """What gets these of an instance, as a tuple."""
    if len(names) == 1:
        get = attrgetter(*names)
        return staticmethod(lambda of: (get(of),))
    return staticmethod(attrgetter(*names) if names else lambda _of: ())


def _init(cls: type, parts: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """``__init__``, which sets the slots themselves: faster than past a ``__setattr__`` that refuses."""
    known: dict[str, Any] = {"MISSING": MISSING}
    parameters: list[str] = []
    lines: list[str] = []
    for part in parts:
        name = part.name
        known[f"set_{name}"] = getattr(cls, name).__set__
        if part.default is not MISSING:
            known[f"default_{name}"] = part.default
            parameter = f"{name}=default_{name}"
        elif part.default_factory is not MISSING:
            known[f"default_{name}"] = part.default_factory
            parameter = f"{name}=MISSING"
        else:
            parameter = name
        given = name
        if part.default_factory is not MISSING:
            given = f"default_{name}() if {name} is MISSING else {name}" if part.init else f"default_{name}()"
        elif not part.init:
            given = f"default_{name}"
        if part.init:
            parameters.append(parameter)
        lines.append(f" set_{name}(self, {given})")
    exec(f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(lines), known)  # noqa: S102 - our own names
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(self: Any) -> str:
    shown = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in fields(self) if part.repr)
    return f"{type(self).__qualname__}({shown})"


def _eq(self: Any, other: Any) -> bool:
    if other.__class__ is not self.__class__:
        return NotImplemented  # type: ignore[no-any-return]
    same: bool = self._compared(self) == self._compared(other)
    return same


def _hash(self: Any) -> int:
    return hash(self._compared(self))


def _setattr(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), self._given(self)
