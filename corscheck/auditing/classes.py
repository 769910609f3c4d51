"""The classes of audit findings: the code of each, and one sentence that says what an attacker can do.

Severity, title, explanation and advice are in ``diagnosis/codes/audit.py``. This module holds only the texts that
depend on the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.model.values import SEVERITIES

if TYPE_CHECKING:
    from corscheck.auditing.origins import Kind
    from corscheck.model.values import Severity

CODES: dict[Kind, str] = {
    "reflection": "CORS801",
    "null": "CORS802",
    "prefix": "CORS803",
    "suffix": "CORS804",
    "substring": "CORS805",
    "dot": "CORS806",
    "truncated": "CORS807",
    "separator": "CORS808",
    "character": "CORS809",
    "public-suffix": "CORS810",
    "shared-hosting": "CORS811",
    "subdomain": "CORS812",
    "nested": "CORS813",
    "downgrade": "CORS814",
    "port": "CORS815",
    "localhost": "CORS816",
    "local-name": "CORS817",
    "private-address": "CORS818",
    "ip-address": "CORS834",
    "top-level": "CORS833",
    "app-scheme": "CORS819",
    "unsendable": "CORS820",
}

PRIVATE = "CORS821"
VARY = "CORS822"
METHOD = "CORS823"
PREFLIGHT_ONLY = "CORS824"
ERROR_PATH = "CORS825"
WITH_LOGIN_ONLY = "CORS826"
REDIRECT_HOP = "CORS827"
WIDE_METHODS = "CORS828"
WIDE_HEADERS = "CORS829"
WIDE_EXPOSED = "CORS830"
MAX_AGE = "CORS831"
HIJACKING = "CORS832"

_WHO: dict[Kind, str] = {
    "reflection": "Any web page",
    "null": "Any web page, from a sandboxed frame inside it,",
    "prefix": "Anyone who registers a domain and puts {base}'s name in front of it ({origin})",
    "suffix": "Anyone who registers a domain that ends like {base}'s ({origin})",
    "substring": "Anyone with {base}'s name anywhere in a host name ({origin})",
    "dot": "Anyone who registers {origin}, which an unescaped dot in a pattern matches like {base},",
    "truncated": "Anyone who registers {origin}, which is {base} cut short,",
    "separator": "Anyone who registers a domain that continues right after {base}'s name ({origin})",
    "character": "Anyone with a host name that has this character after {base}'s name ({origin})",
    "top-level": "Anyone who registers {base}'s name under another top-level domain ({origin})",
    "public-suffix": "Anyone who registers any domain under the same suffix ({origin})",
    "shared-hosting": "Anyone with a free account at the same hosting service ({origin})",
    "subdomain": "Anyone who controls any name below the same domain, by a takeover or XSS ({origin}),",
    "nested": "Anyone who controls a name deep below the same domain ({origin})",
    "downgrade": "An attacker on the victim's network who answers for {origin} over plain HTTP",
    "port": "Another service on the same host ({origin})",
    "localhost": "A page served on the victim's own machine ({origin})",
    "local-name": "Anyone who registers a domain and puts a local name or address in front of it ({origin})",
    "private-address": "A page at a private address in the victim's network ({origin})",
    "ip-address": "Any server that is addressed by its IP address ({origin})",
    "app-scheme": "Any app or extension whose pages have such an origin ({origin})",
    "unsendable": "No browser sends {origin}, but the server allows it, which",
}

_GAIN = "can read {url} with the victim's cookies."
_PUBLIC = "can read {url}, without cookies: what anyone can read anyway."
_NETWORK = (
    "can read {url} through the browser of anyone inside the network. The response is the same without cookies, but it "
    "cannot be reached from outside."
)
_MACHINE = (
    "can read {url} through the browser of the developer who runs it, unless the browser asks for permission first "
    "(Chromium's local network access prompt) and the developer refuses."
)


def who(kind: Kind, *, origin: str, base: str | None) -> str:
    """Describe the attacker, as the subject of a sentence."""
    return _WHO[kind].format(origin=origin, base=base or "an allowed origin")


def by_chance(url: str) -> str:
    """Describe answers that differ from one request to the next."""
    return (
        f"Any web page that repeats its request can read {url}: some of the responses allow a random origin, others do "
        "not."
    )


def attack(
    kind: Kind,
    *,
    origin: str,
    base: str | None,
    url: str,
    credentials: bool,
    private: bool = False,
    local: bool = False,
) -> str:
    """Describe the attack in one sentence. ``local`` means a private target on the machine itself."""
    subject = who(kind, origin=origin, base=base)
    if kind == "unsendable":
        return f"{subject} shows how it compares."
    gain = _GAIN if credentials else _MACHINE if private and local else _NETWORK if private else _PUBLIC
    return f"{subject} {gain.format(url=url)}"


def lowered(severity: Severity) -> Severity:
    """Lower a severity by one step, but never to ``info``: a proven fault stays a finding."""
    at = SEVERITIES.index(severity)
    return SEVERITIES[min(at + 1, SEVERITIES.index("low"))] if severity != "info" else severity
