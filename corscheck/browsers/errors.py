"""Exceptions of this package. A probe that a browser cannot run is a ``ConfigError`` instead."""

from __future__ import annotations


class BrowserUnavailable(RuntimeError):  # noqa: N818 - the name says what happened; callers read it as a state
    """No observation is possible: no browser, a missing package, no free port, or a browser that does not start.

    The message says what is missing and what to install. The command line exits with status 3.
    """


class BrowserDiedError(RuntimeError):
    """The browser exited or stopped responding during a run. This package turns it into inconclusive observations."""


class PageUnusableError(RuntimeError):
    """The page of an origin could not be loaded. This package turns it into an inconclusive observation."""
