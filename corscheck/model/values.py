"""The input of a run: Probe, CheckRef, Expectation, Excuse, and the error for an invalid argument."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from corscheck.protocol.origin import OPAQUE, URLError, is_loopback_host, parse_url
from corscheck.protocol.outcome import Verdict
from corscheck.protocol.request import CacheMode, Credentials, EmbedderPolicy, Headers, Mode, Redirect

EngineName: TypeAlias = Literal["standard", "chromium", "firefox", "webkit"]
Basis: TypeAlias = Literal["recorded", "source", "text"]
Send: TypeAlias = Literal["auto", "always", "never"]
Severity: TypeAlias = Literal["high", "medium", "low", "info"]
FailOn: TypeAlias = Literal["high", "medium", "low", "info", "never"]
Depth: TypeAlias = Literal["normal", "full"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")
ENGINE_NAMES: tuple[EngineName, ...] = ("standard", "chromium", "firefox", "webkit")
DEFAULT_GATE: tuple[EngineName, ...] = ("chromium", "firefox", "webkit")
"""The engines in which a verdict has to hold, unless others are named."""
LOOPBACK_GATE: tuple[EngineName, ...] = ("chromium", "firefox")
SCHEMA_VERSION = "1.0"

LONGEST_TIME = 1_000_000.0
"""The longest time limit in seconds. System calls count milliseconds in 32 bits, which ends at 2,147,483 seconds."""


def default_gate(url: str, origin: str, *, secure_context: bool = False) -> tuple[EngineName, ...]:
    """Return the gate of a probe for which no engines are named.

    WebKit blocks http://localhost on https pages as mixed content. Who asks a development server about a page that will
    be at https does not want to know that: WebKit's verdict is shown then, but does not decide.
    """
    secure = secure_context if origin == OPAQUE else origin.startswith("https:")
    if secure and url[:5].lower() == "http:":
        try:
            loopback = is_loopback_host(parse_url(url).host)
        except URLError:
            loopback = False
        if loopback:
            return LOOPBACK_GATE
    return DEFAULT_GATE


class ConfigError(ValueError):
    """An argument or an option is invalid, so nothing was sent. The command line prints the message and exits with
    status 2.

    Attributes:
        option: the name of the invalid keyword argument, e.g. ``timeout``; None if no single option is at fault.
        value: the invalid value as given: the argument, or an item of a list. It is not masked, unlike the message.
        reason: what is wrong with the value, as a clause: ``expected a number of seconds``.
        hint: what to do, as a sentence: ``Pass a float, e.g. timeout=5.0.``; None if there is no advice.

    """

    def __init__(
        self,
        message: str,
        *,
        option: str | None = None,
        value: object = None,
        reason: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.option = option
        self.value = value
        self.reason = reason
        self.hint = hint


class HelperDied(RuntimeError):  # noqa: N818 - the name says what happened
    """A helper process that asked for this one died, so that the run is incomplete. The command line exits with status 3."""


class Expectation(Struct, frozen=True):
    """One expectation of a check, and its result.

    ``name`` is the policy's key (``expect``, ``because``, ``max-age`` ...; ``ignore`` for an entry that has expired).
    ``passed`` is None if it could not be judged, which is not a pass. ``message`` says what is wrong, in a sentence.
    """

    name: str
    expected: str
    received: str | None
    passed: bool | None
    message: str = ""


class CheckRef(Struct, frozen=True):
    """The place of a check in a policy file, and in a result its expectations with their results."""

    name: str
    file: str | None = None
    line: int | None = None
    expectations: tuple[Expectation, ...] = ()


class Excuse(Struct, frozen=True):
    """Why a failure does not fail the run: an ``[[ignore]]`` of the policy, or a baseline that contains it.

    ``expires`` is the last day on which an ignore applies, ``YYYY-MM-DD``.
    """

    by: Literal["ignore", "baseline"]
    reason: str
    file: str | None = None
    line: int | None = None
    expires: str | None = None


class Probe(Struct, frozen=True):
    """One question: may a page at ``origin`` make this request and read the response?

    ``engine`` drives the network. ``gate`` lists the engines for which ``expected`` must hold (default: ``default_gate``).
    ``via`` is another base URL to connect to; the URL is judged as written. ``body_asked`` says that the user typed the
    body on the command line, which counts as a request to send it. ``user``, ``password`` and ``cookies`` are stored
    credentials, which are sent only if the credentials mode allows it. ``secret_headers`` are lower-case names of headers
    whose values are always masked (a policy's ``${VARIABLES}``). ``upload_listener`` says that script listens to upload
    progress, which forces a preflight. ``coep`` is the page's Cross-Origin-Embedder-Policy, and ``secure_context`` says
    that a page of origin ``null`` is embedded in https pages.
    """

    url: str
    origin: str
    method: str = "GET"
    headers: Headers = ()
    credentials: Credentials = "same-origin"
    redirect: Redirect = "follow"
    mode: Mode = "cors"
    body: bytes | None = None
    cache: CacheMode = "default"
    engine: EngineName = "chromium"
    gate: tuple[EngineName, ...] = ()
    send: Send = "auto"
    body_asked: bool = False
    expected: Verdict = "allowed"
    index: int = 0
    check: CheckRef | None = None
    user: str | None = None
    password: str | None = None
    cookies: str | None = None
    via: str | None = None
    secret_headers: frozenset[str] = frozenset()
    upload_listener: bool = False
    coep: EmbedderPolicy = "unsafe-none"
    secure_context: bool = False

    def __post_init__(self) -> None:
        if not self.gate:
            force_setattr(self, "gate", default_gate(self.url, self.origin, secure_context=self.secure_context))
