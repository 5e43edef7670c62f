"""Sounds are decoded once into the cache and found again there, or decoded when they are taken."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from nncli.cache_folder import clear_cache, list_cache
from nncli.columns import recordings
from nncli.columns.file_lists import FileList, list_files
from nncli.columns.recordings import Layout, Recordings, decode_new, decode_once
from nncli.data.arrays import Pieces
from nncli.draws import Draw
from nncli.errors import DataError
from nncli.sources.sound_files import SoundForm
from tests.columns.sound_tables import LENGTHS, sound_table, waves
from tests.sources.sounds import file_of, noise

FORM = SoundForm(8000, 1)
LAYOUT = Layout(400, has_mask=False, place=7)
NAMES = [f"{number} ö.wav" for number in range(len(LENGTHS))]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NNCLI_CACHE", str(folder))
    return folder


def _files(folder: Path) -> FileList:
    sound_table(folder)
    return list_files(str(folder), NAMES)


def _again(found: Recordings) -> Recordings:
    fields = ("folder", "decode", "length", "has_mask", "place")
    return Recordings(**found.tensors(), **{name: getattr(found, name) for name in fields})


def _taken(found: Recordings, *rows: int) -> np.ndarray:
    return found.take(torch.tensor(rows)).values.numpy()


def _truth(*rows: int, length: int = 400) -> np.ndarray:
    made = np.zeros((len(rows), length, 1), np.int16)
    for number, row in enumerate(rows):
        wave = np.rint(waves()[row] * 2**15).astype(np.int16)
        first = max(len(wave) - length, 0) // 2
        part = wave[first : first + length]
        made[number, : len(part)] = part
    return made


def test_sounds_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, refused = decode_once(_files(tmp_path), FORM, LAYOUT, "a test")
    assert not refused and found.rows == 4 and found.row_bytes == 800
    assert np.array_equal(_taken(found, 2, 0, 2, 1), _truth(2, 0, 2, 1))
    assert [entry.kind for entry in list_cache()] == ["sounds"]
    monkeypatch.setattr(recordings, "decode_sound", lambda *_: pytest.fail("it is decoded again"))
    again, _ = decode_once(list_files(str(tmp_path), NAMES), FORM, LAYOUT, "a test")
    for each in (again, _again(found)):
        assert np.array_equal(_taken(each, 3), _truth(3))
        assert each.digest == found.digest


def test_a_length_cuts_what_is_kept_whole(tmp_path: Path) -> None:
    files = _files(tmp_path)
    found, _ = decode_once(files, FORM, Layout(150, has_mask=False, place=7), "")
    assert found.row_bytes is None
    assert np.array_equal(_taken(found, 0, 1), _truth(0, 1, length=150))
    rows = torch.tensor([0, 2])
    drawn = {found.take(rows, Draw(0, epoch, rows)).values.numpy().tobytes() for epoch in range(20)}
    assert len(drawn) > 15
    decode_once(files, FORM, LAYOUT, "")
    assert len(list_cache()) == 1, "the length is no matter of decoding"


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    found, _ = decode_once(_files(tmp_path), FORM, LAYOUT, "")
    assert found.is_current
    (tmp_path / NAMES[1]).write_bytes(file_of(noise(100, 1, 99)))
    os.utime(tmp_path / NAMES[1], ns=(1, 1))
    assert not found.is_current
    other, _ = decode_once(list_files(str(tmp_path), NAMES), FORM, LAYOUT, "")
    assert other.digest != found.digest


def test_what_is_too_much_for_the_cache_is_decoded_when_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "most_bytes", lambda: 2 * 2 * 700)
    found, refused = decode_once(_files(tmp_path), FORM, LAYOUT, "")
    assert not refused and found.row_bytes == 800
    assert sum(entry.size_bytes for entry in list_cache()) < 700
    assert np.array_equal(_taken(found, 2, 0), _truth(2, 0))
    (tmp_path / NAMES[2]).unlink()
    with pytest.raises(DataError) as caught:
        found.take(torch.tensor([2]))
    [problem] = caught.value.problems
    assert problem.code == "sound-gone" and str(problem.facts["file"]).endswith(NAMES[2])


def test_all_that_cannot_be_decoded_is_told_and_nothing_kept(tmp_path: Path) -> None:
    files = _files(tmp_path)
    (tmp_path / NAMES[0]).write_bytes(b"")
    (tmp_path / NAMES[3]).unlink()
    _, refused = decode_once(files, FORM, LAYOUT, "")
    assert {row: error.reason for row, error in refused.items()} == {
        0: "it is empty", 3: "there is no such file"
    }  # fmt: skip
    assert not list_cache()


def test_new_rows_are_held_in_memory_where_they_are_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, layout = _files(tmp_path), Layout(150, has_mask=False, place=7)
    found, refused = decode_new(files, FORM, layout)
    assert not refused and not list_cache() and found.samples.shape == (550, 1)
    assert np.array_equal(_taken(found, 3, 0, 1), _truth(3, 0, 1, length=150))
    monkeypatch.setattr(recordings, "MOST_BYTES_IN_MEMORY", 100)
    later, _ = decode_new(files, FORM, layout)
    assert len(later.samples) == 0
    assert np.array_equal(_taken(later, 3, 0, 1), _truth(3, 0, 1, length=150))


def test_pieces_make_one_column(tmp_path: Path) -> None:
    _files(tmp_path)
    with Pieces(None, "train", 4) as pieces:
        for names in (NAMES[:3], NAMES[3:]):
            found, _ = decode_once(list_files(str(tmp_path), names), FORM, LAYOUT, "")
            pieces.add({"sound": found}, len(names))
        whole = pieces.finish()[0]["sound"]
    assert isinstance(whole, Recordings) and len(list_cache()) == 2
    assert np.array_equal(_taken(whole, 3, 1, 2), _truth(3, 1, 2))
    clear_cache()


def test_a_lost_entry_is_missed_at_once(tmp_path: Path) -> None:
    found, _ = decode_once(_files(tmp_path), FORM, LAYOUT, "")
    (tmp_path / NAMES[0]).touch()
    again = list_files(str(tmp_path), NAMES)
    tensors = {**found.tensors(), "stamps": torch.from_numpy(again.stamps)}
    with pytest.raises(ValueError, match="lost"):
        Recordings(**tensors, folder=found.folder, decode=found.decode, length=4, has_mask=False, place=0)
