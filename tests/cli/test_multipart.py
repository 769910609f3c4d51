"""``-F``: the body that a browser would make of the same form, read back by an independent parser."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest

from corscheck.cli.ask.inputs import Inputs
from corscheck.cli.ask.multipart import FormPart, boundary, encode, form, parse
from tests.cli.fakes import Command, Runner


def test_a_form(tmp_path: Path) -> None:
    upload = tmp_path / "a b.png"
    upload.write_bytes(b"\x89PNG\r\n\n\r--")
    texts = ["name=value", "note=one\ntwo", f"file=@{upload}", f"doc=@{upload};type=text/x;filename=other.txt"]
    body, content_type = form(texts, Inputs())
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = list(message.iter_parts())
    assert [p.get_param("name", header="content-disposition") for p in parts] == ["name", "note", "file", "doc"]
    assert [p.get_filename() for p in parts] == [None, None, "a b.png", "other.txt"]
    assert [p["content-type"] for p in parts] == [None, None, "image/png", "text/x"]
    assert parts[1].get_payload() == "one\r\ntwo"
    assert body.count(upload.read_bytes()) == 2


def test_the_bytes() -> None:
    body = encode([FormPart('a"\n', b"x\r\ny"), FormPart("f", b"\n", "n", "t/t")], "B")
    assert body == (
        b'--B\r\nContent-Disposition: form-data; name="a%22%0D%0A"\r\n\r\nx\r\ny\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="n"\r\nContent-Type: t/t\r\n\r\n\n\r\n'
        b"--B--\r\n"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a=b", FormPart("a", b"b")),
        ("a=", FormPart("a", b"")),
        ("a=b=c;d", FormPart("a", b"b=c;d")),
        ("a=b;type=text/html", FormPart("a", b"b", None, "text/html")),
        ("a=b;type=text/plain; charset=utf-8", FormPart("a", b"b", None, "text/plain; charset=utf-8")),
        ("a=@{file}", FormPart("a", b"content", "upload.bin", "application/octet-stream")),
        ("a=@{file};type=image/x", FormPart("a", b"content", "upload.bin", "image/x")),
        ('a=@{file};filename="x;y\\".png"', FormPart("a", b"content", 'x;y".png', "image/png")),
        ('a=@"{file}"', FormPart("a", b"content", "upload.bin", "application/octet-stream")),
        ("a=<{file}", FormPart("a", b"content")),
    ],
)
def test_parts(text: str, part: FormPart, tmp_path: Path) -> None:
    file = tmp_path / "upload.bin"
    file.write_bytes(b"content")
    assert parse(text.replace("{file}", str(file)), Inputs()) == part


def test_a_boundary_is_in_no_part_and_always_the_same() -> None:
    parts = [FormPart("a", b"x")]
    first = boundary(parts)
    assert first == boundary(parts)
    assert first != boundary([FormPart("a", first.encode())])
    assert len(first) <= 70


def test_on_the_command_line(command: Command, fake: Runner) -> None:
    assert command.probe("-F", "a=b").status == 0
    name, value = fake.probe.headers[0]
    assert name == "Content-Type"
    limit = value.removeprefix("multipart/form-data; boundary=")
    assert fake.probe.method == "POST"
    assert fake.probe.body_asked
    assert (
        fake.probe.body == f'--{limit}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--{limit}--\r\n'.encode()
    )
