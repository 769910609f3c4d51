"""Where the first thing that comes to mind is wrong: the cause and the advice that hold instead."""

from __future__ import annotations

from tests.diagnosis.failures import ALLOW, GOOD, LISTS, PAGE, TRUE
from tests.diagnosis.kit import Asked, Reply, ask


def test_a_header_set_twice_is_seen_from_an_error_without_it() -> None:
    """Two layers add the header to what succeeds, and an error bypasses both: the origin itself is listed."""

    doubled = (ALLOW, "Access-Control-Allow-Origin: *", *LISTS[1:], TRUE)
    seen = ask(
        lambda asked: Reply(204, doubled) if asked.method == "OPTIONS" else Reply(500, body="Internal Server Error"),
        origin=PAGE,
        url="http://127.0.0.1/boom",
    )
    first = seen.findings[0]
    assert first.code == "CORS608"
    assert first.message == (
        f"This 500 X bypasses CORS, and in other responses Access-Control-Allow-Origin appears 2 times "
        f"({PAGE}, *): two layers add it."
    )


def test_a_redirect_to_a_url_that_is_blocked_too() -> None:
    """Asking for the URL with the slash helps only once CORS is configured for it."""

    def server(asked: Asked) -> Reply:
        return Reply(200) if asked.url.endswith("/") else Reply(307, (f"Location: {asked.url}/",))

    first = ask(server, origin=PAGE, url="http://127.0.0.1/data", method="PUT").findings[0]
    assert first.code == "CORS605"
    assert first.advice == (
        "Request http://127.0.0.1/data/ instead, or disable the redirect. Then configure CORS for that URL."
    )

    def healthy(asked: Asked) -> Reply:
        if not asked.url.endswith("/"):
            return Reply(307, (f"Location: {asked.url}/",))
        return GOOD if asked.preflight else Reply(200, (ALLOW,))

    first = ask(healthy, origin=PAGE, url="http://127.0.0.1/data", method="PUT").findings[0]
    assert first.advice == "Request http://127.0.0.1/data/ instead, or disable the redirect."


def test_a_login_in_front_of_a_simple_request() -> None:
    """The request is refused, not the preflight: to exempt OPTIONS would not give the refusal a CORS header."""
    refusal = Reply(401, ("WWW-Authenticate: Bearer",))
    first = ask(lambda _: refusal, origin=PAGE, url="http://127.0.0.1/data").findings[0]
    assert first.code == "CORS601"
    assert first.advice is not None
    assert "outside authentication" in first.advice
    assert "OPTIONS" not in first.advice
