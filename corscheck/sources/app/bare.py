"""Whether a Starlette or FastAPI application certainly has no CORS layer, so that one can be added around everything.

A new layer answers all preflights, also those that a sub-application, a route or a middleware of the application's own
answered until then. Whatever is not known to leave CORS alone counts as something that may handle it.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from corscheck.sources.app.claims import attribute, is_cors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST = 10_000
"""How many parts of an application are looked at."""

_PARTS = ("app", "router", "original_router", "middleware_stack", "default", "routes", "user_middleware")
"""The attributes by which applications, routes and middlewares hold others: one, or a list."""


def is_bare(app: Any) -> bool:
    """Whether everything in an application is known to leave CORS alone."""
    # By identity: objects of the application may compare as they like. The dictionary keeps them alive.
    found: dict[int, Any] = {}
    waiting = [app]
    while waiting:
        node = waiting.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if len(found) > _MOST or not _is_plain(node):
            return False
        waiting += _parts(node)
    return True


def _parts(node: Any) -> Iterator[Any]:
    # A handler that is a function or a class holds nothing.
    if isinstance(node, FunctionType | MethodType | type):
        return
    for name in _PARTS:
        part = attribute(node, name)
        if isinstance(part, list | tuple):
            yield from (attribute(one, "cls") or one for one in part)
        elif part is not None and attribute(part, "__self__") is not node:
            yield part


def _is_plain(node: Any) -> bool:
    """Whether an application, a middleware (or its class) or a route is Starlette's or FastAPI's own, and not for CORS."""
    if isinstance(node, FunctionType | MethodType):
        return _is_of_framework(node)
    cls = node if isinstance(node, type) else type(node)
    # A dispatch function and a class with an OPTIONS handler may do anything; so may a route that takes OPTIONS.
    if is_cors(cls) or _has(cls, "BaseHTTPMiddleware") or _has(cls, "WSGIMiddleware"):
        return False
    if callable(attribute(cls, "options")) and _has(cls, "HTTPEndpoint"):
        return False
    methods: Iterable[str] = attribute(node, "methods") or ()
    return "OPTIONS" not in methods and any(_is_of_framework(own) for own in _callers(cls))


def _callers(cls: type) -> Iterator[type]:
    """Yield the class that says what happens when an object is called: the first that has such a method."""
    for name in ("__call__", "__await__"):
        owner = next((one for one in cls.__mro__ if name in vars(one)), None)
        if owner is not None:
            yield owner
            return


def _has(cls: type, name: str) -> bool:
    return any(one.__name__ == name for one in cls.__mro__)


def _is_of_framework(owner: Any) -> bool:
    return str(attribute(owner, "__module__")).partition(".")[0] in ("starlette", "fastapi")
