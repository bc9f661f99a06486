"""Branches: a goal formula as a choice between conjunctions of literals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from demo_solvers.task_planning.facts import Literal
from pipeline.core.goal import Atom, Goal

MOST = 64  # branches that are looked at; (and (or a b) ...) doubles them with every choice

Branch = tuple[Literal, ...]


def branches(goal: Goal) -> tuple[Branch, ...]:
    """The conjunctions of which one has to come true, in the formula's order; what contradicts itself is left out."""
    found = (tuple(dict.fromkeys(literals)) for literals in itertools.islice(_conjunctions(goal, positive=True), MOST))
    return tuple(dict.fromkeys(b for b in found if not any((atom, not positive) in b for atom, positive in b)))


def _conjunctions(goal: Goal, *, positive: bool) -> Iterator[Branch]:
    if isinstance(goal, Atom):
        yield ((goal, positive),)
    elif goal.op == "not":
        yield from _conjunctions(goal.parts[0], positive=not positive)
    elif (goal.op == "and") == positive:
        choices = [tuple(itertools.islice(_conjunctions(part, positive=positive), MOST)) for part in goal.parts]
        for chosen in itertools.product(*choices):
            yield tuple(itertools.chain.from_iterable(chosen))
    else:
        for part in goal.parts:
            yield from _conjunctions(part, positive=positive)
