"""Random cases in the format of the recorded ones: single fetches, redirects, sequences, no-cors, upload listeners, COEP.

``cases(seed, count)`` is the same for the same arguments. Values come from lists of what matters, most of them good, so
that each case gets far enough for something to decide.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.browsers.generate import BAD_LISTS, EXPOSED, HEADERS, METHODS, STATUSES, TOKENS

_KINDS = {
    "http": "http://app.example",
    "https": "https://app.example",
    "null": "null",
    "null-https": "null",
    "https-require-corp": "https://app.example",
    "https-credentialless": "https://app.example",
    "http-require-corp": "http://app.example",
}
_WEIGHTS = (8, 8, 3, 2, 2, 2, 1)
_COEP = {
    "https-require-corp": "require-corp",
    "https-credentialless": "credentialless",
    "http-require-corp": "require-corp",
}
_HOSTS = ("api.example", "api.example", "api.example", "third.example", "app.example", "api.app.example")
_POLICIES = (
    "same-origin",
    "same-site",
    "cross-origin",
    "cross-origin",
    "Same-Origin",
    "none",
    "",
    "same-origin, same-site",
)
_AGES = ("600", "600", "600", "0", "-1", "abc", "", "600.5", "+60")
_ODD_ORIGINS = ("null", "http://other.example", "*, *", "", "app.example", "https://app.example/", "HTTP://app.example")
_LOCATIONS = ("1", "/c/{id}/1#f", "http://[::1", "http://", "ftp://a.example/", "data:text/plain,x",
              "http://u:p@third.example/c/{id}/1", "http://@third.example/c/{id}/1", "/c/{id}/1?a|b",
              "http://api.example:6000/c/{id}/1", "//third.example/c/{id}/1")  # fmt: skip
"""None to mailto: and the like, for which Firefox ends the page's process. Console lines are known by the id in their URL."""


def cases(seed: int, count: int) -> dict[str, dict[str, Any]]:
    """Return so many cases by id."""
    random = Random(seed)
    return {case["id"]: case for case in (_case(random, f"r{seed}-{number}") for number in range(count))}


def _case(random: Random, case_id: str) -> dict[str, Any]:
    kind = random.choices(list(_KINDS), _WEIGHTS)[0]
    about = random.choice(
        ("fetch", "fetch", "fetch", "redirect", "redirect", "sequence", "sequence", "no-cors", "upload")
    )
    origin = _KINDS[kind]
    case: dict[str, Any] = {
        "id": case_id,
        "group": about,
        "label": about,
        "page": {"kind": kind, "origin": origin} | ({"coep": _COEP[kind]} if kind in _COEP else {}),
        "url": _place(random, case_id, 0),
        "request": _request(random, about),
    }
    hops = [{"preflight": _preflight(random, origin), "actual": _actual(random, origin)} for _ in range(3)]
    if about == "redirect" or (about in ("no-cors", "upload") and random.random() < 0.3):
        for number in range(random.choice((1, 1, 2))):
            _redirect(random, case_id, number, hops[number]["actual"], about)
    if about == "sequence":
        # Firefox begins to use its preflight cache for a host after two repeats. The recorder's page makes these for one.
        case["url"] = f"{random.choice(('http', 'https'))}://api.example/c/{case_id}/0"
        case["sequence"] = [
            case["request"],
            *(_again(random, case["request"]) for _ in range(random.choice((1, 1, 2, 3)))),
        ]
        for hop in hops:
            hop["preflight"]["headers"].append(["Access-Control-Max-Age", random.choice(_AGES)])
    if about == "no-cors" and origin == "null" and case["request"]["credentials"] == "include":
        # Whether Chromium then sends an Origin depends on the site of the embedding page, which corscheck is not told.
        case["request"]["credentials"] = "omit"
    case["server"] = {"hops": hops}
    return case


def _place(random: Random, case_id: str, hop: int) -> str:
    return f"{random.choice(('http', 'http', 'https'))}://{random.choice(_HOSTS)}/c/{case_id}/{hop}"


