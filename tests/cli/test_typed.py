"""What people type: each line is accepted, or answered with what is wrong and the line to type. Exit status and words.

What curl's options mean is what curl 8 sends with them (its manual, and ``--data-urlencode`` as it encodes).
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.fakes import Command, Runner

URL, PAGE = "http://api.example/data", "https://app.example"
ASK = f"probe {URL} --origin {PAGE}"
EXAMPLE = "--origin https://app.example.com"

ACCEPTED: dict[str, tuple[str, dict[str, object], str]] = {
    # typed: fields of the probe, words on standard error
    "a URL first": (f"{URL} --origin {PAGE}", {"url": URL, "method": "GET"}, ""),
    "options first": (f"--origin {PAGE} {URL}", {"url": URL}, ""),
    "options before the command": (f"--origin {PAGE} probe {URL}", {"url": URL}, ""),
    "a host first": (f"api.example/x --origin {PAGE}", {"url": "https://api.example/x"}, "taken as https://api.example/x"),
    "localhost": (f"probe localhost:8000/x --origin {PAGE}", {"url": "http://localhost:8000/x"}, "taken as http://"),
    "localhost first": (f"localhost:8000/x --origin {PAGE}", {"url": "http://localhost:8000/x"}, "taken as http://"),
    "a name below localhost": (f"probe api.localhost/x --origin {PAGE}", {"url": "http://api.localhost/x"}, "taken as"),
    "capitals": (f"probe LocalHost:80 --origin {PAGE}", {"url": "http://LocalHost:80"}, "taken as"),
    "127.0.0.0/8": (f"probe 127.1.2.3:80/x --origin {PAGE}", {"url": "http://127.1.2.3:80/x"}, "taken as"),
    "127.0.0.0/8, short": (f"probe 127.1/x --origin {PAGE}", {"url": "http://127.1/x"}, "taken as"),
    "[::1]": (f"probe [::1]:8000/x --origin {PAGE}", {"url": "http://[::1]:8000/x"}, "taken as"),
    "[::1] first": (f"[::1]:8000/x --origin {PAGE}", {"url": "http://[::1]:8000/x"}, "taken as"),
    "a port": (f"probe :8000/x --origin {PAGE}", {"url": "http://localhost:8000/x"}, "taken as http://localhost"),
    "not localhost": (f"probe localhost.example/x --origin {PAGE}", {"url": "https://localhost.example/x"}, "taken as"),
    "another 128": (f"probe 128.0.0.1/x --origin {PAGE}", {"url": "https://128.0.0.1/x"}, "taken as"),
    "-H Origin": (f"probe {URL} -H 'Origin: {PAGE}'", {"origin": PAGE, "headers": ()}, f"taken as --origin {PAGE}"),
    "-H Origin, lower case": (f"probe {URL} -H origin:{PAGE}", {"origin": PAGE, "headers": ()}, "taken as --origin"),
    "a preflight by hand": (
        f"{ASK} -X OPTIONS -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: x-tenant'",
        {"method": "PUT", "headers": (("x-tenant", "1"),)},
        "sends the preflight (OPTIONS with Access-Control-Request-Method) itself",
    ),
    "a preflight by hand without -X": (f"{ASK} -H 'access-control-request-method: PUT'", {"method": "PUT"}, "itself"),
    "a preflight by hand, and a header": (
        f"{ASK} -X OPTIONS -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: X-A' -H 'x-a: 7'",
        {"headers": (("x-a", "7"),)},
        "itself",
    ),
    "OPTIONS that is meant": (f"{ASK} -X OPTIONS", {"method": "OPTIONS"}, ""),
    "-sSLfi": (f"{ASK} -sSLfi", {"method": "GET"}, "not needed here: -L"),
    "long names": (f"{ASK} --silent --show-error --location --fail --include", {}, "not needed here: -L"),
    "-o": (f"{ASK} -o out.json", {"url": URL}, "--json FILE saves a report"),
    "-w": (f"{ASK} -w '%{{http_code}}'", {"url": URL}, "-w ("),
    "--compressed": (f"{ASK} --compressed --http1.1 -N -#", {}, "--compressed"),
    "--fail-with-body": (f"{ASK} --fail-with-body --connect-timeout 3 --max-redirs 5", {}, "-m is the deadline"),
    "-I": (f"{ASK} -I", {"method": "HEAD"}, ""),
    "-I -X": (f"{ASK} -I -X PUT", {"method": "PUT"}, ""),
    "--url": (f"probe --url {URL} --origin {PAGE}", {"url": URL}, ""),
    "--url=": (f"probe --url={URL} --origin {PAGE}", {"url": URL}, ""),
    "--data-raw": (f"{ASK} --data-raw @x", {"method": "POST", "body": b"@x"}, ""),
    "--data-binary": (f"{ASK} --data-binary @lines", {"method": "POST", "body": b"a\nb\n"}, ""),
    "--data-ascii": (f"{ASK} --data-ascii @lines", {"body": b"ab"}, ""),
    "--data-urlencode": (
        f"{ASK} --data-urlencode 'a=1 2&3' --data-urlencode =x/y --data-urlencode n@lines",
        {
            "method": "POST", "body": b"a=1%202%263&x%2Fy&n=a%0Ab%0A",
            "headers": (("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"),),
        },
        "",
    ),
    "-G": (f"{ASK} -G -d a=1 --data-urlencode 'b=x y'", {"method": "GET", "url": f"{URL}?a=1&b=x%20y", "body": None}, ""),
    "-G with a query": (f"probe {URL}?q=1#f --origin {PAGE} -G -d a=1", {"url": f"{URL}?q=1&a=1#f"}, ""),
    "-G -I": (f"{ASK} -G -I -d a=1", {"method": "HEAD", "url": f"{URL}?a=1", "body": None}, ""),
    "check": (f"check {URL} --origin {PAGE}", {"url": URL}, "'check' is taken as 'probe'"),
    "test": (f"test {URL} --origin {PAGE}", {"url": URL}, "'test' is taken as 'probe'"),
    "curl": (f"curl {URL} --origin {PAGE}", {"url": URL, "origin": PAGE}, "'curl' is taken as 'probe'"),
    "--engine safari": (f"{ASK} --engine safari", {"gate": ("webkit",)}, ""),
    "--engine Chrome": (f"{ASK} --engine Chrome --engine edge", {"gate": ("chromium",)}, ""),
    "--timeout": (f"{ASK} --timeout 5", {}, ""),
    "--no-color": (f"{ASK} --no-color", {}, ""),
    "--credentials true": (f"{ASK} --credentials true", {"credentials": "include"}, "taken as --credentials include"),
    "--credentials=true": (f"{ASK} --credentials=true", {"credentials": "include"}, "taken as --credentials include"),
    "--credentials false": (f"{ASK} --credentials false", {"credentials": "same-origin"}, "taken as"),
    "--with-credentials": (f"{ASK} --with-credentials", {"credentials": "include"}, ""),
    "--expect block": (f"probe {URL}/blocked --origin {PAGE} --expect block", {"expected": "blocked"}, "taken as"),
    "a host like a file": (f"probe https://main.py --origin {PAGE}", {"url": "https://main.py"}, ""),
    "a path like a file": (f"probe api.example/main.py --origin {PAGE}", {"url": "https://api.example/main.py"}, "taken as"),
    "a value behind a group": (f"{ASK} -kd --timeout", {"body": b"--timeout"}, ""),
    "a value like an option": (f"{ASK} -H 'X-A: --timeout' -d --timeout", {"body": b"--timeout"}, ""),
}  # fmt: skip


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines").write_text("a\nb\n")
    Path("urls.txt").write_text(f"{URL}\n")
    Path("src").mkdir()
    Path("src/main.py").write_text("")


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str, command: Command, fake: Runner) -> None:
    typed, fields, said = ACCEPTED[name]
    done = command(*shlex.split(typed))
    assert done.status == 0, done.stderr
    assert {field: getattr(fake.probe, field) for field in fields} == fields
    assert said in done.stderr
    assert done.stderr.count("\n") == (1 if said else 0), "one note"


ANSWERED: dict[str, tuple[str, str, str]] = {
    # typed: what is wrong, what to type
    "a path": (f"probe /data --origin {PAGE}", "'/data': it has no host", "--app main:app"),
    "a path first": (f"/data --origin {PAGE}", "'/data': it has no host", "http://localhost:8000/data"),
    "a path, and no origin": ("probe /data", "'/data': it has no host", "--app main:app"),
    "a path below here": (f"probe ./data --origin {PAGE}", "it has no host", "--app main:app"),
    "two methods": (f"{ASK} -X GET,PUT", "names 2 methods", f"corscheck {ASK} -X GET -X PUT"),
    "two methods, and a blank": (f"{ASK} --request 'GET PUT'", "names 2 methods", "-X GET -X PUT"),
    "two origins": (
        f"probe {URL} --origin https://a.example,https://b.example", "names 2 origins",
        "--origin https://a.example --origin https://b.example",
    ),
    "httpie": (f"probe POST {URL} --origin {PAGE}", "'POST' is a method", f"corscheck probe -X POST {URL} --origin {PAGE}"),
    "httpie first": (f"POST {URL} --origin {PAGE}", "'POST' is a method", f"corscheck probe -X POST {URL}"),
    "httpie, lower case": (f"put {URL} --origin {PAGE}", "'put' is a method", f"corscheck probe -X PUT {URL}"),
    "httpie's header": (f"{ASK} X-Tenant:7", "'X-Tenant:...' is a header", f"{ASK} -H 'X-Tenant: 7'"),
    "httpie's header, lower case": (f"{ASK} authorization:x", "is a header", "-H 'authorization: ***'"),
    "httpie's field": (
        f"{ASK} name=ada", "'name=...' is a field of a JSON body",
        """-X POST -H 'Content-Type: application/json' -d '{"name": "ada"}'""",
    ),
    "httpie's number": (f"PUT {URL} --origin {PAGE} n:=3", "'PUT' is a method", "-X PUT"),
    "httpie's parameter": (f"{ASK} a==1", "a parameter of the query", "-G --data-urlencode"),
    "another tool's name": (f"probe curl {URL} --origin {PAGE}", "'curl' is another tool", f"corscheck probe {URL} --origin"),
    "a file of Python": (f"probe main.py --origin {PAGE}", "'main.py': it looks like a file", "--app main:app"),
    "a file of Python first": ("main.py", "'main.py': it looks like a file", "--app main:app"),
    "a file below here": (f"probe src/main.py --origin {PAGE}", "it looks like a file", "--app src.main:app"),
    "--app main.py": ("probe --app main.py", "Invalid --app 'main.py'", "--app main:app"),
    "--app main": ("probe --app main", "Invalid --app 'main'", "--app main:app"),
    "an application": (
        f"probe main:app --origin {PAGE}", "looks like an application", f"corscheck probe --app main:app --origin {PAGE}"
    ),
    "an application first": ("main:app", "it looks like an application", "corscheck probe --app main:app"),
    "a HAR file": ("probe rec.har", "it looks like a file", "corscheck har rec.har"),
    "a policy": ("probe corscheck.toml", "it looks like a file", "corscheck run corscheck.toml"),
    "a document": (f"probe openapi.yaml --origin {PAGE}", "it looks like a file", "--openapi openapi.yaml"),
    "a list": (f"probe urls.txt --origin {PAGE}", "it looks like a file", "--targets urls.txt"),
    "a port alone": (f"probe 8000 --origin {PAGE}", "it is a number", f"corscheck probe localhost:8000 --origin {PAGE}"),
    "a placeholder": (f"probe URL --origin {PAGE}", "it is a placeholder", "http://localhost:8000/data"),
    "a dash": (f"probe {URL} \u2014origin {PAGE}", "this is a dash, not a hyphen", f"{URL} --origin {PAGE}"),
    "one hyphen": (f"probe {URL} -origin {PAGE}", "begins with two hyphens", f"corscheck probe {URL} --origin {PAGE}"),
    "scan": (f"scan {URL}", "Unknown command 'scan'", "corscheck audit URL"),
    "a typo": ("prob", "Unknown command 'prob'", "Did you mean 'probe'?"),
    "a typo of an option": (f"probe {URL} --orign {PAGE}", "No such option: --orign", "--origin"),
    "help of nothing": ("help prob", "Unknown command or topic 'prob'", "corscheck help lists the commands"),
    "--browser": (f"{ASK} --browser firefox", "Unknown option --browser", "--in-browser NAME"),
    "--engine netscape": (f"{ASK} --engine netscape", "'netscape' is not one of", "Safari is webkit"),
    "--credentials yes": (f"{ASK} --credentials yes", "'yes' is not one of", "'include'"),
    "--json without a file": (f"{ASK} --json", "'--json' requires an argument", "--json FILE"),
    "--json with a body": (f"{ASK} --json '{{}}'", "--json names the report here", "-H 'Content-Type: application/json'"),
    "--report without a file": (f"{ASK} --report html", "has no file", "--report html:FILE"),
    "--report of an odd ending": (f"{ASK} --report out.pdf", "no such format", "html"),
    "two URLs": (f"probe {URL} http://localhost:3000", "is missing", f"corscheck probe {URL} http://localhost:3000 {EXAMPLE}"),
    "the page's URL": (f"probe {URL} http://localhost:3000", "http://localhost:3000 is the page", f"corscheck probe {URL} --origin http://localhost:3000"),
    "the page's URL first": (f"probe localhost:3000 {URL}", "localhost:3000 is the page", f"corscheck probe {URL} --origin http://localhost:3000"),
    "no origin": (f"{URL} -X PUT", "--origin is missing", f"corscheck probe {URL} -X PUT {EXAMPLE}"),
    "-u URL": (f"audit -u {URL}", "this is a URL, and -u is a login", f"corscheck audit {URL}"),
    "probe -u URL": (f"probe -u {URL} --origin {PAGE}", "this is a URL, and -u is a login", f"corscheck probe {URL}"),
    "audit -i FILE": ("audit -i urls.txt", "it looks like a file", "--targets urls.txt"),
    "audit -l FILE": ("audit -l urls.txt", "Unknown option -l", "--targets FILE"),
    "probe --input": (f"probe --input=urls.txt --origin {PAGE}", "Unknown option --input", "--targets FILE"),
    "engines --json": ("engines firefox --json", "--json writes a report", "corscheck engines firefox --format json"),
    "explain --json": ("explain CORS301 --json", "--json writes a report", "corscheck explain CORS301 --format json"),
    "fix --json": ("fix --list --json", "--json writes a report", "corscheck fix --list --format json"),
    "schema --json": ("schema policy --json", "--json writes a report", "corscheck schema policy --format json"),
    "run URL": (f"run {URL}", "a policy is a file", f"corscheck probe {URL}"),
    "-I -d": (f"{ASK} -I -d x", "-I and -d exclude each other", "-G"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED)
def test_answered(name: str, command: Command, fake: Runner) -> None:
    typed, wrong, line = ANSWERED[name]
    done = command(*shlex.split(typed))
    assert done.status == 2, done
    said = " ".join(done.stderr.split())
    assert wrong in said
    assert line in said
    assert done.stdout == ""
    assert fake.probes == []


def test_a_target_file_has_paths(command: Command, fake: Runner) -> None:
    Path("paths").write_text("/data\n")
    done = command("probe", "--targets", "paths", "--origin", PAGE)
    assert (done.status, fake.probes) == (2, [])
    assert "paths, line 1: Invalid URL '/data': it has no host" in done.stderr


def test_many_guesses_are_said_once(command: Command, fake: Runner) -> None:
    Path("many").write_text("".join(f"h{n}.example\n" for n in range(20)) + "localhost:1\n")
    done = command("probe", "--targets", "many", "--origin", PAGE, "-q")
    assert done.status == 0
    assert {probe.url.partition(":")[0] for probe in fake.probes} == {"https", "http"}
    assert [line for line in done.stderr.splitlines() if "scheme" in line] == [
        "corscheck: 21 targets have no scheme: http is used for loopback hosts, https for all others. For example:",
        "corscheck: h0.example has no scheme: taken as https://h0.example",
    ]


def test_time_limit_and_colour(command: Command, fake: Runner) -> None:
    assert command(*shlex.split(f"{ASK} --timeout=2.5 --no-color")).status == 0
    assert fake.options is not None
    assert fake.options.network.timeout == 2.5


@pytest.mark.parametrize(
    ("file", "begins"),
    [
        ("out.html", "<!doctype html>"),
        ("out.md", "## "),
        ("out.xml", "<?xml"),
        ("out.sarif", "{"),
        ("out.jsonl", '{"schema_version"'),
    ],
)
def test_the_format_of_a_report_by_its_ending(file: str, begins: str, command: Command, fake: Runner) -> None:
    assert command(*shlex.split(f"{ASK} --report {file}")).status == 0
    assert Path(file).read_text().lower().startswith(begins)


@pytest.mark.parametrize("typed", ["engines firefox", "explain CORS301", "schema policy", "fix --list"])
def test_a_listing_as_json(typed: str, command: Command) -> None:
    done = command(*typed.split(), "--format", "json")
    assert done.status == 0
    json.loads(done.stdout)


def test_a_saved_report_as_json(command: Command, fake: Runner) -> None:
    command(*shlex.split(f"{ASK} --json r.json"))
    done = command("report", "show", "r.json", "--format", "json")
    assert (done.status, json.loads(done.stdout)["probes"][0]["url"]) == (0, URL)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("help", "--help"),
        ("help probe", "probe --help"),
        ("help report", "report --help"),
        ("help help", "help --help"),
        ("version", "--version"),
        ("-V", "--version"),
    ],
)
def test_other_words_for_help_and_version(typed: str, same: str, command: Command) -> None:
    done = command(*typed.split())
    assert done.status == 0
    assert done.stdout == command(*same.split()).stdout
    assert "corscheck" in done.stdout


def test_a_secret_is_not_repeated(command: Command, fake: Runner) -> None:
    for typed in (
        f"{ASK} X-Api-Key:Zq7",
        f"probe {URL}?token=Zq7",
        f"POST {URL}?token=Zq7 pin=Zq7",
        "audit -u http://u:Zq7@h/",
    ):
        done = command(*shlex.split(typed))
        assert done.status == 2
        assert "Zq7" not in done.stderr
