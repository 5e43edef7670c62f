from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn

from nncli.columns.stored import Taken
from nncli.columns.targets import TargetSpec
from nncli.errors import DataError, Place, SpecError
from nncli.messages.catalogue import hint_of, message_of
from nncli.network.calls.signatures import loss_classes
from nncli.network.compiled import LayerCall
from nncli.objectives.objective_checks import build_objective
from nncli.objectives.objectives import Objective, Truth
from nncli.spec.items import Call
from nncli.spec.schema import LossTerm
from tests.training.jobs import BINARY, CLASSES, NUMBER, call, spec

HEAD = LayerCall("head", "Linear", Place("spec.yaml", 12, 5), "network.3", (), (), 0)
OTHER = TargetSpec("weight", "number")


def objective(
    loss: str | Call, *targets: TargetSpec, shape: tuple[int, ...], layer: LayerCall | None = None
) -> Objective:
    return build_objective(spec(loss), named(*targets), shape, layer)


def named(*targets: TargetSpec) -> Mapping[str, TargetSpec]:
    return {target.name: target for target in targets}


def refused(loss: str | Call, *targets: TargetSpec, shape: tuple[int, ...] = (1,)) -> Any:
    with pytest.raises(SpecError) as caught:
        objective(loss, *targets, shape=shape, layer=HEAD)
    return caught.value.problems[0]


INDEX = torch.tensor([0, 2, 1])
BITS = torch.tensor([0, 1, 1])
PRICES = torch.tensor([[1.5], [-2.0], [0.25]])


def test_a_class_index_for_cross_entropy_and_its_kin() -> None:
    for loss in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        target = objective(loss, CLASSES, shape=(3,)).arrange({"kind": Taken(INDEX)}).values
        assert torch.equal(target, INDEX)


def test_floats_of_equal_shape_for_every_other_loss() -> None:
    mean = objective("MSELoss", CLASSES, shape=(3,)).arrange({"kind": Taken(INDEX)}).values
    assert mean.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    binary = objective("BCEWithLogitsLoss", BINARY, shape=(1,)).arrange({"ill": Taken(BITS)}).values
    assert (binary.dtype, binary.tolist()) == (torch.float32, [[0], [1], [1]])
    signs = objective("SoftMarginLoss", BINARY, shape=(1,)).arrange({"ill": Taken(BITS)}).values
    assert signs.tolist() == [[-1], [1], [1]]
    side_by_side = objective("L1Loss", NUMBER, BINARY, shape=(2,))
    target = side_by_side.arrange({"ill": Taken(BITS), "price": Taken(PRICES)}).values
    assert target.tolist() == [[1.5, 0], [-2, 1], [0.25, 1]]


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss", "NLLLoss"])
def test_three_units_for_four_classes(loss: str) -> None:
    four = TargetSpec("species", "category", ("a", "b", "c", "d"))
    problem = refused(loss, four, shape=(3,))
    assert problem.code == "loss-shape"
    assert problem.place == HEAD.place
    said = message_of(problem)
    assert "`species` (4 classes)" in said and "`head`" in said and "[batch, 3]" in said
    assert hint_of(problem) == "write `- Linear: $classes`"


@pytest.mark.parametrize("shape", [(), (2,), (1, 1), (3, 1)])
def test_nothing_is_broadcast(shape: tuple[int, ...]) -> None:
    assert refused("MSELoss", NUMBER, shape=shape).code == "loss-shape"
    assert refused("BCEWithLogitsLoss", BINARY, shape=shape).code == "loss-shape"


@pytest.mark.parametrize("loss", sorted(loss_classes()))
def test_every_loss_of_torch_computes_or_is_refused(loss: str) -> None:
    for target, values, width in ((CLASSES, INDEX, 3), (BINARY, BITS, 1), (NUMBER, PRICES, 1)):
        try:
            built = objective(loss, target, shape=(width,))
        except SpecError:
            continue
        output = torch.full((3, width), 0.25)
        try:
            built.refuse_outside({target.name: values}, "train")
            prepared = built.arrange({target.name: Taken(values)})
        except DataError:
            continue
        assert built.loss(output, prepared).shape == ()
        assert built.predictions(output)[target.name].value.shape == (3,)


@pytest.mark.parametrize(
    ("loss", "target", "code"),
    [
        ("CrossEntropy", CLASSES, "loss-unknown"),
        ("Linear", CLASSES, "loss-unknown"),
        ("CTCLoss", CLASSES, "loss-unfit"),
        ("TripletMarginLoss", NUMBER, "loss-unfit"),
        ("AdaptiveLogSoftmaxWithLoss", CLASSES, "loss-unfit"),
        ("CrossEntropyLoss", NUMBER, "loss-target"),
        ("SoftMarginLoss", CLASSES, "loss-target"),
        ("BCELoss", BINARY, "loss-range"),
        (call("MSELoss", reduction="none"), NUMBER, "loss-reduction"),
        (call("MSELoss", reduction="average"), NUMBER, "loss-reduction"),
        (call("MSELoss", redcution="sum"), NUMBER, "argument-unknown"),
        (call("MultiMarginLoss", p=3), CLASSES, "loss-refused"),
    ],
)
def test_refusals(loss: str | Call, target: TargetSpec, code: str) -> None:
    shape = (len(target.classes),) if target.type == "category" else (1,)
    assert refused(loss, target, shape=shape).code == code


