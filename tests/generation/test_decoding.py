from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nncli.generation.decoding import decode
from nncli.generation.step_by_step import Recomputing, Remembering, Sequential, steps_of
from nncli.generation.text_columns import TextRecipe, text_recipes
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.spec.text_recipes import TextOptions
from tests.generation.test_text_columns import ANSWERS

ATTENDING = """
  - Embedding: 8
    from: question
  - SelfAttention: {heads: 2}
    name: memory
  - Embedding: 8
    from: written
  - PositionEmbedding
  - SelfAttention: {heads: 2, causal: true}
  - CrossAttention: {heads: 2}
    from: [x, memory]
  - Linear: $answer.classes
"""
STATES = """
  - Embedding: 8
    from: question
  - GRU: 8
    name: read
  - Embedding: 8
    from: written
  - GRU: 8
    from: [x, read.state]
  - Linear: $answer.classes
"""
CONTEXT = """
  - Embedding: 8
    from: question
  - GRU: 8
    take: last
    name: read
  - Embedding: 8
    from: written
  - compute: x + read[:, none]
  - GRU: 8
  - Linear: $answer.classes
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("answers")
    rows = "".join(f"{'ab' * (n % 3 + 1)},{'bac'[: n % 3 + 1]}\n" for n in range(12))
    (made / "rows.csv").write_text("question,answer\n" + rows, encoding="utf-8")
    return made


def recipe_of(layers: str, folder: Path, **options: int) -> TextRecipe:
    """Makes a network of questions and answers with initial weights that are large enough to differ."""
    text = ANSWERS.partition("network:")[0] + "network:" + layers
    made = prepare(parse_spec(text, Origin(str(folder / "net.yaml"), folder, text)))
    assert made.data is not None
    (recipe,) = text_recipes(made.spec, made.networks, made.data.encoders).values()
    module = recipe.network.module.eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(3)
    return replace(recipe, spec=replace(recipe.spec, options=TextOptions(**options)))


def questions(recipe: TextRecipe) -> dict[str, Tensor]:
    """Three questions, of which the last is padded."""
    tokens = torch.tensor([[4, 5, 4, 5, 4, 5], [5, 5, 4, 4, 5, 4], [4, 5, 4, 0, 0, 0]])
    fixed = {"question": tokens, "question.mask": tokens != 0}
    return {name: fixed[name] for name in recipe.network.inputs if name in fixed}


def likelihood(found: Sequential, recipe: TextRecipe, answer: tuple[int, ...]) -> float:
    """Works out the mean log probability of an answer of at most two tokens, with its end where it fits."""
    logs = found.at_once(torch.tensor([[*recipe.before, *answer]]))[0].double().log_softmax(1)
    wanted = [*answer, recipe.end][:2]
    return sum(float(logs[at, token]) for at, token in enumerate(wanted)) / len(wanted)


@pytest.mark.parametrize("layers", [ATTENDING, STATES, CONTEXT])
def test_the_question_is_read_once_and_answers_are_those_of_all_steps_at_once(
    folder: Path, layers: str
) -> None:
    recipe = recipe_of(layers, folder)
    fixed = questions(recipe)
    found = Sequential(recipe.network, recipe.moving, fixed)
    steps = steps_of(found)
    assert isinstance(steps, Remembering)
    answers = decode(steps, recipe, fixed)
    assert torch.equal(answers, decode(Recomputing(found, takes_any_length=True), recipe, fixed))
    again = decode(steps, recipe, {name: each[1:] for name, each in fixed.items()})
    assert torch.equal(again[:, : answers.shape[1]], answers[1:, : again.shape[1]])
    # What was worked out before the first token is all that the question is needed for.
    assert steps._known


def test_one_beam_takes_the_likeliest_token(folder: Path) -> None:
    recipe = recipe_of(STATES, folder, length=3)
    fixed = {name: each[:1] for name, each in questions(recipe).items()}
    found = Sequential(recipe.network, recipe.moving, fixed)
    (row,) = decode(steps_of(found), recipe, fixed)
    read = [*recipe.before]
    for token in row.tolist():
        with torch.no_grad():
            scores = found.at_once(torch.tensor([read]))[0, -1]
        scores[recipe.silent] = -torch.inf
        assert int(scores.argmax()) == (token if token >= 0 else recipe.end)
        read.append(token)


def test_enough_beams_find_the_likeliest_answer(folder: Path) -> None:
    recipe = recipe_of(STATES, folder, beams=64, length=2)
    fixed = {name: each[:1] for name, each in questions(recipe).items()}
    found = Sequential(recipe.network, recipe.moving, fixed)
    (row,) = decode(steps_of(found), recipe, fixed)
    spoken = [each for each in range(recipe.tokenizer.size) if each not in (*recipe.silent, recipe.end)]
    with torch.no_grad():
        every = {
            answer: likelihood(found, recipe, answer)
            for length in (0, 1, 2)
            for answer in product(spoken, repeat=length)
        }
    assert tuple(token for token in row.tolist() if token >= 0) == max(every, key=every.__getitem__)
