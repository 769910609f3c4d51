"""The proof-of-concept page: one HTML file that shows in a real browser what the hostile origin can read.

It is for authorized use, and the page says so. Text from servers and users is embedded as JSON data that a script
reads, never as markup or code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.audits import Audit

_SHOWN = ("high", "medium", "low")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="origin">
<title>corscheck: proof of what can be read</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem; }
  pre { background: #f4f4f4; color: #111; overflow: auto; padding: .75rem; white-space: pre-wrap; word-break: break-all; }
  section { border-top: 1px solid #aaa; margin-top: 1.5rem; }
</style>
<h1>What this page can read</h1>
<p>For authorised use: serve it from the origin that a proof names, open it in a browser that is logged in at the target.
It sends nothing anywhere else, and shows what it reads here alone. Where the browser keeps the cookies back (SameSite, or
third-party cookies are switched off), it reads what somebody reads who is not logged in.</p>
<p>This page is at <code id="here"></code>. Proofs for this origin run by themselves.</p>
<main></main>
<script type="application/json" id="proofs">DATA</script>
<script>
"use strict";
const proofs = JSON.parse(document.getElementById("proofs").textContent);
document.getElementById("here").textContent = location.origin;
const read = async (proof) => {
  if (/^wss?:/.test(proof.url)) {
    return new Promise((resolve) => {
      const socket = new WebSocket(proof.url);
      // What the server says first is shown; many wait to be spoken to.
      socket.onopen = () => setTimeout(resolve, 2000, "READ the connection is open, with this browser's cookies");
      socket.onmessage = (message) => resolve("READ " + String(message.data).slice(0, 2000));
      socket.onerror = () => resolve("BLOCKED the server refused the handshake");
    });
  }
  try {
    const response = await fetch(proof.url, {
      method: proof.method, credentials: proof.credentials ? "include" : "omit",
    });
    return "READ " + response.status + " " + (await response.text()).slice(0, 2000);
  } catch (error) {
    return "BLOCKED " + error;
  }
};
const framed = (proof) => new Promise((resolve) => {
  // A sandboxed frame without allow-same-origin has the origin null.
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.hidden = true;
  frame.srcdoc = "<script>const read = " + read.toString() + ";onmessage = async (e) => " +
    "parent.postMessage(await read(e.data), '*');parent.postMessage('ready', '*');<" + "/script>";
  const listen = (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data === "ready") frame.contentWindow.postMessage(proof, "*");
    else { removeEventListener("message", listen); frame.remove(); resolve(String(event.data)); }
  };
  addEventListener("message", listen);
  document.body.append(frame);
});
for (const proof of proofs) {
  const section = document.createElement("section");
  const add = (name, text) => { const e = document.createElement(name); e.textContent = text; section.append(e); return e; };
  add("h2", proof.code + " " + proof.title);
  add("p", proof.message);
  add("p", proof.method + " " + proof.url + " from " + proof.origin);
  const button = add("button", "Read it");
  const out = add("pre", "");
  out.id = proof.code;
  const run = async () => { out.textContent = await (proof.origin === "null" ? framed(proof) : read(proof)); };
  button.onclick = run;
  document.querySelector("main").append(section);
  if (proof.origin === location.origin || proof.origin === "null") run();
}
</script>
</html>
"""


def page(audits: Sequence[Audit]) -> str:
    """Render the page for all findings above ``info`` that are not preflights.

    It repeats the URL and method of each finding, without request headers.
    """
    proofs = [
        {
            "code": finding.code, "title": finding.title, "message": finding.message, "url": finding.url,
            "method": finding.method, "origin": finding.origin, "credentials": finding.credentials,
        }
        for audit in audits
        for finding in audit.findings
        if finding.severity in _SHOWN and finding.method != "OPTIONS"
    ]  # fmt: skip
    # Escaped, "<" can neither end the script element nor start a comment.
    data = json.dumps(proofs, indent=1).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return _PAGE.replace("DATA", data)
