"""Questions that cannot be put, and the ways in and out: exit status 2, one clear message, never a traceback."""

from __future__ import annotations

from tests.contract.row import PAGE, Row, ask

WRONG = (
    Row("no origin", ("probe", "{cors}/data"), exit=2, stderr=r"--origin http"),
    Row("no URL", ("probe", "--origin", PAGE), exit=2, stderr=r"(?i)url"),
    Row(
        "a header without a colon",
        ask("{cors}/data", "-H", "X-Tenant"),
        exit=2,
        stderr=r"X-Tenant.*colon|colon.*X-Tenant",
    ),
    Row("an origin with a path", ask("{cors}/data", origin=f"{PAGE}/app"), exit=2, stderr=rf"{PAGE}(?!/)"),
    Row("an origin with a trailing slash", ask("{cors}/data", origin=f"{PAGE}/"), exit=2, stderr=rf"{PAGE}(?!/)"),
    Row(
        "an origin without a scheme",
        ask("{cors}/data", origin="localhost:3000"),
        exit=2,
        stderr=r"http://localhost:3000",
    ),
    Row(
        "an origin in capitals",
        ask("{cors}/data", origin="https://APP.example"),
        exit=2,
        stderr=r"https://app\.example",
    ),
    Row("an unknown credentials mode", ask("{cors}/data", "--credentials", "yes"), exit=2, stderr=r"include"),
    Row("an unknown expectation", ask("{cors}/data", "--expect", "fine"), exit=2, stderr=r"blocked"),
    Row("an unknown option", ask("{cors}/data", "--frobnicate"), exit=2, stderr=r"--frobnicate"),
    Row("a deadline that is not a number", ask("{cors}/data", "-m", "soon"), exit=2, stderr=r"soon"),
    Row(
        "targets that are not there",
        ("probe", "--targets", "{tmp}/no.txt", "--origin", PAGE),
        exit=2,
        stderr=r"no\.txt",
    ),
    Row(
        "targets, all of them comments",
        ("probe", "--targets", "{tmp}/empty.txt", "--origin", PAGE),
        exit=2,
        stderr=r".",
    ),
    Row("a body file that is not there", ask("{cors}/data", "-d", "@{tmp}/no.txt"), exit=2, stderr=r"no\.txt"),
    Row("an upload that is not there", ask("{cors}/upload", "-F", "file=@{tmp}/no.txt"), exit=2, stderr=r"no\.txt"),
    Row(
        "a CA file that is not there",
        ask("https://127.0.0.1:{tls_port}/", "--cacert", "{tmp}/no.pem"),
        exit=2,
        stderr=r"no\.pem",
    ),
    Row(
        "a CA file that holds none",
        ask("https://127.0.0.1:{tls_port}/", "--cacert", "{tmp}/file.txt"),
        exit=2,
        stderr=r"file\.txt",
    ),
    Row(
        "a URL of another scheme",
        ask("ftp://127.0.0.1/x"),
        exit=1,
        verdicts=("blocked",),
        probe={"reason": {"code": "CORS204"}},
    ),
    Row(
        "two reports to stdout",
        ask("{cors}/data", "--json", "-", "--jsonl", "-"),
        exit=2,
        stderr=r"(?i)stdout|standard output|'-'|\"-\"",
    ),
    Row(
        "a report that cannot be written: the verdict is still printed",
        ask("{cors}/data", "--json", "{tmp}/no/such/directory/report.json"),
        exit=2,
        stdout=r"ALLOWED",
        stderr=r"report\.json",
    ),
    Row("a command that does not exist", ("prob",), exit=2, stderr=r"prob"),
)

WAYS = (
    Row("curl's -L is not needed", ask("{cors}/data", "-L"), exit=0, stderr=r"(?i)not needed"),
    Row("the table", ask("{cors}/data"), exit=0, stdout=r"(?s)pass  Allow-Origin .*ALLOWED"),
    Row(
        "the table of a failure",
        ask("{no_cors}/data"),
        exit=1,
        stdout=r"(?s)> FAIL  Allow-Origin .*BLOCKED .*cors-check:2",
    ),
    Row("quiet", ask("{no_cors}/data", "-q"), exit=1),
    Row(
        "--dry-run sends nothing",
        ask("http://127.0.0.1:{refused_port}/", "-X", "PUT", "--dry-run"),
        exit=0,
        stdout=r"OPTIONS",
    ),
    Row(
        "--print-curl shows the preflight, and no secret",
        ask("{cors}/me", "-H", "Authorization: Bearer secret-token", "--print-curl"),
        exit=0,
        stdout=r"(?s)curl .*-X OPTIONS",
        unsaid=("secret-token",),
    ),
    Row("-v shows the exchanges", ask("{cors}/data", "-v"), exit=0, stdout=r"(?m)^\s*> GET /data"),
    Row("the version", ("--version",), exit=0, stdout=r"\d+\.\d+\.\d+"),
    Row("help", ("probe", "--help"), exit=0, stdout=r"--origin"),
)

ROWS = (*WRONG, *WAYS)
