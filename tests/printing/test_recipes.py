from __future__ import annotations

import pytest
import torch
from torch import nn

from nncli.errors import WeightsError
from nncli.network.compiled import Construction
from nncli.printing.literals import Code
from nncli.printing.recipes import (
    buffer_recipe,
    dictionary_recipe,
    layer_recipe,
    list_recipe,
    named_recipe,
    parameter_recipe,
    type_of,
)


def linear(inputs: int, outputs: int, **others: object) -> Construction:
    return Construction(nn.Linear, {"out_features": outputs, "in_features": inputs, **others})


def test_a_layer_is_called_as_its_signature_says_and_without_what_is_usual() -> None:
    assert layer_recipe(linear(3, 4, bias=False)).filled().line() == "nn.Linear(3, 4, bias=False)"
    assert layer_recipe(linear(3, 4, bias=True)).filled().line() == "nn.Linear(3, 4)"
    dropout = layer_recipe(Construction(nn.Dropout, {"p": 0.5}))
    assert dropout.filled().line() == "nn.Dropout(p=0.5)"


def test_layers_of_one_form_differ_by_their_gaps_alone() -> None:
    one, other = layer_recipe(linear(3, 4)), layer_recipe(linear(5, 6))
    assert one.form == other.form
    assert one.write([gap.value for gap in other.gaps]) == other.filled()
    assert layer_recipe(linear(3, 4, bias=False)).form != one.form
    assert [gap.name for gap in one.gaps] == ["in_features", "out_features"]


def test_what_is_no_number_or_word_is_part_of_the_form() -> None:
    made = {"d_model": 4, "nhead": 2, "activation": nn.functional.gelu}
    recipe = layer_recipe(Construction(nn.TransformerEncoderLayer, made))
    assert [gap.name for gap in recipe.gaps] == ["d_model", "nhead"]
    assert recipe.filled().line() == "nn.TransformerEncoderLayer(4, 2, activation=F.gelu)"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "int"), (True, "bool"), (None, "None"), ("a", "str"), ((1, 2.0), "tuple[int, float]")],
)
def test_types_are_written_as_annotations(value: object, said: str) -> None:
    assert type_of(value) == said
    assert type_of({"a": 1}) == type_of((nn.ReLU,)) == ""
    assert type_of([1, 2]) == "list[int]"


def test_lists_are_written_in_loops_where_all_or_many_are_equal() -> None:
    a, b = layer_recipe(linear(2, 2)), layer_recipe(linear(3, 3))
    assert (
        list_recipe([a, b], "Sequential").filled().line() == "nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))"
    )
    loop = "nn.Linear(2, 2) for _ in range(2)"
    assert list_recipe([a, a], "ModuleList").filled().line() == f"nn.ModuleList({loop})"
    assert list_recipe([a, a], "Sequential").filled().line() == f"nn.Sequential(*({loop}))"
    assert list_recipe([a], "ModuleList").filled().line() == "nn.ModuleList([nn.Linear(2, 2)])"
    mixed = list_recipe([b, a, a, a], "ModuleList").filled().line()
    assert mixed == "nn.ModuleList([nn.Linear(3, 3), *(nn.Linear(2, 2) for _ in range(3))])"


def test_few_layers_have_one_form_whether_equal_or_not_and_many_a_depth() -> None:
    a, b = layer_recipe(linear(2, 2)), layer_recipe(linear(3, 3))
    assert list_recipe([a, a], "Sequential").form == list_recipe([a, b], "Sequential").form
    five, six = (list_recipe([a] * depth, "Sequential") for depth in (5, 6))
    assert five.form == six.form
    assert five.gaps[0].name == "depth"
    assert five.write([Code("depth"), Code("n"), Code("m")]).line() == (
        "nn.Sequential(*(nn.Linear(n, m) for _ in range(depth)))"
    )


def test_names_stand_beside_what_they_name() -> None:
    part = layer_recipe(linear(2, 2))
    assert named_recipe("Group(", {"one": part}, ")").filled().line() == "Group(one=nn.Linear(2, 2))"
    assert dictionary_recipe({"2": part}, "ModuleDict").filled().line() == (
        'nn.ModuleDict({"2": nn.Linear(2, 2)})'
    )


def test_tensors_are_made_as_large_as_they_are() -> None:
    assert parameter_recipe(torch.zeros(2, 3)).filled().line() == "nn.Parameter(torch.zeros(2, 3))"
    assert parameter_recipe(torch.zeros(())).filled().line() == "nn.Parameter(torch.zeros(()))"
    steps = buffer_recipe("steps", torch.tensor([1.0, 2.0]), is_constant=True)
    assert steps.filled().line() == "nn.Buffer(torch.tensor([1.0, 2.0]), persistent=False)"
    seen = buffer_recipe("seen", torch.zeros(2, dtype=torch.int64), is_constant=False)
    assert seen.filled().line() == "nn.Buffer(torch.zeros(2, dtype=torch.int64))"
    with pytest.raises(WeightsError):
        buffer_recipe("noise", torch.randn(10_001), is_constant=True)
