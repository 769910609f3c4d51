"""Every target with its own fix: what is refused next is explained by the cause that is true.

``TRUTH`` was written by looking at the servers' answers, not at what corscheck says. ``MATRIX.md`` shows what was seen.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from corscheck.model.result import Result
from corscheck.model.values import Probe
from corscheck.runner.options import RunOptions
from corscheck.runner.single import run_one
from corscheck.transports.base import NetworkOptions
from tests.diagnosis.remedies.cases import APP, EVIL, available, fix
from tests.diagnosis.remedies.table import WRITE
from tests.servers.targets import TARGETS, Server, server_of

pytestmark = pytest.mark.framework

TABLE = Path(__file__).with_name("MATRIX.md")
WANTED = ("--origin", APP, "-X", "GET", "-X", "PUT", "-X", "PATCH", "-H", "X-Listed: 1")
OPTIONS = RunOptions(network=NetworkOptions(timeout=5.0, proxy=""), diagnose=True)

LISTED, UNLISTED = ("X-Listed", "1"), ("X-Unlisted", "1")


@dataclass(frozen=True)
class Column:
    """One request. ``truth`` is its cause, and ``says`` is in the message; ``passes`` is what makes it a good request."""

    name: str
    probe: dict[str, Any]
    truth: str
    says: str = ""
    passes: dict[str, Any] = field(default_factory=dict)


COLUMNS = (
    Column("unlisted header", {"method": "PUT", "headers": (UNLISTED,)}, "CORS612", "x-unlisted", {"headers": ()}),
    Column(
        "beside a listed one",
        {"method": "PUT", "headers": (LISTED, UNLISTED)},
        "CORS612",
        "x-unlisted",
        {"headers": (LISTED,)},
    ),
    Column("unlisted method", {"method": "DELETE"}, "CORS614", "DELETE", {"method": "PUT"}),
    Column("listed method in lower case", {"method": "patch"}, "CORS624", "PATCH", {"method": "PATCH"}),
    Column("foreign GET", {"origin": EVIL}, "CORS615", EVIL, {"origin": APP}),
    Column("foreign PUT", {"origin": EVIL, "method": "PUT"}, "CORS615", EVIL, {"origin": APP}),
    Column("foreign, all unlisted", {"origin": EVIL, "method": "DELETE", "headers": (UNLISTED,)}, "CORS615", EVIL),
    Column("404", {"path": "nothing"}, "allowed"),
    Column("500", {"path": "broken"}, "allowed"),
)

TRUTH = {
    # aiohttp-cors knows the routes that it was given, so that it answers nothing where there is none.
    ("aiohttp", "404"): "CORS631",
    # The handler of exceptions is outside the CORS layer, and its answer has no header of it.
    ("fastapi", "500"): "CORS603",
    ("rack", "500"): "CORS603",
    ("starlette", "500"): "CORS603",
}
"""What is true of a target where it is not what the column says."""

NOT_SAID = ("response to OPTIONS", "Configure CORS", "outside authentication", "handles OPTIONS")
"""Which every target would be told falsely: each knows CORS."""


@pytest.fixture(scope="module", params=sorted(TARGETS))
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    name = request.param
    with server_of(available(name), fix(name, *WANTED)) as started:
        yield name, started


def ask(server: Server, *, path: str = "data", **probe: Any) -> Result:
    """Probe it, with diagnosis."""
    return run_one(Probe(**{"url": f"{server.url}/{path}", "origin": APP, **probe}), OPTIONS)


def cause(result: Result) -> str:
    """The first finding that is not a remark."""
    found = [f.code for f in result.findings if not f.code.startswith("CORS7")]
    return found[0] if found else result.verdict


@pytest.mark.parametrize("column", COLUMNS, ids=[column.name for column in COLUMNS])
def test_the_first_cause_is_true(server: tuple[str, Server], column: Column) -> None:
    name, started = server
    truth = TRUTH.get((name, column.name), column.truth)
    result = ask(started, **column.probe)
    said = " ".join(f"{f.message} {f.advice}" for f in result.findings)
    assert cause(result) == truth, said
    if truth == column.truth:
        assert not column.says or column.says in result.findings[0].message
    if truth not in ("allowed", "CORS631"):
        assert not [words for words in NOT_SAID if words in said]
    if column.probe.get("headers") == (LISTED, UNLISTED):
        assert "x-listed" not in result.findings[0].message
    if column.probe.get("origin") == EVIL:
        assert "allows this origin" not in said


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.passes], ids=lambda column: column.name)
def test_it_is_the_cause_because_without_it_the_request_passes(server: tuple[str, Server], column: Column) -> None:
    assert ask(server[1], **{**column.probe, **column.passes, "send": "always"}).verdict == "allowed"


@pytest.mark.parametrize(("path", "status"), [("nothing", 404), ("broken", 500)])
def test_errors_are_readable_where_the_table_says_so(server: tuple[str, Server], path: str, status: int) -> None:
    name, started = server
    answer = httpx.get(f"{started.url}/{path}", headers={"Origin": APP})
    assert answer.status_code == status
    assert (answer.headers.get("Access-Control-Allow-Origin") == APP) is ((name, str(status)) not in TRUTH)


def test_the_table_says_what_is_seen(server: tuple[str, Server]) -> None:
    name, started = server
    row = f"| {' | '.join([name, *(_cell(ask(started, **column.probe)) for column in COLUMNS)])} |"
    if os.environ.get(WRITE):
        _write(name, row)
    assert row in TABLE.read_text("utf-8").splitlines()


def test_the_table_is_whole() -> None:
    rows = [line.split(" | ")[0].strip("| ") for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert rows[2:] == sorted(TARGETS)
    assert TABLE.read_text("utf-8").startswith(_head())


def _cell(result: Result) -> str:
    """The cause, and the status of the last answer."""
    statuses = [exchange.response.status for exchange in result.exchanges if exchange.response is not None]
    return f"{cause(result)} ({statuses[-1]})"


def _head() -> str:
    names = ["target", *(column.name for column in COLUMNS)]
    return f"""# What is refused next, and the cause that is named

Each target of `corscheck fix --for` runs for real, configured by its own fix for `{APP}` with the methods GET, PUT and
PATCH and the header `X-Listed`. Then it is asked for more. A cell has the first cause that `corscheck probe` names, and
the status of the last answer. The tests compare the causes with what is true of each server, and this table
with what they see. To write it again, run:

```console
CI=true {WRITE}=1 python -m pytest tests/diagnosis/remedies/test_matrix.py
```

CORS603: the error lacks the headers; CORS612: a header is not listed; CORS614: a method is not listed; CORS615: the origin
is not listed; CORS624: the case of the method; CORS631: the URL does not exist. *404* and *500* are asked from
`{APP}`: where the error has CORS headers, the page may read it.

| {" | ".join(names)} |
| {" | ".join("---" for _ in names)} |
"""


def _write(name: str, row: str) -> None:
    """Put one row into the table; several processes do so at once."""
    with TABLE.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = [
            line for line in file.read().splitlines() if line.startswith(tuple(f"| {known} |" for known in TARGETS))
        ]
        rows = sorted([*(line for line in rows if not line.startswith(f"| {name} |")), row])
        file.truncate(0)
        file.write(_head() + "".join(f"{line}\n" for line in rows))
