"""What a policy in order comes to: where it is found, what it multiplies to, environments, variables, defaults."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corscheck.model.masking import mask_text
from corscheck.model.values import CheckRef, ConfigError, Probe
from corscheck.policy.checks_on_values import Limit, limit, target
from corscheck.policy.load import LoadedPolicy, discover, load
from corscheck.policy.select import Shard, selected

HEAD = 'base-url = "https://api.example.com/v1"\n[defaults]\norigins = ["https://app.example"]\n'


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def one(text: str, **more: Any) -> LoadedPolicy:
        path = tmp_path / "corscheck.toml"
        path.write_text(text)
        return load(path, **more)

    return one


def probes(policy: LoadedPolicy) -> list[Probe]:
    return [probe for check in policy.checks for probe in check.probes()]


def check(*lines: str, name: str = "x") -> str:
    return "\n".join(["[[check]]", f'name = "{name}"', 'urls = ["/a"]', *lines, ""])


def test_lists_multiply_by_url_then_origin_then_method(read: Any) -> None:
    policy = read(
        '[[check]]\nname = "x"\nurls = ["https://a.example/1", "https://a.example/2"]\n'
        'origins = ["https://b.example", "null"]\nmethods = ["GET", "PUT", "GET"]\n'
    )
    assert [(p.url[-1], p.origin, p.method) for p in probes(policy)] == [
        (url, origin, method) for url in "12" for origin in ("https://b.example", "null") for method in ("GET", "PUT")
    ]
    assert len(policy) == 8
    assert [p.index for p in probes(policy)] == list(range(8))
    assert {p.check for p in probes(policy)} == {CheckRef("x", "corscheck.toml", 1)}


def test_what_is_not_said(read: Any) -> None:
    (probe,) = probes(read(HEAD + check()))
    assert probe == Probe(
        url="https://api.example.com/v1/a", origin="https://app.example",
        check=CheckRef("x", "corscheck.toml", 4),
    )  # fmt: skip


def test_every_key_of_a_request(read: Any) -> None:
    (probe,) = probes(
        read(HEAD + check('methods = ["PUT"]', 'headers = ["X-A: 1", "X-A: 2"]', 'credentials = "include"', 'body = "ö"',
                          'redirect = "manual"', 'send = "always"', 'engines = ["webkit", "chromium"]'))
    )  # fmt: skip
    assert (probe.method, probe.credentials, probe.redirect, probe.send) == ("PUT", "include", "manual", "always")
    assert probe.headers == (("X-A", "1"), ("X-A", "2"), ("Content-Type", "text/plain;charset=UTF-8"))
    assert (probe.body, probe.body_asked) == ("ö".encode(), False), "a policy's body never counts as asking to send it"
    assert (probe.engine, probe.gate) == ("webkit", ("webkit", "chromium"))


def test_a_body_makes_it_a_post(read: Any) -> None:
    (probe,) = probes(read(HEAD + check('body = "{}"', 'headers = {Content-Type = "application/json"}')))
    assert (probe.method, probe.headers) == ("POST", (("Content-Type", "application/json"),))


@pytest.mark.parametrize(
    ("text", "base", "url"),
    [
        ("/users", "https://a.example/v1", "https://a.example/v1/users"),
        ("/users", "https://a.example/v1/", "https://a.example/v1/users"),
        ("?q=1", "https://a.example", "https://a.example?q=1"),
        ("https://b.example/x", "https://a.example", "https://b.example/x"),
    ],
)
def test_a_path_is_put_behind_the_base(text: str, base: str, url: str) -> None:
    assert target(text, base, anything=False) == (url, None)


ENVIRONMENTS = """\
base-url = "https://api.example.com"
via = "http://production:80"
[defaults]
origins = ["https://app.example"]
credentials = "include"
headers = { X-A = "1", X-B = "2" }
[env.staging]
base-url = "https://staging.example.com"
via = "http://staging:8000"
[env.staging.defaults]
origins = ["https://staging-app.example"]
headers = { x-b = "3" }
[env.broken-elsewhere]
base-url = "${NOT_SET}"
"""


def test_an_environment_overrides(read: Any) -> None:
    (plain,) = probes(read(ENVIRONMENTS + check()))
    assert (plain.url, plain.origin, plain.via) == (
        "https://api.example.com/a", "https://app.example", "http://production:80",
    )  # fmt: skip
    assert plain.headers == (("X-A", "1"), ("X-B", "2"))
    (staging,) = probes(read(ENVIRONMENTS + check(), env="staging"))
    assert (staging.url, staging.origin, staging.via) == (
        "https://staging.example.com/a", "https://staging-app.example", "http://staging:8000",
    )  # fmt: skip
    assert staging.headers == (("X-A", "1"), ("x-b", "3"))
    assert staging.credentials == "include", "what the environment does not say stays"


def test_the_check_has_the_last_word(read: Any) -> None:
    text = ENVIRONMENTS + check('origins = ["null"]', 'credentials = "omit"', 'headers = {X-B = "4"}')
    (probe,) = probes(read(text, env="staging"))
    assert (probe.origin, probe.credentials) == ("null", "omit")
    assert probe.headers == (("X-A", "1"), ("X-B", "4"))


def test_the_command_line_overrides_the_environment(read: Any) -> None:
    (probe,) = probes(read(ENVIRONMENTS + check(), env="staging", base="http://localhost:1", send_via="http://x:2"))
    assert (probe.url, probe.via) == ("http://localhost:1/a", "http://x:2")


def test_variables(read: Any) -> None:
    text = 'base-url = "${BASE}"\n' + check('origins = ["${A}"]', 'headers = {X-Tenant = "t-${B}", X-C = "$${B}"}')
    (probe,) = probes(read(text, variables={"BASE": "https://a.example", "A": "null", "B": "7"}))
    assert (probe.url, probe.origin) == ("https://a.example/a", "null")
    assert probe.headers == (("X-Tenant", "t-7"), ("X-C", "${B}"))
    assert probe.secret_headers == {"x-tenant"}, "what comes out of a variable may be a secret"


def test_what_of_the_variables_is_masked_from_then_on(read: Any) -> None:
    """By the variable's name everywhere; by its place unless the value stands elsewhere, too. Never hosts or origins."""
    variables = {
        "TOKEN": "t0ken-value", "PIN": "4711", "PLAIN": "pl4in-value", "QUERY": "qu3ry-value", "LOGIN": "l0gin-value",
        "BODY": "b0dy-value", "BASE": "https://api.example:8443", "HOST": "h0st.example.com", "AUTH_URL": "/auth1/path",
        "PAGE_TOKEN": "https://app1.example", "BOTH": "b0th.example.com", "SMALL": "77",
        "WORD": "hunter",
    }  # fmt: skip
    text = 'base-url = "${BASE}"\n' + check(
        'origins = ["${PAGE_TOKEN}"]',
        'headers = {X-Plain = "${PLAIN}", X-Host = "${BOTH}", X-Tenant = "${SMALL}", X-Pin = "${PIN}"}',
        'body = "${BODY}"',
        'methods = ["POST"]',
        'expect = "invalid"',
    )
    urls = ("/${TOKEN}?q=${QUERY}&w=${WORD}", "https://u:${LOGIN}@${HOST}/", "https://${BOTH}${AUTH_URL}")
    text = text.replace('urls = ["/a"]', f"urls = {json.dumps(urls)}")
    read(text, variables=variables)
    shown = {name: mask_text(f"at {value} it is") for name, value in variables.items()}
    masked = {name for name, text in shown.items() if text == "at *** it is"}
    assert masked == {"TOKEN", "PIN", "PLAIN", "QUERY", "LOGIN", "BODY"}
    assert mask_text("at ?q=1&w=hunter, a=hunter") == "at ?q=1&w=***, a=hunter"
    assert {name for name in shown if shown[name] == f"at {variables[name]} it is"} == variables.keys() - masked


