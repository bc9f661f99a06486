"""Goals judged on physical state: ``holds(parse("(on mug plate)"), world)``, and how much of a goal is reached."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import get_type_hints

import numpy as np

from pipeline.core.goal import Atom, Goal, atoms, literals, parse_goal
from pipeline.core.registry import Registry
from pipeline.core.world import F32, Bools, WorldState
from pipeline.predicates._gripper import pinched
from pipeline.predicates._travel import SLOW, joint_speed
from pipeline.predicates.at_rest import at_rest

Predicate = Callable[..., Bools]
PREDICATES: Registry[Predicate] = Registry("pipeline.predicates", "predicate")


def parse(text: str, objects: tuple[str, ...] | None = None) -> Goal:
    """Read a formula over the registered predicates; ``objects``, when given, are the allowed names.

    Raises :class:`~pipeline.core.errors.GoalSyntaxError` naming the position, the word and the nearest allowed one.
    """
    return parse_goal(text, arity(), objects)


def holds(goal: Goal, world: WorldState) -> Bools:
    """Whether the goal is reached, (batch,): its formula is true of a state that can be left as it is.

    The batch may be worlds or the steps of one trace row. "Can be left" is the one rule about release and motion, the
    same for every goal (:func:`left_alone`); for the formula by itself see :func:`true_of`.
    """
    return true_of(goal, world) & left_alone(goal, world)


def true_of(goal: Goal, world: WorldState) -> Bools:
    """Whether the formula is true, (batch,), whatever moves or is held."""
    if isinstance(goal, Atom):
        return PREDICATES.get(goal.predicate)(world, *goal.args)
    parts = [true_of(part, world) for part in goal.parts]
    if goal.op == "not":
        return ~parts[0]
    return np.all(parts, axis=0) if goal.op == "and" else np.any(parts, axis=0)


def left_alone(goal: Goal, world: WorldState) -> Bools:
    """Whether everything the goal names is at rest and let go, (batch,).

    Let go is not to be between both fingers; what the goal asks to be held is excepted. At rest is what ``at_rest``
    says of bodies, and the same speeds for the joint of a drawer or door. So a goal without ``holding`` demands the
    release of what it is about, negative goals included: ``(not (on mug plate))`` is not reached while the mug hangs
    in the gripper.
    """
    held = {atom.args[0] for atom, positive in literals(goal) if positive and atom.predicate == "holding"}
    ok = np.ones(len(world), bool)
    for body in dict.fromkeys(body for atom in atoms(goal) for body in atom.args):
        ok &= at_rest(world, body) & (joint_speed(world, body) < SLOW)
        if body not in held:
            ok &= ~pinched(world, body)
    return ok


def progress(goal: Goal, world: WorldState) -> F32:
    """Fraction (batch,) in [0, 1] of the goal's literals that are true; 1 exactly where the goal holds.

    That the state can be left counts as one more literal where all others are true.
    """
    signs = [true_of(atom, world) == positive for atom, positive in literals(goal)]
    share = np.minimum(np.mean(signs, axis=0), len(signs) / (len(signs) + 1))
    return np.where(holds(goal, world), 1.0, share).astype(np.float32)


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
