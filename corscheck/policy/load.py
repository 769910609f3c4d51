"""Discovery, reading and validation of policy files. All errors of a file are reported together."""

from __future__ import annotations

import os
import re
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from corscheck.model.bounded import MEBIBYTE, read_all
from corscheck.model.values import ConfigError
from corscheck.policy.checks_on_values import base_url, check_settings, via
from corscheck.policy.complaints import Complaints, nearest
from corscheck.policy.ignore import IgnoreEntry, entry
from corscheck.policy.matrix import Layer, Matrix, Resolver
from corscheck.policy.toml_lines import check_lines
from corscheck.policy.variables import filled, hide_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corscheck.policy.model import Policy
    from corscheck.policy.toml_lines import Path as Place

NAME = "corscheck.toml"
PYPROJECT = "pyproject.toml"
_TABLE: Place = ("tool", "corscheck")
_LARGEST = 16 * MEBIBYTE
_MOST_PARTS = 100
"""How many parts a dotted key may have: tomllib's time is quadratic in them."""

_DOTTED = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
    f"{{{_MOST_PARTS}}}"
)
_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class LoadedPolicy(Struct, frozen=True):
    """A valid policy: its checks as matrices, and its ``[[ignore]]`` entries."""

    file: str
    checks: tuple[Matrix, ...]
    ignores: tuple[IgnoreEntry, ...] = ()

    def __len__(self) -> int:
        """The number of probes."""
        return sum(len(check) for check in self.checks)


def discover(start: Path) -> Path:
    """Find the policy for a directory: in it or in the nearest parent, up to the repository root.

    Raises ``ConfigError`` if there is none.
    """
    here = start.resolve()
    for directory in (here, *here.parents):
        if (directory / NAME).is_file():
            return directory / NAME
        project = directory / PYPROJECT
        if project.is_file() and re.search(
            rb"^[ \t]*+\[++[ \t]*+tool[ \t]*+\.[ \t]*+corscheck\b", _bytes(project), re.MULTILINE
        ):
            return project
        if (directory / ".git").exists():
            break
    raise ConfigError(
        f"no {NAME} here or above, up to the root of the repository (nor [tool.corscheck] in {PYPROJECT}).\n"
        "  corscheck init URL --origin ORIGIN    writes one that states what holds today"
    )


