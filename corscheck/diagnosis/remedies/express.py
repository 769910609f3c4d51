"""Remedies for Express, Fastify and NestJS, which take the same options object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, extras, properties

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _options(wanted: Wanted) -> str:
    pairs: Pairs = [
        # A list even for one origin: a string would be sent in every response, whatever the request's origin.
        ("origin", wanted.origins),
        ("methods", wanted.methods),
        # Set even if it is empty: without it, every requested header is allowed.
        ("allowedHeaders", wanted.headers),
    ]
    pairs += extras(wanted, "credentials", "exposedHeaders", "maxAge")
    return properties(pairs)


_ALL_OF_THEM = (
    (
        "Other origins get a preflight response with every header except Access-Control-Allow-Origin. Browsers treat "
        "that as a refusal."
    ),
    "Without allowedHeaders, every header is allowed; with origin: true, every origin is.",
)
_REQUIRE = 'In a CommonJS file, the import is const cors = require("{package}").'

EXPRESS = Remedy(
    "express",
    "Express",
    "javascript",
    "Before every other app.use(...) and every route: a response sent earlier has no CORS headers.",
    (
        _REQUIRE.format(package="cors"),
        "An authentication middleware before it responds to the preflight with a 401.",
        *_ALL_OF_THEM,
    ),
    lambda wanted: f'import cors from "cors";\n\napp.use(cors({{\n{_options(wanted)}\n}}));\n',
    package="cors",
)

FASTIFY = Remedy(
    "fastify",
    "Fastify",
    "javascript",
    "Before the routes, on the outermost instance.",
    (
        _REQUIRE.format(package="@fastify/cors"),
        "Hooks that require a login and are added before it also see the preflight.",
        *_ALL_OF_THEM,
    ),
    lambda wanted: f'import cors from "@fastify/cors";\n\nawait fastify.register(cors, {{\n{_options(wanted)}\n}});\n',
    package="@fastify/cors",
)

NESTJS = Remedy(
    "nestjs",
    "NestJS",
    "javascript",
    "In main.ts, right after NestFactory.create(...) and before app.listen(...).",
    (
        "This is tested on Express. With the Fastify adapter, install @fastify/cors.",
        "An Express middleware added before it (app.use) responds without CORS headers.",
        *_ALL_OF_THEM,
    ),
    lambda wanted: f"app.enableCors({{\n{_options(wanted)}\n}});\n",
)
