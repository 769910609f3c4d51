"""The registry of remedies. A new framework needs a line here, a module in this package, and a test that runs it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies import (
    aiohttp,
    apache,
    django,
    express,
    flask,
    koa,
    litestar,
    proxies,
    rack,
    starlette,
    tomcat,
)
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.remedy import Remedy

REMEDIES: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        aiohttp.REMEDY,
        apache.REMEDY,
        proxies.CADDY,
        django.REMEDY,
        express.EXPRESS,
        starlette.FASTAPI,
        express.FASTIFY,
        flask.REMEDY,
        proxies.HAPROXY,
        koa.HONO,
        koa.KOA,
        litestar.REMEDY,
        express.NESTJS,
        proxies.NGINX,
        rack.REMEDY,
        starlette.STARLETTE,
        tomcat.REMEDY,
    )
}

_ALSO_CALLED = {
    "flask-cors": "flask",
    "django-cors-headers": "django",
    "drf": "django",
    "aiohttp-cors": "aiohttp",
    "nest": "nestjs",
    "rails": "rack",
    "rack-cors": "rack",
    "sinatra": "rack",
    "java": "tomcat",
    "tomcat-cors-filter": "tomcat",
}
"""Aliases: names of CORS packages, and common short names."""


def find(name: str) -> Remedy:
    """Return the remedy with a name or alias. Raises ``ConfigError`` with all names, the most similar first."""
    lower = name.strip().lower()
    lower = _ALSO_CALLED.get(lower, lower)
    if lower in REMEDIES:
        return REMEDIES[lower]
    raise ConfigError(f"--for {name!r}: unknown target; the targets are {', '.join(nearest(lower))}")


def nearest(name: str) -> list[str]:
    """Return all names, ordered by similarity to ``name``."""
    return sorted(REMEDIES, key=lambda known: -difflib.SequenceMatcher(None, name, known).ratio())
