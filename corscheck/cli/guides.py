"""The guides that ``corscheck help TOPIC`` prints: ``examples/*/README.md``, which a wheel holds in ``corscheck/guides``."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
GUIDES = ("fastapi", "sources", "fix", "audit", "ci", "scale", "codes")
TOPICS = {"fixing": "fix", "auditing": "audit", **{name: name for name in GUIDES if name not in ("fix", "audit")}}
"""The guide of each topic. ``corscheck help fix`` and ``help audit`` show the options of these commands."""


def guide(topic: str) -> str:
    """Return the Markdown of a guide. Raises ``OSError`` if an installation lacks it."""
    packaged = _PACKAGE / "guides" / f"{topic}.md"
    path = packaged if packaged.exists() else _PACKAGE.parent / "examples" / topic / "README.md"
    return path.read_text("utf-8")


def printed(topic: str) -> list[str]:
    """Return the lines of a guide for a terminal: without the comments that mark what tests run."""
    return [line for line in guide(topic).split("\n") if not line.startswith("<!--")]
