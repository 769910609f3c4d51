"""curl commands and fetch() calls read back: browsers' copies, every option, and what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.sources import curl, jsfetch
from corscheck.sources.curloptions import LONG, SHORT
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError
from tests.servers.raw import OK, READ, RawServer

DATA = Path(__file__).resolve().parents[1] / "data" / "curl"
FILES = {"body.json": b'{"a":\r\n1}\n', "headers.txt": b"X-A: 1\nX-B;\n\n", "-": b"from stdin\n"}
APP = "https://app.example.com"


def read(path: str) -> bytes:
    if path not in FILES:
        raise SourceError(f"cannot read {path}")
    return FILES[path]


def parse(text: str) -> list[FoundRequest]:
    return list(jsfetch.parse(text) if jsfetch.is_fetch(text) else curl.parse(text, read, {"TOKEN": "t0"}))


def one(text: str) -> FoundRequest:
    (asked,) = parse(text)
    return asked


def sample(name: str) -> list[FoundRequest]:
    return parse((DATA / name).read_text("utf-8"))


# ---------------------------------------------------------------------- what browsers copy

JSON = ("content-type", "application/json")
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "chrome-curl.txt": [
        {
            "url": "https://api.example.com/orders?filter=[open]",
            "method": "PUT",
            "origin": APP,
            "headers": (
                ("accept", "application/json, text/plain, */*"),
                ("authorization", "Bearer eyJhbGciOi.J9"),
                JSON,
                ("x-empty", ""),
                ("x-tenant", "7"),
            ),
            "body": '{"note":"it\'s ! café\t"}'.encode(),
            "cookies": "sid=s3cr3t; theme=dark",
            "credentials": "include",
        }
    ],
    "chrome-curl-2022.txt": [
        {
            "url": "https://api.example.com/data",
            "method": "GET",
            "origin": APP,
            "headers": (),
            "body": None,
            "cookies": "sid=1",
            "credentials": "include",
        }
    ],
    "chrome-curl-all.txt": [
        {"url": "https://app.example.com/", "origin": None, "headers": ()},
        {"url": "https://api.example.com/data", "origin": APP, "headers": (), "credentials": None},
        {
            "url": "https://api.example.com/upload",
            "method": "POST",
            "origin": APP,
            "headers": (("content-type", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk"),),
            "body": b'------WebKitFormBoundary7MA4YWxk\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            b"------WebKitFormBoundary7MA4YWxk--\r\n",
        },
    ],
    "chrome-fetch.txt": [
        {
            "url": "https://api.example.com/orders",
            "method": "POST",
            "origin": APP,
            "headers": (("accept", "application/json"), JSON, ("x-tenant", "7")),
            "body": '{"note":"café"}'.encode(),
            "credentials": "include",
            "mode": "cors",
            "cookies": None,
        }
    ],
    "chrome-fetch-node.txt": [
        {"method": "GET", "origin": APP, "headers": (), "body": None, "cookies": "sid=s3cr3t", "credentials": "include"}
    ],
    "firefox-curl.txt": [
        {
            "method": "POST",
            "origin": APP,
            "headers": (("Content-Type", "application/json"), ("X-Tenant", "7")),
            "body": '{"note":"! it\'s \U0001f600"}'.encode(),
            "cookies": "sid=s3cr3t",
            "credentials": "include",
        }
    ],
    "firefox-fetch.txt": [
        {"method": "DELETE", "origin": APP, "headers": (("X-Tenant", "7"),), "credentials": "omit", "mode": "cors"}
    ],
    "safari-curl.txt": [
        {
            "method": "POST",
            "origin": APP,
            "headers": (("Content-Type", "application/json"), ("X-Tenant", "7")),
            "body": b'{"note":"one"}',
            "credentials": None,
            "cookies": None,
        }
    ],
    "preflight-by-hand.txt": [
        {
            "url": "https://api.example.com/orders",
            "method": "PUT",
            "origin": APP,
            "headers": (("content-type", "application/json"), ("x-tenant", "1")),
        }
    ],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    found = sample(name)
    assert len(found) == len(SAMPLES[name])
    for asked, expected in zip(found, SAMPLES[name], strict=True):
        assert {key: getattr(asked, key) for key in expected} == expected


def test_every_sample_is_tested() -> None:
    assert {path.name for path in DATA.glob("*.txt")} == set(SAMPLES)


def test_a_copy_keeps_the_browsers_name_and_what_else_is_said() -> None:
    assert (sample("chrome-curl.txt")[0].network.user_agent or "").startswith("Mozilla/5.0 (X11")
    assert sample("chrome-curl.txt")[0].network.insecure
    (note,) = sample("chrome-curl-2022.txt")[0].notes
    assert note.startswith("if-none-match is taken for the browser's cache's")
    assert "omit" in sample("firefox-fetch.txt")[0].notes[0]
    assert sample("preflight-by-hand.txt")[0].notes == (
        "this is a preflight: the PUT that it belongs to is what is tested",
    )


# ---------------------------------------------------------------------- curl's options

URL = "https://x.example/a"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("-X DELETE", {"method": "DELETE"}),
    ("-XDELETE", {"method": "DELETE"}),
    ("--request=DELETE", {"method": "DELETE"}),
    ("-sSLXPUT", {"method": "PUT"}),
    ("-sSLH 'X-A: 1'", {"headers": (("X-A", "1"),)}),
    ("-H'X-A:1'", {"headers": (("X-A", "1"),)}),
    ("-H 'X-A;'", {"headers": (("X-A", ""),)}),
    ("-H 'X-A:'", {"headers": ()}),
    ("-H @headers.txt", {"headers": (("X-A", "1"), ("X-B", ""))}),
    ("-H 'X-A: é'", {"headers": (("X-A", "Ã©"),)}),
    ("-H 'X-A: 1' -H 'x-a: 2'", {"headers": (("X-A", "1"), ("x-a", "2"))}),
    ("-H 'Accept: */*'", {"headers": ()}),
    ("-H 'Accept: text/csv' -H 'Accept-Language: de'", {"headers": (("Accept", "text/csv"), ("Accept-Language", "de"))}),
    ("-H 'Cache-Control: no-cache' -H 'Pragma: no-cache'",
     {"headers": (("Cache-Control", "no-cache"), ("Pragma", "no-cache"))}),
    ("-H 'Connection: close' -H 'DNT: 1' -H 'Sec-X: 1' -H 'Proxy-X: 1' -H 'Content-Length: 3'", {"headers": ()}),
    ("-d a=1", {"method": "POST", "body": b"a=1", "headers": (FORM,)}),
    ("-d a=1 -d b=2 --data-raw @c", {"body": b"a=1&b=2&@c"}),
    ("-d @body.json", {"body": b'{"a":1}'}),
    ("--data-ascii @body.json", {"body": b'{"a":1}'}),
    ("--data-binary @body.json", {"body": b'{"a":\r\n1}\n'}),
    ("--data-binary @-", {"body": b"from stdin\n"}),
    ("--data-urlencode 'a b&c'", {"body": b"a%20b%26c"}),
    ("--data-urlencode '=a=b'", {"body": b"a%3Db"}),
    ("--data-urlencode 'n=é'", {"body": b"n=%C3%A9"}),
    ("--data-urlencode n@body.json", {"body": b"n=%7B%22a%22%3A%0D%0A1%7D%0A"}),
    ("--json '{}'", {"method": "POST", "body": b"{}",
                     "headers": (("Content-Type", "application/json"), ("Accept", "application/json"))}),
    ("--json '{' --json '}'", {"body": b"{}"}),
    ("-d x -H 'content-type: text/plain'", {"headers": (("content-type", "text/plain"),)}),
    ("-d x -H 'Content-Type:'", {"headers": ()}),
    ("-d x -X PATCH", {"method": "PATCH", "body": b"x"}),
    ("-d ''", {"method": "POST", "body": b""}),
    ("-G -d a=1 -d b=2", {"method": "GET", "body": None, "url": f"{URL}?a=1&b=2", "headers": ()}),
    ("--url-query a=1 --url-query +b=2", {"url": f"{URL}?a=1&b=2", "method": "GET"}),
    ("-I", {"method": "HEAD"}),
    ("-F a=1 -F f=@body.json", {"method": "POST", "form": ("a=1", "f=@body.json")}),
    ("-b a=1 -b 'b=2; c=3'", {"cookies": "a=1; b=2; c=3", "credentials": "include"}),
    ("-b a=1 -H 'Origin: https://x.example'", {"cookies": "a=1", "credentials": None, "origin": "https://x.example"}),
    ("-b a=1 -H 'Sec-Fetch-Site: same-origin' -e https://x.example/p", {"credentials": None}),
    ("-u me:pass:word", {"login": ("me", "pass:word")}),
    ("-u me:", {"login": ("me", "")}),
    ("--oauth2-bearer abc", {"headers": (("Authorization", "Bearer abc"),)}),
    ('-H "Authorization: Bearer $TOKEN"', {"headers": (("Authorization", "Bearer t0"),)}),
    ("-r 0-99", {"headers": (("Range", "bytes=0-99"),)}),
    ("-e https://p.example/x", {"origin": "https://p.example", "headers": ()}),
    ("-H 'Origin: null'", {"origin": "null"}),
    ("-H 'Origin: https://p.example' -e https://q.example/", {"origin": "https://p.example"}),
    ("-A me/1", {"network": FoundNetwork(user_agent="me/1")}),
    ("-H 'User-Agent: me/2'", {"network": FoundNetwork(user_agent="me/2"), "headers": ()}),
    ("-k -4 --http2 -m 5 -x http://p:1 --noproxy a --cacert c --cert d --key e --unix-socket f --resolve g --connect-to h",
     {"network": FoundNetwork(insecure=True, ipv4=True, http2=True, max_time=5, proxy="http://p:1", noproxy="a", cacert="c",
                         cert="d", key="e", unix_socket="f", resolve=("g",), connect_to=("h",))}),
    ("-k --no-insecure --compressed -L -i -s -S -v -f -o out -w '%{http_code}' --retry 3 --http1.1 --tlsv1.2 -#",
     {"network": FoundNetwork(), "headers": (), "method": "GET"}),
    ("--head", {"method": "HEAD"}),
    ("--user-ag me", {"network": FoundNetwork(user_agent="me")}),
    ("-H 'Host: api.example'", {"url": "https://api.example/a", "via": "https://x.example"}),
    ("-H 'Host: x.example'", {"url": URL, "via": None}),
    ("-X OPTIONS", {"method": "OPTIONS", "headers": ()}),
    ("-X OPTIONS -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: range,accept'",
     {"method": "GET", "headers": (("range", "bytes=0-0,2-2"), ("accept", "("))}),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), OPTIONS, ids=[o for o, _ in OPTIONS])
def test_options(options: str, expected: dict[str, Any]) -> None:
    asked = one(f"curl {options} {URL}")
    assert {"url": URL} | {key: getattr(asked, key) for key in expected} == {"url": URL} | expected


def test_what_a_copied_preflight_asks_for_needs_that_preflight() -> None:
    """The sample values must be such that a browser asks for these names at all."""
    from corscheck.protocol.preflight import unsafe_names

    names = ("accept", "accept-language", "authorization", "content-language", "content-type", "range", "x-a")
    asked = one(
        f"curl {URL} -X OPTIONS -H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: {','.join(names)}'"
    )
    assert unsafe_names(asked.headers) == names


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("x.example/a", "http://x.example/a"),
        ("localhost:8000/a", "http://localhost:8000/a"),
        (r"'http://x.example/\[1\]\{a\}'", "http://x.example/[1]{a}"),
        ("-g 'http://x.example/[1]{a,b}'", "http://x.example/[1]{a,b}"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("[::1]:8000/", "http://[::1]:8000/"),
        ("'http://x.example/?ids[]=1&ids[]=2'", "http://x.example/?ids[]=1&ids[]=2"),
        ("'http://[::1]/?ids[]=1'", "http://[::1]/?ids[]=1"),
        ("'http://x.example/?filter[open]=1'", "http://x.example/?filter[open]=1"),
        ("--url http://x.example/", "http://x.example/"),
        ("-- http://x.example/", "http://x.example/"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    assert one(f"curl {url}").url == expected


@pytest.mark.parametrize("query", ["ids[]=1", "a[]=1&b[]=2", "a[1-2]", "a[a-c]", "a[C-E]", "a[1-9:2]", "f[open]=1", "a[0]", "a]",
                                   "a[b-C]", "{a,b}", r"\[a\]", r"\{b\}"])  # fmt: skip
def test_globs_are_those_of_this_curl(query: str) -> None:
    """What curl sends as one URL is read as that URL; what it makes several of is refused; what it refuses has a note."""
    import subprocess

    with RawServer((READ, OK)) as server:
        url = f"http://127.0.0.1:{server.port}/?{query}"
        done = subprocess.run(["curl", "-s", url], capture_output=True, check=False, timeout=20)
        sent = [request.split()[1].decode() for request in server.requests]
    if len(sent) > 1:
        with pytest.raises(SourceError, match="curl makes several URLs"):
            one(f"curl '{url}'")
        return
    asked = one(f"curl '{url}'")
    if done.returncode == 3:
        assert not sent
        assert any("curl itself refuses" in note for note in asked.notes)
    else:
        assert [asked.url] == [f"http://127.0.0.1:{server.port}{target}" for target in sent]
        assert asked.notes == ()


def test_options_without_a_requested_method_is_no_preflight() -> None:
    asked = one("curl -X OPTIONS https://x.example -H 'Origin: https://o.example'")
    assert asked.method == "OPTIONS"
    (note,) = asked.notes
    assert "OPTIONS without Access-Control-Request-Method is not a preflight" in note
    assert "-H 'Access-Control-Request-Method: PUT'" in note


@pytest.mark.parametrize("mode", ["no-cors", "same-origin"])
def test_a_copy_is_asked_in_its_mode(mode: str) -> None:
    copied = f"curl https://x.example -H 'sec-fetch-mode: {mode}' -H 'sec-fetch-dest: image' -e https://o.example/p"
    assert (one(copied).mode, one(copied).origin, one(copied).headers) == (mode, "https://o.example", ())


def test_several() -> None:
    found = parse(
        "curl -X PUT http://a.example http://b.example --next http://c.example; /usr/bin/curl http://d.example"
    )
    assert [(a.url, a.method) for a in found] == [
        ("http://a.example", "PUT"), ("http://b.example", "PUT"), ("http://c.example", "GET"), ("http://d.example", "GET"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curl --heder a http://x", "line 1, column 6: curl has no option --heder; did you mean --header?"),
        ("curl -H", "line 1, column 6: -H, --header has no value"),
        ("curl \\\n -sQ? http://x", "line 2, column 2: -Q, --quote has no equal here"),
        ("curl -sü http://x", "line 1, column 6: curl has no option -ü (in '-sü')"),
        ("curl -T f http://x", "-T, --upload-file has no equal here: write -X PUT --data-binary @FILE"),
        ("curl --digest http://x", "--digest has no equal here: corscheck sends a login as Basic only"),
        ("curl -d @nope http://x", "line 1, column 6: cannot read nope"),
        ("curl -H 'no colon' http://x", "line 1, column 6: the header 'no colon' has no colon"),
        ("curl -b cookies.txt http://x", "a file of cookies is not read"),
        ("curl -u me http://x", "-u *** has no password"),
        ("curl -m soon http://x", "-m 'soon' is not a number of seconds up to 1000000"),
        ("curl -d a -F b=c http://x", "-d and -F exclude each other"),
        ("curl -F a http://x", "write NAME=VALUE"),
        ("curl --compressed=1 http://x", "--compressed takes no value"),
        ("curl -sS", "line 1, column 6: the command names no URL"),
        ("curl", "line 1, column 1: the command names no URL"),
        ("wget http://x", "line 1, column 1: no curl command, it starts with 'wget'"),
        ("curl http://x/{a,b}", "curl makes several URLs of '{'"),
        ("curl http://x/[1-3]", "curl makes several URLs of '[1-3]'"),
        ("fetch(url)", "line 1, column 7: the URL must be a text in quotes"),
        ("fetch('http://x', {method: m})", "line 1, column 28: 'm' is not known here: only literals can be read"),
        (
            "fetch('http://x', {\n  metod: 'PUT'})",
            "line 1, column 19: fetch has no option 'metod'; did you mean method?",
        ),
        ("fetch('http://x', {mode: 'nav'})", "mode is 'nav', not one of cors, no-cors, same-origin"),
        ("const o = {method: 'PUT'};\nfetch('http://x', p)", "line 2, column 19: 'p' is not known here"),
        ("const o = load();\nfetch('http://x', o)", "line 2, column 19: 'o' is not known here"),
        ("const h = new Headers({a: 1});\nfetch('http://x', {body: h})", "body must be a text"),
        ("fetch('http://x', {headers: 'a'})", "headers must be an object, or a list of pairs"),
        ("fetch('http://x', {headers: [['a']]})", "expected pairs of a name and a value"),
        ("fetch('http://x', {body: {a: 1}})", "body must be a text"),
        ("fetch(`http://x/${id}`)", "a template with ${...}"),
        ("fetch('http://x', 1)", "the options of fetch must be an object"),
        ("fetch('http://x'", "expected ')', found the end"),
        ("fetch('http://x", "is not closed"),
        ("fetch('http://x', " + "[" * 100, "nested too deeply"),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_every_option_of_this_curl_is_known() -> None:
    """No option of the installed curl is missing, takes a value that ours does not, or has another short name."""
    import re
    import subprocess

    text = subprocess.run(["curl", "--help", "all"], capture_output=True, check=True, encoding="utf-8").stdout
    lines = re.findall(r"^ *(?:-(.), )?--([\w.-]+)(?: (<))?", text, re.MULTILINE)
    assert len(lines) > 200
    for short, name, value in lines:
        # Not --help, whose value may be missing; of these three the help writes the value in another way.
        name = name if name in LONG else name.removeprefix("no-")
        if name not in ("preproxy", "proxy", "socks4", "help"):
            assert LONG[name].value == bool(value), name
        if short:
            assert SHORT[short].name == name


# ---------------------------------------------------------------------- fetch()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fetch('http://x')", {"url": "http://x", "method": "GET", "headers": ()}),
        ("const r = await window.fetch(`http://x`, {method: 'PUT',},);", {"method": "PUT"}),
        ("fetch('http://x', {body: 'a'})", {"headers": (("Content-Type", "text/plain;charset=UTF-8"),), "body": b"a"}),
        ("fetch('http://x', {body: JSON.stringify({a: [1, 2.5, null, 'é']})})", {"body": '{"a":[1,2.5,null,"é"]}'.encode()}),
        ("fetch('http://x', {headers: [['X-A', '1'], ['X-A', '2']]})", {"headers": (("X-A", "1"), ("X-A", "2"))}),
        ("fetch('http://x', {headers: {'X-A': 1, 'Cookie': 'a=1', Origin: 'https://o.example'}})",
         {"headers": (("X-A", "1"),), "cookies": "a=1", "origin": "https://o.example", "credentials": "include"}),
        ("fetch('http://x', {redirect: 'manual', credentials: 'same-origin', mode: 'no-cors'}).then(r => r.json())",
         {"redirect": "manual", "credentials": "same-origin", "mode": "no-cors"}),
        ("fetch('http://x', /* a remark */ {\n // another\n method: 'PUT' })", {"method": "PUT"}),
        ("fetch(\"http://x\\u002Fa\\x2fb\\\nc\", {referrer: 'about:client'})", {"url": "http://x/a/bc", "origin": None}),
        ("fetch('http://x', undefined)", {"method": "GET"}),
    ],
)  # fmt: skip
def test_fetch(text: str, expected: dict[str, Any]) -> None:
    asked = one(text)
    assert {key: getattr(asked, key) for key in expected} == expected


POSTMAN = """const myHeaders = new Headers();
myHeaders.append("Content-Type", "application/json");
myHeaders.append("X-Tenant", "7");

