from __future__ import annotations

from torch import fx, nn

from nncli.printing.cutting import Part, Stretch
from nncli.printing.repeating import LOOP, fold_lists


def tower(*depths: int) -> nn.Module:
    """A module with lists of layers: `layers` with one number, `stages.0` and so on with several."""
    root, lists = nn.Module(), [nn.ModuleList(nn.Linear(2, 2) for _ in range(depth)) for depth in depths]
    root.layers = lists[0] if len(lists) == 1 else nn.ModuleList(lists)
    return root


def part(graph: fx.Graph, *used: fx.Node) -> Part:
    calls = {node: node for node in graph.nodes if node.op == "call_module"}
    for node in calls:
        node.meta["shape"] = (2, 2)
    return Part(Stretch(None), graph, dict(calls), set(used))


def targets(graph: fx.Graph) -> list[str]:
    return [str(node.target) for node in graph.nodes if node.op == "call_module"]


def row(graph: fx.Graph, names: list[str], *others: fx.Node, at: int = 0) -> list[fx.Node]:
    flow, calls = graph.placeholder("x"), []
    for name in names:
        arguments = [*others[:at], flow, *others[at:]]
        flow = graph.call_module(name, tuple(arguments))
        calls.append(flow)
    return calls


def test_a_row_of_layers_becomes_a_sequential() -> None:
    graph = fx.Graph()
    graph.output(row(graph, ["layers.0", "layers.1", "layers.2"])[-1])
    assert fold_lists(part(graph), tower(3), {}) == {"layers"}
    assert targets(graph) == ["layers"]


def test_lists_of_lists_are_one_row_and_a_lone_layer_is_one_too() -> None:
    graph = fx.Graph()
    graph.output(row(graph, ["layers.0.0", "layers.0.1", "layers.1.0"])[-1])
    assert fold_lists(part(graph), tower(2, 1), {}) == {"layers"}
    graph = fx.Graph()
    graph.output(row(graph, ["layers.0"])[-1])
    assert fold_lists(part(graph), tower(1), {}) == {"layers"}


def test_layers_that_take_more_become_a_loop() -> None:
    graph = fx.Graph()
    memory = graph.placeholder("memory")
    graph.output(row(graph, ["layers.0", "layers.1"], memory, at=1)[-1])
    assert fold_lists(part(graph), tower(2), {}) == frozenset()
    (call,) = [node for node in graph.nodes if node.op == "call_module"]
    assert (call.target, call.meta[LOOP]) == ("layers", 1)


def test_what_is_needed_on_the_way_keeps_a_row_apart() -> None:
    names = ["layers.0", "layers.1"]
    graph = fx.Graph()
    first, last = row(graph, names)
    graph.output((first, last))
    fold_lists(part(graph), tower(2), {})
    assert targets(graph) == names
    graph = fx.Graph()
    first, last = row(graph, names)
    graph.output(last)
    fold_lists(part(graph, first), tower(2), {})
    assert targets(graph) == names


def test_layers_side_by_side_or_called_again_are_no_row() -> None:
    for names in (["layers.1", "layers.0"], ["layers.0", "layers.0"], ["layers.0"]):
        graph = fx.Graph()
        graph.output(row(graph, names)[-1])
        fold_lists(part(graph), tower(2), {})
        assert targets(graph) == names
    graph = fx.Graph()
    x = graph.placeholder("x")
    graph.output(tuple(graph.call_module(f"layers.{at}", (x,)) for at in range(2)))
    fold_lists(part(graph), tower(2), {})
    assert targets(graph) == ["layers.0", "layers.1"]