def _request(random: Random, about: str) -> dict[str, Any]:
    method = random.choice(("GET", "GET", "POST", "PUT", *METHODS))
    headers = [list(random.choice(HEADERS)) for _ in range(random.choice((0, 0, 1, 1, 2)))]
    request: dict[str, Any] = {
        "method": method,
        "headers": headers,
        "credentials": random.choice(("omit", "same-origin", "same-origin", "include", "include")),
        "redirect": "follow" if random.random() < 0.8 else random.choice(("manual", "error")),
        "body": "x" if method.upper() not in ("GET", "HEAD") and random.random() < 0.5 else None,
    }
    if about == "no-cors":
        request |= {"mode": "no-cors", "method": random.choice(("GET", "GET", "HEAD", "POST"))}
        request["body"] = "x" if request["method"] == "POST" else None
    elif about != "upload" and random.random() < 0.04:
        request["mode"] = "same-origin"
    if about == "upload":
        listen = random.choice(
            ("progress", "progress", "property", "loadstart", "other", "none", "removed", "unset", "down")
        )
        request |= {
            "xhr": {"listen": listen, "at": random.choice(("open", "send", "send", "after"))},
            "redirect": "follow",
        }
        request["credentials"] = random.choice(("same-origin", "include"))
    return request


def _again(random: Random, request: dict[str, Any]) -> dict[str, Any]:
    """The same request, or one that differs in a part that a preflight cache may look at."""
    again = dict(request)
    change = random.choice(("nothing", "nothing", "method", "headers", "credentials", "cache"))
    if change == "method":
        again["method"] = random.choice(("GET", "HEAD", "POST", "PUT", "DELETE"))
        again["body"] = None
    elif change == "headers":
        again["headers"] = [*request["headers"], ["x-a", "1"]] if random.random() < 0.5 else request["headers"][:1]
    elif change == "credentials":
        again["credentials"] = random.choice(("omit", "same-origin", "include"))
    elif change == "cache":
        again["cache"] = random.choice(("no-store", "reload", "no-cache", "force-cache"))
    return again


def _allow(random: Random, origin: str) -> list[list[str]]:
    """The two headers of the CORS check."""
    name = "Access-Control-Allow-Origin"
    roll = random.random()
    if roll < 0.06:
        found = []
    elif roll < 0.12:
        found = [[name, random.choice(_ODD_ORIGINS)]]
    elif roll < 0.15:
        found = [[name, random.choice((origin, "*"))], [name, random.choice((origin, "*", ""))]]
    else:
        found = [[name, random.choice(("*", origin, "{echo:origin}", "{echo:origin}", "{echo:origin}"))]]
    if random.random() < 0.75:
        found.append(
            ["Access-Control-Allow-Credentials", "true" if random.random() < 0.9 else random.choice(("True", "", "1"))]
        )
    return found


def _preflight(random: Random, origin: str) -> dict[str, Any]:
    headers = _allow(random, origin)
    if random.random() < 0.9:
        methods = [
            "{echo:acrm}" if random.random() < 0.8 else random.choice(("*", "GET, PUT", "put", ", PUT,", *METHODS))
        ]
        methods += [random.choice(BAD_LISTS)] if random.random() < 0.02 else []
        headers += [["Access-Control-Allow-Methods", value] for value in methods]
    if random.random() < 0.9:
        names = ["{echo:acrh}" if random.random() < 0.8 else ", ".join(random.choices(TOKENS, k=2))]
        names += [random.choice(BAD_LISTS)] if random.random() < 0.02 else []
        headers += [["Access-Control-Allow-Headers", value] for value in names]
    status = 204 if random.random() < 0.93 else random.choice((*STATUSES, 301, 307))
    return {"status": status, "headers": headers}


