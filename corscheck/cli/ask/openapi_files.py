"""Reads the files of an OpenAPI document: the document itself, and those that it refers to.

A document may come from somebody else. A local one may refer to local files only, and one at a URL to its own origin only.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from corscheck.cli.ask.download import fetch
from corscheck.cli.ask.inputs import Inputs
from corscheck.model.masking import mask_url
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import URLError, parse_url
from corscheck.sources.found import SourceError, quoted
from corscheck.sources.openapi.document import Parts

if TYPE_CHECKING:
    from corscheck.transports.base import NetworkOptions

__all__ = ["fetch", "parts_of_file", "parts_of_url", "read_text"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
_INSTEAD = "Download it, or bundle the document into one file (npx @redocly/cli bundle does)."


def read_text(name: str) -> str:
    """Return the text of a file, or of standard input for ``-``. Raises ``ConfigError`` if it is not UTF-8."""
    with Inputs() as inputs:
        content = inputs.read(name, "--openapi")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}, line {line}: not UTF-8, byte {content[error.start]:#04x}") from None


def parts_of_file(home: str) -> Parts:
    """Return the files that a local document refers to."""

    def locate(reference: str, location: str) -> str:
        if _SCHEME.match(reference):
            raise SourceError(
                f"{location}: {quoted(reference)} is not a local file, and a local document may refer to local files only. "
                f"{_INSTEAD}"
            )
        return os.path.normpath(os.path.join(os.path.dirname(location), unquote(reference)))  # noqa: PTH118, PTH120

    def read(path: str) -> str:
        if not Path(path).is_file():  # no device and no pipe either
            raise ConfigError(f"--openapi: {home} refers to {path}, which is not a file")
        return read_text(path)

    return Parts(os.path.normpath(home), locate, read)


def parts_of_url(home: str, network: NetworkOptions) -> Parts:
    """Return the files that a document at a URL refers to. A redirect away from its origin is an error."""
    own = parse_url(home).origin

    def check_origin(url: str, location: str) -> None:
        if parse_url(url).origin != own:
            raise SourceError(
                f"{mask_url(location)}: {quoted(url)} is at another origin, and a document may refer to its own only. "
                f"{_INSTEAD}"
            )

    def locate(reference: str, location: str) -> str:
        try:
            url = parse_url(reference, location).without_fragment
        except URLError:
            raise SourceError(f"{mask_url(location)}: {quoted(reference)} is not a URL") from None
        check_origin(url, location)
        return url

    def read(url: str) -> str:
        text, final = fetch(url, network, "--openapi")
        check_origin(final, url)
        return text

    return Parts(parse_url(home).without_fragment, locate, read)
