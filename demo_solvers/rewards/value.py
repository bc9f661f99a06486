"""Value: what an expression of a reward is once it has been checked: kind, unit, range, and where its tensor lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from demo_solvers.rewards.frames import rotate
from demo_solvers.rewards.now import Now
from demo_solvers.rewards.term import Compute, Gives, Slot
from demo_solvers.rewards.units import ONE, Unit

if TYPE_CHECKING:
    from torch import Tensor

NONE: Slot = -1
Local = tuple[int, tuple[float, ...]]
"""A body's column, and a point or direction of its frame."""


@dataclass(frozen=True)
class Value:
    """``factor`` times the tensor in ``slot``, within [low, high]; a constant has no slot and is ``low``."""

    gives: Gives
    slot: Slot = NONE
    unit: Unit = ONE
    low: float = -math.inf
    high: float = math.inf
    factor: float = 1.0

    @staticmethod
    def constant(number: float, unit: Unit = ONE) -> Value:
        """A number."""
        return Value("number", NONE, unit, number, number)

    @property
    def known(self) -> bool:
        """Whether it is a constant."""
        return self.slot == NONE and self.gives == "number"

    def scaled(self, factor: float, unit: Unit) -> Value:
        """The same times a number; ``unit`` is that of the result."""
        low, high = sorted((self.low * factor, self.high * factor))
        return replace(self, unit=unit, low=low, high=high, factor=1.0 if self.known else self.factor * factor)

    def product(self, other: Value) -> tuple[float, float]:
        """The range of the product of two values."""
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return min(ends), max(ends)


class Plan:
    """What has to be computed, in order; equal computations share a slot.

    Named points and axes of bodies are turned into the world all at once.
    """

    def __init__(self) -> None:
        self.steps: list[Compute] = []
        self._slots: dict[object, Slot] = {}
        self._points: list[Local] = []
        self._axes: list[Local] = []

    def add(self, key: object, compute: Callable[[], Compute]) -> Slot:
        """The slot of a computation known by ``key``."""
        if key not in self._slots:
            self.steps.append(compute())
            self._slots[key] = len(self.steps) - 1
        return self._slots[key]

    def point(self, body: int, local: tuple[float, ...]) -> Slot:
        """A point of a body's frame, in the world."""
        return self._placed(self._points, POINTS, body, local)

    def axis(self, body: int, local: tuple[float, ...]) -> Slot:
        """A direction of a body's frame, in the world."""
        return self._placed(self._axes, AXES, body, local)

    def _placed(self, found: list[Local], what: str, body: int, local: tuple[float, ...]) -> Slot:
        if (body, local) not in found:
            found.append((body, local))
        index = found.index((body, local))
        return self.add((what, index), lambda: lambda now: now.keep(what, lambda: _turned(now, found, what))[:, index])

    def whole(self, value: Value) -> Slot:
        """The slot of a value with its factor in it."""
        if value.known:
            number = value.low
            return self.add(("number", number), lambda: lambda now: now.state.width.new_full((len(now.state),), number))
        if value.factor == 1.0:
            return value.slot
        return self.add(("times", value.slot, value.factor), lambda: lambda now: now[value.slot] * value.factor)

    def sum(self, values: Sequence[Value]) -> Slot:
        """The slot of a sum of numbers, not all of them known."""
        constant = sum(v.low for v in values if v.known)
        parts = [(v.slot, v.factor) for v in values if not v.known]
        return self.add(("sum", tuple(parts), constant), lambda: lambda now: _sum(now, parts, constant))


POINTS, AXES = "points", "axes"
"""Under which the points and axes of all bodies, turned into the world, are kept in an evaluation."""


def _turned(now: Now, found: Sequence[Local], what: str) -> Tensor:
    """Points or axes (batch, n, 3) of bodies in the world."""
    columns = now.scene.columns(tuple(body for body, _ in found), now.state.pose)
    pose = now.state.pose.index_select(1, columns)
    turned = rotate(pose[..., 3:], now.constant(tuple(local for _, local in found)))
    return turned + pose[..., :3] if what == POINTS else turned


def _sum(now: Now, parts: Sequence[tuple[Slot, float]], constant: float) -> Tensor:
    (slot, factor), *others = parts
    total = now[slot] if factor == 1.0 else now[slot] * factor
    for slot, factor in others:
        total = total.add(now[slot], alpha=factor)
    return total + constant if constant else total
