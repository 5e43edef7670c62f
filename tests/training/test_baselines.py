from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli.data.opening import open_data
from nncli.training.baselines import baselines
from nncli.training.metrics import build_metrics
from tests.data.specs import spec_of
from tests.training.jobs import call

SEASON = [10.0, 20.0, 40.0, 30.0]
VALUES = [SEASON[n % 4] * 1.1 ** (n // 4) for n in range(60)]
PAST: dict[str, Any] = {"type": "series", "column": "load", "window": (-5, 0)}


def judged(folder: Path, target: dict[str, Any], **data: Any) -> dict[str, dict[str, Any]]:
    (folder / "rows.csv").write_text("load\n" + "".join(f"{value!r}\n" for value in VALUES))
    columns = {"inputs": {"past": PAST}, "targets": {"load": target}}
    opened = open_data(spec_of(folder, train="rows.csv", split={"test": 12}, **columns, **data))
    metrics = build_metrics((call("mae"),), opened.targets)
    return {
        name: dict(each) for name, each in baselines(opened.parts["test"], opened.encoders, metrics).items()
    }


def test_rules_say_what_their_names_promise(tmp_path: Path) -> None:
    found = judged(tmp_path, {"type": "number"}, season=4)
    test = range(48, 60)
    naive = sum(abs(VALUES[n] - VALUES[n - 1]) for n in test) / 12
    seasonal = sum(abs(VALUES[n] - VALUES[n - 4]) for n in test) / 12
    assert found["naive"]["mae"] == pytest.approx(naive, rel=1e-5)
    assert found["seasonal"]["mae"] == pytest.approx(seasonal, rel=1e-5)
    # Every season is a tenth above the one before it, in each of its steps.
    assert found["seasonal ratio"]["mae"] == pytest.approx(0, abs=1e-4)


def test_several_steps_ahead(tmp_path: Path) -> None:
    found = judged(tmp_path, {"type": "number", "window": (0, 3), "scale": "none"}, season=4)
    last = [VALUES[n - 1] for n in range(46, 58) for _ in range(3)]
    truth = [VALUES[n + ahead] for n in range(46, 58) for ahead in range(3)]
    naive = sum(abs(a - b) for a, b in zip(last, truth, strict=True)) / 36
    assert found["naive"]["mae"] == pytest.approx(naive, rel=1e-4)
    assert found["seasonal ratio"]["mae"] == pytest.approx(0, abs=1e-4)


def test_without_a_season_there_is_one_rule_and_without_time_none(tmp_path: Path) -> None:
    assert list(judged(tmp_path, {"type": "number"})) == ["naive"]
    (tmp_path / "table.csv").write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(20)))
    table = open_data(spec_of(tmp_path, train="table.csv", inputs={"a": "number"}, targets={"b": "number"}))
    metrics = build_metrics(None, table.targets)
    assert baselines(table.parts["test"], table.encoders, metrics) == {}
