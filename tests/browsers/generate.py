"""Random questions and random servers, for corscheck and a real browser to disagree about.

A case has the corpus' format. What decides differs widely in how often chance brings it up, so a case starts from an
``aim`` (what it is about) and leaves everything else to chance. ``{A}``, ``{B}`` and ``{S}`` stand for three targets (two
http origins, one https), ``{id}`` for the case's id.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ORIGINS = ("http://app.example", "https://app.example", "null")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "patch", "put", "post", "chicken", "Egg")
BAD_METHODS = ("TRACE", "connect", "TrAcK", "G T", "GET,", '"PUT"', "")
HEADERS = (
    ("x-a", "1"), ("X-B", "2"), ("X-Custom", ""), ("Authorization", "Bearer t"), ("authorization", "x"), ("x-a", "2"),
    ("Content-Type", "application/json"), ("Content-Type", "text/plain"), ("Content-Type", "text/plain;charset=utf-8"),
    ("Content-Type", "text/plain;;;"), ("Content-Type", "multipart/form-data; boundary=x"), ("Content-Type", ""),
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", "text/plain; a=b,c"), ("Content-Type", "x"),
    ("Accept", "application/json"), ("Accept", 'a"b'), ("Accept", "a\x80b"), ("Accept", "x" * 129), ("Accept", "b"),
    ("Accept-Language", "en, de;q=0.5"), ("Accept-Language", "en_US"), ("Content-Language", "de"),
    ("Range", "bytes=0-"), ("Range", "bytes=-5"), ("Range", "bytes=5-1"), ("Range", "bytes=0-99999999999999999999"),
    ("DPR", "2"), ("DPR", "x"), ("Save-Data", "on"), ("Width", "10"), ("Viewport-Width", "1.5"), ("Downlink", "1.5"),
    ("User-Agent", "x"), ("Cookie", "a=b"), ("Sec-X", "1"), ("Proxy-X", "1"), ("Secret", "1"), ("DNT", "1"), ("Via", "x"),
    ("X-HTTP-Method-Override", "PUT"), ("X-HTTP-Method", "TRACE"), ("X-Method-Override", "get, track"), ("Cache-Control", "x"),
    ("If-None-Match", '"x"'), ("Last-Event-ID", "1"), ("X-Requested-With", "XMLHttpRequest"), ("Priority", "u=1"),
)  # fmt: skip
BAD_HEADERS = (("X A", "1"), ("", "1"), ("X-A:", "1"), ("x-a", "a\nb"), ("x-a", "a\0b"), ("é", "1"))
TOKENS = ("x-a", "X-B", "x-custom", "authorization", "Authorization", "content-type", "accept", "range", "*", "dpr", "save-data",
          "user-agent", "x-requested-with", "accept-language", "content-language", "x-http-method-override", "cache-control",
          "if-none-match", "last-event-id", "priority", "secret", "width", "viewport-width", "downlink", "x-method-override")  # fmt: skip  # noqa: E501
BAD_LISTS = ("a b", '"PUT"', "PUT; DELETE", "x-a, @", "(x)", "a/b", "\xe9", "x-a,, y z", "PUT\x01")
EXPOSED = (
    "X-One",
    "*",
    "x-two",
    "X-One, X-Two",
    "etag",
    "Set-Cookie",
    "bad value",
    "",
    "X-One,,ETag",
    "Authorization",
    "@",
)
MAX_AGES = ("600", "0", "-1", "abc", "", "600.5", "99999999999999999999999")
STATUSES = (200, 200, 200, 204, 201, 206, 299, 300, 304, 400, 401, 403, 404, 405, 418, 421, 500, 503, 599)
LOCATIONS = ("{A}/c/{id}/1", "{B}/c/{id}/1", "{S}/c/{id}/1", "/c/{id}/1", "1", "{B}/c/{id}/1#frag", "")
USERINFO = (
    "http://u:p@127.0.0.1:{B:port}/c/{id}/1",
    "http://u@127.0.0.1:{A:port}/c/{id}/1",
    "http://@127.0.0.1:{B:port}/c/{id}/1",
)
SCHEMES = (
    "ftp://{id}.example/",
    "foo:{id}",
    "mailto:{id}@b.c",
    "data:text/plain,{id}",
    "file:///{id}",
    "javascript:1",
    "blob:{A}/x",
)
NOWHERE = ("http://[::1", "http://", "https://:80/", "http://a:b/")
BAD_PORTS = ("http://127.0.0.1:1/c/{id}/1", "http://127.0.0.1:6000/c/{id}/1", "https://127.0.0.1:22/")
AIMS = ("any", "any", "any", "origin", "origin", "credentials", "status", "methods", "headers", "lists", "lists", "redirect",
        "redirect", "userinfo", "userinfo", "scheme", "scheme", "nowhere", "port", "loop", "error", "preflight-redirect",
        "preflight-redirect", "invalid", "invalid", "invalid", "mode", "mode", "mode", "407", "wildcard", "expose")  # fmt: skip
ON_THE_WAY = ("userinfo", "scheme", "nowhere", "port", "loop", "error")
"""Aims that come after a CORS check: it should mostly pass."""


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """One case; ``aim`` says what it was meant to be about."""
    aim = draw(st.sampled_from(AIMS))
    origin = draw(st.sampled_from(ORIGINS))
    if aim == "mode":
        origin = draw(st.sampled_from(("http://app.example", "https://app.example", "https://app.example")))
    request = draw(_requests(aim))
    hops = [draw(_hops(aim, origin, last=False))]
    if aim in ("redirect", "userinfo", "scheme", "nowhere", "port", "loop", "error") or draw(st.integers(0, 5)) == 0:
        hops[0] = draw(_redirecting(aim, origin))
        hops.append(
            draw(_redirecting(aim, origin)) if draw(st.integers(0, 4)) == 0 else draw(_hops(aim, origin, last=True))
        )
        hops.append(draw(_hops(aim, origin, last=True)))
    url = "{A}/c/{id}/0"
    if origin == "https://app.example" and draw(st.booleans()):
        url = "{S}/c/{id}/0"
    if aim == "port" and draw(st.booleans()):
        url = "http://127.0.0.1:6000/c/{id}/0"
    if aim == "scheme" and draw(st.integers(0, 3)) == 0:
        url = draw(st.sampled_from(("ftp://{id}.example/", "foo:{id}", "file:///{id}")))
    if aim == "invalid" and draw(st.integers(0, 3)) == 0:
        url = "http://u@127.0.0.1:{A:port}/c/{id}/0"
    if aim == "mode" and origin == "https://app.example" and draw(st.booleans()):
        url = "http://plain.example/c/{id}/0"
        request["mode"] = draw(st.sampled_from(("cors", "cors", "same-origin")))
    return {"aim": aim, "page": {"origin": origin}, "url": url, "request": request, "server": {"hops": hops}}


@st.composite
def _requests(draw: st.DrawFn, aim: str) -> dict[str, Any]:
    method = draw(st.sampled_from(METHODS))
    count = draw(st.sampled_from((0, 0, 1, 1, 2, 3)))
    headers = [list(draw(st.sampled_from(HEADERS))) for _ in range(count)]
    if aim in ("methods", "status", "preflight-redirect"):
        method = draw(st.sampled_from(("PUT", "DELETE", "PATCH", "patch", "chicken")))
    if aim in ("headers", "lists"):
        headers.append(
            draw(st.sampled_from((["x-a", "1"], ["Authorization", "t"], ["Content-Type", "application/json"])))
        )
    if aim == "mode":
        method = draw(st.sampled_from(("GET", "GET", "POST", "PUT")))
    if aim == "loop":
        method, headers = draw(st.sampled_from(("GET", "GET", "PUT"))), []
    if aim == "wildcard":
        headers = [["Authorization", "t"]]
    modes = ("omit", "same-origin") if aim in ON_THE_WAY else ("omit", "same-origin", "include", "include")
    mode = draw(st.sampled_from(("same-origin", "no-cors"))) if aim == "mode" else "cors"
    odd = ("manual", "error", "follow") if mode == "no-cors" else ("follow",) * 8 + ("manual", "error")
    redirect = {"error": "error", "loop": "follow"}.get(aim) or draw(st.sampled_from(odd))
    body = "x" if method.upper() in ("POST", "PUT", "DELETE", "PATCH") and draw(st.booleans()) else None
    if aim == "invalid":
        fault = draw(st.sampled_from(("method", "method", "header", "header", "body", "body", "no-cors")))
        if fault == "method":
            method = draw(st.sampled_from(BAD_METHODS))
        elif fault == "header":
            headers.append(list(draw(st.sampled_from(BAD_HEADERS))))
        elif fault == "body":
            method, body = draw(st.sampled_from(("GET", "HEAD", "get"))), "x"
        else:
            method, mode = "PUT", "no-cors"
    return {
        "method": method, "headers": headers, "credentials": draw(st.sampled_from(modes)),
        "redirect": redirect, "mode": mode, "body": body,
    }  # fmt: skip


@st.composite
def _hops(draw: st.DrawFn, aim: str, origin: str, *, last: bool) -> dict[str, Any]:
    return {"preflight": draw(_preflights(aim, origin, last=last)), "actual": draw(_actuals(aim, origin, last=last))}


@st.composite
def _redirecting(draw: st.DrawFn, aim: str, origin: str) -> dict[str, Any]:
    hop = draw(_hops("redirect", origin, last=False))
    known = {"userinfo": USERINFO, "scheme": SCHEMES, "nowhere": NOWHERE, "port": BAD_PORTS, "loop": ("{A}/c/{id}/0",)}
    location = draw(st.sampled_from(known.get(aim, LOCATIONS)))
    headers = [*hop["actual"]["headers"], ["Location", location]]
    if draw(st.integers(0, 9)) == 0:
        headers.append(["Location", draw(st.sampled_from((location, "{A}/c/{id}/2")))])
    if draw(st.integers(0, 9)) == 0:
        headers = [h for h in headers if h[0] != "Location"]
    hop["actual"] = {"status": draw(st.sampled_from((301, 302, 303, 307, 308))), "headers": headers}
    return hop


@st.composite
def _allow_origin(draw: st.DrawFn, aim: str, origin: str, *, last: bool) -> list[list[str]]:
    name = "Access-Control-Allow-Origin"
    good = ["*", origin, origin, "{echo:origin}", "{echo:origin}"]
    odd = ["null", "http://other.example", f"{origin}/", origin.upper(), f"{origin}, http://b.example", "app.example", "",
           "http://*.example", f"{origin} ", "undefined", "None", "*, *", "http://[", f"{origin}:80", "NULL"]  # fmt: skip
    if last:
        good += ["null", "*"]
    chance = 3 if aim == "origin" else 40 if aim in ON_THE_WAY else 12
    kind = draw(st.integers(0, chance))
    if kind == 0:
        return [[name, draw(st.sampled_from(odd))]]
    if kind == 1:
        return []
    if kind == 2 and draw(st.booleans()):
        spelled = draw(st.sampled_from((name, name.lower())))
        return [[name, draw(st.sampled_from(good))], [spelled, draw(st.sampled_from([*good, ""]))]]
    return [[name, draw(st.sampled_from(good))]]


@st.composite
def _allow_credentials(draw: st.DrawFn, aim: str) -> list[list[str]]:
    name = "Access-Control-Allow-Credentials"
    values = ("True", "", "1", "false", "true, true", "yes") if aim == "credentials" else ("true",) * 12 + ("True", "")
    headers = [[name, draw(st.sampled_from(values))]] if draw(st.integers(0, 8)) else []
    return headers + ([[name, "true"]] if aim == "credentials" and draw(st.integers(0, 3)) == 0 else [])


@st.composite
def _preflights(draw: st.DrawFn, aim: str, origin: str, *, last: bool) -> dict[str, Any]:
    headers = draw(_allow_origin(aim, origin, last=last)) + draw(_allow_credentials(aim))
    broken_headers = draw(st.booleans())
    if draw(st.integers(0, 9)):
        tokens = ("{echo:acrm}",) * 8 + METHODS + ("*", "GET, PUT", "put, Delete", ", PUT,")
        values = draw(st.lists(st.sampled_from(tokens), min_size=1, max_size=2))
        if (aim == "lists" and not broken_headers) or draw(st.integers(0, 60)) == 0:
            values.append(draw(st.sampled_from(BAD_LISTS)))
        headers += [["Access-Control-Allow-Methods", v] for v in values]
    if aim == "wildcard":
        headers.append(["Access-Control-Allow-Headers", "*"])
    elif draw(st.integers(0, 9)):
        tokens = ("{echo:acrh}",) * 25 + TOKENS
        values = [", ".join(draw(st.lists(st.sampled_from(tokens), min_size=1, max_size=4)))]
        if aim == "lists" and broken_headers:
            values.append(draw(st.sampled_from(BAD_LISTS)))
        headers += [["Access-Control-Allow-Headers", v] for v in values]
    if draw(st.integers(0, 3)) == 0:
        headers.append(["Access-Control-Max-Age", draw(st.sampled_from(MAX_AGES))])
    status = draw(st.sampled_from(STATUSES)) if aim in ("status", "any") else draw(st.sampled_from((200, 204, 204)))
    if aim == "preflight-redirect":
        status = draw(st.sampled_from((301, 302, 303, 307, 308)))
        if draw(st.integers(0, 3)):
            headers.append(["Location", draw(st.sampled_from(LOCATIONS + SCHEMES + NOWHERE))])
    if aim == "407" and draw(st.booleans()):
        status = 407
    return {"status": status, "headers": headers}


@st.composite
def _actuals(draw: st.DrawFn, aim: str, origin: str, *, last: bool) -> dict[str, Any]:
    headers = draw(_allow_origin(aim, origin, last=last)) + draw(_allow_credentials(aim))
    if aim == "expose" or draw(st.integers(0, 3)) == 0:
        count = draw(st.integers(1, 2))
        headers += [["Access-Control-Expose-Headers", draw(st.sampled_from(EXPOSED))] for _ in range(count)]
        headers += [["X-One", "1"], ["X-Two", "2"], ["ETag", '"e"'], ["Cache-Control", "no-store"]]
    else:
        headers.append(["Cache-Control", "no-store"])
    status = 407 if aim == "407" else draw(st.sampled_from(STATUSES))
    return {"status": status, "headers": headers}
