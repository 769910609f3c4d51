"""Wrong arguments: each is a ConfigError that names the option and the value, and says why and what to do."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corscheck
from corscheck import ConfigError, Probe
from corscheck.api.arguments import checked_probe, make_probe
from tests.servers.raw import OK, READ, RawServer

PAGE = "https://app.example"
URL = "http://localhost:1/"
NAN, INFINITE = float("nan"), float("inf")

# The wrong arguments, the option at fault, what the reason says, and what the hint says.
WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    # names
    ({"foo": 1}, "foo", "has no such option", "It takes"),
    ({"timout": 1}, "timout", "has no such option", "Did you mean 'timeout'?"),
    ({"max_time": 1}, "max_time", "has no such option", ""),
    # numbers
    ({"timeout": "5"}, "timeout", "expected a number of seconds", "timeout=5.0"),
    ({"timeout": None}, "timeout", "expected a number of seconds", "timeout=5.0"),
    ({"timeout": True}, "timeout", "expected a number of seconds", "timeout=5.0"),
    ({"timeout": 0}, "timeout", "more than 0 seconds", "timeout=5.0"),
    ({"timeout": -1}, "timeout", "more than 0 seconds", "timeout=5.0"),
    ({"timeout": NAN}, "timeout", "finite", "timeout=5.0"),
    ({"timeout": INFINITE}, "timeout", "finite", "timeout=5.0"),
    ({"timeout": -INFINITE}, "timeout", "finite", "timeout=5.0"),
    ({"timeout": 10**400}, "timeout", "at most", "timeout=5.0"),
    ({"wait_for": -1}, "wait_for", "0 or more seconds", "wait_for="),
    ({"wait_for": NAN}, "wait_for", "finite", "wait_for="),
    ({"wait_for": "30"}, "wait_for", "expected a number of seconds", "wait_for="),
    ({"rate": 0}, "rate", "more than 0 requests per second", "rate="),
    ({"rate": "10/s"}, "rate", "expected a number of requests per second", "rate="),
    ({"rate": 1e-300}, "rate", "expected at least 1e-06 requests per second", "rate="),
    ({"retry": -1}, "retry", "0 or more", "retry="),
    ({"retry": 1.5}, "retry", "whole number", "retry="),
    ({"retry": True}, "retry", "whole number", "retry="),
    ({"ip_version": 5}, "ip_version", "4 or 6", "ip_version=4"),
    # one of several words
    ({"credentials": "same_origin"}, "credentials", "expected 'omit'", "Did you mean credentials='same-origin'?"),
    ({"credentials": "Include"}, "credentials", "expected 'omit'", "Did you mean credentials='include'?"),
    ({"credentials": ["include"]}, "credentials", "expected 'omit'", "credentials="),
    ({"redirect": "folow"}, "redirect", "'follow'", "Did you mean redirect='follow'?"),
    ({"mode": "navigate"}, "mode", "'cors'", "mode="),
    ({"cache": "nostore"}, "cache", "'no-store'", "Did you mean cache='no-store'?"),
    ({"engine": "chrome"}, "engine", "'chromium'", "Did you mean engine='chromium'?"),
    ({"engine": 1}, "engine", "'chromium'", "engine="),
    ({"send": "alway"}, "send", "'always'", "Did you mean send='always'?"),
    ({"expected": "alowed"}, "expected", "'allowed'", "Did you mean expected='allowed'?"),
    ({"transport": "libcurl"}, "transport", "'curl'", "transport="),
    ({"gate": "chromum"}, "gate", "'chromium'", "Did you mean gate='chromium'?"),
    ({"gate": ["chromium", "firefux"]}, "gate", "'firefox'", "Did you mean gate='firefox'?"),
    ({"gate": []}, "gate", "at least one", "Leave gate out"),
    ({"gate": 7}, "gate", "got an int", "gate=["),
    ({"gate": {"chromium": True}}, "gate", "got a dict", "gate=["),
    # texts
    ({"origin": None}, "origin", "got None", "https://app.example"),
    ({"origin": b"https://a.example"}, "origin", "got a bytes", "https://app.example"),
    ({"origin": "app.example"}, "origin", "no scheme", "Did you mean 'https://app.example'?"),
    ({"origin": "https://app.example/"}, "origin", "slash", "Did you mean 'https://app.example'?"),
    ({"origin": "*"}, "origin", "not the origin of a page", "https://app.example"),
    ({"method": None}, "method", "expected a string", "method='PUT'"),
    ({"via": "localhost"}, "via", "a scheme, a host and a port", "via='http://"),
    ({"via": "http://localhost/api"}, "via", "no path", "via='http://"),
    ({"via": 8000}, "via", "a scheme, a host and a port", "via='http://"),
    ({"cookies": {"a": "1"}}, "cookies", "got a dict", "name=value"),
    ({"auth": "user:password"}, "auth", "got a str", "auth=('user', 'password')"),
    ({"auth": ("user",)}, "auth", "got a tuple of 1", "auth=('user', 'password')"),
    ({"auth": ("user", 1)}, "auth", "must be strings", "auth=('user', 'password')"),
    ({"body": {"a": 1}}, "body", "got a dict", "json.dumps"),
    ({"body": 1}, "body", "got an int", "bytes"),
    ({"user_agent": 1}, "user_agent", "expected a string", "user_agent="),
    # headers
    ({"headers": "X-Tenant: 7"}, "headers", "got a str", "headers={'X-Tenant': '7'}"),
    ({"headers": b"X-Tenant: 7"}, "headers", "got a bytes", "headers={'X-Tenant': '7'}"),
    ({"headers": None}, "headers", "got None", "headers={'X-Tenant': '7'}"),
    ({"headers": ["TE"]}, "headers", "header 1 is not a pair of two strings but a str", "headers={'X-Tenant': '7'}"),
    ({"headers": [("A", "1"), ("B",)]}, "headers", "header 2 is not a pair", "headers={'X-Tenant': '7'}"),
    ({"headers": [("A", "1", "2")]}, "headers", "a tuple of 3", "headers={'X-Tenant': '7'}"),
    ({"headers": [{"A", "1"}]}, "headers", "a set", "headers={'X-Tenant': '7'}"),
    ({"headers": {"X-Tenant": 7}}, "headers", "'X-Tenant', is not a string but an int", "headers={'X-Tenant': '7'}"),
    ({"headers": {7: "7"}}, "headers", "the name of header 1", "headers={'X-Tenant': '7'}"),
    # switches, files, the network
    ({"verify": "no"}, "verify", "True or False", "verify=False"),
    ({"http2": 1}, "http2", "True or False", "http2=True"),
    ({"show_secrets": None}, "show_secrets", "True or False", "show_secrets="),
    ({"diagnose": "yes"}, "diagnose", "True or False", "diagnose="),
    ({"cacert": b"ca.pem"}, "cacert", "expected a path", "pathlib.Path"),
    ({"cacert": "nowhere.pem"}, "cacert", "no such file", ""),
    ({"key": __file__}, "key", "client certificate", "cert="),
    ({"unix_socket": 1}, "unix_socket", "expected a path", "pathlib.Path"),
    ({"proxy": "socks5://proxy.example"}, "proxy", "http or https URL", "SOCKS"),
    ({"connect_to": "localhost"}, "connect_to", "HOST1:PORT1:HOST2:PORT2", "IPv6"),
    ({"connect_to": ("a:99999:b:1",)}, "connect_to", "99999 is not a port", ""),
    ({"connect_to": 1}, "connect_to", "got an int", "connect_to=["),
    ({"resolve": ["a.example:443:b.example"]}, "resolve", "not an IP address", "HOST:PORT:ADDRESS"),
    # an application
    ({"app": {}}, "app", "neither an ASGI nor a WSGI application", "Pass the application itself"),
    ({"app": print, "via": "http://localhost:1"}, "via", "exclude each other", "Leave one of them out"),
]


def by_probe(**options: Any) -> None:
    corscheck.probe(URL, **{"origin": PAGE, **options})


def by_aprobe(**options: Any) -> None:
    asyncio.run(corscheck.aprobe(URL, **{"origin": PAGE, **options}))


def by_probe_many(**options: Any) -> None:
    list(corscheck.probe_many([URL], **{"origin": PAGE, **options}))


ASKED = [
    (*row, ask)
    for row in WRONG
    for ask in (by_probe, by_aprobe, by_probe_many)
    if ask is not by_probe_many or row[0].get("origin", "") is not None  # probe_many can do without an origin
]


@pytest.mark.parametrize(
    ("options", "option", "reason", "hint", "ask"),
    ASKED,
    # By number: a set in an id would have another one in each process of a run.
    ids=[f"{number}-{row[1]}-{row[-1].__name__}" for number, row in enumerate(ASKED)],
)
def test_a_wrong_argument(
    options: dict[str, Any], option: str, reason: str, hint: str, ask: Callable[..., None]
) -> None:
    with pytest.raises(ConfigError) as raised:
        ask(**options)
    error = raised.value
    assert error.option == option
    assert reason in (error.reason or "")
    assert hint in (error.hint or "")
    asked = options[option]
    items = list(asked) if isinstance(asked, list | tuple) else []
    assert error.value is asked or error.value == asked or error.value in items
    # In three parts: what is wrong, why, and what to do.
    assert option in str(error)
    assert str(error.reason) in str(error)
    assert (error.hint or "") in str(error)


@pytest.mark.parametrize("ask", [by_probe, by_aprobe, by_probe_many])
def test_a_message_has_three_parts(ask: Callable[..., None]) -> None:
    with pytest.raises(ConfigError) as raised:
        ask(timeout="5")
    assert str(raised.value) == "Invalid timeout '5': expected a number of seconds. Pass a float, e.g. timeout=5.0."


def test_a_url_must_be_a_string() -> None:
    for wrong in (None, 1, b"http://localhost/", ["http://localhost/"]):
        with pytest.raises(ConfigError, match="Invalid url ") as raised:
            corscheck.probe(wrong, origin=PAGE)  # type: ignore[arg-type]
        assert (raised.value.option, raised.value.value) == ("url", wrong)
    # What a browser does with an invalid URL is a verdict.
    assert corscheck.probe("no URL", origin=PAGE).verdict == "invalid"


def test_an_origin_is_needed() -> None:
    for function in (corscheck.probe, lambda url: asyncio.run(corscheck.aprobe(url))):
        with pytest.raises(ConfigError, match="Missing origin") as raised:
            function(URL)
        assert raised.value.option == "origin"
    with pytest.raises(ConfigError, match="Missing origin"):
        corscheck.Page()  # type: ignore[call-arg]


def test_a_coroutine_raises_when_it_is_awaited() -> None:
    coroutine = corscheck.aprobe(URL, foo=1)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="Unknown option 'foo'"):
        asyncio.run(coroutine)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"headers": ["Authorization: Bearer s3cret"]}, "s3cret"),
        ({"auth": "user:s3cret"}, "s3cret"),
        ({"cookies": ["session=s3cret"]}, "s3cret"),
        ({"body": ["s3cret"]}, "s3cret"),
        ({"proxy": "socks5://user:s3cret@proxy.example"}, "s3cret"),
    ],
)
def test_no_secret_is_in_a_message(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        by_probe(**options)
    assert text not in str(raised.value)
    assert text in str(raised.value.value), "a program may look at what it gave"


def test_what_fails_only_when_it_is_used_names_its_option_too(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with RawServer([READ, OK]) as server, pytest.raises(ConfigError, match="Invalid cacert ") as raised:
        corscheck.probe(server.url(scheme="https"), origin=PAGE, cacert=empty, transport="httpx")
    assert (raised.value.option, raised.value.value) == ("cacert", str(empty))


def test_a_page_says_where_an_option_belongs() -> None:
    with corscheck.Page(origin=PAGE) as page:
        for name, value in (("origin", PAGE), ("engine", "firefox"), ("timeout", 1.0), ("app", print)):
            with pytest.raises(ConfigError, match=f"Pass {name} to corscheck.Page") as raised:
                page.fetch(URL, **{name: value})  # type: ignore[arg-type]
            assert (raised.value.option, raised.value.value) == (name, value)
        with pytest.raises(ConfigError, match="Did you mean 'method'"):
            page.fetch(URL, metod="PUT")  # type: ignore[call-arg]
        with pytest.raises(ConfigError, match="Invalid method"):
            page.fetch(URL, method=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"Page\(\) has no such option"):
        corscheck.Page(origin=PAGE, method="PUT")  # type: ignore[call-arg]


def test_headers_are_a_mapping_or_pairs() -> None:
    expected = (("TE", "trailers"), ("X-Tenant", "7"))
    asked: list[Any] = [
        {"TE": "trailers", "X-Tenant": "7"},
        [("TE", "trailers"), ("X-Tenant", "7")],
        (["TE", "trailers"], ["X-Tenant", "7"]),
        iter([("TE", "trailers"), ("X-Tenant", "7")]),
        {"TE": "trailers", "X-Tenant": "7"}.items(),
    ]
    for headers in asked:
        assert make_probe(URL, origin=PAGE, headers=headers).headers == expected
    twice = [("X-A", "1"), ("X-A", "2")]
    assert make_probe(URL, origin=PAGE, headers=twice).headers == (("X-A", "1"), ("X-A", "2"))
    assert make_probe(URL, origin=PAGE, headers={}).headers == ()


def test_headers_of_a_mapping_go_out_as_they_are() -> None:
    with RawServer([READ, OK]) as server:
        corscheck.probe(server.url(), origin=PAGE, headers={"Accept-Language": "de", "Accept": "text/csv"})
    head = server.requests[0].decode().lower()
    assert "\r\naccept-language: de\r\n" in head
    assert "\r\naccept: text/csv\r\n" in head


def test_a_single_string_stands_for_a_list_of_one() -> None:
    assert make_probe(URL, origin=PAGE, gate="firefox").gate == ("firefox",)
    assert make_probe(URL, origin=PAGE, gate=["firefox"]).gate == ("firefox",)
    assert make_probe("https://api.example/", origin=PAGE).gate == ("chromium", "firefox", "webkit")


@pytest.mark.parametrize(
    ("url", "origin", "all_three"),
    [
        ("http://127.0.0.1:8000/", "https://app.example", False),
        ("http://localhost:8000/", "https://app.example", False),
        ("http://app.localhost/", "https://app.example", False),
        ("http://localhost:8000/", "http://localhost:3000", True),
        ("https://localhost:8000/", "https://app.example", True),
        ("http://api.example/", "https://app.example", True),
        ("http://localhost:8000/", "null", True),
    ],
)
def test_webkit_does_not_decide_about_loopback_on_https_pages(url: str, origin: str, all_three: bool) -> None:
    """It calls that mixed content, which says nothing about the server that is being tested."""
    assert make_probe(url, origin=origin).gate == ("chromium", "firefox", "webkit")[: 3 if all_three else 2]
    assert make_probe(url, origin=origin, gate=["webkit"]).gate == ("webkit",)
    with RawServer([READ, OK]) as server:
        there = f"api.example:80:127.0.0.1:{server.port}"
        result = corscheck.probe("http://api.example/", origin="http://app.example", connect_to=there, proxy="")
    assert result.error is None
    assert len(server.requests) == 1


def test_a_config_error_of_one_text() -> None:
    error = ConfigError("text")
    assert str(error) == "text"
    assert (error.option, error.value, error.reason, error.hint) == (None, None, None, None)
    assert isinstance(error, ValueError)


def test_a_config_error_is_pickled_with_its_parts() -> None:
    with pytest.raises(ConfigError) as raised:
        by_probe(timeout="5")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert type(copy) is ConfigError
    assert str(copy) == str(raised.value)
    assert vars(copy) == vars(raised.value)


def test_the_parts_of_a_ready_made_probe_are_checked() -> None:
    wrong = Probe(url=URL, origin="app.example")
    with pytest.raises(ConfigError, match=r"Invalid origin 'app\.example'"):
        next(corscheck.probe_many([wrong]))


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("headers", [("X-A", "b")], (("X-A", "b"),)),
        ("headers", {"X-A": "b"}, (("X-A", "b"),)),
        ("gate", ["webkit"], ("webkit",)),
        ("body", bytearray(b"x"), b"x"),
        ("body", "x", b"x"),
        ("secret_headers", ["X-A"], None),
        ("secret_headers", {"X-A"}, None),
    ],
)
def test_a_ready_made_probe_may_have_what_a_keyword_may(field: str, given: Any, kept: Any) -> None:
    probe = checked_probe(Probe(url=URL, origin="http://localhost:3000", **{field: given}))
    hash(probe)
    assert kept is None or getattr(probe, field) == kept


def test_a_ready_made_probe_is_kept_as_it_is() -> None:
    probe = Probe(
        url=URL, origin="http://localhost:3000", method="PUT", headers=(("X-A", "b"),), credentials="include", body=b"x", user="a",
        password="b", gate=("webkit",), engine="firefox", send="always", index=7, redirect="error",
    )  # fmt: skip
    assert checked_probe(probe) == probe
