"""The FastAPI applications without CORS and for a page on localhost: what their docstrings claim, and more."""

from __future__ import annotations

from tests.contract.matching import Has, Lacks, Text
from tests.contract.row import FILE, INCLUDE, JSON, PAGE, TENANT, TOKEN, Row, ask, decided, kinds

NO_CORS = (
    Row(
        "no CORS, GET: blocked for want of Allow-Origin",
        ask("{no_cors}/data"),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS301", "cors-check:2"),
            **kinds("actual"),
            "preflight": {"needed": False, "because": [], "sent": False},
            "passed": False,
            "expected": "allowed",
            "readable_headers": [],
            "response": None,
            "console": {"chromium": Text(r"has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header")},
        },
        report={"schema_version": "1.0", "tool": {"name": "corscheck"}, "summary": {"total": 1, "blocked": 1}},
    ),
    Row(
        "no CORS, PUT with a header: the preflight fails and nothing follows it",
        ask("{no_cors}/data", "-X", "PUT", *TENANT),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS301", "cors-check:2"),
            "preflight": {"needed": True, "because": ["method PUT", "header x-tenant"], "sent": True},
            "exchanges": [
                {
                    "kind": "preflight",
                    "request": {
                        "method": "OPTIONS",
                        "headers": Has(["Access-Control-Request-Headers", "x-tenant"]),
                    },
                    "response": {"status": 405},
                }
            ],
        },
    ),
    Row(
        "no CORS, upload: blocked, and yet it reached the server",
        ask("{no_cors}/upload", *FILE),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS301", "cors-check:2"),
            "method": "POST",
            "preflight": {"needed": False},
            "exchanges": [{"kind": "actual", "request": {"method": "POST"}, "response": {"status": 200}}],
        },
    ),
    Row(
        "no CORS, blocked as expected",
        ask("{no_cors}/data", "--expect", "blocked"),
        exit=0,
        verdicts=("blocked",),
        probe={"expected": "blocked", "passed": True},
    ),
    Row(
        "the same origin: CORS is not involved",
        ask("{no_cors}/data", origin="{no_cors}"),
        exit=0,
        verdicts=("allowed",),
        probe={
            "response": {"type": "basic", "status": 200},
            "preflight": {"needed": False},
            "readable_headers": Has("x-total-count"),
            "exchanges": [{"request": {"headers": Lacks([Text("(?i)^origin$"), Text("")])}}],
        },
    ),
    Row(
        "the same origin, PUT: no preflight; held back, so nothing to judge by",
        ask("{no_cors}/data", "-X", "PUT", origin="{no_cors}"),
        exit=3,
        verdicts=("inconclusive",),
        probe={"preflight": {"needed": False, "sent": False}, "reason": {"code": "CORS910"}},
    ),
)

