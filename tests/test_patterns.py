"""Every regular expression in corscheck takes linear time, whatever text it sees.

The patterns are found in the sources, so that a new one is tested without being listed. Each is run over texts made for it
(its repetitions pumped up, with and without what should follow) and over ``HOSTILE``. A quadratic pattern takes sixteen
times as long for four times the text. ``SMALL`` lists the patterns that never see a long text, and why.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import itertools
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import msgspec
import pytest

import corscheck
from corscheck.browsers import compare
from corscheck.diagnosis import stack
from corscheck.model.values import ConfigError
from corscheck.sources import console, jsfetch
from corscheck.sources import curl as curl_source

parser: Any = importlib.import_module("re._parser")

ROOT = Path(corscheck.__file__).parent
METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
RE_FUNCTIONS = (*METHODS, "compile")
SHORT, LONG = 8_000, 32_000
QUICK = 0.02
"""Seconds within which a long text needs no comparison with a short one."""

SMALL: dict[str, str] = {
    "sources.app.claims:expression": "a pattern of the application that is asked, compiled and not searched",
    "diagnosis.words:_mentions": "an escaped name between two look-arounds of one character",
    "runner.mending:_matched": "allow_origin_regex of the application that is asked, over an origin",
    "sources.app.questions:lookalikes": "allow_origin_regex of the application that is asked, over an origin made from it",
    "model.hidden:_compile": "escaped values and nothing else: alternatives without repetition never backtrack",
    "policy.ignore:_compiled": "a pattern with * and ? that the policy's author writes; fnmatch's translation never backtracks",
    "policy.toml_lines:check_lines": "the name of a table between brackets, at the beginning of a line",
    "sources.app.questions:matching": "allow_origin_regex of the application that is asked, over an origin made from it",
}
"""Patterns that are not tested (``module:name``, or ``module:function``), each with the reason."""


TABLES: dict[str, Callable[[], Iterable[str]]] = {
    "browsers.compare:_in_common": lambda: [pattern for pattern, _ in compare._XHR_WORDS],
    "diagnosis.stack:_by_headers": lambda: [trait.pattern for trait in stack._TRAITS],
    "diagnosis.stack:_by_body": lambda: [part for words in stack._BODIES for part in (words.pattern, words.server)],
}
"""Functions that take patterns from a table: how to get them."""


class Found(NamedTuple):
    """A pattern, where it is, and how it is used."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


