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
            "A before_request that demands a login also sees the preflight, which never carries one: let request.method == "
            '"OPTIONS" through there.'
        ),
        "A route with its own OPTIONS or with strict_slashes may answer the preflight itself, by an error or a redirect.",
        "The preflight of a URL that has no route is a 404, which is a failure to a browser.",
        "With a single origin the header is the same for everybody, and no Vary is sent: that is right so.",
        (
            'An origin with "*", "[" or the like in it is a regular expression to Flask-CORS: without ^ and $ it matches more '
            "than was meant."
        ),
    ),
    _code,
    package="flask-cors",
)
