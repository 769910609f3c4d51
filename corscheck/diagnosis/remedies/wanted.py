"""The minimum that a configuration must allow so that the wanted probes pass.

Origins, methods, headers, exposed headers, max-age and credentials are derived from probes or from the checks of
policies. All impossible requirements are reported together, each with its check and the reason. Header values are read,
because they decide whether a header needs permission, but are not stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from corscheck.model.values import ConfigError
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.filtering import FORBIDDEN, SAFELISTED
from corscheck.protocol.headers import is_token
from corscheck.protocol.origin import OPAQUE, URLError, parse_url
from corscheck.protocol.safelist import (
    is_forbidden_method,
    is_forbidden_request_header,
    is_safelisted_method,
    normalize_method,
    unsafe_request_header_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corscheck.model.values import Probe
    from corscheck.policy.checks_on_values import Limit
    from corscheck.policy.load import LoadedPolicy
    from corscheck.policy.matrix import Matrix

_PLAIN_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")
"""Origins without special characters.

Other valid origins exist, because a host may contain ``*`` or ``$``, but some configuration languages would treat these
as patterns or variables.
"""

_MOST_NAMED = 3


def is_plain_origin(origin: str) -> bool:
    """Whether a configuration can list the origin: it is not opaque, not ``*``, and has no special characters."""
    return _PLAIN_ORIGIN.fullmatch(origin) is not None


class Wanted(Struct, frozen=True):
    """What a configuration allows: every origin may use every method with every header.

    ``methods`` includes safelisted methods, because some frameworks refuse a preflight for GET if it is not listed.
    ``headers`` are the request headers that need permission, ``exposed`` the response headers that script reads and
    that are not safelisted; both as typed. ``max_age`` is in seconds, None if not wanted. ``notes`` say what the
    configuration allows beyond the requirements, because it is the same for all origins.
    """

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False
    notes: tuple[str, ...] = ()

    def allows(self, origin: str, method: str, headers: Iterable[str], *, credentials: bool) -> bool:
        """Whether the configuration allows a request. ``headers`` are the lower-case names that need permission."""
        return (
            origin in self.origins
            and (is_safelisted_method(method) or method in self.methods)
            and set(headers) <= {name.lower() for name in self.headers}
            and (self.credentials or not credentials)
        )


class _Needs(Struct):
    """Collects requirements and the errors of impossible ones. Dictionaries serve as ordered sets."""

    origins: dict[str, None] = field(default_factory=dict)
    methods: dict[str, None] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    exposed: dict[str, str] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)
    with_credentials: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def complain(self, where: str, text: str) -> None:
        line = f"{where}{text}"
        if line not in self.complaints:
            self.complaints.append(line)

    def probe(self, probe: Probe, urls: Sequence[str], origins: Sequence[str], methods: Sequence[str], at: str) -> None:
        """Add the requirements of a probe from these origins with these methods. ``at`` prefixes error messages."""
        include = probe.credentials == "include"
        for name, value in probe.headers:
            if not is_token(name):
                self.complain(at, f"{name!r} is not a valid header name: use letters, digits and hyphens")
            elif name == "*":
                self.complain(at, 'a header named "*" can only be allowed by allowing every header: rename it')
            elif is_forbidden_request_header(name, value):
                self.complain(at, f"browsers do not let scripts set {name}: no server can allow it")
        for typed in methods:
            if is_forbidden_method(typed):
                self.complain(at, f"fetch() refuses the method {typed}: no server can allow it")
            elif not is_token(typed):
                self.complain(at, f"{typed!r} is not a valid method")
            elif typed == "*":
                self.complain(at, 'a method named "*" can only be allowed by allowing every method: rename it')
        foreign = [origin for origin in origins if self._is_foreign(origin, urls, at, include=include)]
        if not foreign:
            return
        unsafe = _unsafe(probe)
        for name, _ in probe.headers:
            if name.lower() in unsafe:
                self.headers.setdefault(name.lower(), name)
        for origin in foreign:
            self.origins[origin] = None
            if include:
                self.with_credentials.add(origin)
            for typed in methods:
                method = normalize_method(typed)
                self.methods[method] = None
                self.asked.add((origin, method))

    def _is_foreign(self, origin: str, urls: Sequence[str], at: str, *, include: bool) -> bool:
        """Whether a configuration must list the origin. Reports origins that must not or cannot be listed."""
        if origin == "*" and include:
            self.complain(
                at, '"*" does not cover a request with credentials (cors-check:4): name the origins of your pages'
            )
        elif origin == "*":
            self.complain(
                at, '"*" stands for every page: name the origins of your pages, because a remedy allows no others'
            )
        elif origin == OPAQUE:
            self.complain(
                at,
                "null is the origin of every sandboxed frame and local file: allowing it allows every page, because "
                "any page can open such a frame. Serve the page from its own origin",
            )
        elif not is_plain_origin(origin):
            self.complain(
                at, f"{origin} contains characters that configurations treat as a pattern: use a plain host name"
            )
        else:
            return not urls or any(_origin_of(url) != origin for url in urls)
        return False

    def expose(self, names: Iterable[str], at: str) -> None:
        """Add response headers that script must be able to read."""
        for name in names:
            if name.lower() in FORBIDDEN:
                self.complain(at, f"scripts cannot read {name}, whatever a server exposes")
            elif not is_token(name):
                self.complain(at, f"{name!r} is not a valid header name: name each header that scripts must read")
            elif name == "*":
                self.complain(at, '"*" exposes every header (and none with credentials): name those that scripts read')
            elif name.lower() not in SAFELISTED:
                self.exposed.setdefault(name.lower(), name)

    def wanted(self, max_age: int | None) -> Wanted:
        """Build the ``Wanted``. Raises ``ConfigError`` with all impossible requirements."""
        if self.complaints:
            raise ConfigError("\n".join(self.complaints))
        return Wanted(
            tuple(self.origins),
            tuple(self.methods),
            tuple(self.headers.values()),
            tuple(self.exposed.values()),
            max_age,
            bool(self.with_credentials),
            tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        more = [f"{m} from {o}" for o in self.origins for m in self.methods if (o, m) not in self.asked]
        if more:
            named = ", ".join(more[:_MOST_NAMED])
            others = f" and {len(more) - _MOST_NAMED} more" if len(more) > _MOST_NAMED else ""
            yield f"One configuration gives all origins the same methods, so this one also allows {named}{others}."
        without = [origin for origin in self.origins if origin not in self.with_credentials]
        if self.with_credentials and without:
            yield (
                "Credentials are allowed for all origins or none, so they are also allowed for "
                f"{', '.join(without[:_MOST_NAMED])}."
            )


def from_probes(probes: Sequence[Probe], exposed: Iterable[str] = (), max_age: int | None = None) -> Wanted:
    """Return what these probes need to pass. A probe without a URL counts as cross-origin."""
    needs = _Needs()
    for probe in probes:
        needs.probe(probe, [probe.url] if probe.url else [], [probe.origin], [probe.method], "")
    needs.expose(exposed, "")
    made = needs.wanted(max_age)
    if not made.origins:
        raise ConfigError(f"{probes[0].url} has the page's own origin {probes[0].origin}: nothing needs to be allowed")
    return made


def from_policies(policies: Sequence[LoadedPolicy]) -> Wanted:
    """Return what the checks that expect ``allowed`` need. Raises ``ConfigError`` if other checks contradict it."""
    needs, limits = _Needs(), []
    checks = [check for policy in policies for check in policy.checks]
    for check in checks:
        if check.wants.expect != "allowed":
            continue
        needs.probe(check.common, check.urls, check.origins, check.methods, _at(check))
        needs.expose(check.wants.exposes, _at(check))
        if check.wants.max_age is not None:
            limits.append((check.wants.max_age, _at(check)))
        if check.wants.vary_origin is False:
            needs.complain(_at(check), "expects no Vary: Origin, which a response that depends on the origin must have")
    max_age = _max_age(limits, needs)
    made = needs.wanted(max_age)
    if not made.origins:
        raise ConfigError("no check expects another origin to be allowed: nothing needs to be configured")
    for check in checks:
        _contradictions(check, made, needs)
    return needs.wanted(made.max_age)


def _contradictions(check: Matrix, made: Wanted, needs: _Needs) -> None:
    """Report what a check forbids but other checks need, because one configuration applies to all paths."""
    for name in check.wants.hides:
        if name.lower() in needs.exposed:
            needs.complain(_at(check), f"hides {name}, which another check needs exposed: {_ONE_FOR_ALL}")
    because = check.wants.because
    # Only a check that expects CORS to block the request can contradict the configuration, not e.g. mixed content.
    if check.wants.expect != "blocked" or (because is not None and not because.startswith(("CORS3", "CORS4", "CORS5"))):
        return
    unsafe = _unsafe(check.common)
    include = check.common.credentials == "include"
    for origin in check.origins:
        for method in check.methods:
            if made.allows(origin, normalize_method(method), unsafe, credentials=include):
                needs.complain(
                    _at(check),
                    f"expects {method} from {origin} to be blocked, but what other checks need allows it: "
                    f"{_ONE_FOR_ALL}",
                )


_ONE_FOR_ALL = "one configuration cannot do both; give these paths their own"


def _max_age(limits: Sequence[tuple[Limit, str]], needs: _Needs) -> int | None:
    """Return a number of seconds that satisfies all limits: one from the limits if possible, or the nearest one."""
    if not limits:
        return None
    named = sorted({limit.seconds for limit, _ in limits})
    near = sorted({max(seconds + step, 0) for seconds in named for step in (-1, 1)})
    for seconds in (*named, *(n for n in near if n), 0):
        if all(limit.holds(seconds) for limit, _ in limits):
            return seconds
    # E.g. "<60" and ">600": each can hold, but not both.
    needs.complain(
        limits[-1][1], f"max-age {limits[-1][0]} contradicts {limits[0][0]} of another check: {_ONE_FOR_ALL}"
    )
    return None


def _unsafe(probe: Probe) -> frozenset[str]:
    """Return the lower-case names of the headers that need permission in any engine of the gate."""
    rules = [ENGINES[name].rules for name in probe.gate]
    return frozenset(name for rule in rules for name in unsafe_request_header_names(probe.headers, rule))


def _origin_of(url: str) -> str | None:
    try:
        return parse_url(url).origin
    except URLError:
        return None


def _at(check: Matrix) -> str:
    return f'{check.ref.file}:{check.ref.line}: check "{check.ref.name}": '
