from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers


def test_ok_comes_with_the_sizes(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "check", "flowers.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "flowers.yaml: ok\n"
        "  rows        train 84, validation 18, test 18\n"
        "  inputs      features 4\n"
        "  output      3\n"
        "  parameters  67\n"
    )


def test_networks_may_have_any_names(tmp_path: Path) -> None:
    text = (
        "networks:\n"
        "  encoder: {inputs: {row: [4]}, layers: [Linear: 2]}\n"
        "  decoder: {inputs: {code: [2]}, layers: [Linear: 4]}\n"
    )
    (tmp_path / "two.yaml").write_text(text)
    answer = invoke(tmp_path, "check", "two.yaml")
    assert (answer.code, answer.err) == (0, "") and "parameters  10\n" in answer.out
    (tmp_path / "wrong.yaml").write_text(text.replace("Linear: 4", "Linaer: 4"))
    answer = invoke(tmp_path, "check", "wrong.yaml")
    assert answer.code == 3 and "wrong.yaml:3:" in answer.err and "layer-unknown" in answer.err


def test_the_document_is_whole_also_when_something_is_wrong(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("ReLU", "Relu"))
    answer = invoke(tmp_path, "check", "flowers.yaml", "--json")
    assert (answer.code, answer.err) == (3, "")
    (document,) = answer.rows()
    assert (document["version"], document["ok"]) == (1, False)
    (problem,) = document["problems"]
    assert list(problem) == [
        "file",
        "line",
        "column",
        "path",
        "code",
        "severity",
        "message",
        "given",
        "inside",
        "flow",
        "hint",
    ]
    assert (problem["file"], problem["line"], problem["code"]) == ("flowers.yaml", 9, "layer-unknown")
    (document,) = invoke(tmp_path, "check", "flowers.yaml", "--json", "--set", "network.1=ReLU").rows()
    assert document == {"version": 1, "ok": True, "problems": []}


def test_several_specs_end_with_the_lowest_code(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    (tmp_path / "no-data.yaml").write_text(FLOWERS.replace("flowers.csv", "absent.csv"))
    (tmp_path / "no-layer.yaml").write_text(FLOWERS.replace("ReLU", "Relu"))
    answer = invoke(tmp_path, "check", "no-data.yaml", "flowers.yaml", "no-layer.yaml")
    assert answer.code == 3
    assert answer.out.startswith("flowers.yaml: ok\n")
    assert "no-data.yaml:" in answer.err
    assert "no-layer.yaml:9:" in answer.err
    assert invoke(tmp_path, "check", "no-data.yaml", "flowers.yaml").code == 4


def test_the_resolved_spec_trains_to_the_same_weights(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    text = invoke(tmp_path, "check", "flowers.yaml", "--resolved").out
    (tmp_path / "resolved.yaml").write_text(text)
    assert invoke(tmp_path, "check", "resolved.yaml", "--resolved").out == text
    for name in ("flowers", "resolved"):
        answer = invoke(tmp_path, "train", f"{name}.yaml", "--run", name, "--epochs", 2)
        assert answer.code == 0, answer.err
    rows = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("flowers", "resolved")]
    assert rows[0] == rows[1]
