"""Small jobs on real tensors, for the tests of training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from nncli.columns.encoders import Columns
from nncli.columns.stored import Dense
from nncli.columns.targets import TargetSpec
from nncli.data.dataset import Data, Part
from nncli.errors import Place
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.objectives.objective_checks import build_objective
from nncli.spec.items import Argument, Call
from nncli.spec.network_spec import InputSpec, NetworkSpec
from nncli.spec.schema import DataSpec, LossTerm, TrainingSpec
from nncli.spec.spec import Origin, Spec
from nncli.training.evaluation import Judge
from nncli.training.job import Trainable, TrainJob, make_job
from nncli.training.job_checks import check_training
from nncli.training.metrics import build_metrics
from nncli.training.state import TrainState

PLACE = Place("spec.yaml", 7, 3)
CPU = torch.device("cpu")


def call(name: str, *positions: object, **keywords: object) -> Call:
    """A call as the file would write it, each argument on a line of its own."""
    at = [Argument(cast(Any, value), Place("spec.yaml", 20 + i, 9)) for i, value in enumerate(positions)]
    named = {
        key: Argument(cast(Any, value), Place("spec.yaml", 30 + i, 9))
        for i, (key, value) in enumerate(keywords.items())
    }
    return Call(name, PLACE, tuple(at), named)


def spec(loss: str | Call = "CrossEntropyLoss", optimizer: Call | None = None, **training: Any) -> Spec:
    """A spec of 2 epochs with batches of 8 rows; keywords are those of `training:`."""
    loss_call = call(loss) if isinstance(loss, str) else loss
    terms = training.pop("terms", (LossTerm(loss=loss_call),))
    if not {"steps", "minutes"} & set(training):
        training.setdefault("epochs", 2)
    training.setdefault("batch_size", 8)
    section = TrainingSpec(loss=terms, optimizer=optimizer or call("AdamW", lr=0.01), **training)
    network = NetworkSpec((), PLACE)
    origin = Origin("spec.yaml", Path(), "")
    return Spec("tiny", "", {}, None, {"network": network}, section, origin, {"training": PLACE})


class _Layers(fx.Tracer):
    """Takes every module in a list for a layer."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def compiled(module: nn.Sequential, width: int, output: tuple[int, ...]) -> CompiledNetwork:
    """A record of a plain module's layers, as the compiler would leave it."""
    calls = []
    for i, (name, layer) in enumerate(module.named_children()):
        place, count = Place("spec.yaml", 40 + i, 5), sum(w.numel() for w in layer.parameters())
        kind, node = type(layer).__name__, f"_{name}"
        calls.append(LayerCall(name, kind, place, f"network.{i}", (), (), count, node=node))
    inputs = {"features": InputSpec((width,), "features")}
    graph = fx.GraphModule(module, _Layers().trace(module))
    return CompiledNetwork(graph, inputs, tuple(calls), {"output": output}, NetworkSpec((), PLACE))


def part(name: Any, rows: int, target: TargetSpec, seed: int = 0, width: int = 4) -> Part:
    """Rows of noise, whose target follows from them."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(rows, width, generator=generator)
    if target.type == "number":
        values: Tensor = features.sum(dim=1, keepdim=True)
    else:
        values = features[:, : len(target.classes)].argmax(dim=1)
    columns = Columns({"features": Dense(features)}, {target.name: Dense(values)})
    return Part(name, torch.arange(rows), columns)


CLASSES = TargetSpec("kind", "category", ("a", "b", "c"))
BINARY = TargetSpec("ill", "binary", ("no", "yes"))
NUMBER = TargetSpec("price", "number", shape=(1,))


def data(target: TargetSpec = CLASSES, rows: int = 35, validation: int = 9) -> Data:
    """A training part, and a validation part unless it has no rows."""
    parts: dict[Any, Part] = {"train": part("train", rows, target)}
    if validation:
        parts["validation"] = part("validation", validation, target, seed=1)
    inputs: Mapping[str, InputSpec] = {"features": InputSpec((4,), "features")}
    described = SimpleNamespace(inputs=lambda: inputs, targets=lambda: {target.name: target})
    return Data(parts, cast(Any, described), DataSpec(train="rows.csv"), "digest")


def classifier(dropout: float = 0.0) -> nn.Sequential:
    """A small network with the same initial weights each time."""
    torch.manual_seed(11)
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 3))


def job(
    written: Spec, module: nn.Sequential | None = None, rows: Data | None = None
) -> tuple[TrainJob, TrainState]:
    """A job of the classifier, ready to train."""
    network, rows = compiled(module or classifier(), 4, (3,)), rows or data()
    training = written.training
    assert training is not None
    objective = build_objective(written, rows.targets, network.output_shape, network.calls[-1])
    metrics = build_metrics(training.metrics, rows.targets)
    networks = {"network": network}
    check_training(written, networks, metrics, rows)
    judge = Judge(objective, metrics, lambda _, values: values)
    return make_job(Trainable(training, networks, judge), rows, CPU)
