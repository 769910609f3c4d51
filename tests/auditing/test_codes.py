"""Every code of the audit: a server that has the fault, and one that nearly has it."""

from __future__ import annotations

import re

import pytest

from corscheck.diagnosis.codes.audit import AUDIT
from corscheck.model.audits import Audit
from tests.auditing.kit import APP, TRUE, Asked, Reply, Server, audit_of, codes, make_plan, named, reply, those

INTRANET = {"url": "http://intranet.example:8000/"}
HERE = {"resolve": ("intranet.example:8000:10.0.0.7",)}
THERE = {"resolve": ("intranet.example:8000:93.184.216.34",)}


def matching(pattern: str) -> Server:
    """Allow what the whole pattern matches."""
    return those(lambda origin: bool(re.fullmatch(pattern, origin)))


def listed(*origins: str) -> Server:
    return those(lambda origin: origin in (APP, *origins))


EXACT = listed()


def star(asked: Asked) -> Reply:
    return reply(200, ("Access-Control-Allow-Origin", "*"))


def by_method(*methods: str) -> Server:
    """The exact origin; for these methods everybody."""
    return lambda asked: named(asked) if asked.origin == APP or asked.method in methods else reply()


def only_there(where: str, status: int, *more: tuple[str, str]) -> Server:
    """Exact, but allow everybody at that end of a URL."""

    def server(asked: Asked) -> Reply:
        allows = asked.origin is not None and (asked.origin == APP or asked.url.endswith(where))
        answer = more if asked.url.endswith(where) else ()
        code = status if asked.url.endswith(where) else 200 if asked.url.endswith(("/me", "/old")) else 404
        return named(asked, *answer, status=code) if allows else reply(code, *answer)

    return server


def not_found(asked: Asked) -> Reply:
    """Exact; what is not there is somebody else's policy."""
    missing = not asked.url.endswith("/me")
    return named(asked, status=404 if missing else 200) if missing or asked.origin == APP else reply()


def not_found_strict(asked: Asked) -> Reply:
    missing = not asked.url.endswith("/me")
    return named(asked, status=404 if missing else 200) if asked.origin == APP else reply(404 if missing else 200)


def with_cookie_only(asked: Asked) -> Reply:
    return named(asked) if asked.cookie else star(asked)


def allowing_headers(*names: str, echo: bool = False, age: str | None = None, expose: str | None = None) -> Server:
    def server(asked: Asked) -> Reply:
        if asked.origin != APP:
            return reply()
        allowed = asked.headers.get("access-control-request-headers", "") if echo else ", ".join(names)
        more = [("Access-Control-Allow-Headers", allowed)]
        more += [("Access-Control-Max-Age", age)] if age is not None else []
        more += [("Access-Control-Expose-Headers", expose)] if expose is not None else []
        return named(asked, *more)

    return server


def cached(*more: tuple[str, str]) -> Server:
    return lambda asked: named(asked, *more) if asked.origin == APP else reply(200, *more)


def no_socket(asked: Asked) -> Reply:
    return reply(403)


def socket(accept: str = "right") -> Server:
    """Switches whatever page asks; the key that is sent is always the same, its answer was computed with openssl."""
    values = {"right": "QlyQFPFqTqJuuMeehsHYfLppz0U=", "wrong": "x3JJHMbDL1EzLkh9GBhXDw==", "none": ""}
    more = (("Sec-WebSocket-Accept", values[accept]),) if accept != "none" else ()
    return lambda asked: reply(101, ("Upgrade", "websocket"), ("Connection", "Upgrade"), *more)


def with_login(asked: Asked) -> Reply:
    return socket()(asked) if asked.cookie == "session=1" else reply(403)


SOCKET = {"url": "wss://api.example.com/ws", "cookies": "session=1"}
FULL = {"depth": "full"}

