"""The CORS-preflight cache. The caller passes the time in, in seconds.

Source: https://fetch.spec.whatwg.org/#cors-preflight-cache and ``preflight:7.8`` to ``7.16``. Engines differ in key,
wildcards, credentials and caps: see the ``cache_*`` and ``max_age_*`` entries in departures.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import get_all
from corscheck.protocol.request import CONDITIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.protocol.origin import URL
    from corscheck.protocol.request import CacheMode, Credentials, Headers

ACMA = "Access-Control-Max-Age"
DEFAULT_SECONDS = 5
_DIGITS = re.compile(r"[0-9]+")
_SIGNED = re.compile(r"[+-]?[0-9]+")


def max_age(headers: Headers, rules: Rules = STANDARD) -> int | None:
    """Return how many seconds a preflight response is cached, after the engine's cap; None means not at all.

    Zero or less means that the entry has expired at once.
    """
    values = get_all(headers, ACMA)
    # preflight:7.8: Access-Control-Max-Age is a single value; "600" sent twice joins to "600, 600" and does not parse.
    if rules.empty_fields_ignored:
        values = [v for v in values if v] or values[:1]
    text = ", ".join(values)
    # preflight:7.9: absent means 5 seconds, not "no caching". Servers that want no caching must send 0.
    if not text:
        return DEFAULT_SECONDS
    # Chromium and WebKit accept a sign: max_age_syntax and max_age_overflow in departures.py.
    if rules.max_age_syntax == "signed-integer":
        seconds = int(text) if _SIGNED.fullmatch(text) and len(text) < 4000 else None
        if seconds is not None and seconds > (rules.max_age_overflow or seconds):
            seconds = None
        if seconds is not None and seconds < 0:
            return None
    elif _DIGITS.fullmatch(text):
        # int() raises ValueError for more than 4300 digits; 4000 digits exceed every cap.
        seconds = int(text[:4000])
    elif rules.max_age_syntax == "digits-or-uncached":  # Firefox
        return None
    else:
        seconds = None
    if seconds is None:  # preflight:7.9: a value that does not parse counts as absent
        return DEFAULT_SECONDS
    # preflight:7.10: the user agent sets the cap: max_age_cap in departures.py.
    return seconds if rules.max_age_cap is None else min(seconds, rules.max_age_cap)


def effective_mode(mode: CacheMode, names: Iterable[str], rules: Rules) -> CacheMode:
    """Return the cache mode of a request with headers of these lower-case names.

    Source: https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch: a conditional header that script sets makes
    it "no-store". Chromium: conditional_request_revalidates in departures.py.
    """
    if mode != "default" or CONDITIONAL.isdisjoint(names):
        return mode
    return "no-cache" if rules.conditional_request_revalidates else "no-store"


class _Entry(Struct):
    """The permissions under one key: (method or lower-case header name, credentials flag) mapped to the expiry time.

    ``expires`` is when the last of them does, also of an entry without any.
    """

    methods: dict[tuple[str, bool], float] = field(default_factory=dict)
    headers: dict[tuple[str, bool], float] = field(default_factory=dict)
    expires: float = 0.0


class PreflightCache:
    """The preflight cache of one page (one network partition) under one engine's rules."""

    def __init__(self, rules: Rules = STANDARD) -> None:
        self.rules = rules
        self._entries: dict[tuple[str, str, bool], _Entry] = {}

    def reads(self, cache_mode: CacheMode) -> bool:
        """Whether a request with this cache mode uses the cache: always in the standard (``cache_bypassed_by``)."""
        return cache_mode not in self.rules.cache_bypassed_by

    def stores(self, cache_mode: CacheMode) -> bool:
        """Whether a preflight with this cache mode is stored. A mode that bypasses the cache may still store."""
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
        """Whether unexpired entries cover the method and every unsafe name, so that no preflight is sent.

        Source: ``http-fetch:4.1``. ``origin`` is the serialized request origin, ``now`` the time in seconds. With
        ``method_needed`` (the use-CORS-preflight flag) even a safelisted method needs an entry.
        """
        key = self._key(origin, url, credentials)
        entry = self._entries.get(key)
        if entry is None:
            return False
        covered = self._covers(entry, credentials, method, names, now, method_needed=method_needed)
        # Chromium and WebKit remove an entry that does not cover the request: cache_drops_unfit_entry.
        if not covered and self.rules.cache_drops_unfit_entry:
            del self._entries[key]
        return covered

    def _covers(
        self,
        entry: _Entry,
        credentials: Credentials,
        method: str,
        names: tuple[str, ...],
        now: float,
        *,
        method_needed: bool,
    ) -> bool:
        include = credentials == "include"
        # http-fetch:4.1: GET, HEAD and POST need no entry. Firefox wants one for HEAD: cache_unlisted_methods.
        safelisted = method in self.rules.cache_unlisted_methods
        if method_needed and safelisted:
            # The use-CORS-preflight flag: even a safelisted method needs an entry. No engine looks for the method in it:
            # cache_forced_needs_method in departures.py.
            if now >= entry.expires:
                return False
            safelisted = not self.rules.cache_forced_needs_method
        if not safelisted and not self._matches(entry.methods, method, include, now, wildcard=True):
            return False
        # https://fetch.spec.whatwg.org/#concept-cache-match-header: a cached * does not cover Authorization. Chromium
        # keeps this rule although its preflight check does not, so such a request is preflighted every time.
        by_wildcard = self.rules.cache_authorization_by_wildcard
        return all(
            self._matches(entry.headers, n, include, now, wildcard=by_wildcard or n != "authorization") for n in names
        )

    def _matches(
        self, tokens: dict[tuple[str, bool], float], token: str, include: bool, now: float, *, wildcard: bool
    ) -> bool:
        rules = self.rules
        for (stored, credentialed), expires in tokens.items():
            # https://fetch.spec.whatwg.org/#concept-cache-match: an entry made with credentials serves requests without
            # them, but not the other way round. Firefox keeps the two apart: cache_separates_credentials.
            if now >= expires or (include and not credentialed):
                continue
            if stored == token:
                return True
            # A cached * covers every method and name, even from an entry made with credentials, for which the preflight
            # itself took it literally. Chromium: cache_wildcards_literal_with_credentials. Firefox: cache_wildcards.
            literal = credentialed and rules.cache_wildcards_literal_with_credentials
            # WebKit looks at the request instead: cache_wildcards_without_credentials.
            literal = literal or (include and rules.cache_wildcards_without_credentials)
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
        """Store a successful preflight (``preflight:7.12`` to ``7.15``); ``seconds`` None means "do not cache"."""
        key = self._key(origin, url, credentials)
        # The standard adds to the entries of the same origin and URL. Chromium: cache_replaces_whole_entry.
        if self.rules.cache_replaces_whole_entry:
            self._entries.pop(key, None)
        limit = self.rules.cache_url_limit
        if not seconds or seconds < 0 or (limit is not None and len(url.href) >= limit):
            return
        entry = self._entries.setdefault(key, _Entry())
        flag = credentials == "include"
        entry.expires = max(entry.expires, now + seconds)
        for method in methods:
            entry.methods[method, flag] = now + seconds
        for name in names:
            entry.headers[name.lower(), flag] = now + seconds

    def clear(self, origin: str, url: URL) -> None:
        """Remove every entry for this origin and URL: https://fetch.spec.whatwg.org/#concept-cache-clear."""
        for flag in (True, False):
            self._entries.pop((origin, self._url(url), flag), None)

    def _key(self, origin: str, url: URL, credentials: Credentials) -> tuple[str, str, bool]:
        separate = self.rules.cache_separates_credentials and credentials == "include"
        return (origin, self._url(url), separate)

    def _url(self, url: URL) -> str:
        # The query is part of the key: another query needs another preflight. The fragment: cache_key_has_fragment.
        return url.href if self.rules.cache_key_has_fragment else url.without_fragment
