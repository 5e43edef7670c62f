"""What is made small: the loss, the form in which a target reaches it, and what outputs mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor, nn

from nncli.columns.stored import Taken
from nncli.columns.targets import TargetSpec
from nncli.data.dataset import PartName
from nncli.messages.catalogue import failure
from nncli.objectives.losses import Form, Probabilities, form_of, probabilities_of, target_range

# What a network gives: a tensor, or one for each of several outputs.
Output: TypeAlias = Tensor | tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What outputs are compared with: values (N, …) in the form of the loss.

    `mask` is bool, with the first axes of `values`, true where there is a value; None where all are.
    `shares`, (N,) from 0 to 1, tell how much of each row is its own where it was mixed with the row before.
    Of several outputs `parts` has what each is compared with, and the rest is that of the first.
    """

    values: Tensor
    mask: Tensor | None = None
    shares: Tensor | None = None
    parts: tuple[Truth, ...] = ()

    def take(self, rows: Tensor) -> Truth:
        """Takes rows by number."""
        if self.parts:
            return truth_of([part.take(rows) for part in self.parts])
        mask = None if self.mask is None else self.mask.index_select(0, rows)
        return Truth(self.values.index_select(0, rows), mask)

    def before(self) -> Truth:
        """Gives each row what the row before has, with what is left of its share."""
        mask = None if self.mask is None else self.mask.roll(1, 0)
        return Truth(self.values.roll(1, 0), mask, None if self.shares is None else 1 - self.shares)


def truth_of(parts: Sequence[Truth]) -> Truth:
    """Puts together what several outputs are compared with."""
    return replace(parts[0], parts=tuple(parts))


