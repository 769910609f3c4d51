"""``--curl``: curl commands and ``fetch()`` calls as targets. Options of the command line override them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.ask.inputs import LARGEST_SCRIPT, check_field
from corscheck.cli.ask.questions import via_base
from corscheck.cli.ask.targets import TargetLine
from corscheck.model.hidden import hide_login
from corscheck.model.masking import hide_header, hide_url, show_host
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError
from corscheck.protocol.headers import get
from corscheck.sources.found import FoundNetwork, FoundRequest, SourceError, quoted
from corscheck.transports.base import NetworkOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.cli.arguments import ProbeArguments
    from corscheck.cli.ask.inputs import Inputs
    from corscheck.runner.options import RunOptions

_DEFAULTS = NetworkOptions()


def with_curl(
    texts: Sequence[str], typed: ProbeArguments, run: RunOptions, inputs: Inputs, say: Callable[[str], None]
) -> tuple[ProbeArguments, RunOptions]:
    """Return the arguments with a target for every request of ``--curl``, and the run with their network options.

    Raises ``ConfigError`` that names file and line.
    """
    found: list[tuple[FoundRequest, str]] = []
    for text in texts:
        name, content = _content(text, inputs)
        found += [(asked, name) for asked in _parsed(content, name, inputs, say)]
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
    """Return why credentials are included without ``--credentials``."""
    one = targets[0] if len(targets) == 1 and typed.credentials is None else None
    if one is None or one.credentials != "include" or not (one.cookies or one.login):
        return None
    return "implied by the copied Cookie" if one.cookies else "implied by -u"


def _content(text: str, inputs: Inputs) -> tuple[str, str]:
    """Return a name for error messages, and the text to parse."""
    if text != "-" and not text.startswith("@"):
        return "--curl", text
    path = text.removeprefix("@")
    content = inputs.read(path, "--curl", LARGEST_SCRIPT).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return "<stdin>" if text == "-" else path, content


def _parsed(content: str, name: str, inputs: Inputs, say: Callable[[str], None]) -> list[FoundRequest]:
    from corscheck.sources import curl, jsfetch, pasted
    from corscheck.sources.transcript.lines import is_transcript

    def read(path: str) -> bytes:
        try:
            return inputs.read(path, "@FILE")
        except ConfigError as error:
            raise SourceError(str(error)) from None

    if not content.strip():
        raise ConfigError(
            f'{name}: it contains nothing to test: paste what "Copy as cURL (bash)" or "Copy as fetch" gives'
        )
    if is_transcript(content):
        raise ConfigError(
            f"{name}: this is what curl printed: corscheck transcript {'-' if name in ('--curl', '<stdin>') else name} "
            "judges it, without sending anything"
        )
    content = pasted.clean(content)
    is_fetch = jsfetch.is_fetch(content)
    if not is_fetch and (other := pasted.other_tool(content)) is not None:
        raise ConfigError(f"{name}: this is {other.what}, which is not read here: {other.instead}")
    try:
        found = list(jsfetch.parse(content) if is_fetch else curl.parse(content, read, os.environ))
    except SourceError as error:
        raise ConfigError(f"{name}: {error}") from None
    if not found:
        raise ConfigError(f"{name}: there is no curl command in it")
    return _cors_only(found, name, say)


def _cors_only(found: list[FoundRequest], name: str, say: Callable[[str], None]) -> list[FoundRequest]:
    """Return the requests that CORS decides about. Says which are left out; refuses if none is left."""
    kept = [asked for asked in found if asked.not_cors is None]
    left_out = [(asked.not_cors, quoted(asked.url)) for asked in found if asked.not_cors is not None]
    if not kept:
        what, url = left_out[0]
        raise ConfigError(
            f"{name}: {url} is {what}, and CORS does not decide about it: copy the request of a fetch() or "
            "XMLHttpRequest from the network panel (filter: Fetch/XHR)"
        )
    for what, url in left_out:
        say(f"{url} is left out: it is {what}, and CORS does not decide about it")
    return kept


def _target(asked: FoundRequest, typed: ProbeArguments, name: str, inputs: Inputs) -> TargetLine:
    """Return the target of one request, without what an option of the command line overrides."""
    body, headers = asked.body, asked.headers
    if typed.has_data or typed.form:
        body, headers = None, tuple(h for h in headers if h[0].lower() != "content-type")
    elif asked.form:
        from corscheck.cli.ask.multipart import form

        body, content_type = form(asked.form, inputs)
        if get(headers, "content-type") is None:
            headers = (*headers, ("Content-Type", content_type))
    typed_names = {line.partition(":")[0].strip().lower() for line in typed.headers}
    headers = tuple(h for h in headers if h[0].lower() not in typed_names)
    check_field(asked.cookies, f"-b in {name}", secret=True)
    check_field(asked.network.user_agent, f"-A in {name}")
    credentials = typed.credentials or asked.credentials
    login = asked.login if typed.user is None else None
    for header in (*headers, ("Cookie", asked.cookies or "")):
        hide_header(*header)
    if login is not None:
        hide_login(*login)
    hide_url(asked.url)
    show_host(asked.url)
    if credentials is None and (login is not None or typed.user is not None or typed.cookies):
        credentials = "include"
    method = asked.method if not typed.methods else None
    if method == "GET" and (typed.has_data or typed.form):
        method = "POST"
    return TargetLine(
        url=asked.url,
        origin=None if typed.origins or asked.origin is None else check_origin(asked.origin, f"{name}: origin"),
        method=method,
        headers=headers,
        credentials=credentials,
        # A mode that is not the default one was typed.
        mode=asked.mode if typed.mode == "cors" else None,
        redirect=asked.redirect if typed.redirect == "follow" else None,
        body=body,
        cookies=asked.cookies if not typed.cookies else None,
        login=login,
        via=via_base(asked.via) if typed.via is None else None,
        upload_listener=asked.upload_listener,
    )


def _one_network(found: Sequence[FoundNetwork]) -> FoundNetwork:
    """Return the network options of all commands, which must be the same: a run has one network."""
    first = found[0]
    for other in found[1:]:
        for name in FoundNetwork.__struct_fields__:
            if name != "user_agent" and getattr(other, name) != getattr(first, name):
                raise ConfigError(
                    f"--curl: the commands differ in --{name.replace('_', '-')}: test them one by one, or give it here"
                )
    if any(other.user_agent != first.user_agent for other in found):
        return replace(first, user_agent=None)
    return first


def _merged(typed: NetworkOptions, said: FoundNetwork) -> NetworkOptions:
    """Return the options of the command line, and the command's where none was typed."""
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
