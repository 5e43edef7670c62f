"""Whether the images of a spec can be mixed: what else flows in, and what is predicted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from nncli.columns.targets import TargetSpec
from nncli.data.sharing import columns_of
from nncli.messages.catalogue import failure, require_all
from nncli.network.compiled import CompiledNetwork
from nncli.sources.tables import Column
from nncli.spec.spec import Spec


def check_mixing(spec: Spec, network: CompiledNetwork, targets: Mapping[str, TargetSpec]) -> None:
    """Refuses MixUp and CutMix where a row has more than one image, or an answer that cannot be mixed.

    Raises SpecError: `mix-inputs`, `mix-targets`.
    """
    require_all(
        partial(_check, spec, column, mixer, network, targets)
        for column, mixer in _mixed_inputs(spec)
        if column.name in network.inputs
    )


def refuse_mixing(spec: Spec) -> None:
    """Refuses MixUp and CutMix beside updates. Raises SpecError: `mix-updates`."""
    for name, mixer in _mixed_inputs(spec):
        path = f"data.inputs.{name}.augment"
        raise failure("mix-updates", spec.place(*path.split(".")), path, mixer=mixer)


def _mixed_inputs(spec: Spec) -> Iterator[tuple[Column, str]]:
    """Walks over the inputs that are mixed, each with what mixes it."""
    for column, declared in columns_of(spec.data) if spec.data else ():
        if not declared.augment:
            continue
        from nncli.augmentation.transforms import MIXERS

        names = [name for entry in declared.augment for name in _names(entry) if name in MIXERS]
        if names and column.role == "input":
            yield column, names[0]


def _names(entry: str | Mapping[str, Any]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else tuple(entry)


def _check(
    spec: Spec, column: Column, mixer: str, network: CompiledNetwork, targets: Mapping[str, TargetSpec]
) -> None:
    path = f"{column.path}.augment"
    place, facts = spec.place(*path.split(".")), {"name": column.name, "mixer": mixer}
    others = [f"`{each}`" for each in network.inputs if each != column.name]
    if others:
        raise failure("mix-inputs", place, path, **facts, others=others)
    for target in targets.values():
        if target.is_mask or target.is_sequence:
            what = "pixel" if target.is_mask else "step"
            raise failure("mix-targets", place, path, **facts, target=target.name, what=what)
