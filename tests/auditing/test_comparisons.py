"""Comparisons of origins as people write them: what the audit finds in the faulty ones, and that it is silent on the rest.

Each server reflects, with credentials and ``Vary: Origin``, the origins that its rule allows. The target is
``https://api.acme.io/me``. What is right for each was decided by who can have a page at the origins that the rule allows.
"""

from __future__ import annotations

import fnmatch
import re
import statistics
from collections.abc import Callable
from typing import NamedTuple

import pytest

from corscheck.auditing.preloaded import is_https_only
from corscheck.model.audits import Audit
from corscheck.model.values import SEVERITIES
from tests.auditing.kit import Asked, Reply, audit_of, make_plan, named, reply, those

TARGET = "https://api.acme.io/me"
WWW = "https://www.acme.io"
Rule = Callable[[str], object]


class Fault(NamedTuple):
    """A faulty rule. ``origin`` is a pattern for the hostile origin of the finding, ``least`` its lowest right severity."""

    name: str
    rule: Rule
    least: str
    origin: str
    allowed: tuple[str, ...] = (WWW,)
    code: str | None = None
    target: str = TARGET


def matches(pattern: str) -> Rule:
    """``re.match``: a pattern without an end matches longer names."""
    return lambda origin: re.match(pattern, origin)


def www_and(rule: Rule) -> Rule:
    return lambda origin: origin == WWW or rule(origin)


def host(origin: str) -> str:
    return origin.partition("://")[2].partition(":")[0]


L = "[a-z]{9}"
HOSTS = (
    "pages.dev", "onrender.com", "trycloudflare.com", "azurestaticapps.net", "up.railway.app", "vercel.app", "netlify.app",
    "herokuapp.com", "github.io",
)  # fmt: skip

SINGLE = ("vercel.app", "netlify.app", "pages.dev", "onrender.com", "herokuapp.com", "up.railway.app")

DECLARED = ("github.io", "ngrok-free.app", "azurewebsites.net", "cloudfront.net", "amplifyapp.com", "firebaseapp.com")

