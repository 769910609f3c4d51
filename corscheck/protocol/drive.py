"""Runs a generator of questions over something that answers: one synchronous driver, one asynchronous.

The synchronous one must not import asyncio (50 ms of start-up); the asynchronous one needs no more of it than ``await``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

Asked = TypeVar("Asked")
Came = TypeVar("Came")
Returned = TypeVar("Returned")


def run(flow: Generator[Asked, Came, Returned], answer: Callable[[Asked], Came]) -> Returned:
    """Drive a fetch to its outcome; ``answer`` sends one request (or holds it back) and says what came.

    A diagnosis is driven the same way: what it asks are probes, and what comes are outcomes.
    """
    try:
        request = next(flow)
        while True:
            request = flow.send(answer(request))
    except StopIteration as done:
        returned: Returned = done.value
        return returned


async def arun(flow: Generator[Asked, Came, Returned], answer: Callable[[Asked], Awaitable[Came]]) -> Returned:
    """The same, awaiting each answer."""
    try:
        request = next(flow)
        while True:
            request = flow.send(await answer(request))
    except StopIteration as done:
        returned: Returned = done.value
        return returned
