"""A route that raises, put into a Starlette-like application for as long as somebody wants to see what comes of it."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from corscheck.sources.app.questions import FAILING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def failing_route(app: Any) -> Iterator[None]:
    """The application with a route at ``FAILING`` whose exception nobody handles; afterwards it is as it was."""
    # The application has imported it; nothing here does.
    route = import_module("starlette.routing").Route(FAILING, _raise)
    routes = app.router.routes
    # First: a mounted folder of files would take every path.
    routes.insert(0, route)
    try:
        yield
    finally:
        routes.remove(route)


async def _raise(_: Any) -> Any:
    raise RuntimeError("raised by corscheck, to see what the application answers then")
