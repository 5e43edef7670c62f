from __future__ import annotations

from nncli.diagnosis.replays import _relaxed, bare
from nncli.spec.guards import ClipGradients, OnNonFinite
from nncli.spec.phases import PhaseSpec
from nncli.spec.schema import TrainingSpec
from nncli.spec.weights import PatternAt
from nncli.training.rate_search import search_rates
from tests.training.jobs import PLACE, call, classifier, job, spec

PHASES = (PhaseSpec(epochs=1, freeze=(PatternAt("0.*", PLACE),)), PhaseSpec(epochs=3))


def _bare(**training: object) -> TrainingSpec:
    written = spec(**training).training  # type: ignore[arg-type]
    assert written is not None
    return bare(written)


def test_phases_do_not_reset_the_rate_of_a_search() -> None:
    plain = _bare(epochs=4, phases=PHASES)
    prepared, state = job(spec(epochs=4, phases=plain.phases), classifier())
    # An epoch has five steps: in phases updaters would be made anew after the first five.
    found = search_rates(prepared, state, steps=12, low=1e-6, high=1e-3)
    assert len(found.points) == 12
    rate = state.updaters["network"].learning_rate
    assert 1e-4 < rate < 2e-3


def test_what_a_whole_run_freezes_stays_frozen() -> None:
    frozen = (PatternAt("0.*", PLACE),)
    plain = _bare(epochs=4, phases=PHASES, freeze=frozen)
    assert (plain.phases, plain.freeze) == ((), frozen)


def test_steps_are_run_again_without_each_thing_that_holds_weights_back() -> None:
    written = spec(optimizer=call("SGD", lr=0.1, weight_decay=0.5), clip_gradients=ClipGradients(norm=1e-4))
    assert written.training is not None
    free = dict(_relaxed(written.training))
    assert list(free) == ["training.optimizer.SGD.weight_decay", "training.clip_gradients"]
    assert free["training.clip_gradients"].clip_gradients is None
    assert free["training.optimizer.SGD.weight_decay"].clip_gradients is not None


def test_losses_of_a_search_that_diverges_stay() -> None:
    rewind = OnNonFinite(policy="rewind", learning_rate_factor=0.5, times=2)
    left = _bare(epochs=4, on_non_finite=rewind).on_non_finite
    found, plain = (
        search_rates(
            *job(spec(optimizer=call("SGD", lr=1.0), epochs=4, on_non_finite=each), classifier()),
            steps=12,
            low=1e-3,
            high=1e80,
        )
        for each in (left, None)
    )
    assert len(found.points) > 3 and found == plain
