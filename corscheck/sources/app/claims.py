"""The configuration of a FastAPI or Starlette application: its operations and its ``CORSMiddleware`` parameters.

The values are read by the attribute names that Starlette and FastAPI document, without importing either. Objects of
other types are skipped. ``questions`` builds probes that verify each claim.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ORDER = (
    "allow_origins", "allow_methods", "allow_headers", "allow_credentials", "allow_origin_regex",
)  # fmt: skip
"""The first parameters of ``CORSMiddleware``, to name positional arguments."""

_SEVERAL = re.compile(r"\s*[,;\s]\s*")
"""Between names that were written into one string."""

_FLAGS = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_SAMPLES = {"integer": "1", "number": "1", "boolean": "true"}
_FORMATS = {"uuid": "00000000-0000-4000-8000-000000000000", "date": "2030-01-01", "date-time": "2030-01-01T00:00:00Z"}
_CONVERTORS = {"int": "1", "float": "1", "uuid": _FORMATS["uuid"]}
_DOCUMENTATION = ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")


class Claim(Struct, frozen=True):
    """The parameters of a ``CORSMiddleware``.

    ``around`` means that the middleware wraps the application, and so also handles responses to unhandled exceptions.
    Starlette puts its error handling outside of a middleware added with ``add_middleware``. ``prefix`` is the path of
    the mounted application that the middleware belongs to. ``faults`` are sentences on lists that are not lists of
    single names.
    """

    allow_origins: tuple[str, ...] = ()
    allow_origin_regex: str | None = None
    allow_methods: tuple[str, ...] = ("GET",)
    allow_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    expose_headers: tuple[str, ...] = ()
    max_age: int = 600
    around: bool = False
    prefix: str = ""
    faults: tuple[str, ...] = ()

    @property
    def everyone(self) -> bool:
        """Whether every origin is allowed."""
        return "*" in self.allow_origins


class AppOperation(Struct, frozen=True):
    """A method of a route. ``path`` is as declared, ``url`` has sample values for its parameters.

    ``headers`` are the request headers that it declares (parameters, bearer token). ``json`` and ``form`` say that it
    accepts a JSON or a form body. ``wrong`` is a URL that fails the application's validation, or None.
    """

    method: str
    path: str
    url: str
    headers: tuple[str, ...] = ()
    json: bool = False
    form: bool = False
    wrong: str | None = None


class Reading(Struct, frozen=True):
    """The operations and claims of an application. ``inner`` is the application inside its wrappers."""

    framework: str
    operations: tuple[AppOperation, ...]
    claims: tuple[Claim, ...]
    inner: Any

    @property
    def claim(self) -> Claim | None:
        """The claim of the application itself, not of one mounted in it."""
        return next((claim for claim in self.claims if not claim.prefix), None)


def read(app: Any) -> Reading | None:
    """Read an application's configuration; None if it is not based on Starlette."""
    claims: list[Claim] = []
    inner = app
    while not is_starlette(inner):
        if is_cors(type(inner)):
            claims.append(of_instance(inner))
        inner = attribute(inner, "app")
        if inner is None:
            return None
    claims += read_added(inner)
    operations = dict.fromkeys(_operations(inner, "", claims))
    return Reading(_framework(inner), tuple(operations), tuple(claims), inner)


def is_starlette(app: Any) -> bool:
    """Whether an object is a Starlette application, or of a class derived from it, such as FastAPI."""
    return any(c.__name__ == "Starlette" and c.__module__.startswith("starlette.") for c in type(app).__mro__)


def is_cors(cls: Any) -> bool:
    """Whether a class is Starlette's ``CORSMiddleware`` or derived from it."""
    return any(
        c.__name__ == "CORSMiddleware" and c.__module__.startswith("starlette.")
        for c in attribute(cls, "__mro__") or ()
    )


def attribute(node: Any, name: str) -> Any:
    """Return an attribute of an object of the application, or None: what its own code raises counts as none."""
    try:
        return getattr(node, name, None)
    except Exception:  # noqa: BLE001 - an application's __getattr__ or property may raise anything
        return None


