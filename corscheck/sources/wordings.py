"""Patterns of the browsers' console messages, with the step codes that each can come from. ``console`` uses them.

The patterns expect text with runs of whitespace collapsed to single spaces. Each one ends after the reason, so that it
matches a message that lost its last words, but not one that lost its reason.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

_Q = "['‘’\"`´]"
_ACAO = rf"{_Q}?Access-Control-Allow-Origin{_Q}?"
_ACAC = rf"{_Q}?Access-Control-Allow-Credentials{_Q}?"
_WHERE = (
    r"Access to (?P<kind>[\w ]+?) at '(?P<url>[^']*)' (?:\(redirected from '(?P<first>[^']*)'\) )?"
    r"from origin '(?P<origin>[^']*)' has been blocked by CORS policy: "
)
_IN_PREFLIGHT = r"(?P<preflight>Response to preflight request doesn't pass access control check: )?"
_ISSUE = r"Access blocked by CORS policy: "
_FIREFOX = (
    r"Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at (?P<url>\S+?)\.? "
    r"\(Reason: "
)
_SPACE = r"[`'‘]?(?P<value>loopback|local|private|public|unknown)[`'’]?"

EXTERNAL_REDIRECT = ("CORS402",)


class Wording(Struct, frozen=True):
    """One message: the browser that prints it, its pattern, and the step codes that it can come from."""

    browser: Literal["chromium", "firefox", "webkit"]
    pattern: re.Pattern[str]
    codes: tuple[str, ...]
    specific: bool = True
    about_preflight: bool = False

    @property
    def preflight(self) -> bool:
        """Whether the message is about a preflight: it says so, or all its codes are those of preflights."""
        return self.about_preflight or all(code.startswith("CORS4") for code in self.codes)

    @property
    def credentials(self) -> bool:
        """Whether the message is about a credentialed request: only such a request fails with its code."""
        return self.codes in (("CORS302",), ("CORS307",))


def _chromium(body: str, *codes: str, about_preflight: bool = False, check: bool = False) -> Wording:
    """A Chromium message with its prefix. ``check``: the message can also be about a preflight response."""
    pattern = re.compile(f"(?:{_WHERE}|{_ISSUE}){_IN_PREFLIGHT if check else ''}{body}")
    return Wording("chromium", pattern, codes, about_preflight=about_preflight)


def _plain(body: str, *codes: str, about_preflight: bool = False) -> Wording:
    """A Chromium message without the prefix."""
    return Wording("chromium", re.compile(body), codes, about_preflight=about_preflight)


def _net(error: str, code: str) -> Wording:
    """A line of Chromium's network stack. It counts only if there is no specific message."""
    pattern = re.compile(rf"(?:[A-Z]+ )?(?:(?P<url>https?://\S+) )?net::ERR_{error}")
    return Wording("chromium", pattern, (code,), specific=False)


def _firefox(reason: str, *codes: str, specific: bool = True) -> Wording:
    return Wording("firefox", re.compile(_FIREFOX + reason), codes, specific)


def _webkit(body: str, *codes: str, specific: bool = True) -> Wording:
    return Wording("webkit", re.compile(body), codes, specific)


_STATUS = r"\)(?:\.(?: Status code: (?P<status>\d+|\(null\)))?)?"
_CORS_CHECK = ("CORS301", "CORS302", "CORS303", "CORS304", "CORS305", "CORS306", "CORS307")
_REFUSED_REDIRECTS = ("CORS501", "CORS502", "CORS503", "CORS504", "CORS505", "CORS506")
_HEADERS = ("CORS406", "CORS407")
_NETWORK = ("CORS901", "CORS902", "CORS903", "CORS904", "CORS905", "CORS906", "CORS907")

