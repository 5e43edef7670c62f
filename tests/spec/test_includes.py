from __future__ import annotations

from pathlib import Path

import pytest

from nncli.errors import Problem
from nncli.messages.catalogue import hint_of
from nncli.spec.items import BlockCall
from nncli.spec.opening import open_spec, read_spec
from nncli.spec.writing import as_tree, as_yaml
from tests.spec.specs import parsed

USES = "include: {}\nvars: {{width: 8}}\nnetwork:\n  inputs: {{row: [4]}}\n  layers: [pair]\n"
PAIR = "blocks:\n  pair: {layers: [Linear: $width, ReLU]}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "main.yaml"


def found(path: Path, *sets: str) -> list[Problem]:
    return read_spec(path, sets)[1]


@pytest.mark.parametrize("stated", ["lib/a.yaml", "[lib/a.yaml]", "./lib/../lib/a.yaml"])
def test_blocks_of_another_file_see_the_vars_of_the_spec(tmp_path: Path, stated: str) -> None:
    path = write(tmp_path, main=USES.format(stated), lib__a=PAIR)
    spec = open_spec(path)
    operation = spec.networks["network"].layers[0].operation
    assert isinstance(operation, BlockCall) and operation.items[0].place.file == str(tmp_path / "lib/a.yaml")
    tree = as_tree(spec)
    assert "include" not in tree and list(tree["blocks"]) == ["pair"]
    assert as_tree(parsed(as_yaml(tree))) == tree


def test_set_reaches_included_blocks_and_the_include_itself(tmp_path: Path) -> None:
    path = write(tmp_path, main=USES.format("no.yaml"), a=PAIR)
    spec, problems = read_spec(path, ["include=a.yaml", "blocks.pair.layers.0.Linear=5"])
    assert problems == [] and as_tree(spec)["blocks"]["pair"]["layers"][0] == {"Linear": 5}


def test_a_file_that_two_others_include_is_read_once(tmp_path: Path) -> None:
    path = write(
        tmp_path, main=USES.format("[a.yaml, b.yaml]"), a="include: c.yaml\n", b="include: c.yaml\n", c=PAIR
    )
    assert found(path) == []


def test_a_mistake_stands_in_the_included_file(tmp_path: Path) -> None:
    path = write(tmp_path, main=USES.format("a.yaml"), a=PAIR.replace("ReLU", "foo"))
    [problem] = found(path)
    assert problem.place is not None
    assert (problem.code, problem.place.file, problem.place.line) == (
        "operation-unknown", str(tmp_path / "a.yaml"), 2
    )  # fmt: skip


def test_a_block_that_two_files_define_is_said_with_both_places(tmp_path: Path) -> None:
    path = write(tmp_path, main=USES.format("[a.yaml, b.yaml]"), a=PAIR, b="description: x\n" + PAIR)
    [problem] = found(path)
    assert problem.code == "block-repeated" and problem.place is not None and problem.place.line == 3
    assert problem.facts["file"] == str(tmp_path / "a.yaml") and problem.facts["line"] == 2


@pytest.mark.parametrize(
    ("stated", "files", "code"),
    [
        ("no.yaml", {}, "include-unreadable"),
        ("lib", {"lib__a": PAIR}, "include-unreadable"),
        ("../a.yaml", {}, "include-outside"),
        ("/etc/passwd", {}, "include-outside"),
        ("3", {}, "include-form"),
        ("{a: b}", {}, "include-form"),
        ("main.yaml", {}, "include-circle"),
        ("a.yaml", {"a": "include: b.yaml\n", "b": "include: a.yaml\n"}, "include-circle"),
        ("a.yaml", {"a": "- x\n"}, "include-form"),
        ("a.yaml", {"a": "a: [\n"}, "bracket-open"),
        ("a.yaml", {"a": "network: [ReLU]\n"}, "unknown-key"),
        ("a.yaml", {"a": "blocks: 3\n"}, "mapping-expected"),
        ("lib/a.yaml", {"lib__a": "include: ../../x.yaml\n"}, "include-outside"),
        ("[" + ", ".join(f"a{n}.yaml" for n in range(51)) + "]",
         {f"a{n}": "blocks: {}\n" for n in range(51)}, "include-too-many"),
        ("[a.yaml, b.yaml]", {"a": f"# {'x' * 600_000}\n{PAIR}", "b": f"# {'x' * 600_000}\n{PAIR}"},
         "include-too-many"),
    ],
)  # fmt: skip
def test_what_cannot_be_included(tmp_path: Path, stated: str, files: dict[str, str], code: str) -> None:
    folder = tmp_path / "specs"
    path = write(folder, main=USES.format(stated).replace("[pair]", "[ReLU]"), **files)
    (tmp_path / "x.yaml").write_text(PAIR, encoding="utf-8")
    assert [problem.code for problem in found(path)] == [code]


def test_a_link_does_not_lead_outside(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(PAIR, encoding="utf-8")
    path = write(tmp_path / "specs", main=USES.format("a.yaml").replace("[pair]", "[ReLU]"))
    (tmp_path / "specs" / "a.yaml").symlink_to(tmp_path / "x.yaml")
    assert [problem.code for problem in found(path)] == ["include-outside"]


def test_what_a_missing_file_would_have_brought_is_no_second_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, main=USES.format("lib/b.yaml") + "blocks: {own: {args: 3}}\n", lib__a=PAIR)
    path.write_text(path.read_text(encoding="utf-8").replace("[pair]", "[pair, own, flatten: 1, Liner: 3]"))
    problems = found(path)
    assert [problem.code for problem in problems] == ["include-unreadable", "key-missing"]
    assert hint_of(problems[0]) == "did you mean `lib/a.yaml`?"
