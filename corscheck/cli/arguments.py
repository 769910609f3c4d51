"""What people type, as classes: each field annotated with an option is that option on the command line (``grouped``).

Fields without an option are filled in later.
"""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct
from msgspec.structs import replace
from typer import Argument, Option

from corscheck.cli import complete
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

    user_agent: Annotated[
        str | None, Option("-A", "--user-agent", metavar="NAME", help="Set the User-Agent header.")
    ] = None
    insecure: opt.Insecure = False
    proxy: Annotated[str | None, Option("-x", "--proxy", metavar="URL", help="Use this proxy.")] = None
    noproxy: Annotated[
        str | None, Option("--noproxy", metavar="HOSTS", help="Hosts that need no proxy; * for all.")
    ] = None
    cacert: Annotated[
        str | None, Option("--cacert", metavar="FILE", help="Trust the CA certificates in this PEM file.")
    ] = None
    cert: Annotated[str | None, Option("-E", "--cert", metavar="FILE", help="Client certificate (PEM).")] = None
    key: Annotated[str | None, Option("--key", metavar="FILE", help="Private key of --cert (PEM).")] = None
    resolve: Annotated[
        Strings, Option("--resolve", metavar="HOST:PORT:ADDR", help="Use this address for a host and port. Repeatable.")
    ] = ()
    connect_to: Annotated[
        Strings, Option("--connect-to", metavar="H1:P1:H2:P2", help="Connect to H2:P2 instead of H1:P1. Repeatable.")
    ] = ()
    unix_socket: Annotated[
        str | None, Option("--unix-socket", metavar="PATH", help="Connect through a Unix socket.")
    ] = None
    max_time: opt.MaxTime = 10.0
    http2: Annotated[bool, Option("--http2", help="Offer HTTP/2.")] = False
    transport: Annotated[
        TransportName,
        Option(
            "--transport",
            metavar="NAME",
            help="HTTP library: httpx or curl (libcurl). auto picks libcurl if it is installed.",
        ),
    ] = "auto"
    ipv4: Annotated[bool, Option("-4", "--ipv4", help="Use IPv4 addresses only.")] = False
    ipv6: Annotated[bool, Option("-6", "--ipv6", help="Use IPv6 addresses only.")] = False

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
            help="Wait up to this long for the server to start.",
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
    reproducible: Annotated[bool, Option("--reproducible", help="Omit times, host and command line from reports.")] = (
        False
    )
    verbose: opt.Verbose = False
    quiet: opt.Quiet = False
    color: opt.Color = "auto"
    in_browser: str | None = None
    resumed: "ResumableReport | None" = None
    private: bool = False


class GateArguments(Struct, frozen=True):
    """What of the results decides the exit status, and when to stop."""

    baseline: opt.Baseline = None
    max_failures: opt.MaxFailures = None
    exit_zero: opt.ExitZero = False

    def exit_status(self, status: int) -> int:
        """Return the exit status of the process for that of a run."""
        return 0 if self.exit_zero and status in (1, 3) else status


class WatchArguments(Struct, frozen=True):
    """Whether to ask again and again, and until when."""

    again: Annotated[
        bool,
        Option("--watch", help="Test again when a file of --app changes, else every 2 seconds; show what changed."),
    ] = False
    until_allowed: Annotated[
        bool, Option("--until-allowed", help="Like --watch, and exit 0 as soon as every verdict is as expected.")
    ] = False


