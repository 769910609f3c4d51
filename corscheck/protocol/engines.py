"""Where each engine departs from the Fetch Standard: a table of departures with their evidence.

``Rules`` holds the switches of the algorithm; the defaults follow the standard. A ``Departure`` sets one switch for one
engine. The algorithm reads only the switches and never the engine's name, so a new engine needs table rows and no code.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import fields, replace

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
    mixed_content_before_userinfo: bool = False
    mixed_content_blocks_loopback: bool = False
    ftp_location_fails_in_every_mode: bool = False
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
    head_syntax: HeadSyntax = "agreed"
    different_lengths_undecided: bool = False


class Departure(Struct, frozen=True):
    """One departure of one engine from the standard.

    ``rule`` is a field of ``Rules`` and ``value`` its setting. ``subject``, ``standard`` and ``differs`` describe it.
    ``since`` is the engine's first version that departs (None: unknown), ``evidence`` says how it was established.
    """

    engine: str
    rule: str
    value: Any
    subject: str
    standard: str
    differs: str
    evidence: str
    since: str | None = None


class Engine(Struct, frozen=True):
    """An engine: its rules, their basis (standard text, recordings or source code), and the recorded version."""

    name: str
    title: str
    basis: Basis
    rules: Rules
    version: str | None = None


_REC = "recorded with Chromium 156 and Firefox 153"
_WK = "recorded with WebKitGTK 2.50.6"

_GIVEN_UP_EARLY = ("blob", "chrome", "data", "file", "javascript", "moz-extension", "resource", "view-source")

# fmt: off
DEPARTURES: tuple[Departure, ...] = (
    # Chromium
    Departure("chromium", "authorization_covered_by_wildcard", True,
              "Authorization under Access-Control-Allow-Headers: *", "must be listed by name (preflight:7.6)",
              "is covered by *, silently", f"{_REC}; features.cc: CorsNonWildcardRequestHeadersSupport is off by default"),
    Departure("chromium", "max_age_syntax", "signed-integer",
              "Access-Control-Max-Age that is not digits only", "counts as absent: 5 seconds",
              "a negative number is not cached, +600 is 600, other text counts as absent",
              f"{_REC}; preflight_result_unittest MaxAge"),
    Departure("chromium", "max_age_cap", 7200,
              "longest time a preflight is cached", "up to the user agent", "7200 seconds",
              "preflight_result.cc (the cap itself was not waited for)"),
    Departure("chromium", "max_age_overflow", 2**63 - 1,
              "Access-Control-Max-Age beyond 64 bits", "is capped", "counts as absent: 5 seconds", _REC),
    Departure("chromium", "forced_preflight_allows_unlisted_method", False,
              "forced preflight (upload listener) without Access-Control-Allow-Methods",
              "an unlisted method passes (preflight:7.4)", "the method must be listed", f"{_REC} (XMLHttpRequest)"),
    Departure("chromium", "upload_listener_needs_body", True,
              "upload listener on a request without a body", "is preflighted", "is not", f"{_REC} (XMLHttpRequest)"),
    Departure("chromium", "client_hints_safelisted", True,
              "Device-Memory, DPR, Width, Viewport-Width, RTT, Downlink, ECT, Save-Data, Intervention as request headers",
              "cause a preflight", "do not, when the value is a usable one", f"{_REC}; cors.cc, cors_unittest.cc"),
    Departure("chromium", "range_number_limit", 2**63 - 1,
              "Range with a very large number", "is safelisted", "causes a preflight from 2^63-1 on", _REC),
    Departure("chromium", "user_agent_forbidden", True,
              "User-Agent set by script", "is sent and causes a preflight", "is dropped silently",
              f"{_REC}; http_util.cc, crbug 40450316"),
    Departure("chromium", "repeated_headers_combined", True,
              "a header appended twice", "each value is judged by itself", "the combined value is judged", _REC),
    Departure("chromium", "preflight_redirect_first", True,
              "which fault of a preflight is named first", "not specified",
              "a redirect, then the CORS check, the status, the lists", _REC),
    Departure("chromium", "redirect_error_needs_location", True,
              "redirect mode error, redirect status without Location", "is blocked", "is delivered", _REC),
    Departure("chromium", "empty_location_delivers", True,
              "an empty Location", "redirects to the same URL", "the response is delivered as it is", _REC),
    Departure("chromium", "identical_locations_count_once", True,
              "two identical Location fields", "are blocked", "are followed", _REC),
    Departure("chromium", "own_origin_userinfo_blocked", True,
              "userinfo in a Location from the page's own origin to itself", "is followed", "is blocked", _REC),
    Departure("chromium", "proxy_authentication_blocked", True,
              "407 from a server", "is a network error or a prompt",
              "is a network error, on a preflight too (net::ERR_UNEXPECTED_PROXY_AUTH)", _REC),
    Departure("chromium", "cache_key_has_fragment", True,
              "preflight cache: another #fragment", "is the same entry", "is another entry", _REC),
    Departure("chromium", "cache_url_limit", 1024,
              "preflight cache: URLs of 1024 characters and more", "are cached", "are not", "preflight_cache.cc"),
    Departure("chromium", "cache_for_opaque_origins", False,
              "preflight cache: opaque origin, or after a redirect taint", "is used",
              "is used within one fetch() only for an opaque origin, never after a taint",
              f"{_REC}; redirect loops measured with Chromium 156"),
    Departure("chromium", "cache_bypassed_by", ("no-store", "reload", "no-cache"),
              "preflight cache: fetch's cache mode", "plays no part", "no-store, reload and no-cache bypass it", _REC),
    Departure("chromium", "cache_not_stored_by", ("no-store",),
              "preflight cache: cache mode no-store", "plays no part", "stores nothing", _REC),
    Departure("chromium", "cache_kept_after_failure", True,
              "preflight cache: after an actual response that fails", "entries are removed", "the entry stays", _REC),
    Departure("chromium", "cache_replaces_whole_entry", True,
              "preflight cache: a second preflight for the same URL", "adds to the entries", "replaces the entry",
              "preflight_cache.cc"),
    Departure("chromium", "cache_drops_unfit_entry", True,
              "preflight cache: an entry that does not cover a request", "stays", "is removed",
              "recorded with Chromium 156; preflight_cache.cc"),
    Departure("chromium", "cache_wildcards_literal_with_credentials", True,
              "preflight cache: * in an entry made with credentials", "covers other methods and names", "is a literal",
              "preflight_result.cc"),
    Departure("chromium", "locations_refused_first", (),
              "a malformed Location on an answer that fails the CORS check", "fails the CORS check",
              "fails as a redirect, without a CORS text", "measured with Chromium 156"),
    Departure("chromium", "malformed_location_fails_in_every_mode", True,
              "a malformed Location under redirect mode manual or error", "plays no part",
              "is a network error (net::ERR_INVALID_REDIRECT)", "measured with Chromium 156"),
    Departure("chromium", "mode_before_mixed_content", True,
              "mode same-origin and mixed content at once", "is named as mixed content", "is named as a matter of the mode",
              "measured with Chromium 156"),
    Departure("chromium", "userinfo_before_redirect_error", True,
              "redirect mode error and a Location with userinfo", "is named as a matter of the redirect mode",
              "is named as a matter of the userinfo", "measured with Chromium 156"),
    Departure("chromium", "redirect_drops", ("device-memory", "dpr", "width", "viewport-width", "rtt", "downlink", "ect"),
              "client hints set by script (DPR, Width, Viewport-Width, RTT, Downlink, ECT, Device-Memory), on a redirect",
              "travel along", "are removed", "measured with Chromium 156"),
    Departure("chromium", "cache_forced_needs_method", False,
              "preflight cache: a safelisted method under an upload listener", "must be listed", "needs an entry, not its method",
              f"{_REC} (XMLHttpRequest)"),
    Departure("chromium", "path_pipe_encoded", True,
              "| in the path of a URL", "is sent as it is", "is sent as %7C", _REC),
    Departure("chromium", "invalid_punycode_allowed", True,
              "an invalid xn-- label in a host", "is an invalid URL", "is allowed", "measured with Chromium 156"),
    Departure("chromium", "range_rewritten", True,
              "Range: BYTES=00-1 of a GET", "is sent as it is", "is sent as bytes=0-1", "measured with Chromium 156"),
    Departure("chromium", "conditional_request_revalidates", True,
              "If-None-Match and the like set by script", "makes the cache mode no-store: Pragma and Cache-Control say no-cache",
              "makes the cache mode no-cache: Cache-Control says max-age=0", _REC),
    Departure("chromium", "preflight_has_cache_headers", True,
              "Cache-Control and Pragma of fetch's cache mode", "are sent with the actual request",
              "are sent with the preflight too", _REC),
    Departure("chromium", "head_syntax", "tolerant",
              "a response that is not valid HTTP/1", "is left to the client: a verdict if Chromium and Firefox agree",
              "a broken status line is repaired, whitespace before a colon is removed; NUL in the head and a 101 are blocked",
              f"{_REC}; http_response_headers.cc, http_stream_parser.cc"),
    # Firefox
    Departure("firefox", "authorization_covered_by_wildcard", True,
              "Authorization under Access-Control-Allow-Headers: *", "must be listed by name (preflight:7.6)",
              "is covered by *, with a warning in the console",
              f"{_REC}; network.cors_preflight.authorization_covered_by_wildcard", since="115"),
    Departure("firefox", "warns_authorization_by_wildcard", True,
              "Authorization under *: console", "says nothing", "warns that it will be disallowed soon", _REC),
    Departure("firefox", "max_age_syntax", "digits-or-uncached",
              "Access-Control-Max-Age that is not digits only", "counts as absent: 5 seconds",
              "is not cached at all; an empty value counts as absent", _REC),
    Departure("firefox", "max_age_cap", 86400,
              "longest time a preflight is cached", "up to the user agent", "86400 seconds",
              "nsCORSListenerProxy.cpp (the cap itself was not waited for)"),
    Departure("firefox", "forced_preflight_allows_unlisted_method", False,
              "forced preflight (upload listener) without Access-Control-Allow-Methods",
              "an unlisted method passes (preflight:7.4)", "the method must be listed", f"{_REC} (XMLHttpRequest)"),
    Departure("firefox", "request_streams", False,
              "a ReadableStream as body", "forces a preflight, is sent",
              "is sent as the text [object ReadableStream], no preflight", _REC),
    Departure("firefox", "range_number_limit", 2**64,
              "Range with a very large number", "is safelisted", "causes a preflight from 2^64 on", _REC),
    Departure("firefox", "safelisted_total_limit", None,
              "safelisted headers of more than 1024 bytes together", "cause a preflight", "do not", _REC),
    Departure("firefox", "repeated_headers_named_each", True,
              "a header appended twice, in Access-Control-Request-Headers", "is named once", "is named once for each field",
              _REC),
    Departure("firefox", "high_bytes_safelisted", False,
              "bytes 80 to FF in Accept or in a Content-Type parameter", "are safelisted", "cause a preflight", _REC),
    Departure("firefox", "gecko_content_type", True,
              "odd Content-Type parameters (text/plain;;; or a comma)", "are safelisted", "cause a preflight",
              f"{_REC}; nsURLHelper.cpp"),
    Departure("firefox", "preflight_lists_in_turn", True,
              "which fault of a preflight is named first", "not specified",
              "the CORS check, redirect or status, Allow-Methods, Allow-Headers", _REC),
    Departure("firefox", "locations_refused_first", _GIVEN_UP_EARLY,
              "a malformed Location, or one to blob:, data:, file:, javascript:, on an answer that fails the CORS check",
              "fails the CORS check", "fails as a request", "measured with Firefox 153"),
    Departure("firefox", "preflight_location_needs_follow", True,
              "a redirected preflight under redirect mode manual or error", "is named as a redirect",
              "is named as a status that is not ok", "measured with Firefox 153"),
    Departure("firefox", "preflight_origin_stays", True,
              "Origin of a preflight after a redirect taint", "null",
              "the page's origin, and the answer is checked against it; the request after it says null", _REC),
    Departure("firefox", "preflight_sticks", True,
              "a hop on which nothing unsafe is left (POST or PUT made GET, Authorization removed)", "is not preflighted",
              "is preflighted after a preflight, or when script set an unsafe header", _REC),
    Departure("firefox", "preflight_to_own_origin_unchecked", True,
              "a preflight after a redirect back to the page's own origin", "its answer has to pass the CORS check",
              "its status and lists are judged, the CORS check is left out", _REC),
    Departure("firefox", "empty_fields_ignored", True,
              "a header twice, one field empty", "the values are joined", "the empty one is ignored", _REC),
    Departure("firefox", "identical_locations_count_once", True,
              "two identical Location fields", "are blocked", "are followed", _REC),
    Departure("firefox", "cache_by_page_origin", True,
              "preflight cache after a redirect taint", "is keyed by null", "is keyed by the page's origin", _REC),
    Departure("firefox", "cache_key_has_fragment", True,
              "preflight cache: another #fragment", "is the same entry", "is another entry", _REC),
    Departure("firefox", "cache_separates_credentials", True,
              "preflight cache: entry made with credentials", "serves requests without", "does not", _REC),
    Departure("firefox", "cache_wildcards", False,
              "preflight cache: * in the lists", "covers other methods and names", "covers none", _REC),
    Departure("firefox", "cache_unlisted_methods", ("GET", "POST"),
              "preflight cache: HEAD", "needs no entry", "must be listed", f"{_REC}; nsCORSListenerProxy.cpp"),
    Departure("firefox", "cache_bypassed_by", ("no-store", "reload"),
              "preflight cache: fetch's cache mode", "plays no part", "no-store and reload bypass it", _REC),
    Departure("firefox", "mode_before_mixed_content", True,
              "mode same-origin and mixed content at once", "is named as mixed content", "is named as a matter of the mode",
              "measured with Firefox 153"),
    Departure("firefox", "cache_forced_needs_method", False,
              "preflight cache: a safelisted method under an upload listener", "must be listed", "needs an entry, not its method",
              f"{_REC} (XMLHttpRequest)"),
    Departure("firefox", "corp_unknown_value_passes", True,
              "unknown Cross-Origin-Resource-Policy on a page with COEP require-corp", "counts as same-origin", "is ignored", _REC),
    Departure("firefox", "location_escapes_controls", True,
              "blanks and control characters in a Location", "are removed, or trimmed at its ends", "are percent-encoded", _REC),
    Departure("firefox", "mixed_content_before_redirect_check", True,
              "a redirect to http from an https page, on an answer that fails the CORS check", "fails the CORS check",
              "is blocked as mixed content", "measured with Firefox 153"),
    Departure("firefox", "mixed_content_before_userinfo", True,
              "a redirect from an https page to an http URL with userinfo", "is named as a matter of the userinfo",
              "is named as mixed content", "measured with Firefox 153"),
    Departure("firefox", "repeated_values_replace", True,
              "a header set several times", "has its values combined",
              "an empty value, and each one of a header like Authorization, takes the place of those before",
              "measured with Firefox 153; nsHttpHeaderArray.h, IsSingletonHeader"),
    Departure("firefox", "body_type_is_first", True,
              "Content-Type set twice, with a body", "is combined", "the first is sent", _REC),
    Departure("firefox", "hosts_forbid", '*"',
              "* or \" in a host", "is allowed", "is an invalid URL", "measured with Firefox 153"),
    Departure("firefox", "preflight_has_cache_headers", True,
              "Cache-Control and Pragma of fetch's cache mode", "are sent with the actual request",
              "are sent with the preflight too", _REC),
    Departure("firefox", "priority", "u=4",
              "Priority", "is not sent over HTTP/1.1", "is sent: u=4", _REC),
    Departure("firefox", "head_syntax", "strict",
              "a response that is not valid HTTP/1", "is left to the client: a verdict if Chromium and Firefox agree",
              "a broken status line, or a body that breaks at once, is blocked; a malformed header line is ignored",
              f"{_REC}; nsHttpTransaction.cpp, nsHttpResponseHead.cpp"),
    # WebKit
    Departure("webkit", "authorization_covered_by_wildcard", True,
              "Authorization under Access-Control-Allow-Headers: *", "must be listed by name (preflight:7.6)",
              "is covered by *", "CrossOriginPreflightResultCache.cpp"),
    Departure("webkit", "cache_authorization_by_wildcard", True,
              "preflight cache: Authorization under *", "is not covered", "is covered",
              "CrossOriginPreflightResultCache.cpp"),
    Departure("webkit", "max_age_syntax", "signed-integer",
              "Access-Control-Max-Age that is not digits only", "counts as absent: 5 seconds",
              "a negative number has expired at once, +600 is 600, other text counts as absent",
              "CrossOriginAccessControl.cpp"),
    Departure("webkit", "max_age_cap", 600,
              "longest time a preflight is cached", "up to the user agent", "600 seconds",
              "CrossOriginPreflightResultCache.cpp"),
    Departure("webkit", "max_age_overflow", 2**63 - 1,
              "Access-Control-Max-Age beyond 64 bits", "is capped", "counts as absent: 5 seconds",
              "CrossOriginAccessControl.cpp"),
    Departure("webkit", "forced_preflight_allows_unlisted_method", False,
              "forced preflight (upload listener) without Access-Control-Allow-Methods",
              "an unlisted method passes (preflight:7.4)", "the method must be listed", "CrossOriginAccessControl.cpp"),
    Departure("webkit", "range_unit_ignores_case", True,
              "Range: BYTES=0-1", "causes a preflight", "is safelisted", "HTTPParsers.cpp (a downstream copy)"),
    Departure("webkit", "range_number_limit", 2**64,
              "Range with a very large number", "is safelisted", "causes a preflight", "HTTPParsers.cpp (a downstream copy)"),
    Departure("webkit", "safelisted_total_limit", None,
              "safelisted headers of more than 1024 bytes together", "cause a preflight", "do not",
              "CrossOriginAccessControl.cpp"),
    Departure("webkit", "repeated_headers_combined", True,
              "a header appended twice", "each value is judged by itself", "the combined value is judged",
              "FetchHeaders.cpp"),
    Departure("webkit", "preflight_status_first", True,
              "which fault of a preflight is named first", "not specified", "the status, then the CORS check, the lists",
              "CrossOriginAccessControl.cpp"),
    Departure("webkit", "range_takes_sign", True,
              "Range: bytes=+1-2", "causes a preflight", "is safelisted", f"{_WK}; HTTPParsers.cpp, parseRange"),
    Departure("webkit", "preflight_sticks", True,
              "a hop on which nothing unsafe is left (POST or PUT made GET, Authorization removed)", "is not preflighted",
              "is preflighted after a preflight, or when script set an unsafe header",
              f"{_WK}; NetworkLoadChecker.cpp, m_isSimpleRequest"),
    Departure("webkit", "preflight_names_stay", True,
              "Content-Type or Authorization that a redirect removed", "is not asked about",
              "is still named in Access-Control-Request-Headers", f"{_WK}; NetworkLoadChecker.cpp, checkCORSRequest"),
    Departure("webkit", "preflight_before_redirect_refusal", True,
              "a redirect to http, or one from the page's own origin that is refused, to a hop that needs a preflight",
              "is refused, and nothing more is sent", "is refused after that preflight", f"{_WK}; SubresourceLoader.cpp"),
    Departure("webkit", "redirects_from_own_origin_need_credentials", True,
              "a redirect of a foreign server, after the page's own origin, credentials mode same-origin",
              "is checked without credentials", "is checked as if with credentials: * does not do",
              f"{_WK}; SubresourceLoader.cpp, checkRedirectionCrossOriginAccessControl"),
    Departure("webkit", "redirect_error_needs_location", True,
              "redirect mode error, redirect status without Location or with an empty one", "is blocked", "is delivered",
              f"{_WK}; SubresourceLoader.cpp, didReceiveResponse"),
    Departure("webkit", "empty_location_fails", True,
              "an empty Location", "redirects to the same URL", "is blocked at once, without a word",
              f"{_WK}; SubresourceLoader.cpp, didReceiveResponse"),
    Departure("webkit", "ftp_location_fails_in_every_mode", True,
              "a Location to ftp: under redirect mode manual or error, or on an answer that fails the CORS check",
              "plays no part", "is a network error (FTP URLs are disabled)", "measured with WebKitGTK 2.50.6"),
    Departure("webkit", "mixed_content_blocks_loopback", True,
              "an https page and a loopback address over http (http://localhost, http://127.0.0.1)",
              "is not mixed content", "is blocked as mixed content", "measured with WebKitGTK 2.50.6"),
    Departure("webkit", "mode_before_mixed_content", True,
              "mode same-origin and mixed content at once", "is named as mixed content", "is named as a matter of the mode", _WK),
    Departure("webkit", "different_lengths_undecided", True,
              "different values of Content-Length", "the response is rejected (RFC 9112, section 6.3)",
              "no verdict: WebKitGTK reads it, which its HTTP library decides; Safari has another one", _WK),
    Departure("webkit", "cache_key_has_fragment", True,
              "preflight cache: another #fragment", "is the same entry", "is another entry", _WK),
    Departure("webkit", "cache_kept_after_failure", True,
              "preflight cache: after an actual response that fails", "entries are removed", "the entry stays", _WK),
    Departure("webkit", "cache_replaces_whole_entry", True,
              "preflight cache: a second preflight for the same URL", "adds to the entries", "replaces the entry", _WK),
    Departure("webkit", "cache_stores_refused_lists", True,
              "preflight cache: an answer whose lists refuse the request", "is not cached",
              "is cached, and serves the requests that it does allow",
              f"{_WK}; CrossOriginAccessControl.cpp, validatePreflightResponse"),
    Departure("webkit", "cache_drops_unfit_entry", True,
              "preflight cache: an entry that does not cover a request", "stays", "is removed",
              f"{_WK}; CrossOriginPreflightResultCache.cpp, canSkipPreflight"),
    Departure("webkit", "cache_wildcards_without_credentials", True,
              "preflight cache: * and a request with credentials", "covers it", "does not cover it", _WK),
    Departure("webkit", "cache_forced_needs_method", False,
              "preflight cache: a safelisted method under an upload listener", "must be listed", "needs an entry, not its method",
              f"{_WK} (XMLHttpRequest)"),
    Departure("webkit", "mixed_content_before_userinfo", True,
              "a redirect from an https page to an http URL with userinfo", "is named as a matter of the userinfo",
              "is named as mixed content", _WK),
    Departure("webkit", "coep_credentialless", False,
              "Cross-Origin-Embedder-Policy: credentialless", "sends no credentials in mode no-cors", "is not supported", _WK),
    Departure("webkit", "preflight_has_user_agent", True,
              "User-Agent set by script", "is not sent with the preflight", "is", _WK),
    Departure("webkit", "encodings_to_trustworthy", "gzip, deflate, br",
              "Accept-Encoding over https", "up to the user agent", "gzip, deflate, br", _WK),
    Departure("webkit", "encodings_by_scheme", True,
              "Accept-Encoding to http://localhost", "up to the user agent", "as to other http addresses",
              "libsoup's content decoder"),
)
# fmt: on


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
