"""An allowed probe pays for no diagnosis: rules, texts and the stack are imported when there is something to say."""

from __future__ import annotations

import pytest

from tests.servers.raw import READ, RawServer
from tests.test_architecture import python

HEAVY = ("codes.registry", "codes.steps", "causes", "stack", "facts", "experiments", "words", "nearness")


@pytest.mark.parametrize(
    ("fields", "loaded"),
    [("Access-Control-Allow-Origin: *", False), ("X-A: 1", True)],
    ids=["allowed", "blocked"],
)
def test_imports(fields: str, loaded: bool) -> None:
    answer = f"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode()
    with RawServer((READ, answer)) as server:
        done = python(
            "import sys; from corscheck.cli.app import run\n"
            f"status = run(['probe', {server.url()!r}, '--origin', 'http://app.example', '-x', ''])\n"
            "print(status, *(m for m in sys.modules if m.startswith('corscheck')))"
        )
    assert done.returncode == 0, done.stderr
    status, *modules = done.stdout.splitlines()[-1].split()
    assert status == ("1" if loaded else "0")
    found = {name for name in HEAVY if f"corscheck.diagnosis.{name}" in modules}
    assert found == (set(HEAVY) if loaded else set())
    assert not any(m.startswith("corscheck.sources") for m in modules)
    assert "corscheck.diagnosis.guides.registry" not in modules
