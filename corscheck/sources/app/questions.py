"""Probes that verify the CORS configuration of an application, each with its expected verdict.

This module builds probes and sends nothing. Requests that may change data are held back unless ``send`` is ``always``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.page_origin import check_origin
from corscheck.model.suffixes import registrable_domain
from corscheck.model.values import ConfigError, Probe
from corscheck.sources.app.address import absolute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.values import EngineName, Send
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Credentials, Headers
    from corscheck.sources.app.claims import AppOperation, Reading

Topic: TypeAlias = Literal["plain", "cookies", "no-cookie", "error", "header"]

STRANGER = "https://elsewhere.example"
"""An origin that no application lists."""

SOMEBODY = "https://app.example.com"
"""The origin to probe from if the application lists none."""

COOKIE = "session=corscheck"
FAILING = "/corscheck-fails"
MISSING = "/corscheck-no-such-page"
UNLISTED = "X-Corscheck-Unlisted"
"""A request header that no allow list contains."""

_SAFE = ("GET", "HEAD")
_MOST = 200
"""Up to this many combinations of operations and origins, every origin is tested with every operation."""


class AppQuestion(Struct, frozen=True):
    """One probe, and the topic and row of the report that its result belongs to."""

    topic: Topic
    row: str
    probe: Probe


class Unasked(Struct, frozen=True):
    """A probe that is left out, and why."""

    topic: Topic
    row: str
    why: str
    origin: str | None = None


class Questions:
    """All probes of one application. ``asked`` holds them in order, ``unasked`` holds those that are left out.

    ``proposal`` is what to change so that those pass that should, set by who has asked them.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        origins: Sequence[str] = (),
        send: Send = "auto",
        gate: tuple[EngineName, ...] = (),
        expect: Verdict | None = None,
    ) -> None:
        self.reading = reading
        self.claim = reading.claim
        self.typed = bool(origins)
        self.listed = tuple(origins) or self._listed()
        self._send = send
        self._engines: tuple[EngineName, tuple[EngineName, ...]] = (gate[0] if gate else "chromium", gate)
        self._expect = expect
        self.asked: list[AppQuestion] = []
        self.unasked: list[Unasked] = []
        self.proposal: str | None = None
        self._pages()
        if self.typed:
            self._stranger()
        else:
            self._strangers()
        self._errors()
        self._headers()

    def _listed(self) -> tuple[str, ...]:
        """Return the listed origins and one that the regex matches; ``SOMEBODY`` if all are allowed or unknown."""
        claim = self.claim
        if claim is None or claim.everyone:
            return (SOMEBODY,)
        named = [o for o in claim.allow_origins if origin_fault(o) is None]
        example = matching(claim.allow_origin_regex) if claim.allow_origin_regex is not None else None
        return tuple(dict.fromkeys([*named, *([example] if example is not None else [])]))

    @property
    def lookalikes(self) -> tuple[str, ...]:
        """The origins that ``allow_origin_regex`` matches although anybody may register their domain."""
        regex = self.claim.allow_origin_regex if self.claim is not None else None
        return lookalikes(regex) if regex is not None else ()

    @property
    def unusable(self) -> tuple[str, ...]:
        """What is wrong with the entries of ``allow_origins`` that no page's origin can equal."""
        origins = self.claim.allow_origins if self.claim is not None else ()
        return tuple(fault for o in origins if o != "*" and (fault := origin_fault(o)) is not None)

    def _pages(self) -> None:
        operations = self.reading.operations
        many = len(operations) * len(self.listed) > _MOST
        for number, origin in enumerate(self.listed):
            for operation in operations if number == 0 or not many else operations[:1]:
                if self._held(operation):
                    why = "needs no preflight: it runs for any page (--send always tests who can read the response)"
                    self.unasked.append(Unasked("plain", label(operation), why, origin))
                    continue
                self._add("plain", operation, origin, "allowed")
                with_cookies = _verdict(self.claim is not None and self.claim.allow_credentials)
                self._add("cookies", operation, origin, with_cookies, cookies=True)

    def _strangers(self) -> None:
        claim = self.claim
        if claim is None:
            return
        for operation in self.reading.operations:
            if self._held(operation):
                continue
            self._add("plain", operation, STRANGER, _verdict(claim.everyone))
            # Expected to be blocked even if every origin is listed: no application should allow all pages with cookies.
            self._add("cookies", operation, STRANGER, "blocked", cookies=True)
        safe = self._safe()
        if safe is not None:
            self._add("plain", safe, "null", _verdict(claim.everyone or "null" in claim.allow_origins))
            self._add("cookies", safe, "null", "blocked", cookies=True)
            self._add("no-cookie", safe, STRANGER, "blocked", credentials="include")
            for origin in self.lookalikes[:1]:
                self._add("plain", safe, origin, "blocked")
                self._add("cookies", safe, origin, "blocked", cookies=True)

    def _stranger(self) -> None:
        """Ask one stranger about each operation, whatever is asked about: the origins typed show no hole.

        Each operation, because applications mounted below have CORS settings of their own.
        """
        claim = self.claim
        if claim is None:
            return
        many = len(self.reading.operations) * len(self.listed) > _MOST
        for origin in (STRANGER, *self.lookalikes)[:2]:
            if origin in self.listed:
                continue
            plain = _verdict(claim.everyone and origin == STRANGER)
            for operation in [o for o in self.reading.operations if not self._held(o)][: 1 if many else None]:
                self._add("plain", operation, origin, plain)
                self._add("cookies", operation, origin, "blocked", cookies=True)

    def _errors(self) -> None:
        if not self.listed:
            return
        origin = self.listed[0]
        well = _verdict(self.claim is not None or self.typed)
        self._error("404", f"GET {MISSING}", MISSING, origin, well)
        wrong = next((o for o in self.reading.operations if o.wrong is not None and o.method in _SAFE), None)
        takes_json = next((o for o in self.reading.operations if o.json), None)
        if wrong is not None:
            assert wrong.wrong is not None
            self._error("422", f"GET {wrong.wrong}", wrong.wrong, origin, well)
        elif takes_json is not None:
            row = f"422 {takes_json.method} {takes_json.path}, a body that is not JSON"
            if self._send == "always":
                self._put("error", row, self._probe(takes_json, origin, well), body=b"{")
            else:
                self.unasked.append(Unasked("error", row, "a request that may change data: --send always tests it"))
        # Starlette's error handling is outside of middleware added with add_middleware, and inside of a wrapping one.
        outside = _verdict(self.claim is not None and self.claim.around)
        self._error("500", "an unhandled exception", FAILING, origin, outside)

    def _error(self, status: str, what: str, path: str, origin: str, expected: Verdict) -> None:
        engine, gate = self._engines
        probe = Probe(absolute(path), origin, send=self._send, gate=gate, engine=engine, expected=expected)
        self._put("error", f"{status} {what}", probe)

    def _headers(self) -> None:
        safe = self._safe()
        if self.claim is None or safe is None or not self.listed:
            return
        expected = _verdict("*" in self.claim.allow_headers)
        probe = self._probe(safe, self.listed[0], expected, more=((UNLISTED, "1"),))
        self._put("header", label(safe), probe)

    def _safe(self) -> AppOperation | None:
        return next((operation for operation in self.reading.operations if operation.method in _SAFE), None)

    def _held(self, operation: AppOperation) -> bool:
        """Whether the operation needs no preflight but may change data, so that testing it requires sending it."""
        return operation.method == "POST" and operation.form and not operation.headers and self._send != "always"

    def _add(
        self,
        topic: Topic,
        operation: AppOperation,
        origin: str,
        expected: Verdict,
        *,
        cookies: bool = False,
        credentials: Credentials | None = None,
    ) -> None:
        mode = credentials or ("include" if cookies else "same-origin")
        probe = self._probe(operation, origin, expected, credentials=mode)
        self._put(topic, label(operation), probe, cookies=COOKIE if cookies else None)

    def _put(
        self, topic: Topic, row: str, probe: Probe, *, cookies: str | None = None, body: bytes | None = None
    ) -> None:
        own = topic == "plain" and self.typed and probe.origin in self.listed
        expected = self._expect if self._expect is not None and own else probe.expected
        placed = replace(probe, index=len(self.asked), cookies=cookies, body=body, expected=expected)
        self.asked.append(AppQuestion(topic, row, placed))

    def _probe(
        self,
        operation: AppOperation,
        origin: str,
        expected: Verdict,
        *,
        more: Headers = (),
        credentials: Credentials = "same-origin",
    ) -> Probe:
        headers = tuple((name, _value(name)) for name in operation.headers)
        if operation.method not in _SAFE and not operation.form:
            # The way a page sends JSON. This Content-Type makes even a POST need a preflight.
            headers = (*headers, ("Content-Type", "application/json"))
        engine, gate = self._engines
        return Probe(
            url=absolute(operation.url),
            origin=origin,
            method=operation.method,
            headers=(*headers, *more),
            credentials=credentials,
            engine=engine,
            gate=gate,
            send=self._send,
            expected=expected,
        )


