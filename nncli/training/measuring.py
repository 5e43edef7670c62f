"""Which kernels, threads and layout are quickest for a network on this machine, measured within a second.

Nothing that a run depends on is changed: buffers, gradients and random states are put back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from nncli.network.beyond_torch.attention import CrossAttention, SelfAttention
from nncli.training.choices import Choices, applied
from nncli.training.gradient_kernels import backward
from nncli.training.job import TrainJob
from nncli.training.linear_kernels import Products, Size, linear, linear_layers, onednn_product
from nncli.training.prediction import evaluating
from nncli.training.state import TrainState
from nncli.training.stepping import Moment

# Another way is taken where it needs less than this share of the time: measurements vary by less.
_ENOUGH: Final = 0.88
# Whole steps, timed in turn over more rounds, vary by less.
_ENOUGH_IN_TURN: Final = 0.95
_LAYOUT_ROUNDS: Final = 5
# Products of fewer multiplications take less than what another way costs around them.
_LEAST_WORK: Final = 2**18
_MOST_WORK: Final = 2**25
_ATTENTION: Final = (nn.MultiheadAttention, SelfAttention, CrossAttention)
_SEEN_ROWS: Final = 2
_STEP_SECONDS: Final = 0.03
_ROUNDS: Final = 3
# What one comparison may take, beyond one round: beside other work, threads can wait very long.
_LONGEST_SECONDS: Final = 0.15


def measure(job: TrainJob, state: TrainState, *, with_threads: bool) -> Choices:
    """Measures what is quickest for the steps of a job; the number of threads only where it is not given."""
    with _put_back(state):
        choices = Choices()
        if with_threads and job.device.type == "cpu" and torch.get_num_threads() > 1:
            choices = Choices(threads=_threads(job, state))
            torch.set_num_threads(choices.threads or 1)
        return Choices(
            choices.threads,
            _linear(job, state) if _may_choose_products(job) else {},
            channels_last=_is_quicker_channels_last(job, state),
            wide_attention=_is_quicker_wide_attention(job, state),
        )


def seconds_of_step(job: TrainJob, state: TrainState) -> float:
    """Measures a step without the optimiser, of a whole batch."""
    with _put_back(state):
        for module in state.networks.values():
            module.train()
        step = _stepping(job, state, job.order(0)[: job.training.batch_size])
        return _quickest({"step": step}, time.perf_counter)["step"]


@contextmanager
def _put_back(state: TrainState) -> Iterator[None]:
    networks = list(state.networks.values())
    buffers = [(each, each.clone()) for module in networks for each in module.buffers()]
    devices = list({p.device for module in networks for p in module.parameters() if p.device.type == "cuda"})
    modes = [(part, part.training) for module in networks for part in module.modules()]
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            for part, mode in modes:
                part.training = mode
            for module in networks:
                module.zero_grad(set_to_none=True)
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _may_choose_products(job: TrainJob) -> bool:
    """Tells whether products are float32 ones on the CPU, whose gradients are not asked for gradients."""
    plain = job.training.precision in ("auto", "float32") and job.device.type == "cpu"
    return plain and onednn_product() is not None and not any(update.has_gradients for update in job.updates)


def _stepping(job: TrainJob, state: TrainState, rows: Tensor) -> Callable[[], None]:
    """Makes a step without the optimiser: losses and their gradients."""
    moment = Moment(job.training.seed, 0, 0)

    def step() -> None:
        for module in state.networks.values():
            module.zero_grad(set_to_none=True)
        for update in job.updates:
            draw = job.train.draw(job.training.seed, 0, rows)
            backward(update.losses(job.train, rows, draw, moment)[0])
        if job.device.type == "cuda":
            torch.cuda.synchronize(job.device)

    return step


def _short_step(job: TrainJob, state: TrainState) -> Callable[[], None]:
    """Makes a step of the first batch, or of some of its rows where all of them take long."""
    for module in state.networks.values():
        module.train()
    rows = job.order(0)[: job.training.batch_size]
    step = _stepping(job, state, rows[:_SEEN_ROWS])
    step()
    seconds = _seconds(step, time.perf_counter) / _SEEN_ROWS
    return _stepping(job, state, rows[: max(_SEEN_ROWS, int(_STEP_SECONDS / seconds))])


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


def _quickest(ways: Mapping[str, Callable[[], object]], clock: Callable[[], float]) -> dict[str, float]:
    """Times ways in turn, and gives the least that each took: other work on the machine only adds."""
    for work in ways.values():
        work()
    least = dict.fromkeys(ways, float("inf"))
    began = time.perf_counter()
    for number in range(_ROUNDS):
        if number and time.perf_counter() - began > _LONGEST_SECONDS:
            break
        for name, work in ways.items():
            least[name] = min(least[name], _seconds(work, clock))
    return least


def _threads(job: TrainJob, state: TrainState) -> int:
    """Finds whether all threads are quicker than one, as they are unless steps are tiny or cores are busy."""
    most = torch.get_num_threads()
    step = _short_step(job, state)

    def with_threads(count: int) -> Callable[[], None]:
        def work() -> None:
            torch.set_num_threads(count)
            step()

        return work

    least = _quickest({"one": with_threads(1), "all": with_threads(most)}, time.perf_counter)
    return most if least["all"] < _ENOUGH * least["one"] else 1


def _is_quicker_channels_last(job: TrainJob, state: TrainState) -> bool:
    parts = [part for module in state.networks.values() for part in module.modules()]
    if not any(isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)) for part in parts):
        return False
    return _is_quicker(Choices(channels_last=True), job, state)


def _is_quicker_wide_attention(job: TrainJob, state: TrainState) -> bool:
    parts = [part for module in state.networks.values() for part in module.modules()]
    is_bf16 = job.training.precision == "bf16" and job.device.type == "cpu"
    if not is_bf16 or not any(isinstance(part, _ATTENTION) for part in parts):
        return False
    return _is_quicker(Choices(wide_attention=True), job, state)


def _is_quicker(choices: Choices, job: TrainJob, state: TrainState) -> bool:
    """Tells whether steps are quicker with other choices than with none; both are timed in turn."""
    step = _short_step(job, state)
    least = {"plain": float("inf"), "other": float("inf")}
    for _ in range(_LAYOUT_ROUNDS):
        for name, each in (("plain", Choices()), ("other", choices)):
            with applied(each, state.networks):
                step()
                least[name] = min(least[name], _seconds(step, time.perf_counter))
    return least["other"] < _ENOUGH_IN_TURN * least["plain"]


def _linear(job: TrainJob, state: TrainState) -> dict[Size, Products]:
    """Finds the products of each size of Linear that oneDNN does quicker."""
    # One thread is timed by its own seconds, in which other processes do not count.
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    chosen = {}
    for size, rows in _linear_sizes(job, state).items():
        work = rows * size[0] * size[1]
        if work >= _LEAST_WORK:
            found = _products(max(1, min(rows, rows * _MOST_WORK // work)), size, clock)
            if found is not None:
                chosen[size] = found
    return chosen


def _linear_sizes(job: TrainJob, state: TrainState) -> dict[Size, int]:
    """Finds how many rows flow through each size of Linear at once, the most where these differ."""
    batch = min(job.training.batch_size, job.train.rows)
    seen = job.order(0)[: min(_SEEN_ROWS, batch)]
    found: dict[Size, int] = {}

    def look(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, nn.Linear)
        size = (layer.in_features, layer.out_features)
        rows = given[0].numel() // layer.in_features * batch // len(seen)
        found[size] = max(found.get(size, 0), rows)

    with ExitStack() as held:
        for module in state.networks.values():
            held.enter_context(evaluating(module))
        for layer in linear_layers(state.networks.values()):
            held.callback(layer.register_forward_pre_hook(look).remove)
        for update in job.updates:
            draw = job.train.draw(job.training.seed, 0, seen)
            update.losses(job.train, seen, draw, Moment(job.training.seed, 0, 0))
    return found


def _products(rows: int, size: Size, clock: Callable[[], float]) -> Products | None:
    """Finds which products are quicker by oneDNN, and whether all of them together are worth it."""
    generator = torch.Generator().manual_seed(0)
    x, weight, out = (
        torch.randn(each, generator=generator) for each in ((rows, size[0]), size[::-1], (rows, size[1]))
    )
    factors = {"output": (x, weight), "inputs": (out, weight.t()), "weights": (out.t(), x.t())}
    quicker = {}
    for name, (left, right) in factors.items():
        least = _quickest(_both_ways(left, right), clock)
        quicker[name] = least["onednn"] < _ENOUGH * least["torch"]
    if not any(quicker.values()):
        return None
    products = Products(**quicker)
    bias = torch.zeros(size[1], requires_grad=True)
    leaves = (x.requires_grad_(), weight.requires_grad_(), bias)

    def back(result: Tensor) -> None:
        for leaf in leaves:
            leaf.grad = None
        # Not torch.autograd.grad, which imports sympy where it is given a gradient.
        backward(torch.dot(result.view(-1), out.view(-1)))

    ways = {
        "torch": lambda: back(functional.linear(*leaves)),
        "onednn": lambda: back(linear(*leaves, products)),
    }
    least = _quickest(ways, clock)
    return products if least["onednn"] < _ENOUGH * least["torch"] else None


def _both_ways(left: Tensor, right: Tensor) -> dict[str, Callable[[], object]]:
    kernel = onednn_product()
    assert kernel is not None
    return {
        "torch": lambda: functional.linear(left, right),
        "onednn": lambda: kernel(left, right, None, "none", [], ""),
    }
