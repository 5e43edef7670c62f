from __future__ import annotations

from pathlib import Path

import pytest

from nncli.errors import SpecError
from nncli.generation.text_columns import TextRecipe, text_recipes
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin

STRETCHES = """
data:
  train: text.txt
  split: {validation: 0, test: 0}
  inputs: {text: {type: text, tokenizer: characters, length: 8}}
  targets: {next: {column: text, shift: -1}}
network: [Embedding: 4, Linear: $vocabulary]
"""
CELLS = """
data:
  train: rows.csv
  split: {validation: 0, test: 0}
  inputs: {text: {type: text, tokenizer: characters, begin: true, length: 8}}
  targets: {next: {column: text, shift: -1, end: true}}
network: [Embedding: 4, Linear: $text.vocabulary]
"""
ANSWERS = """
data:
  train: rows.csv
  split: {validation: 0, test: 0}
  inputs:
    question: {type: text, tokenizer: characters}
    written: {column: answer, shift: 1}
  targets:
    answer: {type: text, vocabulary: question, end: true}
network:
  - Embedding: 4
    from: question
  - GRU: 4
    name: asked
  - Embedding: 4
    from: written
  - GRU: 4
    from: [x, asked.state]
  - Linear: $answer.classes
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    (made / "text.txt").write_text("abcdefgh" * 9, encoding="utf-8")
    rows = "".join(f"{'ab' * (n % 3 + 1)},{'ba' * (n % 3 + 1)},ab\n" for n in range(12))
    (made / "rows.csv").write_text("question,answer,text\n" + rows, encoding="utf-8")
    return made


def found(text: str, folder: Path) -> dict[str, TextRecipe]:
    """Finds the recipes of a spec that write text."""
    made = prepare(parse_spec(text, Origin(str(folder / "net.yaml"), folder, text)))
    assert made.data is not None
    recipes = text_recipes(made.spec, made.networks, made.data.encoders)
    assert made.recipes == {name: each.inputs for name, each in recipes.items()}
    return recipes


def test_a_spec_without_recipes_has_one_where_a_network_tells_the_next_token(folder: Path) -> None:
    recipe = found(STRETCHES, folder)["generate"]
    assert (recipe.moving, recipe.inputs, recipe.before, recipe.end) == ("text", (), [], None)
    # Padding, unknown, begin and end of a vocabulary in which no column asks for them.
    assert recipe.silent == [0, 1, 2, 3]


def test_cells_begin_and_end_with_their_tokens(folder: Path) -> None:
    recipe = found(CELLS, folder)["generate"]
    assert (recipe.before, recipe.end, recipe.silent) == ([2], 3, [0, 1, 2])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("next: {column: text, shift: -1}", "next: {column: text}"),
        ("next: {column: text, shift: -1}", "next: {column: text, shift: -2}"),
        ("Linear: $vocabulary", "Linear: 7"),
    ],
)
def test_other_networks_write_nothing(folder: Path, old: str, new: str) -> None:
    text = STRETCHES.replace(old, new)
    assert found(text, folder) == {}
    with pytest.raises(SpecError) as caught:
        found(text + "predict: {tell: {generate: {length: 9}}}\n", folder)
    (problem,) = caught.value.problems
    assert problem.code == "text-recipe-network" and problem.path == "predict.tell.generate"


def test_a_recipe_has_what_its_spec_says(folder: Path) -> None:
    text = STRETCHES + "predict: {tell: {generate: {prompt: ab, top_k: 3}}, plain: {generate: }}\n"
    recipes = found(text, folder)
    assert [each.spec.options.top_k for each in recipes.values()] == [3, None]
    assert recipes["tell"].spec.options.prompt == "ab"


def test_other_inputs_are_read_by_decode_alone(folder: Path) -> None:
    recipe = found(ANSWERS, folder)["decode"]
    assert (recipe.moving, recipe.inputs, recipe.before, recipe.end) == ("written", ("question",), [2], 3)
    with pytest.raises(SpecError):
        found(ANSWERS + "predict: {generate: }\n", folder)
    with pytest.raises(SpecError) as caught:
        found(STRETCHES + "predict: {decode: {beams: 2}}\n", folder)
    assert caught.value.problems[0].facts["kind"] == "decode"
