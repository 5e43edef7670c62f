from __future__ import annotations

from nncli.spec.nodes import Mapping, Scalar, plain, walk
from nncli.spec.reading import read_nodes

TEXT = "name: digits\nnetwork:\n  - Linear: [10, bias: false]\n  - ReLU\n"


def test_a_mapping_finds_values_and_lists_keys() -> None:
    node = read_nodes(TEXT, "a.yaml")
    assert isinstance(node, Mapping)
    assert node.keys() == ["name", "network"]
    name = node.get("name")
    assert isinstance(name, Scalar)
    assert (name.value, name.place.line, name.place.column) == ("digits", 1, 7)
    assert name.place.text == "name: digits"
    assert node.get("training") is None


def test_plain_makes_tuples_and_dicts() -> None:
    expected = {"name": "digits", "network": ({"Linear": (10, {"bias": False})}, "ReLU")}
    assert plain(read_nodes(TEXT, "a.yaml")) == expected


def test_walk_gives_every_path() -> None:
    paths = [path for path, _ in walk(read_nodes(TEXT, "a.yaml"))]
    assert paths == [
        "", "name", "network", "network.0", "network.0.Linear", "network.0.Linear.0",
        "network.0.Linear.1", "network.0.Linear.1.bias", "network.1",
    ]  # fmt: skip
