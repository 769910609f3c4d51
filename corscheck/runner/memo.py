"""Judgements remembered: a run asks thousands of URLs, and most answers differ in nothing that the rules read.

``Memo.ask`` wraps ``conversation``. Probes that differ in their URL alone, of the same kind of place, are asked the same
requests; where the answers agree in what the rules read (``protocol.reads``), the result is the remembered one with URL,
index, check and exchanges of its own. Only results that say nothing of the URL are remembered: allowed by every engine,
without a redirect. Whatever is not known goes the whole way. Knows nothing of transports, and nothing knows of it but
``many``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from msgspec.structs import replace

from corscheck.model.result import ReadResponse
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import Probe
from corscheck.protocol.origin import URL, URLError, parse_url, same_origin, same_site
from corscheck.protocol.reads import key as key_of
from corscheck.protocol.request import HTTPResponse
from corscheck.runner.conversation import Pause, conversation

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.protocol.request import Answer
    from corscheck.runner.conversation import Asking
    from corscheck.runner.options import RunOptions
    from corscheck.runner.result import Assembler
    from corscheck.transports.base import WireRequest

MOST = 256
"""How many kinds of probes, and how many answers to each request, are remembered before all are forgotten."""

_OWN = ("url", "index", "check")
_SHARED = tuple(name for name in Probe.__struct_fields__ if name not in _OWN)

_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
"""A DNS name. Rules and remarks tell loopback names, addresses and odd hosts apart, so those are kinds of their own."""

_LOCAL = (".localhost", ".local")


class Judged:
    """What is asked after certain answers, or the result that they led to."""

    __slots__ = ("after", "request", "result")

    def __init__(self) -> None:
        self.request: WireRequest | None = None
        self.result: Result | None = None
        self.after: dict[tuple[object, ...], Judged] = {}

    def follow(self, answer: Answer) -> Judged | None:
        """Return where this answer leads, if such a one has come before."""
        return self.after.get(key_of(answer)) if _is_recorded(answer) else None

    def lead(self, answer: HTTPResponse) -> Judged:
        """Return where this answer leads from now on."""
        if len(self.after) >= MOST:
            self.after.clear()
        return self.after.setdefault(key_of(answer), Judged())


class Memo:
    """Remembers for one run. ``assembler`` is the run's; it makes the parts of a result that are never shared."""

    def __init__(self, options: RunOptions, assembler: Assembler) -> None:
        self._options = options
        self._assembler = assembler
        self._first: dict[tuple[object, ...], Judged] = {}
        self.remembered = 0
        """How many results were made of a remembered one. For tests: a shortcut that is never taken proves nothing."""

    def ask(self, probe: Probe) -> Asking[Result]:
        """Ask one probe, as ``conversation`` does."""
        kind = _kind(probe)
        if kind is None:
            return conversation(probe, self._options, self._assembler)
        step = self._first.get(kind)
        if step is None:
            if len(self._first) >= MOST:
                self._first.clear()
            step = self._first[kind] = Judged()
        return self._ask(probe, step)

    def _ask(self, probe: Probe, first: Judged) -> Asking[Result]:
        answers: list[HTTPResponse] = []
        step: Judged | None = first
        while step is not None and step.request is not None:
            answer = yield replace(step.request, url=probe.url)
            step = step.follow(answer)
            if step is None:
                return (yield from self._whole(probe, first, [*answers, answer]))
            assert isinstance(answer, HTTPResponse)  # or it would lead nowhere
            answers.append(answer)
        if step is not None and step.result is not None:
            self.remembered += 1
            return self._again(step.result, probe, answers)
        return (yield from self._whole(probe, first, list(answers)))

    def _whole(self, probe: Probe, first: Judged, came: list[Answer]) -> Asking[Result]:
        """Go the whole way, without sending again what was answered already, and remember what came of it."""
        known = iter(tuple(came))
        path: list[tuple[WireRequest, Answer]] = []
        asking = conversation(probe, self._options, self._assembler)
        try:
            wanted = next(asking)
            while True:
                if isinstance(wanted, Pause):
                    yield wanted
                    wanted = next(asking)
                    continue
                answer = next(known, None) or (yield wanted)
                path.append((wanted, answer))
                wanted = asking.send(answer)
        except StopIteration as done:
            result: Result = done.value
        if _is_shared(result, path):
            step = first
            for request, answer in path:
                assert isinstance(answer, HTTPResponse)
                step.request = request
                step = step.lead(answer)
            step.result = result
        return result

    def _again(self, known: Result, probe: Probe, answers: list[HTTPResponse]) -> Result:
        """Make the result of a probe whose answers were judged before."""
        url = self._assembler.url(probe.url)
        exchanges = tuple(
            [
                self._assembler.exchange(record.kind, record.hop, record.request.method, url, (), answer, probe)
                for record, answer in zip(known.exchanges, answers, strict=True)
            ]
        )
        read = known.response
        assert read is not None
        # A page does not see the URL of an opaque response.
        response = ReadResponse(read.type, read.status, url if read.url else "", read.redirected)
        console = known.console
        if any(console.values()):
            console = {name: text.replace(known.url, url) if text else text for name, text in console.items()}
        return replace(
            known,
            url=url,
            index=probe.index,
            check=probe.check,
            exchanges=exchanges,
            response=response,
            console=console,
        )


def _kind(probe: Probe) -> tuple[object, ...] | None:
    """Return what probes must have in common to be judged alike; None for a probe that is judged by itself."""
    try:
        url = parse_url(probe.url)
    except URLError:
        return None
    # Chromium spells | in a path in another way.
    if (
        url.href != probe.url
        or "|" in url.path
        or url.fragment
        or url.has_credentials
        or url.scheme not in ("http", "https")
    ):
        return None
    return (_place(url, probe.origin), bool(url.query), *[getattr(probe, name) for name in _SHARED])


def _place(url: URL, page: str) -> tuple[Any, ...]:
    """Return all that the rules and remarks read of a URL that is not redirected."""
    if _NAME.fullmatch(url.host) is None or url.host.endswith(_LOCAL) or same_origin(url.origin, page):
        return (url.origin,)
    site = url.scheme == "https" and same_site(url.origin, page, registrable_domain)  # for Sec-Fetch-Site
    return (url.scheme, url.port, site)


def _is_recorded(answer: Answer) -> TypeGuard[HTTPResponse]:
    """Whether this is a well-formed response that says what was sent for it: its exchange needs nothing else."""
    return isinstance(answer, HTTPResponse) and bool(answer.sent) and answer.raw is None


def _is_shared(result: Result, path: list[tuple[WireRequest, Answer]]) -> bool:
    """Whether a result says nothing of its URL but in console texts, so that it holds for every probe of its kind.

    An engine may block what the others allow, but only as mixed content (WebKit, loopback addresses): its message names
    no URL, and its console text no other one.
    """
    return (
        result.response is not None
        and not result.response.redirected
        # What another engine asked as well is not in the result's exchanges.
        and len(path) == len(result.exchanges)
        and all(_is_recorded(answer) for _, answer in path)
        and all(engine.verdict == "allowed" or engine.code == "CORS202" for engine in result.engines.values())
        and all(not text or result.engines[name].code == "CORS202" for name, text in result.console.items())
        # What is masked depends on what comes after it, so a query is not put into a remembered text.
        and ("?" not in result.url or not any(result.console.values()))
    )
