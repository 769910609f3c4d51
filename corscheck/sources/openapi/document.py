"""Parsing of OpenAPI documents from JSON, or from YAML if PyYAML is installed.

Errors name line and column. Local references (``#/components/...``) are resolved, and a chain that does not end is an
error. References to other files are errors, because this module reads no files.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from msgspec import Struct

from corscheck.sources.found import SourceError, place, quoted
from corscheck.sources.openapi.text import text_of

Object: TypeAlias = dict[str, Any]

_MOST_HOPS = 50
_INDEX = re.compile("0|[1-9][0-9]{0,8}")
"""An index of an array in a JSON pointer (RFC 6901, section 4)."""


class OpenAPIDocument(Struct, frozen=True):
    """An OpenAPI document. ``name`` is its name in error messages."""

    root: Object
    name: str = "the document"

    def resolved(self, value: Any) -> Object:
        """Return a value with its reference resolved; empty if it is not an object.

        Raises ``SourceError`` for a reference that cannot be resolved.
        """
        reference = ""
        for _ in range(_MOST_HOPS):
            if not isinstance(value, dict):
                return {}
            target = value.get("$ref")
            if not isinstance(target, str):
                return value
            reference = target
            value = self._found(reference)
        raise SourceError(f"{self.name}: {quoted(reference)} refers to itself")

    def _found(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise SourceError(f"{self.name}: {quoted(reference)} is in another file: make one file of them first")
        value: Any = self.root
        for part in _pointer(reference):
            if isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                raise SourceError(f"{self.name}: {quoted(reference)} is not in it")
        return value


def _pointer(reference: str) -> list[str]:
    """Split a JSON pointer in a fragment (RFC 6901) into its parts."""
    from urllib.parse import unquote

    parts = unquote(reference[1:]).split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def read(text: str, name: str) -> OpenAPIDocument:
    """Parse a text. Raises ``SourceError`` with the position if it is not an OpenAPI 3 document."""
    found = _json(text, name) if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", "") else _yaml(text, name)
    return check(found, name)


def check(found: Any, name: str) -> OpenAPIDocument:
    """Check that a parsed object is an OpenAPI 3 document, and wrap it. Raises ``SourceError`` if it is not."""
    if not isinstance(found, dict):
        raise SourceError(f"{name}: no OpenAPI document: expected an object")
    if "swagger" in found:
        raise SourceError(
            f"{name}: this is Swagger {quoted(text_of(found['swagger']))}: convert it to OpenAPI 3 first (swagger2openapi does)"
        )
    version = found.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        said = "it has no field 'openapi'" if version is None else f"its version is {quoted(text_of(version))}, not 3"
        raise SourceError(f"{name}: no OpenAPI document that is known: {said}")
    if not isinstance(found.get("paths"), dict) or not found["paths"]:
        raise SourceError(f"{name}: there is nothing to ask in it: 'paths' is missing or empty")
    return OpenAPIDocument(found, name)


def _json(text: str, name: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{name}, {place(text, error.pos)}: no JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: no JSON that can be read: {error}") from None


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
        raise SourceError(f"{name}: not YAML that can be read: {said}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        said = str(error).partition("\n")[0]
        raise SourceError(f"{name}: neither JSON nor YAML: {said}") from None