FAULTS = (
    # The target's own name
    Fault("own prefix", www_and(matches(r"https://api\.acme\.io")), "high", rf"https://api\.acme\.io\.{L}\..+", code="CORS803"),
    Fault("Host contained in Origin", www_and(lambda o: "api.acme.io" in o), "high", r".*api\.acme\.io.*", code="CORS805"),
    Fault("own over http", www_and(matches(r"https?://api\.acme\.io$")), "medium", r"http://api\.acme\.io", code="CORS814"),
    Fault("own, unescaped dot", www_and(matches(r"https://api.acme\.io$")), "high", r"https://apixacme\.io", code="CORS806"),
    Fault("own, any port", www_and(matches(r"https://api\.acme\.io(:\d+)?$")), "low", r"https://api\.acme\.io:\d+",
          allowed=(), code="CORS815"),
    Fault("own prefix, nothing declared", matches(r"https://api\.acme\.io"), "high", rf"https://api\.acme\.io\.{L}.*", allowed=()),
    Fault("own prefix, the declared one refused", matches(r"https://api\.acme\.io"), "high", rf"https://api\.acme\.io\.{L}.*"),
    # The allowed origin
    Fault("prefix", matches(r"https://www\.acme\.io"), "high", rf"https://www\.acme\.io\.{L}\..+", code="CORS803"),
    Fault("alternation", matches(r"https://www\.acme\.io|https://acme\.io$"), "high", rf"https://www\.acme\.io\.{L}\..+"),
    Fault("first labels", lambda o: host(o).split(".")[:2] == ["www", "acme"], "high", r"https://www\.acme\..+"),
    Fault("suffix", lambda o: o.endswith("acme.io"), "high", rf"https://{L}acme\.io", code="CORS804"),
    Fault("suffix of the host", www_and(lambda o: o.endswith("www.acme.io")), "medium", rf"https://{L}www\.acme\.io"),
    Fault("public suffix", lambda o: o.endswith(".io"), "high", rf"https://{L}\.io", code="CORS810"),
    Fault("substring", lambda o: "acme.io" in o, "high", rf"https://{L}www\.acme\.io\.{L}\..+", code="CORS805"),
    Fault("name anywhere", lambda o: "acme" in o, "high", rf"https://{L}www\.acme\.io\.{L}\..+", code="CORS805"),
    Fault("unescaped dot", matches(r"https://www.acme.io$"), "high", r"https://wwwxacme\.io", code="CORS806"),
    Fault("any subdomain", matches(r"https://.+\.acme\.io$"), "medium", rf"https://{L}\.acme\.io", code="CORS812"),
    Fault("one label", matches(r"https://[a-z0-9-]+\.acme\.io$"), "medium", rf"https://{L}\.acme\.io", code="CORS812"),
    Fault("subdomains without an end", matches(r"https://(.+\.)?acme\.io"), "high", rf"https://www\.acme\.io\.{L}\..+"),
    Fault("optional subdomain", matches(r"https://(.*\.)?acme\.io$"), "medium", rf"https://{L}\.acme\.io", code="CORS812"),
    Fault("http", matches(r"https?://www\.acme\.io$"), "medium", r"http://www\.acme\.io", code="CORS814"),
    Fault("another scheme or port", lambda o: host(o) == "www.acme.io", "medium", r"http://www\.acme\.io", code="CORS814"),
    Fault("any port", matches(r"https://www\.acme\.io(:\d+)?$"), "low", r"https://www\.acme\.io:\d+", code="CORS815"),
    Fault("other TLD", matches(r"https://www\.acme\.[a-z]{2,3}$"), "high", r"https://www\.acme\.net", code="CORS833"),
    Fault("other TLD of .com", matches(r"https://www\.acme\.[a-z]{2,3}$"), "high", r"https://www\.acme\.(?!com).+",
          allowed=("https://www.acme.com",), code="CORS833"),
    Fault("cut short", lambda o: o in "https://www.acme.com,https://acme.com", "high", r"https://www\.acme\.co",
          allowed=("https://www.acme.com",), code="CORS807"),
    Fault("up to a hyphen", matches(r"https://www\.acme\.io(?![a-z0-9.])"), "high", rf"https://www\.acme\.io[-_].*{L}.*"),
    Fault("parsed by [a-z0-9.-]+", lambda o: re.findall(r"^https://([a-z0-9.-]+)", o) == ["www.acme.io"],
          "high", rf"https://www\.acme\.io[_$]\.{L}\..+", code="CORS809"),
    Fault("parsed by [\\w.-]+", lambda o: re.findall(r"^https://([\w.-]+)", o) == ["www.acme.io"],
          "high", rf"https://www\.acme\.io\$\.{L}\..+", code="CORS809"),
    Fault("glob as a pattern", www_and(matches("https://*.acme.io")), "high", r"https://xacme\.io"),
    Fault("glob without its dot", www_and(lambda o: fnmatch.fnmatch(o, "https://*acme.io")), "high", rf"https://{L}acme\.io"),
    Fault("glob for the TLD", lambda o: fnmatch.fnmatch(o, "https://www.acme.*"), "high", r"https://www\.acme\..+"),
    Fault("second allowed origin, prefix", lambda o: o == WWW or o.startswith("https://shop.acme.dev"), "high",
          rf"https://shop\.acme\.dev\.{L}\..+", allowed=(WWW, "https://shop.acme.dev")),
    Fault("an undeclared one", matches(r"https://app\.acme\.io"), "high", rf"https://app\.acme\.io\.{L}\..+", allowed=()),
    Fault("only names below the domain", matches(r"https?://.+\.acme\.io$"), "medium", rf"https://{L}\.acme\.io", allowed=()),
    Fault("declared pattern, prefix", matches(r"https://[a-z]+\.acme\.io"), "high", rf"https://{L}\.acme\.io\.{L}\..+",
          allowed=("https://*.acme.io",)),
    # Shared hosting
    *(Fault(f"any {name}", www_and(lambda o, n=name: o.endswith(f".{n}")), "high",
            rf"https://[a-z0-9.-]+\.{re.escape(name)}", code="CORS811") for name in HOSTS),
    *(Fault(f"one label of {name}", www_and(matches(rf"https://[a-z0-9-]+\.{re.escape(name)}$")), "high",
            rf"https://[a-z0-9-]+\.{re.escape(name)}", code="CORS811") for name in SINGLE),
    Fault("Netlify deploys", www_and(matches(r"https://[a-z0-9-]+--[a-z0-9-]+\.netlify\.app$")), "high",
          rf"https://deploy-preview-7--[a-z]+-{L}\.netlify\.app", code="CORS811"),
    Fault("Netlify previews", www_and(matches(r"https://deploy-preview-\d+--.+\.netlify\.app$")), "high",
          rf"https://deploy-preview-7--[a-z]+-{L}\.netlify\.app", code="CORS811"),
    Fault("Vercel previews", matches(r"https://shop-[a-z0-9-]+-acme\.vercel\.app$"), "high",
          rf"https://shop-{L}-acme\.vercel\.app", allowed=("https://shop-git-main-acme.vercel.app",), code="CORS811"),
    Fault("Vercel hashes", matches(r"https://shop-[a-z0-9]{9}-acme\.vercel\.app$|https://shop-git-main-acme\.vercel\.app$"),
          "high", rf"https://shop-{L}-acme\.vercel\.app", allowed=("https://shop-git-main-acme.vercel.app",)),
    Fault("Vercel branches", matches(r"https://shop-git-[a-z0-9-]+-acme\.vercel\.app$"), "high",
          rf"https://shop-git-{L}-acme\.vercel\.app", allowed=("https://shop-git-main-acme.vercel.app",)),
    Fault("Vercel project", matches(r"https://shop(-[a-z0-9-]+)?\.vercel\.app$"), "high", rf"https://shop-{L}.*\.vercel\.app",
          allowed=("https://shop.vercel.app",)),
    Fault("Vercel team", matches(r"https://[a-z0-9-]+-acme\.vercel\.app$"), "high", rf".*{L}-acme\.vercel\.app",
          allowed=("https://shop-acme.vercel.app",)),
    Fault("shared host of the target", lambda o: o.endswith(".deno.dev"), "high", rf"https://{L}.*\.deno\.dev",
          allowed=(), target="https://acme.deno.dev/me"),
    # Pages on the visitor's machine and network
    Fault("localhost ports", www_and(matches(r"http://localhost:(5173|4200)$")), "medium", r"http://localhost:5173",
          code="CORS816"),
    Fault("localhost:3000", www_and(lambda o: o == "http://localhost:3000"), "medium", r"http://localhost:3000", code="CORS816"),
    Fault("any port of localhost", www_and(matches(r"https?://localhost(:\d+)?$")), "medium", r"http://localhost:\d+"),
    Fault("127.0.0.1 without an end", www_and(matches(r"http://127\.0\.0\.1")), "high", rf"http://127\.0\.0\.1\.{L}\.net",
          code="CORS817"),
    Fault("localhost without an end", www_and(matches("https://localhost")), "high", rf"https://localhost\.{L}\.net",
          code="CORS817"),
    Fault("http localhost without an end", www_and(matches("http://localhost")), "high", rf"http://localhost\.{L}\.net"),
    Fault("any IPv4", www_and(matches(r"https?://\d+\.\d+\.\d+\.\d+(:\d+)?$")), "medium", r"http://203\.0\.113\.\d+",
          code="CORS834"),
    Fault("192.168.", www_and(lambda o: o.startswith("http://192.168.")), "medium", rf"http://192\.168\.0\.10\.{L}\.net"),
    Fault("a private network", www_and(matches(r"http://192\.168\.\d+\.\d+(:\d+)?$")), "medium", r"http://192\.168\.0\.10",
          code="CORS818"),
    # Middleware, advisories and answers as they are found in the field
    Fault("host contains localhost", www_and(lambda o: "localhost" in o), "high", rf"http://localhost\.{L}\.net", code="CORS817"),
    Fault("contains localhost:", www_and(lambda o: "localhost:" in o), "medium", r"http://localhost:3000", code="CORS816"),
    Fault("*.localhost", www_and(matches(r"https?://([a-z0-9-]+\.)*localhost(:\d+)?$")), "medium", r"http://localhost:\d+"),
    Fault("last two labels", lambda o: host(o).split(".")[-2:] == ["acme", "io"], "medium", rf"https://{L}\.acme\.io"),
    Fault("first label", lambda o: host(o).split(".")[0] == "www", "high", rf"https://www\.acme\.io\.{L}\.net"),
    Fault("an empty item of a split list", lambda o: any(o.endswith(x) for x in ("acme.io", "")), "high", r"https://.+",
          code="CORS801"),
    Fault("operands swapped", "https://www.acme.com".startswith, "high", r"https://www\.acme\.co",
          allowed=("https://www.acme.com",), code="CORS807"),
    Fault("a list in one text with localhost", lambda o: o in f"{WWW},https://acme.io,http://localhost:3000", "medium",
          r"http://localhost:3000"),
    Fault("case-insensitive prefix", lambda o: re.match(r"https://WWW\.ACME\.IO", o, re.IGNORECASE), "high",
          rf"https://www\.acme\.io\.{L}\.net", code="CORS803"),
    Fault("nginx, searched", lambda o: re.search(r"(https?://.*\.acme\.io(:[0-9]+)?)", o), "high", r"https://www\.acme\.io\..+"),
    Fault("IIS wildcard", www_and(lambda o: fnmatch.fnmatch(o, "https://*.acme.io")), "medium", rf"https://{L}\.acme\.io"),
    Fault("Spring pattern with ports", www_and(matches(r"https://.*\.acme\.io(:\d+)?$")), "medium", rf"https://{L}\.acme\.io"),
    Fault("Spring pattern for the TLD", lambda o: re.fullmatch(r"https://www\.acme\..*", o), "high", r"https://www\.acme\..+"),
    Fault("any country", matches(r"https://www\.acme\.co\.[a-z]{2}$"), "high", r"https://www\.acme\.co\.za",
          allowed=("https://www.acme.co.uk",), target="https://api.acme.co.uk/me", code="CORS833"),
    Fault("public suffix of two labels", lambda o: o.endswith(".co.uk"), "high", rf"https://{L}\.co\.uk",
          allowed=("https://www.acme.co.uk",), target="https://api.acme.co.uk/me", code="CORS810"),
    Fault("the brand anywhere", matches(r"https://.*acme.*"), "high", rf"https://{L}www\.acme\.io\.{L}\.net", code="CORS805"),
    Fault("tenants", matches(r"https://tenant-[a-z0-9]+\.acme\.io$"), "medium", rf"https://tenant-{L}\.acme\.io",
          allowed=("https://tenant-one.acme.io",), code="CORS812"),
    Fault("tenants over http", matches(r"https?://[a-z0-9-]+\.acme\.io$"), "medium", rf"http://{L}\.acme\.io",
          allowed=("https://*.acme.io",), code="CORS814"),
    Fault("four digits of a port", matches(r"https://www\.acme\.io(:\d{4})?$"), "low", r"https://www\.acme\.io:\d{4}"),
    Fault("a port without an end", matches(r"https://www\.acme\.io:3000"), "low", r"https://www\.acme\.io:3000\d",
          allowed=("https://www.acme.io:3000",), code="CORS815"),
    Fault("a port's host without an end", lambda o: o.startswith("https://www.acme.io"), "high", rf"https://www\.acme\.io\.{L}\.net",
          allowed=("https://www.acme.io:8443",), code="CORS803"),
    Fault("http only", matches(r"http://www\.acme\.io"), "high", rf"http://www\.acme\.io\.{L}\.net",
          allowed=("http://www.acme.io",), target="http://api.acme.io/me"),
    Fault("addresses with a port", www_and(matches(r"https?://\d+\.\d+\.\d+\.\d+:\d+$")), "medium",
          r"http://203\.0\.113\.\d+:3000", code="CORS834"),
    Fault("a development network", www_and(matches(r"http://(127\.0\.0\.1|192\.168\.\d+\.\d+):\d+$")), "medium",
          r"http://192\.168\.0\.10:3000", code="CORS818"),
    Fault("Vercel previews of the brand", www_and(matches(r"https://acme(-[a-z0-9-]+)?\.vercel\.app$")), "high",
          rf"https://acme-{L}-acme\.vercel\.app", code="CORS811"),
    Fault("Vercel previews beside www", www_and(matches(r"https://shop-[a-z0-9-]+-acme\.vercel\.app$")), "high",
          rf"https://shop-{L}-acme\.vercel\.app", allowed=(WWW, "https://shop-git-main-acme.vercel.app"), code="CORS811"),
    Fault("Heroku review apps", matches(r"https://acme(-staging)?(-pr-\d+)?\.herokuapp\.com$"), "high",
          r"https://acme-pr-\d+\.herokuapp\.com", allowed=("https://acme.herokuapp.com",), code="CORS811"),
    Fault("Render previews of the brand", www_and(matches(r"https://acme-pr-\d+\.onrender\.com$")), "high",
          r"https://acme-pr-\d+\.onrender\.com", code="CORS811"),
    Fault("Firebase project", matches(r"https://acme(-[a-z0-9-]+)?\.web\.app$"), "high", rf"https://acme-{L}.*\.web\.app",
          allowed=("https://acme.web.app",), code="CORS811"),
    *(Fault(f"declared at {name}", lambda o, n=name: o.endswith(f".{n}"), "high", rf"https://{L}\.{re.escape(name)}",
            allowed=(f"https://acme.{name}",), code="CORS811") for name in DECLARED),
    # Everybody
    Fault("reflected", lambda o: True, "high", r"https://.+", code="CORS801"),
    Fault("null", www_and(lambda o: o == "null"), "high", "null", code="CORS802"),
)  # fmt: skip


