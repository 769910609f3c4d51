"""``--openapi`` on ``probe`` and ``init``: from a file, over the network, from an application in process."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.fakes import Command, Runner
from tests.servers.raw import READ, RawServer
from tests.servers.uvicorn_app import UvicornApp

DATA = Path(__file__).resolve().parents[1] / "data" / "openapi"
SHOP = str(DATA / "fastapi.json")
ORIGIN = ("--origin", "https://app.example.com")


@pytest.fixture(scope="module")
def api() -> Iterator[UvicornApp]:
    app = UvicornApp("fastapi_cors").launch()
    try:
        yield app.wait()
    finally:
        app.stop()


def test_every_operation_is_a_probe(command: Command, fake: Runner) -> None:
    done = command("probe", "--openapi", SHOP, *ORIGIN)
    assert done.status == 0, done.stderr
    assert [(p.method, p.url.removeprefix("https://api.example.com")) for p in fake.probes][:4] == [
        ("GET", "/orders?page=1"), ("POST", "/orders"), ("GET", "/orders/100"), ("DELETE", "/orders/1"),
    ]  # fmt: skip
    delete = fake.probes[3]
    assert (delete.headers, delete.secret_headers) == ((("X-Shop-Key", "placeholder"),), {"x-shop-key"})
    assert all(p.body is None and not p.body_asked for p in fake.probes)


def test_placeholders_are_masked(command: Command, tmp_path: Path) -> None:
    """A key that corscheck does not know for one by its name is one by the document's word."""
    text = (DATA / "fastapi.json").read_text().replace("X-Shop-Key", "X-Shop")
    (tmp_path / "shop.json").write_text(text)
    done = command(
        "probe", "--openapi", str(tmp_path / "shop.json"), "--base-url", "http://127.0.0.1:9", "--select", "method:DELETE",
        *ORIGIN, "--json", "-",
    )  # fmt: skip
    (probe,) = json.loads(done.stdout)["probes"]
    assert probe["headers"] == [["X-Shop", "***"]]


def test_what_is_typed_counts(command: Command, fake: Runner) -> None:
    command("probe", "--openapi", SHOP, *ORIGIN, "--select", "/login", "-X", "PUT", "-H", "content-type: text/csv",
            "--base-url", "http://localhost:8000/v1")  # fmt: skip
    probe = fake.probe
    assert (probe.method, probe.url) == ("PUT", "http://localhost:8000/v1/login")
    assert probe.headers == (("content-type", "text/csv"),)


def test_several_origins_make_a_matrix_of_each_url(command: Command, fake: Runner) -> None:
    done = command(
        "probe", "--openapi", SHOP, *ORIGIN, "--origin", "https://two.example", "--select", "path:/orders/{number}"
    )
    assert len(fake.probes) == 4
    assert "  https://two.example" in done.stdout


def test_standard_input(command: Command, fake: Runner) -> None:
    text = (DATA / "drf-spectacular.yaml").read_bytes()
    assert command("probe", "--openapi", "-", *ORIGIN, "--select", "method:DELETE", stdin=text).status == 0
    assert fake.probe.url == "https://eu.example.com/v1/api/groups/1/"


def test_a_request_that_is_held_back_is_not_said_to_be_refused(command: Command) -> None:
    said = command("probe", "--openapi", SHOP, *ORIGIN, "--select", "/login", "--dry-run").stdout
    assert said.endswith("POST itself would not be sent: it may change data (--send always)\n")
    said = command("probe", "--openapi", SHOP, *ORIGIN, "--select", "/login", "--print-curl").stdout
    assert said.endswith("# nothing: POST may change data and needs no preflight (--send always)\n")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--openapi", "nowhere.json"], "--openapi: cannot read nowhere.json: no such file or directory"),
        (["--openapi", __file__], "test_openapi_option.py"),
        (["--openapi", SHOP, "--base-url", "here"], "--base-url 'here' is not a base URL"),
        (["--base-url", "http://x"], "--base-url is about the operations of a document: --openapi FILE|URL names one"),
        (["--exclude", "/x"], "--exclude is about the operations of a document"),
        (["--openapi", "app"], "--openapi app reads the schema of the application that --app names"),
        (["--openapi", SHOP, "--select", "tag:nope"], "--select tag:nope: no operation is like that; there are orders"),
        (["--openapi", "http://127.0.0.1:9/openapi.json"], "--openapi: 127.0.0.1:9 refused the connection"),
    ],
)
def test_complaints(argv: list[str], message: str, command: Command, fake: Runner) -> None:
    for words in (["probe", *argv, *ORIGIN], ["init", *argv, *ORIGIN, "-o", "-"]):
        if words[0] == "init" and "app" in argv:
            continue
        done = command(*words)
        assert done.status == 2
        assert message in done.stderr
    assert fake.probes == []


