"""Editors and type checkers know every option, and the functions take the same ones."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import corscheck
from corscheck.api import arguments, audits, checks, keywords
from corscheck.runner.options import RunOptions
from corscheck.transports.base import NetworkOptions

ROOT = Path(__file__).resolve().parents[2]
EMPTY = inspect.Parameter.empty


def options(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(function).parameters
    assert not [p for p in found.values() if p.kind is p.VAR_KEYWORD]
    return {name: p for name, p in found.items() if p.kind is p.KEYWORD_ONLY}


def test_aprobe_takes_what_probe_takes() -> None:
    assert inspect.signature(corscheck.aprobe).parameters == inspect.signature(corscheck.probe).parameters


def test_page_and_fetch_together_take_what_probe_takes() -> None:
    page, fetch, probe = options(corscheck.Page), options(corscheck.Page.fetch), options(corscheck.probe)
    assert {**page, **fetch} == probe
    assert page.keys() & fetch.keys() == {"auth", "cookies", "send"}


def test_probe_many_takes_what_probe_takes_and_the_concurrency() -> None:
    many, probe = options(corscheck.probe_many), options(corscheck.probe)
    assert many.keys() - probe.keys() == {"concurrency", "concurrency_total"}
    assert probe.keys() <= many.keys()
    assert {n: p.default for n, p in many.items() if n in probe} == {
        n: None if n == "origin" else p.default for n, p in probe.items()
    }


def test_the_options_that_are_needed_have_no_default() -> None:
    for function in (corscheck.probe, corscheck.aprobe, corscheck.Page):
        assert [name for name, p in options(function).items() if p.default is EMPTY] == ["origin"]
    for function in (corscheck.Page.fetch, corscheck.probe_many, corscheck.audit):
        assert [name for name, p in options(function).items() if p.default is EMPTY] == []


def test_every_option_is_checked_and_every_default_passes_its_check() -> None:
    for accepted in (keywords.ProbeKeywords, keywords.PageKeywords, keywords.FetchKeywords, keywords.ManyKeywords):
        for name in accepted.__annotations__:
            if name != "origin":
                checks.PROBE_CHECKS[name](name, arguments.DEFAULTS[name])
    for name in keywords.AuditKeywords.__annotations__:
        audits._CHECKS[name](name, arguments.DEFAULTS[name])


def test_every_option_of_the_network_and_of_the_run_can_be_given() -> None:
    assert set(keywords.NetworkKeywords.__annotations__) == set(NetworkOptions.__struct_fields__)
    # What -v shows of an audit is a matter of the command line's view.
    of_a_run = set(RunOptions.__struct_fields__) - {"network", "keep_exchanges"}
    assert of_a_run <= set(keywords.ManyKeywords.__annotations__)


def test_the_types_can_be_read_at_run_time() -> None:
    for accepted in (keywords.ProbeKeywords, keywords.AuditKeywords, keywords.ManyKeywords):
        assert get_type_hints(accepted).keys() == accepted.__annotations__.keys()


@pytest.mark.parametrize("function", ["probe", "aprobe", "probe_many", "audit", "Page"])
def test_every_option_is_described(function: str) -> None:
    """Those of ``probe`` in its own text; the others refer to it for what they share."""
    text = inspect.getdoc(getattr(corscheck, function)) or ""
    shared = inspect.getdoc(corscheck.probe) or ""
    for name in options(getattr(corscheck, function)):
        assert name in text or (name in shared and "``probe``" in text), name


def test_importing_the_package_is_light_and_finds_everything() -> None:
    code = (
        "import corscheck, sys\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))\n"
        "print(*[getattr(corscheck, name) is not None for name in corscheck.__all__])\n"
        "import corscheck.auditing.flow\n"
        "print(callable(corscheck.audit), corscheck.audit is corscheck.api.audit, sorted(corscheck.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded, found, again = done.stdout.splitlines()
    heavy = {"asyncio", "httpcore", "httpx", "msgspec", "pycurl", "pydantic", "rich", "ssl", "typer"}
    assert not heavy & set(loaded.split())
    assert set(found.split()) == {"True"}
    assert again.startswith("True True")
    assert {"Audit", "audit", "probe_many", "probe", "aprobe", "Page", "Probe", "Result"} <= set(corscheck.__all__)


TYPED = """
from pathlib import Path

import corscheck

result = corscheck.probe("https://a.example", origin="https://b.example", headers={"X-A": "1"}, cacert=Path("ca.pem"))
reveal_type(result)
with corscheck.Page(origin="null", engine="firefox", timeout=5) as page:
    reveal_type(page.fetch("https://a.example", method="PUT", headers=[("X-A", "1")]))
reveal_type(corscheck.audit("https://a.example", allowed_origins=["https://b.example"]))
for one in corscheck.probe_many(["https://a.example"], origin="null", concurrency=4):
    reveal_type(one)

corscheck.probe("https://a.example")  # wrong: no origin
corscheck.probe("https://a.example", origin="null", timout=1)  # wrong: unknown
corscheck.probe("https://a.example", origin="null", timeout="1")  # wrong: type
page.fetch("https://a.example", origin="null")  # wrong: the page's


async def main() -> None:
    reveal_type(await corscheck.aprobe("https://a.example", origin="null"))
    await corscheck.aprobe("https://a.example", origin="null", engine="chrome")  # wrong: no such engine
"""


def test_mypy_knows_every_option(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "typed.py").write_text(TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"]
    cache = ["--cache-dir", str(ROOT / ".mypy_cache")]
    done = subprocess.run(
        [*command, *cache, "--config-file", str(ROOT / "pyproject.toml"), str(tmp_path / "typed.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    lines = done.stdout.splitlines()
    revealed = [line.rpartition('Revealed type is "')[2].strip('"') for line in lines if "Revealed type" in line]
    assert [name.rpartition(".")[2] for name in revealed] == ["Result", "Result", "Audit", "Result", "Result"]
    wrong = {int(line.split(":")[1]) for line in lines if ": error:" in line}
    expected = {number for number, line in enumerate(TYPED.splitlines(), 1) if "# wrong" in line}
    assert wrong == expected, done.stdout + done.stderr
