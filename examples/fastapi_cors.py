"""The orders API, opened to a frontend on http://localhost:3000 for development.

Start it from this directory (`pip install fastapi uvicorn python-multipart`):

    uvicorn fastapi_cors:app --port 8000

What this configuration allows:

    corscheck probe http://localhost:8000/data --origin http://localhost:3000
    corscheck probe http://localhost:8000/upload --origin http://localhost:3000 -F 'file=@README.md'
        a file upload: multipart/form-data is safelisted, so the browser sends no preflight
    corscheck probe http://localhost:8000/me --origin http://localhost:3000 -H 'Authorization: Bearer secret-token'
        a bearer token: needs a preflight, and Authorization is in allow_headers
    corscheck probe http://localhost:8000/me --origin http://localhost:3000
        the 401 of a missing token can be read as well: the middleware covers error answers too

What it does not allow:

    corscheck probe http://localhost:8000/data --origin http://127.0.0.1:3000
        BLOCKED: another spelling of the same machine is another origin
    corscheck probe http://localhost:8000/data --origin http://localhost:3000 --credentials include
        BLOCKED: allow_credentials is off, so Access-Control-Allow-Credentials is missing
    corscheck probe http://localhost:8000/data --origin http://localhost:3000 -X PUT -H 'X-Tenant: 7'
        BLOCKED: X-Tenant is not in allow_headers; Starlette answers such a preflight with a 400
    corscheck probe http://localhost:8000/data --origin http://localhost:3000 -X DELETE
        BLOCKED: DELETE is not in allow_methods

And what is allowed but hidden: GET /data answers with X-Total-Count, which no script can read, because it is not in
expose_headers. `fastapi_production.py` does better in all of these.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

app = FastAPI(title="orders, for a frontend on localhost:3000")

# Added last if there are several: the middleware added last is the outermost, and an answer that another one gives
# (a 401, say) then passes through this one and gets its CORS headers.
app.add_middleware(
    CORSMiddleware,
    allow_origins=["http://localhost:3000"],
    allow_methods=["GET", "POST", "PUT"],
    allow_headers=["Authorization"],
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


@app.post("/upload")
async def upload(file: UploadFile) -> dict[str, str | int | None]:
    return {"name": file.filename, "bytes": len(await file.read())}


@app.get("/me")
def me(authorization: Annotated[str | None, Header()] = None) -> dict[str, str]:
    if authorization != "Bearer secret-token":
        raise HTTPException(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    return {"name": "Ada"}
