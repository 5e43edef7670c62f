from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from nncli.errors import WeightsError
from nncli.exports.python_file import run_python, write_python
from tests.exports.subjects import assert_close, batches, tokens


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
