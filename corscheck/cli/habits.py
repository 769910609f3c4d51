"""Options that curl users type by habit and that change nothing here: they are accepted, and one note names them."""

# No "from __future__ import annotations" here: typer needs the types themselves, and evaluating strings costs time.

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Struct
from typer import Option

from corscheck.cli import options as opt


def _unused(*names: str) -> Any:
    return Option(*names, hidden=True)


class CurlHabits(Struct, frozen=True):
    """Options of curl without a meaning here."""

    version: opt.Version = False
    location: Annotated[bool, _unused("-L", "--location", "--location-trusted")] = False
    include: Annotated[bool, _unused("-i", "--include", "--show-headers")] = False
    silent: Annotated[bool, _unused("-s", "--silent")] = False
    show_error: Annotated[bool, _unused("-S", "--show-error")] = False
    output: Annotated[str | None, _unused("-o", "--output")] = None
    remote_name: Annotated[bool, _unused("-O", "--remote-name")] = False
    dump_header: Annotated[str | None, _unused("-D", "--dump-header")] = None
    write_out: Annotated[str | None, _unused("-w", "--write-out")] = None
    cookie_jar: Annotated[str | None, _unused("-c", "--cookie-jar")] = None
    referer: Annotated[str | None, _unused("-e", "--referer")] = None
    fail: Annotated[bool, _unused("-f", "--fail", "--fail-with-body", "--fail-early")] = False
    compressed: Annotated[bool, _unused("--compressed")] = False
    http1: Annotated[bool, _unused("--http1.1", "--http1.0", "-0")] = False
    no_buffer: Annotated[bool, _unused("-N", "--no-buffer")] = False
    progress_bar: Annotated[bool, _unused("-#", "--progress-bar", "--no-progress-meter")] = False
    globoff: Annotated[bool, _unused("-g", "--globoff")] = False
    connect_timeout: Annotated[str | None, _unused("--connect-timeout")] = None
    max_redirs: Annotated[str | None, _unused("--max-redirs")] = None
    retry_delay: Annotated[str | None, _unused("--retry-delay", "--retry-max-time")] = None
    retry_all: Annotated[bool, _unused("--retry-all-errors", "--retry-connrefused")] = False

    def note(self, say: Callable[[str], None]) -> None:
        """Say in one line which of them were typed, and what stands for each here."""
        typed = [why for name, why in _WHY.items() if getattr(self, name) not in (False, None)]
        if typed:
            say(f"not needed here: {'; '.join(typed)}")


_WHY = {
    "location": "-L (redirects are followed as a browser follows them)",
    "include": "-i (-v shows the headers)",
    "silent": "-s (-q prints the verdict alone)",
    "show_error": "-S (errors are always shown)",
    "output": "-o (bodies are not saved; --json FILE saves a report)",
    "remote_name": "-O (bodies are not saved; --json FILE saves a report)",
    "dump_header": "-D (-v shows the headers)",
    "write_out": "-w (--json - prints every value)",
    "cookie_jar": "-c (-b sends a cookie)",
    "referer": "-e (a browser sets Referer to the origin)",
    "fail": "-f (the exit status says whether the request was allowed)",
    "compressed": "--compressed (a browser always asks for compression)",
    "http1": "--http1.1 (the default; --http2 offers HTTP/2)",
    "no_buffer": "-N (results are printed as they come)",
    "progress_bar": "-# (progress is shown on a terminal)",
    "globoff": "-g (URLs are taken as they are)",
    "connect_timeout": "--connect-timeout (-m is the deadline of a probe)",
    "max_redirs": "--max-redirs (a browser follows at most 20)",
    "retry_delay": "--retry-delay (the pause begins at 0.2 s and doubles)",
    "retry_all": "--retry-all-errors (--retry N retries after every network failure)",
}
