from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nncli.data.opening import open_data, source_digest, stand_in
from nncli.errors import Exit, NncliError, Place, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.spec import Spec
from tests.data.specs import spec_of

INPUTS: dict[str, Any] = {"age": "number", "kind": "category"}
TARGETS: dict[str, Any] = {"label": "category"}
HEADER = "age,kind,label\n"
ROWS = [f"{n}.5,{'ab'[n % 2]},{'xyz'[n % 3]}\n" for n in range(30)]


def write(folder: Path, rows: list[str], name: str = "rows.csv", header: str = HEADER) -> None:
    (folder / name).write_text(header + "".join(rows))


def spec(folder: Path, **data: Any) -> Spec:
    return spec_of(folder, **{"train": "rows.csv", "inputs": INPUTS, "targets": TARGETS, **data})


def refused(spec: Spec) -> list[Problem]:
    with pytest.raises(NncliError) as caught:
        open_data(spec)
    for problem in caught.value.problems:
        assert message_of(problem) and problem.place is not None
        hint_of(problem)
    return list(caught.value.problems)


def said(problems: list[Problem]) -> list[tuple[str, int]]:
    return [(problem.code, problem.place.line) for problem in problems if problem.place]


def test_rows_become_parts(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    data = open_data(spec(tmp_path))
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 20, "validation": 5, "test": 5}
    train = data.parts["train"]
    assert train.input("age").shape == (20, 1) and train.input("age").dtype == torch.float32
    assert train.input("kind").shape == (20,) and train.input("kind").dtype == torch.int64
    assert train.input("features").shape == (20, 3)
    assert train.target("label").dtype == torch.int64
    # The scale is that of the training part alone.
    assert abs(train.input("age").mean().item()) < 1e-6
    assert data.targets["label"].classes == ("x", "y", "z")
    assert data.warnings == ()
    every = torch.cat([part.target("label") for part in data.parts.values()])
    assert every.bincount().tolist() == [10, 10, 10]


