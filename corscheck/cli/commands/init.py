"""``corscheck init``: asks a live server what it allows today and writes that as a policy. Sends safe methods only."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from corscheck.cli import options as opt
from corscheck.cli.arguments import DocumentArguments, NetworkArguments, PaceArguments
from corscheck.cli.ask import inputs as read
from corscheck.cli.ask.inputs import Inputs, reason
from corscheck.cli.ask.questions import via_base
from corscheck.cli.ask.targets import with_schemes
from corscheck.cli.exitcodes import INCONCLUSIVE
from corscheck.cli.groups import grouped
from corscheck.cli.run_loop import say
from corscheck.cli.show.outputs import OutputOptions
from corscheck.model.masking import mask_header, mask_url
from corscheck.model.page_origin import check_origin
from corscheck.model.values import ConfigError, Probe
from corscheck.protocol.headers import get
from corscheck.protocol.origin import URLError, parse_url

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.protocol.request import Credentials

SUMMARY = "Write a policy of what a live server allows today."

EXAMPLES = """\b
Examples:
  corscheck init https://api.example.com/data --origin https://app.example.com
  corscheck init localhost:8000/data --origin http://localhost:3000 -X PUT
  corscheck init --openapi openapi.json --origin https://app.example.com
"""

_SAFE = ("GET", "HEAD", "OPTIONS")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MODES: "tuple[Credentials, ...]" = ("same-origin", "include")
_JSON = (("Content-Type", "application/json"),)


@grouped
def init(
    urls: opt.Urls = (),
    origin: opt.Origins = (),
    method: Annotated[
        opt.Strings,
        typer.Option("-X", "--method", "--request", metavar="METHOD", help="Method to test. Repeatable."),
    ] = (),
    header: opt.HeaderLines = (),
    *,
    document: DocumentArguments,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="File to write; - is stdout.")] = (
        "corscheck.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    via: opt.Via = None,
    network: NetworkArguments,
    pace: PaceArguments,
) -> None:
    """Test what pages at ORIGIN, and other pages, may do with each URL, and write a policy to tighten.

    It sends GET requests and preflights, and nothing that may change data.
    """
    options = pace.run_options(network)
    asked = urls or document.given
    if not asked or not origin:
        missing = "--origin is missing: the origin of a page" if asked else "nothing to test: name a URL"
        raise ConfigError(
            f"{missing}. For example:\n  corscheck init https://api.example.com/data --origin https://app.example.com"
        )
    path = Path(output)
    if output != "-" and path.exists() and not force:
        raise ConfigError(f"{output} is there already: --force overwrites it, -o FILE writes another")
    from corscheck.policy.write import STRANGER, VARIABLE, policy
    from corscheck.runner.many import ask_all
    from corscheck.sources.openapi.operations import Operation

    send_via = via_base(via)
    with Inputs() as given:
        headers = read.headers(header, given)
        given.note(("--openapi", document.source), *network.files)
        OutputOptions().check_inputs(given.files, ("-o", output))
    origins = tuple(dict.fromkeys((*(check_origin(o) for o in origin), STRANGER)))
    targets = with_schemes(urls, say)
    for url in targets:
        try:
            parse_url(url)
        except URLError:
            raise ConfigError(
                f"Invalid URL {mask_url(url)!r}: a browser cannot parse it. Write it as https://HOST/PATH."
            ) from None
    questions = [
        Operation(
            path="",
            method=one,
            url=url,
            headers=headers if one.upper() in _SAFE or get(headers, "content-type") is not None else (*headers, *_JSON),
        )
        for url in dict.fromkeys(targets)
        for one in dict.fromkeys(method or _METHODS)
    ]
    if document.given:
        from corscheck.cli.ask.from_openapi import operations, secret_header

        login = "--cert" if network.cert else secret_header(header)
        for found in operations(document, options.network, say, login=login if via is None else None):
            if not method or found.method in method:
                own = tuple(h for h in found.headers if get(headers, h[0]) is None)
                questions.append(replace(found, headers=(*headers, *own)))
    probes = [
        Probe(
            url=question.url,
            origin=page,
            method=question.method,
            headers=question.headers,
            credentials=mode,
            send="auto" if question.method.upper() in _SAFE else "never",
            index=index,
            via=send_via,
            secret_headers=question.secret,
        )
        for index, (question, mode, page) in enumerate(product(questions, _MODES, origins))
    ]
    if not probes:
        raise ConfigError("-X leaves no operation of the document to test")
    results: list[Result] = []
    ask_all(probes, options, results.append)
    unanswered = [r for r in results if r.error is not None]
    if len(unanswered) == len(results):
        error = unanswered[0].error
        say(f"no response, nothing written: {error.message if error is not None else ''}")
        raise typer.Exit(INCONCLUSIVE)
    # What the document has no value for was asked with a placeholder, which is not a secret: the policy has it as asked.
    logins = frozenset[str]().union(*(question.secret for question in questions))
    secret = [(n.lower(), v) for n, v in headers if n.lower() in logins or mask_header(n, v) != v]
    samples = {question.url for question in questions if question.path}.difference(targets)
    documented = {(question.url, question.method): question.exposes for question in questions}
    # Masked URLs and headers could not be tested again: the policy has them as typed.
    asked_again = [replace(r, url=p.url, headers=p.headers) for r, p in zip(results, probes, strict=True)]
    text = policy(asked_again, via=send_via, secret=secret, samples=samples, documented=documented)
    if output == "-":
        sys.stdout.write(text)
        return
    from corscheck.report.saved.files import write_whole

    try:
        write_whole(output, text)
    except OSError as error:
        raise ConfigError(f"-o: cannot write {output}: {reason(error)}") from None
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    first = f"set {', '.join(names)} in the environment, then " if names else ""
    say(f"wrote {output} from {len(results)} probes; {first}corscheck run {output} checks it")
