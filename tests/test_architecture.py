"""Who may import whom, and what a bare import must not load."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=ROOT, env=ENVIRONMENT, timeout=120
    )


def test_the_import_contracts_hold() -> None:
    done = python(
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_corscheck_loads_nothing_heavy() -> None:
    """The start-up figures rest on this."""
    done = python("import corscheck, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))")
    assert done.returncode == 0, done.stderr
    heavy = {"asyncio", "cryptography", "httpcore", "httpx", "pydantic", "rich", "ssl", "trustme", "typer"}
    assert not heavy & set(done.stdout.split())


def test_no_file_is_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "corscheck").rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 420  # "about 400"
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    for path in (ROOT / "corscheck").rglob("*.py"):
        assert re.match(r'("""|#)', path.read_text("utf-8")), path


# ---------------------------------------------------------------------- rooms, files, names

LAYERS = (
    ("__main__",), ("cli", "pytest_plugin"), ("api",), ("runner",), ("auditing",), ("browsers", "diagnosis", "sources"),
    ("policy", "report", "transports"), ("model",), ("protocol",), ("_version",),
)  # fmt: skip
"""From the top: a room may import what stands in a lower line."""

UPWARDS = ["corscheck.report.formats.rules imports corscheck.diagnosis.codes.registry"]
"""The rules of SARIF are the records of the registry, which are texts and import only the model and the protocol."""


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted((ROOT / "corscheck").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


def imports(tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of the package that a module imports anywhere: at its top, inside functions, for type checking."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("corscheck"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
    return found & known


def test_the_rooms_are_those_of_the_contract() -> None:
    rooms = {
        path.stem for path in (ROOT / "corscheck").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms == {"__init__", *(room for layer in LAYERS for room in layer)}
    assert len(rooms) <= 16


def test_imports_lead_down_only() -> None:
    """import-linter sees imports inside functions too; this also holds each room of a line apart from its neighbours."""
    known = set(modules())
    level = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    up = []
    for name, tree in modules().items():
        if name.count(".") == 0:
            continue
        room = name.split(".")[1]
        for imported in imports(tree, known):
            other = imported.split(".")[1] if "." in imported else ""
            if other and other != room and level[other] <= level[room]:
                up.append(f"{name} imports {imported}")
    assert up == UPWARDS


def test_no_circle_between_files() -> None:
    trees = modules()
    graph = {name: imports(tree, set(trees)) - {name} for name, tree in trees.items()}
    left = dict(graph)
    while True:
        # A file that imports nothing that is left is in no circle, and neither is one that nothing left imports.
        imported = set().union(*left.values()) if left else set()
        out = {name for name, wants in left.items() if not wants & left.keys() or name not in imported}
        if not out:
            break
        left = {name: wants - out for name, wants in left.items() if name not in out}
    assert left == {}


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = {}
    for name, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


OWNERS = {
    "httpx": "corscheck.transports.http", "httpcore": "corscheck.transports.http", "pycurl": "corscheck.transports.curl",
    "pydantic": "corscheck.policy", "jinja2": "corscheck.report.formats.html", "distributed": "corscheck.runner.cluster",
    "websockets": "corscheck.browsers", "trustme": "corscheck.browsers", "typer": "corscheck.cli", "h2": "corscheck.transports",
    "pytest": "corscheck.pytest_plugin", "yaml": "corscheck.sources.openapi", "publicsuffixlist": "corscheck.model.suffixes",
}  # fmt: skip


def test_each_library_is_imported_in_one_room() -> None:
    strangers = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for imported in names:
                owner = OWNERS.get(imported.partition(".")[0])
                if owner is not None and not f"{name}.".startswith(f"{owner}."):
                    strangers.append(f"{name} imports {imported}")
    assert strangers == []


def test_a_scan_imports_no_asyncio() -> None:
    done = python("import corscheck.runner.many, corscheck.runner.threads, sys; print('asyncio' in sys.modules)")
    assert (done.stdout.strip(), done.stderr) == ("False", "")
