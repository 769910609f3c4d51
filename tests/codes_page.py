"""``examples/codes/README.md``: all codes, from their records. ``python -m tests.codes_page`` writes it."""

from __future__ import annotations

from pathlib import Path

from corscheck.diagnosis.codes.registry import RECORDS

PAGE = Path(__file__).resolve().parents[1] / "examples" / "codes" / "README.md"

_HEAD = """# Codes

Every verdict, cause, remark and finding has a stable code. `corscheck explain CORS615` prints the same in a terminal.

"""
_FAMILIES = {
    "CORS1": "Requests that fetch() refuses",
    "CORS2": "Before anything is sent",
    "CORS3": "The CORS check of a response",
    "CORS4": "The preflight",
    "CORS5": "Redirects",
    "CORS6": "Causes on the server",
    "CORS7": "Remarks",
    "CORS8": "Findings of an audit",
    "CORS9": "Network",
}


def rendered() -> str:
    """The page: a table of contents of each family, then each code."""
    lines = [_HEAD.rstrip(), ""]
    family = ""
    for code, record in sorted(RECORDS.items()):
        if code[:5] != family:
            family = code[:5]
            lines += [f"## {_FAMILIES.get(family, family)}", ""]
        weight = f" · {record.severity}" if record.severity is not None else ""
        lines += [f"### {code}: {record.title}", "", f"Step `{record.step}`{weight}", "", record.explanation, ""]
        lines += ["```http", *record.example.split("\n"), "```", ""]
        lines += [f"**Fix.** {record.advice}", "", f"[Reference]({record.help})" if record.help else "", ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(rendered(), "utf-8")
