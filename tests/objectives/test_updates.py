from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nncli.draws import step_seed
from nncli.errors import NncliError
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.spec.writing import as_tree, as_yaml
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.mixing_checks import refuse_mixing
from nncli.training.rows import EpochRow
from nncli.training.state import TrainState
from nncli.training.stepping import Moment
from tests.objectives.update_specs import (
    AGAIN,
    GAN,
    NORMED,
    NORMED_PENALTY,
    ONE,
    PAIR,
    PENALTY,
    job,
    prepared,
)


def _weights(state: TrainState) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.weights().items()}


def _batches(prepared_job: TrainJob) -> Iterator[Tensor]:
    """The images of the first batches, in the order of the first epoch."""
    order = prepared_job.order(0)
    for step in prepared_job.steps_of_epoch():
        for first, last in step:
            yield prepared_job.train.columns(["image"], order[first:last])[0]


def _drawn(step: int, place: int) -> None:
    torch.manual_seed(step_seed(0, step, place))


@pytest.mark.parametrize("text", [GAN, NORMED])
def test_a_gan_does_what_the_loop_written_by_hand_does(text: str) -> None:
    running, state = job(text)
    theirs, own = job(text)
    list(train(running, state, lambda: False))
    generator, critic = own.networks["generator"], own.networks["critic"]
    for_critic = torch.optim.SGD(critic.parameters(), lr=0.1, fused=True)
    for_generator = torch.optim.Adam(generator.parameters(), lr=1e-2, fused=True)
    for step, image in zip(range(3), _batches(theirs), strict=False):
        rows = len(image)
        _drawn(step, 0)
        fake = generator(torch.randn(rows, 4)).detach()
        on_real, on_fake = critic(image), critic(fake)
        bce = functional.binary_cross_entropy_with_logits
        loss = bce(on_real, torch.ones(rows, 1)) + bce(on_fake, torch.zeros(rows, 1))
        for_critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for_critic.step()
        _drawn(step, 1)
        score = critic(generator(torch.randn(rows, 4)))
        for_generator.zero_grad()
        bce(score, torch.ones(rows, 1)).backward()  # type: ignore[no-untyped-call]
        for_generator.step()
    expected = _weights(own)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in _weights(state).items())


def test_a_gradient_in_a_loss_has_a_gradient_itself() -> None:
    running, state = job(PENALTY)
    _, own = job(PENALTY)
    rows = running.order(0)[:256]
    image = running.train.columns(["image"], rows)[0]
    generator, critic = own.networks["generator"], own.networks["critic"]
    _drawn(0, 0)
    fake = generator(torch.randn(len(image), 4)).detach()
    mix = torch.lerp(image, fake, torch.rand(len(image), 1, 1, 1)).requires_grad_()
    (slope,) = torch.autograd.grad(critic(mix).sum(), mix, create_graph=True)
    expected = ((slope.flatten(1).norm(2, 1) - 1) ** 2).mean()
    expected.backward()  # type: ignore[no-untyped-call]
    _drawn(0, 0)
    (found,) = running.updates[0].losses(running.train, rows, None, Moment(0, 0, 0))
    found.backward()  # type: ignore[no-untyped-call]
    assert torch.equal(found, expected)
    pairs = zip(state.networks["critic"].parameters(), critic.parameters(), strict=True)
    gradients = [(ours.grad, theirs.grad) for ours, theirs in pairs if theirs.grad is not None]
    assert len(gradients) == 3
    assert all(ours is not None and torch.equal(ours, theirs) for ours, theirs in gradients)


def test_the_network_that_is_not_updated_gets_no_gradients() -> None:
    running, state = job(GAN)
    list(train(running, state, lambda: state.step > 0))
    # The update of the generator came last, and its loss went through the critic.
    critic = dict(state.networks["critic"].named_parameters())
    before = {name: parameter.grad for name, parameter in critic.items()}
    assert all(gradient is not None for gradient in before.values())
    kept = {name: gradient.clone() for name, gradient in before.items() if gradient is not None}
    losses = running.updates[1].losses
    order = running.order(0)
    found = losses(running.train, order[:8], None, Moment(0, 9, 0))
    state.updaters["generator"].take(found[0], lambda: found)
    assert all(torch.equal(kept[name], p.grad) for name, p in critic.items() if p.grad is not None)


