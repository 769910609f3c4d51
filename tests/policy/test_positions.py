"""Lines of tables, keys and elements in any TOML there is."""

from __future__ import annotations

import pytest

from corscheck.policy.toml_lines import Path, Positions, check_lines

TEXT = '''\
# a comment with [[check]] in it
top = 1
dotted.key."quoted # key" = { a = [1, 2], "b" = 'x' }

[[check]]  # one
name = """
[[check]]
"quoted"""" # closes with four
urls = [
  "/a", # a comment, with ] and "
  ["/b",
   '/c'],
  { d = 1979-05-27 07:32:00, e = inf },
]

  [check.headers]
  "X-A" = "1"

[[ check ]]
name = \'\'\'
it's\'\'\'
[env.a]
x.y = true
[env . "b c"]
z = "\\u0022 ]"
'''

LINES: dict[Path, int] = {
    ("top",): 2,
    ("dotted",): 3,
    ("dotted", "key", "quoted # key"): 3,
    ("dotted", "key", "quoted # key", "a", 1): 3,
    ("check",): 5,
    ("check", 0): 5,
    ("check", 0, "name"): 6,
    ("check", 0, "urls"): 9,
    ("check", 0, "urls", 0): 10,
    ("check", 0, "urls", 1): 11,
    ("check", 0, "urls", 1, 1): 12,
    ("check", 0, "urls", 2, "e"): 13,
    ("check", 0, "headers"): 16,
    ("check", 0, "headers", "X-A"): 17,
    ("check", 1): 19,
    ("check", 1, "name"): 20,
    ("env",): 22,
    ("env", "a", "x", "y"): 23,
    ("env", "b c", "z"): 25,
    ("env", "b c", "missing"): 24,
    ("nowhere",): 1,
}


@pytest.mark.parametrize("path", LINES, ids=str)
def test_a_line(path: Path) -> None:
    assert Positions(TEXT).line(path) == LINES[path]


def test_the_text_is_toml() -> None:
    import tomllib

    assert len(tomllib.loads(TEXT)["check"]) == 2


def test_lines_of_checks() -> None:
    plain = 'a = 1\n[[check]]\nname = "x"\n  [[check]]\n'
    assert check_lines(plain, (), 2) == [2, 4]
    assert check_lines(TEXT, (), 2) == [5, 19]
    assert check_lines('check = [\n  {name = "a"},\n  {name = "b"},\n]\n', (), 2) == [2, 3]
    assert check_lines("[[tool.corscheck.check]]\n", ("tool", "corscheck"), 1) == [1]
