"""What inferred sizes hide is a mistake with the line to type; `join: cat` knows its axis."""

from __future__ import annotations

import torch
from pytest import mark

from tests.network.compiled import IMAGE, ROW, TOKENS, codes, compiled, refusals, rows

SERIES = "series: [12, 9]"
CONV = "Embedding: 6, {rearrange: b t c -> b c t}, Conv1d: [4, 3]"
FIRST = [
    "Conv1d: [4, 3]", "BatchNorm1d", "InstanceNorm1d", "AdaptiveAvgPool1d: 1", "MaxPool1d: 2",
    "GroupNorm: 2", "ZeroPad1d: [[1, 1]]", "Dropout1d: 0.1", "Upsample: {scale_factor: 2}",
]  # fmt: skip
TO_CHANNELS = "- rearrange: b t c -> b c t"
TO_STEPS = "- rearrange: b c t -> b t c"
PIXELS = "{rearrange: b c h w -> b (h w) c}"
LAST = "{rearrange: b c h w -> b h w c}"


@mark.parametrize(
    "layer",
    FIRST,
)
@mark.parametrize("before", ["Embedding: 6", "Embedding: 6, LSTM: 4", "Embedding: 6, SelfAttention: 2, GELU"])
def test_channels_first_after_steps_first(before: str, layer: str) -> None:
    [(code, facts)] = refusals(f"{before}, {layer}", TOKENS)
    assert code == "wrong-axis" and TO_CHANNELS in str(facts["fix"]) and "(line 3)" in str(facts["source"])
    assert compiled(f"{before}, {{{TO_CHANNELS[2:]}}}, {layer}", TOKENS)


@mark.parametrize("layer", ["LSTM: 4", "SelfAttention: 2", "TransformerEncoderLayer: [2, 8]", "LayerNorm"])
@mark.parametrize(
    "between", ["ReLU", "BatchNorm1d", "MaxPool1d: 2", "{residual: [Conv1d: [4, 1]]}", "{gelu: }"]
)
def test_steps_first_after_channels_first(between: str, layer: str) -> None:
    [(code, facts)] = refusals(f"{CONV}, {between}, {layer}", TOKENS)
    assert code == "wrong-axis" and TO_STEPS in str(facts["fix"])
    assert compiled(f"{CONV}, {between}, {{{TO_STEPS[2:]}}}, {layer}", TOKENS)


@mark.parametrize(
    ("layers", "inputs", "code", "fix"),
    [
        (f"{CONV}, Linear: 3", TOKENS, "wrong-axis", "- Flatten"),
        (f"{CONV}, Linear: 3", TOKENS, "wrong-axis", TO_STEPS),
        (f"{CONV}, GLU", TOKENS, "wrong-axis", "`GLU: {dim: 1}`"),
        ("Conv2d: [4, 3], GLU", IMAGE, "wrong-axis", "`GLU: {dim: 1}`"),
        ("Conv2d: [4, 3], Linear: 3", IMAGE, "wrong-axis", "- Flatten"),
        ("Conv2d: [4, 3], LayerNorm", IMAGE, "wrong-axis", "normalized_shape: [4, 6, 6]"),
        ("Conv2d: [4, 3], LSTM: 4", IMAGE, "input-dimensions", "b c h w -> b w (c h)"),
        ("Conv2d: [4, 3], SelfAttention: 2", IMAGE, "input-dimensions", "b c h w -> b (h w) c"),
        ("Conv2d: [4, 3], Flatten: 2, LSTM: 4", IMAGE, "wrong-axis", TO_STEPS),
        (f"Conv2d: [4, 3], {LAST}, LayerNorm, Conv2d: [4, 3]", IMAGE, "wrong-axis", "b h w c -> b c h w"),
        ("Linear: 5, Conv1d: [3, 3]", SERIES, "wrong-axis", TO_CHANNELS),
        ("Conv1d: [4, 3], LSTM: 4", SERIES, "wrong-axis", TO_STEPS),
        ("BatchNorm1d, LSTM: 4", SERIES, "wrong-axis", TO_STEPS),
    ],
)
def test_the_wrong_axis_says_what_to_type(layers: str, inputs: str, code: str, fix: str) -> None:
    [(found, facts)] = refusals(layers, inputs)
    assert found == code and fix in str(facts["fix"])


def test_a_memory_with_its_steps_last_is_refused() -> None:
    inputs = f"{TOKENS}, series: [6, 20]"
    memory = "{Embedding: 6, from: tokens, name: q}, {Conv1d: [6, 3], from: series, name: m}"
    assert codes(f"{memory}, {{CrossAttention: 2, from: [q, m]}}", inputs) == ["wrong-axis"]
    turned = f"{memory}, {{{TO_STEPS[2:]}, name: t}}, {{CrossAttention: 2, from: [q, t]}}"
    assert compiled(turned, inputs).output_shape == (5, 6)


