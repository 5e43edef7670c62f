"""What is written reads back to the same spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.spec.items import Argument, Constant, Layer
from nncli.spec.nodes import plain
from nncli.spec.reading import read_value
from nncli.spec.spec import Spec
from nncli.spec.writing import as_tree, as_yaml
from tests.spec.specs import SPEC, parsed

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
TABLE = """{train: a.csv, delimiter: ';', nulls: [NA, '', '~', on, '012'], inputs: {
    age: {type: number, missing: {constant: 0}}, kind: {type: category, classes: [1, '1', on, 1.5, true]},
    half: {column: 'a "b" : c', type: number}}, targets: {y: {type: binary, positive: 'yes'}}}"""
WAITING = """
name: a
description: 'costs $$5: yes'
network:
  inputs: {t: {shape: [5], type: index, vocabulary: 9}}
  layers: [{Embedding: $(size(1) + 2), name: e}, {Linear: [1, bias: false], from: [e]}]
"""
FORMS = [
    SPEC,
    WAITING,
    "network: {inputs: {image: [1, 8, 8], n: {shape: []}}, layers: [Flatten]}\n",
    SPEC.replace("CrossEntropyLoss", "{a: {SmoothL1Loss: {beta: 2}, weight: 0.5}, b: MSELoss}"),
    SPEC.replace("builtin:iris", TABLE.replace("\n", "")),
    SPEC + "  metrics: [accuracy, {f1: {average: micro}}]\n  stop_early: 3\n  checkpoint_every: 5m\n",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


def read_back(spec: Spec) -> Spec:
    return parsed(as_yaml(as_tree(spec)))


@pytest.mark.parametrize("text", [*FORMS, *(path.read_text(encoding="utf-8") for path in SPECS)])
def test_a_spec_reads_back_to_itself(text: str) -> None:
    spec = parsed(text)
    again = read_back(spec)
    assert as_tree(again) == as_tree(spec)
    assert (again.name, again.description, again.data) == (spec.name, spec.description, spec.data)
    assert again.networks["network"].inputs == spec.networks["network"].inputs


@given(value=VALUES)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_every_value_of_an_argument_reads_back_to_itself(value: Constant) -> None:
    spec = parsed()
    network = spec.networks["network"]
    operation = network.layers[0].operation
    assert isinstance(operation, Layer)
    call = replace(operation.call, keywords={"bias": Argument(value, operation.call.place)}, positions=())
    changed = replace(network, layers=(replace(network.layers[0], operation=Layer(call)),))
    text = as_yaml(as_tree(replace(spec, networks={"network": changed})))
    again = parsed(text).networks["network"].layers[0].operation
    assert isinstance(again, Layer)
    assert again.call.keywords["bias"].value == value
    assert type(again.call.keywords["bias"].value) is type(value)


@given(value=VALUES)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_yaml_that_is_written_is_yaml_1_2(value: Constant) -> None:
    def listed(each: Constant) -> object:
        return [listed(item) for item in each] if isinstance(each, tuple) else each

    [again] = plain(read_value(as_yaml({"key": listed(value)}), "a.yaml")).values()  # type: ignore[union-attr]
    assert again == value and type(again) is type(value)
