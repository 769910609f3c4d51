"""A browser's console text, read back: who says it, of which URL and origin, and which steps it can come from.

Wordings: Chromium's and Firefox's as recorded and as in their sources (older ones too), WebKit's from its source. What
people paste has line breaks in the wrong places, file names in front, several messages in a row, straight quotes for
typographic ones; blanks are therefore all alike here, and a message may start anywhere.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.values import ConfigError
from corscheck.sources import wordings

if TYPE_CHECKING:
    import re

    from corscheck.sources.wordings import Wording

Browser: TypeAlias = Literal["chromium", "firefox", "webkit"]

LONGEST = 100_000
"""Characters that are looked at: a console text is a line or a few."""


class ConsoleError(ConfigError):
    """The text is no console message that is known, or it stops before it says why."""


class Message(Struct, frozen=True):
    """One message. ``codes`` are the step codes (or remarks) that it can come from; None where the text does not say.

    ``url`` is the URL that failed, ``first_url`` where it was redirected from. ``preflight`` says that the answer to a
    preflight is meant. ``credentials`` that the request was made with them. ``specific`` is false for a line that only
    says that something failed.
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
    """The messages of a pasted text, in order. Raises ``ConsoleError`` for a text that says nothing that is known."""
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
        elif _is_cut(part):
            cut = part
    if found:
        return _settled(found)
    if cut is not None:
        raise ConsoleError(f"the text stops before it says why: ...{cut[-60:]!r}. Paste the whole message.")
    for pattern, what in wordings.SAYS_NOTHING:
        if pattern.search(plain):
            raise ConsoleError(what)
    raise ConsoleError(
        f"no console message that is known: {_cut(plain)!r}. Paste the browser's CORS error as it stands, from "
        '"Access to fetch at ..." (Chrome, Edge), "Cross-Origin Request Blocked: ..." (Firefox) or "Origin ... is not '
        'allowed ..." (Safari) on; or name a code such as CORS301 (--list shows all).'
    )


def codes(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """The step codes that the messages can come from: those that say something specific decide, if there are any."""
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
    """What several lines about one request say together.

    Firefox prints two or three lines for a failed preflight, WebKit names the URL in a second one: what one line knows
    of a request counts for its neighbours.
    """
    url = next((m.url for m in found if m.url), None)
    redirected = {m.url for m in found if m.codes == wordings.EXTERNAL_REDIRECT}
    preflight = any(m.preflight for m in found)
    out = []
    for message in found:
        if message.url is None and url is not None:
            message = replace(message, url=url)
        if message.url in redirected and message.specific and message.codes != wordings.EXTERNAL_REDIRECT:
            # Firefox looks at the redirect's own headers once more and says so; the redirect decided.
            message = replace(message, codes=wordings.EXTERNAL_REDIRECT)
        if preflight and not message.specific:
            message = replace(message, preflight=True)
        out.append(message)
    return tuple(out)


def _is_cut(part: str) -> bool:
    """Whether a part starts like a message and does not come to its end."""
    return wordings.STARTS.match(part) is not None


def _url(text: str | None) -> str | None:
    return text.strip("‘’'\"") if text else None


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
