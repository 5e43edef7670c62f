"""Functions of masks look at nothing padded, and all that torch lacks leaves torch."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nncli.network.beyond_torch import masked_functions, positions, stochastic_depth
from nncli.network.beyond_torch.attention import SelfAttention
from nncli.network.beyond_torch.masked_functions import (
    convolved_mask,
    last_states,
    last_valid,
    masked_amax,
    masked_mean,
    masked_softmax,
)
from nncli.network.beyond_torch.positions import PositionEmbedding, RelativePositionBias
from nncli.network.beyond_torch.stochastic_depth import StochasticDepth

TIME, WIDTH = 6, 4
# Rows with 6, 4, 1 and no valid steps; what is padded holds NaN, which shows wherever it is looked at.
LENGTHS = (6, 4, 1, 0)
MASK = torch.arange(TIME) < torch.tensor(LENGTHS)[:, None]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def _padded() -> Tensor:
    return torch.randn(len(LENGTHS), TIME, WIDTH).masked_fill(~MASK[:, :, None], torch.nan)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("masked", [masked_mean, masked_amax])
def test_masked_reductions_are_those_of_what_is_valid(masked: Callable[..., Tensor], keepdim: bool) -> None:
    x = _padded()
    plain = torch.mean if masked is masked_mean else torch.amax
    rows = [plain(x[row, :valid], 0) if valid else torch.zeros(WIDTH) for row, valid in enumerate(LENGTHS)]
    expected = torch.stack(rows).unsqueeze(1) if keepdim else torch.stack(rows)
    torch.testing.assert_close(masked(x, MASK, 1, keepdim), expected)
    torch.testing.assert_close(masked(x, MASK[:, :, None].expand_as(x), 1, keepdim), expected)
    channels_first = masked(x.transpose(1, 2), MASK, -1, keepdim)
    torch.testing.assert_close(channels_first, expected.transpose(1, 2) if keepdim else expected)


def test_masked_softmax_shares_among_what_is_valid() -> None:
    x = _padded()
    result = masked_softmax(x, MASK, 1)
    for i, n in enumerate(LENGTHS):
        torch.testing.assert_close(result[i, :n], x[i, :n].softmax(0))
        assert result[i, n:].eq(0).all()


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("masked", [masked_mean, masked_amax, masked_softmax])
def test_no_gradient_reaches_what_is_padded(masked: Callable[..., Tensor]) -> None:
    x = _padded().requires_grad_()
    # It raises where a gradient on the way is NaN, also one that is masked afterwards.
    with torch.autograd.detect_anomaly(check_nan=True):
        (masked(x, MASK, 1) ** 2).sum().backward()
    assert x.grad is not None
    assert x.grad[~MASK].eq(0).all()
    assert x.grad[MASK].isfinite().all() and x.grad[MASK].ne(0).any()


def test_a_mask_of_other_dimensions_is_refused() -> None:
    with pytest.raises(ValueError, match="received 1 dimensions"):
        masked_mean(_padded(), MASK[0], 1)


def test_the_last_valid_step() -> None:
    x = _padded()
    expected = torch.stack([x[0, 5], x[1, 3], x[2, 0], torch.zeros(WIDTH)])
    torch.testing.assert_close(last_valid(x, MASK), expected)
    torch.testing.assert_close(last_valid(x[..., None], MASK), expected[..., None])
    torch.testing.assert_close(last_valid(x[..., 0], MASK), expected[:, 0])
    assert torch.equal(last_valid(x[:1]), x[:1, -1])
    # A hole does not count.
    holed = torch.tensor([[True, False, True, False]])
    assert torch.equal(last_valid(torch.arange(4.0)[None, :, None], holed), torch.tensor([[2.0]]))


@pytest.mark.parametrize("projection", [0, 2])
def test_the_last_states_are_the_final_ones_of_an_lstm(projection: int) -> None:
    lstm = nn.LSTM(WIDTH, 3, bidirectional=True, batch_first=True, proj_size=projection)
    x, lengths = torch.randn(3, TIME, WIDTH), torch.tensor(LENGTHS[:3])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
    sequence, (states, _) = lstm(packed)
    sequence, _ = nn.utils.rnn.pad_packed_sequence(sequence, batch_first=True, padding_value=torch.nan)
    expected = torch.cat((states[0], states[1]), -1)
    torch.testing.assert_close(last_states(sequence, projection or 3, MASK[:3]), expected)
    sequence, (states, _) = lstm(x)
    torch.testing.assert_close(last_states(sequence, projection or 3), torch.cat((states[0], states[1]), -1))
    none = last_states(sequence, projection or 3, torch.zeros(3, TIME, dtype=torch.bool))
    assert none.eq(0).all()


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("padding", "dilation"), [(0, 1), (1, 1), (1, 2)])
def test_a_mask_follows_a_convolution(kernel_size: int, stride: int, padding: int, dilation: int) -> None:
    conv = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation)
    followed = convolved_mask(MASK, kernel_size, stride, padding, dilation)
    length = conv(torch.zeros(1, 1, TIME)).shape[-1]
    for row, valid in zip(followed, LENGTHS, strict=True):
        reach = dilation * (kernel_size - 1) + 1
        alone = conv(torch.zeros(1, 1, valid)).shape[-1] if valid and valid + 2 * padding >= reach else 0
        assert row.tolist() == [True] * alone + [False] * (length - alone)


class _Network(nn.Module):
    """All of it in one flow."""

    def __init__(self) -> None:
        super().__init__()
        self.learned = PositionEmbedding(WIDTH, 20)
        self.sinusoidal = PositionEmbedding(WIDTH, 20, kind="sinusoidal")
        self.bias = RelativePositionBias(2, bidirectional=False)
        self.attention = SelfAttention(WIDTH, 2)
        self.depth = StochasticDepth(0.5)
        self.strided = nn.Conv1d(WIDTH, 2, 3, stride=2, padding=1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.sinusoidal(self.learned(x))
        x = x + self.depth(self.attention(x, self.bias(x), mask))
        share = masked_softmax(x, mask, 1)
        short = convolved_mask(mask, 3, 2, 1)
        ends = torch.cat((masked_mean(x, mask, 1), masked_amax(x, mask, 1), last_valid(x, mask)), -1)
        strided = masked_mean(self.strided(x.transpose(1, 2)), short, 2)
        return torch.cat((ends, last_states(x, 2, mask), (share * x).sum(1), strided), -1)


def test_all_of_it_compiles_whole() -> None:
    network, x = _Network(), torch.randn(len(LENGTHS), TIME, WIDTH)
    whole = torch.compile(network, fullgraph=True, backend="eager")
    torch.manual_seed(3)
    expected = network(x, MASK)
    torch.manual_seed(3)
    torch.testing.assert_close(whole(x, MASK), expected)


def test_all_of_it_says_its_shape_without_memory() -> None:
    x = torch.empty(2, TIME, WIDTH, device="meta")
    assert _Network().to("meta")(x, MASK[:2].to("meta")).shape == (2, 5 * WIDTH + 2)


def test_all_of_it_leaves_by_export_and_onnx() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    network = _Network().eval()
    rows, time = torch.export.Dim("rows"), torch.export.Dim("time", min=4, max=20)
    given = (torch.randn(3, 8, WIDTH), torch.ones(3, 8, dtype=torch.bool))
    exported = torch.export.export(network, given, dynamic_shapes=({0: rows, 1: time},) * 2)
    inputs = (torch.randn(len(LENGTHS), TIME, WIDTH), MASK)
    torch.testing.assert_close(exported.module()(*inputs), network(*inputs))
    file = io.BytesIO()
    torch.onnx.export(exported, dynamo=True, verbose=False).save(file)  # type: ignore[union-attr]
    session = onnxruntime.InferenceSession(file.getvalue())
    feed = {each.name: value.numpy() for each, value in zip(session.get_inputs(), inputs, strict=True)}
    torch.testing.assert_close(torch.from_numpy(session.run(None, feed)[0]), network(*inputs))


def test_copies_of_the_files_runs_with_torch_alone() -> None:
    files = (positions, stochastic_depth, masked_functions)
    source = "\n".join(Path(each.__file__).read_text(encoding="utf-8") for each in files)
    use = (
        "import sys\n"
        "x = StochasticDepth(0.5)(PositionEmbedding(4, 3)(torch.zeros(2, 3, 4)))\n"
        "mean = masked_mean(x, torch.ones(2, 3, dtype=torch.bool), 1)\n"
        "print(tuple(mean.shape), any(name.split('.')[0] == 'nncli' for name in sys.modules))\n"
    )
    command = [sys.executable, "-I", "-"]
    run = subprocess.run(command, input=f"pass\n{source}\n{use}", capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("(2, 4) False\n", "")
