"""What stands around a pasted request: shell prompts, Markdown, line prefixes. And requests of other tools, by name.

Everything around a request is overwritten with blanks, so that offsets keep naming the place in the text.
"""

from __future__ import annotations

import re

from msgspec import Struct

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_CODE_SPAN = re.compile(r"`+[ \t]*((?:curl|fetch\()[^`\n]*)`+")
_WRAPPED = r"(?:(?:sudo|time|env|command|exec)(?:[ \t]+-\S+)*[ \t]+|[A-Za-z_]\w*=\S*[ \t]+)*"
_COMMAND = _WRAPPED + r"(?:[\w./\\:~-]*[/\\])?curl(?:\.exe)?(?=[ \t\r\n]|$)"
COMMAND = re.compile(_COMMAND, re.IGNORECASE)
"""A curl command with what may stand before its name."""

_PROMPT = re.compile(
    rf"""^(?P<prompt>[ \t]*
      (?: (?:\([\w. -]+\)[ \t]*)?  # a virtual environment
          (?: PS[ \t]+[^>\n]*> | [A-Za-z]:\\[^>\n]*> | [\w.-]+@[\w.-]+[^$\#%>❯\n'"]{{0,120}}[$\#%>❯]
            | \[[^\]\n]{{1,120}}\][$\#%>] | (?:ba|z|da)?sh[-\d.]*[$\#] | [~/][^\s'"]*[ ][$\#%>❯]
            | [➜→λ»][ \t]+[^\n'"]*?(?:[✗✔❯][ \t]*)? | [$%>\#❯➜→λ»✗]{{1,2}} )
      )[ \t]*)(?={_COMMAND})""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_CONTINUATION = re.compile(r"[ \t]*(?:quote|dquote|cmdand|cmdor|pipe)?>[ \t]")
_PLAIN = re.compile(rf"^[ \t]*{_COMMAND}", re.MULTILINE | re.IGNORECASE)
_CALL = re.compile(r"^[ \t]*(?:(?:const|let|var)[ \t]+\w+[ \t]*=[ \t]*)?(?:await[ \t]+)?fetch\(", re.MULTILINE)


def clean(text: str) -> str:
    """Return the text with blanks in place of Markdown fences, code spans and shell prompts."""
    text = _without_fences(text)
    if not _PLAIN.search(text) and not _CALL.search(text):
        text = _only(text, [span.span(1) for span in _CODE_SPAN.finditer(text)])
    return _without_prompts(text)


def _without_fences(text: str) -> str:
    """Return only what stands inside of fences, if there are any."""
    fences = [fence.span() for fence in _FENCE.finditer(text)]
    if len(fences) == 1:
        return _blanked(text, fences)
    ends = [start for start, _ in fences[1::2]] + [len(text)]
    return _only(text, [(start, end) for (_, start), end in zip(fences[::2], ends, strict=False)])


def _without_prompts(text: str) -> str:
    plain = _PLAIN.search(text) is not None
    # A remark may well begin with the word curl; root's prompt stands before every command.
    found = [p.span("prompt") for p in _PROMPT.finditer(text) if not plain or p["prompt"].strip() != "#"]
    spans = list(found)
    for _, start in found:
        # bash shows "> " where a command goes on.
        end = text.find("\n", start)
        while end >= 0 and text[start:end].rstrip().endswith("\\"):
            start = end + 1
            if continued := _CONTINUATION.match(text, start):
                spans.append(continued.span())
            end = text.find("\n", start)
    return _blanked(text, sorted(spans))


def _only(text: str, parts: list[tuple[int, int]]) -> str:
    """Blank all but these parts; without a part, return the text."""
    if not parts:
        return text
    edges = [0, *(edge for part in parts for edge in part), len(text)]
    return _blanked(text, list(zip(edges[::2], edges[1::2], strict=True)))


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    out, at = [], 0
    for start, end in spans:
        out += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*out, text[at:]])


class OtherTool(Struct, frozen=True):
    """A request in a form that is not read: ``what`` it is, and what to do ``instead``."""

    what: str
    instead: str


_COPY = 'paste what "Copy as cURL (bash)" or "Copy as fetch" in the browser\'s network panel gives'
_ASK = "write \"corscheck probe URL --origin ORIGIN -X METHOD -H 'Name: value'\" with its URL, method and headers"
_METHODS = r"(?:get|post|put|patch|delete|head|options|request)"
_TOOLS: tuple[tuple[str, str, str], ...] = (
    # cmd.exe: a caret escapes a quote (Chrome from 127 on), or ends a line (up to 126, and by hand).
    (
        r"""^[ \t]*curl(?:\.exe)?\b(?:[^\n'"]*[ \t]\^"|[^\n]*[\w"/][ \t]*\^[ \t]*\r?$)""",
        "a command for cmd.exe",
        'choose "Copy as cURL (bash)" instead of "Copy as cURL (cmd)", or "Copy as fetch"',
    ),
    (
        (
            r"^[ \t]*(?:\$\w+[ \t]*=[ \t]*)?(?:Invoke-(?:WebRequest|RestMethod)|iwr|irm)\b"
            r"|^[ \t]*\$\w+[ \t]*=[ \t]*New-Object\b|^[ \t]*curl(?:\.exe)?\b[^\n]*[ \t]`[ \t]*\r?$"
        ),
        "PowerShell",
        'choose "Copy as cURL (bash)" instead of "Copy as PowerShell", or "Copy as fetch"',
    ),
    (rf"\baxios(?:\.{_METHODS})?\s*\(|\baxios\.create\s*\(", "an axios call", f"{_COPY}, or {_ASK}"),
    (r"(?:\$|\bjQuery)\.(?:ajax|get|post|getJSON|getScript)\s*\(", "a jQuery call", f"{_COPY}, or {_ASK}"),
    (r"\bnew\s+XMLHttpRequest\b|\bxhr\.(?:open|send)\s*\(", "an XMLHttpRequest", f"{_COPY}, or {_ASK}"),
    (
        rf"\b(?:ky|got|superagent|needle|\$fetch|ofetch|useFetch)(?:\.{_METHODS})?\s*\(",
        "a call of a JavaScript library",
        f"{_COPY}, or {_ASK}",
    ),
    (
        (
            rf"^[ \t]*(?:import|from)[ \t]+(?:requests|httpx|urllib\d?|http\.client|aiohttp)\b"
            rf"|\b(?:requests|httpx)\.{_METHODS}\s*\(|\burllib\.request\.|\burlopen\s*\("
        ),
        "Python",
        f"no page sends it, but a page may send the same: {_ASK}",
    ),
    (
        r"^[ \t]*(?:https?|xh|xhs)[ \t]+(?:-\S+[ \t]+)*(?:[A-Z]+[ \t]+)?\S*[.:/]\S*",
        "an HTTPie command",
        f"as a curl command, NAME:VALUE is -H 'NAME: VALUE', NAME=VALUE is --json '{{\"NAME\": \"VALUE\"}}'; or {_ASK}",
    ),
    (
        r"^[ \t]*wget\b",
        "a wget command",
        "write it as a curl command: --header is -H, --method is -X, --post-data and --body-data are -d; -O and -q go",
    ),
    (r"^[ \t]*\{\s*\"log\"\s*:", "a HAR file", "corscheck har FILE judges it"),
    (
        r"\A\s*(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]+\S+(?:[ \t]+HTTP/[\d.]+)?[ \t]*\r?$",
        "a raw HTTP request",
        _ASK,
    ),
    (r"\A\s*https?://\S+\s*\Z", "a URL alone", 'write "corscheck probe URL --origin ORIGIN"'),
)


_WINDOWS = 2
"""So many of them are commands of curl, too, for other shells."""


def other_tool(text: str) -> OtherTool | None:
    """Return which other tool's request this is, by its first sign; None for a text of no tool known here."""
    # What a curl command sends may mention any tool.
    tools = _TOOLS[:_WINDOWS] if _PLAIN.search(text) else _TOOLS
    found = []
    for pattern, what, instead in tools:
        if sign := re.compile(pattern, re.MULTILINE).search(text):
            found.append((sign.start(), OtherTool(what, instead)))
    return min(found, key=lambda sign: sign[0])[1] if found else None
