"""A file and its `--set` values to a Spec: the one door of this folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.habits import unknown_key
from nncli.spec.includes import inline_includes
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Scalar
from nncli.spec.overrides import Override, apply_override, read_override
from nncli.spec.reading import read_file, read_nodes
from nncli.spec.spec import Origin, Spec
from nncli.spec.spelling import spell_out

KEYS: Final = (
    "name", "description", "include", "vars", "constants", "blocks", "data", "network", "networks",
    "training", "predict",
)  # fmt: skip

_DATA_SUFFIXES: Final = (
    *(".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".npz", ".npy", ".safetensors"),
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".wav", ".flac", ".ogg", ".mp3"),
)


def open_spec(path: Path, sets: Sequence[str] = ()) -> Spec:
    """Reads a spec file, with `--set` values put in.

    Raises UsageError for an unreadable file or a malformed `--set`, SpecError with all problems.
    """
    spec, problems = read_spec(path, sets)
    if problems:
        raise failures(problems)
    return spec


def read_spec(
    path: Path, sets: Sequence[str] = (), *, needs_network: bool = True
) -> tuple[Spec, list[Problem]]:
    """Reads a spec file as far as it can be read, with the problems found, for a whole answer.

    Where it `needs_network`, nothing more is said of a file without one. Raises UsageError as `open_spec`,
    and SpecError where the file is no YAML or no mapping.
    """
    _refuse_data(path)
    text = read_file(path, str(path))
    origin = Origin(str(path), path.parent, text)
    return read_text(text, origin, sets, stem=path.stem, needs_network=needs_network)


def _refuse_data(path: Path) -> None:
    """Raises UsageError `spec-is-data` for what is no spec by its name, but what `nncli init` reads."""
    is_folder = path.is_dir() and not path.suffix
    if is_folder or (path.suffix.lower() in _DATA_SUFFIXES and path.exists()):
        kind = "a folder" if is_folder else "data"
        run = shlex.quote(str(path / "spec.yaml")) if (path / "run.json").exists() else ""
        kind = "a run" if run else kind
        raise failure("spec-is-data", file=str(path), kind=kind, run=run, quoted=shlex.quote(str(path)))


def parse_spec(text: str, origin: Origin, sets: Sequence[str] = (), stem: str = "spec") -> Spec:
    """Reads the text of a spec; see `open_spec`."""
    spec, problems = read_text(text, origin, sets, stem)
    if problems:
        raise failures(problems)
    return spec


def read_text(
    text: str,
    origin: Origin,
    sets: Sequence[str] = (),
    stem: str = "spec",
    *,
    needs_network: bool = True,
) -> tuple[Spec, list[Problem]]:
    """Reads the text of a spec; see `read_spec`."""
    overrides = [read_override(each, number) for number, each in enumerate(sets, 1)]
    root = read_nodes(text, origin.file)
    problems: list[Problem] = []
    if not isinstance(root, Mapping):
        raise failures([Problem("spec-form", root.place)])
    root = spell_out(root)
    for override in overrides:
        if override.path[0].text == "include":
            root = _overridden(root, override, problems)
    declared = _vars(root)
    # `--set` reaches the blocks of included files too.
    before = len(problems)
    root = inline_includes(root, origin.folder, origin.file, problems)
    blocks_are_there = len(problems) == before
    for override in overrides:
        if override.path[0].text != "include":
            root = _overridden(root, override, problems)
    if overrides:
        from nncli.spec.unused import unread_sets

        problems.extend(unread_sets(root, declared))
    unknown = _unknown_keys(root)
    problems.extend(unknown)
    without = _without_network(root)
    if without is not None and any(_is_network(problem) for problem in unknown):
        # One mistake is said once: the key is there, and misspelt.
        raise failures(problems[:MOST_PROBLEMS])
    if without is not None and (needs_network or without.code != "key-missing"):
        # Nothing more can be said of a file without a network, and this is said at once.
        raise failures([without, *problems][:MOST_PROBLEMS])
    # Arithmetic and the schema cost 0.1 s to import; a file that is no spec is answered without them.
    from nncli.spec.binding import bind
    from nncli.spec.budget import TooLarge

    try:
        spec = bind(root, origin, stem, problems, blocks_are_there=blocks_are_there)
    except TooLarge as error:
        raise failures([*problems, error.problem][:MOST_PROBLEMS]) from None
    return spec, _once(problems)


def _vars(root: Mapping) -> list[str]:
    section = root.get("vars")
    return section.keys() if isinstance(section, Mapping) else []


def _overridden(root: Mapping, override: Override, problems: list[Problem]) -> Mapping:
    try:
        # A whole section may come from the command line in its short form.
        return spell_out(apply_override(root, override))
    except NncliError as error:
        problems.extend(error.problems)
        return root


def _unknown_keys(root: Mapping) -> list[Problem]:
    training = root.get("training")
    found = (unknown_key(name, "", KEYS, training) for name, _ in root.entries if name.text not in KEYS)
    return list(islice(found, MOST_PROBLEMS))


def _is_network(problem: Problem) -> bool:
    """Tells whether a key that nobody knows was meant to hold the network."""
    facts = problem.facts
    return facts["nearest"] in ("network", "networks") or "`network:`" in str(facts["elsewhere"])


def _without_network(root: Mapping) -> Problem | None:
    single, several = root.get("network"), root.get("networks")
    if single is not None and several is not None:
        key = next(name for name, _ in root.entries if name.text == "networks")
        return Problem("networks-twice", key.place, "networks")
    if several is not None:
        is_good = isinstance(several, Mapping) and several.entries
        return None if is_good else Problem("networks-form", several.place, "networks")
    if single is None:
        facts = {"key": "network", "example": "network: [Linear: 32, ReLU, Linear: 3]"}
        return Problem("key-missing", root.place, "network", facts)
    # A list or mapping may be a var too.
    is_word = isinstance(single, Scalar) and not (isinstance(single.value, str) and "$" in single.value)
    return Problem("network-form", single.place, "network") if is_word else None


def _once(problems: Sequence[Problem]) -> list[Problem]:
    """Leaves out what is said twice: one mistake can be found by two readers."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for problem in problems:
        key = (problem.code, problem.place, tuple(sorted((k, str(v)) for k, v in problem.facts.items())))
        if key not in seen:
            seen.add(key)
            kept.append(problem)
    return kept[:MOST_PROBLEMS]
