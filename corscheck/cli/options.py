"""Every option, declared once: its spelling, its type, its help. Commands take them as annotations.

Spellings that curl has mean what they mean to curl. What a curl user types by habit and corscheck has no use for is
accepted as a hidden option that says what to do instead.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from typing import Annotated, Literal, TypeAlias

import typer

from corscheck._version import __version__
from corscheck.model.values import ENGINE_NAMES, Depth, FailOn, Send
from corscheck.protocol.request import Credentials, Mode, Redirect
from corscheck.transports.base import TransportName

Strings: TypeAlias = list[str] | None
Expected: TypeAlias = Literal["allowed", "blocked", "invalid"]
ColorMode: TypeAlias = Literal["auto", "always", "never"]
Browser: TypeAlias = Literal["chromium", "chrome", "edge", "firefox"]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"corscheck {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and exit.")
]

# What is asked
Urls = Annotated[Strings, typer.Argument(metavar="URL...", show_default=False, help="What the page asks for.")]
Origins = Annotated[
    Strings, typer.Option("--origin", metavar="ORIGIN", help="Where the page is: https://app.example. Repeatable.")
]
Methods = Annotated[
    Strings, typer.Option("-X", "--method", "--request", metavar="METHOD", help="Default GET. Repeatable.")
]
HeaderLines = Annotated[
    Strings, typer.Option("-H", "--header", metavar="NAME: VALUE", help="A header that script sets; @FILE: one a line.")
]
Data = Annotated[
    Strings,
    typer.Option("-d", "--data", metavar="DATA", help="A body as text (POST); @FILE, @- for stdin. Joined with &."),
]
Form = Annotated[
    Strings, typer.Option("-F", "--form", metavar="NAME=VALUE", help="A part of a form (POST); NAME=@FILE uploads one.")
]
CredentialsMode = Annotated[
    Credentials | None, typer.Option("--credentials", show_default="same-origin", help="fetch()'s credentials mode.")
]
Cookies = Annotated[
    Strings, typer.Option("-b", "--cookie", metavar="NAME=VALUE", help="Stored cookies; alone implies include.")
]
User = Annotated[
    str | None, typer.Option("-u", "--user", metavar="USER:PASS", help="Stored login; alone implies include.")
]
UserAgent = Annotated[str | None, typer.Option("-A", "--user-agent", metavar="NAME", help="User-Agent to send.")]
RequestMode = Annotated[Mode, typer.Option("--mode", help="fetch()'s mode.")]
RedirectMode = Annotated[Redirect, typer.Option("--redirect", help="fetch()'s redirect mode.")]
Targets = Annotated[
    str | None,
    typer.Option("--targets", metavar="FILE", help="More to ask: a URL or a JSON probe object a line; - is stdin."),
]
Curl = Annotated[
    Strings,
    typer.Option("--curl", metavar="TEXT", help="What to ask, as a curl command or a fetch() call; @FILE, - is stdin."),
]
AppName = Annotated[
    str | None,
    typer.Option("--app", metavar="MODULE:NAME", help="Ask this ASGI or WSGI app in process; no URL: all its routes."),
]
AppDirectory = Annotated[str, typer.Option("--app-dir", metavar="DIR", help="Where the module of --app is.")]
OpenAPI = Annotated[
    str | None,
    typer.Option("--openapi", metavar="FILE|URL", help="Every operation of an OpenAPI document; app: that of --app."),
]
ServerURL = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Instead of the servers of the OpenAPI document.")
]
SelectOperations = Annotated[
    Strings,
    typer.Option(
        "--select", metavar="KIND:GLOB", help="Only these of --openapi: tag:, path:, method: or id:. Repeatable."
    ),
]
ExcludeOperations = Annotated[
    Strings, typer.Option("--exclude", metavar="KIND:GLOB", help="Not these of --openapi. Repeatable.")
]

# What is sent, and what of it counts
SendPolicy = Annotated[
    Send, typer.Option("--send", help="auto: hold back what may change data, unless -d or -F is typed.")
]
Complete = Annotated[bool, typer.Option("--complete", help="Exit 3 if a request was held back (allowed*).")]
Engines = Annotated[
    Strings,
    typer.Option(
        "--engine",
        metavar=f"[{'|'.join(ENGINE_NAMES)}]",
        show_default="chromium, firefox",
        help="Whose rules must hold; the first one drives. Repeatable.",
    ),
]
Expect = Annotated[Expected | None, typer.Option("--expect", show_default="allowed", help="The verdict that exits 0.")]
InBrowser = Annotated[
    Browser | None, typer.Option("--in-browser", help="Also let a real browser do it; exit 4 if it differs.")
]
NoDiagnose = Annotated[bool, typer.Option("--no-diagnose", help="No control requests to find the cause.")]

# A policy
Policies = Annotated[
    Strings, typer.Argument(metavar="POLICY...", show_default=False, help="Policy files; none: the one found here.")
]
Config = Annotated[Strings, typer.Option("--config", metavar="FILE", help="A policy file. Repeatable.")]
Environment = Annotated[
    str | None, typer.Option("--env", metavar="NAME", help="The policy's [env.NAME] instead of its defaults.")
]
BaseURL = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Instead of the policy's base-url.")]
Select = Annotated[
    Strings,
    typer.Option("--select", metavar="NAME", help="Only the checks of this name; * and ? as usual. Repeatable."),
]
MaxFailures = Annotated[
    int | None, typer.Option("--max-failures", metavar="N", min=1, help="Stop after so many failures.")
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 where it would be 1 or 3: report, do not gate.")]
ShardOf = Annotated[
    str | None, typer.Option("--shard", metavar="N/OF", help="Only every OF-th probe: 2/5 is the second of five.")
]
Baseline = Annotated[
    str | None, typer.Option("--baseline", metavar="FILE", help="A saved report: fail only on what is not in it.")
]

# An audit
AllowedOrigins = Annotated[
    Strings,
    typer.Option(
        "--allowed-origin",
        metavar="ORIGIN",
        help="An origin that is meant to be let in; https://*.example.com says that its subdomains are. Repeatable.",
    ),
]
AuditMethods = Annotated[
    Strings,
    typer.Option("-X", "--method", "--request", metavar="METHOD", help="A method to try beside GET. Repeatable."),
]
AuditDepth = Annotated[Depth, typer.Option("--depth", help="normal: one origin of each class; full: all of them.")]
AuditSend = Annotated[Literal["auto", "always"], typer.Option("--send", help="always: also send what may change data.")]
AuditFailOn = Annotated[
    FailOn, typer.Option("--fail-on", help="Exit 1 for a finding of this severity or a higher one.")
]
MaxRequests = Annotated[
    int | None, typer.Option("--max-requests", metavar="N", min=1, help="Send at most so many to one target.")
]
ProofPage = Annotated[
    str | None,
    typer.Option("--poc", metavar="FILE", help="Write a page that shows what is readable, for authorised use."),
]

# The network
Insecure = Annotated[bool, typer.Option("-k", "--insecure", help="Accept any certificate.")]
Proxy = Annotated[str | None, typer.Option("-x", "--proxy", metavar="URL", help="Through this proxy.")]
NoProxy = Annotated[str | None, typer.Option("--noproxy", metavar="HOSTS", help="No proxy for these; * for all.")]
CACert = Annotated[str | None, typer.Option("--cacert", metavar="FILE", help="Trust the CAs in this PEM file.")]
Cert = Annotated[str | None, typer.Option("-E", "--cert", metavar="FILE", help="Client certificate (PEM).")]
Key = Annotated[str | None, typer.Option("--key", metavar="FILE", help="Its private key.")]
Resolve = Annotated[
    Strings, typer.Option("--resolve", metavar="HOST:PORT:ADDR", help="Use this address for it. Repeatable.")
]
ConnectTo = Annotated[
    Strings, typer.Option("--connect-to", metavar="H1:P1:H2:P2", help="Connect to H2:P2 for H1:P1. Repeatable.")
]
UnixSocket = Annotated[str | None, typer.Option("--unix-socket", metavar="PATH", help="Connect through it.")]
MaxTime = Annotated[
    float, typer.Option("-m", "--max-time", metavar="SECONDS", min=0.001, help="Deadline of one probe.")
]
HTTP2 = Annotated[bool, typer.Option("--http2", help="Offer HTTP/2.")]
Transport = Annotated[
    TransportName, typer.Option("--transport", help="What carries the requests; auto: curl where it can be had.")
]
IPv4 = Annotated[bool, typer.Option("-4", "--ipv4", help="IPv4 addresses only.")]
IPv6 = Annotated[bool, typer.Option("-6", "--ipv6", help="IPv6 addresses only.")]
Via = Annotated[
    str | None, typer.Option("--via", metavar="BASE", help="Send to this base URL, judge the URL as written.")
]

# The run
Rate = Annotated[str | None, typer.Option("--rate", metavar="N/UNIT", help="Most requests: 10/s, 30/m, 5/h.")]
Retry = Annotated[int, typer.Option("--retry", metavar="N", min=0, help="Ask again when there is no answer.")]
WaitFor = Annotated[
    float, typer.Option("--wait-for", metavar="SECONDS", min=0.0, help="Keep asking until the server is up.")
]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", metavar="N", min=1, show_default="8 per host", help="Probes at a time."),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Let a Dask cluster ask: tcp://HOST:PORT, or local:N processes."),
]

# What comes out
JSONFile = Annotated[str | None, typer.Option("--json", metavar="FILE", help="Save the report; - is stdout.")]
JSONLFile = Annotated[
    str | None, typer.Option("--jsonl", metavar="FILE", help="The same as JSON Lines, as results come; - is stdout.")
]
Reports = Annotated[
    Strings,
    typer.Option(
        "--report",
        metavar="FORMAT:FILE",
        help="junit, sarif, gitlab, github, markdown, html, har; - is stdout. Repeatable.",
    ),
]
Reproducible = Annotated[
    bool, typer.Option("--reproducible", help="Leave times, host and command line out of reports.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show the exchanges.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="One line per probe.")]
Color = Annotated[ColorMode, typer.Option("--color", help="Colours; NO_COLOR is honoured.")]
ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Mask nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent; send nothing.")]
PrintCurl = Annotated[bool, typer.Option("--print-curl", help="Print the equal curl commands; send nothing.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run whose --jsonl FILE this is; keep what is in it.")
]


# explain
Texts = Annotated[
    Strings,
    typer.Argument(
        metavar="[CODE|STEP|STACK|TEXT...]", show_default=False, help="What to explain; without it stdin is read."
    ),
]
ListCodes = Annotated[bool, typer.Option("--list", help="Every code and every stack with its title.")]
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reproduce = Annotated[
    bool, typer.Option("--probe", help="Ask what the console text is about; exit 0 if it is blocked.")
]
PageOrigin = Annotated[
    str | None, typer.Option("--origin", metavar="ORIGIN", help="The page's origin, where the text does not name it.")
]
OneMethod = Annotated[
    str | None, typer.Option("-X", "--method", "--request", metavar="METHOD", help="The method, likewise.")
]

# fix
Framework = Annotated[
    str | None, typer.Option("--for", metavar="FRAMEWORK", show_default=False, help="What to configure; see --list.")
]
ListFrameworks = Annotated[bool, typer.Option("--list", help="Every framework there is a remedy for.")]
Expose = Annotated[
    Strings, typer.Option("--expose", metavar="NAME", help="A response header that script must read. Repeatable.")
]
PreflightSeconds = Annotated[
    int | None, typer.Option("--max-age", metavar="N", min=0, help="For how many seconds a preflight may be cached.")
]

# What curl has and corscheck has no use for

NOT_NEEDED = {
    "-L": "redirects are followed as a browser follows them (--redirect says how)",
    "-i": "-v shows the exchanges with all their headers",
    "-s": "-q prints the verdict alone; progress is shown on a terminal only",
    "-S": "errors are always shown",
    "-I": "-X HEAD asks with HEAD",
    "-o": "response bodies are not kept; --json FILE saves the report",
    "-f": "the exit status always says how it came out (--expect sets what is expected)",
    "-G": "write the query into the URL",
    "--compressed": "bodies are not read; -H cannot set Accept-Encoding in a browser either",
}


def _not_needed(param: typer.CallbackParam, value: bool | str | None) -> None:
    if value:
        option = param.opts[0]
        typer.echo(f"corscheck: {option} is not needed here: {NOT_NEEDED[option]}.", err=True)
        raise typer.Exit(2)


def _hidden(*names: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, hidden=True, callback=_not_needed)
    return option


CurlLocation = Annotated[bool, _hidden("-L", "--location")]
CurlInclude = Annotated[bool, _hidden("-i", "--include")]
CurlSilent = Annotated[bool, _hidden("-s", "--silent")]
CurlShowError = Annotated[bool, _hidden("-S", "--show-error")]
CurlHead = Annotated[bool, _hidden("-I", "--head")]
CurlOutput = Annotated[str | None, _hidden("-o", "--output")]
CurlFail = Annotated[bool, _hidden("-f", "--fail")]
CurlGet = Annotated[bool, _hidden("-G", "--get")]
CurlCompressed = Annotated[bool, _hidden("--compressed")]
