"""Each row of a padded batch gets what it gets alone, and it is seen where a mask goes."""

from __future__ import annotations

import torch
from pytest import mark
from torch import Tensor, nn

from nncli.network.compiled import CompiledNetwork
from tests.network.compiled import compiled, refusals

STEPS = 7
LENGTHS = (7, 5, 3)
TOKENS = "tokens: {shape: [7], type: index, vocabulary: 11, mask: true}"
OTHER = "other: {shape: [7], type: index, vocabulary: 9, mask: true}"
TO_CONV = "Embedding: 6, rearrange: b t c -> b c t"
SPECTROGRAM = "Embedding: 6, {unsqueeze: 1}, Conv2d: [3, 3, stride: 2, padding: 1]"
TRANSFORMER = "Transformer: {nhead: 2, num_encoder_layers: 1, num_decoder_layers: 1, dim_feedforward: 8}"
TO_STEPS = "{rearrange: b c t -> b t c}"
BOTH_WAYS = "GRU: [4, bidirectional: true]"
TWO = "{Embedding: 6, from: tokens, name: a}, {Embedding: 6, from: other, name: b}"


def _masks(rows: int = 3) -> Tensor:
    return torch.arange(STEPS) < torch.tensor(LENGTHS[:rows])[:, None]


def _padded(network: CompiledNetwork, seed: int) -> list[Tensor]:
    """Draws inputs; `seed` draws what stands in the padding, the rest is always the same."""
    given = []
    for name, spec in network.inputs.items():
        if name.endswith(".mask"):
            given.append(_masks())
            continue
        drawn = []
        for each in (1, seed):
            generator = torch.Generator().manual_seed(each)
            if spec.type == "index":
                drawn.append(torch.randint(spec.vocabulary or 2, (3, *spec.shape), generator=generator))
            else:
                drawn.append(torch.randn(3, *spec.shape, generator=generator))
        valid = _masks().view(3, STEPS, *[1] * (len(spec.shape) - 1))
        given.append(torch.where(valid, *drawn))
    return given


def _pair(layers: str, inputs: str = TOKENS) -> tuple[CompiledNetwork, CompiledNetwork]:
    """Compiles layers with masks, and the same with the same weights for rows without padding."""
    torch.manual_seed(0)
    masked, plain = compiled(layers, inputs), compiled(layers, inputs.replace(", mask: true", ""))
    plain.module.load_state_dict(masked.module.state_dict())
    for network in (masked, plain):
        network.module.eval()
    return masked, plain


