"""Remedies for Koa, with @koa/cors, and for Hono. Both allow every header if none is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, demand_kept_preflights, extras, listing, properties

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted

_HARMLESS = ("Accept",)
"""Listed if no header is wanted: an empty list would allow every header, and Accept is always allowed anyway."""


def _options(wanted: Wanted) -> str:
    pairs: Pairs = [("allowMethods", wanted.methods), ("allowHeaders", wanted.headers or _HARMLESS)]
    pairs += extras(wanted, "credentials", "exposeHeaders", "maxAge")
    return properties(pairs)


def _koa(wanted: Wanted) -> str:
    demand_kept_preflights(wanted, "@koa/cors")
    # @koa/cors sends a string origin in every response and does not accept a list, so a function is needed.
    return f"""import cors from "@koa/cors";

const corsOrigins = {listing(wanted.origins, "const corsOrigins = ", 0)};

app.use(cors({{
    origin: (ctx) => (corsOrigins.includes(ctx.get("Origin")) ? ctx.get("Origin") : ""),
{_options(wanted)}
}}));
"""


def _hono(wanted: Wanted) -> str:
    origin = properties([("origin", wanted.origins)])
    return f'import {{ cors }} from "hono/cors";\n\napp.use("*", cors({{\n{origin}\n{_options(wanted)}\n}}));\n'


_EMPTY = "An empty or missing allowHeaders allows every header; to allow none, list only Accept."

KOA = Remedy(
    "koa",
    "Koa",
    "javascript",
    "Before every other app.use(...): a response sent earlier has no CORS headers.",
    (
        'In a CommonJS file, the import is const cors = require("@koa/cors").',
        "A string as origin is sent to everyone, and without origin every origin is allowed.",
        (
            "A preflight from another origin is passed on to the routes, which usually respond with a 404. Browsers "
            "treat that as a refusal."
        ),
        _EMPTY,
    ),
    _koa,
    package="@koa/cors",
)

HONO = Remedy(
    "hono",
    "Hono",
    "javascript",
    "Before every other app.use(...) and every route: anything that comes earlier responds without CORS headers.",
    ("Every OPTIONS request is handled as a preflight: your own OPTIONS routes are not reached.", _EMPTY),
    _hono,
)
