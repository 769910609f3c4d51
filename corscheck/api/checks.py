"""What each argument of the Python API may be. A check returns the value in its final form or raises ``ConfigError``.

Every error names the option and the value, says why the value is wrong, and what to do about it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from os import PathLike, fsencode, fspath
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from corscheck.model.base_url import base_origin
from corscheck.model.masking import mask_text
from corscheck.model.page_origin import judge_origin
from corscheck.model.values import ENGINE_NAMES, ConfigError, Send
from corscheck.protocol.outcome import VERDICTS
from corscheck.protocol.request import CACHE_MODES, CREDENTIALS_MODES, REDIRECT_MODES, REQUEST_MODES
from corscheck.transports.base import TransportName

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.protocol.request import Header, Headers

Check: TypeAlias = "Callable[[str, Any], Any]"

LONGEST = 1_000_000.0
"""The longest time in seconds. System calls count milliseconds in 32 bits, which ends at 2,147,483 seconds."""

_SHOWN = 60
"""How many characters of a value an error shows."""

_SECRET = frozenset({"auth", "body", "cookies", "headers"})
"""Options whose values an error does not show."""


def invalid(option: str, value: object, reason: str, hint: str | None = None) -> ConfigError:
    """An error in three parts: the value that is wrong, why, and what to do."""
    shown = "" if option in _SECRET else f" {_shown(value)}"
    wrong = f"Invalid {option}{shown}: {reason}."
    return ConfigError(f"{wrong} {hint}" if hint else wrong, option=option, value=value, reason=reason, hint=hint)


def _shown(value: object) -> str:
    try:
        shown = mask_text(repr(value))
    except Exception:  # noqa: BLE001 - it is somebody else's, and the error to raise is another
        shown = f"<{type(value).__name__}>"
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def meant(text: object, known: Iterable[str]) -> str | None:
    """The one of the known names that was probably meant."""
    if not isinstance(text, str):
        return None
    from difflib import get_close_matches

    found = get_close_matches(text.lower().replace("_", "-"), known, 1) or get_close_matches(text.lower(), known, 1)
    return found[0] if found else None


def string(example: str) -> Check:
    """Any string."""

    def check(option: str, value: Any) -> str:
        if not isinstance(value, str):
            raise invalid(option, value, f"expected a string, got {_kind(value)}", f"Pass a str, e.g. {example}.")
        return value

    return check


def check_boolean(option: str, value: Any) -> bool:
    """True or False and nothing that is merely true or false."""
    if not isinstance(value, bool):
        raise invalid(option, value, "expected True or False", f"Pass {option}=True or {option}=False.")
    return value


def number(what: str, example: float, *, zero: bool = False, most: float = math.inf) -> Check:
    """A finite number above zero (or zero, if ``zero``), and at most ``most``."""

    def check(option: str, value: Any) -> float:
        hint = f"Pass a float, e.g. {option}={example}."
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise invalid(option, value, f"expected a number of {what}", hint)
        if value != value or value in (math.inf, -math.inf):
            raise invalid(option, value, f"expected a finite number of {what}", hint)
        if value < 0 or (value == 0 and not zero):
            reason = f"expected {'0 or more' if zero else 'more than 0'} {what}"
            raise invalid(option, value, reason, hint)
        if value > most:
            raise invalid(option, value, f"expected at most {most:.0f} {what}", hint)
        return float(value)

    return check


def whole(what: str, least: int) -> Check:
    """An integer from ``least`` on."""

    def check(option: str, value: Any) -> int:
        hint = f"Pass an int, e.g. {option}={least or 2}."
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid(option, value, f"expected a whole number of {what}", hint)
        if value < least:
            raise invalid(option, value, f"expected {least} or more {what}", hint)
        return value

    return check


def optional(check: Check) -> Check:
    """None, or what another check takes."""

    def checked(option: str, value: Any) -> Any:
        return None if value is None else check(option, value)

    return checked


def choice(*known: str) -> Check:
    """One of these strings."""
    listed = f"{', '.join(repr(name) for name in known[:-1])} or {known[-1]!r}"

    def check(option: str, value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            near = meant(value, known)
            hint = (
                f"Did you mean {option}={near!r}?"
                if near is not None
                else f"Pass one of them, e.g. {option}={known[0]!r}."
            )
            raise invalid(option, value, f"expected {listed}", hint)
        return value

    return check


def several(check: Check, example: str, *, least: int = 0) -> Check:
    """An iterable of what another check takes, as a tuple. A single string is an iterable of one."""

    def checked(option: str, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = (value,)
        if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
            raise invalid(
                option, value, f"expected strings, got {_kind(value)}", f"Pass a list, e.g. {option}=[{example!r}]."
            )
        found = tuple(check(option, item) for item in value)
        if len(found) < least:
            raise invalid(option, value, "expected at least one", f"Leave {option} out for the default.")
        return found

    return checked


def check_url(option: str, value: Any) -> str:
    """Any string: what a browser makes of one that is no URL is a verdict."""
    if not isinstance(value, str):
        near = "Pass str(...) of it." if hasattr(value, "host") else "Pass a str, e.g. 'https://api.example.com/data'."
        raise invalid(option, value, f"expected a URL as a string, got {_kind(value)}", near)
    return value


def check_origin(option: str, value: Any) -> str:
    """A serialized origin."""
    return check_origin_by(judge_origin, option, value)


def check_origin_by(judge: Callable[[str], tuple[str | None, str | None]], option: str, value: Any) -> str:
    """An origin in which ``judge`` finds no fault."""
    example = "e.g. 'https://app.example'"
    if not isinstance(value, str):
        raise invalid(option, value, f"expected an origin as a string, got {_kind(value)}", f"Pass a str, {example}.")
    fault, near = judge(value)
    if fault is not None:
        hint = f"Did you mean {near!r}?" if near is not None else f"Pass a scheme, a host and a port, {example}."
        raise invalid(option, value, f"it {fault}", hint)
    return value


def check_base_url(option: str, value: Any) -> str:
    """A base URL, as its origin."""
    found = base_origin(value) if isinstance(value, str) else None
    if found is None:
        reason = "expected a base URL: a scheme, a host and a port, and no path"
        raise invalid(option, value, reason, f"Pass a str, e.g. {option}='http://127.0.0.1:8000'.")
    return found


def check_headers(option: str, value: Any) -> Headers:
    """Header pairs in their order. A mapping is read as its items, anything else as pairs."""
    hint = "Pass a mapping or (name, value) pairs, e.g. headers={'X-Tenant': '7'} or headers=[('X-Tenant', '7')]."
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise invalid(option, value, f"expected a mapping or pairs of strings, got {_kind(value)}", hint)
    found: list[Header] = []
    for item in value.items() if isinstance(value, Mapping) else value:
        at = f"header {len(found) + 1}"
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            given = f"{_kind(item)} of {len(item)}" if isinstance(item, (tuple, list)) else _kind(item)
            raise invalid(option, value, f"{at} is not a pair of two strings but {given}", hint)
        name, content = item
        if not isinstance(name, str):
            raise invalid(option, value, f"the name of {at} is not a string but {_kind(name)}", hint)
        if not isinstance(content, str):
            raise invalid(option, value, f"the value of {at}, {name!r}, is not a string but {_kind(content)}", hint)
        found.append((name, content))
    return tuple(found)


def check_body(option: str, value: Any) -> bytes | str | None:
    """Bytes, text, or None."""
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        _check_utf8(option, value, value)
    if value is None or isinstance(value, (bytes, str)):
        return value
    if isinstance(value, (dict, list)):
        hint = "Pass body=json.dumps(...) and headers={'Content-Type': 'application/json'}."
    else:
        hint = "Pass the bytes themselves, or a str, which is sent as UTF-8."
    raise invalid(option, value, f"expected bytes or a string, got {_kind(value)}", hint)


def check_auth(option: str, value: Any) -> tuple[str, str]:
    """A user name and a password."""
    hint = "Pass a tuple of two strings: auth=('user', 'password')."
    if not isinstance(value, (tuple, list)):
        raise invalid(option, value, f"expected a pair of user name and password, got {_kind(value)}", hint)
    if len(value) != 2:
        raise invalid(option, value, f"expected a user name and a password, got {_kind(value)} of {len(value)}", hint)
    if not all(isinstance(part, str) for part in value):
        raise invalid(option, value, "user name and password must be strings", hint)
    _check_utf8(option, value, "".join(value))
    return value[0], value[1]


def check_cookies(option: str, value: Any) -> str:
    """The value of a ``Cookie`` header."""
    if not isinstance(value, str):
        hint = "Pass the value of the Cookie header as a str: cookies='name=value; other=value'."
        raise invalid(option, value, f"expected a string, got {_kind(value)}", hint)
    return _checked_field(option, value)


def check_user_agent(option: str, value: Any) -> str:
    """The value of the ``User-Agent`` header."""
    return _checked_field(option, string("user_agent='nightly-check/1.0'")(option, value))


def _checked_field(option: str, value: str) -> str:
    """A header's value that goes out as it is: bytes in it have a character each, and no line ends in it."""
    if not value.isascii() and max(value) > "\xff":
        reason = "it has a character above U+00FF, and one character stands for one byte"
        raise invalid(option, value, reason, "Encode it first, e.g. text.encode().decode('latin-1').")
    if any(mark in value for mark in "\0\r\n"):
        raise invalid(option, value, "a header value contains no NUL and no line break", "Remove them.")
    return value


