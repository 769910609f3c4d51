"""The JSON Schema of a report, generated from the values that a report is made of.

A minor version may add fields, so the schema allows unknown ones. Every known field is required, except what
``--reproducible`` leaves out.
"""

from __future__ import annotations

from typing import Any

from corscheck.model import json as model_json
from corscheck.model.audits import Audit
from corscheck.model.result import Result
from corscheck.model.values import SCHEMA_VERSION
from corscheck.report.saved.summary import Summary

_VOLATILE = {"elapsed_ms"}
_BY_HAND = {"CheckRef": ["name"]}
"""The required fields of objects that people write too: the check of a target has only its name."""


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of ``--json``. ``$defs/Line`` is the schema of a line of ``--jsonl``."""
    (result, audit, summary), definitions = model_json.schema((Result, Audit, Summary))
    for name, definition in definitions.items():
        _complete(name, definition)
    version = {"type": "string", "pattern": rf"^{SCHEMA_VERSION.partition('.')[0]}\.[0-9]+$"}
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
            result,
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
            "probes": {"type": "array", "items": result},
            "audits": {"type": "array", "items": audit},
        },
        "required": [*head, "summary", "probes", "audits"],
        "$defs": dict(sorted(definitions.items())),
    }


def _complete(name: str, definition: dict[str, Any]) -> None:
    """Require the fields that every report of this version has. Defaults are only for reading older reports."""
    properties = definition["properties"]
    definition["required"] = _BY_HAND.get(name) or [field for field in properties if field not in _VOLATILE]
    definition["description"] = " ".join(definition["description"].partition("\n\n")[0].split())
    for value in properties.values():
        value.pop("default", None)
