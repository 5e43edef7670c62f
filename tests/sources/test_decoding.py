from __future__ import annotations

import gzip

import pytest

from nncli.errors import DataError, Place, Problem
from nncli.sources.decoding import decoded


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