def expression(pattern: Any, implied: re.RegexFlag = re.NOFLAG) -> str:
    """Return a regular expression as a string that means the same once it is compiled with the ``implied`` flags.

    Raises ``re.error`` if there is none.
    """
    if not isinstance(pattern, re.Pattern):
        return str(pattern)
    text = str(pattern.pattern)
    with suppress(re.error):
        if re.compile(text, implied).flags == pattern.flags:
            return text
    if implied & re.IGNORECASE & ~pattern.flags:
        text = f"(?-i:{text})"
    letters = "".join(letter for letter, flag in _FLAGS.items() if pattern.flags & flag & ~implied)
    said = f"(?{letters}){text}" if letters else text
    re.compile(said, implied)
    return said


def _framework(app: Any) -> str:
    return "FastAPI" if any(c.__name__ == "FastAPI" for c in type(app).__mro__) else "Starlette"


def read_added(app: Any, prefix: str = "") -> list[Claim]:
    """Return the claims of middleware added with ``add_middleware``."""
    found = []
    for one in attribute(app, "user_middleware") or ():
        if is_cors(attribute(one, "cls")):
            given = {**dict(zip(_ORDER, getattr(one, "args", ()), strict=False)), **getattr(one, "kwargs", {})}
            found.append(_claim(given, prefix))
    return found


def _claim(given: dict[str, Any], prefix: str = "", *, around: bool = False) -> Claim:
    regex = given.get("allow_origin_regex")
    return Claim(
        allow_origins=_texts(given.get("allow_origins", ())),
        allow_origin_regex=None if regex is None else expression(regex),
        allow_methods=_texts(given.get("allow_methods", ("GET",))),
        allow_headers=_texts(given.get("allow_headers", ())),
        allow_credentials=bool(given.get("allow_credentials", False)),
        expose_headers=_texts(given.get("expose_headers", ())),
        max_age=int(given.get("max_age", 600)),
        around=around,
        prefix=prefix,
        faults=tuple(fault for name in _LISTS if (fault := list_fault(name, given.get(name, ()))) is not None),
    )


def of_instance(middleware: Any) -> Claim:
    """Read the claim of a middleware instance from its attributes."""
    simple, preflight = (dict(getattr(middleware, n, {})) for n in ("simple_headers", "preflight_headers"))
    exposed = simple.get("Access-Control-Expose-Headers", "")
    given = {name: getattr(middleware, name) for name in _ORDER if hasattr(middleware, name)}
    if getattr(middleware, "allow_all_headers", False):
        given["allow_headers"] = "*"
    given["allow_credentials"] = "Access-Control-Allow-Credentials" in simple
    given["expose_headers"] = [part.strip() for part in exposed.split(",") if part.strip()]
    given["max_age"] = preflight.get("Access-Control-Max-Age", 600)
    return _claim({"allow_methods": (), **given}, around=True)


_LISTS = ("allow_origins", "allow_methods", "allow_headers", "expose_headers")


def list_fault(name: str, values: Any) -> str | None:
    """Return a sentence on a setting that is a string instead of a list, or a list with several names in one string."""
    names = split_names(values)
    instead = f"Write {name}=[{', '.join(json.dumps(text) for text in names)}]."
    if isinstance(values, str) and values not in ("", "*"):
        effect = "letter by letter" if name == "allow_headers" else "as a text in which every part counts"
        return f"{name} is the string {values!r}, not a list, and the middleware reads it {effect}. {instead}"
    joined = next((str(v) for v in values if _SEVERAL.search(str(v))), None)
    if joined is None:
        return None
    return f"{name} has {joined!r}, which the middleware takes for one name. {instead}"


def split_names(values: Any) -> tuple[str, ...]:
    """Return the names that a setting was meant to list."""
    texts = (values,) if isinstance(values, str) else values
    return tuple(dict.fromkeys(name for text in texts for name in _SEVERAL.split(str(text).strip()) if name))


