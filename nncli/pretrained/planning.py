"""Which tensors of a file become which tensors of a network, found out by names and shapes alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nncli.counted import counted
from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.pretrained.moves import Layers, Move, moved_layers
from nncli.pretrained.proposals import Proposal, propose_renamings, skip_entry, transpose_entry
from nncli.pretrained.report import WeightsReport, WrongShape, shortened
from nncli.pretrained.stored import Shape
from nncli.pretrained.transforms import Pieces, Transformed, shape_of, transform
from nncli.spec.patterns import matches, renamed
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
    problems = [*found.problems, *_problems(report, moves, spec, found)]
    if report.left_over and is_whole and not moves:
        facts = {
            "tensors": counted(len(report.left_over), "tensor"),
            "file": spec.file,
            "names": shortened(report.left_over),
        }
        facts["skip"] = skip_entry(report.left_over, [*_in_use(report, found), *report.missing])
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
    told = _told(found)
    missing = [
        name
        for name in wanted
        if name not in found.tensors
        and name not in told
        and name.rpartition(".")[2] != _OPTIONAL
        and not _is_skipped(name, spec)
    ]
    wrong = tuple(
        WrongShape(name, found.origins[name], shape_of(found.tensors[name]), shape)
        for name, shape in wanted.items()
        if name in found.tensors and name not in loaded
    )
    spare = {name: found.origins[name] for name in found.tensors if name not in wanted}
    left_over = [origin for origin in spare.values() if origin not in told and origin not in missing]
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
        proposals=_proposals(wanted, missing, spare, found),
    )


def _told(found: Transformed) -> frozenset[str]:
    """Names what an entry of `rename:` that came too late would have renamed, and to what."""
    late = [problem.facts for problem in found.problems if problem.code == "rename-shadowed"]
    pairs = [
        (origin, new)
        for origin in found.origins.values()
        for facts in late
        if (new := renamed(str(facts["pattern"]), str(facts["replacement"]), origin)) is not None
    ]
    return frozenset(name for pair in pairs for name in pair)


def _proposals(
    wanted: Mapping[str, Shape], missing: Iterable[str], spare: Mapping[str, str], found: Transformed
) -> tuple[Proposal, ...]:
    """Proposes entries to stand below those that are there; each names the tensor as it is in the file."""
    shapes = {name: shape_of(found.tensors[name]) for name in spare}
    taken = [name for name in found.tensors if name in wanted]
    proposed = propose_renamings({name: wanted[name] for name in missing}, shapes, taken)
    return tuple(replace(each, stored=spare[each.stored]) for each in proposed)


def _in_use(report: WeightsReport, found: Transformed) -> list[str]:
    """Names what no `skip:` may match: what is loaded, in the file and in the network."""
    return [*report.loaded, *(found.origins[name] for name in report.loaded)]


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


def _problems(
    report: WeightsReport, moves: tuple[Move, ...], spec: WeightsSpec, found: Transformed
) -> list[Problem]:
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
    in_use = _in_use(report, found)
    told = [name for move in moves for name in (move.stored, move.wanted)]
    missing = [name for name in report.missing if not any(_below(layer, [name]) for layer in told)]
    if missing:
        facts = {"tensors": counted(len(missing), "tensor"), "file": spec.file, "names": shortened(missing)}
        facts |= {"rename": ", ".join(map(str, report.proposals)), "skip": skip_entry(missing, in_use)}
        facts |= _renamed_away(missing, report, found)
        problems.append(Problem("tensors-missing", spec.place, facts=facts))
    wrong = [each for each in report.wrong_shape if not any(_below(layer, [each.name]) for layer in told)]
    if wrong:
        turned = [each.stored_name for each in wrong if each.is_transposed]
        facts = {
            "tensors": counted(len(wrong), "tensor"),
            "file": spec.file,
            "names": shortened([str(each) for each in wrong]),
        }
        facts["transpose"] = transpose_entry(turned) if turned else ""
        facts["skip"] = skip_entry([each.name for each in wrong], in_use)
        problems.append(Problem("tensors-shape", spec.place, facts=facts))
    return problems


def _renamed_away(missing: Iterable[str], report: WeightsReport, found: Transformed) -> dict[str, str]:
    """Finds a missing tensor that is in the file under its own name, until an entry renames it."""
    away = dict(report.renamed)
    there = next((name for name in missing if name in away), "")
    return {"there": there, "rule": found.first_rules.get(there, ""), "name": away.get(there, "")}


def _last(name: str) -> str:
    return name.rpartition(".")[2]
