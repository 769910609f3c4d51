"""An application in process, as the Python API is given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.api.checks import invalid

if TYPE_CHECKING:
    from corscheck.runner.app import AppConversation
    from corscheck.runner.options import RunOptions


def app_url(url: str) -> str:
    """The URL of a path in an application that is asked in process; anything else as it is."""
    from corscheck.sources.app.address import absolute

    return absolute(url)


def refuse_via(via: object) -> None:
    """Raise ``ConfigError`` if there is a base URL to send to beside an application."""
    if via is not None:
        reason = "via and app exclude each other: an application in process is reached without a network"
        raise invalid("via", via, reason, "Leave one of them out.")


def app_conversation(app: Any, options: RunOptions) -> AppConversation:
    """A conversation with the application. Raises ``ConfigError`` for what is none or does not start."""
    from corscheck.runner.app import AppConversation

    return AppConversation(app, options)
