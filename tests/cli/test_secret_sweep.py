"""At least 250 secrets, each planted once: none comes out, in no stream, file or list of processes.

``test_secrets`` goes through commands and views; here it is names and places. Every secret has a number of its own, and
is planted in what is typed, in a file that a command reads, in the environment or in a server's answer. The last test
counts them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.planted import (
    ANSWER_HEADERS,
    BODY,
    BROKEN,
    HAR,
    HEADERS,
    IN_PS,
    LOCATION,
    LOGIN,
    MALFORMED,
    MARK,
    MISTYPED,
    PAGE_BODY,
    POLICY,
    PROBES,
    PROXIES,
    REASON,
    REPORTS,
    SECRET_OF_A,
    SELDOM,
    TARGETS,
    URL_QUERY,
    VARIABLES,
    WRONG,
    headers,
)
from tests.cli.test_secrets import PAGE, ROOT
from tests.servers.raw import READ, RawServer

VIEWS: dict[str, tuple[str, ...]] = {
    "reports": REPORTS, "quiet": ("-q",), "dry run": ("--dry-run",), "curl": ("--print-curl",),
    "a report on stdout": ("--transport", "httpx", "--json", "-"),
}  # fmt: skip


def answers(request: bytes) -> bytes:
    """Answer with a secret in every header; ``/moved`` redirects, ``/refused`` refuses with a body, ``/echo`` repeats."""
    target = request.split(b" ")[1]
    origin = next((line[8:] for line in request.split(b"\r\n") if line.lower().startswith(b"origin: ")), b"*").decode()
    lines = ["HTTP/1.1 200 OK", f"Access-Control-Allow-Origin: {origin}", "Access-Control-Allow-Credentials: true"]
    body = ""
    if request.startswith(b"OPTIONS "):
        asked = re.search(rb"(?i)access-control-request-headers: ([^\r]*)", request)
        lines += [
            f"Access-Control-Allow-Headers: {asked[1].decode() if asked else ''}",
            "Access-Control-Allow-Methods: PUT",
        ]
    elif target.startswith(b"/moved"):
        lines[0] = "HTTP/1.1 302 Found"
        lines.append(f"Location: {LOCATION}")
    elif target.startswith(b"/refused"):
        lines[0:2] = ["HTTP/1.1 403 Forbidden"]
        body = BODY
    elif target.startswith(b"/malformed"):
        return MALFORMED
    elif target.startswith(b"/form"):
        lines[0:2] = [f"HTTP/1.1 403 Bearer {REASON}"]
        body = PAGE_BODY
    elif target.startswith(b"/echo"):
        # What was sent comes back where no name says that it is a secret.
        lines[0:2] = ["HTTP/1.1 403 Forbidden"]
        sent = re.findall(rb"Zq7\d{4}", request)
        body = " ".join(one.decode() for one in sent)
        lines += [f"X-Echo: {body}"]
    if target.split(b"?")[0] != b"/echo":
        lines += ANSWER_HEADERS
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer([READ, answers]) as running:
        yield running


@pytest.fixture
def url(server: RawServer) -> str:
    return server.url("").rstrip("/")


def run(directory: Path, argv: tuple[str, ...], more: dict[str, str] | None = None) -> str:
    """Return what a command leaves behind: its status, its streams, the names and texts of its files."""
    before = {path: path.read_bytes() for path in directory.iterdir()}
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT")}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(directory), "TMPDIR": str(directory), **(more or {})}
    done = subprocess.run(
        [sys.executable, "-m", "corscheck", *argv],
        capture_output=True, encoding="utf-8", cwd=directory, env=environment, timeout=60, check=False,
    )  # fmt: skip
    files = [
        f"--- {path.name}\n{path.read_text('utf-8')}"
        for path in sorted(directory.iterdir())
        if before.get(path) != path.read_bytes()
    ]
    return "\n".join([f"--- exit {done.returncode}", done.stdout, done.stderr, *files])


def leaked(said: str, shown: tuple[str, ...] = ()) -> list[str]:
    """Return the places in which secrets are, also where base64 or another encoding of a URL hides them."""
    for body in shown:
        said = said.replace(body, "")
    found = [said[max(m.start() - 90, 0) : m.end() + 20] for m in MARK.finditer(said)]
    for word in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", said):
        try:
            text = base64.b64decode(word + "=" * (-len(word) % 4)).decode("latin-1")
        except ValueError:
            continue
        found += [f"base64 of {m[0]}" for m in MARK.finditer(text)]
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PROBES)
def test_probes(name: str, view: str, server: RawServer, url: str, tmp_path: Path) -> None:
    target, *options = PROBES[name]
    before = len(server.requests)
    said = run(tmp_path, ("probe", url + target, "--origin", PAGE, *options, *VIEWS[view]))
    assert "--- exit 2" not in said, said
    assert "--- exit 4" not in said, said
    assert leaked(said) == []
    assert (len(server.requests) == before) == (view in ("dry run", "curl"))


@pytest.mark.parametrize("path", ["/open", "/refused", "/moved", "/echo"])
def test_audits(path: str, url: str, tmp_path: Path) -> None:
    argv = ("audit", f"{url}{path}?{URL_QUERY}", *headers(HEADERS[:20]), *LOGIN, *REPORTS, "--poc", "poc.html")
    assert leaked(run(tmp_path, argv)) == []
    assert leaked(run(tmp_path, ("audit", f"{url}{path}?{URL_QUERY}", *LOGIN, "--dry-run"))) == []


def test_saved_reports(url: str, tmp_path: Path) -> None:
    run(
        tmp_path,
        ("probe", f"{url}/moved?{URL_QUERY}", "--origin", PAGE, *headers(HEADERS), *LOGIN, "--jsonl", "one.jsonl"),
    )
    for argv in (("show", "one.jsonl", *REPORTS[1:]), ("show", "one.jsonl", "-v"), ("diff", "one.jsonl", "one.jsonl"),
                 ("merge", "one.jsonl", "-o", "m.json")):  # fmt: skip
        assert leaked(run(tmp_path, ("report", *argv))) == []


# ---------------------------------------------------------------------- options that hold a secret, and mistakes


@pytest.mark.parametrize("name", [*MISTYPED, *SELDOM])
def test_options_files_and_mistakes(name: str, url: str, tmp_path: Path) -> None:
    inputs = {
        "policy.toml": POLICY, "broken.toml": BROKEN, "targets": TARGETS, "wrong": WRONG, "in.har": json.dumps(HAR),
        "api.json": json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}),
    }  # fmt: skip
    for file, text in inputs.items():
        (tmp_path / file).write_text(text.replace("URL", url))
    argv = MISTYPED.get(name) or SELDOM[name]
    said = run(tmp_path, tuple(word.replace("URL", url) for word in argv), VARIABLES)
    assert "--- exit 4" not in said, said
    assert "Traceback" not in said, said
    assert leaked(said) == []


def test_proxies_of_the_environment(tmp_path: Path) -> None:
    for value in PROXIES:
        argv = ("probe", "http://api.example/", "--origin", PAGE, *REPORTS)
        assert leaked(run(tmp_path, argv, {"http_proxy": value})) == []


# ---------------------------------------------------------------------- files and processes


def test_modes(url: str, tmp_path: Path) -> None:
    """What may hold secrets is its owner's; a file that is there keeps its mode."""
    (tmp_path / "r.json").write_text("old")
    (tmp_path / "r.json").chmod(0o640)
    files = ("--json", "r.json", "--jsonl", "r.jsonl", "--report", "html:r.html", "--report", "har:r.har")
    argv = ("probe", f"{url}/open?token=x", "--origin", PAGE, *files)
    said = run(tmp_path, (*argv, "--show-secrets"))
    assert "--- exit 0" in said, said
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"r.json": 0o640, "r.jsonl": 0o600, "r.html": 0o600, "r.har": 0o600}
    # Without secrets the next run does not open them; and copies of a private report are private.
    run(tmp_path, argv)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == modes
    run(tmp_path, ("report", "show", "r.jsonl", "--json", "copy.json"))
    run(tmp_path, ("audit", f"{url}/open", "--show-secrets", "--poc", "poc.html", "--json", "a.json", "-q"))
    assert [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("copy.json", "poc.html", "a.json")] == [0o600] * 3


