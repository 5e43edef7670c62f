from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers


def test_a_table_of_layers_and_what_they_need(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, "summary", "flowers.yaml")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].startswith("flowers: ")
    assert lines[1].split() == ["layer", "type", "in", "out", "parameters"]
    assert [line.split()[0] for line in lines[2:5]] == ["linear", "relu", "linear_2"]
    assert lines[2].split() == ["linear", "Linear", "4", "8", "40"]
    assert "parameters  67" in lines
    assert not any(line.endswith(" ") for line in lines)


def test_the_document_that_scripts_read(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    (document,) = invoke(tmp_path, "summary", "flowers.yaml", "--json").rows()
    assert {"version", "parameters", "trainable", "layers"} <= set(document)
    assert (document["version"], document["parameters"], document["trainable"]) == (1, 67, 67)
    assert document["layers"][0] == {
        "name": "linear",
        "type": "Linear",
        "input": [4],
        "output": [8],
        "parameters": 40,
    }


def test_set_and_stand_in_sizes(tmp_path: Path) -> None:
    write_flowers(tmp_path, "vars: {width: 8}\n" + FLOWERS.replace("Linear: 8", "Linear: $width"))
    (tmp_path / "flowers.csv").unlink()
    arguments = ("summary", "flowers.yaml", "--no-data", "--set", "vars.width=64", "--json")
    (document,) = invoke(tmp_path, *arguments).rows()
    assert document["layers"][0]["output"] == [64]
    assert invoke(tmp_path, "summary", "flowers.yaml").code == 4
