"""Files that a spec names, loaded into networks whose weights have norms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from nncli.errors import NncliError
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.pretrained.foreign import load_foreign
from nncli.spec.opening import Origin, parse_spec
from tests.pretrained.files import file_of

SPEC = """
network:
  inputs: {row: [6]}
  weights: %s
  layers:
    - {Linear: 5, name: hidden, parametrize: spectral_norm}
    - Tanh
    - {Linear: 3, name: last, parametrize: weight_norm}
"""


class Written(nn.Module):
    def __init__(self, *, normed: bool) -> None:
        super().__init__()
        self.hidden, self.last = nn.Linear(6, 5), nn.Linear(5, 3)
        if normed:
            self.hidden, self.last = spectral_norm(self.hidden), weight_norm(self.last)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.last(torch.tanh(self.hidden(x)))
        return result


def _loaded(
    folder: Path, tensors: Mapping[str, Tensor], weights: str = "net.safetensors", *, copied: bool = True
) -> CompiledNetwork:
    file_of(folder / "net.safetensors", tensors)
    text = SPEC % weights
    spec = parse_spec(text, Origin("a.yaml", folder, text))
    torch.manual_seed(1)
    networks = compile_networks(spec.networks, {}, Surroundings())
    (report,) = load_foreign(networks, spec, copied=copied)
    assert not report.warnings
    return networks["network"]


def test_torchs_own_names_of_normed_weights_come_in_as_they_are(tmp_path: Path) -> None:
    written = Written(normed=True).eval()
    for _ in range(3):
        written.train()(torch.randn(2, 6))
    made, row = _loaded(tmp_path, written.state_dict()).module.eval(), torch.randn(4, 6)
    assert torch.equal(made(row), written.eval()(row))


@pytest.mark.parametrize(
    ("scope", "weights"),
    [("", "net.safetensors"), ("net.", '{file: net.safetensors, rename: {"net.": ""}}')],
)
def test_plain_weights_begin_as_where_a_norm_is_put_on_them(tmp_path: Path, scope: str, weights: str) -> None:
    written = Written(normed=False)
    with torch.no_grad():
        written.hidden.weight.mul_(20)
    made = _loaded(tmp_path, {f"{scope}{name}": each for name, each in written.state_dict().items()}, weights)
    row = torch.randn(4, 6)
    spectral_norm(written.hidden)
    assert torch.allclose(made.module.eval()(row), written.eval()(row), atol=0.05)
    assert torch.equal(made.module.last.weight, written.last.weight)


def test_a_file_that_is_only_checked_changes_nothing(tmp_path: Path) -> None:
    made = _loaded(tmp_path, Written(normed=False).state_dict(), copied=False)
    torch.manual_seed(1)
    expected = Written(normed=True).state_dict()
    assert all(torch.equal(each, expected[name]) for name, each in made.module.state_dict().items())


def test_a_plain_weight_of_another_shape_is_told_by_its_plain_name(tmp_path: Path) -> None:
    tensors = {**Written(normed=False).state_dict(), "last.weight": torch.zeros(2, 5)}
    with pytest.raises(NncliError) as caught:
        _loaded(tmp_path, tensors)
    (problem,) = caught.value.problems
    assert problem.code == "tensors-shape" and "last.weight" in str(problem.facts["names"])
