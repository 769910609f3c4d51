"""What the traps describe and what values can hold, in the real framework."""

from __future__ import annotations

import httpx
import pytest

from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.remedies.wanted import Wanted
from tests.diagnosis.remedies.cases import APP, EVIL, FULL, TOKEN, ask, available, fix
from tests.diagnosis.remedies.test_fix import ODD
from tests.servers.targets import server_of

pytestmark = pytest.mark.framework


@pytest.mark.parametrize("name", ["fastapi", "starlette"])
def test_the_variant_that_covers_unhandled_exceptions(name: str) -> None:
    """The middleware around the application."""
    target = available(name)
    text = fix(name, *FULL).replace("app.add_middleware(\n    CORSMiddleware,", "app = CORSMiddleware(\n    app,")
    assert "app = CORSMiddleware(" in text
    with server_of(target, text) as server:
        assert ask(server, "broken", credentials="include").verdict == "allowed"
        assert ask(server, "broken", origin=EVIL).verdict == "blocked"
        assert ask(server, method="PUT", headers=[TOKEN], credentials="include").verdict == "allowed"
        assert ask(server, method="PATCH").verdict == "blocked"


@pytest.mark.parametrize(("after", "verdict"), [(True, "allowed"), (False, "blocked")])
def test_in_rack_who_answers_exceptions_must_come_after_it(after: bool, verdict: str) -> None:
    target = available("rack")
    text, catcher = fix("rack", *FULL), "\nuse Rack::ShowExceptions\n"
    with server_of(target, text + catcher if after else catcher + text) as server:
        assert ask(server, "broken", credentials="include").verdict == verdict
        assert ask(server, "broken", origin=EVIL).verdict == "blocked"


def test_tomcat_behind_a_proxy_that_ends_tls_refuses_its_own_pages() -> None:
    """A POST is made with an Origin, which Tomcat compares with the URL that it sees itself."""
    with server_of(available("tomcat"), fix("tomcat", *FULL)) as server:
        for origin, status in (("https://api.example", 403), ("http://api.example", 405)):
            headers = {"Host": "api.example", "Origin": origin}
            assert httpx.post(f"{server.url}/data", headers=headers).status_code == status


@pytest.mark.parametrize("name", ["rack", "tomcat"])
def test_values_that_a_language_could_take_for_its_own(name: str) -> None:
    """Every character of a header's name; an origin that is none of the web's; a method with a hyphen."""
    target = available(name)
    wanted = Wanted((APP, "my-app+1://local.host"), ("PUT", "M-SEARCH"), (ODD,), (ODD,))
    with server_of(target, REMEDIES[name].code(wanted)) as server:
        for origin in wanted.origins:
            # The application has no M-SEARCH; an error that says so can be read.
            for method in wanted.methods:
                result = ask(server, origin=origin, method=method, headers=[(ODD, "1")])
                assert result.verdict == "allowed", result.findings
            answer = httpx.put(f"{server.url}/data", headers={"Origin": origin})
            assert answer.headers["Access-Control-Expose-Headers"] == ODD
        for origin in ("my-app+1://localxhost", "my-appp1://local.host", "xmy-app+1://local.host", "local.host"):
            answer = httpx.put(f"{server.url}/data", headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert ask(server, method="PUT", headers=[(f"{ODD}x", "1")]).verdict == "blocked"