def _texts(values: Any) -> tuple[str, ...]:
    # A string instead of a list: Starlette's "in" searches for a substring, so the string itself is allowed.
    return (values,) if isinstance(values, str) else tuple(str(value) for value in values)


def _operations(app: Any, prefix: str, claims: list[Claim]) -> Iterator[AppOperation]:
    """Yield the operations of an application and of those mounted in it, from the OpenAPI schema and the routes."""
    described = dict(_described(app))
    for template, item in described.items():
        yield from _of_schema(prefix, template, item, app)
    hidden = {attribute(app, name) for name in _DOCUMENTATION}
    for route in attribute(app, "routes") or ():
        path: str | None = attribute(route, "path")
        methods = attribute(route, "methods")
        mounted = attribute(route, "app")
        if path is None or path in hidden:
            continue
        if methods:
            format_ = getattr(route, "path_format", path)
            if format_ not in described:
                yield from _of_route(prefix + path, methods)
        elif (
            mounted is not None
            and not methods
            and attribute(mounted, "routes")
            and attribute(route, "routes") is not None
        ):
            claims += read_added(mounted, prefix + path)
            yield from _operations(mounted, prefix + path, claims)


def _described(app: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = attribute(app, "openapi")
    if schema is None:
        return
    try:
        paths = schema()["paths"]
    except Exception:  # noqa: BLE001 - the application cannot build its schema; its routes remain
        return
    yield from paths.items()


def _of_route(path: str, methods: Iterable[str]) -> Iterator[AppOperation]:
    url = re.sub(r"\{(\w+)(?::(\w+))?\}", lambda m: _CONVERTORS.get(m[2] or "", m[1]), path)
    for method in sorted(methods):
        if method not in ("HEAD", "OPTIONS"):
            yield AppOperation(method, path, url)


def _of_schema(prefix: str, path: str, item: dict[str, Any], app: Any) -> Iterator[AppOperation]:
    for method, found in item.items():
        if method in ("head", "options", "trace", "parameters"):
            continue
        parameters = found.get("parameters", ())
        url, wrong = prefix + path, None
        headers = []
        query = []
        for parameter in parameters:
            name, where, schema = parameter["name"], parameter["in"], parameter.get("schema", {})
            sample = _sample(schema)
            if where == "path":
                if schema.get("type") in _SAMPLES:
                    wrong = url.replace(f"{{{name}}}", "no-number")
                url = url.replace(f"{{{name}}}", sample)
                wrong = wrong.replace(f"{{{name}}}", sample) if wrong is not None else None
            elif where == "header":
                headers.append(name)
            elif where == "query" and parameter.get("required"):
                query.append(f"{name}={sample}")
        if query:
            wrong, url = url, f"{url}?{'&'.join(query)}"
        content = found.get("requestBody", {}).get("content", {})
        yield AppOperation(
            method.upper(),
            prefix + path,
            url,
            (*headers, *_tokens(found, app)),
            json=any(kind.endswith("json") for kind in content),
            form=any(kind.startswith(("multipart/", "application/x-www-form")) for kind in content),
            wrong=wrong,
        )


def _sample(schema: dict[str, Any]) -> str:
    """Return a value that should pass validation, judging by the first level of the schema."""
    for name in ("const", "default", "example"):
        if schema.get(name) is not None:
            return str(schema[name])
    if schema.get("enum"):
        return str(schema["enum"][0])
    return _FORMATS.get(schema.get("format", "")) or _SAMPLES.get(schema.get("type", ""), "a")


def _tokens(found: dict[str, Any], app: Any) -> Iterator[str]:
    """Yield the headers of the security schemes that an operation requires."""
    if not found.get("security"):
        return
    schemes = app.openapi().get("components", {}).get("securitySchemes", {})
    for name in {name for wanted in found["security"] for name in wanted}:
        scheme = schemes.get(name, {})
        if scheme.get("type") in ("http", "oauth2", "openIdConnect"):
            yield "authorization"
        elif scheme.get("in") == "header":
            yield str(scheme["name"])
