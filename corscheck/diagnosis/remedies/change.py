"""What to change in a CORS configuration that exists: one line per setting, in each framework's own names.

A remedy is a whole configuration. Pasted beside one that exists, it makes a second layer, and a layer that is replaced
by it loses what the remedy does not list. So for a server that sends CORS headers already, this is printed instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.diagnosis.remedies.rack import origin_literal, ruby_string, symbol
from corscheck.diagnosis.remedies.registry import find
from corscheck.diagnosis.remedies.remedy import ImpossibleError, quoted
from corscheck.diagnosis.remedies.wanted import Wanted, is_plain_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ANY_ORIGIN = "https://app.example"
"""Stands for the origins that are allowed already, where only other settings change."""


class Edit(Struct, frozen=True):
    """The settings of one target. In each template, ``{}`` stands for what is added, ``...`` for what is there.

    ``literal`` writes a header name, ``origin_literal`` and ``method_literal`` an origin and a method.
    """

    where: str
    origin: str
    methods: str
    headers: str
    exposed: str
    credentials: str
    max_age: str
    literal: Callable[[str], str] = quoted
    origin_literal: Callable[[str], str] | None = None
    method_literal: Callable[[str], str] | None = None
    between: str = ", "


def change(
    target: str,
    *,
    origin: str | None = None,
    methods: Sequence[str] = (),
    headers: Sequence[str] = (),
    exposed: Sequence[str] = (),
    credentials: bool = False,
    max_age: int | None = None,
) -> str | None:
    """Return what to add to the CORS configuration of a target (a name of ``corscheck fix --for``).

    ``origin`` and ``methods`` are what the server must allow in addition, ``headers`` request headers, ``exposed``
    response headers that script must read, ``max_age`` seconds. The first line of the text says where, and the others
    begin with two spaces: one per setting. Returns None if nothing is asked for, or if the target cannot allow it.
    Raises ``ConfigError`` for an unknown target.
    """
    remedy = find(target)
    if origin is not None and not is_plain_origin(origin):
        return None
    wanted = Wanted(
        (origin or _ANY_ORIGIN,),
        tuple(methods) or ("GET",),
        tuple(headers),
        tuple(exposed),
        max_age,
        credentials,
    )
    try:
        remedy.code(wanted)
    except ImpossibleError:
        return None
    edit = EDITS[remedy.name]
    lines = [
        _filled(edit, edit.origin, (origin,) if origin is not None else (), edit.origin_literal),
        _filled(edit, edit.methods, methods, edit.method_literal),
        _filled(edit, edit.headers, headers),
        _filled(edit, edit.exposed, exposed),
        edit.credentials if credentials else "",
        edit.max_age.replace("{}", str(max_age)) if max_age is not None else "",
    ]
    given = [f"  {line}" for text in lines for line in text.splitlines()]
    if not given:
        return None
    kept = " (... stands for the current values)" if any("..." in line for line in given) else ""
    return "\n".join([f"{edit.where}{kept}:", *given])


def _filled(edit: Edit, template: str, values: Sequence[str], literal: Callable[[str], str] | None = None) -> str:
    write = literal or edit.literal
    return template.replace("{}", edit.between.join(write(value) for value in values)) if values else ""


def _plain(text: str) -> str:
    return text


def _apache_pattern(origin: str) -> str:
    return re.escape(origin).replace(r"\-", "-")


def _python(where: str) -> Edit:
    return Edit(
        where,
        origin="allow_origins=[..., {}]",
        methods="allow_methods=[..., {}]",
        headers="allow_headers=[..., {}]",
        exposed="expose_headers=[..., {}]",
        credentials="allow_credentials=True",
        max_age="max_age={}",
    )


def _express(where: str) -> Edit:
    return Edit(
        where,
        origin="origin: [..., {}]",
        methods="methods: [..., {}]",
        headers="allowedHeaders: [..., {}]",
        exposed="exposedHeaders: [..., {}]",
        credentials="credentials: true",
        max_age="maxAge: {}",
    )


def _koa(origin: str) -> Edit:
    return Edit(
        "In your cors({...})",
        origin=origin,
        methods="allowMethods: [..., {}]",
        headers="allowHeaders: [..., {}]",
        exposed="exposeHeaders: [..., {}]",
        credentials="credentials: true",
        max_age="maxAge: {}",
    )


def _parameter(name: str, value: str = "...,{}") -> str:
    return f"<param-name>{name}</param-name> <param-value>{value}</param-value>"


_MIDDLEWARE = _python("In your CORSMiddleware")

EDITS: dict[str, Edit] = {
    "aiohttp": Edit(
        "In your aiohttp_cors settings",
        origin="{}: aiohttp_cors.ResourceOptions(...),",
        methods="cors.add(route) for each route of {} too",
        headers="allow_headers=[..., {}]",
        exposed="expose_headers=[..., {}]",
        credentials="allow_credentials=True",
        max_age="max_age={}",
        method_literal=_plain,
    ),
    "apache": Edit(
        "If Apache adds the CORS headers, in its configuration",
        origin=(
            'SetEnvIf Origin "^(...|{})$" CORS_ORIGIN=$0\n'
            'Header always set Access-Control-Allow-Origin "%{CORS_ORIGIN}e" env=CORS_ORIGIN'
        ),
        methods='Header always set Access-Control-Allow-Methods "..., {}"',
        headers='Header always set Access-Control-Allow-Headers "..., {}"',
        exposed='Header always set Access-Control-Expose-Headers "..., {}"',
        credentials='Header always set Access-Control-Allow-Credentials "true"',
        max_age='Header always set Access-Control-Max-Age "{}"',
        literal=_plain,
        origin_literal=_apache_pattern,
    ),
    "caddy": Edit(
        "If Caddy adds the CORS headers, in the Caddyfile",
        origin="header Origin {}",
        methods='Access-Control-Allow-Methods "..., {}"',
        headers='Access-Control-Allow-Headers "..., {}"',
        exposed='Access-Control-Expose-Headers "..., {}"',
        credentials="Access-Control-Allow-Credentials true",
        max_age="Access-Control-Max-Age {}",
        literal=_plain,
    ),
    "django": Edit(
        "In settings.py",
        origin="CORS_ALLOWED_ORIGINS = [..., {}]",
        methods="CORS_ALLOW_METHODS = [..., {}]",
        # The default is a dozen headers, which a new list would lose.
        headers=(
            "CORS_ALLOW_HEADERS = [..., {}]\n"
            "# Where it is not set yet: from corsheaders.defaults import default_headers\n"
            "# CORS_ALLOW_HEADERS = [*default_headers, {}]"
        ),
        exposed="CORS_EXPOSE_HEADERS = [..., {}]",
        credentials="CORS_ALLOW_CREDENTIALS = True",
        max_age="CORS_PREFLIGHT_MAX_AGE = {}",
    ),
    "express": _express("In your cors({...})"),
    "fastapi": _MIDDLEWARE,
    "fastify": _express("In your register(cors, {...})"),
    "flask": Edit(
        "In your CORS(app, ...)",
        origin="origins=[..., {}]",
        methods="methods=[..., {}]",
        headers="allow_headers=[..., {}]",
        exposed="expose_headers=[..., {}]",
        credentials="supports_credentials=True",
        max_age="max_age={}",
    ),
    "haproxy": Edit(
        "If HAProxy adds the CORS headers, in its configuration",
        origin="{ var(txn.cors_origin) -m str ... {} }",
        methods='hdr Access-Control-Allow-Methods "..., {}"',
        headers='hdr Access-Control-Allow-Headers "..., {}"',
        exposed='http-after-response set-header Access-Control-Expose-Headers "..., {}"',
        credentials="http-after-response set-header Access-Control-Allow-Credentials true",
        max_age="hdr Access-Control-Max-Age {}",
        literal=_plain,
    ),
    "hono": _koa("origin: [..., {}]"),
    "koa": _koa('origin: (ctx) => ([..., {}].includes(ctx.get("Origin")) ? ctx.get("Origin") : "")'),
    "litestar": _python("In your CORSConfig"),
    "nestjs": _express("In your enableCors({...})"),
    "nginx": Edit(
        "If nginx adds the CORS headers, in its configuration",
        origin=(
            "if ($http_origin = {}) { set $cors_origin $http_origin; }\n"
            "add_header Access-Control-Allow-Origin $cors_origin always;"
        ),
        methods='add_header Access-Control-Allow-Methods "..., {}" always;',
        headers='add_header Access-Control-Allow-Headers "..., {}" always;',
        exposed='add_header Access-Control-Expose-Headers "..., {}" always;',
        credentials="add_header Access-Control-Allow-Credentials true always;",
        max_age="add_header Access-Control-Max-Age {} always;",
        literal=_plain,
        origin_literal=quoted,
    ),
    "rack": Edit(
        "In your Rack::Cors block",
        origin="origins [..., {}]",
        methods="methods: [..., {}]",
        headers="headers: [..., {}]",
        exposed="expose: [..., {}]",
        credentials="credentials: true",
        max_age="max_age: {}",
        literal=ruby_string,
        origin_literal=origin_literal,
        method_literal=symbol,
    ),
    "starlette": _MIDDLEWARE,
    "tomcat": Edit(
        "In your CorsFilter",
        origin=_parameter("cors.allowed.origins"),
        methods=_parameter("cors.allowed.methods"),
        headers=_parameter("cors.allowed.headers"),
        exposed=_parameter("cors.exposed.headers"),
        credentials=_parameter("cors.support.credentials", "true"),
        max_age=_parameter("cors.preflight.maxage", "{}"),
        literal=_plain,
        between=",",
    ),
}
"""The settings by target. The names are those that the remedies use, so that the tests execute them."""
