"""``corscheck fix``: prints a framework's configuration that makes the wanted requests pass. Sends nothing."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

import json as jsonlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec.structs import asdict
from typer import Option

from corscheck.cli import complete
from corscheck.cli import options as opt
from corscheck.cli.groups import grouped
from corscheck.model.values import ConfigError, Probe

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.remedy import Remedy
    from corscheck.diagnosis.remedies.wanted import Wanted
    from corscheck.protocol.request import Credentials

SUMMARY = "Print the configuration that makes requests pass."

EXAMPLES = """\b
Examples:
  corscheck fix --for fastapi http://localhost:8000/data \\
      --origin http://localhost:3000 -X PUT -H 'X-Tenant: 7'
  corscheck fix --for django --config corscheck.toml
  corscheck fix --list

\b
Exit status: 0 printed, 2 usage, an unknown framework, or what no
configuration can do (and which check wants it, and why).
"""


@grouped
def fix(
    urls: opt.Urls = (),
    framework: Annotated[
        str | None,
        Option(
            "--for",
            metavar="FRAMEWORK",
            show_default=False,
            help="Framework to configure; see --list.",
            autocompletion=complete.frameworks,
        ),
    ] = None,
    origin: opt.Origins = (),
    method: opt.Methods = (),
    header: opt.HeaderLines = (),
    credentials: opt.CredentialsMode = None,
    expose: Annotated[
        opt.Strings, Option("--expose", metavar="NAME", help="Response header that the script must read. Repeatable.")
    ] = (),
    max_age: Annotated[
        int | None, Option("--max-age", metavar="N", min=0, help="Seconds for which a preflight may be cached.")
    ] = None,
    config: opt.Config = (),
    env: opt.Environment = None,
    list_names: Annotated[bool, Option("--list", help="List the frameworks.")] = False,
    format_: Annotated[
        Literal["code", "json"], Option("--format", metavar="FORMAT", help="Output format: code or json.")
    ] = "code",
) -> None:
    """Print the smallest configuration of a framework that makes the wanted requests pass and nothing more.

    The wanted requests are those of a command line, as for probe, or the checks of a policy. Sends nothing.
    """
    # Imported here, because --help does not need them.
    from corscheck.diagnosis.remedies.code import as_code
    from corscheck.diagnosis.remedies.registry import REMEDIES, find

    if list_names:
        if framework or urls or origin or config:
            raise ConfigError("--list shows all frameworks: leave the rest out")
        sys.stdout.write(_names(list(REMEDIES.values()), json=format_ == "json"))
        return
    if framework is None:
        raise ConfigError(f"--for is missing: one of {', '.join(REMEDIES)}. For example:\n  {_EXAMPLE}")
    try:
        remedy = find(framework)
    except ConfigError:
        from corscheck.diagnosis.guides.registry import lookup

        guide = lookup(framework)
        if guide is None:
            raise
        raise ConfigError(
            f"--for {framework!r}: there is no remedy for {guide.name!r} that the tests execute; "
            f"`corscheck explain {guide.name}` says what to look for"
        ) from None
    typed = {
        "a URL": urls, "--origin": origin, "-X": method, "-H": header, "--credentials": credentials,
        "--expose": expose, "--max-age": max_age,
    }  # fmt: skip
    if config:
        if both := [name for name, value in typed.items() if value not in (None, ())]:
            raise ConfigError(f"--config and {both[0]} exclude each other: the policy says what is wanted")
        from corscheck.diagnosis.remedies.wanted import from_policies
        from corscheck.policy.load import load

        wanted = from_policies([load(Path(file), env=env) for file in dict.fromkeys(config)])
    else:
        if env is not None:
            raise ConfigError("--env names an environment of a policy: it needs --config")
        wanted = _typed(urls, origin, method, header, credentials, expose, max_age)
    sys.stdout.write(_as_json(remedy, wanted) if format_ == "json" else as_code(remedy, wanted))


_EXAMPLE = "corscheck fix --for fastapi http://localhost:8000/data --origin http://localhost:3000"


def _typed(
    urls: Sequence[str],
    origins: Sequence[str],
    methods: Sequence[str],
    headers: Sequence[str],
    credentials: "Credentials | None",
    expose: Sequence[str],
    max_age: int | None,
) -> "Wanted":
    from corscheck.cli.ask import inputs as read
    from corscheck.cli.ask.targets import with_schemes
    from corscheck.cli.run_loop import say
    from corscheck.diagnosis.remedies.wanted import from_probes
    from corscheck.model.page_origin import check_origin

    if not origins:
        raise ConfigError(
            f"--origin is missing: the origin of the page that sends the request. For example:\n  {_EXAMPLE}"
        )
    with read.Inputs() as given:
        pairs = read.headers(headers, given)
    targets = with_schemes(urls, say)
    probes = [
        Probe(url=url, origin=page, method=one, headers=pairs, credentials=credentials or "same-origin")
        for url in targets or [""]
        # "*" is not the origin of any page, but people type it here: from_probes says why it is impossible.
        for page in (text if text == "*" else check_origin(text) for text in dict.fromkeys(origins))
        for one in dict.fromkeys(methods or ["GET"])
    ]
    return from_probes(probes, expose, max_age)


def _names(remedies: "list[Remedy]", *, json: bool) -> str:
    if json:
        return _dumped(
            [{"name": r.name, "title": r.title, "language": r.language, "package": r.package} for r in remedies]
        )
    width = max(len(r.name) for r in remedies)
    return "".join(
        f"  {r.name:{width}}  {r.title}{f', with {r.package}' if r.package is not None else ''}\n" for r in remedies
    )


def _as_json(remedy: "Remedy", wanted: "Wanted") -> str:
    from corscheck.diagnosis.remedies.code import REPLACE

    return _dumped(
        {
            "framework": remedy.name,
            "title": remedy.title,
            "language": remedy.language,
            "package": remedy.package,
            "replace": REPLACE,
            "where": remedy.where,
            "code": remedy.code(wanted),
            "traps": remedy.traps,
            "notes": wanted.notes,
            "wanted": {name: value for name, value in asdict(wanted).items() if name != "notes"},
        }
    )


def _dumped(value: Any) -> str:
    return jsonlib.dumps(value, indent=2) + "\n"
