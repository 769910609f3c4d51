"""What a finding says to change where CORS is configured already, and commands that ``fix`` accepts."""

from __future__ import annotations

import re
import shlex

import pytest

from corscheck.diagnosis.remedies.advice import advise
from corscheck.diagnosis.remedies.change import EDITS, change
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.remedies.wanted import Wanted
from corscheck.model.values import ConfigError, Probe
from tests.cli.fakes import Command
from tests.diagnosis.kit import API, APP, Asked, Reply, ask

NEW = "https://new.example"
EVERYTHING = Wanted((APP, NEW), ("GET", "PUT"), ("X-Old", "X-Tenant"), ("X-A", "X-B"), 600, credentials=True)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def test_every_target_has_one() -> None:
    assert tuple(EDITS) == tuple(REMEDIES)


@pytest.mark.parametrize("name", EDITS)
def test_the_settings_are_those_of_the_remedy(name: str) -> None:
    """The remedy is executed by the tests: a name that stands in both is a name that the framework knows."""
    text = change(
        name, origin=NEW, methods=["PUT"], headers=["X-Tenant"], exposed=["X-B"], credentials=True, max_age=600
    )
    assert text is not None
    code = REMEDIES[name].code(EVERYTHING)
    lead, *lines = text.splitlines()
    assert lead.endswith("(... stands for the current values):")
    for line in lines:
        assert line.startswith("  ")
        if line.startswith("  #"):
            continue
        for word in re.findall(r"[A-Za-z][A-Za-z.-]*[A-Za-z]", line.replace(NEW, "").replace("ctx.get", "")):
            # What the sentence about aiohttp's routes says is prose.
            if not line.startswith("  cors.add"):
                assert word in code, f"{word} of {line}"


def test_only_what_is_asked_for_is_said() -> None:
    assert change("fastapi", headers=["X-Tenant"]) == (
        'In your CORSMiddleware (... stands for the current values):\n  allow_headers=[..., "X-Tenant"]'
    )
    assert change("express", headers=["X-A", "X-B"]) == (
        'In your cors({...}) (... stands for the current values):\n  allowedHeaders: [..., "X-A", "X-B"]'
    )
    assert change("rails", methods=["PUT"]) == (
        "In your Rack::Cors block (... stands for the current values):\n  methods: [..., :put]"
    )
    assert change("litestar", credentials=True) == "In your CORSConfig:\n  allow_credentials=True"
    assert change("django", origin=NEW) == (
        f'In settings.py (... stands for the current values):\n  CORS_ALLOWED_ORIGINS = [..., "{NEW}"]'
    )
    assert change("nginx") is None


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("fastapi", {"origin": "null"}),
        ("express", {"origin": "*"}),
        ("flask", {"methods": ["patch"]}),
        ("nginx", {"headers": ["X-$"]}),
        ("django", {"max_age": 0}),
    ],
)
def test_what_a_target_cannot_allow_is_not_said(name: str, asked: dict[str, object]) -> None:
    assert change(name, **asked) is None  # type: ignore[arg-type]


def test_an_unknown_target() -> None:
    with pytest.raises(ConfigError):
        change("fastpi", headers=["X-A"])


# In findings


def express(preflight: Reply, answer: Reply | None = None) -> object:
    by = "X-Powered-By: Express"

    def server(asked: Asked) -> Reply:
        # A router does not tell a preflight from another OPTIONS.
        reply = preflight if asked.method == "OPTIONS" else answer or Reply(200, preflight.headers)
        return Reply(reply.status, (*reply.headers, by), reply.body)

    return server


ALLOWED = (f"Access-Control-Allow-Origin: {APP}", "Access-Control-Allow-Methods: GET", "Vary: Origin")


