"""Remarks: useful observations about an outcome that do not affect the verdict.

This module runs for every probe, so it imports little. Remarks are based on the exchange alone and send no requests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from corscheck.model.result import HTTP_ERROR
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.filtering import ACEH, SAFELISTED
from corscheck.protocol.headers import delta_seconds, extract_list, get
from corscheck.protocol.origin import OPAQUE, URLError, is_ip, is_loopback_host, parse_url
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Headers

HARDLY = 5
"""How long a preflight is cached, in seconds, if the response has no Access-Control-Max-Age."""

CHROMIUM_CAP = 7200

_SERVER_ERROR = 500
_NO_SUCH_METHOD = (405, 501)

_NOT_FOR_SCRIPT = frozenset({
    # transport, caches and proxies
    "accept-ranges", "age", "alt-svc", "connection", "content-encoding", "date", "keep-alive", "priority", "proxy-connection",
    "server", "trailer", "transfer-encoding", "upgrade", "vary", "via", "cache-status", "cdn-cache-control", "surrogate-control",
    "surrogate-key", "cf-ray", "cf-cache-status", "cf-mitigated", "apigw-requestid", "fly-request-id", "server-timing",
    # what the browser itself acts on
    "accept-ch", "allow", "clear-site-data", "critical-ch", "delta-base", "document-policy", "expect-ct", "feature-policy",
    "host", "im", "nel", "origin-agent-cluster", "origin-trial", "p3p", "permissions-policy", "pics-label",
    "proxy-authenticate", "public-key-pins", "referrer-policy", "report-to", "reporting-endpoints", "service-worker-allowed",
    "set-cookie", "set-cookie2", "sourcemap", "speculation-rules", "status", "strict-transport-security", "supports-loading-mode",
    "timing-allow-origin", "tk", "warning", "www-authenticate",
    "x-powered-by", "x-content-type-options", "x-frame-options", "x-xss-protection", "x-dns-prefetch-control",
    "x-download-options", "x-permitted-cross-domain-policies", "x-robots-tag", "x-ua-compatible", "x-runtime", "x-cache",
    "x-cache-hits", "x-served-by", "x-timer", "x-varnish", "x-cache-status", "x-proxy-cache", "x-aspnet-version",
    "x-aspnetmvc-version", "x-process-time", "x-matched-path", "x-nextjs-cache", "x-github-request-id", "x-ac", "x-via",
})  # fmt: skip
"""Headers of transport and infrastructure. Every other header that is neither safelisted nor exposed may matter to the page."""

_INFRASTRUCTURE = re.compile(
    r"x-.*-cache(?:-.*)?|x-cache-.*|.*-cache-status|x-(?:kong|railway|litespeed|drupal|nginx|served|backend|edge|proxy|upstream|"
    r"cloud-trace|guploader|goog|ms|msedge|sucuri|iinfo|cdn|pass|turbo|do|gateway|host|server|node|pod|dc|region)\b.*|"
    r"x-(?:response-time|clacks-overhead|generator|version|time|ua-.*|xss-.*|fw-.*|hw)|rndr-id|refresh|etag-.*"
)
"""Names that servers, proxies and platforms give to headers of their own."""

_NOT_FOR_SCRIPT_PREFIXES = (
    "access-control-", "content-security-policy", "cross-origin-", "sec-", "x-accel-", "x-amz-", "x-amzn-", "x-azure-",
    "x-vercel-", "x-envoy-", "x-fastly-", "x-akamai-", "x-nf-", "cf-", "fastly-", "akamai-",
)  # fmt: skip


class Remark(NamedTuple):
    """A remark: its code, one line about this case, and the evidence."""

    code: str
    message: str
    evidence: str | None = None


def remarks(probe: Probe, outcome: Outcome) -> list[Remark]:
    """Return all remarks about an outcome, the more important ones first."""
    if outcome.verdict not in ("allowed", "blocked"):
        return []
    found: list[Remark] = []
    if outcome.verdict == "blocked":
        found += _received(outcome)
        found += _not_refused(probe, outcome)
    found += _authorization(outcome)
    if outcome.verdict == "allowed":
        answer = outcome.exchanges[-1].answer if outcome.exchanges else None
        readable = outcome.response is not None and outcome.response.type == "cors"
        if readable and isinstance(answer, HTTPResponse):
            found += _vary(outcome.exchanges[-1].request.method, answer.headers)
            found += _hidden(outcome, answer.headers)
        found += _error_status(outcome)
        found += _cache(outcome)
    return found + _local_network(probe)


def _received(outcome: Outcome) -> list[Remark]:
    """Remark that the server received a blocked request: blocking stops only the page from reading the response."""
    failure = outcome.failure
    sent = [e for e in outcome.exchanges if e.request.kind == "actual" and isinstance(e.answer, HTTPResponse)]
    if failure is None or not sent:
        return []
    found = []
    if failure.code == "CORS302" and failure.phase == "actual":
        found.append(Remark("CORS707", "Without credentials, the page could read the response (--credentials omit)."))
    answer = sent[-1].answer
    if not (isinstance(answer, HTTPResponse) and 200 <= answer.status <= 299):
        return found
    method = sent[-1].request.method
    did = "executed it" if method in ("GET", "HEAD") else "may have executed it"
    stops = "loading" if failure.code == "CORS308" else "reading"
    message = f"The server received this {method} and {did}; the browser blocks only {stops} the response."
    return [*found, Remark("CORS706", message)]


def _error_status(outcome: Outcome) -> list[Remark]:
    """Remark that the response that the page can read is an error: the URL or the login may be wrong."""
    response = outcome.response
    if response is None or response.status < HTTP_ERROR:
        return []
    return [Remark("CORS713", f"The page can read this response, but it is a {_what_to_check(response.status)}")]


def _not_refused(probe: Probe, outcome: Outcome) -> list[Remark]:
    """Remark that a request is blocked as expected, but by an error in which nothing shows CORS.

    A server that refuses an origin usually shows that it knows CORS: by an Access-Control header, by ``Vary: Origin``, or
    in the text of its refusal. A 405 is not remarked on: it shows that the URL exists.
    """
    answers = [e.answer for e in outcome.exchanges if isinstance(e.answer, HTTPResponse)]
    if probe.expected != "blocked" or not answers or any(_shows_cors(answer) for answer in answers):
        return []
    status = answers[-1].status
    if status < HTTP_ERROR or status in _NO_SUCH_METHOD:
        return []
    return [Remark("CORS714", f"Nothing in this response shows that CORS is enabled. It is a {_what_to_check(status)}")]


def _shows_cors(answer: HTTPResponse) -> bool:
    names = [name.lower() for name, _ in answer.headers]
    varies = (get(answer.headers, "Vary") or "").lower()
    return any(n.startswith("access-control-") for n in names) or "origin" in varies or b"cors" in answer.body.lower()


def _what_to_check(status: int) -> str:
    """Return the status and what a tester should check because of it, as the end of a sentence."""
    if status in (404, 410):
        return f"{status}: check that the URL is right."
    if status in (401, 403, 407):
        return f"{status}: send the same login as the page (-H, -b or -u) to test what it gets."
    if status >= _SERVER_ERROR:
        return f"{status}: the server failed. Test again when it works."
    return f"{status}: check that the method, headers and body are what the server expects."


def _authorization(outcome: Outcome) -> list[Remark]:
    if not any(s.code == "CORS406" and s.status == "warn" for s in outcome.steps):
        return []
    evidence = next(s.received for s in outcome.steps if s.code == "CORS406")
    message = "Only * allows Authorization here: browsers accept that, but the standard does not."
    return [Remark("CORS709", message, f"Access-Control-Allow-Headers: {evidence}")]


def _vary(method: str, headers: Headers) -> list[Remark]:
    """Remark on a cacheable response that names one origin and has no ``Vary: Origin``."""
    origin, vary = get(headers, ACAO), get(headers, "Vary") or ""
    if origin in (None, "*") or {v.strip().lower() for v in vary.split(",")} & {"origin", "*"}:
        return []
    why = _kept(headers) if method in ("GET", "HEAD") else None
    if why is None:
        return []
    message = f"The response allows {origin} and may be cached, but has no Vary: Origin."
    return [Remark("CORS701", message, why)]


def _kept(headers: Headers) -> str | None:
    """Return the header that shows that caches may store the response, or None."""
    control = (get(headers, "Cache-Control") or "").lower()
    directives = {d.strip().partition("=")[0]: d.strip().partition("=")[2] for d in control.split(",")}
    if directives.keys() & {"no-store", "private", "no-cache"}:
        return None
    seconds = directives.get("s-maxage") or directives.get("max-age") or ""
    if "public" in directives or delta_seconds(seconds):
        return f"Cache-Control: {control}"
    age = get(headers, "Age")
    return f"Age: {age}" if delta_seconds(age) else None


def _hidden(outcome: Outcome, headers: Headers) -> list[Remark]:
    """Remark on response headers that are meant for script but that the page cannot read."""
    readable = set(outcome.readable_headers)
    names = dict.fromkeys(n for n, _ in headers if n.lower() not in readable and _for_script(n.lower()))
    listed = extract_list(headers, ACEH)
    if not names:
        return []
    if outcome.request.credentials == "include" and isinstance(listed, tuple) and "*" in listed:
        message = f"With credentials, * exposes nothing: scripts cannot read {', '.join(names)}."
        return [Remark("CORS703", message, f"{ACEH}: {get(headers, ACEH)}")]
    return [Remark("CORS702", f"Scripts cannot read {', '.join(names)}: not exposed.", ", ".join(names))]


def _for_script(name: str) -> bool:
    if name in SAFELISTED or name in _NOT_FOR_SCRIPT or name.startswith(_NOT_FOR_SCRIPT_PREFIXES):
        return False
    return _INFRASTRUCTURE.fullmatch(name) is None


def _cache(outcome: Outcome) -> list[Remark]:
    """Remark on how long the preflight of the first hop is cached."""
    first = next((e for e in outcome.exchanges if e.request.kind == "preflight"), None)
    if first is None or not isinstance(first.answer, HTTPResponse):
        return []
    value = get(first.answer.headers, "Access-Control-Max-Age")
    if value is None:
        return [Remark("CORS704", f"Browsers cache this preflight for only {HARDLY} seconds: it has no Max-Age.")]
    seconds = int(value[:20]) if value.isascii() and value.removeprefix("-").isdigit() else None
    if seconds is None:
        return []
    evidence = f"Access-Control-Max-Age: {value}"
    if seconds <= 0:
        return [Remark("CORS704", f"Max-Age {value} prevents browsers from caching this preflight.", evidence)]
    if seconds <= HARDLY:
        return [Remark("CORS704", f"Browsers cache this preflight for only {seconds} seconds.", evidence)]
    if seconds > CHROMIUM_CAP:
        return [Remark("CORS705", f"Max-Age {value} is more than Chromium's limit ({CHROMIUM_CAP} seconds).", evidence)]
    return []


def _local_network(probe: Probe) -> list[Remark]:
    """Remark on a request from a public-looking page to a loopback or private address."""
    try:
        target = parse_url(probe.url).host
        page = "" if probe.origin == OPAQUE else parse_url(probe.origin).host
    except URLError:
        return []
    if not page or "." not in page or is_loopback_host(page) or is_ip(page) or page.endswith(_LOCAL_NAMES):
        return []
    if not (is_loopback_host(target) or (is_ip(target) and _is_private(target))):
        return []
    message = f"{target} is not on the public network: Chromium asks the user before a page on {page} can access it."
    return [Remark("CORS708", message, f"{probe.origin} requests {target}")]


_LOCAL_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".example", ".invalid")


def _is_private(host: str) -> bool:
    from ipaddress import ip_address

    address = ip_address(host.strip("[]"))
    return address.is_private and not address.is_unspecified
