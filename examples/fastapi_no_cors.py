"""A small orders API that knows nothing of CORS: every page elsewhere is locked out of its answers.

Start it from this directory (`pip install fastapi uvicorn python-multipart`):

    uvicorn fastapi_no_cors:app --port 8000

Ask what a page on http://localhost:3000 may do with it:

    corscheck probe http://localhost:8000/data --origin http://localhost:3000
        BLOCKED: the answer has no Access-Control-Allow-Origin. The server received the GET and ran it all the same;
        only reading is blocked.

    corscheck probe http://localhost:8000/data --origin http://localhost:3000 -X PUT -H 'X-Tenant: 7'
        BLOCKED: PUT needs a preflight, and OPTIONS gets a 405 without CORS headers. The PUT is never sent.

    corscheck probe http://localhost:8000/upload --origin http://localhost:3000 -F 'file=@README.md'
        BLOCKED, and yet the file arrives: multipart/form-data is safelisted, so no preflight asks first.

    corscheck probe http://localhost:8000/me --origin http://localhost:3000 -H 'Authorization: Bearer secret-token'
        BLOCKED: an Authorization header needs a preflight, which gets the same 405.

`fastapi_cors.py` is the same application with the middleware that opens it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response, UploadFile
from pydantic import BaseModel

app = FastAPI(title="orders, without CORS")


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


@app.post("/upload")
async def upload(file: UploadFile) -> dict[str, str | int | None]:
    return {"name": file.filename, "bytes": len(await file.read())}


@app.get("/me")
def me(authorization: Annotated[str | None, Header()] = None) -> dict[str, str]:
    if authorization != "Bearer secret-token":
        raise HTTPException(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    return {"name": "Ada"}
