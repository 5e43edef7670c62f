"""Attention is that of torch and of published networks, its masks hold together, and it leaves torch."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nncli.network.beyond_torch import attention
from nncli.network.beyond_torch.attention import CrossAttention, SelfAttention

BATCH, TIME, WIDTH, HEADS = 3, 7, 16, 4
# Rows with 7, 4 and 1 valid steps.
PADDING = torch.arange(TIME) < torch.tensor([[7], [4], [1]])
AHEAD = torch.ones(TIME, TIME, dtype=torch.bool).triu(1)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def _sequence(width: int = WIDTH, time: int = TIME) -> Tensor:
    return torch.randn(BATCH, time, width)


def _projections(layer: SelfAttention | CrossAttention) -> tuple[nn.Linear, ...]:
    return layer.query, layer.key, layer.value, layer.output


def _torchs(layer: SelfAttention) -> nn.MultiheadAttention:
    """Makes torch's own attention with the same weights; it stacks query, key and value."""
    query, key, value, output = _projections(layer)
    other = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    with torch.no_grad():
        other.in_proj_weight.copy_(torch.cat([query.weight, key.weight, value.weight]))
        other.in_proj_bias.copy_(torch.cat([query.bias, key.bias, value.bias]))
        other.out_proj.load_state_dict(output.state_dict())
    return other


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("mask", ["none", "bool", "float", "by row"])
def test_it_is_torchs_attention(causal: bool, padded: bool, mask: str) -> None:
    layer = SelfAttention(WIDTH, HEADS, causal=causal)
    x = _sequence()
    # The diagonal stays, so that every step may look somewhere in every mixture of masks.
    kept = (torch.rand(BATCH, TIME, TIME) > 0.3) | torch.eye(TIME, dtype=torch.bool)
    numbers = torch.randn(BATCH, HEADS, TIME, TIME)
    given = {"none": None, "bool": kept[0], "float": numbers, "by row": kept}[mask]
    # torch's masks of bool say what is left out, and its heads lie beside the rows.
    scores = torch.zeros(BATCH, HEADS, TIME, TIME)
    if mask == "float":
        scores = scores + numbers
    elif mask == "bool":
        scores = scores.masked_fill(~kept[0], -torch.inf)
    elif mask == "by row":
        scores = scores.masked_fill(~kept[:, None], -torch.inf)
    if causal:
        scores = scores.masked_fill(AHEAD, -torch.inf)
    valid = PADDING if padded else torch.ones_like(PADDING)
    scores = scores.masked_fill(~valid[:, None, None, :], -torch.inf).flatten(0, 1)
    expected, _ = _torchs(layer)(x, x, x, attn_mask=scores, need_weights=False)
    received = layer(x, given, PADDING if padded else None)
    torch.testing.assert_close(received[valid], expected[valid])


def test_what_is_padded_changes_nothing() -> None:
    layer = SelfAttention(WIDTH, HEADS)
    x = _sequence()
    padded = layer(x, mask=PADDING)
    torch.testing.assert_close(padded[1, :4], layer(x[1:2, :4])[0])


def _formula(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor, dropout_p: float, scale: float | None
) -> Tensor:
    """Attends by the plain formula, which is NaN where a step may look nowhere, as some kernels are."""
    assert dropout_p == 0 and scale is None
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    if attn_mask.dtype == torch.bool:
        attn_mask = torch.zeros_like(scores).masked_fill(~attn_mask, -torch.inf)
    return (scores + attn_mask).softmax(-1) @ value


