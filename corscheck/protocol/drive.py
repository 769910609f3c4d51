"""Runs a generator of questions over a function that answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Asked = TypeVar("Asked")
Came = TypeVar("Came")
Returned = TypeVar("Returned")


def run(flow: Generator[Asked, Came, Returned], answer: Callable[[Asked], Came]) -> Returned:
    """Run a fetch to its outcome; ``answer`` sends one request, or holds it back, and returns the answer.

    A diagnosis runs in the same way: it asks probes and is sent outcomes.
    """
    try:
        request = next(flow)
        while True:
            request = flow.send(answer(request))
    except StopIteration as done:
        returned: Returned = done.value
        return returned
