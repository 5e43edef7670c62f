"""Parts of a run that come one after the other, and what is other in each."""

from __future__ import annotations

from pydantic import Field, InstanceOf

from nncli.spec.fields import Section
from nncli.spec.guards import ClipGradients
from nncli.spec.items import Call
from nncli.spec.optimising import GroupSpec, RegulariseSpec, StageSpec
from nncli.spec.weights import PatternAt


class PhaseSpec(Section):
    """A part of a run: its epochs, and what is other in it than `training:` says."""

    epochs: int = Field(ge=1, description="how many epochs it takes")
    freeze: tuple[InstanceOf[PatternAt], ...] = Field(
        default=(), description="weights that do not learn in it, by their names"
    )
    optimizer: InstanceOf[Call] | None = Field(default=None, description="its optimiser")
    groups: tuple[InstanceOf[GroupSpec], ...] | None = Field(default=None, description="its groups")
    schedule: tuple[InstanceOf[StageSpec], ...] | None = Field(default=None, description="its schedule")
    accumulate: int | None = Field(default=None, ge=1, description="batches whose gradients make one update")
    clip_gradients: ClipGradients | None = Field(default=None, description="how large gradients may be")
    regularise: InstanceOf[RegulariseSpec] | None = Field(
        default=None, description="what is added to the loss"
    )
