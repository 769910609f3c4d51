"""Which tests a run includes, and in how many processes. For all tests: Ctrl-C works, however they were started.

``python -m pytest`` leaves out the tests that are marked as heavy. ``CI=true python -m pytest`` runs every test. Naming
a file, a directory or a marker (``-m``) runs exactly what it selects.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from corscheck.model import hidden

TESTS = Path(__file__).resolve().parent
HEAVY = ("browser", "framework", "hostile", "slow")

# A job in the background has interrupts ignored, and its children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same for hang-ups under nohup.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A random example may take as long as it likes: two processes of tests share the machine with their servers.
settings.register_profile("corscheck", settings(deadline=None))
settings.load_profile("corscheck")


def names_tests(config: pytest.Config) -> bool:
    """Whether the command line names files or directories, other than all of them."""
    return any(Path(arg).resolve() not in {TESTS, TESTS.parent} for arg in config.args)


def pytest_configure(config: pytest.Config) -> None:
    # pytest-xdist hands its workers the options of the main process, so this decides for them as well.
    if not (os.environ.get("CI") or config.option.markexpr or names_tests(config)):
        config.option.markexpr = f"not ({' or '.join(HEAVY)})"


@pytest.fixture(autouse=True)
def nothing_hidden() -> Iterator[None]:
    """Forget the secrets of a test, so that the next one does not mask them."""
    yield
    hidden.forget()


def pytest_report_header(config: pytest.Config) -> str:
    return f"markers: {config.option.markexpr or 'all tests'}"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The number of processes for ``-n auto``; 0 runs the tests in this one.

    Two even on one core: most tests wait for a server or a command. No more than two: some tests have deadlines.
    """
    return 0 if names_tests(config) or config.option.collectonly else 2
