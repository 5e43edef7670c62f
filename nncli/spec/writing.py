"""A Spec back to plain values and YAML text, with everything stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import yaml

from nncli.spec import nodes
from nncli.spec.arithmetic import Formula
from nncli.spec.column_words import words_of
from nncli.spec.fields import AutoRows, Section
from nncli.spec.items import Argument, Call, Constant
from nncli.spec.network_spec import InputSpec
from nncli.spec.nodes import Node, Scalar, Sequence, node_of
from nncli.spec.optimising import CHAINED, GroupSpec, StageSpec
from nncli.spec.phases import PhaseSpec
from nncli.spec.scalars import resolve
from nncli.spec.schema import DataSpec, LossTerm, TrainingSpec
from nncli.spec.spec import Spec
from nncli.spec.weights import PatternAt

# Keys of training and of its phases that are written in a way of their own.
_CHANGING: Final = ("optimizer", "freeze", "groups", "schedule", "regularise")


def as_tree(spec: Spec) -> dict[str, Any]:
    """Writes a spec as dicts, lists and scalars that `parse_spec` reads back to an equal spec."""
    tree: dict[str, Any] = {"name": spec.name}
    if spec.description:
        tree["description"] = _written(spec.description)
    parts = {name.text: _as_written(node) for name, node in spec.written.entries}
    free, recipes = parts.pop("training", {}), parts.pop("predict", None)
    networks: dict[str, Any] = {key: parts.pop(key) for key in ("network", "networks") if key in parts}
    tree |= parts
    if spec.data is not None:
        tree["data"] = _data(spec.data)
    tree |= networks
    if spec.training is not None:
        tree["training"] = free | _training(spec.training)
    if recipes is not None:
        tree["predict"] = recipes
    return tree


def as_yaml(tree: Mapping[str, Any]) -> str:
    """Writes plain values as YAML 1.2 in the order given."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def as_flow(tree: Mapping[str, Any]) -> str:
    """Writes plain values on one line: `{type: number, missing: median}`."""
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, default_flow_style=True, width=10**6)
    return text.strip()


class _Dumper(yaml.SafeDumper):
    """Quotes every text that the rules of YAML 1.2 would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        # Odd brackets and characters that end a line read as something else where they stand bare.
        bare = data.isprintable() and data == data.strip() and data.count("(") == data.count(")")
        style = None if bare and isinstance(resolve(data), str) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def represent_row(self, data: list[Any]) -> yaml.SequenceNode:
        simple = all(not isinstance(item, (dict, list)) for item in data)
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=simple)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(list, _Dumper.represent_row)


def _written(value: object) -> Any:
    """Writes a constant; a dollar is doubled, since `$` starts a name."""
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {str(key): _written(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_written(item) for item in value]
    return value


def _section(section: Section) -> dict[str, Any]:
    return {key: _written(value) for key, value in section.model_dump(exclude_none=True).items()}


def _data(data: DataSpec) -> dict[str, Any]:
    """States each column with the words that its type takes; those of other types say nothing of it."""
    tree = _section(data)
    for part, columns in (("inputs", data.inputs), ("targets", data.targets)):
        for name, declared in columns.items():
            stated = tree[part][name]
            kept = ("type", *words_of(declared), *declared.model_dump(exclude_defaults=True))
            tree[part][name] = {key: value for key, value in stated.items() if key in kept}
    return tree


def _training(training: TrainingSpec) -> dict[str, Any]:
    tree: dict[str, Any] = {} if training.updates else {"loss": _losses(training.loss)}
    tree |= _changing(training)
    if training.average:
        swa, ema = training.average.swa, training.average.ema
        tree["average"] = {"swa": str(swa)} if swa else {"ema": ema}
    own = {"loss", "updates", "compute", "average", "metrics", *_CHANGING}
    own |= {"phases", "epochs"} if training.phases else {"phases"}
    for key, value in training.model_dump(exclude_none=True, exclude=own).items():
        tree[key] = _written(value)
    if isinstance(training.batch_size, AutoRows):
        tree["batch_size"] = "auto"
    if training.phases:
        tree["phases"] = [_phase(each) for each in training.phases]
    if training.metrics is not None:
        tree["metrics"] = [_call(metric) for metric in training.metrics]
    return tree


def _phase(phase: PhaseSpec) -> dict[str, Any]:
    own = phase.model_dump(exclude_none=True, exclude=set(_CHANGING))
    return own | _changing(phase)


def _changing(training: TrainingSpec | PhaseSpec) -> dict[str, Any]:
    """Writes what is said of the optimiser, and of what is beside it."""
    tree: dict[str, Any] = {"optimizer": _call(training.optimizer)} if training.optimizer else {}
    if training.freeze:
        tree["freeze"] = _patterns(training.freeze)
    if training.groups:
        tree["groups"] = [_group(group) for group in training.groups]
    if training.schedule:
        stages = [_stage(stage) for stage in training.schedule]
        tree["schedule"] = stages[0] if len(stages) == 1 else stages
    if training.regularise:
        match = {"match": _patterns(training.regularise.match)} if training.regularise.match else {}
        tree["regularise"] = {"l1": training.regularise.l1, **match}
    return tree


def _losses(terms: tuple[LossTerm, ...]) -> dict[str, Any]:
    if len(terms) == 1 and terms[0].target is None:
        return _term(terms[0])
    return {str(term.target): _term(term) for term in terms}


def _term(term: LossTerm) -> dict[str, Any]:
    tree = _call(term.loss)
    return tree if term.weight == 1.0 else {**tree, "weight": term.weight}


def _group(group: GroupSpec) -> dict[str, Any]:
    return {
        "match": _patterns(group.match),
        **{name: _argument(argument) for name, argument in group.arguments.items()},
    }


def _patterns(match: tuple[PatternAt, ...]) -> Any:
    patterns = [each.pattern for each in match]
    return patterns[0] if len(patterns) == 1 else patterns


def _stage(stage: StageSpec) -> dict[str, Any]:
    words = {"warmup": stage.warmup, "for": stage.lasts, "per": stage.per}
    tree = _call(stage.call) if stage.call else {}
    if stage.chained:
        tree = {CHAINED: [_call(each) for each in stage.chained]}
    tree |= {word: str(value) for word, value in words.items() if value is not None}
    return {**tree, "watch": stage.watch.value} if stage.watch else tree


def _call(call: Call) -> dict[str, Any]:
    keywords = {name: _argument(argument) for name, argument in call.keywords.items()}
    if not call.positions:
        return {call.name: keywords}
    pairs = [{name: value} for name, value in keywords.items()]
    return {call.name: [*(_argument(argument) for argument in call.positions), *pairs]}


def _argument(argument: Argument) -> Any:
    return _written(argument.value)


def _as_written(node: Node) -> Any:
    """Writes nodes as they were written: `$` stays what it is."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [_as_written(item) for item in node.items]
    return {name.text: _as_written(value) for name, value in node.entries}


