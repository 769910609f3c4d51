"""The requests of a probe as ``curl`` commands, quoted for a POSIX shell, with secrets as ``$VARIABLES``."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.model.masking import mask_body, mask_header, mask_url, secret_parameters
from corscheck.report.text.exchanges import split_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.protocol.request import Headers

_MOST_BODY = 4096
"""The longest body that is written into the command, in bytes. A longer one becomes a file name."""


class CurlRequest(Struct, frozen=True):
    """A request to render. ``send_to`` is a different base URL to send it to; ``options`` are further words for curl."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = None
    send_to: str | None = None
    options: tuple[str, ...] = ()


def variable(name: str) -> str:
    """Return the shell variable for a secret header's value, e.g. ``X_API_KEY`` for ``X-Api-Key``."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return word if word and not word[0].isdigit() else f"SECRET_{word}".rstrip("_")


def command(request: CurlRequest, *, show_secrets: bool = False) -> str:
    """Return the command, with one option per line. It does not follow redirects: each hop is a separate command."""
    words = [["curl", "-sS", "-i"], *_method(request)]
    url = request.url.partition("#")[0]
    headers = list(request.headers)
    if request.send_to is not None:
        authority, target = split_url(url)
        if not any(n.lower() == "host" for n, _ in headers):
            headers.insert(0, ("Host", authority))
        url = request.send_to.rstrip("/") + target
    words.append(["-g", "--path-as-is", shlex.quote(url) if show_secrets else _url(url)])
    words += [["-H", _header(name, value, show_secrets=show_secrets)] for name, value in headers]
    if any(name.lower() == "accept-encoding" for name, _ in headers):
        words.append(["--compressed"])  # curl decodes only then
    words += _defaults_off(request, {name.lower() for name, _ in headers})
    words += _body(request.body, show_secrets=show_secrets)
    words += _pairs(request.options)
    text = " \\\n  ".join(" ".join(w) for w in words)
    if request.body is not None and _in_file(request.body):
        return f"# body.bin: the {len(request.body)} bytes of the body\n{text}"
    return text


def _method(request: CurlRequest) -> list[list[str]]:
    if request.method == "HEAD":
        return [["-I"]]
    if request.method == "GET" and request.body is None:
        return []
    return [["-X", shlex.quote(request.method)]]


def _url(url: str) -> str:
    """Quote the URL for a shell, with variables for secret values of its parameters."""
    pieces = [shlex.quote(mask_url(text)) + (f'"${variable(name)}"' if name is not None else "")
              for text, name in secret_parameters(url) if text]  # fmt: skip
    return "".join(pieces)


def _header(name: str, value: str, *, show_secrets: bool) -> str:
    if not show_secrets and value and mask_header(name, value) != value:
        return f'{_quote(f"{name}: ")}"${variable(name)}"'
    # curl drops a header that ends with its colon. A semicolon sends it with an empty value.
    return _quote(f"{name}: {value}" if value else f"{name};")


def _quote(text: str) -> str:
    """Quote header text for a shell. Each character is a byte; bytes outside ASCII are escaped."""
    if text.isascii():
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + re.sub(r"[^\x00-\x7f]", lambda m: f"\\x{ord(m[0]):02x}", escaped) + "'"


def _defaults_off(request: CurlRequest, names: set[str]) -> list[list[str]]:
    """Switch off the headers that curl would add and that the browser does not send."""
    off = [n for n in ("User-Agent", "Accept") if n.lower() not in names]
    if request.body is not None and "content-type" not in names:
        off.append("Content-Type")
    return [["-H", shlex.quote(f"{name}:")] for name in off]


def _body(body: bytes | None, *, show_secrets: bool) -> list[list[str]]:
    if body is None:
        return []
    if _in_file(body):
        return [["--data-binary", "@body.bin"]]
    text = body.decode()
    # In --data an @ at the start would name a file; --data-raw takes the text literally.
    return [["--data-raw", shlex.quote(text) if show_secrets or mask_body(text) == text else '"$BODY"']]


def _in_file(body: bytes) -> bool:
    """Whether a body is too long for a command line, or not text."""
    try:
        return len(body) > _MOST_BODY or "\0" in body.decode()
    except UnicodeDecodeError:
        return True


def _pairs(options: Iterable[str]) -> list[list[str]]:
    """Group options with their values, for one line each."""
    lines: list[list[str]] = []
    for option in options:
        if option.startswith("-") or not lines:
            lines.append([option])
        else:
            lines[-1].append(shlex.quote(option))
    return lines