def test_probabilities_for_bce_come_from_a_bounded_layer() -> None:
    sigmoid = LayerCall("sigmoid", "Sigmoid", HEAD.place, "network.4", (), (), 0)
    assert (
        objective("BCELoss", BINARY, shape=(1,), layer=sigmoid).probabilities(torch.zeros(1, 1)) is not None
    )


def test_losses_by_target() -> None:
    one = spec(terms=(LossTerm(loss=call("MSELoss"), target="price", weight=0.5),))
    built = build_objective(one, named(NUMBER), (1,), HEAD)
    assert built.loss(torch.ones(2, 1), Truth(torch.zeros(2, 1))).item() == 0.5
    unknown = spec(terms=(LossTerm(loss=call("MSELoss"), target="prize"),))
    with pytest.raises(SpecError) as caught:
        build_objective(unknown, named(NUMBER), (1,), HEAD)
    assert caught.value.problems[0].facts["nearest"] == "price"
    two = spec(terms=tuple(LossTerm(loss=call("MSELoss"), target=t) for t in ("price", "weight")))
    with pytest.raises(SpecError) as caught:
        build_objective(two, named(NUMBER, OTHER), (2,), HEAD)
    assert caught.value.problems[0].code == "loss-several-outputs"
    assert refused("MSELoss", NUMBER, CLASSES, shape=(4,)).code == "loss-several-outputs"


def test_terms_are_weighed_and_added() -> None:
    terms = (LossTerm(loss=call("MSELoss")), LossTerm(loss=call("L1Loss"), weight=0.5))
    built = build_objective(spec(terms=terms), named(NUMBER), (1,), HEAD)
    output, target = torch.full((2, 1), 3.0), torch.zeros(2, 1)
    assert built.loss(output, Truth(target)).item() == 9 + 1.5
    mixed = (LossTerm(loss=call("CrossEntropyLoss")), LossTerm(loss=call("MSELoss")))
    with pytest.raises(SpecError) as caught:
        build_objective(spec(terms=mixed), named(CLASSES), (3,), HEAD)
    assert caught.value.problems[0].code == "loss-terms-differ"


def test_the_loss_of_a_part_is_a_mean_per_row_also_for_sums() -> None:
    built = objective(call("MSELoss", reduction="sum"), NUMBER, shape=(1,))
    output, target = torch.full((4, 1), 2.0), torch.zeros(4, 1)
    assert built.loss(output, Truth(target)).item() == 16
    assert built.mean_loss(output, Truth(target)).item() == 4


@pytest.mark.parametrize(
    ("loss", "target", "values"),
    [
        ("CrossEntropyLoss", CLASSES, torch.tensor([0, 3])),
        ("CrossEntropyLoss", CLASSES, torch.tensor([0, -1])),
        ("BCEWithLogitsLoss", BINARY, torch.tensor([0, 2])),
        ("BCEWithLogitsLoss", NUMBER, torch.tensor([[0.5], [-1.0]])),
        ("PoissonNLLLoss", NUMBER, torch.tensor([[-0.5], [1.0]])),
    ],
)
def test_targets_outside_of_what_the_loss_reads(loss: str, target: TargetSpec, values: torch.Tensor) -> None:
    width = 3 if target is CLASSES else 1
    with pytest.raises(DataError) as caught:
        objective(loss, target, shape=(width,)).refuse_outside({target.name: values}, "validation")
    assert caught.value.problems[0].facts["part"] == "validation"
    assert message_of(caught.value.problems[0])


def test_what_outputs_mean() -> None:
    logits = torch.tensor([[0.0, 2.0, -1.0]])
    said = objective("CrossEntropyLoss", CLASSES, shape=(3,)).predictions(logits)["kind"]
    assert said.value.tolist() == [1] and said.are_probabilities
    assert said.scores is not None and torch.equal(said.scores, logits.softmax(1))
    nll = objective("NLLLoss", CLASSES, shape=(3,)).probabilities(logits.log_softmax(1))
    assert nll is not None and torch.allclose(nll, logits.softmax(1))
    said = objective("BCEWithLogitsLoss", BINARY, shape=(1,)).predictions(torch.tensor([[-2.0], [3.0]]))[
        "ill"
    ]
    assert said.value.tolist() == [0, 1] and said.scores is not None
    assert torch.allclose(said.scores[:, 1], torch.tensor([-2.0, 3.0]).sigmoid())
    said = objective("MSELoss", CLASSES, shape=(3,)).predictions(logits)["kind"]
    assert said.value.tolist() == [1] and not said.are_probabilities
    said = objective("MSELoss", NUMBER, shape=(1,)).predictions(torch.tensor([[4.0]]))["price"]
    assert said.value.tolist() == [4.0] and said.scores is None
    two = objective("CrossEntropyLoss", BINARY, shape=(2,)).predictions(torch.tensor([[0.0, 1.0]]))["ill"]
    assert two.value.tolist() == [1] and two.scores is not None and two.scores.shape == (1, 2)


def test_training_reaches_the_module_of_torch_itself() -> None:
    built = objective(call("CrossEntropyLoss", label_smoothing=0.1), CLASSES, shape=(3,))
    output = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    expected = nn.CrossEntropyLoss(label_smoothing=0.1)(output, INDEX)
    assert torch.equal(built.loss(output, Truth(INDEX)), expected)
