"""The words beside an operation: name, from, take, share, init, parametrize, freeze, checkpoint, when."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from typing import Final

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.arithmetic import Formula
from nncli.spec.calls import read_named_call
from nncli.spec.items import Call, Flow, GivenName, Share, Source
from nncli.spec.names import NAME, check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.scalars import meant_by
from nncli.spec.scopes import Written, resolved, substituted

_PATH: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}(\.([A-Za-z][A-Za-z0-9_]{0,63}|[0-9]{1,6}|\*))*\Z")
_RESULT: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,63}|[0-9]{1,6})\Z")
NONE: Final = "none"


def _settled(written: Written) -> Node:
    return substituted(resolved(written))


def read_names(written: Written) -> tuple[GivenName, ...]:
    """Reads `name: head` or `name: [mu, logvar]`.

    Raises SpecError `name-form`, `name-reserved`, `name-keyword`, `name-twice`.
    """
    node = _settled(written)
    nodes = node.items if isinstance(node, Sequence) else (node,)
    if not nodes:
        raise failure("name-form", node.place, written.path, name="an empty list")
    problems: list[Problem] = []
    names: dict[str, GivenName] = {}
    for each in nodes:
        if not isinstance(each, Scalar):
            received = "a list" if isinstance(each, Sequence) else "a mapping"
            problems.append(Problem("name-form", each.place, written.path, {"name": received}))
            continue
        problem = check_name(each, written.path, becomes_attribute=True)
        if problem:
            problems.append(problem)
        elif each.text in names:
            facts = {"name": each.text, "line": names[each.text].place.line}
            problems.append(Problem("name-twice", each.place, written.path, facts))
        names.setdefault(each.text, GivenName(each.text, each.place))
    if problems:
        raise failures(problems)
    return tuple(names.values())


def read_path(node: Node, path: str) -> Source:
    """Reads the path of a value, `$` already replaced: `x`, `lstm.state`, `down.*.skip`.

    Raises SpecError `from-form`, `path-form`.
    """
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
        raise failure("from-form", node.place, path)
    if not _PATH.match(node.value):
        raise failure("path-form", node.place, path, text=node.value)
    return Source(node.value, node.place)


def read_flow(written: Written) -> Flow:
    """Reads `from:`: a value, several in order, or a mapping by the names of inputs.

    Raises SpecError `from-form`, `path-form`.
    """
    node = _settled(written)
    problems: list[Problem] = []
    if isinstance(node, Mapping):
        named: dict[str, Source] = {}
        for name, value in node.entries:
            if not NAME.match(name.text):
                problems.append(Problem("name-form", name.place, written.path, {"name": name.text}))
            elif source := _source(value, f"{written.path}.{name.text}", problems):
                named[name.text] = source
        if not node.entries:
            problems.append(Problem("from-form", node.place, written.path))
        flow = Flow(named=named)
    else:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        if not nodes:
            problems.append(Problem("from-form", node.place, written.path))
        found = [_source(value, written.path, problems) for value in nodes]
        flow = Flow(tuple(source for source in found if source))
    if problems:
        raise failures(problems)
    return flow


def _source(node: Node, path: str, problems: list[Problem]) -> Source | None:
    if isinstance(node, Scalar):
        if isinstance(node.value, (bool, int, float)):
            return Source("", node.place, node.value)
        if node.value == NONE:
            return Source("", node.place)
    try:
        return read_path(node, path)
    except NncliError as error:
        problems.extend(error.problems)
        return None


def read_result(written: Written) -> GivenName:
    """Reads `take: last`: which of several results; raises SpecError `take-form`."""
    node = _settled(written)
    if not isinstance(node, Scalar) or not _RESULT.match(node.text):
        raise failure("take-form", node.place, written.path)
    return GivenName(node.text, node.place)


def read_share(written: Written, is_repeated: bool) -> Share:
    """Reads `share:`: a layer's path, single parameters, or true beside `repeat:`.

    Raises SpecError `share-form`, `path-form`.
    """
    node = _settled(written)
    if isinstance(node, Scalar) and node.value is True and is_repeated:
        return Share(node.place)
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return Share(node.place, read_path(node, written.path))
    if not isinstance(node, Mapping) or not node.entries:
        raise failure("share-form", node.place, written.path)
    problems: list[Problem] = []
    parameters: dict[str, Source] = {}
    for name, value in node.entries:
        if not NAME.match(name.text):
            problems.append(Problem("name-form", name.place, written.path, {"name": name.text}))
            continue
        try:
            parameters[name.text] = read_path(value, f"{written.path}.{name.text}")
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return Share(node.place, None, parameters)


def read_init(written: Written) -> Call:
    """Reads `init: {kaiming_normal_: {nonlinearity: relu}}`.

    Raises SpecError `call-expected`, `call-two-names`, and what arguments raise.
    """
    return _read_call(written, "an initialiser, such as kaiming_normal_")


def read_parametrization(written: Written) -> Call:
    """Reads `parametrize: {spectral_norm: {n_power_iterations: 2}}`; raises SpecError as `read_init` does."""
    return _read_call(written, "spectral_norm or weight_norm")


def _read_call(written: Written, wanted: str) -> Call:
    problems: list[Problem] = []
    call = read_named_call(_settled(written), written.path, problems, wanted)
    if problems or call is None:
        raise failures(problems)
    return call


def read_decision(written: Written) -> bool | Formula:
    """Reads true, false or `$(…)`, which may wait for sizes; raises SpecError `value-type`."""
    node = substituted(written)
    if isinstance(node, Scalar) and isinstance(node.value, (bool, Formula)):
        return node.value
    text = node.text if isinstance(node, Scalar) else ""
    key, expected = written.path.rpartition(".")[2], "true or false"
    facts = {"key": key, "expected": expected, "received": f"`{text}`" if text else "a list or mapping"}
    facts["meant"] = meant_by(text, expected)
    if key == "freeze" and ("*" in text or not text):
        facts["instead"] = f"patterns stand in the network: `freeze: {text or '[…]'}` beside `layers:`"
    raise failure("value-type", node.place, written.path, **facts)


# Words that only some operations take: where they belong.
_BELONG: Final[MappingType[str, tuple[str, ...]]] = {
    "join": ("parallel", "repeat"),
    "shortcut": ("residual",),
}


def check_words(key: Scalar, words: MappingType[str, Written], path: str) -> list[Problem]:
    """Finds words that say nothing beside this operation.

    Problems: `word-misplaced`, `name-missing`, `join-missing`.
    """
    found: list[Problem] = []
    for word, homes in _BELONG.items():
        if word in words and key.text not in homes and not ("repeat" in homes and "repeat" in words):
            written = words[word]
            beside = " or ".join(f"`{home}:`" for home in homes)
            facts = {"word": word, "operation": key.text, "homes": beside}
            found.append(Problem("word-misplaced", written.place, written.path, facts))
    if key.text == "parallel" and "join" not in words:
        found.append(Problem("join-missing", key.place, path))
    if key.text == "Parameter":
        found.extend(
            Problem("word-misplaced", words[word].place, words[word].path,
                    {"word": word, "operation": key.text, "homes": "what something flows into"})
            for word in ("from", "take") if word in words
        )  # fmt: skip
        if "name" not in words:
            found.append(Problem("name-missing", key.place, path))
    return found
