"""``corscheck init``: asks a live server what holds today and writes it down as a policy. Sends safe methods only."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from corscheck.cli import options as opt
from corscheck.cli.arguments import DocumentArguments, NetworkArguments, PaceArguments
from corscheck.cli.ask import inputs as read
from corscheck.cli.ask.inputs import Inputs, reason
from corscheck.cli.ask.questions import via_base
from corscheck.cli.ask.targets import with_scheme
from corscheck.cli.exitcodes import INCONCLUSIVE
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import say
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError, Probe

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.protocol.request import Headers
    from corscheck.runner.options import RunOptions

SUMMARY = "Write a policy of what a live server allows today."

EXAMPLES = """\b
Examples:
  corscheck init https://api.example.com/data --origin https://app.example.com
  corscheck init http://localhost:8000/data --origin http://localhost:3000 -X GET -X PUT -o cors.toml
  corscheck init --openapi https://api.example.com/openapi.json --origin https://app.example.com
"""

_SAFE = ("GET", "HEAD", "OPTIONS")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_JSON = (("Content-Type", "application/json"),)


@grouped
def init(
    urls: opt.Urls = (),
    origin: opt.Origins = (),
    method: Annotated[
        opt.Strings,
        typer.Option("-X", "--method", "--request", metavar="METHOD", help="What to ask about. Repeatable."),
    ] = (),
    header: opt.HeaderLines = (),
    *,
    document: DocumentArguments,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is stdout.")] = (
        "corscheck.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    via: opt.Via = None,
    network: NetworkArguments,
    pace: PaceArguments,
) -> None:
    """Ask what pages at ORIGIN, and any other page, may do with each URL, and write it down to be tightened.

    Reading is asked by GET, changing by its preflight alone: nothing that may change data is sent.
    """
    options = pace.run_options(network)
    asked = urls or document.given
    if not asked or not origin:
        missing = "--origin is missing: the origin of a page" if asked else "nothing to ask: name a URL"
        raise ConfigError(
            f"{missing}. For example:\n  corscheck init https://api.example.com/data --origin https://app.example.com"
        )
    path = Path(output)
    if output != "-" and path.exists() and not force:
        raise ConfigError(f"{output} is there already: --force overwrites it, -o FILE writes another")
    from corscheck.model.masking import is_secret_header
    from corscheck.policy.write import STRANGER, policy

    send_via = via_base(via)
    with Inputs() as given:
        headers = read.headers(header, given)
    origins = tuple(dict.fromkeys((*(check_origin(o) for o in origin), STRANGER)))
    targets = [with_scheme(url) for url in urls]
    for typed, url in zip(urls, targets, strict=True):
        if typed != url:
            say(f"{typed} has no scheme: taken as {url}")
    questions = [
        _Question(url, one, headers if one.upper() in _SAFE or _typed(headers, "content-type") else (*headers, *_JSON))
        for url in dict.fromkeys(targets)
        for one in dict.fromkeys(method or _METHODS)
    ]
    if document.given:
        from corscheck.cli.ask.from_openapi import operations

        for found in operations(document, options.network):
            if not method or found.method in method:
                own = tuple(h for h in found.headers if not _typed(headers, h[0].lower()))
                questions.append(_Question(found.url, found.method, (*headers, *own), found.secret, found.exposes))
    probes: list[Probe] = []
    for question in questions:
        for mode in ("same-origin", "include"):
            for page in origins:
                probes.append(
                    Probe(
                        url=question.url,
                        origin=page,
                        method=question.method,
                        headers=question.headers,
                        credentials=mode,
                        send="auto" if question.method.upper() in _SAFE else "never",
                        index=len(probes),
                        via=send_via,
                        secret_headers=question.secret,
                    )
                )
    if not probes:
        raise ConfigError("-X leaves no operation of the document to ask")
    # Values as typed are needed for the policy; what is secret among them becomes a variable there.
    results = _asked(probes, options)
    unanswered = [r for r in results if r.error is not None]
    if len(unanswered) == len(results):
        error = unanswered[0].error
        say(f"no answer, nothing written: {error.message if error is not None else ''}")
        raise typer.Exit(INCONCLUSIVE)
    secret = {name.lower() for name, _ in headers if is_secret_header(name)}
    for question in questions:
        secret |= question.secret
    documented = {(question.url, question.method): question.exposes for question in questions}
    text = policy(_as_asked(results, probes), via=send_via, secret=secret, documented=documented)
    if output == "-":
        sys.stdout.write(text)
        return
    from corscheck.report.saved.files import write_whole

    try:
        write_whole(output, text)
    except OSError as error:
        raise ConfigError(f"-o: cannot write {output}: {reason(error)}") from None
    say(f"wrote {output} from {len(results)} probes; corscheck run {output} checks it")


class _Question(Struct, frozen=True):
    """A request to ask about, from every page and with and without credentials."""

    url: str
    method: str
    headers: "Headers"
    secret: frozenset[str] = frozenset()
    exposes: tuple[str, ...] = ()


def _typed(headers: "Headers", name: str) -> bool:
    return any(n.lower() == name for n, _ in headers)


def _asked(probes: list[Probe], options: "RunOptions") -> "list[Result]":
    from corscheck.runner.many import ask_all

    results: list[Result] = []
    ask_all(probes, options, results.append)
    return results


def _as_asked(results: "list[Result]", probes: list[Probe]) -> "list[Result]":
    """The results with URLs and headers as they were typed: what was masked in them could not be asked again."""
    from msgspec.structs import replace

    return [
        replace(result, url=probe.url, headers=probe.headers) for result, probe in zip(results, probes, strict=True)
    ]
