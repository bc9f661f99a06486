"""Compiled time parameterisation of one path at a time: the time-optimal profile, smoothed to a limited jerk.

The path of a row is a cubic spline q(s) over s in [0, 1]. Its time-optimal velocity profile under limits of velocity
and acceleration is found by a backward and a forward pass over a grid (Pham and Pham, "A new approach to time-optimal
path parameterization based on reachability analysis", 2018). It has steps in acceleration; averaging s(t) over a window
of w seconds turns them into ramps. What that does to the joints is measured, and the whole is stretched to the limits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning._chain import Array
from demo_solvers.planning._kernel import kernel

GRID = 80  # intervals of s
BISECTIONS = 24
MEASURED = 200  # samples of a motion on which its speeds are measured
WINDOWS = (0.4, 0.7, 1.0, 1.5)  # candidates for w, as shares of the time in which full acceleration is reversed
TINY = 1e-9


@kernel
def spline_at(coefficients: Array, s: float, out: Array) -> None:
    """Write q(s) (n,) of a spline with ``coefficients`` (segments, 4, n), highest power first, over even knots."""
    segments = len(coefficients)
    k = min(max(int(s * segments), 0), segments - 1)
    x = s - k / segments
    for j in range(len(out)):
        c = coefficients[k, :, j]
        out[j] = ((c[0] * x + c[1]) * x + c[2]) * x + c[3]


@kernel
def gentle(t: float) -> float:
    """The minimum-jerk profile s(t) over t in [0, 1] (Flash and Hogan, 1985)."""
    return t * t * t * (10 - 15 * t + 6 * t * t)


@kernel
def gentle_durations(coefficients: Array, velocity: Array, acceleration: Array, jerk: Array) -> Array:
    """Seconds (k,) that paths (k, segments, 4, n) need under limits (n,) with the minimum-jerk profile."""
    out, knots, flow = np.empty(len(coefficients)), np.zeros(1), np.zeros((1, 4))
    for i in range(len(out)):
        out[i] = _needed(coefficients[i], knots, flow, 0.0, velocity, acceleration, jerk)
    return out


@kernel
def swift_profiles(
    coefficients: Array, velocity: Array, acceleration: Array, jerk: Array, knots: Array, flow: Array, window: Array
) -> Array:
    """Write time-optimal profiles of paths (k, segments, 4, n); returns the seconds (k,) that they need.

    A profile is s(t) on intervals from ``knots`` (k, GRID + 1) s, in which it runs as ``flow`` (k, GRID + 1, 4) says
    (integral of s, s, its speed, its acceleration), averaged over ``window`` (k,) s.
    """
    out = np.empty(len(coefficients))
    slew = 0.0
    for j in range(len(jerk)):
        slew = max(slew, 2 * acceleration[j] / jerk[j])
    for i in range(len(out)):
        _optimal(coefficients[i], velocity, acceleration, knots[i], flow[i])
        out[i] = np.inf
        for share in WINDOWS:
            needed = _needed(coefficients[i], knots[i], flow[i], share * slew, velocity, acceleration, jerk)
            if needed < out[i]:
                out[i], window[i] = needed, share * slew
    return out


@kernel
def sample(
    coefficients: Array, swift: NDArray[np.bool_], knots: Array, flow: Array, window: Array, steps: int
) -> Array:
    """Joints (steps, k, n) at even times, the start excluded: ``swift`` rows by their profile, others gently."""
    k, n = len(coefficients), coefficients.shape[3]
    out = np.empty((steps, k, n))
    for i in range(k):
        for t in range(steps):
            share = (t + 1) / steps
            s = _smoothed(knots[i], flow[i], window[i], share) if swift[i] else gentle(share)
            spline_at(coefficients[i], s, out[t, i])
    return out


@kernel
def _needed(
    coefficients: Array, knots: Array, flow: Array, window: float, velocity: Array, acceleration: Array, jerk: Array
) -> float:
    """Seconds that a motion needs such that its differences keep to the limits; a single knot means gently."""
    n = coefficients.shape[2]
    # Standing still before and after belongs to it: at the ends differences see what is there.
    q = np.empty((MEASURED + 7, n))
    for t in range(-3, MEASURED + 4):
        share = min(max(t / MEASURED, 0.0), 1.0)
        s = gentle(share) if len(knots) == 1 else _smoothed(knots, flow, window, share)
        spline_at(coefficients, s, q[t + 3])
    needed = 0.0
    for j in range(n):
        for t in range(len(q) - 3):
            first = abs(q[t + 1, j] - q[t, j]) * MEASURED
            second = abs(q[t + 2, j] - 2 * q[t + 1, j] + q[t, j]) * MEASURED**2
            third = abs(q[t + 3, j] - 3 * q[t + 2, j] + 3 * q[t + 1, j] - q[t, j]) * MEASURED**3
            needed = max(needed, first / velocity[j], np.sqrt(second / acceleration[j]))
            needed = max(needed, (third / jerk[j]) ** (1 / 3))
    return needed


@kernel
def _smoothed(knots: Array, flow: Array, window: float, share: float) -> float:
    """The averaged s at a ``share`` of the whole time."""
    t = share * (knots[-1] + window)
    return min(max((_integral(knots, flow, t) - _integral(knots, flow, t - window)) / window, 0.0), 1.0)


@kernel
def _integral(knots: Array, flow: Array, t: float) -> float:
    """Integral of s up to ``t``: 0 before the motion, and s = 1 after it."""
    if t <= 0:
        return 0.0
    last = len(knots) - 1
    if t >= knots[last]:
        return flow[last, 0] + t - knots[last]
    k = np.searchsorted(knots, t, side="right") - 1
    x = t - knots[k]
    return flow[k, 0] + x * (flow[k, 1] + x * (flow[k, 2] / 2 + x * flow[k, 3] / 6))


@kernel
def _optimal(coefficients: Array, velocity: Array, acceleration: Array, knots: Array, flow: Array) -> None:
    """Write the time-optimal s(t) under limits of velocity and acceleration."""
    n, step = coefficients.shape[2], 1.0 / GRID
    slope, bend = np.empty((GRID + 1, n)), np.empty((GRID + 1, n))
    _derivatives(coefficients, slope, bend)
    most = np.zeros(GRID + 1)  # of the squared speed, such that one can still stop at the end
    for i in range(GRID - 1, -1, -1):
        low, high = 0.0, _fastest(slope[i], bend[i], velocity, acceleration)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            least, largest = _thrust(slope[i], bend[i], acceleration, middle)
            if max(least, -middle / (2 * step)) <= min(largest, (most[i + 1] - middle) / (2 * step)):
                low = middle
            else:
                high = middle
        most[i] = low
    knots[0], flow[0], square = 0.0, 0.0, 0.0
    for i in range(GRID):
        _, largest = _thrust(slope[i], bend[i], acceleration, square)
        following = min(max(square + 2 * step * largest, 0.0), most[i + 1])
        if i < GRID - 1:
            following = max(following, TINY)
        speed = np.sqrt(square) + np.sqrt(following)
        span = 2 * step / max(speed, TINY)
        flow[i, 2], flow[i, 3] = np.sqrt(square), (following - square) / (2 * step)
        knots[i + 1], flow[i + 1, 1] = knots[i] + span, (i + 1) * step
        x = span
        flow[i + 1, 0] = flow[i, 0] + x * (flow[i, 1] + x * (flow[i, 2] / 2 + x * flow[i, 3] / 6))
        square = following
    flow[GRID, 2:] = 0.0


@kernel
def _derivatives(coefficients: Array, slope: Array, bend: Array) -> None:
    """Write q'(s) and q''(s) (GRID + 1, n)."""
    segments = len(coefficients)
    for i in range(GRID + 1):
        k = min(i * segments // GRID, segments - 1)
        x = i / GRID - k / segments
        for j in range(slope.shape[1]):
            c = coefficients[k, :, j]
            slope[i, j] = (3 * c[0] * x + 2 * c[1]) * x + c[2]
            bend[i, j] = 6 * c[0] * x + 2 * c[1]


@kernel
def _fastest(slope: Array, bend: Array, velocity: Array, acceleration: Array) -> float:
    """The largest squared speed of s that any acceleration can go with."""
    most = 1e6
    for j in range(len(slope)):
        if abs(slope[j]) > TINY:
            most = min(most, (velocity[j] / slope[j]) ** 2)
        elif abs(bend[j]) > TINY:
            most = min(most, acceleration[j] / abs(bend[j]))
    return most


@kernel
def _thrust(slope: Array, bend: Array, acceleration: Array, square: float) -> tuple[float, float]:
    """Least and largest acceleration of s at a squared speed."""
    least, largest = -1e9, 1e9
    for j in range(len(slope)):
        if abs(slope[j]) > TINY:
            one = (acceleration[j] - bend[j] * square) / slope[j]
            two = (-acceleration[j] - bend[j] * square) / slope[j]
            least, largest = max(least, min(one, two)), min(largest, max(one, two))
    return least, largest
