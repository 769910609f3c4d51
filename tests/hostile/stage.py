"""What the table of hostile servers is played on: the servers of a row, and the ways to ask them."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from msgspec.structs import replace

from corscheck.api import make_probe
from corscheck.model.result import Result
from corscheck.model.values import Probe
from corscheck.runner.many import results
from corscheck.runner.options import RunOptions
from corscheck.runner.single import Conversation
from corscheck.transports.base import NetworkOptions
from corscheck.transports.choice import live
from corscheck.transports.http.transport import HTTPTransport
from tests.hostile.row import OK, PAGE, Row
from tests.servers.raw import READ, RawServer

Way = Callable[[Probe, RunOptions], Result]


def _one(probe: Probe, options: RunOptions, transport: Any) -> Result:
    conversation = Conversation(options, transport)
    try:
        return conversation.ask(probe)
    finally:
        conversation.close()


def _many(probe: Probe, options: RunOptions, transport: str) -> Result:
    [result] = results([probe], replace(options, network=replace(options.network, transport=transport)))
    return result


WAYS: dict[str, Way] = {
    "httpx": lambda probe, options: _one(probe, options, HTTPTransport(options.network)),
    "httpx-many": lambda probe, options: _many(probe, options, "httpx"),
    "curl": lambda probe, options: _one(probe, options, live(replace(options.network, transport="curl"))),
    "curl-many": lambda probe, options: _many(probe, options, "curl"),
}
"""Every way to carry a probe; another transport joins with a line."""


@dataclass(frozen=True)
class Certificates:
    """The servers' TLS contexts by name, and the file of the authority that is trusted."""

    contexts: dict[str, Callable[[], ssl.SSLContext]]
    ca: str


def certificates(directory: Path) -> Certificates:
    """One good certificate and bad ones of every kind."""
    ca, stranger = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca.pem"))
    own = directory / "own.pem"
    own.write_bytes(stranger.private_key_pem.bytes() + stranger.cert_pem.bytes())
    now = datetime.datetime.now(datetime.UTC)
    past = {"not_before": now - datetime.timedelta(days=9), "not_after": now - datetime.timedelta(days=2)}
    leaves = {
        "tls": ca.issue_cert("127.0.0.1"),
        "expired": ca.issue_cert("127.0.0.1", **past),
        "wrong-name": ca.issue_cert("elsewhere.example"),
        "unknown-issuer": stranger.issue_cert("127.0.0.1"),
    }

    def context(name: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name == "self-signed":
            made.load_cert_chain(own)
        else:
            leaves[name if name in leaves else "tls"].configure_cert(made)
        if name == "h2":
            made.set_alpn_protocols(["h2"])
        if name == "clients":
            ca.configure_trust(made)
            made.verify_mode = ssl.CERT_REQUIRED
            made.maximum_version = (
                ssl.TLSVersion.TLSv1_2
            )  # in 1.3 the refusal comes after the handshake, and may be lost
        return made

    names = (*leaves, "self-signed", "h2", "clients")
    return Certificates({name: lambda name=name: context(name) for name in names}, str(directory / "ca.pem"))


@contextmanager
def servers(row: Row, trusted: Certificates) -> Iterator[tuple[RawServer, Callable[[Any], Any]]]:
    """The row's server, and what puts the ports into its texts."""
    with ExitStack() as stack:
        other = stack.enter_context(RawServer([READ, OK]))
        scripts: list[list[object]] = [[] for _ in row.scripts]
        tls = None if row.server == "plain" else trusted.contexts[row.server]()
        server = stack.enter_context(RawServer(*scripts, tls=tls, host=row.host))
        ports = {"PORT": str(server.port), "OTHER": str(other.port)}

        def fill(value: Any) -> Any:
            for name, port in ports.items():
                if isinstance(value, str):
                    value = value.replace(name, port)
                elif isinstance(value, bytes) and len(value) < 100_000:
                    value = value.replace(name.encode(), port.encode())
            return tuple(fill(v) for v in value) if isinstance(value, tuple) else value

        for script, steps in zip(scripts, row.scripts, strict=True):
            script += [fill(step) for step in steps]
        yield server, fill


def question(row: Row, fill: Callable[[Any], Any], ca: str) -> tuple[Probe, RunOptions]:
    """The row's probe and options, with its ports."""
    given = {name: fill(value) for name, value in row.network.items()}
    # Nothing of the machine's environment: no proxy but the row's.
    network = NetworkOptions(**{"timeout": row.deadline, "proxy": "", "cacert": ca, **given})
    probe = make_probe(fill(row.url), origin=PAGE, **row.asked)
    return replace(probe, body_asked=True), RunOptions(network=network, diagnose=True)
