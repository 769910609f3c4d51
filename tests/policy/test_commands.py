"""``run``, ``init`` and ``schema`` as whole commands, against the demo's server."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from corscheck.cli.demo.server import DemoServer
from tests import schemas
from tests.cli.fakes import Command

ROOT = Path(__file__).resolve().parents[2]
PAGE = "http://localhost:3000"
Write = Callable[[str], Path]

DEFAULTS = f'[defaults]\norigins = ["{PAGE}"]\n'


def check(name: str, url: str, *lines: str) -> str:
    return "\n".join(["[[check]]", f'name = "{name}"', f'urls = ["{url}"]', *lines, ""])


def test_all_as_expected(command: Command, write: Write) -> None:
    write(DEFAULTS + check("reads", "/good") + check("writes", "/good-preflight", 'methods = ["PUT"]'))
    done = command("run")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == (
        "  pass  1  reads\n"
        "  pass  1  writes: 1 allowed*\n\n"
        '  * preflight only, the request itself was not sent (send = "always")\n\n'
        "PASSED  2 of 2 allowed (1 by preflight only); all as expected.\n"
    )


def test_failures_come_first_with_their_place(command: Command, write: Write, demo: DemoServer) -> None:
    write(
        DEFAULTS + check("fine", "/good") + check("matrix", "/good", f'origins = ["{PAGE}", "http://evil.example"]')
        + check("plain", "/wildcard", 'exposes = ["X-A"]')
    )  # fmt: skip
    done = command("run")
    assert done.status == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "matrix  (corscheck.toml:7)"
    assert "  http://evil.example     BLOCKED 1" in lines
    assert "1  GET from http://evil.example" in lines
    assert "plain  (corscheck.toml:11)" in lines
    assert f"  UNMET         GET {demo.url}/wildcard from {PAGE}" in lines
    assert "  pass  1  fine" in lines
    assert "  FAIL  2  matrix: 1 failed (corscheck.toml:7)" in lines
    assert lines[-1] == "FAILED  1 of 4 blocked, 3 allowed; 2 as expected."
    assert all(len(line) <= 80 for line in lines)


def test_the_report_says_what_was_expected(command: Command, write: Write) -> None:
    write(DEFAULTS + check("x", "/good", 'because = "CORS301"', 'origins = ["http://evil.example"]'))
    done = command("run", "--json", "r.json", "--jsonl", "r.jsonl")
    assert done.status == 1
    report = json.loads(Path("r.json").read_text())
    (probe,) = report["probes"]
    assert (probe["verdict"], probe["expected"], probe["passed"], probe["excused"]) == (
        "blocked",
        "blocked",
        False,
        None,
    )
    place = probe["check"]
    expectations = {e["name"]: (e["expected"], e["received"], e["passed"]) for e in place.pop("expectations")}
    assert place == {"name": "x", "file": "corscheck.toml", "line": 4}
    assert expectations == {"expect": ("blocked", "blocked", True), "because": ("CORS301", "CORS306", False)}
    assert report["summary"]["failed"] == report["summary"]["exit_status"] == 1
    schema = json.loads((schemas.DIRECTORY / "report.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(report)
    line = jsonschema.Draft202012Validator({"$ref": "#/$defs/Line", "$defs": schema["$defs"]})
    for text in Path("r.jsonl").read_text().splitlines():
        line.validate(json.loads(text))


def test_quiet_and_verbose(command: Command, write: Write, demo: DemoServer) -> None:
    write(DEFAULTS + check("a", "/good") + check("b", "/wildcard", 'exposes = ["X-A"]'))
    quiet = command("run", "-q").stdout.splitlines()
    assert quiet[0] == f"pass  ALLOWED  GET {demo.url}/good from {PAGE}"
    assert quiet[1].startswith(f"FAIL  ALLOWED  GET {demo.url}/wildcard from {PAGE}: The page must be able to read x-a")
    verbose = command("run", "-v").stdout
    assert "> GET /good HTTP/1.1" in verbose
    assert "  FAIL   The page must be able to read x-a" in verbose


def test_statuses(command: Command, write: Write) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        free = sock.getsockname()[1]
    down = f'base-url = "http://127.0.0.1:{free}"\n' + DEFAULTS + check("down", "/")
    write(down)
    assert command("run").status == 3
    assert command("run", "--exit-zero").status == 0
    write(down + check("down too", "/", 'because = "CORS301"'))
    assert command("run").status == 3, "what is down is not blocked"
    write(DEFAULTS + check("x", "/no-cors"))
    assert command("run").status == 1
    assert command("run", "--exit-zero").status == 0
    write(DEFAULTS + check("x", "/good", 'methods = ["POST"]'))
    assert command("run").status == 3, "held back, and no preflight to judge by"
    write(DEFAULTS + check("x", "/good-preflight", 'methods = ["PUT"]'))
    assert [command("run").status, command("run", "--complete").status] == [0, 3]
    write(DEFAULTS + check("x", "/good-preflight", 'methods = ["PUT"]', "complete = true"))
    assert command("run").status == 3


def test_a_run_that_tests_nothing(command: Command, write: Write) -> None:
    done = command("run")
    assert done.status == 2
    assert "no corscheck.toml here or above" in done.stderr
    write(DEFAULTS)
    assert command("run").status == 2
    write(DEFAULTS + check("x", "/good"))
    for argv in (("--select", "y"), ("--shard", "2/2"), ("--env", "z"), ("--shard", "x"), ("--shard", "9" * 5000 + "/1"),
                 ("--config", "missing.toml"), ("--base-url", "x"), ("--via", "x"), ("--baseline", "missing.json")):  # fmt: skip
        assert command("run", *argv, "--exit-zero").status == 2, argv


def test_all_files_are_complained_of_at_once(command: Command, write: Write) -> None:
    write(check("x", "/good"))
    Path("other.toml").write_text("x = 1\n")
    done = command("run", "corscheck.toml", "--config", "other.toml")
    assert done.status == 2
    assert "corscheck.toml:2:" in done.stderr
    assert "other.toml:1: x: no such key" in done.stderr


def test_several_policies_in_order(command: Command, write: Write, demo: DemoServer) -> None:
    write(DEFAULTS + check("x", "/good"))
    Path("other.toml").write_text(f'base-url = "{demo.url}"\n{DEFAULTS}' + check("x", "/wildcard"))
    done = command("run", "other.toml", "corscheck.toml", "--json", "-")
    probes = json.loads(done.stdout)["probes"]
    assert [(p["index"], p["check"]["file"]) for p in probes] == [(0, "other.toml"), (1, "corscheck.toml")]


def test_select_and_shards_merge_to_the_whole(command: Command, write: Write) -> None:
    origins = ", ".join(f'"http://o{i}.example"' for i in range(4))
    write(DEFAULTS + check("a", "/wildcard", f"origins = [{origins}]") + check("b", "/good"))

    def probes(*argv: str) -> list[Any]:
        return json.loads(command("run", "--reproducible", "--json", "-", *argv).stdout)["probes"]

    whole = probes()
    assert [p["index"] for p in whole] == [0, 1, 2, 3, 4]
    parts = [probe for n in range(1, 4) for probe in probes("--shard", f"{n}/3")]
    assert sorted(parts, key=lambda p: p["index"]) == whole
    assert [p["check"]["name"] for p in probes("--select", "b")] == ["b"]


def test_max_failures(command: Command, write: Write) -> None:
    write(DEFAULTS + "".join(check(f"c{i}", "/no-cors") for i in range(9)))
    done = command("run", "--max-failures", "2", "--jsonl", "r.jsonl")
    assert done.status == 1
    assert "stopped after 2 failures (--max-failures): 2 of 9 probes were tested" in done.stderr
    assert len(Path("r.jsonl").read_text().splitlines()) == 4


def test_a_baseline(command: Command, write: Write) -> None:
    write(DEFAULTS + check("old", "/no-cors"))
    for option, file in (("--json", "old.json"), ("--jsonl", "old.jsonl")):
        assert command("run", option, file).status == 1
        again = command("run", "--baseline", file)
        assert again.status == 0
        assert f"excused: it failed like this before ({file})" in again.stdout
    write(DEFAULTS + check("old", "/no-cors") + check("new", "/list"))
    assert command("run", "--baseline", "old.json").status == 1


def test_ignores(command: Command, write: Write) -> None:
    write(DEFAULTS + check("x", "/no-cors") + '[[ignore]]\ncheck = "x"\nreason = "known"\nexpires = 2999-01-01\n')
    done = command("run")
    assert (done.status, done.stderr) == (0, "")
    assert "note  excused: known (corscheck.toml:7, until 2999-01-01)" in done.stdout
    write(DEFAULTS + check("x", "/no-cors") + '[[ignore]]\ncheck = "x"\nreason = "known"\nexpires = 2020-01-01\n')
    done = command("run")
    assert done.status == 1
    assert "corscheck.toml:7: this ignore expired on 2020-01-01" in done.stderr
    write(
        DEFAULTS
        + check("x", "/good")
        + '[[ignore]]\norigin = "https://nobody.example"\nreason = "known"\nexpires = 2020-01-01\n'
    )
    assert command("run").status == 1, "an expired one fails even where there is nothing left for it to excuse"
    write(DEFAULTS + check("x", "/good") + '[[ignore]]\ncheck = "x"\nreason = "known"\n')
    done = command("run")
    assert done.status == 0
    assert "corscheck.toml:7: this ignore excuses nothing any more" in done.stderr


def test_a_variable_stays_out_of_reports(command: Command, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANT", "s3cret")
    write(DEFAULTS + check("x", "/good-preflight", 'headers = {X-Tenant = "${TENANT}"}'))
    done = command("run", "--json", "r.json", "-v")
    assert done.status == 0
    assert "s3cret" not in done.stdout + Path("r.json").read_text()
    assert command("run", "--show-secrets", "-v").stdout.count("X-Tenant: s3cret") == 1


def test_the_policy_above_is_named(
    command: Command, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(DEFAULTS + check("x", "/good"))
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    done = command("run", "-q")
    assert (done.status, done.stderr) == (0, "corscheck: policy: ../corscheck.toml\n")


def test_wait_for(command: Command, write: Write) -> None:
    """The server comes up only after the run has begun."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    wait = "import time; time.sleep(0.6)\n"
    script = f"{wait}from corscheck.cli.demo.server import DemoServer\nwith DemoServer({port}): time.sleep(30)"
    starting = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        write(f'base-url = "http://127.0.0.1:{port}"\n' + DEFAULTS + check("x", "/good"))
        assert command("run", "--wait-for", "20").status == 0
    finally:
        starting.kill()
        starting.wait()


