"""Who answered: what headers name is certain, what traits suggest is likely, and silence is nothing."""

from __future__ import annotations

import pytest

from corscheck.diagnosis import stack
from corscheck.diagnosis.remedies.registry import REMEDIES
from corscheck.diagnosis.stack import detect, in_words, to_fix
from corscheck.protocol.request import HTTPResponse


def response(*lines: str, body: str = "", status: int = 200) -> HTTPResponse:
    pairs = tuple((line.partition(":")[0], line.partition(":")[2].strip()) for line in lines)
    return HTTPResponse(status, pairs, body=body.encode())


@pytest.mark.parametrize(
    ("line", "name", "confidence"),
    [
        ("server: uvicorn", "uvicorn", "certain"),
        ("Server: Werkzeug/3.0.1 Python/3.11.2", "Werkzeug", "certain"),
        ("Server: gunicorn", "gunicorn", "certain"),
        ("X-Powered-By: Express", "Express", "certain"),
        ("Server: nginx/1.22.1", "nginx", "certain"),
        ("Server: Apache/2.4.57 (Debian)", "Apache", "certain"),
        ("Server: Caddy", "Caddy", "certain"),
        ("Server: HAProxy", "HAProxy", "certain"),
        ("Server: cloudflare", "Cloudflare", "certain"),
        ("Via: 1.1 abc.cloudfront.net (CloudFront)", "CloudFront", "certain"),
        ("Server: AmazonS3", "Amazon S3", "certain"),
        ("x-amz-apigw-id: abc=", "API Gateway", "certain"),
        ("Server: Vercel", "Vercel", "certain"),
        ("X-Powered-By: ASP.NET", "ASP.NET", "certain"),
        ("Server: Kestrel", "ASP.NET Core", "likely"),
        ("X-Application-Context: app:8080", "Spring", "likely"),
        ("X-Runtime: 0.012345", "Rails", "likely"),
        ("X-Powered-By: PHP/8.2.7", "PHP", "certain"),
        ("Server: Python/3.11 aiohttp/3.9.1", "aiohttp", "certain"),
        ("Server: Microsoft-IIS/10.0", "Microsoft IIS", "certain"),
        ("Set-Cookie: laravel_session=secret; path=/", "Laravel", "likely"),
    ],
)
def test_headers(line: str, name: str, confidence: str) -> None:
    (product,) = detect([response(line)])
    assert (product.name, product.confidence) == (name, confidence)
    assert "secret" not in product.evidence


@pytest.mark.parametrize(
    ("body", "server", "name"),
    [
        ('{"detail":"Method Not Allowed"}', "server: uvicorn", "FastAPI"),
        ("Disallowed CORS origin", "access-control-allow-methods: GET", "Starlette or FastAPI"),
        ("Disallowed CORS headers", "server: uvicorn", "Litestar"),
        ("<!DOCTYPE html>\n<pre>Cannot OPTIONS /data</pre>", "X-A: 1", "Express"),
        ('{"message":"Route OPTIONS:/data not found","error":"Not Found","statusCode":404}', "X-A: 1", "Fastify"),
        ('{"message":"Cannot OPTIONS /data","error":"Not Found","statusCode":404}', "X-A: 1", "NestJS"),
        ("Invalid CORS request", "X-A: 1", "Spring"),
        ('{"detail":"Method \\"OPTIONS\\" not allowed."}', "X-A: 1", "Django REST framework"),
        ("<html><body>\n<!-- This file lives in public/500.html -->\n</body></html>", "X-A: 1", "Rails"),
        ("An unhandled lowlevel error occurred. The application logs may have details.\n", "X-A: 1", "Puma"),
        ("<body><h1>...</h1><h3>Apache Tomcat/10.1.60 (Debian)</h3></body>", "X-A: 1", "Tomcat"),
        ("<h3>Apache Tomcat</h3>", "X-A: 1", "Tomcat"),
        ('<html lang="en"><head><title>HTTP Status 404 – Not Found</title>', "X-A: 1", "Tomcat"),
    ],
)
def test_words_of_a_framework_are_a_likelihood(body: str, server: str, name: str) -> None:
    product = next(p for p in detect([response(server, body=body, status=405)]) if p.role == "framework")
    assert (product.name, product.confidence) == (name, "likely")


@pytest.mark.parametrize(
    "line", ["X-A: nginx", "Server: ", "Server: my-nginx-like", "Server: Apachetta", "X-Runtime: 3 s"]
)
def test_nothing_is_made_up(line: str) -> None:
    assert detect([response(line)]) == ()


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (response("X-Runtime: 0.012345"), "rack"),
        (response("Server: puma 6.4.2"), "rack"),
        (response("Server: Apache-Coyote/1.1"), "tomcat"),
        (response(body="<title>HTTP Status 405 – Method Not Allowed</title>", status=405), "tomcat"),
    ],
)
def test_ruby_and_java_are_pointed_to_their_remedies(answer: HTTPResponse, fix: str) -> None:
    product = to_fix(detect([answer]))
    assert product is not None
    assert product.fix == fix


def test_a_page_about_tomcat_is_none() -> None:
    assert detect([response(body="<p>We run Apache Tomcat/10 and read about HTTP Status 404 – Not Found.</p>")]) == ()


def test_a_json_body_alone_is_no_fastapi() -> None:
    assert detect([response("Server: nginx", body='{"detail":"Not Found"}')])[0].name == "nginx"
    assert len(detect([response("Server: nginx", body='{"detail":"Not Found"}')])) == 1


def test_the_framework_is_what_is_changed() -> None:
    found = detect([response("Server: nginx", "Server: Python/3.11 aiohttp/3.9.1"), response("Server: cloudflare")])
    assert [p.name for p in found] == ["aiohttp", "nginx", "Cloudflare"]
    product = to_fix(found)
    assert product is not None
    assert product.fix == "aiohttp"
    described = to_fix(detect([response("Server: cloudflare"), response("Server: gunicorn")]))
    assert described is not None
    assert (described.fix, described.guide) == (None, "cloudflare")
    assert to_fix(detect([response("Server: gunicorn")])) is None


def test_only_what_has_a_remedy_is_pointed_to() -> None:
    named = {trait.fix for trait in stack._TRAITS} | {words.fix for words in stack._BODIES}
    offered = named - {None}
    assert offered <= set(REMEDIES)
    assert {"django", "aiohttp", "fastapi", "flask", "litestar"} <= offered
    assert {"rack", "tomcat"} <= offered
    (product,) = detect([response("X-Application-Context: app:8080")])
    assert (product.name, product.fix) == ("Spring", None)


def test_in_words() -> None:
    found = detect([response("server: uvicorn", body='{"detail":"Not Found"}')])
    said = in_words(found)
    assert said.startswith("Served by uvicorn (server: uvicorn); likely FastAPI (")
    assert in_words(detect([response(body="Invalid CORS request")])).startswith("Likely Spring (")
