from __future__ import annotations

import os
from pathlib import Path

import pytest

from nncli.regular_files import NotRegularError, read_regular_file


def test_a_file_is_read_up_to_a_number_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"one\r\ntwo")
    assert read_regular_file(path) == b"one\r\ntwo"
    assert read_regular_file(path, most_bytes=4) == b"one\r"


def test_nothing_else_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, is_folder in ((tmp_path / "pipe", False), (tmp_path, True), (Path("/dev/zero"), False)):
        with pytest.raises(NotRegularError) as caught:
            read_regular_file(path)
        assert caught.value.is_folder is is_folder


def test_a_link_is_followed_unless_that_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("mine")
    assert read_regular_file(tmp_path / "link") == b"mine"
    with pytest.raises(OSError):
        read_regular_file(tmp_path / "link", follow=False)


def test_what_is_missing_and_what_no_file_can_be_called(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "absent")
    with pytest.raises(ValueError):
        read_regular_file(tmp_path / "a\0b")
