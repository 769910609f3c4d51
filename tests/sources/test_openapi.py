"""OpenAPI documents: what is asked of real ones, values for parameters, references, servers, and what cannot be read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.sources.found import SourceError
from corscheck.sources.openapi import document, samples
from corscheck.sources.openapi.operations import Operation, operations
from corscheck.sources.openapi.select import chosen

DATA = Path(__file__).resolve().parents[1] / "data" / "openapi"
UUID = "00000000-0000-4000-8000-000000000000"
JSON = ("Content-Type", "application/json")
BEARER = ("Authorization", "Bearer placeholder")
BASIC = ("Authorization", "Basic cGxhY2Vob2xkZXI6cGxhY2Vob2xkZXI=")


def read(name: str) -> list[Operation]:
    return list(operations(document.read((DATA / name).read_text("utf-8"), name)))


def made(**parts: Any) -> document.OpenAPIDocument:
    return document.check({"openapi": "3.1.0", "servers": [{"url": "http://x.example"}], **parts}, "made")


def one(operation: dict[str, Any], path: str = "/a", method: str = "get", **parts: Any) -> Operation:
    (found,) = operations(made(paths={path: {method: operation}}, **parts))
    return found


def sample(schema: Any, **parts: Any) -> Any:
    return samples.of_schema(schema, made(paths={"/": {}}, **parts))


# ---------------------------------------------------------------------- what frameworks write

REAL = {
    "fastapi.json": [
        ("GET", "https://api.example.com/orders?page=1", ()),
        ("POST", "https://api.example.com/orders", (("x-tenant", "sample"), BEARER, JSON)),
        ("GET", "https://api.example.com/orders/100", ()),
        ("DELETE", "https://api.example.com/orders/1", (("X-Shop-Key", "placeholder"),)),
        ("PUT", f"https://api.example.com/orders/1/items/{UUID}", (BASIC, JSON)),
        ("GET", "https://api.example.com/days/2030-01-31/open", ()),
        ("POST", "https://api.example.com/upload", (BEARER, ("Content-Type", "multipart/form-data"))),
        ("POST", "https://api.example.com/login", (("Content-Type", "application/x-www-form-urlencoded"),)),
        ("GET", "https://api.example.com/internal/health", ()),
    ],
    "nestjs.json": [
        ("GET", "https://api.example.com/v1/orders?state=open", ()),
        ("POST", "https://api.example.com/v1/orders", (("X-Tenant", "7"), BEARER, JSON)),
        ("GET", "https://api.example.com/v1/orders/100", ()),
        ("DELETE", "https://api.example.com/v1/orders/42", (("X-Shop-Key", "placeholder"),)),
        ("PUT", "https://api.example.com/v1/orders/sample/file", (("Content-Type", "multipart/form-data"),)),
    ],
    "drf-spectacular.yaml": [
        ("GET", "https://eu.example.com/v1/api/groups/", (("X-Tenant", "sample"), ("Authorization", "placeholder"))),
        ("POST", "https://eu.example.com/v1/api/groups/", (("Authorization", "placeholder"), JSON)),
        ("POST", "https://eu.example.com/v1/api/groups/",
         (("Authorization", "placeholder"), ("Content-Type", "application/x-www-form-urlencoded"))),
        ("GET", "https://eu.example.com/v1/api/groups/1/", (("Authorization", "placeholder"),)),
        ("PUT", "https://eu.example.com/v1/api/groups/1/", (("Authorization", "placeholder"), JSON)),
        ("PUT", "https://eu.example.com/v1/api/groups/1/",
         (("Authorization", "placeholder"), ("Content-Type", "application/x-www-form-urlencoded"))),
        ("DELETE", "https://eu.example.com/v1/api/groups/1/", (("Authorization", "placeholder"),)),
        ("PATCH", "https://eu.example.com/v1/api/groups/1/", (("Authorization", "placeholder"), JSON)),
        ("PATCH", "https://eu.example.com/v1/api/groups/1/",
         (("Authorization", "placeholder"), ("Content-Type", "application/x-www-form-urlencoded"))),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_documents(name: str) -> None:
    assert [(o.method, o.url, o.headers) for o in read(name)] == REAL[name]


def test_every_document_is_tested() -> None:
    assert {path.name for path in DATA.iterdir()} - {"README.md"} == set(REAL)


def test_secrets_and_promised_headers() -> None:
    found = {o.where: o for o in read("fastapi.json")}
    assert found["DELETE /orders/{number}"].secret == {"x-shop-key"}
    assert found["POST /orders"].secret == {"authorization"}
    for name in REAL:
        assert read(name)[0].exposes == ("X-Total-Count",)


# ---------------------------------------------------------------------- values

VALUES: list[tuple[Any, Any]] = [
    ({"example": 7, "default": 8}, 7),
    ({"default": False}, False),
    ({"const": "c"}, "c"),
    ({"examples": [None, "e"]}, "e"),
    ({"enum": ["a", "b"]}, "a"),
    ({"type": "integer"}, 1),
    ({"type": "integer", "minimum": 100}, 100),
    ({"type": "integer", "minimum": 100, "exclusiveMinimum": True}, 101),
    ({"type": "integer", "exclusiveMinimum": 5}, 6),
    ({"type": "integer", "minimum": 3, "exclusiveMinimum": 5}, 6),
    ({"type": "integer", "maximum": -4}, -4),
    ({"type": "integer", "exclusiveMaximum": 1}, 0),
    ({"type": "integer", "maximum": 1, "exclusiveMaximum": True}, 0),
    ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
    ({"type": "number", "minimum": 0.5}, 0.5),
    ({"type": "number", "exclusiveMinimum": 0}, 0.5),
    ({"type": ["null", "integer"]}, 1),
    ({"type": "boolean"}, True),
    ({"type": "array", "items": {"type": "integer"}}, [1]),
    ({"type": "array", "minItems": 2, "items": {"enum": ["x"]}}, ["x", "x"]),
    ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {}}}, {"a": 1}),
    ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 4}]}, 4),
    ({"allOf": [{"description": "only words"}, {"type": "string", "format": "uuid"}]}, UUID),
    ({"type": "string"}, "sample"),
    ({"type": "string", "minLength": 8}, "samplesa"),
    ({"type": "string", "maxLength": 2}, "sa"),
    ({"type": "string", "format": "date"}, "2030-01-31"),
    ({"type": "string", "format": "unheard-of"}, "sample"),
    ({}, "sample"),
    (None, "sample"),
    (True, "sample"),
]


@pytest.mark.parametrize(("schema", "expected"), VALUES)
def test_values(schema: Any, expected: Any) -> None:
    found = sample(schema)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "schema", [schema for schema, _ in VALUES if isinstance(schema, dict) and "examples" not in schema]
)
def test_a_value_is_one_that_the_schema_allows(schema: dict[str, Any]) -> None:
    """Held against another implementation: jsonschema."""
    from jsonschema import Draft4Validator, Draft202012Validator

    old = any(isinstance(schema.get(name), bool) for name in ("exclusiveMinimum", "exclusiveMaximum"))
    if "example" not in schema:
        (Draft4Validator if old else Draft202012Validator)(schema).validate(sample(schema))


def test_parameters() -> None:
    parameters = [
        {"in": "path", "name": "id", "required": True, "example": "a/b c"},
        {"in": "path", "name": "n", "required": True, "examples": {"one": {"value": ["x", "y"]}}},
        {"in": "query", "name": "q", "required": True, "content": {"application/json": {"schema": {"default": "é&"}}}},
        {"in": "query", "name": "optional", "schema": {"type": "string"}},
        {"in": "header", "name": "X-A", "required": True, "schema": {"enum": ["v"]}},
        {"in": "header", "name": "X-B", "schema": {"enum": ["v"]}},
        {"in": "header", "name": "Authorization", "required": True},
        {"in": "header", "name": "Accept", "required": True},
        {"in": "cookie", "name": "sid", "required": True},
    ]
    found = one({"parameters": parameters}, path="/{id}/{n}/{undeclared}")
    assert found.url == "http://x.example/a%2Fb%20c/x,y/sample?q=%C3%A9%26"
    assert found.headers == (("X-A", "v"),)


def test_an_operations_own_parameter_takes_the_place_of_the_paths() -> None:
    shared = {"in": "header", "name": "X-A", "required": True, "example": "path"}
    own = {"in": "header", "name": "X-A", "required": True, "example": "own"}
    (found,) = operations(made(paths={"/a": {"parameters": [shared], "get": {"parameters": [own]}}}))
    assert found.headers == (("X-A", "own"),)


def test_references() -> None:
    components = {
        "parameters": {
            "A/B": {"in": "header", "name": "X-A", "required": True, "schema": {"$ref": "#/components/schemas/S"}}
        },
        "schemas": {"S": {"$ref": "#/components/schemas/T"}, "T": {"enum": ["deep"]}},
    }
    found = one({"parameters": [{"$ref": "#/components/parameters/A~1B"}]}, components=components)
    assert found.headers == (("X-A", "deep"),)


def test_references_in_circles() -> None:
    schemas = {
        "Tree": {"type": "object", "required": ["left", "right"],
                 "properties": {"left": {"$ref": "#/components/schemas/Tree"}, "right": {"$ref": "#/components/schemas/Tree"}}},
        "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        "Self": {"$ref": "#/components/schemas/Self"},
    }  # fmt: skip
    components = {"schemas": schemas}
    assert sample({"$ref": "#/components/schemas/Tree"}, components=components).keys() == {"left", "right"}
    assert sample({"$ref": "#/components/schemas/Loop"}, components=components) == "sample"
    with pytest.raises(SourceError, match="refers to itself"):
        sample({"$ref": "#/components/schemas/Self"}, components=components)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/nope", "does not exist"),
        ("other.yaml#/A", "is in another file"),
        ("#/paths/~1a/9", "does not exist"),
        ("#Order", "does not exist"),
    ],
)
def test_references_that_lead_nowhere(reference: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        sample({"$ref": reference})


# ---------------------------------------------------------------------- logins, bodies, servers


@pytest.mark.parametrize(
    ("scheme", "headers", "query", "credentials"),
    [
        ({"type": "http", "scheme": "bearer"}, (BEARER,), "", False),
        (
            {"type": "http", "scheme": "BASIC"},
            (("Authorization", "Basic cGxhY2Vob2xkZXI6cGxhY2Vob2xkZXI="),),
            "",
            False,
        ),
        ({"type": "http", "scheme": "Hoba"}, (("Authorization", "Hoba placeholder"),), "", False),
        ({"type": "oauth2", "flows": {}}, (BEARER,), "", False),
        ({"type": "openIdConnect"}, (BEARER,), "", False),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, (("X-Key", "placeholder"),), "", False),
        ({"type": "apiKey", "in": "query", "name": "k y"}, (), "?k%20y=placeholder", False),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, (), "", True),
        ({"type": "mutualTLS"}, (), "", False),
    ],
)
def test_logins(scheme: dict[str, Any], headers: Any, query: str, credentials: bool) -> None:
    components = {"securitySchemes": {"s": scheme}}
    found = one({}, security=[{"s": []}], components=components)
    assert (found.headers, found.url, found.credentials) == (headers, f"http://x.example/a{query}", credentials)
    assert found.secret == {name.lower() for name, _ in headers}
    # An operation of its own has the last word.
    assert one({"security": []}, security=[{"s": []}], components=components).headers == ()


def test_a_login_that_is_not_defined() -> None:
    assert one({"security": [{"nope": []}]}).undefined_scheme == "nope"
    components = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    # Of several ways in, the first that is defined counts; an empty one means that no login is needed.
    found = one({"security": [{"nope": []}, {"key": []}]}, components=components)
    assert (found.undefined_scheme, found.headers) == (None, (("X-Key", "placeholder"),))
    found = one({"security": [{"key": [], "nope": []}, {}]}, components=components)
    assert (found.undefined_scheme, found.headers) == (None, ())


# ---------------------------------------------------------------------- pages and other files

SWAGGER_UI = """
    <!DOCTYPE html>
    <html>
    <head><title>FastAPI - Swagger UI</title></head>
    <body><div id="swagger-ui"></div>
    <script>
    const ui = SwaggerUIBundle({
        url: '/openapi.json',
    "dom_id": "#swagger-ui",
    })
    </script></body></html>
