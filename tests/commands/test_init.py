"""What `nncli init` writes for each kind of source is a spec that trains."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from safetensors.numpy import save_file

from tests.data.scenes import pair_folder, write_scenes
from tests.data.test_sound_folders import fill
from tests.end_to_end.program import invoke

ROWS = 60


def _csv(folder: Path) -> str:
    rows = [f"{n % 7}.5,{'ab'[n % 2]},2026-01-{n % 28 + 1:02},x;{'yz'[n % 2]},{n % 3}" for n in range(ROWS)]
    (folder / "rows.csv").write_text("\n".join(["size,side,day,tags,class", *rows, ""]))
    return "rows.csv"


def _glob(folder: Path) -> str:
    for part in (1, 2):
        rows = "".join(f"{n % 7}.5,{n * part * 0.25}\n" for n in range(ROWS))
        (folder / f"part {part}.csv").write_text(f"size,price\n{rows}")
    return "part *.csv"


def _jsonl(folder: Path) -> str:
    rows = [{"size": n % 7 / 2, "tags": ["a", "a,b", "b", "b,c"][n % 4]} for n in range(ROWS)]
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return "rows.jsonl"


def _parquet(folder: Path) -> str:
    frame = pl.DataFrame(
        {"size": [n % 7 / 2 for n in range(ROWS)], "ripe": [n % 2 == 0 for n in range(ROWS)]}
    )
    frame.write_parquet(folder / "rows.parquet")
    return "rows.parquet"


def _series(folder: Path) -> str:
    rows = [f"{2000 + n // 12}-{n % 12 + 1:02},{math.sin(n) + n}" for n in range(120)]
    (folder / "sales.csv").write_text("\n".join(["month,sold", *rows, ""]))
    return "sales.csv"


def _arrays(folder: Path) -> str:
    draw = np.random.default_rng(0)
    np.savez(folder / "a.npz", x=draw.integers(0, 255, (ROWS, 8, 8, 3), np.uint8), label=np.arange(ROWS) % 3)
    return "a.npz"


def _tensors(folder: Path) -> str:
    draw = np.random.default_rng(0)
    tensors = {"vector": draw.normal(size=(ROWS, 6)), "target": draw.normal(size=ROWS)}
    save_file(tensors, folder / "a.safetensors")
    return "a.safetensors"


def _images(folder: Path) -> str:
    for label in ("cat", "dog", "hen"):
        (folder / "pets" / label).mkdir(parents=True)
        for n in range(20):
            Image.new("RGB", (20 + n, 30), (n * 9, 90, 9)).save(folder / "pets" / label / f"{n}.png")
    return "pets"


def _sounds(folder: Path) -> str:
    fill(folder / "calls", count=12)
    return "calls"


def _masks(folder: Path) -> str:
    write_scenes(folder)
    return "scenes.csv"


def _pairs(folder: Path) -> str:
    pair_folder(folder / "scenes")
    return "scenes"


def _texts(folder: Path) -> str:
    rows = [f"the {n}th film was rather {'good' if n % 2 else 'bad'},{n % 2}" for n in range(120)]
    (folder / "reviews.csv").write_text("\n".join(["review,label", *rows, ""]))
    return "reviews.csv"


def _book(folder: Path) -> str:
    (folder / "book.txt").write_text("".join(f"once upon a time {n}\n" for n in range(600)))
    return "book.txt"


SOURCES: tuple[Callable[[Path], str], ...] = (
    _csv, _glob, _jsonl, _parquet, _series, _arrays, _tensors, _images, _sounds, _masks, _pairs, _texts, _book
)  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda each: each.__name__.strip("_"))
def test_what_is_written_trains(source: Callable[[Path], str], tmp_path: Path) -> None:
    written = invoke(tmp_path, "init", source(tmp_path), "--output", "new.yaml")
    assert (written.code, written.out) == (0, ""), written.err
    checked = invoke(tmp_path, "check", "new.yaml")
    assert (checked.code, checked.err) == (0, ""), (tmp_path / "new.yaml").read_text() + checked.err
    trained = invoke(tmp_path, "train", "new.yaml", "--dry-run")
    assert trained.code == 0, trained.err


@pytest.mark.parametrize("name", ["iris", "digits", "energy", "tones", "python-topics", "python-chapters"])
def test_what_is_written_for_a_built_in_set_is_right(name: str, tmp_path: Path) -> None:
    assert invoke(tmp_path, "init", f"builtin:{name}", "--output", "new.yaml").code == 0
    checked = invoke(tmp_path, "check", "new.yaml")
    assert (checked.code, checked.err) == (0, ""), (tmp_path / "new.yaml").read_text() + checked.err


def test_the_spec_is_named_after_its_source(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    _glob(tmp_path / "logs")
    assert invoke(tmp_path, "init", "logs/*.csv").code == 0
    assert (tmp_path / "logs.yaml").read_text().splitlines()[1] == "name: logs"
    _images(tmp_path)
    assert "wrote pets.yaml: classification, target `label`" in invoke(tmp_path, "init", "pets/").err
