"""Layers and functions of nncli's own as a program needs them: without the options that it does not use"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from nncli.printing.folding import NOT_NONE, Folder, without_unused

# Defaults of torch's that a call may leave out.
_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "F.scaled_dot_product_attention": {"dropout_p": 0.0, "is_causal": False, "scale": None},
    "nn.Linear": {"bias": True},
}

# What a call is given, by position and by name: true for what is not None.
GivenValues: TypeAlias = tuple[tuple[bool, ...], Mapping[str, bool]]


@dataclass
class Use:
    """How a program uses a class or function: with which arguments it is made, and what its calls are given.

    `optional` names the arguments that have a default. `calls` are those of it, or of layers of it.
    """

    optional: frozenset[str] = frozenset()
    made: list[Mapping[str, object]] = field(default_factory=list)
    calls: list[GivenValues] = field(default_factory=list)

    def dropped(self) -> frozenset[str]:
        """Names the options that are the same wherever a layer is made, and so are no options any more."""
        first, *others = self.made or [{}]
        return frozenset(
            name
            for name, value in first.items()
            if name in self.optional
            and isinstance(value, (bool, str, type(None)))
            and all(name in each and repr(each[name]) == repr(value) for each in others)
        )


def specialised(
    definitions: Mapping[str, ast.stmt], uses: Mapping[str, Use]
) -> dict[str, ast.ClassDef | ast.FunctionDef]:
    """Writes classes and functions anew for what is done with them, with the functions that they call.

    `definitions` are those of one file, where functions call no function that calls them.
    """
    functions = {name: node for name, node in definitions.items() if isinstance(node, ast.FunctionDef)}
    specialist = _Specialist(functions)
    done: dict[str, ast.ClassDef | ast.FunctionDef] = {}
    for name, use in uses.items():
        node = definitions[name]
        if isinstance(node, ast.ClassDef) and stands_alone(definitions, name):
            done[name] = specialist.of_class(node, use)
    # What stays as it is calls functions with all that they take.
    reached = _reached({**definitions, **done}, uses)
    kept = [definitions[name] for name in reached if name not in done and name not in functions]
    for name, function in specialist.callers_first():
        calls = [call for each in done.values() for call in _calls(each, name)]
        if any(next(_calls(each, name), None) for each in kept):
            continue
        said = [specialist.facts(function, call) for call in calls]
        said += [_given(function, uses[name].calls)] if name in uses else []
        if said:
            facts = _agreed(said)
            done[name] = specialist.of_function(function, facts)
            for call in calls:
                _leave_out(call, function, facts)
    return done


def _reached(definitions: Mapping[str, ast.stmt], names: Iterable[str]) -> dict[str, None]:
    """Names definitions, and all that they use."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            walked = (node.id for node in ast.walk(definitions[name]) if isinstance(node, ast.Name))
            waiting += [each for each in walked if each in definitions]
    return found


def stands_alone(definitions: Mapping[str, ast.stmt], name: str) -> bool:
    """Tells whether a class is made by nothing else in its file."""
    others = (node for other, node in definitions.items() if other != name)
    return not any(isinstance(n, ast.Name) and n.id == name for node in others for n in ast.walk(node))


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


