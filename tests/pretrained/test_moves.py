from __future__ import annotations

from nncli.pretrained.moves import Layers, Move, moved_layers
from nncli.pretrained.stored import Shape
from nncli.runs.layer_record import LayerRecord


def moves(stored: dict[str, Shape], wanted: dict[str, Shape], kind: str = "Linear") -> list[Move]:
    """Finds moves between networks of one layer a name, on lines 1, 2, 3 …"""
    records = [
        {name: LayerRecord(kind, line) for line, name in enumerate(names, start=1)}
        for names in (stored, wanted)
    ]
    weights = [{f"{name}.weight": shape for name, shape in names.items()} for names in (stored, wanted)]
    return list(moved_layers(Layers(*records), *weights))


def test_a_layer_put_in_moves_those_after_it() -> None:
    found = moves({"a": (1,), "fc": (2,), "fc_2": (3,)}, {"a": (1,), "fc": (9,), "fc_2": (2,), "fc_3": (3,)})
    assert found == [Move("fc", "fc_2", 3), Move("fc_2", "fc_3", 4)]


def test_a_layer_taken_out_moves_those_after_it() -> None:
    assert moves({"fc": (1,), "fc_2": (2,)}, {"fc": (2,)}) == [Move("fc_2", "fc", 1)]


def test_a_layer_put_at_the_end_moves_nothing() -> None:
    assert moves({"fc": (1,)}, {"fc": (1,), "fc_2": (1,)}) == []


def test_other_names_are_other_layers() -> None:
    assert moves({"first": (1,)}, {"second": (1,)}) == []
    assert moves({"layers.0": (1,)}, {"layers.1": (1,)}) == []


def test_the_scope_is_named_where_it_is_the_scope_that_moved() -> None:
    found = moves({"conv_bn.conv": (1,), "conv_bn_2.conv": (2,)}, {"conv_bn.conv": (2,)})
    assert found == [Move("conv_bn_2", "conv_bn", 1)]


def test_layers_without_tensors_do_not_count() -> None:
    layers = Layers({"relu": LayerRecord("ReLU", 1)}, {"relu_2": LayerRecord("ReLU", 2)})
    assert moved_layers(layers, {}, {}) == ()


def test_nothing_is_known_of_other_files() -> None:
    assert moved_layers(Layers({}, {"fc": LayerRecord("Linear", 1)}), {}, {"fc.weight": (1,)}) == ()


def test_huge_networks_are_not_compared() -> None:
    many: dict[str, Shape] = {f"fc_{number}": (1,) for number in range(2000)}
    assert moves(many, {"fc": (1,)}) == []