def worst(found: Audit) -> str | None:
    return next((f.severity for f in found.findings if f.severity != "info"), None)


@pytest.mark.parametrize("fault", FAULTS, ids=[f.name for f in FAULTS])
def test_a_faulty_comparison_is_found(fault: Fault) -> None:
    found, asked = audit_of(those(lambda o: bool(fault.rule(o))), make_plan(fault.target, allowed=fault.allowed))
    fitting = [f for f in found.findings if re.fullmatch(fault.origin, f.origin) and fault.code in (None, f.code)]
    assert fitting, (found.findings, [a.origin for a in asked])
    assert SEVERITIES.index(fitting[0].severity) <= SEVERITIES.index(fault.least)  # type: ignore[arg-type]
    # The rule allows the origin that the finding names, and one comparison is told once.
    assert all(fault.rule(f.origin) for f in found.findings if f.severity != "info")
    assert found.passed is (fault.least == "low")
    assert len(asked) <= 45


class Fine(NamedTuple):
    """A rule that is right, or looks worse than it is."""

    name: str
    rule: Rule
    allowed: tuple[str, ...] = (WWW,)
    target: str = TARGET


def exactly(*origins: str) -> Rule:
    return lambda origin: origin in origins


FINE = (
    Fine("exact", exactly(WWW)),
    Fine("exact, and its own", exactly(WWW, "https://api.acme.io")),
    Fine("exact, two", exactly(WWW, "https://acme.io"), (WWW, "https://acme.io")),
    Fine("exact, .com", exactly("https://www.acme.com"), ("https://www.acme.com",)),
    Fine("exact, nothing declared", exactly("https://some.acme.io"), ()),
    Fine("exact, the apex", exactly("https://acme.io"), ("https://acme.io",)),
    Fine("pattern, escaped", matches(r"https://www\.acme\.io$")),
    Fine("pattern of two", matches(r"https://(www|api)\.acme\.io$")),
    Fine("pattern of two TLDs", matches(r"https://www\.acme\.(io|com)$"), (WWW, "https://www.acme.com")),
    Fine("declared subdomains", matches(r"https://[a-z0-9-]+\.acme\.io$"), ("https://*.acme.io",)),
    Fine("declared subdomains and www", matches(r"https://([a-z0-9-]+\.)*acme\.io$"), ("https://*.acme.io", WWW)),
    Fine("an exact port", matches(r"https://www\.acme\.io:8443$"), ("https://www.acme.io:8443",)),
    Fine("an exact port beside none", exactly(WWW, "https://www.acme.io:8443"), (WWW,)),
    Fine("http of an HSTS-preloaded TLD", matches(r"https?://www\.acme\.app$"), ("https://www.acme.app",)),
    Fine("http of .dev", matches(r"https?://www\.acme\.dev$"), ("https://www.acme.dev",)),
    Fine("http of .bank", matches(r"https?://www\.acme\.bank$"), ("https://www.acme.bank",)),
    Fine("own project on Vercel", exactly("https://acme.vercel.app"), ("https://acme.vercel.app",)),
    Fine("own previews on Pages", matches(r"https://([a-z0-9]+\.)?acme\.pages\.dev$"),
         ("https://acme.pages.dev", "https://*.acme.pages.dev")),
    Fine("own previews on Netlify", matches(r"https://(deploy-preview-\d+--)?acme\.netlify\.app$"),
         ("https://acme.netlify.app",)),
    Fine("own page on GitHub", exactly("https://acme.github.io"), ("https://acme.github.io",)),
    Fine("a suffix with exceptions", matches(r"https://.*city\.kawasaki\.jp$"),
         ("https://www.city.kawasaki.jp", "https://*.city.kawasaki.jp")),
    Fine("a name under an exception", exactly("https://www.city.kawasaki.jp"), ("https://www.city.kawasaki.jp",)),
    Fine("a wildcard suffix", exactly("https://www.acme.ck"), ("https://www.acme.ck",)),
    Fine("co.uk", exactly("https://www.acme.co.uk"), ("https://www.acme.co.uk",), "https://api.acme.co.uk/me"),
    Fine("an intranet", exactly("https://app.corp.internal"), ("https://app.corp.internal",), "https://api.corp.internal/"),
    Fine("a deep name", exactly("https://a.b.c.acme.io"), ("https://a.b.c.acme.io",)),
    Fine("an IDN", exactly("https://xn--bcher-kva.example"), ("https://xn--bcher-kva.example",)),
    Fine("declared localhost", exactly(WWW, "http://localhost:3000"), (WWW, "http://localhost:3000")),
    Fine("nobody", exactly()),
    Fine("nobody, nothing declared", exactly(), ()),
    Fine("declared, but refused", exactly("https://other.example"), (WWW,)),
    Fine("a development server", matches(r"http://localhost(:\d+)?$"), ("http://localhost:3000",), "http://localhost:8000/"),
    Fine("Vite's default", matches(r"https?://(?:(?:[^:]+\.)?localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$"), (),
         "http://localhost:5173/"),
    Fine("an address", exactly("http://127.0.0.1:3000"), ("http://127.0.0.1:3000",), "http://127.0.0.1:8000/"),
    Fine("case", lambda o: o.lower() == WWW),
    Fine("a trailing slash", lambda o: o.rstrip("/") == WWW),
    Fine("app shells", exactly(WWW, "capacitor://localhost", "ionic://localhost")),
    Fine("a lookahead", matches(r"https://(?!evil)www\.acme\.io$")),
    Fine("numbered hosts", matches(r"https://www[0-9]*\.acme\.io$")),
    Fine("own feature names", matches(r"https://(www|pr-\d+)\.acme\.io$")),
    Fine("a list in one text, with ends", lambda o: f",{o}," in f",{WWW},https://acme.io,"),
    Fine("a trailing dot", lambda o: o.rstrip(".") == WWW),
    Fine("userinfo", lambda o: o.replace("user@", "") == WWW),
    Fine("a list, lower-cased and stripped", lambda o: o.strip().lower().rstrip("/") in (WWW, "https://acme.io"),
         (WWW, "https://acme.io")),
    Fine("operands swapped, of .io", lambda o: len(o) > 8 and WWW.startswith(o)),
    Fine("exact tenants", exactly("https://tenant-one.acme.io", "https://tenant-two.acme.io"),
         ("https://tenant-one.acme.io", "https://tenant-two.acme.io")),
    Fine("own deploys on Netlify", matches(r"https://([a-z0-9-]+--)?acme\.netlify\.app$"), ("https://acme.netlify.app",)),
    Fine("own static web app", matches(r"https://nice-sea-0123(-\d+\.westeurope)?\.2\.azurestaticapps\.net$"),
         ("https://nice-sea-0123.2.azurestaticapps.net",)),
    Fine("own distribution", exactly("https://d111111abcdef8.cloudfront.net"), ("https://d111111abcdef8.cloudfront.net",)),
    Fine("at Render, the API too", exactly("https://acme.onrender.com"), ("https://acme.onrender.com",),
         "https://acme-api.onrender.com/me"),
    Fine("www and own project on Vercel", matches(r"https://(www\.acme\.io|acme\.vercel\.app)$"),
         (WWW, "https://acme.vercel.app")),
    Fine("two pages of localhost", exactly("http://localhost:3000", "http://localhost:4200"),
         ("http://localhost:3000", "http://localhost:4200")),
    Fine("*.localhost for a development server", matches(r"http://([a-z]+\.)?localhost(:\d+)?$"),
         ("http://app.localhost:3000",), "http://api.localhost:8000/"),
    Fine("IPv6", exactly("http://[::1]:3000"), ("http://[::1]:3000",), "http://[::1]:8000/"),
    Fine("an extension", exactly(WWW, f"chrome-extension://{'abcdefghijklmnop' * 2}")),
    Fine("a file", exactly(WWW, "file://")),
    Fine("com.au", exactly("https://www.acme.com.au", "https://app.acme.com.au"),
         ("https://www.acme.com.au", "https://app.acme.com.au"), "https://api.acme.com.au/me"),
    Fine("a brand's TLD", exactly("https://www.acme.google"), ("https://www.acme.google",), "https://api.acme.google/"),
    Fine("an underscore", exactly("https://my_app.acme.io"), ("https://my_app.acme.io",)),
    Fine("the longest label", exactly(f"https://{'a' * 60}.acme.io"), (f"https://{'a' * 60}.acme.io",)),
    Fine("http only", exactly("http://www.acme.io"), ("http://www.acme.io",), "http://api.acme.io/me"),
    Fine("its own origin alone", exactly("https://api.acme.io"), ("https://api.acme.io",)),
    Fine("the apex asked", exactly(WWW), (WWW,), "https://acme.io/api/me"),
    Fine("three", exactly(WWW, "https://app.acme.io", "https://acme.dev"), (WWW, "https://app.acme.io", "https://acme.dev")),
)  # fmt: skip


