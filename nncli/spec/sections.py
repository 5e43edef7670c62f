"""Nodes of data: and training: to the typed sections of schema.py."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from typing import Any, Final

from nncli.errors import SET_FILE, Problem
from nncli.spec.calls import read_named_call
from nncli.spec.habits import misspelt_keys
from nncli.spec.items import Call
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, plain
from nncli.spec.optimising import read_average, read_groups, read_regularise, read_schedule
from nncli.spec.phases import PhaseSpec
from nncli.spec.schema import DataSpec, LossTerm, TrainingSpec
from nncli.spec.spelling import FREE_KEYS, TERM_WORDS, is_free
from nncli.spec.update_reading import UpdateReader
from nncli.spec.validating import Fallback, validated
from nncli.spec.weights import read_patterns

_LENGTHS: Final = ("epochs", "steps", "minutes", "phases")
_LOSS: Final = "a loss of torch.nn, such as CrossEntropyLoss"


def read_data(node: Node, problems: list[Problem]) -> DataSpec | None:
    """Reads `data:`; its columns' names are checked as names of values."""
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "data", {"key": "data"}))
        return None
    for section in ("inputs", "targets"):
        columns = node.get(section)
        for name, _ in columns.entries if isinstance(columns, Mapping) else ():
            problem = check_name(name, f"data.{section}.{name.text}", becomes_attribute=False)
            if problem:
                problems.append(problem)
    return validated(DataSpec, plain(node), node, "data", problems)


def read_training(node: Node, updates: UpdateReader, problems: list[Problem]) -> TrainingSpec | None:
    """Reads `training:`: calls and updates by our own reading, the rest by the schema."""
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "training", {"key": "training"}))
        return None
    values: dict[str, Any] = {}
    before = len(problems)
    for name, value in node.entries:
        path = f"training.{name.text}"
        if name.text in _OWN_READERS:
            values[name.text] = _OWN_READERS[name.text](value, path, problems)
        elif name.text == "phases":
            values[name.text] = _read_phases(value, path, problems)
        elif name.text == "loss" and not is_free(value):
            values[name.text] = _read_loss(value, problems)
        elif name.text in FREE_KEYS:
            continue
        elif name.text == "metrics":
            items = value.items if isinstance(value, Sequence) else (value,)
            calls = [read_named_call(item, path, problems, "a metric, such as accuracy") for item in items]
            values[name.text] = tuple(calls)
        else:
            values[name.text] = plain(value)
    values |= _updates(node, updates, problems)
    calls_failed = {problem.path.split(".")[1] for problem in problems[before:] if "." in problem.path}
    # Without a loss or an optimiser all that is there can still be checked.
    stand_ins = {"loss": (), "optimizer": Call("AdamW", node.place)}
    fallback = Fallback(frozenset(calls_failed), stand_ins)
    if values.get("phases"):
        node = _with_whole(node, values, problems)
        values["epochs"] = sum(each.epochs for each in values["phases"])
    found = validated(TrainingSpec, values, node, "training", problems, fallback)
    stated = [key.place for key, value in node.entries if key.text in _LENGTHS and plain(value) is not None]
    if len(stated) != 1 and not set(_LENGTHS) & misspelt_keys(problems[before:]):
        keys = [key.text for key, value in node.entries if key.text in _LENGTHS and plain(value) is not None]
        facts = {"several": " and ".join(f"`{each}`" for each in keys) if len(keys) > 1 else ""}
        problems.append(Problem("training-length", (stated or [node.place])[-1], "training.epochs", facts))
    return found


def _with_whole(node: Mapping, values: dict[str, Any], problems: list[Problem]) -> Mapping:
    """Makes the last phase so long that the run has the epochs of the command line, and takes these away.

    Problem: `phases-short`.
    """
    typed = next((k for k, _ in node.entries if k.text == "epochs" and k.place.file == SET_FILE), None)
    whole, phases = values.get("epochs"), values["phases"]
    if typed is None or type(whole) is not int:
        return node
    before = sum(each.epochs for each in phases[:-1])
    if whole <= before:
        facts = {"epochs": whole, "before": before, "least": before + 1}
        problems.append(Problem("phases-short", typed.place, "training.epochs", facts))
    last = phases[-1].model_copy(update={"epochs": max(whole - before, 1)})
    values["phases"] = (*phases[:-1], last)
    return Mapping(tuple(entry for entry in node.entries if entry[0] is not typed), node.place)


