"""Images are decoded once into the cache and found again there, or decoded when they are taken."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from nncli.cache_folder import clear_cache, list_cache
from nncli.columns import pictures
from nncli.columns.decodes import NO_CLASS, Decode, ImageDecode, MaskDecode
from nncli.columns.file_lists import FileList, list_files
from nncli.columns.pictures import Pictures, decode_new, decode_once
from nncli.errors import DataError
from nncli.sources.media_files import MediaError
from tests.sources.pictures import Image, array, file_of, picture

DECODE = ImageDecode(3, (12, 16))


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NNCLI_CACHE", str(folder))
    return folder


def _files(folder: Path, count: int = 10) -> FileList:
    names = [f"{number} ö.png" for number in range(count)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(file_of(picture(12, 16, number)))
    return list_files(str(folder), names)


def _again(found: Pictures) -> Pictures:
    return Pictures(**found.tensors(), folder=found.folder, decode=found.decode)


def _truth(*seeds: int) -> np.ndarray:
    return np.stack([array(picture(12, 16, seed)) for seed in seeds])


def _taken(found: Pictures, *rows: int) -> np.ndarray:
    return found.take(torch.tensor(rows)).values.numpy()


def test_images_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _files(tmp_path)
    found, refused = decode_once(files, DECODE, "a test")
    assert not refused and found.rows == 10 and found.row_bytes == 576
    assert np.array_equal(_taken(found, 7, 0, 7), _truth(7, 0, 7))
    assert [entry.kind for entry in list_cache()] == ["images"]
    monkeypatch.setattr(ImageDecode, "__call__", lambda *_: pytest.fail("it is decoded again"))
    again, _ = decode_once(list_files(str(tmp_path), [f"{n} ö.png" for n in range(10)]), DECODE, "a test")
    for each in (again, _again(found)):
        assert np.array_equal(_taken(each, 3), _truth(3))
        assert each.digest == found.digest


def test_what_is_asked_for_makes_other_images(tmp_path: Path) -> None:
    files = _files(tmp_path)
    assert decode_once(files, DECODE, "")[0].row_bytes == 576
    assert decode_once(files, ImageDecode(1, (6, 6)), "")[0].row_bytes == 36
    assert len(list_cache()) == 2


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    found, _ = decode_once(_files(tmp_path), DECODE, "")
    path = tmp_path / "4 ö.png"
    assert found.is_current
    path.write_bytes(file_of(picture(12, 16, 99)))
    os.utime(path, ns=(1, 1))
    assert not found.is_current
    other, _ = decode_once(list_files(str(tmp_path), [f"{n} ö.png" for n in range(10)]), DECODE, "")
    assert other.digest != found.digest
    assert np.array_equal(_taken(other, 4), _truth(99))


def test_images_that_the_cache_lost_are_missed(tmp_path: Path) -> None:
    found, _ = decode_once(_files(tmp_path), DECODE, "")
    clear_cache()
    with pytest.raises(ValueError, match="lost"):
        _again(found)


def test_where_they_do_not_fit_each_is_decoded_when_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_CACHE_SIZE", "1kB")
    files = _files(tmp_path)
    found, refused = decode_once(files, DECODE, "")
    assert not refused
    assert sum(entry.size_bytes for entry in list_cache()) < 1000
    assert np.array_equal(_taken(found, 9, 2, 2), _truth(9, 2, 2))
    assert np.array_equal(_taken(_again(found), 9), _truth(9))
    monkeypatch.delenv("NNCLI_CACHE_SIZE")
    kept, _ = decode_once(_files(tmp_path / ".", 10), ImageDecode(3, (12, 16), "crop"), "")
    assert kept.digest == found.digest


def test_a_file_that_is_gone_by_then_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE_SIZE", "1kB")
    found, _ = decode_once(_files(tmp_path), DECODE, "")
    (tmp_path / "5 ö.png").unlink()
    assert np.array_equal(_taken(found, 4), _truth(4))
    with pytest.raises(DataError) as caught:
        _taken(found, 4, 5)
    (problem,) = caught.value.problems
    assert (problem.code, problem.facts["reason"]) == ("image-gone", "there is no such file")
    assert str(problem.facts["file"]).endswith("5 ö.png")


@pytest.mark.parametrize("most_bytes", [0, 2**20])
def test_new_files_leave_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES_IN_MEMORY", most_bytes)
    found, refused = decode_new(_files(tmp_path), DECODE)
    assert not refused and not list_cache()
    assert np.array_equal(_taken(_again(found), 6, 1), _truth(6, 1))


def test_pieces_of_a_column_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nncli.data.arrays import Pieces

    files = _files(tmp_path)
    monkeypatch.setattr(pictures, "MOST_BYTES_IN_MEMORY", 3 * 576)
    parts = [
        decode_once(files.part(0, 4), DECODE, "")[0],
        decode_new(files.part(4, 6), DECODE)[0],
        decode_new(files.part(6, 10), DECODE)[0],
    ]
    with Pieces(None, "rows", 10) as pieces:
        for part in parts:
            pieces.add({"image": part}, part.rows)
        whole = pieces.finish()[0]["image"]
    assert isinstance(whole, Pictures) and whole.rows == 10
    assert np.array_equal(_taken(whole, 9, 0, 5, 3, 4, 6), _truth(9, 0, 5, 3, 4, 6))


def test_what_is_refused_leaves_no_entry(tmp_path: Path) -> None:
    files = _files(tmp_path)
    (tmp_path / "2 ö.png").write_bytes(b"")
    (tmp_path / "7 ö.png").unlink()
    _, refused = decode_once(files, DECODE, "")
    assert list(refused) == [2, 7]
    assert [refused[2].reason, refused[7].reason] == ["it is empty", "there is no such file"]
    assert not list_cache()


def test_a_full_disk_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pictures._make_entry

    def full(files: FileList, decode: Decode, about: str, *, is_kept: bool) -> dict[int, MediaError]:
        if is_kept:
            raise OSError(28, "No space left on device")
        return made(files, decode, about, is_kept=False)

    monkeypatch.setattr(pictures, "_make_entry", full)
    found, _ = decode_once(_files(tmp_path), DECODE, "")
    assert np.array_equal(_taken(found, 8), _truth(8))


def test_masks_become_the_places_of_their_values(tmp_path: Path) -> None:
    values = np.array([[0, 7, 255], [7, 7, 0]], dtype=np.uint8)
    content = file_of(Image.fromarray(values))
    decode = MaskDecode((0, 7, 255), (2, 3))
    assert decode(content).tolist() == [[0, 1, 2], [1, 1, 0]]
    with pytest.raises(MediaError, match="value 255, which is no class"):
        MaskDecode((0, 7), (2, 3))(content)
    kept = MaskDecode((0, 7), (2, 3), unknown="keep")(content)
    assert kept.tolist() == [[0, 1, NO_CLASS], [1, 1, 0]]
    padded = MaskDecode((0, 7, 255), (4, 3), "pad")(content)
    assert padded[0].tolist() == [NO_CLASS] * 3 and padded[1].tolist() == [0, 1, 2]