def odd(name: str, server: Callable[[Asked], Reply]) -> tuple[str, Callable[[Asked], Reply]]:
    return name, server


def preflight_echo(asked: Asked) -> Reply:
    return named(asked) if asked.preflight or asked.origin == WWW else reply()


def open_redirect(asked: Asked) -> Reply:
    if asked.url.endswith("/me"):
        return named(asked, ("Location", "/me/"), status=302)
    return named(asked) if asked.origin == WWW else reply()


ODD = (
    odd("a preflight that echoes", preflight_echo),
    odd("a preflight that echoes and allows GET only",
        lambda a: reply(204, ("Access-Control-Allow-Origin", a.origin or ""), ("Access-Control-Allow-Methods", "GET"))
        if a.preflight else preflight_echo(a)),
    odd("a redirect that allows everybody", open_redirect),
    odd("* for everybody", lambda a: reply(200, ("Access-Control-Allow-Origin", "*"))),
    odd("* with credentials", lambda a: reply(200, ("Access-Control-Allow-Origin", "*"),
                                              ("Access-Control-Allow-Credentials", "true"))),
    odd("reflected without credentials", lambda a: named(a, credentials=False)),
    odd("reflected with a slash", lambda a: reply(200, ("Access-Control-Allow-Origin", f"{a.origin}/"))),
    odd("reflected in upper case", lambda a: reply(200, ("Access-Control-Allow-Origin", str(a.origin).upper()))),
    odd("reflected twice", lambda a: named(a, ("Access-Control-Allow-Origin", "x"))),
    odd("a list", lambda a: reply(200, ("Access-Control-Allow-Origin", f"{WWW}, {a.origin}"))),
    odd("one for everybody", lambda a: reply(200, ("Access-Control-Allow-Origin", WWW),
                                             ("Access-Control-Allow-Credentials", "true"))),
    odd("a literal pattern", lambda a: reply(200, ("Access-Control-Allow-Origin", "https://*.acme.io"),
                                             ("Access-Control-Allow-Credentials", "true"))),
    odd("a 500", lambda a: reply(500)),
    odd("a 401", lambda a: reply(401)),
    odd("a firewall", lambda a: named(a) if a.origin == WWW else reply(403)),
    odd("a 404 that allows www", lambda a: named(a, status=404) if a.origin == WWW else reply(404)),
    odd("NULL", lambda a: reply(200, ("Access-Control-Allow-Origin", "NULL"), ("Access-Control-Allow-Credentials", "true"))),
    odd("credentials True", lambda a: reply(200, ("Access-Control-Allow-Origin", str(a.origin)),
                                            ("Access-Control-Allow-Credentials", "True"))),
    odd("another port named", lambda a: reply(200, ("Access-Control-Allow-Origin", f"{a.origin}:443"))),
)  # fmt: skip

