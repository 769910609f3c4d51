"""Parses ``-H``, ``-d``, ``-b``, ``-u`` and ``--rate`` as curl does.

Secrets that are typed are masked from then on, also where a server repeats them.

Every error is a ``ConfigError`` that says what is wrong and what to type.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from corscheck.cli.retyped import retyped
from corscheck.model.bounded import LARGEST, MEBIBYTE, lines_of, read_all, too_large
from corscheck.model.hidden import MASK, hide_login
from corscheck.model.masking import hide_body, hide_header, mask_malformed_header, mask_url
from corscheck.model.values import LONGEST_TIME, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from corscheck.protocol.request import Header, Headers

TEXT = "text/plain;charset=UTF-8"
"""The Content-Type that ``fetch()`` adds to a string body."""

URLENCODED = "application/x-www-form-urlencoded;charset=UTF-8"
"""The Content-Type that ``fetch()`` adds to ``URLSearchParams``."""

LARGEST_SCRIPT = 16 * MEBIBYTE
"""The limit of ``--curl``: a session copied with "Copy all as cURL" has a few megabytes."""

_LARGEST_HEADERS = MEBIBYTE
_LARGEST_SPOOL = 1024 * MEBIBYTE

_FILE_NAME = re.compile(r"[\w./\\-]{0,60}\.[a-z]{1,4}")
_WHITESPACE = " \t\r\n"
_LONGEST_SECRET = 65_536
"""So much of a body is searched for secrets."""


class Inputs(ExitStack):
    """Reads files and, once only, standard input. A context manager, which deletes the spooled input at its end.

    ``files`` are the options and files so far, which no report may overwrite (``OutputOptions.check_inputs``).
    """

    def __init__(self) -> None:
        super().__init__()
        self._stdin_taken_by: str | None = None
        self.files: list[tuple[str, str]] = []

    def note(self, *files: tuple[str, str | None]) -> None:
        """Add files that something else reads, each with its option."""
        self.files += [(option, path) for option, path in files if path is not None]

    def read(self, path: str, option: str, most: int = LARGEST) -> bytes:
        """Return the content of a file, or of standard input for ``-``: at most ``most`` bytes."""
        self.note((option, path))
        try:
            if path == "-":
                self.take_stdin(option)
                return read_all(sys.stdin.buffer, f"{option} <stdin>", most)
            with Path(path).open("rb") as file:
                return read_all(file, f"{option} {path}", most)
        except ConfigError:
            raise
        except (OSError, ValueError) as error:
            raise ConfigError(f"{option}: cannot read {path}: {reason(error)}") from None

    def spool_stdin(self, option: str) -> IO[bytes]:
        """Return standard input as a file that can be read more than once, on disk if it is long."""
        import tempfile

        self.take_stdin(option)
        spool = self.enter_context(tempfile.SpooledTemporaryFile(1 << 20))  # noqa: SIM115 - closed with the inputs
        for line in lines_of(sys.stdin.buffer, f"{option} <stdin>"):
            spool.write(line)
            if spool.tell() > _LARGEST_SPOOL:
                raise too_large(f"{option} <stdin>", _LARGEST_SPOOL)
        return cast("IO[bytes]", spool)

    def take_stdin(self, option: str) -> None:
        """Reserve standard input for an option. Raises ``ConfigError`` if another option has it."""
        if self._stdin_taken_by is not None:
            raise ConfigError(f"{option} and {self._stdin_taken_by} both read standard input: give one of them a file")
        self._stdin_taken_by = option


def reason(error: Exception) -> str:
    """Describe an error of the operating system in a few words."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]


def headers(lines: Sequence[str], inputs: Inputs) -> Headers:
    """Return the header pairs of ``-H`` lines and ``-H @FILE`` files, in order."""
    found: list[Header] = []
    for text in lines:
        if text.startswith("@"):
            content = inputs.read(text[1:], "-H", _LARGEST_HEADERS).decode("utf-8", "surrogateescape")
            for number, line in enumerate(content.split("\n"), 1):
                if line.strip(_WHITESPACE):
                    found.append(header(line.rstrip("\r"), f"-H {text}, line {number}"))
        else:
            found.append(header(text, "-H"))
    return tuple(found)


