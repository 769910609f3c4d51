"""A browser process with its own process group and directory, both of which are removed whatever happens.

This module does not depend on any protocol. ``stop`` may be called at any time and more than once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from corscheck.browsers.errors import BrowserUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START_SECONDS = 60.0
"""How long a browser may take to start. A first start from a cold disk takes about 10 s."""

# Chromium creates a socket in TMPDIR. Socket paths are limited to about 100 bytes, of which Chromium adds about 45.
_LONGEST_TMP = 50

_LISTENING = re.compile(r"listening on (ws://\S+)")
_PROXY_VARIABLES = frozenset({"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"})


class Workspace:
    """A new temporary directory, with ``profile`` for the profile, ``tmp`` for temporary files, and ``log``."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="corscheck-"))
        self.profile = self.path / "profile"
        self.tmp = self.path / "tmp"
        self.log = self.path / "log"
        self.profile.mkdir()
        if len(str(self.tmp)) > _LONGEST_TMP:
            self.tmp = Path(tempfile.mkdtemp(prefix="corscheck-", dir="/tmp"))
        else:
            self.tmp.mkdir()

    def remove(self) -> None:
        """Remove the directories. Try several times, because processes that were just killed may still be writing."""
        for _ in range(20):
            for folder in (self.path, self.tmp):
                shutil.rmtree(folder, ignore_errors=True)
            if not self.path.exists() and not self.tmp.exists():
                return
            time.sleep(0.05)


class BrowserProcess:
    """A running browser. ``group`` is its process group, which includes its helper processes.

    ``last_words`` is how many seconds it gets after SIGTERM, before SIGKILL: a program that keeps files outside of the
    workspace removes them then.
    """

    def __init__(
        self,
        title: str,
        argv: Sequence[str],
        workspace: Workspace,
        extra: Mapping[str, str],
        *,
        last_words: float = 0.0,
    ) -> None:
        if os.name != "posix":
            raise BrowserUnavailable("asking a real browser works on Linux and macOS only: it needs process groups")
        environment = {n: v for n, v in os.environ.items() if n.lower() not in _PROXY_VARIABLES}
        # TMPDIR inside the workspace removes the browser's temporary files together with it.
        environment.update(extra, TMPDIR=str(workspace.tmp))
        self._title = title
        self._last_words = last_words
        self._workspace = workspace
        self._watcher: subprocess.Popen[bytes] | None = None
        self._stopped = False
        try:
            with workspace.log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the program is the one that find() found
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=environment,
                    cwd=workspace.path,
                    start_new_session=True,
                )
        except OSError as error:
            raise BrowserUnavailable(f"{title} cannot be started: {error}") from error
        self.group = self._process.pid
        self._watch()

    def _watch(self) -> None:
        """Start a shell that cleans up if this process dies, even by SIGKILL.

        The shell reads from a pipe whose other end only this process holds. It has its own session, so that Ctrl-C does
        not reach it.
        """
        shell = shutil.which("sh")
        if shell is None:
            return
        gently = f'kill -s TERM -- "-$1"; sleep {self._last_words}; ' if self._last_words else ""
        script = f'read -r _; {gently}kill -s KILL -- "-$1"; sleep 1; rm -rf -- "$2" "$3"'
        self._watcher = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            [shell, "-c", script, "sh", str(self.group), str(self._workspace.path), str(self._workspace.tmp)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def exit_status(self) -> int | None:
        """The exit status: None while the browser runs, negative if a signal ended it."""
        return self._process.poll()

    async def address(self) -> str:
        """Wait until the browser logs its ``ws://`` address, and return it. Raises ``BrowserUnavailable``."""
        return await self.logged(_LISTENING)

    async def logged(self, pattern: re.Pattern[str]) -> str:
        """Wait until the browser logs a pattern, and return its group. Raises ``BrowserUnavailable``."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            text = self._workspace.log.read_text(encoding="utf-8", errors="replace")
            if found := pattern.search(text):
                return found[1]
            if (status := self.exit_status) is not None:
                raise ended_at_once(self._title, status, text)
            if time.monotonic() > deadline:
                raise BrowserUnavailable(
                    f"{self._title} did not come up within {START_SECONDS:.0f} s. It said: {_last_lines(text)}"
                )
            await asyncio.sleep(0.01)

    async def ended(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the browser to exit. Return whether it did."""
        deadline = time.monotonic() + seconds
        while self.exit_status is None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    def stop(self) -> None:
        """Kill the process group and remove the directory. Synchronous, so that no cancellation can interrupt it."""
        if self._stopped:
            return
        self._stopped = True
        if self._last_words and self.exit_status is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self._last_words)
        try:
            os.killpg(self.group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            self._process.kill()  # macOS raises it for a group of zombies
        self._process.wait()
        self._workspace.remove()
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None


def ended_at_once(title: str, status: int, text: str) -> BrowserUnavailable:
    """Return the error about a program that exited while it started; ``text`` is what it printed."""
    return BrowserUnavailable(f"{title} ended at once (status {status}). It said: {_last_lines(text)}{_hint(text)}")


def _last_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-600:] or "nothing"


def _hint(text: str) -> str:
    if "No usable sandbox" in text or "Operation not permitted" in text:
        return (
            " (In a container Chromium's sandbox needs user namespaces: allow them, or run as root, where corscheck "
            "passes --no-sandbox)"
        )
    return ""