HEALTHY = [
    *((f.name, those(lambda o, f=f: bool(f.rule(o))), make_plan(f.target, allowed=f.allowed)) for f in FINE),
    *((name, server, make_plan(TARGET, allowed=(WWW,))) for name, server in ODD),
]


@pytest.mark.parametrize("case", HEALTHY, ids=[name for name, *_ in HEALTHY])
def test_a_healthy_target_raises_no_alarm(case: tuple[str, Callable[[Asked], Reply], object]) -> None:
    _, server, plan = case
    found, asked = audit_of(server, plan)  # type: ignore[arg-type]
    assert [(f.code, f.severity, f.origin) for f in found.findings if f.severity != "info"] == []
    assert found.passed
    assert len(asked) <= 30


def test_no_http_page_where_browsers_know_https_only() -> None:
    """A page at such an origin cannot exist, so its question would be wasted, and a finding wrong."""
    for case in (*FAULTS, *FINE):
        _, asked = audit_of(those(lambda o, f=case: bool(f.rule(o))), make_plan(case.target, allowed=case.allowed))
        origins = {a.origin for a in asked if a.origin is not None} - set(case.allowed)
        assert [o for o in origins if o.startswith("http:") and is_https_only(host(o))] == [], case.name


def test_what_an_audit_costs() -> None:
    """The figures that README names."""
    counts = [len(audit_of(server, plan)[1]) for _, server, plan in HEALTHY]  # type: ignore[arg-type]
    assert len(counts) >= 80
    assert statistics.median(counts) <= 25
    assert max(counts) <= 30
    _, asked = audit_of(named, make_plan(TARGET, allowed=(WWW,)))
    assert len(asked) <= 12
