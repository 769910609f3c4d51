"""The pictures of the README: a terminal, as an SVG that rich makes, and the HTML report, as a PNG that Chromium makes.

``python -m tests.pictures`` makes them again. A test compares the SVG with what the command prints today.
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests import readme
from tests.servers.uvicorn_app import UvicornApp

FOLDER = readme.ROOT / "examples" / "pictures"
TERMINAL = FOLDER / "terminal.svg"
REPORT = FOLDER / "report.png"
COMMAND = "corscheck probe http://localhost:8000/data --origin http://localhost:3000 -X PUT -H 'X-Tenant: 7'"
_SIZE = (1280, 860)


def printed(app: UvicornApp, more: str) -> str:
    """What the command of the README prints with more options, with port 8000 and fixed times."""
    block = readme.Block("console", {}, f"$ {COMMAND} {more}\n", 0, 0)
    ((_, output),) = readme.run(block, app)
    return re.sub(r"\d+(\.\d+)? ms", "4 ms", output)


def terminal(app: UvicornApp) -> str:
    """The SVG of a terminal in which the command was run."""
    console = Console(record=True, width=90, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}"), soft_wrap=False)
    console.print(Text.from_ansi(printed(app, "--color always")))
    return console.export_svg(title="corscheck", unique_id="corscheck")


def main() -> None:
    """Make both pictures."""
    FOLDER.mkdir(exist_ok=True)
    with UvicornApp("fastapi_cors") as app, tempfile.TemporaryDirectory() as directory:
        TERMINAL.write_text(terminal(app.wait()), "utf-8")
        page = Path(directory) / "report.html"
        printed(app, f"--reproducible --report html:{page}")
        port = app.url.rpartition(":")[2]
        page.write_text(page.read_text("utf-8").replace(port, "8000"), "utf-8")
        argv = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={REPORT}"]
        window = f"--window-size={_SIZE[0]},{_SIZE[1]}"
        subprocess.run([*argv, window, page.as_uri()], check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    main()
