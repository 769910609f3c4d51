"""Which parts of a response the rules read: two responses that agree in these are judged alike.

``runner.memo`` rests on this table, and ``tests/runner/test_memo.py`` holds it against the rules: it changes the value of
every other header and expects that nothing but the record of the exchange changes. A rule or a remark that reads another
header's value adds it here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corscheck.protocol.request import Headers, HTTPResponse

VALUES = frozenset({"age", "cache-control", "cross-origin-resource-policy", "location", "vary"})
"""Lower-case names of the headers whose values are read, beside ``access-control-*``. Of the others only the name is."""


@lru_cache(maxsize=1024)
def is_read(name: str) -> bool:
    """Whether the rules read the value of a header with this name."""
    lower = name.lower()
    return lower in VALUES or lower.startswith("access-control-")


def key(response: HTTPResponse) -> tuple[object, ...]:
    """Return what the rules read of a response, as a value to compare and hash."""
    headers: Headers = response.headers
    fields = tuple([field if is_read(field[0]) else field[0] for field in headers])
    return (response.status, response.reason, response.body_error, response.http_version, fields)