CORS = (
    Row(
        "CORS for the page, GET: allowed, and what is not exposed cannot be read",
        ask("{cors}/data"),
        exit=0,
        verdicts=("allowed",),
        probe={
            **kinds("actual"),
            "complete": True,
            "passed": True,
            "reason": None,
            "error": None,
            "response": {"type": "cors", "status": 200, "redirected": False},
            "readable_headers": ["content-length", "content-type"],
            "engines": {
                "standard": {"verdict": "allowed", "basis": "text"},
                "chromium": {"verdict": "allowed", "basis": "recorded"},
            },
            "console": {"chromium": None},
        },
    ),
    Row(
        "CORS for the page, a header not on the list: Starlette answers 400",
        ask("{cors}/data", "-X", "PUT", *TENANT),
        exit=1,
        verdicts=("blocked",),
        probe={
            **decided("CORS401", "preflight:8"),
            **kinds("preflight"),
            "console": {"chromium": Text(r"It does not have HTTP ok status\.$")},
            "steps": Has({"step": Text(r"^preflight:7\.7"), "status": "fail"}),
        },
    ),
    Row(
        "CORS for the page, a method not on the list",
        ask("{cors}/data", "-X", "DELETE"),
        exit=1,
        verdicts=("blocked",),
        probe={**decided("CORS401", "preflight:8"), "preflight": {"because": ["method DELETE"]}},
    ),
    Row(
        "a bearer token: preflighted, allowed, and never in the report",
        ask("{cors}/me", *TOKEN),
        exit=0,
        verdicts=("allowed",),
        probe={
            "preflight": {"needed": True, "because": ["header authorization"], "sent": True},
            "exchanges": [
                {
                    "kind": "preflight",
                    "request": {"headers": Has(["Access-Control-Request-Headers", "authorization"])},
                },
                {"kind": "actual", "response": {"status": 200}},
            ],
        },
        unsaid=("secret-token",),
    ),
    Row(
        "an error answer with the right headers can be read",
        ask("{cors}/me"),
        exit=0,
        verdicts=("allowed",),
        probe={"response": {"status": 401}, "preflight": {"needed": False}},
    ),
    Row(
        "an upload: multipart/form-data is safelisted",
        ask("{cors}/upload", *FILE),
        exit=0,
        verdicts=("allowed",),
        probe={
            "complete": True,
            "preflight": {"needed": False},
            "exchanges": [{"kind": "actual", "request": {"method": "POST"}, "response": {"status": 200}}],
        },
    ),
    Row(
        "another spelling of the same machine is another origin",
        ask("{cors}/data", origin="http://127.0.0.1:3000"),
        exit=1,
        verdicts=("blocked",),
        probe=decided("CORS301", "cors-check:2"),
    ),
    Row(
        "credentials include: Allow-Credentials is missing",
        ask("{cors}/data", *INCLUDE),
        exit=1,
        verdicts=("blocked",),
        probe=decided("CORS307", "cors-check:8"),
    ),
    Row(
        "credentials omit",
        ask("{cors}/data", "--credentials", "omit"),
        exit=0,
        verdicts=("allowed",),
        probe={"credentials": "omit"},
    ),
    Row(
        "-u given alone implies include, and the password stays secret",
        ask("{cors}/data", "-u", "ada:pass-word"),
        exit=1,
        verdicts=("blocked",),
        probe={"credentials": "include", **decided("CORS307", "cors-check:8")},
        unsaid=("pass-word", "YWRhOnBhc3Mtd29yZA"),
    ),
    Row(
        "-b given alone implies include",
        ask("{cors}/data", "-b", "session=secret-cookie"),
        exit=1,
        verdicts=("blocked",),
        probe={"credentials": "include"},
        unsaid=("secret-cookie",),
    ),
    Row(
        "-u with credentials omit: not sent",
        ask("{cors}/data", "-u", "ada:pass-word", "--credentials", "omit"),
        exit=0,
        verdicts=("allowed",),
        probe={
            "credentials": "omit",
            "exchanges": [{"request": {"headers": Lacks([Text("(?i)^authorization$"), Text("")])}}],
        },
        unsaid=("pass-word",),
    ),
    Row(
        "PUT is held back after a good preflight: allowed, not complete",
        ask("{cors}/data", "-X", "PUT"),
        exit=0,
        verdicts=("allowed",),
        probe={
            "complete": False,
            "passed": True,
            "send": "auto",
            "response": None,
            "exchanges": [
                {"kind": "preflight", "response": {"status": 200}},
                {"kind": "actual", "response": None, "held_back": True},
            ],
        },
        report={"summary": {"allowed": 1, "allowed_preflight_only": 1}},
    ),
    Row(
        "--complete does not take a preflight for the whole",
        ask("{cors}/data", "-X", "PUT", "--complete"),
        exit=3,
        verdicts=("allowed",),
        probe={"complete": False},
    ),
    Row(
        "--send always sends the PUT",
        ask("{cors}/data", "-X", "PUT", "--send", "always"),
        exit=0,
        verdicts=("allowed",),
        probe={**kinds("preflight", "actual"), "complete": True, "response": {"status": 422}},
    ),
    Row(
        "--send never judges by the preflight alone",
        ask("{cors}/me", *TOKEN, "--send", "never"),
        exit=0,
        verdicts=("allowed",),
        probe={"complete": False, "send": "never"},
    ),
    Row(
        "--send never, and no preflight: nothing to judge by",
        ask("{cors}/data", "--send", "never"),
        exit=3,
        verdicts=("inconclusive",),
        probe={"reason": {"code": "CORS910", "step": "held-back"}},
    ),
    Row(
        "a simple POST is held back: nothing to judge by",
        ask("{cors}/upload", "-X", "POST"),
        exit=3,
        verdicts=("inconclusive",),
        probe={"reason": {"code": "CORS910", "step": "held-back"}, "preflight": {"needed": False}},
    ),
    Row(
        "-d makes it a POST of text/plain, asked for and therefore sent",
        ask("{cors}/upload", "-d", "hello"),
        exit=0,
        verdicts=("allowed",),
        probe={
            "method": "POST",
            "body": 5,
            "complete": True,
            "preflight": {"needed": False},
            "exchanges": [
                {"request": {"method": "POST", "headers": Has(["Content-Type", "text/plain;charset=UTF-8"])}}
            ],
        },
    ),
    Row(
        "-d with JSON: application/json is not safelisted by its type",
        ask("{cors}/upload", "-d", "{}", *JSON),
        exit=0,
        verdicts=("allowed",),
        probe={"preflight": {"needed": True, "because": ["header content-type"]}},
    ),
    Row(
        "put is normalised to PUT",
        ask("{cors}/data", "-X", "put"),
        exit=0,
        verdicts=("allowed",),
        probe={"exchanges": [{"request": {"headers": Has(["Access-Control-Request-Method", "PUT"])}}, {}]},
    ),
    Row(
        "patch is not normalised",
        ask("{cors}/data", "-X", "patch"),
        exit=1,
        verdicts=("blocked",),
        probe={"exchanges": [{"request": {"headers": Has(["Access-Control-Request-Method", "patch"])}}]},
    ),
    Row(
        "a forbidden header is dropped, and said",
        ask("{cors}/data", "-H", "Cookie: a=b"),
        exit=0,
        verdicts=("allowed",),
        probe={"preflight": {"needed": False}, "steps": Has({"status": "warn", "code": "CORS120"})},
    ),
    Row(
        "a header file",
        ask("{cors}/me", "-H", "@{tmp}/headers.txt"),
        exit=0,
        verdicts=("allowed",),
        probe={"preflight": {"because": ["header authorization"]}, "response": {"status": 200}},
        unsaid=("secret-token",),
    ),
    Row(
        "a matrix of origins: one of two is blocked",
        ("probe", "{cors}/data", "--origin", PAGE, "--origin", "https://evil.example"),
        exit=1,
        verdicts=("allowed", "blocked"),
        report={"probes": [{"origin": PAGE, "index": 0}, {"origin": "https://evil.example", "index": 1}]},
    ),
    Row(
        "targets from a file, blank and # lines skipped",
        ("probe", "--targets", "{tmp}/targets.txt", "--origin", PAGE),
        exit=0,
        verdicts=("allowed", "allowed"),
        report={"probes": [{"url": Text("/data$")}, {"url": Text("/me$")}]},
    ),
    Row(
        "targets from standard input",
        ("probe", "--targets", "-", "--origin", PAGE),
        exit=1,
        verdicts=("allowed", "blocked"),
        stdin="{cors}/data\n\n# nothing\n{no_cors}/data\n",
    ),
    Row(
        "targets as JSON probe objects",
        ("probe", "--targets", "-", "--origin", PAGE),
        exit=0,
        verdicts=("allowed", "allowed"),
        stdin='{"url": "{cors}/data", "method": "PUT"}\n{"url": "{cors}/me", "headers": [["Authorization", "x"]]}\n',
        report={
            "probes": [
                {"method": "PUT", "preflight": {"because": ["method PUT"]}, "complete": False},
                {"method": "GET", "preflight": {"because": ["header authorization"]}, "response": {"status": 401}},
            ]
        },
    ),
)

ROWS = (*NO_CORS, *CORS)
