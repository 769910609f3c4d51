"""The parts of an audit other than hostile origins.

First come redirects and logins. Afterwards come preflights, other methods, error pages, requests without credentials,
caches, and permissions that are too broad.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.auditing import caching, classes
from corscheck.auditing.origins import Hostile
from corscheck.auditing.proof import Seen
from corscheck.auditing.websocket import page_origin
from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.model.values import SEVERITIES
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import delta_seconds, extract_list, get, get_all, get_decode_split
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.request import HTTPResponse
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.findings import Findings
    from corscheck.auditing.hosting import Queue
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Step
    from corscheck.model.values import Severity
    from corscheck.protocol.request import Headers

_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_LOGIN_WORDS = frozenset(
    {"login", "logon", "signin", "sso", "oauth", "oauth2", "authorize", "authenticate", "saml", "saml2", "auth", "cas"}
)
_LONGEST = 86400
"""The longest time in seconds for which Firefox caches a preflight. Chromium's limit is 7200."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_SUBPROTOCOL = "If the server expects a subprotocol, name it: -H 'Sec-WebSocket-Protocol: NAME'."
_JSON = ("Content-Type", "application/json")
"""What makes a POST need a preflight, so that it can be asked about without sending it."""


class Scope:
    """The checks around one HTTP target."""

    hosts = 2
    """How many shared hosts ``around`` asks about on its way."""

    def __init__(self, plan: AuditPlan, book: Findings) -> None:
        self.plan = plan
        self.book = book
        self.control: Headers = ()
        self._hops: list[str] = []
        self._allowed: Seen | None = None

    def remember(self, came: Seen) -> None:
        """Keep the first result of an intended origin that the server allows."""
        if self._allowed is None and came.allowed:
            self._allowed = came

    # ------------------------------------------------------------------ before the hostile origins

    def begin(self) -> Generator[Ask, Came, bool]:
        """Send a request without Origin and follow redirects within the site. Return False if nothing responds."""
        book = self.book
        for _ in range(_HOPS):
            url = parse_url(book.url)
            outcome = yield from book.outcome(url.origin, method="GET")
            answer = outcome.exchanges[-1].answer if outcome.exchanges else None
            if not isinstance(answer, HTTPResponse):
                book.unanswered(Seen(url.origin, outcome, None))
                return False
            self.control = answer.headers
            book.usual = answer.status
            following = self._following(answer)
            if following is None:
                self._note_status(answer.status)
                return True
            self._hops.append(book.url)
            book.url = following
        book.note(f"Too many redirects; {book.url} was audited.")
        return True

    def end(self) -> Step:
        """Repeat the first request if foreign origins got a status that it did not get.

        A server may refuse an origin so. If the first request fails as well now, it was not the application.
        """
        book, status = self.book, None
        if book.unusual is not None:
            again = yield from self._first_again()
            status = again.response.status if again.response is not None else None
            if status is None:
                book.unanswered(again)
        book.ended(status)

    def _first_again(self) -> Generator[Ask, Came, Seen]:
        origin = parse_url(self.book.url).origin
        outcome = yield from self.book.outcome(origin, method="GET")
        return Seen(origin, outcome, outcome.exchanges[-1] if outcome.exchanges else None)

    def _following(self, answer: HTTPResponse) -> str | None:
        """Return the redirect target if it is on the same site, not a login, and not visited before."""
        location = get(answer.headers, "Location")
        if answer.status not in _REDIRECTS or location is None:
            return None
        try:
            target = parse_url(location.encode("latin-1").decode("utf-8", "replace"), self.book.url)
        except URLError:
            return None
        here = parse_url(self.book.url)
        if _leads_to_login(target.path):
            self.book.note(
                f"{self.book.url} redirects to a login ({target.without_fragment}): the audit sees the login's "
                "policy. Pass credentials (-b, -H, -u) to see the application's."
            )
            return None
        same = self.plan.suffixes.registrable
        if target.scheme not in HTTP_SCHEMES or (
            target.host != here.host and (same(target.host) is None or same(target.host) != same(here.host))
        ):
            self.book.note(f"{self.book.url} redirects to another site ({target.origin}), which was not audited.")
            return None
        if self.plan.keeps_credentials_from(target):
            self.book.note(
                f"{self.book.url} redirects to {target.origin}, which the credentials are not for, so it was not "
                "audited. To audit it with them, pass its URL."
            )
            return None
        if target.without_fragment in (*self._hops, here.without_fragment):
            return None
        return target.without_fragment

    def _note_status(self, status: int) -> None:
        if status >= 500:
            self.book.note(
                f"The response is a {status} without any Origin, so the audit sees the policy of an error page."
            )
        if status in (401, 403, 407):
            self.book.note(
                f"The response is a {status}: the audit sees the login's policy. Pass credentials (-b, -H, -u) to "
                "see the application's."
            )

    def _again(self, came: Seen, changes: dict[str, object], what: str = "") -> Generator[Ask, Came, bool]:
        """Whether a second, identical request gets the same result."""
        again = yield from self.book.ask(came.origin, **changes)
        if not again.like(came):
            self.book.flapping(f"{what}{came.origin}", came)
        return again.like(came)

    def _customer_is_allowed(self, origin: str | None) -> Generator[Ask, Came, bool]:
        """Record that all customers of a shared host are allowed, if they are."""
        if origin is None:
            return False
        came = yield from self.book.ask(origin)
        return came.allowed and (yield from self.book.tell(Hostile("shared-hosting", origin), came))

    # ------------------------------------------------------------------ after the hostile origins

    def without_credentials(self, first: Seen, customer: str | None) -> Generator[Ask, Came, Seen | None]:
        """Ask without credentials: some policies depend on whether the visitor is logged in.

        ``customer`` is an origin on a shared host to do so with, which tells of that host as well.
        """
        bare = self.plan.without_credentials
        came = yield from self.book.ask(customer or first.origin, **bare)
        if not came.allowed or first.allowed or (yield from self._customer_is_allowed(customer)):
            return came
        if (yield from self._again(came, bare)):
            message = f"Any web page can read the response of {self.book.url} to a request without a login."
            self._tell(classes.ERROR_PATH, came, message)
        return came

    def around(self, first: Seen, without: Seen | None, hosts: Queue, *, everybody: bool) -> Step:
        """Run the remaining checks. ``everybody`` says whether the server reflects every origin."""
        if everybody and without is not None and first.credentialed and not without.credentialed:
            enough = "" if self.plan.has_credentials else " (any cookie is enough)"
            self._tell(
                classes.WITH_LOGIN_ONLY, first,
                f"{self.book.url} reflects the origin only if the request has credentials{enough}: a test without "
                "them shows nothing.", severity="info",
            )  # fmt: skip

        def stranger() -> str | None:
            host = hosts.next() if not everybody else None
            return hosts.customer(host) if host is not None else None

        yield from self._methods(first, stranger(), everybody=everybody)
        if not everybody:
            yield from self._error_page(first, stranger())
            yield from self._redirects(first)
        yield from self._own_preflight(first)
        yield from self._caches(first)

    def _methods(self, first: Seen, customer: str | None, *, everybody: bool) -> Step:
        """Ask for methods other than GET: unsafe ones by preflight only, unless ``send`` is ``always``.

        ``customer`` is an origin on a shared host for the first of them.
        """
        always = self.plan.template.send == "always"
        methods = self.plan.methods or (("PUT", *(("POST", "DELETE") if always else ())))
        for method in methods:
            if method == "GET":
                continue
            by_preflight = method not in _SAFE and not always
            asked: dict[str, object] = {"method": method, "by_preflight": by_preflight}
            if by_preflight and is_safelisted_method(method):
                asked["headers"] = (*self.plan.template.headers, _JSON)
            origin, customer = customer or first.origin, None
            came = yield from self.book.ask(origin, **asked)
            passed = _passed_preflight(came)
            if not (came.allowed or passed) or (everybody and not came.credentialed):
                continue
            if origin != first.origin and (yield from self._customer_is_allowed(origin)):
                continue
            if came.allowed:
                if (yield from self._again(came, asked, f"{method} from ")):
                    self._method(method, came, by_preflight=by_preflight, everybody=everybody)
            elif (yield from self._passes_again(came, asked)):
                # The request went out, and the server refused to let its response be read.
                accepted = came.response is not None and came.response.status < 400
                self._tell(
                    classes.PREFLIGHT_ONLY, came,
                    f"Any web page can send a {method} to {self.book.url} with the victim's cookies. It cannot read "
                    "the response.", severity="low" if accepted or method in self.plan.methods else "info",
                )  # fmt: skip

    def _passes_again(self, came: Seen, asked: dict[str, object]) -> Generator[Ask, Came, bool]:
        again = yield from self.book.ask(came.origin, **asked)
        return _passed_preflight(again)

    def _method(self, method: str, came: Seen, *, by_preflight: bool, everybody: bool) -> None:
        """Record a method that strangers may use."""
        url = self.book.url
        if everybody:
            message = f"The same pages may send a {method} to {url}: they can change data, not only read it."
            self._tell(classes.WIDE_METHODS, came, message, severity="info")
        elif by_preflight:
            message = (
                f"Any web page can send a {method} to {url} with the victim's cookies: the preflight allows it. "
                "Whether it can read the response was not tested (--send always)."
            )
            asked_for = method in self.plan.methods and came.credentialed
            self._tell(classes.PREFLIGHT_ONLY, came, message, severity="low" if asked_for else "info")
        else:
            message = (
                f"Any web page can send a {method} to {url} with the victim's cookies and read the response. It "
                "cannot read that of a GET."
            )
            self._tell(classes.METHOD, came, message)

    def _error_page(self, first: Seen, customer: str | None) -> Step:
        """Ask for a missing page: a different component often serves error pages, with a different policy."""
        url = parse_url(self.book.url)
        missing = f"{url.origin}/{self.plan.labels.label()}"
        origin = customer or first.origin
        came = yield from self.book.ask(origin, url=missing)
        if not came.allowed or (origin != first.origin and (yield from self._customer_is_allowed(origin))):
            return
        if came.response is None or came.response.status < 400:
            return
        if (yield from self._again(came, {"url": missing})):
            message = f"Any web page can read the error pages of {url.origin} (here a {came.response.status})."
            self._tell(classes.ERROR_PATH, came, message)

    def _redirects(self, first: Seen) -> Step:
        """Probe the redirects that led to the audited URL."""
        for hop in self._hops:
            came = yield from self.book.ask(first.origin, url=hop)
            if came.allowed and (yield from self._again(came, {"url": hop})):
                message = (
                    f"Any web page passes the CORS check of the redirect at {hop}, but cannot read {self.book.url}, "
                    "where it leads."
                )
                self._tell(classes.REDIRECT_HOP, came, message, severity="info")

    def _own_preflight(self, first: Seen) -> Step:
        """Check a preflight from an allowed origin for unknown allowed headers and for a long max-age."""
        one = self._allowed or first
        if not one.allowed:
            return
        name = f"X-{self.plan.labels.label()}"
        came = yield from self.book.ask(
            one.origin, method="PUT", headers=((name, "1"),), send="never", by_preflight=True
        )
        answer = came.response
        if answer is None:
            return
        allowed = extract_list(answer.headers, "Access-Control-Allow-Headers")
        if isinstance(allowed, tuple) and name.lower() in [h.lower() for h in allowed]:
            self._tell(classes.WIDE_HEADERS, came,
                       f"A random header ({name}) is allowed because the preflight asked for it.",
                       severity="info")  # fmt: skip
        written = get(answer.headers, "Access-Control-Max-Age")
        if (delta_seconds(written) or 0) > _LONGEST:
            self._tell(classes.MAX_AGE, came, f"A preflight may be cached for {str(written)[:20]} seconds; Firefox caches it "
                       "for 86400, Chromium for 7200.", severity="info")  # fmt: skip
        self._exposed(one)

    def _exposed(self, allowed: Seen) -> None:
        if allowed.response is None:
            return
        names = [n.lower() for n in get_decode_split(allowed.response.headers, "Access-Control-Expose-Headers") or []]
        telling = [n for n in names if n in ("authorization", "set-cookie", "set-cookie2", "proxy-authorization")]
        if telling or ("*" in names and allowed.credentialed):
            what = ", ".join(telling) or "*"
            self._tell(classes.WIDE_EXPOSED, allowed, f"{what} is exposed: browsers never show Set-Cookie to scripts, and with "
                       "credentials * is only a header name.", severity="info")  # fmt: skip

    def _caches(self, first: Seen) -> Step:
        """Look for a response that depends on Origin, lacks ``Vary: Origin``, and may be stored by a shared cache."""
        one = self._allowed or first
        if one.response is None or not one.allowed:
            return
        answers = (self.control, one.response.headers)
        others = (first.response.headers,) if first.response is not None else ()
        if len({tuple(get_all(headers, ACAO)) for headers in (*answers, *others)}) < 2:
            return
        silent = [headers for headers in answers if not caching.varies_by_origin(headers)]
        if not any(map(caching.shared_cache_keeps, silent)) or not (yield from self._again(one, {})):
            return
        self._tell(
            classes.VARY, one,
            f"A shared cache stores the response of {self.book.url} to one Origin and serves it to another: any web "
            "page can decide whether the allowed pages can read it.",
            severity=None if one.credentialed else "info",
        )  # fmt: skip

    def _tell(self, code: str, came: Seen, message: str, *, severity: Severity | None = None) -> None:
        """Record a finding: the most severe of its code and URL.

        The severity is ``severity``, or that of the code, or ``info`` without credentials.
        """
        weighed = severity or (RECORDS[code].severity if came.credentialed else "info")
        told = self.book.held.get((code, came.exchange.request.url)) if came.exchange is not None else None
        if told is None or SEVERITIES.index(weighed) < SEVERITIES.index(told.severity):
            self.book.add(code, weighed, message, came, came.credentialed or came.plain)


