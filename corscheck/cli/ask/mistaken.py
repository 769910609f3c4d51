"""What newcomers type in the place of something else: each mistake is answered with the line that was meant."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.cli.first_words import METHODS
from corscheck.cli.retyped import retyped
from corscheck.model.masking import mask_body, mask_url
from corscheck.model.values import ConfigError
from corscheck.protocol.headers import get
from corscheck.protocol.preflight import ACRH, ACRM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corscheck.cli.arguments import ProbeArguments
    from corscheck.protocol.request import Headers

_APP = re.compile(
    r"(?!about:|blob:|data:|file:|ftp:|javascript:|mailto:|tel:)[a-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*(\(\))?"
)
_ITEM = re.compile(r"(?P<name>[\w.!#$%&'*+^`|~-]+)(?P<sign>:=|==|=|:)(?P<value>.*)", re.DOTALL)
_HEADER_NAMES = frozenset(
    "accept authorization cache-control content-type cookie origin range referer user-agent".split()  # noqa: SIM905
)
_HOST_AND_PORT = re.compile(r"\A[^:]+:\d{1,5}([/?#].*)?")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_FILES = {
    ".py": "test a Python application in process, by its module and name: --app {module}:app",
    ".js": "start an application that is not written in Python, and test it over the network by its URL",
    ".ts": "start an application that is not written in Python, and test it over the network by its URL",
    ".har": "a HAR file is judged with corscheck har {file}",
    ".toml": "a policy is checked with corscheck run {file}",
    ".yaml": "an OpenAPI document is read with --openapi {file}",
    ".yml": "an OpenAPI document is read with --openapi {file}",
    ".json": "an OpenAPI document is read with --openapi {file}, and a report is shown with corscheck report show {file}",
    ".jsonl": "a list of targets is read with --targets {file}, and a report is shown with corscheck report show {file}",
    ".txt": "a list of URLs is read with --targets {file}",
    ".csv": "a list of URLs is read with --targets {file}, one URL per line",
    ".pem": "a CA certificate is given with --cacert {file}, a client certificate with --cert {file}",
}
"""By the ending of a file, what takes such a file."""


def check_words(urls: Sequence[str]) -> None:
    """Raise ``ConfigError`` for arguments that are no URLs but something else that can be recognised."""
    _check_httpie(urls)
    for text in urls:
        if text[:1] in _DASHES:
            option = f"--{text.lstrip(_DASHES)}"
            raise ConfigError(
                f"Invalid URL {text!r}: it begins with a dash that an editor made of two hyphens. Type {option}:\n"
                f"  {retyped({text: (option,)})}"
            )
        if _is_app(text):
            raise ConfigError(
                f"Invalid URL {text!r}: it looks like an application. To test it in process:\n"
                f"  {retyped({text: ('--app', text)}, command='probe')}"
            )
        if text.isdecimal():
            port = f"localhost:{text}"
            raise ConfigError(
                f"Invalid URL {text!r}: it is a number. If it is a port of this machine:\n"
                f"  {retyped({text: (port,)}, command='probe')}"
            )
        if text == "URL":
            raise ConfigError(
                "Invalid URL 'URL': it is a placeholder. Put the URL of your API in its place, and the origin of your page in "
                "that of ORIGIN. For example:\n"
                "  corscheck probe http://localhost:8000/data --origin http://localhost:3000"
            )
        _check_file(text)


def _is_app(text: str) -> bool:
    return _APP.fullmatch(text) is not None and text.partition(":")[0] not in _HEADER_NAMES


def _check_file(text: str) -> None:
    """Raise ``ConfigError`` for the name of a file. With a path in front it has to exist: hosts have paths, too."""
    stem, ending = os.path.splitext(text)  # noqa: PTH122 - a text as typed
    what = _FILES.get(ending.lower())
    if what is None or ("/" in text and not os.path.isfile(text)):  # noqa: PTH113 - a path as typed
        return
    module = stem.removeprefix("./").replace("/", ".")
    raise ConfigError(
        f"Invalid URL {text!r}: it looks like a file, and {what.format(file=text, module=module)}. If it is a host, write "
        f"https://{text}"
    )


def _check_httpie(urls: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a request as HTTPie and curl spell it, with the same request as it is spelled here."""
    instead: dict[str, tuple[str, ...]] = {}
    fields: dict[str, object] = {}
    named = ""
    for text in urls:
        item = _ITEM.fullmatch(text)
        if text.upper() in METHODS and len(urls) > 1:
            instead[text] = ("-X", text.upper())
            named = named or f"{text!r} is a method"
        elif text in ("curl", "http", "https", "xh", "wget"):
            instead[text] = ()
            named = named or f"{text!r} is another tool"
        elif item is not None and len(urls) > 1 and (spelled := _item(item, fields)) is not None:
            instead[text] = spelled[1]
            named = named or f"{_shown(item)!r} is {spelled[0]}"
    if not instead:
        return
    import json

    more: tuple[str, ...] = ()
    if fields:
        more = ("-H", "Content-Type: application/json", "-d", mask_body(json.dumps(fields)))
        if not any(words[:1] == ("-X",) for words in instead.values()):
            more = ("-X", "POST", *more)
    raise ConfigError(
        f"Invalid URL: {named}, and every argument is a URL here. Methods, headers and bodies have options:\n"
        f"  {retyped(instead, command='probe', more=more)}"
    )


