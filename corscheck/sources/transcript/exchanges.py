"""What curl sent and what came back, by its transcript.

``-v`` shows requests. ``-i``, ``-I`` and ``-D -`` show answers alone: then the command must stand before them, and the
request is what curl makes of it. A redirect that curl followed continues the exchange before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from corscheck.protocol.headers import get
from corscheck.protocol.origin import URLError, parse_url
from corscheck.sources import curl, pasted
from corscheck.sources.curlurls import judged_url
from corscheck.sources.found import SourceError
from corscheck.sources.transcript.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.protocol.request import Header, Headers
    from corscheck.sources.curl import SentRequest
    from corscheck.sources.transcript.lines import Line

_REQUEST = re.compile(r"([!#$%&'*+.^`|~\w-]+) (\S+) HTTP/(\d(?:\.\d)?)")
_STATUS = re.compile(r"HTTP/(\d(?:\.\d)?) (\d{3})(?: (.*))?")
_GLUED_STATUS = re.compile(r".+?(HTTP/\d(?:\.\d)? \d{3}(?: [\w '-]*)?)$")
_HEADER = re.compile(r"([!#$%&'*+.^`|~\w-]+):(.*)")
_FAILED = re.compile(r"curl: \((\d+)\) (.*)")
_COMMAND = re.compile(rf"(?:.*?[$%#>❯➜✗λ»][ \t]*)?(?={pasted.COMMAND.pattern})(.*)", re.IGNORECASE)
_URL = re.compile(r"(?:Issue another request to this URL: '|OPENED stream for )(https?://[^\s']+)")
_CONNECTED = re.compile(r"(?:Connected|Established connection) to \S+ \(\S+ port (\d+)")
_TLS = re.compile(r"SSL connection using|TLSv1|ALPN[:,]|schannel|SSL certificate|:scheme: https")
_NEW_CONNECTION = re.compile(r"Trying |was found in DNS cache")
_LOGIN = re.compile(r"Server auth using \w+ with user")
_LOOPBACK = re.compile(r"(?:localhost|[\w.-]+\.localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)(?::\d+)?", re.IGNORECASE)
_LONGEST_COMMAND = 400
_REDIRECTS = (301, 302, 303, 307, 308)


class CurlExchange(Struct, frozen=True):
    """One request of curl and its answer; ``status`` 0: there is none, and ``failure`` is curl's number and message.

    ``line`` is where the request stands, or the answer if the request is not shown. ``redirected``: curl followed a
    redirect of the exchange before. ``login``: -u gave the Authorization header, which a browser adds by itself.
    """

    line: int
    method: str
    url: str
    headers: Headers
    status: int = 0
    reason: str = ""
    http_version: str = "HTTP/1.1"
    answer: Headers = ()
    failure: tuple[int, str] | None = None
    redirected: bool = False
    login: bool = False


class Transcript(Struct):
    """The exchanges of a text in order, and sentences about what cannot be judged or was assumed."""

    exchanges: list[CurlExchange] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse(text: str, variables: Mapping[str, str]) -> Transcript:
    """Parse a transcript. Never raises: what cannot be read is a fault of the transcript."""
    reader = _Reader(variables)
    rows = list(lines_of(text))
    at = 0
    while at < len(rows):
        at += reader.take(rows, at)
    reader.end_command()
    return reader.transcript


class _Draft(Struct):
    """An exchange as far as it is read."""

    line: int
    method: str = ""
    url: str = ""
    sent: list[Header] = field(default_factory=list)
    target: str = ""
    scheme: str | None = None
    port: str | None = None
    login: bool = False
    status: int = 0
    reason: str = ""
    version: str = "1.1"
    answer: list[Header] = field(default_factory=list)
    failure: tuple[int, str] | None = None
    redirected: bool = False


class _Reader:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self.transcript = Transcript()
        self._variables = variables
        self._drafts: list[_Draft] = []
        self._requests: list[SentRequest] = []
        self._unread: str | None = None
        self._answers = 0
        # Whether the requests are shown, and whether the answers have the marks of -v (-i repeats them without).
        self._shown = self._marked = self._faulty = False
        self._head = ""
        self._url: str | None = None
        self._tls = False
        self._port: str | None = None
        self._login = False

    # ------------------------------------------------------------------ lines

    def take(self, rows: list[Line], at: int) -> int:
        """Read the row at an index. Return how many rows were read."""
        row = rows[at]
        match row.mark:
            case ">":
                if command := self._command(rows, at):
                    return command
                self._sent(row)
            case "<":
                self._received(row)
            case "*":
                self._information(row.text)
            case "":
                return self._unmarked(rows, at)
        return 1

    def _sent(self, row: Line) -> None:
        if found := _REQUEST.fullmatch(row.text):
            self._head = ">"
            scheme = "https" if self._tls or self._port == "443" else "http" if self._port is not None else None
            draft = _Draft(row.number, found[1], self._url or "", target=found[2], scheme=scheme, port=self._port)
            draft.version, draft.login = found[3], self._login
            self._url, self._login = None, False
            self._drafts.append(draft)
            self._shown = True
        elif self._head == ">" and row.text:
            _add(self._drafts[-1].sent, row.text)
        elif not row.text:
            self._head = ""

    def _received(self, row: Line) -> None:
        if status := _STATUS.fullmatch(row.text):
            if not self._shown and (not self._drafts or self._drafts[-1].status >= 200):
                self._begin(row.number)
            self._status(status, "<")
            self._marked = True
        elif self._head == "<" and row.text:
            _add(self._drafts[-1].answer, row.text)
        elif row.text and not self._drafts:
            self._fault(
                f"line {row.number}: a response without its status line: paste the whole output, not what grep finds"
            )
        elif not row.text:
            self._head = ""

    def _fault(self, said: str) -> None:
        """Keep a fault, of several in one command the first."""
        if not self._faulty:
            self.transcript.faults.append(said)
        self._faulty = True

    def _status(self, status: re.Match[str], mark: str) -> None:
        """Begin the head of an answer: of the last exchange that has none but interim ones."""
        if not self._drafts:
            return
        self._head = mark
        draft = self._drafts[-1]
        draft.version, draft.status, draft.reason = status[1], int(status[2]), (status[3] or "").strip()
        draft.answer = []
        if draft.reason.lower() == "connection established" and mark == "i":
            draft.status = 100  # of the proxy, before the server's own

    def _information(self, text: str) -> None:
        if _NEW_CONNECTION.search(text):
            self._tls, self._port = False, None
        if connected := _CONNECTED.match(text):
            self._port = connected[1]
        if _TLS.search(text):
            self._tls = True
        if url := _URL.search(text):
            self._url = url[1]
        if _LOGIN.search(text):
            self._login = True

    def _unmarked(self, rows: list[Line], at: int) -> int:
        text = rows[at].text
        if command := self._command(rows, at):
            return command
        if failed := _FAILED.search(text):
            self._failed(rows[at].number, int(failed[1]), failed[2])
        elif self._head == "i" and (_HEADER.fullmatch(text) or not text or text.startswith("```")):
            if _HEADER.fullmatch(text):
                _add(self._drafts[-1].answer, text)
            else:
                self._head = ""
        elif not (self._shown or self._marked) and (status := self._unmarked_status(rows, at)):
            if not self._drafts or self._drafts[-1].status >= 200:
                self._begin(rows[at].number)
            self._status(status, "i")
        return 1

    def _unmarked_status(self, rows: list[Line], at: int) -> re.Match[str] | None:
        """Match the status line of ``-i``, which may follow a body on its line."""
        text = rows[at].text
        if status := _STATUS.fullmatch(text):
            return status
        glued = _GLUED_STATUS.match(text)
        if glued is None or at + 1 >= len(rows) or not _HEADER.fullmatch(rows[at + 1].text):
            return None
        return _STATUS.fullmatch(glued[1].strip())

    # ------------------------------------------------------------------ commands

    def _command(self, rows: list[Line], at: int) -> int:
        """Read a command line. Return how many rows it has, 0 if there is none."""
        row = rows[at]
        if self._head == ">" and _HEADER.match(row.text):
            return 0
        found = _COMMAND.match(row.text)
        if found is None:
            return 0
        text, count = found[1], 1
        while at + count < len(rows) and count < _LONGEST_COMMAND and _goes_on(text):
            more = rows[at + count]
            text += "\n" + (f"{more.mark} " if more.mark not in ("", ">") else "") + more.text
            count += 1
        if _goes_on(text):
            text, count = found[1], 1
        self.end_command()
        try:
            self._requests = list(curl.sent(text.replace("^\n", "\\\n"), lambda _: b"", self._variables))
        except SourceError as error:
            self._unread = f"line {row.number}: the command cannot be read: {str(error).partition(': ')[2]}"
        return count

    def _failed(self, number: int, code: int, message: str) -> None:
        if not self._drafts or self._drafts[-1].status:
            self._begin(number, f"curl: ({code}) {message}")
        if self._drafts and not self._drafts[-1].status:
            self._drafts[-1].failure = (code, message)

    def _begin(self, number: int, what: str = "a response") -> None:
        """Begin an exchange whose request is not shown: the next one of the command."""
        before = self._drafts[-1] if self._drafts else None
        if not self._requests:
            said = self._unread or (
                f"line {number}: {what} without its request: paste the command line before it, or the output of curl -v"
            )
            self._fault(said)
            return
        last = len(self._requests) - 1
        request = self._requests[min(self._answers, last)]
        if before is not None and request.follows and before.status in _REDIRECTS:
            asked = self._requests[min(self._answers - 1, last)]
            following = _followed(before, number, keeps_method=asked.keeps_method)
            if following is not None:
                self._drafts.append(following)
                return
        self._answers += 1
        login = request.login is not None
        url = judged_url(request.url, get(request.headers, "host"))[0]
        self._drafts.append(_Draft(number, request.method, url, list(request.headers), login=login))

    def end_command(self) -> None:
        """Turn what was read since the last command into exchanges."""
        before: CurlExchange | None = None
        for draft in self._drafts:
            if draft.method == "CONNECT" or (draft.status == 0 and draft.failure is None and draft.target == ""):
                continue
            url = draft.url if not draft.target else self._url_of(draft)
            if url is None:
                self.transcript.faults.append(f"line {draft.line}: the request has no Host header: its URL is unknown")
                continue
            made = CurlExchange(
                line=draft.line,
                method=draft.method,
                url=url,
                headers=tuple(draft.sent),
                status=draft.status if draft.status >= 200 or draft.status == 101 else 0,
                reason=draft.reason,
                http_version=f"HTTP/{draft.version}",
                answer=tuple(draft.answer),
                failure=draft.failure,
                redirected=draft.redirected,
                login=draft.login,
            )
            if before is not None and draft.target:
                made = replace(made, redirected=_is_redirected(before, made))
            before = made
            self.transcript.exchanges.append(made)
        self._drafts, self._requests, self._unread, self._answers = [], [], None, 0
        self._shown = self._marked = self._login = self._tls = self._faulty = False
        self._head, self._url, self._port = "", None, None

    def _url_of(self, draft: _Draft) -> str | None:
        """Return the URL of a request line: by curl's own words, by the command, by the connection, or by its port."""
        if "://" in draft.target:
            return draft.target
        host = get(tuple(draft.sent), "host")
        if host is None:
            return None
        known = [draft.url, *(judged_url(r.url, get(r.headers, "host"))[0] for r in self._requests)]
        for url in known:
            if _is_at(url, host, draft.target):
                return url.partition("#")[0]
        schemes = dict(there for there in map(_address, reversed(known)) if there is not None)
        scheme = draft.scheme or schemes.get(host.lower())
        if scheme is None:
            local = _LOOPBACK.fullmatch(host) or (re.search(r":\d+$", host) and not host.endswith("443"))
            scheme = "http" if local else "https"
            self.transcript.notes.append(f"line {draft.line}: nothing says http or https: taken as {scheme}://{host}")
        return f"{scheme}://{host}{draft.target if draft.target != '*' else '/'}"