def with_inputs(spec: Spec, inputs: Mapping[str, Mapping[str, InputSpec]]) -> Spec:
    """States the inputs of networks by name, in the spec and in what is written of it."""
    entries = []
    for name, node in spec.written.entries:
        if name.text == "network" and "network" in inputs:
            node = _stating(node, inputs["network"])
        elif name.text == "networks" and isinstance(node, nodes.Mapping):
            stated = [
                (key, _stating(value, inputs[key.text]) if key.text in inputs else value)
                for key, value in node.entries
            ]
            node = replace(node, entries=tuple(stated))
        entries.append((name, node))
    networks = {
        name: replace(network, inputs=inputs[name], input_names=()) if name in inputs else network
        for name, network in spec.networks.items()
    }
    return replace(spec, networks=networks, written=replace(spec.written, entries=tuple(entries)))


def with_networks(spec: Spec, names: Iterable[str]) -> Spec:
    """Keeps some networks of a spec, in the order given, in the spec and in what is written of it.

    Recipes are for all of them together.
    """
    order = list(names)
    entries = []
    for key, node in spec.written.entries:
        if key.text == "networks" and isinstance(node, nodes.Mapping):
            kept = [entry for entry in node.entries if entry[0].text in order]
            node = replace(node, entries=tuple(sorted(kept, key=lambda entry: order.index(entry[0].text))))
        if key.text != "predict":
            entries.append((key, node))
    networks = {name: spec.networks[name] for name in order}
    written = replace(spec.written, entries=tuple(entries))
    return replace(spec, networks=networks, recipes={}, text_recipes={}, written=written)


def _stating(network: Node, inputs: Mapping[str, InputSpec]) -> Node:
    place = network.place
    tree = node_of({name: _input(given) for name, given in inputs.items()}, place)
    word = Scalar("inputs", "inputs", True, place)
    if not isinstance(network, nodes.Mapping):
        layers = Scalar("layers", "layers", True, place)
        return nodes.Mapping(((word, tree), (layers, network)), place)
    others = tuple(entry for entry in network.entries if entry[0].text != "inputs")
    return replace(network, entries=((word, tree), *others))


def _input(given: InputSpec) -> dict[str, Constant]:
    tree: dict[str, Constant] = {"shape": given.shape, "type": given.type}
    if given.vocabulary is not None:
        tree["vocabulary"] = given.vocabulary
    if given.rate is not None:
        tree["rate"] = given.rate
    return {**tree, "mask": True} if given.has_mask else tree
