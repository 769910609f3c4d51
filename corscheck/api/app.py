"""Probes of an application in process (``app=``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.api.arguments import probe_of
from corscheck.api.checks import check_url, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.model.values import Probe
    from corscheck.runner.app import AppConversation
    from corscheck.runner.options import RunOptions


def question_of(url: str, checked: Mapping[str, Any], app: object) -> Probe:
    """Return a probe of checked arguments; for an application the URL may be a path. Raises ``ConfigError``."""
    if app is not None:
        from corscheck.sources.app.address import absolute

        refuse_via(checked.get("via"))
        url = absolute(check_url("url", url))
    return probe_of(url, checked)


def refuse_via(via: object) -> None:
    """Raise ``ConfigError`` for a base URL to send to beside an application."""
    if via is not None:
        reason = "via and app exclude each other: an application in process is reached without a network"
        raise invalid("via", via, reason, "Leave one of them out.")


def app_conversation(app: Any, options: RunOptions) -> AppConversation:
    """Start a conversation with the application. Raises ``ConfigError`` if it is none or does not start."""
    from corscheck.runner.app import AppConversation

    return AppConversation(app, options)
