"""Images and sounds that change or go while a network is trained, or between two starts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.cache_folder import SIZE_VARIABLE
from nncli.recording.recorder import Recorder
from nncli.runs.rows import read_rows
from nncli.training import held
from nncli.training.rows import EpochRow, Row
from tests.data import image_folders, test_sound_folders
from tests.end_to_end.program import Answer, invoke, results
from tests.sources.pictures import file_of, picture
from tests.sources.sounds import file_of as sound_file
from tests.sources.sounds import noise

SPEC = """\
data: {{train: files, inputs: {{{column}}}, targets: {{label: category}}}}
network: [{layers}, Linear: $classes]
training: {{loss: CrossEntropyLoss, optimizer: AdamW, epochs: 4, batch_size: 4}}
"""
IMAGES = SPEC.format(column="image: {type: image, augment: [RandomHorizontalFlip]}", layers="Flatten")
SOUNDS = SPEC.format(column="sound: {type: audio, length: 50ms}", layers="Flatten, Dropout")


def _images(folder: Path) -> Path:
    image_folders.fill(folder / "files", "cat", "dog")
    (folder / "net.yaml").write_text(IMAGES)
    return folder / "files" / "dog" / "3.png"


def _sounds(folder: Path) -> Path:
    test_sound_folders.fill(folder / "files")
    (folder / "net.yaml").write_text(SOUNDS)
    return next((folder / "files" / "low").glob("3.*"))


KINDS = {"images": _images, "sounds": _sounds}
OTHERS = {"images": file_of(picture(6, 8, 9)), "sounds": sound_file(noise(900))}


def _train(folder: Path, run: str, *more: str) -> Answer:
    return invoke(folder, "train", "net.yaml", "--run", run, "--threads", 1, "--quiet", *more)


def _after(epoch: int, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets something happen once a number of epochs are complete."""
    take = Recorder.take

    def watched(self: Recorder, row: Row) -> None:
        take(self, row)
        if isinstance(row, EpochRow) and row.epoch == epoch:
            act()

    monkeypatch.setattr(Recorder, "take", watched)


@pytest.mark.parametrize("kind", KINDS)
def test_42_a_file_that_goes_during_training_is_named_and_nothing_is_lost(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are too many for the cache and for memory are decoded whenever they are taken."""
    monkeypatch.setenv(SIZE_VARIABLE, "1KB")
    monkeypatch.setattr(held, "MOST_HELD_BYTES", 0)
    path = KINDS[kind](tmp_path)
    content, status = path.read_bytes(), path.stat()
    assert _train(tmp_path, "whole").code == 0
    with monkeypatch.context() as while_it_trains:
        _after(2, path.unlink, while_it_trains)
        answer = _train(tmp_path, "run")
    assert answer.code == 4
    assert f"{path.name}` can no longer be decoded: there is no such file" in answer.err
    assert "--resume" in answer.err
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    answer = _train(tmp_path, "run", "--resume")
    assert answer.code == 0, answer.err
    assert results(tmp_path / "run") == results(tmp_path / "whole")
    epochs = [row["epoch"] for row in read_rows(tmp_path / "run" / "log.jsonl") if row["event"] == "epoch"]
    assert epochs == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", KINDS)
def test_35_a_file_that_changed_since_is_another_set(
    kind: str, tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    path = KINDS[kind](tmp_path)
    stop_after(3)
    assert _train(tmp_path, "run").code == 75
    stop_after(0)
    path.write_bytes(OTHERS[kind])
    os.utime(path, ns=(1, 1))
    answer = _train(tmp_path, "run", "--resume")
    assert answer.code == 5
    assert "the digest of the data" in answer.err
