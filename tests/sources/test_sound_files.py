"""Sound files become the samples that went into them, or are refused with a reason."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from nncli.sources import sound_files
from nncli.sources.media_files import MediaError
from nncli.sources.sound_files import SoundForm, SoundHeader, decode_sound, read_header
from tests.sources.sounds import FORMATS, Wave, chunk, file_of, noise, tone, wav_of

FORM = SoundForm(8000, 1)
FORMAT_CHUNK = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))


def _reason(content: bytes, form: SoundForm = FORM) -> str:
    with pytest.raises(MediaError) as caught:
        decode_sound(content, form)
    return caught.value.reason


def _decibels(found: Wave, expected: Wave) -> float:
    """Says how far the error is below the sound, the ends left out."""
    inner = slice(len(expected) // 10, -len(expected) // 10)
    error = found[inner].astype(np.float64) - expected[inner]
    return float(10 * np.log10(np.mean(expected[inner].astype(np.float64) ** 2) / np.mean(error**2)))


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_loses_nothing_comes_back_bit_for_bit(form: str, channels: int) -> None:
    wave = noise(1000, channels)
    content = file_of(wave, 22050, form)
    assert read_header(content) == SoundHeader(1000, 22050, channels, is_float=False)
    found = decode_sound(content, SoundForm(22050, channels))
    assert found.dtype == np.int16
    assert np.array_equal(found / 2**15, wave)


@pytest.mark.parametrize("form", ["OGG", "OPUS", "MP3"])
def test_what_hears_like_the_sound_comes_back_like_it(form: str) -> None:
    wave = tone(440, 16000)
    content = file_of(wave, 16000, form)
    assert read_header(content) == SoundHeader(8000, 16000, 1, is_float=False)
    found = decode_sound(content, SoundForm(16000, 1))
    assert found.shape == (8000, 1)
    assert _decibels(found[:, 0] / 2**15, wave) > 15


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "ULAW", "ALAW", "MS_ADPCM"])
def test_every_coder_of_wav_is_read(subtype: str) -> None:
    wave = tone(440)
    assert _decibels(decode_sound(file_of(wave, 8000, subtype=subtype), FORM)[:, 0] / 2**15, wave) > 25


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_floats_of_any_size_are_kept_as_floats(subtype: str) -> None:
    wave = noise(500) * 300
    content = file_of(wave, subtype=subtype)
    assert read_header(content).is_float
    found = decode_sound(content, SoundForm(8000, 1, "float32"))
    assert found.dtype == np.float32 and np.array_equal(found, wave)
    assert _reason(content) == "its samples reach 182, and those of training lie between -1 and 1"
    assert decode_sound(file_of(wave / 400, subtype=subtype), FORM).dtype == np.int16


def test_channels_are_mixed_by_their_mean_or_laid_on_both() -> None:
    stereo, mono = noise(300, 2), noise(300)
    mean = np.rint(stereo.mean(axis=1, keepdims=True) * 2**15)
    assert np.array_equal(decode_sound(file_of(stereo), FORM), mean)
    both = decode_sound(file_of(mono), SoundForm(8000, 2))
    assert np.array_equal(both / 2**15, np.repeat(mono, 2, axis=1))
    assert decode_sound(file_of(noise(300, 6)), FORM).shape == (300, 1)
    assert _reason(file_of(noise(300, 6)), SoundForm(8000, 2)) == (
        "it has 6 channels, from which 2 cannot be made"
    )


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (48000, 8000), (8000, 16000), (22050, 16000)])
def test_another_rate_keeps_the_sound_and_adds_nothing(rate: int, wanted: int) -> None:
    form = SoundForm(wanted, 1, "float32")
    lower = min(rate, wanted)
    for hertz in (100, 0.2 * lower, 0.4 * lower):
        found = decode_sound(file_of(tone(hertz, rate), rate, subtype="FLOAT"), form)
        expected = tone(hertz, wanted)
        assert abs(len(found) - len(expected)) <= 1
        assert _decibels(found[: len(expected), 0], expected[: len(found)]) > 60
    if rate > wanted:
        gone = decode_sound(file_of(tone(0.6 * wanted, rate), rate, subtype="FLOAT"), form)
        assert float(np.abs(gone[500:-500]).max()) < 1e-5


def test_a_sound_that_is_louder_between_its_samples_is_cut_off_at_the_largest_number() -> None:
    square = np.repeat(np.array([0.999, -0.999] * 50, np.float32), 20)
    found = decode_sound(file_of(square, 16000), FORM)
    assert found.max() == 2**15 - 1 and found.min() == -(2**15)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.7, 0.95, 0.999])
def test_a_file_that_ends_too_early_is_refused(form: str, share: float) -> None:
    content = file_of(noise(9000), form=form)
    assert decode_sound(content, FORM).shape == (9000, 1)
    reason = _reason(content[: int(len(content) * share)])
    # libFLAC says it in its own words.
    assert reason == "it ends too early" or form == "FLAC"


@pytest.mark.parametrize("form", ["FLAC", "OGG", "OPUS"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_changed_byte_is_refused_where_a_format_has_checksums(form: str, share: float) -> None:
    content = bytearray(file_of(noise(9000), form=form))
    content[int(len(content) * share)] ^= 0x55
    assert _reason(bytes(content)).startswith(("it is damaged: ", "the checksum of its content is wrong"))


def test_frames_of_mp3_that_are_no_frames_are_refused() -> None:
    content = bytearray(file_of(noise(20_000), form="MP3"))
    size = next(at for at in range(200, 2000) if content[at : at + 2] == content[:2])
    content[3 * size : 3 * size + 4] = b"junk"
    assert _reason(bytes(content)) == f"it is damaged: no frame begins at byte {3 * size:,}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"RIFF", "it is no WAV, FLAC, OGG or MP3 file"),
        (b"name,age\nada,36\n" * 9, "it is no WAV, FLAC, OGG or MP3 file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is no WAV, FLAC, OGG or MP3 file"),
        (wav_of(b""), "it ends too early"),
        (wav_of(FORMAT_CHUNK), "it ends too early"),
        (wav_of(FORMAT_CHUNK + chunk(b"data", b"")), "it has no samples"),
        (file_of(np.array([np.nan], np.float32), subtype="FLOAT"), "it holds samples that are no numbers"),
    ],
    # A WAV file holds the time at which it was made.
    ids=range(8),
)  # fmt: skip
def test_what_is_no_sound_is_refused_in_words(content: bytes, reason: str) -> None:
    assert _reason(content) == reason


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((1, 1, 10, 20, 2, 16), "its header says 10 samples a second, which is no sound"),
        ((1, 257, 8000, 16000, 514, 16), "its header says 257 channels, which is no sound"),
        ((1, 3, 8000, 16000, 2, 16), "its header says 3 channels of 16 bits and 2 bytes, which is no sound"),
        ((1, 1, 8000, 16000, 2, 99), "its header says 1 channels of 99 bits and 2 bytes, which is no sound"),
    ],
)
def test_a_header_that_cannot_be_is_refused(numbers: tuple[int, ...], reason: str) -> None:
    head = chunk(b"fmt ", struct.pack("<HHIIHH", *numbers))
    assert _reason(wav_of(head + chunk(b"data", bytes(5140)))) == reason


def test_a_length_that_was_not_known_yet_is_what_follows() -> None:
    body = bytes(range(200))
    streamed = wav_of(FORMAT_CHUNK + b"data" + b"\xff\xff\xff\xff" + body)
    assert decode_sound(streamed, FORM).shape == (100, 1)


def test_tags_around_a_sound_are_no_sound() -> None:
    mp3, flac = file_of(tone(440), form="MP3"), file_of(tone(440), form="FLAC")
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
    assert len(decode_sound(tag + mp3 + b"TAG" + bytes(125), FORM)) == 4000
    assert len(decode_sound(tag + flac, FORM)) == 4000


def test_more_samples_than_memory_is_for_are_refused_before_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence = np.zeros((3_000_000, 1), np.float32)
    bomb = file_of(silence, form="FLAC")
    assert len(bomb) < 100_000
    monkeypatch.setattr(sound_files, "MOST_SAMPLES", 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(MediaError) as caught:
            decode_sound(bomb, FORM)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.is_too_large
    assert caught.value.reason == (
        "it holds 375 seconds of 8,000 Hz in 1 channels, more than 1,000,000 samples"
    )


def test_a_header_that_says_less_than_follows_is_no_way_around_that(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = bytearray(file_of(np.zeros((300_000, 1), np.float32), form="FLAC"))
    # The 36 bits of STREAMINFO that count the samples; 0 is for an unknown number.
    bomb[21] &= 0xF0
    bomb[22:26] = bytes(4)
    monkeypatch.setattr(sound_files, "MOST_SAMPLES", 100_000)
    with pytest.raises(MediaError):
        decode_sound(bytes(bomb), FORM)


def test_neither_library_is_imported_before_a_sound_is_read() -> None:
    code = "import sys, nncli.sources.folders; print('soundfile' in sys.modules, 'soxr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
