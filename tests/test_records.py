"""Records are frozen dataclasses: held against the standard library's own, made of the same class bodies."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck import records


def bodies(dataclass: Any) -> dict[str, type]:
    """The same classes, made by either."""

    @dataclass(frozen=True, slots=True)
    class One:
        """A single field."""

        only: int

    @dataclass(frozen=True, slots=True)
    class Many:
        """Defaults of every kind."""

        a: Any
        b: Any = 2
        c: list[int] = field(default_factory=list)
        d: Any = field(default=None, compare=False)
        e: Any = field(default="e", repr=False)
        f: Any = field(default=7, init=False)

        @property
        def double(self) -> Any:
            """Something of its own."""
            return self.b * 2

    @dataclass(frozen=True, slots=True)
    class More(Many):
        """A subclass with a field of its own."""

        g: Any = 0

    @dataclass(frozen=True, slots=True)
    class Checked:
        """One that looks at what it is given."""

        a: int

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError(self.a)

    @dataclass(frozen=True, slots=True)
    class Empty:
        """Nothing at all."""

    return {kind.__name__: kind for kind in (One, Many, More, Checked, Empty)}


OURS, THEIRS = bodies(records.dataclass), bodies(dataclasses.dataclass)
values = st.one_of(st.integers(), st.text(max_size=3), st.none(), st.tuples(st.integers()))


@given(a=values, b=values, d=values, e=values, g=values, other=values)
def test_instances_behave_alike(a: Any, b: Any, d: Any, e: Any, g: Any, other: Any) -> None:
    seen = []
    for kinds in (OURS, THEIRS):
        kind = kinds["More"]
        one, two = kind(a, b, d=d, e=e, g=g), kind(a, b=b, c=[], g=g, e=e)
        seen.append(
            (
                repr(one).replace(kind.__qualname__, "More"),
                one == two,
                one != two,
                one == replace(one, a=other),
                one == kinds["Many"](a, b),
                one == (a, b),
                dataclasses.astuple(one),
                one.double if not isinstance(b, (tuple, type(None))) else None,
            )
        )
        assert copy.deepcopy(one) == one
        assert [f.name for f in fields(one)] == ["a", "b", "c", "d", "e", "f", "g"]
    assert seen[0] == seen[1]


@given(a=values, b=values)
def test_hashes_are_the_same(a: Any, b: Any) -> None:
    assert hash(OURS["One"](a)) == hash(THEIRS["One"](a)) == hash(OURS["One"](a))
    ours, theirs = (kinds["Many"](a, b, c=(), d=object()) for kinds in (OURS, THEIRS))
    assert hash(ours) == hash(theirs)
    assert ours == replace(ours, d=1), "what is not compared makes no difference"


@pytest.mark.parametrize("kinds", [OURS, THEIRS], ids=["ours", "theirs"])
def test_it_is_frozen_has_slots_and_says_what_it_takes(kinds: dict[str, type]) -> None:
    one = kinds["Many"](1)
    for change in (lambda: setattr(one, "a", 2), lambda: delattr(one, "a")):
        with pytest.raises(FrozenInstanceError):
            change()
    assert not hasattr(one, "__dict__")
    assert one.c == []
    assert one.c is not kinds["Many"](1).c
    assert list(inspect.signature(kinds["Many"]).parameters) == ["a", "b", "c", "d", "e"]
    assert kinds["Many"].__match_args__ == ("a", "b", "c", "d", "e")
    assert kinds["Many"].__doc__ == "Defaults of every kind."
    for wrong in ((), (1, 2, [], 4, 5, 6)):
        with pytest.raises(TypeError):
            kinds["Many"](*wrong)
    with pytest.raises(ValueError, match="-1"):
        kinds["Checked"](-1)
    assert kinds["Empty"]() == kinds["Empty"]()


@records.dataclass(frozen=True, slots=True)
class Kept:
    """Where pickle finds it."""

    a: int
    b: str = "b"


def test_it_can_be_pickled_and_copied() -> None:
    one = Kept(1)
    for made in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert made == one
        assert type(made) is Kept


def test_any_other_dataclass_is_the_standard_librarys() -> None:
    @records.dataclass(slots=True)
    class Open:
        """Not frozen."""

        a: int

    one = Open(1)
    one.a = 2
    assert one == Open(2)
