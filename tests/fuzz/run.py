"""Coverage-guided fuzzing, by hand: ``python -m tests.fuzz.run TARGET|all [SECONDS [DIRECTORY]]``.

Needs atheris (libFuzzer for Python), which the tests do not. The corpus grows in DIRECTORY (a temporary one unless given);
an input that fails is written there as ``crash-...``. What is worth keeping goes to ``tests/data/fuzz/TARGET``, where the
ordinary tests run it for ever.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SLOWEST = 5
"""Seconds that one input may take: more is a hang."""


def everything(seconds: int, directory: Path) -> int:
    """Fuzz every target for so many seconds. Print what failed, and return 1 if anything did."""
    from tests.fuzz.targets import TARGETS

    for name in TARGETS:
        subprocess.run([sys.executable, "-m", "tests.fuzz.run", name, str(seconds), str(directory / name)], check=False)
    found = sorted(path for name in TARGETS for path in (directory / name).glob("*-*"))
    for path in found:
        print(f"failed: {path}")
    print(f"{len(TARGETS)} targets, {seconds} s each: {len(found)} inputs failed")
    return bool(found)


def main(name: str, seconds: int, directory: Path) -> None:
    """Fuzz for so many seconds; libFuzzer prints executions and coverage, and exits."""
    import atheris

    with atheris.instrument_imports(include=["corscheck"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, seeds
    corpus = directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = TARGETS[name]

    def one(data: bytes) -> None:
        target(data)

    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SLOWEST}",
        "-max_len=4096",
        "-print_final_stats=1",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={directory}/",
        "-close_fd_mask=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        atheris.Fuzz()


if __name__ == "__main__":
    _, wanted, *more = sys.argv
    time = int(more[0]) if more else 600
    where = Path(more[1]) if len(more) > 1 else Path(tempfile.mkdtemp(prefix=f"corscheck-fuzz-{wanted}-"))
    if wanted == "all":
        sys.exit(everything(time, where))
    main(wanted, time, where)
