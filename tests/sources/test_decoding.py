from __future__ import annotations

import gzip
import io

import pytest

from nncli.errors import DataError, Place, Problem, SpecError
from nncli.sources import decoding
from nncli.sources.decoding import decoded, decoded_blocks


def refused(content: bytes, encoding: str = "utf-8") -> Problem:
    with pytest.raises(DataError) as caught:
        decoded(content, "rows.csv", encoding)
    return caught.value.problems[0]


def test_text_comes_out_as_utf8_without_a_mark() -> None:
    assert decoded("ä,b\n".encode("utf-8-sig"), "rows.csv", "utf-8") == "ä,b\n".encode()
    assert decoded("ä,b\n".encode("cp1252"), "rows.csv", "cp1252") == "ä,b\n".encode()
    assert decoded("ä,b\n".encode("utf-16"), "rows.csv", "utf-16") == "ä,b\n".encode()


def test_a_byte_of_another_encoding_is_named() -> None:
    problem = refused("x,y\n1,Müller\n".encode("cp1252"))
    assert problem.code == "data-encoding"
    assert problem.place == Place("rows.csv", 2, 4)
    assert problem.facts["byte"] == 7
    assert problem.facts["looks"] == "cp1252"


@pytest.mark.parametrize(
    ("content", "fact", "value"),
    [
        ("x,y\n1,2\n".encode("utf-16"), "looks", "utf-16"),
        ("x,y\n1,2\n".encode("utf-16-le"), "looks", "utf-16-le"),
        ("x,y\n1,2\n".encode("utf-16-be"), "looks", "utf-16-be"),
        (gzip.compress(b"x,y\n1,2\n", mtime=0), "packed", "gzip"),
        (b"x\n\x81\n", "looks", "latin-1"),
    ],
)
def test_what_it_looks_like_is_said(content: bytes, fact: str, value: str) -> None:
    assert refused(content).facts[fact] == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "shift_jis"])
def test_blocks_are_the_same_text(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK_BYTES", 7)
    text = (
        "ab\nAz 12\r\n" * 5
        + {"utf-8": "é中🙂", "utf-16": "é中🙂", "cp1252": "é", "shift_jis": "中"}[encoding]
    )
    content = text.encode(encoding)
    blocks = list(decoded_blocks(io.BytesIO(content), "a.txt", encoding))
    assert len(blocks) > 3
    assert "".join(blocks) == text == decoded(content, "a.txt", encoding).decode()


def test_blocks_leave_the_byte_order_mark_out() -> None:
    assert list(decoded_blocks(io.BytesIO("\ufeffa".encode()), "a.txt", "utf-8")) == ["a"]
    assert list(decoded_blocks(io.BytesIO(b""), "a.txt", "utf-8")) == []


@pytest.mark.parametrize("content", [b"abc\nde\n\xff\nabcdefgh", b"abc\nde\nab\xe4", b"abc\nde\nx\0y"])
def test_blocks_are_refused_where_the_whole_is(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK_BYTES", 4)
    with pytest.raises(DataError) as whole:
        decoded(content, "a.txt", "utf-8")
    with pytest.raises(DataError) as piecewise:
        list(decoded_blocks(io.BytesIO(content), "a.txt", "utf-8"))
    (expected,), (found,) = whole.value.problems, piecewise.value.problems
    assert (found.code, found.place) == (expected.code, expected.place)
    assert found.facts.get("byte") == expected.facts.get("byte")


def test_blocks_of_no_encoding_are_refused() -> None:
    with pytest.raises(SpecError):
        list(decoded_blocks(io.BytesIO(b"a"), "a.txt", "utf-9"))
