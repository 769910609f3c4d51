"""The guides: every detected stack leads somewhere, every guide names its documentation, and nobody pays for the texts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from corscheck.diagnosis import guides, stack
from corscheck.diagnosis.guides.guide import Guide
from corscheck.diagnosis.guides.registry import GUIDES, close, find, lookup, nearest
from corscheck.diagnosis.remedies import registry as remedies
from corscheck.model.values import ConfigError
from tests.diagnosis.failures import both
from tests.diagnosis.kit import API, APP, Reply, ask

SERVES = "runs an application, whose framework has the CORS; it has no CORS of its own"
NEITHER = {
    "Socket.IO for Python": "its one setting is named in the advice",
    "MCP server (Python SDK)": "its one setting is named in the advice",
    "AWS load balancer": "adds no CORS headers by itself: the server behind does",
    "Akamai": "its rules are the customer's, and nothing of them could be confirmed in public",
    "Daphne": SERVES,
    "Django's WSGI server": SERVES,
    "Fly.io": "hands requests to the application",
    "GitHub Pages": "has no configuration of headers",
    "Heroku": "hands requests to the application",
    "Hypercorn": SERVES,
    "Jetty": SERVES,
    "LiteSpeed": "reads Apache's configuration, but no test executes Apache's remedy in it",
    "Next.js": "its routes set headers in code of many kinds",
    "OpenResty": "is nginx with Lua, and the Lua may have the CORS",
    "Phusion Passenger": SERVES,
    "Tornado": "has no CORS layer: each handler sets headers",
    "WEBrick": SERVES,
    "Werkzeug": SERVES,
    "gunicorn": SERVES,
    "uvicorn": SERVES,
    "waitress": SERVES,
}
"""Stacks that detection names and that neither fix nor explain knows, and why."""

OPEN = Reply(200, ("Access-Control-Allow-Origin: *",))
NAMES = tuple(GUIDES)
PRIVATE = re.compile(r"(?i)/wor[k]/|/tmp/|(?<![/.])\blocalhost\b")


def test_every_file_is_a_guide() -> None:
    files = {path.stem for path in Path(guides.__path__[0]).glob("*.toml")}
    assert files == set(GUIDES)
    assert list(GUIDES) == sorted(GUIDES)


def test_a_misspelt_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown field `trap`"):
        msgspec.convert({**msgspec.to_builtins(GUIDES["s3"]), "trap": []}, Guide)


def test_every_stack_that_is_detected_leads_somewhere() -> None:
    detected = {t.name: t.fix for t in stack._TRAITS} | {w.name: w.fix for w in stack._BODIES}
    lost = {name for name, fix in detected.items() if not fix and name not in stack._GUIDES}
    assert lost - set(NEITHER) == set()
    assert set(NEITHER) <= set(detected), "a reason for what is never detected"
    assert set(stack._GUIDES) <= set(detected)
    assert set(stack._GUIDES.values()) <= set(NAMES)


def test_fix_and_explain_do_not_claim_the_same_name() -> None:
    called = {name for guide in GUIDES.values() for name in (guide.name, *guide.aliases)}
    assert called & (set(remedies.REMEDIES) | set(remedies._ALSO_CALLED)) == set()


def test_no_two_guides_are_called_the_same() -> None:
    called = [name for guide in GUIDES.values() for name in (guide.name, *guide.aliases)]
    assert sorted(set(called)) == sorted(called)
    assert [name for name in called if name != name.lower()] == []


@pytest.mark.parametrize("guide", GUIDES.values(), ids=lambda g: g.name)
def test_a_guide_says_something(guide: Guide) -> None:
    for address in (guide.source, *guide.more):
        assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+/\S+", address), address
    assert guide.snippets
    assert guide.signals
    assert guide.traps
    texts = [guide.owner, *guide.signals, *guide.traps, *guide.from_memory]
    for text in texts:
        assert len(text) > 30
        assert text.endswith("."), text
        assert "\n" not in text
    whole = "\n".join([*texts, *(s.code for s in guide.snippets)])
    assert not PRIVATE.search(whole)
    # Those that name a bucket's or a cluster's command apart have the origin in the snippet before.
    assert "https://app.example" in guide.snippets[0].code
    for snippet in guide.snippets:
        assert max(len(line) for line in snippet.code.split("\n")) <= 76
        assert snippet.code == snippet.code.strip("\n")
        assert snippet.label.endswith(":")


@pytest.mark.parametrize("guide", GUIDES.values(), ids=lambda g: g.name)
def test_every_snippet_that_is_json_is_json(guide: Guide) -> None:
    for snippet in guide.snippets:
        if snippet.code.startswith(("{\n", "[\n")):
            json.loads(snippet.code)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("spring", "spring"),
        ("SPRING", "spring"),
        ("Spring Boot", "spring"),
        (" api  gateway ", "api-gateway"),
        ("lambda", "api-gateway"),
        ("Istio", "envoy"),
        ("kubernetes", "ingress-nginx"),
        ("gcs", "gcp"),
        ("rs/cors", "go"),
        ("ASP.NET Core", "aspnet"),
        ("APIM", "azure"),
        ("web.config", "iis"),
    ],
)
def test_find(asked: str, name: str) -> None:
    assert find(asked).name == name
    assert lookup(asked) is find(asked)


def test_what_is_not_there_names_the_nearest_first() -> None:
    with pytest.raises(ConfigError, match=r"there is no guide for 'sprint'; available guides: spring, "):
        find("sprint")
    assert lookup("sprint") is None
    assert sorted(nearest("sprint")) == sorted(NAMES)
    assert close("cloudflar") == "cloudflare"
    assert close("kuberntes") == "ingress-nginx"
    assert close("gibberish") is None


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ("X-Powered-By: ASP.NET", "  corscheck explain iis"),
        ("Server: Microsoft-IIS/10.0", "  corscheck explain iis"),
        ("Server: Kestrel", "If this is ASP.NET Core:\n  corscheck explain aspnet"),
        ("X-Application-Context: app", "If this is Spring:\n  corscheck explain spring"),
        ("X-Powered-By: PHP/8.2.7", "  corscheck explain php"),
        ("Server: istio-envoy", "  corscheck explain envoy"),
        ("Server: kong/3.4.0", "  corscheck explain kong"),
        ("Via: 1.1 varnish", "  corscheck explain varnish"),
        ("X-Served-By: cache-ams-1", "If this is Fastly:\n  corscheck explain fastly"),
        ("Server: cloudflare", "  corscheck explain cloudflare"),
        ("Server: CloudFront", "  corscheck explain cloudfront"),
        ("Server: AmazonS3", "  corscheck explain s3"),
        ("apigw-requestid: abc=", "  corscheck explain api-gateway"),
        ("x-azure-ref: abc", "  corscheck explain azure"),
        ("Server: Google Frontend", "  corscheck explain gcp"),
        ("Server: Vercel", "  corscheck explain vercel"),
        ("Server: Netlify", "  corscheck explain netlify"),
    ],
)
def test_a_failing_probe_points_to_the_guide(line: str, pointer: str) -> None:
    seen = ask(both(Reply(405, (line,)), OPEN), method="PUT")
    advice = seen.findings[0].advice or ""
    assert advice.endswith(f"\n{pointer}")
    assert "corscheck fix" not in advice


def test_a_remedy_is_pointed_to_rather_than_a_guide_of_what_stands_before_it() -> None:
    lines = ("Server: cloudflare", "X-Powered-By: Express")
    seen = ask(both(Reply(405, lines), OPEN), method="PUT")
    assert f"corscheck fix --for express {API} --origin {APP}" in (seen.findings[0].advice or "")


def test_a_stack_without_a_guide_is_not_pointed_to() -> None:
    seen = ask(both(Reply(405, ("Server: gunicorn",)), OPEN), method="PUT")
    assert "corscheck explain" not in (seen.findings[0].advice or "")
