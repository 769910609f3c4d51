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
    "localhost-name": "CORS817",
    "private-address": "CORS818",
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
    "null": "Any web page, from a sandboxed frame inside it",
    "prefix": "Whoever registers a domain and puts {base}'s name in front of it, as in {origin},",
    "suffix": "Whoever registers a domain that ends like {base}'s, as in {origin},",
    "substring": "Whoever has {base}'s name anywhere in a host name, as in {origin},",
    "dot": "Whoever registers {origin}, which a pattern with an unescaped dot takes for {base},",
    "truncated": "Whoever registers {origin}, which is {base} cut short,",
    "separator": "Whoever registers a domain that goes on right behind {base}'s name, as in {origin},",
    "character": "Whoever has a host name with such a character in it, as in {origin},",
    "public-suffix": "Whoever registers any domain under the same suffix, as in {origin},",
    "shared-hosting": "Whoever opens a free account at the same host, as in {origin},",
    "subdomain": "Whoever controls any name below the same domain (a takeover, or XSS on one of them), as in {origin},",
    "nested": "Whoever controls a name deep below the same domain, as in {origin},",
    "downgrade": "Whoever sits on the victim's line and answers for {origin} in plain HTTP",
    "port": "Whatever else listens on the same host, as in {origin},",
    "localhost": "Whatever serves a page on the victim's own machine, as in {origin},",
    "localhost-name": "Whoever registers a domain and puts localhost in front of it, as in {origin},",
    "private-address": "Whatever serves a page at a private address of the victim's network, as in {origin},",
    "app-scheme": "Every app or extension whose pages have such an origin, as in {origin},",
    "unsendable": "Nobody: no browser sends {origin}; yet the server lets it in, which",
}

_GAIN = "can read {url} with the victim's cookies."
_PUBLIC = "can read {url}, without cookies: what anybody can read anyway."
_NETWORK = (
    "can read {url} through the browser of anybody inside the network; without cookies, but from outside it is "
    "not reachable at all."
)


def who(kind: Kind, *, origin: str, base: str | None) -> str:
    """Describe the attacker, as the subject of a sentence."""
    return _WHO[kind].format(origin=origin, base=base or "an allowed origin")


def attack(kind: Kind, *, origin: str, base: str | None, url: str, credentials: bool, private: bool = False) -> str:
    """Describe the attack in one sentence."""
    subject = who(kind, origin=origin, base=base)
    if kind == "unsendable":
        return f"{subject} says how it compares."
    gain = _GAIN if credentials else _NETWORK if private else _PUBLIC
    return f"{subject} {gain.format(url=url)}"


def lowered(severity: Severity) -> Severity:
    """Lower a severity by one step, but never to ``info``: a proven fault stays a finding."""
    at = SEVERITIES.index(severity)
    return SEVERITIES[min(at + 1, SEVERITIES.index("low"))] if severity != "info" else severity