def test_a_name_or_a_reason_shows_no_secret_variable(read: Any) -> None:
    text = 'base-url = "https://a.example"\n' + check('origins = ["null"]').replace('name = "', 'name = "as ${TOKEN} ')
    ignore = '[[ignore]]\ncheck = "as ${TOKEN} *"\nreason = "${TOKEN} is wrong"\n'
    policy = read(text + ignore, variables={"TOKEN": "t0ken-value"})
    assert policy.checks[0].ref.name.startswith("as *** ")
    assert policy.ignores[0].reason == "*** is wrong"
    assert policy.ignores[0].check == "as *** *"


def test_variables_of_other_environments_need_not_be_set(read: Any) -> None:
    read(ENVIRONMENTS + check(), variables={})
    with pytest.raises(ConfigError, match=r"corscheck.toml:14: \[env.broken-elsewhere\], base-url: \$\{NOT_SET\}"):
        read(ENVIRONMENTS + check(), env="broken-elsewhere", variables={})


def test_an_environment_that_is_not_there(read: Any) -> None:
    with pytest.raises(ConfigError, match='did you mean "staging"'):
        read(ENVIRONMENTS + check(), env="stagin")


def test_defaults_about_a_readable_answer_are_for_checks_that_expect_one(read: Any) -> None:
    head = HEAD + 'exposes = ["x-a"]\nstatus = 200\nmax-age = ">=600"\nvary-origin = true\nbecause = "CORS301"\n'
    blocked, allowed = read(head + check('expect = "blocked"', name="a") + check('expect = "allowed"', name="b")).checks
    assert (blocked.wants.exposes, blocked.wants.status, blocked.wants.max_age) == ((), None, None)
    assert (allowed.wants.exposes, allowed.wants.status, allowed.wants.because) == (("x-a",), 200, None)


