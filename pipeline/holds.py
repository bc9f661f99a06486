"""Goals judged on physical state: ``holds(parse("(on mug plate)"), world)``, and how much of a goal is reached."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import get_type_hints

import numpy as np

from pipeline.core.goal import Atom, Goal, literals, parse_goal
from pipeline.core.registry import Registry
from pipeline.core.world import F32, Bools, WorldState

Predicate = Callable[..., Bools]
PREDICATES: Registry[Predicate] = Registry("pipeline.predicates", "predicate")


def parse(text: str, objects: tuple[str, ...] | None = None) -> Goal:
    """Read a formula over the registered predicates; ``objects``, when given, are the allowed names.

    Raises :class:`~pipeline.core.errors.GoalSyntaxError` naming the position, the word and the nearest allowed one.
    """
    return parse_goal(text, arity(), objects)


def holds(goal: Goal, world: WorldState) -> Bools:
    """Whether the goal holds, (batch,); the batch may be worlds or the steps of one trace row."""
    if isinstance(goal, Atom):
        return PREDICATES.get(goal.predicate)(world, *goal.args)
    parts = [holds(part, world) for part in goal.parts]
    if goal.op == "not":
        return ~parts[0]
    return np.all(parts, axis=0) if goal.op == "and" else np.any(parts, axis=0)


def progress(goal: Goal, world: WorldState) -> F32:
    """Fraction (batch,) in [0, 1] of the goal's literals that hold; 1 exactly where the goal holds."""
    signs = [holds(atom, world) == positive for atom, positive in literals(goal)]
    return np.where(holds(goal, world), 1.0, np.mean(signs, axis=0)).astype(np.float32)


@cache
def kinds(predicate: str) -> tuple[str, ...]:
    """What each argument of a predicate may name, e.g. ``("movable", "container")``; see ``predicates/_kinds.py``."""
    function = PREDICATES.get(predicate)
    hints = get_type_hints(function, include_extras=True)
    names = list(inspect.signature(function).parameters)[1:]
    return tuple(getattr(hints[name], "__metadata__", ("body",))[0] for name in names)


@cache
def arity() -> dict[str, int]:
    """Number of object arguments of every registered predicate."""
    return {name: len(kinds(name)) for name in PREDICATES}
