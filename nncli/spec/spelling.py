"""Short forms of data and training spelt out: after this every key of them has one shape."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingType

from nncli.spec.nodes import Mapping, Node, Scalar, Sequence

TERM_WORDS = frozenset({"weight"})
# The words of a term that say between which values it stands, or what it is.
FREE_WORDS = frozenset({"from", "compute", "where"})
# The keys of training that hold tensor expressions; a loss does where it is free.
FREE_KEYS = ("updates", "loss", "compute")


def free_entries(training: Node) -> tuple[tuple[Scalar, Node], ...]:
    """Lists the keys of training that hold tensor expressions, with what they hold."""
    entries = training.entries if isinstance(training, Mapping) else ()
    return tuple(e for e in entries if e[0].text in FREE_KEYS and (e[0].text != "loss" or is_free(e[1])))


def is_free(loss: Node) -> bool:
    """Tells a loss between values that it names from one between the outputs and the targets."""
    return isinstance(loss, Sequence) or (isinstance(loss, Mapping) and bool(FREE_WORDS & set(loss.keys())))


def spell_out(root: Mapping) -> Mapping:
    """Spells out every short form of a spec; what it does not know stays as it is."""
    changes: dict[str, Callable[[Node], Node]] = {
        "data": _data,
        "training": _training,
    }
    return _replaced(root, changes)


def _replaced(node: Mapping, changes: MappingType[str, Callable[[Node], Node]]) -> Mapping:
    entries = tuple(
        (name, changes[name.text](value) if name.text in changes else value) for name, value in node.entries
    )
    return Mapping(entries, node.place)


def _word(text: str, node: Node) -> Scalar:
    return Scalar(text, text, True, node.place)


def _pair(key: str, node: Node) -> Mapping:
    return Mapping(((_word(key, node), node),), node.place)


def _named_call(node: Node) -> Node:
    """`AdamW` is `{AdamW: {}}`."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and not node.value.startswith("$"):
        return Mapping(((node, Mapping((), node.place)),), node.place)
    if isinstance(node, Mapping) and len(node.entries) == 1:
        name, call = node.entries[0]
        if isinstance(call, Scalar) and call.value is None:
            return Mapping(((name, Mapping((), call.place)),), node.place)
    return node


def _data(node: Node) -> Node:
    if isinstance(node, Scalar):
        node = _pair("train", node)
    if not isinstance(node, Mapping):
        return node
    return _with_types(_replaced(node, {"inputs": _columns, "targets": _columns, "nulls": _listed}))


def _with_types(data: Mapping) -> Mapping:
    """Gives columns without a type that of the column they read again; a window alone is a series."""
    sections = [each for key in ("inputs", "targets") if isinstance(each := data.get(key), Mapping)]
    known: dict[str, Node] = {}
    for name, column in (entry for section in sections for entry in section.entries):
        if isinstance(column, Mapping) and (kind := column.get("type")):
            known.setdefault(name.text, kind)
            read = column.get("column")
            if isinstance(read, Scalar):
                known.setdefault(read.text, kind)

    def typed(node: Node) -> Node:
        if not isinstance(node, Mapping):
            return node
        return Mapping(
            tuple((name, _typed(name, column, known)) for name, column in node.entries), node.place
        )

    return _replaced(data, {"inputs": typed, "targets": typed})


def _typed(name: Scalar, column: Node, known: MappingType[str, Node]) -> Node:
    if not isinstance(column, Mapping) or column.get("type") or "type" in column.keys():
        return column
    read = column.get("column")
    kind = known.get(read.text if isinstance(read, Scalar) else name.text)
    if kind is None and column.get("window"):
        kind = _word("series", name)
    return column if kind is None else Mapping((*column.entries, (_word("type", name), kind)), column.place)


def _columns(node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    entries = tuple(
        (name, _pair("type", value) if isinstance(value, Scalar) else value) for name, value in node.entries
    )
    return Mapping(entries, node.place)


def _listed(node: Node) -> Node:
    return Sequence((node,), node.place) if isinstance(node, Scalar) else node


def _emptied(node: Node) -> Node:
    return Mapping((), node.place)


def _training(node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    return _replaced(
        node,
        {
            "clip_gradients": _clip_gradients,
            "loss": _loss,
            "metrics": _metrics,
            "on_non_finite": _on_non_finite,
            "optimizer": _named_call,
            "phases": _phases,
            "stop_early": _stop_early,
        },
    )


def _phases(node: Node) -> Node:
    if not isinstance(node, Sequence):
        return node
    changes = {"clip_gradients": _clip_gradients, "optimizer": _named_call}
    return Sequence(
        tuple(_replaced(each, changes) if isinstance(each, Mapping) else each for each in node.items),
        node.place,
    )


def _loss(node: Node) -> Node:
    """A loss by name, or by target: `{price: SmoothL1Loss}` is `{price: {SmoothL1Loss: {}}}`."""
    if is_free(node):
        return node
    node = _named_call(node)
    if not isinstance(node, Mapping):
        return node
    by_target = {name.text: _named_call for name, _ in node.entries if not name.text[:1].isupper()}
    losses = {
        name.text: _emptied
        for name, value in node.entries
        if name.text[:1].isupper() and isinstance(value, Scalar) and value.value is None
    }
    for word in TERM_WORDS:
        by_target.pop(word, None)
    return _replaced(node, {**by_target, **losses})


def _metrics(node: Node) -> Node:
    """Metrics by target, `{kind: [f1], price: mae}`, are those of `[kind.f1, price.mae]`."""
    if isinstance(node, Mapping) and node.entries and all(_names_metrics(each) for _, each in node.entries):
        found = [_of_target(target, each) for target, value in node.entries for each in _items(value)]
        node = Sequence(tuple(found), node.place)
    node = _listed(node)
    if not isinstance(node, Sequence):
        return node
    return Sequence(tuple(_named_call(item) for item in node.items), node.place)


def _names_metrics(node: Node) -> bool:
    return isinstance(node, Sequence) or (isinstance(node, Scalar) and isinstance(node.value, str))


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else (node,)


def _of_target(target: Scalar, metric: Node) -> Node:
    """Puts the name of a target before that of a metric."""
    if isinstance(metric, Scalar) and isinstance(metric.value, str):
        return _word(f"{target.text}.{metric.text}", metric)
    if isinstance(metric, Mapping) and len(metric.entries) == 1:
        name, call = metric.entries[0]
        return Mapping(((_word(f"{target.text}.{name.text}", name), call),), metric.place)
    return metric


def _stop_early(node: Node) -> Node:
    """`stop_early: true` takes every default, `stop_early: 5` is the patience."""
    if isinstance(node, Scalar) and node.value is True:
        return Mapping((), node.place)
    if isinstance(node, Scalar) and type(node.value) is int:
        return _pair("patience", node)
    return node


def _on_non_finite(node: Node) -> Node:
    """`on_non_finite: skip` is the policy, with every default."""
    return _pair("policy", node) if isinstance(node, Scalar) and node.value is not None else node


def _clip_gradients(node: Node) -> Node:
    """`clip_gradients: 1.0` is the largest norm."""
    return _pair("norm", node) if isinstance(node, Scalar) and node.value is not None else node