def header(line: str, where: str = "-H") -> Header:
    """Parse ``Name: value``. ``Name;`` is curl's spelling of an empty value."""
    name, colon, value = line.partition(":")
    if not colon:
        if line.endswith(";") and len(line) > 1:
            return line[:-1], ""
        raise ConfigError(f"{where} {mask_malformed_header(line)!r} has no colon: write it as 'Name: value'")
    if not name.strip(_WHITESPACE):
        raise ConfigError(f"{where} ': {MASK}' has no name before the colon: write it as 'Name: value'")
    value = value.strip(_WHITESPACE)
    hide_header(name, value)
    return _as_bytes(name), _as_bytes(value)


def _as_bytes(text: str) -> str:
    """Return one character per byte: bytes that are not UTF-8 stay as they are."""
    return text if text.isascii() else "".join(chr(ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)


def data(
    parts: Sequence[str],
    inputs: Inputs,
    raw: Sequence[str] = (),
    binary: Sequence[str] = (),
    urlencode: Sequence[str] = (),
) -> bytes:
    """Return the body of ``-d``, ``--data-raw``, ``--data-binary`` and ``--data-urlencode``, joined with ``&`` in this order.

    Each is read as curl reads it: ``-d @FILE`` loses its line breaks, ``--data-binary @FILE`` does not.
    """
    out = []
    for part in parts:
        if part.startswith("@"):
            out.append(inputs.read(part[1:], "-d").translate(None, b"\r\n\0"))
        else:
            out.append(os.fsencode(part))
    out += map(os.fsencode, raw)
    out += (inputs.read(part[1:], "--data-binary") if part.startswith("@") else os.fsencode(part) for part in binary)
    if urlencode:
        from corscheck.sources.curl import urlencoded

        out += (urlencoded(part, lambda path: inputs.read(path, "--data-urlencode")) for part in urlencode)
    body = b"&".join(out)
    hide_body(body[:_LONGEST_SECRET].decode("utf-8", "replace"))
    return body


def cookies(texts: Sequence[str]) -> str | None:
    """Return one Cookie header for all ``-b`` options."""
    for text in texts:
        if "=" not in text:
            # A cookie's value is a secret. A file name is shown: curl's -b takes cookie files, so that is a likely mistake.
            shown = repr(text) if _FILE_NAME.fullmatch(text) else MASK
            raise ConfigError(f"-b {shown} is not a cookie: write it as 'name=value' (cookie files are not read)")
    joined = "; ".join(t.strip("; ") for t in texts)
    hide_header("Cookie", joined)
    check_field(joined, "-b", secret=True)
    return in_utf8(joined) or None


def check_field(text: str | None, option: str, *, secret: bool = False) -> None:
    """Raise ``ConfigError`` for the value of a header with a NUL or a line break, which would end it."""
    if text is not None and any(mark in text for mark in "\0\r\n"):
        shown = MASK if secret else repr(text)
        raise ConfigError(f"Invalid {option} {shown}: a header cannot contain NUL or line breaks. Remove them.")


def in_utf8(text: str) -> str:
    """Return the text in UTF-8, one character per byte: what curl sends of ``-b`` and ``-A``, and browsers of a cookie."""
    return text if text.isascii() else os.fsencode(text).decode("latin-1")


def login(text: str | None) -> tuple[str, str] | tuple[None, None]:
    """Split ``-u USER:PASS``."""
    if text is None:
        return None, None
    user, colon, password = text.partition(":")
    if password.startswith("//"):
        raise ConfigError(
            f"Invalid -u {mask_url(text)}: this is a URL, and -u is a login (USER:PASS). The URL is an argument:\n"
            f"  {retyped({'-u': (), '--user': ()})}"
        )
    if not colon:
        # Without a colon, the text may be a token.
        raise ConfigError(
            f"-u {MASK if text else repr(text)} has no password: write USER:PASS, or USER: for an empty one"
        )
    hide_login(user, password)
    return user, password


def rate(text: str | None) -> float | None:
    """Return ``--rate N/UNIT`` in requests per second.

    curl reads a number without a unit as requests per *hour*, which nobody expects: the unit is required.
    """
    if text is None:
        return None
    number, slash, unit = text.partition("/")
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(unit)
    try:
        count = float(number)
    except ValueError:
        count = 0.0
    if not 0 < count < float("inf") or (slash and seconds is None):
        raise ConfigError(f"--rate {text!r} is not a rate: write 10/s, 30/m or 5/h")
    if seconds is None:
        raise ConfigError(f"--rate {text!r} has no unit: {number}/s is a second, {number}/h an hour (as curl reads it)")
    if count * LONGEST_TIME < seconds:
        raise ConfigError(f"--rate {text!r} is too slow: it sends nothing for days. Write 1/d or more")
    return count / seconds
