"""The fault cases of images, each from the text of a spec to the words that a person reads."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from nncli.errors import Exit, NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from tests.data.image_folders import fill, opened
from tests.sources.pictures import file_of, picture


def _refused(folder: Path, exit_code: Exit = Exit.DATA, **words: str) -> Problem:
    with pytest.raises(NncliError) as caught:
        opened(folder, **words)
    assert caught.value.exit_code == exit_code
    (problem,) = caught.value.problems
    assert message_of(problem) and hint_of(problem) is not None and problem.place is not None
    return problem


def _bomb(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


WHOLE = file_of(picture(60, 80))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "it is empty", id="38 zero bytes"),
        pytest.param(b"not an image\n", "it is no PNG, JPEG, GIF, BMP, WebP or TIFF file", id="38 text"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "it ends too early", id="38 truncated PNG"),
        pytest.param(file_of(picture(60, 80), "JPEG")[:-40], "it ends too early", id="38 truncated JPEG"),
    ],
)
def test_files_that_cannot_be_decoded_are_refused_before_the_first_step(
    tmp_path: Path, content: bytes, said: str
) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    before = {path: path.read_bytes() for path in (tmp_path / "pets").rglob("*.png")}
    for number in range(7):
        (tmp_path / "pets" / "dog" / f"bad {number}.jpg").write_bytes(content)
    problem = _refused(tmp_path, inputs="{image: {type: image, size: 6}}")
    assert problem.code == "image-unreadable"
    message = message_of(problem)
    assert f"cannot be decoded in 7 rows: `dog/bad 0.jpg`: {said}; " in message
    assert message.endswith(f"`dog/bad 4.jpg`: {said}; …")
    # Files are never written to.
    assert all(path.read_bytes() == content for path, content in before.items())


def test_39_an_image_of_too_many_pixels_is_a_matter_of_resources(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    (tmp_path / "pets" / "dog" / "huge.png").write_bytes(_bomb(60_000))
    problem = _refused(tmp_path, Exit.RESOURCE, inputs="{image: {type: image, size: 6}}")
    assert problem.code == "image-too-large"
    assert "`dog/huge.png`: it has 60,000 × 60,000 pixels" in message_of(problem)


def test_41_an_empty_class_and_a_single_one(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat")
    assert _refused(tmp_path).code == "class-single"
    (tmp_path / "pets" / "dog").mkdir()
    assert _refused(tmp_path).code == "folder-class-empty"


def test_41_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "pets").mkdir()
    assert _refused(tmp_path).code == "folder-empty"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "pet").mkdir()
    problem = _refused(tmp_path)
    assert problem.code == "data-missing"
    assert "did you mean `pet`?" in hint_of(problem)
