"""The README and the guides as something that runs: their marked blocks, the commands in them, and the output below each.

``python -m tests.readme`` runs them and writes what they print into the pages. A block is marked by a comment on the
line before it: ``<!-- run: app=fastapi_cors exit=1 -->`` starts that application of ``examples`` and expects that
status of every command. Port 8000 stands for the port on which the application really listens. ``fastapi_no_cors+fix``
is that application with the output of the guide's own ``corscheck fix`` pasted at its end, as a reader would do it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import corpus
from tests.servers.uvicorn_app import UvicornApp

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
GUIDES = {
    path.parent.name: path for path in sorted((ROOT / "examples").glob("*/README.md")) if path.parent.name != "codes"
}
"""The guides by topic; ``codes`` is generated from the records."""
PAGES = (README, *GUIDES.values())
BLOCK = re.compile(r"<!-- run: (?P<marks>.*?) -->\n```(?P<language>\w+)\n(?P<body>.*?)```\n", re.DOTALL)
AGREEMENT = re.compile(r"(<!-- agreement -->).*?(<!-- end of agreement -->)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A shell command of a console block, and what the README shows below it."""

    text: str
    shown: str


@dataclass(frozen=True)
class Block:
    """A marked block. ``start`` and ``end`` are where its body is in the README's text."""

    language: str
    marks: dict[str, str]
    body: str
    start: int
    end: int

    def commands(self) -> list[Command]:
        """The commands of a console block: ``$`` begins one, a backslash at the end continues it."""
        commands: list[tuple[list[str], list[str]]] = []
        continued = False
        for line in self.body.splitlines():
            if line.startswith("$ "):
                commands.append(([line[2:]], []))
            else:
                commands[-1][0 if continued else 1].append(line)
            continued = (line.startswith("$ ") or continued) and line.endswith("\\")
        return [Command("\n".join(text), "\n".join(shown)) for text, shown in commands]


def blocks(text: str) -> list[Block]:
    """The marked blocks of the README, in order."""
    return [
        Block(
            m["language"],
            dict(mark.split("=", 1) for mark in m["marks"].split() if "=" in mark),
            m["body"],
            m.start("body"),
            m.end("body"),
        )
        for m in BLOCK.finditer(text)
    ]


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """The environment of a reader who has activated the virtual environment: ``corscheck`` is on the PATH."""
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "corscheck"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m corscheck "$@"\n')
        script.chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if k in ("LANG", "TMPDIR", "HOME")}
        path = f"{directory}{os.pathsep}{os.environ['PATH']}"
        yield {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "PYTHONUTF8": "1"}


@contextmanager
def started(names: set[str]) -> Iterator[dict[str, UvicornApp]]:
    """The applications that blocks name, running: those of ``examples``, and ``NAME+fix`` made from one of them."""
    with tempfile.TemporaryDirectory() as directory:
        apps = {}
        for name in sorted(names):
            example, _, mended = name.partition("+")
            if mended:
                source = (ROOT / "examples" / f"{example}.py").read_text("utf-8")
                (Path(directory) / f"{example}_{mended}.py").write_text(f"{source}\n{printed_fix()}", "utf-8")
                apps[name] = UvicornApp(f"{example}_{mended}", directory=directory)
            else:
                apps[name] = UvicornApp(example)
        try:
            for app in apps.values():
                app.launch()
            yield {name: app.wait() for name, app in apps.items()}
        finally:
            for app in apps.values():
                app.stop()


def printed_fix() -> str:
    """What the guide shows below ``corscheck fix``: code as it stands, ready to be pasted."""
    commands = (
        command
        for block in blocks(GUIDES["fix"].read_text("utf-8"))
        if block.language == "console"
        for command in block.commands()
    )
    return next(command.shown for command in commands if command.text.startswith("corscheck fix ")) + "\n"


def run(block: Block, app: UvicornApp) -> list[tuple[int, str]]:
    """Run a block; for each of its commands the status and what it printed, with port 8000 back in place."""
    port = app.url.rpartition(":")[2]
    with environment() as env:
        if block.language == "python":
            calls = [[sys.executable, "-c", block.body.replace("8000", port)]]
        else:
            calls = [["bash", "-c", command.text.replace("8000", port)] for command in block.commands()]
        done = [
            subprocess.run(
                call,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                cwd=ROOT,
                env=env,
                timeout=60,
            )
            for call in calls
        ]
    return [(d.returncode, d.stdout.replace(port, "8000").rstrip("\n")) for d in done]


def normalised(output: str) -> str:
    """Output without what differs from run to run: times, and the line breaks that depend on a port's length."""
    return " ".join(re.sub(r"\d+(\.\d+)? ms", "N ms", output).split())


def agreement_table() -> str:
    """How far a run over the recorded cases agrees with the three browsers."""
    from tests.contract.test_browser_truth import ask_all, replaying

    lines = [
        "| browser | recorded | verdict | requests on the wire | readable headers | console text |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    with replaying() as server:
        lines += [corpus.claim(engine, ask_all(server, engine)) for engine in ("chromium", "firefox", "webkit")]
    return "\n".join(lines)


def rewritten(text: str) -> str:
    """A page with the output of every console block as it is now, and with the README's figures."""
    if AGREEMENT.search(text):
        text = AGREEMENT.sub(lambda m: f"{m[1]}\n{agreement_table()}\n{m[2]}", text)
    for block in reversed(blocks(text)):
        if block.language != "console":
            continue
        name = block.marks["app"]
        with started({name}) as apps:
            results = run(block, apps[name])
        body = "".join(
            f"$ {command.text}\n{output}\n" for command, (_, output) in zip(block.commands(), results, strict=True)
        )
        text = text[: block.start] + body + text[block.end :]
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(rewritten(page.read_text("utf-8")), "utf-8")
