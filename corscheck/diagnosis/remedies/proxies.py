"""Remedies for nginx, Caddy and HAProxy, in front of an application without CORS support."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import ImpossibleError, Remedy

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""Names without special characters in any of these languages.

Header names may contain ``$``, ``%`` and quotes, but in practice they do not. Each language would need its own escapes,
and nginx has none for ``$``.
"""


def demand_plain_names(wanted: Wanted) -> None:
    """Raise ``ImpossibleError`` for a method or header name that has special characters."""
    for name in (*wanted.methods, *wanted.headers, *wanted.exposed):
        if _PLAIN.fullmatch(name) is None:
            raise ImpossibleError(
                f"{name} contains characters with a special meaning in the configuration: give it another name"
            )


def _nginx(wanted: Wanted) -> str:
    demand_plain_names(wanted)
    preflight = {"cors_methods": ", ".join(wanted.methods), "cors_headers": ", ".join(wanted.headers)}
    if wanted.max_age is not None:
        preflight["cors_max_age"] = str(wanted.max_age)
    allowed = {"cors_expose": ", ".join(wanted.exposed)}
    if wanted.credentials:
        allowed["cors_credentials"] = "true"
    names = {
        "cors_origin": "Access-Control-Allow-Origin",
        "cors_credentials": "Access-Control-Allow-Credentials",
        "cors_expose": "Access-Control-Expose-Headers",
        "cors_methods": "Access-Control-Allow-Methods",
        "cors_headers": "Access-Control-Allow-Headers",
        "cors_max_age": "Access-Control-Max-Age",
    }
    given = {name: value for name, value in {**allowed, **preflight}.items() if value}
    lines = ['set $cors_origin "";', 'set $cors_preflight "";', *(f'set ${name} "";' for name in given)]
    lines += [f'if ($http_origin = "{origin}") {{ set $cors_origin $http_origin; }}' for origin in wanted.origins]
    lines += ["if ($request_method = OPTIONS) { set $cors_preflight $http_access_control_request_method; }"]
    lines += ['if ($cors_origin = "") { set $cors_preflight ""; }']
    for condition, values in (("$cors_origin", allowed), ("$cors_preflight", preflight)):
        for name, value in values.items():
            if value:
                lines.append(f'if ({condition}) {{ set ${name} "{value}"; }}')
    # nginx does not send a header whose value is empty.
    lines += [f"add_header {names[name]} ${name} always;" for name in ("cors_origin", *given)]
    lines += ["add_header Vary Origin always;", "if ($cors_preflight) { return 204; }"]
    return "\n".join(lines) + "\n"


def _caddy(wanted: Wanted) -> str:
    demand_plain_names(wanted)
    origins = "\n".join(f"    header Origin {origin}" for origin in wanted.origins)
    both = ["Access-Control-Allow-Origin {http.request.header.Origin}"]
    if wanted.credentials:
        both.append("Access-Control-Allow-Credentials true")
    preflight = [*both, f'Access-Control-Allow-Methods "{", ".join(wanted.methods)}"']
    if wanted.headers:
        preflight.append(f'Access-Control-Allow-Headers "{", ".join(wanted.headers)}"')
    if wanted.max_age is not None:
        preflight.append(f"Access-Control-Max-Age {wanted.max_age}")
    if wanted.exposed:
        both.append(f'Access-Control-Expose-Headers "{", ".join(wanted.exposed)}"')
    return f"""header +Vary Origin
@cors_preflight {{
    method OPTIONS
    header Access-Control-Request-Method *
{origins}
}}
handle @cors_preflight {{
    header {{
{_indented(preflight)}
    }}
    respond 204
}}
@cors_allowed {{
    not method OPTIONS
{origins}
}}
header @cors_allowed {{
{_indented(both, 4)}
}}
"""


def _indented(lines: list[str], columns: int = 8) -> str:
    return "\n".join(f"{' ' * columns}{line}" for line in lines)


def _haproxy(wanted: Wanted) -> str:
    demand_plain_names(wanted)
    answer = f'hdr Access-Control-Allow-Methods "{", ".join(wanted.methods)}"'
    if wanted.headers:
        answer += f' hdr Access-Control-Allow-Headers "{", ".join(wanted.headers)}"'
    if wanted.max_age is not None:
        answer += f" hdr Access-Control-Max-Age {wanted.max_age}"
    allowed = f"{{ var(txn.cors_origin) -m str {' '.join(wanted.origins)} }}"
    # http-after-response also applies to responses of "http-request return".
    lines = [
        "http-request set-var(txn.cors_origin) req.hdr(Origin)",
        (
            f"http-request return status 204 {answer} if METH_OPTIONS "
            f"{{ req.hdr(Access-Control-Request-Method) -m found }} {allowed}"
        ),
        f'http-after-response set-header Access-Control-Allow-Origin "%[var(txn.cors_origin)]" if {allowed}',
    ]
    if wanted.credentials:
        lines.append(f"http-after-response set-header Access-Control-Allow-Credentials true if {allowed}")
    if wanted.exposed:
        exposed = ", ".join(wanted.exposed)
        lines.append(f'http-after-response set-header Access-Control-Expose-Headers "{exposed}" if {allowed}')
    lines.append("http-after-response add-header Vary Origin")
    return "\n".join(lines) + "\n"


TWICE = (
    "If the application behind it also sends CORS headers, browsers reject the duplicate "
    "Access-Control-Allow-Origin: configure CORS in only one of the two."
)
_FOREIGN = (
    "A preflight from another origin is passed on to the application, whose response has no CORS headers. Browsers treat "
    "that as a refusal."
)

NGINX = Remedy(
    "nginx",
    "nginx",
    "nginx",
    "Inside server { ... }, outside every location.",
    (
        "A location (or an if inside it) with its own add_header loses all of these: repeat them there.",
        'Keep "always" on every line: without it, error responses do not get the headers.',
        TWICE,
        _FOREIGN,
    ),
    _nginx,
)

CADDY = Remedy(
    "caddy",
    "Caddy",
    "caddy",
    "Inside the site block of the Caddyfile, next to reverse_proxy.",
    (
        'Do not add "defer" to these headers: error responses would lose them.',
        "Caddy runs directives in its own order, not that of the file: header and handle run before reverse_proxy.",
        TWICE,
        _FOREIGN,
    ),
    _caddy,
)

HAPROXY = Remedy(
    "haproxy",
    "HAProxy",
    "haproxy",
    "In the frontend, before use_backend and default_backend; HAProxy 2.2 or newer.",
    (
        "An http-request deny or auth before these lines responds to the preflight itself.",
        TWICE,
        _FOREIGN,
    ),
    _haproxy,
)
