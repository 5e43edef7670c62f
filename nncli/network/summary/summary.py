"""What a compiled network is: its layers with shapes, parameters, operations and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from nncli.network.compiled import CompiledNetwork
from nncli.network.graph.sizing import weight_bytes
from nncli.network.graph.values import ROWS
from nncli.network.summary.measuring import Gauge, rows_that_fit
from nncli.network.summary.steps import Step, Wiring, wiring

# Adam and most of its kind keep two moments of every weight.
MOMENTS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """For what the figures are asked.

    `moments` is how many numbers the optimiser keeps for each trained weight. `limit_bytes` is the
    memory that batches have to fit into, None where nobody asked.
    """

    batch_size: int = 1
    moments: float = MOMENTS
    limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What running a network takes.

    `flops` maps the keys of steps to the operations of a prediction, for one row, as do the totals.
    Bytes are peaks, for batches of the size that was asked for: `training_bytes` of weights,
    gradients, state of the optimiser and all that one step holds at once, `prediction_bytes` of
    weights and results. `kept_bytes` is what one more row leaves behind for the way back. The
    largest batches are None where no limit was given.
    """

    flops: Mapping[str, int]
    prediction_flops: int
    training_flops: int
    optimizer_bytes: int
    kept_bytes: int
    training_bytes: int
    prediction_bytes: int
    largest_training_batch: int | None = None
    largest_prediction_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A network in figures; a shared weight counts once.

    `inputs` and the shapes of steps leave the rows out. `cost` is None where torch cannot run the
    network without memory; `reason` then says why.
    """

    name: str
    inputs: Mapping[str, tuple[int, ...]]
    wiring: Wiring
    parameters: int
    trainable: int
    weight_bytes: int
    wanted: Wanted
    cost: Cost | None
    reason: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Layers and functions in the order in which they run."""
        return self.wiring.steps

    def document(self) -> dict[str, Any]:
        """Writes the summary for `--json`; rows are left out of shapes."""
        return {
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "parameters": self.parameters,
            "trainable": self.trainable,
            "layers": [_layer(step, self.cost) for step in self.steps],
            "flops": _flops(self.cost),
            "memory": _memory(self),
        }


def _layer(step: Step, cost: Cost | None) -> dict[str, Any]:
    return {
        "name": step.name,
        "type": step.type,
        "is_layer": step.is_layer,
        "inputs": [list(shape) for shape in step.inputs],
        "output": list(step.output),
        "parameters": step.parameters,
        "has_shared": step.has_shared,
        "flops": cost.flops[step.key] if cost else None,
        "mask": step.mask or None,
    }


def _flops(cost: Cost | None) -> dict[str, int] | None:
    if cost is None:
        return None
    return {"prediction_per_row": cost.prediction_flops, "training_per_row": cost.training_flops}


def _memory(summary: Summary) -> dict[str, Any]:
    cost, wanted = summary.cost, summary.wanted
    figures: dict[str, Any] = {"batch_size": wanted.batch_size, "weight_bytes": summary.weight_bytes}
    if cost is not None:
        figures |= {
            "optimizer_bytes": cost.optimizer_bytes,
            "kept_bytes_per_row": cost.kept_bytes,
            "training_bytes": cost.training_bytes,
            "prediction_bytes": cost.prediction_bytes,
        }
    if cost is not None and wanted.limit_bytes is not None:
        figures |= {
            "limit_bytes": wanted.limit_bytes,
            "largest_training_batch": cost.largest_training_batch,
            "largest_prediction_batch": cost.largest_prediction_batch,
        }
    return figures


def summarise(name: str, network: CompiledNetwork, wanted: Wanted) -> Summary:
    """Counts parameters, operations and bytes; the network is run on tensors without memory."""
    found = wiring(network)
    cost, reason = None, ""
    try:
        cost = _cost(network, found, wanted)
    # A layer may do what torch can only do on real numbers, and say so in any way.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Summary(
        name=name,
        inputs={each: spec.shape for each, spec in network.inputs.items()},
        wiring=found,
        parameters=network.parameters(),
        trainable=_trainable(network),
        weight_bytes=weight_bytes(network.module),
        wanted=wanted,
        cost=cost,
        reason=reason,
    )


def _trainable(network: CompiledNetwork) -> int:
    return sum(weight.numel() for weight in network.module.parameters() if weight.requires_grad)


def _cost(network: CompiledNetwork, found: Wiring, wanted: Wanted) -> Cost:
    gauge = Gauge(network)
    trained = [weight for weight in network.module.parameters() if weight.requires_grad]
    state = int(wanted.moments * sum(weight.numel() * weight.element_size() for weight in trained))
    weights = weight_bytes(network.module)
    forward, step = gauge.forward(ROWS), gauge.training_step(ROWS)
    twice = gauge.training_step(2 * ROWS)

    @cache
    def training_bytes(rows: int) -> int:
        return weights + state + gauge.training_step(rows).peak_bytes

    @cache
    def prediction_bytes(rows: int) -> int:
        return weights + gauge.forward(rows).peak_bytes

    limit = wanted.limit_bytes
    return Cost(
        flops={each.key: sum(forward.flops.get(n, 0) for n in each.nodes) // ROWS for each in found.steps},
        prediction_flops=forward.total_flops // ROWS,
        training_flops=step.total_flops // ROWS,
        optimizer_bytes=state,
        kept_bytes=(twice.kept_bytes - step.kept_bytes) // ROWS,
        training_bytes=training_bytes(wanted.batch_size),
        prediction_bytes=prediction_bytes(wanted.batch_size),
        largest_training_batch=None if limit is None else rows_that_fit(training_bytes, limit),
        largest_prediction_batch=None if limit is None else rows_that_fit(prediction_bytes, limit),
    )
