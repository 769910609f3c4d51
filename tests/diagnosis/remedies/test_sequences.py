"""Fixes one after the other on one project, in the real framework: what worked before works afterwards.

First a GET, then a PUT with a header, then a token with credentials, at last a second page. Each time what is printed is
pasted as told: the change into what is there, or a new configuration in place of the old one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from corscheck.diagnosis.remedies.change import change
from tests.diagnosis.remedies.cases import APP, EVIL, FOREIGN, TENANT, TOKEN, ask, available, fix
from tests.diagnosis.remedies.pasting import paste
from tests.servers.targets import TARGETS, Server, server_of

pytestmark = pytest.mark.framework

SECOND = "https://second.example"

REQUESTS: tuple[tuple[dict[str, Any], ...], ...] = (
    ({},),
    ({"method": "PUT", "headers": [TENANT]},),
    (
        {"headers": [TOKEN], "credentials": "include"},
        {"method": "PUT", "headers": [TOKEN, TENANT], "credentials": "include"},
    ),
    ({"origin": SECOND}, {"origin": SECOND, "method": "PUT", "headers": [TOKEN, TENANT], "credentials": "include"}),
)
"""What must pass after each step, beside everything before it."""

CHANGES: tuple[dict[str, Any], ...] = (
    {"methods": ["PUT"], "headers": ["X-Tenant"]},
    {"headers": ["Authorization"], "credentials": True},
    {"origin": SECOND},
)

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--origin", APP),
    ("--origin", APP, "-X", "GET", "-X", "PUT", "-H", "X-Tenant: 7"),
    (
        *("--origin", APP, "-X", "GET", "-X", "PUT", "-H", "X-Tenant: 7"),
        *("-H", "Authorization: Bearer x", "--credentials", "include"),
    ),
    (
        *("--origin", APP, "--origin", SECOND, "-X", "GET", "-X", "PUT", "-H", "X-Tenant: 7"),
        *("-H", "Authorization: Bearer x", "--credentials", "include"),
    ),
)

NOW = ({"Methods": "GET", "Headers": ""}, {"Methods": "GET, PUT", "Headers": "X-Tenant"}, {})
"""What nginx has in variables before each change."""


def changed(name: str) -> list[str]:
    """The configuration after each step, each made of the one before by what is printed."""
    codes = [fix(name, *COMMANDS[0])]
    for asked, there in zip(CHANGES, NOW, strict=True):
        text = change(name, **asked)
        assert text is not None
        codes.append(paste(name, codes[-1], text, there))
    return codes


@pytest.fixture(scope="module", params=sorted(TARGETS))
def steps(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Server]]]:
    """The servers after each step, by how its result was pasted."""
    name = request.param
    target = available(name)
    codes = {"changed": changed(name), "replaced": [fix(name, *wanted) for wanted in COMMANDS]}
    # Where a change makes the very configuration that the command prints, one server is enough.
    each = dict.fromkeys(text for texts in codes.values() for text in texts)
    servers = {text: server_of(target, text) for text in each}
    try:
        for server in servers.values():
            server.launch()
        for server in servers.values():
            server.wait()
        yield {how: [servers[text] for text in texts] for how, texts in codes.items()}
    finally:
        for server in servers.values():
            server.stop()


@pytest.mark.parametrize("how", ["changed", "replaced"])
def test_what_worked_works_after_each_step(steps: dict[str, list[Server]], how: str) -> None:
    for number, server in enumerate(steps[how]):
        for wanted in (one for requests in REQUESTS[: number + 1] for one in requests):
            result = ask(server, **wanted)
            assert result.verdict == "allowed", (number, wanted, result.findings)
        if number + 1 < len(REQUESTS):
            # What the next step is for does not pass yet: else the test would show nothing.
            assert "blocked" in {ask(server, **wanted).verdict for wanted in REQUESTS[number + 1]}


@pytest.mark.parametrize("how", ["changed", "replaced"])
def test_strangers_are_refused_after_each_step(steps: dict[str, list[Server]], how: str) -> None:
    for server in steps[how]:
        for origin in FOREIGN:
            for more in ({}, {"credentials": "include"}, {"method": "PUT", "headers": [TENANT]}):
                assert ask(server, origin=origin, **more).verdict == "blocked"


def test_django_starts_with_a_fix_that_was_pasted_twice() -> None:
    """An application that is listed twice would be refused; the second configuration replaces the first."""
    text = fix("django", *COMMANDS[0]) + fix("django", *COMMANDS[1])
    with server_of(available("django"), text) as server:
        assert ask(server).verdict == "allowed"
        assert ask(server, method="PUT", headers=[TENANT]).verdict == "allowed"
        assert ask(server, origin=EVIL).verdict == "blocked"
