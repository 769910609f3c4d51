// Express with cors, Koa with @koa/cors, Hono with hono/cors, and a WebSocket by hand: in one process.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import koaCors from "@koa/cors";
import cors from "cors";
import express from "express";
import { Hono } from "hono";
import { cors as honoCors } from "hono/cors";
import Koa from "koa";

const APP = "https://app.example.com";
const SECRET = { secret: "of the visitor" };
const app = express();

const policies = {
  "express-true": true,
  "express-open-begin": /example\.com$/,
  "express-anywhere": /app\.example\.com/,
  "express-dot": [/^https:\/\/app.example.com$/],
  "express-vercel": (origin, done) => done(null, origin === APP || /\.vercel\.app$/.test(origin ?? "")),
  "express-nested": /^https:\/\/[a-z.]+\.example\.com$/,
  "express-word": /^https:\/\/app\.example\.com\b/,
  "express-own": [APP, /^https:\/\/api\.example\.com/],
  "express-loopback": [APP, /^http:\/\/127\.0\.0\.1/],
  "express-netlify": [APP, /^https:\/\/[a-z0-9-]+--[a-z0-9-]+\.netlify\.app$/],
  "express-team": /^https:\/\/shop-[a-z0-9-]+-acme\.vercel\.app$/,
  "express-exact": [APP, "https://admin.example.com"],
  "express-string": APP,
};
for (const [name, origin] of Object.entries(policies)) {
  app.get(`/${name}/data`, cors({ origin, credentials: true }), (req, res) => res.json(SECRET));
}

function koa(options) {
  const inner = new Koa();
  inner.silent = true;
  inner.use(koaCors({ credentials: true, ...options }));
  inner.use((ctx) => { ctx.body = SECRET; });
  return inner.callback();
}
app.use("/koa-default", koa({}));
app.use("/koa-split", koa({ origin: (ctx) => ctx.get("Origin").startsWith(`${APP}`.split(".com")[0]) ? ctx.get("Origin") : "" }));
app.use("/koa-exact", koa({ origin: (ctx) => (ctx.get("Origin") === APP ? APP : "") }));

function hono(origin) {
  const inner = new Hono();
  inner.use("*", honoCors({ origin, credentials: true }));
  inner.all("*", (c) => c.json(SECRET));
  return getRequestListener(inner.fetch, { overrideGlobalObjects: false });
}
app.use("/hono-suffix", hono((origin) => (origin.endsWith(".com") ? origin : "")));
app.use("/hono-exact", hono([APP]));

const server = createServer(app);
server.on("upgrade", (request, socket) => {
  socket.on("error", () => {});
  let host = "";
  try { host = new URL(request.headers.origin).hostname; } catch { /* null, or none */ }
  if (!host.endsWith("example.com") || !(request.headers.cookie ?? "").includes("session=")) {
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    return;
  }
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
