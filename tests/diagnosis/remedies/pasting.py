"""What a reader does with a change that is printed: puts it into the configuration that is there, by hand.

``...`` becomes what stands there, and a setting that is not there yet gets a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ENDS = {"[": "]", '"': '"', ">": "<", "(": ")", " ": " }"}
"""What ends the values of a setting, by the character before the first one."""


def _before(pattern: str, line: str = "{}") -> Callable[[str, str], str]:
    """Insert a setting before the first match."""

    def insert(code: str, setting: str) -> str:
        return re.sub(pattern, lambda m: line.replace("{}", setting) + m[0], code, count=1, flags=re.MULTILINE)

    return insert


def _after(pattern: str, line: str = "{}", count: int = 0) -> Callable[[str, str], str]:
    """Insert a setting after each match, or after the first ``count``."""

    def insert(code: str, setting: str) -> str:
        return re.sub(pattern, lambda m: m[0] + line.replace("{}", setting), code, count=count, flags=re.MULTILINE)

    return insert


def _caddy(code: str, setting: str) -> str:
    if setting.startswith("header Origin"):
        return _after(r"^ *header Origin .*\n", "    {}\n")(code, setting)
    if "Credentials" in setting:
        # On both answers, as the finding about it says.
        return _after(r"^ *Access-Control-Allow-Origin .*\n", "    {}\n")(code, setting)
    return _after(r"^ *Access-Control-Allow-Methods .*\n", "    {}\n")(code, setting)


def _haproxy(code: str, setting: str) -> str:
    if setting.startswith("hdr "):
        return _after('hdr Access-Control-Allow-Methods "[^"]*"', " {}")(code, setting)
    return _before("^http-after-response add-header Vary", "{}\n")(code, setting)


def _nginx(code: str, setting: str) -> str:
    if setting.startswith("if ($http_origin"):
        return _after(r"^if \(\$http_origin.*\n", "{}\n", 1)(code, setting)
    name = re.search(r"Access-Control-[A-Za-z-]+", setting)
    assert name is not None
    # A header's value may be a variable there; then its line is replaced.
    code = re.sub(rf"^add_header {name[0]} .*\n", "", code, flags=re.MULTILINE)
    return _before("^add_header Vary", "{}\n")(code, setting)


def _apache(code: str, setting: str) -> str:
    return code if setting in code else _before("^Header always merge Vary", "{}\n")(code, setting)


def _aiohttp(code: str, setting: str) -> str:
    if setting.startswith("cors.add"):
        method = setting.split()[-2]
        return re.sub(r"^cors_methods = \[(.*)\]", rf'cors_methods = [\1, "{method}"]', code, flags=re.MULTILINE)
    if "ResourceOptions(...)" in setting:
        origin = setting.partition(": aiohttp")[0]
        return _after(r"^cors_origins = \{\n", "    {}: cors_options,\n")(code, origin)
    return _after(r"ResourceOptions\(", "{}, ")(code, setting)


def _koa(code: str, setting: str) -> str:
    origin = re.match(r'origin: \(ctx\) => \(\[(".*?")\]', setting)
    if origin is not None:
        return _after(r"corsOrigins = \[", "{}, ")(code, origin[1])
    return _JAVASCRIPT(code, setting)


_PYTHON = _before(r"^\)\n", "    {},\n")
_JAVASCRIPT = _before(r"^\}\)", "    {},\n")

_INSERT: dict[str, Callable[[str, str], str]] = {
    "aiohttp": _aiohttp,
    "apache": _apache,
    "caddy": _caddy,
    "django": lambda code, setting: f"{code}\n{setting}\n",
    "express": _JAVASCRIPT,
    "fastapi": _PYTHON,
    "fastify": _JAVASCRIPT,
    "flask": _PYTHON,
    "haproxy": _haproxy,
    "hono": _JAVASCRIPT,
    "koa": _koa,
    "litestar": _PYTHON,
    "nestjs": _JAVASCRIPT,
    "nginx": _nginx,
    "rack": _after(r"methods: \[[^\]]*\]", ",\n      {}"),
    "starlette": _PYTHON,
    "tomcat": _before("^</filter>", "  <init-param>{}</init-param>\n"),
}


def paste(name: str, code: str, text: str, there: dict[str, str]) -> str:
    """``code`` of the target ``name``, changed as ``text`` says.

    ``there`` has what a setting holds now where ``code`` has a variable instead: the values by a part of the setting.
    """
    lead, *lines = text.splitlines()
    assert lead.endswith(":")
    for line in lines:
        setting = line.strip()
        if setting.startswith("#"):
            continue
        code = _set(name, code, setting, there)
    return code


def _set(name: str, code: str, setting: str, there: dict[str, str]) -> str:
    before, dots, rest = setting.partition("...")
    if not dots or before.endswith("ResourceOptions("):
        return code if setting in code else _INSERT[name](code, setting)
    # XML may be broken into lines between its elements.
    place = re.search(re.escape(before).replace(r">\ <", r">\s*<"), code)
    if place is None:
        known = next((values for part, values in there.items() if part in setting), "")
        separator = re.match(r", ?|\|| ", rest)
        assert separator is not None
        return _INSERT[name](code, before + known + (rest if known else rest[separator.end() :]))
    end = _ENDS.get(before[-1], "")
    parts = code.split(place[0])
    changed = [parts[0]]
    for part in parts[1:]:
        old, _, after = part.partition(end)
        added = rest[: rest.rindex(end)] if name != "haproxy" or end != " }" else rest.removesuffix(" }")
        changed.append((old + added if old else re.sub(r"^(, ?|\|| )", "", added)) + end + after)
    return place[0].join(changed)
