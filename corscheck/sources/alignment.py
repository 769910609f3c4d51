"""Finds parts of known sentences in pasted text: whole, cut at either end, or from the middle.

A sentence is a text with placeholders: ``Method {method} is not allowed by Access-Control-Allow-Methods``. Only words
count: quotes, punctuation, case and line breaks differ with the way that a text was copied.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_WORD = re.compile(rf"[A-Za-z][\w+.-]{{0,30}}://[!-~]+|[{_IDEOGRAPHS}]|[{_HANGUL}]+|[^\s{_IDEOGRAPHS}{_HANGUL}]+")
"""A URL, a character of a script that separates no words, a Korean particle behind a Latin word, or a word."""
_EDGES = "'\"()[]{}<>.,:;!?*|#`\\-，。（）：；、！？…"
_ELLIPSIS = "…"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_GRAM = 3
"""Words in a row that make it worth looking closer."""
_LONGEST_VALUE = 24
"""Words that a placeholder stands for at most."""
_SKIPPED = 10
"""Words of a sentence that an ellipsis stands for at most."""


class PlacedWord(Struct, frozen=True):
    """A word of a text, folded for comparison, and where it stands. ``fresh``: it begins a line, and is not a URL."""

    folded: str
    start: int
    end: int
    fresh: bool = False


class Sentence(Struct, frozen=True, eq=False):
    """A known sentence: its literal words, and None for each placeholder. ``names`` are the placeholders' names."""

    words: tuple[str | None, ...]
    names: dict[int, str]

    @property
    def literals(self) -> int:
        """The number of literal words."""
        return len(self.words) - len(self.names)


class Part(Struct, frozen=True):
    """A part of a sentence found in a text.

    ``start`` and ``end`` are indexes of words of the text, ``first`` and ``last`` those of the sentence. ``literals`` is
    the number of literal words that agree, ``matched`` the literal words themselves. ``values`` maps a placeholder to
    the range of words that stand for it.
    """

    number: int
    start: int
    end: int
    first: int
    last: int
    literals: int
    values: dict[str, tuple[int, int]]


def words(text: str) -> list[PlacedWord]:
    """Return the words of a text. Three dots stand for left out words, and are kept."""
    found = []
    behind = 0
    for match in _WORD.finditer(text):
        raw = match.group()
        fresh = "\n" in text[behind : match.start()] and "://" not in raw
        behind = match.end()
        inner = raw.strip(_EDGES)
        if inner:
            start = match.start() + raw.index(inner)
            found.append(PlacedWord(inner.casefold(), start, start + len(inner), fresh))
        elif "..." in raw or _ELLIPSIS in raw:
            found.append(PlacedWord(_ELLIPSIS, match.start(), match.end()))
    return found


def sentence(text: str) -> Sentence:
    """Return the sentence that a text with ``{placeholders}`` describes."""
    parts: list[str | None] = []
    names: dict[int, str] = {}
    position = 0
    for match in [*_PLACEHOLDER.finditer(text), None]:
        end = match.start() if match else len(text)
        parts += [word.folded for word in words(text[position:end]) if word.folded != _ELLIPSIS]
        if match:
            names[len(parts)] = match.group(1)
            parts.append(None)
            position = match.end()
    return Sentence(tuple(parts), names)


