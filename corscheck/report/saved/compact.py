"""Compact JSON, in ASCII, of results and plain values: to the byte what the json module makes of the whole tree.

A result is written without building a tree of dictionaries first, which takes longer than the writing. Thousands of
results of one run share most of their parts (``kin``): the text of a part is kept as long as it keeps coming.
"""

from __future__ import annotations

import json
from dataclasses import replace
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from corscheck.kindred import KindredResult
from corscheck.model.result import ExchangeRecord, ReadResponse, RequestRecord, Result

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN = (ExchangeRecord, RequestRecord, ReadResponse)
"""Parts that every result has of its own; the others may be shared."""

_URL, _INDEX, _TIME = "url", -1, -1.0
"""What stands in the holes while a form is made."""

_MOST = 512
"""How many parts are remembered; then it begins anew."""


class Encoder:
    """Writes values; a ``reproducible`` one leaves out every ``elapsed_ms``."""

    def __init__(self, *, reproducible: bool) -> None:
        self._reproducible = reproducible
        # No circles: a result is a tree of frozen values.
        self._plain = json.JSONEncoder(separators=(",", ":"), default=self._fields, check_circular=False).encode
        self._getters: dict[type, tuple[tuple[str, ...], Callable[[Any], Any]]] = {}
        self._heads: dict[type, tuple[str, ...]] = {}
        self._parts: dict[int, tuple[Any, str]] = {}
        self._around: dict[tuple[Any, ...], tuple[str, str, str, Any, Any]] = {}
        self._texts: dict[tuple[int, int], tuple[str, Result, object]] = {}
        self._last: tuple[tuple[Any, ...], list[str]] = ((), [])

    def encode(self, value: Any) -> str:
        """The text of a value."""
        kind = type(value)
        if kind is KindredResult:
            return self._kindred(value)
        return self._result(value) if kind is Result else self._part(value)

    def _kindred(self, result: KindredResult) -> str:
        """A result that has its URL, its place and its times of its own: the text around them is kept with its first."""
        key = result.family
        around = self._texts.get(key)
        if around is None:
            if len(self._texts) >= _MOST:
                self._texts.clear()
            # What the text is of is kept with it, so that its id is not another's.
            around = self._texts[key] = (self._form(result), result.first, result.check)
        url = quoted(result.url)
        own: list[Any] = [url, result.index]
        for elapsed in result.times:
            own += (url,) if self._reproducible else (url, elapsed)
        return around[0] % (*own, url)

    def _form(self, result: KindredResult) -> str:
        """The text of a result with a hole for its URL (as often as it stands there), its place and each time."""
        exchanges = [
            replace(e, request=replace(e.request, url=_URL), elapsed_ms=_TIME if e.elapsed_ms is not None else None)
            for e in result.exchanges
        ]
        assert result.response is not None  # as in all that is kindred
        response = replace(result.response, url=_URL)
        text = self._result(replace(result, url=_URL, index=_INDEX, exchanges=tuple(exchanges), response=response))
        # A name in unescaped quotes is no part of what somebody sent: these are the holes and nothing else is.
        text = text.replace("%", "%%").replace(f'"url":{quoted(_URL)}', '"url":%s')
        return text.replace(f'"index":{_INDEX}', '"index":%d').replace(f'"elapsed_ms":{_TIME!r}', '"elapsed_ms":%r')

    def _result(self, result: Result) -> str:
        """Field by field; what is the very part that the result before had is not written anew."""
        names, get = self._getter(Result)
        values = get(result)
        before, texts = self._last
        if not before:
            self._heads[Result] = heads = _heads(names)
            texts = [head + self._part(value) for head, value in zip(heads, values, strict=True)]
        else:
            part, heads = self._part, self._heads[Result]
            texts = [
                text if value is old else head + part(value)
                for text, old, value, head in zip(texts, before, values, heads, strict=True)
            ]
        self._last = (values, texts)
        return "".join(texts) + "}"

    def _part(self, value: Any) -> str:
        kind = type(value)
        if kind is str:
            return quoted(value)
        if value is None:
            return "null"
        if kind is int:
            return repr(value)
        if kind in _OWN:
            return self._object(kind, value)
        if kind is tuple and value and type(value[0]) is ExchangeRecord:
            return "[" + ",".join(map(self._exchange, value)) + "]"
        if kind is bool:
            return "true" if value else "false"
        if kind is float and isfinite(value):
            return repr(value)
        if kind is float or not value:
            return self._plain(value)
        part = self._parts.get(id(value))
        if part is None:
            if len(self._parts) >= _MOST:
                self._parts.clear()
            # The value is kept with its text, so that its id is not another's.
            part = self._parts[id(value)] = (value, self._plain(value))
        return part[1]

    def _exchange(self, exchange: ExchangeRecord) -> str:
        """An exchange: what is written around its URL and its time is kept, as they alone differ from probe to probe."""
        request, elapsed = exchange.request, exchange.elapsed_ms
        if self._reproducible or type(elapsed) is not float or not isfinite(elapsed):
            return self._object(ExchangeRecord, exchange)
        key = (
            exchange.kind,
            exchange.hop,
            request.method,
            id(request.headers),
            id(exchange.response),
            exchange.held_back,
        )
        around = self._around.get(key)
        if around is None or exchange.error is not None:
            text = self._object(ExchangeRecord, exchange)
            if exchange.error is None:
                # Nothing before the URL is of a server's making, and nothing after the time.
                before, name, rest = text.partition('"url":')
                middle, last, after = rest[len(quoted(request.url)) :].rpartition('"elapsed_ms":')
                if len(self._around) >= _MOST:
                    self._around.clear()
                # The parts are kept with their text, so that their ids are not others'.
                before, middle, after = before + name, middle + last, after[len(repr(elapsed)) :]
                self._around[key] = (before, middle, after, request.headers, exchange.response)
            return text
        before, middle, after, _, _ = around
        return f"{before}{quoted(request.url)}{middle}{elapsed!r}{after}"

    def _object(self, kind: type, value: Any) -> str:
        names, get = self._getter(kind)
        heads = self._heads.get(kind)
        if heads is None:
            heads = self._heads[kind] = _heads(names)
        part = self._part
        return "".join([head + part(item) for head, item in zip(heads, get(value), strict=True)]) + "}"

    def _fields(self, value: Any) -> dict[str, Any]:
        names, get = self._getter(type(value))
        return dict(zip(names, get(value), strict=True))

    def _getter(self, kind: type) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
        """The names of a part's fields, and what gets their values."""
        found = self._getters.get(kind)
        if found is None:
            left_out = ("elapsed_ms",) if self._reproducible and kind is ExchangeRecord else ()
            names = tuple(name for name in kind.__slots__ if name not in left_out)  # type: ignore[attr-defined]
            get = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
            found = self._getters[kind] = (names, get)
        return found


def _heads(names: tuple[str, ...]) -> tuple[str, ...]:
    """What stands before each value of an object."""
    return tuple(f'{"," if number else "{"}"{name}":' for number, name in enumerate(names))
