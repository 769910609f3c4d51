"""What can go wrong between us and a browser, beside a question that cannot be put (``ConfigError``)."""

from __future__ import annotations


class BrowserUnavailable(RuntimeError):  # noqa: N818 - the name says what happened; callers read it as a state
    """No observation is possible at all: no browser, a missing package, no port, or a browser that does not start.

    The text names what is missing and what to install. On the command line: exit 3.
    """


class BrowserDiedError(RuntimeError):
    """The browser went away, or stopped answering, in mid-run. Never leaves this package: it becomes observations."""


class PageUnusableError(RuntimeError):
    """A page of the asked origin could not be had. Never leaves this package: it becomes an observation."""
