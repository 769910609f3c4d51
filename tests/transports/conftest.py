"""Fixtures of the transports' tests: ``carrier`` makes a transport of each kind and closes it afterwards."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from corscheck.transports.base import NetworkOptions
from tests.transports.carriers import CARRIERS, CURL, HTTPX, Carrier
from tests.transports.differences import CURL as DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=list(CARRIERS))
def carrier(request: pytest.FixtureRequest) -> Iterator[Callable[..., Carrier]]:
    yield from _made(request.param)


@pytest.fixture(params=list(HTTPX))
def httpx_carrier(request: pytest.FixtureRequest) -> Iterator[Callable[..., Carrier]]:
    """For what only httpx has."""
    yield from _made(request.param)


def _made(name: str) -> Iterator[Callable[..., Carrier]]:
    made: list[Carrier] = []
    differs = DIFFERENCES if name in CURL else {}

    def make(**options: object) -> Carrier:
        made.append(CARRIERS[name](NetworkOptions(**options)))  # type: ignore[arg-type]
        return made[-1]

    make.differs = differs  # type: ignore[attr-defined]
    yield make
    for each in made:
        each.close()


@dataclass
class Authority:
    """A certificate authority of the tests, its certificate in a file, and servers' contexts by it."""

    ca: trustme.CA
    path: str
    directory: Path

    def server(self, *names: str, days: int = 30, clients: bool = False) -> ssl.SSLContext:
        """A server's context for these names; ``days`` from now it expires; ``clients`` must show a certificate."""
        now = datetime.now(UTC)
        cert = self.ca.issue_cert(*names, not_before=now - timedelta(days=60), not_after=now + timedelta(days=days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert.configure_cert(context)
        if clients:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def self_signed(self) -> ssl.SSLContext:
        """The context of a server that shows the authority's own certificate."""
        pair = self.directory / "self.pem"
        pair.write_bytes(self.ca.private_key_pem.bytes() + self.ca.cert_pem.bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        return context

    def client(self) -> str:
        """The path of a client certificate with its key."""
        path = self.directory / "client.pem"
        self.ca.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory = tmp_path_factory.mktemp("ca")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    return Authority(ca, str(directory / "ca.pem"), directory)
