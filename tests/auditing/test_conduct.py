"""How an audit behaves: how much it asks, when it stops, what it does when nobody answers or answers change."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corscheck.auditing.caching import shared_cache_keeps, varies_by_origin
from corscheck.auditing.labels import Labels
from corscheck.auditing.private import is_private
from corscheck.model.audits import Audit
from corscheck.protocol.request import NetworkError
from corscheck.runner.options import RunOptions
from corscheck.runner.preview import plan_audit
from corscheck.transports.base import NetworkOptions
from tests.auditing.kit import API, APP, Asked, Reply, audit_of, codes, make_plan, named, reply, those

OPTIONS = RunOptions(network=NetworkOptions(proxy=""))
EXACT = those(lambda origin: origin == APP)


def everybody(asked: Asked) -> Reply:
    return named(asked)


# ------------------------------------------------------------------ how much is asked

TARGETS = (
    API,
    "https://api.example.org/me",
    "https://api.example.co.uk/v1/me?x=1",
    "http://localhost:8000/",
    "https://10.0.0.7/",
)
ORIGINS = (
    APP, "https://example.com", "https://a.b.example.co.uk", "https://a.b.c.example.co.uk:8443", "https://app.vercel.app",
    "https://app.example", "http://localhost:3000", "http://127.0.0.1:8000", "http://[::1]:3000", "https://example.xn--p1ai",
)  # fmt: skip


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_healthy_target_is_asked_at_most_thirty_times(url: str, origin: str) -> None:
    found, asked = audit_of(those(lambda o: o == origin), make_plan(url, allowed=(origin,)))
    assert found.findings == ()
    assert len(asked) <= 30
    # Nothing is asked twice: an origin that is refused once stays refused.
    seen = [(a.method, a.url, a.origin, a.cookie, a.preflight) for a in asked]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("more", [{}, {"depth": "full"}, {"allowed": ()}, {"allowed": (APP, "https://example.com")}])
def test_a_server_that_reflects_everything_is_asked_at_most_twelve_times(url: str, more: dict[str, object]) -> None:
    found, asked = audit_of(everybody, make_plan(url, **more))  # type: ignore[arg-type]
    assert "CORS801" in codes(found)
    assert len(asked) <= 12
    # Of the mutations none: only strangers and the origins that are meant.
    origins = {a.origin for a in asked if a.origin is not None} - {url.rpartition("/")[0]}
    assert not [o for o in origins if "localhost" in str(o) or "null" in str(o) or "app.example.com." in str(o)]


@pytest.mark.parametrize("most", [1, 2, 3, 5, 11, 29])
@pytest.mark.parametrize("headers", [(), (("Authorization", "Bearer x"),)])
def test_no_more_is_sent_than_is_allowed(most: int, headers: tuple[tuple[str, str], ...]) -> None:
    """Not by one either, where a question is two requests."""

    def server(asked: Asked) -> Reply:
        return (
            named(asked, ("Access-Control-Allow-Headers", "authorization"))
            if most == 29 or asked.origin == APP
            else reply()
        )

    found, asked = audit_of(server, make_plan(max_requests=most, headers=headers))
    assert len(asked) <= most
    if len(asked) == most:
        assert any("--max-requests" in note for note in found.notes)
    assert found.error is None


def test_what_is_announced_is_what_is_sent() -> None:
    """``--dry-run`` shows it, for a server that allows the declared origins and no other."""
    for url in (*TARGETS, "wss://api.example.com/ws"):
        for depth in ("normal", "full"):

            def plan(url: str = url, depth: str = depth):
                return make_plan(url, depth=depth, labels=Labels("same"))

            announced = [(r.method, r.url, r.headers) for r in plan_audit(plan(), OPTIONS)]
            _, asked = audit_of(EXACT if "wss" not in url else lambda _: reply(403), plan())
            assert [(a.method, a.url) for a in asked] == [(method, to) for method, to, _ in announced]
            assert [a.origin for a in asked] == [dict(headers).get("Origin") for *_, headers in announced]


def test_two_allowed_origins_are_both_imitated() -> None:
    other = "https://shop.example.org"
    found, _ = audit_of(those(lambda o: o == APP or o.startswith(other)), make_plan(allowed=(APP, other)))
    assert [(f.code, f.origin.startswith(f"{other}.")) for f in found.findings] == [("CORS803", True)]


def test_the_origin_that_is_named_to_everybody_is_imitated() -> None:
    console = "https://console.example.com"

    def server(asked: Asked) -> Reply:
        origin = asked.origin if (asked.origin or "").startswith(console) else console
        return reply(200, ("Access-Control-Allow-Origin", str(origin)), ("Access-Control-Allow-Credentials", "true"))

    found, _ = audit_of(server, make_plan(allowed=()))
    assert codes(found) == ["CORS803"]
    assert found.notes == (f"The server sends {console} to every origin, so variants of it were tested.",)


def test_a_usual_name_that_is_allowed_is_imitated() -> None:
    found, _ = audit_of(those(lambda o: o.startswith(APP)), make_plan(allowed=()))
    assert codes(found) == ["CORS803"]
    assert found.notes == (
        f"{APP} is allowed, so variants of it were tested. Name the origins that you mean to allow: --allowed-origin.",
    )


def test_the_targets_own_origin_is_sent_as_a_page_sends_it_with_a_post() -> None:
    """A GET to the own origin has no Origin in a browser; the comparison is the same with one."""
    _, asked = audit_of(EXACT)
    own = [a for a in asked if a.origin == "https://api.example.com"]
    assert [(a.method, a.url, a.cookie) for a in own] == [("GET", API, "corscheck=1")]


# ------------------------------------------------------------------ what goes out and cannot be read


def by_preflight_only(asked: Asked) -> Reply:
    """Allows a PUT of everybody in the preflight, and compares in the request."""
    return named(asked) if asked.preflight or asked.origin == APP else reply()


@pytest.mark.parametrize(
    ("more", "severity"),
    [({}, "info"), ({"methods": ("PUT",)}, "low"), ({"methods": ("PUT",), "send": "always"}, "low"), ({"send": "always"}, "low")],
)  # fmt: skip
def test_a_put_that_nobody_reads_is_still_a_put(more: dict[str, object], severity: str) -> None:
    """Chromium and Firefox send it, with cookies: the data is changed. By default the server may not even have a PUT."""
    found, asked = audit_of(by_preflight_only, make_plan(**more))  # type: ignore[arg-type]
    assert next((f.code, f.severity, f.method) for f in found.findings) == (
        "CORS824", severity, "PUT" if "send" in more else "OPTIONS",
    )  # fmt: skip
    assert found.passed
    assert ("PUT" in {a.method for a in asked}) is ("send" in more)


def test_a_put_that_the_server_refuses_is_none() -> None:
    def server(asked: Asked) -> Reply:
        return reply(405) if asked.method in ("PUT", "POST", "DELETE") else by_preflight_only(asked)

    found, _ = audit_of(server, make_plan(send="always"))
    assert {f.severity for f in found.findings} == {"info"}


def test_a_post_is_asked_about_without_sending_it() -> None:
    _, asked = audit_of(EXACT, make_plan(methods=("GET", "POST")))
    (preflight,) = [a for a in asked if a.preflight and a.headers["access-control-request-method"] == "POST"]
    assert preflight.headers["access-control-request-headers"] == "content-type"
    assert "POST" not in {a.method for a in asked}


@pytest.mark.parametrize("url", ["http://localhost:8000/", "http://127.0.0.1:8000/", "http://192.168.1.7/"])
def test_what_every_page_reads_behind_the_firewall_is_not_public(url: str) -> None:
    """``*`` or a reflected origin without credentials: nobody outside reaches it, but any page open inside does."""
    star = audit_of(lambda _: reply(200, ("Access-Control-Allow-Origin", "*")), make_plan(url))[0]
    assert [(f.code, f.severity) for f in star.findings] == [("CORS821", "medium")]
    reflected = audit_of(lambda a: named(a, credentials=False), make_plan(url))[0]
    assert ("CORS801", "medium") in [(f.code, f.severity) for f in reflected.findings]
    for found in (star, reflected):
        assert not found.passed
        assert ("asks for permission" in found.findings[0].message) is ("192" not in url)


# ------------------------------------------------------------------ nobody answers, or not always the same


@pytest.mark.parametrize("kind", ["dns", "connect", "timeout", "tls", "protocol"])
def test_a_target_that_does_not_answer_has_not_passed(kind: str) -> None:
    found, asked = audit_of(lambda _: NetworkError(kind, "nobody there"))  # type: ignore[arg-type]
    assert len(asked) == 1
    assert found.error is not None
    assert (found.error.kind, found.passed, found.findings) == (kind, False, ())


@pytest.mark.parametrize("after", [1, 2, 3, 10, 20])
def test_a_server_that_falls_silent_is_left_alone(after: int) -> None:
    found, asked = audit_of(lambda a: EXACT(a) if a.number <= after else NetworkError("timeout", "gone"))
    assert after < len(asked) <= after + 3
    assert found.error is not None
    assert found.error.kind == "timeout"
    assert not found.passed
    assert not any("--max-requests" in note for note in found.notes)


@pytest.mark.parametrize("allowed", [(), (APP,)], ids=["no origin named", "an origin named"])
@pytest.mark.parametrize("server", [EXACT, named], ids=["exact", "reflecting"])
def test_where_all_is_answered_no_question_is_said_to_lack_an_answer(
    server: Callable[[Asked], Reply], allowed: tuple[str, ...]
) -> None:
    """The target's own page sends no preflight, so that none is asked for in its name."""
    found, _ = audit_of(server, make_plan(allowed=allowed))
    assert not any("no answer" in note for note in found.notes)


