"""Calls of blocks: arguments bound as Python binds them, and the scope in which the block is read."""

from __future__ import annotations

from collections.abc import Iterator

from nncli.errors import SET_FILE, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.spec.blocks import Block
from nncli.spec.names import ITEM_WORDS
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, is_null
from nncli.spec.scopes import Entrance, Scope, Written


def bind_block(block: Block, name: Scalar, arguments: Written, entrance: Entrance) -> dict[str, Written]:
    """Gives every argument of a call its parameter's name, unevaluated.

    Raises SpecError with every problem of the call, each at its argument: `argument-order`,
    `argument-unknown`, `argument-missing`, `argument-repeated`, `too-many-arguments`.
    """
    problems: list[Problem] = []
    path = arguments.path
    facts: dict[str, object] = {"call": block.name.text, "signature": block.signature() or "none"}
    parameters = [each.name.text for each in block.parameters]
    given: dict[str, Written] = {}
    for number, (key, node) in enumerate(_arguments(block, arguments.known_node(), path, problems)):
        if key is None and number < len(parameters):
            parameter, place = parameters[number], node.place
        elif key is None:
            if number == len(parameters):
                most = {**facts, "given": number + 1, "most": len(parameters)}
                problems.append(Problem("too-many-arguments", node.place, path, most))
            continue
        elif key.text not in parameters:
            problems.append(_unknown(key, path, parameters, facts))
            continue
        else:
            parameter, place = key.text, key.place
        if parameter in given and node.place.file != SET_FILE:
            repeated = {**facts, "argument": parameter}
            problems.append(Problem("argument-repeated", place, f"{path}.{parameter}", repeated))
        given[parameter] = Written(node, arguments.scope, f"{path}.{parameter}", parameter, entrance)
    missing = [each.name.text for each in block.parameters if each.default is None]
    missing = [parameter for parameter in missing if parameter not in given]
    if missing and not any(problem.code == "argument-unknown" for problem in problems):
        problems.append(Problem("argument-missing", name.place, path, {**facts, "missing": missing}))
    if problems:
        raise failures(problems)
    return given


def _arguments(
    block: Block, node: Node, path: str, problems: list[Problem]
) -> Iterator[tuple[Scalar | None, Node]]:
    """Walks the arguments of a call with their keywords; None for a position."""
    if isinstance(node, Mapping):
        yield from node.entries
    elif isinstance(node, Sequence):
        keywords = False
        for item in node.items:
            if isinstance(item, Mapping) and len(item.entries) == 1:
                keywords = True
                yield item.entries[0]
            elif keywords:
                facts = {"call": block.name.text}
                problems.append(Problem("argument-order", item.place, path, facts))
            else:
                yield None, item
    elif not is_null(node):
        yield None, node


def _unknown(key: Scalar, path: str, parameters: list[str], facts: dict[str, object]) -> Problem:
    word = key.text if key.text in ITEM_WORDS else ""
    near = "" if word else nearest(key.text, parameters)
    told = {**facts, "argument": key.text, "nearest": near, "word": word}
    return Problem("argument-unknown", key.place, f"{path}.{key.text}", told)


def block_scope(block: Block, given: dict[str, Written], calling: Scope, entrance: Entrance) -> Scope:
    """Makes the scope in which a block is read: its arguments and vars, and the file's vars.

    Each default and var sees those before it.
    """
    scope = Scope({}, calling.of_file(), (*calling.blocks, block.name.text))
    for parameter in block.parameters:
        own = parameter.name.text
        written = given.get(own)
        if written is None:
            written = Written(parameter.default, scope, f"{block.path}.args.{own}", own, entrance)
        written.work_out()
        scope = Scope({own: written}, scope)
    for key, node in block.vars:
        written = Written(node, scope, f"{block.path}.vars.{key.text}", key.text, entrance)
        written.work_out()
        scope = Scope({key.text: written}, scope)
    return scope


def refuse_recursion(name: Scalar, calling: Scope, path: str) -> None:
    """Raises SpecError `block-recursion` where a block is called from its own text."""
    if name.text in calling.blocks:
        chain = [*calling.blocks[calling.blocks.index(name.text) :], name.text]
        raise failure("block-recursion", name.place, path, name=name.text, chain=" → ".join(chain))
