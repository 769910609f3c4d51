"""What ``cors(app)`` gives a test: an application in process, or a server, with assertions about cross-origin requests.

Every assertion asks what a page would ask, judges as a browser would, and fails with what ``corscheck probe`` prints and
what ``corscheck fix`` would configure. Each gives the ``Result``, for a test that wants to know more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from corscheck.api import make_probe, run_options
from corscheck.model.app_error import AppError
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import URLError, parse_url
from corscheck.protocol.steps import CODES
from corscheck.pytest_plugin.failure_text import framework_of, told
from corscheck.runner.app import AppConversation
from corscheck.runner.single import Conversation
from corscheck.sources.app.address import BASE
from corscheck.sources.app.loading import interface

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.api.keywords import HeadersLike
    from corscheck.model.result import Result
    from corscheck.model.values import Probe, Send
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Credentials

__all__ = ["AppError", "Site", "open_site"]


class Site:
    """An application or a server, as a page elsewhere sees it.

    A URL is a path of it, or absolute. What cannot be asked at all (an origin with a path, an unknown mode) raises
    ``ConfigError``.
    """

    def __init__(self, conversation: Conversation, base: str, send: Send, framework: str | None) -> None:
        self._conversation = conversation
        self._base = base
        self._send = send
        self._framework = framework

    def assert_allowed(
        self,
        url: str,
        *,
        origin: str,
        method: str = "GET",
        headers: HeadersLike = (),
        credentials: Credentials = "same-origin",
        exposes: Iterable[str] = (),
        **more: Any,
    ) -> Result:
        """A page at ``origin`` may read the answer; of its headers also those in ``exposes``.

        ``headers`` is a mapping or pairs; ``more`` are further arguments of ``corscheck.probe`` (``body``, ``cookies``,
        ``redirect``, ``engine``, ``gate``, ``send``, ...).
        """
        __tracebackhide__ = True
        probe, result = self._ask(url, "allowed", origin, method, headers, credentials, more)
        hidden = [name for name in exposes if name.lower() not in result.readable_headers]
        if not result.passed:
            self._fail(probe, result, "expected to be allowed")
        if hidden:
            self._fail(probe, result, f"the page must be able to read {', '.join(hidden)}", exposes=hidden)
        return result

    def assert_blocked(
        self,
        url: str,
        *,
        origin: str,
        because: str | None = None,
        method: str = "GET",
        headers: HeadersLike = (),
        credentials: Credentials = "same-origin",
        **more: Any,
    ) -> Result:
        """A page at ``origin`` must not read the answer; ``because`` is the code that must decide it (``CORS301``)."""
        __tracebackhide__ = True
        if because is not None and because not in CODES:
            raise ConfigError(f"because={because!r} is no code; corscheck explain --list shows all of them")
        probe, result = self._ask(url, "blocked", origin, method, headers, credentials, more)
        if not result.passed:
            self._fail(probe, result, "expected to be blocked")
        codes = {name: result.engines[name].code for name in result.gate}
        other = next((code for code in codes.values() if code != because), None)
        if because is not None and other is not None:
            self._fail(probe, result, f"expected to be blocked because of {because}, not of {other}")
        return result

    def preflight(
        self,
        url: str,
        *,
        origin: str,
        method: str = "PUT",
        headers: HeadersLike = (),
        credentials: Credentials = "same-origin",
        **more: Any,
    ) -> Result:
        """What becomes of the preflight alone: the request itself is not sent, and nothing is asserted.

        ``result.preflight`` says whether one is needed, because of what, and for how many seconds each browser keeps
        the answer.
        """
        __tracebackhide__ = True
        return self._ask(url, "allowed", origin, method, headers, credentials, {**more, "send": "never"})[1]

    def close(self) -> None:
        """Shut the application down, close the connections. Done at the end of the test."""
        self._conversation.close()

    def _ask(
        self,
        url: str,
        expected: Verdict,
        origin: str,
        method: str,
        headers: HeadersLike,
        credentials: Credentials,
        more: dict[str, Any],
    ) -> tuple[Probe, Result]:
        asked = {"send": self._send, **more, "expected": expected}
        probe = make_probe(
            self._absolute(url), origin=origin, method=method, headers=headers, credentials=credentials, **asked
        )
        # A body in a test was asked for as one that is typed.
        probe = replace(probe, body_asked=probe.body is not None)
        return probe, self._conversation.ask(probe)

    def _absolute(self, url: str) -> str:
        try:
            return parse_url(url, self._base).href
        except URLError:
            return url

    def _fail(self, probe: Probe, result: Result, wrong: str, exposes: Iterable[str] = ()) -> None:
        __tracebackhide__ = True
        pytest.fail(told(probe, result, wrong, self._framework, exposes), pytrace=False)


def open_site(app_or_url: Any, *, send: Send | None = None, **network: Any) -> Site:
    """A site for an application, a test client that has one, or a base URL; ``network`` as for ``corscheck.probe``.

    Raises ``ConfigError`` for what is none of these, and when an application does not start.
    """
    options = run_options(**network)
    if isinstance(app_or_url, str):
        if "://" not in app_or_url:
            raise ConfigError(f"cors({app_or_url!r}): an application, or a base URL like http://127.0.0.1:8000")
        return Site(Conversation(options), app_or_url, send or "auto", None)
    app = app_or_url
    if interface(app) is None and hasattr(app, "app"):
        # Starlette's TestClient and its like.
        app = app.app
    return Site(AppConversation(app, options), BASE, send or "always", framework_of(app))
