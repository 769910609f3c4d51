"""``--targets``: targets from a file, one URL or JSON probe object per line. Holds one line at a time.

The file is read twice: first to find all its errors before anything is sent, then to ask. Blank lines and lines that start
with ``#`` are skipped. A JSON Lines report is a list of targets too: only the URL of an audit counts, and lines that are
neither probe nor audit are skipped.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import nullcontext
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct

from corscheck.cli.ask.inputs import reason
from corscheck.model.bounded import lines_of
from corscheck.model.masking import hide_url, mask_lines, mask_url, show_host
from corscheck.model.page_origin import check_origin
from corscheck.model.result import Result
from corscheck.model.values import ConfigError
from corscheck.protocol.origin import URLError, is_loopback_host, parse_url
from corscheck.protocol.outcome import Verdict
from corscheck.protocol.request import CREDENTIALS_MODES, EMBEDDER_POLICIES, REDIRECT_MODES, REQUEST_MODES
from corscheck.report.saved.document import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from corscheck.cli.ask.inputs import Inputs
    from corscheck.protocol.request import Header, Headers

_SCHEME = re.compile(r"(?i:https?|wss?|ftp|file):|[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
_PATH = re.compile(r"/(?!/)|\.{1,2}/|[?#]")
_PORT = re.compile(r":\d{1,5}(?:[/?#]|$)")
_MOST_GUESSES = 5
_AROUND = "".join(map(chr, range(0x21)))
"""What the URL parser strips from both ends of a text (URL Standard, *C0 control or space*)."""

_PLAIN = re.compile(r"https?://[\x21-\x2b\x2d-\x7e]+")
"""A line that is a plain URL and needs no parsing. With a comma it may be a line of CSV."""

_ONE_PER_LINE = "write one URL or JSON probe object per line"
_NO_URL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\A\["), f"a JSON array: {_ONE_PER_LINE} (jq -c '.[]' does)"),
    (re.compile(r"\A<"), f"HTML or XML: {_ONE_PER_LINE}"),
    (re.compile(r"\A[\"']"), f"quoted: {_ONE_PER_LINE}, without quotes"),
    (
        re.compile(r"\A[^/?#]*,|\A[^,?#]*,\s{0,9}[a-z][a-z0-9+.-]{0,30}://", re.IGNORECASE),
        f"a line of CSV: {_ONE_PER_LINE}",
    ),
    (
        re.compile(
            r"\A(?:urls?|uris?|hosts?|hostnames?|domains?|targets?|endpoints?|links?|addresses|names?|origins?)$",
            re.IGNORECASE,
        ),
        f"a column's name rather than a URL: delete it, and {_ONE_PER_LINE}",
    ),
)
"""What is evidently not a list of URLs, by its line. No host name has a comma."""

_NO_ORIGIN = "has no origin, and --origin is missing"
_MOST_COMPLAINTS = 10

_CHOICES: dict[str, tuple[str, ...]] = {
    "credentials": CREDENTIALS_MODES,
    "redirect": REDIRECT_MODES,
    "mode": REQUEST_MODES,
    "coep": EMBEDDER_POLICIES,
    "expected": tuple(v for v in get_args(Verdict) if v != "inconclusive"),
}
_TEXTS = ("url", "origin", "method", "body", *_CHOICES)
_FLAGS = ("upload_listener", "secure_context")
_KNOWN = {*_TEXTS, *_FLAGS, "headers", *Result.__struct_fields__}
"""A saved probe's fields about its result are ignored; any other unknown field is an error."""


