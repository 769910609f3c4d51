"""The CORS check, and beside it the Timing-Allow-Origin and Cross-Origin-Resource-Policy checks.

Sources: Fetch, *CORS check* (8 steps), *TAO check*, *cross-origin resource policy internal check*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import get, get_all, get_decode_split
from corscheck.protocol.origin import OPAQUE, RegistrableDomain, URLError, parse_url, same_origin, same_site
from corscheck.records import dataclass

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, Headers

ACAO = "Access-Control-Allow-Origin"
ACAC = "Access-Control-Allow-Credentials"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict of the CORS check, its deciding step, the two values it read (None: absent), and the code of a failure."""

    ok: bool
    step: str
    allow_origin: str | None
    allow_credentials: str | None
    code: str | None = None


def field_value(headers: Headers, name: str, rules: Rules) -> str | None:
    """*Get*; where the rules say so, an empty field beside others does not count (Firefox merges headers so)."""
    if not rules.empty_fields_ignored:
        return get(headers, name)
    values = get_all(headers, name)
    return ", ".join([v for v in values if v]) if values else None


def cors_check(origin: str, credentials: Credentials, headers: Headers, rules: Rules = STANDARD) -> CheckResult:
    """The CORS check for a serialized request origin (``null`` after a redirect taint) and the request's mode."""
    acao = field_value(headers, ACAO, rules)
    acac = field_value(headers, ACAC, rules)
    if acao is None:
        return CheckResult(False, "cors-check:2", acao, acac, "CORS301")
    if credentials != "include" and acao == "*":
        # Two fields "*" and "" are not one "*", even where empty fields are ignored: an exact spelling sent twice
        # is refused before its value is looked at.
        if _sent_twice(headers, rules):
            return CheckResult(False, "cors-check:4", acao, acac, "CORS303")
        return CheckResult(True, "cors-check:3", acao, acac)
    if acao != origin or _sent_twice(headers, rules):
        return CheckResult(False, "cors-check:4", acao, acac, _mismatch(headers, acao, credentials, rules))
    if credentials != "include":
        return CheckResult(True, "cors-check:5", acao, acac)
    if acac == "true":
        return CheckResult(True, "cors-check:7", acao, acac)
    return CheckResult(False, "cors-check:8", acao, acac, "CORS307")


def _sent_twice(headers: Headers, rules: Rules) -> bool:
    """Firefox refuses two fields spelled exactly like the header's name, whatever they say."""
    return rules.empty_fields_ignored and sum(n == ACAO for n, _ in headers) > 1


def _mismatch(headers: Headers, acao: str, credentials: Credentials, rules: Rules) -> str:
    """Which fault a value has that is not the origin: the split of ``cors-check:4`` into codes."""
    several = _sent_twice(headers, rules) if rules.empty_fields_ignored else len(get_all(headers, ACAO)) > 1
    if several:
        return "CORS303"
    if acao == "*" and credentials == "include":
        return "CORS302"
    if " " in acao or "," in acao:
        return "CORS304"
    return "CORS306" if acao == OPAQUE or looks_like_a_url(acao) else "CORS305"


def looks_like_a_url(value: str) -> bool:
    """Whether a value would pass for a URL, so that "another origin" describes it better than "no origin".

    Chromium's console tells the two apart by its URL parser: a scheme, and for http(s) and the like a valid host. The
    value's bytes are read as UTF-8.
    """
    try:
        parse_url(value.encode("latin-1", "replace").decode("utf-8", "replace"))
    except URLError:
        return False
    return True


def tao_check(origin: str, tainting: Literal["basic", "cors", "opaque"], headers: Headers) -> bool:
    """*TAO check*: whether timing details may be read. A list, unlike Access-Control-Allow-Origin."""
    values = get_decode_split(headers, "Timing-Allow-Origin") or []
    return "*" in values or origin in values or tainting == "basic"


def corp_check(
    origin: str,
    response_url: str,
    headers: Headers,
    coep: Literal["unsafe-none", "require-corp", "credentialless"] = "unsafe-none",
    *,
    registrable_domain: RegistrableDomain,
) -> bool:
    """*Cross-origin resource policy internal check* for a no-cors response that is no navigation.

    With ``credentialless`` the response is taken to have been fetched without credentials.
    """
    policy = get(headers, "Cross-Origin-Resource-Policy")
    if policy not in ("same-origin", "same-site", "cross-origin"):
        policy = "same-origin" if coep == "require-corp" else None
    if policy is None or policy == "cross-origin":
        return True
    target = parse_url(response_url).origin
    if same_origin(origin, target):
        return True
    if origin == OPAQUE:
        return False
    if policy == "same-origin":
        return False
    # Schemelessly same site, and a secure response is not for an insecure initiator.
    if parse_url(origin).scheme != "https" and parse_url(target).scheme == "https":
        return False
    https = parse_url(origin).host, parse_url(target).host
    return same_site(f"https://{https[0]}", f"https://{https[1]}", registrable_domain)
