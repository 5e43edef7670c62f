from __future__ import annotations

from pathlib import Path

import pytest

from nncli.commands.train import TrainOptions
from nncli.errors import UsageError


def test_options_become_values_of_the_spec() -> None:
    options = TrainOptions(Path("net.yaml"), set=("a=1",), seed=3, epochs=2, fold="2/5")
    assert options.overrides() == (
        "a=1",
        "training.seed=3",
        "training.epochs=2",
        "data.split.folds=5",
        "data.split.fold=2",
    )
    assert TrainOptions(Path("net.yaml")).overrides() == ()


@pytest.mark.parametrize("fold", ["", "2", "0/5", "6/5", "1/1", "a/b", "1/5/2", "-1/5", "1.5/5"])
def test_another_fold_is_refused(fold: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrainOptions(Path("net.yaml"), fold=fold).overrides()
    assert [problem.code for problem in caught.value.problems] == ["fold-form"]
