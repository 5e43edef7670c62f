"""A network ready to use: from a run folder, a weights file or a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

from nncli.answers.forecasts import Forecasts
from nncli.answers.outputs import Answers
from nncli.answers.texts import Answerer
from nncli.columns.encoders import Encoders
from nncli.data.dataset import Part
from nncli.data.future import future_of
from nncli.data.rows import part_from, read_rows, table_from_rows
from nncli.device import resolve_device, set_precision
from nncli.messages.catalogue import failure
from nncli.models.opened import Opened, found_text_recipes, is_spec, open_untrained, open_weights
from nncli.models.tensor_calls import call_on_tensors, example_call
from nncli.network.compiled import CompiledNetwork
from nncli.preparing.own_code import NO_CODE, OwnCode, load_code
from nncli.runs.info import RunInfo
from nncli.sources.tables import Table
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.training.evaluation import Judge
from nncli.training.held import HeldPart
from nncli.training.prediction import predict

if TYPE_CHECKING:
    import polars

_OPTION: Final = 'network="{}"'


@dataclass(frozen=True, repr=False)
class Model:
    """A network that is ready to use, in eval mode on its device.

    `spec` states every size and class. `run` is what the run folder notes, None for a file. `path` is the
    weights file or the spec.
    """

    module: nn.Module
    spec: Spec
    network: CompiledNetwork
    path: Path
    device: torch.device
    run: RunInfo | None = None
    _encoders: Encoders | None = None
    _judge: Judge | None = None
    _opening: str = ""
    _answerer: Answerer | None = None

    @property
    def encoders(self) -> Encoders:
        """What turns rows into tensors. Raises WeightsError `model-without-encoders`."""
        if self._encoders is None:
            example = f"{self._opening}({example_call(self.network)})"
            raise failure("model-without-encoders", file=str(self.path), example=example)
        return self._encoders

    @property
    def judge(self) -> Judge:
        """The loss and metrics.

        Raises WeightsError as `encoders`, `model-without-training`, UsageError `model-of-updates`.
        """
        if self._judge is not None:
            return self._judge
        assert self.encoders is not None
        if self.spec.training is not None and self.spec.training.updates:
            raise failure("model-of-updates", file=str(self.path))
        raise failure("model-without-training", file=str(self.path))

    @property
    def training(self) -> TrainingSpec:
        """How the network is trained. Raises as `judge`."""
        assert self.judge is not None and self.spec.training is not None
        return self.spec.training

    def __repr__(self) -> str:
        """Says what was opened in one line; the whole spec would fill a screen."""
        return f"Model({self.spec.name!r}, {self.network.parameters():,} parameters, {str(self.path)!r})"

    def __call__(self, *positions: Tensor, **named: Tensor) -> dict[str, Tensor]:
        """Runs tensors through the network, in eval mode and without gradients; returns outputs by name.

        Inputs come in the order of the network, or by name, rows first. The padding mask of `source` is
        `source_mask`; without it every step is valid. The only output goes by `output` where the spec
        names none. `module` is the network itself, for gradients.
        Raises UsageError `tensor-…`: missing, unknown, extra, twice, shape, type, index.
        """
        return call_on_tensors(self.network, self.module, self.device, positions, named)

    def answers(self, table: Table) -> Answers | Forecasts:
        """Runs the rows of a table through the network and turns outputs into classes and units.

        Rows in time are taken for the past: the answers are about what comes after them.
        """
        if self.encoders.timeline is not None:
            future = future_of(self.encoders, table)
            return Forecasts(self._answers(future.part), future)
        return self._answers(part_from(self.encoders, table, "test", with_targets=False))

    def _answers(self, part: Part) -> Answers:
        held = HeldPart(part, list(self.network.inputs), None, self.device)
        output = predict(self.module, held, self.training.batch_size)
        objective = self.judge.objective
        masks = part.masks_of(self.encoders)
        return Answers(objective, self.encoders, objective.predictions(output), masks)

    def predict(
        self, rows: Mapping[str, object] | Sequence[Mapping[str, object]] | polars.DataFrame | str | Path
    ) -> list[dict[str, Any]]:
        """Predicts raw rows: a dict for each, a Polars frame, or the path of a file; one dict is one row.

        A network that writes text needs no column for what it writes. Returns one dict a row, in order: the
        targets, and `probabilities` where the loss gives them:
        `{"species": "Adelie", "probabilities": {"species": {"Adelie": 0.98, …}}}`.
        Raises DataError as `nncli predict` does, WeightsError as `encoders` and `judge` do.
        """
        encoders = self._answerer.encoders if self._answerer else self.encoders
        table: Table
        if isinstance(rows, (str, Path)):
            table = read_rows(Path(rows), encoders, with_targets=False)
        else:
            table = table_from_rows(rows, encoders, with_targets=False)
        answers = self._answerer.answers(table) if self._answerer else self.answers(table)
        return list(answers.documents())


def load(
    path: str | Path,
    device: str = "auto",
    code: str | Path | Sequence[str | Path] = (),
    *,
    network: str | None = None,
) -> Model:
    """Opens a run folder, an exported weights file or a spec, with the weights that it names or initial ones.

    `code` names the Python files of its own layers: these files run. `network` chooses one of several.
    Raises SpecError and DataError for a spec, WeightsError for what is no model of nncli, UsageError for a
    device that is not there, for `code` that is not what the network was trained with, and for `network`.
    """
    files = [code] if isinstance(code, (str, Path)) else code
    found, own = resolve_device(device), load_code([Path(file) for file in files])
    opened = open_untrained(Path(path), code=own) if is_spec(Path(path)) else open_weights(Path(path), own)
    return _model(opened, found, network)


def open_model(path: Path, device: torch.device, code: OwnCode = NO_CODE) -> Model:
    """Opens a trained run folder or weights file on a device, at the precision it was trained with.

    Raises as `open_weights`, and as `Model.judge` where it was not trained.
    """
    model = trained_model(open_weights(path, code), device)
    assert model.judge is not None
    return model


def trained_model(opened: Opened, device: torch.device) -> Model:
    """Makes a model of the network that was trained: the only one, or the first of several."""
    return _model(opened, device, next(iter(opened.networks)))


def _model(opened: Opened, device: torch.device, name: str | None) -> Model:
    first = next(iter(opened.networks))
    chosen = first if name is None and opened.judge else opened.chosen(name, _OPTION)
    network = opened.networks[chosen]
    if opened.spec.training is not None:
        set_precision(opened.spec.training.precision, device)
    option = f", {_OPTION.format(chosen)}" if len(opened.networks) > 1 else ""
    return Model(
        network.module.to(device).eval(),
        opened.spec,
        network,
        opened.path,
        device,
        opened.run,
        opened.encoders,
        opened.judge if chosen == first else None,
        f"nncli.load({str(opened.path)!r}{option})",
        answerer_of(opened, device) if chosen == first and opened.judge else None,
    )


def answerer_of(opened: Opened, device: torch.device, name: str | None = None) -> Answerer | None:
    """Makes what answers rows by writing text, by a recipe or the first that does; None where none does."""
    reads = {each: recipe for each, recipe in found_text_recipes(opened).items() if recipe.inputs}
    recipe = reads.get(name or next(iter(reads), ""))
    if recipe is None or opened.encoders is None:
        return None
    size = opened.spec.training.batch_size if opened.spec.training else 32
    return Answerer(recipe, opened.encoders, size, device)
