"""How fast sound files are decoded: nncli against a bare loop over soundfile, on as many threads.

python bench/sounds.py [count]

Where the rates differ, the bare loop resamples with soxr too.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
import soxr

from nncli.cores import usable_cores
from nncli.sources.media_files import on_all_cores, read_media
from nncli.sources.sound_files import SoundForm, decode_sound

ROUNDS = 5
RATE = 16_000
# Format, seconds, rate and channels of the files.
FORMS = {
    "WAV 1 s": ("WAV", 1, 16_000, 1),
    "WAV 5 s, 44.1 kHz stereo": ("WAV", 5, 44_100, 2),
    "FLAC 5 s": ("FLAC", 5, 16_000, 1),
    "OGG 5 s": ("OGG", 5, 16_000, 1),
    "MP3 5 s": ("MP3", 5, 16_000, 1),
}


def bare(path: Path) -> np.ndarray:
    """Decodes, mixes and resamples as people write it."""
    wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = wave.mean(axis=1)
    return mono if rate == RATE else soxr.resample(mono, rate, RATE)


def bare_loop(pool: ThreadPoolExecutor, paths: list[Path]) -> None:
    workers = usable_cores()
    pieces = [paths[first::workers] for first in range(workers)]
    for done in [pool.submit(lambda piece: [bare(each) for each in piece], piece) for piece in pieces]:
        done.result()


def nncli_loop(paths: list[Path]) -> None:
    form = SoundForm(RATE, 1)
    assert not on_all_cores(len(paths), lambda number: _decoded(paths[number], form))


def _decoded(path: Path, form: SoundForm) -> None:
    decode_sound(read_media(path), form)


def files(folder: Path, form: str, seconds: int, rate: int, channels: int, count: int) -> list[Path]:
    """Writes sounds that compress about as speech does."""
    paths = [folder / f"{number}.{form.lower()}" for number in range(count)]
    for number, path in enumerate(paths):
        if number < 8:
            draw = np.random.default_rng(number)
            steps = np.cumsum(draw.normal(size=(seconds * rate, channels)), axis=0)
            wave = steps - np.linspace(steps[0], steps[-1], len(steps))
            soundfile.write(path, wave / np.abs(wave).max() / 1.1, rate, format=form)
        else:
            path.write_bytes(paths[number % 8].read_bytes())
    return paths


def seconds_taken(loop: Callable[[], None]) -> float:
    began = time.perf_counter()
    loop()
    return time.perf_counter() - began


def main() -> None:
    """Prints files a second, medians over rounds in which the loops take turns."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{usable_cores()} workers; files a second, medians of {ROUNDS} rounds")
    with ThreadPoolExecutor(usable_cores()) as threads:
        for name, (form, seconds, rate, channels) in FORMS.items():
            with tempfile.TemporaryDirectory() as folder:
                paths = files(Path(folder), form, seconds, rate, channels, count)
                taken: dict[str, list[float]] = {"bare": [], "nncli": []}
                for _ in range(ROUNDS):
                    taken["bare"].append(seconds_taken(lambda: bare_loop(threads, paths)))  # noqa: B023
                    taken["nncli"].append(seconds_taken(lambda: nncli_loop(paths)))  # noqa: B023
            bare_rate, own_rate = (count / statistics.median(found) for found in taken.values())
            print(
                f"{name:26} bare {bare_rate:7.0f}  nncli {own_rate:7.0f}  {own_rate / bare_rate:.2f} of it",
                flush=True,
            )


if __name__ == "__main__":
    main()
