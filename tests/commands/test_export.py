from __future__ import annotations

from pathlib import Path

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke


def test_a_file_is_written_whole_and_never_over_another(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "net.safetensors").write_text("precious")
    arguments = ("export", flowers.run, "--output", "net.safetensors")
    answer = invoke(tmp_path, *arguments)
    assert answer.code == 8
    assert (tmp_path / "net.safetensors").read_text() == "precious"
    answer = invoke(tmp_path, *arguments, "--overwrite")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("67 parameters, ")
    assert answer.err.endswith(" written to net.safetensors\n")
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_an_export_can_be_exported_again_to_the_same_bytes(flowers: Trained, tmp_path: Path) -> None:
    assert invoke(tmp_path, "export", flowers.run, "--output", "one.safetensors").code == 0
    assert invoke(tmp_path, "export", "one.safetensors", "--output", "two.safetensors").code == 0
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    answer = invoke(tmp_path, "export", "other", "--output", "net.safetensors")
    assert answer.code == 5
    assert "error[run-foreign]" in answer.err
    assert not (tmp_path / "net.safetensors").exists()


def test_a_folder_that_is_not_there_is_an_error_of_the_disk(flowers: Trained, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "export", flowers.run, "--output", "absent/net.safetensors")
    assert answer.code == 6
    assert "Traceback" not in answer.err
