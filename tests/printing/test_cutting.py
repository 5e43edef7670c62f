from __future__ import annotations

from torch import nn

from nncli.network.compiled import CompiledNetwork
from nncli.network.graph.regions import REGION
from nncli.printing.cutting import PART, Part, Stretch, cut, stretches
from tests.printing.printed import network

NET = """
blocks:
  up:
    inputs: [x, skip]
    layers:
      - Linear: 4
      - add:
        from: [x, skip]
network:
  inputs: {row: [4]}
  layers:
    - Linear: 4
      name: first
    - up:
      from: {skip: row}
      name: ups
      repeat: 2
"""


def whole(made: CompiledNetwork, split: frozenset[str] = frozenset()) -> Stretch:
    return stretches(made.module.graph, made.module, made.constructions, split)


def parts(made: CompiledNetwork) -> tuple[Part, list[Part]]:
    stretch = whole(made)
    inner = {each: cut(each, {}) for each in stretch.items if isinstance(each, Stretch)}
    called = {each: (part, (list(part.graph.nodes).index(_last(part)),)) for each, part in inner.items()}
    return cut(stretch, called), list(inner.values())


def _last(part: Part) -> object:
    return list(part.graph.nodes)[-1]


def test_calls_of_blocks_become_calls_of_modules() -> None:
    outer, inner = parts(network(NET))
    assert [str(node.target) for node in outer.graph.nodes][:-1] == ["row", "first", "ups.0", "ups.1"]
    assert [each.name for each in inner] == ["ups.0", "ups.1"]
    calls = [node for node in outer.graph.nodes if PART in node.meta]
    assert [call.meta[PART] for call in calls] == inner
    assert all(call.meta["shape"] == (2, 4) for call in calls)


def test_inside_values_go_by_the_names_of_the_block_and_layers_by_their_own() -> None:
    _, (first, _) = parts(network(NET))
    nodes = list(first.graph.nodes)
    assert [node.target for node in nodes[:3]] == ["x", "skip", "linear"]
    assert first.used == {nodes[-1]}


def test_a_scope_whose_weights_are_used_elsewhere_inside_another_stays_where_it_is() -> None:
    shared = """
network:
  inputs: {row: [4]}
  layers:
    - Linear: 4
      name: own
    - Sequential: [ReLU, {Linear: {}, share: own}]
      name: copies
      repeat: 2
"""
    stretch = whole(network(shared))
    assert not [each for each in stretch.items if isinstance(each, Stretch)]


def test_a_split_scope_is_no_stretch_and_its_nodes_stay_in_order() -> None:
    made = network(NET)
    stretch = whole(made, frozenset({"ups.0"}))
    assert [item.name for item in stretch.items if isinstance(item, Stretch)] == ["ups.1"]
    assert list(stretch.nodes()) == list(made.module.graph.nodes)


def test_what_has_no_weights_is_no_stretch() -> None:
    blocks = "blocks: {half: {layers: [compute: x / 2]}}"
    made = network(f"{blocks}\nnetwork: {{inputs: {{row: [4]}}, layers: [half, Linear: 2]}}")
    assert any(REGION in node.meta for node in made.module.graph.nodes)
    assert not [each for each in whole(made).items if isinstance(each, Stretch)]
    assert isinstance(made.module.linear, nn.Linear)
