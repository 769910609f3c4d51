"""Every way to break a policy file has a message of its own: file and line, the key, what is wrong, and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from corscheck.model.values import ConfigError
from corscheck.policy.load import load

GOOD = """\
base-url = "https://api.example.com"

[defaults]
origins = ["https://app.example.com"]

[env.staging]
base-url = "https://staging.example.com"

[[check]]
name = "reads"
urls = ["/data"]
methods = ["GET"]

[[ignore]]
check = "reads"
reason = "known"
"""

# What is replaced in GOOD, by what; the line and the words that must be in one complaint, and there is one only.
BROKEN: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "no TOML: colon": ('urls = ["/data"]', 'urls: ["/data"]', 11, ("not TOML", "have = between them")),
    "no TOML: no quotes": ('name = "reads"', "name = reads", 10, ("not TOML", "texts stand in quotes")),
    "no TOML: nested": ('["/data"]', "[" * 3000, 1, ("not TOML", "nested too deeply")),
    "no TOML: a number": ('["/data"]', "9" * 5000, 11, ("not TOML", "thousands of digits")),
    "no TOML: twice": ('name = "reads"', 'name = "reads"\nname = "reads"', 11, ("not TOML", "overwrite")),
    "unknown key at the top": ("base-url =", "base_url =", 1, ("base_url", 'did you mean "base-url"?')),
    "unknown table": ("[defaults]", "[default]", 3, ("default", 'did you mean "defaults"?')),
    "unknown key in a check": ("methods =", "method =", 12, ('[[check]] "reads", method', 'did you mean "methods"?')),
    "unknown key in defaults": ("origins =", "orgins =", 4, ("[defaults], orgins", 'did you mean "origins"?')),
    "unknown key in an environment": (
        'base-url = "https://staging', 'url = "https://staging', 7, ("[env.staging], url", "there are base-url, via, defaults")
    ),
    "unknown key in an ignore": ("reason =", "reson =", 16, ('[[ignore]] number 1, reson', 'did you mean "reason"?')),
    "defaults have no name": ("[defaults]", '[defaults]\nname = "x"', 4, ("[defaults], name", "no such key")),
    "checks instead of check": ("[[check]]", "[[checks]]", 9, ("checks", 'did you mean "check"?')),
    "single brackets": ("[[check]]", "[check]", 9, ("check", "[[check]], in double brackets")),
    "no name": ('name = "reads"', "", 9, ("name", "is missing", 'name = "the frontend may read"')),
    "an empty name": ('name = "reads"', 'name = ""', 10, ("name", "is empty")),
    "a name twice": (
        "[[ignore]]", '[[check]]\nname = "reads"\nurls = ["/x"]\n\n[[ignore]]', 15, ("name", "line 9 has that name too")
    ),
    "no urls": ('urls = ["/data"]', "", 9, ('[[check]] "reads", urls', "is missing", 'urls = ["/data"]')),
    "empty urls": ('urls = ["/data"]', "urls = []", 11, ("urls", "is empty", 'urls = ["/data"]')),
    "urls as a text": ('urls = ["/data"]', 'urls = "/data"', 11, ("urls", "must be a list", 'urls = ["/data"]')),
    "a URL without scheme": ('"/data"', '"api.example.com/data"', 11, ("urls[0]", "https://api.example.com/data")),
    "a URL that is none": ('"/data"', '"https://exa mple/"', 11, ("urls[0]", "is not a URL")),
    "a path and no base-url": ('base-url = "https://api.example.com"', "", 11, ("urls[0]", "there is no base-url")),
    "base-url that is none": ("https://api.example.com", "api.example.com", 1, ("base-url", "is not a base URL")),
    "base-url with a query": ("https://api.example.com", "https://api.example.com/?v=1", 1, ("has a query",)),
    "via with a path": ("[defaults]", 'via = "http://api:8000/v1"\n[defaults]', 3, ("via", "is not a base URL to send to")),
    "no origins": ('origins = ["https://app.example.com"]', "", 9, ("origins is missing", "[defaults]")),
    "an origin with a slash": ("app.example.com", "app.example.com/", 4, ("origins[0]", "ends in a slash", "Probably")),
    "an origin without scheme": ("https://app.example.com", "app.example.com", 4, ("has no scheme", "https://app.ex")),
    "an origin *": ("https://app.example.com", "*", 4, ("name the page's origin",)),
    "a number for an origin": ('"https://app.example.com"', "3000", 4, ("origins[0]", "must be a text")),
    "methods in one text": ('["GET"]', '["GET, PUT"]', 12, ("methods[0]", "each one an item of its own")),
    "credentials": ("methods =", 'credentials = "inlcude"\nmethods =', 12, ("credentials", 'did you mean "include"?')),
    "redirect": ("methods =", 'redirect = "none"\nmethods =', 12, ("redirect", "follow, error, manual")),
    "send": ("methods =", "send = true\nmethods =", 12, ("send", "auto, always, never")),
    "expect": ("methods =", 'expect = "block"\nmethods =', 12, ("expect", 'did you mean "blocked"?')),
    "because of nothing": ("methods =", 'because = "CORS3001"\nmethods =', 12, ("because", 'did you mean "CORS301"?')),
    "because of a remark": ("methods =", 'because = "CORS420"\nmethods =', 12, ("because", "is a remark")),
    "because of no verdict": ("methods =", 'because = "CORS902"\nmethods =', 12, ("because", "there is no verdict")),
    "because but allowed": (
        "methods =", 'expect = "allowed"\nbecause = "CORS301"\nmethods =', 13, ("because", 'expect is "allowed"')
    ),
    "max-age": ("methods =", 'max-age = "10 minutes"\nmethods =', 12, ("max-age", 'write ">=600"')),
    "max-age as a list": ("methods =", "max-age = [600]\nmethods =", 12, ("max-age", "comparison in quotes")),
    "max-age beyond the cap": (
        "methods =", 'max-age = ">=86400"\nmethods =', 12, ("max-age", "can never hold", "webkit", "600", "engines")
    ),
    "max-age without a preflight": (
        "methods =", 'preflight = "none"\nmax-age = 600\nmethods =', 13, ("max-age", 'preflight = "none"')
    ),
    "exposes where blocked": (
        "methods =", 'expect = "blocked"\nexposes = ["x-a"]\nmethods =', 13, ("exposes", "the page reads nothing")
    ),
    "exposes and hides": (
        "methods =", 'exposes = ["X-A"]\nhides = ["x-a"]\nmethods =', 13, ("hides", "is in exposes too")
    ),
    "exposes a line": ("methods =", 'exposes = ["X-A: 1"]\nmethods =', 12, ("exposes[0]", "is not a header name")),
    "status of what is not sent": (
        'methods = ["GET"]', 'methods = ["GET", "PUT"]\nstatus = 200', 13, ("status", "PUT is held back", 'send = "always"')
    ),
    "status": ("methods =", "status = 42\nmethods =", 12, ("status", "200 to 599")),
    "vary-origin as a text": ("methods =", 'vary-origin = "yes"\nmethods =', 12, ("vary-origin", "true or false")),
    "preflight": ("methods =", 'preflight = "maybe"\nmethods =', 12, ("preflight", "none, sent")),
    "complete but never sent": (
        "methods =", 'send = "never"\ncomplete = true\nmethods =', 13, ("complete", "holds every request back")
    ),
    "an engine": ("methods =", 'engines = ["chrome"]\nmethods =', 12, ("engines[0]", 'did you mean "chromium"?')),
    "no engine": ("methods =", "engines = []\nmethods =", 12, ("engines", "is empty")),
    "headers": ("methods =", 'headers = "X-A: 1"\nmethods =', 12, ("headers", "must be a table")),
    "a header without colon": ("methods =", 'headers = ["X-A 1"]\nmethods =', 12, ("headers[0]", '"Name: value"')),
    "a header that no script sets": (
        "methods =", 'headers = {Cookie = "a=b"}\nmethods =', 12, ("headers.Cookie", "no script set Cookie")
    ),
    "a body on GET": ("methods =", 'body = "{}"\nmethods =', 12, ("body", 'methods = ["POST"]')),
    "a missing variable": ('"/data"', '"/data/${TENANT}"', 11, ("urls[0]", "${TENANT} is not set", "export a value for TENANT")),
    "an ill-written variable": ('"/data"', '"/data/${the tenant}"', 11, ("urls[0]", "is not a variable", "${NAME}")),
    "an ignore without reason": ('reason = "known"', "", 14, ("reason", "is missing")),
    "an ignore with a blank reason": ('reason = "known"', 'reason = " "', 16, ("reason", "is blank")),
    "an ignore of everything": ('check = "reads"\n', "", 14, ("would excuse everything",)),
    "an ignore of no check": ('check = "reads"', 'check = "raeds"', 15, ("check", 'did you mean "reads"?')),
    "an ignore's code": ("reason =", 'code = "CORS31"\nreason =', 16, ("code", 'did you mean "CORS301"?')),
    "an expiry in quotes": ("reason =", 'expires = "2030-01-01"\nreason =', 16, ("expires", "date without quotes")),
    "an expiry with a time": ("reason =", "expires = 2030-01-01T10:00:00\nreason =", 16, ("expires", "date without")),
}  # fmt: skip


def complaints(path: Path) -> list[str]:
    """The lines of the complaint, without its headline."""
    with pytest.raises(ConfigError) as caught:
        load(path, variables={})
    lines = str(caught.value).split("\n")
    return lines if len(lines) == 1 else lines[1:]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corscheck.toml"


def test_what_is_broken_below_is_good_before(here: Path) -> None:
    here.write_text(GOOD)
    assert [len(check) for check in load(here).checks] == [1]


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 25


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy(here: Path, name: str) -> None:
    before, after, line, words = BROKEN[name]
    assert GOOD.count(before) >= 1
    here.write_text(GOOD.replace(before, after, 1))
    found = complaints(here)
    about = [text for text in found if text.startswith(f"corscheck.toml:{line}: ")]
    assert any(all(word in text for word in words) for text in about), found
    assert len(found) == 1, "what follows from a mistake is none of its own"


def test_every_message_is_its_own(here: Path) -> None:
    seen: dict[str, str] = {}
    for name, (before, after, _, _) in BROKEN.items():
        here.write_text(GOOD.replace(before, after, 1))
        text = "\n".join(complaints(here))
        assert text not in seen, (name, seen[text])
        seen[text] = name


def test_all_are_said_at_once_in_the_order_of_the_file(here: Path) -> None:
    text = GOOD.replace("app.example.com", "app.example.com/").replace('["GET"]', '["GET"]\ncredentials = "all"')
    here.write_text(text.replace("reason =", "resaon =").replace('"/data"', '"data"').replace("via", "vai"))
    assert [int(line.split(":")[1]) for line in complaints(here)] == [4, 11, 13, 17]


def test_a_mistake_in_defaults_is_said_once(here: Path) -> None:
    more = "".join(f'[[check]]\nname = "more {i}"\nurls = ["/{i}"]\n' for i in range(20))
    here.write_text(GOOD.replace("app.example.com", "app.example.com/") + more)
    assert len(complaints(here)) == 1


def test_a_secret_in_a_variable_is_not_shown(here: Path) -> None:
    here.write_text(GOOD.replace("https://api.example.com", "${BASE}"))
    with pytest.raises(ConfigError) as caught:
        load(here, variables={"BASE": "s3cret"})
    assert "s3cret" not in str(caught.value)
    assert "${BASE}" in str(caught.value)


def test_messages_show_variables_as_they_are_written(here: Path) -> None:
    """A message about an origin repeats it, and that may be a secret in the wrong place."""
    here.write_text(GOOD.replace("https://app.example.com", "https://${PLACE}/x"))
    with pytest.raises(ConfigError) as caught:
        load(here, variables={"PLACE": "hunter2.example"})
    assert "hunter2" not in str(caught.value)
    assert "https://${PLACE}/x" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'a = 1\nname = "\xe9"\n')
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "empty.toml").write_text("")
    for name, words in {
        "missing.toml": ("cannot read the policy missing.toml", "no such file", "corscheck init"),
        "latin.toml": ("latin.toml:2:", "save the file as UTF-8"),
        "pyproject.toml": ("pyproject.toml:1:", "[tool.corscheck]"),
        "empty.toml": ("empty.toml:1:", "add a [[check]]"),
        ".": ("cannot read the policy .", "is a directory"),
    }.items():
        with pytest.raises(ConfigError) as caught:
            load(Path(name))
        assert all(word in str(caught.value) for word in words), str(caught.value)


def test_lines_in_a_pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\n\n[tool.corscheck]\nbase-url = "https://a.example"\n\n'
                    '[[tool.corscheck.check]]\nname = "reads"\nurls = ["/"]\norigin = ["https://b.example"]\n')  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert 'pyproject.toml:10: [[check]] "reads", origin: no such key; did you mean "origins"?' in str(caught.value)