def _add(to: list[Header], text: str) -> None:
    if found := _HEADER.fullmatch(text):
        value = found[2].strip()
        # Terminals decode what curl prints: back to one character per byte.
        to.append((found[1], value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("latin-1")))


def _goes_on(command: str) -> bool:
    """Whether a command goes on in the next line: after a backslash (cmd.exe: a caret), or within quotes."""
    if re.search(r"(?:\\|[ \t]\^)$", command):
        return True
    return re.search(r"['\"]", re.sub(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", command, flags=re.DOTALL)) is not None


def _target_of(url: str, location: str) -> str | None:
    try:
        return parse_url(location, url).href
    except URLError:
        return None


def _followed(before: _Draft, number: int, *, keeps_method: bool) -> _Draft | None:
    """Return the request that curl makes of a redirect, None if the answer has no target."""
    location = get(tuple(before.answer), "location")
    url = _target_of(before.url, location) if location is not None else None
    if url is None:
        return None
    method, sent = before.method, before.sent
    if method == "POST" and before.status in (301, 302, 303) and not keeps_method:
        method, sent = "GET", [h for h in sent if h[0].lower() not in ("content-type", "content-length")]
    if parse_url(url).origin != parse_url(before.url).origin:
        sent = [h for h in sent if h[0].lower() not in ("authorization", "cookie")]
    return _Draft(number, method, url, sent, login=before.login, redirected=True)


def _is_redirected(before: CurlExchange, made: CurlExchange) -> bool:
    location = get(before.answer, "location")
    if before.status not in _REDIRECTS or location is None:
        return False
    target = _target_of(before.url, location)
    return target is not None and target.partition("#")[0] == _target_of(made.url, made.url)


def _is_at(url: str, host: str, target: str) -> bool:
    there = _address(url)
    return there is not None and there[0] == host.lower() and url.partition("#")[0].endswith(target)


def _address(url: str) -> tuple[str, str] | None:
    """Return the host with its port, and the scheme of a URL."""
    try:
        parsed = parse_url(url)
    except URLError:
        return None
    return parsed.origin.partition("://")[2], parsed.scheme
