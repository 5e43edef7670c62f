"""MixUp and CutMix, from the text of a spec to the steps of training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from nncli.errors import SpecError
from nncli.messages.catalogue import message_of
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin, Spec
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from tests.data.image_folders import fill
from tests.sources.pictures import file_of

MIXED = "{image: {type: image, augment: [MixUp, {CutMix: 0.5}, RandomHorizontalFlip]}}"
NETWORK = "[Conv2d: [4, 3, stride: 2], ReLU, Flatten, Linear: $classes]"


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    fill(folder / "pets", "cat", "dog", count=12)
    (folder / "mask.png").write_bytes(file_of(Image.fromarray(np.eye(6, 8, dtype=np.uint8))))
    rows = [f"pets/{kind}/{n}.png,{n},{kind},mask.png" for kind in ("cat", "dog") for n in range(12)]
    (folder / "pets.csv").write_text("photo,age,kind,mask\n" + "\n".join(rows) + "\n")
    return folder


def _spec(folder: Path, data: str, network: str = NETWORK, loss: str = "CrossEntropyLoss") -> Spec:
    training = f"{{loss: {loss}, optimizer: {{SGD: {{lr: 0.1}}}}, epochs: 3, batch_size: 5, seed: 3}}"
    text = f"data: {data}\nnetwork: {network}\ntraining: {training}\n"
    return parse_spec(text, Origin("spec.yaml", folder, text))


def _folder(folder: Path) -> Spec:
    return _spec(folder, f"{{train: pets, inputs: {MIXED}, targets: {{label: category}}}}")


def test_a_step_is_that_of_images_and_answers_mixed_by_hand(pets: Path) -> None:
    job, state = prepare(_folder(pets)).job(torch.device("cpu"))
    part, objective = job.train, job.judge.objective
    rows = job.order(2)[5:10]
    draw = part.draw(3, 2, rows)
    (images,), truth = part.batch(rows, draw)
    (plain,) = part.inputs(rows, draw)
    assert truth.shares is not None and not torch.equal(images, plain)
    changed = (images != plain).flatten(1).any(1)
    assert torch.equal(changed, truth.shares < 1)
    own = functional.one_hot(part.truth(rows).values, 2).float()
    soft = truth.shares[:, None] * own + (1 - truth.shares[:, None]) * own.roll(1, 0)
    output = state.networks["network"](images)
    assert torch.allclose(objective.loss(output, truth), functional.cross_entropy(output, soft))


def test_nothing_is_mixed_where_nothing_is_trained(pets: Path) -> None:
    job, _ = prepare(_folder(pets)).job(torch.device("cpu"))
    for part in (job.train, job.validation):
        assert part is not None
        rows = torch.arange(3)
        inputs, truth = part.batch(rows, None)
        assert truth.shares is None and torch.equal(inputs[0], part.inputs(rows)[0])


def _after(polls: int) -> Callable[[], bool]:
    left = iter(range(polls))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("polls", [1, 3, 6])
def test_a_run_that_is_gone_on_with_mixes_the_same(pets: Path, polls: int) -> None:
    job, whole = prepare(_folder(pets)).job(torch.device("cpu"))
    rows = [row for row in train(job, whole, lambda: False) if isinstance(row, EpochRow)]
    job, state = prepare(_folder(pets)).job(torch.device("cpu"))
    found = [row for row in train(job, state, _after(polls)) if isinstance(row, EpochRow)]
    kept = {g: {n: t.clone() for n, t in group.items()} for g, group in state.tensors().items()}
    scalars = json.loads(json.dumps(state.scalars()))
    job, state = prepare(_folder(pets)).job(torch.device("cpu"))
    state.restore(kept, scalars)
    found += [row for row in train(job, state, lambda: False) if isinstance(row, EpochRow)]
    assert [row.train for row in found] == [row.train for row in rows]
    for name, tensor in whole.weights().items():
        assert torch.equal(state.weights()[name], tensor)


def test_a_number_is_mixed_too(pets: Path) -> None:
    data = "{train: pets.csv, inputs: {photo: {type: image, augment: [MixUp]}}, targets: {age: number}}"
    spec = _spec(pets, data, "[Flatten, Linear: 1]", "MSELoss")
    job, _ = prepare(spec).job(torch.device("cpu"))
    rows = torch.arange(5)
    _, truth = job.train.batch(rows, job.train.draw(0, 0, rows))
    assert truth.shares is None and not torch.equal(truth.values, job.train.truth(rows).values)


PHOTO = "photo: {type: image, augment: [MixUp]}"
ITEMS = "[{Flatten: , from: photo}, {cat: {dim: 1}, from: [x, age]}, Linear: $classes]"
BESIDE = f"{{inputs: [photo, age], layers: {ITEMS}}}"


@pytest.mark.parametrize(
    ("inputs", "target", "network", "code", "said"),
    [
        (f"{PHOTO}, age: number", "kind: category", BESIDE, "mix-inputs", "the network also takes `age`"),
        (PHOTO, "mask: mask", "[Conv2d: [$classes, 1]]", "mix-targets", "`mask` has a class at each pixel"),
    ],
)
def test_what_cannot_be_mixed_is_refused(
    pets: Path, inputs: str, target: str, network: str, code: str, said: str
) -> None:
    data = f"{{train: pets.csv, inputs: {{{inputs}}}, targets: {{{target}}}}}"
    with pytest.raises(SpecError) as caught:
        prepare(_spec(pets, data, network))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert message_of(problem) == f"MixUp mixes `photo` with another row, and {said}"
    assert problem.place is not None and problem.path == "data.inputs.photo.augment"
