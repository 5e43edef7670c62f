"""What libmpg123 says is kept from the terminal and refuses the file; what others say comes through."""

from __future__ import annotations

import os

import pytest

from nncli.sources.decoder_words import refusing_what_is_said, without_panics
from nncli.sources.media_files import MediaError
from nncli.sources.sound_files import SoundForm, decode_sound
from tests.sources.sounds import file_of, tone


def test_what_is_said_refuses_the_file_in_its_words(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MediaError) as caught, refusing_what_is_said():
        os.write(2, b"[src/libmpg123/layer3.c:do():12] error: dequantization failed!\nWarning: more\n")
    assert caught.value.reason == "it is damaged: dequantization failed"
    assert capfd.readouterr().err == ""


def test_what_others_write_meanwhile_comes_behind_it(capfd: pytest.CaptureFixture[str]) -> None:
    with refusing_what_is_said():
        os.write(2, b"epoch 3\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "epoch 3\n"


def test_an_error_passes_and_standard_error_is_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MediaError, match="it is empty"), refusing_what_is_said():
        raise MediaError("it is empty")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_polars_writes_of_a_panic_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with without_panics():
        os.write(
            2, b"epoch 3\n\nthread '<unnamed>' (7) panicked at a.rs:1:2:\nboom\nstack backtrace:\n   0: x\n"
        )
        os.write(
            2,
            b"note: Some details are omitted, run with `RUST` for a verbose backtrace.\nnext\n",
        )
    assert capfd.readouterr().err == "epoch 3\nnext\n"


def test_sound_that_a_decoder_fails_over_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(file_of(tone(440, seconds=5), form="MP3"))
    size = next(at for at in range(200, 2000) if content[at : at + 2] == content[:2])
    for frame in range(4, 12):
        content[frame * size + 4 : frame * size + 60] = b"\xff" * 56
    with pytest.raises(MediaError, match="it is damaged: "):
        decode_sound(bytes(content), SoundForm(8000, 1))
    assert capfd.readouterr().err == ""
