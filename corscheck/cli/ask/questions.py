"""Makes probes from the options of ``probe``: one for each combination of URL, origin and method."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from corscheck.cli.ask import inputs as read
from corscheck.cli.ask import mistaken
from corscheck.cli.ask.targets import TargetFile, TargetLine, guess, say_guesses, with_query, with_scheme
from corscheck.cli.retyped import retyped
from corscheck.model.masking import hide_url, mask_login, mask_url
from corscheck.model.page_origin import check_origin
from corscheck.model.values import DEFAULT_GATE, ENGINE_NAMES, ConfigError, Probe
from corscheck.protocol.headers import get
from corscheck.protocol.origin import OPAQUE, URLError, is_potentially_trustworthy, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.arguments import ProbeArguments
    from corscheck.model.values import EngineName
    from corscheck.protocol.outcome import Verdict
    from corscheck.protocol.request import Credentials, Headers
    from corscheck.runner.recorded import Terms

_OVERRIDES = ("credentials", "redirect", "mode", "coep", "expected", "cookies", "via")
"""Fields of a target that replace those of the command line."""

_BROWSERS: dict[str, EngineName] = {
    "safari": "webkit", "chrome": "chromium", "edge": "chromium", "blink": "chromium", "gecko": "firefox",
}  # fmt: skip
"""By the name of a browser, its engine."""

_Asked = TypeVar("_Asked", "Probe", "AuditPlan")


class Question(Struct, Generic[_Asked], frozen=True, kw_only=True):
    """What a command asks: an iterable of probes or audit plans, which can be iterated again.

    ``shard`` says which part is asked: (2, 5) is every fifth one from the second on. ``total`` is the number of them,
    and the first ``done`` of them are not asked again. ``file`` holds targets, behind those of the command line.
    """

    file: TargetFile | None
    total: int
    done: int = 0
    shard: tuple[int, int] = (1, 1)

    @property
    def single(self) -> bool:
        """Whether there is only one probe or plan."""
        return self.total == 1

    @property
    def left(self) -> int:
        """How many are still to be asked."""
        return self.total - self.done

    def part(self, text: str | None) -> Self:
        """Return the shard of ``--shard``, e.g. ``2/5``; all without it. Raises ``ConfigError`` if nothing is in it."""
        if text is None:
            return self
        from corscheck.policy.select import Shard

        shard = Shard(text)
        count = shard.count(self.total)
        if not count:
            raise ConfigError(f"--shard {text}: this shard is empty, because there are fewer targets than shards")
        return replace(self, shard=(shard.number, shard.of), total=count)

    def __iter__(self) -> Iterator[_Asked]:
        number, of = self.shard
        return islice(self.unsharded(), number - 1 + self.done * of, None, of)

    @abstractmethod
    def unsharded(self) -> Iterator[_Asked]:
        """Yield all of them, in order."""


class ProbeQuestion(Question[Probe], frozen=True, kw_only=True):
    """The probes of a run: what they share, and what they are multiplied from."""

    targets: Sequence[TargetLine]
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    common: Probe
    engines_by_default: bool = False
    because: str | None = None

    @property
    def grid(self) -> bool:
        """Whether URLs are asked from several origins or with several methods, unsharded."""
        return len(self.origins) * len(self.methods) > 1 and self.shard == (1, 1)

    @property
    def uniform(self) -> bool:
        """Whether all probes share origin, expectation and modes."""
        plain = all(target.plain for target in self.targets)
        return len(self.origins) == 1 and plain and (self.file is None or self.file.uniform)

    def count(self) -> int:
        """Return how many probes there are, by the counts of ``file.check``."""
        kinds = Counter(target.kind for target in self.targets)
        if self.file is not None:
            kinds += self.file.kinds
        origins, methods = len(self.origins), len(self.methods)
        return sum(
            times * (1 if own_origin else origins) * (1 if own_method else methods)
            for (own_origin, own_method), times in kinds.items()
        )

    def unsharded(self) -> Iterator[Probe]:
        """Yield every probe: by URL, then origin, then method."""
        index = 0
        for target in self._all():
            for origin in (target.origin,) if target.origin is not None else self.origins:
                for method in (target.method,) if target.method is not None else self.methods:
                    yield self._probe(target, origin, method, index)
                    index += 1

    def _all(self) -> Iterator[TargetLine]:
        yield from self.targets
        if self.file is not None:
            yield from self.file

    def _probe(self, target: TargetLine, origin: str, method: str, index: int) -> Probe:
        common = self.common
        gate = () if self.engines_by_default else common.gate
        if target.bare:
            return replace(common, url=target.url, origin=origin, method=method, index=index, gate=gate)
        own_body = target.body is not None
        return replace(
            common,
            url=target.url,
            origin=origin,
            method=method,
            headers=_merged(common.headers, target.headers),
            body=target.body if own_body else common.body,
            # A body from a file was not typed here: it does not count as asking to send it.
            body_asked=common.body_asked and not own_body,
            index=index,
            gate=gate,
            user=target.login[0] if target.login is not None else common.user,
            password=target.login[1] if target.login is not None else common.password,
            secret_headers=target.secret_headers,
            upload_listener=target.upload_listener or common.upload_listener,
            secure_context=target.secure_context or common.secure_context,
            **{name: getattr(target, name) or getattr(common, name) for name in _OVERRIDES},
        )


def _merged(common: Headers, own: Headers | None) -> Headers:
    """Replace headers of the command line by a target's own headers with the same name."""
    if own is None:
        return common
    names = {name.lower() for name, _ in own}
    return (*(h for h in common if h[0].lower() not in names), *own)


