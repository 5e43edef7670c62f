"""What a diagnosis says: one fault with its place, its number, what to write, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from nncli.diagnosis.patches import Patch
from nncli.errors import Place, Problem, Severity
from nncli.messages.catalogue import CATALOGUE, hint_of, message_of

FindingId: TypeAlias = Literal[
    "invalid_targets",
    "nonfinite_data",
    "leakage",
    "label_noise",
    "unscaled_inputs",
    "class_imbalance",
    "unscaled_targets",
    "loss_activation_mismatch",
    "output_range_mismatch",
    "missing_activation",
    "missing_bias",
    "lost_input",
    "symmetric_init",
    "bad_init_scale",
    "saturated_activations",
    "dead_units",
    "vanishing_gradients",
    "exploding_gradients",
    "no_gradient",
    "bad_initial_loss",
    "lr_too_high",
    "lr_too_low",
    "over_regularised",
    "nan_loss",
    "batch_size",
    "overfitting",
    "undertrained",
    "underfitting",
    "diverging_loss",
    "unstable_loss",
    "noisy_gradients",
    "discriminator_ahead",
    "constant_predictions",
    "train_eval_mismatch",
    "not_learning",
]
"""All diagnoses, causes before what follows from them."""
When: TypeAlias = Literal["spec", "start", "training", "end"]
"""Where a fault shows: in spec and data, at the first weights, while training, or in what came out."""
Sure: TypeAlias = Literal["measured", "likely", "guess"]


@dataclass(frozen=True, slots=True)
class Spot:
    """What is at fault: the name of a layer, a column or a key, its YAML path, and where that stands."""

    name: str
    path: str
    place: Place


@dataclass(frozen=True, slots=True)
class Effect:
    """What a patch did to the loss when some steps were run again from the same seed.

    `before` and `after` are shares of what the best constant prediction loses: 1 is no better than that.
    `losses` are both as they are where the patch leaves the loss itself alone.
    """

    steps: int
    before: float
    after: float
    losses: tuple[float, float] | None = None

    @property
    def helps(self) -> bool:
        """Tells whether the loss is lower with the patch by more than a tenth of what it was."""
        return self.after < self.before - 0.1 * max(abs(self.before), 0.1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: `value` was measured against `threshold`.

    `code` names the words, which are filled with `facts`. `explains` holds what follows from this fault and
    is no alarm of its own.
    """

    id: FindingId
    code: str
    severity: Severity
    when: When
    spot: Spot
    value: float | None
    threshold: float
    facts: Mapping[str, object] = field(default_factory=dict)
    sure: Sure = "measured"
    patch: Patch | None = None
    explains: tuple[Finding, ...] = ()
    effect: Effect | None = None

    @property
    def layer(self) -> str:
        """The layer, column or key that is at fault."""
        return self.spot.name

    @property
    def path(self) -> str:
        """Its YAML path."""
        return self.spot.path

    @property
    def file(self) -> str:
        """The file in which it stands."""
        return self.spot.place.file

    @property
    def line(self) -> int:
        """The line in which it stands."""
        return self.spot.place.line

    @property
    def is_serious(self) -> bool:
        """Tells a warning or error from a note."""
        return self.severity != "note"

    def with_facts(self, **facts: object) -> Finding:
        """Adds facts that the words are filled with."""
        return replace(self, facts={**self.facts, **facts})

    def with_items(self, items: Mapping[str, str]) -> Finding:
        """Names the items of lists that its patch changes; `items` has the names by path."""
        return replace(self, patch=self.patch.with_items(items)) if self.patch else self

    @property
    def is_certain(self) -> bool:
        """Tells whether the last layer contradicts the loss or the targets, whatever steps show."""
        is_of_ends = self.id in ("loss_activation_mismatch", "output_range_mismatch")
        return is_of_ends and self.severity == "error"

    @property
    def evidence(self) -> str:
        """Says what was measured."""
        return message_of(self._problem)

    @property
    def in_short(self) -> str:
        """Names it with its place, as evidence of a cause: `dead_units in relu, since step 50`."""
        return f"{self.id} in {self.layer}{self.facts.get('since', '')}"

    @property
    def advice(self) -> str:
        """Says what to do."""
        return hint_of(self._problem)

    @property
    def why(self) -> str:
        """Says in a sentence why it matters."""
        return CATALOGUE[self.code].about

    @property
    def _problem(self) -> Problem:
        return Problem(self.code, None, self.path, {"layer": self.layer, **self.facts}, self.severity)
