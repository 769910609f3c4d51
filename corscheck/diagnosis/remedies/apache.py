"""Remedy for the Apache HTTP server, in front of an application or of files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.proxies import TWICE, demand_plain_names
from corscheck.diagnosis.remedies.remedy import Remedy

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted) -> str:
    demand_plain_names(wanted)
    origins = "|".join(re.escape(origin).replace(r"\-", "-") for origin in wanted.origins)
    headers = {
        "Origin": "%{CORS_ORIGIN}e",
        "Credentials": "true" if wanted.credentials else "",
        "Methods": ", ".join(wanted.methods),
        "Headers": ", ".join(wanted.headers),
    }
    named = {f"Access-Control-Allow-{name}": value for name, value in headers.items()}
    named["Access-Control-Expose-Headers"] = ", ".join(wanted.exposed)
    named["Access-Control-Max-Age"] = "" if wanted.max_age is None else str(wanted.max_age)
    lines = [f'SetEnvIf Origin "^({origins})$" CORS_ORIGIN=$0']
    lines += [f'Header always set {name} "{value}" env=CORS_ORIGIN' for name, value in named.items() if value]
    lines += [
        'Header always merge Vary "Origin"',
        "RewriteEngine On",
        "RewriteCond %{REQUEST_METHOD} =OPTIONS",
        'RewriteCond %{HTTP:Access-Control-Request-Method} !=""',
        "RewriteRule ^ - [R=204,L]",
    ]
    return "\n".join(lines) + "\n"


REMEDY = Remedy(
    "apache",
    "Apache",
    "apache",
    "Inside <VirtualHost ...>, before other RewriteRules; needs the modules setenvif, headers and rewrite (a2enmod).",
    (
        'Keep "always" on every line: without it, error responses do not get the headers.',
        (
            "Rewrite rules in a <Directory> or .htaccess are separate from these, and access control (Require) there "
            "does not apply to the preflight."
        ),
        TWICE,
    ),
    _code,
)
