"""Data for the set of planted faults and healthy runs, made from fixed seeds."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def write_all(folder: Path) -> None:
    """Writes every file that a case can name into a folder."""
    for name, make in MADE.items():
        make(folder / name)


def _csv(path: Path, headers: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headers)
        writer.writerows(zip(*columns, strict=True))


def _text(numbers: Numbers) -> list[str]:
    return [f"{each:.6g}" for each in numbers]


def rings(path: Path, rows: int = 400) -> None:
    """Two classes, one around the other: no straight line parts them."""
    draw = np.random.default_rng(1)
    kinds = draw.integers(0, 2, rows)
    radius = 1.0 + 1.2 * kinds + draw.normal(0, 0.12, rows)
    angle = draw.uniform(0, 2 * np.pi, rows)
    _csv(
        path,
        ("x1", "x2", "kind"),
        (_text(radius * np.cos(angle)), _text(radius * np.sin(angle)), [f"k{each}" for each in kinds]),
    )


def prices(path: Path, rows: int = 400) -> None:
    """A price in thousands from measurements of very different size."""
    draw = np.random.default_rng(2)
    area, rooms = draw.uniform(40, 200, rows), draw.integers(1, 8, rows).astype(float)
    tax, rate = draw.uniform(200, 700, rows), draw.uniform(0.01, 0.5, rows)
    price = 1500 * area + 8000 * rooms - 60 * tax - 90000 * rate + draw.normal(0, 8000, rows)
    headers = ("area", "rooms", "tax", "rate", "price")
    _csv(path, headers, [_text(each) for each in (area, rooms, tax, rate, price)])


def uneven(path: Path, rows: int = 600) -> None:
    """Two classes, 97 rows to 3, which overlap."""
    draw = np.random.default_rng(3)
    rare = draw.random(rows) < 0.03
    x = draw.normal(0, 1, (rows, 4)) + 0.9 * rare[:, None]
    headers = ("a", "b", "c", "d", "fraud")
    _csv(path, headers, [*(_text(each) for each in x.T), ["yes" if each else "no" for each in rare]])


def separable(path: Path, rows: int = 600) -> None:
    """Two classes, 94 rows to 6, far apart."""
    draw = np.random.default_rng(4)
    rare = draw.random(rows) < 0.06
    x = draw.normal(0, 1, (rows, 4)) + 6 * rare[:, None]
    headers = ("a", "b", "c", "d", "fraud")
    _csv(path, headers, [*(_text(each) for each in x.T), ["yes" if each else "no" for each in rare]])


def shuffled(path: Path, rows: int = 240) -> None:
    """Classes that have nothing to do with the measurements."""
    draw = np.random.default_rng(5)
    x = draw.normal(0, 1, (rows, 8))
    kinds = [f"k{each}" for each in draw.integers(0, 3, rows)]
    _csv(path, (*"abcdefgh", "kind"), [*(_text(each) for each in x.T), kinds])


def noisy(path: Path, rows: int = 300) -> None:
    """A number that is half noise: R² cannot pass one half."""
    draw = np.random.default_rng(6)
    x = draw.normal(0, 1, (rows, 5))
    y = x @ np.array([1.0, -1.0, 0.5, 0.0, 0.0]) + draw.normal(0, 1.5, rows)
    _csv(path, (*"abcde", "y"), [*(_text(each) for each in x.T), _text(y)])


def few(path: Path, rows: int = 200) -> None:
    """Few rows of many measurements, most of which say nothing."""
    draw = np.random.default_rng(7)
    x = draw.normal(0, 1, (rows, 20))
    y = x[:, 0] - x[:, 1] + draw.normal(0, 1.5, rows)
    headers = (*(f"x{each}" for each in range(20)), "y")
    _csv(path, headers, [*(_text(each) for each in x.T), _text(y)])


def constant(path: Path, rows: int = 200) -> None:
    """A target that never changes."""
    draw = np.random.default_rng(8)
    x = draw.normal(0, 1, (rows, 3))
    _csv(path, (*"abc", "y"), [*(_text(each) for each in x.T), ["4.5"] * rows])


def waves(path: Path, rows: int = 500) -> None:
    """A smooth curve over one number."""
    draw = np.random.default_rng(9)
    x = draw.uniform(-3, 3, rows)
    _csv(path, ("u", "y"), (_text(x), _text(np.sin(2 * x) + draw.normal(0, 0.05, rows))))


def counts(path: Path, rows: int = 500) -> None:
    """Counts that follow Poisson's distribution."""
    draw = np.random.default_rng(10)
    x = draw.normal(0, 1, (rows, 3))
    y = draw.poisson(np.exp(0.6 * x[:, 0] - 0.4 * x[:, 1] + 1.0))
    _csv(path, (*"abc", "y"), [*(_text(each) for each in x.T), list(map(str, y))])


def shares(path: Path, rows: int = 400) -> None:
    """Six numbers between 0 and 1 that follow from two."""
    draw = np.random.default_rng(11)
    hidden = draw.normal(0, 1, (rows, 2))
    mixing = draw.normal(0, 1, (2, 6))
    x = 1 / (1 + np.exp(-hidden @ mixing))
    headers = tuple(f"s{each}" for each in range(6))
    _csv(path, headers, [_text(each) for each in x.T])


def photos(path: Path, rows: int = 400) -> None:
    """Grey images of 8×8 pixels from 0 to 255: a bar across, or a bar down."""
    draw = np.random.default_rng(12)
    images = draw.integers(0, 60, (rows, 1, 8, 8)).astype(np.uint8)
    kinds = draw.integers(0, 2, rows)
    for number, kind in enumerate(kinds):
        at = draw.integers(0, 8)
        if kind:
            images[number, 0, at, :] = 230
        else:
            images[number, 0, :, at] = 230
    pixels = images.reshape(rows, -1)
    headers = (*(f"p{each:02}" for each in range(64)), "kind")
    _csv(path, headers, [*(list(map(str, each)) for each in pixels.T), [f"k{each}" for each in kinds]])


MADE: dict[str, Callable[[Path], None]] = {
    "rings.csv": rings,
    "prices.csv": prices,
    "uneven.csv": uneven,
    "separable.csv": separable,
    "shuffled.csv": shuffled,
    "noisy.csv": noisy,
    "few.csv": few,
    "constant.csv": constant,
    "waves.csv": waves,
    "counts.csv": counts,
    "shares.csv": shares,
    "photos.csv": photos,
}
