"""Every remedy by its name. Flat: a framework is a line here, a module beside it and a row in the tests that run it."""

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
"""What people type for a framework: the package that knows CORS, a common short name."""


def find(name: str) -> Remedy:
    """The remedy of that name. Raises ``ConfigError`` with the known names, the nearest first."""
    lower = name.strip().lower()
    lower = _ALSO_CALLED.get(lower, lower)
    if lower in REMEDIES:
        return REMEDIES[lower]
    raise ConfigError(f"--for {name!r}: there is no remedy for it; there are {', '.join(nearest(lower))}")


def nearest(name: str) -> list[str]:
    """All names, those that look most like ``name`` first."""
    return sorted(REMEDIES, key=lambda known: -difflib.SequenceMatcher(None, name, known).ratio())
