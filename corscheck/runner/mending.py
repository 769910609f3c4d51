"""What to change in an application so that a blocked request passes, tried on the application before it is said.

The settings of its CORS layer are read and extended by what the request needs. With them in force for a moment, the
request is asked again, and so is everything that passed before, and pages that must not get in. Only requests are sent
that ``send="auto"`` sends: none that may change data.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from corscheck.diagnosis.remedies.merged import merged_code, merged_lead
from corscheck.diagnosis.remedies.wanted import from_probes
from corscheck.model.cors_settings import WILDCARD
from corscheck.model.values import ConfigError, Probe
from corscheck.protocol.origin import URLError, parse_url
from corscheck.sources.app.layers import find_layer
from corscheck.sources.app.questions import lookalikes, matching, origin_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from corscheck.model.cors_settings import CorsSettings
    from corscheck.model.result import Result
    from corscheck.protocol.request import Credentials
    from corscheck.sources.app.layers import CorsLayer

_MOST_PASSED = 300
"""How many of the requests that passed are asked again."""

_MOST_ORIGINS = 5
_MOST_METHODS = 8
_MOST_TRIALS = 10
"""How many times the whole is tried. What fails later gets the advice that needs no trial."""

_MOST_NAMED = 3
_JSON = ("Content-Type", "application/json")


Passing: TypeAlias = Literal["yes", "no", "preflight", "unknown"]
"""Whether a request passes. "preflight" says that its preflight does, and that it was not sent."""


class Trial(Struct, frozen=True):
    """What an application did with other settings.

    ``passes`` says that every request in question is allowed, None that one of them was not sent again because it may
    change data. ``kept`` counts the other requests that still pass,
    ``broken`` are those that no longer do, ``admitted`` the strangers that could not read before.
    ``open_before`` says that a stranger could read before, and still can, ``closed`` that one no longer can.
    ``preflights`` counts the requests in question of which only the preflight was sent.
    """

    passes: bool | None
    kept: int = 0
    broken: tuple[Probe, ...] = ()
    admitted: tuple[str, ...] = ()
    open_before: bool = False
    closed: bool = False
    preflights: int = 0


class Mender:
    """Proposes settings for one application. ``ask`` asks one probe of it and diagnoses nothing."""

    def __init__(self, app: Any, ask: Callable[[Probe], Result]) -> None:
        self._app = app
        self._ask = ask
        self._layer: CorsLayer | None = None
        self._looked = False
        self._passed: dict[Probe, None] = {}
        self._solved: dict[Probe, tuple[str, ...]] = {}
        self._trials = 0
        self._before: dict[Probe, bool] = {}
        self._last: tuple[Probe, tuple[str, ...], str | None] | None = None

    def passed(self, probe: Probe) -> None:
        """Remember a request that passed, so that no proposal breaks it."""
        if len(self._passed) < _MOST_PASSED:
            self._passed[_harmless(probe)] = None

    def propose(self, probe: Probe, exposed: Iterable[str] = ()) -> str | None:
        """Return the settings by which a probe passes too, and what came of them; None if settings do not help.

        ``exposed`` are response headers that script must be able to read. Proposals add up: each includes those before.
        """
        layer = self._found()
        needed = tuple(exposed)
        if self._last is not None and self._last[:2] == (probe, needed):
            return self._last[2]
        if layer is None or len(self._solved) >= _MOST_PASSED:
            return None
        solved = {**self._solved, probe: needed}
        settings = _extended(layer, solved)
        if settings is None or (settings == layer.settings and not layer.faults and layer.place != "absent"):
            return None
        if self._trials >= _MOST_TRIALS:
            # Not tried as a whole, so that nothing is said of it yet; it is part of what proposal() tries.
            if self._alone(layer, settings, probe, needed):
                self._solved = solved
            return None
        self._trials += 1
        text = self._text(layer, settings, solved)
        if text is not None:
            self._solved = solved
        self._last = (probe, needed, text)
        return text

    def proposal(self) -> str | None:
        """Return the settings for all probes that were proposed for, tried against everything that passed until now."""
        if self._layer is None or not self._solved:
            return None
        settings = _extended(self._layer, self._solved)
        return self._text(self._layer, settings, self._solved) if settings is not None else None

    def _found(self) -> CorsLayer | None:
        if not self._looked:
            self._looked = True
            try:
                self._layer = find_layer(self._app)
            except Exception:  # noqa: BLE001 - an application may be built in any way; then there is no proposal
                self._layer = None
        return self._layer

    def _text(self, layer: CorsLayer, settings: CorsSettings, solved: dict[Probe, tuple[str, ...]]) -> str | None:
        try:
            code = merged_code(layer.target, layer.written(settings), layer.place)
            if code is None or (layer.place == "absent" and not self._is_silent(next(reversed(solved)))):
                return None
            trial = self._try(layer, settings, solved)
        except Exception:  # noqa: BLE001 - the layer does not take these settings: they are not proposed
            return None
        # What passes without a layer is allowed by something else, and that is where it belongs.
        if trial.passes is False or (layer.place == "absent" and trial.broken):
            return None
        lines = [*layer.faults, merged_lead(layer.target, layer.place)]
        lines += [f"  {line}" for line in code.splitlines()]
        return "\n".join([*lines, _told(trial, len(solved))])

    def _alone(self, layer: CorsLayer, settings: CorsSettings, probe: Probe, names: Iterable[str]) -> bool:
        """Whether the probe passes with these settings."""
        try:
            with layer.applied(settings):
                return self._passes(_harmless(probe), names) in ("yes", "preflight")
        except Exception:  # noqa: BLE001 - as in _text
            return False

    def _try(self, layer: CorsLayer, settings: CorsSettings, solved: dict[Probe, tuple[str, ...]]) -> Trial:
        last = next(reversed(solved))
        others = dict.fromkeys(p for p in (*self._passed, *_listed(last.url, layer)) if p not in solved)
        strangers = list(_strangers(solved, layer.settings.patterns))
        # The settings that are there do not change: what passes with them is asked once.
        self._before |= {probe: self._allowed(probe) for probe in others if probe not in self._before}
        passed = [probe for probe in others if self._before[probe]]
        # Where every origin is allowed, one more header opens nothing to an origin.
        everyone = WILDCARD in layer.settings.origins
        inside = {probe.origin for probe in strangers if everyone or self._allowed(probe)}
        with layer.applied(settings):
            passes = [self._passes(_harmless(probe), names) for probe, names in solved.items()]
            if "no" in passes:
                return Trial(passes=False)
            broken = tuple(probe for probe in passed if not self._allowed(probe))
            now = dict.fromkeys(probe.origin for probe in strangers if self._allowed(probe))
        admitted = tuple(origin for origin in now if origin not in inside)
        return Trial(
            None if "unknown" in passes else True,
            len(passed) - len(broken),
            broken,
            admitted,
            any(origin in inside for origin in now),
            any(origin not in now for origin in inside),
            passes.count("preflight"),
        )

    def _is_silent(self, probe: Probe) -> bool:
        """Whether nothing but the router answers a preflight of this request, and no answer speaks CORS."""
        asked = _harmless(probe)
        mark = ("X-Corscheck-Preflight", "1")
        results = (self._ask(asked), self._ask(replace(asked, headers=(*asked.headers, mark), send="never")))
        answers = [(e.kind, e.response) for result in results for e in result.exchanges if e.response is not None]
        return all(
            (kind != "preflight" or answer.status in (404, 405)) and not any(map(_is_of_cors, answer.headers))
            for kind, answer in answers
        )

    def _allowed(self, probe: Probe) -> bool:
        return self._ask(probe).verdict == "allowed"

    def _passes(self, probe: Probe, names: Iterable[str]) -> Passing:
        result = self._ask(probe)
        if any(exchange.held_back for exchange in result.exchanges):
            return "preflight" if result.verdict == "allowed" and not names else "unknown"
        readable = {name.lower() for name in names} <= set(result.readable_headers)
        return "yes" if result.verdict == "allowed" and readable else "no"


def _is_of_cors(header: tuple[str, str]) -> bool:
    name, value = header[0].lower(), header[1].lower()
    return name.startswith("access-control-") or (name == "vary" and "origin" in value)


def _harmless(probe: Probe) -> Probe:
    """Return the probe so that nothing is sent that may change data."""
    send = "never" if probe.send == "never" else "auto"
    return replace(probe, send=send, body=None, body_asked=False, check=None, expected="allowed", index=0)


def _extended(layer: CorsLayer, solved: dict[Probe, tuple[str, ...]]) -> CorsSettings | None:
    """Return the layer's settings with what the probes need; None if no configuration can allow one of them."""
    names = [name for exposed in solved.values() for name in exposed]
    try:
        wanted = from_probes(list(solved), names)
    except ConfigError:
        return None
    # No page has the origin https://app.example.com/ with its slash: what replaces such an entry takes nothing away.
    listed = dict.fromkeys(_as_sent(entry, wanted.origins) for entry in layer.settings.origins)
    return replace(layer.settings, origins=tuple(listed)).extended(
        origins=[origin for origin in wanted.origins if not _matched(layer.settings, origin)],
        methods=wanted.methods,
        headers=[name for name in wanted.headers if layer.target == "django" or name.lower() != "content-type"],
        exposed=wanted.exposed,
        credentials=wanted.credentials,
    )


