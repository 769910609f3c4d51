"""What an audit is asked to do, what it asks for in turn, and the budget of its questions."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from corscheck.auditing.origins import Labels, Suffixes
    from corscheck.auditing.websocket import Handshake
    from corscheck.model.audits import Audit
    from corscheck.model.values import Depth, FailOn, Probe
    from corscheck.protocol.outcome import Outcome
    from corscheck.protocol.request import Answer

DUMMY_COOKIE = "corscheck=1"
"""Sent where no credentials are given: some servers answer otherwise as soon as there is a cookie, and victims have some."""


class AuditPlan(Struct, frozen=True):
    """One target.

    ``template`` carries URL, headers, stored credentials and send policy; its origin is replaced. ``allowed`` are
    serialized origins that are meant to be let in; one of the form ``https://*.example.com`` says that subdomains are.
    ``methods`` are asked beside GET. ``max_requests`` is where the audit stops. ``file`` and ``line`` say where the target
    stands.
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

    @property
    def url(self) -> str:
        """The target."""
        return self.template.url

    @property
    def is_socket(self) -> bool:
        """Whether the target is a WebSocket."""
        return self.url.lower().startswith(("ws://", "wss://"))

    @property
    def has_credentials(self) -> bool:
        """Whether the caller gave credentials of some kind."""
        names = {name.lower() for name, _ in self.template.headers}
        return self.template.cookies is not None or self.template.user is not None or "authorization" in names

    @property
    def without_credentials(self) -> dict[str, object]:
        """What changes a question into that of a visitor who is not logged in."""
        bare = tuple(h for h in self.template.headers if h[0].lower() not in ("authorization", "cookie"))
        return {"cookies": None, "user": None, "password": None, "headers": bare}

    def probe(self, origin: str, **changes: object) -> Probe:
        """The question of a page at ``origin`` whose visitor is logged in."""
        if self.template.cookies is None and self.template.user is None:
            changes.setdefault("cookies", DUMMY_COOKIE)
        return replace(self.template, origin=origin, credentials="include", **changes)


class Lookup(Struct, frozen=True):
    """Asks for the addresses of the target's name: text, none where it cannot be found."""

    url: str


Ask: TypeAlias = "Probe | Lookup | Handshake"
Came: TypeAlias = "Outcome | tuple[str, ...] | Answer"
Flow: TypeAlias = Generator["Ask", "Came", "Audit"]
Step: TypeAlias = Generator["Ask", "Came", None]


class BudgetSpentError(Exception):
    """So many requests were sent as were allowed."""


class SilenceError(Exception):
    """So many questions in a row got no answer that no more are asked."""


class UnstableError(Exception):
    """So much did not come again that nothing can be told from it."""
