"""Nodes to calls: `Conv2d: [64, 3, stride: 2]` is Conv2d(64, 3, stride=2)."""

from __future__ import annotations

from nncli.errors import SET_FILE, Problem
from nncli.spec.items import Argument, Call
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, is_null, plain


def read_call(name: Scalar, node: Node, path: str, problems: list[Problem]) -> Call:
    """Reads one call: nothing, one value, a list of positions and keywords, or a mapping.

    Problems: `argument-order` for a position after a keyword, `argument-repeated`.
    """
    keywords: dict[str, Argument] = {}
    positions: list[Argument] = []
    if isinstance(node, Mapping):
        for key, value in node.entries:
            keywords[key.text] = _argument(value, key)
    elif isinstance(node, Sequence):
        _read_list(name, node, path, positions, keywords, problems)
    elif not is_null(node):
        positions.append(_argument(node))
    return Call(name.text, name.place, tuple(positions), keywords)


def _read_list(
    name: Scalar,
    node: Sequence,
    path: str,
    positions: list[Argument],
    keywords: dict[str, Argument],
    problems: list[Problem],
) -> None:
    for item in node.items:
        if isinstance(item, Mapping) and len(item.entries) == 1:
            key, value = item.entries[0]
            argument = _argument(value, key)
            if key.text in keywords and not argument.overriding:
                facts = {"call": name.text, "argument": key.text}
                problems.append(Problem("argument-repeated", key.place, path, facts))
            keywords[key.text] = argument
        elif keywords:
            problems.append(Problem("argument-order", item.place, path, {"call": name.text}))
        else:
            positions.append(_argument(item))


def _argument(node: Node, key: Scalar | None = None) -> Argument:
    given, is_name = (node.given, node.is_name) if isinstance(node, Scalar) else (None, False)
    overriding, key_place = node.place.file == SET_FILE, key.place if key else None
    return Argument(plain(node), node.place, overriding, key_place, given, is_name)


def read_named_call(node: Node, path: str, problems: list[Problem], wanted: str) -> Call | None:
    """Reads `AdamW` or `{AdamW: {lr: 1e-3}}`: one name with its arguments.

    Problems: `call-two-names`, and `call-expected`, naming what is wanted.
    """
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Call(node.text, node.place)
    if isinstance(node, Mapping) and len(node.entries) == 1:
        name, arguments = node.entries[0]
        return read_call(name, arguments, f"{path}.{name.text}", problems)
    if isinstance(node, Mapping) and len(node.entries) > 1:
        first, second = node.entries[0][0], node.entries[1][0]
        argument = second.text if not second.text[:1].isupper() else ""
        named = first.text if first.text[:1].isupper() else ""
        # A name is spelt out as a call by now.
        meant = node.get("target")
        target = next(iter(meant.keys()), "") if isinstance(meant, Mapping) and path.endswith("loss") else ""
        facts = {"names": node.keys(), "named": named, "argument": argument, "target": target}
        problems.append(Problem("call-two-names", second.place, path, facts))
        return None
    problems.append(Problem("call-expected", node.place, path, {"wanted": wanted}))
    return None
