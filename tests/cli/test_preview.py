"""``--dry-run`` and ``--print-curl``: what would be sent, by the runner's own plan; nothing is sent."""

from __future__ import annotations

import pytest

from tests.cli.fakes import Command, Runner


def test_dry_run(command: Command, fake: Runner) -> None:
    done = command.probe("-X", "PUT", "-H", "X-Tenant: 7", "-A", "me/1", "--dry-run")
    assert done.status == 0
    assert fake.probes == []
    lines = done.stdout.splitlines()
    assert lines[0] == "PUT http://api.example/data from https://app.example, credentials same-origin"


def test_a_mixed_content_probe_sends_nothing(command: Command, fake: Runner) -> None:
    assert "would send nothing" in command.probe("--dry-run").stdout
    assert "# nothing: a browser refuses this" in command.probe("--print-curl").stdout


def ask(command: Command, *argv: str) -> str:
    done = command("probe", "https://api.example/data", "--origin", "https://app.example", *argv)
    assert done.status == 0, done.stderr
    return done.stdout


def test_what_would_be_sent(command: Command, fake: Runner) -> None:
    lines = ask(command, "-X", "PUT", "-H", "X-Tenant: 7", "-A", "me/1", "--dry-run").splitlines()
    for line in (
        "> OPTIONS /data HTTP/1.1",
        "> Host: api.example",
        "> Origin: https://app.example",
        "> Access-Control-Request-Method: PUT",
        "> Access-Control-Request-Headers: x-tenant",
        "> User-Agent: me/1",
    ):
        assert line in lines
    assert "> PUT /data HTTP/1.1" not in lines
    assert lines[-1] == "PUT itself would not be sent: it may change data (--send always)"


def test_what_is_sent_when_asked_for(command: Command, fake: Runner) -> None:
    lines = ask(command, "-X", "PUT", "-d", "a\nb\x1b", "--dry-run").splitlines()
    assert "> PUT /data HTTP/1.1" in lines
    assert lines[-3:] == [">", "> a", "> b\\x1b"]
    assert fake.probes == []


def test_never(command: Command, fake: Runner) -> None:
    said = ask(command, "-X", "PUT", "--send", "never", "--dry-run")
    assert said.endswith("PUT itself would not be sent: --send never\n")


@pytest.mark.parametrize("option", ["--dry-run", "--print-curl"])
def test_secrets(option: str, command: Command, fake: Runner) -> None:
    argv = ("-H", "X-Api-Key: s3cr3t", "-u", "me:s3cr3t", "-b", "sid=s3cr3t", "--send", "always", option)
    said = ask(command, *argv)
    assert "s3cr3t" not in said
    assert "bWU6czNjcjN0" not in said
    assert "s3cr3t" in ask(command, *argv, "--show-secrets")


BODIES = (
    ("-d", "token=S3", "> token=***"), ("-d", "a=1&pin=sun&b=2", "> a=1&pin=***&b=2"),
    ("-d", '{"token":"sun"}', '> {"token":"***"}'),
    ("-d", '{"a":"' + "x" * 270 + '", "token":"' + "sun" * 30 + '"}', '"token":"***"}'), ("-F", "pin=sun", "> ***"),
)  # fmt: skip


@pytest.mark.parametrize(("option", "body", "shown"), BODIES)
def test_secrets_in_a_body(option: str, body: str, shown: str, command: Command, fake: Runner) -> None:
    """Also short ones and words, which are masked nowhere else."""
    argv = ("-X", "POST", option, body, "-H", "X-Tenant: 7")
    said = ask(command, *argv, "--dry-run")
    assert shown in said
    assert ("sun" in said, "S3" in said) == (False, False)
    said = ask(command, *argv, "--print-curl")
    assert '--data-raw "$BODY"' in said
    assert ("sun" in said, "S3" in said) == (False, False)
    assert body.rpartition("=")[2] in ask(command, *argv, "--print-curl", "--show-secrets").replace("\\", "")
    assert body.rpartition("=")[2][:200] in ask(command, *argv, "--dry-run", "--show-secrets")


@pytest.mark.parametrize(
    "given",
    [
        ("-b", "host=api.example"),
        ("-d", "token=app.example"),
        ("-d", "token=https://app.example"),
        ("-u", "me:api.example"),
    ],
)
def test_a_secret_that_is_a_host(given: tuple[str, ...], command: Command, fake: Runner) -> None:
    """Where it is a host it is shown: a command without hosts is of no use."""
    said = ask(command, "-X", "POST", "--send", "always", *given, "--print-curl")
    assert "https://api.example/data" in said
    assert "'Origin: https://app.example'" in said
    assert "--origin https://app.example" in said or "from https://app.example" in said


def test_curl_commands(command: Command, fake: Runner) -> None:
    said = ask(command, "-X", "PUT", "--send", "always", "-k", "--resolve", "api.example:443:127.0.0.1", "--print-curl")
    first, second = said.split("\n\n")
    assert first.startswith("# PUT https://api.example/data from https://app.example\ncurl -sS -i \\\n  -X OPTIONS")
    assert second.startswith("curl -sS -i \\\n  -X PUT")
    for text in (first, second):
        assert "\n  -k \\\n  --resolve api.example:443:127.0.0.1" in text


def test_via(command: Command, fake: Runner) -> None:
    assert "* to http://api:8000" in ask(command, "--via", "http://api:8000", "--dry-run")
    said = ask(command, "--via", "http://api:8000", "--print-curl")
    assert "http://api:8000/data" in said
    assert "'Host: api.example'" in said


def test_several(command: Command, fake: Runner) -> None:
    said = ask(command, "-X", "GET", "-X", "PUT", "--dry-run")
    assert said.count(" from https://app.example, ") == 2
