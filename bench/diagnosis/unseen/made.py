"""Tables and arrays for the programs beside it, the same ones every time."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


def write_all(folder: Path) -> None:
    """Writes every set into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20)
    for make in (
        _rings,
        _houses_and_loans,
        _rare_classes,
        _odd_classes,
        _few_rows,
        _amounts,
        _days,
        _images,
        _rows,
    ):
        make(folder, rng)


def _table(file: Path, columns: dict[str, Any]) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row])


def _words(labels: Numbers, *names: str) -> list[str]:
    return [names[int(label)] for label in labels]


def _named(inputs: Numbers, letter: str = "v") -> dict[str, Any]:
    return {f"{letter}{number}": column for number, column in enumerate(inputs.T)}


def _rings(folder: Path, rng: np.random.Generator) -> None:
    # A disc and the ring around it; three rings.
    angle = rng.uniform(0, 2 * np.pi, 600)
    ring = rng.integers(0, 2, 600)
    radius = np.where(ring == 0, rng.uniform(0, 1, 600), rng.uniform(1.3, 2.3, 600))
    _table(
        folder / "discs.csv",
        {"east": radius * np.cos(angle), "north": radius * np.sin(angle), "kind": _words(ring, "in", "out")},
    )
    ring = rng.integers(0, 3, 600)
    radius = 0.5 + ring + rng.uniform(-0.3, 0.3, 600)
    _table(
        folder / "rings.csv",
        {
            "east": radius * np.cos(angle),
            "north": radius * np.sin(angle),
            "kind": _words(ring, "a", "b", "c"),
        },
    )


def _houses_and_loans(folder: Path, rng: np.random.Generator) -> None:
    # Prices of houses.
    area, rooms = rng.uniform(40, 220, 500), rng.integers(1, 8, 500)
    age, way = rng.uniform(0, 90, 500), rng.exponential(6, 500)
    price = 40_000 + 2_300 * area + 9_000 * rooms - 1_100 * age - 4_000 * way + rng.normal(0, 15_000, 500)
    _table(
        folder / "houses.csv", {"area": area, "rooms": rooms.tolist(), "age": age, "way": way, "price": price}
    )

    # Who pays back: columns of very different sizes.
    income, years = rng.lognormal(10.6, 0.5, 600), rng.uniform(20, 70, 600)
    share, debt = rng.uniform(0, 0.01, 600), rng.lognormal(9, 0.8, 600)
    score = 1.5 * (np.log(income) - 10.6) / 0.5 - 1.5 * (np.log(debt) - 9) / 0.8 + (share - 0.005) * 500
    paid = (score + rng.normal(0, 0.4, 600) > 0).astype(int)
    _table(
        folder / "loans.csv",
        {"income": income, "years": years, "part": share, "debt": debt, "paid": _words(paid, "no", "yes")},
    )


def _rare_classes(folder: Path, rng: np.random.Generator) -> None:
    # One of twenty is a fraud; the classes overlap in `frauds`, not in `faults`.
    for name, distance in (("frauds", 1.1), ("faults", 4.0)):
        rare = (rng.uniform(size=1200) < 0.06).astype(int)
        inputs = rng.normal(size=(1200, 5)) + rare[:, None] * distance * np.array([1, -1, 0.6, 0, 0])
        columns = _named(inputs)
        _table(folder / f"{name}.csv", {**columns, "bad": _words(rare, "no", "yes")})


def _odd_classes(folder: Path, rng: np.random.Generator) -> None:
    # Nothing to learn: classes drawn without a look at the inputs.
    inputs = rng.normal(size=(400, 8))
    columns = _named(inputs)
    _table(folder / "mixed_up.csv", {**columns, "kind": _words(rng.integers(0, 4, 400), "a", "b", "c", "d")})

    # A fifth of the answers is wrong.
    side = (inputs[:, 0] + inputs[:, 1] > 0).astype(int)
    wrong = rng.uniform(size=400) < 0.2
    _table(folder / "doubtful.csv", {**columns, "kind": _words(np.where(wrong, 1 - side, side), "a", "b")})

    # A column that is filled in after the fact.
    months, calls = rng.integers(1, 60, 500), rng.poisson(3, 500)
    gone = (rng.normal(size=500) + 0.3 * (calls - 3) - 0.02 * (months - 30) > 0.5).astype(int)
    refund = np.where(gone == 1, rng.uniform(20, 90, 500), 0.0)
    _table(
        folder / "customers.csv",
        {
            "months": months.tolist(),
            "calls": calls.tolist(),
            "fee": rng.uniform(10, 80, 500),
            "refund": refund,
            "gone": _words(gone, "no", "yes"),
        },
    )

    # Each row stands four times in the file, with classes that no input explains.
    inputs = rng.normal(size=(120, 6))
    kinds = rng.integers(0, 3, 120)
    order = rng.permutation(np.repeat(np.arange(120), 4))
    columns = _named(inputs[order])
    _table(folder / "copied.csv", {**columns, "kind": _words(kinds[order], "a", "b", "c")})


def _few_rows(folder: Path, rng: np.random.Generator) -> None:
    # Few rows with many columns; few rows that lie well apart.
    inputs = rng.normal(size=(90, 40))
    few = (inputs[:, 0] + 0.7 * inputs[:, 1] + rng.normal(0, 1.0, 90) > 0).astype(int)
    _table(folder / "genes.csv", {**_named(inputs, "g"), "ill": _words(few, "no", "yes")})
    kinds = np.arange(45) % 3
    inputs = rng.normal(size=(45, 3)) * 0.5 + np.eye(3)[kinds] * 4
    _table(folder / "few.csv", {**_named(inputs), "kind": _words(kinds, "a", "b", "c")})


