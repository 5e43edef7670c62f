"""Folders become tables, sorted as people sort, and whatever does not belong there is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nncli.errors import DataError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.sources.folders import find_folder, part_folders
from nncli.sources.tables import Table


def _fill(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"not looked at yet")
    return folder


def _read(folder: Path) -> tuple[Table, list[Problem]]:
    found = find_folder(folder, "pets")
    return found.table, list(found.warnings)


def _refused(folder: Path) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        _read(folder)
    for problem in caught.value.problems:
        assert message_of(problem) and hint_of(problem)
    return list(caught.value.problems)


def test_a_folder_for_each_class_becomes_files_with_labels(tmp_path: Path) -> None:
    table, warnings = _read(_fill(tmp_path, "dog/10.png", "dog/9.JPG", "cat/a/2.webp", "cat/b.tiff"))
    assert table.frame.to_dict(as_series=False) == {
        "file": ["cat/a/2.webp", "cat/b.tiff", "dog/9.JPG", "dog/10.png"],
        "label": ["cat", "cat", "dog", "dog"],
    }
    assert table.lines.tolist() == [1, 2, 3, 4]
    assert table.source.folder == str(tmp_path) and not warnings


def test_files_alone_have_no_labels(tmp_path: Path) -> None:
    table, _ = _read(_fill(tmp_path, "b.png", "a10.png", "a9.png"))
    assert table.frame.to_dict(as_series=False) == {"file": ["a9.png", "a10.png", "b.png"]}


def test_classes_that_are_numbers_are_sorted_by_value(tmp_path: Path) -> None:
    table, _ = _read(_fill(tmp_path, *(f"{number}/x.wav" for number in (10, 2, 1))))
    assert table.frame["label"].to_list() == ["1", "2", "10"]


def test_hidden_files_are_left_out_and_counted(tmp_path: Path) -> None:
    files = ("a/1.png", ".DS_Store", "a/._1.png", "b/Thumbs.db", "b/1.png", ".git/config", "__MACOSX/a/1.png")
    table, warnings = _read(_fill(tmp_path, *files))
    assert len(table) == 2
    (warning,) = warnings
    assert warning.severity == "warning"
    assert message_of(warning).startswith("hidden files in `pets` are left out, 5 files: `.DS_Store`, `.git`")


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ((), "folder-empty", "no image or sound lies in `pets`"),
        (("a/1.png", "a/notes.txt", "labels.csv"), "folder-files", "`a/notes.txt`, `labels.csv`"),
        (tuple(f"a/{n}.txt" for n in range(12)), "folder-files", "12 files in `pets`"),
        (("a/1.png", "b/1.wav"), "folder-mixed", "`a/1.png`, `b/1.wav`"),
        (("a/1.png", "1.png", "2.png"), "folder-levels", "2 files lie beside"),
    ],
)
def test_what_does_not_belong_there_is_named(
    tmp_path: Path, files: tuple[str, ...], code: str, said: str
) -> None:
    (problem,) = _refused(_fill(tmp_path, *files))
    assert problem.code == code
    assert said in message_of(problem)
    assert message_of(problem).count("`") <= 12


def test_classes_without_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    (tmp_path / "eel" / "young").mkdir(parents=True)
    (problem,) = _refused(_fill(tmp_path, "cat/1.png"))
    assert problem.code == "folder-class-empty"
    assert message_of(problem) == "no file of `pets` lies in `dog`, `eel`"


def test_links_may_not_lead_out_of_the_folder_or_to_folders(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "pets", "a/1.png", "b/1.png")
    _fill(tmp_path / "elsewhere", "1.png")
    (folder / "a" / "inside.png").symlink_to(folder / "b" / "1.png")
    assert len(_read(folder)[0]) == 3
    (folder / "a" / "2.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (folder / "a" / "gone.png").symlink_to("nowhere.png")
    (folder / "c").symlink_to(tmp_path / "elsewhere")
    (folder / "d").symlink_to(folder)
    (problem,) = _refused(folder)
    assert problem.code == "folder-links"
    assert message_of(problem).endswith("4 links: `a/2.png`, `a/gone.png`, `c`, `d`")


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    _fill(tmp_path / "far", "a/1.png", "b/1.png")
    (tmp_path / "near").symlink_to("far")
    assert len(_read(tmp_path / "near")[0]) == 2


def test_pipes_are_no_files(tmp_path: Path) -> None:
    _fill(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "2.png")
    assert [each.code for each in _refused(tmp_path)] == ["folder-files"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    _fill(tmp_path, "a/1.png")
    with open(os.fsencode(tmp_path / "a") + b"/\xff.png", "wb"):
        pass
    assert [each.code for each in _refused(tmp_path)] == ["folder-name"]


def test_a_folder_that_is_not_there_is_said_to_be_closed(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path / "absent")
    assert caught.value.problems[0].code == "data-closed"


def test_folders_of_parts_are_found(tmp_path: Path) -> None:
    _fill(tmp_path, "train/a/1.png", "val/a/1.png", "test/a/1.png", ".cache/x")
    assert part_folders(tmp_path) == {
        "train": tmp_path / "train", "validation": tmp_path / "val", "test": tmp_path / "test"
    }  # fmt: skip
    _fill(tmp_path, "dog/1.png")
    assert part_folders(tmp_path) == {}


@pytest.mark.parametrize("files", [("test/1.png",), ("train/1.png", "val/1.png", "valid/1.png"), ("train",)])
def test_folders_that_are_no_parts_are_classes(tmp_path: Path, files: tuple[str, ...]) -> None:
    assert part_folders(_fill(tmp_path, *files)) == {}
