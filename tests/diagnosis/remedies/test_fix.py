"""``corscheck fix``: what it prints and refuses, and that values arrive as they are in the language they are put into."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from corscheck.diagnosis import remedies
from corscheck.diagnosis.remedies.code import as_code
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.remedies.remedy import Remedy
from corscheck.diagnosis.remedies.wanted import Wanted
from corscheck.model.values import ConfigError
from tests.cli.fakes import Command
from tests.servers.proxy_frameworks import PROXIES
from tests.servers.targets import TARGETS

URL = ("http://api.example/data", "--origin", "https://app.example")
NAMES = tuple(REMEDIES)
ODD = "X-!#$%&'*+-.^_`|~"
"""Every character that a header name may have beside letters and digits."""


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def test_the_names_are_those_of_the_registry_and_each_is_executed() -> None:
    assert tuple(sorted(NAMES)) == NAMES
    assert set(TARGETS) == set(NAMES)


def test_every_module_is_in_the_registry() -> None:
    found = set()
    for module in pkgutil.iter_modules(remedies.__path__, "corscheck.diagnosis.remedies."):
        found |= {v.name for v in vars(importlib.import_module(module.name)).values() if isinstance(v, Remedy)}
    assert found == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_is_all_of_the_language(command: Command, name: str) -> None:
    done = command("fix", "--for", name, *URL, "-X", "PUT", "-H", "X-Tenant: 7", "--expose", "X-Total-Count")
    assert (done.status, done.stderr) == (0, "")
    words = re.sub(r"\n(#|//| )* *", " ", done.stdout.partition("\n\n")[0])
    assert "If CORS is already configured, replace that configuration with this one" in words
    assert "Never add a second one." in words
    if REMEDIES[name].language != "python":
        assert "X-Tenant" in done.stdout
        return
    ast.parse(done.stdout)
    assert max(len(line) for line in done.stdout.splitlines()) <= 88
    assert "X-Tenant" in done.stdout
    assert "7" not in [c.value for c in ast.walk(ast.parse(done.stdout)) if isinstance(c, ast.Constant)]


@pytest.mark.parametrize("name", NAMES)
def test_values_arrive_as_they_are(name: str) -> None:
    many = tuple(f"https://app{n}.example" for n in range(20))
    wanted = Wanted(many, ("GET", "PUT"), (ODD, "X-Tenant"), (ODD,), 600, credentials=True)
    if name in PROXIES:
        with pytest.raises(ConfigError, match="contains characters with a special meaning in the configuration"):
            REMEDIES[name].code(wanted)
        return
    code = REMEDIES[name].code(wanted)
    texts = _values(REMEDIES[name].language, code)
    # Flask-CORS takes some texts for patterns; then it must be one that matches nothing else.
    patterns = [text for text in texts if isinstance(text, str) and text.startswith("^")]
    assert ODD in texts
    assert name != "flask" or any(re.match(pattern, ODD) for pattern in patterns)
    assert {*many, "X-Tenant", "GET", "PUT", 600} <= texts


def _values(language: str, code: str) -> set[object]:
    """The literals in it. That it runs is for the frameworks' tests to see."""
    if language == "python":
        return {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
    if language == "javascript":
        # A literal of Python and one of JavaScript are the same here.
        return {ast.literal_eval(literal) for literal in re.findall(r'"[^"]*"|\b\d+\b', code)}
    if language == "ruby":
        texts = {re.sub(r"\\(.)", r"\1", text) for text in re.findall(r"'((?:[^'\\]|\\.)*)'", code)}
        return {
            *texts,
            *(name.upper() for name in re.findall(r":([a-z]+)\b", code)),
            *map(int, re.findall(r" (\d+)$", code, re.MULTILINE)),
        }
    assert language == "xml"
    values = [element.text or "" for element in fromstring(f"<web-app>{code}</web-app>").iter("param-value")]
    return {int(text) if text.isdigit() else text for value in values for text in value.split(",")}


@pytest.mark.parametrize("origin", ["https://xn--p1ai.example", "https://a---b.example"])
def test_what_is_printed_as_xml_is_well_formed(command: Command, origin: str) -> None:
    """In a comment there must not be two hyphens, and a note names origins."""
    policy = ("--origin", origin, "--origin", "https://app.example", "-X", "PUT")
    done = command("fix", "--for", "tomcat", *policy, "--credentials", "include")
    document = fromstring(f"<web-app>{done.stdout}</web-app>")
    assert f"{origin},https://app.example" in [element.text for element in document.iter("param-value")]


def test_a_note_in_xml_has_no_two_hyphens() -> None:
    wanted = Wanted(("https://xn--p1ai.example",), ("PUT",), notes=("To https://xn--p1ai.example too.",))
    printed = as_code(REMEDIES["tomcat"], wanted)
    assert "To https://xn-&#45;p1ai.example too." in printed
    fromstring(f"<web-app>{printed}</web-app>")


def test_json(command: Command) -> None:
    printed = json.loads(command("fix", "--for", "flask", *URL, "--format", "json", "--max-age", "0").stdout)
    assert printed["framework"] == "flask"
    assert printed["package"] == "flask-cors"
    assert printed["wanted"] == {
        "origins": ["https://app.example"],
        "methods": ["GET"],
        "headers": [],
        "exposed": [],
        "max_age": 0,
        "credentials": False,
    }
    assert printed["code"] in command("fix", "--for", "flask", *URL, "--max-age", "0").stdout
    assert printed["traps"]


def test_list(command: Command) -> None:
    listed = command("fix", "--list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(NAMES)
    assert [one["name"] for one in json.loads(command("fix", "--list", "--format", "json").stdout)] == list(NAMES)


@pytest.mark.parametrize(("typed", "first"), [("fastpi", "fastapi"), ("FLSK", "flask"), ("djagno", "django")])
def test_an_unknown_framework_lists_the_known_ones_nearest_first(command: Command, typed: str, first: str) -> None:
    done = command("fix", "--for", typed, *URL)
    assert (done.status, done.stdout) == (2, "")
    names = done.stderr.rpartition("the targets are ")[2].strip().split(", ")
    assert names[0] == first
    assert sorted(names) == list(NAMES)


@pytest.mark.parametrize("typed", ["FastAPI", "flask-cors", "django-cors-headers", "rails", "rack-cors", "Java"])
def test_a_framework_by_another_spelling(command: Command, typed: str) -> None:
    assert command("fix", "--for", typed, *URL).status == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "--for is missing: one of aiohttp, apache, caddy"),
        (("--for", "flask"), "--origin is missing"),
        (("--for", "flask", *URL, "--config", "a.toml"), "--config and a URL exclude each other"),
        (("--for", "flask", "--config", "nothing.toml"), "cannot read the policy nothing.toml"),
        (("--for", "flask", *URL, "--env", "x"), "it needs --config"),
        (("--for", "flask", "--list"), "--list shows all frameworks"),
        (("--for", "flask", URL[0], "--origin", "https://app.example/"), "ends in a slash"),
        (("--for", "flask", URL[0], "--origin", "*", "--credentials", "include"), "does not cover a request with"),
        (("--for", "flask", *URL, "-H", "Cookie: a"), "browsers do not let scripts set Cookie"),
        (("--for", "flask", *URL, "-X", "patch"), "browsers compare patch case-sensitively: send PATCH from the page"),
        (("--for", "aiohttp", *URL, "-X", "patch"), "send PATCH from the page"),
        (("--for", "django", *URL, "--max-age", "0"), "sends no Access-Control-Max-Age for 0"),
        (("--for", "tomcat", *URL, "--max-age", "0"), "CorsFilter sends no Access-Control-Max-Age for 0"),
        (("--for", "rack", *URL, "-X", "patch"), "rack-cors writes every method in uppercase"),
    ],
)
def test_what_cannot_be_done(command: Command, argv: tuple[str, ...], said: str) -> None:
    done = command("fix", *argv)
    assert (done.status, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_policy(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "corscheck.toml"
    path.write_text(
        """
        base-url = "https://api.example"
        [[check]]
        name = "orders"
        urls = ["/orders"]
        origins = ["https://app.example", "https://other.example"]
        methods = ["PUT"]
        """
    )
    printed = json.loads(command("fix", "--for", "fastapi", "--config", str(path), "--format", "json").stdout)
    assert printed["wanted"]["origins"] == ["https://app.example", "https://other.example"]


def test_a_url_is_not_needed(command: Command) -> None:
    assert command("fix", "--for", "fastapi", "--origin", "https://app.example").status == 0


def test_a_url_without_a_scheme_is_https_and_that_is_said(command: Command) -> None:
    done = command("fix", "--for", "fastapi", "api.example/data", "--origin", "http://api.example")
    assert (done.status, done.stderr) == (
        0,
        "corscheck: api.example/data has no scheme: taken as https://api.example/data\n",
    )


def test_an_impossible_configuration_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        REMEDIES["flask"].code(Wanted(("https://app.example",), ("patch",)))
