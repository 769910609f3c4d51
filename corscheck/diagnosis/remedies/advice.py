"""The last lines of a finding's advice: what to change in a product's configuration, or the ``corscheck fix`` command.

What is printed works: a command that ``fix`` would refuse is left out.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.diagnosis.remedies.change import change
from corscheck.diagnosis.remedies.registry import find
from corscheck.diagnosis.remedies.wanted import from_probes
from corscheck.model.masking import mask_header, mask_url
from corscheck.model.values import ConfigError
from corscheck.protocol.headers import Extraction, extract_list
from corscheck.protocol.preflight import ACAH, ACAM, ACRH, ACRM
from corscheck.protocol.request import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.model.values import Probe
    from corscheck.protocol.outcome import Exchange
    from corscheck.protocol.request import Headers

_CREDENTIALS = "CORS611"
_HEADERS = ("CORS612", "CORS613")
_METHODS = ("CORS614", "CORS624")
_ORIGIN = ("CORS615", "CORS616", "CORS625")
_PAGE = "CORS634"
"""The page's code is to be changed, and no server: a response header that it sends with the request."""

_NOT_LISTED = (_CREDENTIALS, *_HEADERS, *_METHODS, *_ORIGIN)
"""The causes by which a configuration exists and lacks something."""


def advise(target: str, probe: Probe, exchange: Exchange | None, codes: Sequence[str]) -> str | None:
    """Return what to do about a blocked probe for a target of ``corscheck fix --for``; None if nothing works.

    ``exchange`` is the one that failed, ``codes`` are those of the causes, the root cause first.
    """
    if codes and codes[0] == _PAGE:
        return None
    if exchange is not None and codes and codes[0] in _NOT_LISTED:
        return _added(target, probe, exchange, codes)
    return command(target, [probe])


def command(target: str, probes: Sequence[Probe]) -> str | None:
    """Return the ``corscheck fix`` command for probes of one URL (or none), or None if it would be refused.

    Secrets are masked.
    """
    masked = [replace(p, headers=tuple((n, mask_header(n, v)) for n, v in p.headers)) for p in probes]
    try:
        find(target).code(from_probes(masked))
    except ConfigError:
        return None
    words = ["corscheck", "fix", "--for", target, *([mask_url(probes[0].url)] if probes[0].url else [])]
    for origin in dict.fromkeys(p.origin for p in probes):
        words += ["--origin", origin]
    methods = list(dict.fromkeys(p.method for p in probes))
    for method in methods if methods != ["GET"] else ():
        words += ["-X", method]
    for name, value in {name.lower(): (name, value) for p in masked for name, value in p.headers}.values():
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    mode = next((p.credentials for p in probes if p.credentials == "include"), probes[0].credentials)
    if mode != "same-origin":
        words += ["--credentials", mode]
    # Lines that start with two spaces are not wrapped, so that the command can be pasted.
    return f"  {shlex.join(words)}"


def _added(target: str, probe: Probe, exchange: Exchange, codes: Sequence[str]) -> str | None:
    request, answer = exchange.request, exchange.answer
    sent: Headers = answer.headers if isinstance(answer, HTTPResponse) else ()
    method = request.get(ACRM) or probe.method
    asked = [name.strip().lower() for name in (request.get(ACRH) or "").split(",") if name.strip()]
    typed = {name.lower(): name for name, _ in probe.headers}
    allowed = {name.lower() for name in _listed(sent, ACAH)}
    if "*" in allowed and probe.credentials != "include":
        # The wildcard covers every other name.
        asked = [name for name in asked if name == "authorization"]
    if "CORS624" in codes and method != method.upper():
        # The page's code must change: the server lists the method as it is meant to be written.
        return None
    return change(
        target,
        origin=probe.origin if any(code in _ORIGIN for code in codes) else None,
        methods=[method] if any(code in _METHODS for code in codes) and method not in _listed(sent, ACAM) else [],
        headers=[typed.get(n, n) for n in dict.fromkeys(asked) if n not in allowed]
        if any(code in _HEADERS for code in codes)
        else [],
        credentials=_CREDENTIALS in codes,
    )


def _listed(headers: Headers, name: str) -> tuple[str, ...]:
    found = extract_list(headers, name)
    return () if found is None or isinstance(found, Extraction) else found
