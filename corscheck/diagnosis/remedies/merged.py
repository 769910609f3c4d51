"""The complete configuration of an application's CORS layer, from settings that were read from it and then extended.

Unlike a remedy, which lists what is wanted and nothing else, this keeps wildcards and regular expressions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, arguments, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.model.cors_settings import Arguments, Place


def merged_code(target: str, written: Arguments, place: Place) -> str | None:
    """Return the whole call or the settings as code to paste; None for a target whose settings cannot be read."""
    write = _WRITERS.get(target)
    return write(list(written), place) if write is not None else None


def merged_lead(target: str, place: Place) -> str:
    """Return the sentence that says what to do with the code."""
    if target == "django":
        return "Set these in settings.py, in place of the settings with the same names; they keep what is allowed now:"
    if place == "derived":
        return "Give your own CORS middleware these settings, which keep what it allows now:"
    what = _NAMES[target]
    if place == "absent":
        return f"Add a {what} to your application:"
    return f"Replace your {what} with this one, which keeps what it allows now:"


_NAMES = {
    "fastapi": "CORSMiddleware",
    "flask": "CORS(...)",
    "litestar": "CORSConfig",
    "starlette": "CORSMiddleware",
}


def _middleware(module: str, pairs: Pairs, place: Place) -> str:
    if place == "derived":
        return arguments(pairs)
    if place == "absent":
        return f"from {module}.middleware.cors import CORSMiddleware\n\n{_middleware(module, pairs, 'added')}"
    if place == "around":
        return f"app = CORSMiddleware(\n    app,\n{arguments(pairs)}\n)"
    return f"app.add_middleware(\n    CORSMiddleware,\n{arguments(pairs)}\n)"


def _litestar(pairs: Pairs, _: Place) -> str:
    return f"cors_config = CORSConfig(\n{arguments(pairs)}\n)"


def _flask(pairs: Pairs, _: Place) -> str:
    return f"CORS(\n    app,\n{arguments(pairs)}\n)"


def _django(pairs: Pairs, _: Place) -> str:
    return "\n".join(f"{name} = {literal(value, f'{name} = ', 0)}" for name, value in pairs)


_WRITERS: dict[str, Callable[[Pairs, Place], str]] = {
    "django": _django,
    "fastapi": partial(_middleware, "fastapi"),
    "flask": _flask,
    "litestar": _litestar,
    "starlette": partial(_middleware, "starlette"),
}