@pytest.mark.parametrize("text", [GAN, NORMED, NORMED_PENALTY, AGAIN, PENALTY])
@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_that_stops_goes_on_with_the_same_bits(text: str, stop: int) -> None:
    running, whole = job(text)
    undisturbed = list(train(running, whole, lambda: False))
    running, state = job(text)
    list(train(running, state, lambda: state.step == stop))
    tensors = {group: {n: t.clone() for n, t in each.items()} for group, each in state.tensors().items()}
    scalars = state.scalars()
    torch.manual_seed(99)
    running, again = job(text)
    again.restore(tensors, scalars)
    rows = list(train(running, again, lambda: False))
    assert again.step == whole.step == 3
    expected = _weights(whole)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in _weights(again).items())
    (old,), (new,) = ([r for r in each if isinstance(r, EpochRow)] for each in (undisturbed, rows))
    assert (old.train, old.validation) == (new.train, new.validation)


def test_figures_are_the_losses_of_each_update_and_the_terms_that_have_a_name() -> None:
    running, state = job(GAN)
    (row,) = [row for row in train(running, state, lambda: False) if isinstance(row, EpochRow)]
    assert list(row.train) == ["critic.loss", "critic.real", "generator.loss"]
    assert row.validation is not None and list(row.validation) == list(row.train)
    assert not row.improved


LOSSES = """
  loss:
    - {MSELoss: {}, from: [picture, image], name: error}
    - {compute: "mean(abs(hidden))", weight: "0.5 * min(1, step / 2)", name: small}
"""


def test_one_network_with_a_loss_between_its_own_values() -> None:
    running, state = job(ONE + LOSSES)
    module = state.networks["network"]
    order = running.order(0)
    image = running.train.columns(["image"], order[:256])[0]
    for step, share in ((0, 0.0), (1, 0.5), (9, 1.0)):
        picture, hidden = module(image)
        error = functional.mse_loss(picture, image)
        small = 0.5 * share * hidden.abs().mean()
        total, *terms = running.updates[0].losses(running.train, order[:256], None, Moment(0, step, 0))
        assert torch.equal(terms[0], error) and torch.allclose(terms[1], small)
        assert torch.allclose(total, error + small)
    (row,) = [row for row in train(running, state, lambda: False) if isinstance(row, EpochRow)]
    assert list(row.train) == ["loss", "error", "small"] and row.improved


def test_values_of_the_data_arrive_as_the_loss_needs_them() -> None:
    text = ONE.replace("Linear: 8", "Linear: 10")
    running, state = job(text + "  loss: {CrossEntropyLoss: {}, from: [hidden, digit]}\n")
    order = running.order(0)
    image, digit = running.train.columns(["image", "digit"], order[:64])
    (found,) = running.updates[0].losses(running.train, order[:64], None, Moment(0, 0, 0))
    _, hidden = state.networks["network"](image)
    assert torch.equal(found, functional.cross_entropy(hidden, digit))
    running, state = job(text + '  loss: {MSELoss: {}, from: [hidden, digit], where: "digit < 3"}\n')
    (found,) = running.updates[0].losses(running.train, order[:64], None, Moment(0, 0, 0))
    _, hidden = state.networks["network"](image)
    kept = digit < 3
    assert torch.allclose(
        found, functional.mse_loss(hidden[kept], functional.one_hot(digit, 10).float()[kept])
    )


def test_two_networks_are_updated_together() -> None:
    running, state = job(
        PAIR + "    - update: [generator, critic]\n"
        "      compute: {score: 'critic(generator(randn(batch, 4)))'}\n"
        "      loss: {compute: score ** 2}\n"
    )
    before = _weights(state)
    list(train(running, state, lambda: state.step > 0))
    assert all(not torch.equal(tensor, before[name]) for name, tensor in _weights(state).items())
    assert list(state.updaters) == ["generator_critic"]