@pytest.mark.parametrize("kernel", ["torch", "formula"])
@pytest.mark.parametrize("by", ["padding", "bool", "float", "causal"])
def test_a_step_that_may_look_nowhere_gets_zeros(
    by: str, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kernel == "formula":
        monkeypatch.setattr(attention.F, "scaled_dot_product_attention", _formula)
    layer = SelfAttention(WIDTH, HEADS, causal=by == "causal")
    x = _sequence().requires_grad_()
    nothing, empty = torch.ones(TIME, TIME, dtype=torch.bool), (slice(None), 2)
    nothing[2] = False
    if by == "padding":
        row, empty = PADDING & torch.tensor([[True], [False], [True]]), (1, slice(None))
        result = layer(x, mask=row)
    elif by == "causal":
        # Padded at the left, the first steps see nothing but padding.
        result = layer(x, mask=torch.arange(TIME).expand(BATCH, -1) > 2)
    else:
        numbers = torch.zeros(TIME, TIME).masked_fill(~nothing, -torch.inf)
        result = layer(x, nothing if by == "bool" else numbers)
    torch.testing.assert_close(result[empty], layer.output.bias.expand_as(result[empty]))
    result.sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in layer.parameters())
    assert x.grad is not None and x.grad.isfinite().all()


def test_memory_without_a_valid_step_gives_zeros() -> None:
    layer = CrossAttention(WIDTH, HEADS)
    mask = torch.tensor([True, False, True])[:, None].expand(-1, 5)
    result = layer(_sequence(), _sequence(time=5), memory_mask=mask)
    torch.testing.assert_close(result[1], layer.output.bias.expand(TIME, -1))


def test_cross_attention_is_torchs_attention() -> None:
    layer = CrossAttention(WIDTH, HEADS, memory_dim=10)
    other = nn.MultiheadAttention(WIDTH, HEADS, kdim=10, vdim=10, batch_first=True)
    query, key, value, output = _projections(layer)
    with torch.no_grad():
        for mine, name in ((query, "q"), (key, "k"), (value, "v")):
            getattr(other, f"{name}_proj_weight").copy_(mine.weight)
        other.in_proj_bias.copy_(torch.cat([query.bias, key.bias, value.bias]))
        other.out_proj.load_state_dict(output.state_dict())
    x, memory = _sequence(), _sequence(10, 5)
    valid = torch.arange(5) < torch.tensor([[5], [2], [1]])
    scores = torch.randn(TIME, 5)
    left_out = torch.zeros(BATCH, 5).masked_fill(~valid, -torch.inf)
    expected, _ = other(x, memory, memory, key_padding_mask=left_out, attn_mask=scores, need_weights=False)
    torch.testing.assert_close(layer(x, memory, scores, valid), expected)
    expected, _ = other(x, memory, memory, need_weights=False)
    torch.testing.assert_close(layer(x, memory), expected)


@pytest.mark.parametrize("head_dim", [None, 6])
def test_llamas_attention_loads_by_renaming(head_dim: int | None) -> None:
    transformers = pytest.importorskip("transformers")
    from transformers.models.llama import modeling_llama as llama

    config = transformers.LlamaConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, num_key_value_heads=2,
        head_dim=head_dim or WIDTH // HEADS,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0}, attn_implementation="eager",
    )  # fmt: skip
    other = llama.LlamaAttention(config, 0).eval()
    layer = SelfAttention(
        WIDTH, HEADS, kv_heads=2, head_dim=head_dim, causal=True, bias=False, rotary={"base": 500}
    )
    names = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "o_proj": "output"}
    layer.load_state_dict(
        {f"{names[key.split('.')[0]]}.weight": value for key, value in other.state_dict().items()}
    )
    x = _sequence()
    angles = llama.LlamaRotaryEmbedding(config)(x, torch.arange(TIME)[None])
    scores = torch.zeros(1, 1, TIME, TIME).masked_fill(AHEAD, -torch.inf)
    expected, _ = other(x, angles, scores)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer(x, mask=PADDING)[1, :4], expected[1, :4])


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_turns_pairs_of_the_first_dimensions(interleaved: bool) -> None:
    options = {"base": 100.0, "dimensions": 4, "interleaved": interleaved}
    layer = SelfAttention(6, 1, bias=False, rotary=options)
    for linear in _projections(layer):
        nn.init.eye_(linear.weight)
    x = torch.randn(1, TIME, 6)
    turned = torch.empty(TIME, 6)
    turned[:, 4:] = x[0, :, 4:]
    for pair, (a, b) in enumerate(((0, 1), (2, 3)) if interleaved else ((0, 2), (1, 3))):
        for position in range(TIME):
            angle = torch.tensor(position * 100.0 ** (-2 * pair / 4))
            first, second = x[0, position, a], x[0, position, b]
            turned[position, a] = first * angle.cos() - second * angle.sin()
            turned[position, b] = second * angle.cos() + first * angle.sin()
    weights = (turned @ turned.T / 6**0.5).softmax(-1)
    torch.testing.assert_close(layer(x)[0], weights @ x[0])


