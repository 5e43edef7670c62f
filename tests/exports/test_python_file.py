from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from nncli.errors import WeightsError
from nncli.exports.python_file import run_python, write_python
from tests.exports.subjects import assert_close, batches, normed, tokens


def test_the_program_runs_without_nncli_and_takes_the_weights(tmp_path: Path) -> None:
    subject, path = tokens(), tmp_path / "my net.py"
    write_python(subject, path)
    assert "import nncli" not in path.read_text()
    assert "from nncli" not in path.read_text()
    assert_close(subject, run_python(subject, path, batches(subject)))
    names = runpy.run_path(str(path))
    assert names["OUTPUTS"][0]["classes"] == ["rose", "tülip"]
    assert names["ENCODERS"] == {"inputs": [{"mean": 1.5}]}


def test_a_program_that_needs_nncli_or_other_weights_fails_in_its_own_words(tmp_path: Path) -> None:
    subject, path = tokens(), tmp_path / "net.py"
    path.write_text("import nncli\nclass Net: pass\n")
    with pytest.raises(WeightsError) as caught:
        run_python(subject, path, batches(subject))
    assert caught.value.problems[0].code == "export-refused"
    assert "nncli" in str(caught.value.problems[0].facts["reason"])


def test_the_program_puts_norms_on_weights_as_torch_has_them(tmp_path: Path) -> None:
    subject, path = normed(), tmp_path / "net.py"
    write_python(subject, path)
    assert_close(subject, run_python(subject, path, batches(subject)))
    text = path.read_text()
    assert "from torch.nn.utils.parametrizations import spectral_norm, weight_norm" in text
    assert "self.conv2d = spectral_norm(nn.Conv2d(2, 4, 3), n_power_iterations=2)" in text
    assert "self.linear = weight_norm(nn.Linear(4, 3))" in text
    assert "        spectral_norm(self.selfattention.query)" in text
