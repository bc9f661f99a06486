"""Goals that cannot become true, or are true from the start, by their words alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from pipeline.core.goal import Atom, Goal, literals
from task_gen.reasons import Reason

Literal = tuple[Atom, bool]
OPPOSITES = (
    {"is_open", "is_closed"},
    {"left_of", "right_of"},
    {"in_front_of", "behind"},
    {"holding", "on"},
    {"holding", "inside"},
    {"holding", "within"},
)
ASYMMETRIC = ("on", "inside", "within", "above", "left_of", "right_of", "in_front_of", "behind")
PLACES = ("on", "inside", "within")


def contradictions(goal: Goal, initial: Sequence[Goal]) -> Iterator[Reason]:
    """A reason for every clash; only goals and relations that are conjunctions are judged."""
    for at, formula in (("goal", goal), *((f"initial[{i}]", f) for i, f in enumerate(initial))):
        if _is_conjunction(formula):
            for subject, why in _clashes(list(literals(formula))):
                yield Reason(code="contradiction", message=why, at=at, subject=str(subject))
    if _is_conjunction(goal) and all(map(_is_conjunction, initial)):
        start = {literal for formula in initial for literal in literals(formula)}
        if set(literals(goal)) <= start | {literal for held in start for literal in _implied(held)}:
            why = f"The goal {goal} already holds at the start; change the goal or the initial relations."
            yield Reason(code="goal_already_true", message=why, at="goal", subject=str(goal))


def _is_conjunction(goal: Goal) -> bool:
    if isinstance(goal, Atom):
        return True
    if goal.op == "not":
        return isinstance(goal.parts[0], Atom)
    return goal.op == "and" and all(map(_is_conjunction, goal.parts))


def _clashes(found: Sequence[Literal]) -> Iterator[tuple[Atom, str]]:
    for atom, _ in found:
        if len(atom.args) == 2 and atom.args[0] == atom.args[1]:
            yield atom, f"{atom} relates {atom.args[0]!r} to itself."
    for (a, a_holds), (b, b_holds) in combinations(found, 2):
        if a == b and a_holds != b_holds:
            yield a, f"The formula asks for both {a} and (not {a})."
        elif a_holds and b_holds and _exclude(a, b):
            yield a, f"{a} and {b} cannot both hold."


def _exclude(a: Atom, b: Atom) -> bool:
    same_pair = a.args == b.args
    if {a.predicate, b.predicate} in OPPOSITES and (same_pair or "holding" in (a.predicate, b.predicate)):
        return a.args[0] == b.args[0]
    if a.predicate == b.predicate and a.predicate in ASYMMETRIC and a.args == b.args[::-1]:
        return True
    two_places = {a.predicate, b.predicate} <= {"on", "inside"} and a.args[0] == b.args[0]
    return two_places and a.predicate in PLACES and not same_pair


def _implied(literal: Literal) -> list[Literal]:
    """What else a literal says: open is not closed."""
    atom, holds = literal
    flipped = {"is_open": "is_closed", "is_closed": "is_open"}.get(atom.predicate)
    return [(Atom(flipped, atom.args), False)] if flipped and holds else []