CASES: dict[str, tuple[tuple[Server, dict[str, object]], tuple[Server, dict[str, object]]]] = {
    # code: (a server that has it and what the plan needs, one that nearly has it)
    "CORS801": ((those(lambda o: True), {}), (star, {})),
    "CORS802": ((listed("null"), {}), (listed("NULL", "none"), {})),
    "CORS803": ((those(lambda o: o.startswith(APP)), {}), (those(lambda o: o.startswith(f"{APP}/") or o == APP), {})),
    "CORS804": ((those(lambda o: o.endswith("example.com")), {}), (those(lambda o: o.endswith("://app.example.com")), {})),
    "CORS805": ((those(lambda o: "app.example.com" in o), {}), (those(lambda o: "https://app.example.com" in o), {})),
    "CORS806": ((matching("https://app.example.com"), {}), (matching(r"https://app\.example\.com"), {})),
    "CORS807": ((those(lambda o: o in f"{APP},https://b.example.com"), {}), (listed("https://b.example.com"), {})),
    "CORS808": ((matching(r"https://app\.example\.com(-[\w.-]+)?"), {}), (matching(r"https://app\.example\.com(-)?"), {})),
    "CORS809": ((matching(r"https://app\.example\.com([^\w.:-].*)?"), {}), (matching(r"https://app\.example\.com[/?#]?"), {})),
    "CORS810": ((matching(r"https://[a-z.]+\.com"), {}), (matching(r"https://[a-z]+\.com\.example|https://app\.example\.com"), {})),
    "CORS811": ((matching(r"https://app\.example\.com|https://[a-z]+\.pages\.dev"), {}), (listed("https://project.pages.dev"), {})),
    "CORS812": ((matching(r"https://[a-z]+\.example\.com"), {}), (listed("https://admin.example.com"), {})),
    "CORS813": (
        (matching(r"https://(app|[a-z]+\.(?!app)[a-z]+)\.example\.com"), {**FULL}),
        (matching(r"https://(app|cdn\.[a-z]+)\.example\.com"), {**FULL}),
    ),
    "CORS814": ((listed("http://app.example.com"), {}), (listed("http://other.example.com"), {})),
    "CORS815": ((matching(r"https://app\.example\.com(:\d+)?"), {}), (listed(f"{APP}:443"), {})),
    "CORS816": ((listed("http://localhost:3000"), {}), (listed("http://localhost:3000/"), {})),
    "CORS817": (
        (those(lambda o: o == APP or o.startswith("http://localhost")), {}),
        (those(lambda o: o == APP or o.startswith("http://localhost:")), {}),
    ),
    "CORS818": ((matching(r"https://app\.example\.com|http://192\.168\.\d+\.\d+"), {}), (listed("http://192.168.4.4"), {})),
    "CORS819": ((listed("capacitor://localhost"), FULL), (listed("capacitor://app"), FULL)),
    "CORS820": ((those(lambda o: o.lower() == APP), FULL), (EXACT, FULL)),
    "CORS821": ((star, {**INTRANET, **HERE}), (star, {**INTRANET, **THERE})),
    "CORS822": (
        (cached(("Cache-Control", "public, max-age=60")), {}),
        (cached(("Cache-Control", "public, max-age=60"), ("Vary", "Accept, origin")), {}),
    ),
    "CORS823": ((by_method("OPTIONS", "POST"), {"send": "always"}), (by_method("OPTIONS"), {"send": "always"})),
    "CORS824": ((by_method("OPTIONS"), {}), (by_method(), {})),
    "CORS825": ((not_found, {}), (not_found_strict, {})),
    "CORS826": ((with_cookie_only, {}), (those(lambda o: True), {})),
    "CORS827": (
        (only_there("/old", 301, ("Location", "/me")), {"url": "https://api.example.com/old"}),
        (EXACT, {"url": "https://api.example.com/old"}),
    ),
    "CORS828": ((those(lambda o: True), {}), (lambda asked: reply() if asked.preflight else named(asked), {})),
    "CORS829": ((allowing_headers(echo=True), {}), (allowing_headers("X-Tenant", "*"), {})),
    "CORS830": ((allowing_headers(expose="Set-Cookie"), {}), (allowing_headers(expose="X-Total-Count"), {})),
    "CORS831": ((allowing_headers(age="86401"), {}), (allowing_headers(age="86400"), {})),
    "CORS832": ((with_login, SOCKET), (socket("wrong"), SOCKET)),
    "CORS833": ((matching(r"https://app\.example\.[a-z]{2,3}"), {}), (matching(r"https://app\.example\.(com|dev)"), {})),
    "CORS834": (
        (matching(r"https://app\.example\.com|http://[\d.]+"), {}),
        (matching(r"https://app\.example\.com|http://10\.[\d.]+"), {}),
    ),
}  # fmt: skip


