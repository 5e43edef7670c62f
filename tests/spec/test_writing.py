"""What is written reads back to the same spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.errors import Place
from nncli.spec import nodes
from nncli.spec.items import Constant, Layer
from nncli.spec.network_spec import InputSpec
from nncli.spec.nodes import node_of, plain
from nncli.spec.reading import read_value
from nncli.spec.spec import Spec
from nncli.spec.writing import as_tree, as_yaml, with_inputs
from tests.spec.specs import SPEC, parsed
from tests.spec.test_language import SNIPPETS
from tests.spec.test_language import spec as snippet

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
    SPEC + "  schedule: [{LinearLR: {total_iters: 3}, warmup: 5%, for: 3 epochs}, {StepLR: 4, per: step}]\n",
    SPEC + '  groups: [{match: ["*.bias", first.*], weight_decay: 0}, {match: head.*, betas: [0.8, 0.9]}]\n',
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
    inputs = [{name: each.inputs for name, each in one.networks.items()} for one in (again, spec)]
    assert inputs[0] == inputs[1]


def without_places(value: object) -> object:
    """Leaves out where things stand: what is written back stands elsewhere."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.name != "column"]
        return [without_places(getattr(value, name)) for name in names]
    if isinstance(value, Mapping):
        return {key: without_places(each) for key, each in value.items()}
    return [without_places(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("layers", SNIPPETS)
def test_networks_read_back_to_themselves(layers: str) -> None:
    spec = parsed(snippet(layers))
    again = read_back(spec)
    assert as_tree(again) == as_tree(spec)
    assert without_places(again.networks) == without_places(spec.networks)
    assert without_places(again.constants) == without_places(spec.constants) and again.vars == spec.vars


def test_inputs_are_stated_in_what_is_written() -> None:
    inputs = {"network": {"row": InputSpec((4,), "index", 9, True)}}
    spec = with_inputs(parsed(), inputs)
    again = read_back(spec)
    assert again.networks["network"].inputs == inputs["network"] == spec.networks["network"].inputs
    several = parsed("data: builtin:iris\nnetworks: {a: [ReLU], b: {inputs: {x1: [3]}, layers: [a]}}\n")
    stated = {name: {"row": InputSpec((2, 3, 4))} for name in ("a", "b")}
    again = read_back(with_inputs(several, stated))
    assert {name: network.inputs for name, network in again.networks.items()} == stated


@given(value=VALUES)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_every_value_of_an_argument_reads_back_to_itself(value: Constant) -> None:
    spec = parsed()
    place = spec.networks["network"].place
    item = node_of({"Linear": {"bias": (value,)}}, place)
    [(name, _)] = [entry for entry in spec.written.entries if entry[0].text == "network"]
    changed = nodes.Mapping(((name, nodes.Sequence((item,), place)),), place)
    again = read_back(replace(spec, written=changed)).networks["network"].layers[0].operation
    assert isinstance(again, Layer)
    assert again.call.keywords["bias"].value == (value,)
    [received] = again.call.keywords["bias"].value
    assert type(received) is type(value)


@given(value=VALUES)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_yaml_that_is_written_is_yaml_1_2(value: Constant) -> None:
    def listed(each: Constant) -> object:
        return [listed(item) for item in each] if isinstance(each, tuple) else each

    [again] = plain(read_value(as_yaml({"key": listed(value)}), "a.yaml")).values()  # type: ignore[union-attr]
    assert again == value and type(again) is type(value)
