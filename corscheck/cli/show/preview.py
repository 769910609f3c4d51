"""``--dry-run`` and ``--print-curl``: what would be sent to a server that allows every step. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from corscheck.model.masking import mask_body, mask_certificate, mask_header, mask_login, mask_url
from corscheck.model.printable import printable
from corscheck.report.formats import curl
from corscheck.report.text.exchanges import request_lines
from corscheck.runner.preview import plan_audit, plan_probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.auditing.plan import AuditPlan
    from corscheck.cli.ask.audit_targets import AuditQuestion
    from corscheck.cli.ask.questions import ProbeQuestion
    from corscheck.model.values import Probe
    from corscheck.runner.options import RunOptions
    from corscheck.transports.base import NetworkOptions, WireRequest

_BODY = 300
_MASKS = {"--proxy": mask_login, "--cert": mask_certificate, "--key": mask_certificate}


def preview(question: ProbeQuestion, options: RunOptions, *, curl: bool) -> int:
    """Print what each probe would send; returns the exit status."""
    if curl:
        return _print_blocks(_commands(probe, options) for probe in question)
    return _print_blocks(_requests(probe, options, question.because) for probe in question)


def preview_audits(question: AuditQuestion, options: RunOptions) -> int:
    """Print what each audit would send to a server that allows nobody else; returns the exit status."""
    return _print_blocks(_audit_requests(plan, options) for plan in question)


def _print_blocks(blocks: Iterable[Iterable[str]]) -> int:
    from corscheck.cli.run_loop import print_lines

    print_lines("\n".join([*([""] * bool(index)), *lines]) for index, lines in enumerate(blocks))
    return 0


def _audit_requests(plan: AuditPlan, options: RunOptions) -> Iterator[str]:
    yield f"{printable(mask_url(plan.url))}, at most as follows if no other origin is allowed:"
    requests = plan_audit(plan, options)
    for request in requests:
        origin = next((v for n, v in request.headers if n == "Origin"), "no Origin")
        yield f"  {request.method:<7} {printable(mask_url(request.url))}  {printable(origin)}"
    yield f"{len(requests)} requests"


def _title(probe: Probe) -> str:
    return f"{printable(probe.method)} {printable(mask_url(probe.url))} from {printable(probe.origin)}"


def _requests(probe: Probe, options: RunOptions, because: str | None) -> Iterator[str]:
    why = f" ({because})" if because else ""
    yield f"{_title(probe)}, credentials {probe.credentials}{why}"
    planned = plan_probe(probe, options)
    if not planned and not _held_back_whole(probe, options):
        yield "would send nothing: a browser refuses this before anything is sent"
    for request in planned:
        yield ""
        headers = request.headers if options.show_secrets else tuple((n, mask_header(n, v)) for n, v in request.headers)
        url = request.url if options.show_secrets else mask_url(request.url)
        if request.send_to is not None:
            yield f"* to {printable(request.send_to)}"
        yield from request_lines(request.method, url, headers)
        yield from _body(request, show_secrets=options.show_secrets)
    if not planned or _held_back(probe, planned):
        if not planned and not _held_back_whole(probe, options):
            return
        yield ""
        why = "--send never" if probe.send == "never" else "it may change data (--send always)"
        yield f"{printable(probe.method)} itself would not be sent: {why}"


def _body(request: WireRequest, *, show_secrets: bool) -> Iterator[str]:
    if request.body is None:
        return
    yield ">"
    text = request.body[: 4 * _BODY].decode("utf-8", "replace")
    text = (text if show_secrets else mask_body(text))[:_BODY]
    more = f" ... ({len(request.body)} bytes)" if len(request.body) > _BODY else ""
    yield from (f"> {printable(line)}" for line in (text + more).splitlines())


def _held_back(probe: Probe, planned: list[WireRequest]) -> bool:
    """Whether the last planned request is a preflight, so that the request itself is held back."""
    return planned[-1].method == "OPTIONS" and probe.method.upper() != "OPTIONS"


def _held_back_whole(probe: Probe, options: RunOptions) -> bool:
    """Whether there is a request that needs no preflight and is held back."""
    return bool(plan_probe(replace(probe, send="always"), options))


def _commands(probe: Probe, options: RunOptions) -> Iterator[str]:
    yield f"# {_title(probe)}"
    words = tuple(_network_words(options.network, show_secrets=options.show_secrets))
    planned = plan_probe(probe, options)
    if not planned and _held_back_whole(probe, options):
        yield f"# nothing: {probe.method} may change data and needs no preflight (--send always)"
    elif not planned:
        yield "# nothing: a browser refuses this before anything is sent"
    for index, request in enumerate(planned):
        if index:
            yield ""
        one = curl.CurlRequest(request.method, request.url, request.headers, request.body, request.send_to, words)
        yield curl.command(one, show_secrets=options.show_secrets)


def _network_words(network: NetworkOptions, *, show_secrets: bool) -> Iterator[str]:
    """Yield the network options as words of curl's command line."""
    if not network.verify:
        yield "-k"
    texts = {
        "--proxy": network.proxy,
        "--noproxy": network.noproxy,
        "--cacert": network.cacert,
        "--cert": network.cert,
        "--key": network.key,
        "--unix-socket": network.unix_socket,
    }
    for option, value in texts.items():
        if value is not None:
            mask = None if show_secrets else _MASKS.get(option)
            yield from (option, mask(value) if mask is not None else value)
    for option, values in (("--connect-to", network.connect_to), ("--resolve", network.resolve)):
        for value in values:
            yield from (option, value)
    if network.http2:
        yield "--http2"
    if network.ip_version is not None:
        yield f"-{network.ip_version}"
    if network.timeout != type(network)().timeout:
        yield from ("--max-time", f"{network.timeout:g}")
