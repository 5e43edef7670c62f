from __future__ import annotations

import pytest
import torch

from nncli.errors import DivergedError
from nncli.messages.catalogue import hint_of
from nncli.spec.items import Call
from nncli.training.divergence import refuse_non_finite_weights
from tests.training.jobs import call, job, spec


@pytest.mark.parametrize(
    ("optimizer", "training", "advice"),
    [
        (call("AdamW", lr=1e30), {}, "lower the learning rate to 0.001, the default of AdamW"),
        (
            call("AdamW", lr=1e30),
            {"clip_gradients": {"norm": 1.0}},
            "lower the learning rate to 0.001, the default of AdamW",
        ),
        (call("Adadelta", lr=1e4), {}, "lower the learning rate to 1, the default of Adadelta"),
        (call("AdamW", lr=0.1), {}, "lower the learning rate to 0.01, or write `clip_gradients: 1.0`"),
        (call("AdamW", lr=0.1), {"clip_gradients": {"norm": 1.0}}, "lower the learning rate to 0.01"),
    ],
)
def test_the_advice_is_as_strong_as_the_mistake(
    optimizer: Call, training: dict[str, float], advice: str
) -> None:
    made, state = job(spec(optimizer=optimizer, **training))
    with torch.no_grad():
        next(state.networks["network"].parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError) as caught:
        refuse_non_finite_weights(made, state)
    assert hint_of(caught.value.problems[0]) == advice
