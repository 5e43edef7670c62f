"""A Spec back to plain values and YAML text, with everything stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from nncli.spec.arithmetic import Formula
from nncli.spec.items import Argument, Call, InputSpec, Item, Layer, NetworkSpec
from nncli.spec.scalars import resolve
from nncli.spec.schema import LossTerm, Section, TrainingSpec
from nncli.spec.spec import Spec


def as_tree(spec: Spec) -> dict[str, Any]:
    """Writes a spec as dicts, lists and scalars that `parse_spec` reads back to an equal spec."""
    tree: dict[str, Any] = {"name": spec.name}
    if spec.description:
        tree["description"] = _written(spec.description)
    if spec.data is not None:
        tree["data"] = _section(spec.data)
    for name, network in spec.networks.items():
        tree[name] = _network(network)
    if spec.training is not None:
        tree["training"] = _training(spec.training)
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


def _training(training: TrainingSpec) -> dict[str, Any]:
    tree: dict[str, Any] = {"loss": _losses(training.loss), "optimizer": _call(training.optimizer)}
    for key, value in training.model_dump(
        exclude_none=True, exclude={"loss", "optimizer", "metrics"}
    ).items():
        tree[key] = _written(value)
    if training.metrics is not None:
        tree["metrics"] = [_call(metric) for metric in training.metrics]
    return tree


def _losses(terms: tuple[LossTerm, ...]) -> dict[str, Any]:
    if len(terms) == 1 and terms[0].target is None:
        return _term(terms[0])
    return {str(term.target): _term(term) for term in terms}


def _term(term: LossTerm) -> dict[str, Any]:
    tree = _call(term.loss)
    return tree if term.weight == 1.0 else {**tree, "weight": term.weight}


def _call(call: Call) -> dict[str, Any]:
    keywords = {name: _argument(argument) for name, argument in call.keywords.items()}
    if not call.positions:
        return {call.name: keywords}
    pairs = [{name: value} for name, value in keywords.items()]
    return {call.name: [*(_argument(argument) for argument in call.positions), *pairs]}


def _argument(argument: Argument) -> Any:
    return _written(argument.value)


def _network(network: NetworkSpec) -> Any:
    layers = [_item(item) for item in network.layers]
    if network.inputs is None:
        return layers
    return {"inputs": {name: _input(given) for name, given in network.inputs.items()}, "layers": layers}


def _item(item: Item) -> dict[str, Any]:
    assert isinstance(item.operation, Layer)
    tree = _call(item.operation.call)
    if item.name is not None:
        tree["name"] = item.name
    if item.from_ is not None:
        tree["from"] = [source.path for source in item.from_]
    return tree


def _input(given: InputSpec) -> dict[str, Any]:
    tree: dict[str, Any] = {"shape": list(given.shape), "type": given.type}
    return tree if given.vocabulary is None else {**tree, "vocabulary": given.vocabulary}
