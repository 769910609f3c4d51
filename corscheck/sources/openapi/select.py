"""Selection of operations by patterns: ``tag:admin``, ``path:/internal/*``, ``method:GET``, ``id:listOrders``.

An operation is selected if it matches a pattern of every kind that is given, and excluded if it matches any. ``*`` and
``?`` are wildcards.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.sources.found import SourceError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.sources.openapi.operations import Operation

KINDS = ("tag", "path", "method", "id")


class Pattern(Struct, frozen=True):
    """A pattern of one kind (see ``KINDS``). ``text`` is as typed."""

    kind: str
    glob: str
    text: str

    def fits(self, operation: Operation) -> bool:
        """Whether an operation matches."""
        glob = self.glob.upper() if self.kind == "method" else self.glob
        return any(fnmatchcase(value, glob) for value in _values(self.kind, operation))


def _values(kind: str, operation: Operation) -> tuple[str, ...]:
    """Return what a pattern of a kind is compared with."""
    if kind == "tag":
        return operation.tags
    if kind == "id":
        return (operation.operation_id,) if operation.operation_id is not None else ()
    return (operation.path if kind == "path" else operation.method,)


def pattern(text: str, option: str) -> Pattern:
    """Parse a pattern. A path needs no prefix. Raises ``SourceError`` with the valid forms."""
    if text.startswith("/"):
        return Pattern("path", text, text)
    kind, colon, glob = text.partition(":")
    if not colon or kind not in KINDS or not glob:
        raise SourceError(f"{option} {quoted(text)}: write tag:NAME, path:/GLOB, method:NAME or id:NAME")
    return Pattern(kind, glob, text)


def chosen(
    found: Iterable[Operation], select: Sequence[str], exclude: Sequence[str], document: str = "the document"
) -> list[Operation]:
    """Return the selected operations. Raises ``SourceError`` if a pattern matches none, or if none are left.

    ``document`` is the document's name in messages.
    """
    every = list(found)
    if not every:
        raise SourceError(f"{document} has no operations that a page could request.")
    wanted = [pattern(text, "--select") for text in select]
    unwanted = [pattern(text, "--exclude") for text in exclude]
    for option, patterns in (("--select", wanted), ("--exclude", unwanted)):
        for one in patterns:
            if not any(one.fits(operation) for operation in every):
                raise SourceError(f"{option} {one.text}: no operation is like that{_there_are(one.kind, every)}")
    kinds = {one.kind for one in wanted}
    left = [
        operation
        for operation in every
        if all(any(p.fits(operation) for p in wanted if p.kind == kind) for kind in kinds)
        and not any(p.fits(operation) for p in unwanted)
    ]
    if not left:
        raise SourceError("--select and --exclude leave no operation to test")
    return left


def _there_are(kind: str, found: Sequence[Operation]) -> str:
    """Return a hint with the first ten available values."""
    unique = list(dict.fromkeys(name for operation in found for name in _values(kind, operation)))
    more = f" and {len(unique) - 10} more" if len(unique) > 10 else ""
    return f"; there are {', '.join(unique[:10])}{more}" if unique else ""