def test_one_question_without_an_answer_is_said_and_no_more() -> None:
    found, asked = audit_of(lambda a: NetworkError("timeout", "slow") if a.origin == "null" else EXACT(a))
    assert len(asked) == 25
    assert found.error is None
    assert found.notes == ("1 of the requests got no response.",)


SUFFIX = those(lambda origin: (origin or "").endswith("example.com"))


@pytest.mark.parametrize("status", [302, 403, 429, 500, 502, 503])
@pytest.mark.parametrize("server", [EXACT, SUFFIX], ids=["exact", "a suffix match"])
@pytest.mark.parametrize("last", [4, 6, 12])
def test_a_firewall_that_takes_over_is_no_all_clear(status: int, server: Callable[[Asked], Reply], last: int) -> None:
    """The first requests reach the application, the rest do not: nothing follows from a refusal."""
    found, asked = audit_of(lambda a: server(a) if a.number <= last else reply(status))
    assert not found.passed
    assert found.error is not None or found.unstable
    assert len(asked) <= 40
    if status == 429 and found.error is not None:
        assert "--rate" in found.error.message


@pytest.mark.parametrize("url", [API, "wss://api.example.com/ws"])
def test_a_server_that_is_gone_at_the_end_is_no_all_clear(url: str) -> None:
    """It refuses origins with an error. When the first request is repeated for that, nothing responds."""
    accepted = reply(101, ("Upgrade", "websocket"), ("Connection", "Upgrade"))

    def audited(lasts: int | None) -> tuple[Audit, int]:
        answered = count(1)

        def server(asked: Asked) -> Reply:
            if asked.origin not in (None, APP):
                return reply(403)
            if next(answered) == lasts:
                return NetworkError("connect", "refused")
            return accepted if url.startswith("wss") else EXACT(asked)

        found, _ = audit_of(server, make_plan(url))
        return found, next(answered) - 1

    found, last = audited(None)
    assert found.passed
    found, _ = audited(last)
    assert found.error is not None
    assert found.error.kind == "connect"
    assert not found.passed


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_gateway_that_answers_everything_is_no_all_clear(status: int) -> None:
    found, _ = audit_of(lambda _: reply(status))
    assert found.error is not None
    assert f"responds with {status}, even to a request without an Origin" in found.error.message
    assert not found.passed


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_server_that_refuses_origins_with_an_error_passes(status: int) -> None:
    """Spring says 403, Express's cors() with an error 500: its first request still gets what it got."""
    found, asked = audit_of(lambda a: EXACT(a) if a.origin in (None, APP) else reply(status))
    assert found.passed
    assert found.error is None
    assert len(asked) <= 30


