"""Experiments: control requests that tell the possible causes of a failure apart.

They use safe methods and have no body; of a request that may change data only the preflight is sent. Each kind is sent at
most once, and at most ``MOST`` in all. What each came to is kept as evidence.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.answers import allows, speaks_cors
from corscheck.diagnosis.words import quote_of, words_of
from corscheck.model.values import Probe
from corscheck.protocol.cors_check import ACAO
from corscheck.protocol.headers import get
from corscheck.protocol.origin import parse_url
from corscheck.protocol.outcome import Outcome
from corscheck.protocol.request import HTTPResponse
from corscheck.protocol.safelist import is_safelisted_method

if TYPE_CHECKING:
    from corscheck.protocol.request import Header

MOST = 4
"""The most control requests for one failure."""

SAFE = ("GET", "HEAD")

Sign: TypeAlias = Literal["allowed", "absent", "refused", "spoken", "silent"]
"""What an answer looks like to a cause: the origin is allowed; 404 or 410; another error or a redirect; 2xx with a header that
only a CORS layer sends, but not for this origin, or an error by which a CORS layer says so in words; 2xx without one.
"""


Kind: TypeAlias = Literal["simple", "without origin", "as typed", "preflight", "options", "other"]
"""The kind of an experiment: the method of ``Experiments`` that asks it; ``other`` for those that only evidence needs."""


class Answered(Struct, frozen=True):
    """What an experiment came to. ``what`` describes its request, in words for the evidence."""

    kind: Kind
    what: str
    outcome: Outcome
    response: HTTPResponse
    origin: str
    preflight: bool = False

    @property
    def status(self) -> int:
        """The status of the first response."""
        return self.response.status

    @property
    def sign(self) -> Sign:
        """What the first response looks like. A preflight with an error status allows nothing."""
        sign = sign_of(self.response, self.origin)
        if sign == "allowed" and self.preflight and not 200 <= self.status <= 299:
            return "refused"
        return "spoken" if sign == "refused" and self.refuses_origin else sign

    @property
    def refuses_origin(self) -> bool:
        """Whether the first response says in words that the origin is refused, or refuses an ordinary preflight so."""
        words = words_of(self.response, self.outcome.exchanges[0].request)
        if 200 <= self.status <= 299 or words is None or words.off or not words.layer:
            return False
        return "origin" in words.parts or (self.preflight and not words.parts)

    def __str__(self) -> str:
        """Return the experiment as evidence: request, status, and the allowed origin if there is one."""
        allowed = get(self.response.headers, ACAO)
        return f"{self.what}: {quote_of(self.response)}" + (f", {ACAO}: {allowed}" if allowed else "")


def sign_of(response: HTTPResponse, origin: str) -> Sign:
    """Return what a response looks like to a page of ``origin``."""
    if allows(response, origin):
        return "allowed"
    if response.status in (404, 410):
        return "absent"
    if not 200 <= response.status <= 299:
        return "refused"
    return "spoken" if speaks_cors(response.headers) is not None else "silent"


Asked: TypeAlias = Generator[Probe, Outcome | None, Answered | None]
"""Yields a control probe. Returns None if there is no answer, or if no more may be asked."""


class Experiments:
    """The experiments about one failure. ``url`` is the URL that failed."""

    def __init__(self, probe: Probe, url: str, *, in_preflight: bool) -> None:
        self._probe = probe
        self._url = url
        self._in_preflight = in_preflight
        self._done: dict[str, Answered | None] = {}
        self._count = 0

    @property
    def done(self) -> tuple[Answered, ...]:
        """Every experiment that was answered, in order."""
        return tuple(answered for answered in self._done.values() if answered is not None)

    def answer(self, kind: Kind) -> Answered | None:
        """Return what the experiment of a kind came to; None if it was not asked or not answered."""
        return next((answered for answered in self.done if answered.kind == kind), None)

    def simple(self) -> Asked:
        """GET from the page without headers of its own, which needs no preflight."""
        control = self._control(method="GET", headers=(), redirect="manual", credentials=self._credentials)
        return self._ask(f"GET from {self._probe.origin}", control, "simple")

    def without_origin(self) -> Asked:
        """The same GET without an Origin header: as a page of the server's own origin sends it."""
        own = parse_url(self._url).origin
        control = self._control(origin=own, method="GET", headers=(), redirect="manual", credentials=self._credentials)
        return self._ask("GET without Origin", control, "without origin")

    def as_typed_without_origin(self) -> Asked:
        """The same GET without an Origin header, but with the page's own headers, such as a token."""
        own = parse_url(self._url).origin
        control = self._control(origin=own, method="GET", redirect="manual", credentials=self._credentials)
        return self._ask("GET without Origin, with the page's headers", control, "as typed")

    def preflight(self) -> Asked:
        """A preflight for GET without request headers, which every CORS setup allows to the origins that it knows."""
        return self._ask(f"preflight for GET from {self._probe.origin}", self._preflight("GET", ()), "preflight")

    def preflight_with_method(self, method: str) -> Asked:
        """A preflight for the page's method alone, without request headers."""
        if method == "GET":
            return self.preflight()
        return self._ask(f"preflight for {method} without headers", self._preflight(method, ()))

    def preflight_with_header(self, header: Header) -> Asked:
        """A preflight for GET with one of the page's headers."""
        return self._ask(f"preflight for GET with {header[0]}", self._preflight("GET", (header,)))

    def own_options(self) -> Asked:
        """OPTIONS from the server's own origin, without Access-Control-Request-Method: not a preflight."""
        own = parse_url(self._url).origin
        control = self._control(origin=own, method="OPTIONS", headers=(), redirect="manual", credentials="omit")
        return self._ask("OPTIONS without Access-Control-Request-Method", control, "options")

    def from_origin(self, origin: str) -> Asked:
        """The request that failed, or its preflight, from another origin."""
        control = self._again(self._url, origin=origin)
        return self._ask(f"from {origin}", control) if control is not None else _nothing()

    def at(self, url: str) -> Asked:
        """The request that failed, or its preflight, at another URL."""
        control = self._again(url)
        return self._ask(f"at {url}", control) if control is not None else _nothing()

    def past_caches(self) -> Asked:
        """The same GET with a random query parameter, which no cache can answer."""
        import secrets  # imported here because it takes 4 ms and few probes need it

        parsed = parse_url(self._url)
        query = f"{'&' if parsed.query else '?'}corscheck={secrets.token_hex(4)}"
        return self._ask(
            "bypassing caches", self._control(url=parsed.without_fragment + query, method="GET", redirect="manual")
        )

    @property
    def _credentials(self) -> Literal["include", "omit"]:
        # Cookies must not be the difference between a request from the page and one from the server's own origin.
        return "include" if self._probe.credentials == "include" else "omit"

    def _again(self, url: str, **changes: object) -> Probe | None:
        if self._in_preflight:
            return self._control(url=url, send="never", **changes)
        if self._probe.method.upper() in SAFE and is_safelisted_method(self._probe.method):
            return self._control(url=url, redirect="manual", **changes)
        return None

    def _preflight(self, method: str, headers: tuple[Header, ...]) -> Probe:
        # By the standard's rules, because Chromium sends no preflight for an upload listener without a body.
        return self._control(
            method=method, headers=headers, send="never", mode="cors", engine="standard", upload_listener=True
        )

    def _control(self, **changes: object) -> Probe:
        """Copy the probe without its body and with the default send policy."""
        base = replace(
            self._probe, url=self._url, body=None, body_asked=False, send="auto", check=None, expected="allowed",
            upload_listener=False,
        )  # fmt: skip
        return replace(base, **changes)

    def _ask(self, what: str, control: Probe, kind: Kind = "other") -> Asked:
        if what in self._done:
            return self._done[what]
        # With headers of the page's own, a GET may need a preflight too.
        two = bool(control.headers) and control.send != "never" and control.origin != parse_url(control.url).origin
        if self._count + (2 if two else 1) > MOST:
            return None
        self._count += 2 if two else 1
        outcome = yield control
        answer = outcome.exchanges[0].answer if outcome is not None and outcome.exchanges else None
        answered = None
        if outcome is not None and isinstance(answer, HTTPResponse):
            preflight = outcome.exchanges[0].request.kind == "preflight"
            answered = Answered(kind, what, outcome, answer, control.origin, preflight)
        self._done[what] = answered
        return answered


def _nothing() -> Asked:
    """Ask nothing: the request may change data."""
    return None
    yield  # a generator, like the others
