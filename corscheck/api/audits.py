"""``audit``: which origins may read a target's answers although they should not."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from corscheck.api import keywords
from corscheck.api.arguments import DEFAULTS, documented, in_words_of_the_api, read, run_options_of
from corscheck.api.checks import (
    PROBE_CHECKS,
    check_url,
    choice,
    invalid,
    optional,
    origin_by,
    seed,
    several,
    string,
    whole,
)
from corscheck.auditing.planning import judge_allowed, judge_target, make_plan
from corscheck.model.values import Depth, FailOn, Probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from corscheck.api.checks import Check
    from corscheck.model.audits import Audit

_CHECKS: Mapping[str, Check] = {
    **PROBE_CHECKS,
    "allowed_origins": several(origin_by(judge_allowed), "https://app.example"),
    "methods": several(string("'PUT'"), "PUT"),
    "depth": choice(*get_args(Depth)),
    "fail_on": choice(*get_args(FailOn)),
    "max_requests": optional(whole("requests", 1)),
    "send": choice("auto", "always"),
    "seed": optional(seed),
}


@documented(keywords.AuditKeywords)
def audit(url: str, **options: Unpack[keywords.AuditKeywords]) -> Audit:
    """Ask a target as pages that should not be allowed would, and prove what they can read.

    Look-alike domains, ``null``, http, other ports, localhost, shared hosting, subdomains, and foreign WebSocket
    handshakes are tried. Every finding passes a browser's whole CORS check twice. Audit only what you are authorised to
    audit.

    Args:
        url: an absolute http, https, ws or wss URL.
        options: the keyword arguments below.

    The audit:
        allowed_origins: the origins that are meant to be allowed, e.g. ``["https://app.example"]``.
            ``https://*.example.com`` stands for every subdomain. Default: none.
        methods: methods to ask for beside ``GET``.
        headers: request headers, a mapping or (name, value) pairs.
        auth: credentials (user, password) of a logged-in visitor.
        cookies: the value of a ``Cookie`` header of a logged-in visitor.
        depth: ``normal`` (the default) tries one origin of each class, ``full`` all of them.
        fail_on: the severity from which a finding fails the audit: ``high``, ``medium`` (the default), ``low``,
            ``info`` or ``never``.
        max_requests: stop after this many requests. Default None: no limit.
        send: ``auto`` (the default) holds back requests that may change data, ``always`` sends them.
        seed: a string or an int that makes the random names of hostile origins the same in every run. Default None.
        via: another base URL to send to, while ``url`` is judged as written.
        rate: the most requests per second. Default None: no limit.
        show_secrets: show secret values instead of masking them.

    The network: ``timeout`` (seconds for each question, default 10), ``verify``, ``proxy`` and the others of ``probe``.

    Returns:
        The audit, with secrets masked. ``audit.ok`` says that there is no finding at ``fail_on`` or above and that the
        target could be asked; ``audit.findings`` holds the findings and ``audit.error`` why a target gave no answer.

    Raises:
        ConfigError: an argument is unknown or wrong; see its ``option``, ``value``, ``reason`` and ``hint``.

    """
    asked = read("audit", options, keywords.AuditKeywords.__annotations__, _CHECKS)
    run = run_options_of(asked)
    wrong = judge_target(check_url("url", url))
    if wrong is not None:
        raise invalid("url", url, f"it {wrong}", "Pass an absolute URL, e.g. 'https://api.example.com/me'.")
    part = {**DEFAULTS, **asked}
    user, password = part["auth"] or (None, None)
    template = Probe(
        url="",
        origin="null",
        user=user,
        password=password,
        **{name: part[name] for name in ("headers", "send", "cookies", "via")},
    )
    plan = make_plan(
        url,
        template,
        allowed=tuple(dict.fromkeys(part["allowed_origins"])),
        **{name: part[name] for name in ("methods", "depth", "fail_on", "max_requests", "seed")},
    )
    from corscheck.runner.audit import audit_one

    with in_words_of_the_api():
        return audit_one(plan, run)
