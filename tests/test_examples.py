"""The examples are what they say: the applications differ in their CORS alone, and the CI step runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEP = ROOT / "examples" / "ci" / "shell-step.sh"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_the_ci_step_runs(tmp_path: Path) -> None:
    """It exits 0 on the production example, leaves its report behind, and nothing that listens."""
    port = free_port()
    done = subprocess.run(
        ["bash", str(STEP)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHON": sys.executable,
            "PORT": str(port),
            "REPORTS": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "cors-put.json").is_file()
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0


def test_the_applications_have_the_same_routes() -> None:
    """So that what differs between them is their CORS."""
    texts = [(ROOT / "examples" / f"fastapi_{name}.py").read_text() for name in ("no_cors", "cors", "production")]
    for route in ('@app.get("/data")', '@app.put("/data")', '@app.post("/upload")', '@app.get("/me")'):
        assert all(route in text for text in texts)
