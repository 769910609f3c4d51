"""The operations of an OpenAPI document as requests, with URL, headers, login and content types.

Sources: OpenAPI 3.0.4 and 3.1.1. Parameters that a page cannot set (cookies) or that OpenAPI ignores (``Accept``,
``Content-Type``, ``Authorization``) are left out. Secrets are placeholders, because CORS depends on header names only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.model.hidden import MASK
from corscheck.model.masking import is_secret_header, mask_url
from corscheck.protocol.headers import is_token
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.protocol.safelist import is_safelisted_request_header
from corscheck.sources.found import SourceError, quoted
from corscheck.sources.openapi import samples
from corscheck.sources.openapi.text import in_url, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corscheck.protocol.request import Header, Headers
    from corscheck.sources.openapi.document import Object, OpenAPIDocument

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
"""Methods of a path item, without ``trace``, which no page can send."""

PLACEHOLDER = "placeholder"
_BASIC = "cGxhY2Vob2xkZXI6cGxhY2Vob2xkZXI="
_NOT_PARAMETERS = ("accept", "content-type", "authorization")
_HIDDEN_RESPONSE = ("content-type", "set-cookie", "set-cookie2")


class Operation(Struct, frozen=True):
    """One request. ``path`` is as written in the document, ``where`` names the operation in messages.

    ``secret`` holds the lower-case names of headers whose value stands for a secret. ``credentials`` means that the
    login is a cookie. ``exposes`` are the response headers that the document declares. ``undefined_scheme`` is a security
    scheme that the operation needs and the document does not define: without it, the request is not the page's.
    """

    path: str
    method: str
    url: str
    headers: Headers = ()
    secret: frozenset[str] = frozenset()
    credentials: bool = False
    exposes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    operation_id: str | None = None
    undefined_scheme: str | None = None

    @property
    def where(self) -> str:
        """Method and path, e.g. ``PUT /orders/{id}``."""
        return f"{self.method} {self.path}"


def operations(document: OpenAPIDocument, *, source: str | None = None, base: str | None = None) -> Iterator[Operation]:
    """Yield every operation, in the order of the document.

    An operation with one content type that needs a preflight and one that does not is yielded twice. Relative servers
    are resolved against ``source``, the URL of the document; ``base`` replaces all servers. Raises ``SourceError`` if
    an operation has no usable URL.
    """
    for path, entry in document.joined(document.root["paths"]).items():
        if not text_of(path).startswith("/"):
            continue
        item = document.joined(entry)
        for method in METHODS:
            if isinstance(item.get(method), dict):
                operation = document.joined(item[method])
                yield from _Reader(document, text_of(path), method, item, operation, source, base).operations()


class _Reader(Struct):
    document: OpenAPIDocument
    path: str
    method: str
    item: Object
    operation: Object
    source: str | None
    base: str | None
    headers: list[Header] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    secret: set[str] = field(default_factory=set)
    cookie: bool = False
    undefined: str | None = None

    @property
    def where(self) -> str:
        return f"{self.document.name}: {self.method.upper()} {self.path}"

    def operations(self) -> Iterator[Operation]:
        path = self._parameters()
        self._login()
        url = self._server().rstrip("/") + path
        if self.query:
            url += f"?{'&'.join(self.query)}"
        tags = self.operation.get("tags")
        name = self.operation.get("operationId")
        for content_type in self._content_types():
            yield Operation(
                path=self.path,
                method=self.method.upper(),
                url=url,
                headers=(*self.headers, *((("Content-Type", content_type),) if content_type is not None else ())),
                secret=frozenset(self.secret),
                credentials=self.cookie,
                exposes=self._exposes(),
                tags=tuple(text_of(tag) for tag in tags) if isinstance(tags, list) else (),
                operation_id=text_of(name) if name is not None else None,
                undefined_scheme=self.undefined,
            )

    def _parameters(self) -> str:
        """Return the path with sample values, and record the required query parameters and headers."""
        found: dict[tuple[str, str], Object] = {}
        for owner in (self.item, self.operation):
            for entry in owner.get("parameters") or () if isinstance(owner.get("parameters"), list) else ():
                parameter = self.document.resolved(entry)
                found[text_of(parameter.get("in")), text_of(parameter.get("name"))] = parameter
        path = self.path
        for (place, name), parameter in found.items():
            if place == "path":
                path = path.replace("{" + name + "}", in_url(samples.of_parameter(parameter, self.document)))
            elif parameter.get("required") is True and place == "query":
                value = samples.of_parameter(parameter, self.document)
                # An example may be somebody's real token; a listed value is none.
                listed = self.document.resolved(parameter.get("schema")).get("enum")
                secret = listed is None and mask_url(f"?{in_url(name)}={PLACEHOLDER}").endswith(MASK)
                self.query.append(f"{in_url(name)}={PLACEHOLDER if secret else in_url(value)}")
            elif parameter.get("required") is True and place == "header":
                value = samples.of_parameter(parameter, self.document)
                self._header(name, PLACEHOLDER if is_secret_header(name) else text_of(value))
        if "{" in path:
            # The document does not declare this parameter, so any value will do.
            path = re.sub(r"\{[^{}/]*\}", "sample", path)
        return path

    def _header(self, name: str, value: str) -> None:
        if name.lower() in _NOT_PARAMETERS or not is_token(name):
            return
        text = value.encode("utf-8", "replace").decode("latin-1").translate({0: None, 10: None, 13: None}).strip()
        self.headers.append((name, text or "1"))

    def _login(self) -> None:
        """Apply the first security requirement whose schemes are all defined (OpenAPI, *Security Requirement Object*)."""
        required = self.operation.get("security", self.document.root.get("security"))
        ways = [way for way in required if isinstance(way, dict)] if isinstance(required, list) else []
        components = self.document.resolved(self.document.root.get("components"))
        schemes = self.document.resolved(components.get("securitySchemes"))
        for way in sorted(ways, key=lambda way: not way):  # an empty one means that the login is optional
            needed = {text_of(name): self.document.resolved(schemes.get(name)) for name in way}
            missing = next((name for name, scheme in needed.items() if not scheme), None)
            if missing is None:
                self.undefined = None
                for scheme in needed.values():
                    self._scheme(scheme)
                return
            self.undefined = self.undefined or missing

    def _scheme(self, scheme: Object) -> None:
        kind, place, name = scheme.get("type"), scheme.get("in"), scheme.get("name")
        if kind == "http":
            word = text_of(scheme.get("scheme", "bearer"))
            shown = {"bearer": "Bearer", "basic": "Basic"}.get(word.lower(), word)
            self._secret("Authorization", f"{shown} {_BASIC if shown == 'Basic' else PLACEHOLDER}")
        elif kind in ("oauth2", "openIdConnect"):
            self._secret("Authorization", f"Bearer {PLACEHOLDER}")
        elif kind == "apiKey" and place == "header" and is_token(text_of(name)):
            self._secret(text_of(name), PLACEHOLDER)
        elif kind == "apiKey" and place == "query":
            self.query.append(f"{in_url(name)}={PLACEHOLDER}")
        elif kind == "apiKey" and place == "cookie":
            # The page must send its stored cookie, so only the credentials mode is set. A made-up value would be
            # refused.
            self.cookie = True

    def _secret(self, name: str, value: str) -> None:
        self.headers.append((name, value))
        self.secret.add(name.lower())

    def _content_types(self) -> list[str | None]:
        """Return the first content type of the body that needs a preflight, and the first that does not."""
        body = self.document.resolved(self.operation.get("requestBody"))
        content = body.get("content")
        if self.method in ("get", "head") or not isinstance(content, dict) or not content:
            return [None]
        found: dict[bool, str] = {}
        for name in content:
            concrete = text_of(name).replace("*/*", "application/json").replace("/*", "/octet-stream").strip()
            if "/" in concrete and concrete.isascii() and concrete.isprintable():
                found.setdefault(is_safelisted_request_header("Content-Type", concrete), concrete)
        return list(found.values()) or [None]

    def _exposes(self) -> tuple[str, ...]:
        """Return the headers of the 2xx responses."""
        names: dict[str, str] = {}
        for status, entry in self.document.resolved(self.operation.get("responses")).items():
            if not text_of(status).startswith("2"):
                continue
            headers = self.document.resolved(entry).get("headers")
            for name in headers if isinstance(headers, dict) else ():
                if is_token(text_of(name)) and text_of(name).lower() not in _HIDDEN_RESPONSE:
                    names.setdefault(text_of(name).lower(), text_of(name))
        return tuple(names.values())

    # ------------------------------------------------------------------ server URL

    def _server(self) -> str:
        if self.base is not None:
            return self.base
        written = self._written()
        try:
            url = parse_url(written, self.source)
        except URLError:
            if self.source is None:
                raise SourceError(
                    f"{self.where}: its server is {quoted(written)}, which a file cannot complete: "
                    "--base-url https://api.example.com names it"
                ) from None
            raise SourceError(
                f"{self.where}: its server {quoted(written)} is not a URL: --base-url URL names one"
            ) from None
        if url.scheme not in HTTP_SCHEMES:
            raise SourceError(
                f"{self.where}: its server {quoted(written)} is not an http URL: --base-url URL names one"
            )
        return url.without_fragment

    def _written(self) -> str:
        """Return the URL of the first server, with its variables replaced by defaults."""
        for owner in (self.operation, self.item, self.document.root):
            servers = owner.get("servers")
            if isinstance(servers, list) and servers and isinstance(servers[0], dict):
                server = servers[0]
                text = text_of(server.get("url", "/"))
                variables = server.get("variables")
                for name, entry in variables.items() if isinstance(variables, dict) else ():
                    if isinstance(entry, dict):
                        enum = entry.get("enum") if isinstance(entry.get("enum"), list) else None
                        value = entry.get("default", enum[0] if enum else "")
                        text = text.replace("{" + text_of(name) + "}", text_of(value))
                return text
        return "/"
