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


_EMPTY = "An empty or missing allowHeaders allows every header; Accept in it stands for none."

KOA = Remedy(
    "koa",
    "Koa",
    "javascript",
    "Before every other app.use(...): an answer that is made earlier has no CORS headers.",
    (
        'In a CommonJS file the import is const cors = require("@koa/cors").',
        "A text as origin is sent to everybody, and without origin every origin is allowed.",
        "A preflight from another origin goes on to the routes, which usually answer 404: that is a refusal.",
        _EMPTY,
    ),
    _koa,
    package="@koa/cors",
)

HONO = Remedy(
    "hono",
    "Hono",
    "javascript",
    "Before every other app.use(...) and every route: what comes earlier answers without CORS headers.",
    ("Every OPTIONS is answered as a preflight: routes of your own for OPTIONS are not reached.", _EMPTY),
    _hono,
)
