from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncli.errors import Problem
from nncli.sources import text_files
from nncli.sources.data_files import DataFile
from nncli.sources.tables import Reading
from nncli.sources.text_files import PIECE, between, find_texts, pieces_of, text_blocks
from tests.sources.reading import refused, small, table_of


def test_a_file_is_one_cell_as_it_is() -> None:
    table = table_of(small("\ufeffTo be,\r\nor not\n\n", "a.txt"), reading=Reading(nulls=("To be",)))
    assert table.columns == ("text",)
    assert table.texts("text").to_list() == ["To be,\r\nor not\n\n"]
    assert table.place(0, "text").line == 1


def test_a_text_that_looks_empty_to_a_table_is_a_text() -> None:
    assert table_of(small("NA", "a.txt"), reading=Reading(nulls=("NA",))).texts("text").to_list() == ["NA"]


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "data-empty"), (b"a\xff", "data-encoding"), (b"a\0b", "data-nul")]
)
def test_what_is_no_text_is_refused(content: bytes, code: str) -> None:
    assert refused(small(content, "a.txt")).code == code


def test_pieces_end_behind_lines() -> None:
    line = "word " * 19 + "word\n"
    text = line * (3 * PIECE // len(line))
    pieces = list(pieces_of([text]))
    assert "".join(pieces) == text
    assert len(pieces) > 3
    assert all(piece.endswith("word\n") and len(piece) <= PIECE for piece in pieces)


@pytest.mark.parametrize("sign", ["word ", "x", "\n", "  ", "\u0301", "a\n\n"])
def test_pieces_are_short_where_there_are_no_lines(sign: str) -> None:
    text = sign * (2 * PIECE // len(sign) + 5)
    pieces = list(pieces_of([text]))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= PIECE
    if sign == "word ":
        assert all(piece.startswith(" word") for piece in pieces[1:])


@given(st.text("ab \n", max_size=200), st.integers(1, 40))
def test_pieces_are_the_same_in_blocks_of_any_size(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "PIECE", 16)
        blocks = [text[first : first + size] for first in range(0, len(text), size)]
        assert list(pieces_of(blocks)) == list(pieces_of([text]))


def test_a_part_of_a_text_is_read_no_further() -> None:
    def blocks() -> Iterator[str]:
        yield from ("abc", "def", "ghi")
        raise AssertionError

    assert "".join(between(blocks(), 2, 7)) == "cdefg"
    assert "".join(between(iter(["abc", "def"]), 0, 100)) == "abcdef"
    assert "".join(between(iter(["abc", "def"]), 3, 3)) == ""


def found(folder: Path, source: str) -> list[DataFile]:
    files = find_texts(folder, source)
    assert isinstance(files, list)
    return files


def test_a_glob_finds_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", "[x].txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "d.txt").mkdir()
    assert [file.path.name for file in found(tmp_path, "*.txt")] == ["[x].txt", "a.txt", "b.txt"]
    assert ["".join(text_blocks(file, "utf-8")) for file in found(tmp_path, "a.txt")] == ["a.txt"]
    # A name with brackets is that file where it is there.
    assert [file.path.name for file in found(tmp_path, "[x].txt")] == ["[x].txt"]


def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "d.txt").mkdir()
    for source, code in (
        ("no.txt", "data-missing"),
        ("no*.txt", "data-missing"),
        ("d.txt", "data-irregular"),
    ):
        problem = find_texts(tmp_path, source)
        assert isinstance(problem, Problem) and problem.code == code
