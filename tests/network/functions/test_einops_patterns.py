from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Literal

import einops
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx

from nncli.errors import NncliError, SpecError
from nncli.network.calls.arguments import EMPTY_SCOPE
from nncli.network.functions.einops_patterns import parse_pattern
from nncli.network.functions.rearranging import rearrange
from nncli.network.graph.values import Value
from nncli.spec.items import Argument, Rearrangement
from tests.network.flowing import LINE, PLACE, Flow, told

FUZZED = int(os.environ.get("NNCLI_TORTURE", "500"))
X = torch.randn(2, 6, 4, 8, generator=torch.Generator().manual_seed(0))
MASK = torch.tensor([[1, 1, 0, 0, 0, 0], [1] * 6]).bool()
Verb = Literal["rearrange", "reduce", "repeat_axis"]


def item(verb: Verb, pattern: str, reduction: str | None = None, **sizes: Any) -> Rearrangement:
    place = replace(PLACE, text=LINE + pattern)
    return Rearrangement(
        verb, pattern, place, reduction, {name: Argument(size, place) for name, size in sizes.items()}
    )


def run(what: Rearrangement, x: torch.Tensor = X, **facts: Any) -> tuple[Value, Any]:
    made = Flow(x=x, mask=MASK)
    made.record("x", **facts)
    if facts.get("time") is not None:
        made.record("x", mask=made.one("mask"))
    result = rearrange(what, made.one("x"), (made.tape, EMPTY_SCOPE), "network.0.rearrange")
    return result, made.ran(result)


def refused(what: Rearrangement, x: torch.Tensor = X) -> tuple[str, int, str]:
    with pytest.raises(SpecError) as caught:
        run(what, x)
    return told(caught.value)


@pytest.mark.parametrize(
    "what",
    [
        item("rearrange", "b c h w -> b h w c"),
        item("rearrange", "b c (h p) w -> b (c p) h w", p=2),
        item("rearrange", "b (g c) h w -> b g c h w", g=3, c=2),
        item("rearrange", "b ... w -> b w ..."),
        item("rearrange", "b c h w -> b (c h w)"),
        item("rearrange", "  b   c h w->b 1 c (h w)  "),
        item("rearrange", "b c h (w 1) -> b c h w ()"),
        item("reduce", "b c h w -> b c", "mean"),
        item("reduce", "b c (h p) (w q) -> b c h w", "max", p=2, q=4),
        item("reduce", "b c ... -> b c", "sum"),
        item("reduce", "b c h w -> b 1 h w", "min"),
        item("reduce", "b c h w -> b h w", "prod"),
        item("repeat_axis", "b c h w -> b c (h n) w", n=2),
        item("repeat_axis", "b c h w -> b t c h w", t=3),
    ],
    ids=lambda what: what.pattern,
)
def test_an_item_gives_what_einops_gives(what: Rearrangement) -> None:
    sizes = {name: argument.value for name, argument in what.sizes.items()}
    function: Any = {"rearrange": einops.rearrange, "reduce": einops.reduce, "repeat_axis": einops.repeat}[
        what.verb
    ]
    more = (what.reduction,) if what.reduction else ()
    assert torch.equal(run(what)[1], function(X, what.pattern, *more, **sizes))


@pytest.mark.parametrize(
    ("what", "channels", "time", "has_mask"),
    [
        (item("rearrange", "b t h w -> b w h t"), 1, 3, True),
        (item("rearrange", "b t h w -> b t (h w)"), 2, 1, True),
        (item("rearrange", "b (t p) h w -> b t (p h) w", p=2), 3, None, False),
        (item("rearrange", "b t h w -> (b t) h w"), 2, 1, False),
        (item("rearrange", "b t h w -> t b h w"), 3, 0, False),
        (item("rearrange", "b ... w -> b w ..."), 1, 2, True),
        (item("rearrange", "b t h w -> b t 1 h w"), 4, 1, True),
        (item("reduce", "b t h w -> b t w", "mean"), 2, 1, True),
        (item("reduce", "b t h w -> b w", "mean"), 1, None, False),
        (item("repeat_axis", "b t h w -> b t h w n", n=2), 3, 1, True),
        (item("repeat_axis", "b t h w -> b (t n) h w", n=2), 3, None, False),
    ],
    ids=lambda value: value.pattern if isinstance(value, Rearrangement) else "",
)
def test_axes_and_mask_follow_the_pattern(
    what: Rearrangement, channels: int | None, time: int | None, has_mask: bool
) -> None:
    result, _ = run(what, channels=3, time=1)
    assert (result.channels, result.time, result.mask is not None) == (channels, time, has_mask)


@pytest.mark.parametrize(
    ("reduction", "of_row"),
    [
        ("mean", lambda row: row.mean((0, 1))),
        ("max", lambda row: row.amax((0, 1))),
        ("min", lambda row: row.amin((0, 1))),
        ("sum", lambda row: row.sum((0, 1))),
        ("prod", lambda row: row.prod(0).prod(0)),
    ],
)
def test_time_is_reduced_over_its_valid_steps(reduction: str, of_row: Any) -> None:
    padded = X.masked_fill(~MASK[:, :, None, None], 1e6)
    for what in (
        item("reduce", "b t h w -> b w", reduction),
        item("reduce", "b t h w -> b w", reduction, t=6),
    ):
        _, result = run(what, padded, channels=3, time=1)
        assert torch.allclose(result, torch.stack([of_row(X[0, :2]), of_row(X[1])]), atol=1e-5)


