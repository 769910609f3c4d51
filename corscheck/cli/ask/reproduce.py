"""``explain --probe``: turns a console text into a probe, and says whether it has the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.cli.ask import inputs
from corscheck.cli.exitcodes import FAILED, OK
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError, Probe
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.result import Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.request import Header
    from corscheck.sources.console import Message

_TYPICAL = ("Content-Type", "application/json")
"""The most common cause of a preflight, for texts that mention one without its cause."""


class ToldRequest(Struct, frozen=True):
    """What the texts say about the request; None for what they do not say. ``guessed`` marks a header that is assumed."""

    url: str | None
    origin: str | None
    method: str | None
    headers: tuple[Header, ...]
    credentials: bool
    engine: EngineName
    guessed: bool = False


def wanted(messages: Sequence[Message]) -> ToldRequest:
    """Return the request that the messages describe."""
    first = next((m.first_url for m in messages if m.first_url), None)
    method = next((m.method for m in messages if m.method), None)
    header = next((m.header for m in messages if m.header), None)
    preflight = any(m.preflight for m in messages)
    headers: tuple[Header, ...] = ((header, "1"),) if header else ()
    guessed = preflight and not headers and (method is None or is_safelisted_method(method))
    return ToldRequest(
        url=first or next((m.url for m in messages if m.url), None),
        origin=next((m.origin for m in messages if m.origin), None),
        method=method,
        headers=(_TYPICAL,) if guessed else headers,
        credentials=any(m.credentials for m in messages),
        engine=next((m.browser for m in messages if m.browser is not None), "chromium"),
        guessed=guessed,
    )


def question(
    messages: Sequence[Message], origin: str | None, method: str | None, headers: Sequence[str]
) -> tuple[Probe, tuple[str, ...]]:
    """Return the probe that reproduces the messages, and what to print first. Raises ``ConfigError`` if they say too little."""
    want = wanted(messages)
    if want.url is None:
        raise ConfigError("--probe: the text names no URL to test")
    page = origin or want.origin
    if page is None:
        raise ConfigError("--probe: the text does not name the page's origin: add --origin, like https://app.example")
    with inputs.Inputs() as files:
        given = inputs.headers(headers, files)
    said: list[str] = []
    guessed = want.guessed and not given and method is None
    if guessed:
        said.append("The text does not say what caused the preflight; tested with Content-Type: application/json")
        said.append("(-X and -H say it better).")
    probe = Probe(
        url=want.url,
        origin=check_origin(page),
        method=method or want.method or "GET",
        headers=given or (want.headers if guessed or not want.guessed else ()),
        credentials="include" if want.credentials else "same-origin",
        engine=want.engine,
        gate=(want.engine,),
    )
    return probe, (*said, "") if said else ()


def run(probe: Probe, messages: tuple[Message, ...], *, verify: bool, timeout: float) -> int:
    """Run the probe, show its result and whether it is the same. Returns the exit status."""
    from corscheck.cli.run_loop import Session
    from corscheck.cli.show import sinks
    from corscheck.cli.show.outputs import OutputOptions
    from corscheck.runner.options import RunOptions
    from corscheck.runner.single import run_one
    from corscheck.transports.base import NetworkOptions

    options = RunOptions(network=NetworkOptions(verify=verify, timeout=timeout), diagnose=True)
    result = run_one(probe, options)
    view = sinks.Full(OutputOptions().view())
    status = Session([view]).run(lambda take: take(result))
    view.write(["", _verdict(result, messages)])
    if status not in (OK, FAILED):
        return status
    # Being blocked is the expected result here.
    return OK if result.verdict == "blocked" else FAILED


def _verdict(result: Result, messages: tuple[Message, ...]) -> str:
    from corscheck.sources.console import codes

    expected = codes(messages)
    if result.verdict == "blocked" and result.reason is not None and result.reason.code in expected:
        return f"REPRODUCED  It is {result.reason.code}."
    if result.verdict == "blocked" and result.reason is not None:
        return f"NOT THE SAME  It is blocked, but by {result.reason.code}, which the text does not speak of."
    if result.verdict == "inconclusive":
        return "NOT REPRODUCED  There is no response to judge."
    if any(finding.code == "CORS712" for finding in result.findings):
        return (
            f"NOT REPRODUCED  Asked like this it is {result.verdict}. The likely reason is a copy without CORS headers in the "
            "browser's cache: see CORS712 above, and reload with the cache disabled."
        )
    return f"NOT REPRODUCED  Asked like this it is {result.verdict}."
