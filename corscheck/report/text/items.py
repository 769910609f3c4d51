"""The terminal view of an item: that of a probe's result, or that of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.result import Result

if TYPE_CHECKING:
    from corscheck.model.item import Item
    from corscheck.report.text.view import View


def render_item(item: Item, view: View) -> list[str]:
    """Return the whole view of a result or an audit."""
    # rich, which the views are drawn with, is not loaded for -q.
    if isinstance(item, Result):
        from corscheck.report.text import terminal

        return terminal.render(item, view)
    from corscheck.report.text import audits  # few runs have audits

    return audits.render(item, view)


def quiet_lines(item: Item) -> list[str]:
    """Return the lines that ``-q`` prints: one for a result, one for each finding of an audit."""
    if isinstance(item, Result):
        return [str(item)]
    from corscheck.report.text import audits

    return audits.quiet(item)
