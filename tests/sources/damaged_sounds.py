"""Sound files with known damage, from a fixed seed.

`python -m tests.sources.damaged_sounds COUNT SEED` reads that many of them, and prints how many were refused
and accepted, and the most memory that it took, in MiB.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nncli.sources.media_files import MediaError
from nncli.sources.sound_files import SoundForm, decode_sound, read_header
from tests.sources.sounds import FORMATS, file_of, noise, tone

Verdict = Literal["refused", "accepted", "either"]
MOST_SECONDS = 10.0
FORM = SoundForm(8000, 1)
_CHECKED = ("FLAC", "OGG", "OPUS")
"""Formats that carry checksums of their sound."""


@dataclass(frozen=True)
class Damaged:
    """A file, what was done to it, and what must become of it."""

    content: bytes
    what: str
    verdict: Verdict


def damaged_sounds(count: int, seed: int) -> Iterator[Damaged]:
    """Makes files with every kind of damage, in turn."""
    dice = random.Random(seed)
    whole = _whole_files()
    for number in range(count):
        form, content = dice.choice(whole)
        yield _DAMAGES[number % len(_DAMAGES)](form, content, dice)


def _whole_files() -> list[tuple[str, bytes]]:
    sounds = [(noise(2500), 8000), (noise(3000, 2), 16000), (tone(700, 48000, 0.2)[:, None], 48000)]
    files = [(form, file_of(wave, rate, form)) for wave, rate in sounds for form in FORMATS]
    coders = ("PCM_U8", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM")
    return files + [("WAV", file_of(wave, rate, subtype=coder)) for wave, rate in sounds for coder in coders]


def _nothing(form: str, content: bytes, dice: random.Random) -> Damaged:
    return Damaged(content, f"{form} as it is", "accepted")


def _cut(form: str, content: bytes, dice: random.Random) -> Damaged:
    at = dice.randrange(len(content))
    return Damaged(content[:at], f"{form} cut at {at} of {len(content)}", "refused")


def _cut_a_little(form: str, content: bytes, dice: random.Random) -> Damaged:
    less = dice.randrange(1, 9)
    return Damaged(content[:-less], f"{form} without its last {less} bytes", "refused")


def _flipped(form: str, content: bytes, dice: random.Random) -> Damaged:
    damaged, at = bytearray(content), dice.randrange(len(content))
    damaged[at] ^= 1 << dice.randrange(8)
    # Tags before the sound of FLAC have no checksum.
    is_sound = at > len(content) // 3
    verdict: Verdict = "refused" if form in _CHECKED and is_sound else "either"
    return Damaged(bytes(damaged), f"{form} with another bit at {at}", verdict)


def _zeroed(form: str, content: bytes, dice: random.Random) -> Damaged:
    damaged, at = bytearray(content), dice.randrange(len(content))
    length = min(dice.randrange(20, 400), len(content) - at)
    is_same = not any(damaged[at : at + length])
    damaged[at : at + length] = bytes(length)
    is_sound = at > len(content) // 3 and not is_same
    verdict: Verdict = "refused" if form in _CHECKED and is_sound else "either"
    return Damaged(bytes(damaged), f"{form} with {length} zeros at {at}", verdict)


def _wild(form: str, content: bytes, dice: random.Random) -> Damaged:
    """Changes many bytes of the header."""
    damaged = bytearray(content)
    for _ in range(dice.randrange(1, 12)):
        damaged[dice.randrange(4, min(120, len(content)))] = dice.randrange(256)
    return Damaged(bytes(damaged), f"{form} with a wild header", "either")


def _without_piece(form: str, content: bytes, dice: random.Random) -> Damaged:
    at = dice.randrange(len(content) // 3, len(content) - 64)
    length = dice.randrange(1, 64)
    verdict: Verdict = "either" if form == "MP3" else "refused"
    return Damaged(content[:at] + content[at + length :], f"{form} without {length} bytes at {at}", verdict)


def _joined(form: str, content: bytes, dice: random.Random) -> Damaged:
    """The head of one file and the tail of another."""
    other = dice.choice(_whole_files())[1]
    return Damaged(content[: len(content) // 2] + other[len(other) // 2 :], f"{form} joined", "either")


def _text(form: str, content: bytes, dice: random.Random) -> Damaged:
    return Damaged(b"name,age\n" + b"ada,36\n" * dice.randrange(1, 99), "text", "refused")


def _noise(form: str, content: bytes, dice: random.Random) -> Damaged:
    head = dice.choice([b"RIFF\xff\xff\xff\xffWAVE", b"OggS\0", b"fLaC", b"\xff\xfb\x90\x44", b"ID3\4\0\0"])
    return Damaged(head + dice.randbytes(dice.randrange(3000)), f"noise behind {head!r}", "refused")


def _followed(form: str, content: bytes, dice: random.Random) -> Damaged:
    return Damaged(content + bytes(dice.randrange(1, 200)), f"{form} with zeros behind it", "accepted")


_DAMAGES: list[Callable[[str, bytes, random.Random], Damaged]] = [
    _nothing, _cut, _cut_a_little, _flipped, _zeroed, _wild, _without_piece, _joined, _text, _noise, _followed
]  # fmt: skip


def _accepts(damaged: Damaged) -> bool:
    """Reads a file; raises AssertionError where that took long or gave what is no sound."""
    begun = time.process_time()
    try:
        read_header(damaged.content)
        found = decode_sound(damaged.content, FORM)
        assert found.dtype == np.int16 and found.shape[1] == 1 and len(found)
        is_accepted = True
    except MediaError as error:
        assert error.reason
        is_accepted = False
    assert time.process_time() - begun < MOST_SECONDS, damaged.what
    return is_accepted


def main() -> None:
    """Reads COUNT files from SEED."""
    count, seed = map(int, sys.argv[1:3])
    accepted = 0
    for damaged in damaged_sounds(count, seed):
        is_accepted = _accepts(damaged)
        wanted = {"refused": False, "accepted": True, "either": is_accepted}[damaged.verdict]
        assert is_accepted == wanted, f"{damaged.what} was {'accepted' if is_accepted else 'refused'}"
        accepted += is_accepted
    # What the system counts as the most of a process is that of the one that started it, if it had more.
    peak_kib = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(count - accepted, accepted, peak_kib // 1024)


if __name__ == "__main__":
    main()