def _check_utf8(option: str, value: Any, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        reason = "it has a lone surrogate, which cannot be sent as UTF-8"
        raise invalid(option, value, reason, "Pass bytes, or a str without it.") from None


def check_path(option: str, value: Any) -> str:
    """The path of a file."""
    if not isinstance(value, (str, PathLike)) or not isinstance(found := fspath(value), str):
        raise invalid(option, value, f"expected a path, got {_kind(value)}", "Pass a str or a pathlib.Path.")
    try:
        usable = b"\0" not in fsencode(found)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise invalid(option, value, "no file has such a path", "Pass a str or a pathlib.Path.")
    return found


def check_ip_version(option: str, value: Any) -> int:
    """4 or 6."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in (4, 6):
        raise invalid(option, value, "expected 4 or 6", f"Pass {option}=4, {option}=6, or None for either.")
    return int(value)


def check_seed(option: str, value: Any) -> str:
    """Text, or a number taken as its text."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise invalid(
            option, value, f"expected a string or an int, got {_kind(value)}", f"Pass e.g. {option}='nightly'."
        )
    return str(value)


def accept(_: str, value: Any) -> Any:
    """What is checked where it is used."""
    return value


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


_engine = choice(*ENGINE_NAMES)

_REQUEST_CHECKS: dict[str, Check] = {
    "origin": check_origin,
    "engine": optional(_engine),
    "method": string("method='PUT'"),
    "headers": check_headers,
    "credentials": choice(*CREDENTIALS_MODES),
    "redirect": choice(*REDIRECT_MODES),
    "mode": choice(*REQUEST_MODES),
    "body": check_body,
    "cache": choice(*CACHE_MODES),
    "gate": optional(several(_engine, "chromium", least=1)),
    "expected": choice(*VERDICTS),
    "send": choice(*get_args(Send)),
    "auth": optional(check_auth),
    "cookies": optional(check_cookies),
    "via": optional(check_base_url),
}
_NETWORK_CHECKS: dict[str, Check] = {
    "timeout": number("seconds", 5.0, most=LONGEST),
    "verify": check_boolean,
    "cacert": optional(check_path),
    "cert": optional(check_path),
    "key": optional(check_path),
    "proxy": optional(string("proxy='http://proxy.example:3128'")),
    "noproxy": optional(string("noproxy='localhost,.example.com'")),
    "connect_to": several(string("'api.example.com:443:127.0.0.1:8443'"), "api.example.com:443:127.0.0.1:8443"),
    "resolve": several(string("'api.example.com:443:127.0.0.1'"), "api.example.com:443:127.0.0.1"),
    "unix_socket": optional(check_path),
    "http2": check_boolean,
    "ip_version": optional(check_ip_version),
    "user_agent": optional(check_user_agent),
    "transport": choice(*get_args(TransportName)),
}
_RUN_CHECKS: dict[str, Check] = {
    "rate": optional(number("requests per second", 10.0, most=LONGEST)),
    "retry": whole("repetitions", 0),
    "wait_for": number("seconds", 30.0, zero=True, most=LONGEST),
    "show_secrets": check_boolean,
    "diagnose": check_boolean,
    "concurrency": whole("probes", 1),
    "concurrency_total": optional(whole("probes", 1)),
    "app": accept,
}
PROBE_CHECKS: dict[str, Check] = {**_REQUEST_CHECKS, **_NETWORK_CHECKS, **_RUN_CHECKS}