def load(
    path: Path,
    *,
    env: str | None = None,
    base: str | None = None,
    send_via: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> LoadedPolicy:
    """Read and validate a policy. Raises ``ConfigError`` with every error and its line.

    ``env`` selects one of its environments. ``base`` and ``send_via`` override its ``base-url`` and ``via``.
    ``variables`` are the environment variables, by default the process's.
    """
    file, text = display(path), _text(path)
    data, prefix = _parsed(text, file, path)
    complaints = Complaints(file, text, data, prefix)
    given = os.environ if variables is None else variables
    from corscheck.policy.model import KEYS

    variable = "${" in text
    if variable:
        hide_secrets(_in_force(data, env), given)
    whole = filled(_in_force(data, env), given, complaints) if variable else data
    policy = _validated(whole, complaints, KEYS)
    if policy is None:
        complaints.raise_if_any()
        raise AssertionError("a policy that cannot be validated has been complained of")
    layers = _layers(policy, data, env, complaints)
    chosen = policy.env.get(env) if env is not None else None
    where = _base(policy, chosen, env, complaints)
    resolver = Resolver(layers, base or where["base_url"], send_via or where["via"], complaints, file)
    lines = check_lines(text, prefix, len(data["check"]))
    checks: list[Matrix] = []
    names: dict[str, int] = {}
    for index, check in enumerate(policy.check):
        at: Place = ("check", index)
        if check.name in names:
            complaints.add((*at, "name"), f"line {names[check.name]} has that name too: reports tell checks by name")
        names.setdefault(check.name, lines[index])
        check_settings(check, at, complaints)
        checks.append(resolver.matrix(check, at, data["check"][index] if variable else None, lines[index]))
    # If a check's name is invalid, an ignore entry may refer to that check, so names are not compared.
    named = not any(complaints.about(("check", i, "name")) for i in range(len(policy.check)))
    known = list(names) if named else None
    ignores = [
        entry(one, ("ignore", i), file, complaints.line(("ignore", i)), known, complaints)
        for i, one in enumerate(policy.ignore)
    ]
    complaints.raise_if_any()
    return LoadedPolicy(file, tuple(checks), tuple(ignores))


def display(path: Path) -> str:
    """Return the path as reports show it: relative to the working directory, with slashes."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:
        # On Windows there is no relative path to another drive.
        return path.as_posix()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return read_all(file, f"the policy {display(path)}", _LARGEST)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = f"; corscheck init URL --origin ORIGIN writes a {NAME}" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"cannot read the policy {display(path)}: {reason}{hint}") from None


def _text(path: Path) -> str:
    raw = _bytes(path)
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{display(path)}:{line}: not UTF-8, which TOML must be: save the file as UTF-8") from None


def _parsed(text: str, file: str, path: Path) -> tuple[dict[str, Any], Place]:
    """Parse the TOML text. Return the policy's table and its path in the file."""
    long = _DOTTED.search(text)
    if long is not None:
        line = text.count("\n", 0, long.start()) + 1
        raise ConfigError(f"{file}:{line}: a key of more than {_MOST_PARTS} parts: write a [table] instead of dots")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX.fullmatch(str(error))
        line = int(found[2]) if found and found[2] else text.count("\n") + 1
        said = found[1] if found else str(error)
        raise ConfigError(f"{file}:{line}: not TOML: {said[:1].lower()}{said[1:]}{_cure(text, line)}") from None
    except (ValueError, RecursionError):
        # Python refuses integers with more than 4,300 digits, and tomllib is recursive.
        long = re.search(r"(?<![0-9_])[0-9_]{4000}", text)
        line = text.count("\n", 0, long.start()) + 1 if long is not None else 1
        said = "a number of thousands of digits" if long is not None else "nested too deeply"
        raise ConfigError(f"{file}:{line}: not TOML that can be read: {said}") from None
    if path.name != PYPROJECT:
        return data, ()
    tools = data.get("tool")
    table = tools.get("corscheck") if isinstance(tools, dict) else None
    if not isinstance(table, dict):
        raise ConfigError(f"{file}:1: has no [tool.corscheck]: add one, or name another file")
    return table, _TABLE


def _cure(text: str, line: int) -> str:
    """Guess the mistake in a line that is not valid TOML, and return a hint."""
    # Without the texts in it, which may be secrets.
    written = re.sub(r"\"[^\"]*+\"?|'[^']*+'?", '"..."', (text.split("\n")[line - 1 : line] or [""])[0]).strip()
    if re.match(r"[\w-]+\s*:", written):
        return "; a key and its value have = between them"
    if re.match(r"[\w.-]+\s*=\s*[A-Za-z/]", written):
        return "; texts stand in quotes"
    return f"; look at the line and the one before it: {written[:60]}" if written else "; something is not closed"


def _in_force(data: dict[str, Any], env: str | None) -> dict[str, Any]:
    """Drop the environments that are not selected, because their variables need not be set."""
    environments = data.get("env")
    if not isinstance(environments, dict):
        return data
    return {**data, "env": {name: table for name, table in environments.items() if name == env}}


def _validated(data: dict[str, Any], complaints: Complaints, known: dict[str, tuple[str, ...]]) -> Policy | None:
    """Validate the data with pydantic and report all errors.

    Invalid values are replaced with harmless ones, so that the rest of the file is checked too. Return None if that
    does not make the data valid.
    """
    from pydantic import ValidationError

    from corscheck.policy.model import Policy

    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    complaints.take(errors, (), known)
    mended = deepcopy(data)
    for one in errors:
        _mend(mended, one["loc"])
    try:
        return Policy.model_validate(mended)
    except ValidationError:
        return None


def _mend(data: dict[str, Any], loc: Place) -> None:
    """Remove the invalid key, or replace it if its table requires it."""
    harmless: dict[str, dict[str, Any]] = {
        "check": {"name": f"check {loc[1:2]}", "urls": ["https://nothing.invalid/"]},
        "ignore": {"reason": "none", "check": "*"},
        "env": {},
    }
    first = str(loc[0])
    if len(loc) < 2 or first not in (*harmless, "defaults"):
        data.pop(first, None)
    elif first == "defaults":
        data["defaults"].pop(loc[1], None)
    elif len(loc) == 2:
        data[first][loc[1]] = harmless[first]
    else:
        table = data[first][loc[1]]
        if loc[2] == "defaults" and len(loc) > 3:
            table["defaults"].pop(loc[3], None)
            return
        table.pop(loc[2], None)
        if loc[2] in harmless[first] and loc[2] != "check":
            table[loc[2]] = harmless[first][str(loc[2])]


def _layers(policy: Policy, data: dict[str, Any], env: str | None, complaints: Complaints) -> list[Layer]:
    """Return the tables of defaults, validated, from lowest to highest precedence."""
    layers: list[Layer] = []
    if policy.defaults is not None:
        layers.append(Layer(policy.defaults, ("defaults",), data.get("defaults")))
    environments = data.get("env", {})
    if env is not None and isinstance(environments, dict) and env not in environments:
        complaints.add(("env",), f"there is no [env.{env}]{nearest(env, environments)}")
    chosen = policy.env.get(env) if env is not None else None
    if env is not None and chosen is not None and chosen.defaults is not None:
        layers.append(Layer(chosen.defaults, ("env", env, "defaults"), data["env"][env].get("defaults")))
    for layer in layers:
        check_settings(layer.settings, layer.path, complaints)
    return layers


def _base(policy: Policy, chosen: Any, env: str | None, complaints: Complaints) -> dict[str, str | None]:
    """Return the effective ``base-url`` and ``via``, and validate them in every table that applies."""
    found: dict[str, str | None] = {"base_url": None, "via": None}
    tables: list[tuple[Any, Place]] = [(policy, ())]
    if chosen is not None and env is not None:
        tables.append((chosen, ("env", env)))
    for table, at in tables:
        for key, fault_of in (("base_url", base_url), ("via", via)):
            value = getattr(table, key)
            if value is None:
                continue
            found[key] = value
            fault, path = fault_of(value), (*at, key.replace("_", "-"))
            if fault is not None:
                complaints.add(path, f"{complaints.shown(path)} {fault}")
                found[key] = None
    return found
