"""The production example, and the ways of sending elsewhere than the URL says."""

from __future__ import annotations

from tests.contract.matching import Has, Text
from tests.contract.row import APP, FILE, INCLUDE, JSON, TENANT, TOKEN, Row, ask, decided, kinds

ROWS = (
    Row(
        "production, with credentials: exposed headers can be read",
        ask("{production}/data", *INCLUDE, origin=APP),
        exit=0,
        verdicts=("allowed",),
        probe={
            "readable_headers": ["content-length", "content-type", "x-total-count"],
            "steps": Has({"header": Text("(?i)vary"), "status": "pass"}),
        },
    ),
    Row(
        "production, a matrix of methods: preflights only, cached for 600 seconds",
        ask("{production}/data", "-X", "PUT", "-X", "DELETE", *TENANT, *JSON, *INCLUDE, origin=APP),
        exit=0,
        verdicts=("allowed", "allowed"),
        probe={
            "complete": False,
            "preflight": {
                "because": ["method PUT", "header content-type", "header x-tenant"],
                "cache_seconds": {"chromium": 600, "standard": 600},
            },
            "exchanges": [
                {
                    "request": {
                        "headers": Has(["Access-Control-Request-Headers", "content-type,x-tenant"]),
                    }
                },
                {"held_back": True},
            ],
        },
        report={"summary": {"total": 2, "allowed_preflight_only": 2}},
    ),
    Row(
        "production, strangers: blocked as expected",
        (
            *ask("{production}/data", origin="http://app.example.com"),
            *("--origin", "https://app.example.com.evil.example", "--origin", "null", "--expect", "blocked"),
        ),
        exit=0,
        verdicts=("blocked", "blocked", "blocked"),
    ),
    Row(
        "production, PATCH",
        ask("{production}/data", "-X", "PATCH", origin=APP),
        exit=1,
        verdicts=("blocked",),
        probe={"preflight": {"because": ["method PATCH"]}},
    ),
    Row(
        "production, a header not on the list, expected allowed",
        ask("{production}/data", "-H", "X-Debug: 1", "--expect", "allowed", origin=APP),
        exit=1,
        verdicts=("blocked",),
        probe=decided("CORS401", "preflight:8"),
    ),
    Row(
        "production, upload with a token and cookies",
        ask("{production}/upload", *FILE, *TOKEN, *INCLUDE, origin=APP),
        exit=0,
        verdicts=("allowed",),
        probe={
            **kinds("preflight", "actual"),
            "complete": True,
            "preflight": {"because": ["header authorization"]},
            "response": {"status": 200},
        },
    ),
    Row(
        "--via: judged as written, sent elsewhere",
        ask("https://api.example.com/data", "--via", "{production}", origin=APP),
        exit=0,
        verdicts=("allowed",),
        probe={"url": "https://api.example.com/data", "response": {"status": 200}},
    ),
    Row(
        "--resolve: the name of the URL, another address",
        ask("http://api.example.com:{cors_port}/data", "--resolve", "api.example.com:{cors_port}:127.0.0.1"),
        exit=0,
        verdicts=("allowed",),
        probe={"url": Text(r"^http://api\.example\.com:\d+/data$"), "response": {"status": 200}},
    ),
    Row(
        "--connect-to: the same by curl's other option",
        ask("http://api.example.com/data", "--connect-to", "::127.0.0.1:{cors_port}"),
        exit=0,
        verdicts=("allowed",),
        probe={"url": "http://api.example.com/data", "response": {"status": 200}},
    ),
    Row(
        "--wait-for a server that is there already",
        ask("{production}/data", "--wait-for", "10", origin=APP),
        exit=0,
        verdicts=("allowed",),
    ),
)
