from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.errors import SpecError, UsageError
from nncli.models.opened import is_spec, open_untrained, open_weights
from tests.end_to_end.program import invoke

SMALL = "network: {inputs: {row: [4]}, layers: [Linear: 3, {Dropout: 0.5}]}"


def test_a_spec_opens_with_weights_from_its_seed_and_leaves_the_generator_alone(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    before = torch.get_rng_state()
    one = open_untrained(tmp_path / "small.yaml").networks["network"].module
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    other = open_untrained(tmp_path / "small.yaml").networks["network"].module
    assert all(torch.equal(*pair) for pair in zip(one.parameters(), other.parameters(), strict=True))


def test_a_spec_opens_with_the_weights_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    assert invoke(tmp_path, "export", "small.yaml", "-o", "small.safetensors").code == 0
    named = SMALL.replace("layers:", "weights: small.safetensors, layers:").replace(
        "Dropout: 0.5", "ReLU: {}"
    )
    (tmp_path / "named.yaml").write_text("vars: {seed: 1}\n" + named)
    weights = open_weights(tmp_path / "small.safetensors").networks["network"].module
    assert torch.equal(
        open_untrained(tmp_path / "named.yaml").networks["network"].module.linear.weight,
        weights.linear.weight,
    )


def test_a_wrong_spec_is_an_error_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("network: [Linea: 3]")
    with pytest.raises(SpecError):
        open_untrained(tmp_path / "wrong.yaml")


def test_a_spec_is_no_weights_file(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(SMALL)
    with pytest.raises(UsageError) as caught:
        open_weights(tmp_path / "small.yml")
    assert caught.value.problems[0].code == "spec-not-trained"
    (tmp_path / "run.yaml").mkdir()
    assert not is_spec(tmp_path / "run.yaml")
