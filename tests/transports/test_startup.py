"""What a transport may not load or build: it is paid for at every start of the command line."""

from __future__ import annotations

import subprocess
import sys

from tests.servers.raw import OK, READ, RawServer

SCRIPT = """
import ssl, sys, time

def forbidden(*args, **kwargs):
    raise AssertionError("a TLS context was built")

ssl.create_default_context = ssl.SSLContext.__new__ = forbidden
from corscheck.transports.http.transport import HTTPTransport
from corscheck.transports.base import NetworkOptions, WireRequest

transport = HTTPTransport(NetworkOptions())
answer = transport.send(WireRequest("GET", sys.argv[1], ()), time.monotonic() + 10)
transport.close()
print(answer.status, *sorted({"asyncio", "trio", "pydantic", "rich", "click"} & set(sys.modules)))
"""


def test_a_synchronous_exchange_loads_no_asyncio_and_builds_no_tls():
    with RawServer([READ, OK]) as server:
        # click is hidden: httpx imports its command line, and with it rich and Pygments, wherever click is installed.
        script = "import sys; sys.modules['click'] = None\n" + SCRIPT
        done = subprocess.run(
            [sys.executable, "-c", script, server.url()], capture_output=True, text=True, timeout=30, check=False
        )
    assert (done.stdout.split(), done.stderr) == (["200", "click"], "")
