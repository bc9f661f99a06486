"""Lanes: several programs drive their own rows of one batch of worlds, each as if it were alone, in lockstep.

A lane is a function that is given its rows as worlds of their own and steps them as it likes. All lanes that still run
are asked for their next steps before any world moves; then everybody moves by the shortest of those stretches. Worlds
do not influence one another, so a lane's result does not depend on the other lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from demo_solvers.turns import Turn
from pipeline.core.doors import Worlds
from pipeline.core.errors import TaskloomError
from pipeline.core.world import Actions, WorldState, WorldTrace

Result = TypeVar("Result")


def side_by_side(
    worlds: Worlds, lanes: Sequence[tuple[Sequence[int], Callable[[Worlds], Result]]], *, still: Actions
) -> list[Result]:
    """Run every lane, (its rows of ``worlds``, what drives them), and return their results in order.

    ``still`` (batch, dof) is what a row is commanded that has not been told anything yet; a lane that has ended keeps
    its last action. An exception in one lane ends all of them and is raised here.
    """
    running = [_Lane(worlds, np.asarray(rows, np.intp), drive) for rows, drive in lanes]
    command = np.array(still, np.float32)
    try:
        for lane in running:
            lane.go_on()
        while waiting := [lane for lane in running if lane.request is not None]:
            steps = min(len(lane.request) for lane in waiting if lane.request is not None)
            actions = np.repeat(command[None], steps, axis=0)
            for lane in waiting:
                assert lane.request is not None
                actions[:, lane.rows] = lane.request[:steps]
            trace, command = worlds.run(actions), actions[-1].copy()
            for lane in waiting:
                lane.advance(trace, steps)
    finally:
        for lane in running:
            lane.cancel()
    return [lane.result() for lane in running]


class _Lane(Generic[Result]):
    """What drives some rows, in turn with the other lanes, and the worlds that it sees."""

    def __init__(self, worlds: Worlds, rows: NDArray[np.intp], drive: Callable[[Worlds], Result]) -> None:
        self.rows, self.request = rows, None
        self.request: Actions | None
        self._worlds, self._state = worlds, worlds.state().rows(rows)
        self._actions: list[Actions] = []
        self._traces: list[WorldTrace] = []
        self._pending: list[WorldTrace] = []
        self._turn = Turn(lambda: drive(self))
        self.go_on, self.cancel = self._turn.go_on, self._turn.cancel

    def advance(self, trace: WorldTrace, steps: int) -> None:
        """Note ``steps`` steps that the batch has made; when that is all the lane asked for, let it go on."""
        assert self.request is not None
        part = _rows_of(trace, self.rows)
        self._state = part.at(-1)
        self._pending.append(part)
        self._actions.append(self.request[:steps])
        self._traces.append(part)
        self.request = self.request[steps:]
        if not len(self.request):
            self.request = None
            self.go_on()

    def result(self) -> Result:
        """What the lane returned."""
        return self._turn.result

    # The worlds that the lane sees.

    @property
    def batch(self) -> int:
        """Number of worlds of this lane."""
        return len(self.rows)

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        return self._worlds.steps_left

    def run(self, actions: Actions) -> WorldTrace:
        """Step this lane's worlds; returns when the whole batch has come that far."""
        if len(actions) > self.steps_left:
            raise TaskloomError(f"{len(actions)} steps asked, {self.steps_left} left until the horizon.")
        self.request, self._pending = np.ascontiguousarray(actions, dtype=np.float32), []
        self._turn.pause()
        return WorldTrace.concatenate(self._pending) if len(self._pending) > 1 else self._pending[0]

    def state(self) -> WorldState:
        """The present state of this lane's worlds."""
        return self._state

    def recorded(self) -> Actions:
        """All actions of this lane since the reset, (time, batch, dof)."""
        dof = self._state.qpos.shape[1]
        return np.concatenate(self._actions) if self._actions else np.zeros((0, self.batch, dof), np.float32)

    def trace(self) -> WorldTrace | None:
        """All states of this lane's worlds after the reset, or None before the first step."""
        return WorldTrace.concatenate(self._traces) if self._traces else None


def _rows_of(trace: WorldTrace, rows: NDArray[np.intp]) -> WorldTrace:
    index = (np.arange(trace.time)[:, None] * trace.batch + rows).ravel()
    return WorldTrace(trace.time, len(rows), trace.flat.rows(index))
