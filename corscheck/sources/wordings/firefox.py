"""Firefox's sentences: security.properties and necko.properties of Firefox 153, in English and in its other languages.

A sentence is a lead, which names the URL, and a reason in parentheses. The name of the string is also the last part of the
MDN address that the console shows behind it, in every language.
"""

from __future__ import annotations

import json
from importlib import resources

from corscheck.sources.wordings.wording import (
    EXTERNAL_REDIRECT,
    HEADERS,
    NETWORK,
    REFUSED_REDIRECTS,
    TOPICS,
    Wording,
    table,
)

_KEYS: dict[str, tuple[str, ...]] = {
    "CORSDisabled": ("CORS902",),
    "CORSDidNotSucceed": (*REFUSED_REDIRECTS, *NETWORK, "CORS201", "CORS202"),
    "CORSOriginHeaderNotAdded": ("CORS301",),
    "CORSExternalRedirectNotAllowed": EXTERNAL_REDIRECT,
    "CORSRequestNotHttp": ("CORS204", "CORS502"),
    "CORSMissingAllowOrigin": ("CORS301",),
    "CORSMultipleAllowOriginNotAllowed": ("CORS303",),
    "CORSAllowOriginNotMatchingOrigin": ("CORS303", "CORS304", "CORS305", "CORS306"),
    "CORSNotSupportingCredentials": ("CORS302",),
    "CORSMethodNotFound": ("CORS405",),
    "CORSMissingAllowCredentials": ("CORS307",),
    "CORSPreflightDidNotSucceed": ("CORS401",),
    "CORSInvalidAllowMethod": ("CORS403",),
    "CORSInvalidAllowHeader": ("CORS404",),
    "CORSMissingAllowHeaderFromPreflight": HEADERS,
    "CORSAllowHeaderFromPreflightDeprecation": ("CORS406", "CORS709"),
    "BlockMixedActiveContent": ("CORS202",),
    "CORPBlocked": ("CORS308",),
}
"""The codes of each string. The strings' own names may end in a number, which grows when the English text changes."""

_VAGUE = ("CORSDisabled", "CORSDidNotSucceed")
"""Strings that Firefox also prints for a request about which another line says more."""

_LEADS = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason:",
    "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {url} soon. (Reason:",
)
_REASONS = {
    "CORS disabled": "CORSDisabled",
    "CORS request did not succeed). Status code: {status}": "CORSDidNotSucceed",
    "CORS header 'Origin' cannot be added": "CORSOriginHeaderNotAdded",
    "CORS request external redirect not allowed": "CORSExternalRedirectNotAllowed",
    "CORS request not http": "CORSRequestNotHttp",
    "CORS header 'Access-Control-Allow-Origin' missing). Status code: {status}": "CORSMissingAllowOrigin",
    "Multiple CORS header 'Access-Control-Allow-Origin' not allowed": "CORSMultipleAllowOriginNotAllowed",
    "CORS header 'Access-Control-Allow-Origin' does not match '{value}'": "CORSAllowOriginNotMatchingOrigin",
    "Credential is not supported if the CORS header 'Access-Control-Allow-Origin' is '*'": "CORSNotSupportingCredentials",
    "Did not find method in CORS header 'Access-Control-Allow-Methods'": "CORSMethodNotFound",
    "expected 'true' in CORS header 'Access-Control-Allow-Credentials'": "CORSMissingAllowCredentials",
    "CORS preflight response did not succeed). Status code: {status}": "CORSPreflightDidNotSucceed",
    "CORS preflight channel did not succeed": "CORSPreflightDidNotSucceed",
    "invalid token '{value}' in CORS header 'Access-Control-Allow-Methods'": "CORSInvalidAllowMethod",
    "invalid token '{value}' in CORS header 'Access-Control-Allow-Headers'": "CORSInvalidAllowHeader",
    "header '{header}' is not allowed according to header 'Access-Control-Allow-Headers' from CORS preflight response": (
        "CORSMissingAllowHeaderFromPreflight"
    ),
    "missing token '{header}' in CORS header 'Access-Control-Allow-Headers' from CORS preflight response": (
        "CORSMissingAllowHeaderFromPreflight"
    ),
    "missing token '{header}' in CORS header 'Access-Control-Allow-Headers' from CORS preflight channel": (
        "CORSMissingAllowHeaderFromPreflight"
    ),
    "When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered. To include the "
    "`Authorization` header, it must be explicitly listed in CORS header `Access-Control-Allow-Headers`": (
        "CORSAllowHeaderFromPreflightDeprecation"
    ),
    "Blocked loading mixed active content '{url}'": "BlockMixedActiveContent",
    "The resource at '{url}' was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof).": "CORPBlocked",
}
_SECURITY_ERRORS: dict[str, tuple[str, ...] | str] = dict.fromkeys(
    (
        "Security Error: Content at {origin} may not load data from {url}.",
        "Security Error: Content at {origin} may not load or link to {url}.",
    ),
    ("CORS203", "CORS204", "CORS502"),
)
_PANEL: dict[str, str] = {
    "CORS disabled": "CORSDisabled",
    "CORS Failed": "CORSDidNotSucceed",
    "CORS Not HTTP": "CORSRequestNotHttp",
    "CORS Multiple Origin Not Allowed": "CORSMultipleAllowOriginNotAllowed",
    "CORS Missing Allow Origin": "CORSMissingAllowOrigin",
    "CORS No Allow Credentials": "CORSNotSupportingCredentials",
    "CORS Allow Origin Not Matching Origin": "CORSAllowOriginNotMatchingOrigin",
    "CORS Missing Allow Credentials": "CORSMissingAllowCredentials",
    "CORS Origin Header Missing": "CORSOriginHeaderNotAdded",
    "CORS External Redirect Not Allowed": "CORSExternalRedirectNotAllowed",
    "CORS Preflight Did Not Succeed": "CORSPreflightDidNotSucceed",
    "CORS Invalid Allow Method": "CORSInvalidAllowMethod",
    "CORS Method Not Found": "CORSMethodNotFound",
    "CORS Invalid Allow Header": "CORSInvalidAllowHeader",
    "CORS Missing Allow Header": "CORSMissingAllowHeaderFromPreflight",
    "Mixed Block": "BlockMixedActiveContent",
}
"""What the network panel shows in the column "Transferred" (netmonitor/src/constants.js)."""


def _of(text: str, key: str, *, short: bool = False) -> Wording:
    return Wording(
        text=text,
        codes=_KEYS[key],
        browser="firefox",
        topic=TOPICS.get(_KEYS[key]),
        role="closing" if key in _VAGUE else "reason",
        about_preflight=key == "CORSAllowHeaderFromPreflightDeprecation",
        short=short,
    )


FIREFOX: tuple[Wording, ...] = (
    *table("firefox", dict.fromkeys(_LEADS, ()), "lead"),
    *(_of(text, key, short=text == "CORS disabled") for text, key in _REASONS.items()),
    *table("firefox", _SECURITY_ERRORS),
    *(_of(text, key, short=True) for text, key in _PANEL.items() if text != "CORS disabled"),
    *(_of(key, key) for key in _KEYS),
)


def translated() -> tuple[Wording, ...]:
    """Return Firefox's sentences in its other languages."""
    told = json.loads(resources.files(__package__).joinpath("firefox.json").read_text("utf-8"))
    return (
        *table("firefox", dict.fromkeys(told["leads"], ()), "lead"),
        *(_of(text, key) for key, texts in told["reasons"].items() for text in texts),
    )
