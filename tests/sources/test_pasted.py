"""What stands around a pasted request, and requests in the words of other tools."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.sources import curl, jsfetch, pasted
from corscheck.sources.found import FoundRequest, SourceError

COMMAND = "curl https://api.example.com/a -H 'Origin: https://app.example.com'"


def read(text: str) -> list[FoundRequest]:
    text = pasted.clean(text)
    return list(jsfetch.parse(text) if jsfetch.is_fetch(text) else curl.parse(text, lambda _: b"", {}))


@pytest.mark.parametrize(
    "around",
    [
        "{}", "$ {}", "$  {}", "> {}", "# {}", "% {}", "user@host:~$ {}", "user@host:~/My dir$ {}", "user@mac ~ % {}",
        "root@4f1c2d:/app# {}", "[root@box tmp]# {}", "(venv) me@host:/srv$ {}", "bash-5.1$ {}", "sh-4.2# {}",
        "~/work $ {}", "❯ {}", "➜  ~ {}", "➜  shop git:(main) ✗ {}", "PS C:\\Users\\me> {}", "PS> {}", "C:\\Users\\me>{}",
        "sudo {}", "sudo -u me {}", "time {}", "X=1 {}", "TOKEN=a Y='b c' {}", "env X=y {}", "env -i X=y {}", "$ sudo {}",
        "command {}", "timeout 5 {}", "`{}`", "``{}``", "I run `{}` and it fails.", "```\n{}\n```", "```sh\n$ {}\n```",
        "Steps:\n\n```bash\n{}\n```\n\nIt fails: don't know why.", "~~~\n{}\n~~~", "> ```\n> {}\n> ```", "   {}",
        "# how to call it\n{}", "# curl is needed\n{}", "{}\r\n", "{} | jq .", "{} > out.json 2>&1",
    ],
)  # fmt: skip
def test_what_stands_around_a_command_is_no_part_of_it(around: str) -> None:
    (asked,) = read(around.format(COMMAND))
    assert (asked.url, asked.method) == ("https://api.example.com/a", "GET")
    assert asked.origin == "https://app.example.com"


@pytest.mark.parametrize("name", ["curl.exe", "CURL", "/usr/bin/curl", "C:/Windows/System32/curl.exe", "\\curl"])
def test_names_of_curl(name: str) -> None:
    (asked,) = read(COMMAND.replace("curl", name, 1))
    assert asked.origin == "https://app.example.com"


def test_a_shell_shows_where_a_command_goes_on() -> None:
    (asked,) = read("$ curl https://api.example.com/a \\\n> -X PUT \\\n>   -H 'Origin: https://app.example.com'\n")
    assert (asked.method, asked.origin) == ("PUT", "https://app.example.com")


def test_several_commands_of_one_terminal() -> None:
    text = f"$ {COMMAND}\n$ curl -X PUT https://api.example.com/b -e https://app.example.com\n"
    assert [asked.method for asked in read(text)] == ["GET", "PUT"]


def test_positions_are_those_of_the_text() -> None:
    with pytest.raises(SourceError, match="line 3, column 8: curl has no option --nope"):
        read("Look:\n```\n$ curl --nope https://x\n```\n")


def test_a_code_span_holds_a_fetch() -> None:
    (asked,) = read("Try `fetch('https://x.example/', {method: 'PUT'})` in the console")
    assert asked.method == "PUT"


@pytest.mark.parametrize(
    ("text", "place", "char"),
    [
        ("curl –H 'A: b' https://x", "line 1, column 6", "U+2013, en dash"),
        ("curl —header 'A: b' https://x", "line 1, column 6", "U+2014, em dash"),
        ("curl −X PUT https://x", "line 1, column 6", "U+2212, minus sign"),
        ("curl -H “A: b” https://x", "line 1, column 9", "U+201C, left double quotation mark"),
        ("curl -H ‘A: b’ https://x", "line 1, column 9", "U+2018, left single quotation mark"),
        ("curl -H 'A: b’ https://x", "line 1, column 9", "U+2019, right single quotation mark"),
        ('curl -H "A: b” https://x', "line 1, column 9", "U+201D, right double quotation mark"),
        ("curl -H „A: b“ https://x", "line 1, column 9", "U+201E, double low-9 quotation mark"),
        ("curl\u00a0https://x", "line 1, column 5", "U+00A0, no-break space"),
        ("curl \u200bhttps://x", "line 1, column 6", "U+200B, zero width space"),
        ("fetch(“https://x”)", "line 1, column 7", "U+201C, left double quotation mark"),
        ("fetch('https://x', {method: ‘PUT’})", "line 1, column 29", "U+2018, left single quotation mark"),
    ],
)
def test_typographic_characters_are_named(text: str, place: str, char: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert place in str(caught.value)
    assert char in str(caught.value)
    assert "type " in str(caught.value)


def test_typographic_characters_within_quotes_are_text() -> None:
    (asked,) = read("curl https://x -d '“a” – b' -H \"X-A: ‘’\" https://x/a–b".replace(" https://x/a–b", ""))
    assert asked.body == "“a” – b".encode()


CHROME_POWERSHELL = """$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession
$session.UserAgent = "Mozilla/5.0 (X11; Linux x86_64)"
Invoke-WebRequest -UseBasicParsing -Uri "https://x" `
-WebSession $session"""

TOOLS = {
    "cmd.exe": ['curl "https://x" ^\n  -H "accept: */*"', 'curl ^"https://x^" ^\n  -H ^"accept: */*^"',
                'curl -X PUT "https://x" ^\r\n -H "a: b"', 'curl https://x ^\n  -H "a: b"'],
    "PowerShell": ['Invoke-WebRequest -UseBasicParsing -Uri "https://x"', "$r = Invoke-RestMethod https://x", "iwr https://x",
                   "curl.exe https://x `\n  -H 'a: b'", CHROME_POWERSHELL],
    "axios": ["axios.get('https://x')", "await axios.post('https://x', {a: 1})", "axios({method: 'get'})",
              "const axios = require('axios');\nlet config = {\n  method: 'get',\n};\naxios.request(config)"],
    "jQuery": ["$.ajax({url: 'https://x'})", "jQuery.get('https://x')", "$.getJSON('https://x')",
               'var settings = {\n  "url": "https://x"\n};\n\n$.ajax(settings).done(function (r) {});'],
    "XMLHttpRequest": ["var xhr = new XMLHttpRequest();\nxhr.open('GET', 'https://x');", "xhr.open('PUT', 'https://x')"],
    "HTTPie": ["http PUT api.example.com/x X-A:1", "https api.example.com", "http --form POST api.example.com a=1"],
    "wget": ["wget --header='X-A: 1' https://x", "$ wget https://x".removeprefix("$ ")],
    "Python": ["import requests\n\nrequests.get('https://x')", "requests.put('https://x', json={})", "import httpx",
               "httpx.get('https://x')", "from urllib.request import urlopen", "r = urllib.request.urlopen('https://x')"],
    "a HAR": ['{\n "log": {}}'],
    "a URL": ["https://api.example.com/x\n"],
    "a raw HTTP": ["GET /x HTTP/1.1\nHost: x\n"],
}  # fmt: skip


@pytest.mark.parametrize(("tool", "text"), [(tool, text) for tool, texts in TOOLS.items() for text in texts])
def test_other_tools_are_named(tool: str, text: str) -> None:
    text = pasted.clean(text)
    assert not jsfetch.is_fetch(text)
    other = pasted.other_tool(text)
    assert other is not None
    assert tool in other.what
    assert other.instead


@pytest.mark.parametrize(
    "text",
    [COMMAND, "curl https://x -d 'axios.get(1); import requests'", "curl 'https://x?a=^\"b'", "curl https://x -d '^'"],
)
def test_a_curl_command_is_no_other_tool(text: str) -> None:
    assert pasted.other_tool(pasted.clean(text)) is None


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("curl $>#%`~\n\\ '\"@:x"), max_size=80))
def test_cleaning_keeps_every_place(text: str) -> None:
    cleaned = pasted.clean(text)
    assert len(cleaned) == len(text)
    assert all(after in (before, " ") for before, after in zip(text, cleaned, strict=True))