def test_control_probes_are_off(command: Command, write: Write) -> None:
    write(DEFAULTS + check("x", "/no-cors"))
    command("run", "--json", "r.json")
    (probe,) = json.loads(Path("r.json").read_text())["probes"]
    assert len(probe["exchanges"]) == 1


INIT = ("/good", "/good-preflight", "/wildcard", "/reflected", "/no-cors", "/login", "/hidden-header", "/two-layers",
        "/options-405", "/error-readable", "/wildcard-credentials", "/preflight-redirect")  # fmt: skip


def test_what_init_writes_holds(command: Command, demo: DemoServer) -> None:
    done = command("init", *(demo.url + path for path in INIT), "--origin", PAGE, "--origin", "https://app.example")
    assert done.status == 0, done.stderr
    text = Path("corscheck.toml").read_text()
    assert text.startswith("#:schema ./corscheck.schema.json\n")
    assert f'base-url = "{demo.url}"' in text
    assert 'exposes = ["x-request-id"]' in text
    assert 'max-age = ">=600"' in text
    assert '# hides = ["x-total-count"]' in text
    assert "# CAUTION: any page on the web may do this with the credentials of its visitor." in text
    ran = command("run")
    assert ran.status == 0, ran.stdout
    assert command("run", "--json", "-").status == 0


