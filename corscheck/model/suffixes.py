"""Lookups in the Public Suffix List: the registrable domain and the public suffix of a host."""

from __future__ import annotations

from functools import cache


@cache
def _suffix_list() -> object:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def registrable_domain(host: str) -> str | None:
    """Return the registrable domain, with private suffixes. The list is loaded on first use (40 ms)."""
    found: str | None = _suffix_list().privatesuffix(host)  # type: ignore[attr-defined]
    return found


def known_suffix(host: str) -> str | None:
    """Return the public suffix if the list contains it. Names of tests and intranets have none."""
    found: str | None = _suffix_list().publicsuffix(host, accept_unknown=False)  # type: ignore[attr-defined]
    return found
