"""Weights files, and what `weights:` says about them, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import safetensors.torch
import torch
from torch import Tensor, nn

from nncli.errors import Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.pretrained.moves import Layers
from nncli.pretrained.planning import WeightsPlan, plan_weights
from nncli.pretrained.stored import Shape
from nncli.spec.nodes import Mapping as MappingNode
from nncli.spec.reading import read_nodes
from nncli.spec.weights import WeightsSpec, read_weights_spec


def spec_of(words: str = "") -> WeightsSpec:
    """Reads the words below `weights:`, at any margin."""
    lines = indent(dedent(words).strip("\n"), "  ")
    root = read_nodes(f"weights:\n  file: x.safetensors\n{lines}\n", "a.yaml")
    assert isinstance(root, MappingNode)
    problems: list[Problem] = []
    found = read_weights_spec(root.entries[0][1], "weights", problems)
    assert found is not None and problems == []
    return found


def planned(
    wanted: Mapping[str, Shape], available: Mapping[str, Shape], words: str = "", layers: Layers | None = None
) -> WeightsPlan:
    """Plans; every problem can be said."""
    plan = plan_weights(wanted, available, spec_of(words), layers)
    for problem in plan.problems:
        assert message_of(problem) and hint_of(problem) is not None
    return plan


def said(plan: WeightsPlan) -> list[str]:
    """The words of every problem of a plan, with their hints."""
    return [f"{each.severity}: {message_of(each)}. {hint_of(each)}" for each in plan.problems]


def file_of(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    """Writes a safetensors file as any other program would."""
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def zeroed(module: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers of a module, all zero, so that nothing fits by accident."""
    state = module.state_dict(keep_vars=False)
    with torch.no_grad():
        for tensor in state.values():
            tensor.zero_()
    return state
