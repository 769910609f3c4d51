"""A profile whose pattern for our own pages fits somebody else's page too.

Start it from this directory (`pip install fastapi uvicorn`):

    uvicorn fastapi_pattern:app --port 8000

Every probe from a page of ours passes, as it should:

    corscheck probe https://api.example.com/me --via http://localhost:8000 --origin https://app.example.com --credentials include

A page that should not be allowed shows what is wrong:

    corscheck audit https://api.example.com/me --via http://localhost:8000 --allowed-origin https://app.example.com
        CORS804, exit status 1: anybody can register a domain that ends in example.com

With `https://[a-z]+\\.example\\.com` for the pattern it is CORS812 (every subdomain), with `allow_origins` nothing.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI(title="a profile")

app.add_middleware(CORSMiddleware, allow_origin_regex=r"https://.*example\.com", allow_credentials=True)


@app.get("/me")
def me() -> dict[str, str]:
    return {"name": "Ada", "token": "of the visitor"}