def test_berts_attention_loads_by_renaming() -> None:
    transformers = pytest.importorskip("transformers")
    from transformers.models.bert import modeling_bert as bert

    config = transformers.BertConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, attn_implementation="eager"
    )
    other = bert.BertSelfAttention(config).eval()
    layer = SelfAttention(WIDTH, HEADS)
    # BERT's output projection is a module of its own.
    layer.output = nn.Identity()  # type: ignore[assignment]
    layer.load_state_dict(other.state_dict())
    x = _sequence()
    added = torch.zeros(BATCH, 1, 1, TIME).masked_fill(~PADDING[:, None, None], torch.finfo(x.dtype).min)
    expected = other(x, added)[0]
    torch.testing.assert_close(layer(x, mask=PADDING), expected)
    torch.testing.assert_close(layer(x, attn_mask=added), expected)


def test_scale_and_dropout() -> None:
    x = _sequence()
    torch.testing.assert_close(*[_with_same_weights(scale)(x) for scale in (None, 0.5)])
    assert not torch.allclose(_with_same_weights(1.0)(x), _with_same_weights(None)(x))
    everywhere = torch.ones_like(PADDING)
    torch.testing.assert_close(_with_same_weights(1.0)(x, mask=everywhere), _with_same_weights(1.0)(x))
    layer = SelfAttention(WIDTH, HEADS, dropout=0.5)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def _with_same_weights(scale: float | None) -> SelfAttention:
    torch.manual_seed(1)
    return SelfAttention(WIDTH, HEADS, scale=scale)


def test_biases() -> None:
    has_bias = [[p.bias is not None for p in _projections(SelfAttention(8, 2, bias=b, output_bias=o))]
                for b, o in ((True, None), (False, None), (True, False))]  # fmt: skip
    assert has_bias == [[True] * 4, [False] * 4, [True] * 3 + [False]]


def test_numbers_of_another_type_are_added() -> None:
    layer, numbers = SelfAttention(WIDTH, HEADS), torch.randn(TIME, TIME)
    x = _sequence()
    assert torch.equal(layer(x, numbers.double()), layer(x, numbers))


@pytest.mark.parametrize("rotary", [None, True, {"interleaved": True}])
def test_bfloat16_stays(rotary: object) -> None:
    layer = SelfAttention(WIDTH, HEADS, rotary=rotary).to(torch.bfloat16)  # type: ignore[arg-type]
    x = _sequence().to(torch.bfloat16)
    bias = torch.randn(1, HEADS, TIME, TIME)
    assert layer(x, bias, PADDING).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"heads": 3}, "16 values do not share out among 3 heads"),
        ({"heads": 0}, "both at least 1; received 0 and 0"),
        ({"heads": 4, "kv_heads": 3}, "multiple of kv_heads"),
        ({"heads": 4, "head_dim": 0}, "head_dim is at least 1; received 0"),
        ({"heads": 4, "dropout": 1.5}, "dropout is between 0 and 1; received 1.5"),
        ({"heads": 4, "rotary": "yes"}, "some of base, dimensions, interleaved; received yes"),
        ({"heads": 4, "rotary": {"theta": 1}}, "dimensions, interleaved; received theta"),
        ({"heads": 4, "rotary": {"base": 0}}, "base of rotary is a number above 0"),
        ({"heads": 4, "rotary": {"base": "ten"}}, "base of rotary is a number above 0; received ten"),
        ({"heads": 4, "rotary": {"interleaved": 1}}, "interleaved of rotary is true or false; received 1"),
        ({"heads": 4, "rotary": {"dimensions": 3}}, "even number up to head_dim, 4; received 3"),
        ({"heads": 4, "rotary": {"dimensions": 6}}, "even number up to head_dim, 4; received 6"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SelfAttention(WIDTH, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mask": torch.ones(BATCH, TIME)}, "padding mask is bool"),
        ({"mask": PADDING[:, None]}, "padding mask is bool"),
        ({"attn_mask": torch.ones(TIME, dtype=torch.bool)}, "2 to 4 dimensions; received 1"),
        ({"attn_mask": torch.ones(TIME, TIME, dtype=torch.long)}, "attn_mask is bool or a number"),
    ],
)
def test_what_is_no_mask_is_refused(given: dict[str, Tensor], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SelfAttention(WIDTH, HEADS)(_sequence(), **given)


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match="received 2 dimensions"):
        SelfAttention(WIDTH, HEADS)(torch.zeros(2, WIDTH))
    with pytest.raises(ValueError, match="the memory of CrossAttention"):
        CrossAttention(WIDTH, HEADS)(_sequence(), torch.zeros(2, WIDTH))


