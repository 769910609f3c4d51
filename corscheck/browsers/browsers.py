"""The supported browsers and the paths of their programs. Nothing here starts a browser."""

from __future__ import annotations

import os
import platform
import shutil
from typing import Literal, TypeAlias

from msgspec import Struct

from corscheck.browsers.errors import BrowserUnavailable
from corscheck.model.values import ConfigError

Family: TypeAlias = Literal["chromium", "firefox", "webkit"]


class Browser(Struct, frozen=True):
    """A supported browser. ``name`` is the value for ``--browser``.

    ``family`` decides which driver it needs and which engine's rules it follows. ``programs`` are the program names to
    try, in order; the environment variable ``variable`` overrides them with a path. ``install`` says how to install it.
    ``needs`` are further programs that must be in PATH.
    """

    name: str
    title: str
    family: Family
    programs: tuple[str, ...]
    variable: str
    install: str
    needs: tuple[str, ...] = ()


BROWSERS: dict[str, Browser] = {
    b.name: b
    for b in (
        Browser(
            "chromium",
            "Chromium",
            "chromium",
            ("chromium", "chromium-browser", "/Applications/Chromium.app/Contents/MacOS/Chromium"),
            "CORSCHECK_CHROMIUM",
            "Debian: apt-get install chromium",
        ),
        Browser(
            "chrome",
            "Google Chrome",
            "chromium",
            (
                "google-chrome",
                "google-chrome-stable",
                "chrome",
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            ),
            "CORSCHECK_CHROME",
            "https://www.google.com/chrome",
        ),
        Browser(
            "edge",
            "Microsoft Edge",
            "chromium",
            (
                "microsoft-edge",
                "microsoft-edge-stable",
                "msedge",
                "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
            ),
            "CORSCHECK_EDGE",
            "https://www.microsoft.com/edge",
        ),
        Browser(
            "firefox",
            "Firefox",
            "firefox",
            ("firefox", "firefox-esr", "/Applications/Firefox.app/Contents/MacOS/firefox"),
            "CORSCHECK_FIREFOX",
            "Debian: apt-get install firefox-esr",
        ),
        Browser(
            "webkit",
            "WebKitGTK",
            "webkit",
            (
                f"/usr/lib/{platform.machine()}-linux-gnu/webkit2gtk-4.1/MiniBrowser",  # Debian, Ubuntu
                "/usr/libexec/webkit2gtk-4.1/MiniBrowser",  # Fedora
                "/usr/lib/webkit2gtk-4.1/MiniBrowser",  # Arch
            ),
            "CORSCHECK_WEBKIT",
            "Debian: apt-get install libwebkit2gtk-4.1-0 xvfb",
            needs=("Xvfb",),
        ),
    )
}


SAFARI = (
    "Safari cannot be driven: it has no interface that reports requests and console texts. "
    "Use webkit, which runs WebKitGTK: the same engine on Linux, with another network layer"
)
"""Why there is no browser ``safari``, and what to use instead."""


def get(name: str) -> Browser:
    """Return the browser of a name. Raises ``ConfigError`` for a name that is not in ``BROWSERS``."""
    if name == "safari":
        raise ConfigError(SAFARI)
    try:
        return BROWSERS[name]
    except KeyError:
        raise ConfigError(f"no browser is called {name!r}: choose from {', '.join(BROWSERS)}") from None


def find(name: str) -> str:
    """Return the path of an installed browser's program.

    Raises ``BrowserUnavailable``, which says what to install, and ``ConfigError`` for an unknown name.
    """
    browser = get(name)
    program = _program(browser)
    for need in browser.needs:
        if shutil.which(need) is None:
            raise BrowserUnavailable(
                f"{browser.title} needs {need}, which is not in PATH. Install it ({browser.install})"
            )
    return program


def _program(browser: Browser) -> str:
    if override := os.environ.get(browser.variable):
        if path := shutil.which(override):
            return path
        raise BrowserUnavailable(f"{browser.variable} is {override!r}, which is not a program that can be run")
    for program in browser.programs:
        if path := shutil.which(program):
            return path
    names = ", ".join(p for p in browser.programs if "/" not in p)
    looked = f"{names} in PATH" if names else ", ".join(browser.programs)
    raise BrowserUnavailable(
        f"{browser.title} was not found (looked for {looked}). Install it ({browser.install}), "
        f"or set {browser.variable} to its path"
    )


def available() -> dict[str, str]:
    """Return the installed browsers, as a mapping from name to path."""
    found = {}
    for name in BROWSERS:
        try:
            found[name] = find(name)
        except BrowserUnavailable:
            continue
    return found
