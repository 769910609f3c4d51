"""Values that the shell completes. Each function gets what is typed so far; typer offers what begins like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corscheck.model.values import ENGINE_NAMES, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS = ("tag:", "path:", "method:", "id:")

Words = list[str] | list[tuple[str, str]]


SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def for_shell(option: str, shell: str) -> str:
    """Install completion for a shell, or return its script (``--show-completion``). Returns what is to be printed."""
    from typer.completion import get_completion_script, install  # type: ignore[attr-defined] # re-exported by its use

    if shell not in SHELLS:
        raise ConfigError(
            f"Invalid {option} {shell!r}: there is no completion for this shell. Choose {', '.join(SHELLS)}."
        )
    names = {"shell": shell, "prog_name": "corscheck", "complete_var": "_CORSCHECK_COMPLETE"}
    if option == "--show-completion":
        return get_completion_script(**names)
    _, path = install(**names)
    return f"{shell} completion installed in {path}. It takes effect in a new terminal."


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def engines(incomplete: str) -> Words:
    """Return engines for ``--engine``."""
    return _beginning(incomplete, ENGINE_NAMES)


def reports(incomplete: str) -> Words:
    """Return formats for ``--report``, each with the colon that the file follows."""
    from corscheck.report.formats.registry import WRITERS

    return _beginning(incomplete, [f"{name}:" for name in WRITERS])


def operations(incomplete: str) -> Words:
    """Return the kinds of patterns for ``--select`` and ``--exclude`` of OpenAPI operations."""
    return _beginning(incomplete, _KINDS)


def frameworks(incomplete: str) -> Words:
    """Return frameworks for ``fix --for``, with their titles."""
    from corscheck.diagnosis.remedies.registry import REMEDIES

    return [(name, one.title) for name, one in REMEDIES.items() if name.startswith(incomplete)]


def explained(incomplete: str) -> Words:
    """Return codes with their titles, and the names of stacks and topics, for ``explain``."""
    from corscheck.diagnosis.codes.registry import RECORDS
    from corscheck.diagnosis.guides.registry import GUIDES
    from corscheck.diagnosis.topics.registry import TOPICS

    titles = {code: one.title for code, one in RECORDS.items()}
    titles |= {name: guide.title for name, guide in GUIDES.items()}
    titles |= {name: topic.title for name, topic in TOPICS.items() if " " not in name}
    return [(name, titles[name]) for name in _beginning(incomplete, titles)]


def checks(ctx: Any, incomplete: str) -> Words:
    """Return the names of the policy's checks for ``run --select``."""
    return _beginning(incomplete, (str(one["name"]) for data in _policies(ctx) for one in data.get("check", ())))


def environments(ctx: Any, incomplete: str) -> Words:
    """Return the environments of the policy for ``--env``."""
    return _beginning(incomplete, (name for data in _policies(ctx) for name in data.get("env", ())))


def _policies(ctx: Any) -> Iterable[dict[str, Any]]:
    """Yield the policies that are typed so far, or the one that a run would find. A file at fault offers nothing."""
    import tomllib
    from pathlib import Path

    from corscheck.policy.load import discover

    typed = [*(ctx.params.get("policies") or ()), *(ctx.params.get("config") or ())]
    if not typed and ctx.command.name == "run":
        # Behind an option without its value, arguments are left over.
        typed = ctx.args
    try:
        for path in map(Path, typed) if typed else [discover(Path.cwd())]:
            data = tomllib.loads(path.read_text("utf-8"))
            yield data.get("tool", {}).get("corscheck", {}) if path.name == "pyproject.toml" else data
    except (ConfigError, OSError, ValueError):
        return