def _item(item: re.Match[str], fields: dict[str, object]) -> tuple[str, tuple[str, ...]] | None:
    """Return what an item of HTTPie is and how it is spelled here; None for a URL. Fields of a body are added to ``fields``."""
    name, sign, value = item["name"], item["sign"], item["value"]
    if sign == ":":
        known = name.lower() in _HEADER_NAMES or name.lower().startswith("x-")
        if value.startswith("//") or "." in name or not (known or name[:1].isupper()):
            return None
        return "a header", ("-H", f"{name}: {value.strip()}")
    if sign == "==":
        return "a parameter of the query", ("-G", "--data-urlencode", f"{name}={value}")
    if "/" in name:
        return None
    import json

    try:
        fields[name] = json.loads(value) if sign == ":=" else value
    except ValueError:
        fields[name] = value
    return "a field of a JSON body", ()


def _shown(item: re.Match[str]) -> str:
    """Return an item without its value, which may be a secret."""
    return f"{item['name']}{item['sign']}..."


def check_methods(methods: Sequence[str]) -> None:
    """Raise ``ConfigError`` for several methods in one option."""
    for text in methods:
        names = [name for name in re.split(r"[\s,;|]+", text) if name]
        if len(names) > 1:
            repeated = tuple(word for name in names for word in ("-X", name))
            spellings = dict.fromkeys(("-X", "--method", "--request"), ())
            line = retyped({**spellings, text: repeated}, command="probe")
            raise ConfigError(f"Invalid -X {text!r}: it names {len(names)} methods. Repeat the option:\n  {line}")


def without_browsers_headers(
    typed: ProbeArguments, headers: Headers, say: Callable[[str], None]
) -> tuple[ProbeArguments, Headers]:
    """Return the arguments and headers without what curl users type for a browser: Origin, and the headers of a preflight.

    Their values become the origin, and the method and headers to ask about. ``say`` prints what was made of them.
    """
    origin = get(headers, "origin")
    if origin is not None and not typed.origins:
        say(f"-H 'Origin: {mask_url(origin)}' is taken as --origin {mask_url(origin)}")
        typed = replace(typed, origins=(origin,))
        headers = tuple(header for header in headers if header[0].lower() != "origin")
    method = get(headers, ACRM)
    if method is None or tuple(name.upper() for name in typed.methods) not in ((), ("OPTIONS",)):
        return typed, headers
    from corscheck.sources.author_headers import sample

    names = [name.strip() for name in (get(headers, ACRH) or "").split(",")]
    kept = tuple(header for header in headers if header[0].lower() not in (ACRM.lower(), ACRH.lower()))
    given = {name.lower() for name, _ in kept}
    headers = (*kept, *((name, sample(name)) for name in names if name and name.lower() not in given))
    say(
        f"-X {method} is tested: corscheck sends the preflight (OPTIONS with {ACRM}) itself if a browser would send one"
    )
    return replace(typed, methods=(method,)), headers