def label(operation: AppOperation) -> str:
    """Return the row of an operation, e.g. ``PUT /data with x-tenant``."""
    text = f"{operation.method} {operation.path}"
    return f"{text} with {', '.join(operation.headers)}" if operation.headers else text


def _verdict(allowed: bool) -> Verdict:
    return "allowed" if allowed else "blocked"


def _value(name: str) -> str:
    return "Bearer corscheck" if name.lower() == "authorization" else "1"


def origin_fault(text: str) -> str | None:
    """Return a sentence on why no page can have this origin, or None if one can."""
    try:
        check_origin(text, "allow_origins")
    except ConfigError as error:
        return str(error)
    return None


_LOOSE = (
    "[a-zA-Z0-9-]+",
    "[a-z0-9-]+",
    "[a-z0-9]+",
    "[a-z]+",
    r"[^.]+",
    r"[\w-]+",
    r"\w+",
    r"\d+",
    ".+",
    ".*",
    "[0-9]+",
)


def lookalikes(regex: str) -> tuple[str, ...]:
    """Return origins that a regular expression matches, and that have nothing to do with the domain it is meant for.

    ``https?://.*myapp.com`` also matches ``https://elsewheremyapp.com``, and an unescaped dot matches any character.
    """
    try:
        compiled = re.compile(regex)
    except re.error:
        return ()
    found = [STRANGER, STRANGER.replace("https", "http")]
    example = matching(regex)
    if example is not None:
        scheme, _, rest = example.partition("://")
        host, colon, port = rest.partition(":")
        domain = registrable_domain(host) or host
        hosts = [f"elsewhere{domain}", f"elsewhere-{domain}", f"{host}.elsewhere.example", f"{host}elsewhere.example"]
        # Not the last dot: without it, the name would end in a top-level domain that does not exist.
        dots = [at for at, letter in enumerate(host) if letter == "."][:-1]
        hosts += [f"{host[:at]}x{host[at + 1 :]}" for at in dots]
        found += [f"{scheme}://{one}{colon}{port}" for one in hosts if registrable_domain(one) not in (None, domain)]
    return tuple(origin for origin in found if compiled.fullmatch(origin) and origin_fault(origin) is None)


def matching(regex: str) -> str | None:
    """Return an origin that a typical regular expression matches, or None if none is found."""
    text = regex.strip("^$")
    for loose in _LOOSE:
        # Before a letter it stands for a whole label: a developer who writes ".*example.com" means "app.example.com".
        sample = "8000" if "d" in loose or loose == "[0-9]+" else "app"
        text = re.sub(f"{re.escape(loose)}(?=[a-z])", lambda _, sample=sample: f"{sample}.", text)  # type: ignore[misc]
        text = text.replace(loose, sample)
    text = re.sub(r"\((?:\?:)?([^()|]*)[^()]*\)[?*]?", r"\1", text).replace("\\", "")
    candidates = (text, re.sub(r"(.)\?", r"\1", text), re.sub(r".\?", "", text))
    for candidate in candidates:
        try:
            if origin_fault(candidate) is None and re.fullmatch(regex, candidate):
                return candidate
        except re.error:
            return None
    return None