def test_the_split_seed_alone_divides(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    first, again = open_data(spec(tmp_path)), open_data(spec(tmp_path))
    other = open_data(spec(tmp_path, split={"seed": 1}))
    assert torch.equal(first.parts["test"].input("age"), again.parts["test"].input("age"))
    assert not torch.equal(first.parts["test"].input("age"), other.parts["test"].input("age"))


def test_what_is_resolved_opens_to_the_same(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    inputs = {"years": {"type": "number", "column": "age"}, "kind": "binary"}
    first = open_data(spec(tmp_path, inputs=inputs))
    resolved = first.resolved
    assert resolved.targets["label"].classes == ("x", "y", "z")
    assert resolved.inputs["kind"].classes == ("a", "b") and resolved.inputs["kind"].positive == "b"
    assert resolved.inputs["years"].column == "age" and resolved.split.stratify == "label"
    again = open_data(replace(spec(tmp_path), data=resolved))
    assert again.resolved == resolved and again.encoders == first.encoders
    for name, part in first.parts.items():
        for key in part.columns.inputs:
            assert torch.equal(part.input(key), again.parts[name].input(key))


def test_a_builtin_set_is_resolved_in_full() -> None:
    data = open_data(spec_of(Path(), train="builtin:digits"))
    image = data.resolved.inputs["image"]
    assert image.columns is not None and image.columns[:2] == ("pixel_0_0", "pixel_0_1")
    assert len(image.columns) == 64
    assert open_data(replace(spec_of(Path(), train="x.csv"), data=data.resolved)).encoders == data.encoders


def test_files_of_their_own_are_not_drawn(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, ROWS[:4], "check.csv")
    write(tmp_path, ROWS[:2], "final.csv")
    data = open_data(spec(tmp_path, validation="check.csv"))
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 25, "validation": 4, "test": 5}
    data = open_data(spec(tmp_path, validation="check.csv", test="final.csv"))
    assert {name: part.rows for name, part in data.parts.items()} == {"train": 30, "validation": 4, "test": 2}
    assert (data.resolved.split.validation, data.resolved.split.test) == (0.0, 0.0)
    none = open_data(spec(tmp_path, split={"validation": 0.0, "test": 0.0}))
    assert list(none.parts) == ["train"]


def test_the_digest_covers_every_byte(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, ROWS[:4], "check.csv")
    one, two = spec(tmp_path), spec(tmp_path, validation="check.csv")
    digests = {source_digest(one), source_digest(two)}
    assert source_digest(one) == open_data(one).digest and len(digests) == 2
    write(tmp_path, [*ROWS[:3], "9,a,x\n"], "check.csv")
    assert source_digest(two) not in digests
    assert len(source_digest(two)) == len(hashlib.sha256().hexdigest())


def test_all_mistakes_of_columns_come_at_once_at_their_lines(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    inputs = {"agee": "number", "kind": {"type": "category", "missing": "median"}, "sex": "category"}
    problems = refused(spec(tmp_path, inputs=inputs, validation="gone.csv"))
    assert said(problems) == [
        ("data-missing", 3),
        ("column-missing", 6),
        ("missing-fill", 7),
        ("column-missing", 8),
    ]
    assert problems[1].facts["nearest"] == "age"
    assert problems[1].path == "data.inputs.agee"


def test_all_bad_cells_come_at_once_at_their_lines(tmp_path: Path) -> None:
    write(tmp_path, [*ROWS, "old,a,x\n", ",,\n", "1e999,a,x\n"])
    problems = refused(spec(tmp_path))
    assert said(problems) == [
        ("not-a-number", 32),
        ("cell-empty", 33),
        ("cell-empty", 33),
        ("target-empty", 33),
    ]
    place = problems[0].place
    assert place == Place(str(tmp_path / "rows.csv"), 32, 1, "old,a,x")
    assert problems[0].facts["cells"] == ["line 32 `old`", "line 34 `1e999`"]


def test_damaged_files_are_reported_together(tmp_path: Path) -> None:
    write(tmp_path, [*ROWS, "1,2\n"])
    write(tmp_path, [], "check.csv")
    codes = [problem.code for problem in refused(spec(tmp_path, validation="check.csv"))]
    assert codes == ["header-only", "row-fields"]


def test_a_category_of_other_parts_is_a_warning_and_a_class_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    write(tmp_path, ["1,new,x\n", "2,a,y\n", "3,new,x\n"], "check.csv")
    data = open_data(spec(tmp_path, validation="check.csv"))
    (warning,) = data.warnings
    assert (warning.code, warning.severity, warning.facts["count"]) == ("category-unseen", "warning", 2)
    assert warning.place is not None and warning.place.line == 2
    assert data.parts["validation"].input("kind").tolist() == [2, 0, 2]
    write(tmp_path, ["1,a,new\n"], "check.csv")
    assert said(refused(spec(tmp_path, validation="check.csv"))) == [("class-unknown", 2)]


def test_a_training_row_outside_of_stated_classes_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    inputs = {"kind": {"type": "category", "classes": ("a",)}}
    (problem,) = refused(spec(tmp_path, inputs=inputs))
    assert problem.code == "class-unknown"


def test_a_single_class_is_refused_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, [f"{n},a,x\n" for n in range(9)])
    assert said(refused(spec(tmp_path))) == [("class-single", 21)]
    assert said(refused(spec(tmp_path, targets={"label": "binary"}))) == [("binary-values", 21)]


def test_rare_classes_and_constants_are_warned_of(tmp_path: Path) -> None:
    write(tmp_path, [*(f"7,a,{'xy'[n % 2]}\n" for n in range(20)), "7,a,rare\n"])
    data = open_data(spec(tmp_path))
    assert [warning.code for warning in data.warnings].count("column-constant") == 2
    (rare,) = [warning for warning in data.warnings if warning.code == "class-rare"]
    assert rare.facts["classes"] == ["`rare` (1 row)"]
    assert 0 in data.parts["train"].target("label")
    assert all(warning.place and message_of(warning) for warning in data.warnings)


def test_too_few_rows_for_the_parts(tmp_path: Path) -> None:
    write(tmp_path, ["1,a,x\n", "2,b,y\n"])
    assert said(refused(spec(tmp_path))) == [("rows-too-few", 4)]


def test_stratify_names_a_target_an_input_or_a_column(tmp_path: Path) -> None:
    rows = [f"{n},{'ab'[n % 2]},{'xyz'[n % 3]},{'pq'[n % 2]}\n" for n in range(40)]
    write(tmp_path, rows, header="age,kind,label,group\n")
    for name in ("label", "kind", "group", "none"):
        data = open_data(spec(tmp_path, split={"stratify": name}))
        assert data.resolved.split.stratify == name
    assert data.parts["train"].rows == 28
    (problem,) = refused(spec(tmp_path, split={"stratify": "labels"}))
    assert (problem.code, problem.facts["nearest"]) == ("stratify-unknown", "label")


def test_an_input_that_is_the_target_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    data = open_data(spec(tmp_path, inputs={"answer": {"type": "category", "column": "label"}}))
    assert [warning.code for warning in data.warnings] == ["input-is-target"]


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"image": {"type": "image", "columns": "p_*", "shape": (1, 2, 2)}}, 3),
        ({"image": {"type": "image", "columns": "q_*", "shape": (1, 2, 2)}}, 0),
    ],
)
def test_an_image_needs_as_many_columns_as_pixels(tmp_path: Path, inputs: Any, found: int) -> None:
    write(tmp_path, ["1,2,3,x\n", "1,2,3,y\n"], header="p_0,p_1,p_2,label\n")
    (problem,) = refused(spec(tmp_path, inputs=inputs))
    assert (problem.code, problem.facts["found"], problem.facts["needed"]) == ("image-columns", found, 4)


@pytest.mark.parametrize(
    ("train", "code", "exit_code"),
    [
        ("gone.csv", "data-missing", Exit.DATA),
        (".", "data-irregular", Exit.DATA),
        ("rows.xlsx", "data-format", Exit.DATA),
        ("builtin:gone", "builtin-unknown", Exit.SPEC),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_the_spec(
    tmp_path: Path, train: str, code: str, exit_code: Exit
) -> None:
    with pytest.raises(NncliError) as caught:
        open_data(spec(tmp_path, train=train))
    assert said(list(caught.value.problems)) == [(code, 2)]
    assert caught.value.exit_code == exit_code


def test_stand_ins_have_the_form_of_the_real_thing(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    expected, data = stand_in(spec(tmp_path)), open_data(spec(tmp_path))
    assert list(expected.inputs) == list(data.inputs) and list(expected.targets) == list(data.targets)
    assert [each.type for each in expected.inputs.values()] == [each.type for each in data.inputs.values()]
    assert expected.counts.keys() == data.encoders.counts().keys()