WORDINGS: tuple[Wording, ...] = (
    # ---- Chromium, after its prefix
    _chromium(rf"The value of the {_ACAO} header in the response must not be the wildcard", "CORS302", check=True),
    _chromium(rf"No {_ACAO} header is present", "CORS301", check=True),
    _chromium(
        rf"The {_ACAO} header contains multiple values '(?P<value>.*?)', but only one", "CORS303", "CORS304", check=True
    ),
    _chromium(rf"The {_ACAO} header contains the invalid value '(?P<value>.*?)'\.", "CORS305", check=True),
    _chromium(rf"The {_ACAO} header has a value '(?P<value>.*?)' that is not equal", "CORS306", check=True),
    _chromium(
        rf"The value of the {_ACAC} header in the response is '(?P<value>.*?)' which must be",
        "CORS307",
        check=True,
    ),
    _chromium(r"It does not have HTTP ok status", "CORS401", check=True),
    _chromium(r"Redirect is not allowed for a preflight request", "CORS402", check=True),
    _chromium(r"Cannot parse Access-Control-Allow-Methods", "CORS403"),
    _chromium(r"Cannot parse Access-Control-Allow-Headers", "CORS404"),
    _chromium(r"Method (?P<method>\S+) is not allowed by Access-Control-Allow-Methods", "CORS405"),
    _chromium(r"Request header field (?P<header>\S+) is not allowed by Access-Control-Allow-Headers", *_HEADERS),
    _chromium(r"Redirect location '[^']*' contains a username and password", "CORS504", "CORS505"),
    _chromium(r"Cross origin requests are only supported for protocol schemes", "CORS204", "CORS502"),
    _chromium(r"Cross origin requests are not allowed by request mode", "CORS203"),
    # Local Network Access, and its predecessor Private Network Access
    _chromium(
        rf"The request client is not a secure context and the resource is in more-private address space {_SPACE}",
        "CORS708",
    ),
    _chromium(r"Request had (?:a|no) target IP address space", "CORS708"),
    _chromium(rf"Permission was denied for this request to access the {_SPACE}", "CORS708"),
    _chromium(rf"Unable to ask for permission to access the {_SPACE}", "CORS708"),
    _chromium(
        r"(?:No|The) '(?:Access-Control-Allow-Private-Network|Private-Network-Access-\w+)' header",
        "CORS708",
        about_preflight=True,
        check=True,
    ),
    # ---- Chromium, without its prefix
    _plain(
        r"Mixed Content: The page at '(?P<origin>\w++://[^'/]*+)[^']*+' was loaded over HTTPS, but requested an insecure "
        r"(?:\w+ )+'(?P<url>[^']*)'",
        "CORS202",
    ),
    _plain(
        r"Fetch API cannot load (?P<url>\S+)\. Request mode is \"same-origin\" but the URL's origin is not same as the "
        r"request origin (?P<origin>\S+?)\.?(?= |$)",
        "CORS203",
    ),
    _plain(r"Fetch API cannot load (?P<url>\S+)\. Request mode is \"no-cors\" but the redirect mode", "CORS205"),
    _plain(r"Fetch API cannot load (?P<url>\S+)\. URL scheme \"(?P<value>[^\"]*)\" is not supported", "CORS204"),
    _plain(r"Unsafe attempt to load URL (?P<url>\S+) from frame with URL (?P<origin>\w+://[^/ ]+)", "CORS203"),
    _plain(r"Not allowed to load local resource: (?P<url>\S+)", "CORS204"),
    _plain(
        r"Authorization will not be covered by the wildcard symbol \(\*\)", "CORS406", "CORS709", about_preflight=True
    ),
    _net(r"TOO_MANY_REDIRECTS", "CORS503"),
    _net(r"UNSAFE_PORT", "CORS201"),
    _net(r"UNSAFE_REDIRECT", "CORS502"),
    _net(r"(?:INVALID_REDIRECT|RESPONSE_HEADERS_MULTIPLE_LOCATION)", "CORS501"),
    _net(r"UNEXPECTED_PROXY_AUTH", "CORS508"),
    _net(r"RESPONSE_HEADERS_MULTIPLE_CONTENT_(?:LENGTH|DISPOSITION)", "CORS522"),
    _net(r"NAME_NOT_RESOLVED", "CORS901"),
    _net(r"(?:CONNECTION_REFUSED|ADDRESS_UNREACHABLE|CONNECTION_RESET|INTERNET_DISCONNECTED)", "CORS902"),
    _net(r"(?:CERT_\w+|SSL_\w+)", "CORS903"),
    _net(r"(?:CONNECTION_)?TIMED_OUT", "CORS904"),
    _net(r"(?:EMPTY_RESPONSE|INVALID_HTTP_RESPONSE)", "CORS905"),
    # ---- Firefox
    _firefox(rf"CORS header {_ACAO} missing{_STATUS}", "CORS301"),
    _firefox(rf"Credential is not supported if the CORS header {_ACAO} is", "CORS302"),
    _firefox(rf"Multiple CORS header {_ACAO} not allowed", "CORS303"),
    _firefox(
        rf"CORS header {_ACAO} does not match {_Q}(?P<value>.*?){_Q}\)", "CORS303", "CORS304", "CORS305", "CORS306"
    ),
    _firefox(rf"expected {_Q}true{_Q} in CORS header {_ACAC}", "CORS307"),
    _firefox(rf"CORS preflight response did not succeed{_STATUS}", "CORS401"),
    _firefox(r"CORS preflight channel did not succeed", "CORS401"),
    _firefox(r"CORS request external redirect not allowed", *EXTERNAL_REDIRECT),
    _firefox(rf"invalid token {_Q}(?P<value>.*?){_Q} in CORS header {_Q}Access-Control-Allow-Methods", "CORS403"),
    _firefox(rf"invalid token {_Q}(?P<value>.*?){_Q} in CORS header {_Q}Access-Control-Allow-Headers", "CORS404"),
    _firefox(rf"Did not find method in CORS header {_Q}Access-Control-Allow-Methods", "CORS405"),
    _firefox(
        rf"header {_Q}(?P<header>.*?){_Q} is not allowed according to header {_Q}Access-Control-Allow-Headers",
        *_HEADERS,
    ),
    _firefox(rf"missing token {_Q}(?P<header>.*?){_Q} in CORS header {_Q}Access-Control-Allow-Headers", *_HEADERS),
    _firefox(r"CORS request not http", "CORS204", "CORS502"),
    _firefox(r"CORS disabled\)", "CORS902", specific=False),
    _firefox(
        rf"CORS request did not succeed{_STATUS}", *_REFUSED_REDIRECTS, *_NETWORK, "CORS201", "CORS202", specific=False
    ),
    Wording(
        "firefox",
        re.compile(
            r"Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at "
            r"(?P<url>\S+) soon\. \(Reason: When the `?Access-Control-Allow-Headers"
        ),
        ("CORS406", "CORS709"),
        about_preflight=True,
    ),
    Wording(
        "firefox",
        re.compile(
            r"Security Error: Content at (?P<origin>\w+://[^/ ]++)\S*+ "
            r"may not load (?:data from|or link to) (?P<url>\S+?)\.?(?= |$)"
        ),
        ("CORS203", "CORS204", "CORS502"),
    ),
    Wording(
        "firefox",
        re.compile(
            r"The resource at [“\"'](?P<url>[^”\"']+)[”\"'] was blocked due to its Cross-Origin-Resource-Policy"
        ),
        ("CORS308",),
    ),
    Wording("firefox", re.compile(r"Blocked loading mixed active content [“\"'](?P<url>[^”\"']+)[”\"']"), ("CORS202",)),
    # ---- WebKit
    _webkit(
        r"Origin (?P<origin>\S+) is not allowed by Access-Control-Allow-Origin\.(?: Status code: (?P<status>\d+))?",
        "CORS301",
        "CORS304",
        "CORS305",
        "CORS306",
    ),
    _webkit(r"Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true", "CORS302"),
    _webkit(r"Access-Control-Allow-Origin cannot contain more than one origin", "CORS303", "CORS304"),
    _webkit(r"Credentials flag is true, but Access-Control-Allow-Credentials is not", "CORS307"),
    _webkit(r"Preflight response is not successful\.?(?: Status code: (?P<status>\d+))?", "CORS401", "CORS402"),
    _webkit(r"Header Access-Control-Allow-Methods has an invalid value: (?P<value>\S+)", "CORS403"),
    _webkit(r"Header Access-Control-Allow-Headers has an invalid value: (?P<value>\S+)", "CORS404"),
    _webkit(r"Method (?P<method>\S+) is not allowed by Access-Control-Allow-Methods", "CORS405"),
    _webkit(r"Request header field (?P<header>\S+) is not allowed by Access-Control-Allow-Headers", *_HEADERS),
    _webkit(
        r"Cross-origin redirection to (?P<url>\S+) denied by Cross-Origin Resource Sharing policy: "
        r"(?:not allowed to follow|redirection URL)",
        "CORS501",
        "CORS502",
        "CORS504",
        "CORS505",
    ),
    _webkit(
        r"Cross-origin redirection to (?P<url>\S+) denied by Cross-Origin Resource Sharing policy: (?=\w)",
        *_CORS_CHECK,
    ),
    _webkit(r"Load cannot follow more than 20 redirections", "CORS503"),
    _webkit(r"Not allowed to follow a redirection while loading (?P<url>\S+)", "CORS507"),
    _webkit(r"Not allowed to use restricted network port \d+: (?P<url>\S+)", "CORS201"),
    _webkit(r"CORS-preflight request was blocked", "CORS201"),
    _webkit(r"FTP URLs are disabled", "CORS502"),
    _webkit(r"Redirection to URL with a scheme that is not HTTP\(S\)", "CORS502"),
    _webkit(r"Unsafe attempt to load URL (?P<url>\S+) from origin (?P<origin>\w+://[^/ ]+?|null)\. ", "CORS203"),
    _webkit(r"Cross origin requests are only supported for HTTP\.", "CORS204"),
    _webkit(r"No-Cors mode requires follow redirect mode", "CORS205"),
    _webkit(
        r"Cancelled load to (?P<url>\S+) because it violates the resource's Cross-Origin-Resource-Policy", "CORS308"
    ),
    _webkit(
        r"\[blocked\] The page at (?P<origin>\w++://[^/ ]++)\S*+ requested insecure content from (?P<url>\S+?)\. ",
        "CORS202",
    ),
    _webkit(r"Fetch API cannot load (?P<url>\S+?)\.?$", "CORS203", specific=False),
    _webkit(
        r"(?:Fetch API|XMLHttpRequest) cannot load (?P<url>\S+) due to access control checks",
        "CORS301",
        "CORS306",
        "CORS401",
        "CORS405",
        "CORS407",
        specific=False,
    ),
)