class _Specialist:
    """Folds definitions of one file."""

    def __init__(self, functions: Mapping[str, ast.FunctionDef]) -> None:
        self._functions = functions

    def callers_first(self) -> list[tuple[str, ast.FunctionDef]]:
        """Orders functions so that each comes before those that it calls."""
        ordered: dict[str, None] = {}

        def visit(name: str) -> None:
            for other in self._functions:
                if other not in ordered and other != name and any(_calls(self._functions[name], other)):
                    visit(other)
            ordered.setdefault(name)

        for name in self._functions:
            visit(name)
        return [(name, self._functions[name]) for name in reversed(ordered)]

    def of_class(self, node: ast.ClassDef, use: Use) -> ast.ClassDef:
        """Folds the methods of a class, `__init__` first."""
        attributes: dict[str, ast.expr] = {}
        made = copy.deepcopy(node)
        methods = {each.name: each for each in made.body if isinstance(each, ast.FunctionDef)}
        for name, method in methods.items():
            facts = _given(method, use.calls) if name == "forward" else {}
            if name == "__init__":
                facts = _constructed(method, use)
            folded = self.of_function(method, facts, attributes)
            made.body[made.body.index(method)] = folded
        return made

    def of_function(
        self,
        node: ast.FunctionDef,
        facts: Mapping[str, ast.expr],
        attributes: dict[str, ast.expr] | None = None,
    ) -> ast.FunctionDef:
        """Folds one function, and takes parameters away that are known."""
        made = copy.deepcopy(node)
        doc = [made.body[0]] if ast.get_docstring(made) else []
        folder = Folder(dict(facts), {} if attributes is None else attributes, self._result)
        made.body = [*doc, *without_unused(folder.body(made.body[len(doc) :]))]
        _without_parameters(made.args, facts)
        return ast.fix_missing_locations(made)

    def _result(self, call: ast.Call) -> ast.expr | None:
        """Gives the constant that a call results in, None where it only checks, else the call."""
        name = ast.unparse(call.func)
        defaults = _DEFAULTS.get(name, {})
        call.keywords = [each for each in call.keywords if not _is_default(each, defaults)]
        node = self._functions.get(name)
        if node is None:
            return call
        body = self.of_function(node, self.facts(node, call)).body
        body = body[bool(ast.get_docstring(node)) :]
        returned = [each.value for part in body for each in ast.walk(part) if isinstance(each, ast.Return)]
        nothing = [each for each in returned if each is None or ast.unparse(each) == "None"]
        call.gives_value = bool(returned) and not nothing  # type: ignore[attr-defined]
        if not body:
            return None
        only = body[0] if len(body) == 1 else None
        is_constant = isinstance(only, ast.Return) and isinstance(only.value, ast.Constant)
        return only.value if is_constant and isinstance(only, ast.Return) else call

    def facts(self, node: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
        """Finds what a call says of the parameters of a function."""
        names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
        given = dict(zip(names, call.args, strict=False))
        given.update({str(each.arg): each.value for each in call.keywords})
        not_none = getattr(call, "not_none", ())
        facts = {name: value for name, value in _defaults(node.args).items() if name not in given}
        for name, value in given.items():
            if isinstance(value, ast.Constant):
                facts[name] = value
            elif not isinstance(value, ast.Name) or value.id in not_none:
                facts[name] = NOT_NONE
        return facts


def _is_default(keyword: ast.keyword, defaults: Mapping[str, object]) -> bool:
    name, value = keyword.arg or "", keyword.value
    return isinstance(value, ast.Constant) and name in defaults and value.value == defaults[name]


def _defaults(arguments: ast.arguments) -> dict[str, ast.expr]:
    positional = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    found = dict(zip((each.arg for each in positional), arguments.defaults, strict=True))
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found | {each.arg: default for each, default in pairs if default is not None}


def _given(node: ast.FunctionDef, calls: Sequence[GivenValues]) -> dict[str, ast.expr]:
    """Finds what nobody gives, and what everybody gives, so that it is not None."""
    names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs) if each.arg != "self"]
    given = [{**dict(zip(names, positions, strict=False)), **keywords} for positions, keywords in calls]
    facts: dict[str, ast.expr] = {}
    for name, default in _defaults(node.args).items():
        if not any(name in each for each in given):
            facts[name] = default
        elif all(each.get(name) for each in given):
            facts[name] = NOT_NONE
    return facts


def _constructed(node: ast.FunctionDef, use: Use) -> dict[str, ast.expr]:
    facts: dict[str, ast.expr] = {}
    for name, default in _defaults(node.args).items():
        if not any(name in made for made in use.made):
            facts[name] = default
        elif name in use.dropped():
            facts[name] = ast.parse(repr(use.made[0][name]), mode="eval").body
        elif all(made.get(name) is not None for made in use.made):
            facts[name] = NOT_NONE
    return facts


def _agreed(facts: Sequence[Mapping[str, ast.expr]]) -> dict[str, ast.expr]:
    """Keeps what all calls say."""
    first, *others = facts
    return {
        name: value
        for name, value in first.items()
        if all(name in each and _said(each[name]) == _said(value) for each in others)
    }


def _said(value: ast.expr) -> str:
    return "not None" if value is NOT_NONE else ast.dump(value)


def _without_parameters(arguments: ast.arguments, facts: Mapping[str, ast.expr]) -> None:
    """Takes parameters away that are constants; one that is never None says so."""
    defaults = _defaults(arguments)
    known = {name for name, value in facts.items() if value is not NOT_NONE}
    arguments.args = [each for each in arguments.args if each.arg not in known]
    arguments.kwonlyargs = [each for each in arguments.kwonlyargs if each.arg not in known]
    for each in (*arguments.args, *arguments.kwonlyargs):
        before = arguments.args[: arguments.args.index(each)] if each in arguments.args else []
        # Behind one that may be left out, Python wants a default.
        if facts.get(each.arg) is NOT_NONE and not any(other.arg in defaults for other in before):
            _never_none(each, defaults)
    arguments.defaults = [defaults[each.arg] for each in arguments.args if each.arg in defaults]
    arguments.kw_defaults = [defaults.get(each.arg) for each in arguments.kwonlyargs]


def _never_none(argument: ast.arg, defaults: dict[str, ast.expr]) -> None:
    if argument.annotation is not None:
        annotation = ast.unparse(argument.annotation).removesuffix(" | None")
        argument.annotation = ast.parse(annotation, mode="eval").body
    if argument.arg in defaults and ast.unparse(defaults[argument.arg]) == "None":
        del defaults[argument.arg]


def _leave_out(call: ast.Call, node: ast.FunctionDef, facts: Mapping[str, ast.expr]) -> None:
    """Takes arguments out of a call whose parameters are constants now."""
    known = {name for name, value in facts.items() if value is not NOT_NONE}
    names = [each.arg for each in node.args.args]
    pairs = zip(names, call.args, strict=False)
    call.args = [value for name, value in pairs if name not in known]
    call.keywords = [each for each in call.keywords if each.arg not in known]
