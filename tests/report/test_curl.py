"""The equal curl commands: what a shell makes of them is exactly what was meant."""

from __future__ import annotations

import subprocess

import pytest

from corscheck.report.formats.curl import CurlRequest, command, variable


def words(request: CurlRequest, show_secrets: bool = False, **environment: str) -> list[str]:
    """The words that bash makes of a command."""
    text = command(request, show_secrets=show_secrets)
    script = text[text.index("curl ") :].replace("curl", "printf '%s\\0'", 1)
    done = subprocess.run(
        ["bash", "-u", "-c", script], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin", **environment}
    )
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


def test_a_get() -> None:
    request = CurlRequest("GET", "http://x.example/a?b=c&d=[1]#f", (("Accept", "*/*"), ("User-Agent", "me")))
    assert words(request) == [
        "-sS", "-i", "-g", "--path-as-is", "http://x.example/a?b=c&d=[1]", "-H", "Accept: */*", "-H", "User-Agent: me",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        "a b", "it's", 'say "hi"', "$HOME", "`id`", "$(id)", "a;b|c&d", "\\", "!x", "*", "~", "#", "é", "a\tb", "-x",
        "'\"'\"'", "%s", "@file",
    ],
)  # fmt: skip
def test_quoting(value: str) -> None:
    request = CurlRequest("PUT", f"http://x.example/{value}", (("X-A", value),), body=value.encode())
    found = words(request)
    assert found[found.index("--path-as-is") + 1] == f"http://x.example/{value.partition('#')[0]}"
    # A header's character is a byte: what curl has to send is that byte, not its UTF-8.
    assert f"X-A: {value}".encode("latin-1").decode("utf-8", "surrogateescape") in found
    assert found[found.index("--data-raw") + 1] == value


@pytest.mark.parametrize("method", ["PUT", "patch", "M-SEARCH", "x'y"])
def test_methods(method: str) -> None:
    found = words(CurlRequest(method, "http://x.example/", ()))
    assert found[found.index("-X") + 1] == method


def test_head_and_options() -> None:
    assert "-I" in words(CurlRequest("HEAD", "http://x.example/", ()))
    assert "OPTIONS" in words(CurlRequest("OPTIONS", "http://x.example/", ()))
    # A GET with a body: curl would make it a POST by itself.
    assert "GET" in words(CurlRequest("GET", "http://x.example/", (), body=b"x"))


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Api-Key", "X-CSRF-Token", "Proxy-Authorization"])
def test_secrets_are_variables(name: str) -> None:
    request = CurlRequest("GET", "http://x.example/", ((name, "s3cr3t"),))
    assert "s3cr3t" not in command(request)
    assert f"{name}: from the environment" in words(request, **{variable(name): "from the environment"})
    assert f"{name}: s3cr3t" in words(request, show_secrets=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("X-Api-Key", "X_API_KEY"), ("authorization", "AUTHORIZATION"), ("2-token", "SECRET_2_TOKEN"), ("!!!", "SECRET")],
)
def test_variable(name: str, expected: str) -> None:
    assert variable(name) == expected


def test_a_secret_header_with_a_hostile_name() -> None:
    request = CurlRequest("GET", "http://x.example/", (("x-`id`$HOME'-token", "s"),))
    assert "x-`id`$HOME'-token: v" in words(request, **{variable("x-`id`$HOME'-token"): "v"})


def test_what_curl_would_add_is_taken_away() -> None:
    found = words(CurlRequest("POST", "http://x.example/", (), body=b"x"))
    assert found.count("-H") == 3
    assert {"User-Agent:", "Accept:", "Content-Type:"} <= set(found)


def test_an_empty_value() -> None:
    assert "X-A;" in words(CurlRequest("GET", "http://x.example/", (("X-A", ""),)))


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b", b"x" * 5000])
def test_bodies_that_fit_no_command_line(body: bytes) -> None:
    request = CurlRequest("POST", "http://x.example/", (), body=body)
    assert command(request).startswith(f"# body.bin: the {len(body)} bytes of the body\ncurl ")
    assert "@body.bin" in words(request)


def test_via() -> None:
    request = CurlRequest("GET", "https://api.example/x/y?z", (("Accept", "*/*"),), send_to="http://api:8000")
    found = words(request)
    assert "http://api:8000/x/y?z" in found
    assert "Host: api.example" in found
    assert words(CurlRequest("GET", "https://api.example?z", (), send_to="http://api:8000"))[4] == "http://api:8000/?z"


def test_network_options() -> None:
    request = CurlRequest(
        "GET", "http://x.example/", (), options=("-k", "--cacert", "/a b/c.pem", "--resolve", "a:1:::1")
    )
    assert words(request)[-5:] == ["-k", "--cacert", "/a b/c.pem", "--resolve", "a:1:::1"]


def test_secret_parameters_are_variables() -> None:
    request = CurlRequest("GET", "http://x.example/a?b=c&token=s3cret&api_key=k'ey&d='", ())
    assert "s3cret" not in command(request)
    found = words(request, TOKEN="a b", API_KEY="$x")
    assert found[found.index("--path-as-is") + 1] == "http://x.example/a?b=c&token=a b&api_key=$x&d='"
    assert "http://x.example/a?b=c&token=s3cret&api_key=k'ey&d='" in words(request, show_secrets=True)
