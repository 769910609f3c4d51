"""uvicorn with one of the applications in ``examples/``, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNING = re.compile(rb"Uvicorn running on (https?://[0-9.]+:[0-9]+)")


class UvicornApp:
    """A context manager: starts uvicorn on a free port, waits until it answers, and stops exactly that process.

    ``app`` is a module of ``examples`` (or of ``directory``) with an ``app`` in it. ``certificate`` is a PEM file with
    chain and key, for https. ``url`` is the base URL without a slash.
    """

    def __init__(self, app: str, *, directory: str = "examples", certificate: str | None = None) -> None:
        self.app = app
        self.directory = directory
        self.certificate = certificate
        self.url = ""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> UvicornApp:
        """Start without waiting, so that several can start at once; ``wait`` follows."""
        # Port 0 and reading the log: no other process can take the port between choosing and binding it.
        command = [sys.executable, "-m", "uvicorn", f"{self.app}:app", "--app-dir", self.directory, "--port", "0"]
        if self.certificate is not None:
            command += ["--ssl-certfile", self.certificate, "--ssl-keyfile", self.certificate]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return self

    def wait(self, seconds: float = 30) -> UvicornApp:
        """Until the log says where it listens."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = RUNNING.search(self.log())
            if found is not None:
                self.url = found[1].decode()
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        text = self.log().decode(errors="replace")
        self.stop()
        raise RuntimeError(f"uvicorn with {self.app} did not start:\n{text}")

    def log(self) -> bytes:
        """What uvicorn has printed so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0)

    def stop(self) -> None:
        """Stop it, and only it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._log.close()

    def __enter__(self) -> UvicornApp:
        return self.launch().wait()

    def __exit__(self, *exc: object) -> None:
        self.stop()
