"""Specs that have every kind of column, and the files that they read."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from tests.sources.pictures import file_of as picture_file
from tests.sources.pictures import picture
from tests.sources.sounds import FORMATS, noise
from tests.sources.sounds import file_of as sound_file

_SPEC: Final = """
data:
  train: train.{suffix}
  validation: later.{suffix}
  test: later.{suffix}
{data}
network:
{network}
training: {{loss: {loss}, optimizer: AdamW, epochs: 2, batch_size: 8}}
"""
_EVERY_INPUT: Final = """
  inputs:
    standard: {type: number, column: size}
    minmax: {type: number, column: size, scale: minmax}
    quantile: {type: number, column: size, scale: quantile}
    plain: {type: number, column: size, scale: none}
    log: {type: number, column: size, log: true}
    median: {type: number, column: age, missing: median}
    average: {type: number, column: age, missing: mean}
    constant: {type: number, column: age, missing: {constant: 7}}
    flag: {type: number, column: age, missing: flag}
    kept: {type: number, column: age, missing: keep}
    member: binary
    positive: {type: binary, column: member, positive: n}
    kind: category
    stated: {type: category, column: kind, classes: [c, b, a, never]}
    place: {type: category, missing: {constant: none}}
    rare: {type: category, column: place, missing: {constant: none}, rare: 12, unknown: keep}
    extras: {type: set, separator: ;}
    frequent: {type: set, column: extras, separator: ;, rare: 20, unknown: keep}
    day: date
    parts: {type: date, column: day, parts: [year, yearday, weekday, second]}
    written: {type: date, format: "%d.%m.%Y", missing: median}
    columns: {type: vector, columns: [size, weight]}
    cell: {type: vector, scale: minmax}
  targets:
    price: {type: number, log: true, unit: EUR}
    maybe: {type: number, column: age, missing: keep}
"""
_EVERY_TEXT: Final = """
  inputs:
    characters: {type: text, column: text, tokenizer: characters, lowercase: true}
    bytes: {type: text, column: text, tokenizer: bytes, length: 9, truncate: start}
    words: {type: text, column: text, tokenizer: words, pad: start, begin: true, end: true}
    bpe: {type: text, column: text, tokenizer: {BPE: {vocab_size: 270}}}
    wordpiece: {type: text, column: text, tokenizer: {WordPiece: {vocab_size: 300}}}
    unigram: {type: text, column: text, tokenizer: {Unigram: {vocab_size: 270}}, end: true}
    own: {type: text, column: text, tokenizer: tokenizer.json}
    shared: {type: text, column: text, vocabulary: words, shift: 1}
  targets: {kind: category}
"""
_SERIES: Final = """
  time: hour
  group: site
  inputs:
    past: {type: series, columns: [load, heat], window: [-4, 0]}
    holiday: {type: category, window: [0, 2]}
    rank: {type: number, column: load, shift: 1, scale: quantile}
    date: {type: date, column: hour, window: [-1, 2]}
  targets:
    load: {type: number, window: [0, 2], log: true, unit: MW}
"""
_EVERY_MEDIUM: Final = """
  inputs:
    photo: {type: image, size: [8, 6], augment: [RandomHorizontalFlip, {RandomAffine: {degrees: 9}}]}
    padded: {type: image, column: photo, size: 7, channels: 1, resize: pad, scale: minmax}
    cut: {type: image, column: photo, size: 5, channels: 4, resize: crop}
    sound: {type: audio, length: 60ms, augment: [Gain]}
    fast: {type: audio, column: sound, rate: 6000, length: 300, channels: 2}
    whole: {type: audio, column: sound}
  targets: {kind: category}
"""
_MASKS: Final = """
  inputs: {photo: {type: image, size: [8, 6], augment: [RandomHorizontalFlip]}}
  targets: {mask: {type: mask, classes: [ground, thing]}}
