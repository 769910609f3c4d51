"""Remedy for Flask, with Flask-CORS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, arguments, demand_capitals, extras

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted

_LOOKS_LIKE_A_PATTERN = re.compile(r"[*\\\]?$^\[()]")
"""Flask-CORS treats a string with one of these characters as a regular expression, not anchored at its end."""


def _code(wanted: Wanted) -> str:
    demand_capitals(wanted, "Flask-CORS writes every method")
    pairs: Pairs = [
        ("origins", _literal(wanted.origins)),
        # By default these two allow every method and every header.
        ("methods", wanted.methods),
        ("allow_headers", _literal(wanted.headers)),
    ]
    pairs += extras(wanted, "supports_credentials", "expose_headers", "max_age")
    return f"from flask_cors import CORS\n\nCORS(\n    app,\n{arguments(pairs)}\n)\n"


def _literal(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Escape strings that Flask-CORS would treat as patterns, such as an IPv6 address in brackets."""
    return tuple(f"^{re.escape(t)}$" if _LOOKS_LIKE_A_PATTERN.search(t) else t for t in texts)


REMEDY = Remedy(
    "flask",
    "Flask",
    "python",
    "After app = Flask(...), for the whole application.",
    (
        (
            "A before_request that requires a login also sees the preflight, which never carries credentials: let "
            "request.method == "
            '"OPTIONS" through there.'
        ),
        (
            "A route with its own OPTIONS or with strict_slashes may respond to the preflight itself, with an error or a "
            "redirect."
        ),
        "The preflight for a URL without a route gets a 404, which browsers treat as a failure.",
        "With a single origin, the header is the same for everyone and no Vary is sent, which is correct.",
        (
            'Flask-CORS treats an origin that contains "*", "[" or the like as a regular expression: without ^ and '
            "$ it matches more than intended."
        ),
    ),
    _code,
    package="flask-cors",
)
