from __future__ import annotations

from pathlib import Path

import pytest

from nncli.commands import batch_sizes
from nncli.commands.batch_sizes import batch_that_fits
from nncli.errors import ResourceError
from nncli.preparing.prepared import prepare
from nncli.spec.fields import AutoRows
from nncli.spec.opening import open_spec
from nncli.training import timing
from tests.end_to_end.program import invoke

SPEC = """\
data: builtin:digits
network: [Flatten, Linear: 64, ReLU, Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 2, batch_size: auto}
"""


def spec_file(folder: Path) -> Path:
    path = folder / "spec.yaml"
    path.write_text(SPEC)
    return path


def recorded(run: Path) -> int:
    training = open_spec(run / "resolved.yaml").training
    assert training is not None and not isinstance(training.batch_size, AutoRows)
    return training.batch_size


def test_it_is_a_power_of_two_that_fits_and_leaves_steps(tmp_path: Path) -> None:
    prepared = prepare(open_spec(spec_file(tmp_path)))
    training = prepared.spec.training
    assert training is not None
    assert batch_that_fits(prepared, training, 2**40) == 64  # 1,257 rows in at least 16 steps
    sizes = [batch_that_fits(prepared, training, 80_000 + 2_000 * n) for n in range(0, 60, 4)]
    assert sizes == sorted(sizes) and set(sizes) <= {1, 2, 4, 8, 16, 32, 64} and len(set(sizes)) > 2
    with pytest.raises(ResourceError):
        batch_that_fits(prepared, training, 1000)


def test_a_run_records_it_and_goes_on_with_it_on_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec_file(tmp_path)
    monkeypatch.setattr(batch_sizes, "free_bytes", lambda: 2**40)
    answer = invoke(tmp_path, "train", "spec.yaml", "--run", "run", "--epochs", "1")
    assert answer.code == 0 and "batch_size: auto is 64 rows" in answer.err, answer.err
    monkeypatch.setattr(batch_sizes, "free_bytes", lambda: 170_000)
    answer = invoke(tmp_path, "train", "spec.yaml", "--run", "run", "--resume", "--epochs", "2")
    assert answer.code == 0 and "auto is" not in answer.err, answer.err
    assert recorded(tmp_path / "run") == 64
    # What the run notes counts, not what somebody wrote beside it.
    resolved = tmp_path / "run" / "resolved.yaml"
    resolved.write_text(resolved.read_text().replace("batch_size: 64", "batch_size: auto"))
    answer = invoke(tmp_path, "train", "spec.yaml", "--run", "run", "--resume", "--epochs", "3")
    assert answer.code == 0 and recorded(tmp_path / "run") == 64, answer.err
    assert "batch_size: auto is" in invoke(tmp_path, "train", "spec.yaml", "--run", "other").err
    assert recorded(tmp_path / "other") < 64


def test_what_tries_steps_finds_it_as_a_run_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = spec_file(tmp_path)
    path.write_text(path.read_text().replace("batch_size: auto", "batch_size: auto, average: {ema: 0.9}"))
    monkeypatch.setattr(batch_sizes, "free_bytes", lambda: 222_000)
    monkeypatch.setattr(timing, "_SECONDS", 0.02)
    monkeypatch.setattr(timing, "_SIDE", 64)
    said = invoke(tmp_path, "train", "spec.yaml", "--run", "run", "--epochs", "1").err.splitlines()
    (line,) = [each for each in said if each.startswith("batch_size: auto is")]
    assert recorded(tmp_path / "run") < 32
    for command in (("find-lr", "--steps", "12"), ("bench", "--threads", "1"), ("inspect-gradients",)):
        name, *options = command
        answer = invoke(tmp_path, name, "spec.yaml", *options)
        assert answer.code == 0 and line in answer.err.splitlines(), answer.err
        if name == "bench":
            assert f"batches of {recorded(tmp_path / 'run')} on" in answer.out


def test_where_nothing_is_trained_it_stays_open(tmp_path: Path) -> None:
    spec_file(tmp_path)
    assert "batch_size: auto" in invoke(tmp_path, "check", "spec.yaml", "--resolved").out
    assert "value-type" in invoke(tmp_path, "check", "spec.yaml", "--set", "training.batch_size=all").err
