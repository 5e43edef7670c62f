from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nncli.errors import NncliError
from nncli.messages.catalogue import hint_of, message_of
from nncli.runs.folder import RunFolder, digest_of, relative_path
from nncli.runs.info import (
    Extent,
    RunInfo,
    _signed,
    changed_files,
    create_run,
    note_rows,
    read_run,
    restate_run,
    spec_folder_of,
    update_state,
)
from nncli.runs.rows import append_row

if TYPE_CHECKING:
    from tests.runs.conftest import Refused


@pytest.fixture
def info() -> RunInfo:
    return RunInfo(nncli="0.1.0", name="iris", seed=3, set=("vars.width=4",), spec_digest=digest_of("spec"))


def _create(path: Path, info: RunInfo) -> RunFolder:
    return create_run(path, info, "name: iris\n", "name: iris\nseed: 3\n", {"threads": 2})


def _bare(info: RunInfo) -> RunInfo:
    """Leaves out what is noted of the files."""
    return info.model_copy(update={"files": {}})


def test_a_run_is_made_whole(tmp_path: Path, info: RunInfo) -> None:
    run = _create(tmp_path / "runs" / "iris" / "1", info)
    assert run.spec.read_text() == "name: iris\n"
    assert run.resolved.read_text() == "name: iris\nseed: 3\n"
    assert json.loads(run.environment.read_text()) == {"threads": 2}
    assert json.loads(run.info.read_text())["set"] == ["vars.width=4"]
    assert _bare(read_run(run.path)) == info
    assert [path.name for path in run.path.parent.iterdir()] == ["1"]


def test_nothing_is_overwritten(tmp_path: Path, info: RunInfo, refused: Refused) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "full", "link", "full/..", "."):
        with refused("run-exists"):
            _create(tmp_path / name, info)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "link", "notes"]


def test_an_existing_run_says_resume(tmp_path: Path, info: RunInfo) -> None:
    _create(tmp_path / "run", info)
    with pytest.raises(NncliError) as caught:
        _create(tmp_path / "run", info)
    assert caught.value.exit_code == 8
    assert "--resume" in hint_of(caught.value.problems[0])


def test_an_empty_folder_is_taken(tmp_path: Path, info: RunInfo) -> None:
    (tmp_path / "run").mkdir()
    assert _bare(read_run(_create(tmp_path / "run", info).path)) == info


START = """
import sys
from pathlib import Path
from nncli.errors import NncliError
from nncli.runs.info import RunInfo, create_run
sys.stdin.read()
try:
    info = RunInfo(nncli="0", name="n", seed=int(sys.argv[2]), spec_digest="")
    create_run(Path(sys.argv[1]), info, "", "", {})
    print("made")
except NncliError as error:
    print(error.problems[0].code)
"""


def test_of_many_starts_one_makes_the_run(tmp_path: Path) -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", START, tmp_path / "run", str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.close()
    answers = []
    for start in starts:
        assert start.stdout is not None
        answers.append(start.stdout.read().strip())
        start.stdout.close()
        start.wait()
    assert sorted(answers) == ["made", "run-exists", "run-exists", "run-exists"]
    assert read_run(tmp_path / "run").seed == answers.index("made")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_failure_half_way_leaves_nothing(
    tmp_path: Path, info: RunInfo, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    real = os.fsync
    calls = iter(range(100))

    def full(descriptor: int) -> None:
        if next(calls) == 2:
            raise OSError(122, "Disk quota exceeded")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with refused("disk-full"):
        _create(tmp_path / "run", info)
    assert list(tmp_path.iterdir()) == []


def test_the_state_changes_and_the_rest_stays(tmp_path: Path, info: RunInfo) -> None:
    run = _create(tmp_path / "run", info)
    update_state(run.path, "interrupted")
    assert _bare(read_run(run.path)) == info.model_copy(update={"state": "interrupted"})


def test_each_wrong_folder_has_a_sentence_of_its_own(tmp_path: Path, info: RunInfo) -> None:
    newer = {**json.loads(info.text()), "format": 2, "nncli": "9.1", "state": "paused"}
    cases = {
        "run-missing": None,
        "run-foreign": "",
        "run-damaged": "{",
        "run-newer": json.dumps(newer),
    }
    said = set()
    for code, content in cases.items():
        run = RunFolder(tmp_path / code)
        if content is not None:
            run.path.mkdir()
        if content:
            run.info.write_text(content)
        with pytest.raises(NncliError) as caught:
            read_run(run.path)
        assert (caught.value.problems[0].code, caught.value.exit_code) == (code, 5)
        said.add(message_of(caught.value.problems[0]).replace(str(run.path), ""))
    assert len(said) == 4


def test_a_newer_run_names_the_version_to_install(tmp_path: Path, info: RunInfo) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"format": 2, "nncli": "9.1"}))
    with pytest.raises(NncliError) as caught:
        read_run(tmp_path)
    assert "nncli 9.1 or later" in hint_of(caught.value.problems[0])


