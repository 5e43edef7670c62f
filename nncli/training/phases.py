"""The phases of a run: what does not learn in each, and the updates that change the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, final

from torch import nn

from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.network.compiled import CompiledNetwork
from nncli.network.items.finishing import follow_mode, stay_in_eval
from nncli.spec.patterns import matches
from nncli.spec.schema import TrainingSpec
from nncli.spec.weights import PatternAt
from nncli.training.grouping import refuse_silent_patterns
from nncli.training.schedule_checks import horizon_of, schedule_lengths
from nncli.training.schedules import Horizon
from nncli.training.stepping import modules_together
from nncli.training.updating import Updater, build_updater

_PATH: Final = "training.freeze"


@dataclass(frozen=True)
class Phase:
    """A part of a run: its first epoch, what does not learn, and how its updates are made."""

    first_epoch: int
    freeze: tuple[PatternAt, ...]
    updaters: Callable[[], Mapping[str, Updater]]


@final
class Phases:
    """The phases of a run over some networks; weights that are frozen for good stay so in all of them."""

    def __init__(self, networks: Iterable[nn.Module], phases: Sequence[Phase]) -> None:
        self._networks = list(networks)
        self._phases = phases
        self._learning = [
            parameter
            for network in self._networks
            for parameter in network.parameters()
            if parameter.requires_grad
        ]

    def at(self, epoch: int) -> int:
        """Tells which phase an epoch is in; after the last one it is still in that."""
        return max(number for number, each in enumerate(self._phases) if each.first_epoch <= epoch)

    def begin(self, number: int) -> Mapping[str, Updater]:
        """Freezes what does not learn in a phase, lets all else learn, and makes its updates anew.

        Raises SpecError: `all-frozen`, and what making updates raises.
        """
        patterns = self._phases[number].freeze
        _refuse_all_frozen(self._networks, self._learning, patterns)
        for parameter in self._learning:
            parameter.requires_grad_(True)
            parameter.grad = None
        for network in self._networks:
            _freeze(network, patterns)
        return self._phases[number].updaters()


def _refuse_all_frozen(
    networks: Iterable[nn.Module], learning: Iterable[nn.Parameter], patterns: Sequence[PatternAt]
) -> None:
    names = [pair for each in networks for pair in each.named_parameters(remove_duplicate=False)]
    frozen = {weight for name, weight in names if any(matches(each.pattern, name) for each in patterns)}
    if patterns and not set(learning) - frozen:
        raise failures([Problem("all-frozen", patterns[0].place, _PATH)])


def _freeze(network: nn.Module, patterns: Sequence[PatternAt]) -> None:
    """Takes gradients from weights that match, and keeps layers of which all do in eval mode."""
    for name, parameter in network.named_parameters(remove_duplicate=False):
        if any(matches(each.pattern, name) for each in patterns):
            parameter.requires_grad_(False)
    for part in network.modules():
        weights = list(part.parameters())
        if weights and not any(each.requires_grad for each in weights):
            stay_in_eval(part)
        elif weights:
            follow_mode(part)


def trial_updates(
    training: TrainingSpec, networks: Mapping[str, CompiledNetwork] | None, horizon: Horizon
) -> Iterator[Callable[[], object]]:
    """Gives steps that each make one update of one phase, to see whether that can be done.

    Without networks the optimiser's arguments can still be wrong, and any weights will do.
    Raises SpecError as `build_updater` does, and `pattern-matches-nothing`.
    """
    modules = {name: each.module for name, each in (networks or {}).items()}
    for number, (phase, length) in enumerate(_with_lengths(training, horizon)):
        path = f"training.phases.{number}.freeze" if training.phases else _PATH
        if modules and phase.freeze:
            yield partial(refuse_silent_patterns, modules.values(), phase.freeze, path)
            learning = [w for each in modules.values() for w in each.parameters() if w.requires_grad]
            yield partial(_refuse_all_frozen, modules.values(), learning, phase.freeze)
        for checked, module in _updated(phase, modules):
            yield partial(build_updater, checked, module, length, is_alone=len(modules) < 2)


def schedule_problems(training: TrainingSpec, horizon: Horizon) -> list[Problem]:
    """Compares the schedule of every phase with its length; `horizon` is that of the run in batches."""
    found: list[Problem] = []
    for phase, length in _with_lengths(training, horizon):
        problems = schedule_lengths(phase.schedule, length.of_updates(phase.accumulate))
        # Phases that are alike have the same to say.
        found += [each for each in problems if each not in found]
    return found


def _with_lengths(training: TrainingSpec, horizon: Horizon) -> Iterator[tuple[TrainingSpec, Horizon]]:
    for phase in training.in_phases():
        yield phase, horizon_of(phase, horizon.epoch) if training.phases else horizon


def _updated(
    training: TrainingSpec, modules: Mapping[str, nn.Module]
) -> Iterator[tuple[TrainingSpec, nn.Module]]:
    """Pairs the weights of each update with what is said of their training."""
    if not modules:
        # A list with a value for each group fits no other number of them.
        schedule = () if training.groups else training.schedule
        left_out = {"groups": (), "regularise": None, "schedule": schedule}
        yield training.model_copy(update=left_out), nn.Linear(1, 1, device="meta")
    elif not training.updates:
        yield training, next(iter(modules.values()))
    for update in training.updates if modules else ():
        own = {"optimizer": update.optimizer} if update.optimizer else {}
        together = modules_together({each.text: modules[each.text] for each in update.networks})
        yield training.model_copy(update=own), together
