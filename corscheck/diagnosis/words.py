"""What a refusal says in words: which part of the request is refused, and whether a CORS layer says so.

Rules read these words as evidence and quote them. A text counts as a CORS layer's if it speaks of CORS, or of the
request's origin. The patterns are those of common software, but each asks for meaning, not for one framework's text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.diagnosis.answers import body_text, status_line
from corscheck.model.masking import mask_body

if TYPE_CHECKING:
    from corscheck.protocol.request import HTTPRequest, HTTPResponse

Part: TypeAlias = Literal["origin", "method", "headers"]

_LONGEST = 90
_NO = (
    r"(?:not|n't|never|disallow\w*|invalid|illegal|bad|forbid\w*|prohibit\w*|reject\w*|refus\w*|den(?:y|ied)|unknown|"
    r"untrusted|un(?:authori[sz]ed|accept\w*|permitted|listed)|block\w*|restrict\w*|fail\w*|mismatch)"
)
_REFUSED = re.compile(rf"\b{_NO}\b|n't\b", re.IGNORECASE)
_SPEAKS = re.compile(r"\bCORS\b|CORSResponse|cross[- ]?origin|Access-Control-", re.IGNORECASE)
_PARTS: dict[Part, re.Pattern[str]] = {
    "origin": re.compile(r"\borigins?\b", re.IGNORECASE),
    "method": re.compile(r"\bmethods?\b", re.IGNORECASE),
    "headers": re.compile(r"\bheaders?\b", re.IGNORECASE),
}
_DISALLOWED = re.compile(r"Disallowed CORS ([\w, ]{1,60})", re.IGNORECASE)
_OFF = re.compile(
    r"CORS (?:is |has |support is )?(?:not (?:been )?(?:enabled|configured|set up|supported)|disabled)", re.IGNORECASE
)
_FRAME = re.compile(
    r"\bat (?:(?:async |new )?[\w.<>$]+(?: \[as \w+\])? )?\(?(?:file://|node:|[A-Z]:\\|/)[^\s)]*:\d+\)?|"
    r'File "[^"]{1,300}", line \d+(?:, in \w+)?'
)
"""A line of a stack trace: it names whatever was called, such as a CORS library."""

_HOST = re.compile(
    r"\bDisallowedHost\b|\b(?:invalid|disallowed|unknown|blocked|bad|untrusted) (?:HTTP_)?hosts?\b(?! not found)|"
    r"\bhost\b(?:\W{1,4}[\w.:-]+\W{0,3})? is not (?:allowed|permitted|trusted|recogni[sz]ed)",
    re.IGNORECASE,
)
_CSRF = re.compile(r"\bCSRF\b|\bXSRF\b|cross[- ]site request forgery", re.IGNORECASE)
"""A check of its own, which speaks of origins as well: a server that has it may know nothing of CORS."""

_TAG = re.compile(r"<(?:script|style)\b.{0,2000}?</(?:script|style)>|<[^<>]{0,300}>", re.DOTALL | re.IGNORECASE)
_UNRELATED = re.compile(
    r"origin (?:(?:web )?server|dns|is unreachable|error)|method not allowed|not found", re.IGNORECASE
)


class Words(Struct, frozen=True):
    """What a refusal says.

    ``parts`` are what it names as refused, and empty if it names nothing or several by way of example. ``names`` are the
    request headers that it names. ``layer`` says that a CORS layer speaks; it is unset where only the word origin says so,
    which may be another origin, such as that of a flight. ``off`` says that CORS is not switched on, and ``unsure`` that the
    text gives this as one of two reasons. ``quote`` is the text, shortened.
    """

    quote: str
    layer: bool
    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()
    off: bool = False
    unsure: bool = False


def words_of(response: HTTPResponse, request: HTTPRequest) -> Words | None:
    """Return what a refusal says about CORS; None if it says nothing about it."""
    text = _text(response)
    # Error codes such as ORIGIN_NOT_ALLOWED and InvalidOrigin are words too.
    bare = _FRAME.sub(" ", text)
    bare = _UNRELATED.sub(" ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare.replace("_", " ")))
    if not _REFUSED.search(bare) or _CSRF.search(bare):
        return None
    quote = quote_of(response)
    speaks = _SPEAKS.search(bare) is not None
    origin = request.get("Origin") or ""
    if not speaks and not _names_origin(bare, origin):
        return None
    off = _OFF.search(bare)
    if off is not None:
        return Words(quote, layer=True, off=True, unsure=bare[off.end() :].lstrip().startswith("or "))
    asked = [n.strip().lower() for n in (request.get("Access-Control-Request-Headers") or "").split(",") if n.strip()]
    possible: tuple[Part, ...] = ("origin", "method", "headers") if asked else ("origin", "method")
    listed = _DISALLOWED.search(bare)
    if listed is not None:
        parts = tuple(part for part, pattern in _PARTS.items() if pattern.search(listed[1]) and part in possible)
        return Words(quote, layer=True, parts=parts)
    named = tuple(n for n in asked if _mentions(bare, n))
    if named and _PARTS["headers"].search(bare):
        return Words(quote, layer=True, parts=("headers",), names=named)
    method = request.get("Access-Control-Request-Method") or request.method
    by_method = _PARTS["method"].search(bare) is not None
    if by_method and _mentions(bare, method):
        return Words(quote, layer=True, parts=("method",))
    mentioned = [part for part, pattern in _PARTS.items() if pattern.search(bare) and part in possible]
    # A text that lists all parts as examples ("origin, method or headers are not allowed") names none of them.
    if "headers" in mentioned and _names_origin(bare, origin) and not by_method:
        mentioned = ["origin"]
    if not mentioned and re.search(r"not allowed by CORS|CORS (?:policy|origin)", bare, re.IGNORECASE):
        mentioned = ["origin"]
    parts = (mentioned[0],) if len(mentioned) == 1 else ()
    # The word origin alone may be another one's, such as that of a flight.
    layer = speaks is True or (len(origin) > len("http://") and origin in text)
    return Words(quote, layer=layer, parts=parts)


def refuses_host(response: HTTPResponse) -> bool:
    """Whether an error says that the host name of the URL is refused, for every origin."""
    return not 200 <= response.status <= 399 and _HOST.search(_text(response)) is not None


def quote_of(response: HTTPResponse) -> str:
    """Return the status of a response, and the first words of an error's body."""
    # Masked before its tags are taken out, which say what a field is called, and before it is cut: half a secret is one, too.
    text = _plain(mask_body(body_text(response))) if not 200 <= response.status <= 299 else ""
    short = f"{text[:_LONGEST]}{'...' if len(text) > _LONGEST else ''}"
    return f"{status_line(response)}: {short}" if text else status_line(response)


def _text(response: HTTPResponse) -> str:
    return _plain(body_text(response))


def _plain(text: str) -> str:
    return " ".join(_TAG.sub(" ", text).replace("&nbsp;", " ").split())


def _names_origin(text: str, origin: str) -> bool:
    """Whether a text refuses the request's origin: it has the value or the word, close to a refusal."""
    for found in re.finditer(r"\borigins?\b", text, re.IGNORECASE):
        if _REFUSED.search(text[max(0, found.start() - 60) : found.end() + 60]):
            return True
    return len(origin) > len("http://") and origin in text and _REFUSED.search(text) is not None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None
