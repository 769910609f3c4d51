"""The complete configuration of an application's CORS layer, from settings that were read from it and then extended.

Unlike a remedy, which lists what is wanted and nothing else, this keeps wildcards and regular expressions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, arguments, listing
from corscheck.model.cors_settings import WILDCARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.model.cors_settings import CorsSettings, Place


def merged_code(target: str, settings: CorsSettings, place: Place) -> str | None:
    """Return the whole call or the settings as code to paste; None for a target whose settings cannot be read."""
    write = _WRITERS.get(target)
    return write(settings, place) if write is not None else None


def merged_lead(target: str, place: Place) -> str:
    """Return the sentence that says what to do with the code."""
    if target == "django":
        return "Set these in settings.py, in place of those of the same name; they keep what is allowed now:"
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


def _middleware(module: str, settings: CorsSettings, place: Place) -> str:
    pairs = _pairs(settings)
    if place == "derived":
        return arguments(pairs)
    if place == "absent":
        return f"from {module}.middleware.cors import CORSMiddleware\n\n{_middleware(module, settings, 'added')}"
    if place == "around":
        return f"app = CORSMiddleware(\n    app,\n{arguments(pairs)}\n)"
    return f"app.add_middleware(\n    CORSMiddleware,\n{arguments(pairs)}\n)"


def _litestar(settings: CorsSettings, _: Place) -> str:
    return f"cors_config = CORSConfig(\n{arguments(_pairs(settings))}\n)"


def _pairs(settings: CorsSettings) -> Pairs:
    pairs: Pairs = [("allow_origins", settings.origins)] if settings.origins else []
    # One pattern, because these middlewares take one.
    pairs += [("allow_origin_regex", pattern) for pattern in settings.patterns]
    pairs += [("allow_methods", settings.methods)]
    pairs += [("allow_headers", settings.headers)] if settings.headers else []
    return pairs + _extras(settings, "allow_credentials", "expose_headers")


def _flask(settings: CorsSettings, _: Place) -> str:
    pairs: Pairs = [
        ("origins", (*settings.origins, *settings.patterns)),
        ("methods", settings.methods),
        ("allow_headers", settings.headers),
    ]
    pairs += _extras(settings, "supports_credentials", "expose_headers")
    return f"CORS(\n    app,\n{arguments(pairs)}\n)"


def _extras(settings: CorsSettings, credentials: str, exposed: str) -> Pairs:
    pairs: Pairs = [(credentials, True)] if settings.credentials else []
    pairs += [(exposed, settings.exposed)] if settings.exposed else []
    pairs += [("max_age", settings.max_age)] if settings.max_age is not None else []
    return [*pairs, *settings.others]


def _django(settings: CorsSettings, _: Place) -> str:
    lists = {
        "CORS_ALLOWED_ORIGINS": tuple(origin for origin in settings.origins if origin != WILDCARD),
        "CORS_ALLOWED_ORIGIN_REGEXES": settings.patterns,
        "CORS_ALLOW_METHODS": settings.methods,
        "CORS_ALLOW_HEADERS": settings.headers,
        "CORS_EXPOSE_HEADERS": settings.exposed,
    }
    lines = ["CORS_ALLOW_ALL_ORIGINS = True"] if WILDCARD in settings.origins else []
    lines += [f"{name} = {listing(values, f'{name} = ', 0)}" for name, values in lists.items() if values]
    if settings.credentials:
        lines.append("CORS_ALLOW_CREDENTIALS = True")
    if settings.max_age is not None:
        lines.append(f"CORS_PREFLIGHT_MAX_AGE = {settings.max_age}")
    return "\n".join(lines)


_WRITERS: dict[str, Callable[[CorsSettings, Place], str]] = {
    "django": _django,
    "fastapi": partial(_middleware, "fastapi"),
    "flask": _flask,
    "litestar": _litestar,
    "starlette": partial(_middleware, "starlette"),
}
