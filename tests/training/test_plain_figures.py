"""Each figure that is worked out here is that of torchmetrics, which the figures of other specs come from."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor

from nncli.columns.targets import TargetSpec
from nncli.objectives.objectives import Prediction
from nncli.training import metrics
from nncli.training.metrics import build_metrics, compute_metrics
from nncli.training.plain_figures import plain_figure
from tests.training.jobs import BINARY, NUMBER, call

KINDS = TargetSpec("kind", "category", classes=("a", "b", "c", "never"))
LABELS = TargetSpec("labels", "set", classes=("a", "b", "never"))
OF_CLASSES = ("accuracy", "f1", "precision", "recall")
CASES = [(KINDS, name) for name in OF_CLASSES] + [(LABELS, name) for name in OF_CLASSES]
CASES += [(BINARY, name) for name in (*OF_CLASSES, "auroc")] + [(NUMBER, n) for n in ("mae", "rmse", "r2")]


def rows(target: TargetSpec) -> tuple[Prediction, Tensor]:
    """Forty rows; no row has the last class, and some scores are equal."""
    draw = torch.Generator().manual_seed(3)
    if target.type == "number":
        return Prediction(torch.randn(40, 1, generator=draw)), torch.randn(40, 1, generator=draw)
    if target.type == "set":
        said, truth = (torch.randint(2, (40, 3), generator=draw) for _ in range(2))
        said[:, 2] = truth[:, 2] = 0
        return Prediction(said, said.float()), truth
    if target.type == "binary":
        share = torch.randint(10, (40,), generator=draw) / 10
        said = Prediction((share > 0.5).long(), torch.stack([1 - share, share], 1), True)
        return said, torch.randint(2, (40,), generator=draw)
    said = torch.randint(3, (40,), generator=draw)
    return Prediction(said), torch.randint(2, (40,), generator=draw)


@pytest.mark.parametrize(("target", "name"), CASES)
def test_it_is_the_figure_of_torchmetrics(
    target: TargetSpec, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plain_figure(name, target.type, len(target.classes)) is not None
    said, truth = rows(target)
    built = build_metrics([call(name)], {target.name: target})
    given = built, {target.name: said}, {target.name: truth}, lambda _, values: values
    plain = compute_metrics(*given)
    monkeypatch.setattr(metrics, "plain_figure", lambda *_: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = compute_metrics(*given)
    assert plain[name] == pytest.approx(theirs[name], abs=1e-6)


def test_of_other_metrics_nothing_is_known_here() -> None:
    assert plain_figure("mcc", "category", 3) is None
    assert plain_figure("auroc", "category", 3) is None
    assert plain_figure("mape", "number", 0) is None
