"""Guarded motion: a path that is followed the slower the harder the hand presses on what it moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.timing import PEAK_VELOCITY, time_path
from pipeline.conduct import touch_limits
from pipeline.core.world import Bools

FULL_SPEED, STANDSTILL = 0.3, 0.65  # of a gentle touch: up to it nothing is held back, and at it a row stands still
BACK = -1.0  # of the path's pace: how fast a row goes back at most where it presses harder still
CHANGE = 0.2  # of the path's pace a control step, by which the pace may change
PATIENCE, STUCK = 12, 0.5  # control steps in which a row has to get ahead by so many steps of its path, else it ends
SPARE = 2.0  # of the path's own time that a guarded motion may take


def follow_guarded(
    ex: Execution, q_path: Array, *, speed: float, length: float, until: Callable[[], Bools] | None = None
) -> Array:
    """Follow ``q_path`` (batch, points, n) as :meth:`Execution.line` does, minding how hard the robot presses.

    A row that presses more than ``FULL_SPEED`` of what is gentle for what it touches (:func:`touch_limits`) slows down,
    stands still at ``STANDSTILL`` and goes back beyond; one that gets no further ends where it is. Returns the share
    (batch,) of the motion's time that each row has gone through; 1 for a row of which ``until`` has said that it is
    there, which stays where it is from then on. Forces are read from the states at every control step.
    """
    path: Array = np.concatenate([ex.q[:, None], q_path], axis=1)
    path[~ex.alive] = ex.q[~ex.alive, None]
    timed = time_path(ex.arm, path, rate=ex.rate, active=ex.alive, slowest=PEAK_VELOCITY * length / speed)
    targets: Array = np.concatenate([ex.q[None], timed]).astype(float)  # (steps + 1, batch, n)
    last, batch = len(timed), len(path)
    limits = touch_limits(ex.state().layout)
    at: Array = np.zeros(batch)
    pace: Array = np.ones(batch)
    ahead, there = [at], np.zeros(batch, bool)
    for _ in range(min(int(SPARE * last) + 1, ex.worlds.steps_left)):
        force = (ex.state().force.astype(float) / limits).max(axis=(1, 2))
        wanted = np.clip((STANDSTILL - force) / (STANDSTILL - FULL_SPEED), BACK, 1.0)
        pace = np.clip(wanted, pace - CHANGE, pace + CHANGE)
        there = there if until is None else there | until()
        pace[there] = 0.0
        at = np.minimum(np.maximum(at + pace, 0.0), float(last))
        ex.apply(_between(targets, at)[None], ex.width)
        ahead.append(at)
        stuck = len(ahead) > PATIENCE and at - ahead[-1 - PATIENCE] < STUCK
        if (~ex.alive | (at >= last) | stuck | there).all():
            break
    return np.where(there, 1.0, at / last)


def _between(targets: Array, at: Array) -> Array:
    """Joints (batch, n) at fractional steps ``at`` (batch,) of ``targets`` (steps, batch, n)."""
    low = np.minimum(at.astype(int), len(targets) - 2)
    rows, share = np.arange(len(at)), (at - low)[:, None]
    return (1 - share) * targets[low, rows] + share * targets[low + 1, rows]
