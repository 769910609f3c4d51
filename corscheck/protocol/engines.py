"""The engines and the switches in which they differ.

``Rules`` holds the switches of the algorithm; the defaults follow the standard. A row of ``departures.DEPARTURES`` sets one
switch for one engine. The algorithm reads only the switches and never the engine's name, so a new engine needs
table rows and no code.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import fields, replace

from corscheck.protocol.departures import DEPARTURES

MaxAgeSyntax: TypeAlias = Literal["delta-seconds", "signed-integer", "digits-or-uncached"]
HeadSyntax: TypeAlias = Literal["agreed", "tolerant", "strict"]
Basis: TypeAlias = Literal["text", "recorded", "source"]


class Rules(Struct, frozen=True):
    """The switches of the algorithm. Each default follows the standard; ``DEPARTURES`` explains each switch.

    Limits: ``range_number_limit`` is the first number that fails, ``safelisted_total_limit`` is in bytes,
    ``max_age_cap`` and ``max_age_overflow`` are in seconds, ``cache_url_limit`` is in characters. None means no limit.
    """

    authorization_covered_by_wildcard: bool = False
    forced_preflight_allows_unlisted_method: bool = True
    upload_listener_needs_body: bool = False
    request_streams: bool = True
    client_hints_safelisted: bool = False
    range_unit_ignores_case: bool = False
    range_takes_sign: bool = False
    range_number_limit: int | None = None
    user_agent_forbidden: bool = False
    safelisted_total_limit: int | None = 1024
    repeated_headers_combined: bool = False
    repeated_headers_named_each: bool = False
    high_bytes_safelisted: bool = True
    gecko_content_type: bool = False
    max_age_syntax: MaxAgeSyntax = "delta-seconds"
    max_age_cap: int | None = None
    max_age_overflow: int | None = None
    preflight_origin_stays: bool = False
    preflight_sticks: bool = False
    preflight_names_stay: bool = False
    preflight_names_by_last_redirect: bool = False
    preflight_before_redirect_refusal: bool = False
    preflight_to_own_origin_unchecked: bool = False
    empty_fields_ignored: bool = False
    preflight_status_first: bool = False
    preflight_redirect_first: bool = False
    preflight_lists_in_turn: bool = False
    locations_refused_first: tuple[str, ...] | None = None
    malformed_location_fails_in_every_mode: bool = False
    mode_before_mixed_content: bool = False
    mixed_content_before_redirect_check: bool = False
    mixed_content_before_userinfo: Literal["never", "own-origin", "always"] = "never"
    mixed_content_blocks_loopback: bool = False
    ftp_location_fails_in_every_mode: bool = False
    scheme_relative_delete_becomes_get: bool = False
    userinfo_before_redirect_error: bool = False
    preflight_location_needs_follow: bool = False
    redirect_drops: tuple[str, ...] = ()
    redirect_error_needs_location: bool = False
    empty_location_delivers: bool = False
    empty_location_fails: bool = False
    redirects_from_own_origin_need_credentials: bool = False
    identical_locations_count_once: bool = False
    own_origin_userinfo_blocked: bool = False
    proxy_authentication_blocked: bool = False
    cache_key_has_fragment: bool = False
    cache_url_limit: int | None = None
    cache_for_opaque_origins: bool = True
    cache_by_page_origin: bool = False
    cache_separates_credentials: bool = False
    cache_wildcards: bool = True
    cache_authorization_by_wildcard: bool = False
    cache_unlisted_methods: tuple[str, ...] = ("GET", "HEAD", "POST")
    cache_bypassed_by: tuple[str, ...] = ()
    cache_not_stored_by: tuple[str, ...] = ()
    cache_kept_after_failure: bool = False
    cache_stores_refused_lists: bool = False
    cache_drops_unfit_entry: bool = False
    cache_wildcards_without_credentials: bool = False
    cache_replaces_whole_entry: bool = False
    cache_wildcards_literal_with_credentials: bool = False
    cache_forced_needs_method: bool = True
    warns_authorization_by_wildcard: bool = False
    corp_unknown_value_passes: bool = False
    coep_credentialless: bool = True
    location_escapes_controls: bool = False
    path_pipe_encoded: bool = False
    hosts_forbid: str = ""
    invalid_punycode_allowed: bool = False
    repeated_values_replace: bool = False
    body_type_is_first: bool = False
    range_rewritten: bool = False
    conditional_request_revalidates: bool = False
    preflight_has_cache_headers: bool = False
    preflight_has_user_agent: bool = False
    encodings_to_trustworthy: str = "gzip, deflate, br, zstd"
    encodings_by_scheme: bool = False
    priority: str | None = None
    origin_null_on_downgrade: bool = True
    origin_null_across_origins: bool = False
    origin_stays_within_origin: bool = False
    head_syntax: HeadSyntax = "agreed"
    different_lengths_undecided: bool = False


class Engine(Struct, frozen=True):
    """An engine: its rules, their basis (standard text, recordings or source code), and the recorded version."""

    name: str
    title: str
    basis: Basis
    rules: Rules
    version: str | None = None


def _engine(name: str, title: str, basis: Basis, version: str | None = None) -> Engine:
    switches = {d.rule: d.value for d in DEPARTURES if d.engine == name}
    unknown = switches.keys() - {f.name for f in fields(Rules)}
    assert not unknown, f"{name}: no such rule: {unknown}"
    return Engine(name, title, basis, replace(Rules(), **switches), version)


ENGINES: dict[str, Engine] = {
    "standard": _engine("standard", "the standard", "text"),
    "chromium": _engine("chromium", "Chromium", "recorded", "156"),
    "firefox": _engine("firefox", "Firefox", "recorded", "153"),
    "webkit": _engine("webkit", "WebKit", "recorded", "2.50.6"),
}
STANDARD = ENGINES["standard"].rules
