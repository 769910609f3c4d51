"""Sample values for parameters: the document's example, or a value that the schema allows. They are deterministic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corscheck.sources.openapi.document import Object, OpenAPIDocument

_FORMATS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "sample@example.com",
    "idn-email": "sample@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/sample",
    "byte": "c2FtcGxl",
    "decimal": "1.0",
}
_TEXT = "sample"
_LONGEST = 1000
_DEEPEST = 12
_MOST_STEPS = 1e15
"""Where a quotient still is exact, and finite."""

_NESTED = 3
"""The maximum depth of arrays and objects. Parameters are flat, and recursive schemas would not end."""


def of_parameter(parameter: Object, document: OpenAPIDocument) -> Any:
    """Return a value for a parameter object or a header object (OpenAPI, *Parameter Object*)."""
    if "example" in parameter:
        return parameter["example"]
    examples = parameter.get("examples")
    if isinstance(examples, dict):
        for example in examples.values():
            found = document.resolved(example)
            if "value" in found:
                return found["value"]
    schema = parameter.get("schema")
    if schema is None and isinstance(parameter.get("content"), dict):
        schema = next((c.get("schema") for c in parameter["content"].values() if isinstance(c, dict)), None)
    return of_schema(schema, document)


def of_schema(schema: Any, document: OpenAPIDocument, depth: int = 0) -> Any:
    """Return a value that the schema allows, on a best-effort basis; a string if the schema is empty."""
    found = document.resolved(schema)
    for name in ("example", "default", "const"):
        if found.get(name) is not None:
            return found[name]
    for name in ("examples", "enum"):
        values = found.get(name)
        if isinstance(values, list) and (given := [v for v in values if v is not None]):
            return given[0]
    if depth >= _DEEPEST:
        return _TEXT
    for name in ("allOf", "oneOf", "anyOf"):
        parts = found.get(name)
        if isinstance(parts, list) and parts:
            return _of_parts(parts, document, depth)
    return _of_type(found, document, depth)


def _of_parts(parts: list[Any], document: OpenAPIDocument, depth: int) -> Any:
    """Return a value for the first alternative that is not null, preferably one with a type."""
    told = [p for p in parts if document.resolved(p).get("type") != "null"]
    typed = [p for p in told if document.resolved(p).keys() & {"type", "enum", "const", "allOf", "oneOf", "anyOf"}]
    return of_schema((typed or told or parts)[0], document, depth + 1)


def _of_type(schema: Object, document: OpenAPIDocument, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return True
    if kind in ("array", "object") and depth >= _NESTED:
        return _TEXT
    if kind == "array":
        items = max(_whole(schema.get("minItems")), 1)
        return [of_schema(schema.get("items"), document, depth + 1)] * min(items, 20)
    if kind == "object":
        properties = schema.get("properties")
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        known = properties if isinstance(properties, dict) else {}
        names = names[:20]
        return {n: of_schema(known.get(n), document, depth + 1) for n in names if isinstance(n, str)}
    return _string(schema)


def _number(schema: Object, *, whole: bool) -> int | float:
    low, high = _finite(schema.get("minimum")), _finite(schema.get("maximum"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = _finite(schema.get("multipleOf")) or (1 if whole else None)
    # In OpenAPI 3.0 exclusiveMinimum and exclusiveMaximum are booleans that modify minimum and maximum.
    value = 1.0 if low is None else low
    if above is True or (low is None and _finite(above) is not None) or (low is not None and _at_least(above, low)):
        value = (low if above is True and low is not None else _finite(above) or 0.0) + (step or 0.5)
    top = _finite(below) if not isinstance(below, bool) else None
    limit = high if top is None else top if high is None else min(high, top)
    if limit is not None and (value > limit or (value == limit and (below is True or top == limit))):
        value = limit - (step or 0.5 if below is True or top == limit else 0.0)
    if step and abs(value / step) < _MOST_STEPS:
        value = math.ceil(value / step) * step if limit is None or math.ceil(value / step) * step <= limit else value
    return int(value) if whole or value == int(value) else value


def _at_least(bound: Any, low: float) -> bool:
    number = _finite(bound)
    return number is not None and number >= low


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e15:
        return None
    return float(value) if math.isfinite(value) else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _string(schema: Object) -> str:
    found = _FORMATS.get(schema["format"]) if isinstance(schema.get("format"), str) else None
    if found is not None:
        return found
    least, most = _whole(schema.get("minLength")), schema.get("maxLength")
    text = _TEXT if least <= len(_TEXT) else (_TEXT * (min(least, _LONGEST) // len(_TEXT) + 1))[: min(least, _LONGEST)]
    return text[: max(_whole(most), least, 1)] if isinstance(most, int) else text
