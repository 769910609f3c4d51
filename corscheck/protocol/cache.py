"""The preflight cache: what a page remembers of preflights that were answered. Time is passed in, in seconds.

Source: Fetch, *CORS-preflight cache* and ``preflight:7.8-7.16``. Engines differ in almost every respect of it (key,
wildcards, credentials, caps); the switches are in ``engines.Rules``.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import get_all
from corscheck.records import dataclass

if TYPE_CHECKING:
    from corscheck.protocol.origin import URL
    from corscheck.protocol.request import CacheMode, Credentials, Headers

ACMA = "Access-Control-Max-Age"
DEFAULT_SECONDS = 5
_DIGITS = re.compile(r"[0-9]+")
_SIGNED = re.compile(r"[+-]?[0-9]+")


def max_age(headers: Headers, rules: Rules = STANDARD) -> int | None:
    """How many seconds a preflight with this answer is cached, after the engine's cap; None: not at all.

    Zero and less: it has expired as soon as it is stored.
    """
    values = get_all(headers, ACMA)
    if rules.empty_fields_ignored:
        values = [v for v in values if v] or values[:1]
    text = ", ".join(values)
    if not text:
        return DEFAULT_SECONDS
    if rules.max_age_syntax == "signed-integer":
        seconds = int(text) if _SIGNED.fullmatch(text) and len(text) < 4000 else None
        if seconds is not None and seconds > (rules.max_age_overflow or seconds):
            seconds = None
        if seconds is not None and seconds < 0:
            return None
    elif _DIGITS.fullmatch(text):
        # More digits than any cap; int() refuses to convert very long ones.
        seconds = int(text[:4000])
    elif rules.max_age_syntax == "digits-or-uncached":
        return None
    else:
        seconds = None
    if seconds is None:
        return DEFAULT_SECONDS
    return seconds if rules.max_age_cap is None else min(seconds, rules.max_age_cap)


@dataclass(slots=True)
class _Entry:
    """What one key allows: (method or lower-case name, made with credentials) to its time of expiry."""

    methods: dict[tuple[str, bool], float] = field(default_factory=dict)
    headers: dict[tuple[str, bool], float] = field(default_factory=dict)


class PreflightCache:
    """The entries of one page (one network partition) under one engine's rules."""

    def __init__(self, rules: Rules = STANDARD) -> None:
        self.rules = rules
        self._entries: dict[tuple[str, str, bool], _Entry] = {}

    def reads(self, cache_mode: CacheMode) -> bool:
        """Whether a request of this cache mode looks at the cache."""
        return cache_mode not in self.rules.cache_bypassed_by

    def stores(self, cache_mode: CacheMode) -> bool:
        """Whether a preflight of this cache mode fills it: modes that bypass it may."""
        return cache_mode not in self.rules.cache_not_stored_by

    def covers(
        self,
        origin: str,
        url: URL,
        credentials: Credentials,
        method: str,
        names: tuple[str, ...],
        now: float,
        *,
        method_needed: bool = False,
    ) -> bool:
        """Whether entries that have not expired allow this method and every unsafe name, so that no preflight is needed.

        ``method_needed`` says that even a safelisted method must have an entry (use-CORS-preflight flag).
        """
        entry = self._entries.get(self._key(origin, url, credentials))
        if entry is None:
            return False
        include = credentials == "include"
        if (method_needed or method not in self.rules.cache_unlisted_methods) and not self._matches(
            entry.methods, method, include, now, wildcard=True
        ):
            return False
        by_wildcard = self.rules.cache_authorization_by_wildcard
        return all(
            self._matches(entry.headers, n, include, now, wildcard=by_wildcard or n != "authorization") for n in names
        )

    def _matches(
        self, tokens: dict[tuple[str, bool], float], token: str, include: bool, now: float, *, wildcard: bool
    ) -> bool:
        rules = self.rules
        for (stored, credentialed), expires in tokens.items():
            if now >= expires or (include and not credentialed):
                continue
            if stored == token:
                return True
            literal = credentialed and rules.cache_wildcards_literal_with_credentials
            if stored == "*" and wildcard and rules.cache_wildcards and not literal:
                return True
        return False

    def store(
        self,
        origin: str,
        url: URL,
        credentials: Credentials,
        methods: tuple[str, ...],
        names: tuple[str, ...],
        seconds: int | None,
        now: float,
    ) -> None:
        """Remember an answered preflight (``preflight:7.11-7.16``); ``seconds`` None means that it is not cached."""
        key = self._key(origin, url, credentials)
        if self.rules.cache_replaces_whole_entry:
            self._entries.pop(key, None)
        limit = self.rules.cache_url_limit
        if not seconds or seconds < 0 or (limit is not None and len(url.href) >= limit):
            return
        entry = self._entries.setdefault(key, _Entry())
        flag = credentials == "include"
        for method in methods:
            entry.methods[method, flag] = now + seconds
        for name in names:
            entry.headers[name.lower(), flag] = now + seconds

    def clear(self, origin: str, url: URL) -> None:
        """Forget everything for this origin and URL (a network error of the whole CORS-with-preflight fetch)."""
        for flag in (True, False):
            self._entries.pop((origin, self._url(url), flag), None)

    def _key(self, origin: str, url: URL, credentials: Credentials) -> tuple[str, str, bool]:
        separate = self.rules.cache_separates_credentials and credentials == "include"
        return (origin, self._url(url), separate)

    def _url(self, url: URL) -> str:
        return url.href if self.rules.cache_key_has_fragment else url.without_fragment