def test_results_of_a_network_have_the_names_of_its_outputs() -> None:
    text = ONE.replace("network:\n", "networks:\n  coder:\n", 1)
    head, _, tail = text.partition("  coder:\n")
    body, _, training = tail.partition("training:\n")
    indented = "".join(f"  {line}\n" for line in body.splitlines())
    spec = (
        f"{head}  coder:\n{indented}training:\n{training}  updates:\n    - update: coder\n"
        "      compute: {found: coder(image)}\n      loss: {MSELoss: {}, from: [found.picture, image]}\n"
    )
    running, state = job(spec)
    list(train(running, state, lambda: False))
    assert state.step == 3


@pytest.mark.parametrize("text", [GAN, PENALTY, ONE + LOSSES])
def test_a_spec_with_updates_is_written_and_read_back(text: str) -> None:
    spec = parse_spec(text, Origin("spec.yaml", Path(), text))
    written = as_yaml(as_tree(spec))
    again = parse_spec(written, Origin("spec.yaml", Path(), written))
    assert as_yaml(as_tree(again)) == written
    assert spec.training is not None and again.training is not None
    assert [each.name for each in again.training.updates] == [each.name for each in spec.training.updates]


UPDATE = "    - update: generator\n      compute: {score: 'critic(generator(randn(batch, 4)))'}\n"
WRONG = {
    "updates-form": PAIR + "    - generator\n",
    "update-network": PAIR + "    - {update: generatr, loss: {compute: x}}\n",
    "key-missing": PAIR + "    - {update: generator}\n",
    "unknown-key": PAIR + UPDATE + "      loss: {compute: score}\n      when: 3\n",
    "update-repeat": PAIR + UPDATE + "      loss: {compute: score}\n      repeat: 0\n",
    "update-unmoved": PAIR + "    - {update: generator, loss: {compute: critic(image)}}\n",
    "term-form": PAIR + UPDATE + "      loss: {compute: score, MSELoss: {}}\n",
    "term-from": PAIR + UPDATE + "      loss: [{MSELoss: {}, from: [score]}]\n",
    "term-number": PAIR + UPDATE + "      loss: {CrossEntropyLoss: {}, from: [score, 1]}\n",
    "term-shape": PAIR + UPDATE + "      loss: {MSELoss: {}, from: [score, image]}\n",
    "term-weight": PAIR + UPDATE + "      loss: {compute: score, weight: image}\n",
    "term-name-twice": ONE + "  loss: [{compute: hidden, name: a}, {compute: picture, name: a}]\n",
    "network-argument": PAIR + "    - {update: generator, loss: {compute: generator(3)}}\n",
    "gradient-form": PAIR + UPDATE + "      loss: {compute: grad(score)}\n",
    "value-unknown": PAIR + UPDATE + "      loss: {MSELoss: {}, from: [scor, 1]}\n",
    "function-unknown": PAIR + "    - {update: generator, loss: {compute: generatr(image)}}\n",
    "loss-unknown": PAIR + UPDATE + "      loss: {MSELos: {}, from: [score, 1]}\n",
    "loss-unfit": PAIR + UPDATE + "      loss: {HingeEmbeddingLoss: {}, from: [score, 1]}\n",
    "loss-reduction": PAIR + UPDATE + "      loss: {MSELoss: {reduction: none}, from: [score, 1]}\n",
    "updates-beside": PAIR + UPDATE + "      loss: {compute: score}\n  loss: MSELoss\n",
    "compute-without-loss": ONE + "  loss: MSELoss\n  compute: {a: picture}\n",
    "compute-names": ONE + "  loss: {compute: picture}\n  compute: picture\n",
    "metrics-updates": ONE + "  loss: {compute: picture}\n  metrics: [accuracy]\n",
    "loss-range": GAN.replace("BCEWithLogitsLoss: {}, from: [score", "BCELoss: {}, from: [score"),
    "figure-unknown": ONE + "  loss: {compute: picture}\n  keep_best: validation.accuracy\n",
}


@pytest.mark.parametrize("code", WRONG)
def test_mistakes_are_told_at_their_line(code: str) -> None:
    text = WRONG[code]
    with pytest.raises(NncliError) as caught:
        prepared(text)
    problems = caught.value.problems
    assert code in [problem.code for problem in problems]
    assert all(problem.place is not None and problem.place.line > 3 for problem in problems)


