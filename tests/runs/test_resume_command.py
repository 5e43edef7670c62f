from __future__ import annotations

from pathlib import Path

import pytest

from nncli.runs.info import RunInfo
from nncli.runs.resume_command import resume_command

INFO = RunInfo(
    nncli="0",
    name="net",
    seed=0,
    set=("training.epochs=5", "training.optimizer={SGD: {lr: 1}}"),
    spec_digest="",
    spec_folder="../..",
    spec_file="my net.yaml",
)
SETS = "--set training.epochs=5 --set 'training.optimizer={SGD: {lr: 1}}'"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my net.yaml").write_text("")
    (tmp_path / "runs" / "a").mkdir(parents=True)
    return Path("runs") / "a"


def test_it_is_ready_for_a_shell(run: Path) -> None:
    assert resume_command(run, INFO) == f"nncli train 'my net.yaml' {SETS} --run runs/a --resume"


def test_from_elsewhere_the_spec_is_named_in_full(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = Path("my net.yaml").resolve()
    monkeypatch.chdir("runs")
    assert resume_command(Path("a"), INFO).startswith(f"nncli train '{spec}' ")


@pytest.mark.parametrize(
    "changes",
    [
        {"spec_file": "other.yaml"},
        {"spec_file": None},
        {"spec_folder": None},
        {"spec_file": "../my net.yaml"},
    ],
)
def test_a_spec_that_is_not_there_has_a_stand_in(run: Path, changes: dict[str, object]) -> None:
    Path("runs/my net.yaml").write_text("")
    assert resume_command(run, INFO.model_copy(update=changes)).startswith("nncli train SPEC --set ")


def test_files_of_code_are_named_where_they_are(run: Path) -> None:
    Path("my layers.py").write_text("")
    info = INFO.model_copy(
        update={"set": (), "code": {"../../my layers.py": "0", "../../gone.py": "0", "a\0": "0"}}
    )
    files = "--code 'my layers.py' --code gone.py --code FILE"
    assert resume_command(run, info) == f"nncli train 'my net.yaml' {files} --run runs/a --resume"
