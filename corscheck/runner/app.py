"""Asks probes of an application in process, one after the other: a conversation without a network.

Relative URLs are taken at ``http://app.localhost``, which every browser treats as potentially trustworthy. An absolute
URL is asked of the application too, whatever its host; a redirect to yet another host leaves it and is not followed.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.model.values import ConfigError
from corscheck.protocol.origin import URLError, parse_url
from corscheck.runner.audit import wire
from corscheck.runner.conversation import conversation
from corscheck.runner.drive import acarry
from corscheck.runner.result import Assembler
from corscheck.runner.single import Conversation
from corscheck.sources.app.address import BASE
from corscheck.sources.app.hosts import disallowed_host
from corscheck.sources.app.loading import exit_raises, wrapped
from corscheck.transports.routing import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.audits import Audit
    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.protocol.agreement import Caches
    from corscheck.runner.mending import Mender
    from corscheck.runner.options import RunOptions
    from corscheck.transports.base import Transport

_MOST_PASSED = 300
"""How many probes that passed are remembered, to be asked again when settings are proposed."""

_LOCAL = "CORS708"
"""The remark that an address is not on the public network."""


def printing(aside: bool) -> AbstractContextManager[object]:
    """Where the application's own code runs: with ``aside`` what it prints goes to standard error."""
    return redirect_stdout(sys.stderr) if aside else nullcontext()


def _without_place(result: Result) -> Result:
    """The result without what is said of the address: ``BASE`` is nobody's, and nobody will deploy the application there."""
    if not result.url.startswith(BASE):
        return result
    return replace(result, findings=tuple(f for f in result.findings if f.code != _LOCAL))


def _advised(result: Result, text: str) -> Result:
    """The result with ``text`` in place of the general commands in the advice of its first finding."""
    first, *others = result.findings
    said = (first.advice or "").partition("\n")[0]
    advice = f"{said}\n{text}" if said else text
    return replace(result, findings=(replace(first, advice=advice), *others))


def _check_host(result: Result) -> None:
    """Raise ``ConfigError`` if the application answers a 400 because of the host that paths are taken at."""
    if not result.url.startswith(f"{BASE}/"):
        return
    for exchange in result.exchanges:
        answer = exchange.response
        if answer is not None and answer.status == 400:
            refused = disallowed_host(BASE.partition("://")[2], result.url.removeprefix(BASE), answer.body)
            if refused is not None:
                raise ConfigError(refused)


def _add_host(hosts: set[str], probe: Probe) -> None:
    """Add the host of a probe to those that the application answers for."""
    if probe.via is not None:
        raise ConfigError("an application in process is reached by no other base URL: via and app exclude each other")
    # The protocol rejects everything that is not an http(s) URL.
    with suppress(URLError, KeyError):
        hosts.add(split(parse_url(probe.url).without_fragment).endpoint.host)


class AppConversation(Conversation):
    """A conversation with an application (an object, or a factory without arguments). A context manager.

    Runs an ASGI application's lifespan: raises ``AppError`` when its startup fails, and ``close`` when its shutdown does.
    ``aside`` sends to standard error what the application prints, for who needs standard output for the results.
    """

    def __init__(self, app: Any, options: RunOptions, *, name: str = "app", aside: bool = False) -> None:
        self._aside = aside
        with printing(aside):
            loaded = wrapped(app, name)
        self._app = loaded.app
        self._passed: list[Probe] = []
        self._mender: Mender | None = None
        self._hosts: set[str] = set()
        transport: Transport
        if loaded.interface == "asgi":
            from corscheck.transports.app.asgi import ASGITransport

            with printing(aside):
                transport = ASGITransport(loaded.app, self._hosts, start_timeout=options.network.timeout)
        else:
            from corscheck.transports.app.wsgi import WSGITransport

            transport = WSGITransport(loaded.app, self._hosts)
        super().__init__(options, transport)

    def ask(self, probe: Probe, caches: Caches | None = None) -> Result:
        """The result of one probe; ``caches`` are the page's preflight caches, if it has any.

        If a probe is blocked that should pass, and diagnosis is on, the advice has the settings by which it passes.
        Raises ``ConfigError`` if the application refuses the host that paths are taken at.
        """
        _add_host(self._hosts, probe)
        with printing(self._aside), exit_raises():
            result = _without_place(super().ask(probe, caches))
        _check_host(result)
        if probe.expected == result.verdict == "allowed":
            self._remember(probe)
        elif self.options.diagnose and probe.expected == "allowed" and result.verdict == "blocked" and result.findings:
            text = self.propose(probe)
            return result if text is None else _advised(result, text)
        return result

    def audit(self, plan: AuditPlan) -> Audit:
        """Audit the application. Raises ``ConfigError`` if it refuses the host that paths are taken at."""
        _add_host(self._hosts, plan.template)
        with printing(self._aside), exit_raises():
            return self.drive(wire(plan, self.options))

    def propose(self, probe: Probe, exposed: Iterable[str] = ()) -> str | None:
        """The settings by which a probe passes too, tried on the application; None if none do.

        ``exposed`` are response headers that script must be able to read.
        """
        return self._mending().propose(probe, exposed)

    def proposal(self) -> str | None:
        """The settings for all that was proposed, tried with everything that passed until now; None if there are none."""
        return self._mender.proposal() if self._mender is not None else None

    def _mending(self) -> Mender:
        if self._mender is None:
            from corscheck.runner.mending import Mender

            self._mender = Mender(self._app, self._ask_plainly)
            for probe in self._passed:
                self._mender.passed(probe)
        return self._mender

    def _remember(self, probe: Probe) -> None:
        if self._mender is not None:
            self._mender.passed(probe)
        elif len(self._passed) < _MOST_PASSED:
            self._passed.append(probe)

    def _ask_plainly(self, probe: Probe) -> Result:
        """The result of one probe without a diagnosis."""
        _add_host(self._hosts, probe)
        options = replace(self.options, diagnose=False)
        with printing(self._aside), exit_raises():
            return self.drive(conversation(probe, options, self._assembler, None))

    def close(self) -> None:
        """Shut the application down. Raises ``AppError`` when it fails over that."""
        with printing(self._aside):
            super().close()


async def aask(app: Any, options: RunOptions, probe: Probe) -> Result:
    """Ask one probe of an application, without blocking the running event loop.

    An ASGI application runs in the caller's loop, with its lifespan around the probe; a deadline holds as long as the
    application does not block the loop. A WSGI application runs in threads. Raises ``AppError`` as ``AppConversation``.
    """
    # Here, so that asking a WSGI application synchronously does not pay for it.
    import asyncio

    loaded = wrapped(app)
    if loaded.interface == "wsgi":
        with AppConversation(loaded.app, options) as conversing:
            return await asyncio.to_thread(conversing.ask, probe)
    from corscheck.transports.app.asgi import AsyncASGITransport

    hosts: set[str] = set()
    _add_host(hosts, probe)
    transport = AsyncASGITransport(loaded.app, hosts)
    await transport.start(options.network.timeout)
    try:
        asking = conversation(probe, options, Assembler(show_secrets=options.show_secrets))
        return _without_place(await acarry(asking, transport.send, options.network.timeout, asyncio.sleep))
    finally:
        await transport.aclose()
