"""How fast image files are decoded: nncli against a bare loop over Pillow, over the same number of workers.

Then how long steps of training wait for images that lie in the cache, too many to be held in memory.

python bench/images.py [count]
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nncli.columns.pictures import Pictures
from nncli.columns.stored import Taken
from nncli.cores import usable_cores
from nncli.draws import Draw
from nncli.preparing.prepared import prepare
from nncli.sources.image_files import ImageForm, decode_image
from nncli.sources.image_sizes import Fit
from nncli.sources.media_files import on_all_cores, read_media
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.training.loop import train

SPEC = """\
data:
  train: data
  split: {validation: 0, test: 0}
  inputs: {image: {type: image, size: 224, augment: [RandomHorizontalFlip]}}
  targets: {label: category}
network:
  - Conv2d: [8, 7, stride: 4]
  - ReLU
  - Conv2d: [16, 3, stride: 2]
  - ReLU
  - AdaptiveAvgPool2d: 1
  - Flatten
  - Linear: $classes
training: {loss: CrossEntropyLoss, optimizer: SGD, epochs: 2, batch_size: 32}
"""
ROUNDS = 5
FORMS = {
    "JPEG 500 × 375 to 224 × 224": ("JPEG", (375, 500), 3, (224, 224)),
    "JPEG 2000 × 1500 to 224 × 224": ("JPEG", (1500, 2000), 3, (224, 224)),
    "PNG 256 × 256 to 224 × 224": ("PNG", (256, 256), 3, (224, 224)),
    "PNG 28 × 28, grey, as it is": ("PNG", (28, 28), 1, (28, 28)),
}


def bare(path: Path, channels: int, size: tuple[int, int]) -> np.ndarray:
    """Decodes and resizes as people write it."""
    with Image.open(path) as image:
        image = image.convert("L" if channels == 1 else "RGB")
        return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def bare_several(paths: list[Path], channels: int, size: tuple[int, int]) -> int:
    """Decodes some files in a worker, and throws the pixels away."""
    return sum(bare(path, channels, size).shape[0] for path in paths)


def bare_loop(pool: Executor, paths: list[Path], channels: int, size: tuple[int, int]) -> None:
    workers = usable_cores()
    pieces = [paths[first::workers] for first in range(workers)]
    for done in [pool.submit(bare_several, piece, channels, size) for piece in pieces]:
        done.result()


def nncli_loop(paths: list[Path], channels: int, size: tuple[int, int]) -> None:
    pixels = np.empty((len(paths), channels, *size), dtype=np.uint8)
    form = ImageForm(channels, Fit(size))

    def work(number: int) -> None:
        pixels[number] = decode_image(read_media(paths[number]), form)

    assert not on_all_cores(len(paths), work)


def picture(size: tuple[int, int], channels: int, seed: int) -> Image.Image:
    """An image that compresses about as a photograph does."""
    numbers = np.random.default_rng(seed)
    coarse = numbers.uniform(0, 255, (12, 16, 3)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC))
    image = Image.fromarray((smooth + numbers.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8))
    return image.convert("L") if channels == 1 else image


def files(folder: Path, form: str, size: tuple[int, int], channels: int, count: int) -> list[Path]:
    contents = []
    for seed in range(16):
        stream = io.BytesIO()
        picture(size, channels, seed).save(stream, form)
        contents.append(stream.getvalue())
    paths = [folder / f"{number}.{form.lower()}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(contents[number % len(contents)])
    return paths


def rate(count: int, loop: Callable[[], None]) -> float:
    began = time.perf_counter()
    loop()
    return count / (time.perf_counter() - began)


def waits(count: int) -> None:
    """Prints the share of its time that training waits for images, the cache cold and warm."""
    spec = parse_spec(SPEC, Origin("spec.yaml", Path.cwd(), SPEC))
    waited = [0.0]
    take = Pictures.take

    def timed(self: Pictures, rows: Tensor, draw: Draw | None = None) -> Taken:
        began = time.perf_counter()
        found = take(self, rows, draw)
        waited[0] += time.perf_counter() - began
        return found

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(Pictures, "take", timed):
        os.environ["NNCLI_CACHE"] = str(Path(folder) / "cache")
        for name in "ab":
            (Path(folder) / name).mkdir()
            files(Path(folder) / name, "JPEG", (375, 500), 3, count // 2)
        (Path(folder) / "data").mkdir()
        for name in "ab":
            (Path(folder) / name).rename(Path(folder) / "data" / name)
        changed = replace(spec, origin=Origin("spec.yaml", Path(folder), SPEC))
        for cache in ("cold", "warm"):
            began = time.perf_counter()
            job, state = prepare(changed).job(torch.device("cpu"))
            opened, waited[0] = time.perf_counter() - began, 0.0
            began = time.perf_counter()
            for _ in train(job, state, lambda: False):
                pass
            whole = time.perf_counter() - began
            print(f"cache {cache}: {opened:5.1f} s to the first step; {state.step} steps in {whole:.1f} s")
            print(f"    {waited[0]:.2f} s wait for images: {100 * waited[0] / whole:.2f} %", flush=True)


def main() -> None:
    """Prints images a second, medians over rounds in which the loops take turns."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{usable_cores()} workers; images a second, medians of {ROUNDS} rounds")
    with ThreadPoolExecutor(usable_cores()) as threads, ProcessPoolExecutor(usable_cores()) as processes:
        for name, (form, size, channels, target) in FORMS.items():
            with tempfile.TemporaryDirectory() as folder:
                paths = files(Path(folder), form, size, channels, count)
                loops = {
                    "threads": lambda: bare_loop(threads, paths, channels, target),  # noqa: B023
                    "processes": lambda: bare_loop(processes, paths, channels, target),  # noqa: B023
                    "nncli": lambda: nncli_loop(paths, channels, target),  # noqa: B023
                }
                rates: dict[str, list[float]] = {each: [] for each in loops}
                for _ in range(ROUNDS):
                    for each, loop in loops.items():
                        rates[each].append(rate(count, loop))
            middle = {each: statistics.median(found) for each, found in rates.items()}
            best = max(middle["threads"], middle["processes"])
            print(
                f"{name:32} threads {middle['threads']:7.0f}  processes {middle['processes']:7.0f}  "
                f"nncli {middle['nncli']:7.0f}  {middle['nncli'] / best:.2f} of the faster",
                flush=True,
            )


if __name__ == "__main__":
    main()
    waits(2000)
