"""``--openapi``: the operations of a document as targets. The document is a file, a URL, or the schema of ``--app``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.ask.targets import TargetLine
from corscheck.model.masking import mask_header, mask_login, mask_url
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import HTTP_SCHEMES, URLError, parse_url
from corscheck.sources.found import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.cli.arguments import DocumentArguments, ProbeArguments
    from corscheck.cli.ask.from_app import InProcess
    from corscheck.sources.openapi.document import OpenAPIDocument
    from corscheck.sources.openapi.operations import Operation
    from corscheck.transports.base import NetworkOptions

_URL = re.compile(r"https?://", re.IGNORECASE)
_MOST_NAMED = 5
APP = "app"


def with_openapi(
    typed: ProbeArguments, network: NetworkOptions, say: Callable[[str], None], app: InProcess | None = None
) -> ProbeArguments:
    """Return the arguments with a target for every operation that is wanted. ``say`` prints what is left out."""
    login = _login(typed) if app is None and typed.via is None else None
    targets = [_target(operation, typed) for operation in operations(typed.document, network, say, app, login=login)]
    return replace(typed, found=(*typed.found, *targets))


def _login(typed: ProbeArguments) -> str | None:
    """Return the option that holds a login, or a body that may hold one; None if there is none."""
    given = {
        "-u": typed.user,
        "-b": typed.cookies,
        "--cert": typed.network.cert,
        "-d": typed.has_data,
        "-F": typed.form,
    }
    return next((option for option, value in given.items() if value), None) or secret_header(typed.headers)


def secret_header(lines: Sequence[str]) -> str | None:
    """Return ``-H`` if one of its lines holds a secret, or is a file that may hold one."""
    pairs = [line.partition(":") for line in lines]
    secret = any(name.startswith("@") or mask_header(name.strip(), v.strip()) != v.strip() for name, _, v in pairs)
    return "-H" if secret else None


def operations(
    wish: DocumentArguments,
    network: NetworkOptions,
    say: Callable[[str], None],
    app: InProcess | None = None,
    *,
    login: str | None = None,
) -> list[Operation]:
    """Return the selected operations. ``login`` is the option that holds a login, which a document must not send away.

    ``say`` prints which operations are left out, because their login is not defined.

    Raises ``ConfigError`` that names the document and the place in it.
    """
    if wish.source is None:
        option = "--base-url" if wish.base is not None else "--select" if wish.select else "--exclude"
        raise ConfigError(f"{option} is about the operations of a document: --openapi FILE|URL names one")
    from corscheck.sources.openapi import operations as reader
    from corscheck.sources.openapi.select import chosen

    document, source = _document(wish.source, network, app)
    found = reader.operations(document, source=source, base=_base(wish.base))
    wanted = _with_login(chosen(found, wish.select, wish.exclude, document.name), document.name, say)
    if login is not None and wish.base is None and _URL.match(wish.source):
        _check_servers(wanted, wish.source, login)
    return wanted


def _with_login(wanted: list[Operation], document: str, say: Callable[[str], None]) -> list[Operation]:
    """Return the operations whose login is defined. Raises ``ConfigError`` if there are none."""
    undefined: dict[str, list[str]] = {}
    for operation in wanted:
        if operation.undefined_scheme is not None:
            undefined.setdefault(operation.undefined_scheme, []).append(operation.where)
    if not undefined:
        return wanted
    told = "\n".join(
        f"{document}: the security scheme {quoted(scheme)} is not defined in components.securitySchemes. Left out: "
        f"{', '.join(list(dict.fromkeys(places))[:_MOST_NAMED])}"
        f"{f' and {len(places) - _MOST_NAMED} more' if len(places) > _MOST_NAMED else ''}."
        for scheme, places in undefined.items()
    )
    left = [operation for operation in wanted if operation.undefined_scheme is None]
    if not left:
        raise ConfigError(f"{told}\nNo operation is left to test. Define the scheme in the document.")
    say(told)
    return left


def _check_servers(wanted: list[Operation], document: str, login: str) -> None:
    """Raise ``ConfigError`` for a server at another origin than the document, as it was typed: before any redirect."""
    home = parse_url(document).origin
    for operation in wanted:
        server = parse_url(operation.url).origin
        if server != home:
            raise ConfigError(
                f"--openapi {mask_url(document)}: {operation.where} is at {server}, which is not the document's origin. "
                f"{login} would go there, and a document must not decide who gets a login or a body. "
                f"If {server} is right, add --base-url with its URL, e.g. --base-url {server}"
            )


def _document(name: str, network: NetworkOptions, app: InProcess | None) -> tuple[OpenAPIDocument, str | None]:
    """Return the document, and the URL against which its servers are resolved."""
    from corscheck.sources.openapi import document as reader

    base = None
    if app is not None:
        from corscheck.sources.app.address import BASE

        base = f"{BASE}/"
        if name == APP:
            return reader.check(app.schema(), f"the schema of {app.name}"), base
    from corscheck.cli.ask import openapi_files as files

    if _URL.match(name):
        text, url = files.fetch(name, network, "--openapi")
        return reader.read(text, mask_url(url), files.parts_of_url(url, network)), base or url
    if name == APP:
        raise ConfigError(
            "--openapi app reads the schema of the application that --app names: name one, --app main:app"
        )
    if name == "-":
        return reader.read(files.read_text("-"), "<stdin>"), base
    return reader.read(files.read_text(name), name, files.parts_of_file(name)), base


def _base(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        url = parse_url(text)
    except URLError:
        url = None
    if url is None or url.scheme not in HTTP_SCHEMES or "?" in text or "#" in text:
        raise ConfigError(
            f"--base-url {mask_login(text)!r} is not a base URL: scheme, host, perhaps a path, like https://api.example.com/v1"
        )
    return url.href


def _target(operation: Operation, typed: ProbeArguments) -> TargetLine:
    """Return the target of an operation, without what an option of the command line overrides."""
    names = {line.partition(":")[0].strip().lower() for line in typed.headers}
    return TargetLine(
        url=operation.url,
        method=operation.method if not typed.methods else None,
        headers=tuple(h for h in operation.headers if h[0].lower() not in names),
        credentials="include" if operation.credentials and typed.credentials is None else None,
        secret_headers=operation.secret - names,
    )
