"""Whatever is given for an option: a result, or a ConfigError that names the option. Nothing else is ever raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import corscheck
from corscheck.api import keywords
from tests.servers.counting import CountingServer
from tests.servers.raw import OK, READ, RawServer


class Silent:
    """Both its text and a comparison raise."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")


ANYTHING: list[Any] = [
    *(None, True, 0, 1, -1, 1.5, float("nan"), 10**400, 1e6, 1 + 2j, ..., int, object(), Silent(), lambda: 1),
    *("", "x", "\ud800", "é", "日本", "a\r\nX: y", "\0", b"", b"x", bytearray(b"x")),
    *(
        [],
        [1],
        ["x"],
        [[]],
        (1, 2),
        ("a", "b"),
        ("\ud800", "é"),
        set(),
        {},
        {"a": "b"},
        {"a": 1},
        {"TE": "x"},
        iter([1]),
    ),
    *([("a", "b")], [("\ud800", "é")], [("a", "日本")], [("a", "b\r\nc: d")]),
]


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


@pytest.mark.parametrize("transport", ["httpx", "curl"])
@pytest.mark.parametrize("name", ["url", *keywords.ProbeKeywords.__annotations__])
def test_anything_is_a_result_or_a_config_error(name: str, transport: Any, server: CountingServer) -> None:
    url = f"{server.url}/reflect"
    for value in ANYTHING:
        options: dict[str, Any] = {"origin": "https://a.example", "credentials": "include", "proxy": "", "timeout": 3.0}
        options = {"url": url, "transport": transport, **options, name: value}
        try:
            result = corscheck.probe(**options)
        except corscheck.ConfigError as error:
            found: tuple[str | None, bool] = (error.option, bool(error.reason))
        else:
            found = (name, isinstance(result, corscheck.Result))
        assert found == (name, True)


def test_a_header_that_would_be_two_is_not_sent(server: CountingServer) -> None:
    for name in ("cookies", "user_agent"):
        with pytest.raises(corscheck.ConfigError, match="no line break"):
            corscheck.probe(f"{server.url}/a", origin="null", **{name: "a=b\r\nX-Injected: 1"})  # type: ignore[arg-type]
        with pytest.raises(corscheck.ConfigError, match="one character stands for one byte"):
            corscheck.probe(f"{server.url}/a", origin="null", **{name: "a=日本"})  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", ["httpx", "curl"])
def test_a_path_may_have_any_character(transport: Any, tmp_path: Path) -> None:
    socket = tmp_path / "söcket"
    with RawServer([READ, OK], path=str(socket)):
        result = corscheck.probe(
            "http://a.example/", origin="http://b.example", unix_socket=socket, transport=transport
        )
    assert result.error is None
    assert result.verdict == "blocked"
