"""What is said of rows, by column and by row."""

from __future__ import annotations

import torch

from nncli.answers.outputs import Answers
from nncli.columns.encoders import Encoders
from nncli.columns.masks import MaskEncoder
from nncli.columns.numbers import NumberEncoder
from nncli.objectives.objectives import Objective, Prediction, Term
from nncli.sources.tables import Column


def test_of_masks_the_pixels_of_each_class_are_counted() -> None:
    encoder = MaskEncoder(Column("part", "part", "target"), ("sky", "bird"), (0, 1), (2, 3))
    encoders = Encoders((NumberEncoder(Column("x", "x", "input")),), (encoder,))
    objective = Objective(
        (Term("CrossEntropyLoss", torch.nn.CrossEntropyLoss(), 1.0, False),), encoders.targets()
    )
    values = torch.tensor([[[0, 1, 1], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]])
    scores = torch.nn.functional.one_hot(values, 2).float()
    answers = Answers(objective, encoders, {"part": Prediction(values, scores, True)})
    assert answers.columns() == {"part.sky": [4, 0], "part.bird": [2, 6]}
    assert list(answers.documents()) == [
        {"pixels": {"part": {"sky": 4, "bird": 2}}},
        {"pixels": {"part": {"sky": 0, "bird": 6}}},
    ]
