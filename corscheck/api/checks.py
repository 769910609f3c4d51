"""The check of each argument of the Python API. A check returns the value in its final form or raises ``ConfigError``.

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
from corscheck.model.values import ENGINE_NAMES, LONGEST_TIME, ConfigError, Send
from corscheck.protocol.outcome import VERDICTS
from corscheck.protocol.request import CACHE_MODES, CREDENTIALS_MODES, EMBEDDER_POLICIES, REDIRECT_MODES, REQUEST_MODES
from corscheck.transports.base import TransportName

if TYPE_CHECKING:
    from collections.abc import Callable

    from corscheck.protocol.request import Header, Headers

Check: TypeAlias = "Callable[[str, Any], Any]"

_SHOWN = 60
"""How many characters of a value an error shows."""

_AUTH = "Pass a tuple of two strings: auth=('user', 'password')."

_SECRET = frozenset({"auth", "body", "cookies", "headers"})
"""Options whose values an error does not show."""


def invalid(option: str, value: object, reason: str, hint: str | None = None) -> ConfigError:
    """Return an error in three parts: the wrong value, why it is wrong, and what to do."""
    shown = "" if option in _SECRET else f" {_shown(value)}"
    wrong = f"Invalid {option}{shown}: {reason}."
    return ConfigError(f"{wrong} {hint}" if hint else wrong, option=option, value=value, reason=reason, hint=hint)


def _shown(value: object) -> str:
    try:
        shown = mask_text(repr(value))
    except Exception:  # noqa: BLE001 - a failing __repr__ must not hide the error to raise
        shown = f"<{type(value).__name__}>"
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


def meant(text: object, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a text; None if none is."""
    if not isinstance(text, str):
        return None
    from difflib import get_close_matches

    found = get_close_matches(text.lower().replace("_", "-"), known, 1) or get_close_matches(text.lower(), known, 1)
    return found[0] if found else None