def _as_sent(entry: str, wanted: Sequence[str]) -> str:
    """Return the wanted origin that a listed one stands for in another spelling, and any other entry unchanged."""
    try:
        origin = parse_url(entry).origin
    except URLError:
        return entry
    return origin if origin in wanted else entry


def _matched(settings: CorsSettings, origin: str) -> bool:
    import re

    return any(re.fullmatch(pattern, origin) for pattern in settings.patterns)


def _listed(url: str, layer: CorsLayer) -> Iterable[Probe]:
    """Yield requests that the layer's settings are meant to allow: every listed origin, method and header."""
    settings = layer.settings
    origins = [o for o in settings.origins if o != WILDCARD and origin_fault(o) is None][:_MOST_ORIGINS]
    origins += [example for pattern in settings.patterns if (example := matching(pattern)) is not None]
    # Without a header of its own, a GET would need no preflight.
    headers = tuple((name, "1") for name in settings.headers if name != WILDCARD) or (_JSON,)
    mode: Credentials = "include" if settings.credentials else "same-origin"
    for origin in origins:
        yield Probe(url, origin, credentials=mode)
        for method in [m for m in settings.methods if m != WILDCARD][:_MOST_METHODS]:
            yield Probe(url, origin, method=method, headers=headers, credentials=mode, send="never")


