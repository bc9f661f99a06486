"""Mutations: other rewards near a given one, so that there are K candidates without a model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_solvers.rewards import limits
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.fault import RewardError
from demo_solvers.rewards.tree import Call, Expression, Line, Number, Operation, Reward, Unary
from pipeline.core.layout import SceneLayout

SPREAD = 0.6  # of the logarithm of a factor that weights and scales are multiplied with: two thirds within 1/2 to 2
SHARE = 0.4  # of weights and scales that a mutation changes
DROPPED = 0.1  # chance that a shaping line is left out
PER_STEP = 0.05  # weight of what a potential lacks, where that is paid each step instead of its change
STANDING = 0.15  # chance of that for a line that pays changes
TRIES = 50  # mutations for each that is wanted
KEPT = ("goal",)
"""Lines that are never left out or paid otherwise."""


def candidates(reward: Reward, layout: SceneLayout, count: int, rng: np.random.Generator) -> tuple[Reward, ...]:
    """The reward itself, then ``count - 1`` others, all different and fit for the scene; fewer if none are found."""
    found = {str(reward): reward}
    for _ in range(TRIES * count):
        if len(found) >= count:
            break
        other = mutated(reward, rng)
        if str(other) not in found and _fits(other, layout):
            found[str(other)] = other
    return tuple(found.values())[:count]


def mutated(reward: Reward, rng: np.random.Generator) -> Reward:
    """Other weights and scales; now and then a line less, or one paid by what is rather than by what was gained."""
    lines = [line for line in reward.lines if line.name in KEPT or rng.random() > DROPPED]
    lets = tuple(let.model_copy(update={"value": _scaled(let.value, rng)}) for let in reward.lets)
    return Reward(lets=lets, lines=tuple(_line(line, rng) for line in lines) or reward.lines)


def _line(line: Line, rng: np.random.Generator) -> Line:
    value = _scaled(line.value, rng)
    if line.name not in KEPT and rng.random() < STANDING:
        value = _standing(value)
    return line.model_copy(update={"value": _weighted(value, rng)})


def _weighted(value: Expression, rng: np.random.Generator) -> Expression:
    """The leading number of a product, times a factor."""
    if isinstance(value, Operation) and value.op == "*" and isinstance(value.parts[0], Number):
        first = _times(value.parts[0], float(np.exp(rng.normal(0.0, SPREAD))))
        return value.model_copy(update={"parts": (first, *value.parts[1:])})
    if isinstance(value, Unary):
        return value.model_copy(update={"part": _weighted(value.part, rng)})
    if isinstance(value, Number):
        return _times(value, float(np.exp(rng.normal(0.0, SPREAD))))
    return value


def _scaled(value: Expression, rng: np.random.Generator) -> Expression:
    """Some divisors with a unit, times a factor."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Operation) and node.op == "/" and rng.random() < SHARE:
            below = node.parts[1]
            if isinstance(below, Number):
                scale = _times(below, float(np.exp(rng.normal(0.0, SPREAD))))
                return node.model_copy(update={"parts": (node.parts[0], scale)})
        return node

    return rewritten(value, change)


def _standing(value: Expression) -> Expression:
    """``change(x)`` of a potential from 0 to 1 as a small share of what is lacking: were ``x`` paid, it would pay never
    to be done.
    """

    def change(node: Expression) -> Expression:
        if isinstance(node, Call) and node.function == "change":
            lacking = Operation(op="+", parts=(node.args[0], Unary(op="-", part=Number(value=1.0))))
            return Operation(op="*", parts=(Number(value=PER_STEP), lacking))
        return node

    return rewritten(value, change)


def _times(number: Number, factor: float) -> Number:
    value = float(f"{min(number.value * factor, limits.NUMBER):.3g}")
    return number.model_copy(update={"value": value if value > 0 or number.value == 0 else number.value})


def rewritten(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The tree with every node, innermost first, put through ``change``."""
    if isinstance(node, Call):
        node = node.model_copy(update={"args": tuple(rewritten(a, change) for a in node.args)})
    elif isinstance(node, Operation):
        node = node.model_copy(update={"parts": tuple(rewritten(p, change) for p in node.parts)})
    elif isinstance(node, Unary):
        node = node.model_copy(update={"part": rewritten(node.part, change)})
    return change(node)


def _fits(reward: Reward, layout: SceneLayout) -> bool:
    try:
        compiled(str(reward), layout)
    except RewardError:
        return False
    return True
