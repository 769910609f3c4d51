"""What the ``cors`` fixture returns: an application in process, or a server, with assertions about cross-origin requests.

A failing assertion prints what ``corscheck probe`` prints, and the configuration of ``corscheck fix``. Every assertion
returns the ``Result``.
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
    from typing import Unpack

    from corscheck.api.keywords import SiteKeywords
    from corscheck.model.result import Result
    from corscheck.model.values import Probe, Send

__all__ = ["AppError", "ConfigError", "Site", "open_site"]


class Site:
    """An application or a server, as a page of another origin sees it.

    URLs may be paths. A wrong argument, such as an origin with a path or an unknown mode, raises ``ConfigError``.
    """

    def __init__(self, conversation: Conversation, base: str, send: Send, framework: str | None) -> None:
        self._conversation = conversation
        self._base = base
        self._send = send
        self._framework = framework

    def assert_allowed(
        self, url: str, *, origin: str, exposes: Iterable[str] = (), **request: Unpack[SiteKeywords]
    ) -> Result:
        """Assert that a page at ``origin`` may read the response, and the response headers in ``exposes``.

        ``request`` are arguments of ``corscheck.probe``: ``method`` (``GET``), ``headers`` (a mapping or pairs),
        ``credentials``, ``body``, ``cookies``, ``redirect``, ``engine``, ``gate``, ``send``, ...
        """
        __tracebackhide__ = True
        probe, result = self._ask(url, origin, {**request, "expected": "allowed"})
        hidden = [name for name in exposes if name.lower() not in result.readable_headers]
        if not result.passed:
            self._fail(probe, result, "expected to be allowed")
        if hidden:
            self._fail(probe, result, f"the page must be able to read {', '.join(hidden)}", exposes=hidden)
        return result

    def assert_blocked(
        self, url: str, *, origin: str, because: str | None = None, **request: Unpack[SiteKeywords]
    ) -> Result:
        """Assert that a page at ``origin`` cannot read the response; ``because`` is the code that must block it (``CORS301``).

        ``request`` is as for ``assert_allowed``.
        """
        __tracebackhide__ = True
        if because is not None and because not in CODES:
            raise ConfigError(f"because={because!r} is not a code; corscheck explain --list shows all of them")
        probe, result = self._ask(url, origin, {**request, "expected": "blocked"})
        if not result.passed:
            self._fail(probe, result, "expected to be blocked")
        codes = {name: result.engines[name].code for name in result.gate}
        other = next((code for code in codes.values() if code != because), None)
        if because is not None and other is not None:
            self._fail(probe, result, f"expected to be blocked because of {because}, not of {other}")
        return result

    def preflight(self, url: str, *, origin: str, **request: Unpack[SiteKeywords]) -> Result:
        """Send only the preflight of a request (``PUT`` unless ``method`` is given), and assert nothing.

        ``result.preflight`` says whether a preflight is needed, why, and for how many seconds each browser caches the
        response. ``request`` is as for ``assert_allowed``.
        """
        __tracebackhide__ = True
        return self._ask(url, origin, {"method": "PUT", **request, "send": "never", "expected": "allowed"})[1]

    def close(self) -> None:
        """Shut the application down and close the connections. The fixture does it at the end of the test."""
        self._conversation.close()

    def _ask(self, url: str, origin: str, request: dict[str, Any]) -> tuple[Probe, Result]:
        probe = make_probe(self._absolute(url), origin=origin, **{"send": self._send, **request})
        # A body in a test counts as one that was typed: the request may be sent.
        probe = replace(probe, body_asked=probe.body is not None)
        return probe, self._conversation.ask(probe)

    def _absolute(self, url: str) -> str:
        try:
            return parse_url(url, self._base).href
        except URLError:
            return url

    def _fail(self, probe: Probe, result: Result, wrong: str, exposes: Iterable[str] = ()) -> None:
        __tracebackhide__ = True
        asked = self._conversation
        needed = probe.expected == "allowed" and result.verdict in ("blocked", "allowed")
        proposal = asked.propose(probe, exposes) if needed and isinstance(asked, AppConversation) else None
        pytest.fail(told(probe, result, wrong, self._framework, exposes, proposal), pytrace=False)


def open_site(app_or_url: Any, *, send: Send | None = None, **network: Any) -> Site:
    """Open a site for an application, a test client with one, or a base URL; ``network`` is as for ``corscheck.probe``.

    Raises ``ConfigError`` for anything else, and if the application does not start.
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
