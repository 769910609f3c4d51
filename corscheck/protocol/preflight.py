"""The CORS-preflight fetch: whether, what to send, how to judge the answer.

Source: Fetch, ``main-fetch:12``, ``http-fetch:4.1`` and *CORS-preflight fetch* (steps 1 to 8, 7.1 to 7.16).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from corscheck.records import dataclass

if TYPE_CHECKING:
    from corscheck.protocol.request import Credentials, Headers, HTTPResponse

ACRM = "Access-Control-Request-Method"
ACRH = "Access-Control-Request-Headers"
ACAM = "Access-Control-Allow-Methods"
ACAH = "Access-Control-Allow-Headers"


@dataclass(frozen=True, slots=True)
class PreflightQuestion:
    """What a preflight asks for: the request it stands for, seen from the page.

    ``unchecked`` says that the engine does not apply the CORS check to the answer.
    """

    origin: str
    credentials: Credentials
    method: str
    names: tuple[str, ...]
    forced: bool = False
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a preflight's answer.

    ``steps`` are all its rows, later ones evaluated even after a failure. ``failed`` is the row that decides, None when
    the preflight passed; ``value`` what that row is about. ``methods`` and ``names`` are what may be cached, for
    ``seconds`` (None: not at all). ``authorization_by_wildcard`` remarks on ``preflight:7.6``.
    """

    steps: tuple[Step, ...]
    failed: Step | None = None
    value: str | None = None
    methods: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    seconds: int | None = None
    authorization_by_wildcard: bool = False


def because(method: str, names: tuple[str, ...], *, forced: bool = False) -> tuple[str, ...]:
    """Why a request needs a preflight: empty when it does not (``main-fetch:12``)."""
    reasons = [] if is_safelisted_method(method) else [f"method {method}"]
    reasons += [f"header {n}" for n in dict.fromkeys(names)]
    if forced:
        reasons.append("upload listener or stream body")
    return tuple(reasons)


def unsafe_names(headers: Headers, rules: Rules = STANDARD) -> tuple[str, ...]:
    """The names that the preflight asks for."""
    return unsafe_request_header_names(headers, rules)


def request_headers(asked: PreflightQuestion) -> Headers:
    """The preflight's own headers, in the standard's order; the names only where there are any (``preflight:3-5``)."""
    headers = [(ACRM, asked.method)]
    names = access_control_request_headers(asked.names)
    if names is not None:
        headers.append((ACRH, names))
    return (*headers, ("Origin", asked.origin))


def judge(asked: PreflightQuestion, response: HTTPResponse, location: Location, rules: Rules = STANDARD) -> Judgement:
    """``preflight:7`` and ``8``: may the request be sent? ``location`` is where the answer redirects to, if it does."""
    return _Judge(asked, response, location, rules).judgement()


