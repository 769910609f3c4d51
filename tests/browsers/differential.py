"""One case asked of corscheck and of a running browser: the machinery behind the differential test.

The browser runs in an event loop on a thread of its own, so that hypothesis can ask it one case at a time.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trustme

from corscheck.browsers.compare import compare, engine_of
from corscheck.browsers.session import BrowserSession
from corscheck.model.values import Probe
from corscheck.runner.options import RunOptions
from corscheck.runner.single import Conversation
from corscheck.transports.base import NetworkOptions
from tests.browsers.generate import ORIGINS
from tests.servers.replay import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from corscheck.model.result import Observation, Result
    from corscheck.model.values import EngineName


@dataclass
class Answer:
    """What both said about one case."""

    case: dict[str, Any]
    result: Result
    observation: Observation

    @property
    def differences(self) -> tuple[str, ...]:
        return self.observation.differences

    def report(self) -> str:
        """Everything needed to see why they differ."""
        lines = [*self.differences, f"case: {json.dumps(self.case)}", f"observed: {self.observation}"]
        return "\n".join(lines)


class Differential:
    """A context manager: the replay server, the browser, and corscheck over its live transport."""

    def __init__(self, browser: str) -> None:
        self.engine = engine_of(browser)
        self.counts: Counter[str] = Counter()
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._cases: dict[str, dict[str, Any]] = {}
        self._server = ReplayServer(self._cases, ports=2, tls=context)
        self._browser = browser
        self._loop = asyncio.new_event_loop()
        self._network = NetworkOptions(timeout=15.0, verify=False, proxy="")
        # What is compared is not masked: some console texts contain userinfo.
        self._conversation = Conversation(RunOptions(network=self._network, show_secrets=True))
        self._number = 0

    def __enter__(self) -> Differential:
        self._server.__enter__()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        targets = [self._fill(url, "start") for url in ("{A}/", "{B}/", "{S}/")]
        known = [
            probe_of({"origin": o}, {"method": "GET", "headers": []}, url, self.engine)
            for o in ORIGINS
            for url in targets
        ]
        self._session = BrowserSession(known, self._browser, self._network)
        self._await(self._session.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._await(self._session.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._conversation.close()
        self._server.__exit__()

    @property
    def version(self) -> str:
        return self._session.version

    def ask(self, case: dict[str, Any]) -> Answer:
        """Both answers, compared; counts what decided."""
        self._number += 1
        case_id = f"d-{self._number}"
        case = json.loads(self._fill(json.dumps(case), case_id))
        self._cases[case_id] = case
        probe = probe_of(case["page"], case["request"], case["url"], self.engine)
        observation = self._await(self._session.ask(probe, fresh_context=False))
        result = self._conversation.ask(probe)
        del self._cases[case_id]
        self._server.log.pop(case_id, None)
        self.counts[result.reason.code if result.reason else result.verdict] += 1
        return Answer(case, result, compare(result, observation))

    def _fill(self, text: str, case_id: str) -> str:
        ports = {"{A:port}": self._server.ports[0], "{B:port}": self._server.ports[1]}
        for mark, port in ports.items():
            text = text.replace(mark, str(port))
        text = text.replace("{A}", f"http://127.0.0.1:{self._server.ports[0]}")
        text = text.replace("{B}", f"http://127.0.0.1:{self._server.ports[1]}")
        return text.replace("{S}", f"https://127.0.0.1:{self._server.tls_port}").replace("{id}", case_id)

    def _await(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def probe_of(page: dict[str, Any], request: dict[str, Any], url: str, engine: EngineName) -> Probe:
    """The probe of a case in the corpus' format."""
    headers = [(n, v) for n, v in request["headers"]]
    body = request.get("body")
    if body is not None and not any(n.lower() == "content-type" for n, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return Probe(
        url=url,
        origin=page["origin"],
        method=request["method"],
        headers=tuple(headers),
        credentials=request.get("credentials", "same-origin"),
        redirect=request.get("redirect", "follow"),
        mode=request.get("mode", "cors"),
        body=None if body is None else body.encode(),
        engine=engine,
        send="always",
    )
