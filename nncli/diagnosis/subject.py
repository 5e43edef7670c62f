"""What is diagnosed: a spec with its network and data, and all that was measured of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Final

from nncli.diagnosis.by_heart import ByHeart
from nncli.diagnosis.facts import DataFacts
from nncli.diagnosis.findings import Spot
from nncli.diagnosis.history import History
from nncli.diagnosis.outcomes import Outcome
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.diagnosis.replays import Replays
from nncli.inspection.findings import Finding as CopiedRows
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.objectives.objectives import Objective
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec

LEARNED_IN_TRIAL: Final = 0.7


@dataclass(frozen=True)
class Subject:
    """A spec or a run as it was measured; what could not be measured is None or empty.

    `compared` tells how outputs are compared with targets, None where updates say their own loss; `name`
    is then that of the network. `starts` are probes of a few initialisations, `end` of the trained weights.
    `constant` is the loss of the
    best prediction that is the same for all rows. `steps` is how long the whole run is, None where the clock
    ends it. `replays` are some first steps, run again with other learning rates and less regularisation.
    `by_heart` tells whether one batch can be learnt, where a run came to next to nothing. `copied` tells of
    rows that make figures too good.
    """

    spec: Spec
    network: CompiledNetwork
    training: TrainingSpec
    compared: Objective | None
    facts: DataFacts
    constant: float | None
    steps: int | None
    starts: tuple[Probe, ...] = ()
    end: Probe | None = None
    history: History | None = None
    outcome: Outcome | None = None
    replays: Replays | None = None
    by_heart: ByHeart | None = None
    copied: tuple[CopiedRows, ...] = ()
    name: str = ""

    @property
    def objective(self) -> Objective:
        """How outputs are compared with targets, where they are."""
        assert self.compared is not None
        return self.compared

    @property
    def network_path(self) -> str:
        """The path of the network."""
        return "network" if self.network_name == "network" else f"networks.{self.network_name}"

    @property
    def items(self) -> dict[str, str]:
        """What a person calls the items of the network's lists, by path: `Softmax, line 9`."""
        calls = reversed(self.network.calls)
        return {item_path(each): f"{each.type}, line {each.place.line}" for each in calls}

    @property
    def network_name(self) -> str:
        """The name of the network: the one that is compared with the targets, where none was given."""
        return self.name or next(iter(self.spec.networks))

    @property
    def has_learned(self) -> bool:
        """Tells whether a run came to something, so that a doubtful start did no harm."""
        return self.outcome is not None and self.outcome.score > 0.5

    @property
    def is_poor(self) -> bool:
        """Tells whether a run came to little, or lost it again; of one that has not run nothing is known."""
        return self.outcome is not None and (self.outcome.score < 0.6 or self.has_lost_it)

    @property
    def has_lost_it(self) -> bool:
        """Tells whether the last epochs of training were worse than one answer for all rows."""
        epochs = self.history.epochs[-3:] if self.history else ()
        losses = [each.loss for each in epochs if each.loss is not None]
        return bool(losses) and self.constant is not None and median(losses) > self.constant

    @property
    def is_blind(self) -> bool:
        """Tells whether a run came to next to nothing, and its first steps were quick to run again."""
        return self.outcome is not None and self.outcome.score < 0.3 and self.has_quick_steps

    @property
    def has_quick_steps(self) -> bool:
        """Tells whether first steps were run again with several rates, which slow ones are not."""
        return self.replays is not None and len(self.replays.rates) > 1

    @property
    def learns_in_trial(self) -> bool:
        """Tells whether some first steps, as they are written, take a good part of the loss away."""
        if self.replays is None or not self.constant:
            return False
        trial = self.replays.as_written
        return trial.after < LEARNED_IN_TRIAL * min(trial.before, self.constant)

    @property
    def start_loss(self) -> float | None:
        """The loss of untrained weights, the median of the initialisations; None where it is not finite."""
        losses = [start.loss for start in self.starts]
        return median(losses) if losses and all(map(math.isfinite, losses)) else None

    def at(self, path: str, name: str = "") -> Spot:
        """Makes the spot of a key."""
        return Spot(name or path.rpartition(".")[2], path, self.spec.place(*path.split(".")))

    def rms_of(self, call: LayerCall) -> float | None:
        """The root mean square of what a layer gives at the start, the median of the initialisations."""
        found = [
            layer.activation.rms
            for start in self.starts
            for layer in start.layers
            if layer.call.name == call.name and layer.activation
        ]
        return median(found) if found and all(map(math.isfinite, found)) else None


def at_layer(call: LayerCall) -> Spot:
    """Makes the spot of a layer: its item in the list."""
    return Spot(call.name, item_path(call), call.place)


def item_path(call: LayerCall) -> str:
    """Gives the path of the item that a call stands in."""
    owner, _, last = call.path.rpartition(".")
    return owner if last == call.type else call.path


def with_matrix(probe: Probe) -> list[LayerProbe]:
    """Lists the layers with matrices or kernels, in the order in which they run."""
    return [layer for layer in probe.layers if layer.has_matrix]
