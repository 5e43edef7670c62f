from __future__ import annotations

import torch
from torch import nn

from nncli.network.summary.measuring import Gauge, rows_that_fit
from nncli.spec.network_spec import InputSpec
from tests.network.compiled import compiled
from tests.network.traced import Attention, decoder, resnet, traced

ROW = InputSpec((100,))


def network_of_three() -> nn.Sequential:
    return nn.Sequential(nn.Linear(100, 1000), nn.ReLU(), nn.Linear(1000, 10))


def test_what_is_kept_for_the_way_back_is_counted_once() -> None:
    found = Gauge(traced(network_of_three(), row=ROW)).training_step(50)
    # ReLU keeps its result, which Linear needs too; the result before it is gone.
    assert found.kept_bytes == 4 * 50 * (100 + 1000 + 10)


def test_a_step_holds_gradients_of_all_weights() -> None:
    module = network_of_three()
    gradients = 4 * sum(weight.numel() for weight in module.parameters())
    found = Gauge(traced(module, row=ROW)).training_step(1)
    assert gradients <= found.peak_bytes < gradients + 4 * 4 * 1110


def test_a_prediction_holds_two_results_at_once() -> None:
    found = Gauge(traced(network_of_three(), row=ROW)).forward(50)
    assert found.peak_bytes == 4 * 50 * (100 + 1000 + 1000)


def test_frozen_weights_need_no_gradients() -> None:
    module = network_of_three()
    free = Gauge(traced(module, row=ROW)).training_step(2).peak_bytes
    module[0].requires_grad_(False)
    frozen = Gauge(traced(module, row=ROW)).training_step(2).peak_bytes
    assert free - frozen >= 4 * 100 * 1000


def test_attention_keeps_no_matrix_of_all_pairs() -> None:
    steps = 512
    found = Gauge(traced(nn.Sequential(Attention(16, 4)), x=InputSpec((steps, 16)))).training_step(1)
    assert found.peak_bytes < 4 * 4 * steps * steps


def test_nothing_of_the_network_is_changed() -> None:
    network = resnet()
    before = {name: tensor.clone() for name, tensor in network.module.state_dict().items()}
    network.module.get_submodule("stages.0").eval()
    modes = {name: part.training for name, part in network.module.named_modules()}
    torch.manual_seed(7)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    Gauge(network).training_step(4)
    Gauge(network).forward(4)
    assert torch.equal(torch.rand(3), drawn)
    after = network.module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert {name: part.training for name, part in network.module.named_modules()} == modes
    assert all(weight.grad is None for weight in network.module.parameters())


def test_weights_without_memory_are_enough() -> None:
    network = decoder()
    expected = Gauge(network).training_step(3)
    network.module.to("meta")
    assert Gauge(network).training_step(3).peak_bytes == expected.peak_bytes


def test_the_largest_number_of_rows_is_exact() -> None:
    def bent(rows: int) -> int:
        return max(1000 + 3 * rows, 100 + 7 * rows)

    for limit in (1003, 1004, 2000, 54_321, 1_000_000):
        found = rows_that_fit(bent, limit)
        assert bent(found) <= limit < bent(found + 1)
    assert rows_that_fit(bent, 1002) == 0
    assert rows_that_fit(bent, 10**9, most=4096) == 4096


def test_few_runs_find_it() -> None:
    asked: list[int] = []

    def straight(rows: int) -> int:
        asked.append(rows)
        return 10_000 + 777 * rows

    assert rows_that_fit(straight, 10_000 + 777 * 34_567) == 34_567
    assert len(set(asked)) < 8


def test_checkpoints_keep_less_and_take_longer() -> None:
    deep = (
        "{Sequential: [Linear: 64, Tanh, Linear: 64, GELU], name: deep, repeat: 8, checkpoint: %s}, Linear: 2"
    )
    plain, sparing = (compiled(deep % each, "row: [64]") for each in ("false", "true"))
    one, other = (Gauge(each).training_step(512) for each in (plain, sparing))
    assert other.kept_bytes < 0.4 * one.kept_bytes
    assert other.peak_bytes < 0.6 * one.peak_bytes
    assert 1.2 * one.total_flops < other.total_flops < 1.5 * one.total_flops
    assert Gauge(plain).forward(8) == Gauge(sparing).forward(8)
