"""What is wanted, from probes and from policies: the smallest, and everything that is impossible with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from corscheck.diagnosis.remedies.wanted import Wanted, from_policies, from_probes
from corscheck.model.values import ConfigError, Probe
from corscheck.policy.load import load
from corscheck.protocol.request import Headers

APP, OTHER = "https://app.example", "https://other.example"
API = "https://api.example/data"


def probe(
    origin: str = APP, method: str = "GET", headers: Headers = (), credentials: str = "same-origin", url: str = API
) -> Probe:
    return Probe(url=url, origin=origin, method=method, headers=headers, credentials=credentials)  # type: ignore[arg-type]


def policy(tmp_path: Path, text: str) -> Wanted:
    path = tmp_path / "corscheck.toml"
    path.write_text(f'base-url = "https://api.example"\n{text}')
    return from_policies([load(path)])


@pytest.mark.parametrize(
    ("typed", "needed"),
    [
        (("X-Tenant", "7"), ("X-Tenant",)),
        (("Authorization", "Bearer x"), ("Authorization",)),
        (("Content-Type", "application/json"), ("Content-Type",)),
        # Safelisted with this value: listing it would allow more than was asked.
        (("Content-Type", "text/plain"), ()),
        (("Accept", "application/json"), ()),
        (("Accept", "a" * 129), ("Accept",)),
    ],
)
def test_a_header_is_listed_only_if_its_value_needs_it(typed: tuple[str, str], needed: tuple[str, ...]) -> None:
    assert from_probes([probe(headers=(typed,))]).headers == needed


def test_probes_are_taken_together() -> None:
    made = from_probes(
        [
            probe(method="put", headers=(("X-A", "1"),)),
            probe(OTHER, "GET", (("x-a", "2"),), "include"),
            probe(OTHER, "patch"),
        ],
        ["X-Total-Count", "Content-Type", "x-total-count"],
        600,
    )
    assert made == Wanted(
        (APP, OTHER),
        # fetch() writes put in capitals and leaves patch as it is.
        ("PUT", "GET", "patch"),
        ("X-A",),
        ("X-Total-Count",),
        600,
        credentials=True,
        notes=made.notes,
    )
    assert made.notes == (
        (
            f"One configuration gives all origins the same methods, so this one also allows GET from {APP}, patch from {APP}, "
            f"PUT from {OTHER}."
        ),
        f"Credentials are allowed for all origins or none, so they are also allowed for {APP}.",
    )


def test_no_notes_where_nothing_is_added() -> None:
    assert from_probes([probe(o, m) for o in (APP, OTHER) for m in ("GET", "PUT")]).notes == ()


@pytest.mark.parametrize(
    ("asked", "exposed", "said"),
    [
        (probe("*", credentials="include"), (), '"*" does not cover a request with credentials (cors-check:4)'),
        (probe("*"), (), '"*" stands for every page'),
        (probe("null"), (), "null is the origin of every sandboxed frame and local file"),
        (
            probe("https://*.example"),
            (),
            "https://*.example contains characters that configurations treat as a pattern",
        ),
        (probe("capacitor://a$b"), (), "treat as a pattern"),
        (probe(headers=(("Cookie", "a=b"),)), (), "browsers do not let scripts set Cookie"),
        (probe(headers=(("Sec-Fetch-Mode", "cors"),)), (), "browsers do not let scripts set Sec-Fetch-Mode"),
        (probe(headers=(("X A", "b"),)), (), "'X A' is not a valid header name"),
        (probe(method="TRACE"), (), "fetch() refuses the method TRACE"),
        (probe(method="A B"), (), "'A B' is not a valid method"),
        (probe(method="*"), (), "by allowing every method"),
        (probe(headers=(("*", "x"),)), (), "by allowing every header"),
        (probe(), ("Set-Cookie",), "scripts cannot read Set-Cookie"),
        (probe(), ("*",), '"*" exposes every header'),
        (probe(), ("a, b",), "'a, b' is not a valid header name"),
        (probe("https://api.example"), (), "nothing needs to be allowed"),
    ],
)
def test_what_is_impossible_says_why(asked: Probe, exposed: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_probes([asked], exposed)
    assert said in str(caught.value)


def test_everything_that_is_impossible_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_probes([probe("null", "TRACE", (("Cookie", "a"),)), probe("null")], ["Set-Cookie"])
    assert len(str(caught.value).splitlines()) == 4


def test_a_policy(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        f"""
        [defaults]
        origins = ["{APP}"]

        [[check]]
        name = "orders"
        urls = ["/orders"]
        methods = ["GET", "PUT"]
        headers = ["Content-Type: application/json"]
        credentials = "include"
        max-age = ">=600"

        [[check]]
        name = "reading"
        urls = ["/orders"]
        exposes = ["X-Total-Count"]

        [[check]]
        name = "strangers"
        urls = ["/orders"]
        origins = ["https://evil.example", "null"]
        expect = "blocked"
        """,
    )
    assert made == Wanted((APP,), ("GET", "PUT"), ("Content-Type",), ("x-total-count",), 600, credentials=True)


CHECK = f"""
[[check]]
name = "one"
urls = ["/one"]
origins = ["{APP}"]
"""


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        (
            (
                f'methods = ["GET", "PUT"]\n[[check]]\nname = "two"\nurls = ["/two"]\norigins = ["{APP}"]\nmethods = ["PUT"]\n'
                'expect = "blocked"'
            ),
            8,
            f'check "two": expects PUT from {APP} to be blocked, but what other checks need allows it: one configuration',
        ),
        ('headers = ["Cookie2: a"]', 7, "lets no script set"),
        ('origins = ["null"]', 3, "null is the origin"),
        ("vary-origin = false", 3, "expects no Vary: Origin"),
        (
            f'exposes = ["X-A"]\n[[check]]\nname = "two"\nurls = ["/two"]\norigins = ["{APP}"]\nhides = ["X-A"]',
            8,
            "hides x-a, which another check needs exposed",
        ),
        (
            (
                f'max-age = ">=600"\nmethods=["PUT"]\n[[check]]\nname = "two"\nurls = ["/two"]\norigins = ["{APP}"]\n'
                'methods=["PUT"]\nmax-age = "<10"'
            ),
            9,
            "max-age <10 contradicts >=600 of another check",
        ),
    ],
)
def test_a_policy_that_no_configuration_satisfies_names_the_check(
    tmp_path: Path, more: str, line: int, said: str
) -> None:
    check = CHECK.replace(f'origins = ["{APP}"]\n', "") if more.startswith("origins") else CHECK
    with pytest.raises(ConfigError) as caught:
        policy(tmp_path, check + more)
    assert said in str(caught.value)
    assert f"corscheck.toml:{line}: " in str(caught.value)


def test_a_check_that_is_blocked_for_another_reason_is_nobodys_contradiction(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        CHECK
        + f'[[check]]\nname = "two"\nurls = ["/two"]\norigins = ["{APP}"]\ncredentials = "include"\nexpect = "blocked"',
    )
    assert made == Wanted((APP,), ("GET",))


@pytest.mark.parametrize(
    ("limit", "seconds"), [('">=600"', 600), ('">500"', 501), ('"<600"', 599), ("600", 600), ("0", 0)]
)
def test_max_age_is_the_smallest_that_suits(tmp_path: Path, limit: str, seconds: int) -> None:
    assert policy(tmp_path, f'{CHECK}methods = ["PUT"]\nmax-age = {limit}').max_age == seconds


def test_a_policy_that_allows_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no check expects another origin to be allowed"):
        policy(tmp_path, f'{CHECK}expect = "blocked"')
