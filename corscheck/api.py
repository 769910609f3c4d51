"""What a Python program calls: ``probe``, ``aprobe``, and ``Page``, which remembers its preflights.

No type of a third-party library appears here. A question that cannot be put raises ``ConfigError``, where the command
line would exit 2; everything else is a ``Result``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from msgspec.structs import replace

from corscheck.model.page_origin import check_origin
from corscheck.model.values import ENGINE_NAMES, ConfigError, Probe, Send
from corscheck.protocol.outcome import VERDICTS
from corscheck.protocol.request import CACHE_MODES, CREDENTIALS_MODES, REDIRECT_MODES, REQUEST_MODES
from corscheck.runner.conversation import new_cache
from corscheck.runner.options import RunOptions
from corscheck.runner.single import Conversation, run_one
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from corscheck.model.result import Result
    from corscheck.model.values import EngineName
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import CacheMode, Credentials, Mode, Redirect

TEXT_BODY = "text/plain;charset=UTF-8"
"""The Content-Type that ``fetch()`` gives a string."""

_CHOICES: dict[str, Sequence[str]] = {
    "credentials": CREDENTIALS_MODES,
    "redirect": REDIRECT_MODES,
    "mode": REQUEST_MODES,
    "cache": CACHE_MODES,
    "engine": ENGINE_NAMES,
    "send": get_args(Send),
    "expected": VERDICTS,
}


def probe(
    url: str,
    *,
    origin: str,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    credentials: Credentials = "same-origin",
    redirect: Redirect = "follow",
    mode: Mode = "cors",
    body: bytes | str | None = None,
    engine: EngineName | None = None,
    gate: Sequence[EngineName] | None = None,
    expected: Verdict = "allowed",
    send: Send = "auto",
    auth: tuple[str, str] | None = None,
    cookies: str | None = None,
    via: str | None = None,
    retry: int = 0,
    wait_for: float = 0.0,
    show_secrets: bool = False,
    diagnose: bool = False,
    app: Any = None,
    **network: Any,
) -> Result:
    """Ask one question and wait for the answer.

    Args:
        url: an absolute http(s) URL; with ``app`` a path will do, which is taken at ``http://app.localhost``.
        origin: the page's serialized origin (``https://app.example``) or ``null``.
        method: as script gives it: ``put`` is normalized, ``patch`` is not.
        headers: (name, value) pairs, one character per byte.
        credentials: ``omit``, ``same-origin`` or ``include``.
        redirect: ``follow``, ``error`` or ``manual``.
        mode: ``cors``, ``no-cors`` or ``same-origin``.
        body: text gets the Content-Type that ``fetch()`` gives it, bytes get none.
        engine: whose rules drive the network; chromium unless given.
        gate: the engines for which ``expected`` must hold; the engine given, else chromium and firefox.
        expected: the verdict that counts as passed.
        send: ``auto`` holds back requests that may change data, ``always`` sends them, ``never`` sends preflights only.
        auth: stored credentials (user, password), sent only where the credentials mode lets them.
        cookies: a ``Cookie`` header's value, likewise.
        via: another base URL to send to, while ``url`` is judged as written.
        retry: how often a probe without an answer is asked again.
        wait_for: how many seconds to keep asking a server that is not there yet.
        show_secrets: switches the masking of secret values off.
        diagnose: allows one control request after a blocked probe, to tell causes apart. Off here, so that a program
            sends what it asks for and nothing else; what the exchange itself shows is found all the same.
        app: an ASGI or WSGI application that is asked in process, without a socket: an ASGI one in a loop and a thread of
            its own, its lifespan around the probe. May be a factory without arguments.
        network: the fields of ``NetworkOptions``: ``timeout`` (seconds for the whole probe), ``verify``, ``cacert``,
            ``cert``, ``key``, ``proxy``, ``noproxy``, ``connect_to``, ``resolve``, ``unix_socket``, ``http2``, ...

    Raises:
        ConfigError: the question cannot be put (an origin with a path, an unknown mode ...), or ``app`` does not start;
            the text is then its own traceback.

    """
    question = make_probe(
        url if app is None else app_url(url),
        origin=origin,
        method=method,
        headers=headers,
        credentials=credentials,
        redirect=redirect,
        mode=mode,
        body=body,
        engine=engine,
        gate=gate,
        expected=expected,
        send=send,
        auth=auth,
        cookies=cookies,
        via=via,
    )
    run = {"retry": retry, "wait_for": wait_for, "show_secrets": show_secrets, "diagnose": diagnose}
    made = run_options(network, **run)
    if app is None:
        return run_one(question, made)
    from corscheck.runner.app import AppConversation

    with AppConversation(app, made) as conversation:
        return conversation.ask(question)


async def aprobe(url: str, *, app: Any = None, **options: Any) -> Result:
    """The same as ``probe``, asynchronously; takes the same arguments. An ``app`` runs in the caller's loop."""
    keys = ("retry", "wait_for", "show_secrets", "diagnose")
    run = {key: options.pop(key) for key in keys if key in options}
    network = {key: options.pop(key) for key in NetworkOptions.__struct_fields__ if key in options}
    made = run_options(network, **run)
    if app is not None:
        from corscheck.runner.app import AsyncAppConversation

        async with AsyncAppConversation(app, made) as conversation:
            return await conversation.ask(make_probe(app_url(url), **options))
    import asyncio

    return await asyncio.to_thread(run_one, make_probe(url, **options), made)


