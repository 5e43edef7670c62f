from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nncli.errors import WeightsError
from nncli.exports.verification import BOUND, Batches, sample_rows, verify
from tests.exports.subjects import pictures, tokens


def test_rows_are_drawn_by_the_kind_of_input_and_always_the_same() -> None:
    subject = tokens()
    (drawn,) = sample_rows(subject, 3)
    assert drawn.shape == (3, 5)
    assert drawn.dtype == torch.int64
    assert int(drawn.max()) < 11
    assert torch.equal(drawn, sample_rows(subject, 3)[0])
    assert [each.shape for each in sample_rows(pictures(), 2)] == [(2, 3, 8, 8), (2, 4)]


def changed(by: float, output: int = 1) -> float:
    subject = tokens()

    def run(batches: Batches) -> Batches:
        found = [subject.run(inputs) for inputs in batches]
        worst = found[1][output]
        worst.view(-1)[0] += by * float(worst.abs().max())
        return found

    return verify(subject, "onnx", run)


@pytest.mark.parametrize("output", [0, 1])
def test_the_largest_difference_of_all_outputs_counts(output: int) -> None:
    assert changed(0.0) == 0.0
    assert changed(BOUND / 2, output) == pytest.approx(BOUND / 2, rel=0.02)
    with pytest.raises(WeightsError) as caught:
        changed(BOUND * 1.1, output)
    assert caught.value.problems[0].code == "export-differs"
    assert caught.value.problems[0].facts["output"] == f"output_{output + 1}"


@pytest.mark.parametrize("broken", ["shape", "type", "nan", "fewer"])
def test_what_cannot_be_compared_differs(broken: str) -> None:
    subject = pictures()

    def spoil(outputs: list[Tensor]) -> list[Tensor]:
        (output,) = outputs
        spoilt = {"shape": output[:, :1], "type": output.double(), "nan": output * torch.nan}
        return [spoilt[broken]] if broken in spoilt else []

    with pytest.raises(WeightsError):
        verify(subject, "onnx", lambda batches: [spoil(subject.run(inputs)) for inputs in batches])