def _leads_to_login(path: str) -> bool:
    """Whether a path contains a login word. Only whole words count, so ``/authors`` does not."""
    words = re.split(r"[^a-z0-9]+", path.lower().replace("_", "-").replace("sign-in", "signin"))
    return not _LOGIN_WORDS.isdisjoint(words)


def _passed_preflight(came: Seen) -> bool:
    """Whether a preflight was sent and the actual request followed it."""
    first = [e.request.kind for e in came.outcome.exchanges if e.request.hop == 0]
    return "preflight" in first and "actual" in first


class SocketScope(Scope):
    """The checks around a WebSocket target, which has only its handshake."""

    hosts = 0
    wanted = ""
    """The origin of the first handshake."""

    def begin(self) -> Generator[Ask, Came, bool]:
        """Send a handshake from the first allowed origin, or from the target's own origin."""
        self.wanted = next((o for o in self.plan.allowed if "*" not in o), page_origin(self.book.url))
        came = yield from self._first_again()
        named = any(name.lower() == "sec-websocket-protocol" for name, _ in self.plan.template.headers)
        hint = "" if named else f" {_SUBPROTOCOL}"
        if came.response is None:
            self.book.unanswered(came)
            if self.book.error is not None and self.book.error.kind == "timeout":
                self.book.note(f"The handshake from {came.origin} got no response.{hint}")
            return False
        self.book.usual = came.response.status
        if not came.allowed:
            self.book.note(
                f"The handshake from {came.origin} got a {came.response.status}: no WebSocket was opened.{hint}"
            )
            self._note_status(came.response.status)
        return True

    def _first_again(self) -> Generator[Ask, Came, Seen]:
        return (yield from self.book.ask(self.wanted))

    def without_credentials(
        self,
        first: Seen,  # noqa: ARG002 - as the base's
        customer: str | None,  # noqa: ARG002 - as the base's
    ) -> Generator[Ask, Came, Seen | None]:
        """Do nothing: ``Findings.tell`` repeats the handshake without credentials once an origin is allowed."""
        yield from ()
        return None

    def around(self, first: Seen, without: Seen | None, hosts: Queue, *, everybody: bool) -> Step:  # noqa: ARG002 - as the base's
        """Do nothing: a WebSocket has no preflight, no other method and no cache."""
        yield from ()