STARTS = re.compile(
    r"Access to [\w ]{1,40}? at '|Access blocked by CORS policy: |Cross-Origin Request (?:Blocked|Warning):|"
    r"Mixed Content: The page|(?:Fetch API|XMLHttpRequest) cannot load |Unsafe attempt to load URL|"
    r"Not allowed to load local resource:|Authorization will not be covered|Security Error: Content at|"
    r"Blocked loading mixed active content|(?<!policy: )(?:"
    r"(?<![‘'(])Origin \S+ is not allowed by|Cannot use wildcard in Access-Control|"
    r"(?<!to )Access-Control-Allow-Origin cannot contain|Credentials flag is true, but|"
    r"Method \S+ is not allowed by Access|Request header field \S+ is not allowed by)|"
    r"Preflight response is not successful|Header Access-Control-Allow-\w+ has an invalid|Cross-origin redirection to|"
    r"Load cannot follow more than|Not allowed to follow a redirection|Not allowed to use restricted network port|"
    r"FTP URLs are disabled|Redirection to URL with a scheme|No-Cors mode requires|(?<!policy: )C(?:ancelled load to|"
    r"ross origin requests are only supported for HTTP)|CORS-preflight request was blocked|\[blocked\] The page at |"
    r"The resource at [“\"']|(?:\b[A-Z]{3,7} )?(?:(?<!\S)https?://\S++ )?net::ERR_(?!FAILED|ABORTED)"
)
"""Matches the start of a message in pasted text."""

SAYS_NOTHING: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"net::ERR_FAILED|net::ERR_ABORTED"),
        (
            "net::ERR_FAILED stands below every CORS error and says nothing itself: paste the line above it, "
            '"Access to fetch at ... has been blocked by CORS policy: ..."'
        ),
    ),
    (
        re.compile(r"Failed to fetch|NetworkError when attempting to fetch|Load failed|status code 0|Network Error"),
        (
            "this is what script sees, and a browser tells script nothing: look for the red line beside it in the "
            "browser's console (F12), and paste that"
        ),
    ),
    (
        re.compile(r"^Access to\b|^Cross-Origin\b|blocked by CORS policy|Same Origin Policy|^Access$|^Cross"),
        "the text stops before it says why: paste the whole message",
    ),
)
"""Texts that people often paste but that contain no reason, with what to paste instead."""
