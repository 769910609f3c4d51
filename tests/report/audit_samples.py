"""Audits made by hand: every severity, what limits an audit, what undoes it, and what excuses a finding."""

from __future__ import annotations

from msgspec.structs import replace

from corscheck.model.audits import Audit, AuditFinding
from corscheck.model.result import ErrorRecord
from corscheck.model.values import Excuse

URL = "https://api.example.com/me"
APP = "https://app.example.com"

REFLECTED = AuditFinding(
    code="CORS801",
    severity="high",
    title="reflected origin",
    message="Any web page can read https://api.example.com/me with the victim's cookies.",
    origin="https://kq3v9x.example",
    credentials=True,
    url=URL,
    method="GET",
    evidence=(
        f"GET {URL}\n"
        "Origin: https://kq3v9x.example\n"
        "HTTP 200\n"
        "Access-Control-Allow-Origin: https://kq3v9x.example\n"
        "Access-Control-Allow-Credentials: true"
    ),
    advice="Compare the origin with a list of the origins that are meant, whole and exactly.",
    browsers=("chromium", "firefox"),
    help="https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
)
PREFIX = replace(
    REFLECTED,
    code="CORS803",
    severity="medium",
    title="prefix match",
    message=(
        "Anyone who registers a domain and puts app.example.com's name in front of it "
        "(https://app.example.com.kq3v9x.example) can read https://api.example.com/me with the victim's cookies."
    ),
    origin="https://app.example.com.kq3v9x.example",
    credentials=False,
    evidence=(
        "Origin: https://app.example.com.kq3v9x.example\n"
        "Access-Control-Allow-Origin: https://app.example.com.kq3v9x.example"
    ),
    browsers=("chromium",),
    help=None,
)
METHODS = replace(
    PREFIX,
    code="CORS828",
    severity="low",
    title="More methods are allowed than are served",
    message="An allowed page may use DELETE, which https://api.example.com/me does not serve.",
    origin=APP,
    method="OPTIONS",
    evidence=(
        f"Origin: {APP}\n"
        "Access-Control-Request-Method: DELETE\n"
        f"Access-Control-Allow-Origin: {APP}\n"
        "Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, TRACE, CONNECT, PROPFIND"
    ),
    advice="Name the methods that are served.",
)
NULL = replace(
    REFLECTED,
    code="CORS802",
    severity="info",
    title="null origin",
    message="It gains nothing here: anyone can read the response.",
    origin="null",
    credentials=False,
    url="https://api.example.com/corscheck-2b8f0a",
    evidence="Origin: null\nAccess-Control-Allow-Origin: null",
    advice="",
    browsers=(),
    help=None,
)

VULNERABLE = Audit(
    url=URL,
    allowed_origins=(APP, "https://admin.example.com"),
    requests=34,
    findings=(REFLECTED, PREFIX, METHODS, NULL),
    passed=False,
    notes=("The target answers 401: what a page gets with the cookies of somebody who is logged in was not seen.",),
    unstable=("https://kq3v9x.github.io was allowed once, but not when it was tested again.",),
    file="targets.txt",
    line=3,
)
CLEAN = Audit(url="https://www.example.com/", allowed_origins=(APP,), requests=28, findings=(), passed=True)
MINOR = replace(CLEAN, url="https://cdn.example.com/app.js", findings=(METHODS, NULL), depth="full", requests=1)
ONLY_INFO = replace(CLEAN, findings=(NULL,), allowed_origins=(), notes=("It redirects to another host.",))
UNREACHABLE = Audit(
    url="https://down.example.com/",
    allowed_origins=(APP,),
    requests=1,
    findings=(),
    passed=False,
    error=ErrorRecord("connect", "down.example.com:443 refused the connection"),
)
BROKEN_OFF = replace(
    UNREACHABLE,
    url="https://slow.example.com/",
    findings=(REFLECTED,),
    requests=12,
    error=ErrorRecord("timeout", "no answer within 10 s"),
)
BROKEN_OFF_EARLY = replace(BROKEN_OFF, findings=(METHODS,))
NEVER_FAILS = replace(VULNERABLE, fail_on="never", passed=True, file=None, line=None)
KNOWN = Excuse("baseline", "it was found before", "before.json")
EXCUSED = replace(
    VULNERABLE,
    url="https://old.example.com/me",
    passed=True,
    findings=(replace(REFLECTED, excused=KNOWN), NULL),
    unstable=(),
)
UNSTABLE = replace(
    CLEAN,
    url="https://often.example.com/",
    findings=(NULL,),
    passed=False,
    unstable=(
        "https://kq3v9x.example was allowed, but others like it were not: the responses differ from one request to the next.",
    ),
)
MANY_ALLOWED = replace(
    CLEAN,
    url="https://many.example.com/",
    allowed_origins=tuple(f"https://app{number}.example.com" for number in range(9)),
)

SINGLE = {
    "vulnerable": VULNERABLE,
    "clean": CLEAN,
    "minor": MINOR,
    "only-info": ONLY_INFO,
    "unreachable": UNREACHABLE,
    "broken-off": BROKEN_OFF,
    "broken-off-early": BROKEN_OFF_EARLY,
    "never-fails": NEVER_FAILS,
    "excused": EXCUSED,
    "many-allowed": MANY_ALLOWED,
    "unstable": UNSTABLE,
}
EVERYTHING = tuple(SINGLE.values())
