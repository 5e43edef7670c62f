"""What `training:` says to guard a run: when to stop, how large gradients are, what is not finite."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nncli.spec.fields import Section


class StopEarly(Section):
    """When to stop before the last epoch."""

    watch: str = Field(default="validation.loss", description="the figure to watch")
    patience: int = Field(default=5, ge=1, description="epochs without a better figure before stopping")


class ClipGradients(Section):
    """How large gradients may be."""

    norm: float | None = Field(default=None, gt=0, description="the largest norm of all gradients together")
    value: float | None = Field(default=None, gt=0, description="the largest value of each number in them")

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if self.norm is None and self.value is None:
            raise PydanticCustomError("clip_form", "neither", {})
        return self


class OnNonFinite(Section):
    """What is done where a loss or a gradient is not finite."""

    policy: Literal["stop", "skip", "rewind"] = Field(
        default="stop",
        description="stop: end with 7; skip: leave the batch out; rewind: go back with a lower learning rate",
    )
    learning_rate_factor: float = Field(
        default=0.5, gt=0, lt=1, description="rewind: what all learning rates are multiplied with"
    )
    times: int = Field(default=3, ge=1, description="rewind: how often at the most")
