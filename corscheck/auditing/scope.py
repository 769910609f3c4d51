"""The parts of an audit other than hostile origins.

First come redirects and logins. Afterwards come preflights, other methods, error pages, requests without credentials,
caches, and permissions that are too broad.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.auditing import caching, classes
from corscheck.auditing.proof import Seen
from corscheck.auditing.websocket import page_origin
from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import delta_seconds, extract_list, get, get_all, get_decode_split
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Generator

    from corscheck.auditing.findings import Findings
    from corscheck.auditing.plan import Ask, AuditPlan, Came, Step
    from corscheck.protocol.request import Headers

_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_LOGIN_WORDS = frozenset(
    {"login", "logon", "signin", "sso", "oauth", "oauth2", "authorize", "authenticate", "saml", "saml2", "auth", "cas"}
)
_LONGEST = 86400
"""The longest time in seconds for which Firefox caches a preflight. Chromium's limit is 7200."""

_SAFE = ("GET", "HEAD", "OPTIONS")


class Scope:
    """The checks around one HTTP target."""

    def __init__(self, plan: AuditPlan, book: Findings) -> None:
        self.plan = plan
        self.book = book
        self.control: Headers = ()
        self._hops: list[str] = []
        self._allowed: Seen | None = None

    def remember(self, came: Seen) -> None:
        """Keep the first result of an intended origin that the server allows."""
        if self._allowed is None and came.let_in:
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
            following = self._following(answer)
            if following is None:
                self._login(answer.status)
                return True
            self._hops.append(book.url)
            book.url = following
        book.note(f"Redirects without an end; {book.url} was audited.")
        return True

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
                f"{self.book.url} redirects to a login ({target.without_fragment}): what was seen is the login's policy. "
                "Give credentials (-b, -H, -u) to see the application's."
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
                f"{self.book.url} redirects to {target.origin}, which the credentials are not for: it was not audited. To audit "
                "it with them, name it."
            )
            return None
        if target.without_fragment in (*self._hops, here.without_fragment):
            return None
        return target.without_fragment

    def _login(self, status: int) -> None:
        if status in (401, 403, 407):
            self.book.note(
                f"The answer is a {status}: what was seen is the login's policy. Give credentials (-b, -H, -u) to see the "
                "application's."
            )

    def _again(self, came: Seen, changes: dict[str, object], what: str = "") -> Generator[Ask, Came, bool]:
        """Whether a second, identical request gets the same result."""
        again = yield from self.book.ask(came.origin, **changes)
        if not again.like(came):
            self.book.flapping(f"{what}{came.origin}")
        return again.like(came)

    # ------------------------------------------------------------------ after the hostile origins

    def without_credentials(self, first: Seen) -> Generator[Ask, Came, Seen | None]:
        """Probe the foreign origin without credentials: some policies depend on whether the visitor is logged in."""
        bare = self.plan.without_credentials
        came = yield from self.book.ask(first.origin, **bare)
        if came.let_in and not first.let_in and (yield from self._again(came, bare)):
            message = f"Any web page can read what {self.book.url} answers without a login."
            self._tell(classes.ERROR_PATH, came, message)
        return came

    def around(self, first: Seen, without: Seen | None, *, everybody: bool) -> Step:
        """Run the remaining checks. ``everybody`` says whether the server reflects every origin."""
        if everybody and without is not None and first.credentialed and not without.credentialed:
            enough = "" if self.plan.has_credentials else " (any cookie is enough)"
            self._tell(
                classes.WITH_LOGIN_ONLY, first,
                f"{self.book.url} lets in everybody as soon as there are credentials{enough}: who tests it without them "
                "sees nothing.", severity="info",
            )  # fmt: skip
        yield from self._methods(first, everybody=everybody)
        if not everybody:
            yield from self._error_page(first)
            yield from self._redirects(first)
        yield from self._own_preflight()
        yield from self._caches(first)

    def _methods(self, first: Seen, *, everybody: bool) -> Step:
        """Probe methods other than GET: unsafe ones by preflight only, unless ``send`` is ``always``."""
        always = self.plan.template.send == "always"
        methods = self.plan.methods or (("PUT", *(("POST", "DELETE") if always else ())))
        for method in methods:
            if method == "GET":
                continue
            by_preflight = method not in _SAFE and not always
            asked: dict[str, object] = {"method": method, "by_preflight": by_preflight}
            came = yield from self.book.ask(first.origin, **asked)
            if not came.let_in or (everybody and not came.credentialed):
                continue
            if not (yield from self._again(came, asked, f"{method} from ")):
                continue
            if everybody:
                self._tell(
                    classes.WIDE_METHODS, came, f"The same pages may send a {method} to {self.book.url}: they can write, not "
                    "only read.", severity="info",
                )  # fmt: skip
            elif by_preflight:
                self._tell(
                    classes.PREFLIGHT_ONLY, came,
                    f"By preflight only: any web page may send a {method} to {self.book.url}; whether it can read the answer "
                    "was not asked (--send always).", severity="info",
                )  # fmt: skip
            else:
                self._tell(
                    classes.METHOD, came, f"Any web page can send a {method} to {self.book.url} with the victim's cookies "
                    "and read the answer; a GET it cannot."
                )  # fmt: skip

    def _error_page(self, first: Seen) -> Step:
        """Probe a missing page: a different component often serves error pages, with a different policy."""
        url = parse_url(self.book.url)
        missing = f"{url.origin}/{self.plan.labels.label()}"
        came = yield from self.book.ask(first.origin, url=missing)
        if not came.let_in or came.response is None or came.response.status < 400:
            return
        if (yield from self._again(came, {"url": missing})):
            self._tell(classes.ERROR_PATH, came, f"Any web page can read the error pages of {url.origin} (here a "
                       f"{came.response.status}).")  # fmt: skip

    def _redirects(self, first: Seen) -> Step:
        """Probe the redirects that led to the audited URL."""
        for hop in self._hops:
            came = yield from self.book.ask(first.origin, url=hop)
            if came.let_in and (yield from self._again(came, {"url": hop})):
                self._tell(classes.REDIRECT_HOP, came, f"Any web page is let through the redirect at {hop}, though not by "
                           f"{self.book.url}, where it leads.")  # fmt: skip

    def _own_preflight(self) -> Step:
        """Check a preflight from an allowed origin for unknown allowed headers and for a long max-age."""
        if self._allowed is None:
            return
        name = f"X-{self.plan.labels.label()}"
        origin = self._allowed.origin
        came = yield from self.book.ask(origin, method="PUT", headers=((name, "1"),), send="never", by_preflight=True)
        answer = came.response
        if answer is None:
            return
        allowed = extract_list(answer.headers, "Access-Control-Allow-Headers")
        if isinstance(allowed, tuple) and name.lower() in [h.lower() for h in allowed]:
            self._tell(classes.WIDE_HEADERS, came, f"A header that nobody knows ({name}) is allowed because it was asked for.",
                       severity="info")  # fmt: skip
        written = get(answer.headers, "Access-Control-Max-Age")
        if (delta_seconds(written) or 0) > _LONGEST:
            self._tell(classes.MAX_AGE, came, f"A preflight may be kept for {str(written)[:20]} seconds; Firefox keeps it "
                       "for 86400, Chromium for 7200.", severity="info")  # fmt: skip
        self._exposed(self._allowed)

    def _exposed(self, allowed: Seen) -> None:
        if allowed.response is None:
            return
        names = [n.lower() for n in get_decode_split(allowed.response.headers, "Access-Control-Expose-Headers") or []]
        telling = [n for n in names if n in ("authorization", "set-cookie", "set-cookie2", "proxy-authorization")]
        if telling or ("*" in names and allowed.credentialed):
            what = ", ".join(telling) or "*"
            self._tell(classes.WIDE_EXPOSED, allowed, f"{what} is exposed: browsers never show Set-Cookie to script, and * is "
                       "only a name once credentials go along.", severity="info")  # fmt: skip

    def _caches(self, first: Seen) -> Step:
        """Look for a response that depends on Origin, lacks ``Vary: Origin``, and may be stored by a shared cache."""
        one = self._allowed or first
        if one.response is None or not one.let_in:
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
            f"A shared cache keeps what {self.book.url} answers to one Origin and gives it to another: a page that anybody "
            "can make decides whether the allowed ones can read it.",
            severity=None if one.credentialed else "info",
        )  # fmt: skip

    def _tell(self, code: str, came: Seen, message: str, *, severity: str | None = None) -> None:
        """Record a finding. The severity is ``severity``, or that of the code, or ``info`` without credentials."""
        weighed = RECORDS[code].severity if came.credentialed else "info"
        self.book.add(code, severity or weighed, message, came, came.credentialed or came.plain)  # type: ignore[arg-type]


