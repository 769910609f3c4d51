"""Detection of the software that sent a response, with evidence.

A product is ``certain`` if a header names it, and ``likely`` if only a trait points to it, such as a framework's error
text or a header that only it is known to send. A missing header is never evidence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from corscheck.diagnosis.answers import body_text
from corscheck.protocol.headers import get_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.protocol.request import HTTPResponse

Role: TypeAlias = Literal["framework", "server", "proxy", "edge"]
Confidence: TypeAlias = Literal["certain", "likely"]


class Product(Struct, frozen=True):
    """A part of the stack. ``fix`` is its name for ``corscheck fix --for``, or None if there is no remedy."""

    name: str
    role: Role
    confidence: Confidence
    evidence: str
    fix: str | None = None

    @property
    def guide(self) -> str | None:
        """The name for ``corscheck explain``; None if there is a remedy, or if there is no guide either."""
        return _GUIDES.get(self.name) if self.fix is None else None


class _Trait(Struct, frozen=True):
    name: str
    role: Role
    header: str
    pattern: str
    confidence: Confidence = "certain"
    fix: str | None = None


_TRAITS = (
    # frameworks
    _Trait("Express", "framework", "x-powered-by", r"^express", fix="express"),
    _Trait("Next.js", "framework", "x-powered-by", r"^next\.js"),
    _Trait("ASP.NET", "framework", "x-powered-by", r"asp\.net"),
    _Trait("ASP.NET", "framework", "x-aspnet-version", r""),
    _Trait("ASP.NET", "framework", "x-aspnetmvc-version", r""),
    _Trait("ASP.NET Core", "framework", "server", r"^kestrel", "likely"),
    _Trait("PHP", "framework", "x-powered-by", r"^php/"),
    _Trait("Laravel", "framework", "set-cookie", r"^laravel_session=", "likely"),
    _Trait("Rails", "framework", "x-runtime", r"^[0-9]+\.[0-9]{6}$", "likely", "rack"),
    _Trait("Django", "framework", "set-cookie", r"^csrftoken=", "likely", "django"),
    _Trait("Spring", "framework", "x-application-context", r"", "likely"),
    _Trait("Jetty", "server", "server", r"^jetty"),
    _Trait("Tomcat", "server", "server", r"^apache-coyote", fix="tomcat"),
    # application servers
    _Trait("uvicorn", "server", "server", r"^uvicorn"),
    _Trait("Hypercorn", "server", "server", r"^hypercorn"),
    _Trait("Daphne", "server", "server", r"^daphne"),
    _Trait("Werkzeug", "server", "server", r"^werkzeug"),
    _Trait("gunicorn", "server", "server", r"^gunicorn"),
    _Trait("waitress", "server", "server", r"^waitress"),
    _Trait("Django's WSGI server", "server", "server", r"^wsgiserver"),
    _Trait("aiohttp", "framework", "server", r"aiohttp/", fix="aiohttp"),
    _Trait("Tornado", "framework", "server", r"^tornadoserver"),
    _Trait("Puma", "server", "server", r"^puma", fix="rack"),
    _Trait("WEBrick", "server", "server", r"^webrick"),
    _Trait("Phusion Passenger", "server", "server", r"phusion passenger"),
    _Trait("Microsoft IIS", "server", "server", r"^microsoft-iis"),
    # proxies and web servers
    _Trait("nginx", "proxy", "server", r"^nginx", fix="nginx"),
    _Trait("OpenResty", "proxy", "server", r"^openresty"),
    _Trait("Apache", "proxy", "server", r"^apache(/| |$)", fix="apache"),
    _Trait("Caddy", "proxy", "server", r"^caddy", fix="caddy"),
    _Trait("Caddy", "proxy", "via", r"\bcaddy\b", fix="caddy"),
    _Trait("HAProxy", "proxy", "server", r"^haproxy", fix="haproxy"),
    _Trait("Envoy", "proxy", "server", r"^(istio-)?envoy"),
    _Trait("Varnish", "proxy", "via", r"\bvarnish\b"),
    _Trait("Kong", "proxy", "server", r"^kong/"),
    _Trait("LiteSpeed", "proxy", "server", r"^litespeed"),
    # edges and platforms
    _Trait("Cloudflare", "edge", "server", r"^cloudflare"),
    _Trait("CloudFront", "edge", "server", r"^cloudfront"),
    _Trait("CloudFront", "edge", "via", r"\(cloudfront\)"),
    _Trait("CloudFront", "edge", "x-amz-cf-id", r""),
    _Trait("Amazon S3", "edge", "server", r"^amazons3"),
    _Trait("API Gateway", "edge", "x-amz-apigw-id", r""),
    _Trait("API Gateway", "edge", "apigw-requestid", r""),
    _Trait("AWS load balancer", "edge", "server", r"^awselb/"),
    _Trait("Vercel", "edge", "server", r"^vercel"),
    _Trait("Netlify", "edge", "server", r"^netlify"),
    _Trait("Fly.io", "edge", "server", r"^fly/"),
    _Trait("Heroku", "edge", "via", r"\bvegur\b|heroku"),
    _Trait("Google front end", "edge", "server", r"^(google frontend|gws|esf)$"),
    _Trait("Azure Front Door", "edge", "x-azure-ref", r""),
    _Trait("Akamai", "edge", "server", r"^akamai"),
    _Trait("Fastly", "edge", "x-served-by", r"^cache-", "likely"),
    _Trait("GitHub Pages", "edge", "server", r"^github\.com"),
)


class _Words(Struct, frozen=True):
    """An error text that identifies a framework. ``server`` is a pattern for the Server header, empty to match any.

    ``lists`` says whether Access-Control-Allow-Methods comes with it; None if that says nothing.
    """

    name: str
    pattern: str
    fix: str | None = None
    server: str = ""
    lists: bool | None = None


_BODIES = (
    _Words(
        "FastAPI", r'^\{"detail":"(Not Found|Method Not Allowed|Not authenticated)"\}$', "fastapi", "uvicorn|hypercorn"
    ),
    _Words("Starlette or FastAPI", r"^Disallowed CORS (origin|method|headers)", "fastapi", lists=True),
    _Words("Litestar", r"^Disallowed CORS (origin|method|headers)", "litestar", lists=False),
    _Words("aiohttp-cors", r"^CORS preflight request failed: ", "aiohttp"),
    _Words("Socket.IO for Python", r"is not an accepted origin"),
    _Words("MCP server (Python SDK)", r"^Invalid Origin header$"),
    _Words("Amazon S3", r"<Message>CORSResponse: "),
    _Words("Litestar", r'^\{"status_code":\d+,"detail":"', "litestar"),
    _Words("Flask", r"<title>\d+ [\w ]+</title>\s*<h1>[\w ]+</h1>\s*<p>The (method|requested URL)", "flask"),
    _Words("Django REST framework", r'^\{"detail":"Method \\"\w+\\" not allowed\."\}', "django"),
    _Words("Express", r"<pre>Cannot (OPTIONS|GET|POST|PUT|PATCH|DELETE) /", "express"),
    _Words("Fastify", r'^\{"message":"Route \w+:\S* not found","error":"Not Found"', "fastify"),
    _Words("NestJS", r'^\{"message":"Cannot \w+ [^"]*","error":"Not Found","statusCode":404\}', "nestjs"),
    _Words("Rails", r"<!-- This file lives in public/(404|422|500)\.html -->", "rack"),
    _Words("Puma", r"^An unhandled lowlevel error occurred\. The application logs may have details\.", "rack"),
    _Words("Tomcat", r"<h3>Apache Tomcat(/[\d.]++[^<]*+)?</h3>|<title>HTTP Status \d+ – [^<]*</title>", "tomcat"),
    _Words("Spring Boot", r'^\{"timestamp":.*"status":\d+,"error":"'),
    _Words("Spring", r"^Invalid CORS request"),
)


_GUIDES = {
    "API Gateway": "api-gateway",
    # IIS adds "X-Powered-By: ASP.NET" to every response.
    "ASP.NET": "iis",
    "ASP.NET Core": "aspnet",
    "Amazon S3": "s3",
    "Azure Front Door": "azure",
    "CloudFront": "cloudfront",
    "Cloudflare": "cloudflare",
    "Envoy": "envoy",
    "Fastly": "fastly",
    "Google front end": "gcp",
    "Kong": "kong",
    "Laravel": "laravel",
    "Microsoft IIS": "iis",
    "Netlify": "netlify",
    "PHP": "php",
    "Spring": "spring",
    "Spring Boot": "spring",
    "Varnish": "varnish",
    "Vercel": "vercel",
}
"""The guides for products without a remedy, by product name."""


def detect(responses: Iterable[HTTPResponse]) -> tuple[Product, ...]:
    """Detect the products behind responses, sorted by role (framework, server, proxy, edge), certain before likely."""
    found: dict[str, Product] = {}
    for response in responses:
        for product in (*_by_headers(response), *_by_body(response)):
            known = found.get(product.name)
            if known is None or (known.confidence == "likely" and product.confidence == "certain"):
                found[product.name] = product
    order = ("framework", "server", "proxy", "edge")
    return tuple(sorted(found.values(), key=lambda p: (order.index(p.role), p.confidence == "likely")))


def _by_headers(response: HTTPResponse) -> list[Product]:
    found = []
    for trait in _TRAITS:
        for value in get_all(response.headers, trait.header):
            if re.search(trait.pattern, value, re.IGNORECASE):
                # The cookie's name is the evidence. Its value may be secret.
                shown = value.partition("=")[0] if trait.header == "set-cookie" else value
                evidence = f"{trait.header}: {shown}"
                found.append(Product(trait.name, trait.role, trait.confidence, evidence, trait.fix))
                break
    return found


def _by_body(response: HTTPResponse) -> list[Product]:
    if not response.body:
        return []
    text, server = body_text(response).strip(), " ".join(get_all(response.headers, "server"))
    return [
        Product(words.name, "framework", "likely", f"body: {' '.join(text.split())[:60]}", words.fix)
        for words in _BODIES
        if re.search(words.pattern, text, re.IGNORECASE if words.lists is False else 0)
        and re.search(words.server, server, re.IGNORECASE)
        and words.lists in (None, bool(get_all(response.headers, "access-control-allow-methods")))
    ]


def to_fix(products: tuple[Product, ...]) -> Product | None:
    """Return the product to configure: the first one, in the order of ``detect``, with a remedy or a guide."""
    return next((p for p in products if p.fix or p.guide), None)


def in_words(products: tuple[Product, ...]) -> str:
    """Return a sentence such as ``Served by uvicorn (server: uvicorn); likely FastAPI (body: ...).``"""
    certain = [f"{p.name} ({p.evidence})" for p in products if p.confidence == "certain"]
    likely = [f"{p.name} ({p.evidence})" for p in products if p.confidence == "likely"]
    parts = ([f"Served by {', '.join(certain)}"] if certain else []) + (
        [f"{'likely' if certain else 'Likely'} {', '.join(likely)}"] if likely else []
    )
    return "; ".join(parts) + "."