@pytest.mark.parametrize(
    "change",
    [{"state": "paused"}, {"seed": "3"}, {"version": 2}, {"format": 0}, {"name": None}, {"set": "a"}],
)
def test_an_edited_run_is_damaged(
    tmp_path: Path, info: RunInfo, change: dict[str, object], refused: Refused
) -> None:
    (tmp_path / "run.json").write_bytes(_signed({**info.model_dump(mode="json"), **change}))
    with refused("run-damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xff", b"[" * 100_000, b"", b'{"format": "2"}'])
def test_other_content_is_damaged(tmp_path: Path, content: bytes, refused: Refused) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with refused("run-damaged"):
        read_run(tmp_path)


def test_unknown_keys_of_a_later_release_are_ignored(tmp_path: Path, info: RunInfo) -> None:
    (tmp_path / "run.json").write_bytes(_signed({**info.model_dump(mode="json"), "later": 1}))
    assert read_run(tmp_path) == info


@pytest.mark.parametrize("entry", RunFolder(Path()).entries())
def test_a_link_inside_a_run_is_refused(tmp_path: Path, info: RunInfo, entry: Path, refused: Refused) -> None:
    run = _create(tmp_path / "run", info)
    (tmp_path / "mine").write_text("mine")
    (run.path / entry.name).unlink(missing_ok=True)
    (run.path / entry.name).symlink_to(tmp_path / "mine")
    with refused("file-linked"):
        read_run(run.path)


def test_the_spec_folder_is_found_after_both_moved(tmp_path: Path, info: RunInfo) -> None:
    project = tmp_path / "project"
    (project / "specs").mkdir(parents=True)
    way = relative_path(project / "runs" / "iris" / "1", project / "specs")
    assert way == "../../../specs"
    noted = info.model_copy(update={"spec_folder": way})
    _create(project / "runs" / "iris" / "1", noted)
    project.rename(tmp_path / "moved")
    run = tmp_path / "moved" / "runs" / "iris" / "1"
    assert spec_folder_of(run, noted) == tmp_path / "moved" / "specs"
    (tmp_path / "moved" / "specs").rmdir()
    assert spec_folder_of(run, noted) is None
    assert spec_folder_of(run, info) is None


def test_every_flipped_bit_and_every_cut_of_run_json_is_noticed(
    tmp_path: Path, info: RunInfo, refused: Refused
) -> None:
    info = info.model_copy(update={"files": {"spec.yaml": Extent.of(b"name: e")}, "name": "né"})
    content = info.text()
    file = tmp_path / "run.json"
    file.write_bytes(content)
    assert read_run(tmp_path) == info
    # Every seventh, so that each place in a byte comes by turns.
    for bit in range(0, len(content) * 8, 7):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        with pytest.raises(NncliError) as caught:
            read_run(tmp_path)
        assert caught.value.problems[0].code in ("run-damaged", "run-newer"), bit
    for size in range(len(content) - 1, 0, -5):
        file.write_bytes(content[:size])
        with refused("run-damaged"):
            read_run(tmp_path)


def test_files_are_noted_and_changes_are_found(tmp_path: Path, info: RunInfo) -> None:
    run = _create(tmp_path / "run", info)
    assert changed_files(run.path, read_run(run.path)) == []
    run.spec.write_text("name: Iris\n")
    run.environment.write_text(run.environment.read_text() + " ")
    run.resolved.unlink()
    assert changed_files(run.path, read_run(run.path)) == [run.spec, run.resolved, run.environment]
    restate_run(run.path, read_run(run.path), "name: iris\n")
    assert changed_files(run.path, read_run(run.path)) == [run.spec, run.environment]


def test_rows_may_come_but_not_change(tmp_path: Path, info: RunInfo) -> None:
    run = _create(tmp_path / "run", info)
    append_row(run.metrics, {"epoch": 1})
    assert note_rows(run.path).files["metrics.jsonl"] == Extent.of(run.metrics.read_bytes())
    append_row(run.metrics, {"epoch": 2})
    assert changed_files(run.path, read_run(run.path)) == []
    note_rows(run.path, {"metrics.jsonl": 4})
    run.metrics.write_bytes(run.metrics.read_bytes()[:4])
    assert changed_files(run.path, read_run(run.path)) == []
    run.metrics.write_bytes(b"{}")
    assert changed_files(run.path, read_run(run.path)) == [run.metrics]