class _Judge:
    """Evaluates every row once; which failing row decides is the engine's choice of order."""

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
            # Both lists are parsed before either is searched (7.1 to 7.3).
            order.sort(key=lambda row: row.code in ("CORS405", "CORS406", "CORS407"))
        failed = next((row for row in order if row.status == "fail"), None)
        steps = tuple(row for row in (*origin_rows, status, methods, *names, age) if row is not None)
        if failed is not None:
            value = check.allow_origin if failed.step.startswith("cors-check") else self.values.get(failed.code or "")
            value = check.allow_credentials if failed.code == "CORS307" else value
            return Judgement(steps, failed, value)
        listed_methods = self._listed(ACAM)
        if asked.forced and not get_all(headers, ACAM) and rules.forced_preflight_allows_unlisted_method:
            listed_methods = (asked.method,)
        return Judgement(
            steps, None, None, listed_methods, self._listed(ACAH), max_age(headers, rules), self.wildcard_authorization
        )

    def _status_first(self, status: Step) -> bool:
        """Whether the status decides before the CORS check is looked at."""
        rules = self.rules
        if rules.preflight_status_first or status.code == "CORS501":
            return True
        if status.code != "CORS402":
            return False
        return rules.preflight_redirect_first or refused_first(self.location, rules)

    def _listed(self, name: str) -> tuple[str, ...]:
        found = extract_list(self.response.headers, name)
        return () if found is None or isinstance(found, Extraction) else found

    def _status(self) -> Step:
        status, expected = self.response.status, "200 to 299"
        received = f"{status} {self.response.reason}".strip()
        if 200 <= status <= 299:
            return Step("preflight:7", "pass", "status", expected, received)
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
        return self.asked.credentials != "include" and "*" in listed

    def _methods(self) -> Step:
        asked, headers = self.asked, self.response.headers
        received = get(headers, ACAM)
        listed = extract_list(headers, ACAM)
        if isinstance(listed, Extraction):
            self.values["CORS403"] = first_bad_element(headers, ACAM)
            message = "Access-Control-Allow-Methods is not a list of tokens (preflight:7.3)."
            return Step("preflight:7.3", "fail", ACAM, asked.method, received, message, "CORS403")
        if is_safelisted_method(asked.method):
            return Step("preflight:7.5", "skip", ACAM, None, received, f"{asked.method} needs no listing.")
        forced_null = asked.forced and listed is None and self.rules.forced_preflight_allows_unlisted_method
        if forced_null or asked.method in (listed or ()) or self._wildcard(listed or ()):
            return Step("preflight:7.5", "pass", ACAM, asked.method, received)
        self.values["CORS405"] = asked.method
        message = f"Method {asked.method} is not in Access-Control-Allow-Methods (preflight:7.5)."
        near = next((m for m in listed or () if m.upper() == asked.method.upper()), None)
        if near is not None:
            message = f"Method {asked.method} is not {near}: methods compare with their case (preflight:7.5)."
        elif "*" in (listed or ()):
            message = f"With credentials * is a method of that name, so {asked.method} is not allowed (preflight:7.5)."
        return Step("preflight:7.5", "fail", ACAM, asked.method, received, message, "CORS405")

    def _names(self) -> list[Step]:
        asked, headers = self.asked, self.response.headers
        received = get(headers, ACAH)
        expected = ", ".join(dict.fromkeys(asked.names)) or None
        listed = extract_list(headers, ACAH)
        if isinstance(listed, Extraction):
            self.values["CORS404"] = first_bad_element(headers, ACAH)
            message = "Access-Control-Allow-Headers is not a list of tokens (preflight:7.3)."
            return [Step("preflight:7.3", "fail", ACAH, expected, received, message, "CORS404")]
        if not asked.names:
            return [Step("preflight:7.7", "skip", ACAH, None, received, "No request header needs listing.")]
        lower = {n.lower() for n in listed or ()}
        wildcard = self._wildcard(listed or ())
        missing = [n for n in dict.fromkeys(asked.names) if n not in lower and not wildcard]
        rows: list[Step] = []
        by_wildcard = wildcard and "authorization" in asked.names and "authorization" not in lower
        by_name = not self.rules.authorization_covered_by_wildcard
        if by_wildcard or (by_name and "authorization" in missing and "*" in lower):
            # Step 7.6 comes before 7.7, and * plays no part in it.
            rows.append(self._authorization_by_wildcard(received))
            missing = [n for n in missing if n != "authorization"]
        elif by_name and "authorization" in missing:
            missing.remove("authorization")
            missing.insert(0, "authorization")
        if missing:
            self.values["CORS407"] = missing[0]
            step = "preflight:7.6" if by_name and missing[0] == "authorization" else "preflight:7.7"
            message = f"Request header {missing[0]} is not in Access-Control-Allow-Headers ({step})."
            if "*" in lower:
                message = f"With credentials * is a header of that name, so {missing[0]} is not allowed ({step})."
            rows.append(Step(step, "fail", ACAH, expected, received, message, "CORS407"))
        elif not rows:
            rows.append(Step("preflight:7.7", "pass", ACAH, expected, received))
        return rows

    def _authorization_by_wildcard(self, received: str | None) -> Step:
        """``preflight:7.6``: the standard wants Authorization named; every engine lets ``*`` cover it."""
        if self.rules.authorization_covered_by_wildcard:
            self.wildcard_authorization = True
            message = "Browsers let * cover Authorization; the standard does not (preflight:7.6). Name it."
            return Step("preflight:7.6", "warn", ACAH, "authorization", received, message, "CORS406")
        self.values["CORS406"] = "authorization"
        message = "* does not cover Authorization: it must be named (preflight:7.6)."
        return Step("preflight:7.6", "fail", ACAH, "authorization", received, message, "CORS406")

    def _age(self) -> Step | None:
        values = get_all(self.response.headers, ACMA)
        if not values:
            return None
        text = ", ".join(values)
        if len(values) == 1 and text.isdigit() and text.isascii():
            return Step("preflight:7.9", "pass", ACMA, "seconds", text)
        message = "Access-Control-Max-Age is not a number of seconds: engines treat it differently (preflight:7.9)."
        return Step("preflight:7.9", "warn", ACMA, "seconds", text, message, "CORS420")


def cors_check_steps(check: CheckResult, origin: str, credentials: Credentials) -> list[Step]:
    """The rows of a CORS check: Access-Control-Allow-Origin, and -Credentials where it plays a part."""
    acao, acac = check.allow_origin, check.allow_credentials
    origin_ok = check.ok or check.code == "CORS307"
    rows = []
    if origin_ok:
        rows.append(Step(check.step if check.ok else "cors-check:5", "pass", ACAO, origin, acao))
    else:
        message = _origin_message(check, origin)
        rows.append(Step(check.step, "fail", ACAO, origin, acao, message, check.code))
    if credentials == "include":
        # Evaluated even when the origin already failed: it is often the second thing to mend.
        ok = acac == "true"
        message = "" if ok else 'A request with credentials needs exactly "true" here (cors-check:8).'
        step = "cors-check:7" if ok else "cors-check:8"
        rows.append(Step(step, "pass" if ok else "fail", ACAC, "true", acac, message, None if ok else "CORS307"))
    elif acac is not None:
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
        "CORS305": f'"{acao}" is no origin {where}',
        "CORS306": f"Access-Control-Allow-Origin is {acao}, not {origin} {where}",
    }
    return texts[check.code or ""]