@dataclass(frozen=True, slots=True)
class Term:
    """One loss with its weight; `sums` where it adds the rows up instead of taking their mean.

    `each` is the same loss before it is brought to one number, where targets are missing or mixed.
    """

    name: str
    function: nn.Module
    weight: float
    sums: bool
    each: nn.Module | None = None

    def value(self, output: Tensor, truth: Truth) -> Tensor:
        """Computes the loss of a batch; values that are missing do not count.

        For rows that were mixed it is the loss of both rows in their shares: what is expected, whatever the
        loss, where the class is drawn in these shares.
        """
        if truth.mask is None and truth.shares is None:
            value: Tensor = self.function.forward(output, truth.values)
            return value
        total, count = self._added(output, truth)
        if truth.shares is not None:
            others = self._added(output, truth.before())
            total, count = total + others[0], count + others[1]
        return total if self.sums else total / torch.where(count > 0, count, 1.0)

    def _added(self, output: Tensor, truth: Truth) -> tuple[Tensor, Tensor]:
        """Adds up the losses of all values, and what these count."""
        assert self.each is not None
        each: Tensor = self.each(output, truth.values)
        counts = torch.ones_like(each)
        if truth.mask is not None:
            mask = _as_wide(truth.mask, each)
            each, counts = torch.where(mask, each, 0.0), mask.to(each.dtype)
        if truth.shares is not None:
            shares = _as_wide(truth.shares, each)
            each, counts = each * shares, counts * shares
        weights = getattr(self.function, "weight", None)
        if truth.mask is None and form_of(self.name) == "index" and isinstance(weights, Tensor):
            counts = counts * weights[truth.values]
        return each.sum(), counts.sum()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the outputs of the network say about one target.

    Shapes (N rows): `value` is float32, as scaled, (N,) for one number and (N, …) for several, else the
    class index, int64 (N, …). `scores` is (N, …, classes), larger for a likelier class; None for a number.
    They are probabilities where `are_probabilities`.
    """

    value: Tensor
    scores: Tensor | None = None
    are_probabilities: bool = False


@dataclass(frozen=True)
class Objective:
    """The loss of one output, bound to its targets; make it with `heads.objective_of`.

    `classes_last` where the network gives its scores on the last axis, one for each class at each step.
    """

    terms: tuple[Term, ...]
    targets: Mapping[str, TargetSpec]
    classes_last: bool = False

    @property
    def heads(self) -> tuple[Objective, ...]:
        """Lists the losses of each output: of one output this one."""
        return (self,)

    def outputs(self, output: Output) -> tuple[Tensor, ...]:
        """Takes what a network gives apart: a tensor for each of `heads`."""
        assert isinstance(output, Tensor)
        return (output,)

    @property
    def form(self) -> Form:
        """Tells how the target is compared; it is the same for every term."""
        return form_of(self.terms[0].name)

    def to(self, device: torch.device) -> None:
        """Puts what losses hold, such as the weights of classes, on a device."""
        for term in self.terms:
            for function in (term.function, term.each):
                if function is not None:
                    function.to(device)

    def arrange(self, targets: Mapping[str, Taken]) -> Truth:
        """Brings the targets of some rows into the form that the loss compares with.

        Shapes (N rows): class indices int64 (N, …), or float32 (N, …); several targets of one number
        each stand side by side, (N, width).
        """
        arranged = [self._arranged(spec, targets[name].values) for name, spec in self.targets.items()]
        masks = [targets[name].mask for name in self.targets]
        if len(arranged) == 1:
            return Truth(arranged[0], masks[0])
        if all(mask is None for mask in masks):
            return Truth(torch.cat(arranged, dim=1))
        wide = [
            torch.ones_like(values, dtype=torch.bool) if mask is None else mask[:, None].expand_as(values)
            for values, mask in zip(arranged, masks, strict=True)
        ]
        return Truth(torch.cat(arranged, dim=1), torch.cat(wide, dim=1))

    def _arranged(self, spec: TargetSpec, values: Tensor) -> Tensor:
        if self.form == "index":
            return values
        if spec.type == "category":
            return nn.functional.one_hot(values, len(spec.classes)).float()
        if spec.type == "binary":
            column = values.float().reshape(-1, 1)
            return 2 * column - 1 if self.form == "sign" else column
        return values.float()

    def mixed(self, truth: Truth, shares: Tensor) -> Truth:
        """Tells of rows that each was mixed with the one before, and of the share that it kept, (N,).

        Numbers are mixed themselves; of classes the losses are, see `Term.value`.
        """
        if any(spec.type != "number" for spec in self.targets.values()):
            return Truth(truth.values, truth.mask, shares)
        before = truth.before()
        wide = _as_wide(shares, truth.values)
        mask = None if truth.mask is None or before.mask is None else truth.mask & before.mask
        return Truth(wide * truth.values + (1 - wide) * before.values, mask)

    def refuse_outside(self, targets: Mapping[str, Tensor], part: PartName) -> None:
        """Refuses targets that the loss cannot compare with. Raises DataError: `target-outside`."""
        for name, values in targets.items():
            spec = self.targets[name]
            if spec.type != "number":
                self._refuse(spec, values, (0, max(len(spec.classes) - 1, 1)), part)
            elif self.form == "values":
                for term in self.terms:
                    self._refuse(spec, values, target_range(term.name), part)

    def _refuse(self, spec: TargetSpec, values: Tensor, allowed: tuple[float, float], part: PartName) -> None:
        if not values.numel():
            return
        lowest, highest = values.min().item(), values.max().item()
        if allowed[0] <= lowest and highest <= allowed[1]:
            return
        needed = f"{allowed[0]:g} to {allowed[1]:g}" if allowed[1] < float("inf") else "0 or more"
        fix = "write `scale: none` where the numbers are meant to reach the loss as they are"
        raise failure(
            "target-outside",
            column=spec.name,
            part=part,
            loss=self.terms[0].name,
            lowest=f"{lowest:g}",
            highest=f"{highest:g}",
            needed=needed,
            fix=fix if spec.type == "number" else "",
        )

    def loss(self, output: Output, truth: Truth) -> Tensor:
        """Computes what a step makes small: the mean over the batch, times the weights of the terms."""
        assert isinstance(output, Tensor)
        output = self._classes_second(output)
        first = self.terms[0]
        if len(self.terms) == 1 and first.weight == 1.0:
            return first.value(output, truth)
        return torch.stack([term.weight * term.value(output, truth) for term in self.terms]).sum()

    def mean_loss(self, output: Output, truth: Truth) -> Tensor:
        """Computes the loss per row of some rows, also where the loss itself adds rows up."""
        assert isinstance(output, Tensor)
        rows, output = output.shape[0], self._classes_second(output)
        terms = [term.weight * term.value(output, truth) / (rows if term.sums else 1) for term in self.terms]
        return torch.stack(terms).sum()

    def weight(self, truth: Truth) -> Tensor | int:
        """Counts what the mean loss of some rows is over: rows, values that are there, weights of classes."""
        if truth.mask is not None:
            return truth.mask.sum()
        weights = getattr(self.terms[0].function, "weight", None)
        if self.form == "index" and isinstance(weights, Tensor) and not self.terms[0].sums:
            return weights[truth.values].sum()
        return len(truth.values)

    def _classes_second(self, output: Tensor) -> Tensor:
        """Puts the axis of the classes where torch's losses want it."""
        return output.movedim(-1, 1) if self.classes_last else output

    def probabilities(self, output: Tensor) -> Tensor | None:
        """Turns outputs into probabilities as the loss means them; None where it means none."""
        kind: Probabilities | None = probabilities_of(self.terms[0].name)
        if kind is None or any(spec.type == "number" for spec in self.targets.values()):
            return None
        if kind == "softmax":
            return output.softmax(dim=-1 if self.classes_last else 1)
        if kind == "sigmoid":
            return output.sigmoid()
        return output.exp() if kind == "exp" else output

    def predictions(self, output: Output) -> dict[str, Prediction]:
        """Reads the outputs of N rows: one prediction for each target."""
        assert isinstance(output, Tensor)
        probabilities = self.probabilities(output)
        scores = output if probabilities is None else probabilities
        name, first = next(iter(self.targets.items()))
        if self.form == "index" or any(spec.type == "category" for spec in self.targets.values()):
            scores = scores if self.classes_last else scores.movedim(1, -1)
            return {name: Prediction(scores.argmax(dim=-1), scores, probabilities is not None)}
        if first.type == "set":
            middle = 0.5 if probabilities is not None else 0.0
            return {name: Prediction((scores > middle).long(), scores, probabilities is not None)}
        if len(self.targets) == 1 and first.type == "number" and first.shape != (1,):
            return {name: Prediction(output)}
        found = {}
        for position, (name, spec) in enumerate(self.targets.items()):
            column = scores[:, position]
            if spec.type == "number":
                found[name] = Prediction(output[:, position])
                continue
            # Without a probability the loss tells which number stands between the two classes.
            middle = 0.0 if self.form == "sign" and probabilities is None else 0.5
            both = torch.stack([1 - column, column], dim=1)
            found[name] = Prediction((column > middle).long(), both, probabilities is not None)
        return found


def _as_wide(values: Tensor, like: Tensor) -> Tensor:
    """Gives values of the first axes the axes of another tensor."""
    return values.reshape(*values.shape, *[1] * (like.ndim - values.ndim)).expand_as(like)


def on_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copies a tensor of a part to the device, through pinned memory where that is quicker."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
