"""Records WebKitGTK's MiniBrowser on a virtual display: it takes no commands, and writes its console to stderr.

It resolves host names through ``/etc/hosts``, so it runs in a mount namespace that has another one. A private window or
``--automation`` would suit better, but then WebKit logs no console lines.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

from corscheck.browsers import BrowserUnavailable
from corscheck.browsers.process import BrowserProcess
from tests.browser.driver import Driver
from tests.browser.server import HOSTS

# A line may begin with its place in a script. Words before the level are the source: JS, SECURITY, NETWORK.
_LINE = re.compile(r"^(?:\S+:\d+:\d+: )?CONSOLE ((?:[A-Z]+ )*?(?:LOG|WARN|ERROR|DEBUG|INFO)) (.*)$")
_INSTALL = "Debian: apt-get install libwebkit2gtk-4.1-0 xvfb"


class WebKit(Driver):
    """A running MiniBrowser."""

    fields = ("console", "console_kinds")

    async def start(self, url: str) -> None:
        program = find_webkit()
        hosts = self.workspace.path / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{self.address} {host}\n" for host in HOSTS))
        display = self._start_display()
        environment = {
            "DISPLAY": display, "HOME": str(self.workspace.path), "LC_ALL": "C.UTF-8", "GDK_BACKEND": "x11",
            "GIO_USE_PROXY_RESOLVER": "dummy", "GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1",
            **{f"XDG_{kind}_HOME": str(self.workspace.path / kind) for kind in ("CACHE", "CONFIG", "DATA")},
        }  # fmt: skip
        asked = subprocess.run(
            [program, "--version"], env={**os.environ, **environment}, capture_output=True, check=True
        )
        self.version = asked.stdout.decode().split()[-1]
        argv = [
            *("unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])),
            *("sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)),
            *(program, "--enable-write-console-messages-to-stdout=true", "--ignore-tls-errors", url),
        ]
        self.process = BrowserProcess("MiniBrowser", argv, self.workspace, environment)

    def _start_display(self) -> str:
        """Start Xvfb and return its display, which it chooses and names when it is ready."""
        self._display = subprocess.Popen(
            # It ends with this process, even if that is killed.
            [
                "setpriv",
                "--pdeathsig",
                "TERM",
                "Xvfb",
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1024x768x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._display.stdout is not None
        return f":{self._display.stdout.readline().decode().strip()}"

    async def collect(self) -> None:
        await asyncio.sleep(0.5)  # lines of the last case
        case_id = None
        for line in self.workspace.log.read_text(encoding="utf-8", errors="replace").split("\n"):
            if (found := _LINE.match(line)) is None:
                continue
            kind, text = found.groups()
            if text.startswith("@case "):
                case_id = text.removeprefix("@case ")
            else:
                self.note(case_id, "console", text)
                self.note(case_id, "console_kinds", kind)

    async def stop(self) -> None:
        await super().stop()
        if hasattr(self, "_display"):
            self._display.terminate()  # SIGKILL would leave its lock file
            self._display.communicate()


def find_webkit() -> str:
    """The path of MiniBrowser. Raises ``BrowserUnavailable`` if it or what it needs is not installed."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
    for name, path in (("MiniBrowser", found and str(found[0])), *((n, shutil.which(n)) for n in ("Xvfb", "unshare"))):
        if not path:
            raise BrowserUnavailable(f"{name} was not found. Install it ({_INSTALL})")
    return str(found[0])
