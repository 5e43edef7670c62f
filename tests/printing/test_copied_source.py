from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules

from nncli.network import beyond_torch
from nncli.network.calls.signatures import OWN_LAYERS
from nncli.printing.copied_source import Import, copied_source, import_lines
from nncli.printing.specialising import Use
from tests.network.own_layers import Scale, leaky


def test_a_definition_comes_with_all_that_it_uses_and_nothing_else() -> None:
    copied = copied_source({leaky: Use(), Scale: Use()})
    assert list(copied.definitions) == ["SLOPE", "Scale", "_start", "leaky"]
    assert copied.definitions["leaky"].startswith("# Kept with the function")
    assert sorted(copied.imports) == ["Literal", "Tensor", "math", "nn", "torch"]
    assert not copied.has_late_annotations


def test_what_comes_from_elsewhere_in_nncli_is_copied_too() -> None:
    from nncli.network.items.inputs import input_values

    copied = copied_source({input_values: Use()})
    assert {"input_values", "Value", "InputSpec"} <= set(copied.definitions)
    assert not any(each.module.startswith("nncli") for each in copied.imports.values())
    assert copied.has_late_annotations


def test_imports_are_sorted_as_formatters_sort_them() -> None:
    imports = [
        *(Import("torch", "nn"), Import("math"), Import("torch"), Import("torch", "Tensor")),
        *(Import("typing", "Any"), Import("torch.nn.functional", "", "F")),
    ]
    assert import_lines(iter(imports)) == [
        *("import math", "from typing import Any", ""),
        *("import torch", "import torch.nn.functional as F", "from torch import Tensor, nn"),
    ]


def test_files_of_layers_share_no_name() -> None:
    """Definitions of several files stand in one program."""
    files = [
        import_module(each.name)
        for each in iter_modules(beyond_torch.__path__, "nncli.network.beyond_torch.")
    ]
    assert {kind.__module__ for kind in OWN_LAYERS.values()} < {file.__name__ for file in files}
    everything = [copied_source(dict.fromkeys(_definitions(file), Use())).definitions for file in files]
    names = [name for definitions in everything for name in definitions]
    assert len(names) == len(set(names)) > len(OWN_LAYERS)


def _definitions(file: object) -> list[object]:
    named = [
        each for _, each in inspect.getmembers(file) if inspect.isclass(each) or inspect.isfunction(each)
    ]
    return [each for each in named if each.__module__ == getattr(file, "__name__", "")]
