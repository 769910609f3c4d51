"""Chromium's sentences: recorded with Chromium 156, and from the sources of older versions.

Today's are in cors_error_string.cc. Up to Chrome 65 a reason was followed by "Origin '...' is therefore not allowed
access", and the request was named by "XMLHttpRequest cannot load ...", "Failed to load ..." and others.
"""

from __future__ import annotations

from corscheck.sources.wordings.wording import CORS_CHECK, HEADERS, SEVERAL, Wording, table

_LEADS = (
    "Access to {kind} at '{url}' from origin '{origin}' has been blocked by CORS policy:",
    "Access to {kind} at '{url}' (redirected from '{first}') from origin '{origin}' has been blocked by CORS policy:",
    "Access blocked by CORS policy:",
    "Redirect from '{first}' to '{url}' has been blocked by CORS policy:",
    "Redirect at '{first}' from origin '{origin}' has been blocked by CORS policy:",
    "{kind} from origin '{source}' has been blocked from loading by Cross-Origin Resource Sharing policy:",
    "{kind} from origin '{source}' has been blocked by CORS policy:",
    "XMLHttpRequest cannot load {url}.",
    "Failed to load {url}:",
    "Failed to load resource:",
    "EventSource cannot load {url}.",
)
_PREFLIGHT_LEADS = ("Response to preflight request doesn't pass access control check:",)

_REASONS: dict[str, tuple[str, ...] | str] = {
    "No 'Access-Control-Allow-Origin' header is present on the requested resource.": ("CORS301",),
    "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's "
    "credentials mode is 'include'.": ("CORS302",),
    "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the "
    "request's credentials flag is true.": ("CORS302",),
    "A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the credentials flag is true.": (
        "CORS302",
    ),
    "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed.": SEVERAL,
    "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'.": ("CORS305",),
    "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin.": (
        "CORS306",
    ),
    "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' when the "
    "request's credentials mode is 'include'.": ("CORS307",),
    "Credentials flag is 'true', but the 'Access-Control-Allow-Credentials' header is '{value}'. It must be 'true' to allow "
    "credentials.": ("CORS307",),
    "It does not have HTTP ok status.": ("CORS401",),
    "Response for preflight does not have HTTP ok status.": ("CORS401",),
    "Response for preflight has invalid HTTP status code {status}": ("CORS401",),
    "Invalid HTTP status code {status}": ("CORS401",),
    "Redirect is not allowed for a preflight request.": ("CORS402",),
    "Response for preflight is invalid (redirect)": ("CORS402",),
    "The request was redirected to '{value}', which is disallowed for cross-origin requests that require preflight.": (
        "CORS402",
    ),
    "Request requires preflight, which is disallowed to follow cross-origin redirect.": ("CORS402",),
    "Cannot parse Access-Control-Allow-Methods response header field in preflight response.": ("CORS403",),
    "Cannot parse Access-Control-Allow-Headers response header field in preflight response.": ("CORS404",),
    "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.": ("CORS405",),
    "Request header field {header} is not allowed by Access-Control-Allow-Headers in preflight response.": HEADERS,
    "Request header field {header} is not allowed by Access-Control-Allow-Headers itself in preflight response.": HEADERS,
    "Redirect location '{value}' contains a username and password, which is disallowed for cross-origin requests.": (
        "CORS504",
        "CORS505",
    ),
    "The request was redirected to a URL ('{value}') containing userinfo, which is disallowed for cross-origin requests.": (
        "CORS504",
        "CORS505",
    ),
    "Redirect location '{value}' has a disallowed scheme for cross-origin requests.": ("CORS502",),
    "The request was redirected to a URL ('{value}') which has a disallowed scheme for cross-origin requests.": (
        "CORS502",
    ),
    "Cross origin requests are only supported for protocol schemes: {value}": ("CORS204", "CORS502"),
    "Cross origin requests are not allowed by request mode.": ("CORS203",),
    "Not allowed to load local resource: {url}": ("CORS204",),
    "The response is invalid.": CORS_CHECK,
    "Invalid response.": CORS_CHECK,
    "Unsafe attempt to load URL {url} from frame with URL {origin}. Domains, protocols and ports must match.": (
        "CORS203",
    ),
    'Fetch API cannot load {url}. Request mode is "same-origin" but the URL\'s origin is not same as the request origin '
    "{origin}.": ("CORS203",),
    'Fetch API cannot load {url}. Request mode is "no-cors" but the redirect mode is not "follow".': ("CORS205",),
    'Fetch API cannot load {url}. URL scheme "{value}" is not supported.': ("CORS204",),
    'Fetch API cannot load {url}. URL scheme must be "http" or "https" for CORS request.': ("CORS204",),
    "Mixed Content: The page at '{origin}' was loaded over HTTPS, but requested an insecure {url}. This request has been "
    "blocked; the content must be served over HTTPS.": ("CORS202",),
    # What fetch() and XMLHttpRequest throw before they send anything.
    "Failed to parse URL from {url}": ("CORS101",),
    "Request cannot be constructed from a URL that includes credentials: {url}": ("CORS102",),
    "'{method}' is not a valid HTTP method.": ("CORS103",),
    "'{method}' HTTP method is unsupported.": ("CORS104",),
    "'{method}' is unsupported in no-cors mode.": ("CORS105",),
    "String contains non ISO-8859-1 code point.": ("CORS107",),
    "Request with GET/HEAD method cannot have body.": ("CORS108",),
    "'only-if-cached' can be set only with 'same-origin' mode": ("CORS109",),
    'Refused to set unsafe header "{header}"': ("CORS120",),
    'Refused to get unsafe header "{header}"': ("CORS702",),
}
_PRIVATE_NETWORK_HEADERS = (
    "Access-Control-Allow-Private-Network",
    "Access-Control-Allow-Local-Network",
    "Access-Control-Allow-External",
)
_PRIVATE_NETWORK = (
    "No 'NAME' header was present in the preflight response for this private network request targeting the `{value}` address",
    "The 'NAME' header in the preflight response for this private network request targeting the `{value}` address space had a",
)
_OF_PREFLIGHTS: dict[str, tuple[str, ...] | str] = {
    "Authorization will not be covered by the wildcard symbol (*) in CORS `Access-Control-Allow-Headers` handling.": (
        "CORS406",
        "CORS709",
    ),
    **{sentence.replace("NAME", name): ("CORS708",) for sentence in _PRIVATE_NETWORK for name in _PRIVATE_NETWORK_HEADERS},
    "No 'Private-Network-Access-ID' header was present in the preflight response.": ("CORS708",),
    "No 'Private-Network-Access-Name' header was present in the preflight response.": ("CORS708",),
}  # fmt: skip
_LOCAL_NETWORK: dict[str, tuple[str, ...] | str] = dict.fromkeys(
    (
        "The request client is not a secure context and the resource is in more-private address space `{value}`.",
        "Request had no target IP address space, yet the resource is in address space `{value}`.",
        "Request had a target IP address space of `{value}` yet the resource is in address space `{other}`.",
        "Permission was denied for this request to access the `{value}` address space.",
        "Unable to ask for permission to access the `{value}` address space.",
    ),
    ("CORS708",),
)
_DETAILS: dict[str, tuple[str, ...] | str] = {
    "Origin '{origin}' is therefore not allowed access.": CORS_CHECK,
    "The response had HTTP status code {status}.": ("CORS301",),
    "Have the server send the header with a valid value.": ("CORS303", "CORS304", "CORS305", "CORS306"),
    "Have the server send the header with a valid value, or, if an opaque response serves your needs, set the request's mode "
    "to 'no-cors' to fetch the resource with CORS disabled.": ("CORS303", "CORS304", "CORS305", "CORS306"),
    "If an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with CORS disabled.": (
        "CORS301", "CORS303", "CORS304", "CORS305", "CORS306",
    ),
    "The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute.": (
        "CORS302", "CORS307",
    ),
    "The credentials mode of an XMLHttpRequest is controlled by the withCredentials attribute.": ("CORS302", "CORS307"),
}  # fmt: skip