def _require_each_row_as_alone(layers: str, inputs: str = TOKENS) -> CompiledNetwork:
    masked, plain = _pair(layers, inputs)
    given = _padded(masked, 2)
    result = masked.module(*given)
    other = masked.module(*_padded(masked, 3))
    tensors = [x for x, name in zip(given, masked.inputs, strict=True) if not name.endswith(".mask")]
    for row, length in enumerate(LENGTHS):
        alone = plain.module(*(x[row : row + 1, :length] for x in tensors))[0]
        kept = tuple(slice(0, size) for size in alone.shape)
        torch.testing.assert_close(result[row][kept], alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(result[row][kept], other[row][kept], rtol=0, atol=1e-6)
    return masked


@mark.parametrize(
    "layers",
    [
        "Embedding: 6, SelfAttention: 2",
        "Embedding: 6, SelfAttention: {heads: 2, causal: true, rotary: false}, Linear: 3",
        "Embedding: 6, MultiheadAttention: 2",
        "Embedding: 6, TransformerEncoderLayer: [2, 12], TransformerEncoderLayer: [2, 12]",
        "Embedding: 6, {residual: [LayerNorm, SelfAttention: 2]}, {residual: [LayerNorm, Linear: 6, GELU]}",
        "Embedding: 6, {residual: [SelfAttention: 2], repeat: 2}, {reduce: [b t c -> b c, mean]}",
        "Embedding: 6, PositionEmbedding, {compute: x * 2 + 1}, {take: last, ReLU: }",
        "Embedding: 6, Linear: 1, Flatten, Softmax: 1",
        "Embedding: 6, Linear: 1, {flatten: 1}, Softmax: 1",
        "Embedding: 6, {compute: 'transpose(x, 1, 2) @ x'}",
        "Embedding: 6, LSTM: 4",
        "Embedding: 6, {LSTM: [4, num_layers: 2], take: last}",
        "Embedding: 6, {LSTM: [4, num_layers: 2, bidirectional: true], take: last}",
        "Embedding: 6, {GRU: [4, bidirectional: true], take: last}",
        "Embedding: 6, RNN: [4, bidirectional: true], {mean: 1}",
        "Embedding: 6, {GRU: 4, name: g}, {compute: 'g.state[0]'}",
        "Embedding: 6, {RNN: [4, bidirectional: true], name: r}, {compute: 'r.hidden[1] + r.last[:, 4:]'}",
        "Embedding: 6, {LSTM: 4, name: l}, {compute: 'l.hidden[0] * l.cell[0]'}",
        "Embedding: 6, {residual: [LSTM: 6]}, {GRU: 5, take: last}",
        f"{TO_CONV}, Conv1d: [4, 3, padding: 1]",
        f"{TO_CONV}, Conv1d: [4, 3, padding: same], ReLU, Conv1d: [4, 3, dilation: 2, padding: same]",
        f"{TO_CONV}, Conv1d: [4, 3, stride: 2, padding: 1], BatchNorm1d, ReLU, AdaptiveMaxPool1d: 1",
        f"{TO_CONV}, Conv1d: [4, 2], Conv1d: [4, 2, padding: valid], AdaptiveAvgPool1d: 1, Flatten",
        f"{TO_CONV}, MaxPool1d: [3, 1, 1], {{mean: {{dim: 2}}}}",
        f"{TO_CONV}, AvgPool1d: 2, {{mean: {{dim: 2}}}}",
        f"{TO_CONV}, MaxPool1d: 2, {TO_STEPS}, {{GRU: 4, take: last}}",
        f"{TO_CONV}, ZeroPad1d: [[2, 0]], Conv1d: [4, 3], {TO_STEPS}, {{take: last, ReLU: }}",
        f"{TO_CONV}, {{pad: [[2, 0]]}}, Conv1d: [4, 3], {{amax: 2}}",
        f"{TO_CONV}, ConvTranspose1d: [4, 3, stride: 2], {{mean: -1}}",
        f"{TO_CONV}, Upsample: {{scale_factor: 2}}, {{mean: 2}}",
        f"{SPECTROGRAM}, {{rearrange: b c t f -> b t (c f)}}, {{GRU: 4, take: last}}",
    ],
)
def test_layers(layers: str) -> None:
    _require_each_row_as_alone(layers)


REDUCTIONS = """
    mean: 1 | mean: [1, true] | mean: [[1, 2]] | amax: 1 | amax: {dim: 1, keepdim: true} | sum: 1
    sum: {dim: [1, 2]} | min: 1 | max: 1 | argmax: 1 | prod: 1 | logsumexp: 1 | norm: {dim: 1} | std: 1
    var: {dim: 1, correction: 0} | std: [1, false] | topk: {k: 2, dim: 1}
    softmax: 1 | Softmax: 1 | log_softmax: 1 | LogSoftmax: 1 | Softmin: 1 | normalize: {dim: 1}
    reduce: [b t c -> b c, mean] | reduce: [b t c -> b c, sum]
    reduce: [b t c -> b, mean] | reduce: [b t c -> b, min] | reduce: [b t c -> b t, mean]
    reduce: [b ... c -> b c, mean] | reduce: [b t c -> b () c, max] | repeat_axis: [b t c -> b t k c, k: 2]
    unsqueeze: 2 | cumsum: 1 | compute: 'mean(x[:, 1:], 1)' | compute: 'x[..., 0]'
    compute: 'mean(where(x > 0, x, 0 - x), 1)' | einsum: btc->bct
"""


@mark.parametrize("item", [each.strip() for each in REDUCTIONS.replace("\n", "|").split("|") if each.strip()])
def test_functions(item: str) -> None:
    _require_each_row_as_alone(f"Embedding: 6, {{{item}}}")


@mark.parametrize(
    "text",
    [
        "sum(x, 1) / tokens.length[:, none]",
        "sum(x * x.mask[:, :, none], 1) / x.length[:, none]",
    ],
)
def test_mask_and_length_are_values(text: str) -> None:
    network = compiled(f"Embedding: 6, {{compute: '{text}'}}", TOKENS)
    mean = compiled("Embedding: 6, {mean: 1}", TOKENS)
    mean.module.load_state_dict(network.module.state_dict())
    given = _padded(mean, 2)
    torch.testing.assert_close(network.module(*given), mean.module(*given))


@mark.parametrize(
    "layers",
    [
        f"{TWO}, {{CrossAttention: 2, from: {{x: b, memory: a}}}}",
        f"{TWO}, {{TransformerDecoderLayer: [2, 8], from: [b, a]}}",
        f"{TWO}, {{MultiheadAttention: 2, from: [b, a, a]}}, {{mean: 1}}",
        f"{TWO}, {{{TRANSFORMER}, from: [a, b]}}, {{mean: 1}}",
        f"{TWO}, {{{BOTH_WAYS}, from: a, name: g}}, {{{BOTH_WAYS}, from: [b, g.state]}}, {{mean: 1}}",
        f"{TWO}, {{cat: {{dim: 2}}, from: [a, b]}}, {{mean: 1}}",
        f"{TWO}, {{compute: a * b}}, {{LSTM: 3, take: last}}",
    ],
)
def test_two_sequences(layers: str) -> None:
    _require_each_row_as_alone(layers, f"{TOKENS}, {OTHER}")


def test_recurrent_layers_are_torchs_on_rows_without_padding() -> None:
    network, _ = _pair(
        "{Embedding: 6, name: e}, {LSTM: [4, num_layers: 2, bidirectional: true], name: l, take: last}"
    )
    tokens, mask = _padded(network, 2)
    embedding, lstm = network.module.get_submodule("e"), network.module.get_submodule("l")
    assert isinstance(lstm, nn.LSTM)
    result = network.module(tokens, mask)
    for row, length in enumerate(LENGTHS):
        _, (hidden, _) = lstm(embedding(tokens[row : row + 1, :length]))
        torch.testing.assert_close(result[row], torch.cat((hidden[-2, 0], hidden[-1, 0])))


def test_attention_is_torchs_with_its_own_padding_mask() -> None:
    network, _ = _pair("{Embedding: 6, name: e}, {MultiheadAttention: 2, name: m}")
    tokens, mask = _padded(network, 2)
    embedded = network.module.get_submodule("e")(tokens)
    expected, _ = network.module.get_submodule("m")(embedded, embedded, embedded, key_padding_mask=~mask)
    torch.testing.assert_close(network.module(tokens, mask), expected)


def test_numbers_with_a_mask_have_their_steps_first() -> None:
    _require_each_row_as_alone("{GRU: 4, take: last}", "series: {shape: [7, 3], mask: true}")
    [(code, facts)] = refusals("Conv1d: [4, 3]", "series: {shape: [7, 3], mask: true}")
    assert code == "wrong-axis" and "b t c -> b c t" in str(facts["fix"])


def test_what_counts_padding_as_zeros_does_not_depend_on_what_stands_there() -> None:
    ends = ("Flatten", "{flatten: 1}", "{reshape: [-1, 42]}", "{rearrange: b t c -> b (t c)}")
    convs = ("GroupNorm: 2", "InstanceNorm1d", "AdaptiveAvgPool1d: 2", "AdaptiveMaxPool1d: 3", "Linear: 7")
    for layers in (*(f"Embedding: 6, {end}" for end in ends), *(f"{TO_CONV}, {conv}" for conv in convs)):
        network, _ = _pair(layers)
        one, other = (network.module(*_padded(network, seed)) for seed in (2, 3))
        assert one.isfinite().all() and torch.equal(one[..., :2], other[..., :2]), layers
        assert torch.equal(network.module(*_padded(network, 2)), one)


def test_batch_norm_in_training_does_not_depend_on_what_stands_in_the_padding() -> None:
    network, _ = _pair(f"{TO_CONV}, BatchNorm1d, {{mean: 2}}")
    network.module.train()
    one, other = (network.module(*_padded(network, seed)) for seed in (2, 3))
    torch.testing.assert_close(one, other)


@mark.parametrize(
    ("layers", "where"),
    [
        ("Embedding: 6, LayerNorm, Linear: 4, Dropout: 0.1, ReLU", ["tokens.mask"] * 5),
        ("Embedding: 6, {mean: 1}, Linear: 2", ["tokens.mask", "", ""]),
        (f"{TO_CONV}, Conv1d: [4, 3, stride: 2], ReLU", ["tokens.mask"] * 4),
        (f"{TO_CONV}, AdaptiveAvgPool1d: 2", ["tokens.mask", "tokens.mask", ""]),
        (f"{TO_CONV}, MaxPool1d: {{kernel_size: 2, ceil_mode: true}}", ["tokens.mask", "tokens.mask", ""]),
        ("Embedding: 6, {rearrange: b t c -> (b t) c}, {reshape: [-1, 7, 6]}", ["tokens.mask", "", ""]),
        ("Embedding: 6, {cat: {dim: 1}, from: [x, x]}", ["tokens.mask", ""]),
        ("Embedding: 6, {cat: {dim: 2}, from: [x, x]}", ["tokens.mask", "tokens.mask"]),
        ("Embedding: 6, {flip: [[1]]}", ["tokens.mask", ""]),
        ("Embedding: 6, {flip: [[2]]}", ["tokens.mask", "tokens.mask"]),
        ("Embedding: 6, {transpose: [1, 2]}, {transpose: [2, 1]}", ["tokens.mask"] * 3),
        ("Embedding: 6, {permute: [0, 2, 1]}, {movedim: [1, 2]}", ["tokens.mask"] * 3),
        ("Embedding: 6, Unflatten: [2, [2, 3]], Flatten: 2", ["tokens.mask"] * 3),
        ("Embedding: 6, {reshape: [-1, 7, 2, 3]}", ["tokens.mask"] * 2),
        ("Embedding: 6, {from: {mask: none}, ReLU: }", ["tokens.mask", ""]),
    ],
)
def test_where_a_mask_goes_is_seen(layers: str, where: list[str]) -> None:
    assert [call.mask for call in compiled(layers, TOKENS).calls] == where


def test_a_mask_stays_behind_steps_put_in_front() -> None:
    layers = (
        "{Embedding: 6, name: e}, {Parameter: [1, 1, 6], name: start}, "
        "{compute: 'expand(start, [batch, 1, 6])', name: s}, {cat: {dim: 1}, from: [s, e]}, "
        "SelfAttention: 2, {GRU: [4, bidirectional: true], take: last}"
    )
    _require_each_row_as_alone(layers)


def test_an_input_with_a_mask_makes_two_arguments() -> None:
    network = compiled("Embedding: 6, {mean: 1}", TOKENS)
    assert list(network.inputs) == ["tokens", "tokens.mask"]
    assert network.inputs["tokens.mask"].shape == (7,) and network.inputs["tokens.mask"].type == "mask"
    assert "def forward(self, tokens, tokens_mask):" in str(network.module.code)
    assert list(compiled("Embedding: 6, ReLU", TOKENS).inputs) == ["tokens"], "nobody uses it"


def test_without_a_mask_nothing_is_added() -> None:
    plain = TOKENS.replace(", mask: true", "")
    layers = f"{TO_CONV}, Conv1d: [4, 3], MaxPool1d: 2, Softmax: 2, {{mean: 2}}"
    nodes = [node for node in compiled(layers, plain).module.graph.nodes if node.op.startswith("call")]
    assert len(nodes) == 6


@mark.parametrize(
    "item", ["{mean: 1, from: {mask: none}}", "{SelfAttention: 2, from: {mask: none}}, {mean: 1}"]
)
def test_opting_out(item: str) -> None:
    network, plain = _pair(f"Embedding: 6, {item}")
    tokens = _padded(compiled("Embedding: 6, {mean: 1}", TOKENS), 2)[0]
    assert list(network.inputs) == ["tokens"]
    torch.testing.assert_close(network.module(tokens), plain.module(tokens))


def test_a_mask_made_by_an_expression() -> None:
    attention = "{SelfAttention: 2, from: {mask: m}}, {mean: 1}"
    layers = f"{{compute: tokens != 0, name: m}}, {{Embedding: 6, from: tokens}}, {attention}"
    network, masked = (
        compiled(layers, TOKENS.replace(", mask: true", "")),
        compiled("Embedding: 6, SelfAttention: 2, {mean: 1}", TOKENS),
    )
    masked.module.load_state_dict(network.module.state_dict())
    tokens = torch.randint(1, 11, (3, STEPS)).masked_fill(~_masks(), 0)
    torch.testing.assert_close(network.module(tokens), masked.module(tokens, _masks()))


@mark.parametrize(
    ("layers", "code"),
    [
        ("Embedding: 6, {SelfAttention: 2, from: {mask: tokens}}", "mask-form"),
        ("EmbeddingBag: 4", "padding-counted"),
        ("Embedding: 6, {median: {dim: 1}}", "padding-counted"),
        ("Embedding: 6, {std: [[1, 2]]}", "padding-counted"),
        ("Embedding: 6, {mean: 1, name: m}, {compute: m * m.length}", "mask-missing"),
    ],
)
def test_what_is_no_mask_is_refused(layers: str, code: str) -> None:
    assert [found for found, _ in refusals(layers, TOKENS)] == [code]


@mark.parametrize("mode", ["mean", "max", "sum"])
def test_a_bag_leaves_padding_out(mode: str) -> None:
    network, plain = _pair(f"EmbeddingBag: [4, mode: {mode}, padding_idx: 0]")
    tokens, mask = _padded(network, 2)
    for row, length in enumerate(LENGTHS):
        alone = plain.module(tokens[row : row + 1, :length])[0]
        torch.testing.assert_close(network.module(tokens, mask)[row], alone)


@mark.parametrize(
    "layers",
    [
        "Embedding: 6, TransformerEncoderLayer: [2, 12, dropout: 0], {mean: 1}",
        "Embedding: 6, MultiheadAttention: 2, {std: 1}",
        f"{TO_CONV}, Conv1d: [4, 3, padding: 1], MaxPool1d: 2, AdaptiveMaxPool1d: 1, Flatten, LayerNorm",
        "Embedding: 6, {Linear: 1, name: s}, Softmax: 1, {amax: 1}",
        "Embedding: 6, {GRU: [4, bidirectional: true], take: last}",
    ],
)
def test_a_row_without_a_valid_step_leaves_results_and_gradients_finite(layers: str) -> None:
    network = compiled(layers, TOKENS)
    mask = _masks()
    mask[1] = False
    result = network.module(torch.randint(11, (3, STEPS)), mask)
    result.square().sum().backward()
    assert result.isfinite().all()
    assert all(
        weight.grad.isfinite().all() for weight in network.module.parameters() if weight.grad is not None
    )


@mark.parametrize(
    "layers",
    [
        "Embedding: 6, SelfAttention: 2, {take: last, ReLU: }",
        "Embedding: 6, TransformerEncoderLayer: [2, 12, dropout: 0], {max: 1}",
        f"{TO_CONV}, Conv1d: [4, 3, stride: 2], ConvTranspose1d: [4, 3], AdaptiveMaxPool1d: 1, Flatten",
        f"{TO_CONV}, MaxPool1d: 2, {TO_STEPS}, Softmax: 1, {{reduce: [b t c -> b c, max]}}",
        "Embedding: 6, {LSTM: [4, num_layers: 2], take: last}",
    ],
)
def test_it_compiles_whole_and_leaves_by_export(layers: str) -> None:
    network = compiled(layers, TOKENS)
    given = _padded(network, 2)
    network.module.eval()
    rows = torch.export.Dim("rows", min=2)
    program = torch.export.export(
        network.module, tuple(given), dynamic_shapes=tuple({0: rows} for _ in given)
    )
    more = [torch.cat((each, each[:2])) for each in given]
    torch.testing.assert_close(program.module()(*more), network.module(*more))
    # torch's compiler follows no recurrent layer at all.
    if "LSTM" not in layers:
        whole = torch.compile(network.module, fullgraph=True, backend="eager")
        torch.testing.assert_close(whole(*given), network.module(*given))


def test_rows_are_packed_only_where_a_result_depends_on_it() -> None:
    one_way = str(compiled("Embedding: 6, {LSTM: 4, take: last}", TOKENS).module.code)
    state = str(compiled("Embedding: 6, {LSTM: 4, name: l}, {compute: 'l.hidden[0]'}", TOKENS).module.code)
    both_ways = str(
        compiled("Embedding: 6, {LSTM: [4, bidirectional: true], take: last}", TOKENS).module.code
    )
    assert ["pack_padded" in code for code in (one_way, state, both_ways)] == [False, True, True]
