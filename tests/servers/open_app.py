"""A FastAPI application for the browser tests: CORSMiddleware for one http page, one https page and opaque pages."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=["http://app.example", "https://app.example", "null"],
    allow_methods=["GET", "PUT"],
    allow_headers=["X-Tenant"],
    expose_headers=["X-Total-Count"],
)


@app.get("/data")
def data() -> dict[str, int]:
    return {"n": 1}


@app.put("/data")
def put() -> dict[str, int]:
    return {"n": 2}