def test_a_file_that_is_no_text(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"openapi: 3.0.0\ninfo: \xff\n")
    done = command("probe", "--openapi", str(tmp_path / "x.yaml"), *ORIGIN)
    assert (done.status, done.stderr.partition("x.yaml")[2]) == (2, ", line 2: not UTF-8, byte 0xff\n")


def test_an_origin_is_needed(command: Command) -> None:
    done = command("probe", "--openapi", SHOP)
    assert done.status == 2
    assert "corscheck probe https://api.example.com/orders?page=1 --origin" in done.stderr


# ---------------------------------------------------------------------- over the network


def test_a_running_fastapi(api: UvicornApp, command: Command) -> None:
    """FastAPI's own document, over uvicorn, and every operation asked there."""
    done = command("probe", "--openapi", f"{api.url}/openapi.json", "--origin", "http://localhost:3000", "--json", "-")
    probes = json.loads(done.stdout)["probes"]
    verdicts = {(p["method"], p["url"].removeprefix(api.url)): p["verdict"] for p in probes}
    assert verdicts[("GET", "/data")] == "allowed"
    # The example's document demands X-Tenant, and its CORS configuration does not allow it: a page cannot do this.
    assert verdicts[("PUT", "/data")] == "blocked"
    assert ("POST", "/upload") in verdicts
    assert all(p["url"].startswith(api.url) for p in probes)


def test_init_writes_what_holds_and_what_the_document_promises(
    api: UvicornApp, command: Command, tmp_path: Path
) -> None:
    shop = {
        "openapi": "3.1.0",
        "paths": {
            "/data": {
                "get": {"responses": {"200": {"headers": {"X-Total-Count": {}}}}},
                "put": {"requestBody": {"content": {"application/json": {}}}, "security": [{"key": []}]},
            }
        },
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Shop"}}},
    }
    (tmp_path / "shop.json").write_text(json.dumps(shop))
    done = command("init", "--openapi", str(tmp_path / "shop.json"), "--base-url", api.url, "--origin", "http://localhost:3000",
                   "-o", "-")  # fmt: skip
    assert done.status == 0, done.stderr
    policy = tomllib.loads(done.stdout)
    # fastapi_cors exposes nothing: what the document promises is not so today.
    assert '# exposes = ["X-Total-Count"]  (documented; script cannot read it today)' in done.stdout
    puts = [check for check in policy["check"] if check.get("methods") == ["PUT"]]
    assert puts
    assert all("X-Shop: placeholder" in check["headers"] for check in puts)


