"""Python that is known in part, folded: without branches that are never taken, options and checks"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

# What is known of a name: a constant, another name, or that it is not None.
NOT_NONE: Final = ast.Name("not None")
Facts: TypeAlias = Mapping[str, ast.expr]
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


@dataclass
class Folder:
    """Folds the bodies of functions that have no loops over what is known.

    `facts` is what is known of names, `attributes` of those of self. `result` says what a call of a function
    of the same file gives where that is a constant, and None where it does nothing but check.
    """

    facts: dict[str, ast.expr]
    attributes: dict[str, ast.expr] = field(default_factory=dict)
    result: Callable[[ast.Call], ast.expr | None] = lambda call: call
    _is_inside: bool = False
    _perhaps: frozenset[str] = frozenset()

    def body(self, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
        """Folds statements in order; what follows a return is left out."""
        statements = list(statements)
        blocks = [each for each in statements if isinstance(each, (ast.If, ast.For, ast.While, ast.With))]
        self._perhaps |= _stored(blocks)
        folded: list[ast.stmt] = []
        for statement in statements:
            folded += self._statement(statement)
            if folded and isinstance(folded[-1], ast.Return):
                break
        return folded

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.If):
            return self._branch(statement)
        if isinstance(statement, (ast.For, ast.With, ast.While)):
            return self._loop(statement)
        is_bare = isinstance(statement, ast.AnnAssign) and statement.value is None
        if is_bare or isinstance(statement, ast.Assert):
            return []
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            return self._assignment(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            value = self.expression(statement.value)
            return [] if _is_none(value) else [ast.Expr(value)]
        folded = cast(ast.stmt, _Expressions(self).visit(copy.deepcopy(statement)))
        self._forget([statement])
        return [folded]

    def _branch(self, statement: ast.If) -> list[ast.stmt]:
        test = self.expression(statement.test)
        if isinstance(test, ast.Constant):
            return self.body(statement.body if test.value else statement.orelse)
        only_says = all(isinstance(each, (ast.Assign, ast.Raise)) for each in statement.body)
        if only_says and isinstance(statement.body[-1], ast.Raise) and not statement.orelse:
            # Arguments and shapes were checked when the network was made.
            return []
        before = dict(self.facts)
        body = self._inside(statement.body, {**before, **_learnt(test, holds=True)})
        orelse = self._inside(statement.orelse, {**before, **_learnt(test, holds=False)})
        self.facts = before
        self._forget([*statement.body, *statement.orelse])
        if not body and not orelse:
            return []
        if not body:
            return [ast.If(ast.UnaryOp(ast.Not(), test), orelse, [])]
        return [ast.If(test, body, orelse)]

    def _inside(self, statements: Iterable[ast.stmt], facts: dict[str, ast.expr]) -> list[ast.stmt]:
        """Folds what may run or not: what is given there is not known behind it."""
        outside, self._is_inside, self.facts = self._is_inside, True, facts
        folded = self.body(statements)
        self._is_inside = outside
        return folded

    def _loop(self, statement: ast.stmt) -> list[ast.stmt]:
        self._forget([statement])
        made = copy.deepcopy(statement)
        for part in ("target", "iter", "test"):
            if hasattr(made, part):
                setattr(made, part, self.expression(getattr(made, part)))
        for item in getattr(made, "items", ()):
            item.context_expr = self.expression(item.context_expr)
        whole = cast(Any, made)
        whole.body = self._inside(whole.body, self.facts)
        self._forget([statement])
        return [made]

    def _assignment(self, statement: ast.Assign | ast.AnnAssign) -> list[ast.stmt]:
        assert statement.value is not None
        value = self.expression(statement.value)
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        self._forget([statement])
        target = targets[0] if len(targets) == 1 else None
        if isinstance(target, ast.Name) and not self._is_inside and target.id not in self._perhaps:
            if isinstance(value, ast.Name) and value.id == target.id:
                return []
            if isinstance(value, (ast.Constant, ast.Name)):
                self.facts[target.id] = value
                return []
        if isinstance(target, ast.Attribute) and not self._is_inside and _is_self(target.value):
            if isinstance(value, ast.Constant):
                self.attributes[target.attr] = value
                return []
            if getattr(value, "gives_value", False):
                self.attributes[target.attr] = NOT_NONE
        made = copy.deepcopy(statement)
        made.value = value
        if isinstance(made, ast.AnnAssign) and isinstance(made.target, ast.Name):
            return [ast.Assign([made.target], value)]
        return [made]

    def _forget(self, statements: Iterable[ast.stmt]) -> None:
        """Drops what is known of names that are given anew, and of those that stand for them."""
        stored = _stored(statements)
        for name, fact in list(self.facts.items()):
            if name in stored or (isinstance(fact, ast.Name) and fact.id in stored):
                del self.facts[name]

    def expression(self, value: ast.expr) -> ast.expr:
        """Folds an expression."""
        return cast(ast.expr, _Expressions(self).visit(copy.deepcopy(value)))


def _stored(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names what statements give values to."""
    return frozenset(
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


class _Expressions(ast.NodeTransformer):
    """Folds what stands inside an expression first, then the expression."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def visit_Name(self, node: ast.Name) -> ast.expr:
        fact = self._folder.facts.get(node.id)
        known = fact is not None and fact is not NOT_NONE and isinstance(node.ctx, ast.Load)
        return copy.deepcopy(fact) if known and fact is not None else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        fact = self._folder.attributes.get(node.attr) if _is_self(node.value) else None
        if isinstance(node.ctx, ast.Load) and fact is not None and fact is not NOT_NONE:
            return copy.deepcopy(fact)
        node.value = self.visit(node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        fact = self._folder.facts.get(node.left.id) if isinstance(node.left, ast.Name) else None
        if isinstance(node.left, ast.Attribute) and _is_self(node.left.value):
            fact = self._folder.attributes.get(node.left.attr)
        self.generic_visit(node)
        (sign, *more), (right, *_) = node.ops, node.comparators
        if more:
            return node
        if fact is NOT_NONE and _is_none(right) and isinstance(sign, (ast.Is, ast.IsNot)):
            return ast.Constant(isinstance(sign, ast.IsNot))
        compare = _COMPARE.get(type(sign))
        if compare and isinstance(node.left, ast.Constant) and isinstance(right, ast.Constant):
            return ast.Constant(compare(node.left.value, right.value))
        if isinstance(node.left, ast.Constant) and isinstance(sign, ast.In) and isinstance(right, ast.Tuple):
            known = [each.value for each in right.elts if isinstance(each, ast.Constant)]
            if len(known) == len(right.elts):
                return ast.Constant(node.left.value in known)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        ends = isinstance(node.op, ast.Or)
        left: list[ast.expr] = []
        for value in map(self.visit, node.values):
            if not isinstance(value, ast.Constant):
                left.append(value)
            elif bool(value.value) is ends:
                left.append(value)
                break
        if not left:
            return ast.Constant(not ends)
        return left[0] if len(left) == 1 else ast.BoolOp(node.op, left)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return cast(ast.expr, self.visit(node.body if test.value else node.orelse))
        made = ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))
        return made.body if ast.dump(made.body) == ast.dump(made.orelse) else made

    def visit_Call(self, node: ast.Call) -> ast.expr:
        given = [*node.args, *(each.value for each in node.keywords)]
        names = {each.id for each in given if isinstance(each, ast.Name)}
        known = {name for name in names if self._folder.facts.get(name) is NOT_NONE}
        self.generic_visit(node)
        node.not_none = known  # type: ignore[attr-defined]
        return self._folder.result(node) or ast.Constant(None)


def _learnt(test: ast.expr, *, holds: bool) -> dict[str, ast.expr]:
    """Tells what a test such as `mask is None` says of a name where it holds, or where it does not."""
    if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.Name) or len(test.ops) > 1:
        return {}
    if not _is_none(test.comparators[0]) or not isinstance(test.ops[0], (ast.Is, ast.IsNot)):
        return {}
    is_none = isinstance(test.ops[0], ast.Is) is holds
    return {test.left.id: ast.Constant(None) if is_none else NOT_NONE}


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_self(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "self"


def without_unused(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Leaves out what is worked out and never read, where working it out does nothing else."""
    read = {
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    left = [each for each in statements if not _is_unused(each, read)]
    return _returned_at_once(left) if len(left) == len(statements) else without_unused(left)


def _returned_at_once(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Returns a value without a name where it has one for that alone."""
    if len(statements) < 2:
        return statements
    *before, assignment, last = statements
    if not isinstance(assignment, ast.Assign) or not isinstance(last, ast.Return) or last.value is None:
        return statements
    is_same = ast.dump(last.value) == ast.dump(assignment.targets[0]).replace("Store()", "Load()")
    return [*before, ast.Return(assignment.value)] if is_same else statements


def _is_unused(statement: ast.stmt, read: set[str]) -> bool:
    does_more = any(isinstance(each, ast.Call) for each in ast.walk(statement))
    if not isinstance(statement, ast.Assign) or does_more:
        return False
    return all(isinstance(each, ast.Name) and each.id not in read for each in statement.targets)