class TargetLine(Struct, frozen=True):
    """What one line asks for; None if the command line decides. ``guessed`` is the text that had no scheme.

    ``cookies`` and ``login`` are stored credentials and ``via`` another base URL to send to, as a curl command has them;
    ``secret_headers`` are lower-case names of headers whose values are masked.
    """

    url: str
    origin: str | None = None
    method: str | None = None
    headers: Headers | None = None
    credentials: Any = None
    redirect: Any = None
    mode: Any = None
    body: bytes | None = None
    expected: Any = None
    guessed: str | None = None
    cookies: str | None = None
    login: tuple[str, str] | None = None
    via: str | None = None
    secret_headers: frozenset[str] = frozenset()
    upload_listener: bool = False
    coep: Any = None
    secure_context: bool = False

    @property
    def bare(self) -> bool:
        """Whether the command line decides everything but the URL."""
        return _REST(self) == _NOTHING

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether it has an origin of its own, and whether it has a method."""
        return self.origin is not None, self.method is not None

    @property
    def plain(self) -> bool:
        """Whether the command line decides origin, expectation and modes."""
        own = (self.origin, self.expected, self.credentials, self.redirect, self.mode, self.coep)
        return own == (None,) * len(own) and not (self.upload_listener or self.secure_context)


_REST = attrgetter(*(name for name in TargetLine.__struct_fields__ if name not in ("url", "guessed")))
_BARE = TargetLine("")
_NOTHING = _REST(_BARE)


def with_scheme(text: str) -> str:
    """Return the URL without blanks around it; without a scheme, with http for this machine and https for any other.

    ``localhost:8000`` is a host with a port, not a scheme. ``http:h`` has one: browsers do without the slashes. ``:8000`` is
    a port of this machine. Raises ``ConfigError`` for a path alone.
    """
    text = text.strip(_AROUND)
    if _SCHEME.match(text):
        return text
    if _PATH.match(text):
        raise ConfigError(
            f"Invalid URL {mask_url(text)!r}: it has no host. Write the whole URL, e.g. http://localhost:8000/data, or name "
            "the application that has this path: --app main:app"
        )
    if _PORT.match(text):
        text = f"localhost{text}"
    text = text.removeprefix("//")
    try:
        return f"{'http' if is_loopback_host(parse_url(f'http://{text}').host) else 'https'}://{text}"
    except URLError:
        return f"https://{text}"


def with_query(url: str, query: str) -> str:
    """Return the URL with more of a query, as curl's -G appends data."""
    whole, hash_, fragment = url.partition("#")
    return f"{whole}{'&' if '?' in whole else '?'}{query}{hash_}{fragment}" if query else url


def guess(text: str) -> tuple[str, str | None]:
    """Return the URL, whose host is shown from now on, and the text if its scheme is guessed."""
    url = with_scheme(text)
    show_host(url)
    return url, text if url != text.strip(_AROUND) else None


def with_schemes(
    texts: Sequence[str], say: Callable[[str], None], form: str = "{} has no scheme: taken as {}"
) -> list[str]:
    """Return the URLs with their schemes. ``say`` prints each guess."""
    found = [guess(text) for text in texts]
    for url, _ in found:
        hide_url(url)
    say_guesses(((guessed, url) for url, guessed in found if guessed is not None), say, form)
    return [url for url, _ in found]


def say_guesses(
    guesses: Iterable[tuple[str, str]], say: Callable[[str], None], form: str = "{} has no scheme: taken as {}"
) -> None:
    """Say which URL each text without a scheme is taken for; of many, how many there are and the first one."""
    rest = iter(guesses)
    found = list(islice(rest, _MOST_GUESSES))
    more = sum(1 for _ in rest)
    if more:
        say(
            f"{len(found) + more} targets have no scheme: http is used for loopback hosts, https for all others. For example:"
        )
        found = found[:1]
    for text, url in found:
        say(form.format(mask_url(text), mask_url(url)))