def found_by(server: Server, more: dict[str, object]) -> Audit:
    network = {name: value for name, value in more.items() if name == "resolve"}
    plan = make_plan(**{name: value for name, value in more.items() if name not in network})  # type: ignore[arg-type]
    return audit_of(server, plan, **network)[0]


@pytest.mark.parametrize("code", CASES)
def test_found_where_it_is_and_not_where_it_nearly_is(code: str) -> None:
    (wrong, needs), (near, needs_too) = CASES[code]
    there = found_by(wrong, needs)
    assert code in codes(there)
    assert there.unstable == ()
    assert code not in codes(found_by(near, needs_too))


def test_no_code_is_left_out() -> None:
    assert set(CASES) == {record.code for record in AUDIT}


FIXED = {
    # In whose kind it is to be told as info, or a step lower, whatever the record says.
    "CORS809": "high", "CORS820": "info", "CORS824": "info", "CORS826": "info", "CORS819": "info",
}  # fmt: skip


@pytest.mark.parametrize("code", [c for c in CASES if c not in ("CORS801", "CORS825", "CORS826")])
def test_the_severity_is_the_records(code: str) -> None:
    """With credentials; where no browser of ours can be at the origin, it is none."""
    (wrong, needs), _ = CASES[code]
    found = next(f for f in found_by(wrong, needs).findings if f.code == code)
    record = next(r for r in AUDIT if r.code == code)
    assert found.severity == FIXED.get(code, record.severity)
    assert (found.title, found.advice, found.help) == (record.title, record.advice, record.help)
    assert found.url
    assert found.evidence.splitlines()[0].endswith(found.url.replace("wss:", "https:"))


PUBLIC = [c for c, ((_, needs), _) in CASES.items() if (c <= "CORS818" or c >= "CORS833") and not needs]


@pytest.mark.parametrize("code", PUBLIC)
def test_without_credentials_nothing_is_above_info(code: str) -> None:
    """What can be read without the visitor's cookies anybody can read."""
    (wrong, needs), _ = CASES[code]

    def server(asked: Asked) -> Reply:
        answer = wrong(asked)
        return reply(200, *(h for h in answer.headers if h != TRUE))  # type: ignore[union-attr]

    found = found_by(server, needs)
    assert code in codes(found)
    assert {f.severity for f in found.findings} == {"info"}
    assert not any(f.credentials for f in found.findings)
    assert found.passed


@pytest.mark.parametrize("value", ["True", "TRUE", "true, true", "1", "yes", ""])
def test_only_true_is_true(value: str) -> None:
    def server(asked: Asked) -> Reply:
        return reply(
            200, ("Access-Control-Allow-Origin", asked.origin or ""), ("Access-Control-Allow-Credentials", value)
        )

    assert [(f.code, f.severity) for f in found_by(server, {}).findings] == [("CORS801", "info")]


@pytest.mark.parametrize(
    "form", ["{o}/", "{u}", "{o}:443", "{o}, {o}", "{o} {o}", "https://*.example.com", "NULL", " {o}x"]
)
def test_what_the_cors_check_refuses_is_no_finding(form: str) -> None:
    def server(asked: Asked) -> Reply:
        origin = asked.origin or ""
        value = form.format(o=origin, u=origin.upper())
        return reply(200, ("Access-Control-Allow-Origin", value), TRUE)

    assert codes(found_by(server, {})) == []


