"""Masks of images: their classes are found, and they move as their images do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nncli.columns.kinds import kind_of
from nncli.columns.masks import MaskEncoder
from nncli.draws import Draw
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.schema import ColumnSpec
from tests.columns.image_tables import table_of_names
from tests.sources.pictures import file_of

MASK = Column("image", "image", "target")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path_factory.mktemp("cache")))


def _masks(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).choice([0, 7, 255], (count, 6, 8)).astype(np.uint8)


def _table(folder: Path, masks: np.ndarray) -> Table:
    names = [f"{number}.png" for number in range(len(masks))]
    for name, mask in zip(names, masks, strict=True):
        (folder / name).write_bytes(file_of(Image.fromarray(mask)))
    return table_of_names(folder, names)


def _declared(**words: Any) -> ColumnSpec:
    return ColumnSpec.model_validate({"type": "mask", **words})


def _fit(table: Table, **words: Any) -> MaskEncoder | Problem:
    found = kind_of(_declared(**words)).fit(MASK, _declared(**words), table, [])
    assert isinstance(found, (MaskEncoder, Problem))
    return found


def _fitted(table: Table, **words: Any) -> MaskEncoder:
    found = _fit(table, **words)
    assert isinstance(found, MaskEncoder)
    return found


def _values(encoder: MaskEncoder, table: Table) -> torch.Tensor:
    refusals = Refusals()
    found = encoder.encode(table, refusals)
    assert not refusals.are_errors
    return found.take(torch.arange(len(table))).values


def test_classes_are_the_values_of_the_training_masks(tmp_path: Path) -> None:
    masks = _masks()
    table = _table(tmp_path, masks)
    encoder = _fitted(table)
    assert (encoder.classes, encoder.values, encoder.size) == (("0", "7", "255"), (0, 7, 255), (6, 8))
    target = encoder.target()
    assert (target.type, target.shape, target.has_mask) == ("category", (6, 8), True)
    assert encoder.counts() == {"classes": 3}
    taken = encoder.target_finish()(_values(encoder, table), None)
    assert taken.values.dtype == torch.int64 and taken.mask is not None and taken.mask.all()
    assert np.array_equal(taken.values.numpy(), np.searchsorted([0, 7, 255], masks))


def test_classes_can_be_named_or_chosen(tmp_path: Path) -> None:
    table = _table(tmp_path, (_masks() == 7).astype(np.uint8))
    named = _fitted(table, classes=("sky", "bird"))
    assert (named.classes, named.values) == (("sky", "bird"), (0, 1))
    assert named.stated()["classes"] == ("sky", "bird")
    table = _table(tmp_path, _masks())
    chosen = _fitted(table, classes=(7, 0), unknown="keep")
    assert (chosen.classes, chosen.values) == (("7", "0"), (7, 0))
    assert chosen.stated()["classes"] == (7, 0)
    taken = chosen.target_finish()(_values(chosen, table), None)
    assert taken.mask is not None
    assert np.array_equal(taken.mask.numpy(), _masks() != 255)
    assert np.array_equal(taken.values.numpy(), (_masks() == 0).astype(int))


def test_a_value_that_is_no_class_is_refused(tmp_path: Path) -> None:
    table = _table(tmp_path, _masks())
    encoder = _fitted(table, classes=(0, 7))
    refusals = Refusals()
    encoder.encode(table, refusals)
    (problem,) = refusals.problems(table)
    assert problem.code == "image-unreadable"
    assert "`0.png`: it has the value 255, which is no class" in str(problem.facts["reasons"])


def test_masks_move_as_their_image_does(tmp_path: Path) -> None:
    from nncli.columns.images import ImageEncoder

    augment = (
        {"RandomAffine": {"degrees": 30, "translate": (0.2, 0.2)}},
        "RandomHorizontalFlip",
        "RandomErasing",
    )
    masks = np.zeros((40, 6, 8), np.uint8)
    masks[:, 1:4, 2:5] = 1
    table = _table(tmp_path, masks)
    encoder = _fitted(table, image="photo", augment=augment)
    image = ImageEncoder(
        Column("photo", "photo", "input"), 1, (6, 8), (0.0,), (1.0,), augment=encoder.augment[:2]
    )
    draw = Draw(3, 4, torch.arange(40))
    finish, values = encoder.target_finish(), _values(encoder, table)
    assert finish.is_drawn
    taken = finish(values, draw)
    seen = image.finish()((values.unsqueeze(1) + 1) * 100, draw).squeeze(1).round()
    assert taken.mask is not None and not taken.mask.all()
    assert torch.equal(seen == 0, ~taken.mask)
    assert torch.equal(seen == 200, taken.values == 1)
    assert not torch.equal(taken.values, finish(values, None).values)


def test_padding_has_no_class(tmp_path: Path) -> None:
    table = _table(tmp_path, _masks())
    encoder = _fitted(table, size=8, resize="pad")
    taken = encoder.target_finish()(_values(encoder, table), None)
    assert taken.mask is not None
    assert not taken.mask[:, 0].any() and taken.mask[:, 1:7].all() and not taken.mask[:, 7].any()


def test_an_encoder_travels_as_json(tmp_path: Path) -> None:
    from nncli.columns.encoders import Encoders
    from nncli.columns.numbers import NumberEncoder

    encoder = _fitted(_table(tmp_path, _masks()), image="photo", augment=("RandomVerticalFlip",))
    both = Encoders((NumberEncoder(Column("x", "x", "input")),), (encoder,))
    assert Encoders.from_json(both.to_json()) == both


@pytest.mark.parametrize(
    ("masks", "words", "code"),
    [
        (np.zeros((3, 4, 4), np.uint8), {}, "class-single"),
        (np.arange(300, dtype=np.uint16).reshape(1, 15, 20), {}, "mask-classes"),
    ],
)
def test_masks_that_tell_nothing_or_too_much_are_refused(
    tmp_path: Path, masks: np.ndarray, words: dict[str, Any], code: str
) -> None:
    found = _fit(_table(tmp_path, masks), **words)
    assert isinstance(found, Problem) and found.code == code


def test_masks_of_several_sizes_need_one_that_is_stated(tmp_path: Path) -> None:
    table = _table(tmp_path, _masks())
    (tmp_path / "2.png").write_bytes(file_of(Image.fromarray(np.zeros((9, 9), np.uint8))))
    found = _fit(table)
    assert isinstance(found, Problem) and found.code == "image-sizes"
    assert _fitted(table, size=4).size == (4, 4)


@pytest.mark.parametrize(
    ("role", "words", "code"),
    [
        ("input", {}, "mask-input"),
        ("target", {"classes": ("a",)}, "classes-repeated"),
        ("target", {"classes": ("a", "a")}, "classes-repeated"),
        ("target", {"classes": (0, 70_000)}, "mask-classes"),
        ("target", {"augment": ("RandomHorizontalFlip",)}, "mask-augment"),
        ("target", {"size": 0}, "image-size"),
    ],
)
def test_declarations_are_checked_by_themselves(role: Any, words: dict[str, Any], code: str) -> None:
    column = Column("image", "image", role)
    (mistake,) = kind_of(_declared()).mistakes(column, _declared(**words))
    assert mistake.code == code
