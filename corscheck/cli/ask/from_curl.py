"""``--curl``: curl commands and ``fetch()`` calls as targets; what is typed beside them overrides what they say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.ask.questions import via_base
from corscheck.cli.ask.targets import TargetLine
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.cli.arguments import ProbeArguments
    from corscheck.cli.ask.inputs import Inputs
    from corscheck.protocol.request import Headers
    from corscheck.runner.options import RunOptions

_DEFAULTS = NetworkOptions()
_OTHER_COPIES = (
    ('^"', "this is a command for cmd.exe"),
    ("Invoke-WebRequest", "this is PowerShell"),
    ("Invoke-RestMethod", "this is PowerShell"),
)


def with_curl(
    texts: Sequence[str], typed: ProbeArguments, run: RunOptions, inputs: Inputs, say: Callable[[str], None]
) -> tuple[ProbeArguments, RunOptions]:
    """What was typed, with the requests of ``--curl`` beside it. Raises ``ConfigError`` that names file and line."""
    found: list[tuple[FoundRequest, str]] = []
    for text in texts:
        name, content = _content(text, inputs)
        found += [(asked, name) for asked in _parsed(content, name, inputs)]
    network = _one_network([asked.network for asked, _ in found])
    targets = []
    for asked, name in found:
        targets.append(_target(asked, typed, name, inputs))
        for note in asked.notes:
            if not (typed.credentials is not None and note.startswith("browsers copy credentials")):
                say(note)
    return (
        replace(typed, found=(*typed.found, *targets), because=_because(targets, typed)),
        replace(run, network=_merged(run.network, network)),
    )


def _because(targets: Sequence[TargetLine], typed: ProbeArguments) -> str | None:
    """Why credentials are included although nobody typed it."""
    one = targets[0] if len(targets) == 1 and typed.credentials is None else None
    if one is None or one.credentials != "include" or not (one.cookies or one.login):
        return None
    return "implied by the copied Cookie" if one.cookies else "implied by -u"


def _content(text: str, inputs: Inputs) -> tuple[str, str]:
    """What is to be read, and what a complaint calls it."""
    if text == "-":
        return "<stdin>", _text(inputs.read("-", "--curl"))
    if text.startswith("@"):
        return text[1:], _text(inputs.read(text[1:], "--curl"))
    return "--curl", text


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _parsed(content: str, name: str, inputs: Inputs) -> list[FoundRequest]:
    from corscheck.sources import curl, jsfetch

    def read(path: str) -> bytes:
        try:
            return inputs.read(path, "@FILE")
        except ConfigError as error:
            raise SourceError(str(error)) from None

    if not content.strip():
        raise ConfigError(f'{name}: nothing to ask in it: paste what "Copy as cURL (bash)" or "Copy as fetch" gives')
    for sign, what in _OTHER_COPIES:
        if sign in content.partition("\n")[0]:
            raise ConfigError(f'{name}: {what}: "Copy as cURL (bash)" or "Copy as fetch" can be read')
    try:
        found = list(jsfetch.parse(content) if jsfetch.is_fetch(content) else curl.parse(content, read, os.environ))
    except SourceError as error:
        raise ConfigError(f"{name}: {error}") from None
    if not found:
        raise ConfigError(f"{name}: there is no curl command in it")
    return found


def _target(asked: FoundRequest, typed: ProbeArguments, name: str, inputs: Inputs) -> TargetLine:
    """What one request asks for, where nothing was typed that says otherwise."""
    body, headers = asked.body, asked.headers
    if typed.data or typed.form:
        body, headers = None, tuple(h for h in headers if h[0].lower() != "content-type")
    elif asked.form:
        from corscheck.cli.ask.multipart import form

        body, content_type = form(asked.form, inputs)
        if not _has(headers, "content-type"):
            headers = (*headers, ("Content-Type", content_type))
    mode, redirect = asked.mode, asked.redirect
    typed_names = {line.partition(":")[0].strip().lower() for line in typed.headers}
    headers = tuple(h for h in headers if h[0].lower() not in typed_names)
    credentials = typed.credentials or asked.credentials
    login = asked.login if typed.user is None else None
    if credentials is None and login is not None:
        credentials = "include"
    if credentials is None and (typed.user is not None or typed.cookies):
        credentials = "include"
    method = asked.method if not typed.methods else None
    if method == "GET" and (typed.data or typed.form):
        method = "POST"
    return TargetLine(
        url=asked.url,
        origin=None if typed.origins else _origin(asked, name),
        method=method,
        headers=headers,
        credentials=credentials,
        # A mode that is not the default one was typed.
        mode=mode if typed.mode == "cors" else None,
        redirect=redirect if typed.redirect == "follow" else None,
        body=body,
        cookies=asked.cookies if not typed.cookies else None,
        login=login,
        via=via_base(asked.via) if typed.via is None else None,
    )


def _origin(asked: FoundRequest, name: str) -> str | None:
    return check_origin(asked.origin, f"{name}: origin") if asked.origin is not None else None


def _has(headers: Headers, name: str) -> bool:
    return any(n.lower() == name for n, _ in headers)


def _one_network(found: Sequence[FoundNetwork]) -> FoundNetwork:
    """The way to the server that all commands name: a run has one."""
    first = found[0]
    for other in found[1:]:
        for name in FoundNetwork.__struct_fields__:
            if name != "user_agent" and getattr(other, name) != getattr(first, name):
                raise ConfigError(
                    f"--curl: the commands differ in --{name.replace('_', '-')}: ask them one by one, or type it here"
                )
    if any(other.user_agent != first.user_agent for other in found):
        return replace(first, user_agent=None)
    return first


def _merged(typed: NetworkOptions, said: FoundNetwork) -> NetworkOptions:
    """What was typed counts; the rest is the command's."""
    if said.ipv4 and said.ipv6:
        raise ConfigError("-4 and -6 exclude each other")
    version = 4 if said.ipv4 else 6 if said.ipv6 else None
    return replace(
        typed,
        timeout=said.max_time if said.max_time is not None and typed.timeout == _DEFAULTS.timeout else typed.timeout,
        verify=typed.verify and not said.insecure,
        http2=typed.http2 or said.http2,
        ip_version=typed.ip_version or version,
        connect_to=typed.connect_to or said.connect_to,
        resolve=typed.resolve or said.resolve,
        **{
            name: getattr(said, name) if getattr(typed, name) is None else getattr(typed, name)
            for name in ("cacert", "cert", "key", "proxy", "noproxy", "unix_socket", "user_agent")
        },
    )