@pytest.mark.parametrize("key", [None, "t0ken"])
def test_run_accepts_what_init_writes(
    key: str | None, api: UvicornApp, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, or after setting the variable that ``init`` names: the value of a login that was typed is not written."""
    shop = {
        "openapi": "3.1.0",
        "paths": {"/data": {"get": {
            "security": [{"key": []}],
            "parameters": [{"name": "token", "in": "query", "required": True, "schema": {"type": "string"}}],
        }}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Shop"}}},
    }  # fmt: skip
    (tmp_path / "shop.json").write_text(json.dumps(shop))
    policy = str(tmp_path / "cors.toml")
    typed = () if key is None else ("-H", f"X-Shop: {key}")
    done = command("init", "--openapi", str(tmp_path / "shop.json"), "--base-url", api.url, "--origin", "http://localhost:3000",
                   *typed, "-o", policy)  # fmt: skip
    assert done.status == 0, done.stderr
    assert ("set X_SHOP in the environment, then" in done.stderr) == (key is not None)
    if key is not None:
        assert key not in Path(policy).read_text()
        assert command("run", policy).status == 2
        monkeypatch.setenv("X_SHOP", key)
    done = command("run", policy)
    assert done.status == 0, done.stdout + done.stderr


def test_a_promise_that_is_kept_is_demanded(command: Command) -> None:
    app = UvicornApp("fastapi_production").launch()
    try:
        url = app.wait().url
        done = command("init", "--openapi", f"{url}/openapi.json", "--select", "path:/data", "--origin", "https://app.example.com",
                       "-X", "GET", "-o", "-")  # fmt: skip
    finally:
        app.stop()
    assert 'exposes = ["x-total-count"]' in done.stdout
    assert "documented;" not in done.stdout


def answer(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return ("\r\n".join(lines) + body).encode()


SMALL = json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}})


def test_a_redirected_document_is_read_where_it_is(command: Command, fake: Runner) -> None:
    script = [READ, answer("302 Found", "", "Location: /v1/openapi.json"), READ, answer("200 OK", SMALL)]
    with RawServer(script) as server:
        assert command("probe", "--openapi", server.url("/openapi.json"), *ORIGIN).status == 0
        assert server.requests[1].startswith(b"GET /v1/openapi.json HTTP/1.1\r\n")
        assert fake.probe.url == server.url("/a")


LOGINS = (
    ("-H", "Authorization: Bearer t0ken"), ("-H", "X-Api-Key: t0ken"), ("-H", "X-Any: Bearer t0ken1"), ("-u", "me:pw"),
    ("-b", "sid=t0ken"), ("-H", "@headers"), ("-d", "token=t0ken"), ("-F", "token=t0ken"), ("-d", "@headers"),
)  # fmt: skip


def elsewhere(url: str) -> str:
    return json.dumps({"openapi": "3.0.0", "servers": [{"url": url}], "paths": {"/a": {"get": {}}}})


@pytest.mark.parametrize("place", ["root", "path", "operation", "redirect"])
@pytest.mark.parametrize("login", LOGINS, ids=" ".join)
def test_a_document_does_not_decide_who_gets_the_login(
    login: tuple[str, str], place: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("headers").write_text("X-A: 1\n")
    with RawServer([READ, answer("200 OK", SMALL)]) as other:
        document = json.loads(elsewhere(other.url("/")))
        servers = document["servers"] if place == "root" else document.pop("servers")
        if place == "path":
            document["paths"]["/a"]["servers"] = servers
        elif place == "operation":
            document["paths"]["/a"]["get"]["servers"] = servers
        script: list[object] = [READ, answer("200 OK", json.dumps(document))]
        if place == "redirect":
            # What came from B is not from A: B would name itself, and the user typed A.
            script = [READ, answer("302 Found", "", f"Location: {other.url('/openapi.json')}")]
        with RawServer(script) as home:
            done = command(
                "probe",
                "--openapi",
                home.url("/openapi.json"),
                *ORIGIN,
                *login,
                *(("-X", "POST", "--send", "always") if login[0] in ("-d", "-F") else ()),
            )
        asked = [request for request in other.requests if b"t0ken" in request or b"uthorization" in request]
    assert done.status == 2
    assert asked == []
    assert f"GET /a is at {other.url('')}, which is not the document's origin." in done.stderr
    assert f"{login[0]} would go there, and a document must not decide who gets a login or a body." in done.stderr
    assert f"add --base-url with its URL, e.g. --base-url {other.url('')}\n" in done.stderr
    assert len(other.requests) == (place == "redirect")


def test_init_lets_no_document_decide_either(command: Command) -> None:
    with RawServer([READ, answer("200 OK", elsewhere("http://127.0.0.1:9/"))]) as home:
        done = command("init", "--openapi", home.url("/"), *ORIGIN, "-H", "X-Api-Key: t0ken", "-o", "-")
    assert done.status == 2
    assert "which is not the document's origin" in done.stderr
    assert len(home.requests) == 1


@pytest.mark.parametrize(
    "more",
    [
        ("-H", "X-Tenant: 7"),
        ("-H", "X-Api-Key: t0ken", "--base-url", "http://127.0.0.1:9"),
        ("-H", "X-Api-Key: t0ken", "--via", "http://127.0.0.1:9"),
    ],
    ids=["no login", "a base", "via"],
)
def test_servers_elsewhere_that_are_fine(more: tuple[str, ...], command: Command, fake: Runner) -> None:
    with RawServer([READ, answer("200 OK", elsewhere("http://127.0.0.1:9/"))]) as home:
        assert command("probe", "--openapi", home.url("/"), *ORIGIN, *more).status == 0
    assert fake.probe.url == "http://127.0.0.1:9/a"


def test_a_login_for_servers_of_the_documents_origin(command: Command, fake: Runner, tmp_path: Path) -> None:
    for servers in ("/v1", "//{}/v1", "http://{}/v1"):
        replies = [READ, lambda _, s=servers: answer("200 OK", elsewhere(s.format(home.url("").split("/")[2])))]
        with RawServer(replies) as home:
            done = command("probe", "--openapi", home.url("/o.json"), *ORIGIN, "-u", "me:pw")
            assert done.status == 0, done.stderr
            assert fake.probes.pop().url == home.url("/v1/a")
    # The user's own file says what the user wants.
    (tmp_path / "own.json").write_text(elsewhere("http://127.0.0.1:9"))
    assert command("probe", "--openapi", str(tmp_path / "own.json"), *ORIGIN, "-u", "me:pw").status == 0


def test_a_large_document_is_read_whole(command: Command, fake: Runner) -> None:
    """Of an answer to a probe 64 KiB are read at most; of a document all."""
    text = json.dumps({"openapi": "3.0.0", "info": "x" * 3_000_000, "paths": {"/a": {"get": {}}}})
    with RawServer([READ, answer("200 OK", text)]) as server:
        assert command("probe", "--openapi", server.url("/"), *ORIGIN).status == 0
    assert fake.probe.method == "GET"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ([READ, answer("404 Not Found", "nope")], "/o?token=*** answers 404 Not Found"),
        ([READ, answer("302 Found", "", "Location: ftp://x/")], "is not an http URL"),
        ([READ, *[answer("302 Found", "", "Location: /"), READ] * 6], "redirects more than 5 times"),
        ([READ, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"], "peer closed connection"),
        ([READ, answer("200 OK", "{")], "invalid JSON: expecting property name"),
    ],
)
def test_what_servers_answer_instead(script: list[object], message: str, command: Command, fake: Runner) -> None:
    with RawServer(script) as server:
        done = command("probe", "--openapi", server.url("/o?token=s3cr3t"), *ORIGIN)
    assert done.status == 2
    assert "s3cr3t" not in done.stderr
    assert message in done.stderr


# ---------------------------------------------------------------------- in process


def test_an_application_in_process_is_asked_by_its_own_document(command: Command) -> None:
    done = command("probe", "--app", "fastapi_cors:app", "--app-dir", "examples", "--openapi", "app", "--origin",
                   "http://localhost:3000", "--select", "path:/data", "-q")  # fmt: skip
    assert done.status == 1, done.stderr
    assert done.stdout.splitlines() == [
        "ALLOWED  GET http://app.localhost/data from http://localhost:3000",
        "BLOCKED  PUT http://app.localhost/data from http://localhost:3000: The preflight's status is not ok (preflight:8).",
    ]


def test_a_file_describes_an_application_in_process(command: Command, tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text(json.dumps({"openapi": "3.0.0", "paths": {"/data": {"get": {}}}}))
    done = command("probe", "--app", "fastapi_cors:app", "--app-dir", "examples", "--openapi", str(tmp_path / "o.json"),
                   "--origin", "http://localhost:3000", "-q")  # fmt: skip
    assert done.stdout == "ALLOWED  GET http://app.localhost/data from http://localhost:3000\n"


def test_an_application_without_a_document(command: Command, tmp_path: Path) -> None:
    (tmp_path / "plain_asgi.py").write_text("async def app(scope, receive, send): ...\n")
    done = command("probe", "--app", "plain_asgi:app", "--app-dir", str(tmp_path), "--openapi", "app", *ORIGIN)
    assert done.status == 2
    assert "--openapi app: plain_asgi:app has no openapi(), as a FastAPI has: name a file or a URL" in done.stderr


# ---------------------------------------------------------------------- a document in several files

HALVES = {
    "/openapi.json": json.dumps({"openapi": "3.1.0", "paths": {"/a": {"$ref": "paths/a.json"}}}),
    "/paths/a.json": json.dumps({"get": {}, "put": {"$ref": "../more.json#/put"}}),
    "/more.json": json.dumps({"put": {"operationId": "change"}}),
}


def test_the_files_of_a_local_document(command: Command, fake: Runner, tmp_path: Path) -> None:
    for name, text in HALVES.items():
        (tmp_path / name[1:]).parent.mkdir(exist_ok=True)
        (tmp_path / name[1:]).write_text(text)
    done = command("probe", "--openapi", str(tmp_path / "openapi.json"), "--base-url", "http://x.example", *ORIGIN)
    assert done.status == 0, done.stderr
    assert [(p.method, p.url) for p in fake.probes] == [("GET", "http://x.example/a"), ("PUT", "http://x.example/a")]


def test_the_files_of_a_document_at_a_url(command: Command, fake: Runner, httpserver: HTTPServer) -> None:
    for name, text in HALVES.items():
        httpserver.expect_request(name).respond_with_data(text)
    done = command("probe", "--openapi", httpserver.url_for("/openapi.json"), *ORIGIN)
    assert done.status == 0, done.stderr
    assert [(p.method, p.url) for p in fake.probes] == [
        ("GET", httpserver.url_for("/a")), ("PUT", httpserver.url_for("/a")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("http://127.0.0.1:9/a.json", "is at another origin"),
        ("file:///etc/hostname", "is at another origin"),
        ("moved.json", "is at another origin"),
        ("gone.json", "answers 404"),
    ],
)
def test_a_document_at_a_url_refers_to_its_own_origin_only(
    reference: str, message: str, command: Command, fake: Runner, httpserver: HTTPServer
) -> None:
    from werkzeug import Response

    whole = {"openapi": "3.1.0", "paths": {"/a": {"$ref": reference}}}
    httpserver.expect_request("/openapi.json").respond_with_json(whole)
    httpserver.expect_request("/gone.json").respond_with_data("", status=404)
    with RawServer([READ, answer("200 OK", '{"get": {}}')]) as other:
        moved = Response(status=302, headers={"Location": other.url("/a.json")})
        httpserver.expect_request("/moved.json").respond_with_response(moved)
        done = command("probe", "--openapi", httpserver.url_for("/openapi.json"), *ORIGIN)
    assert done.status == 2
    assert message in done.stderr
    assert fake.probes == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("http://127.0.0.1:9/a.json", "a local document may refer to local files only"),
        ("//127.0.0.1:9/a.json", "a local document may refer to local files only"),
        ("nope.json", "refers to"),
        ("/dev/zero", "which is not a file"),
    ],
)
def test_a_local_document_refers_to_local_files_only(
    reference: str, message: str, command: Command, fake: Runner, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"openapi": "3.1.0", "paths": {"/a": {"$ref": reference}}}))
    done = command("probe", "--openapi", str(tmp_path / "a.json"), "--base-url", "http://x.example", *ORIGIN)
    assert done.status == 2
    assert message in done.stderr


def test_operations_without_a_defined_login_are_left_out(command: Command, fake: Runner, tmp_path: Path) -> None:
    paths = {"/a": {"get": {}, "put": {"security": [{"nope": []}]}}, "/b": {"get": {"security": [{"nope": []}]}}}
    (tmp_path / "a.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    argv = ("probe", "--openapi", str(tmp_path / "a.json"), "--base-url", "http://x.example", *ORIGIN)
    done = command(*argv)
    assert done.status == 0, done.stderr
    assert [(p.method, p.url) for p in fake.probes] == [("GET", "http://x.example/a")]
    assert (
        "the security scheme 'nope' is not defined in components.securitySchemes. Left out: PUT /a, GET /b."
        in done.stderr
    )
    done = command(*argv, "--select", "/b")
    assert done.status == 2
    assert "No operation is left to test." in done.stderr


def test_a_document_without_operations(command: Command, fake: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"openapi": "3.1.0", "paths": {"/a": {"summary": "nothing"}}}))
    done = command("probe", "--openapi", str(tmp_path / "a.json"), *ORIGIN)
    assert done.status == 2
    assert "a.json has no operations that a page could request." in done.stderr
