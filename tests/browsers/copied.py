"""What the installed Chromium's own developer tools copy: "Copy as cURL (bash)", "Copy as fetch", and that for Node.js.

The tools are pages of the browser (``devtools://``): one is opened in a tab of its own, given requests, and asked for the
texts that its menu would copy. ``python -m tests.browsers.copied`` rewrites the sample.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from corscheck.browsers import find

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "curl" / "chromium-recorded.json"
RECORDED = Path(__file__).resolve().parents[1] / "data" / "har" / "chromium.har"
BODY = '{"note":"it\'s ! caf\u00e9\\t$HOME `x`"}'

_COPY = """
(async (asked) => {
  const {NetworkRequest} = (await import("./core/sdk/sdk.js")).NetworkRequest;
  const {NetworkLogView} = (await import("./panels/network/network.js")).NetworkLogView;
  const view = Object.create(NetworkLogView.prototype);
  const out = [];
  for (const [index, one] of asked.entries()) {
    const request = NetworkRequest.create("r" + index, one.url, one.page, null, null, null);
    request.requestMethod = one.method;
    request.setRequestHeaders(one.headers.map(([name, value]) => ({name, value})));
    if (one.body !== null) request.setRequestFormData(true, one.body);
    out.push({
      curl: await NetworkLogView.generateCurlCommand(request, "unix"),
      fetch: await view.generateFetchCall(request, 0),
      node: await view.generateFetchCall(request, 1),
    });
  }
  return out;
})(ASKED)
"""


def requests() -> list[dict[str, Any]]:
    """Requests that Chromium was recorded to send, and the same with cookies, a token and a body full of quotes."""
    found = []
    for entry in json.loads(RECORDED.read_text("utf-8"))["log"]["entries"]:
        request = entry["request"]
        headers = [[h["name"], h["value"]] for h in request["headers"] if h["name"] not in ("Host", "Connection")]
        if ["Origin", "null"] in headers:
            continue  # a redirect's second hop: no page asked for it so
        page = next((value for name, value in headers if name == "Referer"), "http://localhost:3000/")
        if request["method"] == "OPTIONS" or any(request["url"] == one["url"] for one in found):
            continue
        found.append(
            {"url": request["url"], "page": page, "method": request["method"], "headers": headers, "body": None}
        )
    more = [["Content-Type", "application/json"], ["X-Tenant", "7"], ["Cookie", "sid=s3cr3t; theme=dark"]]
    last = {**found[0], "method": "PUT", "headers": [*found[0]["headers"], *more], "body": BODY}
    return [*found, {**last, "url": f"{last['url']}?filter=[open]&name=O'Hara"}]


def copies(asked: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The three texts for each request."""
    return asyncio.run(_copies(asked))


async def _copies(asked: list[dict[str, Any]]) -> list[dict[str, str]]:
    import websockets

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        argv = [find("chromium"), "--headless=new", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
        argv += [f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank"]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            address = next(m[1] for line in process.stderr if (m := re.search(r"listening on (ws://\S+)", line)))
            async with asyncio.timeout(60), websockets.connect(address, max_size=None) as socket:
                number = 0

                async def call(method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
                    nonlocal number
                    number += 1
                    told = {"id": number, "method": method, "params": parameters}
                    await socket.send(json.dumps(told if session is None else {**told, "sessionId": session}))
                    while (came := json.loads(await socket.recv())).get("id") != number:
                        pass
                    assert "error" not in came, came
                    return dict(came["result"])

                url = "devtools://devtools/bundled/devtools_app.html"
                target = (await call("Target.createTarget", url=url))["targetId"]
                session = (await call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
                while True:
                    # Until the page is there, its modules cannot be imported.
                    found = await call(
                        "Runtime.evaluate",
                        session,
                        expression=_COPY.replace("ASKED", json.dumps(asked)),
                        awaitPromise=True,
                        returnByValue=True,
                    )
                    if "exceptionDetails" not in found:
                        return list(found["result"]["value"])
                    await asyncio.sleep(0.5)
        finally:
            process.terminate()
            process.wait(10)
            if process.stderr is not None:
                process.stderr.close()


if __name__ == "__main__":
    asked = requests()
    rows = [{"request": request, **texts} for request, texts in zip(asked, copies(asked), strict=True)]
    SAMPLE.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
