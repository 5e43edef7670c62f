"""What a start of training imports: what is not needed costs every start, and is easily brought in again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nncli.data.opening import open_data
from nncli.spec.opening import open_spec

SPEC = """
data:
  train: rows.csv
  inputs: {height: number, width: number}
  targets: {kind: category}
  split: {validation: 0.5}
network: {layers: [Linear: 2]}
training: {loss: CrossEntropyLoss, optimizer: SGD, epochs: 1, batch_size: 4}
"""
# What other specs need, or the first start alone, or commands beside `train`.
NOT_NEEDED = (
    "torch._dynamo",
    "torch._inductor",
    "polars",
    "pandas",
    "PIL",
    "matplotlib",
    "torchmetrics",
    "nncli.augmentation",
    "nncli.data.first_opening",
    "nncli.data.long_texts",
    "nncli.drawing",
    "nncli.exports",
    "nncli.inspection",
    "nncli.network.summary",
    "nncli.objectives.recipes",
    "nncli.pretrained.foreign",
    "nncli.printing",
    "nncli.sources.delimited",
    "nncli.sources.readers",
)
SCRIPT = """
import os, sys
from nncli.__main__ import main
def leave(code):
    print(code, *sorted(sys.modules))
    sys.stdout.flush()
    real(code)
real, os._exit = os._exit, leave
sys.argv = ["nncli", "train", sys.argv[1], "--run", "run", "--quiet", "--device", "cpu"]
main()
"""


def test_a_table_whose_data_are_cached_is_trained_without_what_it_does_not_need(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 3},{'ab'[n % 2]}\n" for n in range(16))
    (tmp_path / "rows.csv").write_text(f"height,width,kind\n{rows}")
    (tmp_path / "spec.yaml").write_text(SPEC)
    open_data(open_spec(tmp_path / "spec.yaml"))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "spec.yaml")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    code, *modules = done.stdout.split()
    assert code == "0", done.stderr
    assert (tmp_path / "run" / "model.safetensors").exists()
    wrong = [each for each in modules for name in NOT_NEEDED if each == name or each.startswith(f"{name}.")]
    assert wrong == []