@pytest.mark.parametrize("option", ["--jsonl", "--json"])
def test_a_link_that_the_user_names_is_followed(option: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    run(tmp_path, ("probe", f"{url}/open", "--origin", PAGE, option, "link", "-q"))
    assert (tmp_path / "link").is_symlink()
    assert "/open" in (tmp_path / "real").read_text()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def command_line(pid: int) -> bytes:
    """Return the command line of a process; OSError when it has ended."""
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()


def children(of: int, own: bytes) -> Iterator[str]:
    """Yield the command line of every process below one, as ``ps`` shows them; *own* is the one that was typed."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    below = {of}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    for pid in below - {of}:
        try:
            line = command_line(pid)
        except OSError:
            continue
        # Between fork and exec a child has the command line of its parent, which the user typed.
        if line != own:
            yield line.replace(b"\0", b" ").decode("utf-8", "replace")


PROCESSES = {
    "workers": pytest.param(
        ("--cluster", "local:2", "-u", f"user:{IN_PS[3]}", "-b", f"sid={IN_PS[4]}"), marks=pytest.mark.slow
    ),
    "chromium": pytest.param(("--in-browser", "chromium"), marks=pytest.mark.browser),
    "firefox": pytest.param(("--in-browser", "firefox"), marks=pytest.mark.browser),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", PROCESSES.values(), ids=PROCESSES)
def test_child_processes_and_temporary_files(how: tuple[str, ...], url: str, tmp_path: Path) -> None:
    """``ps`` shows everybody the arguments of every process, and other users must not read a temporary file."""
    argv = (
        "probe", f"{url}/open?token={IN_PS[0]}", f"{url}/echo?token={IN_PS[1]}", "--origin", PAGE,
        "-H", f"X-Api-Key: {IN_PS[2]}", *how, "--json", "r.json", "-v",
    )  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")} | {"PYTHONPATH": str(ROOT)}
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    seen: set[str] = set()
    open_to_others: set[str] = set()
    process = subprocess.Popen(
        [sys.executable, "-m", "corscheck", *argv], cwd=tmp_path, env=environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    own = command_line(process.pid)  # read once: the process may end before the watcher's last look
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(children(process.pid, own))
            for path in temporary.iterdir():
                with contextlib.suppress(FileNotFoundError):  # it is temporary
                    if path.stat(follow_symlinks=False).st_mode & 0o077 and not path.is_symlink():
                        open_to_others.add(path.name)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = process.communicate(timeout=120)[0]
    finally:
        process.kill()
        done.set()
        watcher.join()
    assert seen, "no child process was seen"
    assert leaked("\n".join(seen)) == []
    assert open_to_others == set()
    assert leaked(said + (tmp_path / "r.json").read_text()) == []
    assert list(temporary.iterdir()) == []


# ---------------------------------------------------------------------- the count


def test_how_many_secrets_there_are() -> None:
    """Each of them is in one of the tables above, whose tests have found none."""
    tables = (
        list(PROBES.values()), ANSWER_HEADERS, LOCATION, BODY, REASON, MALFORMED, PAGE_BODY,
        VARIABLES, [*MISTYPED.values(), *SELDOM.values()],
        TARGETS, WRONG, HAR, IN_PS, PROXIES, SECRET_OF_A,
    )  # fmt: skip
    planted = set(MARK.findall(repr(tables)))
    assert len(planted) >= 250
    assert {f"Zq7{number:04d}" for number in range(1, int(max(planted)[3:]) + 1)} == planted, "every one is in a table"


def test_they_come_out_when_they_are_asked_for(url: str, tmp_path: Path) -> None:
    """Otherwise the tests above could not fail."""
    argv = ("probe", f"{url}/open?{URL_QUERY}", "--origin", PAGE, *headers(HEADERS), "--show-secrets", "--json", "-")
    said = run(tmp_path, argv)
    asked = set(MARK.findall(URL_QUERY + repr(HEADERS) + repr(ANSWER_HEADERS)))
    assert len(asked) > 150
    assert asked - set(MARK.findall(said)) == set()


def test_a_redirect_takes_no_secret_to_another_origin(url: str, tmp_path: Path) -> None:
    """A header that is masked is withheld there. Its name stays, because verdicts depend on it."""
    policy = f"""
[[check]]
name = "moved"
urls = ["URL/"]
origins = ["{PAGE}"]
headers = [{", ".join(json.dumps(line) for line in SECRET_OF_A)}, "X-Plain: ${{PLAIN}}"]
"""

    def moved(request: bytes) -> bytes:
        if request.startswith(b"OPTIONS "):
            return answers(request)
        where = f"Location: {other.url('/open')}"
        return f"HTTP/1.1 302 Found\r\nAccess-Control-Allow-Origin: *\r\n{where}\r\nContent-Length: 0\r\n\r\n".encode()

    with RawServer([READ, answers]) as other, RawServer([READ, moved, READ, moved]) as home:
        (tmp_path / "p.toml").write_text(policy.replace("URL", home.url("").rstrip("/")))
        run(tmp_path, ("run", "p.toml", "-q"), VARIABLES)
        first, second = b"".join(home.requests), b"".join(other.requests)
    planted = MARK.findall(repr(SECRET_OF_A) + VARIABLES["PLAIN"])
    assert set(MARK.findall(first.decode())) == set(planted)
    assert MARK.findall(second.decode()) == []
    assert re.search(rb"(?i)x-tenant: seven", second)
    assert second.lower().count(b": withheld-by-corscheck") == 4
