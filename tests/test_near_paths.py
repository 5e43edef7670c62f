from __future__ import annotations

from pathlib import Path

import pytest

from nncli.near_paths import nearest_beside, nearest_path
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import write_flowers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec, two runs of it, and a spec in a folder below."""
    folder = tmp_path_factory.mktemp("near")
    write_flowers(folder)
    for _ in range(2):
        assert invoke(folder, "train", "flowers.yaml", "--quiet", "--epochs", 1).code == 0
    (folder / "specs").mkdir()
    (folder / "specs" / "digits.yaml").write_text("name: digits\n")
    return folder


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("flower.yaml", "flowers.yaml"),
        ("flowers.yml", "flowers.yaml"),
        ("flowers", "flowers.yaml"),
        ("digits.yaml", "specs/digits.yaml"),
        ("spec/digts.yaml", "specs/digits.yaml"),
        ("run/flower/1", "runs/flowers/1"),
        ("flowers.yaml", ""),
        ("nothing.like.it", ""),
        ("flowers.yaml/below", ""),
        ("a" * 400, ""),
        ("\0", ""),
    ],
)
def test_the_path_that_was_meant(
    asked: str, meant: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert nearest_path(Path(asked), (".yaml", ".yml")) == meant


def test_a_name_beside_it(folder: Path) -> None:
    assert nearest_beside(folder / "flowes.csv") == "flowers.csv"
    assert nearest_beside(folder / "absent" / "flowes.csv") == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("check", "flower.yaml"), "did you mean `flowers.yaml`?"),
        (("train", "flowers"), "did you mean `flowers.yaml`?"),
        (("evaluate", "runs/flower/1"), "did you mean `runs/flowers/1`?"),
        (("evaluate", "runs/flowers/3"), "did you mean `runs/flowers/2`?"),
        (("evaluate", "flower"), "did you mean `runs/flowers/2`?"),
        (("evaluate", "runs/flowers"), "did you mean `runs/flowers/2`?"),
        (("report", "runs/flowers/9"), "did you mean `runs/flowers/2`?"),
        (("evaluate", "runs/flowers/1", "--data", "flowrs.csv"), "did you mean `flowers.csv`?"),
        (("check", "flowers.yaml", "--code", "layrs.py"), ""),
        (("runs", "run"), "did you mean `nncli runs runs`?"),
    ],
)
def test_a_mistyped_path_is_answered_with_what_was_meant(
    arguments: tuple[str, ...], hint: str, folder: Path
) -> None:
    answer = invoke(folder, *arguments)
    assert answer.code in (2, 5), answer.err
    assert (f"hint: {hint}\n" in answer.err) if hint else ("hint: " not in answer.err)