@functools.cache
def modules() -> dict[str, ast.Module]:
    """The syntax trees of all modules, by name."""
    return {
        ".".join(("corscheck", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(ROOT.rglob("*.py"))
    }


def patterns_in(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that a value of a module holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, Mapping):
        for inner in value.values():
            yield from patterns_in(inner, depth + 1)
    elif depth < 4 and isinstance(value, (tuple, list)):
        for inner in value:
            yield from patterns_in(inner, depth + 1)
    elif depth < 4 and isinstance(value, msgspec.Struct) and not isinstance(value, type):
        for name in value.__struct_fields__:
            yield from patterns_in(getattr(value, name), depth + 1)


def uses(module: str, name: str) -> frozenset[str]:
    """The methods of a module's pattern that are called in it, or in modules that import it."""
    readers = [each for each in modules() if each == module or imports(each, module, name)]
    found = {method for each in readers for owner, method in calls(each) if owner == name}
    return frozenset(found or {"match", "search"})


@functools.cache
def calls(module: str) -> frozenset[tuple[str, str]]:
    """The last names and methods of what a module calls like a pattern: ``("_URL", "search")``."""
    return frozenset(
        (ast.unparse(node.value).rpartition(".")[2], node.attr)
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.Attribute) and node.attr in METHODS
    )


@functools.cache
def imported(module: str) -> frozenset[tuple[str | None, str]]:
    """The names that a module imports, each with the module that it comes from."""
    return frozenset(
        (node.module, alias.name)
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def imports(reader: str, module: str, name: str) -> bool:
    """Whether a module imports another one, or a name from it."""
    parent, _, last = module.rpartition(".")
    return bool(imported(reader) & {(module, name), (parent, last)})


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of ``re``'s functions, each with the name of the function that it stands in ("" for none)."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[str, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            here = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else inside
            called = child.func if isinstance(child, ast.Call) else None
            if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "re" and called.attr in RE_FUNCTIONS:
                yield inside, child  # type: ignore[misc]
            yield from walk(child, here)

    yield from walk(tree, "")


@functools.cache
def patterns_of(name: str) -> tuple[Found, ...]:
    """Return the patterns of a module. Fails for one that cannot be found."""
    found: list[Found] = []
    tree, module, short = modules()[name], importlib.import_module(name), name.removeprefix("corscheck.")
    for variable in sorted({target.id for node in tree.body for target in targets(node)}):
        found += [
            Found(f"{short}:{variable}", one, uses(name, variable))
            for one in patterns_in(getattr(module, variable, None))
        ]
    for function, call in functions(tree):
        where, here = f"{short}:{function}", f"{name}, line {call.lineno}"
        if where in SMALL:
            continue
        if not function:
            assert found, f"{here}: a pattern that no variable of the module holds"
            continue
        if where in TABLES:
            found += [Found(where, re.compile(text, re.IGNORECASE), frozenset({"search"})) for text in TABLES[where]()]
            continue
        try:
            text = eval(compile(ast.Expression(call.args[0]), name, "eval"), vars(module))
        except NameError:
            pytest.fail(
                f"{here}: a pattern made of variables. Make it a constant, or list {where!r} in TABLES or SMALL"
            )
        if isinstance(text, (str, bytes)):
            words = ast.unparse(call)
            flags = sum(flag for flag in (re.IGNORECASE, re.DOTALL, re.MULTILINE) if f"re.{flag.name}" in words)
            assert isinstance(call.func, ast.Attribute)
            method = call.func.attr if call.func.attr != "compile" else "match"
            found.append(Found(where, re.compile(text, flags), frozenset({method})))
    return tuple(found)


def targets(node: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that a statement of a module assigns."""
    assigned = (
        node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    )
    yield from (target for target in assigned if isinstance(target, ast.Name))


# ------------------------------------------------------------------ texts made for a pattern

ALPHABET = "aA0 _-./:;=\"'\\<>()[]{}\t\n\r@%,?&#*+~|^$\xe9\x00"
OTHERS = ("", "\x00", "\n", "!")
"""What follows a pumped text: something that makes most patterns fail."""


def samples(item: tuple[Any, Any]) -> list[str]:
    """Return up to three texts that one part of a parsed pattern matches."""
    op, value = item
    name = str(op)
    if name == "LITERAL":
        return [chr(value)]
    if name in ("NOT_LITERAL", "ANY", "IN", "CATEGORY"):
        node = parser.SubPattern(parser.State(), [item])
        single = re.compile("")
        compiled = importlib.import_module("re._compiler").compile(node) if single else None
        return [c for c in ALPHABET if compiled.match(c)][:3] or ["a"]
    if name == "BRANCH":
        return list(itertools.chain.from_iterable(of_sequence(branch)[:1] for branch in value[1]))[:4]
    if name == "SUBPATTERN":
        return of_sequence(value[3])
    if name == "ATOMIC_GROUP":
        return of_sequence(value)
    if name in REPEATS:
        return [text * max(value[0], 1) for text in of_sequence(value[2])]
    return [""]


REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def of_sequence(items: Any) -> list[str]:
    """Return up to three texts that a sequence of parts matches."""
    parts = [samples(item) for item in items]
    return ["".join(part[i % len(part)] for part in parts) for i in range(max((len(p) for p in parts), default=1))][:4]


def repetitions(items: Any, before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield each unbounded repetition of a pattern: a text that leads to it, and texts that it repeats."""
    for item in items:
        op, value = str(item[0]), item[1]
        if op in REPEATS:
            if value[1] > 20:
                yield before, of_sequence(value[2])
            yield from repetitions(value[2], before)
        elif op == "BRANCH":
            for branch in value[1]:
                yield from repetitions(branch, before)
        elif op == "SUBPATTERN":
            yield from repetitions(value[3], before)
        elif op == "ATOMIC_GROUP":
            yield from repetitions(value, before)
        before += samples(item)[0]


def texts(pattern: re.Pattern[Any]) -> dict[str, Callable[[int], str]]:
    """Return makers of hostile texts of a length, by name."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    parsed = parser.parse(source, pattern.flags & ~re.UNICODE)
    made: dict[str, Callable[[int], str]] = dict(HOSTILE)

    def add(before: str, pump: str, after: str) -> None:
        if pump:
            made[f"{before!r} + {pump!r} * n + {after!r}"] = lambda n: before + pump * (n // len(pump)) + after

    for before, pumps in repetitions(parsed):
        for pump in pumps:
            for after in OTHERS:
                add(before, pump, after)
            add("", pump, "\x00")
            add("", before + pump, "\x00")
            add("", before, "\x00")
            add(before, pump + "\x00", "")
        if len(pumps) > 1:
            add(before, pumps[0] + pumps[1], "\x00")
    for whole in of_sequence(parsed):
        add("", whole, "\x00")
        add(whole, whole[-1:], "\x00")
    return made


HOSTILE: dict[str, Callable[[int], str]] = {
    **{
        f"{c!r} * n": (lambda n, c=c: c * n)
        for c in ("a", " ", "\t", "\n", "0", ".", "/", "'", '"', "\\", "(", "[", "{", "$")
    },  # type: ignore[misc]
    "schemes": lambda n: "https://" * (n // 8),
    "letters before ://": lambda n: "a" * n + " ://x",
    "blanks in a field": lambda n: "X: a" + " " * n + "b",
    "secret names": lambda n: "?" + "token" * (n // 5) + " =",
    "names and equal signs": lambda n: "a=" * (n // 2),
    "quotes": lambda n: "\"'" * (n // 2) + "a",
}

# ------------------------------------------------------------------ tests


class Hangs(BaseException):
    """A pattern took too long."""


def seconds(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def called(found: Found, method: str, text: str) -> Callable[[], object]:
    given: Any = text if isinstance(found.pattern.pattern, str) else text.encode("latin-1", "replace")
    if method in ("sub", "subn"):
        return lambda: getattr(found.pattern, method)(given[:0], given)
    if method == "finditer":
        return lambda: sum(1 for _ in found.pattern.finditer(given))
    return lambda: getattr(found.pattern, method)(given)


def is_linear(call: Callable[[int], Callable[[], object]]) -> bool:
    """Whether a call's time grows with the length of its text and no faster."""
    short, long = call(SHORT), call(LONG)
    first = seconds(long)
    if first < QUICK:
        return True
    limit = max(8 * min(seconds(short) for _ in range(3)), QUICK)
    return first < limit or (first < 3 * limit and min(seconds(long) for _ in range(3)) < limit)


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", [name for name, tree in modules().items() if any(functions(tree))])
def test_time_grows_with_the_length_and_no_faster(name: str) -> None:
    wrong = (
        f"{found.where} {found.pattern.pattern!r}.{method}: {how}"
        for found in patterns_of(name)
        if found.where not in SMALL
        for how, make in texts(found.pattern).items()
        for method in sorted(found.methods)
        if not is_linear(lambda n, m=make, f=found, by=method: called(f, by, m(n)))  # type: ignore[misc]
    )
    assert next(wrong, None) is None


def test_the_lists_name_what_is_there() -> None:
    there = {
        f"{name.removeprefix('corscheck.')}:{function}"
        for name, tree in modules().items()
        for function, _ in functions(tree)
    }
    there |= {
        f"{name.removeprefix('corscheck.')}:{t.id}"
        for name, tree in modules().items()
        for node in tree.body
        for t in targets(node)
    }
    assert {*SMALL, *TABLES} <= there
    assert {found.where for found in patterns_of("corscheck.model.masking")} >= {"model.masking:_TOKEN"}


READERS: dict[str, Callable[[str], object]] = {
    "console texts": console.parse,
    "curl lines": lambda text: list(curl_source.parse(text, lambda _: b"", {})),
    "fetch calls": lambda text: list(jsfetch.parse(text)),
    "fetch calls (detection)": jsfetch.is_fetch,
}


@pytest.mark.parametrize("reader", READERS)
def test_readers_of_pasted_text(reader: str) -> None:
    """What loops over patterns is linear, too."""

    def reading(text: str) -> Callable[[], object]:
        def call() -> None:
            with contextlib.suppress(ConfigError):
                READERS[reader](text)

        return call

    makers = {
        **HOSTILE,
        "chromium": lambda n: "Access to fetch at 'https://" * (n // 27),
        "firefox": lambda n: "Cross-Origin Request Blocked: " * (n // 30),
        "origins": lambda n: "Origin https://" * (n // 15),
        "commands": lambda n: "curl a;" * (n // 7),
        "options": lambda n: "curl a" + " -H 'a: b'" * (n // 10),
        "calls": lambda n: "fetch('http://a');" * (n // 18),
        "comments": lambda n: "fetch(" + "/* */ " * (n // 6),
        "open comments": lambda n: "fetch(" + "/*" * (n // 2),
        "headers": lambda n: "fetch('http://a', {headers: {" + "'a': 'b'," * (n // 9),
    }
    wrong = [name for name, make in makers.items() if not is_linear(lambda n, m=make: reading(m(n)))]  # type: ignore[misc]
    assert not wrong


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+", "search"),
        (r"[^:]+:[ \t]*.*?[ \t]*\n", "match"),
        (r"[?&]([\w-]*(?:token|secret)[\w-]*)=", "search"),
        (r"(?:https?://\S+ )?net::ERR_", "search"),
        (r"^\s*\[", "search"),
        (r"a[\d.]+[^<]*b", "match"),
    ],
)
def test_the_scanner_finds_what_is_quadratic(pattern: str, method: str) -> None:
    found = Found("here", re.compile(pattern, re.MULTILINE), frozenset({method}))
    makers = texts(found.pattern).values()
    assert not all(is_linear(lambda n, m=make: called(found, method, m(n))) for make in makers)  # type: ignore[misc]