def test_an_error_of_the_application_is_said() -> None:
    found, _ = audit_of(lambda _: reply(500))
    assert found.passed
    assert any("policy of an error page" in note for note in found.notes)


PATTERNS = ["10", "01", "1100", "0110", "0011", "1001", "110", "100", "11110000"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_answers_that_take_turns_never_pass(pattern: str) -> None:
    """Two servers behind one name, one of which reflects: nothing is told of how origins are compared, but an attacker asks
    twice."""
    found, _ = audit_of(lambda a: named(a) if pattern[a.number % len(pattern)] == "1" else reply())
    assert [(f.code, f.severity) for f in found.findings if f.severity != "info"] == [("CORS801", "high")]
    assert "repeats its request" in found.findings[0].message
    assert found.unstable
    assert not found.passed


def test_answers_by_chance_never_pass() -> None:
    for seed in range(60):
        dice = random.Random(seed)
        found, asked = audit_of(lambda a, dice=dice: named(a) if dice.random() < 0.3 else reply())
        assert not found.passed, len(asked)


def test_one_hiccup_voids_nothing() -> None:
    """A question that failed once, on a server that has a fault: the fault stays told."""
    bad = count()

    def server(asked: Asked) -> Reply:
        if asked.origin == "null" and next(bad) == 0:
            return named(asked)
        return those(lambda o: o.startswith(APP))(asked)

    found, _ = audit_of(server)
    assert codes(found) == ["CORS803"]
    assert len(found.unstable) == 1


# ------------------------------------------------------------------ where it does not go


def test_another_site_is_not_asked() -> None:
    """Not even when the redirect lets everybody pass."""
    found, asked = audit_of(lambda a: named(a, ("Location", "https://other.example.org/"), status=302))
    assert {a.url.split("/")[2] for a in asked} == {"api.example.com"}
    assert [n for n in found.notes if "another site (https://other.example.org)" in n]


@pytest.mark.parametrize(
    ("location", "login"),
    [("/login?next=/me", True), ("/users/sign_in", True), ("/auth", True), ("/oauth2/authorize", True),
     ("https://sso.example.com/sso/start", True), ("/authors", False), ("/lessons", False), ("/blog/author", False)],
)  # fmt: skip
def test_what_is_a_login(location: str, login: bool) -> None:
    found, _ = audit_of(lambda a: reply(302, ("Location", location)) if a.url == API else reply())
    assert any("the login's policy" in note for note in found.notes) is login


def test_redirects_within_the_site_are_followed_and_end() -> None:
    def turning(asked: Asked) -> Reply:
        return reply(302, ("Location", "/b" if asked.url.endswith("/me") else "/me"))

    found, asked = audit_of(turning)
    assert len(asked) < 35
    assert found.error is None


def test_a_target_over_http_is_asked_by_pages_over_http() -> None:
    """Mixed content: a page over https cannot ask it, wherever it is."""
    found, asked = audit_of(everybody, make_plan("http://api.example.com/"))
    assert {str(a.origin).partition(":")[0] for a in asked if a.origin} == {"http"}
    assert codes(found)[0] == "CORS801"
    assert any("--via" in note for note in found.notes)


def test_the_given_headers_are_sent_and_only_the_credentials_left_out() -> None:
    headers = (("X-Tenant", "7"), ("Authorization", "Bearer x"))
    _, asked = audit_of(lambda a: named(a, ("Access-Control-Allow-Headers", "x-tenant, authorization")),
                        make_plan(headers=headers))  # fmt: skip
    actual = [a for a in asked if not a.preflight and a.method == "GET"]
    assert all(a.headers.get("x-tenant") == "7" for a in actual)
    assert sum("authorization" not in a.headers for a in actual) == 1
    assert actual[0].origin is None
    assert actual[0].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_nothing_that_changes_data_is_sent_unless_asked_for(method: str) -> None:
    _, asked = audit_of(everybody, make_plan(methods=(method,)))
    assert {a.method for a in asked} == {"GET", "OPTIONS"}
    _, asked = audit_of(those(lambda o: True), make_plan(methods=(method,), send="always"))
    assert method in {a.method for a in asked}


# ------------------------------------------------------------------ what stands in RFC 9111, and who is private

CACHING: list[tuple[tuple[tuple[str, str], ...], bool]] = [
    ((), False),
    ((("Cache-Control", "public"),), True),
    ((("Cache-Control", "max-age=60"),), True),
    ((("Cache-Control", "max-age=0"),), False),
    ((("Cache-Control", "max-age=00"),), False),
    ((("Cache-Control", 'max-age="60"'),), True),
    ((("Cache-Control", "max-age=abc"),), False),
    ((("Cache-Control", "max-age=-5"),), False),
    ((("Cache-Control", "max-age=\xb2"),), False),
    ((("Cache-Control", f"max-age={'9' * 5000}"),), True),
    ((("Cache-Control", "MAX-AGE=60, Public"),), True),
    # 5.2.2.10: for shared caches this one counts.
    ((("Cache-Control", "max-age=0, s-maxage=60"),), True),
    ((("Cache-Control", "max-age=60, s-maxage=0"),), False),
    # 5.2.2.5, 5.2.2.7, 5.2.2.4
    ((("Cache-Control", "no-store, max-age=60"),), False),
    ((("Cache-Control", "private, max-age=60"),), False),
    ((("Cache-Control", "no-cache, public"),), False),
    ((("Cache-Control", "public"), ("Cache-Control", "no-store")), False),
    ((("Cache-Control", "must-revalidate"),), False),
    # 4.2.1, 5.3: max-age before Expires; an invalid date is in the past.
    ((("Expires", "Wed, 21 Oct 2099 07:28:00 GMT"),), True),
    ((("Expires", "Wed, 21 Oct 2015 07:28:00 GMT"), ("Date", "Wed, 21 Oct 2015 07:28:00 GMT")), False),
    ((("Expires", "Wed, 21 Oct 2015 08:28:00 GMT"), ("Date", "Wed, 21 Oct 2015 07:28:00 GMT")), True),
    ((("Expires", "0"),), False),
    ((("Expires", ""),), False),
    ((("Expires", "Wed, 21 Oct 99999999 07:28:00 GMT"),), False),
    ((("Expires", "-1"), ("Cache-Control", "public")), False),
    ((("Expires", "0"), ("Cache-Control", "max-age=60")), True),
    # Caches keep an answer that sets a cookie only where it says so itself.
    ((("Cache-Control", "max-age=60"), ("Set-Cookie", "a=b")), False),
    ((("Cache-Control", "public, max-age=60"), ("Set-Cookie", "a=b")), True),
]


@pytest.mark.parametrize(("headers", "kept"), CACHING, ids=[str(headers) for headers, _ in CACHING])
def test_what_shared_caches_keep(headers: tuple[tuple[str, str], ...], kept: bool) -> None:
    assert shared_cache_keeps(headers) is kept


@pytest.mark.parametrize(
    ("values", "varies"),
    [((), False), (("Origin",), True), (("origin",), True), (("Accept, ORIGIN",), True), (("Accept", "Origin"), True),
     (("*",), True), (("Accept",), False), (("X-Origin",), False), (("",), False)],
)  # fmt: skip
def test_what_varies_by_origin(values: tuple[str, ...], varies: bool) -> None:
    assert varies_by_origin(tuple(("Vary", value) for value in values)) is varies


@pytest.mark.parametrize(
    ("url", "addresses", "expected"),
    [
        ("https://example.com/", (), None),
        ("https://example.com/", ("93.184.216.34",), False),
        ("https://intranet.example/", ("10.0.0.7",), True),
        ("https://intranet.example/", ("127.0.0.1",), True),
        ("https://intranet.example/", ("fd00::1", "192.168.1.1"), True),
        ("https://intranet.example/", ("fe80::1%eth0",), True),
        ("https://both.example/", ("10.0.0.7", "93.184.216.34"), False),
        ("https://10.0.0.7/", (), True),
        ("https://100.64.0.1/", (), True),
        ("https://[fd00::1]/", (), True),
        ("https://93.184.216.34/", (), False),
        # A page that is open in a browser of this machine reaches what nobody outside can.
        ("http://localhost:8000/", ("127.0.0.1",), True),
        ("http://127.0.0.1:8000/", (), True),
        ("http://[::1]/", (), True),
        ("http://app.localhost/", (), True),
    ],
)
def test_who_lives_in_a_private_network(url: str, addresses: tuple[str, ...], expected: bool | None) -> None:
    assert is_private(url, addresses) is expected


def test_only_the_names_own_address_makes_it_private() -> None:
    """Where the connection is sent to says nothing about the name."""
    url = "http://intranet.example:8000/"

    def star(asked: Asked) -> Reply:
        return reply(200, ("Access-Control-Allow-Origin", "*"))

    def told(**network: object) -> list[str]:
        return codes(audit_of(star, make_plan(url), **network)[0])

    public = "intranet.example:8000:93.184.216.34"
    assert told(resolve=("intranet.example:8000:10.0.0.7",)) == ["CORS821"]
    assert told(resolve=(public,)) == []
    assert told(resolve=(public,), connect_to=("::127.0.0.1:8000",)) == []
    found, _ = audit_of(star, make_plan(url, via="http://127.0.0.1:8000"), resolve=(public,))
    assert codes(found) == []


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://app.example.com", "http://192.168.0.10"])
def test_a_declared_origin_is_not_hostile(origin: str) -> None:
    found, _ = audit_of(those(lambda o: o in (APP, origin)), make_plan(allowed=(APP, origin)))
    assert found.findings == ()
    assert codes(audit_of(those(lambda o: o in (APP, origin)))[0]) != []


NAMES = (
    "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Cache-Control", "Expires",
    "Date", "Vary", "Location", "Set-Cookie", "Sec-WebSocket-Accept",
)  # fmt: skip
WORDS = ("*", "null", "true", APP, "{origin}", "GET, PUT", "max-age=60", "public", "\xb2" * 3, "9" * 5000, "https://[::1", "//x",
         "/\xff", "data:,x", "Wed, 21 Oct 2099 07:28:00 GMT", "a\x00b", '"', ",,,", "=")  # fmt: skip
values = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
)
answers = st.tuples(
    st.sampled_from([200, 204, 301, 302, 307, 401, 403, 404, 429, 500, 101, 599]),
    st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=6),
)


@given(
    st.lists(answers, min_size=1, max_size=4), st.sampled_from(["normal", "full"]), st.sampled_from(["https", "wss"])
)
def test_whatever_a_server_says_an_audit_ends(
    said: list[tuple[int, list[tuple[str, str]]]], depth: str, scheme: str
) -> None:
    def server(asked: Asked) -> Reply:
        status, headers = said[asked.number % len(said)]
        return reply(status, *((name, value.replace("{origin}", asked.origin or "")) for name, value in headers))

    found, asked = audit_of(server, make_plan(f"{scheme}://api.example.com/me", depth=depth))
    assert len(asked) < 150
    for finding in found.findings:
        assert finding.evidence
        assert "\r" not in finding.message
