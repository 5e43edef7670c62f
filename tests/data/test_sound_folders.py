"""Folders and tables of sounds, from the text of a spec to parts, or to the words that a person reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.cache_folder import list_cache
from nncli.columns import recordings
from nncli.data.dataset import Data
from nncli.data.opening import open_data, source_digest
from nncli.errors import Exit, NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin, Spec
from tests.sources.sounds import FORMATS, file_of, noise, tone

SOUND = "{sound: {type: audio}}"


def fill(folder: Path, classes: Sequence[str] = ("high", "low"), count: int = 8) -> Path:
    """Writes a folder for each class, with tones in every format."""
    forms = [form for form in FORMATS if form != "OPUS"]
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            form = forms[index % len(forms)]
            wave = tone(400 + 300 * number, seconds=0.1 + index / 100)
            (folder / name / f"{index}.{form.lower()}").write_bytes(file_of(wave, 8000, form))
    return folder


def spec(folder: Path, inputs: str = SOUND, train: str = "calls", **more: Any) -> Spec:
    lines = "".join(f"  {key}: {value}\n" for key, value in more.items())
    text = f"data:\n  train: {train}\n{lines}  inputs: {inputs}\n  targets: {{label: category}}\n"
    text += "network: [AdaptiveAvgPool1d: 1, Flatten, Linear: $classes]\n"
    return parse_spec(text, Origin("spec.yaml", folder, text))


def opened(folder: Path, inputs: str = SOUND, train: str = "calls", **more: Any) -> Data:
    return open_data(spec(folder, inputs, train, **more))


def test_a_folder_for_each_class_is_all_there_is_to_say(tmp_path: Path) -> None:
    fill(tmp_path / "calls")
    data = opened(tmp_path)
    assert sum(part.rows for part in data.parts.values()) == 16
    assert data.targets["label"].classes == ("high", "low")
    described = data.inputs["sound"]
    assert (described.type, described.rate, described.has_mask) == ("audio", 8000, True)
    assert described.shape[0] == 1 and 1300 < described.shape[1] < 2200
    assert data.encoders.counts()["rate"] == 8000
    assert {entry.kind for entry in list_cache()} >= {"sounds"}


def test_a_table_names_files_from_its_own_folder(tmp_path: Path) -> None:
    fill(tmp_path / "far" / "calls")
    rows = [f"calls/{name}/{index}.wav,{name}" for name in ("high", "low") for index in (0, 4)]
    (tmp_path / "far" / "table.csv").write_text("\n".join(["sound,label", *rows * 3]))
    data = opened(tmp_path, "{sound: {type: audio, length: 100ms}}", "far/table.csv")
    waves = data.parts["train"].input("sound")
    assert waves.shape[1:] == (1, 800) and not data.inputs["sound"].has_mask
    assert 0.4 < float(waves.abs().max()) < 0.6


def test_sounds_are_decoded_once_for_any_split_and_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "calls")
    before = opened(tmp_path, "{sound: {type: audio, rate: 8000, channels: 1}}")
    monkeypatch.setattr(recordings, "decode_sound", lambda *_: pytest.fail("it is decoded again"))
    inputs = "{sound: {type: audio, rate: 8000, channels: 1, length: 50ms}}"
    after = opened(tmp_path, inputs, split="{seed: 5}")
    assert after.digest == before.digest == source_digest(spec(tmp_path))


def test_a_changed_sound_is_another_set(tmp_path: Path) -> None:
    fill(tmp_path / "calls")
    before = opened(tmp_path)
    path = tmp_path / "calls" / "low" / "0.wav"
    path.write_bytes(file_of(noise(900)))
    os.utime(path, ns=(1, 1))
    after = opened(tmp_path)
    assert after.digest != before.digest
    assert before.inputs["sound"].rate == after.inputs["sound"].rate


def _refused(folder: Path, inputs: str = SOUND, exit_code: Exit = Exit.DATA) -> Problem:
    with pytest.raises(NncliError) as caught:
        opened(folder, inputs)
    assert caught.value.exit_code == exit_code
    (problem,) = caught.value.problems
    assert message_of(problem) and hint_of(problem) is not None and problem.place is not None
    return problem


WHOLE = file_of(noise(4000))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"not a sound\n", "it is no WAV, FLAC, OGG or MP3 file"),
        (WHOLE[: len(WHOLE) // 2], "it ends too early"),
        (file_of(noise(4000), form="OGG")[:-400], "it ends too early"),
        (file_of(noise(0)), "it has no samples"),
    ],
    ids=["zero bytes", "text", "truncated WAV", "truncated OGG", "no samples"],
)
def test_files_that_cannot_be_decoded_are_refused_before_the_first_step(
    tmp_path: Path, content: bytes, said: str
) -> None:
    fill(tmp_path / "calls")
    before = {path: path.read_bytes() for path in (tmp_path / "calls").rglob("*.*")}
    for number in range(7):
        (tmp_path / "calls" / "low" / f"bad {number}.wav").write_bytes(content)
    problem = _refused(tmp_path)
    assert problem.code == "sound-unreadable"
    message = message_of(problem)
    assert f"cannot be decoded in 7 rows: `low/bad 0.wav`: {said}; " in message
    assert message.endswith(f"`low/bad 4.wav`: {said}; …")
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_file_that_says_it_is_enormous_is_refused_by_its_header(tmp_path: Path) -> None:
    fill(tmp_path / "calls")
    silence = np.zeros((2**26 + 1, 1), np.int16)
    (tmp_path / "calls" / "low" / "bomb.flac").write_bytes(file_of(silence, form="FLAC"))
    problem = _refused(tmp_path, "{sound: {type: audio, length: 1s}}", Exit.RESOURCE)
    assert problem.code == "sound-too-large"
    assert "`low/bomb.flac`: it holds 8,389 seconds of 8,000 Hz in 1 channels" in message_of(problem)


def test_a_warning_stands_at_the_declaration(tmp_path: Path) -> None:
    fill(tmp_path / "calls")
    for name in ("high", "low"):
        for index in range(2):
            content = file_of(tone(500, 16000), 16000)
            (tmp_path / "calls" / name / f"fast {index}.wav").write_bytes(content)
    (warning,) = opened(tmp_path).warnings
    assert warning.code == "sounds-differ" and warning.place is not None
    assert "all are brought to 8,000 Hz in 1 channel" in message_of(warning)
    assert opened(tmp_path, "{sound: {type: audio, rate: 8000}}").warnings == ()