def test_einops_is_traced_by_compile_and_export_for_any_batch() -> None:
    made = Flow(x=X)
    where = (made.tape, EMPTY_SCOPE)
    value = rearrange(item("rearrange", "b c (h p) w -> b (c p) h w", p=2), made.one("x"), where, "")
    value = rearrange(item("reduce", "b c h w -> b c", "mean"), value, where, "")
    value = rearrange(item("repeat_axis", "b c -> b c n", n=3), value, where, "")
    made.tape.graph.output(value.node)
    module = fx.GraphModule(made.tape.root, made.tape.graph)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    assert torch.equal(compiled(X), module(X))
    exported = torch.export.export(module, (X,), dynamic_shapes=({0: torch.export.Dim("batch")},)).module()
    assert torch.equal(exported(X.repeat(3, 1, 1, 1)), module(X).repeat(3, 1, 1))


@pytest.mark.parametrize(
    ("what", "code", "column", "words"),
    [
        (item("rearrange", "b c h w"), "pattern-syntax", 8, "`->` is missing"),
        (item("rearrange", "b c -> c -> b"), "pattern-syntax", 10, "`->` stands once"),
        (item("rearrange", "b (c h w -> b c"), "pattern-syntax", 10, "outside of brackets"),
        (item("rearrange", "b c h w -> b (c h w"), "pattern-syntax", 20, "a bracket is not closed"),
        (item("rearrange", "b c) h w -> b"), "pattern-syntax", 4, "was not opened"),
        (item("rearrange", "b ((c) h) w -> b"), "pattern-syntax", 4, "brackets hold no brackets"),
        (item("rearrange", "b c c w -> b c w"), "pattern-syntax", 5, "`c` stands twice"),
        (item("rearrange", "b 3 h w -> b h w"), "pattern-syntax", 3, "a number is no axis"),
        (item("rearrange", "b in h w -> b h w in"), "pattern-syntax", 3, "`in` cannot be the name"),
        (item("rearrange", "b pattern_ h w -> b"), "pattern-syntax", 3, "cannot be the name"),
        (item("reduce", "b tensor h w -> b", "sum"), "pattern-syntax", 3, "cannot be the name"),
        (item("rearrange", "b, c -> c b"), "pattern-syntax", 2, "`,` does not belong here"),
        (item("rearrange", "b (c ...) -> b c"), "pattern-syntax", 6, "outside of brackets"),
        (item("rearrange", "b c h w -> b c h v"), "pattern-syntax", 18, "`v` does not stand on the left"),
        (item("rearrange", "b c h w -> b c h"), "pattern-syntax", 7, "`reduce` takes axes away"),
        (item("repeat_axis", "b c h w -> b c h w n"), "pattern-syntax", 20, "needs its size: `n: 2`"),
        (
            item("rearrange", "b c h -> b h c"),
            "pattern-axes",
            1,
            "`b c h` names 3 axes, but [batch, 6, 4, 8] has 4",
        ),
        (item("rearrange", "b c h w v ... -> b ... c h w v"), "pattern-axes", 1, "5 axes at least"),
        (
            item("rearrange", "b c (h p) w -> b c h p w", p=3),
            "pattern-size",
            6,
            "4 from x does not divide by 3",
        ),
        (item("rearrange", "b c (h p) w -> b c h p w"), "pattern-size", 6, "give the other: `p: 2`"),
        (item("rearrange", "b c h w -> b h w c", w=5), "pattern-size", 7, "it is 5, and 8 arrive from x"),
        (item("rearrange", "b 1 h w -> b h w"), "pattern-size", 3, "it is 1, and 6 arrive"),
        (
            item("rearrange", "b hight h w -> b h w hight", higth=5),
            "pattern-size",
            1,
            "did you mean `hight`?",
        ),
        (item("rearrange", "b c h w -> b h w c", w=0), "pattern-size", 1, "a whole number from 1"),
        (item("rearrange", "b c h w -> b h w c", w="8"), "pattern-size", 1, "its size is `8`"),
    ],
    ids=lambda value: value.pattern if isinstance(value, Rearrangement) else "",
)
def test_a_mistake_is_told_at_its_column(what: Rearrangement, code: str, column: int, words: str) -> None:
    found = refused(what)
    assert found[:2] == (code, column)
    assert words in found[2]


def test_a_mean_of_whole_numbers_is_told_in_einops_words() -> None:
    assert refused(item("reduce", "b c h w -> b", "mean"), X.long())[0] == "call-refused"


@given(st.lists(st.sampled_from([*"bchwp1() ", "->", "...", "_", "é", "2"]), max_size=18).map(" ".join))
@settings(max_examples=FUZZED, deadline=None)
def test_what_is_parsed_einops_takes_too(pattern: str) -> None:
    try:
        parse_pattern(pattern, PLACE, "")
        run(item("rearrange", pattern, p=2))
    except NncliError as error:
        assert told(error)[0] != "call-refused"
