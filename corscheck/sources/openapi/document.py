"""Parsing of OpenAPI documents from JSON, or from YAML if PyYAML is installed.

Errors name line and column. References (``#/components/...``, ``./schemas/order.yaml#/Order``) are resolved, and a chain
that does not end is an error. This module reads no files: ``Parts`` gets the text of another file from its caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable  # noqa: TC003 - msgspec reads the annotations
from typing import Any, TypeAlias

from msgspec import Struct, field

from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.sources.found import SourceError, place, quoted
from corscheck.sources.openapi.text import text_of

Object: TypeAlias = dict[str, Any]

_MOST_HOPS = 50
_INDEX = re.compile("0|[1-9][0-9]{0,8}")
"""An index of an array in a JSON pointer (RFC 6901, section 4)."""


class PartReference(Struct, frozen=True):
    """A reference inside another file: the file's location, and the fragment."""

    location: str
    fragment: str


class Parts(Struct):
    """The other files of a document, each read once.

    ``locate(reference, location)`` returns the location of a reference that is relative to a location, ``home`` being that of
    the document; ``read(location)`` returns the text there. Both raise ``SourceError`` or another ``ConfigError``.
    """

    home: str
    locate: Callable[[str, str], str]
    read: Callable[[str], str]
    loaded: dict[str, Any] = field(default_factory=dict)

    def part(self, location: str) -> Any:
        """Return the parsed file at a location. Its references are ``PartReference`` values."""
        if location not in self.loaded:
            found = _parsed(self.read(location), location)
            self._make_absolute(found, location)
            self.loaded[location] = found
        return self.loaded[location]

    def _make_absolute(self, tree: Any, location: str) -> None:
        """Replace every reference: it is relative to the file that it stands in."""
        seen: set[int] = set()
        waiting = [tree]
        while waiting:
            value = waiting.pop()
            if not isinstance(value, (dict, list)) or id(value) in seen:
                continue
            seen.add(id(value))  # YAML's aliases make one value stand in many places
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                target, _, fragment = value["$ref"].partition("#")
                try:
                    where = self.locate(target, location) if target else location
                except SourceError:
                    continue  # stays a text, and is an error where it is followed
                value["$ref"] = PartReference(where, fragment)
            waiting.extend(value.values() if isinstance(value, dict) else value)


class OpenAPIDocument(Struct, frozen=True):
    """An OpenAPI document. ``name`` is its name in error messages; without ``parts`` it is the only file."""

    root: Object
    name: str = "the document"
    parts: Parts | None = None

    def resolved(self, value: Any) -> Object:
        """Return a value with its reference resolved; empty if it is not an object.

        Raises ``SourceError`` for a reference that cannot be resolved.
        """
        found = self._end(value)
        return found if isinstance(found, dict) else {}

    def joined(self, value: Any) -> Object:
        """Return a path item or an operation with its reference resolved, and with the fields beside the reference.

        OpenAPI 3.1.1, *Path Item Object*, allows such fields; most other objects ignore them. Raises ``SourceError`` if
        the reference leads to something else than an object, because half an operation must not be asked in silence.
        """
        if not isinstance(value, dict) or "$ref" not in value:
            return self.resolved(value)
        found = self._end(value)
        if not isinstance(found, dict):
            raise SourceError(f"{self.name}: {quoted(_text(value['$ref']))} is not an object")
        return {**found, **{name: own for name, own in value.items() if name != "$ref"}}

    def _end(self, value: Any) -> Any:
        target: Any = None
        for _ in range(_MOST_HOPS):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), (str, PartReference)):
                return value
            target = value["$ref"]
            value = self._found(target)
        raise SourceError(f"{self.name}: {quoted(_text(target))} refers to itself")

    def _found(self, reference: str | PartReference) -> Any:
        if isinstance(reference, str):
            target, _, fragment = reference.partition("#")
            if target and self.parts is None:
                raise SourceError(
                    f"{self.name}: {quoted(reference)} is in another file. Bundle the document into one file first "
                    "(npx @redocly/cli bundle does)."
                )
            where = self.parts.locate(target, self.parts.home) if self.parts is not None and target else None
        else:
            where, fragment = reference.location, reference.fragment
        inside = where is None or self.parts is None or where == self.parts.home
        value: Any = self.root if inside or self.parts is None else self.parts.part(where or "")
        for part in _pointer(fragment):
            if isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                raise SourceError(f"{self.name}: {quoted(_text(reference))} does not exist")
        return value


