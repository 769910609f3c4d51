"""The exact console text that an engine prints for an outcome.

The texts of Chromium and Firefox were compared with the output of Chromium 156 and Firefox 153. WebKit's come from its
source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.console import chromium, firefox, webkit

if TYPE_CHECKING:
    from corscheck.protocol.outcome import Outcome

_WRITERS = {"chromium": chromium.text, "firefox": firefox.text, "webkit": webkit.text}


def console_text(outcome: Outcome) -> str | None:
    """Return the console lines of the outcome's engine, joined by newlines.

    Return None if the engine prints nothing, or for ``standard``, which has no console.
    """
    writer = _WRITERS.get(outcome.engine)
    return writer(outcome) if writer is not None else None
