"""Words as bash makes them: every quote, held against bash itself."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corscheck.sources.found import SourceError
from corscheck.sources.shell import commands

VARIABLES = {"NAME": "value", "TWO": "a b", "EMPTY": "", "HOME": "/home/me"}


def words(text: str) -> list[list[str]]:
    return [[word.text for word in command] for command in commands(text, VARIABLES)]


def bash(*texts: str) -> list[str]:
    """What bash makes of each text: its words, joined by newlines that no text here has."""
    script = "".join(f"printf '%s\\0' {text}\nprintf 'NEXT\\0'\n" for text in texts)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **VARIABLES}
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env=environment, timeout=60)
    return done.stdout.decode("utf-8", "surrogateescape").split("NEXT\0")[:-1]


QUOTED = [
    "a", "'a b'", "''", '"a b"', '"a\\"b"', '"a\\b"', '"\\\\"', '"\\$NAME"', "\\'", "a\\ b", "'a'\"b\"c", "$'a'", "$'\\''",
    "$'\\\\'", '$\'"\'', "$'\\n\\t\\r\\a\\b\\e\\E\\f\\v'", "$'\\x41'", "$'\\x4'", "$'\\x41g'", "$'\\101'", "$'\\1011'",
    "$'\\u00e9'", "$'\\ue9'", "$'\\u00e9f'", "$'\\U1f600'", "$'\\cB'", "$'\\q'", "$'\\?'", "$'\\041'", "$'a\\0b'c",
    "$'\\xff'", "$'\\777'", '$"a b"', '"$NAME"', "$NAME", "${NAME}x", '"${NAME}"', "'$NAME'", '"$TWO"', '"$EMPTY"', "a$",
    '"a$"', "$'$NAME'", "a\\\nb", '"a\\\nb"', "'a\\\nb'", "a#b", "é", "'é\U0001f600'", "a=b", "--a='b c'",
    "'!'", '"%"', "~", "~/x", "~x", "'~'", "\\\\", "\\a", "$'\\u20ac\\xe9'", "$'\\'\"'", "a'b'$'c'\"d\"e",
]  # fmt: skip


def test_words_are_those_of_bash() -> None:
    for text, expected in zip(QUOTED, bash(*QUOTED), strict=True):
        found = "".join(f"{word}\0" for command in words(f"x {text}") for word in command[1:])
        assert found == expected, text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.sampled_from("ab '\"\\$nx41u0\n;é#!=-"), max_size=12), min_size=20, max_size=20))
def test_whatever_can_be_read_is_read_as_bash_reads_it(texts: list[str]) -> None:
    """Between double quotes and in $'...', where escapes differ most: random texts of the characters that matter."""
    candidates = []
    for text in texts:
        candidates += ["'" + text.replace("'", "'\\''") + "'"]
        # A backslash before a quote of the text would escape our backslash, and the quote would end the word.
        double = re.sub(r'\\+"', '"', text.replace("$", "S")).replace('"', '\\"')
        candidates += ['"' + double.rstrip("\\") + '"']
        candidates += ["$'" + re.sub(r"\\+'", "'", text).replace("'", "\\'").rstrip("\\") + "'"]
    readable = []
    for text in candidates:
        try:
            found = words(f"x {text}")
        except SourceError:
            continue
        if len(found) == 1 and len(found[0]) == 2:
            readable.append((text, found[0][1]))
    # Alone each is a word for bash too, unless it is unfinished: then bash would refuse all of them.
    for (text, word), expected in zip(readable, bash(*(text for text, _ in readable)), strict=True):
        assert f"{word}\0" == expected, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl a\ncurl b", [["curl", "a"], ["curl", "b"]]),
        ("curl a ;\ncurl b ;", [["curl", "a"], ["curl", "b"]]),
        ("curl a && curl b || curl c & curl d", [["curl", "a"], ["curl", "b"], ["curl", "c"], ["curl", "d"]]),
        ("curl a | jq . | head -1; curl b", [["curl", "a"], ["curl", "b"]]),
        ("curl a > out.json 2>&1", [["curl", "a"]]),
        ("curl a 2>/dev/null b", [["curl", "a", "b"]]),
        ("# a remark\ncurl a # another\n", [["curl", "a"]]),
        ("$ curl a", [["curl", "a"]]),
        ("curl a \\\r\n  b\r\n", [["curl", "a", "b"]]),
        ("TOKEN=abc\nexport X='1 2'\ncurl $TOKEN \"$X\"", [["curl", "abc", "1 2"]]),
        ("", []),
        ("\n\n# nothing\n", []),
        # Halves of a character, as Firefox and Safari write it: bash would make six bytes of them.
        ("curl $'\\ud83d\\ude00'", [["curl", "\U0001f600"]]),
        ("curl $'\\ud83dx'", [["curl", "\udced\udca0\udcbdx"]]),
    ],
)
def test_commands(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("curl 'a", "line 1, column 6", "the ' that starts here is not closed"),
        ('curl\n  "a', "line 2, column 3", 'the " that starts here is not closed'),
        ("curl $'a\\'", "line 1, column 6", "the $' that starts here is not closed"),
        ("curl $(cat x)", "line 1, column 6", "only a shell can make"),
        ("curl `cat x`", "line 1, column 6", "command substitution"),
        ('curl "`cat x`"', "line 1, column 7", "command substitution"),
        ('curl "${X:-1}"', "line 1, column 7", "only a shell can make"),
        ("curl $NOPE", "line 1, column 6", "the variable $NOPE is not set"),
        ("curl $TWO", "line 1, column 6", 'write "$TWO"'),
        ("curl a \\ \n b", "line 1, column 8", "blanks between the backslash"),
        ("curl <<EOF", "line 1, column 6", "'<<'"),
        ("(curl a)", "line 1, column 1", "a parenthesis"),
    ],
)
def test_what_only_a_shell_can_do_is_refused_by_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(SourceError) as caught:
        words(text)
    assert place in str(caught.value)
    assert what in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("curl -H'\"\\$`|&;<>(){}#\n\r\t !x0u=@"), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = words(text)
    except SourceError as error:
        found = [[str(error)]]
    assert all(found)