class Index:
    """Sentences by the words that they are found by: three in a row, or all between two placeholders if there are fewer."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences
        self._reversed = [tuple(reversed(s.words)) for s in sentences]
        self._grams: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for number, known in enumerate(sentences):
            for position, gram in _grams(known.words):
                self._grams.setdefault(gram, []).append((number, position))

    def __contains__(self, word: str) -> bool:
        """Whether a word is a sentence."""
        return (word,) in self._grams

    def parts(self, text: Sequence[PlacedWord]) -> Iterator[Part]:
        """Yield every part of a sentence in a text. They may overlap."""
        folded = [word.folded for word in text]
        fresh = {at for at, word in enumerate(text) if word.fresh}
        backward = folded[::-1]
        seen: dict[int, tuple[int, int]] = {}
        yield from self._around_ellipses(folded, backward, fresh)
        for at in range(len(folded)):
            for size in range(_GRAM, 0, -1):
                for number, position in self._grams.get(tuple(folded[at : at + size]), ()):
                    start, end = seen.get(number, (0, 0))
                    if start <= at < end:
                        continue
                    part = self._extend(folded, backward, fresh, at, number, position)
                    seen[number] = (part.start, part.end)
                    yield part

    def _around_ellipses(self, text: list[str], backward: list[str], fresh: set[int]) -> Iterator[Part]:
        """Yield the parts around left out words: there may be too few words on each side to find a sentence by."""
        for at in [at for at, word in enumerate(text[1:-1]) if text[at + 1] == _ELLIPSIS][:_GRAM]:
            for number, known in enumerate(self._sentences):
                for position in [p for p, word in enumerate(known.words) if word == text[at]]:
                    if text[at + 2] in known.words[position + 1 : position + _SKIPPED]:
                        yield self._extend(text, backward, fresh, at, number, position)

    def _extend(
        self, text: list[str], backward: list[str], fresh: set[int], at: int, number: int, position: int
    ) -> Part:
        known = self._sentences[number]
        end, last, after, values = _run(text, at, known.words, position)
        start, first, before, earlier = _run(
            backward, len(text) - at, self._reversed[number], len(known.words) - position
        )
        if last - 1 in values and values[last - 1] == (end - 1, end) and end - 1 in fresh:
            # The value at the end is empty, and this is the next line.
            end, last = end - 1, last - 1
            del values[last]
        ranges = {known.names[p]: r for p, r in values.items()}
        for p, (low, high) in earlier.items():
            ranges[known.names[len(known.words) - 1 - p]] = (len(text) - high, len(text) - low)
        return Part(number, len(text) - start, end, len(known.words) - first, last, after + before, ranges)


def _grams(known: Sequence[str | None]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the runs of words that a sentence is found by, with their positions."""
    runs: list[tuple[int, list[str]]] = []
    for position, word in enumerate(known):
        if word is None:
            continue
        if position and known[position - 1] is not None:
            runs[-1][1].append(word)
        else:
            runs.append((position, [word]))
    single = all(len(run) == 1 for _, run in runs)
    for start, run in runs:
        size = min(_GRAM, len(run))
        if size == 1 and not single:
            continue
        for offset in range(len(run) - size + 1):
            yield start + offset, tuple(run[offset : offset + size])


def _run(
    text: Sequence[str], at: int, known: Sequence[str | None], position: int
) -> tuple[int, int, int, dict[int, tuple[int, int]]]:
    """Follow text and sentence as long as they agree.

    Returns where each of them stops, how many literal words agree, and the words that stand for each placeholder.
    """
    agreed = 0
    values: dict[int, tuple[int, int]] = {}
    while at < len(text) and position < len(known):
        word = known[position]
        if word is None:
            resumed = _resumption(text, at, known, position)
            if resumed is None:
                # The text stops inside of the value or behind it: a value is one word then.
                values[position] = (at, at + 1)
                return at + 1, position + 1, agreed, values
            values[position] = (at, resumed)
            at, position = resumed, position + 1
        elif text[at] == word:
            at, position, agreed = at + 1, position + 1, agreed + 1
        elif text[at] == _ELLIPSIS and at + 1 < len(text) and text[at + 1] in known[position : position + _SKIPPED]:
            position = known.index(text[at + 1], position)
            at += 1
        else:
            break
    return at, position, agreed, values


def _resumption(text: Sequence[str], at: int, known: Sequence[str | None], position: int) -> int | None:
    """Return where the text goes on after a value, or None."""
    following = [word for word in known[position + 1 : position + 3] if word is not None]
    if not following:
        return None
    for end in range(at, min(at + _LONGEST_VALUE, len(text))):
        ahead = text[end : end + len(following)]
        if ahead == list(following)[: len(ahead)]:
            return end
    return None


def literals(known: Sentence, part: Part) -> Iterable[str]:
    """Return the literal words of a part."""
    return (word for word in known.words[part.first : part.last] if word is not None)