const raw = JSON.stringify({
  "a": [1, 2]
}, null, 2);

const requestOptions = {
  method: "POST",
  headers: myHeaders,
  body: raw,
  redirect: "follow"
};

fetch("https://api.example.com/x", requestOptions)
  .then((response) => response.text())
  .then((result) => console.log(result))
  .catch((error) => console.error(error));"""

FORM_DATA = """var formdata = new FormData();
formdata.append("a", "1");
formdata.append("f", fileInput.files[0], "x.png");

var requestOptions = { method: "POST", body: formdata };

try {
  const response = await fetch("https://api.example.com/x", requestOptions);
  const result = await response.text();
  console.log(result)
} catch (error) {
  console.error(error);
};"""

URLENCODED = """const urlencoded = new URLSearchParams();
urlencoded.append("a", "1 é");
const url = "https://api.example.com/x";
fetch(url, {method: "POST", body: urlencoded, headers: new Headers({"X-A": "1"})});"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POSTMAN, {"method": "POST", "headers": (("Content-Type", "application/json"), ("X-Tenant", "7")),
                   "body": b'{"a":[1,2]}', "redirect": "follow"}),
        (FORM_DATA, {"method": "POST", "headers": (), "form": ("a=1", "f="), "body": None}),
        (URLENCODED, {"body": b"a=1+%C3%A9", "headers": (
            ("X-A", "1"), ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"))}),
        ("// copied\nfetch('https://api.example.com/x')", {"method": "GET"}),
        ("fetch('https://api.example.com/x', {mode: 'navigate'})", {"not_cors": "a navigation", "mode": None}),
        ("fetch('https://api.example.com/x', {mode: 'websocket'})", {"not_cors": "a WebSocket handshake"}),
    ],
    ids=["json", "form", "urlencoded", "comment", "navigate", "websocket"],
)  # fmt: skip
def test_snippets(text: str, expected: dict[str, Any]) -> None:
    """As Postman's code generator writes them (JavaScript - Fetch), and the modes that browsers copy."""
    asked = one(text)
    assert asked.url == "https://api.example.com/x"
    assert {key: getattr(asked, key) for key in expected} == expected


def test_several_calls() -> None:
    assert [a.url for a in parse('fetch("http://a", {});\nfetch("http://b", {});\n')] == ["http://a", "http://b"]


# ---------------------------------------------------------------------- anything


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60).map(lambda t: f"curl {t}"),
        st.text(max_size=60).map(lambda t: f"fetch({t}"),
        st.lists(st.sampled_from([f"--{n}" for n in LONG] + [f"-{s}" for s in SHORT] + ["a=b", "'x y'", "@-", "http://x"]),
                 max_size=8).map(lambda w: "curl " + " ".join(w)),
        st.lists(st.sampled_from(["fetch(", "'http://x'", ",", "{", "}", "[", "]", ")", "headers:", "body:", "1e5", "null", "`",
                                  "JSON.stringify(", "//", "/*", "'\\u{1F600}'"]), max_size=14)
        .map(lambda w: "fetch('http://x'," + " ".join(w)),
    )
)  # fmt: skip
def test_no_text_breaks_them(text: str) -> None:
    try:
        for asked in parse(text):
            assert isinstance(asked.url, str)
    except SourceError:
        pass
