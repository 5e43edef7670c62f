"""Predicted masks as files: what is in them, where they are, and what they replace."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nncli.commands.mask_files import png_of
from nncli.sources.image_files import decode_mask
from tests.data.scenes import write_scenes
from tests.end_to_end.program import Answer, invoke

SPEC = """\
data:
  train: scenes.csv
  inputs: {photo: image}
  targets: {parts: {type: mask, classes: [0, 255]}}
network:
  - Conv2d: [$classes, 1]
training: {loss: CrossEntropyLoss, optimizer: {SGD: {lr: 1}}, epochs: 3, metrics: [iou]}
"""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that tells bright pixels from dark ones."""
    folder = write_scenes(tmp_path_factory.mktemp("scenes"), value=255)
    (folder / "net.yaml").write_text(SPEC)
    answer = invoke(folder, "train", "net.yaml", "--run", "run", "--quiet")
    assert answer.code == 0, answer.err
    return folder


def predicted(folder: Path, *more: str, rows: str = "scenes.csv", output: str = "said.csv") -> Answer:
    return invoke(folder, "predict", "run", rows, "--keep", "photo", "--output", output, *more)


def test_a_table_of_masks_is_data_again(scenes: Path) -> None:
    answer = predicted(scenes)
    assert answer.code == 0 and answer.err == "24 rows predicted, written to said.csv and said.parts/\n"
    rows = list(csv.DictReader((scenes / "said.csv").open()))
    assert list(rows[0]) == ["photo", "parts", "parts.0", "parts.255"]
    for at, row in enumerate(rows):
        assert row["parts"] == f"said.parts/{at + 1:06}.png"
        with Image.open(scenes / row["parts"]) as mask, Image.open(scenes / row["photo"]) as photo:
            assert mask.mode == "P" and mask.getpalette()[-3:] == [224, 224, 192]
            values = np.asarray(mask)
            assert np.array_equal(values, (np.asarray(photo) == 200) * 255)
        assert int(row["parts.255"]) == (values == 255).sum()
    (document,) = invoke(scenes, "evaluate", "run", "--data", "said.csv", "--json").rows()
    assert document["rows"] == 24 and document["metrics"]["iou"] == 1


def test_what_is_there_is_replaced_as_a_whole_and_only_when_told(scenes: Path) -> None:
    few = (scenes / "scenes.csv").read_text().splitlines()[:4]
    (scenes / "few.csv").write_text("\n".join(few) + "\n")
    assert predicted(scenes, output="two.csv").code == 0
    (scenes / "two.csv").unlink()
    refused = predicted(scenes, rows="few.csv", output="two.csv")
    assert refused.code == 8 and "`two.parts` exists" in refused.err
    assert not (scenes / "two.csv").exists() and len(list((scenes / "two.parts").iterdir())) == 24
    assert predicted(scenes, "--overwrite", rows="few.csv", output="two.csv").code == 0
    assert sorted(each.name for each in (scenes / "two.parts").iterdir()) == [
        f"00000{at}.png" for at in (1, 2, 3)
    ]


@pytest.mark.parametrize("kind", ["beside", "file", "link"])
def test_what_is_no_mask_is_never_replaced(scenes: Path, kind: str) -> None:
    folder = scenes / f"{kind}.parts"
    if kind == "file":
        folder.write_text("mine")
    elif kind == "link":
        folder.symlink_to(scenes / "elsewhere.parts")
    else:
        folder.mkdir()
        (folder / "mine.png").write_text("mine")
    answer = predicted(scenes, "--overwrite", output=f"{kind}.csv")
    assert answer.code == 8 and "holds something else" in answer.err
    assert folder.is_symlink() or (folder / "mine.png" if kind == "beside" else folder).read_text() == "mine"
    assert not (scenes / f"{kind}.csv").exists()


def test_a_failure_leaves_nothing(scenes: Path) -> None:
    (scenes / "broken.png").write_bytes(b"no image")
    (scenes / "bad.csv").write_text("photo\np0.png\nbroken.png\n")
    before = sorted(each.name for each in scenes.iterdir())
    assert predicted(scenes, rows="bad.csv", output="bad-said.csv").code == 4
    assert sorted(each.name for each in scenes.iterdir()) == before


def test_rows_on_stdout_count_pixels(scenes: Path) -> None:
    answer = invoke(scenes, "predict", "run", "p0.png", "--format", "jsonl")
    assert answer.rows() == [{"pixels": {"parts": {"0": 100, "255": 20}}}]


def test_values_beyond_a_palette_are_grey_of_16_bits() -> None:
    mask = np.array([[0, 300], [65535, 7]])
    assert decode_mask(png_of(mask, is_wide=True)).tolist() == mask.tolist()