@pytest.mark.parametrize(
    ("preflight", "probe", "lines"),
    [
        (
            Reply(204, ALLOWED),
            {"method": "PUT", "headers": (("X-Tenant", "7"),)},
            ['methods: [..., "PUT"]', 'allowedHeaders: [..., "X-Tenant"]'],
        ),
        (Reply(204, ALLOWED), {"headers": (("X-Tenant", "7"),)}, ['allowedHeaders: [..., "X-Tenant"]']),
        (Reply(204, ALLOWED), {"credentials": "include"}, ["credentials: true"]),
        (Reply(204, ALLOWED), {"origin": NEW}, [f'origin: [..., "{NEW}"]']),
        (
            Reply(204, (*ALLOWED, "Access-Control-Allow-Headers: *")),
            {"headers": (("Authorization", "x"), ("X-Tenant", "7")), "engine": "standard"},
            ['allowedHeaders: [..., "Authorization"]'],
        ),
        (
            Reply(204, (f"Access-Control-Allow-Origin: {APP}/", "Vary: Origin")),
            {},
            [f'origin: [..., "{APP}"]'],
        ),
    ],
    ids=["method and header", "header", "credentials", "origin", "a wildcard", "a slash"],
)
def test_where_cors_is_configured_the_change_is_said(
    preflight: Reply, probe: dict[str, object], lines: list[str]
) -> None:
    advice = ask(express(preflight), **probe).findings[0].advice or ""  # type: ignore[arg-type]
    assert [line.strip() for line in advice.splitlines() if line.startswith("  ")] == lines
    assert "corscheck fix" not in advice


def test_where_nothing_is_configured_the_command_is_said() -> None:
    advice = ask(express(Reply(404)), method="PUT").findings[0].advice or ""  # type: ignore[arg-type]
    assert advice.splitlines()[-1] == f"  corscheck fix --for express {API} --origin {APP} -X PUT"


def test_where_the_page_is_to_be_changed_no_server_is() -> None:
    probe = Probe(API, APP, headers=(("Access-Control-Allow-Origin", "*"),))
    assert advise("express", probe, None, ["CORS634", "CORS612"]) is None


def test_a_method_that_the_page_writes_wrong_changes_nothing_on_the_server() -> None:
    server = express(Reply(204, (*ALLOWED[:1], "Access-Control-Allow-Methods: GET, PATCH")))
    seen = ask(server, method="patch")  # type: ignore[arg-type]
    assert seen.codes[0] == "CORS624"
    assert "methods" not in (seen.findings[0].advice or "").partition("\n")[2]


PRINTED = {
    "null": {"origin": "null"},
    "a secret": {"headers": (("Authorization", "Bearer 'x y'"), ("X-Api-Key", "$HOME"))},
    "an empty value": {"headers": (("X-Empty", ""),)},
    "quotes": {"headers": (("X-A", 'it\'s "so" $HOME `id` \\'),)},
    "a token in the URL": {"url": f"{API}?token=secret&a=b c"},
    "a safelisted header": {"headers": (("Accept", "a/b"), ("X-A", "1"))},
    "a method in lower case": {"method": "patch"},
    "credentials": {"credentials": "include", "method": "PUT"},
    "no credentials": {"credentials": "omit"},
    "an odd origin": {"origin": "moz-extension://a-b"},
}


@pytest.mark.parametrize("kind", PRINTED)
@pytest.mark.parametrize("by", ["X-Powered-By: Express", "Server: nginx", "Server: Python/3.11 aiohttp/3.9"])
def test_a_printed_command_works(command: Command, kind: str, by: str) -> None:
    seen = ask(lambda _: Reply(404, (by,)), **PRINTED[kind])
    advice = "\n".join(finding.advice or "" for finding in seen.findings)
    printed = [line for line in advice.splitlines() if line.startswith("  corscheck fix ")]
    assert "secret" not in advice
    for line in printed:
        done = command(*shlex.split(line)[1:])
        assert (done.status, done.stderr) == (0, ""), line
    assert bool(printed) is (kind != "null" and not (kind == "a method in lower case" and "aiohttp" in by))
