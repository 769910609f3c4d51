"""What is under way, per place and in all; what is stalled; the order of the results."""

from __future__ import annotations

import random
import time

import pytest

from corscheck.runner import curl_loop, schedule, threads
from corscheck.runner.options import RunOptions
from corscheck.runner.schedule import Flow, Schedule
from corscheck.transports.base import NetworkOptions, WireRequest
from tests.servers.raw import HOLD, OK, READ, RawServer


def asking(value: int):
    return value
    yield


def flows(*places: str):
    return [(place, asking(i)) for i, place in enumerate(places)]


def test_per_place_and_in_all() -> None:
    made = Schedule(flows("a", "a", "a", "b", "b", "c"), per_place=2, total=4)
    first = list(made.begin())
    assert [flow.place for flow in first] == ["a", "a", "b", "b"]
    made.end(first[2])
    # The room at b went to nobody; in all there is room for c. The third at a waits for its place.
    assert [flow.place for flow in made.begin()] == ["c"]
    made.end(first[0])
    assert [flow.place for flow in made.begin()] == ["a"]


def test_those_that_wait_for_a_place_begin_in_their_order() -> None:
    made = Schedule(flows("a", "a", "a"), per_place=1, total=3)
    (one,) = made.begin()
    made.end(one)
    (two,) = made.begin()
    assert next_value(two) == 1


def test_order() -> None:
    made = Schedule(flows("a", "b", "c"), per_place=1, total=3)
    one, two, three = made.begin()
    made.end(three)
    made.end(two)
    assert not made.is_due
    assert list(made.due()) == []
    made.end(one)
    assert list(made.due()) == [one, two, three]
    list(made.begin())
    assert made.is_over


def test_the_stalled_do_not_count_in_all_but_at_their_place() -> None:
    made = Schedule(flows("a", "a", "b", "c", "d"), per_place=1, total=2)
    one, two = made.begin()
    assert (one.place, two.place) == ("a", "b")
    assert list(made.begin()) == []
    made.stall(one)
    made.stall(one)
    (three,) = made.begin()
    assert three.place == "c"
    made.go_on(one)
    made.end(two)
    assert list(made.begin()) == [], "the one that goes on counts again"
    made.end(three)
    assert [flow.place for flow in made.begin()] == ["d"], "a is busy with the first"


def test_the_stalled_are_bounded() -> None:
    made = Schedule(flows(*map(str, range(100))), per_place=1, total=2)
    begun: list[Flow[int]] = []
    while more := list(made.begin()):
        begun += more
        for flow in more:
            made.stall(flow)
    assert len(begun) == 2 * schedule.STALLED_TIMES


def test_one_at_a_time_means_one() -> None:
    made = Schedule(flows("a", "b"), per_place=1, total=1)
    (one,) = made.begin()
    made.stall(one)
    assert list(made.begin()) == []


def test_random_schedules() -> None:
    """Whatever ends or stalls when: every flow begins once, bounds hold, and the order is that of the questions."""
    dice = random.Random(5)
    for _ in range(300):
        per_place, total, count = dice.randint(1, 3), dice.randint(1, 6), dice.randint(0, 30)
        places = [dice.choice("abcde") for _ in range(count)]
        made = Schedule(flows(*places), per_place, total)
        under_way: list[Flow[int]] = []
        begun: list[Flow[int]] = []
        handed: list[Flow[int]] = []
        while not made.is_over:
            for flow in made.begin():
                under_way.append(flow)
                begun.append(flow)
                assert sum(other.place == flow.place for other in under_way) <= per_place
            counted = sum(not flow.stalled for flow in under_way)
            assert counted <= total or any(flow.place for flow in under_way)
            if under_way:
                flow = dice.choice(under_way)
                if dice.random() < 0.3 and not flow.stalled:
                    made.stall(flow)
                else:
                    made.go_on(flow)
                    under_way.remove(flow)
                    made.end(flow)
            handed += made.due()
        assert len(begun) == len(set(begun)) == count
        assert [next_value(flow) for flow in handed] == list(range(count))


def next_value(flow: Flow[int]) -> int:
    with pytest.raises(StopIteration) as done:
        next(flow.asking)
    value: int = done.value.value
    return value


@pytest.mark.parametrize("driver", [curl_loop, threads], ids=["libcurl", "threads"])
def test_a_silent_host_delays_nobody_but_itself(driver, monkeypatch) -> None:
    """Of forty hosts every fourth never answers; four may be under way: they alone would take 2.5 seconds."""
    monkeypatch.setattr(schedule, "STALL_SECONDS", 0.05)

    def flow(url: str):
        answer = yield WireRequest("GET", url, ())
        return getattr(answer, "status", None)

    network = NetworkOptions(timeout=1.0)
    with RawServer([READ, OK] * 100) as good, RawServer(*[[READ, HOLD]] * 10) as silent:
        asked = [(i, flow((silent if i % 4 == 0 else good).url(f"/{i}"))) for i in range(40)]
        before = time.monotonic()
        options = RunOptions(network=network, concurrency=2, concurrency_total=4)
        found = list(driver.drive(asked, options))
        assert time.monotonic() - before < 2
    assert found == [None if i % 4 == 0 else 200 for i in range(40)]
