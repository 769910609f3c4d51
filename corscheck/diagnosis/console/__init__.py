"""What an engine's console says about an outcome, to the letter, or None where it says nothing.

Chromium's and Firefox's texts were compared with what Chromium 156 and Firefox 153 printed; WebKit's come from its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.console import chromium, firefox, webkit

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Outcome

_WRITERS = {"chromium": chromium.text, "firefox": firefox.text, "webkit": webkit.text}


def console_text(outcome: Outcome) -> str | None:
    """The console's lines for this outcome under its own engine, joined by newlines; the standard has no console."""
    writer = _WRITERS.get(outcome.engine)
    return writer(outcome) if writer is not None else None