def _strangers(solved: Iterable[Probe], patterns: Iterable[str]) -> Iterable[Probe]:
    """Yield the requests from pages that must not get in: a random origin, ``null``, and near misses of the page's own.

    So must not the origins that a pattern matches although anybody can register their domain. Each asks for what the page
    asks for, and by a GET without headers.
    """
    asked = {probe.origin for probe in solved}
    alike = [origin for pattern in patterns for origin in lookalikes(pattern)[:1]]
    mark = f"corscheck-{secrets.token_hex(4)}"
    wanted = [_harmless(probe) for probe in solved][:_MOST_TRIALS]
    for probe in dict.fromkeys(one for p in wanted for one in (p, replace(p, method="GET", headers=()))):
        for origin in (*_foreign(probe.origin, mark), *alike):
            if origin not in asked:
                yield replace(probe, origin=origin, credentials="same-origin")
                yield replace(probe, origin=origin, credentials="include")


def _foreign(origin: str, mark: str) -> list[str]:
    """Return origins that are not this one, and nobody's: ``mark`` is part of their names."""
    scheme, _, host = origin.partition("://")
    origins = [f"https://{mark}.example", "null"]
    if scheme in ("http", "https"):
        name, colon, port = host.partition(":")
        other = "http" if scheme == "https" else "https"
        origins += [f"{scheme}://{name}.{mark}.example{colon}{port}", f"{other}://{host}"]
        # An address has no name before it.
        origins += [f"{scheme}://{mark}{host}"] if name[:1].isalpha() else []
    return origins


def _told(trial: Trial, count: int) -> str:
    """Return the sentence on what the trial showed."""
    request = "the request passes" if count == 1 else f"the {count} requests pass"
    if trial.preflights:
        # These are not sent, since they may change data.
        several = f"the preflights of the {count} requests pass"
        if trial.preflights < count:
            several = f"{request} ({trial.preflights} tested by preflight only)"
        request = "its preflight passes" if count == 1 else several
    if trial.passes is None:
        request = "the request was not sent again, because it may change data"
    others = f"{trial.kept} other{'' if trial.kept == 1 else 's'} still pass{'es' if trial.kept == 1 else ''}"
    kept = f", {others}" if trial.kept else ""
    if trial.broken or trial.admitted or trial.closed:
        parts = [f"{_named(trial.broken)} no longer passes"] if len(trial.broken) == 1 else []
        parts += [f"{len(trial.broken)} others no longer pass: {_named(trial.broken)}"] if len(trial.broken) > 1 else []
        parts += ["other origins can no longer read responses: list those of your pages"] if trial.closed else []
        parts += (
            [f"these origins can now read responses too: {', '.join(trial.admitted[:_MOST_NAMED])}"]
            if trial.admitted
            else []
        )
        return f"Tried on your application: {request}{kept}, but {' and '.join(parts)}."
    verified = "Verified" if trial.passes else "Partly verified"
    strangers = (
        "unknown origins can read responses as before" if trial.open_before else "unknown origins are still refused"
    )
    return f"{verified} on your application: {request}{kept}, {strangers}."


def _named(probes: Sequence[Probe]) -> str:
    named = [f"{probe.method} {parse_url(probe.url).path} from {probe.origin}" for probe in probes[:_MOST_NAMED]]
    return ", ".join(named) + (f" and {len(probes) - _MOST_NAMED} more" if len(probes) > _MOST_NAMED else "")
