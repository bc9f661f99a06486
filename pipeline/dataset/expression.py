"""Expressions that choose episodes, e.g. ``task == 'stack_cups' and length < 200``: parsed and looked up, never run."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.splits import SPLITS

NAMES = ("task", "family", "solver", "split", "success", "id", "seed", "length", "instruction", "index")
"""What an expression may ask of an episode."""
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
HELP = (
    f"Names: {', '.join(NAMES)}. Allowed: and, or, not, ==, !=, <, <=, >, >=, in, not in, %, numbers, texts and lists. "
    "Example: task == 'stack_cups' and length < 200"
)


def matching(reader: DatasetReader, text: str) -> NDArray[np.bool_]:
    """For every episode (episodes,) whether the expression is true of it; raises :class:`InvalidInputError`."""
    test = compiled(text)
    columns = _columns(reader)
    values = zip(*columns.values(), strict=True)
    return np.array([test(dict(zip(columns, row, strict=True))) for row in values], bool)


def compiled(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """A function of an episode's values; raises :class:`InvalidInputError` for what is no expression of ours."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise InvalidInputError(f"Cannot read {text!r}: {error.msg}. {HELP}") from None
    value = _node(tree, text)

    def test(values: Mapping[str, Any]) -> bool:
        try:
            return bool(value(values))
        except (TypeError, ZeroDivisionError) as error:
            raise InvalidInputError(f"{text!r} compares what cannot be compared: {error}. {HELP}") from None

    return test


def _node(node: ast.AST, text: str) -> Callable[[Mapping[str, Any]], Any]:
    match node:
        case ast.Constant(value=str() | int() | float() | bool()):
            constant = node.value
            return lambda values: constant
        case ast.Name(id=name):
            if name not in NAMES:
                raise UnknownNameError("name", name, NAMES)
            return lambda values: values[name]
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            parts = [_node(item, text) for item in items]
            return lambda values: [part(values) for part in parts]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _node(operand, text)
            return lambda values: not inner(values)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _node(operand, text)
            return lambda values: -inner(values)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            a, b = _node(left, text), _node(right, text)
            return lambda values: a(values) % b(values)
        case ast.BoolOp(op=op, values=items):
            parts = [_node(item, text) for item in items]
            decide = all if isinstance(op, ast.And) else any
            return lambda values: decide(part(values) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARE for op in ops):
            parts = [_node(item, text) for item in (left, *others)]
            tests = [_COMPARE[type(op)] for op in ops]
            return lambda values: _chained([part(values) for part in parts], tests)
        case _:
            raise InvalidInputError(f"{ast.unparse(node)!r} in {text!r} is not allowed. {HELP}")


def _chained(values: list[Any], tests: list[Callable[[Any, Any], Any]]) -> bool:
    return all(test(a, b) for test, a, b in zip(tests, values[:-1], values[1:], strict=True))


def _columns(reader: DatasetReader) -> dict[str, list[Any]]:
    tasks = [reader.tasks[k] for k in reader.column("episode_task")]
    return {
        "task": [t.name for t in tasks],
        "family": [t.family for t in tasks],
        "solver": [str(s) for s in reader.column("episode_solver")],
        "split": [SPLITS[k] for k in reader.column("episode_split")],
        "success": reader.column("episode_success").tolist(),
        "id": [str(i) for i in reader.column("episode_id")],
        "seed": reader.column("episode_seed").tolist(),
        "length": reader.column("episode_length").tolist(),
        "instruction": [str(t) for t in reader.column("episode_instruction")],
        "index": list(range(len(reader))),
    }
