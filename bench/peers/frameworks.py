"""The same networks in other people's trainers, as lean as each of them goes: no bars, logs or checkpoints.

python -m bench.peers.frameworks lightning|keras|skorch|transformers WORKLOAD FOLDER [first-step|predict]
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
warnings.filterwarnings("ignore")

import torch  # noqa: E402 - after the choice of Keras's backend
from torch import Tensor, nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset, TensorDataset  # noqa: E402

from bench.peers.raw import DECAY, RATE, asked_rows, rows_of  # noqa: E402
from bench.peers.workloads import WORKLOADS, Workload  # noqa: E402

ASKED_AT_ONCE = 1024


@dataclass(frozen=True)
class Peer:
    """A trainer that stands ready: to train, and to answer the rows that it has."""

    fit: Callable[[], object]
    predict: Callable[[], object]


def lightning(workload: Workload, x: Tensor, y: Tensor) -> Peer:
    """Lightning's Trainer."""
    import lightning as pl

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = workload.network()

        def training_step(self, batch: list[Tensor], _: int) -> Tensor:
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def predict_step(self, batch: list[Tensor], _: int) -> Tensor:
            return self.network(batch[0])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=RATE, weight_decay=DECAY)

    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    quiet = dict.fromkeys(off, False)
    trainer = pl.Trainer(max_epochs=workload.epochs, accelerator="cpu", devices=1, **quiet)
    rows, module = TensorDataset(x, y), Module()
    loader = DataLoader(rows, batch_size=workload.batch, shuffle=True)
    asked = DataLoader(rows, batch_size=ASKED_AT_ONCE)
    return Peer(lambda: trainer.fit(module, loader), lambda: trainer.predict(module, asked))


class _ClassesLast(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.network(x)
        return found.transpose(1, 2) if found.ndim == 3 else found


def keras(workload: Workload, x: Tensor, y: Tensor) -> Peer:
    """Keras on torch, with the network as a layer."""
    import keras as k

    shape = x.shape[1:]
    inputs = k.Input(shape, dtype="int64" if x.dtype == torch.int64 else "float32")
    classes = int(y.max()) + 1
    shape_out = (*shape, classes) if y.ndim == 2 else (classes,)
    layer = k.layers.TorchModuleWrapper(_ClassesLast(workload.network()), output_shape=(None, *shape_out))
    model = k.Model(inputs, layer(inputs))
    loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(k.optimizers.AdamW(RATE, weight_decay=DECAY), loss)
    arrays = x.numpy(), y.numpy()
    how = {"batch_size": workload.batch, "epochs": workload.epochs, "verbose": 0, "shuffle": True}
    asked = {"batch_size": ASKED_AT_ONCE, "verbose": 0}
    return Peer(lambda: model.fit(*arrays, **how), lambda: model.predict(arrays[0], **asked))


def skorch(workload: Workload, x: Tensor, y: Tensor) -> Peer:
    """skorch's NeuralNet."""
    from skorch import NeuralNet

    net = NeuralNet(
        workload.network(),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=DECAY,
        lr=RATE,
        batch_size=workload.batch,
        max_epochs=workload.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        callbacks__print_log=None,
    )
    return Peer(lambda: net.fit(x, y), lambda: net.initialize().predict(x))


class _Named(Dataset[Any]):
    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, at: int) -> dict[str, Tensor]:
        return {"x": self.x[at], "labels": self.y[at]}


class _WithLoss(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        found = self.network(x)
        return {"loss": nn.functional.cross_entropy(found, labels), "logits": found}


def transformers(workload: Workload, x: Tensor, y: Tensor) -> Peer:
    """The Trainer of Hugging Face's transformers."""
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir="unused",
        num_train_epochs=workload.epochs,
        per_device_train_batch_size=workload.batch,
        per_device_eval_batch_size=ASKED_AT_ONCE,
        learning_rate=RATE,
        weight_decay=DECAY,
        lr_scheduler_type="constant",
        max_grad_norm=0.0,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    rows = _Named(x, y)
    trainer = Trainer(_WithLoss(workload.network()), arguments, train_dataset=rows)
    return Peer(trainer.train, lambda: trainer.predict(rows))


FRAMEWORKS = {"lightning": lightning, "keras": keras, "skorch": skorch, "transformers": transformers}


def _ends_after_a_step(workload: Workload) -> Workload:
    """Makes the process end where a second batch of rows comes to the network."""
    seen = 0

    def count(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal seen
        # Keras looks at the network with other numbers of rows before.
        seen += len(given[0]) == workload.batch
        if seen > 1:
            os._exit(0)

    def network() -> nn.Module:
        made = workload.network()
        made.register_forward_pre_hook(count)
        return made

    return replace(workload, network=network)


def main() -> None:
    """Runs one framework, and says how long its training took."""
    name, workload, folder = sys.argv[1], WORKLOADS[sys.argv[2]], Path(sys.argv[3])
    what = sys.argv[4] if len(sys.argv) > 4 else "fit"
    torch.manual_seed(0)
    if what == "first-step":
        FRAMEWORKS[name](_ends_after_a_step(workload), *rows_of(folder)).fit()
        raise AssertionError("there was no second step")
    if what == "predict":
        rows = asked_rows(folder)
        FRAMEWORKS[name](workload, rows, torch.zeros(len(rows), dtype=torch.int64)).predict()
        os._exit(0)
    peer = FRAMEWORKS[name](workload, *rows_of(folder))
    began = time.perf_counter()
    peer.fit()
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
