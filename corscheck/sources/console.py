"""Parser for pasted browser messages: the browser, URL, origin and codes that a message can come from.

Pasted text has stray line breaks, leading file names, HTML entities, Markdown, several messages in a row, and often only a
part of a message. So the parser looks for parts of known sentences anywhere (``alignment``), and puts the parts of one
message together: what names the request (a lead), the reason, and what a browser adds behind it.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.masking import mask_text
from corscheck.model.values import ConfigError
from corscheck.sources.alignment import Index, Part, PlacedWord, Sentence, literals, sentence, words
from corscheck.sources.undressing import QUOTES, can_begin, can_end, undress
from corscheck.sources.wordings.chromium import CHROMIUM
from corscheck.sources.wordings.firefox import FIREFOX, translated
from corscheck.sources.wordings.others import FAMILIES, OTHERS
from corscheck.sources.wordings.webkit import WEBKIT
from corscheck.sources.wordings.wording import EXTERNAL_REDIRECT, Browser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.sources.wordings.wording import Wording

LONGEST = 100_000
"""Only this many characters are read. A console message has a few lines."""

_URL = re.compile(r"\w[\w+.-]{0,30}://[^\s'<>]+|(?:about|data|blob|file):[^\s'<>]+")
_ORIGIN = re.compile(r"\w[\w+.-]{0,30}://[^\s/'<>]+")
_TECHNICAL = re.compile(r"access-control-|cors|preflight|cross-origin|net::|opaque|wildcard|credentials|redirect")
_PARTS = 400
"""Parts that are read at most: what several dozens of messages consist of."""
_FEW, _MANY, _MORE, _MOST = 3, 5, 6, 0.6


class ConsoleError(ConfigError):
    """The text is not a known message, or is truncated before the reason."""


class Message(Struct, frozen=True):
    """One message. ``codes`` are the step codes or remarks that it can come from. None: the text does not say.

    ``browser`` is None for what servers and libraries say. ``topic`` names a page of ``diagnosis.topics``. ``url`` is the
    URL that failed, ``first_url`` the one that redirected to it. ``preflight`` means that the message is about a preflight
    response, ``credentials`` that the request was credentialed. ``specific`` is false for a line that gives no reason.
    """

    browser: Browser | None
    text: str
    codes: tuple[str, ...]
    topic: str | None = None
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


class _Found(NamedTuple):
    """A part of a sentence in the text, with the wordings that fit it equally well. ``begins``: all of them begin here."""

    part: Part
    wordings: tuple[Wording, ...]
    values: dict[str, str]
    span: tuple[int, int]
    begins: bool


class _Known(NamedTuple):
    """Wordings, their sentences and the index of these."""

    wordings: tuple[Wording, ...]
    sentences: tuple[Sentence, ...]
    found_by: Index


def parse(text: str) -> tuple[Message, ...]:
    """Parse the messages of a pasted text, in order. Raises ``ConsoleError`` if it contains no known message."""
    plain = undress(text[:LONGEST])
    if not plain.strip():
        raise ConsoleError("there is no text to explain: paste the console's message, or name a code such as CORS301")
    found = _find(plain, _known())
    messages, cut = _assembled(plain, found)
    if not any(message.specific for message in messages):
        # Firefox's other languages take time to load.
        messages, cut = _assembled(plain, _merged(found, _find(plain, _foreign())))
    if messages:
        return tuple(message for group in _groups(messages) for message in _settled(group))
    if cut:
        tail = " ".join(mask_text(plain).split())[-60:]
        raise ConsoleError(f"the text stops before it says why: ...{tail!r}. Paste the whole message.")
    # Nothing else is repeated: what is pasted by mistake may hold a key.
    one = " ".join(plain.split())
    named = f": {one!r}" if re.fullmatch(r"[A-Za-z][A-Za-z .-]{0,39}", one) else ""
    raise ConsoleError(
        f"not a known console message{named}. Paste the browser's CORS error as it stands, "
        'from "Access to fetch at ..." (Chrome, Edge), "Cross-Origin Request Blocked: ..." (Firefox) or "Origin ... is not '
        'allowed ..." (Safari) on; or name a code such as CORS301 (--list shows all).'
    )


def answers(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], ...]:
    """Return the messages by the requests that they are about, in order."""
    return tuple(tuple(group) for group in _groups(list(messages)))


def codes(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """Return the step codes that the messages can come from. Only specific messages count, if there are any."""
    chosen = [m for m in messages if m.specific and m.codes] or list(messages)
    return tuple(sorted({code for m in chosen for code in m.codes}))


def topics(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """Return the topics of the messages; of unspecific messages only if nothing else says more."""
    chosen = [m for m in messages if m.specific]
    if not chosen and not codes(messages):
        chosen = list(messages)
    return tuple(dict.fromkeys(m.topic for m in chosen if m.topic is not None))


def _make(wordings: tuple[Wording, ...]) -> _Known:
    sentences = tuple(sentence(w.text.translate(QUOTES)) for w in wordings)
    return _Known(wordings, sentences, Index(sentences))


@functools.cache
def _known() -> _Known:
    return _make((*CHROMIUM, *FIREFOX, *WEBKIT, *OTHERS))


@functools.cache
def _foreign() -> _Known:
    return _make(translated())


def _find(plain: str, known: _Known) -> list[_Found]:
    """Return the parts of known sentences that the text contains, in order and without overlaps."""
    text = [_family(word, known) for word in words(plain)]
    parts = list(known.found_by.parts(text))
    leads = {p.end for p in parts if known.wordings[p.number].role == "lead"}
    parts = [p for p in parts if _enough(plain, text, p, known, after_lead=p.start in leads)]
    # The most words first; of equals the one that is found whole, and behind a lead one that begins there.
    parts.sort(
        key=lambda p: (
            -p.literals,
            known.sentences[p.number].literals - p.literals,
            p.start in leads and p.first > 0,
            p.start,
        )
    )
    taken: dict[int, int] = {}
    chosen: dict[int, list[Part]] = {}
    for part in parts:
        occupied = {taken[at] for at in range(part.start, part.end) if at in taken}
        if not occupied:
            taken.update(dict.fromkeys(range(part.start, part.end), part.start))
            chosen[part.start] = [part]
        elif len(occupied) == 1:
            best = chosen[min(occupied)]
            if best[0].literals == part.literals and (part.first == best[0].first or part.start not in leads):
                best.append(part)
    return [_joined(plain, text, chosen[start], known) for start in sorted(chosen)[:_PARTS]]


def _merged(*searches: Sequence[_Found]) -> list[_Found]:
    """Return the parts of several searches in order; where they overlap, the one with the most words."""
    kept: list[_Found] = []
    taken: set[int] = set()
    for each in sorted((each for found in searches for each in found), key=lambda each: -each.part.literals):
        words_of_it = range(each.part.start, each.part.end)
        if taken.isdisjoint(words_of_it):
            taken.update(words_of_it)
            kept.append(each)
    return sorted(kept, key=lambda each: each.part.start)


def _joined(plain: str, text: Sequence[PlacedWord], parts: list[Part], known: _Known) -> _Found:
    best = parts[0]
    whole = known.sentences[best.number].literals == best.literals
    kept = [best, *(p for p in parts[1:] if not whole or known.sentences[p.number].literals == p.literals)]
    return _Found(
        best,
        wordings=tuple(known.wordings[p.number] for p in kept),
        values=_values(plain, text, best),
        span=(text[best.start].start, text[best.end - 1].end),
        begins=all(p.first == 0 for p in kept),
    )


def _family(word: PlacedWord, known: _Known) -> PlacedWord:
    """Return the word, or for the unlisted name of a network error the beginning that it is listed by."""
    if word.folded in FAMILIES:
        return PlacedWord("", word.start, word.end)
    family = next((f for f in FAMILIES if word.folded.startswith(f)), None)
    if family is None or word.folded in known.found_by:
        return word
    return PlacedWord(family, word.start, word.end)


def _enough(plain: str, text: Sequence[PlacedWord], part: Part, known: _Known, *, after_lead: bool) -> bool:
    """Whether so much of a sentence is there that it cannot be a coincidence."""
    whole, wording = known.sentences[part.number], known.wordings[part.number]
    start, end = text[part.start].start, text[part.end - 1].end
    many = part.literals >= _MANY
    alone = ((many and part.first == 0) or can_begin(plain, start)) and (
        (many and part.last == len(whole.words)) or can_end(plain, end)
    )
    if whole.literals == 1:
        return part.literals == 1
    if wording.short or whole.literals < _FEW:
        return part.literals == whole.literals and alone
    technical = any(_TECHNICAL.search(word) for word in literals(whole, part))
    if wording.role == "lead" and "url" in part.values:
        technical = technical or "://" in text[part.values["url"][0]].folded
    wanted = _FEW if technical or after_lead else _MANY if alone else _MORE
    if part.literals < min(wanted, whole.literals):
        return False
    return alone or after_lead or part.literals >= _MOST * whole.literals


def _values(plain: str, text: Sequence[PlacedWord], part: Part) -> dict[str, str]:
    """Return the values of the placeholders."""
    found = {}
    for name, (start, end) in part.values.items():
        low = text[start - 1].end if start > part.start else text[start].start
        high = text[end].start if end < part.end else text[end - 1].end if end > start else low
        raw = plain[low:high]
        if name in ("url", "first", "source"):
            match = _URL.search(raw)
            url = match.group().rstrip(").,;:") if match else raw.strip(" \n\t'.,:;()")
            if "/" in url or "." in url or ":" in url:
                found[name] = url
        elif name == "origin":
            match = _ORIGIN.search(raw)
            found[name] = match.group() if match else raw.strip(" \n\t'.,:;()")
        else:
            found[name] = (
                raw.strip().strip("'().:; \t\n") if "'" not in raw else raw[raw.index("'") + 1 : raw.rindex("'")]
            )
    return found


def _assembled(plain: str, found: Sequence[_Found]) -> tuple[list[Message], bool]:
    """Put parts together to messages. Also returns whether something named a request and then gave no reason."""
    messages: list[Message] = []
    leads: list[_Found] = []
    stopped = False
    end = -1
    for each in found:
        first = each.wordings[0]
        near = each.part.start - end <= 2
        if leads and (not near or (first.role == "lead" and not first.preflight)):
            stopped = _left(plain, leads, messages) or stopped
            leads = []
        if first.role == "lead":
            leads.append(each)
        elif first.role == "detail" and messages and near:
            messages[-1] = _detailed(messages[-1], each)
        elif each.begins and len({w.codes for w in each.wordings}) > 1:
            # It begins like several sentences and ends where they part.
            stopped = True
            leads = []
        else:
            messages.append(_message(plain, leads, each))
            leads = []
        end = each.part.end
    return messages, _left(plain, leads, messages) or stopped


def _left(plain: str, leads: list[_Found], messages: list[Message]) -> bool:
    """Deal with leads that no reason follows: add what they say alone, or return whether they evidently miss a reason."""
    if not leads:
        return False
    last = leads[-1]
    if last.wordings[0].codes and "url" in last.values:
        messages.append(replace(_message(plain, leads[:-1], last), specific=False))
        return False
    named = any("://" in each.values.get("url", "") for each in leads)
    return named or any(
        each.part.literals >= _MANY or _TECHNICAL.search(_text(plain, each).casefold()) for each in leads
    )


def _text(plain: str, found: _Found, leads: Sequence[_Found] = ()) -> str:
    spans = [each.span for each in (*leads, found)]
    return " ".join(plain[min(s for s, _ in spans) : max(e for _, e in spans)].split())


def _message(plain: str, leads: Sequence[_Found], found: _Found) -> Message:
    wording = found.wordings[0]
    values = {name: value for each in (*leads, found) for name, value in each.values.items()}
    possible = tuple(dict.fromkeys(code for w in found.wordings for code in w.codes))
    header, status = values.get("header"), values.get("status", "")
    return Message(
        browser=next((each.wordings[0].browser for each in leads), wording.browser),
        text=_text(plain, found, leads),
        codes=tuple(c for c in possible if c != "CORS406" or header is None or header.casefold() == "authorization"),
        topic=wording.topic,
        url=values.get("url") or _url_before(plain, found),
        first_url=values.get("first"),
        origin=values.get("origin"),
        method=values.get("method"),
        header=header.lower() if header else None,
        value=values.get("value"),
        status=int(status) if status.isdecimal() and len(status) < 4 else None,
        preflight=any(each.wordings[0].preflight for each in leads) or all(w.preflight for w in found.wordings),
        credentials=all(w.credentials for w in found.wordings),
        specific=wording.role != "closing",
    )


def _url_before(plain: str, found: _Found) -> str | None:
    """Return the URL in front of an error of the network stack: ``GET https://api.example/ net::ERR_FAILED``."""
    if found.wordings[0].browser != "chromium" or found.part.literals > 1:
        return None
    before = plain[max(0, found.span[0] - 2_000) : found.span[0]].rpartition("\n")[2].split()
    match = _URL.fullmatch(before[-1].strip("()'")) if before else None
    return match.group() if match else None


