"""What is decided before anything is sent: fetch() that throws, headers that are dropped, ports, mixed content."""

from __future__ import annotations

from typing import Any

import pytest

from corscheck.diagnosis.console import console_text
from corscheck.protocol.agreement import all_engines_agree
from corscheck.protocol.blocking import BAD_PORTS, is_mixed_content
from corscheck.protocol.origin import parse_url
from tests.protocol.kit import PAGE, TARGET, ask, request, response


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"url": "not a url"}, "CORS101"),
        ({"url": "https://u@api.example/"}, "CORS102"),
        ({"url": "https://:p@api.example/"}, "CORS102"),
        ({"method": ""}, "CORS103"),
        ({"method": "GE T"}, "CORS103"),
        ({"method": "GÉT"}, "CORS103"),
        ({"method": "trace"}, "CORS104"),
        ({"method": "CONNECT"}, "CORS104"),
        ({"method": "Track"}, "CORS104"),
        ({"method": "put", "mode": "no-cors"}, "CORS105"),
        ({"headers": (("X A", "1"),)}, "CORS106"),
        ({"headers": (("", "1"),)}, "CORS106"),
        ({"headers": (("X-A", "a\nb"),)}, "CORS107"),
        ({"headers": (("X-A", "€"),)}, "CORS107"),
        ({"body": b"x"}, "CORS108"),
        ({"method": "head", "body": b""}, "CORS108"),
        ({"cache": "only-if-cached"}, "CORS109"),
    ],
)
def test_fetch_throws(more: dict[str, Any], code: str) -> None:
    outcome, sent = ask(request(**more), response(acao="*"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("invalid", code, [])
    assert [step.code for step in outcome.steps if step.decisive] == [code]
    assert outcome.response is None


def test_the_method_is_judged_before_the_headers_and_the_body() -> None:
    outcome, _ = ask(request(method="TRACE", headers=(("X A", "1"),), body=b"x"))
    assert outcome.failure is not None
    assert outcome.failure.code == "CORS104"


def test_forbidden_headers_are_dropped_and_named() -> None:
    headers = (("Cookie", "a=b"), ("X-A", "1"), ("sec-x", "2"), ("X-HTTP-Method", "trace"))
    outcome, sent = ask(request(headers=headers), response(204, acao="*", acah="x-a"), response(acao="*"))
    warned = [(step.header, step.code, step.status) for step in outcome.steps if step.code == "CORS120"]
    assert warned == [(name, "CORS120", "warn") for name in ("Cookie", "sec-x", "X-HTTP-Method")]
    assert outcome.author_headers == (("X-A", "1"),)
    assert sent[0].get("access-control-request-headers") == "x-a"
    assert [name for name, _ in sent[1].headers] == ["X-A", "Origin"]


def test_no_cors_drops_what_is_not_safelisted() -> None:
    headers = (("X-A", "1"), ("Accept", "text/html"), ("Content-Type", "application/json"))
    outcome, sent = ask(request(mode="no-cors", headers=headers), response())
    assert [step.header for step in outcome.steps if step.code == "CORS121"] == ["X-A", "Content-Type"]
    assert sent[0].headers == (("Accept", "text/html"),)
    assert outcome.response is not None
    assert (outcome.response.type, outcome.response.status, outcome.response.url) == ("opaque", 0, "")
    assert outcome.readable_headers == ()


def test_values_are_normalized_before_they_go_out() -> None:
    _, sent = ask(request(headers=(("Accept", " \n text/html\t"),)), response(acao="*"))
    assert sent[0].get("accept") == "text/html"


@pytest.mark.parametrize("port", [0, 1, 22, 6000, 6667, 10080])
def test_bad_ports(port: int) -> None:
    assert port in BAD_PORTS
    outcome, sent = ask(request(f"https://api.example:{port}/", method="PUT"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS201", [])


@pytest.mark.parametrize("port", [80, 443, 3000, 8000, 8080, 5432])
def test_good_ports(port: int) -> None:
    outcome, _ = ask(request(f"https://api.example:{port}/"), response(acao="*"))
    assert outcome.verdict == "allowed"


def test_a_bad_port_met_by_a_redirect() -> None:
    outcome, sent = ask(request(), response(302, acao="*", location="https://api.example:6000/"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, len(sent)) == ("blocked", "CORS201", 1)
    assert outcome.failure is not None
    assert outcome.failure.last_url == "https://api.example/x"


@pytest.mark.parametrize(
    ("page", "url", "mixed"),
    [
        ("https://app.example", "http://api.example/", True),
        ("https://app.example", "ws://api.example/", True),
        ("https://app.example", "https://api.example/", False),
        ("https://app.example", "http://localhost:8000/", False),
        ("https://app.example", "http://127.0.0.1/", False),
        ("https://app.example", "ftp://api.example/", False),
        ("http://app.example", "http://api.example/", False),
        ("null", "http://api.example/", False),
    ],
)
def test_mixed_content(page: str, url: str, mixed: bool) -> None:
    assert is_mixed_content(request(url, origin=page), parse_url(url)) is mixed


def test_mixed_content_blocks_before_anything_is_sent() -> None:
    outcome, sent = ask(request("http://api.example/", method="PUT"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS202", [])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/", "http://localhost/", "http://a.localhost/", "http://[::1]/", "http://127.1.2.3/"]
)
def test_loopback_is_mixed_content_to_webkit_alone(url: str) -> None:
    """Measured with WebKitGTK 2.50.6, Chromium 156 and Firefox 153."""
    for engine in ("standard", "chromium", "firefox"):
        outcome, sent = ask(request(url), response(acao="*"), engine=engine)
        assert (outcome.verdict, len(sent), all_engines_agree(outcome)) == ("allowed", 1, False)
    outcome, sent = ask(request(url), engine="webkit")
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS202", [])
    assert console_text(outcome) == (
        f"[blocked] The page at https://app.example/ requested insecure content from {url}. This content was blocked and "
        f"must\nNot allowed to request resource\nFetch API cannot load {url} due to access control checks."
    )


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkit"])
def test_what_is_named_before_a_bad_port_and_mixed_content(engine: str) -> None:
    """Measured in all three browsers: the mode, then mixed content, then the port."""
    both = "http://api.example:6000/"
    for asked, code in (
        (request(both), "CORS202"),
        (request(both, origin="http://app.example"), "CORS201"),
        (request(both, mode="no-cors"), "CORS202"),
        (request(both, mode="no-cors", redirect="manual"), "CORS205"),
        (request(both, mode="same-origin"), "CORS203"),
    ):
        outcome, sent = ask(asked, engine=engine)
        assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", code, [])


LOAD = "Fetch API cannot load {} due to access control checks."
AT = "http://api.example:6000/"


@pytest.mark.parametrize(
    ("page", "method", "location", "text"),
    [
        # The preflight of a redirect fails in words of its own, and without that preflight the request in others.
        ("http://app.example", "PUT", AT, f"CORS-preflight request was blocked\n{LOAD.format(AT)}"),
        ("http://app.example", "GET", AT, f"Not allowed to use restricted network port 6000: {AT}"),
        (PAGE, "PUT", AT, f"CORS-preflight request was blocked\n{LOAD.format(AT)}"),
        (
            PAGE,
            "GET",
            AT,
            (
                f"[blocked] The page at https://app.example/ requested insecure content from {AT}. This content was blocked and "
                f"must be served over HTTPS.\n{LOAD.format(TARGET)}"
            ),
        ),
        (
            PAGE,
            "GET",
            "http://a:b/",
            (
                "Cross-origin redirection to http://a:b/ denied by Cross-Origin Resource Sharing policy: not allowed to follow a "
                f"cross-origin CORS redirection with non CORS scheme\n{LOAD.format(TARGET)}"
            ),
        ),
    ],
)
def test_webkits_console_about_a_redirect_that_goes_nowhere(page: str, method: str, location: str, text: str) -> None:
    """Measured with WebKitGTK 2.50.6."""
    preflight = [response(204, acao="*", acam="PUT")] if method == "PUT" else []
    asked = request(origin=page, method=method)
    outcome, sent = ask(asked, *preflight, response(307, acao="*", location=location), engine="webkit")
    assert (outcome.verdict, len(sent)) == ("blocked", len(preflight) + 1)
    assert console_text(outcome) == text


@pytest.mark.parametrize(
    ("location", "start"),
    [
        ("", "Origin https://app.example is not allowed by Access-Control-Allow-Origin. Status code: 301\n"),
        (
            "http://a:b/",
            "Cross-origin redirection to http://a:b/ denied by Cross-Origin Resource Sharing policy: Origin",
        ),
    ],
)
def test_webkits_console_about_a_redirect_that_fails_the_check(location: str, start: str) -> None:
    """Measured with WebKitGTK 2.50.6."""
    outcome, _ = ask(request(), response(301, location=location), engine="webkit")
    assert (console_text(outcome) or "").startswith(start)


@pytest.mark.parametrize("acao", ["*", "https://b.example"])
@pytest.mark.parametrize("mode", ["follow", "manual", "error"])
def test_webkit_refuses_ftp_in_every_redirect_mode(mode: str, acao: str) -> None:
    """Measured with WebKitGTK 2.50.6, whether or not the answer passes the CORS check."""
    asked = request(redirect=mode)
    outcome, _ = ask(asked, response(302, acao=acao, location="ftp://a.example/"), engine="webkit")
    assert (outcome.verdict, outcome.failure and outcome.failure.code) == ("blocked", "CORS502")
    assert console_text(outcome) == f"FTP URLs are disabled\n{LOAD.format(TARGET)}"


@pytest.mark.parametrize(
    ("engine", "verdict"), [("chromium", "allowed"), ("firefox", "blocked"), ("webkit", "allowed")]
)
def test_empty_location_under_redirect_mode_error(engine: str, verdict: str) -> None:
    """Measured in all three browsers."""
    outcome, _ = ask(request(redirect="error"), response(303, acao="*", location=""), engine=engine)
    assert outcome.verdict == verdict


@pytest.mark.parametrize("url", ["ftp://a.example/", "file:///x", "foo:x", "blob:null/x", "about:blank"])
def test_webkits_console_about_other_schemes(url: str) -> None:
    """Measured with WebKitGTK 2.50.6."""
    outcome, _ = ask(request(url), engine="webkit")
    assert console_text(outcome) == f"Cross origin requests are only supported for HTTP.\n{LOAD.format(url)}"


def test_mode_same_origin() -> None:
    outcome, sent = ask(request(mode="same-origin"))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS203", [])
    redirected, sent = ask(
        request("https://app.example/x", mode="same-origin"), response(302, location="https://api.example/")
    )
    assert (redirected.verdict, redirected.failure and redirected.failure.code) == ("blocked", "CORS203")
    assert len(sent) == 1


@pytest.mark.parametrize(
    "scheme",
    ["ftp://api.example/", "file:///x", "foo:bar", "ws://localhost/", "wss://h/", "about:blank", "blob:https://h/x"],
)
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_other_schemes(scheme: str, mode: str) -> None:
    """No CORS for them, and without CORS the scheme fetch is a network error: nothing is sent."""
    outcome, sent = ask(request(scheme, mode=mode))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS204", [])


@pytest.mark.parametrize("mode", ["manual", "error"])
def test_no_cors_follows_redirects_or_fails(mode: str) -> None:
    outcome, sent = ask(request(mode="no-cors", redirect=mode))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS205", [])


def test_data_urls_are_read_without_a_server() -> None:
    outcome, sent = ask(request("data:text/plain,x"))
    assert (outcome.verdict, sent) == ("allowed", [])
    assert outcome.readable_headers == ("content-type",)


@pytest.mark.parametrize("url", ["ftp://h.example/x", "wss://h.example/x"])
def test_a_page_of_another_scheme_cannot_ask_its_own_origin(url: str) -> None:
    outcome, sent = ask(request(url, origin=url.removesuffix("/x")))
    assert (outcome.verdict, outcome.failure and outcome.failure.code, sent) == ("blocked", "CORS204", [])
