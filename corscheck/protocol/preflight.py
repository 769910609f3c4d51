"""CORS-preflight fetch: when a request needs one, what it sends, and whether its response allows the request.

Source: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0 (``preflight:1`` to ``8``, with 7.1 to 7.16). The two
conditions for sending a preflight are ``main-fetch:12`` (method and headers) and ``http-fetch:4.1`` (preflight cache).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from corscheck.protocol.cache import ACMA, max_age
from corscheck.protocol.cors_check import ACAC, ACAO, CheckResult, cors_check
from corscheck.protocol.engines import STANDARD, Rules
from corscheck.protocol.headers import Extraction, extract_list, first_bad_element, get, get_all
from corscheck.protocol.outcome import Step
from corscheck.protocol.redirect import Location, is_redirect, refused_first
from corscheck.protocol.safelist import (
    access_control_request_headers,
    is_safelisted_method,
    unsafe_request_header_names,
)

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, Headers, HTTPResponse

ACRM = "Access-Control-Request-Method"
ACRH = "Access-Control-Request-Headers"
ACAM = "Access-Control-Allow-Methods"
ACAH = "Access-Control-Allow-Headers"


class PreflightQuestion(Struct, frozen=True):
    """What a preflight asks permission for.

    ``origin`` is the serialized request origin (``null`` after a redirect taint), ``credentials`` the credentials mode
    of the actual request, ``names`` its CORS-unsafe request-header names. ``forced`` is the use-CORS-preflight flag.
    ``unchecked`` skips the CORS check on the response (Firefox: ``preflight_to_own_origin_unchecked`` in departures.py).
    """

    origin: str
    credentials: Credentials
    method: str
    names: tuple[str, ...]
    forced: bool = False
    unchecked: bool = False


class Judgement(Struct, frozen=True):
    """The result of ``preflight:7`` and ``8``.

    ``steps`` holds every row: rows after the first failure are evaluated too. ``failed`` is the row that decides, or
    None if the preflight passed; ``value`` is the offending value. ``methods`` and ``names`` go into the cache for
    ``seconds`` seconds (None: do not cache). ``authorization_by_wildcard``: only ``*`` allowed Authorization.
    ``parsed``: it failed because the lists do not have the method or a header, and in nothing else.
    """

    steps: tuple[Step, ...]
    failed: Step | None = None
    value: str | None = None
    methods: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    seconds: int | None = None
    authorization_by_wildcard: bool = False
    parsed: bool = False


def because(method: str, names: tuple[str, ...], *, forced: str | None = None) -> tuple[str, ...]:
    """List the reasons for a preflight, e.g. ``method PUT`` or ``header x-a`` (``main-fetch:12``); empty: none needed.

    ``names`` are the CORS-unsafe request-header names. ``forced`` says what set the
    use-CORS-preflight flag.
    """
    reasons = [] if is_safelisted_method(method) else [f"method {method}"]
    reasons += [f"header {n}" for n in dict.fromkeys(names)]
    if forced is not None:
        reasons.append(forced)
    return tuple(reasons)


def unsafe_names(headers: Headers, rules: Rules = STANDARD) -> tuple[str, ...]:
    """*CORS-unsafe request-header names* (``preflight:4``): lower-case and sorted."""
    return unsafe_request_header_names(headers, rules)


def request_headers(asked: PreflightQuestion) -> Headers:
    """Return the preflight's CORS headers in the standard's order. The sender adds ``Accept``."""
    # preflight:3: the method goes out with its case, e.g. "patch".
    headers = [(ACRM, asked.method)]
    names = access_control_request_headers(asked.names)
    if names is not None:  # preflight:5: with no unsafe name the header is left out, not sent empty
        headers.append((ACRH, names))
    return (*headers, ("Origin", asked.origin))


def judge(asked: PreflightQuestion, response: HTTPResponse, location: Location, rules: Rules = STANDARD) -> Judgement:
    """Decide whether a preflight response allows the actual request (``preflight:7`` and ``8``).

    ``location`` is the parsed ``Location`` of ``response``. Engines use it only to choose which fault to report.
    """
    return _Judge(asked, response, location, rules).judgement()


class _Judge:
    """Evaluates every row, then picks the failing row that decides. Engines differ in that order."""

    def __init__(self, asked: PreflightQuestion, response: HTTPResponse, location: Location, rules: Rules) -> None:
        self.asked = asked
        self.response = response
        self.location = location
        self.rules = rules
        self.values: dict[str, str | None] = {}
        self.wildcard_authorization = False

    def judgement(self) -> Judgement:
        asked, rules = self.asked, self.rules
        headers = self.response.headers
        # preflight:7: the CORS check uses the credentials mode of the actual request, although the preflight itself
        # never sends credentials. In mode "include" this response needs Access-Control-Allow-Credentials too.
        check = cors_check(asked.origin, asked.credentials, headers, rules)
        origin_rows = [] if asked.unchecked else cors_check_steps(check, asked.origin, asked.credentials)
        status = self._status()
        methods = self._methods()
        names = self._names()
        age = self._age()
        order = [*origin_rows, status, methods, *names]
        if self._status_first(status):
            order = [status, *order]
        if not rules.preflight_lists_in_turn:
            # preflight:7.1 to 7.3 parse both lists before 7.5 to 7.7 search either, so a list that does not parse fails
            # the preflight even if nothing in it is needed. Firefox: preflight_lists_in_turn in departures.py.
            order.sort(key=lambda row: row.code in ("CORS405", "CORS406", "CORS407"))
        failed = next((row for row in order if row.status == "fail"), None)
        steps = tuple(row for row in (*origin_rows, status, methods, *names, age) if row is not None)
        if failed is not None:
            value = check.allow_origin if failed.step.startswith("cors-check") else self.values.get(failed.code or "")
            value = check.allow_credentials if failed.code == "CORS307" else value
            if failed.code in ("CORS405", "CORS406", "CORS407"):
                lists = self._listed(ACAM), self._listed(ACAH)
                return Judgement(steps, failed, value, *lists, max_age(headers, rules), parsed=True)
            return Judgement(steps, failed, value)
        listed_methods = self._listed(ACAM)
        # preflight:7.4 exists so that a forced preflight for an unlisted method can be cached.
        if asked.forced and not get_all(headers, ACAM) and rules.forced_preflight_allows_unlisted_method:
            listed_methods = (asked.method,)
        return Judgement(
            steps, None, None, listed_methods, self._listed(ACAH), max_age(headers, rules), self.wildcard_authorization
        )

    def _status_first(self, status: Step) -> bool:
        """Whether the engine reports the status before the CORS check. The standard joins both in one condition."""
        # departures.py: preflight_status_first (WebKit), preflight_redirect_first (Chromium), locations_refused_first.
        rules = self.rules
        if rules.preflight_status_first or status.code == "CORS501":
            return True
        if status.code != "CORS402":
            return False
        return rules.preflight_redirect_first or refused_first(self.location, None, rules)

    def _listed(self, name: str) -> tuple[str, ...]:
        found = extract_list(self.response.headers, name)
        return () if found is None or isinstance(found, Extraction) else found

    def _status(self) -> Step:
        # preflight:7: ok status means 200 to 299. 304 is not ok. The actual response, in contrast, may have any status.
        status, expected = self.response.status, "200 to 299"
        received = f"{status} {self.response.reason}".strip()
        if 200 <= status <= 299:
            return Step("preflight:7", "pass", "status", expected, received)
        # preflight:8: a preflight is never redirected: a 3xx is simply "status not ok". Browsers report it separately.
        if is_redirect(status, self.location, self.rules):
            return self._redirect(received)
        message = "The preflight's status is not ok (preflight:8)."
        return Step("preflight:8", "fail", "status", expected, received, message, "CORS401")

    def _redirect(self, received: str) -> Step:
        where = self.location.value
        received = f"{received}, Location: {where}"
        if self.location.url is None and self.rules.locations_refused_first is not None:
            message = "The preflight is redirected, and its Location is not one valid URL (preflight:8)."
            self.values["CORS501"] = where
            return Step("preflight:8", "fail", "status", "200 to 299", received, message, "CORS501")
        self.values["CORS402"] = where
        message = "A preflight may not be redirected (preflight:8)."
        return Step("preflight:8", "fail", "status", "200 to 299", received, message, "CORS402")

    def _wildcard(self, listed: tuple[str, ...]) -> bool:
        # preflight:7.5, 7.7: in mode "include" * is a literal method or header name, even if no cookie exists.
        return self.asked.credentials != "include" and "*" in listed

    def _methods(self) -> Step:
        asked, headers = self.asked, self.response.headers
        received = get(headers, ACAM)
        listed = extract_list(headers, ACAM)
        if isinstance(listed, Extraction):  # preflight:7.3: one bad element fails the header, and so the preflight
            self.values["CORS403"] = first_bad_element(headers, ACAM)
            message = "Access-Control-Allow-Methods is not a list of tokens (preflight:7.3)."
            return Step("preflight:7.3", "fail", ACAM, asked.method, received, message, "CORS403")
        if is_safelisted_method(asked.method):  # preflight:7.5: GET, HEAD and POST pass unlisted
            return Step("preflight:7.5", "skip", ACAM, None, received, f"{asked.method} needs no listing.")
        # preflight:7.4 applies to an absent header only, not to an empty one. No engine implements it:
        # forced_preflight_allows_unlisted_method in departures.py.
        forced_null = asked.forced and listed is None and self.rules.forced_preflight_allows_unlisted_method
        # preflight:7.5: methods compare byte for byte: "put" in the header does not allow PUT.
        if forced_null or asked.method in (listed or ()) or self._wildcard(listed or ()):
            return Step("preflight:7.5", "pass", ACAM, asked.method, received)
        self.values["CORS405"] = asked.method
        message = f"Method {asked.method} is not in Access-Control-Allow-Methods (preflight:7.5)."
        near = next((m for m in listed or () if m.upper() == asked.method.upper()), None)
        if near is not None:
            message = f"Method {asked.method} is not {near}: methods are case-sensitive (preflight:7.5)."
        elif "*" in (listed or ()):
            message = f"With credentials, * is a literal method name, so {asked.method} is not allowed (preflight:7.5)."
        return Step("preflight:7.5", "fail", ACAM, asked.method, received, message, "CORS405")

    def _names(self) -> list[Step]:
        asked, headers = self.asked, self.response.headers
        received = get(headers, ACAH)
        expected = ", ".join(dict.fromkeys(asked.names)) or None
        listed = extract_list(headers, ACAH)
        if isinstance(listed, Extraction):  # preflight:7.3
            self.values["CORS404"] = first_bad_element(headers, ACAH)
            message = "Access-Control-Allow-Headers is not a list of tokens (preflight:7.3)."
            return [Step("preflight:7.3", "fail", ACAH, expected, received, message, "CORS404")]
        if not asked.names:
            return [Step("preflight:7.7", "skip", ACAH, None, received, "No request header needs listing.")]
        # preflight:7.7: header names, unlike methods, compare without case.
        lower = {n.lower() for n in listed or ()}
        wildcard = self._wildcard(listed or ())
        missing = [n for n in dict.fromkeys(asked.names) if n not in lower and not wildcard]
        rows: list[Step] = []
        by_wildcard = wildcard and "authorization" in asked.names and "authorization" not in lower
        by_name = not self.rules.authorization_covered_by_wildcard
        if by_wildcard or (by_name and "authorization" in missing and "*" in lower):
            # preflight:7.6 comes before 7.7 and ignores *: Authorization must be listed by name. All three engines
            # accept *: authorization_covered_by_wildcard in departures.py.
            rows.append(self._authorization_by_wildcard(received))
            missing = [n for n in missing if n != "authorization"]
        elif by_name and "authorization" in missing:  # preflight:7.6 decides before 7.7, whatever sorts first
            missing.remove("authorization")
            missing.insert(0, "authorization")
        if missing:
            self.values["CORS407"] = missing[0]
            step = "preflight:7.6" if by_name and missing[0] == "authorization" else "preflight:7.7"
            message = f"Request header {missing[0]} is not in Access-Control-Allow-Headers ({step})."
            if "*" in lower:
                message = f"With credentials, * is a literal header name, so {missing[0]} is not allowed ({step})."
            rows.append(Step(step, "fail", ACAH, expected, received, message, "CORS407"))
        elif not rows:
            rows.append(Step("preflight:7.7", "pass", ACAH, expected, received))
        return rows

    def _authorization_by_wildcard(self, received: str | None) -> Step:
        """``preflight:7.6`` with ``*`` in the list: a failure in the standard, a warning where engines accept it."""
        if self.rules.authorization_covered_by_wildcard:
            self.wildcard_authorization = True
            message = "Browsers accept * for Authorization, but the standard does not (preflight:7.6). List it by name."
            return Step("preflight:7.6", "warn", ACAH, "authorization", received, message, "CORS406")
        self.values["CORS406"] = "authorization"
        message = "* does not cover Authorization: it must be listed by name (preflight:7.6)."
        return Step("preflight:7.6", "fail", ACAH, "authorization", received, message, "CORS406")

    def _age(self) -> Step | None:
        # preflight:7.9: a value that does not parse never fails the preflight; it only changes how long it is cached.
        values = get_all(self.response.headers, ACMA)
        if not values:
            return None
        text = ", ".join(values)
        if len(values) == 1 and text.isdigit() and text.isascii():
            return Step("preflight:7.9", "pass", ACMA, "seconds", text)
        message = "Access-Control-Max-Age is not a number of seconds: engines treat it differently (preflight:7.9)."
        return Step("preflight:7.9", "warn", ACMA, "seconds", text, message, "CORS420")


def cors_check_steps(check: CheckResult, origin: str, credentials: Credentials) -> list[Step]:
    """Return the rows of a CORS check: one for Access-Control-Allow-Origin, one for -Allow-Credentials if it matters.

    ``origin`` is the serialized request origin, ``credentials`` the request's credentials mode.
    """
    acao, acac = check.allow_origin, check.allow_credentials
    origin_ok = check.ok or check.code == "CORS307"
    rows = []
    if origin_ok:
        rows.append(Step(check.step if check.ok else "cors-check:5", "pass", ACAO, origin, acao))
    else:
        message = _origin_message(check, origin)
        rows.append(Step(check.step, "fail", ACAO, origin, acao, message, check.code))
    if credentials == "include":
        # cors-check:6 to 8. Evaluated even if step 2 or 4 failed: it is often the next thing to fix.
        ok = acac == "true"
        message = "" if ok else 'A request with credentials requires exactly "true" (cors-check:8).'
        step = "cors-check:7" if ok else "cors-check:8"
        rows.append(Step(step, "pass" if ok else "fail", ACAC, "true", acac, message, None if ok else "CORS307"))
    elif acac is not None:  # cors-check:5 has already decided: without "include" this header is never read
        rows.append(Step("cors-check:5", "skip", ACAC, "nothing (no include)", acac))
    return rows


def _origin_message(check: CheckResult, origin: str) -> str:
    acao = check.allow_origin
    where = f"({check.step})."
    texts = {
        "CORS301": f"No Access-Control-Allow-Origin in the response {where}",
        "CORS302": f'"*" does not cover a request with credentials {where}',
        "CORS303": f"Access-Control-Allow-Origin is sent more than once; exactly one is allowed {where}",
        "CORS304": f"Access-Control-Allow-Origin names one origin, never a list {where}",
        "CORS305": f'"{acao}" is not an origin {where}',
        "CORS306": f"Access-Control-Allow-Origin is {acao}, not {origin} {where}",
    }
    return texts[check.code or ""]