"""
REDOC = '<!DOCTYPE html><html><body><redoc spec-url="v1/api.yaml"></redoc></body></html>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SWAGGER_UI, "Its document is 'http://h.example/openapi.json'."),
        (REDOC, "Its document is 'http://h.example/v1/api.yaml'."),
        ("<html><body>Sign in</body></html>", "FastAPI's document is at /openapi.json, Spring's at /v3/api-docs"),
    ],
)
def test_a_page_is_not_a_document(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        document.read(text, "http://h.example/docs")
    assert str(caught.value).startswith("http://h.example/docs is an HTML page, not an OpenAPI document. ")
    assert message in str(caught.value)


SPLIT = {
    "api/openapi.yaml": """
        openapi: 3.1.0
        servers: [{url: http://x.example}]
        paths:
          /orders/{id}:
            $ref: paths/orders.yaml
            parameters: [{name: X-Tenant, in: header, required: true, schema: {type: integer}}]
          /items:
            get: {$ref: 'paths/items.json#/list'}
        components:
          securitySchemes: {$ref: '../common/login.yaml#/schemes'}
    """,
    "api/paths/orders.yaml": """
        put:
          security: [{key: []}]
          parameters:
            - $ref: '../parameters.yaml#/id'
          requestBody: {$ref: '#/bodies/order'}
        bodies: {order: {content: {application/json: {}}}}
    """,
    "api/paths/items.json": '{"list": {"parameters": [{"$ref": "../openapi.yaml#/paths/~1orders~1{id}/parameters/0"}]}}',
    "api/parameters.yaml": "id: {name: id, in: path, schema: {$ref: schemas/id.yaml}}",
    "api/schemas/id.yaml": "type: integer\nminimum: 41",
    "common/login.yaml": "schemes: {key: {type: apiKey, in: header, name: X-Key}}",
}
"""References as OpenAPI 3.1.1 has them: relative to the file that they stand in, back to the document, beside fields."""


def parts_of(files: dict[str, str], home: str) -> document.Parts:
    import posixpath

    def locate(reference: str, location: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(location), reference))

    return document.Parts(home, locate, files.__getitem__)


def test_a_document_in_several_files() -> None:
    home = "api/openapi.yaml"
    put, get = operations(document.read(SPLIT[home], home, parts_of(SPLIT, home)))
    assert (put.method, put.url) == ("PUT", "http://x.example/orders/41")
    assert put.headers == (("X-Tenant", "1"), ("X-Key", "placeholder"), JSON)
    assert (get.method, get.headers) == ("GET", (("X-Tenant", "1"),))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"b.yaml": "[1]"}, "'b.yaml' is not an object"),
        ({"b.yaml": "$ref: c.yaml", "c.yaml": "$ref: b.yaml"}, "refers to itself"),
        ({"b.yaml": "get: {$ref: '#/nope'}"}, "'b.yaml#/nope' does not exist"),
        ({"b.yaml": "a: [1\n  b: 2"}, "b.yaml, line 2, column 4: neither JSON nor YAML"),
    ],
)
def test_other_files_that_cannot_be_followed(files: dict[str, str], message: str) -> None:
    """Half of a path item is never asked in silence."""
    text = json.dumps(
        {"openapi": "3.1.0", "servers": [{"url": "http://x.example"}], "paths": {"/a": {"$ref": "b.yaml"}}}
    )
    with pytest.raises(SourceError) as caught:
        list(operations(document.read(text, "a.yaml", parts_of(files, "a.yaml"))))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (["application/json"], ["application/json"]),
        (["text/plain", "application/json", "application/xml"], ["text/plain", "application/json"]),
        (["application/*"], ["application/octet-stream"]),
        (["*/*"], ["application/json"]),
        ([], [None]),
        (["no type"], [None]),
    ],
)
def test_content_types(content: list[str], expected: list[str | None]) -> None:
    body = {"requestBody": {"content": {name: {} for name in content}}}
    found = list(operations(made(paths={"/a": {"post": body}})))
    assert [dict(o.headers).get("Content-Type") for o in found] == expected


SERVERS: list[tuple[Any, str | None, str | None, str]] = [
    ([{"url": "https://h.example/v1/"}], None, None, "https://h.example/v1/a"),
    ([{"url": "https://{r}.example", "variables": {"r": {"default": "eu"}}}], None, None, "https://eu.example/a"),
    ([{"url": "https://{r}.example", "variables": {"r": {"enum": ["us"]}}}], None, None, "https://us.example/a"),
    ([{"url": "/v2"}], "https://h.example/docs/openapi.json", None, "https://h.example/v2/a"),
    ([{"url": "v2"}], "https://h.example/docs/openapi.json", None, "https://h.example/docs/v2/a"),
    (None, "http://127.0.0.1:8000/openapi.json", None, "http://127.0.0.1:8000/a"),
    ([{"url": "https://h.example"}], None, "http://localhost:8000/base/", "http://localhost:8000/base/a"),
]


@pytest.mark.parametrize(("servers", "source", "base", "expected"), SERVERS)
def test_servers(servers: Any, source: str | None, base: str | None, expected: str) -> None:
    found = document.check({"openapi": "3.0.3", "servers": servers, "paths": {"/a": {"get": {}}}}, "made")
    assert [o.url for o in operations(found, source=source, base=base)] == [expected]


def test_the_nearest_server_counts() -> None:
    paths = {"/a": {"servers": [{"url": "http://path"}], "get": {}, "put": {"servers": [{"url": "http://operation"}]}}}
    assert [o.url for o in operations(made(paths=paths))] == ["http://path/a", "http://operation/a"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/v2", "its server is '/v2', which a file cannot complete: --base-url"),
        ("ftp://x", "is not an http URL: --base-url"),
    ],
)
def test_servers_that_cannot_be_asked(url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        one({}, servers=[{"url": url}])


# ---------------------------------------------------------------------- which of them


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        (["tag:admin"], [], ["DELETE /orders/{number}", "GET /internal/health"]),
        (["tag:admin", "method:get"], [], ["GET /internal/health"]),
        (["tag:days", "tag:login"], [], ["GET /days/{day}/{state}", "POST /login"]),
        (["path:/orders/*"], ["method:DELETE"], ["GET /orders/{number}", "PUT /orders/{number}/items/{item}"]),
        (["/login"], [], ["POST /login"]),
        (["id:health_*"], [], ["GET /internal/health"]),
        ([], ["/orders*", "tag:files", "tag:days", "/internal/*"], ["POST /login"]),
    ],
)
def test_selection(select: list[str], exclude: list[str], expected: list[str]) -> None:
    assert [o.where for o in chosen(read("fastapi.json"), select, exclude)] == expected


@pytest.mark.parametrize(
    ("select", "exclude", "message"),
    [
        (["tag:nope"], [], "--select tag:nope: no operation is like that; there are orders, admin, days, files, login"),
        ([], ["/nope"], "--exclude /nope: no operation is like that; there are /orders, "),
        (["orders"], [], "--select 'orders': write tag:NAME, path:/GLOB, method:NAME or id:NAME"),
        (["method:GET"], ["method:*"], "--select and --exclude leave no operation to test"),
    ],
)
def test_selections_of_nothing(select: list[str], exclude: list[str], message: str) -> None:
    with pytest.raises(SourceError) as caught:
        chosen(read("fastapi.json"), select, exclude)
    assert str(caught.value).startswith(message)


# ---------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "openapi": "3.0.0",\n "paths": [}\n}', "d, line 3, column 12: invalid JSON: expecting value"),
        ("openapi: 3.0.0\npaths:\n  /a: [1\n  b: 2\n", "d, line 4, column 4: neither JSON nor YAML: "),
        ("\tx: 1", "d, line 1, column 1: neither JSON nor YAML: "),
        ("", "d is empty. Expected an OpenAPI 3 document."),
        ("\ufeff \n", "d is empty."),
        ("[1]", "d is not an OpenAPI document: expected an object"),
        ("just words", "d is not an OpenAPI document: expected an object"),
        ("swagger: '2.0'", "d is Swagger '2.0'. Convert it to OpenAPI 3 first"),
        ('{"openapi": "4.0"}', "d has version '4.0'. Expected an OpenAPI 3 document."),
        ('{"info": {}}', "d has no field 'openapi'. Expected an OpenAPI 3 document."),
        ('{"openapi": "3.1.0", "webhooks": {}}', "d has no operations: its 'paths' is missing or empty."),
        ("[" * 200_000, "d: JSON that cannot be read: "),
        ("a: !!python/object/apply:os.system [id]", "d, line 1, column 4: neither JSON nor YAML: "),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        document.read(text, "d")
    assert str(caught.value).startswith(message)


def test_yaml_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(
        SourceError, match=r"YAML needs the package PyYAML: pip install '.\[openapi\]' in a checkout of corscheck"
    ):
        document.read("openapi: 3.0.0", "d")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SCHEMA = st.dictionaries(
    st.sampled_from(["type", "enum", "allOf", "items", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength",
                     "maxLength", "minItems", "format", "required", "properties", "$ref", "default", "examples"]),
    ANY | st.sampled_from(["integer", "array", "object", "#/paths", "#/", "#/components/schemas/S", 1e308, -1, 0]), max_size=4,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["parameters", "security", "requestBody", "responses", "servers", "tags", "operationId"]),
        ANY | st.lists(st.fixed_dictionaries({"in": st.sampled_from(["path", "query", "header"]), "name": st.text(max_size=4),
                                              "required": st.just(True), "schema": SCHEMA}), max_size=3),
    ),
    SCHEMA,
    ANY,
)  # fmt: skip
def test_no_document_breaks_it(operation: dict[str, Any], schema: dict[str, Any], anything: Any) -> None:
    parts = {"paths": {"/a/{b}": {"post": operation, "get": anything}}, "components": {"schemas": {"S": schema}}}
    try:
        for found in operations(made(**parts, security=anything)):
            assert found.url.startswith("http")
            assert all("\n" not in value for _, value in found.headers)
    except SourceError:
        pass


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("openapi: 3.0\n{}[]\"'&*!|>-?#,\t~% "), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(SourceError):
        document.read(text, "d")


def test_five_hundred_operations_are_read_in_half_a_second() -> None:
    entry = {
        "parameters": [{"in": "path", "name": "id", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Big"}}}},
        "responses": {"200": {"description": "x" * 500, "headers": {"X-A": {"schema": {"type": "string"}}}}},
        "security": [{"s": []}],
    }
    big = {"type": "object", "properties": {f"p{n}": {"type": "string", "description": "y" * 80} for n in range(40)}}
    root = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://x.example"}],
        "paths": {f"/things{n}/{{id}}": {"put": entry, "get": {**entry, "requestBody": None}} for n in range(250)},
        "components": {"schemas": {"Id": {"type": "integer"}, **{f"Big{n}": big for n in range(200)}, "Big": big},
                       "securitySchemes": {"s": {"type": "http", "scheme": "bearer"}}},
    }  # fmt: skip
    text = json.dumps(root)
    started = time.process_time()
    assert len(list(operations(document.read(text, "d")))) == 500
    assert time.process_time() - started < 0.5