"""
_MEDIA: Final = ("photo", "padded", "cut", "sound", "fast", "whole")
_POOLS: Final = "".join(
    f"      {name}_tower: [{{AdaptiveAvgPool{1 if at > 2 else 2}d: 2, from: {name}}}, Flatten]\n"
    for at, name in enumerate(_MEDIA)
)
_TEXTS: Final = ("characters", "bytes", "words", "bpe", "wordpiece", "unigram", "own", "shared")
_TOWERS: Final = "".join(
    f"      {name}_tower: [{{Embedding: 3, from: {name}}}, mean: {{dim: 1}}]\n" for name in _TEXTS
)
_LINEAR: Final = "  - Linear: {}"
_OF_STEPS: Final = "  - Embedding: 4\n  - Linear: ${}"


def _target(declared: str, loss: str, outputs: int | str) -> str:
    return _SPEC.format(
        suffix="csv",
        data="  inputs: {size: number, kind: category}\n  targets: {" + declared + "}",
        network=_LINEAR.format(outputs),
        loss=loss,
    )


SPECS: Final[Mapping[str, str]] = {
    "inputs": _SPEC.format(suffix="csv", data=_EVERY_INPUT, network=_LINEAR.format(2), loss="MSELoss"),
    "texts": _SPEC.format(
        suffix="csv",
        data=_EVERY_TEXT,
        network=f"  - parallel:\n{_TOWERS}    join: cat\n    from: characters\n  - Linear: $classes",
        loss="CrossEntropyLoss",
    ),
    "binary": _target("belongs: {type: binary, column: member}", "BCEWithLogitsLoss", 1),
    "category": _target("letter: {type: category, column: kind}", "CrossEntropyLoss", "$letter.classes"),
    "set": _target('extras: {type: set, separator: ";"}', "BCEWithLogitsLoss", "$extras.classes"),
    "vector": _target("both: {type: vector, columns: [size, weight]}", "SmoothL1Loss", 2),
    "tokens": _SPEC.format(
        suffix="csv",
        data="  inputs: {text: {type: text, tokenizer: words}}\n  targets: {tags: tokens}",
        network=_OF_STEPS.format("tags.classes"),
        loss="CrossEntropyLoss",
    ),
    "long": _SPEC.format(
        suffix="txt",
        data="  inputs: {text: {type: text, tokenizer: characters, length: 8}}\n"
        "  targets: {next: {column: text, shift: -1}}",
        network=_OF_STEPS.format("vocabulary"),
        loss="CrossEntropyLoss",
    ),
    "media": _SPEC.format(
        suffix="media.csv",
        data=_EVERY_MEDIUM,
        network=f"  - parallel:\n{_POOLS}    join: cat\n    from: photo\n  - Linear: $classes",
        loss="CrossEntropyLoss",
    ),
    "masks": _SPEC.format(
        suffix="media.csv",
        data=_MASKS,
        network="  - Conv2d: [$classes, 3, padding: same]",
        loss="CrossEntropyLoss",
    ),
    "series": _SPEC.format(
        suffix="hours.csv",
        data=_SERIES,
        network="  - {Flatten: [], from: past}\n  - Linear: 2",
        loss="MSELoss",
    ),
}


def write_files(folder: Path) -> None:
    """Writes the files that the specs read: 40 rows to train on, and 12 later ones."""
    for part, rows in {"train": range(40), "later": range(40, 52)}.items():
        _write_table(folder / f"{part}.csv", [_row(number) for number in rows])
        hours = [_hour(site, number) for site in ("north", "south") for number in rows]
        _write_table(folder / f"{part}.hours.csv", hours)
        (folder / f"{part}.txt").write_text(" ".join(_text(number) for number in rows))
        _write_table(folder / f"{part}.media.csv", [_media(folder, number) for number in rows])
    words = {word: at for at, word in enumerate(["?", *sorted({*_text(0).split(), "Haus"})])}
    tokenizer = {
        "version": "1.0",
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder")),
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "?"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _row(number: int) -> dict[str, Any]:
    """Makes a row whose numbers need all their bits, and in which some cells are empty."""
    text = _text(number)
    return {
        "size": number / 7,
        "weight": 10 ** (number % 5) / 3,
        "age": "" if number % 6 == 1 else number * 1.1,
        "member": "ny"[number % 2],
        "kind": "abc"[number % 3],
        "place": ("", "Bern", "Genf", "Bern", "Zürich")[number % 5],
        "extras": ";".join(name for name in ("bath", "garage", "view") if number % len(name) < 3),
        "day": f"20{number % 20 + 10}-0{number % 9 + 1}-1{number % 10}T{number % 24:02}:30:1{number % 10}",
        "written": "" if number % 8 == 3 else f"1{number % 10}.0{number % 9 + 1}.19{number % 60 + 10}",
        "cell": f"{number / 3} {number % 4} {1 / (number + 1)}",
        "text": text,
        "tags": " ".join("NOUN" if word[0].isupper() else "WORD" for word in text.split()),
        "price": number * number / 9 + 1,
    }


def _media(folder: Path, number: int) -> dict[str, Any]:
    """Writes files of all formats, of sizes and rates that differ, and tells their names."""
    form = ("PNG", "JPEG", "WEBP", "GIF")[number % 4]
    size = (9 + number % 3, 12)
    mode = ("RGB", "L", "RGBA")[number % 3] if form in ("PNG", "WEBP") else "RGB"
    photo = picture(*size, number).convert(mode)
    mask = Image.fromarray(np.tri(*size, number % 5, dtype=np.uint8))
    sound = [*FORMATS][number % len(FORMATS)]
    rate = 16000 if sound == "OPUS" else 8000
    names = {
        "photo": f"{number}.{form.lower()}",
        "mask": f"{number}.mask.png",
        "sound": f"{number}.{sound.lower()}",
    }
    (folder / names["photo"]).write_bytes(picture_file(photo, form))
    (folder / names["mask"]).write_bytes(picture_file(mask))
    (folder / names["sound"]).write_bytes(
        sound_file(noise(400 + 31 * (number % 7), 1 + number % 2, number), rate, sound)
    )
    return {**names, "kind": "abc"[number % 3]}


def _hour(site: str, number: int) -> dict[str, Any]:
    return {
        "site": site,
        "hour": f"2024-03-{number // 24 + 1:02}T{number % 24:02}:00",
        "load": (number * 37 % 11 + len(site)) / 3,
        "heat": number % 7 / 9,
        "holiday": "ny"[number % 5 == 0],
    }


def _text(number: int) -> str:
    words = ("ein", "Baum", "steht", "Nicht", "weit", "vom", "naïven", "猫")
    return " ".join(words[(number * at + at) % 8] for at in range(1, number % 6 + 3))
