"""Remedies for Starlette and FastAPI, which use the same middleware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, always_allowed, arguments, extras

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted, module: str) -> str:
    pairs: Pairs = [
        ("allow_origins", wanted.origins),
        # Always set, because the middleware refuses a preflight for a method that is not listed, even a safelisted one.
        ("allow_methods", wanted.methods),
    ]
    if wanted.headers:
        pairs.append(("allow_headers", wanted.headers))
    pairs += extras(wanted, "allow_credentials", "expose_headers", "max_age")
    return (
        f"from {module}.middleware.cors import CORSMiddleware\n\n"
        f"app.add_middleware(\n    CORSMiddleware,\n{arguments(pairs)}\n)\n"
    )


_WHERE = "After every other app.add_middleware(...): the one added last is the outermost and sees each request first."
_TRAPS = (
    (
        "An authentication middleware outside this one responds to the preflight with a 401, and its errors have no "
        "CORS headers. This is why the order matters."
    ),
    (
        "A 500 for an unhandled exception is generated outside all added middleware and has no CORS headers, so the "
        'browser reports a CORS error. If pages must read it, write "app = CORSMiddleware(" and "app," for the first two '
        "lines of the call, and put it last in the module."
    ),
    "A method or header that is not listed is refused with a 400, and browsers then report the status.",
    always_allowed("600 seconds"),
)

FASTAPI = Remedy(
    "fastapi", "FastAPI", "python", _WHERE, _TRAPS, lambda wanted: _code(wanted, "fastapi")
)  # fmt: skip
STARLETTE = Remedy(
    "starlette", "Starlette", "python", _WHERE, _TRAPS, lambda wanted: _code(wanted, "starlette")
)  # fmt: skip