def _read_phases(node: Node, path: str, problems: list[Problem]) -> tuple[PhaseSpec, ...] | None:
    """Reads a list of phases, each with its epochs and what is other in it. Problem: `phases-form`."""
    if not isinstance(node, Sequence) or not node.items:
        problems.append(Problem("phases-form", node.place, path))
        return None
    found = [_read_phase(item, f"{path}.{number}", problems) for number, item in enumerate(node.items)]
    phases = tuple(each for each in found if each)
    return phases if len(phases) == len(found) else None


def _read_phase(node: Node, path: str, problems: list[Problem]) -> PhaseSpec | None:
    if not isinstance(node, Mapping):
        problems.append(Problem("phases-form", node.place, path))
        return None
    before = len(problems)
    values = {
        name.text: _OWN_READERS[name.text](value, f"{path}.{name.text}", problems)
        if name.text in _OWN_READERS
        else plain(value)
        for name, value in node.entries
    }
    found = validated(PhaseSpec, values, node, path, problems) if len(problems) == before else None
    return found if len(problems) == before else None


def _read_optimizer(node: Node, path: str, problems: list[Problem]) -> Call | None:
    return read_named_call(node, path, problems, "an optimiser of torch.optim, such as AdamW")


_OWN_READERS: Final[MappingType[str, Callable[[Node, str, list[Problem]], Any]]] = {
    "optimizer": _read_optimizer,
    "groups": read_groups,
    "schedule": read_schedule,
    "regularise": read_regularise,
    "average": read_average,
    "freeze": read_patterns,
}


def _updates(node: Mapping, updates: UpdateReader, problems: list[Problem]) -> dict[str, Any]:
    """Reads what names its own values: a list of updates, or a loss with `from:` or `compute:`."""
    listed, loss, compute = (node.get(key) for key in FREE_KEYS)
    if listed is None and (loss is None or not is_free(loss)):
        if compute is not None:
            problems.append(Problem("compute-without-loss", compute.place, "training.compute"))
        return {}
    if listed is None:
        assert loss is not None
        return {"loss": (), "updates": updates.of_network(loss, compute)}
    for key, value in (("loss", loss), ("compute", compute)):
        if value is not None:
            problems.append(Problem("updates-beside", value.place, f"training.{key}", {"key": key}))
    return {"loss": (), "updates": updates.updates(listed)}


def _read_loss(node: Node, problems: list[Problem]) -> tuple[LossTerm, ...] | None:
    """Reads one loss, or one for each target."""
    path = "training.loss"
    if isinstance(node, Mapping) and _is_by_target(node):
        terms = [_term(value, f"{path}.{name.text}", name.text, problems) for name, value in node.entries]
    elif isinstance(node, (Mapping, Scalar)):
        terms = [_term(node, path, None, problems)]
    else:
        problems.append(Problem("call-expected", node.place, path, {"wanted": _LOSS}))
        return None
    found = tuple(term for term in terms if term)
    return found if len(found) == len(terms) else None


def _is_by_target(node: Mapping) -> bool:
    """Tells targets with their losses from one loss, whose name may be misspelt in lower case."""
    is_one_name = len(node.entries) == 1 and node.entries[0][1] == Mapping((), node.entries[0][1].place)
    return bool(node.entries) and not is_one_name and not any(key[:1].isupper() for key in node.keys())


def _term(node: Node, path: str, target: str | None, problems: list[Problem]) -> LossTerm | None:
    weight: object = 1.0
    if isinstance(node, Mapping):
        stated = node.get("weight")
        weight = plain(stated) if stated else 1.0
        entries = tuple((name, value) for name, value in node.entries if name.text not in TERM_WORDS)
        node = Mapping(entries, node.place)
    call = read_named_call(node, path, problems, _LOSS)
    if call is None:
        return None
    values = {"loss": call, "target": target, "weight": weight}
    return validated(LossTerm, values, node, path, problems)
