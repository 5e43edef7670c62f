"""A column of sounds: its encoder is fitted to them, and a batch of it is scaled and augmented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from nncli.columns.clips import Clips
from nncli.columns.encoders import Encoders
from nncli.columns.kinds import kind_of
from nncli.columns.sounds import SoundEncoder, stated_length
from nncli.draws import Draw
from nncli.errors import DataError, Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec
from tests.columns.sound_tables import LENGTHS, sound_table, table_of_names, table_of_samples, waves
from tests.sources.sounds import file_of, noise, tone

SOUND = Column("sound", "sound", "input")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path_factory.mktemp("cache")))


def _declared(**words: Any) -> ColumnSpec:
    return ColumnSpec.model_validate({"type": "audio", **words})


def _fit(table: Table, warnings: list[Problem] | None = None, **words: Any) -> Any:
    declared = _declared(**words)
    return kind_of(declared).fit(SOUND, declared, table, [] if warnings is None else warnings)


def _fitted(table: Table, **words: Any) -> SoundEncoder:
    found = _fit(table, **words)
    assert isinstance(found, SoundEncoder)
    return found


def _mistakes(**words: Any) -> list[tuple[str, str]]:
    declared = _declared(**words)
    return [(each.code, each.key) for each in kind_of(declared).mistakes(SOUND, declared)]


def _batch(encoder: SoundEncoder, table: Table, draw: Draw | None = None) -> torch.Tensor:
    refusals = Refusals()
    found = encoder.encode(table, refusals)
    assert not refusals.are_errors
    rows = torch.arange(len(table))
    return encoder.finish()(found.take(rows, draw).values, draw)


def test_rate_channels_and_length_are_those_of_the_sounds(tmp_path: Path) -> None:
    table = sound_table(tmp_path, channels=2)
    encoder = _fitted(table)
    assert (encoder.rate, encoder.channels, encoder.length, encoder.precision) == (8000, 2, 400, "int16")
    assert encoder.input() == InputSpec((2, 400), "audio", has_mask=True, rate=8000)
    assert encoder.counts() == {"rate": 8000}
    assert encoder.stated() == {"column": "sound", "rate": 8000, "channels": 2, "views": None}
    batch = _batch(encoder, table)
    for wave, found in zip(waves(2), batch, strict=True):
        assert np.array_equal(found[:, : len(wave)].numpy().T, wave)
        assert not found[:, len(wave) :].any()
    mask = encoder.encode(table, Refusals()).take(torch.arange(4)).mask
    assert mask is not None and mask.sum(1).tolist() == list(LENGTHS)


def test_a_stated_length_needs_no_mask(tmp_path: Path) -> None:
    table = sound_table(tmp_path)
    encoder = _fitted(table, length=300)
    assert encoder.input() == InputSpec((1, 300), "audio", rate=8000)
    batch = _batch(encoder, table)
    assert batch.shape == (4, 1, 300) and batch.dtype == torch.float32
    assert np.array_equal(batch[0, 0].numpy(), waves()[0][50:350, 0])
    assert np.array_equal(batch[1, 0].numpy(), np.pad(waves()[1][:, 0], (0, 200)))


@pytest.mark.parametrize(
    ("written", "samples"), [("1.5s", 12000), ("250ms", 2000), (".5 s", 4000), (7, 7), ("0.001s", 8)]
)
def test_a_length_is_samples_or_a_time(written: object, samples: int) -> None:
    assert stated_length(_declared(length=written), 8000) == samples


def test_training_draws_the_stretch_and_what_is_augmented(tmp_path: Path) -> None:
    table = sound_table(tmp_path)
    plain, cut = _fitted(table, length=400), _fitted(table, length=100)
    assert not plain.finish().is_drawn and cut.finish().is_drawn
    rows = torch.arange(4)
    one, other = (_batch(cut, table, Draw(0, epoch, rows)) for epoch in (1, 2))
    assert not torch.equal(one, other) and torch.equal(one, _batch(cut, table, Draw(0, 1, rows)))
    loud = _fitted(table, length=400, augment=({"Gain": {"min_gain_db": 6, "max_gain_db": 6, "p": 1}},))
    assert loud.finish().is_drawn
    torch.testing.assert_close(_batch(loud, table, Draw(0, 1, rows)), _batch(plain, table) * 10 ** (6 / 20))
    assert torch.equal(_batch(loud, table), _batch(plain, table))


def test_sounds_that_differ_are_brought_together_with_a_warning(tmp_path: Path) -> None:
    for name, wave, rate in (("a", noise(900), 8000), ("b", noise(800), 8000), ("c", noise(4410, 2), 44100)):
        (tmp_path / f"{name}.wav").write_bytes(file_of(wave, rate))
    table, warnings = table_of_names(tmp_path, ["a.wav", "b.wav", "c.wav"]), []
    encoder = _fit(table, warnings)
    assert (encoder.rate, encoder.channels, encoder.length) == (8000, 1, 900)
    [problem] = warnings
    assert (problem.code, problem.severity) == ("sounds-differ", "warning")
    assert problem.facts["kinds"] == ["2 of 8,000 Hz in 1 channel", "1 of 44,100 Hz in 2 channels"]
    stated: list[Problem] = []
    assert _fit(table, stated, rate=16000, channels=1).length == 1800 and stated == []
    assert _batch(encoder, table).shape == (3, 1, 900)


def test_floats_make_a_column_of_floats(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(file_of(noise(500) * 100, subtype="FLOAT"))
    (tmp_path / "b.wav").write_bytes(file_of(noise(500)))
    table = table_of_names(tmp_path, ["a.wav", "b.wav"])
    encoder = _fitted(table)
    assert encoder.precision == "float32"
    assert np.array_equal(_batch(encoder, table)[0, 0].numpy(), noise(500)[:, 0] * 100)


def test_files_that_cannot_be_read_are_refused_by_name_when_they_are_encoded(tmp_path: Path) -> None:
    table = sound_table(tmp_path)
    (tmp_path / "1 ö.wav").write_bytes(b"text")
    encoder = _fitted(table)
    refusals = Refusals()
    encoder.encode(table, refusals)
    [problem] = refusals.problems(table)
    assert problem.code == "sound-unreadable"
    assert problem.facts["reasons"] == "`1 ö.wav`: it is no WAV, FLAC, OGG or MP3 file"
    for each in tmp_path.iterdir():
        each.write_bytes(b"")
    refusals = Refusals()
    _fitted(table).encode(table, refusals)
    assert refusals.problems(table)[0].facts["count"] == 4


def test_empty_cells_name_no_file(tmp_path: Path) -> None:
    sound_table(tmp_path)
    table, refusals = table_of_names(tmp_path, ["0 ö.wav", None]), Refusals()
    kind_of(_declared()).check(SOUND, _declared(), table, refusals)
    assert [problem.code for problem in refusals.problems(table)] == ["file-unnamed"]


def test_a_sound_that_is_too_long_for_a_default_needs_a_length(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(file_of(np.zeros((2**20 + 1, 1), np.float32)))
    table = table_of_names(tmp_path, ["a.wav"])
    assert _fit(table).code == "sound-length-missing"
    assert _fitted(table, length="1s").length == 8000


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series([wave[:, 0] for wave in waves()], dtype=pl.List(pl.Float32)),
        pl.Series(np.stack([np.rint(noise(300, 1, n)[:, 0] * 2**15) for n in range(3)]).astype(np.int16)),
    ],
    ids=["lists of floats", "an array of int16"],
)
def test_samples_in_cells_are_sounds_of_a_stated_rate(cells: pl.Series) -> None:
    table = table_of_samples(cells)
    assert _fit(table).code == "sound-rate-missing"
    encoder = _fitted(table, rate=8000)
    assert encoder.precision == ("int16" if cells.dtype.inner == pl.Int16 else "float32")  # type: ignore[attr-defined]
    assert isinstance(encoder.encode(table, Refusals()), Clips)
    batch = _batch(encoder, table)
    scale = 2**15 if encoder.precision == "int16" else 1
    for row, found in zip(cells, batch, strict=True):
        wave = np.asarray(row).astype(np.float32) / scale
        assert np.array_equal(found[0, : len(wave)].numpy(), wave)


def test_channels_in_cells_come_first() -> None:
    stereo = np.stack([noise(200, 2, n).T for n in range(3)])
    table = table_of_samples(pl.Series(stereo, dtype=pl.Array(pl.Float32, (2, 200))))
    encoder = _fitted(table, rate=8000)
    assert encoder.input().shape == (2, 200)
    assert np.array_equal(_batch(encoder, table).numpy(), stereo)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (pl.Series([["a"], ["b"]]), "it is object of 1 axes"),
        (pl.Series([[0.5], []], dtype=pl.List(pl.Float32)), "it has no samples"),
        (pl.Series([[0.5], None], dtype=pl.List(pl.Float32)), "it has no samples"),
        (pl.Series([[0.5], [float("nan")]]), "it holds samples that are no numbers"),
    ],
)  # fmt: skip
def test_cells_that_are_no_sound_are_refused(cells: pl.Series, reason: str) -> None:
    table = table_of_samples(cells)
    with pytest.raises(DataError) as caught:
        _fitted(table, rate=8000).encode(table, Refusals())
    [problem] = caught.value.problems
    assert problem.code == "sound-cells" and problem.facts["reason"] == reason


def test_an_encoder_travels_and_encodes_bit_for_bit(tmp_path: Path) -> None:
    table = sound_table(tmp_path, rate=11025)
    encoder = _fitted(table, rate=8000, length=200, augment=("PolarityInversion",))
    target = Column("label", "label", "target")
    number = kind_of(ColumnSpec(type="number")).stand_in(target, ColumnSpec(type="number"))
    again = Encoders.from_json(Encoders((encoder,), (number,)).to_json()).input_encoders[0]  # type: ignore[arg-type]
    assert again == encoder and isinstance(again, SoundEncoder)
    new = table_of_names(tmp_path, table.texts("sound").to_list(), is_new=True)
    assert torch.equal(_batch(again, new), _batch(encoder, table))


def test_a_stand_in_has_what_is_stated() -> None:
    kind = kind_of(_declared())
    encoder = kind.stand_in(SOUND, _declared(rate=8000, length="2s", channels=2))
    assert encoder.input() == InputSpec((2, 16000), "audio", rate=8000)
    assert kind.stand_in(SOUND, _declared()).input() == InputSpec(
        (1, 16000), "audio", has_mask=True, rate=16000
    )


@pytest.mark.parametrize(
    ("words", "mistakes"),
    [
        ({"rate": 10}, [("sound-rate", "rate")]),
        ({"channels": 3}, [("sound-channels", "channels")]),
        ({"length": "long"}, [("sound-length", "length")]),
        ({"length": 0}, [("sound-length", "length")]),
        ({"length": 1.5}, [("sound-length", "length")]),
        ({"augment": ("RandomCrop",)}, [("augment-unknown", "augment.0")]),
        ({"augment": ("Gain", {"Gain": {"p": 2}})}, [("augment-value", "augment.1.Gain")]),
        ({"augment": ("Shift",)}, [("sound-shift", "augment.0")]),
        ({"augment": ("Shift",), "length": "1s"}, []),
        ({"views": ("1st",)}, [("view-name", "views")]),
    ],
)
def test_what_is_wrong_in_a_declaration_is_found_without_a_file(
    words: dict[str, Any], mistakes: list[tuple[str, str]]
) -> None:
    assert _mistakes(**words) == mistakes


def test_a_sound_of_another_rate_is_still_the_sound(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(file_of(tone(440, 44100), 44100, "FLAC"))
    encoder = _fitted(table_of_names(tmp_path, ["a.flac"]), rate=8000, length="0.5s")
    found = _batch(encoder, table_of_names(tmp_path, ["a.flac"], is_new=True))[0, 0].numpy()
    assert float(np.abs(found - tone(440))[200:-200].max()) < 1e-3
