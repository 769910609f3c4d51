"""Runs a fetch generator over something that answers: one synchronous driver, one asynchronous.

The synchronous one must not import asyncio (50 ms of start-up); the asynchronous one needs no more of it than ``await``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from corscheck.protocol.fetch import Flow
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer, HTTPRequest


def run(flow: Flow, answer: Callable[[HTTPRequest], Answer]) -> Outcome:
    """Drive a fetch to its outcome; ``answer`` sends one request (or holds it back) and says what came."""
    try:
        request = next(flow)
        while True:
            request = flow.send(answer(request))
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


async def arun(flow: Flow, answer: Callable[[HTTPRequest], Awaitable[Answer]]) -> Outcome:
    """The same, awaiting each answer."""
    try:
        request = next(flow)
        while True:
            request = flow.send(await answer(request))
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
