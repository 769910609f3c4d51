"""What stands around a pasted request: shell prompts, Markdown, line prefixes. And requests of other tools, by name.

Everything around a request is overwritten with blanks, so that offsets keep naming the place in the text.
"""

from __future__ import annotations

import re

from msgspec import Struct

_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_CODE_SPAN = re.compile(r"(?<!`)`{1,3}[ \t]{0,4}((?:curl|fetch\()[^`\n]*)`")
_WRAPPER = r"(?:sudo|time|env|command|exec)(?:[ \t]{1,9}-\S{1,40}){0,4}|[A-Za-z_]\w{0,40}=\S{0,200}"
_COMMAND = rf"(?:(?:{_WRAPPER})[ \t]{{1,9}}){{0,6}}(?:[\w./\\:~-]{{0,200}}[/\\])?curl(?:\.exe)?(?=[ \t\r\n]|$)"
COMMAND = re.compile(_COMMAND, re.IGNORECASE)
"""A curl command with what may stand before its name. Its parts are bounded, so that a search takes linear time."""

_PROMPT = re.compile(
    rf"""^(?P<prompt>[ \t]*
      (?: (?:\([\w. -]{{1,60}}\)[ \t]{{0,4}})?  # a virtual environment
          (?: PS[^>\n]{{0,200}}> | [A-Za-z]:\\[^>\n]{{0,200}}> | [\w.-]{{1,60}}@[^$\#%>❯\n'"]{{1,160}}[$\#%>❯]
            | \[[^\]\n]{{1,120}}\][$\#%>] | (?:ba|z|da)?sh[-\d.]{{0,9}}[$\#] | [~/][^\s'"]{{0,120}}[ ][$\#%>❯]
            | [➜→λ»][ \t][^\n'"]{{0,120}}? | [$%>\#❯➜→λ»✗]{{1,2}} )
      )[ \t]{{0,9}})(?={_COMMAND})""",
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
        r"""^[ \t]*curl(?:\.exe)?\b(?:[^\n'"]*[ \t]\^"|[^\n]*[\w"/][ \t]{0,4}\^[ \t]*\r?$)""",
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
        r"^[ \t]*(?:https?|xh|xhs)[ \t]+(?:-\S{1,40}[ \t]+){0,6}(?:[A-Z]{1,20}[ \t]+)?\S{0,200}[.:/]",
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


_SIGNS = tuple((re.compile(sign, re.MULTILINE), OtherTool(what, instead)) for sign, what, instead in _TOOLS)
_SHELLS = _SIGNS[:2]
"""Of commands of curl for other shells."""


def other_tool(text: str) -> OtherTool | None:
    """Return which other tool's request this is, by its first sign; None for a text of no tool known here."""
    # What a curl command sends may mention any tool.
    signs = _SHELLS if _PLAIN.search(text) else _SIGNS
    found = [(first.start(), tool) for sign, tool in signs if (first := sign.search(text))]
    return min(found, key=lambda one: one[0])[1] if found else None