def _detailed(message: Message, detail: _Found) -> Message:
    status = detail.values.get("status", "")
    return replace(
        message,
        origin=message.origin or detail.values.get("origin"),
        status=message.status or (int(status) if status.isdecimal() and len(status) < 4 else None),
    )


def _groups(messages: Iterable[Message]) -> list[list[Message]]:
    """Return the messages by request. A browser prints several lines about one."""
    groups: list[list[Message]] = []
    for message in messages:
        if groups and _ends_another(groups[-1], message):
            # Safari repeats a reason below its last line, and begins the next request with the same words.
            groups.append([groups[-1].pop(), message])
        elif groups and _belongs(groups[-1], message):
            groups[-1].append(message)
        else:
            groups.append([message])
    return groups


def _ends_another(group: Sequence[Message], message: Message) -> bool:
    """Whether a message is WebKit's last line about another request than the group's, whose reason is the line before."""
    ended = {each.url for each in group if each.browser == "webkit" and not each.specific}
    is_last_line = message.browser == "webkit" and not message.specific and message.url is not None
    return is_last_line and bool(ended) and message.url not in ended and group[-1].specific and group[-1].url is None


def _belongs(group: Sequence[Message], message: Message) -> bool:
    urls = {url for each in group for url in (each.url, each.first_url) if url is not None}
    if message.url in urls or message.text == group[-1].text:
        return True
    if message.url is None and any((each.codes, each.topic) == (message.codes, message.topic) for each in group):
        return True
    if message.specific:
        # What script sees may stand above the browser's line.
        return not any(each.specific for each in group) and (message.url is None or not urls)
    # WebKit's last line names the request that began, the reason may name the redirect's target.
    ends = group[-1].browser == message.browser == "webkit" and group[-1].specific
    return message.url is None or not urls or ends


def _settled(found: Sequence[Message]) -> list[Message]:
    """Complete the messages about one request by each other.

    Firefox prints two or three lines for a failed preflight, and WebKit prints the URL on a second line.
    """
    url = next((m.url for m in found if m.url), None)
    redirected = {m.url for m in found if m.codes == EXTERNAL_REDIRECT}
    preflight = any(m.preflight for m in found)
    out = []
    for message in found:
        if message.url is None and url is not None:
            message = replace(message, url=url)
        if message.url in redirected and message.specific and message.codes != EXTERNAL_REDIRECT:
            # Firefox also checks the headers of the redirect and prints a message, but the redirect is the reason.
            message = replace(message, codes=EXTERNAL_REDIRECT)
        if preflight and not message.specific:
            message = replace(message, preflight=True)
        out.append(message)
    return out
