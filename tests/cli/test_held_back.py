"""A POST that is held back without a preflight: every view says what sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fakes import Command
from tests.servers.raw import READ, RawServer

PAGE = "https://app.example"
ANSWER = f"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: {PAGE}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    with RawServer([READ, ANSWER] * 20) as server:
        yield server.url("")
        assert all(not request.startswith(b"POST") for request in server.requests)


LISTS: dict[str, tuple[str, ...]] = {
    "one": ("{base}/a",),
    "several URLs": ("{base}/a", "{base}/b"),
    "a file": ("--targets", "targets"),
    "a matrix": ("{base}/a", "-X", "GET"),
    "a document": ("--openapi", "doc.json"),
    "quiet": ("{base}/a", "{base}/b", "-q"),
    "verbose": ("{base}/a", "{base}/b", "-v"),
}


@pytest.mark.parametrize("name", LISTS)
def test_probe(name: str, base: str, command: Command) -> None:
    Path("targets").write_text(f"{base}/a\n{base}/b\n")
    operation = {"post": {"responses": {"200": {"description": "ok"}}}}
    document = {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": base}]}
    Path("doc.json").write_text(json.dumps({**document, "paths": {"/a": operation, "/b": operation}}))
    argv = [word.format(base=base) for word in LISTS[name]]
    done = command("probe", *argv, "-X", "POST", "--origin", PAGE)
    assert done.status == 3
    assert "Add --send always." in " ".join(done.stdout.split())


def test_run(base: str, command: Command) -> None:
    """A policy has a key instead of an option."""
    Path("corscheck.toml").write_text(
        f'[[check]]\nname = "x"\nurls = ["{base}/a"]\norigins = ["{PAGE}"]\nmethods = ["POST"]\n'
    )
    done = command("run")
    assert done.status == 3
    assert 'Add send = "always" to the check.' in " ".join(done.stdout.split())


def test_what_was_asked_for_is_not_advised_against(base: str, command: Command) -> None:
    for urls in ((f"{base}/a",), (f"{base}/a", f"{base}/b")):
        done = command("probe", *urls, "-X", "POST", "--origin", PAGE, "--send", "never")
        assert done.status == 3
        assert "--send always" not in done.stdout
