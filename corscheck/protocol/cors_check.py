"""The CORS check, the Timing-Allow-Origin (TAO) check and the Cross-Origin-Resource-Policy (CORP) check.

Sources: https://fetch.spec.whatwg.org/#concept-cors-check (``cors-check:1`` to ``8``), ``#concept-tao-check`` and
``#cross-origin-resource-policy-internal-check`` in the same document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import get, get_all, get_decode_split
from corscheck.protocol.origin import OPAQUE, RegistrableDomain, URLError, parse_url, same_origin, same_site
from corscheck.protocol.outcome import Step

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, EmbedderPolicy, Headers

ACAO = "Access-Control-Allow-Origin"
ACAC = "Access-Control-Allow-Credentials"
CORP = "Cross-Origin-Resource-Policy"


class CheckResult(Struct, frozen=True):
    """The result of a CORS check: deciding step, the two header values (None: absent), and the code of a failure."""

    ok: bool
    step: str
    allow_origin: str | None
    allow_credentials: str | None
    code: str | None = None


def field_value(headers: Headers, name: str, rules: Rules) -> str | None:
    """*Get* a header; None if absent: https://fetch.spec.whatwg.org/#concept-header-list-get."""
    # Repeated fields are joined with ", ", so "true" sent twice is not "true". Firefox drops empty fields before it
    # joins: empty_fields_ignored in departures.py.
    if not rules.empty_fields_ignored:
        return get(headers, name)
    values = get_all(headers, name)
    return ", ".join([v for v in values if v]) if values else None


def cors_check(origin: str, credentials: Credentials, headers: Headers, rules: Rules = STANDARD) -> CheckResult:
    """Run the CORS check: https://fetch.spec.whatwg.org/#concept-cors-check.

    ``origin`` is the serialized request origin, ``null`` if it is opaque or tainted by redirects. ``credentials`` is
    the credentials mode of the actual request, also when ``headers`` come from a preflight response. The status code,
    Vary and whether a cookie was sent play no part.
    """
    acao = field_value(headers, ACAO, rules)
    acac = field_value(headers, ACAC, rules)
    # cors-check:2: only an absent header fails here. An empty value goes on and fails at step 4.
    if acao is None:
        return CheckResult(False, "cors-check:2", acao, acac, "CORS301")
    # cors-check:3: the whole value must be "*". Mode "include" rules it out even for a request that has no cookies.
    if credentials != "include" and acao == "*":
        # Firefox only: "*" plus an empty field joins to "*" there, but Firefox rejects the repeated header first.
        if _sent_twice(headers, rules):
            return CheckResult(False, "cors-check:4", acao, acac, "CORS303")
        return CheckResult(True, "cors-check:3", acao, acac)
    # cors-check:4: the comparison is byte for byte. A trailing slash, a capital letter, a default port or a list fails;
    # "null" equals "null", also with credentials.
    if acao != origin or _sent_twice(headers, rules):
        return CheckResult(False, "cors-check:4", acao, acac, _mismatch(headers, acao, credentials, rules))
    # cors-check:5: without "include", Access-Control-Allow-Credentials is not read; any value passes.
    if credentials != "include":
        return CheckResult(True, "cors-check:5", acao, acac)
    # cors-check:7 and 8: exactly "true". "True", "TRUE" and "1" fail.
    if acac == "true":
        return CheckResult(True, "cors-check:7", acao, acac)
    return CheckResult(False, "cors-check:8", acao, acac, "CORS307")


def _sent_twice(headers: Headers, rules: Rules) -> bool:
    """Firefox: a repeated header fails whatever its values, if each field is spelled Access-Control-Allow-Origin."""
    return rules.empty_fields_ignored and sum(n == ACAO for n, _ in headers) > 1


def _mismatch(headers: Headers, acao: str, credentials: Credentials, rules: Rules) -> str:
    """Name the fault of a value that fails ``cors-check:4``. The standard has one failure here; the codes split it."""
    several = _sent_twice(headers, rules) if rules.empty_fields_ignored else len(get_all(headers, ACAO)) > 1
    if several:
        return "CORS303"
    # In mode "include" * is compared as a literal, and no origin serializes to "*".
    if acao == "*" and credentials == "include":
        return "CORS302"
    if " " in acao or "," in acao:
        return "CORS304"
    return "CORS306" if acao == OPAQUE or looks_like_a_url(acao) else "CORS305"


