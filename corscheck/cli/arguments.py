"""What people type, as classes: each field annotated with an option is that option on the command line (``grouped``).

Fields without an option are filled in later.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace
from typer import Argument, Option

from corscheck.cli import options as opt
from corscheck.cli.options import Strings
from corscheck.model.masking import hide_url
from corscheck.model.values import LONGEST_TIME, ConfigError, Depth, FailOn, Send
from corscheck.protocol.request import EmbedderPolicy, Mode, Redirect
from corscheck.transports.base import NetworkOptions, TransportName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corscheck.cli.ask.targets import TargetLine
    from corscheck.report.saved.resumable import ResumableReport
    from corscheck.runner.options import RunOptions


class NetworkArguments(Struct, frozen=True):
    """How to reach servers."""

    user_agent: Annotated[str | None, Option("-A", "--user-agent", metavar="NAME", help="User-Agent to send.")] = None
    insecure: opt.Insecure = False
    proxy: Annotated[str | None, Option("-x", "--proxy", metavar="URL", help="Through this proxy.")] = None
    noproxy: Annotated[str | None, Option("--noproxy", metavar="HOSTS", help="No proxy for these; * for all.")] = None
    cacert: Annotated[str | None, Option("--cacert", metavar="FILE", help="Trust the CAs in this PEM file.")] = None
    cert: Annotated[str | None, Option("-E", "--cert", metavar="FILE", help="Client certificate (PEM).")] = None
    key: Annotated[str | None, Option("--key", metavar="FILE", help="Its private key.")] = None
    resolve: Annotated[
        Strings, Option("--resolve", metavar="HOST:PORT:ADDR", help="Use this address for it. Repeatable.")
    ] = ()
    connect_to: Annotated[
        Strings, Option("--connect-to", metavar="H1:P1:H2:P2", help="Connect to H2:P2 for H1:P1. Repeatable.")
    ] = ()
    unix_socket: Annotated[str | None, Option("--unix-socket", metavar="PATH", help="Connect through it.")] = None
    max_time: opt.MaxTime = 10.0
    http2: Annotated[bool, Option("--http2", help="Offer HTTP/2.")] = False
    transport: Annotated[
        TransportName,
        Option("--transport", help="HTTP library: httpx or libcurl. auto picks libcurl if it is installed."),
    ] = "auto"
    ipv4: Annotated[bool, Option("-4", "--ipv4", help="IPv4 addresses only.")] = False
    ipv6: Annotated[bool, Option("-6", "--ipv6", help="IPv6 addresses only.")] = False

    @property
    def files(self) -> tuple[tuple[str, str | None], ...]:
        """The certificates and keys, each with its option."""
        return ("--cacert", self.cacert), ("--cert", self.cert), ("--key", self.key)

    def options(self) -> NetworkOptions:
        """Return the options for transports. Raises ``ConfigError`` for options that exclude each other."""
        if self.ipv4 and self.ipv6:
            raise ConfigError("-4 and -6 exclude each other: leave both out for either kind of address")
        if self.proxy is not None:
            hide_url(self.proxy)
        same = set(self.__struct_fields__) & set(NetworkOptions.__struct_fields__) - {"user_agent"}
        return NetworkOptions(
            **{name: getattr(self, name) for name in same},
            user_agent=self._user_agent(),
            timeout=self.max_time,
            verify=not self.insecure,
            ip_version=4 if self.ipv4 else 6 if self.ipv6 else None,
        )

    def _user_agent(self) -> str | None:
        if self.user_agent is None:
            return None
        from corscheck.cli.ask.inputs import check_field, in_utf8

        check_field(self.user_agent, "-A")
        return in_utf8(self.user_agent)


class PaceArguments(Struct, frozen=True):
    """How fast and how often to send."""

    rate: opt.Rate = None
    retry: Annotated[int, Option("--retry", metavar="N", min=0, help="Retry N times after a network failure.")] = 0
    wait_for: Annotated[
        float,
        Option(
            "--wait-for",
            metavar="SECONDS",
            min=0.0,
            max=LONGEST_TIME,
            callback=opt.not_nan,
            help="Keep asking until the server is up.",
        ),
    ] = 0.0
    concurrency: opt.Concurrency = None

    def run_options(
        self, network: NetworkArguments, *, show_secrets: bool = False, diagnose: bool = False
    ) -> "RunOptions":
        """Return the options of a run. Raises ``ConfigError`` for an invalid rate or network option."""
        from corscheck.cli.ask.inputs import rate
        from corscheck.runner.options import RunOptions

        made = RunOptions(
            network=network.options(),
            rate=rate(self.rate),
            retry=self.retry,
            wait_for=self.wait_for,
            show_secrets=show_secrets,
            diagnose=diagnose,
        )
        if self.concurrency is None:
            return made
        # A concurrency that was typed is the limit in all, and so per host too.
        return replace(made, concurrency=self.concurrency, concurrency_total=self.concurrency)


class OutputArguments(Struct, frozen=True):
    """What to print and to save."""

    json: opt.JSONFile = None
    jsonl: opt.JSONLFile = None
    reports: opt.Reports = ()
    reproducible: Annotated[
        bool, Option("--reproducible", help="Leave times, host and command line out of reports.")
    ] = False
    verbose: opt.Verbose = False
    quiet: opt.Quiet = False
    color: opt.Color = "auto"
    in_browser: str | None = None
    resumed: "ResumableReport | None" = None
    private: bool = False


class DocumentArguments(Struct, frozen=True):
    """Which operations of which OpenAPI document to ask."""

    source: Annotated[
        str | None,
        Option("--openapi", metavar="FILE|URL", help="Every operation of an OpenAPI document; app: that of --app."),
    ] = None
    base: Annotated[
        str | None, Option("--base-url", metavar="URL", help="Instead of the servers of the OpenAPI document.")
    ] = None
    select: Annotated[
        Strings,
        Option(
            "--select", metavar="KIND:GLOB", help="Only these of --openapi: tag:, path:, method: or id:. Repeatable."
        ),
    ] = ()
    exclude: Annotated[
        Strings, Option("--exclude", metavar="KIND:GLOB", help="Not these of --openapi. Repeatable.")
    ] = ()

    @property
    def given(self) -> bool:
        """Whether one of the options was typed."""
        return self != DocumentArguments()


class ProbeArguments(Struct, frozen=True):
    """What ``probe`` asks. ``found`` are targets from a curl command or a document, ``because`` is why they are as they are."""

    urls: opt.Urls = ()
    origins: opt.Origins = ()
    methods: opt.Methods = ()
    headers: opt.HeaderLines = ()
    data: Annotated[
        Strings,
        Option("-d", "--data", metavar="DATA", help="A body as text (POST); @FILE, @- for stdin. Joined with &."),
    ] = ()
    form: Annotated[
        Strings,
        Option("-F", "--form", metavar="NAME=VALUE", help="A part of a form (POST); NAME=@FILE uploads one."),
    ] = ()
    credentials: opt.CredentialsMode = None
    cookies: opt.Cookies = ()
    user: opt.User = None
    mode: Annotated[Mode, Option("--mode", help="fetch()'s mode.")] = "cors"
    redirect: Annotated[Redirect, Option("--redirect", help="fetch()'s redirect mode.")] = "follow"
    upload_listener: Annotated[
        bool, Option("--upload-listener", help="Script listens to upload progress, which forces a preflight.")
    ] = False
    coep: Annotated[
        EmbedderPolicy,
        Option("--coep", help="The page's Cross-Origin-Embedder-Policy. Only affects --mode no-cors."),
    ] = "unsafe-none"
    secure_context: Annotated[
        bool,
        Option(
            "--secure-context",
            help="Treat a page of --origin null as embedded in https pages: mixed content is blocked.",
        ),
    ] = False
    targets: opt.Targets = None
    shard: opt.ShardOf = None
    app: Annotated[
        str | None,
        Option("--app", metavar="MODULE:NAME", help="Ask this ASGI or WSGI app in process; no URL: all its routes."),
    ] = None
    app_dir: opt.AppDir = "."
    curl: Annotated[
        Strings,
        Option("--curl", metavar="TEXT", help="What to ask, as a curl command or a fetch() call; @FILE, - is stdin."),
    ] = ()
    document: DocumentArguments = DocumentArguments()
    send: Annotated[Send, Option("--send", help="auto: hold back what may change data, unless -d or -F is typed.")] = (
        "auto"
    )
    complete: opt.Complete = False
    engines: opt.Engines = ()
    expect: opt.Expect = None
    in_browser: opt.InBrowser = None
    no_diagnose: Annotated[bool, Option("--no-diagnose", help="No control requests to find the cause.")] = False
    network: NetworkArguments = NetworkArguments()
    via: opt.Via = None
    found: "Sequence[TargetLine]" = ()
    because: str | None = None


class AuditArguments(Struct, frozen=True):
    """What ``audit`` asks. With a ``seed`` the random names are the same in every run."""

    urls: opt.Urls = ()
    allowed: Annotated[
        Strings,
        Option(
            "--allowed-origin",
            metavar="ORIGIN",
            help="An origin that the server should allow; https://*.example.com stands for all subdomains. Repeatable.",
        ),
    ] = ()
    methods: Annotated[
        Strings,
        Option("-X", "--method", "--request", metavar="METHOD", help="A method to try beside GET. Repeatable."),
    ] = ()
    headers: opt.HeaderLines = ()
    cookies: opt.Cookies = ()
    user: opt.User = None
    send: Annotated[Literal["auto", "always"], Option("--send", help="always: also send what may change data.")] = (
        "auto"
    )
    depth: Annotated[Depth, Option("--depth", help="normal: one origin of each class; full: all of them.")] = "normal"
    targets: opt.Targets = None
    shard: opt.ShardOf = None
    app: Annotated[
        str | None,
        Option("--app", metavar="MODULE:NAME", help="Audit this ASGI or WSGI app in process; URLs are its paths."),
    ] = None
    app_dir: opt.AppDir = "."
    fail_on: Annotated[FailOn, Option("--fail-on", help="Exit 1 for a finding of this severity or a higher one.")] = (
        "medium"
    )
    poc: Annotated[
        str | None,
        Option("--poc", metavar="FILE", help="Write a page that shows what is readable, for authorised use."),
    ] = None
    max_requests: Annotated[
        int | None, Option("--max-requests", metavar="N", min=1, help="Send at most so many to one target.")
    ] = None
    baseline: opt.Baseline = None
    exit_zero: opt.ExitZero = False
    network: NetworkArguments = NetworkArguments()
    via: opt.Via = None
    seed: str | None = None


class PolicyArguments(Struct, frozen=True):
    """Which policies ``run`` checks, and which part of them."""

    policies: Annotated[
        Strings, Argument(metavar="POLICY...", show_default=False, help="Policy files; none: the one found here.")
    ] = ()
    config: opt.Config = ()
    env: opt.Environment = None
    base_url: Annotated[str | None, Option("--base-url", metavar="URL", help="Instead of the policy's base-url.")] = (
        None
    )
    via: opt.Via = None
    select: Annotated[
        Strings,
        Option("--select", metavar="NAME", help="Only the checks of this name; * and ? as usual. Repeatable."),
    ] = ()
    shard: opt.ShardOf = None
    max_failures: Annotated[
        int | None, Option("--max-failures", metavar="N", min=1, help="Stop after so many failures.")
    ] = None
    exit_zero: opt.ExitZero = False
    baseline: opt.Baseline = None
    complete: opt.Complete = False

    @property
    def partial(self) -> bool:
        """Whether only a part of the policies is run."""
        return bool(self.select) or self.shard is not None


class CurlHabits(Struct, frozen=True):
    """Options that curl users type by habit. Their callbacks act, so that nothing reads the fields."""

    version: opt.Version = False
    location: Annotated[
        bool,
        opt.not_needed("redirects are followed as a browser follows them (--redirect says how)", "-L", "--location"),
    ] = False
    include: Annotated[bool, opt.not_needed("-v shows the exchanges with all their headers", "-i", "--include")] = False
    silent: Annotated[
        bool, opt.not_needed("-q prints the verdict alone; progress is shown on a terminal only", "-s", "--silent")
    ] = False
    show_error: Annotated[bool, opt.not_needed("errors are always shown", "-S", "--show-error")] = False
    head: Annotated[bool, opt.not_needed("-X HEAD asks with HEAD", "-I", "--head")] = False
    output: Annotated[
        str | None, opt.not_needed("response bodies are not kept; --json FILE saves the report", "-o", "--output")
    ] = None
    fail: Annotated[
        bool,
        opt.not_needed("the exit status always says how it came out (--expect sets what is expected)", "-f", "--fail"),
    ] = False
    get: Annotated[bool, opt.not_needed("write the query into the URL", "-G", "--get")] = False
    compressed: Annotated[
        bool, opt.not_needed("bodies are not read; -H cannot set Accept-Encoding in a browser either", "--compressed")
    ] = False
