"""``corscheck explain STACK``: prose that says it is prose, and the ways to and from ``corscheck fix``."""

from __future__ import annotations

import json

import pytest

from corscheck.diagnosis.guides.registry import GUIDES
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.topics.registry import TOPICS
from tests.cli.fakes import Command


@pytest.mark.parametrize("name", GUIDES)
def test_every_guide(command: Command, name: str) -> None:
    done = command("explain", name)
    assert (done.status, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("NOT EXECUTED by corscheck's tests.")
    assert max(len(line) for line in lines if "://" not in line or not line.startswith("  see ")) <= 80
    assert f"  see    {GUIDES[name].source}" in lines
    for snippet in GUIDES[name].snippets:
        indented = "\n".join(f"    {line}".rstrip() for line in snippet.code.split("\n"))
        assert f"\n{indented}\n" in done.stdout


def test_an_alias_in_any_case_and_in_two_words(command: Command) -> None:
    assert command("explain", "Spring-Boot").stdout == command("explain", "spring").stdout
    assert command("explain", "API", "Gateway").stdout == command("explain", "api-gateway").stdout


def test_what_is_from_memory_is_called_so(command: Command) -> None:
    said = command("explain", "s3").stdout
    assert "\nNot confirmed by documentation:\n  - " in said
    assert "Not confirmed" not in command("explain", "spring").stdout


def test_json(command: Command) -> None:
    plain = json.loads(command("explain", "istio", "--format", "json").stdout)
    assert plain["executed"] is False
    assert plain["name"] == "envoy"
    assert [s["label"] for s in plain["snippets"]] == [s.label for s in GUIDES["envoy"].snippets]
    assert plain["source"] == GUIDES["envoy"].source
    assert set(plain) == {"executed", "snippets", *GUIDES["envoy"].__slots__} - {"configurations"}


def test_list(command: Command) -> None:
    said = command("explain", "--list").stdout
    stacks, _, topics = said.partition("\n\nStacks: configurations that the tests do not execute\n")[2].partition(
        "\n\nTopics: "
    )
    assert [line.split()[0] for line in stacks.splitlines()] == list(GUIDES)
    assert [line.split()[0] for line in topics.splitlines()[1:] if line[:3] != "   "] == list(TOPICS)
    assert max(len(line) for line in stacks.splitlines()) <= 80


@pytest.mark.parametrize("name", [*REMEDIES, "flask-cors"])
def test_a_stack_that_fix_executes(command: Command, name: str) -> None:
    known = "flask" if name == "flask-cors" else name
    done = command("explain", name)
    assert done.status == 0
    assert f"`corscheck fix --for {known}` writes the configuration" in " ".join(done.stdout.split())
    assert json.loads(command("explain", name, "--format", "json").stdout) == {
        "executed": True,
        "name": known,
        "command": f"corscheck fix --for {known}",
    }


@pytest.mark.parametrize(
    ("argv", "said", "unsaid"),
    [
        (("explain", "sprign"), "not a known console message: 'sprign'", "--for"),
        (("explain", "sprign"), "corscheck explain spring", "--for"),
        (("explain", "gibberish"), "not a known console message", "similar name"),
        (("explain", "--probe", "spring"), "a stack or a topic does not name one", "console message that is known"),
        (("explain", "--list", "spring"), "--list shows all codes", "NOT EXECUTED"),
        (
            ("fix", "--for", "spring"),
            "there is no remedy for 'spring' that the tests execute; `corscheck explain spring` says what to look for",
            "there are",
        ),
        (("fix", "--for", "Kubernetes"), "`corscheck explain ingress-nginx` says what to look for", "there are"),
        (("fix", "--for", "gibberish"), "unknown target; the targets are", "corscheck explain"),
    ],
)
def test_errors(command: Command, argv: tuple[str, ...], said: str, unsaid: str) -> None:
    done = command(*argv)
    assert (done.status, done.stdout) == (2, "")
    assert said in done.stderr
    assert unsaid not in done.stderr