@mark.parametrize(
    ("layers", "inputs"),
    [
        ("LSTM: 4", SERIES),
        ("Conv1d: [4, 3]", SERIES),
        ("Dropout: 0.1, ReLU, Conv1d: [4, 3]", SERIES),
        ("LayerNorm, Linear: 4, GRU: 4", SERIES),
        ("BatchNorm1d, Conv1d: [4, 3]", SERIES),
        ("{residual: [Conv1d: [12, 3, padding: 1]]}, Conv1d: [3, 1]", SERIES),
        ("{residual: [Linear: 9]}, LSTM: 3", SERIES),
        (
            "{rearrange: b t c -> b c t}, Linear: 8, GELU, {residual: [Linear: 8]}, {gelu: }, Linear: 3",
            SERIES,
        ),
        (f"{CONV}, {{transpose: [1, 2]}}, LSTM: 4", TOKENS),
        (f"{CONV}, {{permute: [0, 2, 1]}}, LSTM: 4", TOKENS),
        (f"{CONV}, {{movedim: [1, 2]}}, LSTM: 4", TOKENS),
        (f"{CONV}, Flatten, Linear: 4", TOKENS),
        (f"{CONV}, GLU: 1, Conv1d: [2, 3]", TOKENS),
        (f"Conv2d: [4, 3], {PIXELS}, LayerNorm, SelfAttention: 2", IMAGE),
        ("Conv2d: [4, 3], Flatten: 2, {transpose: [1, 2]}, SelfAttention: 2, LayerNorm", IMAGE),
        ("Conv2d: [4, 3], {flatten: 2}, {transpose: [1, 2]}, SelfAttention: 2", IMAGE),
        (
            f"Conv2d: [4, 3], {LAST}, LayerNorm, {{rearrange: b h w c -> b c h w}}, Conv2d: [4, 3]",
            IMAGE,
        ),
        ("Conv2d: [4, 3], {mean: [[2, 3]]}, Linear: 3", IMAGE),
        ("Conv2d: [4, 3], {unsqueeze: 2}, {squeeze: 2}, Conv2d: [4, 3]", IMAGE),
        ("Linear: 6, {unflatten: [1, [2, 3]]}, LSTM: 4", ROW),
    ],
)
def test_what_is_meant_compiles_and_runs(layers: str, inputs: str) -> None:
    network = compiled(layers, inputs)
    assert network.module(*rows(network.inputs)).shape[1:] == network.output_shape


@mark.parametrize(
    ("branches", "inputs", "shape"),
    [
        ("a: [Conv2d: [4, 3, padding: 1]], b: []", IMAGE, (7, 8, 8)),
        ("a: [], b: [Conv2d: [4, 3, padding: 1]]", IMAGE, (7, 8, 8)),
        ("a: [Linear: 3], b: [Linear: 4]", ROW, (7,)),
        ("a: [LSTM: 4], b: []", SERIES, (12, 13)),
        ("a: [Conv1d: [4, 3, padding: 1]], b: []", SERIES, (16, 9)),
        ("a: [Embedding: 3], b: [Embedding: 4]", TOKENS, (5, 7)),
        ("a: [Flatten], b: [Flatten, Linear: 3]", IMAGE, (195,)),
        (f"a: [{PIXELS}], b: [{PIXELS}, Linear: 5]", IMAGE, (64, 8)),
        (f"a: [Conv2d: [4, 1], {LAST}], b: [Conv2d: [4, 1], {LAST}, Linear: 2]", IMAGE, (8, 8, 6)),
        ("a: [AdaptiveAvgPool2d: 1, Flatten], b: [Conv2d: [3, 3], {amax: [[2, 3]]}]", IMAGE, (6,)),
    ],
)
def test_branches_are_joined_along_their_channels(branches: str, inputs: str, shape: tuple[int, ...]) -> None:
    network = compiled(f"{{parallel: {{{branches}}}, join: cat}}", inputs)
    assert network.output_shape == shape
    assert network.module(*rows(network.inputs)).shape[1:] == shape


@mark.parametrize(
    ("branches", "inputs"),
    [
        ("a: [LSTM: 4], b: [Conv1d: [12, 3, padding: 1]]", SERIES),
        ("a: [Conv2d: [3, 1]], b: [Flatten]", IMAGE),
        ("a: [], b: []", SERIES),
    ],
)
def test_branches_that_disagree_are_asked_about(branches: str, inputs: str) -> None:
    assert codes(f"{{parallel: {{{branches}}}, join: cat}}", inputs) == ["join-axis"]


@mark.parametrize("take", ["hidden", "state", "last"])
def test_a_recurrent_layer_is_used_whichever_result_is_taken(take: str) -> None:
    text = "x" if take == "last" else f"g.{take}[-1]"
    taken = f"{{GRU: [4, num_layers: 2], take: {take}, name: g}}"
    network = compiled(f"Embedding: 6, {taken}, {{compute: '{text}'}}", TOKENS)
    tokens = torch.randint(11, (3, 5))
    embedded = network.module.get_submodule("embedding")(tokens)
    _, hidden = network.module.get_submodule("g")(embedded)
    torch.testing.assert_close(network.module(tokens), hidden[-1])
