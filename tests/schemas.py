"""The JSON Schemas that ship with corscheck. ``python -m tests.schemas`` rewrites them."""

from __future__ import annotations

import json
from pathlib import Path

from corscheck.policy import model as policy
from corscheck.report.saved import schema as report

DIRECTORY = Path(__file__).resolve().parents[1] / "corscheck" / "schemas"


def made() -> dict[str, str]:
    """The text of each file, by its name."""
    schemas = {"policy.json": policy.schema(), "report.json": report.schema()}
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


if __name__ == "__main__":
    for name, text in made().items():
        (DIRECTORY / name).write_text(text, "utf-8")
