"""Frameworks of Node.js, with the same small application; npm installs them into a temporary folder, once a process."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent / "node" / "package.json"
_OLDEST = 20

_EXPRESS = """
import express from "express";
const app = express();

FIX
const data = (req, res) => res.set("X-Total-Count", "2").json([1, 2]);
app.get("/data", data);
app.put("/data", data);
app.patch("/data", data);
app.get("/broken", () => { throw new Error("broken"); });
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
"""

_FASTIFY = """
import Fastify from "fastify";
const fastify = Fastify();

FIX
const data = async (request, reply) => { reply.header("X-Total-Count", "2"); return [1, 2]; };
// A body is read only where its type is known; these tests send none.
fastify.addContentTypeParser("*", (request, payload, done) => done(null, null));
fastify.removeContentTypeParser("application/json");
fastify.route({ method: ["GET", "PUT", "PATCH"], url: "/data", handler: data });
fastify.get("/broken", async () => { throw new Error("broken"); });
console.log(`listening on ${await fastify.listen({ port: 0, host: "127.0.0.1" })}`);
"""

_KOA = """
import Koa from "koa";
const app = new Koa();
app.silent = true;

FIX
app.use(async (ctx) => {
  if (ctx.path === "/broken") throw new Error("broken");
  if (ctx.path === "/data" && ["GET", "PUT", "PATCH"].includes(ctx.method)) {
    ctx.set("X-Total-Count", "2");
    ctx.body = [1, 2];
  }
});
const server = app.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
"""

_HONO = """
import { serve } from "@hono/node-server";
import { Hono } from "hono";
const app = new Hono();

FIX
app.on(["GET", "PUT", "PATCH"], "/data", (c) => c.json([1, 2], 200, { "X-Total-Count": "2" }));
app.get("/broken", () => { throw new Error("broken"); });
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => console.log(`listening on http://127.0.0.1:${info.port}`));
"""

# Decorators are called by hand, as TypeScript does it: so there is nothing to compile.
_NESTJS = """
import "reflect-metadata";
import { Controller, Get, Header, Module, Patch, Put } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

class Data {
  read() { return [1, 2]; }
  write() { return [1, 2]; }
  change() { return [1, 2]; }
  broken() { throw new Error("broken"); }
}
function decorate(name, ...decorators) {
  for (const one of decorators) one(Data.prototype, name, Object.getOwnPropertyDescriptor(Data.prototype, name));
}
decorate("read", Get("data"), Header("X-Total-Count", "2"));
decorate("write", Put("data"), Header("X-Total-Count", "2"));
decorate("change", Patch("data"), Header("X-Total-Count", "2"));
decorate("broken", Get("broken"));
Controller()(Data);
class Root {}
Module({ controllers: [Data] })(Root);

const app = await NestFactory.create(Root, { logger: false });

FIX
await app.listen(0, "127.0.0.1");
console.log(`listening on ${await app.getUrl()}`);
"""

APPLICATIONS = {
    "express": (_EXPRESS, ("express", "cors")),
    "fastify": (_FASTIFY, ("fastify", "@fastify/cors")),
    "hono": (_HONO, ("hono",)),
    "koa": (_KOA, ("koa", "@koa/cors")),
    "nestjs": (_NESTJS, ("@nestjs/core", "@nestjs/platform-express")),
}
"""The application, and the packages that answer its preflights."""


@functools.cache
def node() -> str | None:
    """The path of a Node.js that is new enough, with npm; None if there is none."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, encoding="utf-8", timeout=30).stdout
    return found if int(version.lstrip("v").partition(".")[0] or 0) >= _OLDEST else None


@functools.cache
def modules() -> Path:
    """The folder ``node_modules`` with everything in ``package.json``; gone when the process ends."""
    directory = tempfile.mkdtemp(prefix="corscheck-node-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    shutil.copy(PACKAGE, directory)
    npm = shutil.which("npm")
    assert npm is not None
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"npm install failed:\n{done.stderr}")
    return Path(directory, "node_modules")


def version(package: str) -> str:
    """Which version of it npm has installed."""
    return str(json.loads((modules() / package / "package.json").read_text())["version"])