def _amounts(folder: Path, rng: np.random.Generator) -> None:
    # Temperatures on both sides of zero; shares from 0 to 100; a parabola; a steep power; wild values.
    day, height = rng.uniform(0, 365, 500), rng.uniform(0, 2500, 500)
    warmth = 8 - 14 * np.cos(2 * np.pi * day / 365) - 0.0065 * height + rng.normal(0, 1, 500)
    _table(folder / "weather.csv", {"day": day, "height": height, "celsius": warmth})
    inputs = rng.normal(size=(500, 4))
    percent = 100 / (1 + np.exp(-inputs @ np.array([1.0, -0.8, 0.5, 0.0]) - 0.5))
    columns = _named(inputs)
    _table(folder / "percent.csv", {**columns, "percent": percent, "part": percent / 100})
    x = rng.uniform(0, 1, 300)
    _table(folder / "parabola.csv", {"value": x, "y": (x - 0.5) ** 2})
    x = rng.uniform(-100, 100, 400)
    _table(folder / "power.csv", {"value": x, "y": x**4})
    wild = inputs @ np.array([2.0, 1.0, -1.0, 0.5]) + rng.normal(0, 0.3, 500)
    wild[rng.integers(0, 500, 12)] += rng.choice([-60, 60], 12)
    _table(folder / "wild.csv", {**columns, "y": wild})
    faint = 0.5 * inputs[:, 0] + rng.normal(0, 1.0, 500)
    _table(folder / "faint.csv", {**columns, "y": faint})

    # Grades that are names of groups, not sizes: their order says nothing.
    group = rng.integers(0, 6, 500)
    centre = np.array([[0, 0], [3, 3], [-3, 3], [3, -3], [-3, -3], [0, 5]])[[3, 0, 4, 2, 5, 1]]
    place = centre[group] + rng.normal(0, 0.6, (500, 2))
    _table(folder / "groups.csv", {"east": place[:, 0], "north": place[:, 1], "group": group.tolist()})


def _days(folder: Path, rng: np.random.Generator) -> None:
    # Sales by the day, with a week in them.
    days = np.arange(420)
    sold = 100 + 0.05 * days + 25 * np.sin(2 * np.pi * days / 7) + rng.normal(0, 4, 420)
    dates = np.datetime64("2023-01-01") + days
    _table(folder / "sales.csv", {"day": [str(date) for date in dates], "sold": sold})

    # Opinions of a few words.
    good, bad = (
        ["great", "lovely", "superb", "fine", "charming"],
        ["awful", "boring", "dreadful", "poor", "dull"],
    )
    filler = [
        "the",
        "film",
        "was",
        "story",
        "and",
        "actors",
        "music",
        "long",
        "end",
        "with",
        "plot",
        "a",
        "seen",
    ]
    texts, labels = [], []
    for number in range(400):
        mood = number % 2
        text = [str(word) for word in rng.choice(filler, 9)]
        text.insert(int(rng.integers(0, 9)), str(rng.choice(good if mood else bad)))
        texts.append(" ".join(text))
        labels.append("good" if mood else "bad")
    _table(folder / "films.csv", {"text": texts, "mood": labels})


def _images(folder: Path, rng: np.random.Generator) -> None:
    # Arrows to four sides; crosses, squares and discs, somewhere; both as bytes from 0 to 255.
    arrow = np.zeros((12, 12))
    arrow[5:7, 1:11] = 1
    for step in range(4):
        arrow[5 - step, 2 + step : 4 + step] = arrow[6 + step, 2 + step : 4 + step] = 1
    kinds = rng.integers(0, 4, 400)
    turned = np.stack([np.roll(np.rot90(arrow, int(k)), rng.integers(-1, 2, 2), (0, 1)) for k in kinds])
    images = np.clip(turned * 200 + rng.normal(30, 25, turned.shape), 0, 255).astype(np.uint8)
    sides = np.array(["left", "down", "right", "up"])[kinds]
    np.savez_compressed(folder / "arrows.npz", image=images, side=sides)
    kinds = rng.integers(0, 3, 400)
    shapes = np.zeros((400, 16, 16))
    rows, columns_of = np.mgrid[0:7, 0:7]
    drawn = [
        ((rows == 3) | (columns_of == 3)),
        ((rows == 0) | (rows == 6) | (columns_of == 0) | (columns_of == 6)),
        ((rows - 3) ** 2 + (columns_of - 3) ** 2 <= 8),
    ]
    for number, kind in enumerate(kinds):
        top, left = rng.integers(0, 10, 2)
        shapes[number, top : top + 7, left : left + 7] = drawn[int(kind)]
    images = np.clip(shapes * 180 + rng.normal(40, 20, shapes.shape), 0, 255).astype(np.uint8)
    np.savez_compressed(
        folder / "shapes.npz", image=images, shape=np.array(["cross", "square", "disc"])[kinds]
    )


def _rows(folder: Path, rng: np.random.Generator) -> None:
    # Waves of two lengths; long rows of numbers whose first one is the answer's sign.
    kinds = rng.integers(0, 2, 400)
    time = np.arange(40)
    waves = np.sin(2 * np.pi * time / np.where(kinds, 8, 13)[:, None] + rng.uniform(0, 6, 400)[:, None])
    waves = (waves + rng.normal(0, 0.3, waves.shape)).astype(np.float32)
    np.savez_compressed(folder / "waves.npz", wave=waves, kind=np.array(["long", "short"])[kinds])
    longs = rng.normal(size=(400, 100)).astype(np.float32)
    total = (longs.sum(axis=1)).astype(np.float32)
    np.savez_compressed(folder / "sums.npz", row=longs, total=total)
