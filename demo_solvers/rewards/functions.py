"""Functions of the reward language over numbers, with the ranges that they map ranges to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_solvers.rewards import limits
from demo_solvers.rewards.now import Now
from demo_solvers.rewards.units import ONE, Unit, times, written
from demo_solvers.rewards.value import Plan, Value

if TYPE_CHECKING:
    from torch import Tensor

Made = Callable[[Plan, Sequence[Value]], Value]


class Misfit(Exception):
    """Why arguments do not fit a function; where it is written is the caller's to add."""


@dataclass(frozen=True)
class Function:
    """``shape`` is how it is written; it takes ``least`` to ``most`` arguments."""

    shape: str
    summary: str
    least: int
    most: int
    made: Made


def _minimum(plan: Plan, values: Sequence[Value]) -> Value:
    return _extreme(plan, values, "min")


def _maximum(plan: Plan, values: Sequence[Value]) -> Value:
    return _extreme(plan, values, "max")


def _extreme(plan: Plan, values: Sequence[Value], which: str) -> Value:
    unit, of = same_unit(values), min if which == "min" else max
    low, high = of(v.low for v in values), of(v.high for v in values)
    known = [v.low for v in values if v.known]
    slots = tuple(plan.whole(v) for v in values if not v.known)
    if not slots:
        return Value.constant(low, unit)
    bound = of(known) if known else None

    def compute(now: Now) -> Tensor:
        found = now[slots[0]]
        for slot in slots[1:]:
            found = found.minimum(now[slot]) if which == "min" else found.maximum(now[slot])
        if bound is None:
            return found
        return found.clamp(max=bound) if which == "min" else found.clamp(min=bound)

    return Value("number", plan.add((which, slots, bound), lambda: compute), unit, low, high)


def _clip(plan: Plan, values: Sequence[Value]) -> Value:
    value, least, most = values
    unit = same_unit(values)
    if not (least.known and most.known):
        raise Misfit("the second and third argument of clip are numbers; use min and max for others")
    if least.low >= most.low:
        raise Misfit(f"clip's lower bound {least.low:g} must be below its upper bound {most.low:g}")
    low, high = (min(max(end, least.low), most.low) for end in (value.low, value.high))
    if value.known:
        return Value.constant(low, unit)
    slot, bounds = plan.whole(value), (least.low, most.low)
    made = plan.add(("clip", slot, bounds), lambda: lambda now: now[slot].clamp(*bounds))
    return Value("number", made, unit, low, high)


def _exp(plan: Plan, values: Sequence[Value]) -> Value:
    if values[0].high > limits.EXPONENT:
        raise Misfit(
            f"exp's argument may reach {values[0].high:g}; at most {limits.EXPONENT:g} is allowed: write exp(-...), or "
            "clip it"
        )
    return _mapped(plan, values[0], "exp", lambda x: math.exp(max(x, -700.0)), lambda x: x.exp())


def _tanh(plan: Plan, values: Sequence[Value]) -> Value:
    return _mapped(plan, values[0], "tanh", math.tanh, lambda x: x.tanh())


def _mapped(
    plan: Plan, value: Value, name: str, number: Callable[[float], float], tensor: Callable[[Tensor], Tensor]
) -> Value:
    """A rising function of a number without a unit."""
    if value.unit != ONE:
        raise Misfit(
            f"{name} takes a number without a unit, got {written(value.unit)}; divide it by a length such as / 10 cm"
        )
    if value.known:
        return Value.constant(number(value.low))
    slot = plan.whole(value)
    made = plan.add((name, slot), lambda: lambda now: tensor(now[slot]))
    return Value("number", made, ONE, number(value.low), number(value.high))


def _abs(plan: Plan, values: Sequence[Value]) -> Value:
    return _even(plan, values[0], "abs", abs, values[0].unit, lambda x: x.abs())


def _square(plan: Plan, values: Sequence[Value]) -> Value:
    unit = times(values[0].unit, values[0].unit)
    return _even(plan, values[0], "square", lambda x: x * x, unit, lambda x: x.square())


def _even(
    plan: Plan,
    value: Value,
    name: str,
    number: Callable[[float], float],
    unit: Unit,
    tensor: Callable[[Tensor], Tensor],
) -> Value:
    """A function that rises with the size of a number."""
    if value.known:
        return Value.constant(number(value.low), unit)
    ends = [number(value.low), number(value.high)]
    slot = plan.whole(value)
    made = plan.add((name, slot), lambda: lambda now: tensor(now[slot]))
    return Value("number", made, unit, 0.0 if value.low < 0 < value.high else min(ends), max(ends))


def same_unit(values: Sequence[Value]) -> Unit:
    """The unit that all values have; raises :class:`Misfit`."""
    for value in values[1:]:
        if value.unit != values[0].unit:
            raise Misfit(f"{written(values[0].unit)} and {written(value.unit)} cannot be put together")
    return values[0].unit


FUNCTIONS: dict[str, Function] = {
    "min": Function("min(a, b, ...)", "the smallest", 2, 8, _minimum),
    "max": Function("max(a, b, ...)", "the largest", 2, 8, _maximum),
    "clip": Function("clip(a, low, high)", "a kept between two numbers", 3, 3, _clip),
    "exp": Function("exp(a)", "e to the power a; a is at most 20", 1, 1, _exp),
    "tanh": Function("tanh(a)", "from -1 to 1, steep at 0", 1, 1, _tanh),
    "abs": Function("abs(a)", "the size", 1, 1, _abs),
    "square": Function("square(a)", "a times a", 1, 1, _square),
}
BONUS, CHANGE = "bonus", "change"
"""Functions that the compiler itself knows: 1 where a condition holds; what a number gained since the last step."""
