"""Which tensors of a file become which tensors of a network, found out by names and shapes alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.pretrained.moves import Layers, Move, moved_layers
from nncli.pretrained.proposals import propose_renamings, skip_entry, transpose_entry
from nncli.pretrained.report import WeightsReport, WrongShape, shortened
from nncli.pretrained.stored import Shape
from nncli.pretrained.transforms import Pieces, Transformed, shape_of, transform
from nncli.sources.tables import counted
from nncli.spec.patterns import matches
from nncli.spec.weights import WeightsSpec

# A count that nothing computes with unless momentum is None; older files lack it.
_OPTIONAL = "num_batches_tracked"


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """What is loaded: for each name of the network, the pieces of the file that are joined to its tensor."""

    spec: WeightsSpec
    tensors: Mapping[str, Pieces]
    report: WeightsReport
    problems: tuple[Problem, ...] = ()

    def warnings(self) -> list[Problem]:
        """What is wrong and yet no obstacle.

        Raises WeightsError with everything that is one: `tensors-missing`, `tensors-shape`,
        `tensors-moved`, `tensors-collide`, `tensor-parts`, `pattern-unmatched`.
        """
        if any(problem.severity == "error" for problem in self.problems):
            raise failures(self.problems)
        return list(self.problems)


def plan_weights(
    wanted: Mapping[str, Shape],
    available: Mapping[str, Shape],
    spec: WeightsSpec,
    layers: Layers | None = None,
    *,
    is_whole: bool = True,
) -> WeightsPlan:
    """Plans how the tensors of a file come into a network, or into one layer or block of it.

    `wanted` holds every parameter and buffer by the name that `rename:` leads to; within a layer or block
    these are its own names, such as `weight`. With `is_whole` false, as for one of these, tensors that are
    left over are in the report and no warning: the file may hold a whole network.
    No tensor is read; what is wrong is in `problems`.
    """
    found = transform(wanted, available, spec)
    for name in [name for name in found.tensors if _is_skipped(name, spec)]:
        del found.tensors[name]
        found.skipped.append(found.origins[name])
    shapes = {name: shape_of(pieces) for name, pieces in found.tensors.items()}
    loaded = {
        name: found.tensors[name]
        for name, shape in wanted.items()
        if name in shapes and _without_ones(shapes[name]) == _without_ones(shape)
    }
    report = _report(wanted, found, tuple(loaded), spec)
    moves = _moves(layers or Layers(), wanted, available, report)
    problems = [*found.problems, *_problems(report, moves, spec)]
    if report.left_over and is_whole and not moves:
        facts = {
            "tensors": counted(len(report.left_over), "tensor"),
            "file": spec.file,
            "names": shortened(report.left_over),
        }
        facts["skip"] = skip_entry(report.left_over)
        problems.append(Problem("tensors-left-over", spec.place, facts=facts, severity="warning"))
    return WeightsPlan(spec, loaded, report, tuple(problems))


def _without_ones(shape: Shape) -> Shape:
    """Leaves out the ones that a shape starts with: [1, 197, 768] holds the numbers of [197, 768]."""
    sizes = list(shape)
    while sizes and sizes[0] == 1:
        del sizes[0]
    return tuple(sizes)


def _is_skipped(name: str, spec: WeightsSpec) -> bool:
    return any(matches(each.pattern, name) for each in spec.skip)


def _report(
    wanted: Mapping[str, Shape], found: Transformed, loaded: tuple[str, ...], spec: WeightsSpec
) -> WeightsReport:
    missing = [
        name
        for name in wanted
        if name not in found.tensors and name.rpartition(".")[2] != _OPTIONAL and not _is_skipped(name, spec)
    ]
    wrong = tuple(
        WrongShape(name, found.origins[name], shape_of(found.tensors[name]), shape)
        for name, shape in wanted.items()
        if name in found.tensors and name not in loaded
    )
    left_over = [found.origins[name] for name in found.tensors if name not in wanted]
    shapes = {
        origin: shape_of(found.tensors[name])
        for name, origin in found.origins.items()
        if name in found.tensors
    }
    pairs = ((found.origins[name], name) for name in found.tensors)
    return WeightsReport(
        loaded=loaded,
        renamed=tuple(pair for pair in pairs if pair[0] != pair[1]),
        transposed=tuple(found.transposed),
        split=tuple(found.split),
        joined=tuple(found.joined),
        skipped=tuple(found.skipped),
        missing=tuple(missing),
        left_over=tuple(left_over),
        wrong_shape=wrong,
        proposals=propose_renamings(
            {name: wanted[name] for name in missing}, {name: shapes[name] for name in left_over}
        ),
    )


def _moves(
    layers: Layers, wanted: Mapping[str, Shape], available: Mapping[str, Shape], report: WeightsReport
) -> tuple[Move, ...]:
    """Finds moved layers of which some tensor is missing, left over or of the wrong shape."""
    stored = [*report.left_over, *(each.stored_name for each in report.wrong_shape)]
    named = [*report.missing, *(each.name for each in report.wrong_shape)]
    moves = moved_layers(layers, available, wanted)
    return tuple(move for move in moves if _below(move.stored, stored) or _below(move.wanted, named))


def _below(layer: str, names: Iterable[str]) -> bool:
    return any(name == layer or name.startswith(f"{layer}.") for name in names)


def _problems(report: WeightsReport, moves: tuple[Move, ...], spec: WeightsSpec) -> list[Problem]:
    """Says what keeps the weights from being loaded; a layer that moved explains what is wrong with it."""
    problems = [
        Problem(
            "tensors-moved",
            spec.place,
            facts={
                "stored": move.stored,
                "wanted": move.wanted,
                "line": move.line,
                "name": _last(move.stored),
            },
        )
        for move in moves
    ]
    told = [name for move in moves for name in (move.stored, move.wanted)]
    missing = [name for name in report.missing if not any(_below(layer, [name]) for layer in told)]
    if missing:
        facts = {"tensors": counted(len(missing), "tensor"), "file": spec.file, "names": shortened(missing)}
        facts |= {"rename": ", ".join(map(str, report.proposals)), "skip": skip_entry(missing)}
        problems.append(Problem("tensors-missing", spec.place, facts=facts))
    wrong = [each for each in report.wrong_shape if not any(_below(layer, [each.name]) for layer in told)]
    if wrong:
        turned = [each.stored_name for each in wrong if each.is_transposed]
        facts = {
            "tensors": counted(len(wrong), "tensor"),
            "file": spec.file,
            "names": shortened([str(each) for each in wrong]),
        }
        facts |= {"transpose": transpose_entry(turned) if turned else "", "skip": skip_entry([wrong[0].name])}
        problems.append(Problem("tensors-shape", spec.place, facts=facts))
    return problems


def _last(name: str) -> str:
    return name.rpartition(".")[2]
