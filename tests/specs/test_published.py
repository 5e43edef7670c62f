"""Published architectures that are not shipped have the parameters that torchvision counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_spec

SWIN_T = (
    "vars.image=224",
    "vars.width=96",
    "vars.labels=1000",
    "vars.stages=[[2, 3, false], [2, 6, true], [6, 12, true], [2, 24, true]]",
)


@pytest.mark.parametrize(
    ("name", "sets", "parameters"),
    [
        ("densenet-121", (), 7_978_856),
        ("efficientnet-b0", (), 5_288_548),
        ("shufflenet-v2", (), 2_278_604),
        ("squeezenet", (), 1_235_496),
        ("swin", SWIN_T, 28_288_354),
    ],
)
def test_parameters(name: str, sets: tuple[str, ...], parameters: int, tmp_path: Path) -> None:
    text = Path(__file__).with_name(f"{name}.yaml").read_text()
    path = tmp_path / "spec.yaml"
    # The weights are those of a small one.
    path.write_text(text.partition("  weights:\n")[0])
    spec, problems = read_spec(path, sets)
    assert prepare(spec, problems, with_weights=False).network.parameters() == parameters
