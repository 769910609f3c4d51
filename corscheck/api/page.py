"""``Page``: several requests of one page with a preflight cache, as in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.api import keywords
from corscheck.api.app import app_conversation, question_of
from corscheck.api.arguments import documented, in_words_of_the_api, probe_of, read, run_options_of
from corscheck.api.checks import invalid
from corscheck.runner.conversation import new_caches
from corscheck.runner.single import Conversation

if TYPE_CHECKING:
    from typing import Any, Self, Unpack

    from corscheck.model.result import Result

_OF_THE_PAGE = frozenset(keywords.PageKeywords.__annotations__) - frozenset(keywords.FetchKeywords.__annotations__)
"""Arguments of the page that a fetch does not take."""


class Page:
    """A page at an origin, with an engine's rules, a preflight cache and connections of its own. A context manager.

    Args:
        options: the keyword arguments of ``probe`` that hold for the whole page: ``origin`` (required), ``engine``,
            ``auth``, ``cookies``, ``send`` (these three are defaults of ``fetch``), ``app``, those of the run and those
            of the network. An ASGI ``app`` runs until the page is closed.

    Raises:
        ConfigError: an argument is unknown or wrong, or ``app`` does not start.

    """

    @documented(keywords.PageKeywords)
    def __init__(self, **options: Unpack[keywords.PageKeywords]) -> None:
        asked = read("Page", options, keywords.PageKeywords.__annotations__)
        self._defaults: dict[str, Any] = {
            name: asked[name] for name in ("origin", "engine", "auth", "cookies", "send") if name in asked
        }
        probe_of("http://localhost/", self._defaults)  # raises ConfigError if there is no origin
        self._app = asked.get("app")
        run = run_options_of(asked)
        with in_words_of_the_api(self._app):
            self._conversation = Conversation(run) if self._app is None else app_conversation(self._app, run)
        self._caches = new_caches()
        self._console: dict[str, list[str]] = {}
        self._index = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the page's connections, and shut its application down."""
        self._conversation.close()

    @documented(keywords.FetchKeywords)
    def fetch(self, url: str, **options: Unpack[keywords.FetchKeywords]) -> Result:
        """Ask what becomes of one ``fetch()`` of this page.

        Args:
            url: as for ``probe``.
            options: the keyword arguments of ``probe`` that make up the request and what is expected of it: ``method``,
                ``headers``, ``credentials``, ``redirect``, ``mode``, ``body``, ``cache``, ``upload_listener``, ``coep``,
                ``secure_context``, ``auth``, ``cookies``,
                ``send``, ``via``, ``gate``, ``expected``. The rest belongs to the page.

        Returns:
            The result. Its ``console`` is the page's console after this fetch: the lines of all its fetches so far, a
            line that repeats an earlier one counted once, as the browsers' consoles show it.

        Raises:
            ConfigError: an argument is unknown or wrong.

        """
        for name, value in options.items():
            if name in _OF_THE_PAGE:
                reason, hint = "it belongs to the page, not to a single fetch", f"Pass {name} to corscheck.Page()."
                raise invalid(name, value, reason, hint)
        asked = {**self._defaults, **read("Page.fetch", options, keywords.FetchKeywords.__annotations__)}
        question = replace(question_of(url, asked, self._app), index=self._index)
        self._index += 1
        with in_words_of_the_api(self._app):
            result = self._conversation.ask(question, self._caches)
        for engine, text in result.console.items():
            lines = self._console.setdefault(engine, [])
            lines += [line for line in (text or "").splitlines() if line not in lines]
        return replace(result, console={engine: "\n".join(lines) or None for engine, lines in self._console.items()})
