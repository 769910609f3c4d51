"""The page that is recorded: what it asks, what its servers answer, and what script then sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Headers = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """A response. In values, ``{origin}`` is the request's Origin, ``{page}``, ``{api}`` and ``{third}`` are origins.

    ``renewed`` are the headers of the 304 that a conditional request gets, and ``delay`` are seconds.
    """

    status: int = 200
    headers: Headers = field(default_factory=dict)
    renewed: Headers | None = None
    delay: float = 0.0


@dataclass(frozen=True)
class Case:
    """One thing that script does. ``name`` is the path ``/c/NAME`` that it asks, unless ``at`` is another one's.

    ``sees`` is what script gets: ``read``, ``blocked``, ``opaque``, ``open`` or ``aborted``. ``answers`` are by
    ``preflight`` or ``actual``, the hop of a redirect (``actual/1``) and what the preflight asks for (``preflight x-a``);
    a list is answered in order, and its last one from then on. ``init`` is that of ``fetch()``.
    """

    name: str
    sees: str
    answers: dict[str, Answer | tuple[Answer, ...]] = field(default_factory=dict)
    init: dict[str, Any] = field(default_factory=dict)
    kind: str = "fetch"
    host: str = "api"
    at: str = ""

    @property
    def path(self) -> str:
        return f"/c/{self.at or self.name}"


ECHO = {"Access-Control-Allow-Origin": "{origin}", "Vary": "Origin"}
STAR = {"Access-Control-Allow-Origin": "*"}
CREDENTIALS = {**ECHO, "Access-Control-Allow-Credentials": "true"}
TAG = {"ETag": '"a"', "Cache-Control": "no-cache"}
PERMIT = {**ECHO, "Access-Control-Allow-Methods": "PUT, DELETE", "Access-Control-Allow-Headers": "x-a, content-type"}
READ, NONE = Answer(200, ECHO), Answer(200)
PASSED = Answer(204, PERMIT)
GOOD = {"preflight": PASSED, "actual": READ}

PUT = {"method": "PUT", "headers": {"X-A": "1"}, "body": "z"}
INCLUDE = {"credentials": "include"}


def to(target: str, **more: Any) -> Answer:
    """A redirect that may be followed."""
    return Answer(more.pop("status", 302), {**more.pop("headers", ECHO), "Location": target})


def simple(name: str, sees: str, answer: Answer, /, kind: str = "fetch", at: str = "", **init: Any) -> Case:
    return Case(name, sees, {"actual": answer}, init, kind, at=at)


def preflighted(
    name: str, sees: str, preflight: Answer, actual: Answer = READ, /, kind: str = "fetch", **init: Any
) -> Case:
    return Case(name, sees, {"preflight": preflight, "actual": actual}, init or PUT, kind)


def redirected(name: str, sees: str, first: Answer, then: Answer, /, preflights: bool = False, **init: Any) -> Case:
    more = {"preflight": PASSED, "preflight/1": PASSED} if preflights else {}
    return Case(name, sees, {"actual": first, "actual/1": then, **more}, init)


BEFORE_LOGIN = (
    simple("ok", "read", READ),
    simple("none", "blocked", NONE),
    simple("other-origin", "blocked", Answer(200, {"Access-Control-Allow-Origin": "http://other.example"})),
    simple("list", "blocked", Answer(200, {"Access-Control-Allow-Origin": "{origin}, {third}"})),
    simple("failed", "blocked", Answer(500)),
    simple("failed-with-headers", "read", Answer(500, ECHO)),
    simple("not-found", "read", Answer(404, ECHO)),
    simple("no-content", "read", Answer(204, ECHO)),
    # On the wire these two are the same.
    simple("star", "read", Answer(200, STAR)),
    simple("star-credentials", "blocked", Answer(200, STAR), **INCLUDE),
    simple("credentials", "read", Answer(200, CREDENTIALS), **INCLUDE),
    simple("head", "read", READ, method="HEAD"),
    simple("head-none", "blocked", NONE, method="HEAD"),
    simple("text", "read", READ, method="POST", body="hello"),
    simple("form", "blocked", NONE, method="POST", body="a=1", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    simple("range", "read", Answer(206, ECHO), headers={"Range": "bytes=0-0"}),
    simple("no-cors", "opaque", NONE, mode="no-cors"),
    simple("no-cors-post", "opaque", NONE, mode="no-cors", method="POST", body="x"),
    # Another site: Chromium and Firefox say with the request that they might send cookies.
    Case("third-star", "read", {"actual": Answer(200, STAR)}, host="third"),
    Case("third-star-credentials", "blocked", {"actual": Answer(200, STAR)}, INCLUDE, host="third"),
    Case("third-star-put", "blocked", {"preflight": Answer(204, {**PERMIT, **STAR})}, {**PUT, **INCLUDE}, host="third"),
    # Caches.
    simple("renewed", "read", Answer(200, {**ECHO, **TAG}, renewed={"ETag": '"a"'})),
    simple("renewed-again", "read", READ, at="renewed"),
    simple("renewed-none", "blocked", Answer(200, TAG, renewed={"ETag": '"a"'})),
    simple("renewed-none-again", "blocked", NONE, at="renewed-none"),
    simple("stored", "read", Answer(200, {**ECHO, "Cache-Control": "max-age=600"})),
    simple("stored-again", "read", NONE, at="stored"),
    # Preflights.
    preflighted("preflight", "read", PASSED),
    preflighted("json", "read", PASSED, method="POST", headers={"Content-Type": "application/json"}, body="{}"),
    preflighted("preflight-stored", "read", Answer(204, {**PERMIT, "Access-Control-Max-Age": "600"})),
    Case("preflight-stored-again", "read", {}, PUT, at="preflight-stored"),
    preflighted("preflight-403", "blocked", Answer(403)),
    preflighted("preflight-500", "blocked", Answer(500, PERMIT)),
    preflighted("preflight-none", "blocked", Answer(204)),
    preflighted("preflight-other-origin", "blocked", Answer(204, {**PERMIT, "Access-Control-Allow-Origin": "null"})),
    preflighted("preflight-method", "blocked", PASSED, method="PATCH"),
    preflighted("preflight-case", "blocked", Answer(204, {**PERMIT, "Access-Control-Allow-Methods": "PATCH"}), method="patch"),
    preflighted("preflight-header", "blocked", PASSED, headers={"X-Version": "1"}),
    preflighted("preflight-redirect", "blocked", to("/c/preflight-redirect/1", headers=PERMIT)),
    preflighted("preflight-then-none", "blocked", PASSED, NONE),
    preflighted("preflight-then-star", "read", Answer(204, {**PERMIT, **STAR}), Answer(200, STAR)),
    preflighted("preflight-wildcard", "read", Answer(204, {**ECHO, "Access-Control-Allow-Headers": "*"}), headers={"X-B": "1"}),
    preflighted("preflight-long", "read", Answer(204, PERMIT), headers={"X-A": "a" * 2000}),
    # A failed preflight is not that of a later request, and a later one may pass.
    Case("version", "blocked", {"preflight": PASSED, "actual": READ}, {"headers": {"X-Version": "1"}}),
    Case("no-version", "read", {}, at="version"),
    Case("starting", "blocked", {"preflight": (Answer(503), PASSED), "actual": READ}, PUT),
    Case("started", "read", {}, PUT, at="starting"),
    preflighted("upload", "read", PASSED, READ, "upload", method="POST", body="hello"),
    preflighted("upload-refused", "blocked", Answer(404), READ, "upload", method="POST", body="hello"),
    # Redirects. Behind the second origin, Origin is null.
    redirected("redirect", "read", to("/c/redirect/1"), READ),
    redirected("redirect-away", "read", to("{third}/c/redirect-away/1"), READ),
    redirected("redirect-away-star", "read", to("{third}/c/redirect-away-star/1"), Answer(200, STAR)),
    redirected("redirect-away-none", "blocked", to("{third}/c/redirect-away-none/1"), NONE),
    redirected("redirect-home", "read", to("{page}/c/redirect-home/1"), READ),
    redirected("redirect-home-none", "blocked", to("{page}/c/redirect-home-none/1"), NONE),
    redirected("redirect-refused", "blocked", to("/c/redirect-refused/1", headers={}), READ),
    redirected("redirect-error", "blocked", to("/c/redirect-error/1"), READ, redirect="error"),
    redirected("redirect-manual", "opaque", to("/c/redirect-manual/1"), READ, redirect="manual"),
    redirected("redirect-put", "read", to("/c/redirect-put/1", status=307), READ, True, **PUT),
    redirected("redirect-put-none", "blocked", to("/c/redirect-put-none/1", status=307), NONE, True, **PUT),
    redirected("redirect-post", "read", to("/c/redirect-post/1", status=303), READ, method="POST", body="x"),
    # What is not fetch().
    Case("xhr", "read", {"actual": READ}, kind="xhr"),
    Case("xhr-none", "blocked", {"actual": NONE}, kind="xhr"),
    Case("xhr-put", "blocked", {"preflight": Answer(405), "actual": READ}, PUT, "xhr"),
    Case("events", "read", {"actual": Answer(200, {**ECHO, "Content-Type": "text/event-stream"})}, kind="events"),
    Case("events-none", "blocked", {"actual": Answer(200, {"Content-Type": "text/event-stream"})}, kind="events"),
    Case("image", "read", {"actual": Answer(200, {**ECHO, "Content-Type": "image/svg+xml"})}, kind="image"),
    Case("image-none", "blocked", {"actual": Answer(200, {"Content-Type": "image/svg+xml"})}, kind="image"),
    Case("module", "read", {"actual": Answer(200, {**STAR, "Content-Type": "text/javascript"})}, kind="module"),
    Case("module-none", "blocked", {"actual": Answer(200, {"Content-Type": "text/javascript"})}, kind="module"),
    Case("socket", "open", kind="socket"),
    Case("beacon", "opaque", {"actual": NONE}, kind="beacon"),
    Case("worker", "read", {"actual": READ}, kind="worker"),
    Case("worker-none", "blocked", {"actual": NONE}, kind="worker"),
    Case("frame", "read", {"actual": READ}, kind="frame"),
    Case("frame-put", "blocked", {"preflight": Answer(204, ECHO), "actual": READ}, PUT, "frame"),
    Case("sandbox", "read", {"actual": READ}, kind="sandbox"),
    Case("sandbox-none", "blocked", {"actual": NONE}, kind="sandbox"),
    Case("sandbox-put", "read", {"preflight": PASSED, "actual": READ}, PUT, "sandbox"),
    Case("abort", "aborted", {"actual": Answer(200, ECHO, delay=0.4)}, {"abort": 100}),
)  # fmt: skip
"""Asked one after the other, before the page has a cookie."""

SLOW, QUICK = Answer(204, PERMIT, delay=0.15), Answer(204, PERMIT, delay=0.03)
CROSSED = {
    "preflight x-a": SLOW,
    "preflight x-b": QUICK,
    "preflight x-a,x-b": Answer(204, PERMIT, delay=0.08),
    "actual": READ,
}
AT_ONCE = (
    # To one URL: the answer to the preflight of the first one comes last.
    Case("crossed", "read", CROSSED, {"headers": {"X-A": "1"}}),
    Case("crossed-b", "blocked", init={"headers": {"X-B": "1"}}, at="crossed"),
    Case("crossed-a-b", "blocked", init={"headers": {"X-A": "1", "X-B": "1"}}, at="crossed"),
    Case("crossed-plain", "read", at="crossed"),
    Case("crossed-put", "read", init=PUT, at="crossed"),
    Case("crossed-patch", "blocked", init={**PUT, "method": "PATCH"}, at="crossed"),
    *(preflighted(f"parallel-{n}", "read", SLOW if n % 2 else QUICK) for n in range(3)),
    *(preflighted(f"parallel-none-{n}", "blocked", SLOW if n % 2 else QUICK, NONE) for n in range(3)),
)
"""Asked all at once."""

AFTER_LOGIN = (
    Case("login", "read", {"actual": Answer(200, {"Set-Cookie": "session=1; Path=/"})}, host="page"),
    simple("cookie", "read", Answer(200, CREDENTIALS), **INCLUDE),
    simple("cookie-star", "blocked", Answer(200, STAR), **INCLUDE),
    simple("cookie-not-allowed", "blocked", READ, **INCLUDE),
    simple("cookie-left-out", "read", READ),
    preflighted("cookie-put", "read", Answer(204, {**PERMIT, **CREDENTIALS}), Answer(200, CREDENTIALS), **PUT, **INCLUDE),
)  # fmt: skip
"""Asked one after the other, when the page has a cookie that is the servers', too."""

CASES = (*BEFORE_LOGIN, *AT_ONCE, *AFTER_LOGIN)

UNTOLD = {
    "star": "whether the page sent credentials",
    "star-credentials": "whether the page sent credentials",
    "redirect-away-star": "whether the page sent credentials",
    "redirect-error": "is not in the recording",
    "redirect-manual": "is not in the recording",
    "abort": "contains no response",
}
"""Cases that a recording of the wire does not decide, and the reason that has to be given."""

UNTOLD_PREFLIGHT = {"third-star-put": "that request is not in the recording"}
"""Firefox says so with the preflight, too. Of others, nothing tells that it failed because of credentials."""

UNTOLD_BY_WEBKIT = {
    **UNTOLD_PREFLIGHT,
    "third-star": "whether the page sent credentials",
    "third-star-credentials": "whether the page sent credentials",
}
"""The same, where no header tells of cookies."""

UNTOLD_BY_CHROMIUM = {
    "redirect-error": "is not in the recording",
    "redirect-manual": "it reports net::ERR_ABORTED",
    "abort": "it reports net::ERR_ABORTED",
}
"""The same of Chromium's own events."""