def looks_like_a_url(value: str) -> bool:
    """Whether a header value parses as a URL, and so names a different origin rather than an invalid one.

    Chromium's console makes the same distinction. The bytes of ``value`` are decoded as UTF-8.
    """
    try:
        parse_url(value.encode("latin-1", "replace").decode("utf-8", "replace"))
    except URLError:
        return False
    return True


def tao_check(origin: str, tainting: Literal["basic", "cors", "opaque"], headers: Headers) -> bool:
    """*TAO check*: whether the page may read timing details. The header is a list, unlike Access-Control-Allow-Origin.

    Source: https://fetch.spec.whatwg.org/#concept-tao-check. A response that passes the CORS check does not pass this
    one for that reason alone: ``Timing-Allow-Origin`` must be sent too.
    """
    values = get_decode_split(headers, "Timing-Allow-Origin") or []
    return "*" in values or origin in values or tainting == "basic"


def corp_check(
    origin: str,
    response_url: str,
    headers: Headers,
    coep: EmbedderPolicy = "unsafe-none",
    *,
    registrable_domain: RegistrableDomain,
    rules: Rules = STANDARD,
) -> bool:
    """*Cross-origin resource policy internal check*: whether a page may load a no-cors response.

    Source: https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check, for requests other than
    navigations. ``origin`` is the page's serialized origin, ``coep`` the page's embedder policy; ``credentialless``
    assumes a response that was fetched without credentials. Raises ``URLError`` if ``response_url`` is invalid.
    """
    # Step 3: keywords are case-sensitive and never a list, so "Same-Origin" or two fields count as absent.
    policy = field_value(headers, CORP, rules)
    if policy not in ("same-origin", "same-site", "cross-origin"):
        # Step 4. Firefox: only an absent or empty field counts as same-origin, corp_unknown_value_passes in departures.py.
        defaults = coep == "require-corp" and not (policy and rules.corp_unknown_value_passes)
        policy = "same-origin" if defaults else None
    if policy is None or policy == "cross-origin":
        return True
    target = parse_url(response_url).origin
    if same_origin(origin, target):
        return True
    if origin == OPAQUE:  # an opaque origin is same-site with nothing but itself
        return False
    if policy == "same-origin":
        return False
    # "same-site" ignores the scheme of the site, with one exception: an http page may not load an https response.
    if parse_url(origin).scheme != "https" and parse_url(target).scheme == "https":
        return False
    https = parse_url(origin).host, parse_url(target).host
    return same_site(f"https://{https[0]}", f"https://{https[1]}", registrable_domain)


def vary_steps(check: CheckResult, headers: Headers) -> list[Step]:
    """Return the row of ``Vary: Origin``, if it is there. It plays no part in the CORS check: the row is for the reader."""
    vary = get(headers, "Vary")
    if vary is None or check.allow_origin in (None, "*"):
        return []
    names = {n.strip().lower() for n in vary.split(",")}
    return [Step("http:vary", "pass", "Vary", "Origin", vary)] if names & {"origin", "*"} else []


def corp_steps(
    origin: str,
    response_url: str,
    headers: Headers,
    coep: EmbedderPolicy,
    registrable_domain: RegistrableDomain,
    rules: Rules = STANDARD,
) -> list[Step]:
    """Return the row of the *cross-origin resource policy check*; none if neither the response nor the page has a policy."""
    received = field_value(headers, CORP, rules)
    if received is None and coep != "require-corp":
        return []
    if corp_check(origin, response_url, headers, coep, registrable_domain=registrable_domain, rules=rules):
        return [] if received is None else [Step("http-fetch:5", "pass", CORP, None, received)]
    told = f"{CORP} is {received}" if received is not None else f"{CORP} is missing and the page requires it (COEP)"
    message = f"{told}: this page may not load the response (http-fetch:5)."
    return [Step("http-fetch:5", "fail", CORP, "cross-origin", received, message, "CORS308")]
