"""Remedy for Litestar, which has built-in CORS support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, always_allowed, arguments, extras

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted) -> str:
    pairs: Pairs = [
        # The default of each of these three is "*".
        ("allow_origins", wanted.origins),
        ("allow_methods", wanted.methods),
        ("allow_headers", wanted.headers),
    ]
    pairs += extras(wanted, "allow_credentials", "expose_headers", "max_age")
    return f"from litestar.config.cors import CORSConfig\n\ncors_config = CORSConfig(\n{arguments(pairs)}\n)\n"


REMEDY = Remedy(
    "litestar",
    "Litestar",
    "python",
    "Before the application is created; pass it with Litestar(..., cors_config=cors_config).",
    (
        "Every OPTIONS request with an Origin is handled as a preflight: your own OPTIONS handlers are not reached.",
        (
            "Anything not listed is refused with a 400 without CORS headers, and browsers then report a missing "
            "Access-Control-Allow-Origin."
        ),
        "CORSConfig() without arguments allows everything for everyone.",
        always_allowed("600 seconds"),
        (
            "Responses to other origins have no Vary: Origin, and your own Vary is overwritten: do not let shared caches "
            "store them."
        ),
    ),
    _code,
)
