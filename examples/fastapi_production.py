"""The orders API with a production policy: every origin, method and header is named, nothing is a wildcard.

Start it from this directory (`pip install fastapi uvicorn python-multipart`):

    uvicorn fastapi_production:app --port 8000

What this configuration allows, to a page on https://app.example.com:

    corscheck probe http://localhost:8000/data --origin https://app.example.com --credentials include
        with cookies; X-Total-Count can be read, because it is exposed
    corscheck probe http://localhost:8000/data --origin https://app.example.com -X PUT -X DELETE \\
        -H 'X-Tenant: 7' -H 'Content-Type: application/json' --credentials include
        both preflights pass and are cached for 600 seconds; neither request is sent (add --send always)
    corscheck probe http://localhost:8000/upload --origin https://app.example.com -F 'file=@README.md'
        a file upload: multipart/form-data is safelisted, so there is no preflight
    corscheck probe http://localhost:8000/me --origin https://app.example.com -H 'Authorization: Bearer secret-token'

What it does not allow:

    corscheck probe http://localhost:8000/data --origin http://app.example.com \\
        --origin https://app.example.com.evil.example --origin null --expect blocked
        another scheme, a look-alike and a sandboxed frame: all blocked, exit status 0 because that is expected
    corscheck probe http://localhost:8000/data --origin https://app.example.com -X PATCH --expect blocked
    corscheck probe http://localhost:8000/data --origin https://app.example.com -H 'X-Debug: 1' --expect blocked
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

app = FastAPI(title="orders, in production")

# Origins are compared byte for byte: scheme and host in lower case, no path, no trailing slash, no default port.
# With allow_credentials, "*" would mean the literal "*" to a browser, so each list is spelled out.
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://app.example.com", "https://admin.example.com"],
    allow_methods=["GET", "POST", "PUT", "DELETE"],
    allow_headers=["Authorization", "Content-Type", "X-Tenant"],
    expose_headers=["X-Total-Count"],
    allow_credentials=True,
    max_age=600,
)


class Order(BaseModel):
    """What PUT /data takes."""

    item: str = "tea"
    amount: int = 1


orders: dict[str, Order] = {"1": Order(item="tea", amount=2)}


@app.get("/data")
def read_data(response: Response) -> dict[str, Order]:
    response.headers["X-Total-Count"] = str(len(orders))
    return orders


@app.put("/data")
def write_data(order: Order, x_tenant: Annotated[str, Header()]) -> Order:
    orders[x_tenant] = order
    return order


@app.delete("/data", status_code=204)
def delete_data(x_tenant: Annotated[str, Header()]) -> None:
    orders.pop(x_tenant, None)


@app.post("/upload")
async def upload(file: UploadFile) -> dict[str, str | int | None]:
    return {"name": file.filename, "bytes": len(await file.read())}


@app.get("/me")
def me(authorization: Annotated[str | None, Header()] = None) -> dict[str, str]:
    if authorization != "Bearer secret-token":
        raise HTTPException(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    return {"name": "Ada"}
