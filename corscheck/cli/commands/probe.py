"""``corscheck probe``: asks, shows and saves results. Puts the parts together and has no logic of its own."""

# ruff: noqa: ARG001 - the hidden options act in their callbacks; here they only have to be named
# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.network import run_options
from corscheck.cli.ask.questions import ProbeArguments, question
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import Session, asker, say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.cli.show.progress import Progress
from corscheck.model.values import ConfigError
from corscheck.transports.base import NetworkOptions

SUMMARY = "Say what the browser does with a request, and why."

EXAMPLES = """\b
Examples:
  corscheck probe https://api.example.com/data --origin https://app.example.com
  corscheck probe URL --origin ORIGIN -X PUT -H 'X-Tenant: 7' -v
  corscheck probe URL --origin ORIGIN --origin OTHER -X GET -X PUT --json report.json
  corscheck probe --app main:app        every route of an app, without a server

\b
Exit status: 0 as expected, 1 not so, 2 usage or files, 3 inconclusive,
4 a bug of corscheck's, 130 interrupted.
"""


@grouped
def probe(
    urls: opt.Urls = None,
    origin: opt.Origins = None,
    method: opt.Methods = None,
    header: opt.HeaderLines = None,
    data: opt.Data = None,
    form: opt.Form = None,
    credentials: opt.CredentialsMode = None,
    cookie: opt.Cookies = None,
    user: opt.User = None,
    mode: opt.RequestMode = "cors",
    redirect: opt.RedirectMode = "follow",
    targets: opt.Targets = None,
    shard: opt.ShardOf = None,
    app: opt.AppName = None,
    app_dir: opt.AppDirectory = ".",
    curl: opt.Curl = None,
    openapi: opt.OpenAPI = None,
    base_url: opt.ServerURL = None,
    select: opt.SelectOperations = None,
    exclude: opt.ExcludeOperations = None,
    send: opt.SendPolicy = "auto",
    complete: opt.Complete = False,
    engine: opt.Engines = None,
    expect: opt.Expect = None,
    in_browser: opt.InBrowser = None,
    no_diagnose: opt.NoDiagnose = False,
    *,
    network: NetworkOptions,
    via: opt.Via = None,
    requests_rate: opt.Rate = None,
    retry: opt.Retry = 0,
    wait_for: opt.WaitFor = 0.0,
    concurrency: opt.Concurrency = None,
    cluster: opt.Cluster = None,
    wanted: OutputOptions,
    resume: opt.Resume = False,
    show_secrets: opt.ShowSecrets = False,
    dry_run: opt.DryRun = False,
    print_curl: opt.PrintCurl = False,
    version: opt.Version = False,
    location: opt.CurlLocation = False,
    include: opt.CurlInclude = False,
    silent: opt.CurlSilent = False,
    show_error: opt.CurlShowError = False,
    head: opt.CurlHead = False,
    output: opt.CurlOutput = None,
    fail: opt.CurlFail = False,
    get: opt.CurlGet = False,
    compressed: opt.CurlCompressed = False,
) -> None:
    """Say whether a page at ORIGIN may read what URL answers, why, and what to change.

    Sends what a browser would send and judges the answers as it would. Several URLs, origins and methods make a matrix.
    """
    typed = ProbeArguments(
        urls=urls or (),
        origins=origin or (),
        methods=method or (),
        headers=header or (),
        data=data or (),
        form=form or (),
        credentials=credentials,
        cookies=cookie or (),
        user=user,
        mode=mode,
        redirect=redirect,
        targets=targets,
        send=send,
        engines=engine or (),
        expect=expect,
        via=via,
    )
    wanted = replace(wanted, in_browser=in_browser)
    run = run_options(
        network,
        requests_rate=requests_rate,
        retry=retry,
        wait_for=wait_for,
        show_secrets=show_secrets,
        # -q shows no cause: where no report is written either, nobody reads what a control request finds.
        diagnose=not no_diagnose and not (wanted.quiet and not wanted.has_reports),
        concurrency=concurrency,
    )
    if cluster is not None:
        from corscheck.cli.ask import clustering

        clustering.check(cluster, run, in_browser=in_browser, app=app)
    in_process = None
    if app is not None:
        from corscheck.cli.ask.from_app import InProcess

        in_process = InProcess(app, app_dir)
        in_process.check(network, in_browser=in_browser, dry_run=dry_run, curl=print_curl)
        if not (urls or targets or curl or openapi):
            if shard is not None:
                raise ConfigError("--shard needs a URL: without one, --app is asked about as a whole")
            raise typer.Exit(in_process.verify(typed, run, wanted, complete=complete, resume=resume))
        typed = in_process.typed(typed)
    with Inputs() as inputs:
        if curl:
            from corscheck.cli.ask.from_curl import with_curl

            typed, run = with_curl(curl, typed, run, inputs, say)
        if openapi is not None or base_url is not None or select or exclude:
            from corscheck.cli.ask.from_openapi import Wish, with_openapi

            typed = with_openapi(Wish(openapi, base_url, select or (), exclude or ()), typed, network, in_process)
        asked = question(typed, inputs, say)
        if shard is not None:
            from corscheck.cli.ask.sharding import part

            asked = part(asked, shard)
        wanted.check(asked)
        if resume:
            from corscheck.cli.ask import resuming

            asked, wanted = resuming.resume(asked, wanted, say)
        if print_curl or dry_run:
            from corscheck.cli.show.preview import preview

            raise typer.Exit(preview(asked, run, curl=print_curl))
        session = Session(
            wanted.sinks(asked), complete=complete, progress=Progress(asked.total, wanted=not wanted.quiet)
        )
        ask = asker(asked, run, cluster) if in_process is None else in_process.asker(asked, run)
        if in_browser is not None:
            from corscheck.cli.ask.browser import observed

            ask = observed(asked, run, in_browser, ask)
        if resume:
            ask = resuming.after(wanted.resumed, ask)
        raise typer.Exit(session.run(ask))
