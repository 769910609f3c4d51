"""The pytest plugin: a ``cors`` fixture for an application or a server, and policies as tests (``pytest --cors``).

pytest imports this module whenever corscheck is installed, so that it imports only pytest at its top. It uses only pytest's
public API. A failure shows what ``corscheck probe`` and ``corscheck fix`` print, and no traceback.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corscheck.pytest_plugin.site import Site

POLICY = "corscheck.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--cors`` and its companions."""
    group = parser.getgroup("corscheck", "corscheck: cross-origin requests")
    group.addoption("--cors", action="store_true", help=f"run the checks of {POLICY} as tests")
    group.addoption("--cors-app", metavar="MODULE:NAME", help="test this application in process, without a server")
    group.addoption("--cors-env", metavar="NAME", help="the policy's [env.NAME] instead of its defaults")
    group.addoption("--cors-base-url", metavar="URL", help="instead of the policy's base-url")


@pytest.fixture
def cors() -> Iterator[Callable[..., Site]]:
    """Asks an application or a server what a browser would make of its answers.

    ``cors(app)`` takes an ASGI or WSGI application, a factory without arguments, a test client with an ``app``, or the
    base URL of a server. An application is tested in process, its lifespan running until the test ends, and requests
    that may change data are sent to it; to a server they are not, unless ``send="always"`` says so.
    """
    from corscheck.pytest_plugin.site import AppError, ConfigError, open_site

    opened: list[Site] = []

    def site(app_or_url: Any, **options: Any) -> Site:
        try:
            opened.append(open_site(app_or_url, **options))
        except (AppError, ConfigError) as error:
            # The text says what is wrong, an application's traceback included; pytest's own would only distract.
            pytest.fail(str(error), pytrace=False)
        return opened[-1]

    yield site
    for each in reversed(opened):
        each.close()


def pytest_configure(config: pytest.Config) -> None:
    """With ``--cors`` and without a typed path, collect the policy in pytest's root directory too."""
    if not config.getoption("--cors") or config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    policy = config.rootpath / POLICY
    if policy.is_file() and not any(_holds(argument, policy) for argument in config.args):
        config.args.append(str(policy))


def _holds(argument: str, policy: Path) -> bool:
    path = Path(argument.partition("::")[0]).resolve()
    return path == policy.resolve() or path in policy.resolve().parents


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PolicyFile | None:
    """Collect a policy as a file of tests with ``--cors``."""
    if file_path.name != POLICY or not parent.config.getoption("--cors"):
        return None
    return PolicyFile.from_parent(parent, path=file_path)


class PolicyFile(pytest.File):
    """A policy: each of its checks is a test."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the checks in the order of the file."""
        from corscheck.pytest_plugin.checks import ConfigError, load

        option = self.config.getoption
        try:
            checks = list(load(self.path, option("--cors-env"), option("--cors-base-url")))
        except ConfigError as error:
            raise self.CollectError(str(error)) from None
        for check in checks:
            yield CheckItem.from_parent(self, name=check.name, check=check)


class CheckItem(pytest.Item):
    """One check of a policy: passes if every probe has the result that the check expects."""

    def __init__(self, *, check: Any, **rest: Any) -> None:
        super().__init__(**rest)
        self.check = check

    def runtest(self) -> None:
        """Run the check; fail with the views of the failures and their fix."""
        from corscheck.pytest_plugin.checks import ConfigError, run

        try:
            said = run(self.check, self.config.getoption("--cors-app"), str(self.config.rootpath))
        except ConfigError as error:
            said = str(error)
        if said is not None:
            pytest.fail(said, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the check's place in its file."""
        return self.path, self.check.line - 1, self.name


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the line about the application in process, if there is one."""
    app = config.getoption("--cors-app")
    return f"corscheck: {app} is tested in process" if config.getoption("--cors") and app else None
