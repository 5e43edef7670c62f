from __future__ import annotations

import pytest
from torch import fx

from nncli.objectives.recipes import CompiledRecipe
from nncli.objectives.rows_at_once import row_bytes, rows_at_once
from tests.objectives.test_recipes import recipes
from tests.objectives.update_specs import GAN

MADE = """
predict:
  made: {{compute: {{image: "generator(randn(batch, 4))", more: "{more}"}}, outputs: [more]}}
"""


def recipe(more: str) -> CompiledRecipe:
    return recipes(GAN + MADE.format(more=more))[1]["made"]


def test_what_is_alive_at_once_counts() -> None:
    graph = fx.Graph()
    first = graph.placeholder("first")
    first.meta["shape"] = (2, 10)
    wide = graph.call_function(abs, (first,))
    wide.meta["shape"] = (2, 100)
    narrow = graph.call_function(abs, (wide,))
    narrow.meta["shape"] = (2, 1)
    again = graph.call_function(abs, (narrow,))
    again.meta["shape"] = (2, 99)
    graph.output(again)
    # 10 and 100 numbers of four bytes, and then 100 and 1: nothing else is needed at the same time.
    assert row_bytes(fx.GraphModule({}, graph)) == 4 * 110


@pytest.mark.parametrize(
    ("more", "rows"),
    [
        ("image", 256),
        ("expand(image, [batch, 8192, 8, 8])", 128),
        ("randn(batch, 1000000) * 2", 64),
        ("randn(batch, 16000000) * 2", 4),
    ],
)
def test_large_rows_are_made_a_few_at_a_time(more: str, rows: int) -> None:
    made = recipe(more)
    assert made.rows_at_once == rows == rows_at_once([made.round.module])