@pytest.mark.parametrize("accept", ["wrong", "none"])
def test_a_handshake_counts_with_the_right_key_only(accept: str) -> None:
    assert codes(found_by(socket(accept), SOCKET)) == []
    assert codes(found_by(socket(), SOCKET)) == ["CORS832"]


def test_a_socket_for_everybody_is_weighed_by_its_login() -> None:
    def severity(server: Server, **more: object) -> str:
        return found_by(server, {"url": SOCKET["url"], **more}).findings[0].severity

    assert severity(with_login, cookies="session=1") == "high"
    assert severity(socket(), cookies="session=1") == "medium"
    assert severity(socket()) == "info"


@pytest.mark.parametrize(
    ("status", "severity"), [(200, "high"), (404, "high"), (500, "high"), (401, "medium"), (403, "medium")]
)
def test_what_a_login_answers_is_worth_less(status: int, severity: str) -> None:
    found = found_by(lambda asked: named(asked, status=status), {})
    assert [f.severity for f in found.findings if f.code == "CORS801"] == [severity]
    assert any("the login's policy" in note for note in found.notes) is (status in (401, 403))


def test_what_only_one_browser_sends_is_worth_less() -> None:
    found = found_by(matching(r"https://app\.example\.com(!.*)?"), FULL)
    assert [(f.code, f.severity, f.browsers) for f in found.findings] == [("CORS809", "medium", ("chromium",))]


def test_what_no_browser_sends_is_worth_nothing() -> None:
    found = found_by(matching(r"https://app\.example\.com(\*.*)?"), FULL)
    assert [(f.code, f.severity, f.browsers) for f in found.findings] == [("CORS809", "info", ())]
    assert "No browser" in found.findings[0].message


def test_a_name_below_the_own_domain_is_worth_less() -> None:
    """Only who has a name there can have it."""
    found = found_by(matching(r"https://[a-z]*app\.example\.com"), {})
    assert [(f.code, f.severity) for f in found.findings] == [("CORS804", "medium")]


@pytest.mark.parametrize("code", PUBLIC)
def test_one_cause_is_one_finding(code: str) -> None:
    (wrong, needs), _ = CASES[code]
    found = found_by(wrong, needs)
    beside = {"CORS824", "CORS828"}
    assert [c for c in codes(found) if c not in beside] == [code]


@pytest.mark.parametrize(
    ("allows", "code"),
    [
        (lambda o: o.endswith(".com"), "CORS810"),
        (lambda o: o.endswith("example.com"), "CORS804"),
        (lambda o: o.startswith("https://app.example"), "CORS803"),
        (lambda o: "example.com" in o, "CORS805"),
        (lambda o: bool(re.search(r"https://.*app\.example\.com", o)), "CORS805"),
        (lambda o: o.startswith("https://app."), "CORS803"),
        (lambda o: bool(re.match(r"https://(\w+\.)?example\.com", o)), "CORS803"),
    ],
)
def test_what_follows_from_the_cause_is_not_told(allows: object, code: str) -> None:
    found = found_by(those(allows), {})  # type: ignore[arg-type]
    assert codes(found) == [code]


def test_a_redirect_that_lets_in_by_chance_is_unstable() -> None:
    """What is asked of a hop is asked again as everything is."""

    def server(asked: Asked) -> Reply:
        if asked.url.endswith("/me"):
            return EXACT(asked)
        moved = ("Location", "/me")
        return named(asked, moved, status=302) if asked.origin and asked.number % 2 else reply(302, moved)

    strangers = [audit_of(lambda a, n=n: server(Asked(a.number + n, a.method, a.url, a.headers)),
                          make_plan("https://api.example.com/old"))[0] for n in (0, 1)]  # fmt: skip
    assert [codes(found) for found in strangers] == [[], []]
    assert any(found.unstable for found in strangers)
