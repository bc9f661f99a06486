"""Joint paths along tool poses: followed as far as the arm goes, spread over waypoints, and what they cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.timing import PEAK_VELOCITY

JUMP = 0.5  # rad of a joint between two waypoints
PEAK_ACCELERATION = 5.7735  # of the minimum-jerk profile, whose peak velocity is PEAK_VELOCITY


def follow(arm: Arm, targets: Array, seed: Array, *, iterations: int = 10) -> tuple[Array, NDArray[np.intp]]:
    """Joints (k, points, n) along tool poses (k, points, 7), and how many were reached before the first miss (k,).

    After a miss the joints stay where they are.
    """
    k, points, _ = targets.shape
    path, count = np.repeat(np.asarray(seed, float)[:, None], points, axis=1), np.zeros(k, np.intp)
    going = np.arange(k)
    for i in range(points):
        before = path[going, i]
        result = arm.ik(targets[going, i], before, iterations=iterations)
        ok = result.ok & (np.abs(result.q - before).max(axis=1, initial=0.0) < JUMP)
        going = going[ok]
        if not len(going):
            break
        path[going, i:] = result.q[ok, None]
        count[going] += 1
    return path, count


def spread(start: Array, path: Array, count: int) -> Array:
    """The first ``count`` waypoints of ``path`` (points, n) after ``start`` (n,), as so many waypoints as it had.

    Waypoints that stood still at the end would bend the curve through them, and cost the whole batch time.
    """
    points = len(path)
    if count in (0, points):
        return path
    curve = CubicSpline(np.arange(count + 1), np.concatenate([start[None], path[:count]]))
    return curve(np.linspace(0, count, points + 1)[1:])


def seconds(arm: Arm, path: Array) -> Array:
    """About how long (k,) s paths (k, points, n) take from rest to rest at full effort, by their slopes and bends."""
    steps = path.shape[1] - 1
    slope = np.abs(np.diff(path, axis=1)).max(axis=1) * steps
    bend = np.abs(np.diff(path, n=2, axis=1)).max(axis=1) * steps**2
    by_velocity = PEAK_VELOCITY * slope / arm.max_velocity
    by_acceleration = np.sqrt((PEAK_ACCELERATION * slope + PEAK_VELOCITY**2 * bend) / arm.max_acceleration)
    return np.maximum(by_velocity, by_acceleration).max(axis=1)


def crowding(arm: Arm, q: Array) -> Array:
    """How near the joints are to their limits, (m,) in [0, 1]."""
    room = np.minimum(q - arm.lower, arm.upper - q) / (arm.upper - arm.lower)
    return np.clip(1 - 10 * room.min(axis=1), 0, 1)
