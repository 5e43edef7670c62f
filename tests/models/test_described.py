from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from nncli.errors import WeightsError
from nncli.models.described import NETWORKS_KEY, describe, read_held
from nncli.models.opened import open_untrained
from nncli.runs.weights_file import WeightsFile

SPEC = "vars: {text: 'a\u2028b'}\nnetwork: {inputs: {row: [4]}, layers: [Linear: 3]}"


def test_a_spec_without_data_says_its_spec_and_its_layers(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(SPEC.replace("'a\u2028b'", '"a\\u2028b"'))
    opened = open_untrained(tmp_path / "one.yaml")
    described = describe(opened.spec, opened.networks, None)
    assert sorted(described) == ["nncli.layers", "nncli.spec", "nncli.torch"]
    assert json.loads(described["nncli.layers"]) == {"linear": ["Linear", 2]}
    assert "\u2028" not in described["nncli.spec"]


@pytest.mark.parametrize("text", ["[", "[]", '["a"]', '["a", "c"]', '{"a": 1}', "3"])
def test_a_list_of_networks_that_is_none_is_refused(text: str) -> None:
    weights = WeightsFile({"a": torch.zeros(1)}, {NETWORKS_KEY: text})
    with pytest.raises(WeightsError) as caught:
        read_held(weights, ["a", "b"], Path("net.safetensors"))
    assert caught.value.problems[0].facts["key"] == NETWORKS_KEY


def test_a_file_holds_the_networks_it_lists_or_the_first() -> None:
    assert read_held(WeightsFile({}, {NETWORKS_KEY: '["b", "a"]'}), ["a", "b", "c"], Path()) == ("b", "a")
    assert read_held(WeightsFile({}, {}), ["a", "b"], Path()) == ("a",)