class Page:
    """A page at an origin, with an engine's rules and its own preflight cache. A context manager.

    Args:
        origin: the page's serialized origin, or ``null``.
        engine: whose rules it follows, the cache's included; chromium unless given.
        send: as for ``probe``.
        app: as for ``probe``; an ASGI application runs until the page is closed.
        network: as for ``probe``.

    """

    def __init__(
        self,
        *,
        origin: str,
        engine: EngineName | None = None,
        send: Send = "auto",
        auth: tuple[str, str] | None = None,
        cookies: str | None = None,
        show_secrets: bool = False,
        app: Any = None,
        **network: Any,
    ) -> None:
        self._defaults: dict[str, Any] = {
            "origin": origin,
            "engine": engine,
            "send": send,
            "auth": auth,
            "cookies": cookies,
        }
        make_probe("https://example.invalid/", **self._defaults)
        self._app = app
        made = run_options(network, show_secrets=show_secrets)
        if app is None:
            self._conversation = Conversation(made)
        else:
            from corscheck.runner.app import AppConversation

            self._conversation = AppConversation(app, made)
        self._cache = new_cache(engine or "chromium")
        self._console: dict[str, list[str]] = {}
        self._index = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the page's connections."""
        self._conversation.close()

    def fetch(self, url: str, *, cache: CacheMode = "default", **request: Any) -> Result:
        """One ``fetch()`` of this page; takes what ``probe`` takes of the request (method, headers, body ...).

        The result's ``console`` is the page's console after this fetch: the lines of all its fetches so far, a line that
        repeats an earlier one counted once, as the browsers' consoles show it.
        """
        url = url if self._app is None else app_url(url)
        question = make_probe(url, **{**self._defaults, **request, "cache": cache})
        question = replace(question, index=self._index)
        self._index += 1
        result = self._conversation.ask(question, self._cache)
        for engine, text in result.console.items():
            lines = self._console.setdefault(engine, [])
            lines += [line for line in (text or "").splitlines() if line not in lines]
        return replace(result, console={engine: "\n".join(lines) or None for engine, lines in self._console.items()})


def app_url(url: str) -> str:
    """The URL of a path in an application that is asked in process; anything else as it is."""
    from corscheck.sources.app.address import absolute

    return absolute(url)


def make_probe(
    url: str,
    *,
    origin: str,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    credentials: Credentials = "same-origin",
    redirect: Redirect = "follow",
    mode: Mode = "cors",
    body: bytes | str | None = None,
    cache: CacheMode = "default",
    engine: EngineName | None = None,
    gate: Sequence[EngineName] | None = None,
    expected: Verdict = "allowed",
    send: Send = "auto",
    auth: tuple[str, str] | None = None,
    cookies: str | None = None,
    via: str | None = None,
) -> Probe:
    """A probe of these parts, checked. Raises ``ConfigError``."""
    check_origin(origin, "origin=")
    for name, value in (
        ("credentials", credentials),
        ("redirect", redirect),
        ("mode", mode),
        ("cache", cache),
        ("engine", engine or "chromium"),
        ("send", send),
        ("expected", expected),
    ):
        if value not in _CHOICES[name]:
            raise ConfigError(f"{name}={value!r} is none of {', '.join(_CHOICES[name])}")
    pairs = tuple((str(n), str(v)) for n, v in headers)
    if isinstance(body, str):
        if not any(n.lower() == "content-type" for n, _ in pairs):
            pairs = (*pairs, ("Content-Type", TEXT_BODY))
        body = body.encode()
    return Probe(
        url=url,
        origin=origin,
        method=method,
        headers=pairs,
        credentials=credentials,
        redirect=redirect,
        mode=mode,
        body=body,
        cache=cache,
        engine=engine or "chromium",
        gate=tuple(gate or ((engine,) if engine else ("chromium", "firefox"))),
        send=send,
        expected=expected,
        user=auth[0] if auth else None,
        password=auth[1] if auth else None,
        cookies=cookies,
        via=via,
    )


def run_options(network: dict[str, Any], **run: Any) -> RunOptions:
    """Run options of keyword arguments. Raises ``ConfigError`` for one that nobody knows."""
    unknown = set(network) - set(NetworkOptions.__struct_fields__)
    if unknown:
        raise ConfigError(
            f"unknown option: {', '.join(sorted(unknown))}; known are {', '.join(NetworkOptions.__struct_fields__)}"
        )
    for name in ("connect_to", "resolve"):
        if isinstance(network.get(name), str):
            raise ConfigError(f"{name}= is a sequence of texts, not one text")
        if name in network:
            network[name] = tuple(network[name])
    return RunOptions(network=NetworkOptions(**network), **run)
