"""From what is asked for to an ``AuditPlan``: checks of the target and the allowed origins, and the plan itself.

The command line and the Python API make their plans here, so that both audit the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.auditing.labels import Labels
from corscheck.auditing.origins import Suffixes
from corscheck.auditing.plan import AuditPlan
from corscheck.model.page_origin import check_origin, judge_origin
from corscheck.model.suffixes import known_suffix, registrable_domain
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import OPAQUE, URLError, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corscheck.model.values import Depth, FailOn, Probe

_SCHEMES = ("http", "https", "ws", "wss")
_NORMALIZED = ("delete", "get", "head", "options", "post", "put")
"""The methods that ``fetch()`` writes in upper case."""


def judge_target(url: str) -> str | None:
    """Why a URL cannot be audited, as the rest of a sentence that begins with the URL; None if it can."""
    try:
        scheme = parse_url(url).scheme
    except URLError:
        return "is not an absolute URL"
    return None if scheme in _SCHEMES else f"has the scheme {scheme}; only http, https, ws and wss URLs can be audited"


def judge_allowed(origin: str) -> tuple[str | None, str | None]:
    """What is wrong with an allowed origin (None: nothing), and what was probably meant (None: no idea).

    ``https://*.example.com`` allows the subdomains of a domain. ``null`` cannot be allowed.
    """
    if origin == OPAQUE:
        return "any site can send it from a sandboxed frame, so allowing it allows every site", None
    return judge_origin(_without_wildcard(origin))


def check_allowed(origin: str) -> str:
    """The allowed origin as it is. Raises ``ConfigError`` in the words of the command line."""
    if origin == OPAQUE:
        reason, _ = judge_allowed(origin)
        raise ConfigError(f"Invalid --allowed-origin 'null': {reason}. Use an origin such as https://app.example.com.")
    check_origin(_without_wildcard(origin), "--allowed-origin")
    return origin


def _without_wildcard(origin: str) -> str:
    scheme, _, host = origin.partition("://*.")
    return f"{scheme}://{host}" if host else origin


def make_plan(
    url: str,
    template: Probe,
    *,
    allowed: tuple[str, ...],
    methods: Iterable[str],
    depth: Depth,
    fail_on: FailOn,
    max_requests: int | None,
    seed: str | None,
    index: int = 0,
    file: str | None = None,
    line: int | None = None,
    in_process: bool = False,
) -> AuditPlan:
    """The plan for one target.

    ``template`` holds what every request of the run shares. ``seed`` makes the random names of hostile origins the same
    in every run; None draws new ones.
    """
    return AuditPlan(
        template=replace(template, url=parse_url(url).without_fragment, index=index),
        suffixes=Suffixes(registrable_domain, known_suffix),
        labels=Labels(None if seed is None else f"{seed} {index} {url}"),
        allowed=allowed,
        methods=tuple(m.upper() if m.lower() in _NORMALIZED else m for m in methods),
        depth=depth,
        fail_on=fail_on,
        max_requests=max_requests,
        index=index,
        file=file,
        line=line,
        in_process=in_process,
    )