class TargetFile:
    """A list of targets in a file, or in standard input (which is spooled, since it is read twice).

    After ``check``, ``uniform`` says that every line leaves origin, expectation and modes to the command line, ``guessed``
    that one has no scheme, and ``kinds`` how many have (an origin, a method) of their own.
    """

    def __init__(self, path: str, inputs: Inputs, *, in_process: bool = False) -> None:
        self.path = path
        self._in_process = in_process
        self.uniform = True
        self.guessed = False
        self.kinds: Counter[tuple[bool, bool]] = Counter()
        inputs.note(("--targets", path))
        self._spool = inputs.spool_stdin("--targets") if path == "-" else None

    def check(self, needs_origin: bool) -> int:
        """Count the targets. Raises ``ConfigError`` with all errors, each with file and line."""
        complaints: list[str] = []
        for number, line in self._lines():
            try:
                target = _BARE if _PLAIN.fullmatch(line) else self._parsed(line)
            except ConfigError as error:
                complaints.append(f"{self._at(number)}: {error}")
                continue
            if target is not None:
                self.uniform = self.uniform and target.plain
                self.guessed = self.guessed or target.guessed is not None
                self.kinds[target.kind] += 1
                if needs_origin and target.origin is None:
                    complaints.append(f"{self._at(number)}: {_NO_ORIGIN}")
        if complaints:
            more = len(complaints) - _MOST_COMPLAINTS
            shown = complaints[:_MOST_COMPLAINTS] + ([f"and {more} more"] if more > 0 else [])
            raise ConfigError("\n".join(shown))
        return self.kinds.total()

    def _at(self, number: int) -> str:
        return f"{'<stdin>' if self._spool is not None else self.path}, line {number}"

    def __iter__(self) -> Iterator[TargetLine]:
        for _, target in self.numbered():
            yield target

    def numbered(self) -> Iterator[tuple[int, TargetLine]]:
        """Yield each target with its line number."""
        for number, line in self._lines():
            target = TargetLine(line) if _PLAIN.fullmatch(line) else self._parsed(line)
            if target is not None:
                yield number, target

    def _parsed(self, line: str) -> TargetLine | None:
        if not self._in_process:
            return parse(line)
        from corscheck.sources.app.address import absolute

        return parse(absolute(line))

    def _text(self, raw: bytes, number: int) -> str:
        if number == 1 and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ConfigError(f"{self._at(number)}: this is UTF-16. Save the file as UTF-8.")
        if b"\0" in raw:
            what = f"{self._at(number)}: contains a NUL byte, so this is not UTF-8 text"
            raise ConfigError(f"{what}. Write one URL or JSON probe object a line")
        return raw.decode("utf-8", "surrogateescape").strip()

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number, without comments and empty lines."""
        try:
            if self._spool is not None:
                self._spool.seek(0)
            with nullcontext(self._spool) if self._spool is not None else open(self.path, "rb") as file:  # noqa: PTH123
                for number, raw in enumerate(lines_of(file, f"--targets {self.path}"), 1):
                    line = self._text(raw, number)
                    if number == 1:
                        line = line.removeprefix("\ufeff")
                    if line and not line.startswith("#"):
                        yield number, line
        except ConfigError:
            raise
        except (OSError, ValueError) as error:
            raise ConfigError(f"--targets: cannot read {self.path}: {reason(error)}") from None


def parse(line: str) -> TargetLine | None:
    """Parse one line; None for the head and the summary of a JSON Lines report. Raises ``ConfigError``."""
    if not line.startswith("{"):
        other = next((what for shape, what in _NO_URL if shape.match(line)), None)
        if other is not None:
            raise ConfigError(f"{mask_lines(line[:60])!r} is {other}")
        if re.search(r"\s", line):
            raise ConfigError(f"{mask_lines(line)!r} is not a URL: write one per line, without blanks")
        url, guessed = guess(line)
        return TargetLine(url, guessed=guessed)
    import json

    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not a JSON object: {error}") from None
    if "url" not in found and found.keys() & {"schema_version", "summary"}:
        return None
    # Of an audit only the target is of use to a probe.
    return _target({"url": found.get("url")} if kind_of(found) == "audit" else found)


def _target(found: dict[str, Any]) -> TargetLine:
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise ConfigError(f"unknown field {unknown[0]!r}; there are {', '.join(sorted({*_TEXTS, *_FLAGS, 'headers'}))}")
    if isinstance(found.get("body"), int):
        raise ConfigError("body is a length here: a report does not keep the body itself; write its text")
    for name in _TEXTS:
        if found.get(name) is not None and not isinstance(found[name], str):
            raise ConfigError(f"{name} must be a text")
    for name in _FLAGS:
        if not isinstance(found.get(name, False), bool):
            raise ConfigError(f"{name} must be true or false")
    if not found.get("url"):
        raise ConfigError("url is missing")
    for name, choices in _CHOICES.items():
        if found.get(name) is not None and found[name] not in choices:
            raise ConfigError(f"{name} is {found[name]!r}, not one of {', '.join(choices)}")
    url, guessed = guess(found["url"])
    body, headers = found.get("body"), found.get("headers")
    own: dict[str, Any] = {name: found.get(name) for name in ("method", *_CHOICES)}
    return TargetLine(
        url=url,
        origin=check_origin(found["origin"], "origin") if found.get("origin") is not None else None,
        headers=_headers(headers) if headers is not None else None,
        body=body.encode("utf-8", "surrogatepass") if body is not None else None,
        **own,
        **{name: found.get(name, False) for name in _FLAGS},
        guessed=guessed,
    )


def _headers(found: Any) -> Headers:
    """Parse headers: a list of pairs, or an object of names and values."""
    pairs = list(found.items()) if isinstance(found, dict) else found
    if not isinstance(pairs, list):
        raise ConfigError('headers must be pairs, [["X-A", "1"]], or an object, {"X-A": "1"}')
    out: list[Header] = []
    for pair in pairs:
        if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(p, str) for p in pair)):
            raise ConfigError('headers: expected pairs of a name and a value, both strings: write ["X-A", "1"]')
        out.append((pair[0], pair[1]))
    return tuple(out)