def typed(
    kinds: type | tuple[type, ...], reason: str, hint: str, then: Callable[[str, Any], Any] | None = None
) -> Check:
    """Make a check for instances of ``kinds``; a bool is not a number. ``then`` checks the value further.

    ``{kind}`` in the reason is the type of a wrong value, ``{option}`` in the hint the name of the option.
    """

    def check(option: str, value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise invalid(option, value, reason.format(kind=_kind(value)), hint.format(option=option))
        return value if then is None else then(option, value)

    return check


def string(example: str, then: Callable[[str, Any], Any] | None = None) -> Check:
    """Make a check for any string."""
    return typed(str, "expected a string, got {kind}", f"Pass a str, e.g. {example}.", then)


def number(what: str, example: float, *, zero: bool = False, least: float = 0.0) -> Check:
    """Make a check for a finite number above zero (or zero, if ``zero``), from ``least`` to ``LONGEST_TIME``."""
    hint = f"Pass a float, e.g. {{option}}={example}."

    def within(option: str, value: Any) -> float:
        reason = None
        if value != value or value in (math.inf, -math.inf):
            reason = f"expected a finite number of {what}"
        elif value < 0 or (value == 0 and not zero):
            reason = f"expected {'0 or more' if zero else 'more than 0'} {what}"
        elif value < least:
            reason = f"expected at least {least:g} {what}"
        elif value > LONGEST_TIME:
            reason = f"expected at most {LONGEST_TIME:.0f} {what}"
        if reason is not None:
            raise invalid(option, value, reason, hint.format(option=option))
        return float(value)

    return typed((int, float), f"expected a number of {what}", hint, within)


def whole(what: str, least: int) -> Check:
    """Make a check for an integer that is not below ``least``."""
    hint = f"Pass an int, e.g. {{option}}={least or 2}."

    def within(option: str, value: Any) -> Any:
        if value < least:
            raise invalid(option, value, f"expected {least} or more {what}", hint.format(option=option))
        return value

    return typed(int, f"expected a whole number of {what}", hint, within)


def optional(check: Check) -> Check:
    """Make a check for None, or for what another check accepts."""
    return lambda option, value: None if value is None else check(option, value)


def choice(*known: str) -> Check:
    """Make a check for one of these strings."""
    listed = f"{', '.join(repr(name) for name in known[:-1])} or {known[-1]!r}"

    def check(option: str, value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            near = meant(value, known)
            hint = f"Did you mean {option}={near!r}?" if near else f"Pass one of them, e.g. {option}={known[0]!r}."
            raise invalid(option, value, f"expected {listed}", hint)
        return value

    return check


def several(check: Check, example: str, *, least: int = 0) -> Check:
    """Make a check for an iterable of what another check accepts. A single string stands for itself in a list."""

    def checked(option: str, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = (value,)
        if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
            hint = f"Pass a list, e.g. {option}=[{example!r}]."
            raise invalid(option, value, f"expected strings, got {_kind(value)}", hint)
        found = tuple(check(option, item) for item in value)
        if len(found) < least:
            raise invalid(option, value, "expected at least one", f"Leave {option} out for the default.")
        return found

    return checked


def check_url(option: str, value: Any) -> str:
    """Check for a string. A string that is not a valid URL is accepted: the browser's verdict on it is ``invalid``."""
    if not isinstance(value, str):
        near = "Pass str(...) of it." if hasattr(value, "host") else "Pass a str, e.g. 'https://api.example.com/data'."
        raise invalid(option, value, f"expected a URL as a string, got {_kind(value)}", near)
    return value


def origin_by(judge: Callable[[str], tuple[str | None, str | None]]) -> Check:
    """Make a check for an origin in which ``judge`` finds no fault."""
    example = "e.g. 'https://app.example'"

    def check(option: str, value: Any) -> str:
        fault, near = judge(value)
        if fault is not None:
            hint = f"Did you mean {near!r}?" if near is not None else f"Pass a scheme, a host and a port, {example}."
            raise invalid(option, value, f"it {fault}", hint)
        return str(value)

    return typed(str, "expected an origin as a string, got {kind}", f"Pass a str, {example}.", check)


def check_base_url(option: str, value: Any) -> str:
    """Check for a base URL and return its origin."""
    found = base_origin(value) if isinstance(value, str) else None
    if found is None:
        reason = "expected a base URL: a scheme, a host and a port, and no path"
        raise invalid(option, value, reason, f"Pass a str, e.g. {option}='http://127.0.0.1:8000'.")
    return found


def check_headers(option: str, value: Any) -> Headers:
    """Check for a mapping or for pairs and return header pairs in their order."""
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
    """Check for bytes, text or None."""
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


def _auth(option: str, value: Any) -> tuple[str, str]:
    if len(value) != 2:
        reason = f"expected a user name and a password, got {_kind(value)} of {len(value)}"
        raise invalid(option, value, reason, _AUTH)
    if not all(isinstance(part, str) for part in value):
        raise invalid(option, value, "user name and password must be strings", _AUTH)
    _check_utf8(option, value, "".join(value))
    return value[0], value[1]


def _field(option: str, value: Any) -> Any:
    """Check a header's value: each character stands for one byte, and there is no line break."""
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


def _path(option: str, value: Any) -> str:
    found = fspath(value)
    if not isinstance(found, str):
        raise invalid(option, value, f"expected a path, got {_kind(value)}", "Pass a str or a pathlib.Path.")
    try:
        if b"\0" not in fsencode(found):
            return found
    except UnicodeEncodeError:
        pass
    raise invalid(option, value, "no file has such a path", "Pass a str or a pathlib.Path.")


def check_ip_version(option: str, value: Any) -> int:
    """Check for 4 or 6."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in (4, 6):
        raise invalid(option, value, "expected 4 or 6", f"Pass {option}=4, {option}=6, or None for either.")
    return int(value)


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


boolean = typed(bool, "expected True or False", "Pass {option}=True or {option}=False.")
seed = typed(
    (str, int), "expected a string or an int, got {kind}", "Pass e.g. {option}='nightly'.", lambda _, value: str(value)
)
_engine = choice(*ENGINE_NAMES)
_file = optional(typed((str, PathLike), "expected a path, got {kind}", "Pass a str or a pathlib.Path.", _path))
_pair = typed((tuple, list), "expected a pair of user name and password, got {kind}", _AUTH, _auth)
_cookies = typed(
    str,
    "expected a string, got {kind}",
    "Pass the value of the Cookie header as a str: cookies='name=value; other=value'.",
    _field,
)

_REQUEST_CHECKS: dict[str, Check] = {
    "origin": origin_by(judge_origin),
    "engine": optional(_engine),
    "method": string("method='PUT'"),
    "headers": check_headers,
    "credentials": choice(*CREDENTIALS_MODES),
    "redirect": choice(*REDIRECT_MODES),
    "mode": choice(*REQUEST_MODES),
    "body": check_body,
    "cache": choice(*CACHE_MODES),
    "upload_listener": boolean,
    "coep": choice(*EMBEDDER_POLICIES),
    "secure_context": boolean,
    "gate": optional(several(_engine, "chromium", least=1)),
    "expected": choice(*VERDICTS),
    "send": choice(*get_args(Send)),
    "auth": optional(_pair),
    "cookies": optional(_cookies),
    "via": optional(check_base_url),
}
_NETWORK_CHECKS: dict[str, Check] = {
    "timeout": number("seconds", 5.0),
    "verify": boolean,
    "cacert": _file,
    "cert": _file,
    "key": _file,
    "proxy": optional(string("proxy='http://proxy.example:3128'")),
    "noproxy": optional(string("noproxy='localhost,.example.com'")),
    "connect_to": several(string("'api.example.com:443:127.0.0.1:8443'"), "api.example.com:443:127.0.0.1:8443"),
    "resolve": several(string("'api.example.com:443:127.0.0.1'"), "api.example.com:443:127.0.0.1"),
    "unix_socket": _file,
    "http2": boolean,
    "ip_version": optional(check_ip_version),
    "user_agent": optional(string("user_agent='nightly-check/1.0'", _field)),
    "transport": choice(*get_args(TransportName)),
}
_RUN_CHECKS: dict[str, Check] = {
    "rate": optional(number("requests per second", 10.0, least=1 / LONGEST_TIME)),
    "retry": whole("repetitions", 0),
    "wait_for": number("seconds", 30.0, zero=True),
    "show_secrets": boolean,
    "diagnose": boolean,
    "concurrency": whole("probes", 1),
    "concurrency_total": optional(whole("probes", 1)),
    "app": lambda _, value: value,
}
PROBE_CHECKS: dict[str, Check] = {**_REQUEST_CHECKS, **_NETWORK_CHECKS, **_RUN_CHECKS}
