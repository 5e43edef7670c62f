from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import torch

from nncli.draws import step_seed
from nncli.errors import NncliError
from nncli.objectives.recipes import CompiledRecipe, compile_recipes, run_recipe
from nncli.objectives.walks import Batch
from nncli.preparing.prepared import Prepared, prepare
from nncli.spec.opening import parse_spec, read_text
from nncli.spec.spec import Origin
from nncli.spec.writing import as_tree, as_yaml
from tests.end_to_end.mutations import mutated
from tests.objectives.update_specs import GAN, PENALTY, prepared

SAMPLE = "predict: {sample: {compute: {image: 'generator(randn(batch, 4))'}}}\n"
TWO_OUTPUTS = """
      - Flatten
      - Linear: 1
        name: one
      - Linear: 1
        name: two
    outputs: [one, two]"""
ROUNDS = """
constants: {part: "linspace(0, 1, 3)"}
predict:
  slow:
    start: {value: "randn(batch, 4)", total: "zeros([batch, 1, 8, 8])"}
    repeat: {t: [2, 1, 0], scale: [0.5, 0.25, 1.0]}
    compute:
      total: total + scale * generator(value) * part[t]
      value: value + t
    outputs: [total, value]
  scored: {compute: {score: critic(image)}}
"""


def recipes(text: str) -> tuple[Prepared, dict[str, CompiledRecipe]]:
    """Compiles the recipes of a spec, over networks with their initial weights."""
    made = prepared(text)
    assert made.data is not None
    batch = Batch(made.data.inputs, {}, {})
    constants = {"part": torch.linspace(0, 1, 3)}
    for network in made.networks.values():
        network.module.eval()
    return made, compile_recipes(made.spec.recipes, made.networks, batch, constants)


def test_a_recipe_without_rows_makes_them() -> None:
    made, found = recipes(GAN + SAMPLE)
    recipe = found["sample"]
    assert recipe.inputs == () and recipe.start is None
    before = torch.get_rng_state()
    image = run_recipe(recipe, {}, torch.zeros(5), 7)["image"]
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(step_seed(7, 1, 0))
    assert torch.equal(image, made.networks["generator"].module(torch.randn(5, 4)))
    assert torch.equal(run_recipe(recipe, {}, torch.zeros(5), 7)["image"], image)
    assert not torch.equal(run_recipe(recipe, {}, torch.zeros(5), 8)["image"], image)


def test_rounds_carry_what_starts_and_read_their_numbers() -> None:
    made, found = recipes(GAN + ROUNDS)
    recipe = found["slow"]
    assert recipe.carried == ("value", "total") and recipe.rounds.names == ("scale", "t")
    given = run_recipe(recipe, {}, torch.zeros(3), 1)
    torch.manual_seed(step_seed(1, 0, 0))
    value, total = torch.randn(3, 4), torch.zeros(3, 1, 8, 8)
    generator, part = made.networks["generator"].module, torch.linspace(0, 1, 3)
    for t, scale in ((2, 0.5), (1, 0.25), (0, 1.0)):
        total = total + scale * generator(value) * part[t]
        value = value + t
    assert list(given) == ["total", "value"]
    assert torch.allclose(given["total"], total) and torch.equal(given["value"], value)


def test_a_recipe_that_reads_a_column_says_so() -> None:
    made, found = recipes(GAN + ROUNDS)
    assert found["scored"].columns == found["scored"].inputs == ("image",) and found["slow"].inputs == ()
    image = torch.rand(4, 1, 8, 8)
    scores = run_recipe(found["scored"], {"image": image}, torch.zeros(4), 0)["score"]
    assert torch.equal(scores, made.networks["critic"].module(image))


def test_recipes_are_written_and_read_back() -> None:
    text = GAN + ROUNDS
    spec = parse_spec(text, Origin("spec.yaml", Path(), text))
    written = as_yaml(as_tree(spec))
    again = parse_spec(written, Origin("spec.yaml", Path(), written))
    assert as_yaml(as_tree(again)) == written
    assert [(each.outputs, each.rounds) for each in again.recipes.values()] == [
        (each.outputs, each.rounds) for each in spec.recipes.values()
    ]


def test_a_network_of_several_outputs_is_read_by_their_names() -> None:
    text = GAN.replace("layers: [Flatten, Linear: 8, Tanh, Linear: 1]", "layers:" + TWO_OUTPUTS)
    text = text.replace("critic(image)", "critic(image)[0]").replace("critic(fake)", "critic(fake)[0]")
    text = text.replace('"critic(generator(randn(batch, 4)))"', '"critic(generator(randn(batch, 4)))[0]"')
    scored = "predict: {scored: {compute: {found: critic(image), score: found.one + found.two}}}\n"
    _, found = recipes(text + scored)
    made = run_recipe(found["scored"], {"image": torch.zeros(3, 1, 8, 8)}, torch.zeros(3), 0)
    assert {name: each.shape for name, each in made.items()} == {"score": (3, 1)}
    with pytest.raises(NncliError) as caught:
        recipes(text + "predict: {scored: {compute: {found: critic(image)}}}\n")
    assert caught.value.problems[0].code == "value-several"


WRONG = {
    "recipe-form": "predict: {sample: generator}\n",
    "unknown-key": "predict: {sample: {compute: {image: image}, output: image}}\n",
    "recipe-outputs": "predict: {sample: {compute: {image: image}, outputs: picture}}\n",
    "recipe-round": "predict: {sample: {repeat: {t: [one]}, compute: {image: image}}}\n",
    "recipe-carried": "predict: {sample: {start: {a: image}, compute: {a: 'flatten(a, 1)'}}}\n",
    "recipe-rows": "predict: {sample: {compute: {a: mean(image)}}}\n",
    "value-unknown": "predict: {sample: {compute: {a: digit + 1}}}\n",
    "function-unknown": "predict: {sample: {compute: {a: generatr(image)}}}\n",
}


@pytest.mark.parametrize("code", WRONG)
def test_mistakes_are_told_at_their_line(code: str) -> None:
    with pytest.raises(NncliError) as caught:
        prepared(GAN + WRONG[code])
    assert code in [problem.code for problem in caught.value.problems]
    assert all(problem.place is not None for problem in caught.value.problems)


def test_mutated_updates_and_recipes_are_compiled_or_refused() -> None:
    dice, seeds = random.Random(6), (GAN + ROUNDS, GAN + SAMPLE, PENALTY)
    for _ in range(int(os.environ.get("NNCLI_TORTURE", "4000")) // 20):
        text = mutated(dice.choice(seeds), dice)
        try:
            spec, problems = read_text(text, Origin("a.yaml", Path("/nowhere"), text))
            prepare(spec, problems, with_data=False, with_weights=False)
        except NncliError as error:
            assert error.problems, text
            assert all(problem.place is not None for problem in error.problems), text
