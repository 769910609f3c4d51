// Runs the cases of har_cases.py, in groups one after the other, and reports what script sees of each.
const seen = {};
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function viaFetch(url, { abort, ...init }) {
  const control = new AbortController();
  if (abort) setTimeout(() => control.abort(), abort);
  try {
    const response = await fetch(url, { ...init, signal: control.signal });
    await response.text();
    return response.type.startsWith("opaque") ? "opaque" : "read";
  } catch (error) {
    return error.name === "AbortError" ? "aborted" : "blocked";
  }
}

function viaXHR(url, init, upload) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open(init.method || "GET", url);
    for (const [name, value] of Object.entries(init.headers || {})) request.setRequestHeader(name, value);
    if (upload) request.upload.onprogress = () => {};
    request.onload = () => done("read");
    request.onerror = () => done("blocked");
    request.send(init.body);
  });
}

function viaElement(name, url) {
  return new Promise((done) => {
    const element = document.createElement(name);
    if (name === "script") element.type = "module";
    element.crossOrigin = "anonymous";
    element.onload = () => done("read");
    element.onerror = () => done("blocked");
    element.src = url;
    document.head.append(element);
  });
}

function viaSocket(url) {
  return new Promise((done) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => done("open");
    socket.onerror = () => done("blocked");
  });
}

function viaEvents(url) {
  return new Promise((done) => {
    const source = new EventSource(url);
    const end = (what) => () => { source.close(); done(what); };
    source.onmessage = end("read");
    source.onerror = end("blocked");
  });
}

function viaWorker(url, init) {
  return new Promise((done) => {
    const worker = new Worker("/worker.js");
    worker.onmessage = (event) => done(event.data);
    worker.postMessage([url, init]);
  });
}

function report(told) {
  viaFetch(...JSON.parse(decodeURIComponent(told))).then((seen) => parent.postMessage(seen, "*"));
}

function viaFrame(url, init, third) {
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    addEventListener("message", (event) => { if (event.source === frame.contentWindow) done(event.data); });
    const told = encodeURIComponent(JSON.stringify([url, init]));
    if (third) {
      frame.src = `${third}/frame#${told}`;
    } else {
      frame.sandbox = "allow-scripts";
      frame.srcdoc = `<script>${viaFetch} ${report} report(${JSON.stringify(told)})</script>`;
    }
    document.body.append(frame);
  });
}

const WAYS = {
  fetch: viaFetch,
  xhr: (url, init) => viaXHR(url, init, false),
  upload: (url, init) => viaXHR(url, init, true),
  image: (url) => viaElement("img", url),
  module: (url) => viaElement("script", url),
  socket: viaSocket,
  events: viaEvents,
  worker: viaWorker,
  frame: (url, init) => viaFrame(url, init, THIRD),
  sandbox: (url, init) => viaFrame(url, init, null),
  beacon: (url) => { navigator.sendBeacon(url, "x"); return wait(50).then(() => "opaque"); },
};

async function run(name, kind, url, init) {
  seen[name] = await Promise.race([WAYS[kind](url, init), wait(5000).then(() => "nothing")]);
}

async function main() {
  for (const [alone, cases] of GROUPS) {
    if (alone) for (const one of cases) await run(...one);
    else await Promise.all(cases.map((one) => run(...one)));
  }
  await fetch("/result", { method: "POST", body: JSON.stringify(seen) });
}
