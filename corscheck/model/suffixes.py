"""The Public Suffix List: the registrable domain and the public suffix of a host."""

from __future__ import annotations

from functools import cache


@cache
def _suffix_list() -> object:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def registrable_domain(host: str) -> str | None:
    """The registrable domain by the Public Suffix List, private suffixes included; loaded when first needed (40 ms)."""
    found: str | None = _suffix_list().privatesuffix(host)  # type: ignore[attr-defined]
    return found


def known_suffix(host: str) -> str | None:
    """The public suffix, if the list has one for this host: names outside of it are a test's or an intranet's."""
    found: str | None = _suffix_list().publicsuffix(host, accept_unknown=False)  # type: ignore[attr-defined]
    return found
