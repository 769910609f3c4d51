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
    "Other origins get a preflight with all headers but Access-Control-Allow-Origin: that is a refusal.",
    "Without allowedHeaders every header is allowed, with origin: true every origin.",
)
_REQUIRE = 'In a CommonJS file the import is const cors = require("{package}").'

EXPRESS = Remedy(
    "express",
    "Express",
    "javascript",
    "Before every other app.use(...) and every route: an answer that is made earlier has no CORS headers.",
    (
        _REQUIRE.format(package="cors"),
        "An authentication middleware before it answers the preflight with a 401.",
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
        "Hooks that demand a login and are added before it also see the preflight.",
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
        "What is run on Express is what is tested; with the Fastify adapter @fastify/cors must be installed.",
        "A middleware of Express that is added before it (app.use) answers without CORS headers.",
        *_ALL_OF_THEM,
    ),
    lambda wanted: f"app.enableCors({{\n{_options(wanted)}\n}});\n",
)
