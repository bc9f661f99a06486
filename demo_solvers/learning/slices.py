"""Slices: several trainings side by side in one batch of worlds, each as if it had worlds of its own.

A slice is some rows of a practice. Trainings take turns until each waits for its worlds to move; then all worlds move
at once. Torch's random numbers are handed over with the turn, so that no training's result depends on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from demo_solvers.learning.dice import others_dice
from demo_solvers.turns import Turn
from pipeline.core.doors import Practice
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions, WorldState, WorldTrace

Result = TypeVar("Result")


def in_slices(
    practice: Practice, trainings: Sequence[Callable[[Practice], Result]], *, size: int | None = None
) -> list[Result]:
    """Give every training ``size`` worlds, by default an equal share, and return their results in order.

    Rows that are left over, and those of trainings that have ended, stand still. An exception in one training ends all
    of them and is raised here.
    """
    if not trainings:
        return []
    size = practice.batch // len(trainings) if size is None else size
    if not 0 < size * len(trainings) <= practice.batch:
        raise InvalidInputError(f"{len(trainings)} trainings need as many worlds; there are {practice.batch}.")
    slices = [Slice(practice, number * size, size, work) for number, work in enumerate(trainings)]
    command = np.array(practice.state().qpos, np.float32)
    try:
        with others_dice():
            for one in slices:
                one.turn.go_on()
            while waiting := [one for one in slices if one.request is not None]:
                command = _moved(practice, waiting, command)
    finally:
        for one in slices:
            one.turn.cancel()
    return [one.turn.result for one in slices]


def _moved(practice: Practice, waiting: Sequence[Slice], command: Actions) -> Actions:
    """Move all worlds by the shortest stretch that is asked for; returns the last action (batch, dof)."""
    steps = min(len(one.request) for one in waiting if one.request is not None)
    actions = np.repeat(command[None], steps, axis=0)
    for one in waiting:
        assert one.request is not None
        actions[:, one.first : one.first + one.batch] = one.request[:steps]
    trace = practice.run(actions)
    for one in waiting:
        one.advance(trace, steps)
    return actions[-1]


class Slice(Generic[Result]):
    """Rows ``first`` to ``first + batch`` of a practice, as the practice of one training."""

    def __init__(self, practice: Practice, first: int, batch: int, work: Callable[[Practice], Result]) -> None:
        self.first, self.batch = first, batch
        self.request: Actions | None = None  # (time, batch, dof) that is still to be done
        self.turn = Turn(lambda: work(self))
        self._practice, self._state = practice, self._mine(practice.state())
        self._parts: list[WorldTrace] = []

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """As :meth:`pipeline.core.doors.Practice.put`."""
        self._state = self._mine(self._practice.put([self.first + row for row in rows], scenes))
        return self._state

    def run(self, actions: Actions) -> WorldTrace:
        """Step this slice's worlds; returns when the whole batch has come that far."""
        self.request, self._parts = np.ascontiguousarray(actions, dtype=np.float32), []
        with others_dice():
            self.turn.pause()
        return WorldTrace.concatenate(self._parts) if len(self._parts) > 1 else self._parts[0]

    def state(self) -> WorldState:
        """The present state of this slice's worlds."""
        return self._state

    def advance(self, trace: WorldTrace, steps: int) -> None:
        """Take note of ``steps`` that the batch has made; when that is all that was asked for, go on."""
        assert self.request is not None
        index = np.arange(trace.time)[:, None] * trace.batch + np.arange(self.first, self.first + self.batch)
        self._parts.append(WorldTrace(trace.time, self.batch, trace.flat.rows(index.ravel())))
        self._state = self._parts[-1].at(-1)
        self.request = self.request[steps:] if steps < len(self.request) else None
        if self.request is None:
            self.turn.go_on()

    def _mine(self, state: WorldState) -> WorldState:
        return state.rows(slice(self.first, self.first + self.batch))
