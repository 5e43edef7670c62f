from __future__ import annotations

import pytest
import torch

from nncli.spec.functions import FUNCTIONS, GROUPS, HOMES, names_in

PARTS = {"torch": torch, "torch.nn.functional": torch.nn.functional, "torch.Tensor": torch.Tensor}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_exists_in_the_installed_torch(name: str) -> None:
    assert callable(getattr(PARTS[HOMES[name]], name))


def test_a_function_stands_once() -> None:
    names = [name for group in GROUPS for name in group.names]
    assert len(names) == len(set(names)) == len(FUNCTIONS)


def test_nothing_works_in_place_or_outside_of_tensors() -> None:
    assert [name for name in FUNCTIONS if name.endswith("_") or name.startswith("_")] == []
    outside = {"load", "save", "set_default_dtype", "manual_seed", "compile", "from_file", "dropout"}
    assert outside.isdisjoint(FUNCTIONS)


def test_groups_can_be_asked_for_by_title() -> None:
    assert "relu" in names_in("Activations")
    assert {"expand", "permute"} <= names_in("Shape")
    assert names_in("no such group") == frozenset()
