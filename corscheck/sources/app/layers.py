"""The CORS layer of an application in process: its settings, and the same application with other settings for a while.

Starlette and FastAPI (``CORSMiddleware``), Django (django-cors-headers), Flask (Flask-CORS) and Litestar. None of them is
imported here: an application brings its own. Nothing on disk is touched, and leaving ``applied`` restores the object.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.cors_settings import WILDCARD, Arguments, CorsSettings, Place
from corscheck.sources.app.bare import is_bare
from corscheck.sources.app.claims import (
    Claim,
    attribute,
    expression,
    is_cors,
    is_starlette,
    of_instance,
    read_added,
    split_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_DEEPEST = 50
"""How many wrappers around an application are looked through."""

_ALWAYS = ("accept", "accept-language", "content-language", "content-type")
"""The headers that Starlette, Litestar and Flask's preflights allow anyway, or that need no permission."""

_NONE: dict[str, Any] = {"allow_origins": [], "allow_headers": [], "expose_headers": [], "allow_credentials": False}
"""The arguments of a ``CORSMiddleware`` that need not be written."""

_INNER = ("app", "application", "wsgi_app", "asgi_app", "handler")
"""The attributes by which wrappers hold what they wrap."""


class CorsLayer(Struct, frozen=True):
    """A CORS layer of an application that can be asked.

    ``target`` is its name for ``corscheck fix --for``. ``settings`` are as they are meant: a list that was written into
    one string is split, and ``faults`` say so. ``applied`` is a context manager in which other settings hold, and
    ``written`` returns the arguments by which they hold for good: those that ``applied`` sets, without those that an
    own default says anyway.
    """

    target: str
    settings: CorsSettings
    place: Place
    applied: Callable[[CorsSettings], AbstractContextManager[None]]
    written: Callable[[CorsSettings], Arguments]
    faults: tuple[str, ...] = ()


def find_layer(app: Any) -> CorsLayer | None:
    """Return the CORS layer of an application, or None if none can be read. Call it once the application has started."""
    for node in _wrapped(app):
        if is_starlette(node) or is_cors(type(node)):
            return _starlette(app)
        kinds = {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(node).__mro__}
        if "django.BaseHandler" in kinds:
            return _django()
        if "flask.Flask" in kinds:
            return _flask(node)
        if "litestar.Litestar" in kinds:
            return _litestar(node)
    return None


def _wrapped(app: Any) -> Iterator[Any]:
    """Yield an application and what its wrappers wrap, from the outermost."""
    seen: list[Any] = []
    node = app
    while node is not None and len(seen) < _DEEPEST and not any(node is one for one in seen):
        seen.append(node)
        yield node
        node = next((inner for name in _INNER if callable(inner := _attribute(node, name))), None)


def _attribute(node: Any, name: str) -> Any:
    # A bound method is the application's own entry, such as Flask's wsgi_app, and not something that it wraps.
    found = attribute(node, name)
    return None if attribute(found, "__self__") is node else found


def _unlike(known: dict[str, Any], arguments: dict[str, Any]) -> Arguments:
    """Return the arguments whose values are not those that are known."""
    told = ((n, v) for n, v in arguments.items() if n not in known or known[n] != v)
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in told)


# Starlette and FastAPI


def _starlette(app: Any) -> CorsLayer | None:
    inner = next((node for node in _wrapped(app) if is_starlette(node)), None)
    if inner is None:
        return None
    target = "fastapi" if any(cls.__name__ == "FastAPI" for cls in type(inner).__mro__) else "starlette"
    around = next((node for node in _until(app, inner) if is_cors(type(node))), None)
    if around is not None:
        claim = of_instance(around)
        return _of_claim(target, claim, "around", around, max_age=claim.max_age != Claim().max_age)
    if inner.middleware_stack is None:
        inner.middleware_stack = inner.build_middleware_stack()
    stack = list(_wrapped(inner.middleware_stack))
    added = next((node for node in stack if is_cors(type(node))), None)
    claims = read_added(inner)
    if added is not None and not _is_own(added):
        # A derived class may have other parameters, so that only the instance says what they come to.
        claim = of_instance(added)
        return _of_claim(target, claim, "added", added, max_age=claim.max_age != Claim().max_age)
    if added is not None and claims:
        given = next(one for one in inner.user_middleware if is_cors(getattr(one, "cls", None)))
        return _of_claim(target, claims[0], "added", added, max_age="max_age" in getattr(given, "kwargs", {}))
    if added is not None or claims or not is_bare(app):
        return None
    written = partial(_arguments, _NONE)
    return CorsLayer(target, CorsSettings(methods=("GET",)), "absent", _inserting(stack[0]), written)


def _until(app: Any, inner: Any) -> Iterator[Any]:
    for node in _wrapped(app):
        if node is inner:
            return
        yield node


