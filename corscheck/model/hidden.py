"""Values that are known to be secret, and are masked in every text of this process whatever their name is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.model.secret_names import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"

_hidden: re.Pattern[str] | None = None
_hidden_values: frozenset[tuple[str, str]] = frozenset()
_shown = PROTOCOL


def hide(values: Iterable[str], *, sure: bool = False) -> None:
    """Mask these values in every text from now on, as they stand and encoded. For all of the process.

    Short values and words are left out, because masking what stands in every text would hide all of it. ``sure`` says
    that the values are secrets, so that only the shortest are left out.
    """
    hide_after(("", v) for v in values if len(v) > 3 and (sure or (len(v) > 5 and not (v.isalpha() and v.islower()))))


def hide_login(user: str, password: str) -> None:
    """Mask a password from now on, and the login as ``Basic`` authentication sends it."""
    from base64 import b64encode

    encoded = {b64encode(f"{user}:{password}".encode(charset, "replace")).decode() for charset in ("utf-8", "latin-1")}
    hide((password,))
    hide({*encoded, *(text.rstrip("=") for text in encoded)}, sure=True)


def hide_after(pairs: Iterable[tuple[str, str]]) -> None:
    """Mask values in every text from now on, where they follow the other text of their pair: ``("?q=", "7")``."""
    global _hidden_values
    found = _hidden_values.union((before, form) for before, value in pairs if value for form in _forms(value))
    if found != _hidden_values:
        _hidden_values = found
        _compile()


def show(host: str) -> None:
    """Show a host from now on, also where it (or a part of it) was given to ``hide``."""
    global _shown
    if host.lower() not in _shown:
        _shown = "\n".join((_shown, *_forms(host))).lower()
        _compile()


def _compile() -> None:
    global _hidden
    longest = sorted(known_secrets(), key=lambda pair: len(pair[1]), reverse=True)
    each = (f"(?<={re.escape(b)}){re.escape(v)}" if b else re.escape(v) for b, v in longest)
    _hidden = re.compile("|".join(each)) if longest else None


def _forms(value: str) -> set[str]:
    """Return a value as it stands in texts, URLs, host names, JSON, HTML, and UTF-8 bytes that are read as Latin-1."""
    import json
    from html import escape
    from urllib.parse import quote

    bare = value.encode("utf-8", "surrogatepass")
    quoted = {quote(bare, safe=safe) for safe in ("", "!$&'()*+,/:;=@[]|")}
    return {value, value.lower(), json.dumps(value)[1:-1], escape(value), bare.decode("latin-1"), *quoted}


def forget() -> None:
    """Forget the values given to ``hide``."""
    global _hidden_values, _shown
    _hidden_values, _shown = frozenset(), PROTOCOL
    _compile()


def known_secrets() -> frozenset[tuple[str, str]]:
    """Return what is hidden, for ``hide_after`` in another process: not what is known to be public."""
    return frozenset(pair for pair in _hidden_values if pair[0] or pair[1].lower() not in _shown)


def mask_hidden(text: str) -> str:
    """Mask the values given to ``hide``, and nothing else."""
    return _hidden.sub(MASK, text) if _hidden is not None else text


def pattern() -> re.Pattern[str] | None:
    """Return what finds the hidden values; None if there are none."""
    return _hidden
