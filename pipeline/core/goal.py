"""Goal formulas: parse ``(and (inside mug cabinet/top_drawer) (not (is_open cabinet/top_drawer)))`` into a tree."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.core.errors import FormulaFault, GoalSyntaxError

CONNECTIVES = ("and", "or", "not")
_TOKEN = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True)
class Atom:
    """A predicate applied to object names; a trailing number would be a parameter of the predicate."""

    predicate: str
    args: tuple[str, ...]

    def __str__(self) -> str:
        return f"({' '.join([self.predicate, *self.args])})"


@dataclass(frozen=True)
class Compound:
    """``and``, ``or`` or ``not`` of formulas."""

    op: Literal["and", "or", "not"]
    parts: tuple[Goal, ...]

    def __str__(self) -> str:
        return f"({' '.join([self.op, *map(str, self.parts)])})"


Goal = Atom | Compound


@dataclass(frozen=True)
class _Token:
    text: str
    at: int


def parse_goal(text: str, arity: Mapping[str, int], objects: tuple[str, ...] | None = None) -> Goal:
    """Read a formula.

    ``arity`` maps each allowed predicate to its number of arguments; ``objects``, when given, are the allowed names.
    Raises :class:`GoalSyntaxError` naming the position, the word and the nearest allowed one.
    """
    tokens = [_Token(m.group(), m.start()) for m in _TOKEN.finditer(text)]
    if not tokens:
        raise GoalSyntaxError("Empty goal. Write a formula such as (on mug plate).")
    goal, rest = _parse(tokens, text, arity, objects)
    if rest:
        raise _error(text, rest[0], "the formula has ended; remove this or join the parts with (and ...)")
    return goal


def _error(text: str, token: _Token, why: str, *, kind: FormulaFault = "syntax") -> GoalSyntaxError:
    return GoalSyntaxError(f"Goal {text!r}, position {token.at}, at {token.text!r}: {why}.", kind, token.text)


def _nearest(word: str, allowed: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(allowed)}"


def _parse(
    tokens: list[_Token], text: str, arity: Mapping[str, int], objects: tuple[str, ...] | None
) -> tuple[Goal, list[_Token]]:
    first = tokens[0]
    if first.text != "(":
        raise _error(text, first, "a formula starts with '('")
    if len(tokens) < 2 or tokens[1].text in "()":
        raise _error(text, tokens[-1 if len(tokens) < 2 else 1], "expected a predicate or and/or/not after '('")
    head, rest = tokens[1], tokens[2:]
    if head.text in CONNECTIVES:
        return _parse_compound(head, rest, text, arity, objects)
    if head.text not in arity:
        allowed = (*sorted(arity), *CONNECTIVES)
        raise _error(text, head, f"unknown predicate; {_nearest(head.text, allowed)}", kind="unknown_predicate")
    return _parse_atom(head, rest, text, arity[head.text], objects)


def _parse_compound(
    head: _Token, rest: list[_Token], text: str, arity: Mapping[str, int], objects: tuple[str, ...] | None
) -> tuple[Goal, list[_Token]]:
    parts: list[Goal] = []
    while rest and rest[0].text != ")":
        part, rest = _parse(rest, text, arity, objects)
        parts.append(part)
    if not rest:
        raise _error(text, head, "its ')' is missing")
    if not parts or (head.text == "not" and len(parts) != 1):
        raise _error(
            text, head, f"takes {'exactly one' if head.text == 'not' else 'at least one'} formula, got {len(parts)}"
        )
    op: Literal["and", "or", "not"] = "and" if head.text == "and" else "or" if head.text == "or" else "not"
    return Compound(op, tuple(parts)), rest[1:]


def _parse_atom(
    head: _Token, rest: list[_Token], text: str, arity: int, objects: tuple[str, ...] | None
) -> tuple[Goal, list[_Token]]:
    args: list[str] = []
    while rest and rest[0].text not in "()":
        if objects is not None and rest[0].text not in objects:
            raise _error(text, rest[0], f"unknown object; {_nearest(rest[0].text, objects)}", kind="unknown_object")
        args.append(rest[0].text)
        rest = rest[1:]
    if not rest:
        raise _error(text, head, "its ')' is missing")
    if rest[0].text == "(":
        raise _error(text, rest[0], f"{head.text!r} takes object names, not formulas")
    if len(args) != arity:
        raise _error(text, head, f"takes {arity} argument(s), got {len(args)}", kind="wrong_arity")
    return Atom(head.text, tuple(args)), rest[1:]


def atoms(goal: Goal) -> Iterator[Atom]:
    """Every atom, left to right."""
    if isinstance(goal, Atom):
        yield goal
        return
    for part in goal.parts:
        yield from atoms(part)


def literals(goal: Goal, *, positive: bool = True) -> Iterator[tuple[Atom, bool]]:
    """Every atom with its sign, through ``not``; for planners that treat the goal as a conjunction."""
    if isinstance(goal, Atom):
        yield goal, positive
        return
    for part in goal.parts:
        yield from literals(part, positive=positive != (goal.op == "not"))