def _of_claim(target: str, claim: Claim, place: Place, middleware: Any, *, max_age: bool) -> CorsLayer:
    known = tuple(name for name in split_names(claim.allow_headers) if name.lower() not in _ALWAYS)
    settings = CorsSettings(
        origins=split_names(claim.allow_origins),
        patterns=() if claim.allow_origin_regex is None else (claim.allow_origin_regex,),
        methods=split_names(claim.allow_methods),
        headers=known,
        exposed=split_names(claim.expose_headers),
        credentials=claim.allow_credentials,
        max_age=claim.max_age if max_age else None,
        others=(("allow_private_network", True),) if getattr(middleware, "allow_private_network", False) else (),
    )

    @contextmanager
    def applied(settings: CorsSettings) -> Iterator[None]:
        before = dict(vars(middleware))
        try:
            # A subclass may have other parameters, so that the constructor is that of the class itself.
            own = next(cls for cls in type(middleware).__mro__ if cls.__name__ == "CORSMiddleware")
            vars(own)["__init__"](middleware, middleware.app, **_parameters(settings))
            yield
        finally:
            vars(middleware).clear()
            vars(middleware).update(before)

    # The settings of a derived class may have other names, and it may do more: it is not replaced.
    where: Place = place if _is_own(middleware) else "derived"
    return CorsLayer(target, settings, where, applied, partial(_arguments, _NONE), claim.faults)


def _is_own(middleware: Any) -> bool:
    return type(middleware).__name__ == "CORSMiddleware"


def _inserting(outermost: Any) -> Callable[[CorsSettings], AbstractContextManager[None]]:
    """Return what puts a ``CORSMiddleware`` where ``add_middleware`` does: inside Starlette's own error handling."""

    @contextmanager
    def applied(settings: CorsSettings) -> Iterator[None]:
        before = outermost.app
        outermost.app = import_module("starlette.middleware.cors").CORSMiddleware(before, **_parameters(settings))
        try:
            yield
        finally:
            outermost.app = before

    return applied


def _parameters(settings: CorsSettings) -> dict[str, Any]:
    parameters: dict[str, Any] = {"allow_origins": list(settings.origins)}
    if settings.patterns:
        # One pattern, because these middlewares take one.
        parameters["allow_origin_regex"] = settings.patterns[0]
    parameters |= {
        "allow_methods": list(settings.methods),
        "allow_headers": list(settings.headers),
        "allow_credentials": settings.credentials,
        "expose_headers": list(settings.exposed),
    }
    if settings.max_age is not None:
        parameters["max_age"] = settings.max_age
    return {**parameters, **dict(settings.others)}


def _arguments(known: dict[str, Any], settings: CorsSettings) -> Arguments:
    return _unlike(known, _parameters(settings))


# Django


def _django() -> CorsLayer | None:
    found = sys.modules.get("corsheaders.conf")
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if found is None or settings is None:
        return None
    conf = found.conf
    patterns = tuple(expression(p) for p in conf.CORS_ALLOWED_ORIGIN_REGEXES)
    own = CorsSettings(
        origins=((WILDCARD,) if conf.CORS_ALLOW_ALL_ORIGINS else ()) + split_names(conf.CORS_ALLOWED_ORIGINS),
        patterns=patterns,
        methods=split_names(conf.CORS_ALLOW_METHODS),
        headers=split_names(conf.CORS_ALLOW_HEADERS),
        exposed=split_names(conf.CORS_EXPOSE_HEADERS),
        credentials=bool(conf.CORS_ALLOW_CREDENTIALS),
        max_age=getattr(settings, "CORS_PREFLIGHT_MAX_AGE", None),
    )
    # What is empty or off needs no line, unless it has to undo one that is there.
    off = {name: value for name, value in _variables(own).items() if value is False or value == []}
    return CorsLayer("django", own, "added", _overriding, lambda wanted: _unlike(off, _variables(wanted)))


def _variables(settings: CorsSettings) -> dict[str, Any]:
    changed: dict[str, Any] = {
        "CORS_ALLOW_ALL_ORIGINS": WILDCARD in settings.origins,
        "CORS_ALLOWED_ORIGINS": [origin for origin in settings.origins if origin != WILDCARD],
        "CORS_ALLOWED_ORIGIN_REGEXES": list(settings.patterns),
        "CORS_ALLOW_METHODS": list(settings.methods),
        "CORS_ALLOW_HEADERS": list(settings.headers),
        "CORS_EXPOSE_HEADERS": list(settings.exposed),
        "CORS_ALLOW_CREDENTIALS": settings.credentials,
    }
    if settings.max_age is not None:
        changed["CORS_PREFLIGHT_MAX_AGE"] = settings.max_age
    return changed


@contextmanager
def _overriding(settings: CorsSettings) -> Iterator[None]:
    # Django's own way for tests. django-cors-headers reads its settings at each request.
    with import_module("django.test.utils").override_settings(**_variables(settings)):
        yield


# Flask

