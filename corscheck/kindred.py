"""Values that differ from another in one or two of their parts: probes and results here, what is sent in ``transports``.

A run asks thousands of URLs alike. A kindred value has its own parts and refers to the ``first`` of its kind for all the
others: it is made in a fraction of the time that a whole one takes, and whoever meets ``first`` again knows at once what
holds for it. In everything else it is the value it stands for: it has the same attributes, equals and hashes like it, and
is an ordinary one when it is copied, replaced or pickled.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from corscheck.model.result import ExchangeRecord, ReadResponse, RequestRecord, Result
from corscheck.model.values import Probe

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_new = object.__new__


class Kindred:
    """What is not its own is its first's."""

    __slots__ = ()

    _KIND: type

    def __new__(cls, *values: Any, **named: Any) -> Any:
        """Made of all its parts (by ``replace``), it is an ordinary one."""
        return cls._KIND(*values, **named)

    if not TYPE_CHECKING:  # misspelled attributes are to be found

        def __getattr__(self, name: str) -> Any:
            if name == "first":  # nor is it asked of itself
                raise AttributeError(name)
            return getattr(self.first, name)

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._KIND.__slots__)  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, self._KIND):
            return NotImplemented
        return self._parts() == tuple(getattr(other, name) for name in self._KIND.__slots__)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._parts())

    def __reduce__(self) -> tuple[Any, ...]:
        return self._KIND, self._parts()


class KindredProbe(Kindred, Probe):
    """A probe of another URL."""

    __slots__ = ("first",)
    _KIND = Probe
    first: Probe


class KindredResult(Kindred, Result):
    """The same found for another URL. ``times`` are what the exchanges took, in milliseconds, to three places.

    Who sees thousands asks ``first`` for what all have in common; ``family`` tells them apart where that is not all.
    """

    __slots__ = ("first", "times")
    _KIND = Result
    first: Result
    times: tuple[float, ...]

    @property
    def family(self) -> tuple[int, int]:
        """The same for results that differ in URL, place and times alone, as long as somebody keeps ``first`` and ``check``."""
        return id(self.first), id(self.check)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name not in _SHARED:
                raise AttributeError(name)
            # Whoever asks for one asks for more: they are its own from now on.
            first = self.first
            for set_, value in zip(_SETTERS, _VALUES(first), strict=True):
                set_(self, value)
            _result_exchanges(self, tuple(map(self._exchange, first.exchanges, self.times)))
            read = first.response
            _result_response(self, ReadResponse(read.type, read.status, self.url, read.redirected))
            return getattr(self, name)

    def _exchange(self, first: ExchangeRecord, elapsed: float) -> ExchangeRecord:
        request = RequestRecord(first.request.method, self.url, first.request.headers)
        return ExchangeRecord(first.kind, first.hop, request, first.response, first.error, elapsed, first.held_back)


def whole(value: _T) -> _T:
    """The value as one that has all its parts, for whoever looks at many of them."""
    if not isinstance(value, Kindred):
        return value
    made: _T = value._KIND(*value._parts())
    return made


def setter(kind: type, name: str) -> Callable[[Any, Any], None]:
    """What sets a part of a frozen value, past ``__setattr__``."""
    found: Callable[[Any, Any], None] = vars(kind)[name].__set__
    return found


_probe_first, _probe_url = setter(KindredProbe, "first"), setter(Probe, "url")
_probe_index = setter(Probe, "index")
_result_first, _result_times = setter(KindredResult, "first"), setter(KindredResult, "times")
_result_exchanges, _result_response = setter(Result, "exchanges"), setter(Result, "response")
_result_url, _result_index, _result_check = (setter(Result, name) for name in ("url", "index", "check"))


_SHARED = tuple(name for name in Result.__slots__ if name not in ("url", "index", "check"))
_ALIKE = tuple(name for name in _SHARED if name not in ("exchanges", "response"))
_VALUES = attrgetter(*_ALIKE)
_SETTERS = tuple(setter(Result, name) for name in _ALIKE)


def probe_of(first: Probe, url: str, index: int) -> KindredProbe:
    """The probe of another URL, at another place of the run."""
    made: KindredProbe = _new(KindredProbe)
    _probe_first(made, first)
    _probe_url(made, url)
    _probe_index(made, index)
    return made


def result_for(first: Result, probe: Probe, url: str, times: tuple[float, ...]) -> KindredResult:
    """The same found for ``probe``, whose masked URL is ``url``."""
    made: KindredResult = _new(KindredResult)
    _result_first(made, first)
    _result_times(made, times)
    _result_url(made, url)
    _result_index(made, probe.index)
    _result_check(made, probe.check)
    return made