def test_because_says_what_to_expect(read: Any) -> None:
    for code, verdict in (("CORS306", "blocked"), ("CORS104", "invalid")):
        (one,) = read(HEAD + check(f'because = "{code}"')).checks
        assert (one.wants.expect, one.common.expected) == (verdict, verdict)


@pytest.mark.parametrize(
    ("text", "value"),
    [(">=600", Limit(">=", 600)), ("< 5", Limit("<", 5)), ("==7", Limit("=", 7)), ("7", Limit("=", 7)), (7, Limit("=", 7)),
     ("600s", None), ("-1", None), ("", None)],
)  # fmt: skip
def test_a_limit(text: Any, value: Limit | None) -> None:
    assert limit(text) == value


def test_ignores(read: Any) -> None:
    policy = read(HEAD + check() + '[[ignore]]\nreason = "r"\nurl = "*/a"\nexpires = 2030-01-02\n')
    (entry,) = policy.ignores
    assert (entry.reason, entry.url, entry.expires, entry.line) == ("r", "*/a", date(2030, 1, 2), 7)


def test_it_is_found_upwards_to_the_root_of_the_repository(tmp_path: Path) -> None:
    deep = tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "corscheck.toml").touch()
    (tmp_path / "repo" / ".git").touch()
    with pytest.raises(ConfigError, match="corscheck init"):
        discover(deep)
    project = tmp_path / "repo" / "pyproject.toml"
    project.write_text("[project]\n")
    with pytest.raises(ConfigError):
        discover(deep)
    project.write_text("[project]\n[tool.corscheck]\n")
    assert discover(deep) == project
    (tmp_path / "repo" / "corscheck.toml").touch()
    assert discover(deep) == tmp_path / "repo" / "corscheck.toml"
    (deep / "pyproject.toml").write_text("[[tool.corscheck.check]]\n")
    assert discover(deep) == deep / "pyproject.toml"


def test_selection_and_shards(read: Any) -> None:
    policy = read(HEAD + "".join(check('origins = ["null", "https://b.example"]', name=n) for n in ("ab", "ac", "b")))
    assert [c.ref.name for c in selected([policy], ["a*"])] == ["ab", "ac"]
    assert [c.ref.name for c in selected([policy], ["b", "ac"])] == ["ac", "b"]
    with pytest.raises(ConfigError, match='--select abb: no check is called that; did you mean "ab"'):
        selected([policy], ["abb"])
    checks = selected([policy], [])
    parts = [list(Shard(f"{i}/4").probes(checks)) for i in range(1, 5)]
    assert [len(p) for p in parts] == [2, 2, 1, 1] == [Shard(f"{i}/4").count(6) for i in range(1, 5)]
    assert sorted((p for part in parts for p in part), key=lambda p: p.index) == list(Shard(None).probes(checks))
    for text in ("0/5", "6/5", "2", "a/b", "1/0"):
        with pytest.raises(ConfigError, match="--shard"):
            Shard(text)


def test_ten_thousand_probes_are_multiplied_when_asked_for(read: Any) -> None:
    """The figure itself is measured by tests/bench/policy.py; here nothing may be made of a probe before it is due."""
    urls = ", ".join(f'"/{i}"' for i in range(100))
    origins = ", ".join(f'"https://o{i}.example"' for i in range(100))
    policy = read(f'base-url = "https://a.example"\n[[check]]\nname = "x"\nurls = [{urls}]\norigins = [{origins}]\n')
    assert len(policy) == 10_000
    assert len(policy.checks) == 1
    last = policy.checks[0].probe(9_999, 9_999)
    assert (last.url, last.origin) == ("https://a.example/99", "https://o99.example")


def test_loading_grows_with_the_file_and_not_faster(tmp_path: Path) -> None:
    """A guard for any machine: four times the checks take some four times as long, not sixteen times."""
    import time

    from tests.bench.policy import checks

    text = checks("https://a.example")
    path = tmp_path / "corscheck.toml"

    def seconds(count: int) -> float:
        path.write_text(text[: text.index(f'[[check]]\nname = "check {count}"')])
        times = []
        for _ in range(3):
            begun = time.process_time()
            assert len(load(path)) == count
            times.append(time.process_time() - begun)
        return min(times)

    assert seconds(6_000) < 8 * seconds(1_500)


@pytest.mark.parametrize("text", ["tool = 5\n", "[tool]\ncorscheck = 5\n", "[tool]\n", ""])
def test_a_pyproject_without_a_table_of_ours(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"has no \[tool.corscheck\]"):
        load(tmp_path / "pyproject.toml")