def _actual(random: Random, origin: str) -> dict[str, Any]:
    headers = [*_allow(random, origin), ["Cache-Control", "no-store"]]
    if random.random() < 0.25:
        headers += [["Cross-Origin-Resource-Policy", random.choice(_POLICIES)]]
    if random.random() < 0.2:
        headers += [["Access-Control-Expose-Headers", random.choice(EXPOSED)], ["X-One", "1"], ["ETag", '"e"']]
    status = 200 if random.random() < 0.8 else random.choice([s for s in STATUSES if s != 421])
    return {"status": status, "headers": headers}


def _redirect(random: Random, case_id: str, number: int, reply: dict[str, Any], about: str) -> None:
    location = _place(random, case_id, number + 1)
    if random.random() < 0.12:
        location = random.choice(_LOCATIONS).replace("{id}", case_id)
        if about == "upload" and ":6000" in location:  # Firefox's XMLHttpRequest says nothing then, not even "error"
            location = "1"
    reply["status"] = random.choice((301, 302, 303, 307, 308))
    reply["headers"].append(["Location", location])


def redirect_cases() -> dict[str, dict[str, Any]]:
    """Return chains of redirects to every kind of end, from every kind of page, by id: where texts differ most."""
    found: dict[str, dict[str, Any]] = {}

    def add(
        kind: str, request: dict[str, Any], steps: tuple[str, ...], status: int, end: str | None, *, good: bool
    ) -> None:
        case_id, scheme = f"chain-{len(found)}", "https" if kind == "https" else "http"
        hops = []
        for number in range(len(steps)):
            last = number + 1 == len(steps)
            to = end if last else f"{scheme}://{steps[number + 1]}.example/c/{case_id}/{number + 1}"
            headers = [
                *(_GOOD if good or not last else []),
                *([["Location", to.replace("{id}", case_id)]] if to is not None else []),
            ]
            hops.append({
                "preflight": {"status": 204, "headers": [*_GOOD, ["Access-Control-Allow-Methods", "PUT"]]},
                "actual": {"status": 200 if last and end is None else status, "headers": headers},
            })  # fmt: skip
        found[case_id] = {
            "id": case_id,
            "group": "redirect",
            "label": f"{' to '.join(steps)}, {end}",
            "page": {"kind": kind, "origin": _KINDS[kind]},
            "url": f"{scheme}://{steps[0]}.example/c/{case_id}/0",
            "request": {"headers": [], "credentials": "same-origin", "redirect": "follow", "body": None, **request},
            "server": {"hops": hops},
        }

    chains = [(first, *rest) for first in ("app", "api") for rest in _CHAINS]
    for mode in ("cors", "no-cors"):
        for steps in chains:
            for end in _ENDS:
                add("http", {"method": "GET", "mode": mode}, steps, 302, end, good=True)
    for steps in chains:
        for end in _INSECURE_ENDS:
            for method, good in (("GET", True), ("GET", False), ("PUT", True), ("PUT", False)):
                for redirect in ("follow", "manual", "error"):
                    add("https", {"method": method, "redirect": redirect}, steps, 307, end, good=good)
            add("https", {"method": "GET", "mode": "no-cors"}, steps, 307, end, good=True)
    for kind in ("http", "https", "null"):
        for mode in ("cors", "no-cors", "same-origin"):
            for status in (301, 303, 307):
                for steps in chains:
                    add(kind, {"method": "POST", "mode": mode, "body": "x"}, steps, status, None, good=True)
    return found


_GOOD = [["Access-Control-Allow-Origin", "{echo:origin}"], ["Access-Control-Allow-Credentials", "true"]]
_CHAINS = ((), ("app",), ("api",), ("third",), ("api", "third"), ("third", "api"), ("app", "api"), ("api", "app"))
_ENDS = ("ftp://a.example/", "data:text/plain,x", "foo:bar", "http://[::1", "http://", "",
         "http://u:p@third.example/c/{id}/9", "http://api.example:6000/c/{id}/9")  # fmt: skip
_INSECURE_ENDS = ("http://u:p@third.example/c/{id}/9", "http://third.example/c/{id}/9", "http://api.example:6000/c/{id}/9",
                  "https://u:p@third.example/c/{id}/9", "http://app.example/c/{id}/9")  # fmt: skip
