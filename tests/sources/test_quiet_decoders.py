"""What libmpg123 says is kept from the terminal; what others say comes through, at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from nncli.sources.image_files import ImageForm, decode_image
from nncli.sources.image_sizes import Fit
from nncli.sources.media_files import MediaError
from nncli.sources.quiet_decoders import quiet_decoders
from nncli.sources.sound_files import SoundForm, decode_sound
from tests.sources.pictures import file_of as picture_file
from tests.sources.pictures import picture
from tests.sources.sounds import file_of, tone

SAID = b"[src/libmpg123/layer3.c:do():12] error: dequantization failed!\n"


def test_what_is_said_is_kept_and_what_others_write_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_decoders():
        os.write(2, b"epoch 3")
        os.write(2, SAID)
        os.write(2, b"\nWarning: Xing stream size off by more than 1%!\n")
        os.write(2, b" of 5\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "epoch 3 of 5\nafter\n"


def test_a_panic_is_kept_with_its_stack_in_whatever_pieces_it_comes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    panic = b"\nthread '<unnamed>' (7) panicked at a.rs:1:2:\nboom\nstack backtrace:\n   0: x\n"
    rest = b"note: Some details are omitted, run with `RUST` for a verbose backtrace.\nnext\n"
    with quiet_decoders():
        os.write(2, b"epoch 3\n")
        for piece in (panic[:5], panic[5:30], panic[30:], rest):
            os.write(2, piece)
    assert capfd.readouterr().err == "epoch 3\nnext\n"


def test_several_threads_share_it_and_it_ends_with_the_last(capfd: pytest.CaptureFixture[str]) -> None:
    def work(number: int) -> None:
        with quiet_decoders():
            os.write(2, SAID)
            os.write(2, f"{number};".encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    assert sorted(capfd.readouterr().err.split(";")) == sorted(["", *map(str, range(40))])
    os.write(2, SAID)
    assert "dequantization" in capfd.readouterr().err


def test_an_error_passes_and_standard_error_is_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MediaError, match="it is empty"), quiet_decoders():
        raise MediaError("it is empty")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_decoder_that_complains_is_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(file_of(tone(440, seconds=5), form="MP3"))
    size = next(at for at in range(200, 2000) if content[at : at + 2] == content[:2])
    for frame in range(4, 12):
        content[frame * size + 4 : frame * size + 60] = b"\xff" * 56
    assert len(decode_sound(bytes(content), SoundForm(8000, 1)))
    assert capfd.readouterr().err == ""


def test_libtiff_is_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    whole = bytearray(picture_file(picture(9, 9), "TIFF", compression="tiff_lzw"))
    whole[8:40] = bytes(each ^ 255 for each in whole[8:40])
    with pytest.raises(MediaError):
        decode_image(bytes(whole), ImageForm(3, Fit((9, 9))))
    assert capfd.readouterr().err == ""
    with quiet_decoders():
        os.write(2, b"TIFFFillStrip: Read error on strip 0; got 3 bytes, expected 9.\n")
        os.write(2, b"More samples per pixel than can be decoded: 32771\nepoch 3\n")
    assert capfd.readouterr().err == "epoch 3\n"
