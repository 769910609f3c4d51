"""A temporary route that raises an exception, to test the error responses of a Starlette-based application."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from corscheck.sources.app.questions import FAILING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def failing_route(app: Any) -> Iterator[None]:
    """Add a route at ``FAILING`` that raises an unhandled exception; remove it on exit."""
    # The application has already imported Starlette, which is not a dependency of corscheck.
    route = import_module("starlette.routing").Route(FAILING, _raise)
    routes = app.router.routes
    # First in the list, because a mount at "/" (static files) would match every path.
    routes.insert(0, route)
    try:
        yield
    finally:
        routes.remove(route)


async def _raise(_: Any) -> Any:
    raise RuntimeError("raised by corscheck, to see how the application responds")
