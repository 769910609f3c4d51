"""Loading an application from ``module:attribute``, and detection of its interface (ASGI or WSGI).

This module does not depend on any framework. If the application's code raises, ``AppError`` shows the traceback without
corscheck's frames.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from msgspec import Struct

from corscheck.model.app_error import AppError, own_traceback
from corscheck.model.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Interface: TypeAlias = Literal["asgi", "wsgi"]

_SPELLING = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<attribute>\w+(\.\w+)*)(?P<call>\(\))?")


class LoadedApp(Struct, frozen=True):
    """An application with its interface and the name it was loaded by."""

    name: str
    app: Any
    interface: Interface


def load(name: str, directory: str = ".") -> LoadedApp:
    """Import the application ``name`` (``main:app``, ``main:create_app()``), with ``directory`` first on ``sys.path``.

    Raises ``ConfigError`` if the name does not refer to an application, and ``AppError`` if the application's code
    fails.
    """
    spelled = _SPELLING.fullmatch(name)
    if spelled is None:
        module = name.partition(":")[0].removeprefix("./").removesuffix(".py").replace("/", ".")
        meant = module if re.fullmatch(r"\w+(\.\w+)*", module) else "main"
        raise ConfigError(
            f"Invalid --app {name!r}: write MODULE:ATTRIBUTE, the module without .py and the application's name in it. "
            f"Did you mean --app {meant}:app? For a factory: --app {meant}:create_app()"
        )
    folder = Path(directory)
    if not folder.is_dir():
        raise ConfigError(f"--app-dir {directory}: there is no such directory")
    path = str(folder.resolve())
    if sys.path[:1] != [path]:
        sys.path.insert(0, path)
    found: Any = _module(name, spelled["module"], directory)
    for part in spelled["attribute"].split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigError(f"--app {name}: {spelled['module']} has no attribute {spelled['attribute']!r}") from None
    if spelled["call"]:
        found = _made(name, found)
    return wrapped(found, name)


def wrapped(app: Any, name: str = "app") -> LoadedApp:
    """Detect the interface of an application object. A callable without arguments is a factory and is called.

    Raises ``ConfigError`` if the object is not an application.
    """
    kind = interface(app)
    if kind is None and callable(app) and _arguments(app) == 0:
        app = _made(name, app)
        kind = interface(app)
    if kind is None:
        raise ConfigError(
            f"{name} is neither an ASGI nor a WSGI application, but a {type(app).__name__}",
            option="app",
            value=app,
            reason=f"it is neither an ASGI nor a WSGI application, but a {type(app).__name__}",
            hint="Pass the application itself, or a factory without arguments.",
        )
    return LoadedApp(name, app, kind)


def interface(app: Any) -> Interface | None:
    """Return the interface of a callable, or None.

    ASGI is a coroutine function or takes (scope, receive, send); WSGI takes (environ, start_response).
    """
    if not callable(app):
        return None
    inner = app
    while isinstance(inner, functools.partial):
        inner = inner.func
    call = getattr(inner, "__call__", None)  # noqa: B004 - needs the method itself, not whether it exists
    required = _arguments(app)
    if _is_coroutine(inner) or _is_coroutine(call):
        return "asgi" if required != 0 else None
    kinds: dict[int | None, Interface] = {3: "asgi", 2: "wsgi"}
    return kinds.get(required)


def _is_coroutine(function: Any) -> bool:
    try:
        return inspect.iscoroutinefunction(function)
    except Exception:  # noqa: BLE001 - an object whose __getattr__ raises anything
        return False


def _signature(app: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(app)
    except (TypeError, ValueError):
        raise
    except Exception:  # noqa: BLE001 - an object whose __getattr__ raises anything: its class has the method
        return inspect.signature(getattr(app, "__call__"))  # noqa: B004, B009 - the method, as its class defines it


def _arguments(app: Callable[..., Any]) -> int | None:
    """Return the number of required positional arguments, or None if it is unknown."""
    try:
        parameters = _signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters)


def _module(name: str, module: str, directory: str) -> Any:
    try:
        with exit_raises():
            return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        # If the missing module is this one or a parent package, the name is wrong. Otherwise it is a failed import in
        # the application.
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            where = f"in {directory}" if directory != "." else "here (--app-dir names another directory)"
            raise ConfigError(f"--app {name}: there is no module {error.name!r} {where}") from None
        raise AppError(_failed(name, "imported", error)) from None
    except BaseException as error:  # noqa: BLE001 - SystemExit too: an import must not end the run silently
        raise AppError(_failed(name, "imported", error)) from None


def _made(name: str, factory: Any) -> Any:
    try:
        with exit_raises():
            return factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too, as in _module
        raise AppError(_failed(name, "made", error)) from None


@contextmanager
def exit_raises() -> Iterator[None]:
    """Make ``os._exit`` raise ``SystemExit`` in this process: the application must not end it without a word."""
    exit_, process = os._exit, os.getpid()

    def raising(status: int) -> NoReturn:
        if os.getpid() == process:
            raise SystemExit(f"os._exit({status}) was called")
        exit_(status)

    os._exit = raising
    try:
        yield
    finally:
        os._exit = exit_


def _failed(name: str, what: str, error: BaseException) -> str:
    return f"the application {name} failed while it was {what}; this is its own traceback:\n{own_traceback(error)}"
