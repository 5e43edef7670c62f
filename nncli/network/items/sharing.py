"""Weights that belong to another item: whose they are, and the sizes that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from torch import nn

from nncli.errors import SpecError
from nncli.messages.catalogue import failure
from nncli.network.graph.visible_values import Named
from nncli.network.items.frames import Build, Frame
from nncli.network.items.layer_names import kind_of
from nncli.spec.items import Item, Source

# Arguments that say the size of a parameter's dimension: of a Linear, an Embedding, a convolution.
SIZES: Final[Mapping[str, Mapping[str, int]]] = {
    "weight": {"out_features": 0, "out_channels": 0, "num_embeddings": 0, "embedding_dim": 1}
}


def shares_other(item: Item) -> bool:
    """Tells whether an item uses the weights of another: `share: NAME`."""
    return item.share is not None and item.share.other is not None


def shared_scope(frame: Frame, item: Item) -> str:
    """Finds the dotted name of the item whose weights `share: NAME` uses.

    Raises SpecError `value-unknown` and the like, `share-unknown` for what has no weights, and
    `share-other-kind`.
    """
    assert item.share is not None and item.share.other is not None
    other = item.share.other
    named = _owner(frame, other, f"{item.path}.share")
    kind = kind_of(item.operation)
    if named.is_broken and not named.module:
        raise SpecError
    if not named.module:
        raise failure("share-unknown", other.place, f"{item.path}.share", name=other.path)
    if named.kind != kind:
        facts = {"name": other.path, "other": named.kind or "a branch", "layer": kind}
        raise failure("share-other-kind", other.place, f"{item.path}.share", **facts)
    return named.module


def shared_parameters(build: Build, frame: Frame, item: Item) -> dict[str, str]:
    """Maps parameters of an item to the dotted names of those that `share: {weight: …}` uses."""
    if item.share is None:
        return {}
    owners = {}
    for parameter, source in item.share.parameters.items():
        path = f"{item.path}.share.{parameter}"
        *scopes, last = source.path.split(".")
        if scopes:
            named = _owner(frame, Source(".".join(scopes), source.place), path)
            owner = f"{named.module}.{last}" if named.module else ""
            if named.is_broken and not named.module:
                raise SpecError
        else:
            owner = _owner(frame, source, path).module
        if not owner or not _is_parameter(build.root, owner):
            raise failure("share-unknown", source.place, path, name=source.path)
        owners[parameter] = owner
    return owners


def _is_parameter(root: nn.Module, name: str) -> bool:
    try:
        root.get_parameter(name)
    except AttributeError:
        return False
    return True


def _owner(frame: Frame, source: Source, path: str) -> Named:
    first, *rest = source.path.split(".")
    named = frame.names.find(first)
    if named is None:
        raise frame.names.missing(first, source, path)
    for part in rest:
        inner = named.parts.get(part)
        if inner is None:
            raise failure("share-unknown", source.place, path, name=source.path)
        named = inner
    return named
