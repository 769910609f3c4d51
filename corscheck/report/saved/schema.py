"""The JSON Schema of a report, generated from the dataclasses that a report is made of.

Fields may be added within a major version, so nothing is said against unknown ones; those that there are, are required
(but for what ``--reproducible`` leaves out).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from corscheck.model import audits, result, values
from corscheck.protocol import outcome, request
from corscheck.report.saved.summary import Summary

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_NAMES = {**vars(outcome), **vars(request), **vars(values), **vars(result), **vars(audits), "Mapping": Mapping}
"""What the annotations of the model speak of: it imports some of these names for the type checker only."""

_VOLATILE = {"elapsed_ms"}
_OPTIONAL_IN = {"CheckRef"}
"""Tables in which only fields without a default are required: a check named by hand has no more than a name."""


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of ``--json``; ``$defs/Line`` is that of a line of ``--jsonl``."""
    definitions: dict[str, Any] = {}
    probe = _of(result.Result, definitions)
    audit = _of(audits.Audit, definitions)
    summary = _of(Summary, definitions)
    version = {"type": "string", "pattern": rf"^{values.SCHEMA_VERSION.partition('.')[0]}\.[0-9]+$"}
    tool = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
        "required": ["name", "version"],
    }
    run = {
        "type": "object",
        "description": "All that is volatile: times, host, command line. Not in a reproducible report.",
        "properties": {
            **{name: {"type": "string"} for name in ("started", "finished", "host", "python", "platform")},
            "argv": {"type": "array", "items": {"type": "string"}},
            "elapsed_ms": {"type": "number"},
        },
    }
    head = {"schema_version": version, "tool": tool}
    definitions["Line"] = {
        "description": "A line of a JSON Lines report: the head first, a probe or an audit a line, the summary last.",
        "anyOf": [
            probe,
            audit,
            {"type": "object", "properties": {**head, "run": run}, "required": [*head]},
            {"type": "object", "properties": {"summary": summary, "run": run}, "required": ["summary"]},
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "corscheck report",
        "type": "object",
        "properties": {
            **head,
            "run": run,
            "summary": summary,
            "probes": {"type": "array", "items": probe},
            "audits": {"type": "array", "items": audit},
        },
        "required": [*head, "summary", "probes", "audits"],
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; a dataclass becomes a definition that is referred to."""
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if is_dataclass(kind):
        assert isinstance(kind, type)
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__].update(_table(kind, definitions))
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, definitions) for one in arguments]}
    if origin is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [_of(one, definitions) for one in arguments],
            "minItems": len(arguments),
            "maxItems": len(arguments),
        }
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    raise TypeError(f"a report cannot hold {kind!r}")


def _table(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, _NAMES)
    found: tuple[Field[Any], ...] = fields(kind)
    described = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
    optional = kind.__name__ in _OPTIONAL_IN
    return {
        "type": "object",
        "description": described,
        "properties": {one.name: _of(hints[one.name], definitions) for one in found},
        "required": [
            one.name for one in found if one.name not in _VOLATILE and not (optional and one.default is not MISSING)
        ],
    }