class _Decoder(nn.Module):
    """Both layers with every mask, as a decoder has them."""

    def __init__(self) -> None:
        super().__init__()
        self.own = SelfAttention(WIDTH, HEADS, kv_heads=2, causal=True, rotary={"dimensions": 2})
        self.cross = CrossAttention(WIDTH, HEADS, kv_heads=1, memory_dim=10)

    def forward(self, x: Tensor, mask: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        alone = self.own(x)
        x = x + alone + self.own(x, mask=mask)
        return x + self.cross(x, memory, memory_mask=memory_mask)


def _decoder_inputs(rows: int, time: int = TIME) -> tuple[Tensor, ...]:
    """Makes rows of which the last is padding alone, and rows of memory of which the first is."""
    mask = torch.arange(time) < torch.arange(rows).flip(0)[:, None]
    return torch.randn(rows, time, WIDTH), mask, torch.randn(rows, time - 2, 10), mask[:, : time - 2].flip(0)


def test_it_compiles_whole() -> None:
    decoder, inputs = _Decoder(), _decoder_inputs(3)
    whole = torch.compile(decoder, fullgraph=True, backend="eager")
    torch.testing.assert_close(whole(*inputs), decoder(*inputs))


def test_it_says_its_shape_without_memory() -> None:
    inputs = [each.to("meta") for each in _decoder_inputs(3)]
    assert _Decoder().to("meta")(*inputs).shape == (3, TIME, WIDTH)


def test_it_leaves_by_export_and_onnx() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    decoder = _Decoder().eval()
    rows, time, steps = (torch.export.Dim(name) for name in ("rows", "time", "steps"))
    shapes = ({0: rows, 1: time},) * 2 + ({0: rows, 1: steps},) * 2
    exported = torch.export.export(decoder, _decoder_inputs(3), dynamic_shapes=shapes)
    inputs = _decoder_inputs(5, time=9)
    torch.testing.assert_close(exported.module()(*inputs), decoder(*inputs))
    file = io.BytesIO()
    torch.onnx.export(exported, dynamo=True, verbose=False).save(file)  # type: ignore[union-attr]
    session = onnxruntime.InferenceSession(file.getvalue())
    feed = {each.name: value.numpy() for each, value in zip(session.get_inputs(), inputs, strict=True)}
    torch.testing.assert_close(torch.from_numpy(session.run(None, feed)[0]), decoder(*inputs))


def test_a_copy_of_the_file_runs_with_torch_alone() -> None:
    source = Path(attention.__file__).read_text(encoding="utf-8")
    use = (
        "import sys\n"
        "layer = SelfAttention(8, 2, kv_heads=1, causal=True, rotary=True)\n"
        "result = CrossAttention(8, 2)(layer(torch.zeros(2, 3, 8)), torch.zeros(2, 4, 8))\n"
        "print(tuple(result.shape), any(name.split('.')[0] == 'nncli' for name in sys.modules))\n"
    )
    command = [sys.executable, "-I", "-"]
    run = subprocess.run(command, input=f"pass\n{source}\n{use}", capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("(2, 3, 8) False\n", "")
