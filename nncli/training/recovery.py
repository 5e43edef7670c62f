"""What is done where a loss or gradient is not finite: stop, skip the batch, or go back with a lower rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

from torch import Tensor, nn

from nncli.counted import counted
from nncli.training.gradient_kernels import copy_to

# After so many batches in a row, it is not the batches.
MOST_SKIPPED: Final = 10
# A run goes back to the beginning of its epoch, and over no more steps than this.
SNAPSHOT_EVERY: Final = 1000
# The rate to which SWALR leads a group of weights.
SWA_RATE: Final = "swa_lr"
# What a group of weights keeps of its learning rate, as schedulers read it.
RATES: Final[tuple[str, ...]] = ("lr", "initial_lr", "max_lr", "min_lr")
_PREFIX: Final = "back_"

Groups: TypeAlias = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Snapshot:
    """A state that was good, as a checkpoint holds one."""

    tensors: Groups
    scalars: Mapping[str, Any]

    @staticmethod
    def of(tensors: Groups, scalars: Mapping[str, Any]) -> Snapshot:
        """Copies a state."""
        copied = {
            group: {name: each.detach().clone() for name, each in named.items()}
            for group, named in tensors.items()
        }
        return Snapshot(copied, deepcopy(dict(scalars)))

    def slower(self, factor: float) -> Snapshot:
        """Multiplies all learning rates with a factor."""
        scalars = deepcopy(dict(self.scalars))
        for updater in scalars["updaters"].values():
            for group in updater["groups"]:
                group.update({key: group[key] * factor for key in (*RATES, SWA_RATE) if key in group})
            if "schedule" in updater:
                updater["schedule"]["factor"] *= factor
        return Snapshot(self.tensors, scalars)

    def prefixed(self) -> dict[str, Mapping[str, Tensor]]:
        """Names the groups of tensors as they stand beside those of now."""
        return {f"{_PREFIX}{group}": named for group, named in self.tensors.items()}

    @staticmethod
    def read(tensors: Groups, scalars: Mapping[str, Any]) -> Snapshot:
        """Finds a snapshot among the groups of a checkpoint."""
        own = {group: named for group, named in tensors.items() if group.startswith(_PREFIX)}
        return Snapshot.of({group.removeprefix(_PREFIX): named for group, named in own.items()}, scalars)


@final
class Buffers:
    """What forward passes change in networks, such as running statistics, to be put back."""

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        self._buffers = list({id(b): b for network in networks for b in network.buffers()}.values())
        self._kept = [buffer.clone() for buffer in self._buffers]

    def note(self) -> None:
        """Notes how they are."""
        if self._buffers:
            copy_to(self._kept, self._buffers)

    def put_back(self) -> None:
        """Makes them what was noted."""
        if self._buffers:
            copy_to(self._buffers, self._kept)


@dataclass
class Mishaps:
    """What went wrong on the way to now, and was got over.

    `batches` counts those of this epoch that changed nothing, `unseen` those among them whose loss was not
    finite, `in_a_row` the last ones that changed nothing, both by update. `rewound` tells how often the run
    went back, `back` where it would go to.
    """

    batches: int = 0
    unseen: dict[str, int] = field(default_factory=dict)
    in_a_row: dict[str, int] = field(default_factory=dict)
    rewound: int = 0
    back: Snapshot | None = None

    def skip(self, update: str, *, is_unseen: bool) -> None:
        """Counts a batch that changed nothing."""
        self.batches += 1
        self.in_a_row[update] = self.in_a_row.get(update, 0) + 1
        if is_unseen:
            self.unseen[update] = self.unseen.get(update, 0) + 1

    def go_on(self, update: str) -> None:
        """Notes that a batch changed something."""
        self.in_a_row.pop(update, None)

    def may_skip(self, update: str) -> bool:
        """Tells whether it may be the batch that is wrong."""
        return self.in_a_row.get(update, 0) < MOST_SKIPPED

    @property
    def attempts(self) -> str:
        """Says what was tried, where that was too much: `after 10 batches in a row were skipped`."""
        skipped = max(self.in_a_row.values(), default=0)
        if skipped >= MOST_SKIPPED:
            return f"after {counted(skipped, 'batch')} in a row were skipped"
        return f"after the run went back {counted(self.rewound, 'time')}" if self.rewound else ""

    def end_epoch(self) -> None:
        """Begins to count anew."""
        self.batches, self.unseen = 0, {}

    def scalars(self) -> dict[str, object]:
        """Lists what is no tensor, ready for JSON."""
        counts = {"batches": self.batches, "unseen": dict(self.unseen), "in_a_row": dict(self.in_a_row)}
        return {**counts, "rewound": self.rewound, "back": self.back and dict(self.back.scalars)}

    @staticmethod
    def read(tensors: Groups, scalars: Mapping[str, Any]) -> Mishaps:
        """Reads what a checkpoint holds."""
        back = Snapshot.read(tensors, scalars["back"]) if scalars["back"] else None
        batches, rewound = int(scalars["batches"]), int(scalars["rewound"])
        return Mishaps(batches, dict(scalars["unseen"]), dict(scalars["in_a_row"]), rewound, back)
