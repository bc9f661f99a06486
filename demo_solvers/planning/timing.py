"""Time parameterisation: joint waypoints become sampled targets at the control rate, within the robot's limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from demo_solvers.planning._timing_kernel import GRID, gentle_durations, sample, swift_profiles
from demo_solvers.planning.arm import Arm, Array

MIN_DURATION = 0.3  # s
PEAK_VELOCITY = 1.875  # of the minimum-jerk profile s(t) = 10 t^3 - 15 t^4 + 6 t^5 (Flash and Hogan, 1985)
PEAK_ACCELERATION = 5.7735  # of the same profile
LOOKED_AT = 101  # points at which a spline is compared with the joint limits
ROUNDING = 1e-6  # share by which a difference may exceed a limit


def time_path(
    arm: Arm, waypoints: Array, *, rate: float, active: NDArray[np.bool_], effort: float = 0.5, slowest: float = 0.0
) -> NDArray[np.float32]:
    """Sample waypoints (batch, points, n) at ``rate`` Hz; returns targets (time, batch, n) without the first point.

    All rows share one duration, the longest that an active row needs at ``effort`` times the robot's limits of
    velocity, acceleration and jerk (at least ``slowest`` seconds), so that the batch moves in lockstep and nobody
    waits. The path is a cubic spline through the waypoints that starts and ends at rest. A row to which the duration
    leaves the time follows it with the minimum-jerk profile, others with a time-optimal one of limited jerk. The
    differences of the targets, with standing still before and after, keep to the limits.
    """
    coefficients = _spline(waypoints, arm)
    limits = (effort * arm.max_velocity, effort * arm.max_acceleration, effort * arm.max_jerk)
    rows, batch = np.flatnonzero(active), len(waypoints)
    gently = gentle_durations(coefficients[rows], *limits)
    knots, flow, window = np.zeros((batch, GRID + 1)), np.zeros((batch, GRID + 1, 4)), np.ones(batch)
    swift, duration = np.zeros(batch, bool), max(MIN_DURATION, slowest)
    hurried = rows[gently > duration]
    if len(hurried):
        mine, others = (np.zeros((len(hurried), *a.shape[1:])) for a in (knots, flow))
        span = np.ones(len(hurried))
        needed = swift_profiles(coefficients[hurried], *limits, mine, others, span)
        knots[hurried], flow[hurried], window[hurried] = mine, others, span
        duration = max(duration, float(np.minimum(needed, gently[gently > duration]).max()))
        swift[rows] = gently > duration
    steps = math.ceil(duration * rate - 1e-9)
    while True:
        targets = sample(coefficients, swift, knots, flow, window, steps)
        if _within(waypoints[rows, 0], targets[:, rows], limits, rate):
            return np.clip(targets, arm.lower, arm.upper).astype(np.float32)
        steps += 1


def _within(start: Array, targets: Array, limits: tuple[Array, ...], rate: float) -> bool:
    """Whether the differences of targets (time, k, n) keep to the limits of velocity, acceleration and jerk."""
    still = np.repeat(targets[-1:], 3, axis=0)
    change = np.concatenate([np.repeat(start[None], 3, axis=0), targets, still])
    for limit in limits:
        change = np.diff(change, axis=0) * rate
        if (np.abs(change) > (1 + ROUNDING) * limit).any():
            return False
    return True


def _spline(waypoints: Array, arm: Arm) -> Array:
    """Coefficients (batch, segments, 4, n) of cubic splines through waypoints, over even knots in [0, 1].

    Where the smooth spline swings over a joint limit, one takes its place that does not swing over its waypoints.
    """
    if waypoints.shape[1] == 2:
        waypoints = np.stack([waypoints[:, 0], waypoints.mean(axis=1), waypoints[:, 1]], axis=1)
    knots = np.linspace(0.0, 1.0, waypoints.shape[1])
    smooth = CubicSpline(knots, waypoints, axis=1, bc_type="natural")
    coefficients = smooth.c.transpose(2, 1, 0, 3).copy()
    q = smooth(np.linspace(0.0, 1.0, LOOKED_AT))
    over = ((q < arm.lower) | (q > arm.upper)).any(axis=(1, 2))
    if over.any():
        coefficients[over] = PchipInterpolator(knots, waypoints[over], axis=1).c.transpose(2, 1, 0, 3)
    return coefficients
