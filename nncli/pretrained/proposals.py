"""Entries of `rename:` that may bring what is left over in a file to what a network misses."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from nncli.pretrained.stored import Shape
from nncli.spec.patterns import generalised, matches, renamed

MOST_PROPOSALS: Final = 3
# Names that end alike are compared letter by letter, and no more of them than this.
_MOST_COMPARED: Final = 200
# `dense.weight` at the end of both names says something, `weight` alone does not.
_LEAST_PARTS: Final = 2
_LEAST_LIKENESS: Final = 0.6


@dataclass(frozen=True, slots=True)
class Proposal:
    """One entry of `rename:`, and the pair of names that it comes from."""

    pattern: str
    replacement: str
    stored: str
    wanted: str

    def __str__(self) -> str:
        return f"{_quoted(self.pattern)}: {_quoted(self.replacement)}"


def propose_renamings(
    missing: Mapping[str, Shape], left_over: Mapping[str, Shape], others: Collection[str] = ()
) -> tuple[Proposal, ...]:
    """Finds at most three entries, each from the first name that those before it leave missing.

    A tensor of the file is proposed where it has the wanted shape, or that shape transposed. No entry
    matches one of the `others`, which have their names already.
    """
    proposals: list[Proposal] = []
    lacking, spare = dict(missing), dict(left_over)
    while lacking and spare and len(proposals) < MOST_PROPOSALS:
        wanted, shape = next(iter(lacking.items()))
        del lacking[wanted]
        alike = [name for name, stored in spare.items() if shape in (stored, stored[::-1])]
        stored_name = _most_alike(wanted, alike)
        if not stored_name:
            continue
        proposal = _proposal(stored_name, wanted)
        if _matches_any([proposal.pattern], others):
            proposal = Proposal(stored_name, wanted, stored_name, wanted)
        proposals.append(proposal)
        for name in list(spare):
            target = renamed(proposal.pattern, proposal.replacement, name)
            if target == wanted or target in lacking:
                lacking.pop(target, None)
                del spare[name]
    return tuple(proposals)


def skip_entry(names: Sequence[str], others: Collection[str] = ()) -> str:
    """Makes the `skip:` that leaves tensors out: few patterns, none of which matches one of the `others`."""
    patterns: list[str] = []
    for name in names:
        if not any(matches(pattern, name) for pattern in patterns):
            patterns.append(_widest(name, others))
    # A wide pattern may have come behind one that it holds.
    kept = [each for each in patterns if not any(each != other and _holds(other, each) for other in patterns)]
    return f"skip: [{', '.join(map(_quoted, kept))}]"


def _widest(name: str, others: Collection[str]) -> str:
    """Finds the shortest start of a name below which none of the others lies, its numbers as `*`."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        start = ".".join(parts[:count])
        for pattern in dict.fromkeys((f"{generalised(start)}.*", f"{start}.*")):
            if not _matches_any([pattern], others):
                return pattern
    pattern = generalised(name)
    return name if _matches_any([pattern], others) else pattern


def _holds(outer: str, inner: str) -> bool:
    return matches(outer, inner.replace("*", "0"))


def _matches_any(patterns: Iterable[str], names: Iterable[str]) -> bool:
    return any(matches(pattern, name) for name in names for pattern in patterns)


def transpose_entry(names: Sequence[str]) -> str:
    """Makes the `transpose:` for tensors, by the last two parts of their names."""
    patterns = []
    for name in names:
        parts = name.split(".")
        patterns.append(f"*.{'.'.join(parts[-2:])}" if len(parts) > 2 else name)
    return f"transpose: [{', '.join(map(_quoted, dict.fromkeys(patterns)))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _most_alike(wanted: str, names: Sequence[str]) -> str:
    """The name with the same numbers that ends most like the wanted one; among several, by their letters."""
    parts = wanted.split(".")
    ranks = {name: _rank(parts, name.split(".")) for name in names}
    best = max(ranks.values(), default=(False, 0))
    ties = [name for name, rank in ranks.items() if rank == best][:_MOST_COMPARED]
    likeness = {name: SequenceMatcher(None, wanted, name, autojunk=False).ratio() for name in ties}
    found = max(ties, key=lambda name: likeness[name], default="")
    is_alike = best[1] >= _LEAST_PARTS or likeness.get(found, 0) >= _LEAST_LIKENESS
    return found if is_alike or len(names) == 1 else ""


def _rank(wanted: Sequence[str], stored: Sequence[str]) -> tuple[bool, int]:
    return _numbers(wanted) == _numbers(stored), _common_end(wanted, stored)


def _common_end(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return count


def _numbers(parts: Sequence[str]) -> list[str]:
    return [part for part in parts if part.isdecimal()]


def _proposal(stored: str, wanted: str) -> Proposal:
    """Makes an entry of the parts before the common end; numbers that both names have become `*`."""
    old, new = stored.split("."), wanted.split(".")
    common = _common_end(old, new)
    before, after = old[: len(old) - common], new[: len(new) - common]
    left, right = ".".join(before), ".".join(after)
    if _numbers(before) == _numbers(after):
        left, right = generalised(left), generalised(right)
    if not common:
        return Proposal(left, right, stored, wanted)
    if not before:
        return Proposal("*", f"{right}.*", stored, wanted)
    return Proposal(f"{left}.", f"{right}." if right else "", stored, wanted)