def question(typed: ProbeArguments, inputs: read.Inputs, say: Callable[[str], None]) -> ProbeQuestion:
    """Make the question. ``inputs`` must live as long as it; ``say`` prints which schemes were guessed."""
    mistaken.check_words(typed.urls)
    for text in typed.urls:
        with_scheme(text)  # a path without a host is the first thing to mend
    user, password = read.login(typed.user)
    headers = read.headers(typed.headers, inputs)
    typed, headers = mistaken.without_browsers_headers(typed, headers, say)
    _demand(typed)
    mistaken.check_methods(typed.methods)
    origins = tuple(dict.fromkeys(check_origin(o) for o in typed.origins))
    body, headers = _body(typed, headers, inputs)
    query, body = (body, None) if typed.in_query else (None, body)
    if typed.head and body is not None:
        raise ConfigError(
            "-I and -d exclude each other: a HEAD request has no body. With -G, the data goes into the URL"
        )
    by_default = "HEAD" if typed.head else "GET" if body is None else "POST"
    methods = tuple(dict.fromkeys(typed.methods)) or (by_default,)
    cookies = read.cookies(typed.cookies)
    credentials, because = _credentials(typed)
    targets: list[TargetLine] = []
    for text in typed.urls:
        url, guessed = guess(text if query is None else with_query(text, query.decode("utf-8", "surrogateescape")))
        hide_url(url)
        targets.append(TargetLine(url, guessed=guessed))
    targets += typed.found
    file = TargetFile(typed.targets, inputs, in_process=typed.app is not None) if typed.targets is not None else None
    gate = gate_of(typed.engines)
    common = Probe(
        url="",
        origin="",
        headers=headers,
        credentials=credentials,
        redirect=typed.redirect,
        mode=typed.mode,
        upload_listener=typed.upload_listener,
        coep=typed.coep,
        secure_context=typed.secure_context,
        body=body,
        body_asked=body is not None,
        engine=gate[0],
        gate=gate,
        send=typed.send,
        expected=typed.expect or "allowed",
        user=user,
        password=password,
        cookies=cookies,
        via=via_base(typed.via),
    )
    listed = file.check(needs_origin=not origins) if file is not None else 0
    if not targets and not listed:
        raise ConfigError(
            f"{typed.targets}: it contains nothing to test: write one URL or one JSON probe object per line"
        )
    made = ProbeQuestion(
        targets=targets,
        file=file,
        origins=origins,
        methods=methods,
        common=common,
        total=0,
        because=because,
        engines_by_default=not typed.engines,
    )
    total = made.count()
    _note_page_options(typed, origins, say)
    asked = made._all() if file is None or file.guessed else targets
    say_guesses(((target.guessed, target.url) for target in asked if target.guessed is not None), say)
    return replace(made, total=total)


