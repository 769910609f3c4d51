"""The input of an audit, the types of its generators, and the exceptions that stop it early."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.model.masking import is_secret_header
from corscheck.protocol.origin import parse_url
from corscheck.protocol.request import HTTPRequest

if TYPE_CHECKING:
    from corscheck.auditing.labels import Labels
    from corscheck.auditing.origins import Suffixes
    from corscheck.auditing.websocket import Handshake
    from corscheck.model.audits import Audit
    from corscheck.model.values import Depth, FailOn, Probe
    from corscheck.protocol.origin import URL
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer, Headers

DUMMY_COOKIE = "corscheck=1"
"""Cookie to send if the caller gives no credentials: some servers respond differently to a request with any cookie."""


class AuditPlan(Struct, frozen=True):
    """One target of an audit.

    ``template`` carries the URL, headers, stored credentials and send policy; each probe replaces its origin.
    ``allowed`` holds the serialized origins that the server should allow; ``https://*.example.com`` stands for all
    subdomains. ``methods`` are tried in addition to GET. The audit stops after ``max_requests`` requests. ``file`` and
    ``line`` locate the target in the input. The URL of an application ``in_process`` says nothing about where it will be.
    """

    template: Probe
    suffixes: Suffixes
    labels: Labels
    allowed: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    depth: Depth = "normal"
    fail_on: FailOn = "medium"
    max_requests: int | None = None
    index: int = 0
    file: str | None = None
    line: int | None = None
    in_process: bool = False

    @property
    def url(self) -> str:
        """The target's URL."""
        return self.template.url

    @property
    def is_socket(self) -> bool:
        """Whether the target is a WebSocket URL."""
        return self.url.lower().startswith(("ws://", "wss://"))

    @property
    def has_credentials(self) -> bool:
        """Whether the caller gave cookies, a user or an Authorization header."""
        names = {name.lower() for name, _ in self.template.headers}
        return self.template.cookies is not None or self.template.user is not None or "authorization" in names

    @property
    def without_credentials(self) -> dict[str, object]:
        """The changes to a probe that make it the request of a visitor who is not logged in."""
        bare = tuple(h for h in self.template.headers if h[0].lower() not in ("authorization", "cookie"))
        return {"cookies": None, "user": None, "password": None, "headers": bare}

    def intends(self, origin: str) -> bool:
        """Whether the caller declared an origin as allowed."""
        return origin in self.allowed

    def keeps_credentials_from(self, target: URL) -> bool:
        """Whether credentials were given that do not belong to a redirect target.

        A login and secret headers belong to the scheme, host and port of the URL that was named (RFC 9110, section 11.5),
        cookies to its host.
        """
        named, template = parse_url(self.url), self.template
        if target.origin == named.origin:
            return False
        secret = [n for n, _ in template.headers if is_secret_header(n) or n.lower() in template.secret_headers]
        return bool(secret) or template.user is not None or (template.cookies is not None and target.host != named.host)

    def probe(self, origin: str, **changes: object) -> Probe:
        """Build the credentialed probe of a page at ``origin``. ``changes`` replace fields of the template."""
        if self.template.cookies is None and self.template.user is None:
            changes.setdefault("cookies", DUMMY_COOKIE)
        return replace(self.template, origin=origin, credentials="include", **changes)


class Lookup(Struct, frozen=True):
    """A request to the driver to resolve the target's host; the answer is a tuple of IP addresses, empty on failure."""

    url: str


class OwnPage(Struct, frozen=True):
    """A GET of a page at the target's own origin, with an Origin header.

    Browsers send that header with a POST to the own origin and leave it off a GET. Servers compare it in both.
    """

    probe: Probe

    def request(self) -> HTTPRequest:
        """Build the HTTP request."""
        probe = self.probe
        headers: Headers = (*probe.headers, ("Origin", probe.origin))
        return HTTPRequest("actual", 0, "GET", (probe.url,), headers, probe.origin, "cors", True)


Ask: TypeAlias = "Probe | Lookup | Handshake | OwnPage"
Came: TypeAlias = "Outcome | tuple[str, ...] | Answer"
Flow: TypeAlias = Generator["Ask", "Came", "Audit"]
Step: TypeAlias = Generator["Ask", "Came", None]


class BudgetSpentError(Exception):
    """The audit has sent ``max_requests`` requests."""


class SilenceError(Exception):
    """Too many consecutive requests got no response."""


class UnstableError(Exception):
    """Too many results were not reproduced by a second request."""
