"""Where a training run stands: all that a checkpoint must hold to go on with the same bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.network.compiled import stored_tensors
from nncli.training.phases import Phases
from nncli.training.recovery import Mishaps, Snapshot
from nncli.training.rows import Best
from nncli.training.statistics import Statistics
from nncli.training.updating import Updater

# More losses than anybody replays, and few enough to be kept in every checkpoint.
_MOST_TRACED: Final = 1000


@dataclass
class Trace:
    """The first losses since the checkpoint before, in order, which a replay has to give again.

    Every update of a step adds what it makes small, as often as it runs. `step` is that of that checkpoint,
    `saved` that of one which the losses lead to: the next loss begins anew there.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    saved: int | None = None

    def add(self, loss: float) -> None:
        """Adds a loss, as long as there is room."""
        if self.saved is not None:
            self.begin(self.saved)
        if len(self.losses) < _MOST_TRACED:
            self.losses.append(loss)

    def tensors(self) -> dict[str, Tensor]:
        """Makes the losses a tensor, float64 (losses,)."""
        return {"losses": torch.tensor(self.losses, dtype=torch.float64)}

    def begin(self, step: int) -> None:
        """Begins anew at a checkpoint."""
        self.step, self.saved = step, None
        self.losses.clear()


@dataclass
class TrainState:
    """The caller's own, changed by `train` in place.

    `step` counts all batches so far, `epoch` the epochs that are complete, `batch` the batches of
    the epoch that is not. `loss_sums` adds up the figures of those batches, by name. `best_weights`
    maps names as `networks` do, `<network>/<parameter>`. `watched` is the best value of
    `stop_early.watch` so far, `watched_epoch` its epoch. `seconds` of training are counted
    where they end it. `updaters` have the names of their updates, and are those of `phase`, by its number.
    `is_whole` between two steps: then it can be saved.
    """

    networks: Mapping[str, nn.Module]
    updaters: Mapping[str, Updater]
    step: int = 0
    epoch: int = 0
    batch: int = 0
    loss_sums: dict[str, float] = field(default_factory=dict)
    best: Best | None = None
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    watched: float | None = None
    watched_epoch: int = 0
    seconds: float = 0.0
    is_whole: bool = True
    trace: Trace = field(default_factory=Trace)
    mishaps: Mishaps = field(default_factory=Mishaps)
    statistics: Statistics = field(default_factory=Statistics)
    phases: Phases | None = None
    phase: int = 0

    def enter_phase(self) -> None:
        """Makes the updaters anew where the epoch is in another phase; what they kept is gone then."""
        number = self.phases.at(self.epoch) if self.phases is not None else 0
        if self.phases is not None and number != self.phase:
            self.phase = number
            self.updaters = self.phases.begin(number)
            self.statistics.forget_layers()

    def weights(self) -> dict[str, Tensor]:
        """Names the weights and buffers of every network as they are, uncopied; a shared one once."""
        seen: set[int] = set()
        found = {}
        for network, module in self.networks.items():
            for name, tensor in stored_tensors(module).items():
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    found[f"{network}/{name}"] = tensor.detach()
        return found

    def kept(self) -> dict[str, Tensor]:
        """Names what optimisers keep of every weight, uncopied: `<update>/<parameter>/exp_avg`."""
        return {
            f"{name}/{path}": tensor
            for name, updater in self.updaters.items()
            for path, tensor in updater.tensors().items()
        }

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Puts averages in the place of weights, where they are taken, and these back afterwards."""
        with ExitStack() as held:
            for updater in self.updaters.values():
                held.enter_context(updater.averaged())
            yield

    def weights_to_keep(self) -> dict[str, Tensor]:
        """Names the weights of the best epoch, or of the last where none is chosen."""
        has_average = any(updater.has_average for updater in self.updaters.values())
        return self.best_weights or (self._as_kept() if has_average else self.weights())

    def _as_kept(self) -> dict[str, Tensor]:
        with self.averaged():
            return {name: tensor.clone() for name, tensor in self.weights().items()}

    def keep_best(self, best: Best) -> None:
        """Makes the weights of now the best ones."""
        self.best = best
        self.best_weights = self._as_kept()

    def tensors(self) -> Mapping[str, Mapping[str, Tensor]]:
        """Groups every tensor of a checkpoint: networks, updaters, random, best, and those to go back to."""
        back = self.mishaps.back
        return {**self._tensors(), **(back.prefixed() if back else {})}

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {
            "networks": self.weights(),
            "updaters": self.kept(),
            "random": _random_states(self._device()),
            "best": dict(self.best_weights),
        }

    def scalars(self) -> dict[str, object]:
        """Lists every number of a checkpoint, ready for JSON; floats come back exactly."""
        return {**self._scalars(), "mishaps": self.mishaps.scalars()}

    def take_snapshot(self) -> None:
        """Makes the state of now the one that the run goes back to."""
        self.mishaps.back = Snapshot.of(self._tensors(), self._scalars())

    def go_back(self, factor: float) -> None:
        """Goes back to the last snapshot, with learning rates that are lower by a factor, also from there."""
        assert self.mishaps.back is not None
        back = self.mishaps.back.slower(factor)
        mishaps = Mishaps(rewound=self.mishaps.rewound + 1, back=back)
        measured, self.statistics = self.statistics, Statistics()
        # The time went by all the same, where a run is so many minutes long.
        stays = {"mishaps": Mishaps().scalars(), "seconds": self.seconds}
        self.restore(back.tensors, {**back.scalars, **stays})
        self.statistics.take_over(measured, self.step)
        self.mishaps = mishaps

    def _scalars(self) -> dict[str, object]:
        return {
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "loss_sums": dict(self.loss_sums),
            "best": asdict(self.best) if self.best else None,
            "watched": self.watched,
            "watched_epoch": self.watched_epoch,
            "seconds": self.seconds,
            "updaters": {name: updater.scalars() for name, updater in self.updaters.items()},
            "statistics": self.statistics.scalars(),
        }

    def _device(self) -> torch.device:
        first = next(iter(self.networks.values()))
        return next((tensor.device for tensor in first.parameters()), torch.device("cpu"))

    def restore(self, tensors: Mapping[str, Mapping[str, Tensor]], scalars: Mapping[str, Any]) -> None:
        """Puts everything back as it was, exactly. Raises WeightsError: `checkpoint-differs`."""
        try:
            self._restore(tensors, scalars)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            # The digests are right, so another program wrote this.
            raise failure("checkpoint-differs", differing=["its state is not what nncli writes"]) from error

    def _restore(self, tensors: Mapping[str, Mapping[str, Tensor]], scalars: Mapping[str, Any]) -> None:
        counts = [scalars[key] for key in ("step", "epoch", "batch", "watched_epoch")]
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError("counts are whole numbers")
        current = self.weights()
        _refuse_other_tensors(current, tensors["networks"])
        for name, tensor in current.items():
            tensor.copy_(tensors["networks"][name])
        self.epoch = scalars["epoch"]
        self.enter_phase()
        for name, updater in self.updaters.items():
            start, saved = f"{name}/", tensors.get("updaters", {})
            own = {key.removeprefix(start): each for key, each in saved.items() if key.startswith(start)}
            updater.restore(own, scalars["updaters"][name])
        self.best_weights = {
            name: tensor.to(current[name].device, copy=True)
            for name, tensor in tensors.get("best", {}).items()
        }
        self.step, self.epoch, self.batch, self.watched_epoch = counts
        self.loss_sums = {str(name): float(total) for name, total in scalars["loss_sums"].items()}
        self.best = Best(**scalars["best"]) if scalars["best"] else None
        self.watched = scalars["watched"]
        self.seconds = float(scalars["seconds"])
        self.mishaps = Mishaps.read(tensors, scalars["mishaps"])
        self.is_whole = True
        self.trace.begin(self.step)
        self.statistics.restore(scalars.get("statistics", {}), self.step)
        torch.set_rng_state(tensors["random"]["cpu"])
        if "cuda" in tensors["random"] and self._device().type == "cuda":
            torch.cuda.set_rng_state(tensors["random"]["cuda"], self._device())


def _refuse_other_tensors(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> None:
    shapes = {name: list(tensor.shape) for name, tensor in ours.items()}
    others = {name: list(tensor.shape) for name, tensor in theirs.items()}
    differing = [
        f"{name} is {others.get(name, 'missing')}, not {shapes.get(name, 'known')}"
        for name in sorted({*shapes, *others})
        if shapes.get(name) != others.get(name)
    ]
    if differing:
        raise failure("checkpoint-differs", differing=differing[:3])


def _random_states(device: torch.device) -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states
