"""Folders of images and tables that name them, from the text of a spec to samples."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from nncli.columns.decodes import ImageDecode
from nncli.data.dataset import Data
from nncli.data.opening import open_data, source_digest
from nncli.data.rows import part_from, read_rows
from nncli.errors import DataError, NncliError
from nncli.messages.catalogue import message_of
from tests.data.image_folders import IMAGE, fill, image_spec, opened
from tests.sources.pictures import array, file_of, picture


def _pixels(data: Data, part: str, name: str = "image") -> np.ndarray:
    found = data.parts[part]  # type: ignore[index]
    return found.columns.inputs[name].take(found.index).values.numpy()


def test_a_folder_for_each_class_is_data(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    data = opened(tmp_path)
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 12, "validation": 2, "test": 2}
    assert data.inputs["image"].shape == (3, 6, 8)
    assert data.targets["label"].classes == ("cat", "dog")
    part = data.parts["train"]
    images = {(0, n): array(picture(6, 8, n)) for n in range(8)}
    images |= {(1, n): array(picture(6, 8, 100 + n)) for n in range(8)}
    for pixels, label in zip(_pixels(data, "train"), part.target("label").tolist(), strict=True):
        assert any(np.array_equal(pixels, image) for (kind, _), image in images.items() if kind == label)
    finished = part.input("image")
    assert finished.dtype == torch.float32 and finished.mean().abs() < 1e-5


def test_a_folder_has_parts_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path / "pets" / "train", "cat", "dog", count=5)
    fill(tmp_path / "pets" / "val", "cat", "dog", count=3)
    data = opened(tmp_path)
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 8, "validation": 6, "test": 2}
    assert data.resolved.train == "pets/train" and data.resolved.validation == "pets/val"
    fill(tmp_path / "pets" / "test", "dog", count=2)
    data = opened(tmp_path)
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 10, "validation": 6, "test": 2}
    assert data.parts["test"].target("label").tolist() == [1, 1]
    stated = opened(tmp_path, "pets/train", validation="pets/val", split="{test: 0}")
    assert {name: part.rows for name, part in stated.parts.items()} == {"train": 10, "validation": 6}


def test_a_class_that_training_never_saw_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "pets" / "train", "cat", "dog")
    fill(tmp_path / "pets" / "test", "cat", "eel")
    with pytest.raises(DataError) as caught:
        opened(tmp_path)
    assert [each.code for each in caught.value.problems] == ["class-unknown"]


def test_a_table_names_images_from_its_own_folder(tmp_path: Path) -> None:
    fill(tmp_path / "data" / "pets", "cat", "dog")
    rows = [f"pets/{kind}/{n}.png,{n},{kind}" for kind in ("cat", "dog") for n in range(8)]
    (tmp_path / "data" / "pets.csv").write_text("photo,age,kind\n" + "\n".join(rows) + "\n")
    inputs = "{photo: {type: image, size: 4}, age: number}"
    data = opened(tmp_path, "data/pets.csv", inputs, "{kind: category}")
    assert data.inputs["photo"].shape == (3, 4, 4) and data.inputs["age"].shape == (1,)
    assert _pixels(data, "train", "photo").shape == (12, 3, 4, 4)


def test_images_without_classes_can_flow_in_beside_a_table_of_targets(tmp_path: Path) -> None:
    fill(tmp_path, "pets")
    rows = "".join(f"{tmp_path}/pets/{n}.png,{n}\n" for n in range(8))
    (tmp_path / "rows.csv").write_text("image,weight\n" + rows)
    data = opened(tmp_path, "rows.csv", targets="{weight: number}")
    assert data.parts["train"].rows == 6


def test_the_files_of_a_folder_have_the_name_that_is_declared(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    data = opened(tmp_path, inputs="{photo: {type: image}, again: {type: image, column: file, channels: 1}}")
    assert data.inputs["photo"].shape == (3, 6, 8) and data.inputs["again"].shape == (1, 6, 8)


def test_views_are_inputs_of_their_own_with_draws_of_their_own(tmp_path: Path) -> None:
    from nncli.draws import Draw

    fill(tmp_path / "pets", "cat", "dog")
    inputs = "{image: {type: image, views: [one, two], augment: [{RandomCrop: {padding: 2}}]}}"
    data = opened(tmp_path, inputs=inputs)
    assert list(data.inputs) == ["one", "two"]
    part = data.parts["train"]
    assert torch.equal(part.input("one"), part.input("two"))
    draw = Draw(0, 0, torch.arange(part.rows))
    pixels = part.columns.inputs["one"].take(part.index).values
    one, two = (part.columns.finishes[name](pixels, draw) for name in ("one", "two"))
    assert not torch.equal(one, two)


@pytest.mark.parametrize(
    "inputs",
    [
        "{image: {type: image, views: [one, one]}}",
        "{image: {type: image, views: [other]}, other: {type: image, column: file}}",
    ],
)
def test_names_of_views_are_names_of_inputs(tmp_path: Path, inputs: str) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    with pytest.raises(NncliError) as caught:
        opened(tmp_path, inputs=inputs)
    assert {each.code for each in caught.value.problems} == {"view-name"}


def test_hidden_files_are_warned_of(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    (tmp_path / "pets" / ".DS_Store").write_bytes(b"")
    for _ in range(2):
        (warning,) = opened(tmp_path).warnings
        assert message_of(warning) == f"hidden files in `{tmp_path}/pets` are left out, 1 file: `.DS_Store`"


def test_the_second_start_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    first = opened(tmp_path)
    monkeypatch.setattr(ImageDecode, "__call__", lambda *_: pytest.fail("it is decoded again"))
    again = opened(tmp_path)
    assert again.digest == first.digest and again.encoders == first.encoders
    assert np.array_equal(_pixels(again, "train"), _pixels(first, "train"))


def test_another_split_or_augmentation_decodes_only_for_its_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    opened(tmp_path)
    decoded: list[int] = []
    decode = ImageDecode.__call__
    monkeypatch.setattr(
        ImageDecode, "__call__", lambda self, content: (decoded.append(1), decode(self, content))[1]
    )
    inputs = "{image: {type: image, scale: minmax, augment: [RandomHorizontalFlip]}}"
    opened(tmp_path, inputs=inputs, split="{seed: 3}")
    assert not decoded


def test_a_changed_image_changes_the_digest(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    first = opened(tmp_path)
    assert source_digest(image_spec(tmp_path)) == first.digest
    path = tmp_path / "pets" / "cat" / "3.png"
    path.write_bytes(file_of(picture(6, 8, 55)))
    os.utime(path, ns=(1, 1))
    second = opened(tmp_path)
    assert second.digest != first.digest
    assert not np.array_equal(_pixels(second, "train"), _pixels(first, "train"))


def test_the_digest_is_that_of_the_content_wherever_it_lies(tmp_path: Path) -> None:
    fill(tmp_path / "here" / "pets", "cat", "dog")
    fill(tmp_path / "there" / "pets", "cat", "dog")
    assert opened(tmp_path / "here").digest == opened(tmp_path / "there").digest
    os.rename(tmp_path / "there/pets/dog/7.png", tmp_path / "there/pets/cat/8.png")
    assert opened(tmp_path / "here").digest != opened(tmp_path / "there").digest


def test_new_images_come_from_a_folder_a_file_or_a_table(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    encoders = opened(tmp_path).encoders
    fill(tmp_path / "new", "dog", count=3)
    (tmp_path / "new.csv").write_text("image\nnew/dog/1.png\n")
    for source, seeds in (
        ("new", (0, 1, 2)),
        ("new/dog/2.png", (2,)),
        ("new.csv", (1,)),
        ("new/dog", (0, 1, 2)),
    ):
        table = read_rows(tmp_path / source, encoders, with_targets=False)
        part = part_from(encoders, table, "test", with_targets=False)
        pixels = part.columns.inputs["image"].take(part.index).values.numpy()
        assert np.array_equal(pixels, np.stack([array(picture(6, 8, seed)) for seed in seeds]))
    table = read_rows(tmp_path / "new", encoders, with_targets=True)
    assert part_from(encoders, table, "test").target("label").tolist() == [1, 1, 1]


def test_new_images_of_another_size_are_brought_to_the_size_of_training(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    encoders = opened(tmp_path).encoders
    (tmp_path / "large.png").write_bytes(file_of(picture(60, 80)))
    part = part_from(
        encoders, read_rows(tmp_path / "large.png", encoders, with_targets=False), "test", with_targets=False
    )
    assert part.input("image").shape == (1, 3, 6, 8)


def test_new_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    encoders = opened(tmp_path).encoders
    (tmp_path / "new.csv").write_text("image\npets/cat/1.png\nabsent.png\n")
    with pytest.raises(DataError) as caught:
        part_from(
            encoders,
            read_rows(tmp_path / "new.csv", encoders, with_targets=False),
            "test",
            with_targets=False,
        )
    (problem,) = caught.value.problems
    assert problem.code == "image-unreadable" and problem.place is not None and problem.place.line == 3
    assert "`absent.png`: there is no such file" in message_of(problem)


def test_a_changed_cache_is_made_again(tmp_path: Path, cache: Path) -> None:
    fill(tmp_path / "pets", "cat", "dog")
    first = opened(tmp_path)
    for entry in (cache / "images").iterdir():
        entry.rename(entry.with_name("0" * 64))
    again = open_data(image_spec(tmp_path, inputs=IMAGE))
    assert np.array_equal(_pixels(again, "test"), _pixels(first, "test"))