def _leads_to_login(path: str) -> bool:
    """Whether a path contains a login word. Only whole words count, so ``/authors`` does not."""
    words = re.split(r"[^a-z0-9]+", path.lower().replace("_", "-").replace("sign-in", "signin"))
    return not _LOGIN_WORDS.isdisjoint(words)


class SocketScope(Scope):
    """The checks around a WebSocket target, which has only its handshake."""

    def begin(self) -> Generator[Ask, Came, bool]:
        """Send a handshake from the first allowed origin, or from the target's own origin."""
        wanted = next((o for o in self.plan.allowed if "*" not in o), page_origin(self.book.url))
        came = yield from self.book.ask(wanted)
        if came.response is None:
            self.book.unanswered(came)
            return False
        if not came.let_in:
            self.book.note(
                f"The handshake from {came.origin} is answered with {came.response.status}, no WebSocket is opened."
            )
            self._login(came.response.status)
        return True

    def without_credentials(self, first: Seen) -> Generator[Ask, Came, Seen | None]:  # noqa: ARG002 - as the base's
        """Do nothing: ``Findings.tell`` repeats the handshake without credentials once an origin is allowed."""
        yield from ()
        return None

    def around(self, first: Seen, without: Seen | None, *, everybody: bool) -> Step:  # noqa: ARG002 - as the base's
        """Do nothing: a WebSocket has no preflight, no other method and no cache."""
        yield from ()