def _note_page_options(typed: ProbeArguments, origins: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Say which options about the page play no part in what was typed."""
    if typed.targets is not None or not origins:
        return
    if typed.secure_context and "null" not in origins:
        say("--secure-context is ignored: it is about pages of --origin null")
    if typed.coep != "unsafe-none" and typed.mode != "no-cors":
        say(f"--coep {typed.coep} is ignored: it decides in --mode no-cors only")
    elif typed.coep != "unsafe-none" and not any(_is_secure(origin, typed.secure_context) for origin in origins):
        say(
            f"--coep {typed.coep} is ignored: only pages of a secure context (https, localhost) have an embedder policy"
        )


def _is_secure(origin: str, secure_context: bool) -> bool:
    return secure_context if origin == OPAQUE else is_potentially_trustworthy(parse_url(origin))


def _demand(typed: ProbeArguments) -> None:
    """Raise ``ConfigError``, with an example, unless there are a URL and an origin."""
    if not typed.urls and typed.targets is None and not typed.found:
        raise ConfigError(
            "nothing to test: name a URL, a file of URLs with --targets, or an application with --app. For example:\n"
            "  corscheck probe https://api.example.com/data --origin https://app.example.com"
        )
    lacking = [target.url for target in typed.found if target.origin is None]
    if typed.origins or (not typed.urls and not lacking):
        return
    example = ("--origin", "https://app.example.com")
    if lacking:
        line = f"corscheck probe {mask_url(lacking[0])} {' '.join(example)}"
    else:
        line = retyped({}, command="probe", more=example)
    raise ConfigError(
        f"--origin is missing: the origin of the page that sends the request. For example:\n  {line}{_page_among(typed.urls)}"
    )


def _page_among(urls: Sequence[str]) -> str:
    """Return a line for somebody who typed the page's URL and the API's, as far as this can be the case."""
    if len(urls) != 2:
        return ""
    try:
        first, second = (parse_url(guess(url)[0]) for url in urls)
    except URLError:
        return ""
    # The page is more often the one without a path, and the second one.
    page, typed = (first, urls[0]) if len(first.path) < len(second.path) else (second, urls[1])
    line = retyped({typed: ()}, command="probe", more=("--origin", page.origin))
    return f"\nOr, if {mask_url(typed)} is the page:\n  {line}"


def _body(typed: ProbeArguments, headers: Headers, inputs: read.Inputs) -> tuple[bytes | None, Headers]:
    """Return the body, and the headers with the Content-Type that ``fetch()`` adds unless ``-H`` sets one."""
    if typed.has_data and typed.form:
        raise ConfigError("-d and -F exclude each other: a body is either text or a form")
    if typed.has_data:
        body = read.data(typed.data, inputs, typed.raw, typed.binary, typed.urlencode)
        # fetch() sets these for a string, and for URLSearchParams.
        content_type = read.URLENCODED if typed.urlencode else read.TEXT
    elif typed.form:
        from corscheck.cli.ask.multipart import form

        body, content_type = form(typed.form, inputs)
    else:
        return None, headers
    if typed.in_query or get(headers, "content-type") is not None:
        return body, headers
    return body, (*headers, ("Content-Type", content_type))


def gate_of(names: Sequence[str]) -> tuple[EngineName, ...]:
    """Return the engines that must agree; the first of them drives."""
    engines = [_BROWSERS.get(name.lower(), name) for name in names]
    for name in engines:
        if name not in ENGINE_NAMES:
            raise ConfigError(
                f"--engine {name!r} is not one of {', '.join(ENGINE_NAMES)}. Safari is webkit; Chrome, Edge, Opera and Brave "
                "are chromium"
            )
    return tuple(known for name in dict.fromkeys(engines) for known in ENGINE_NAMES if known == name) or DEFAULT_GATE


def terms_of(
    engine: Sequence[str], credentials: Credentials | None, expect: Verdict | None, *, show_secrets: bool
) -> Terms:
    """Return how a recording is judged, from the options that its commands share."""
    from corscheck.runner.recorded import Terms

    gate = gate_of(engine) if engine else ()
    return Terms(
        engine=gate[0] if gate else None,
        gate=gate,
        credentials=credentials,
        expected=expect or "allowed",
        show_secrets=show_secrets,
    )


def _credentials(typed: ProbeArguments) -> tuple[Credentials, str | None]:
    """Return the credentials mode, and why it differs from the default if it was not typed."""
    if typed.credentials is not None:
        return typed.credentials, None
    if typed.because is not None:
        return "same-origin", typed.because
    given = [option for option, value in (("-b", typed.cookies), ("-u", typed.user)) if value]
    if given:
        return "include", f"implied by {' and '.join(given)}"
    return "same-origin", None


def via_base(base: str | None) -> str | None:
    """Return the origin that ``--via`` names. Raises ``ConfigError`` for an invalid base URL."""
    if base is None:
        return None
    from corscheck.model.base_url import base_origin

    origin = base_origin(base)
    if origin is None:
        raise ConfigError(f"--via {mask_login(base)!r} is not a base URL: scheme, host and port, like http://api:8000")
    return origin
