"""One ``[[check]]`` merged with its defaults: the matrix of its probes, and what it expects of each.

Probes are created on demand, so a policy with ten thousand probes holds only a few matrices in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from corscheck.model.values import DEFAULT_GATE, LONGEST_TIME, CheckRef, Probe
from corscheck.policy import checks_on_values
from corscheck.protocol.engines import ENGINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from corscheck.model.values import EngineName
    from corscheck.policy.checks_on_values import Limit
    from corscheck.policy.complaints import Complaints
    from corscheck.policy.model import Check, PolicySettings
    from corscheck.policy.toml_lines import Path
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Headers

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TEXT = "text/plain;charset=UTF-8"
"""The Content-Type that ``fetch()`` sets for a string body."""

_KEYS = (
    "origins", "methods", "headers", "credentials", "redirect", "send", "body", "complete", "engines", "expect",
    "because", "exposes", "hides", "max_age", "vary_origin", "preflight", "status", "mode", "upload_listener", "coep",
    "secure_context",
)  # fmt: skip
_OF_READABLE = ("exposes", "hides", "max_age", "vary_origin", "status")
"""Defaults that describe a readable response. Checks that expect another verdict do not inherit them."""

_OF_ANSWER = ("exposes", "hides", "vary_origin", "status")
"""Keys that need the response to the actual request, which a request that is held back does not have."""


class Wants(Struct, frozen=True):
    """The expectations of a check, which apply to each of its probes.

    ``inherited`` are the keys that come from defaults. An inherited expectation is skipped if it does not apply to a
    probe (no preflight, or the request is held back). Expectations of the check itself are never skipped.
    """

    expect: Verdict = "allowed"
    because: str | None = None
    exposes: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    max_age: Limit | None = None
    vary_origin: bool | None = None
    preflight: str | None = None
    status: int | None = None
    complete: bool = False
    inherited: frozenset[str] = frozenset()


class Matrix(Struct, frozen=True):
    """A check as the product of its URLs, origins and methods. The method varies fastest."""

    ref: CheckRef
    urls: tuple[str, ...]
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    common: Probe
    wants: Wants = field(default_factory=Wants)
    engines_by_default: bool = False

    def __len__(self) -> int:
        """The number of probes."""
        return len(self.urls) * len(self.origins) * len(self.methods)

    @property
    def grid(self) -> bool:
        """Whether each URL has more than one probe."""
        return len(self.origins) * len(self.methods) > 1

    def probe(self, number: int, index: int) -> Probe:
        """Build probe ``number`` of this matrix (from 0). ``index`` is its place in the whole run."""
        rest, method = divmod(number, len(self.methods))
        url, origin = divmod(rest, len(self.origins))
        common = self.common
        # Direct construction, because replace() looks up every field by name and this runs once per probe.
        return Probe(
            url=self.urls[url],
            origin=self.origins[origin],
            method=self.methods[method],
            headers=common.headers,
            credentials=common.credentials,
            redirect=common.redirect,
            mode=common.mode,
            upload_listener=common.upload_listener,
            coep=common.coep,
            secure_context=common.secure_context,
            body=common.body,
            engine=common.engine,
            gate=() if self.engines_by_default else common.gate,
            send=common.send,
            expected=common.expected,
            index=index,
            check=self.ref,
            via=common.via,
            secret_headers=common.secret_headers,
        )

    def probes(self, start: int = 0) -> Iterator[Probe]:
        """Yield all probes, with indexes from ``start``."""
        for number in range(len(self)):
            yield self.probe(number, start + number)


class Layer(Struct, frozen=True):
    """A table of settings and its path: a check, the defaults of an environment, or the defaults of the policy."""

    settings: PolicySettings
    path: Path
    raw: Any = None


class Resolver(Struct, frozen=True):
    """Builds the matrices of one policy's checks, and reports invalid combinations to ``complaints``."""

    defaults: Sequence[Layer]
    base: str | None
    via: str | None
    complaints: Complaints
    file: str

    def matrix(self, check: Check, path: Path, raw: Any, line: int) -> Matrix:
        """Build the matrix of a check. Call ``checks_on_values.check_settings`` for each layer first."""
        own = Layer(check, path, raw)
        found, where = self._merged(own)
        wants = self._wants(found, where, own)
        body = found.get("body")
        methods = tuple(dict.fromkeys(found.get("methods") or (("GET",) if body is None else ("POST",))))
        gate = tuple(dict.fromkeys(found.get("engines") or DEFAULT_GATE))
        origins = tuple(dict.fromkeys(found.get("origins") or ()))
        self._combinations(found, where, wants, methods, gate, path)
        headers, secret = self._headers(own)
        if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("Content-Type", TEXT))
        common = Probe(
            url="",
            origin="",
            headers=headers,
            credentials=found.get("credentials") or "same-origin",
            redirect=found.get("redirect") or "follow",
            mode=found.get("mode") or "cors",
            upload_listener=found.get("upload_listener") or False,
            coep=found.get("coep") or "unsafe-none",
            secure_context=found.get("secure_context") or False,
            body=None if body is None else body.encode("utf-8", "surrogatepass"),
            engine=gate[0],
            gate=gate,
            send=found.get("send") or "auto",
            expected=wants.expect,
            via=self.via,
            secret_headers=secret,
        )
        return Matrix(
            CheckRef(check.name, self.file, line),
            self._urls(check, path, wants),
            origins,
            methods,
            common,
            wants,
            engines_by_default=not found.get("engines"),
        )

    def _merged(self, own: Layer) -> tuple[dict[str, Any], dict[str, Path]]:
        """Return each key's value from the nearest layer that sets it, and the path of that value."""
        found: dict[str, Any] = {}
        where: dict[str, Path] = {}
        for layer in (*self.defaults, own):
            settings = layer.settings
            for key in _KEYS:
                value = getattr(settings, key)
                if value is not None:
                    found[key] = value
                    where[key] = (*layer.path, key.replace("_", "-"))
        because = own.settings.because
        own_verdict = own.settings.expect or (because and checks_on_values.verdict_of(because))
        # Defaults describe the common case. If the check sets its own verdict, it does not inherit what does not fit:
        # expectations of a readable response for another verdict, and a reason for "allowed".
        if own_verdict is not None:
            foreign = ("because",) if own_verdict == "allowed" else _OF_READABLE
            foreign = foreign if because is not None else (*foreign, "because")
            for key in foreign:
                if key in found and where[key][:-1] != own.path:
                    del found[key], where[key]
            if own.settings.expect is None:
                found.pop("expect", None)
        return found, where

    def _wants(self, found: dict[str, Any], where: dict[str, Path], own: Layer) -> Wants:
        because = found.get("because")
        expect = found.get("expect") or (checks_on_values.verdict_of(because) if because is not None else "allowed")
        if because is not None and checks_on_values.code_fault(because) is None:
            leads_to = checks_on_values.verdict_of(because)
            if expect != leads_to:
                message = f'{because} is a reason to be {leads_to}, and expect is "{expect}": take one of them out'
                self.complaints.add(where["because"], message)
        max_age = found.get("max_age")
        return Wants(
            expect=expect,
            because=because,
            exposes=tuple(name.lower() for name in found.get("exposes") or ()),
            hides=tuple(name.lower() for name in found.get("hides") or ()),
            max_age=None if max_age is None else checks_on_values.limit(max_age),
            vary_origin=found.get("vary_origin"),
            preflight=found.get("preflight"),
            status=found.get("status"),
            complete=found.get("complete") or False,
            inherited=frozenset(key for key in found if where.get(key, ())[:-1] != own.path),
        )

    def _combinations(
        self,
        found: dict[str, Any],
        where: dict[str, Path],
        wants: Wants,
        methods: tuple[str, ...],
        gate: tuple[EngineName, ...],
        path: Path,
    ) -> None:
        """Report values that contradict each other."""
        add = self.complaints.add
        tables = (path, *(layer.path for layer in self.defaults))
        if not found.get("origins") and not (
            any(self.complaints.about((*table, "origins")) for table in tables) or self.complaints.about(("defaults",))
        ):
            add(path, 'origins is missing, here and in [defaults]: origins = ["https://app.example.com"]')
        for key in ("exposes", "hides"):
            if key in found and wants.expect != "allowed":
                add(where[key], f"the page reads nothing where {wants.expect} is expected: take it out")
        send = found.get("send") or "auto"
        held = [m for m in methods if send == "never" or (send == "auto" and m.upper() not in SAFE_METHODS)]
        for key in _OF_ANSWER:
            if key in found and held and key not in wants.inherited:
                cure = "send" if send == "never" else 'methods, or add send = "always" if it may be sent'
                add(where[key], f'needs the answer, and {held[0]} is held back (send = "{send}"): change {cure}')
        if wants.complete and send == "never":
            add(where["complete"], 'send = "never" holds every request back: take one of them out')
        if wants.preflight == "none" and wants.max_age is not None and "max_age" not in wants.inherited:
            add(where["max_age"], 'without a preflight nothing is cached: take it or preflight = "none" out')
        if (
            found.get("body") is not None
            and wants.expect != "invalid"
            and {"GET", "HEAD"} & {m.upper() for m in methods}
        ):
            add(where["body"], 'GET and HEAD have no body: methods = ["POST"]')
        if wants.max_age is not None:
            name = min(gate, key=lambda name: ENGINES[name].rules.max_age_cap or LONGEST_TIME)
            cap = ENGINES[name].rules.max_age_cap
            if not wants.max_age.possible(cap):
                most = f"{name} caches a preflight for {cap} seconds at most" if cap is not None else "no number is"
                cure = f"; lower it, or name engines without {name}" if cap is not None and len(gate) > 1 else ""
                add(where["max_age"], f'"{wants.max_age}" can never hold: {most}{cure}')

    def _headers(self, own: Layer) -> tuple[Headers, frozenset[str]]:
        """Merge the headers of all layers; a nearer layer overrides headers of the same name.

        Return them with the lower-case names of those whose values contain variables.
        """
        headers: Headers = ()
        secret: frozenset[str] = frozenset()
        for layer in (*self.defaults, own):
            if layer.settings.headers is not None:
                pairs = checks_on_values.header_pairs(layer.settings.headers)
                names = {name.lower() for name, _ in pairs}
                headers = (*(h for h in headers if h[0].lower() not in names), *pairs)
                raw = layer.raw.get("headers") if isinstance(layer.raw, dict) else None
                secret = (secret - names) | checks_on_values.variable_headers(raw)
        return headers, secret

    def _urls(self, check: Check, path: Path, wants: Wants) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for index, text in enumerate(check.urls):
            url, fault = checks_on_values.target(text, self.base, anything=wants.expect == "invalid")
            needs_base = fault is not None and "base-url" in fault
            if fault is not None and not (needs_base and self.complaints.about(("base-url",))):
                at = (*path, "urls", index)
                self.complaints.add(at, f"{self.complaints.shown(at)} {fault}")
            found[url] = None
        return tuple(found)