def _text(reference: object) -> str:
    """Return a reference as written, or as it was made absolute."""
    if isinstance(reference, PartReference):
        return f"{reference.location}#{reference.fragment}" if reference.fragment else reference.location
    return text_of(reference)


def _pointer(fragment: str) -> list[str]:
    """Split a JSON pointer in a fragment (RFC 6901) into its parts.

    A fragment that is not a pointer is an anchor of JSON Schema. It becomes a part that no object has.
    """
    from urllib.parse import unquote

    first, *parts = unquote(fragment).split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in ([f"#{first}"] if first else parts)]


def read(text: str, name: str, parts: Parts | None = None) -> OpenAPIDocument:
    """Parse a text. Raises ``SourceError`` with the position if it is not an OpenAPI 3 document."""
    if not text.strip("\ufeff \t\r\n"):
        raise SourceError(f"{name} is empty. Expected an OpenAPI 3 document.")
    if _HTML.match(text):
        raise SourceError(_html_page(text, name))
    return check(_parsed(text, name), name, parts)


_HTML = re.compile(
    r"\A\ufeff?\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_NAMED_BY_PAGE = re.compile(
    r"""\b(?:url|"url"|spec-url|specUrl|data-url|apiDescriptionUrl)\s{0,9}[:=]\s{0,9}["']([^"'\s<>]{1,200})["']"""
)
"""How pages of Swagger UI, Redoc, Scalar and Stoplight name their document."""


def _html_page(text: str, name: str) -> str:
    """Say that this is a page, and where its document is: by the page's own word, or where frameworks put it."""
    found = _NAMED_BY_PAGE.search(text)
    said = f"{name} is an HTML page, not an OpenAPI document."
    if found is None:
        return f"{said} FastAPI's document is at /openapi.json, Spring's at /v3/api-docs, ASP.NET's at /swagger/v1/swagger.json."
    try:
        target = parse_url(found[1], name)
    except URLError:
        return f"{said} Its document is {quoted(found[1])}."
    return f"{said} Its document is {quoted(target.href)}." if target.scheme in HTTP_SCHEMES else said


def check(found: Any, name: str, parts: Parts | None = None) -> OpenAPIDocument:
    """Check that a parsed object is an OpenAPI 3 document, and wrap it. Raises ``SourceError`` if it is not."""
    if not isinstance(found, dict):
        raise SourceError(f"{name} is not an OpenAPI document: expected an object with the field 'openapi'.")
    if "swagger" in found:
        raise SourceError(
            f"{name} is Swagger {quoted(text_of(found['swagger']))}. Convert it to OpenAPI 3 first, e.g. with "
            f"npx swagger2openapi."
        )
    version = found.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        said = "has no field 'openapi'" if version is None else f"has version {quoted(text_of(version))}"
        raise SourceError(f"{name} {said}. Expected an OpenAPI 3 document.")
    if not isinstance(found.get("paths"), dict) or not found["paths"]:
        raise SourceError(f"{name} has no operations: its 'paths' is missing or empty.")
    return OpenAPIDocument(found, name, parts)


def _parsed(text: str, name: str) -> Any:
    return _json(text, name) if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", "") else _yaml(text, name)


def _json(text: str, name: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{name}, {place(text, error.pos)}: invalid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: JSON that cannot be read: {error}") from None


def _yaml(text: str, name: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise SourceError(f"{name}: YAML needs the package PyYAML: pip install 'corscheck[openapi]'") from None
    # The C loader is ten times faster, but not available on every platform.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise SourceError(f"{name}{where}: neither JSON nor YAML: {error.problem or error.context}") from None
    except (LookupError, AttributeError):  # this is how PyYAML's constructors fail, e.g. for !!bool "x"
        said = "a value does not fit its tag, such as !!bool or !!timestamp: correct the value or remove the tag"
        raise SourceError(f"{name}: YAML that cannot be read: {said}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        said = str(error).partition("\n")[0]
        raise SourceError(f"{name}: neither JSON nor YAML: {said}") from None
