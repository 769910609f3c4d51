"""Which frameworks there is a remedy for: the names alone, for who only points to one.

A failing probe says ``corscheck fix --for NAME``; to know the names it must not import the generators. The registry's
tests hold the two together.
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
"""Sorted; what ``corscheck fix --for`` takes."""
