"""The command line as it should have been typed, for the end of an error message."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def retyped(instead: Mapping[str, Sequence[str]], *, command: str | None = None, more: Sequence[str] = ()) -> str:
    """Return the command line that was typed, ready to be pasted: without secrets, and with some words replaced.

    ``command`` is put in front unless it was typed, ``more`` at the end, where the caller has masked it.
    """
    import shlex

    from corscheck.cli.show.masked_argv import masked

    words = [new for word in sys.argv[1:] for new in instead.get(word, (word,))]
    if command is not None and words[:1] != [command]:
        words.insert(0, command)
    return shlex.join(["corscheck", *masked(words), *more])
