"""Redirects: without end, to where no page may follow, to places with other rules, and Locations that try to inject.

The numbers are the Fetch Standard's: after 20 redirects the next one fails (``redirect:7``). ``OTHER`` is another origin,
so that the request's Origin turns ``null`` there (``redirect``, request-origin's taint).
"""

from __future__ import annotations

import re

from tests.hostile.row import ALLOWED, ANYONE, CLOSE, OK, PREFLIGHTED, Expected, Row, blocked, no_answer
from tests.servers.raw import READ, Repeat

BAD_URL = blocked("CORS501")
NOT_HTTP = blocked("CORS502")
PRIVATE = ("10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "metadata.internal")


def to(location: bytes, status: int = 302) -> bytes:
    """A redirect that passes the CORS check."""
    return b"HTTP/1.1 %d X\r\n" % status + ANYONE + b"Location:" + location + b"\r\nContent-Length: 0\r\n" + CLOSE


def redirect(location: str | bytes, expected: Expected, name: str = "", **more: object) -> Row:
    """One redirect; where it is followed, a good answer."""
    raw = location.encode() if isinstance(location, str) else location
    shown = name or f"redirect to {location!r}"
    return Row(shown, [[READ, to(b" " + raw)], [READ, OK]], expected, **more)  # type: ignore[arg-type]


def hops(number: int) -> list[list[object]]:
    """So many redirects, each to the next number, and then an answer."""

    def answer(request: bytes) -> bytes:
        found = re.match(rb"GET /(\d*)", request)
        assert found is not None
        at = int(found[1] or 0)
        return OK if at == number else to(b" /%d" % (at + 1))

    return [[READ, answer]]


CHAINS = (
    Row("a loop: to itself", [[READ, to(b" /")]], blocked("CORS503"), connections=21),
    Row("20 redirects", hops(20), ALLOWED, connections=21),
    Row("21 redirects", hops(21), blocked("CORS503"), connections=21),
    Row("100 redirects", hops(100), blocked("CORS503"), connections=21),
    Row("a loop of two origins", [[READ, to(b" http://localhost:PORT/"), ], [READ, to(b" http://127.0.0.1:PORT/")]],
        blocked("CORS503"), connections=21),
    Row("a loop whose bodies drip",
        [[READ, to(b" /").replace(b"Length: 0", b"Length: 99"), Repeat(b"x", 99, pause=0.02)]],
        no_answer("timeout")),
    Row("redirects whose heads never come to their end", [[READ, b"HTTP/1.1 302 X\r\n" + ANYONE + b"Location: /"]],
        blocked("CORS503")),
)  # fmt: skip

ELSEWHERE = (
    *(redirect(location, NOT_HTTP) for location in ("file:///etc/passwd", "data:text/html,x", "javascript:alert(1)",
      "about:blank", "ftp://127.0.0.1/", "mailto:a@b.example", "blob:http://127.0.0.1/x", "ws://127.0.0.1:PORT/",
      "chrome://settings", "x-app://open", "view-source:http://127.0.0.1/")),
    *(redirect(f"http://{host}/", ALLOWED, network={"connect_to": (f"{host}:80:127.0.0.1:OTHER",)}) for host in PRIVATE),
    redirect("http://localhost:OTHER/", ALLOWED),
    redirect("http://127.0.0.1:OTHER/", ALLOWED),
    redirect("//127.0.0.1:OTHER/", ALLOWED),
    redirect("http://0x7f.1:OTHER/", ALLOWED),
    redirect("http://2130706433:OTHER/", ALLOWED),
    *(redirect(f"http://127.0.0.1:{port}/", blocked("CORS201")) for port in (1, 22, 25, 6667, 10080)),
    redirect("http://127.0.0.1:65536/", BAD_URL),
    redirect("http://127.0.0.1:0/", blocked("CORS201")),
    redirect("https://127.0.0.1:OTHER/", no_answer("timeout"), "redirect to https on a port that waits for plain HTTP"),
)  # fmt: skip

INJECTION = (
    redirect("http://user:pass@127.0.0.1:OTHER/", blocked("CORS504")),
    redirect("http://user:pass@127.0.0.1:PORT/", blocked("CORS504")),
    redirect("http://@127.0.0.1:OTHER/", ALLOWED, never=(b"Authorization",)),
    redirect("/%0d%0aX-Injected:%201", ALLOWED, never=(b"\r\nX-Injected",)),
    redirect(b"/a\tb c\"<>", ALLOWED, "a tab, blanks and quotes in a Location", never=(b"\t", b'"', b"<", b"a b")),
    redirect(b"/\x0b\x0c\x01", ALLOWED, "control characters in a Location", never=(b"\x0b", b"\x0c", b"\x01")),
    redirect(b"/\xff\xfe\xc3\x28", ALLOWED, "a Location that is not UTF-8", never=(b"\xff", b"\xfe", b"\xc3")),
    redirect("/é?é".encode(), ALLOWED, "a Location beyond ASCII", never=("é".encode(),)),
    redirect("http://bücher.invalid/".encode(), ALLOWED, "a host beyond ASCII", never=("ü".encode(),),
             network={"connect_to": ("xn--bcher-kva.invalid:80:127.0.0.1:OTHER",)}),
    redirect(b"http://\xff\xfe/", BAD_URL, "a host that is not UTF-8"),
    redirect("http://exa%23mple/", BAD_URL),
    redirect("http://xn--a-\xfc/", BAD_URL),
    redirect("http://a b/", BAD_URL),
    redirect("http://[::1/", BAD_URL),
    redirect("http://%00/", BAD_URL),
    redirect("http:///", BAD_URL),
    redirect("\\\\127.0.0.1:OTHER\\x", ALLOWED, "backslashes for slashes"),
    redirect("/" + "a" * 60_000, ALLOWED, "a Location of 60 KB"),
    Row("a Location of 300 KB", [[READ, to(b" /" + b"a" * 300_000)]], no_answer("too-large")),
    redirect("/a\r\nLocation: /b", BAD_URL, "two Locations that differ"),
    Row("no Location", [[READ, OK.replace(b"200 OK", b"302 X")]], ALLOWED, connections=1),
    Row("a Location with a 200", [[READ, to(b" /x", 200)]], ALLOWED, connections=1),
    Row("a Location with a 300", [[READ, to(b" /x", 300)]], ALLOWED, connections=1),
    Row("a redirected preflight", [[READ, to(b" /x", 307)]], blocked("CORS402"), asked=PREFLIGHTED, connections=1),
    Row("a redirect that fails the CORS check", [[READ, to(b" /x").replace(ANYONE, b"")]], blocked("CORS301"),
        connections=1),
    redirect("/x", ALLOWED, "a stored login stays at home", url="http://127.0.0.1:PORT/",
             asked={"auth": ("u", "p"), "credentials": "omit"}, never=(b"Authorization",)),
)  # fmt: skip

ROWS = (*CHAINS, *ELSEWHERE, *INJECTION)
