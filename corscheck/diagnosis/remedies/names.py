"""The names of all remedies.

A finding that suggests ``corscheck fix --for NAME`` needs the names without importing the generators. A test keeps this
list equal to the registry.
"""

from __future__ import annotations

NAMES = (
    "aiohttp",
    "apache",
    "caddy",
    "django",
    "express",
    "fastapi",
    "fastify",
    "flask",
    "haproxy",
    "hono",
    "koa",
    "litestar",
    "nestjs",
    "nginx",
    "rack",
    "starlette",
    "tomcat",
)
"""The names that ``corscheck fix --for`` accepts, sorted."""