def test_init_states_what_holds_so_that_a_change_fails(command: Command, demo: DemoServer) -> None:
    command("init", demo.url + "/good", "--origin", PAGE)
    policy = Path("corscheck.toml")
    policy.write_text(policy.read_text().replace('"/good"', '"/wildcard"'))
    assert command("run").status == 1


def test_init_sends_safe_methods_only(command: Command) -> None:
    seen: list[str] = []
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            seen.append(self.command)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Methods", "PUT, PATCH, DELETE")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.end_headers()

        do_GET = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/x"
        assert command("init", url, "--origin", PAGE).status == 0
        assert set(seen) == {"GET", "OPTIONS"}
        assert command("run").status == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_init_overwrites_only_when_told(command: Command, demo: DemoServer) -> None:
    Path("corscheck.toml").write_text("mine")
    done = command("init", demo.url + "/good", "--origin", PAGE)
    assert (done.status, Path("corscheck.toml").read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert command("init", demo.url + "/good", "--origin", PAGE, "--force").status == 0
    assert command("init", demo.url + "/good", "--origin", PAGE, "-o", "-").stdout == Path("corscheck.toml").read_text()


def test_init_without_an_answer(command: Command) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    done = command("init", url, "--origin", PAGE)
    assert (done.status, Path("corscheck.toml").exists()) == (3, False)
    assert command("init", "--origin", PAGE).status == command("init", url).status == 2


def test_init_leaves_secrets_to_variables(command: Command, demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ("init", demo.url + "/wildcard-headers", "--origin", PAGE, "-X", "GET", "-H", "Authorization: Bearer s3cret")
    assert command(*argv).status == 0
    text = Path("corscheck.toml").read_text()
    assert "s3cret" not in text
    assert 'headers = ["Authorization: ${AUTHORIZATION}"]' in text
    monkeypatch.setenv("AUTHORIZATION", "Bearer s3cret")
    assert command("run").status == 0


def test_the_schemas_are_those_of_the_code(command: Command) -> None:
    """``python -m tests.schemas`` rewrites them."""
    for name, text in schemas.made().items():
        assert (schemas.DIRECTORY / name).read_text("utf-8") == text
        assert command("schema", name.removesuffix(".json")).stdout == text
        jsonschema.Draft202012Validator.check_schema(json.loads(text))


def test_the_policy_schema_knows_what_the_loader_knows(command: Command) -> None:
    import tomllib

    schema = jsonschema.Draft202012Validator(json.loads(schemas.made()["policy.json"]))
    example = tomllib.loads((ROOT / "examples" / "corscheck.toml").read_text())
    assert list(schema.iter_errors(example)) == []
    assert [e.message for e in schema.iter_errors({**example, "base_url": "x"})]
    assert "anyOf" not in json.dumps(schema.schema["$defs"]["Check"]["properties"]["origins"]), (
        "there is no null in TOML"
    )


def test_probing_imports_no_pydantic() -> None:
    code = (
        "import sys, corscheck, corscheck.api, corscheck.cli.app as app\n"
        "app.run(['probe', 'http://127.0.0.1:9/', '--origin', 'null', '-q'])\n"
        "app.run(['run', '--help'])\n"
        "sys.exit('pydantic' in sys.modules or 'corscheck.policy.model' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).returncode == 0


def test_the_example_passes_against_the_demo(
    command: Command, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = str(ROOT / "examples" / "corscheck.toml")
    assert command("run", example, "--via", demo.url).status == 0
    monkeypatch.setenv("DEMO_ADDRESS", demo.url)
    assert command("run", example, "--env", "ci").status == 0


def test_the_example_asks_where_the_demo_is() -> None:
    from corscheck.cli.demo.server import PORT

    assert f'base-url = "http://127.0.0.1:{PORT}"' in (ROOT / "examples" / "corscheck.toml").read_text()


def test_completion_knows_the_commands() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "_CORSCHECK_COMPLETE": "complete_bash",
                   "COMP_WORDS": "corscheck ", "COMP_CWORD": "1"}  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "corscheck"], env=environment, capture_output=True, encoding="utf-8")
    assert {"probe", "run", "init", "schema", "demo"} <= set(re.findall(r"\S+", done.stdout)), done
