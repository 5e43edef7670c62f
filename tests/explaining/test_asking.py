"""A word is explained in every meaning that it has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nncli.errors import UsageError
from nncli.explaining.asking import everything, explain_word
from nncli.messages.catalogue import hint_of


@pytest.mark.parametrize(
    ("word", "kinds"),
    {
        "Conv2d": ["layer of torch.nn"],
        "AdamW": ["optimiser of torch.optim"],
        "CrossEntropyLoss": ["loss of torch.nn"],
        "kaiming_normal_": ["initialiser of torch.nn.init"],
        "residual": ["structure"],
        "repeat": ["word of an item"],
        "name": ["word of an item", "key of a file", "concept"],
        "inputs": ["key of a network", "key of a block", "key of data"],
        "precision": ["metric", "key of training"],
        "data": ["section of a file"],
        "training.optimizer": ["key of training"],
        "data.inputs.age.missing": ["key of data"],
        "seed": ["key of data", "key of training"],
        "shape-mismatch": ["error code, exit 3"],
        "$": ["value"],
        "functions": ["concept"],
        "loop": ["concept"],
        "rename": ["key of weights"],
        "weights.skip": ["key of weights"],
        "mask": ["key of an input", "concept"],
        "padding": ["concept"],
        "join": ["word of an item", "key of weights"],
        "split": ["key of weights", "key of data", "function of tensors"],
        "transpose": ["key of weights", "function of tensors"],
    }.items(),
)
def test_meanings(word: str, kinds: list[str]) -> None:
    assert [explanation.kind for explanation in explain_word(word)] == kinds


@pytest.mark.parametrize(
    ("word", "hint"),
    {
        "Conv2D": "did you mean `Conv2d`?",
        "residul": "did you mean `residual`?",
        "Dense": "did you mean `Linear`?",
        "learning_rate": "it is an argument of the optimiser: "
        "`optimizer: {AdamW: {learning_rate: 1e-3}}` below `training:`",
        "training.optimiser": "did you mean `training.optimizer`?",
        "shape-mismach": "did you mean `shape-mismatch`?",
        "qwertyuiop": "`nncli explain` lists what can be asked",
        "": "`nncli explain` lists what can be asked",
    }.items(),
)
def test_an_unknown_word_gets_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain_word(word)
    (problem,) = caught.value.problems
    assert problem.code == "word-unknown"
    assert hint_of(problem).replace("{lr: 1e-3}", "{learning_rate: 1e-3}") == hint


def test_everything_that_is_listed_is_explained() -> None:
    for group, words in everything().items():
        # Layers are compiled one by one in the tests of examples.
        for word in words if not group.startswith("layer") else words[:2]:
            assert explain_word(word), word


def test_words_keys_and_codes_need_no_torch() -> None:
    program = (
        "import sys\n"
        "from nncli.commands.explain import explain\n"
        "from nncli.explaining.asking import explain_word\n"
        "for word in ('residual', 'shape-mismatch'): explain_word(word)\n"
        "print('pydantic' in sys.modules)\n"
        "explain_word('training.optimizer')\n"
        "print('torch' in sys.modules)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]