class DocumentArguments(Struct, frozen=True):
    """Which operations of which OpenAPI document to ask."""

    source: Annotated[
        str | None,
        Option(
            "--openapi",
            metavar="FILE|URL",
            help="Test every operation of an OpenAPI document; app uses the one that --app generates.",
        ),
    ] = None
    base: Annotated[
        str | None,
        Option("--base-url", metavar="URL", help="Base URL to use instead of the OpenAPI document's servers."),
    ] = None
    select: Annotated[
        Strings,
        Option(
            "--select",
            metavar="KIND:GLOB",
            help="Test only matching OpenAPI operations, by tag:, path:, method: or id:. Repeatable.",
            autocompletion=complete.operations,
        ),
    ] = ()
    exclude: Annotated[
        Strings, Option("--exclude", metavar="KIND:GLOB", help="Skip matching OpenAPI operations. Repeatable.")
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
        Option(
            "-d",
            "--data",
            metavar="DATA",
            help="Request body, which makes the method POST; @FILE reads a file. Repeatable: joined with &. "
            "--data-raw, --data-binary and --data-urlencode work as in curl.",
        ),
    ] = ()
    raw: Annotated[Strings, Option("--data-raw", hidden=True)] = ()
    binary: Annotated[Strings, Option("--data-binary", hidden=True)] = ()
    urlencode: Annotated[Strings, Option("--data-urlencode", hidden=True)] = ()
    in_query: Annotated[bool, Option("-G", "--get", hidden=True)] = False
    head: Annotated[bool, Option("-I", "--head", hidden=True)] = False
    form: Annotated[
        Strings,
        Option(
            "-F",
            "--form",
            metavar="NAME=VALUE",
            help="Field of a multipart form; NAME=@FILE uploads a file. Repeatable.",
        ),
    ] = ()
    credentials: opt.CredentialsMode = None
    cookies: opt.Cookies = ()
    user: opt.User = None
    mode: Annotated[Mode, Option("--mode", metavar="MODE", help="fetch()'s mode: cors, no-cors or same-origin.")] = (
        "cors"
    )
    redirect: Annotated[
        Redirect, Option("--redirect", metavar="MODE", help="fetch()'s redirect mode: follow, error or manual.")
    ] = "follow"
    upload_listener: Annotated[
        bool, Option("--upload-listener", help="The script listens to upload progress, which forces a preflight.")
    ] = False
    coep: Annotated[
        EmbedderPolicy,
        Option(
            "--coep",
            metavar="POLICY",
            help="The page's Cross-Origin-Embedder-Policy: unsafe-none, require-corp or credentialless. "
            "Only affects --mode no-cors.",
        ),
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
        Option(
            "--app",
            metavar="MODULE:NAME",
            help="Test an ASGI or WSGI application in process. Without a URL: all its routes.",
        ),
    ] = None
    app_dir: opt.AppDir = "."
    curl: Annotated[
        Strings,
        Option(
            "--curl",
            metavar="TEXT",
            help="Take the request from a curl command or a fetch() call; @FILE reads a file, - stdin.",
        ),
    ] = ()
    document: DocumentArguments = DocumentArguments()
    send: Annotated[
        Send,
        Option(
            "--send",
            metavar="WHEN",
            help="Send requests that may change data: always, never, or auto (only with -d or -F).",
        ),
    ] = "auto"
    complete: opt.Complete = False
    engines: opt.Engines = ()
    expect: opt.Expect = None
    in_browser: opt.InBrowser = None
    gate: GateArguments = GateArguments()
    no_diagnose: Annotated[bool, Option("--no-diagnose", help="Send no control requests to find the cause.")] = False
    network: NetworkArguments = NetworkArguments()
    via: opt.Via = None
    found: "Sequence[TargetLine]" = ()
    because: str | None = None

    @property
    def has_data(self) -> bool:
        """Whether data was typed, in one of curl's four ways."""
        return bool(self.data or self.raw or self.binary or self.urlencode)


class AuditArguments(Struct, frozen=True):
    """What ``audit`` asks. With a ``seed`` the random names are the same in every run."""

    urls: opt.Urls = ()
    allowed: Annotated[
        Strings,
        Option(
            "--allowed-origin",
            metavar="ORIGIN",
            help="Origin that the server should allow; https://*.example.com means every subdomain. Repeatable.",
        ),
    ] = ()
    methods: Annotated[
        Strings,
        Option("-X", "--method", "--request", metavar="METHOD", help="Method to try besides GET. Repeatable."),
    ] = ()
    headers: opt.HeaderLines = ()
    cookies: opt.Cookies = ()
    user: opt.User = None
    send: Annotated[
        Literal["auto", "always"],
        Option("--send", metavar="WHEN", help="always also sends requests that may change data."),
    ] = "auto"
    depth: Annotated[
        Depth, Option("--depth", metavar="DEPTH", help="normal tries one origin of each class, full tries all.")
    ] = "normal"
    targets: opt.Targets = None
    shard: opt.ShardOf = None
    app: Annotated[
        str | None,
        Option(
            "--app", metavar="MODULE:NAME", help="Audit an ASGI or WSGI application in process; URLs are its paths."
        ),
    ] = None
    app_dir: opt.AppDir = "."
    fail_on: Annotated[
        FailOn,
        Option(
            "--fail-on",
            metavar="SEVERITY",
            help="Exit 1 for a finding of this severity or higher: info, low, medium, high or never.",
        ),
    ] = "medium"
    poc: Annotated[
        str | None,
        Option("--poc", metavar="FILE", help="Write a proof page that shows what is readable; for authorised use."),
    ] = None
    max_requests: Annotated[
        int | None, Option("--max-requests", metavar="N", min=1, help="Send at most N requests to one target.")
    ] = None
    gate: GateArguments = GateArguments()
    network: NetworkArguments = NetworkArguments()
    via: opt.Via = None
    seed: str | None = None


class PolicyArguments(Struct, frozen=True):
    """Which policies ``run`` checks, and which part of them."""

    policies: Annotated[
        Strings,
        Argument(
            metavar="POLICY...",
            show_default=False,
            help="Policy files. Without one: the corscheck.toml found here or above.",
        ),
    ] = ()
    config: opt.Config = ()
    env: opt.Environment = None
    base_url: Annotated[
        str | None, Option("--base-url", metavar="URL", help="Base URL to use instead of the policy's.")
    ] = None
    via: opt.Via = None
    select: Annotated[
        Strings,
        Option(
            "--select",
            metavar="NAME",
            help="Run only checks with this name; * and ? are wildcards. Repeatable.",
            autocompletion=complete.checks,
        ),
    ] = ()
    shard: opt.ShardOf = None
    gate: GateArguments = GateArguments()
    complete: opt.Complete = False

    @property
    def partial(self) -> bool:
        """Whether only a part of the policies is run."""
        return bool(self.select) or self.shard is not None
