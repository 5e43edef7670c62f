from __future__ import annotations

from tests.exports.subjects import pictures, tokens


def test_a_shared_weight_is_there_once_under_its_owner() -> None:
    subject = tokens()
    assert "embedding.weight" in subject.tensors
    assert "linear.weight" not in subject.tensors
    assert "steps" not in subject.tensors
    assert not subject.network.module.training


def test_outputs_have_names() -> None:
    assert tokens().outputs() == ("output_1", "output_2")
    assert pictures().outputs() == ("output",)
