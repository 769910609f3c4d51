"""What the protocol's tests share: a page's request with defaults, and servers that are a list of answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corscheck.protocol.drive import run
from corscheck.protocol.fetch import fetch
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import Answer, HTTPRequest, HTTPResponse, Request

PAGE = "https://app.example"
TARGET = "https://api.example/x"


def request(url: str = TARGET, *, origin: str = PAGE, **more: Any) -> Request:
    return Request(url=url, origin=origin, **more)


def response(status: int = 200, /, **headers: str) -> HTTPResponse:
    """A response; header names as keywords: ``acao``, ``acam`` ... or with underscores for dashes."""
    short = {
        "acao": "Access-Control-Allow-Origin",
        "acac": "Access-Control-Allow-Credentials",
        "acam": "Access-Control-Allow-Methods",
        "acah": "Access-Control-Allow-Headers",
        "acma": "Access-Control-Max-Age",
        "aceh": "Access-Control-Expose-Headers",
    }
    return HTTPResponse(status, tuple((short.get(n, n.replace("_", "-")), v) for n, v in headers.items()))


def ask(asked: Request, *answers: Answer, engine: str = "standard", **more: Any) -> tuple[Outcome, list[HTTPRequest]]:
    """The outcome, and the requests that went out; the last answer is repeated."""
    sent: list[HTTPRequest] = []

    def answer(one: HTTPRequest) -> Answer:
        sent.append(one)
        return answers[min(len(sent), len(answers)) - 1]

    return run(fetch(asked, engine, **more), answer), sent


def always(answer: Answer) -> Callable[[HTTPRequest], Answer]:
    return lambda _: answer
