"""Names that are in the wrong place or misspelled: response headers sent by the page, and CORS headers that are nearly right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.facts import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.protocol.request import Headers

CORS_HEADERS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
)
_OTHERS = ("access-control-allow-private-network", "access-control-request-method", "access-control-request-headers")
_RESPONSE_ONLY = {
    *(name.lower() for name in CORS_HEADERS),
    "access-control-allow-private-network",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "content-security-policy",
    "strict-transport-security",
    "timing-allow-origin",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "www-authenticate",
}
_FETCH_OPTIONS = {
    "mode",
    "credentials",
    "redirect",
    "withcredentials",
    "crossdomain",
    "cross-domain",
    "crossorigin",
    "cross-origin",
    "no-cors",
    "cors",
}
_SUBJECTS = {
    "origin": "Origin",
    "domain": "Origin",
    "method": "Methods",
    "header": "Headers",
    "credential": "Credentials",
}
_AROUND = {
    "x",
    "http",
    "access",
    "control",
    "cors",
    "cross",
    "allow",
    "allowed",
    "allows",
    "accept",
    "permit",
    "permitted",
}
"""The words of forms such as Allow-Origin, Access-Control-Origin and CORS-Allow-Domain, beside the subject."""

_MOST_EDITS = 2


def misspelled(headers: Headers, right: str) -> Cause | None:
    """Return the cause if a response has a header whose name is nearly that of the CORS header ``right``."""
    for name, value in headers:
        if nearest(name) == right:
            message = f"The server sends {name}, which browsers do not recognize: the header is called {right}."
            return Cause("CORS635", message, f"{name}: {value}", f"Send {right} instead of {name}.")
    return None


def nearest(name: str) -> str | None:
    """Return the CORS header whose name ``name`` misspells; None if it is right, or is another header."""
    lower = name.lower()
    known = [one.lower() for one in CORS_HEADERS]
    if lower in known or lower in _OTHERS:
        return None
    words = [word for word in re.split(r"[-_]", lower) if word]
    subjects = [_SUBJECTS[w.rstrip("s")] for w in words if w.rstrip("s") in _SUBJECTS]
    around = {w for w in words if w.rstrip("s") not in _SUBJECTS}
    if len(subjects) == 1 and around <= _AROUND and around & {"access", "allow", "allowed", "allows"}:
        return f"Access-Control-Allow-{subjects[0]}"
    bare = re.sub(r"[^a-z]", "", lower)
    if not 12 <= len(bare) <= 40:
        return None
    distances = {one: _distance(bare, one.lower().replace("-", "")) for one in CORS_HEADERS}
    best = min(distances, key=lambda one: distances[one])
    return best if distances[best] <= _MOST_EDITS else None


def misplaced(names: Iterable[str]) -> list[str]:
    """Return the request headers that are response headers or options of ``fetch()``, in lower case."""
    return [n for n in names if n in _RESPONSE_ONLY or n in _FETCH_OPTIONS]


def misplaced_cause(names: list[str], spelled: list[str]) -> Cause:
    """Return the cause for such headers. ``spelled`` are their names as the page spells them."""
    several = len(names) > 1
    listed = ", ".join(spelled)
    if all(name in _FETCH_OPTIONS for name in names):
        what = "options" if several else "an option"
        they_are = "they are" if several else "it is"
        message = f"The page sends {listed} as a request header, but {they_are} {what} of fetch() or of a library."
        them = "them" if several else "it"
        advice = f"Remove {listed} from the headers in the page's code, and set {them} as {what} instead."
    else:
        what = "response headers" if several else "a response header"
        this = "These are" if several else "This is"
        message = f"The page sends {listed} with its request. {this} {what}: only the server can set it."
        advice = f"Remove {listed} from the page's request headers."
    return Cause("CORS634", message, listed, advice)


def _distance(one: str, other: str) -> int:
    """Return the edit distance of two short texts; swapped neighbours count as one edit."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before2, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before2[j - 2] + 1)
            row.append(cost)
    return row[-1]