PANEL: dict[str, tuple[str, ...]] = {
    "DisallowedByMode": ("CORS203",),
    "InvalidResponse": CORS_CHECK,
    "WildcardOriginNotAllowed": ("CORS302",),
    "MissingAllowOriginHeader": ("CORS301",),
    "MultipleAllowOriginValues": SEVERAL,
    "InvalidAllowOriginValue": ("CORS305",),
    "AllowOriginMismatch": ("CORS306",),
    "InvalidAllowCredentials": ("CORS307",),
    "CorsDisabledScheme": ("CORS204", "CORS502"),
    "InsecureLocalNetwork": ("CORS708",),
    "InsecurePrivateNetwork": ("CORS708",),
    "InvalidLocalNetworkAccess": ("CORS708",),
    "InvalidPrivateNetworkAccess": ("CORS708",),
    "UnexpectedPrivateNetworkAccess": ("CORS708",),
    "LocalNetworkAccessPermissionDenied": ("CORS708",),
    "PrivateNetworkAccessPermissionDenied": ("CORS708",),
    "PrivateNetworkAccessPermissionUnavailable": ("CORS708",),
    "NoCorsRedirectModeNotFollow": ("CORS205",),
    "RedirectContainsCredentials": ("CORS504", "CORS505"),
}
"""The names of Chromium's CORS errors in the DevTools protocol (Network.CorsError), which its network panel shows."""

PREFLIGHT_PANEL: dict[str, tuple[str, ...]] = {
    **{f"Preflight{name}": PANEL[name] for name in PANEL if name.endswith(("Header", "Value", "Values", "Mismatch", "Allowed"))},
    "PreflightInvalidAllowCredentials": ("CORS307",),
    "PreflightInvalidStatus": ("CORS401",),
    "PreflightDisallowedRedirect": ("CORS402",),
    **dict.fromkeys(
        (
            "PreflightMissingAllowExternal", "PreflightInvalidAllowExternal", "PreflightMissingAllowPrivateNetwork",
            "PreflightInvalidAllowPrivateNetwork", "PreflightMissingPrivateNetworkAccessId",
            "PreflightMissingPrivateNetworkAccessName",
        ),
        ("CORS708",),
    ),
    "InvalidAllowMethodsPreflightResponse": ("CORS403",),
    "InvalidAllowHeadersPreflightResponse": ("CORS404",),
    "MethodDisallowedByPreflightResponse": ("CORS405",),
    "HeaderDisallowedByPreflightResponse": HEADERS,
}  # fmt: skip

CHROMIUM: tuple[Wording, ...] = (
    *table("chromium", dict.fromkeys(_LEADS, ()), "lead"),
    *table("chromium", dict.fromkeys(_PREFLIGHT_LEADS, ()), "lead", preflight=True),
    *table("chromium", _REASONS),
    *table("chromium", _LOCAL_NETWORK),
    *table("chromium", _OF_PREFLIGHTS, preflight=True),
    *table("chromium", _DETAILS, "detail"),
    *table("chromium", dict(PANEL)),
    *table("chromium", dict(PREFLIGHT_PANEL), preflight=True),
)
