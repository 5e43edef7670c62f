from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers


def test_a_tree_of_layers_and_what_they_need(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "summary", "flowers.yaml")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].startswith("flowers: ")
    assert lines[1].split() == ["name", "layer", "output", "parameters", "FLOPs"]
    assert lines[2].split() == ["linear", "Linear", "8", "40", "64"]
    assert [line.split()[0] for line in lines[2:5]] == ["linear", "relu", "linear_2"]
    assert "parameters  67" in lines
    assert not any(line.endswith(" ") for line in lines)


def test_the_document_that_scripts_read(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    (document,) = invoke(tmp_path, "summary", "flowers.yaml", "--json", "--memory", "1 GiB").rows()
    assert (document["version"], document["name"]) == (2, "flowers")
    network = document["networks"]["network"]
    assert (network["parameters"], network["trainable"]) == (67, 67)
    assert network["layers"][0]["name"] == "linear" and network["layers"][0]["flops"] == 64
    assert network["memory"]["largest_training_batch"] > network["memory"]["batch_size"] > 1


def test_set_and_stand_in_sizes(tmp_path: Path) -> None:
    write_flowers(tmp_path, "vars: {width: 8}\n" + FLOWERS.replace("Linear: 8", "Linear: $width"))
    (tmp_path / "flowers.csv").unlink()
    arguments = ("summary", "flowers.yaml", "--no-data", "--set", "vars.width=64", "--json")
    (document,) = invoke(tmp_path, *arguments).rows()
    assert document["networks"]["network"]["layers"][0]["output"] == [64]
    assert invoke(tmp_path, "summary", "flowers.yaml").code == 4


def test_a_drawing_is_written_once(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "summary", "flowers.yaml", "--graph", "net.svg")
    assert (answer.code, answer.err) == (0, "drawing written to net.svg\n")
    drawn = (tmp_path / "net.svg").read_bytes()
    assert drawn.startswith(b"<svg ") and b"40 parameters" in drawn
    again = invoke(tmp_path, "summary", "flowers.yaml", "--graph", "net.svg")
    assert again.code == 8 and "output-exists" in again.err
    assert invoke(tmp_path, "summary", "flowers.yaml", "--graph", "net.svg", "--overwrite").code == 0
    assert (tmp_path / "net.svg").read_bytes() == drawn


def test_what_is_wrong_on_the_command_line_is_said_before_the_work(tmp_path: Path) -> None:
    for arguments, code in (
        (("--graph", "net.gif"), "graph-ending-unknown"),
        (("--memory", "much"), "memory-form"),
        (("--memory", "0GiB"), "memory-form"),
        (("--memory", "8"), "memory-form"),
    ):
        answer = invoke(tmp_path, "summary", "absent.yaml", *arguments)
        assert answer.code == 2 and code in answer.err