_FLASK_OTHERS = (
    "send_wildcard", "automatic_options", "vary_header", "intercept_exceptions", "always_send", "allow_private_network",
)  # fmt: skip


def _flask(app: Any) -> CorsLayer | None:
    for function in app.after_request_funcs.get(None, ()):
        if attribute(function, "__name__") != "cors_after_request":
            continue
        names = function.__code__.co_freevars
        cells = dict(zip(names, function.__closure__ or (), strict=True))
        resources = cells["resources"].cell_contents if "resources" in cells else None
        # Several resources have settings of their own, which one call could not replace.
        if isinstance(resources, list) and len(resources) == 1:
            return _of_resources(app, resources)
    return None


def _of_resources(app: Any, resources: list[Any]) -> CorsLayer:
    pattern, options = resources[0]
    path = expression(pattern)
    option = partial(_option, options)
    core = import_module("flask_cors.core")
    # What CORS(app) takes without being told.
    known = {**core.DEFAULT_OPTIONS, **core.get_app_kwarg_dict(app)}
    # Flask-CORS compiles strings so that they ignore case.
    origins = [expression(one, re.IGNORECASE) for one in option("origins") or ()]
    literal = {one for one in option("origins") or () if isinstance(one, str)}
    age = option("max_age")
    settings = CorsSettings(
        origins=tuple(WILDCARD if o in (WILDCARD, ".*") else o for o in origins if o in literal or o == ".*"),
        patterns=tuple(o for o in origins if o not in literal and o != ".*"),
        methods=split_names(option("methods") or ()),
        headers=tuple(
            WILDCARD if text in (WILDCARD, ".*") else text
            for text in (expression(one, re.IGNORECASE) for one in option("allow_headers") or ())
        ),
        exposed=split_names(option("expose_headers") or ()),
        credentials=bool(option("supports_credentials")),
        max_age=int(age) if age is not None and str(age).isdigit() else None,
        others=(
            *((("resources", path),) if path != known.get("resources") else ()),
            *((name, option(name)) for name in _FLASK_OTHERS if option(name) not in (None, known.get(name))),
        ),
    )
    # Everything else is told in any case.
    untold = {name: known.get(name) for name in ("supports_credentials", "expose_headers", "max_age")}

    @contextmanager
    def applied(settings: CorsSettings) -> Iterator[None]:
        given = _keywords(settings)
        made = core.get_cors_options(app, given)
        before = list(resources)
        resources[0] = (resources[0][0], _grafted(options, made, given))
        try:
            yield
        finally:
            resources[:] = before

    def written(settings: CorsSettings) -> Arguments:
        return (*_unlike(untold, _keywords(settings)), *settings.others)

    return CorsLayer("flask", settings, "added", applied, written)


def _keywords(settings: CorsSettings) -> dict[str, Any]:
    return {
        "origins": [*settings.origins, *settings.patterns],
        "methods": list(settings.methods),
        "allow_headers": list(settings.headers),
        "supports_credentials": settings.credentials,
        "expose_headers": list(settings.exposed) or None,
        "max_age": settings.max_age,
    }


def _option(options: Any, name: str) -> Any:
    """Return a computed option of Flask-CORS: a value of a dictionary or of an object, by its version."""
    return options.get(name) if isinstance(options, dict) else getattr(options, name, None)


def _grafted(options: Any, made: Any, given: dict[str, Any]) -> Any:
    """Return the options with the settings of ``given`` as Flask-CORS has computed them; the others stay."""
    names = [*given, "allow_all_origins"]
    if isinstance(options, dict):
        return {**options, **{name: made[name] for name in names if name in made}}
    from dataclasses import replace

    return replace(options, **{name: getattr(made, name) for name in names if hasattr(options, name)})


# Litestar


def _litestar(app: Any) -> CorsLayer | None:
    config = app.cors_config
    # A derived class may have other parameters.
    if type(config).__name__ != "CORSConfig":
        return None
    settings = CorsSettings(
        origins=tuple(config.allow_origins),
        patterns=() if config.allow_origin_regex is None else (config.allow_origin_regex,),
        methods=tuple(config.allow_methods),
        headers=tuple(name for name in config.allow_headers if name.lower() not in _ALWAYS),
        exposed=tuple(config.expose_headers),
        credentials=bool(config.allow_credentials),
        max_age=None if config.max_age == type(config).max_age else config.max_age,
    )

    @contextmanager
    def applied(settings: CorsSettings) -> Iterator[None]:
        before = dict(vars(config))
        try:
            # A new configuration in the same object, since the middleware holds it; what it has cached goes.
            fresh = type(config)(**_parameters(settings))
            vars(config).clear()
            vars(config).update(vars(fresh))
            yield
        finally:
            vars(config).clear()
            vars(config).update(before)

    # Without these two, a CORSConfig allows all origins and all headers.
    known = {name: value for name, value in _NONE.items() if name not in ("allow_origins", "allow_headers")}
    return CorsLayer("litestar", settings, "added", applied, partial(_arguments, known))