def test_mixed_images_are_for_a_loss_of_targets() -> None:
    text = ONE.replace("builtin:digits", "faces").replace('columns: "pixel_*", ', "augment: [CutMix], ")
    text += "  loss: {compute: picture}\n"
    spec = parse_spec(text.replace(", shape: [1, 8, 8]", ""), Origin("spec.yaml", Path(), text))
    with pytest.raises(NncliError) as caught:
        refuse_mixing(spec)
    assert [problem.code for problem in caught.value.problems] == ["mix-updates"]


def test_no_network_is_called_outside_of_training() -> None:
    with pytest.raises(NncliError) as caught:
        prepared(ONE.replace("- Linear: 64", "- compute: network(x)") + "  loss: {compute: picture}\n")
    assert [problem.code for problem in caught.value.problems] == ["function-unknown"]


def test_a_loss_that_is_not_finite_names_its_layer() -> None:
    running, state = job(GAN)
    layer = state.networks["critic"].get_submodule("linear_2")
    assert isinstance(layer, nn.Linear)
    layer.bias.data.fill_(float("inf"))
    with pytest.raises(NncliError) as caught:
        list(train(running, state, lambda: False))
    assert caught.value.problems[0].facts["layer"] == "linear_2"


def test_a_network_that_teaches_is_frozen_and_needs_no_optimiser() -> None:
    text = GAN.replace("    inputs: {noise: [4]}\n", "    inputs: {noise: [4]}\n    freeze: true\n")
    head, _, _ = text.partition("    - update: generator")
    running, state = job(head)
    before = _weights(state)
    list(train(running, state, lambda: False))
    moved = {name for name, tensor in _weights(state).items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("critic/") for name in moved)


def test_the_optimiser_of_an_update_is_checked_at_its_line() -> None:
    with pytest.raises(NncliError) as caught:
        prepared(GAN.replace("Adam: {lr: 1e-2}", "Adam: {rate: 1e-2}"))
    (problem,) = caught.value.problems
    assert problem.code == "argument-unknown" and problem.place is not None
    assert "rate" in problem.place.text


def test_a_network_that_nothing_trains_is_told() -> None:
    head, _, _ = GAN.partition("    - update: generator")
    (warning,) = [each for each in prepared(head).warnings if each.code == "update-missing"]
    assert warning.facts == {"network": "generator"} and warning.severity == "warning"
    assert not [each for each in prepared(GAN).warnings if each.code == "update-missing"]


def test_a_network_is_the_nearest_of_names_that_begin_it() -> None:
    with pytest.raises(NncliError) as caught:
        prepared(GAN.replace('score: "critic(generator(', 'score: "critic(gen('))
    assert caught.value.problems[0].facts["nearest"] == "generator"


def test_rows_need_no_target(tmp_path: Path) -> None:
    rows = "a,b\n" + "".join(f"{n % 7},{n % 5}\n" for n in range(40))
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    text = """
data: {train: rows.csv, inputs: {a: number, b: number}}
network:
  layers: [Linear: 1, {Linear: 2, name: again}]
  outputs: {again: again}
training:
  loss: {MSELoss: {}, from: [again, features]}
  optimizer: AdamW
  epochs: 1
"""
    made = prepare(parse_spec(text, Origin("spec.yaml", tmp_path, text)))
    running, state = made.job(torch.device("cpu"))
    (row,) = [row for row in train(running, state, lambda: False) if isinstance(row, EpochRow)]
    assert row.validation is not None and made.data is not None
    document = made.data.encoders.to_json()
    assert type(made.data.encoders).from_json(document).targets() == {}


def test_checkpoints_of_networks_change_no_bit() -> None:
    found, counts = [], []
    for text in (AGAIN, AGAIN.replace("checkpoint: true", "checkpoint: false")):
        running, state = job(text)
        calls: list[object] = []
        layer = state.networks["critic"].get_submodule("features.conv2d")
        layer.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        list(train(running, state, lambda: False))
        counts.append(len(calls))
        found.append({**_weights(state), "random": torch.get_rng_state()})
    assert counts[0] > counts[1] > 0
    assert {"critic/features.batchnorm2d.running_mean"} <= {*found[0]}
    assert all(torch.equal(tensor, found[1][name]) for name, tensor in found[0].items())
