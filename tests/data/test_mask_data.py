"""Images with masks, from the text of a spec to batches in which both moved alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError
from nncli.messages.catalogue import message_of
from nncli.preparing.prepared import prepare
from nncli.sources.folders import find_folder
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin, Spec
from tests.data.scenes import pair_folder, write_scenes

IMAGE = "{photo: {type: image, scale: none, augment: [RandomHorizontalFlip, {RandomCrop: {padding: 3}}]}}"


def _spec(folder: Path, inputs: str = IMAGE, targets: str = "{parts: mask}") -> Spec:
    text = f"""
data:
  train: scenes.csv
  inputs: {inputs}
  targets: {targets}
network: [Conv2d: [4, 3, padding: same], ReLU, Conv2d: [$classes, 1]]
training: {{loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1, metrics: [accuracy]}}
"""
    return parse_spec(text, Origin("spec.yaml", folder, text))


def test_a_batch_holds_images_and_masks_that_moved_alike(tmp_path: Path) -> None:
    write_scenes(tmp_path, value=255)
    job, _ = prepare(_spec(tmp_path)).job(torch.device("cpu"))
    part = job.train
    rows = torch.arange(16)
    draw = part.draw(0, 1, rows)
    (images,) = part.inputs(rows, draw)
    truth = part.truth(rows, draw)
    assert truth.mask is not None and not truth.mask.all()
    images = images[:, 0].round()
    assert torch.equal(truth.mask, images > 0)
    assert torch.equal(truth.values == 1, images == 200)
    (plain,) = part.inputs(rows)
    assert not torch.equal(images, plain[:, 0])
    assert torch.equal(part.truth(rows).values == 1, plain[:, 0] == 200)


def test_what_has_no_class_does_not_count(tmp_path: Path) -> None:
    write_scenes(tmp_path, value=255)
    job, _ = prepare(_spec(tmp_path)).job(torch.device("cpu"))
    part, objective = job.train, job.judge.objective
    rows = torch.arange(8)
    truth = part.truth(rows, part.draw(0, 1, rows))
    assert truth.mask is not None
    output = torch.randn(8, 2, 10, 12, generator=torch.Generator().manual_seed(0))
    each = torch.nn.functional.cross_entropy(output, truth.values, reduction="none")
    assert torch.allclose(objective.loss(output, truth), each[truth.mask].mean())


def test_a_mask_has_the_size_and_augmentation_of_the_only_image(tmp_path: Path) -> None:
    write_scenes(tmp_path, value=255)
    inputs = "{photo: {type: image, size: [6, 8], resize: crop, augment: [RandomVerticalFlip]}}"
    data = prepare(_spec(tmp_path, inputs)).data
    assert data is not None
    (encoder,) = data.encoders.target_encoders
    assert (encoder.size, encoder.resize, encoder.image) == ((6, 8), "crop", "photo")
    assert [change.name for change in encoder.augment] == ["RandomVerticalFlip"]
    stated = data.resolved.targets["parts"]
    assert (stated.classes, stated.image) == ((0, 255), "photo")


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        ("{photo: image, other: {type: image, column: photo}}", "{parts: mask}"),
        ("{photo: image}", "{parts: {type: mask, image: picture}}"),
    ],
)
def test_a_mask_says_which_image_it_belongs_to(tmp_path: Path, inputs: str, targets: str) -> None:
    write_scenes(tmp_path, value=255)
    with pytest.raises(NncliError) as caught:
        prepare(_spec(tmp_path, inputs, targets))
    assert [each.code for each in caught.value.problems] == ["mask-image"]


def test_one_of_several_images_can_be_named(tmp_path: Path) -> None:
    write_scenes(tmp_path, value=255)
    inputs = "{photo: image, other: {type: image, column: photo, augment: [RandomVerticalFlip]}}"
    data = prepare(
        parse_spec(
            _spec(tmp_path, inputs, "{parts: {type: mask, image: other}}").origin.text.replace(
                "network: [", "network:\n  inputs: [photo]\n  layers: ["
            ),
            Origin("spec.yaml", tmp_path, ""),
        )
    ).data
    assert data is not None
    assert [change.name for change in data.encoders.target_encoders[0].augment] == ["RandomVerticalFlip"]


@pytest.mark.parametrize("target", ["mask", "parts"])
def test_a_folder_of_images_and_masks_is_data(tmp_path: Path, target: str) -> None:
    pair_folder(tmp_path / "scenes")
    text = _spec(tmp_path, "{photo: image}", f"{{{target}: mask}}").origin.text.replace(
        "scenes.csv", "scenes"
    )
    data = prepare(parse_spec(text, Origin("spec.yaml", tmp_path, text))).data
    assert data is not None and sum(part.rows for part in data.parts.values()) == 24
    part = data.parts["train"]
    assert torch.equal(
        part.target(target) == 1, part.columns.inputs["photo"].take(part.index).values[:, 0] == 200
    )


@pytest.mark.parametrize(
    ("taken", "added", "said"),
    [
        ("masks/7.png", "", "1 file without exactly one partner: `images/7.png`"),
        (
            "",
            "masks/7.bmp",
            "3 files without exactly one partner: `images/7.png`, `masks/7.bmp`, `masks/7.png`",
        ),
        (
            "images/7.png",
            "images/x.png",
            "2 files without exactly one partner: `images/x.png`, `masks/7.png`",
        ),
    ],
)
def test_images_and_masks_belong_together_by_name(tmp_path: Path, taken: str, added: str, said: str) -> None:
    folder = pair_folder(tmp_path / "scenes")
    if added:
        (folder / added).write_bytes((folder / "images" / "7.png").read_bytes())
    if taken:
        (folder / taken).unlink()
    with pytest.raises(NncliError) as caught:
        find_folder(folder, "scenes")
    (problem,) = caught.value.problems
    assert problem.code == "folder-pairs"
    assert message_of(problem) == f"`scenes` has {said}"
