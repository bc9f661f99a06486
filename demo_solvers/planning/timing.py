"""Time parameterisation: joint waypoints become sampled targets at the control rate, within the robot's limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from demo_solvers.planning.arm import Arm, Array

MIN_DURATION = 0.3  # s
# Peaks of the minimum-jerk profile s(t) = 10 t^3 - 15 t^4 + 6 t^5 (Flash and Hogan, 1985).
PEAK_VELOCITY, PEAK_ACCELERATION = 1.875, 5.7735


def time_path(
    arm: Arm, waypoints: Array, *, rate: float, active: NDArray[np.bool_], effort: float = 0.5, slowest: float = 0.0
) -> NDArray[np.float32]:
    """Sample waypoints (batch, points, n) at ``rate`` Hz; returns targets (time, batch, n) without the first point.

    All rows share one duration, the longest that an active row needs at ``effort`` times the robot's velocity and
    acceleration limits (at least ``slowest`` seconds), so that the batch moves in lockstep and nobody waits. The path
    is a cubic spline through the waypoints, followed with a minimum-jerk profile: it starts and ends at rest.
    """
    spline = _spline(waypoints)
    duration = max(MIN_DURATION, slowest, _duration(arm, spline, active, effort))
    steps = math.ceil(duration * rate - 1e-9)
    t = np.arange(1, steps + 1) / steps
    s = t**3 * (10 - 15 * t + 6 * t**2)
    targets = np.moveaxis(spline(s), 0, 1)
    return np.clip(targets, arm.lower, arm.upper).astype(np.float32)


def _spline(waypoints: Array) -> CubicSpline:
    knots = np.linspace(0.0, 1.0, waypoints.shape[1])
    if waypoints.shape[1] == 2:
        middle = waypoints.mean(axis=1, keepdims=True)
        waypoints, knots = np.concatenate([waypoints[:, :1], middle, waypoints[:, 1:]], axis=1), np.linspace(0, 1, 3)
    return CubicSpline(knots, waypoints, axis=1, bc_type="natural")


def _duration(arm: Arm, spline: CubicSpline, active: NDArray[np.bool_], effort: float) -> float:
    if not active.any():
        return 0.0
    s = np.linspace(0.0, 1.0, 33)
    slope = np.abs(spline(s, 1)[active]).max(axis=(0, 1))
    bend = np.abs(spline(s, 2)[active]).max(axis=(0, 1))
    by_velocity = PEAK_VELOCITY * slope / (effort * arm.max_velocity)
    needed = PEAK_ACCELERATION * slope + PEAK_VELOCITY**2 * bend
    by_acceleration = np.sqrt(needed / (effort * arm.max_acceleration))
    return float(max(by_velocity.max(), by_acceleration.max()))
