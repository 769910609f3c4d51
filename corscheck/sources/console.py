"""Parser for pasted browser console messages: the browser, URL, origin and steps that a message can come from.

The texts of Chromium and Firefox, older ones included, were recorded and taken from their sources; WebKit's come from
its source. Pasted text has stray line breaks, leading file names, several messages in a row, and straight instead of
typographic quotes. So all whitespace is equal, and a message may start anywhere.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.masking import mask_text
from corscheck.model.values import ConfigError
from corscheck.sources import wordings

if TYPE_CHECKING:
    import re

    from corscheck.sources.wordings import Wording

Browser: TypeAlias = Literal["chromium", "firefox", "webkit"]

LONGEST = 100_000
"""Only this many characters are read. A console message has a few lines."""


class ConsoleError(ConfigError):
    """The text is not a known console message, or is truncated before the reason."""


class Message(Struct, frozen=True):
    """One message. ``codes`` are the step codes or remarks that it can come from. None: the text does not say.

    ``url`` is the URL that failed, ``first_url`` the one that redirected to it. ``preflight`` means that the message is
    about a preflight response, ``credentials`` that the request was credentialed. ``specific`` is false for a line that
    gives no reason.
    """

    browser: Browser
    text: str
    codes: tuple[str, ...]
    url: str | None = None
    first_url: str | None = None
    origin: str | None = None
    method: str | None = None
    header: str | None = None
    value: str | None = None
    status: int | None = None
    preflight: bool = False
    credentials: bool = False
    specific: bool = True


def parse(text: str) -> tuple[Message, ...]:
    """Parse the messages of a pasted text, in order. Raises ``ConsoleError`` if it contains no known message."""
    plain = " ".join(text[:LONGEST].split())
    if not plain:
        raise ConsoleError("there is no text to explain: paste the console's message, or name a code such as CORS301")
    starts = [m.start() for m in wordings.STARTS.finditer(plain)]
    found: list[Message] = []
    cut: str | None = None
    for start, end in itertools.pairwise([*starts, len(plain)]):
        part = plain[start:end].strip()
        message = _message(part)
        if message is not None:
            found.append(message)
        elif wordings.STARTS.match(part) is not None:
            # It starts like a message and is none: it is truncated.
            cut = part
    if found:
        return _settled(found)
    if cut is not None:
        raise ConsoleError(f"the text stops before it says why: ...{mask_text(cut)[-60:]!r}. Paste the whole message.")
    for pattern, what in wordings.SAYS_NOTHING:
        if pattern.search(plain):
            raise ConsoleError(what)
    raise ConsoleError(
        f"no console message that is known: {_cut(plain)!r}. Paste the browser's CORS error as it stands, from "
        '"Access to fetch at ..." (Chrome, Edge), "Cross-Origin Request Blocked: ..." (Firefox) or "Origin ... is not '
        'allowed ..." (Safari) on; or name a code such as CORS301 (--list shows all).'
    )


def codes(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """Return the step codes that the messages can come from. Only specific messages count, if there are any."""
    chosen = [m for m in messages if m.specific] or list(messages)
    return tuple(sorted({code for m in chosen for code in m.codes}))


def _message(part: str) -> Message | None:
    for wording in wordings.WORDINGS:
        match = wording.pattern.match(part)
        if match is not None:
            return _read(wording, match)
    return None


def _read(wording: Wording, match: re.Match[str]) -> Message:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    status = groups.get("status", "")
    method, header = groups.get("method"), groups.get("header")
    return Message(
        browser=wording.browser,
        text=match.group(),
        codes=tuple(c for c in wording.codes if c != "CORS406" or header is None or header.lower() == "authorization"),
        url=_url(groups.get("url")),
        first_url=_url(groups.get("first")),
        origin=groups.get("origin"),
        method=method,
        header=header.lower() if header is not None else None,
        value=groups.get("value"),
        status=int(status) if status.isdigit() and len(status) < 4 else None,
        preflight="preflight" in groups or wording.preflight,
        credentials=wording.credentials,
        specific=wording.specific,
    )


def _settled(found: list[Message]) -> tuple[Message, ...]:
    """Merge what several messages say about one request.

    Firefox prints two or three lines for a failed preflight, and WebKit prints the URL on a second line.
    """
    url = next((m.url for m in found if m.url), None)
    redirected = {m.url for m in found if m.codes == wordings.EXTERNAL_REDIRECT}
    preflight = any(m.preflight for m in found)
    out = []
    for message in found:
        if message.url is None and url is not None:
            message = replace(message, url=url)
        if message.url in redirected and message.specific and message.codes != wordings.EXTERNAL_REDIRECT:
            # Firefox also checks the headers of the redirect and prints a message, but the redirect is the reason.
            message = replace(message, codes=wordings.EXTERNAL_REDIRECT)
        if preflight and not message.specific:
            message = replace(message, preflight=True)
        out.append(message)
    return tuple(out)


def _url(text: str | None) -> str | None:
    return text.strip("‘’'\"") if text else None


def _cut(text: str) -> str:
    # Masked whole: what is cut may no longer look like a URL.
    text = mask_text(text)
    return text if len(text) <= 80 else text[:77] + "..."
