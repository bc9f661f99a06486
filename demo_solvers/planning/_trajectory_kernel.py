"""Compiled trajectory optimisation: paths are bent out of collision by covariant gradient descent.

Source: Zucker et al., "CHOMP: Covariant Hamiltonian optimization for motion planning" (IJRR 2013), with clearances of
spheres to boxes in place of a distance field. Every row is optimised for a fixed budget and as if it were alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning._chain import Array
from demo_solvers.planning._clearance_kernel import sweep
from demo_solvers.planning._kernel import kernel
from demo_solvers.planning._sphere_kernel import (
    Body,
    Question,
    Scene,
    Work,
    between,
    gather,
    make_work,
    place,
    spread,
    to_box,
)

ITERATIONS = 80
CHECK_EVERY = 4  # iterations
WANTED = 0.03  # m of clearance that the bent path asks for
STRAIGHTEN = 0.01  # share by which an iteration draws the path back to the straight line
FIRST_STEP, LAST_STEP = 0.15, 0.03  # rad that the most moved joint moves in an iteration


def covariance(points: int) -> Array:
    """Symmetric matrix (points, points) that spreads a push on one waypoint over its neighbours; ends stay fixed.

    The inverse of the squared second differences, scaled to a largest entry of 1.
    """
    second = np.zeros((points + 2, points))
    for i in range(points):
        second[i, i], second[i + 1, i], second[i + 2, i] = 1.0, -2.0, 1.0
    spread_out = np.linalg.inv(second.T @ second)
    return spread_out / spread_out.max()


@kernel
def bend_rows(
    body: Body,
    scene: Scene,
    asked: Question,
    start: Array,
    path: Array,
    lower: Array,
    upper: Array,
    smoother: Array,
    slack: float,
    reach: Array,
    step: float,
) -> NDArray[np.bool_]:
    """Bend paths (k, t, n) from ``start`` (k, n) in place, their last point kept; says which are clear of collision."""
    ok = np.zeros(len(path), np.bool_)
    work = make_work(body, scene, asked)
    whole = np.empty((path.shape[1] + 1, path.shape[2]))
    force = np.empty((path.shape[1] - 1, path.shape[2]))
    for i in range(len(path)):
        gather(body, scene, asked, i, work)
        whole[0], whole[1:] = start[i], path[i]
        for iteration in range(ITERATIONS + 1):
            if iteration % CHECK_EVERY == 0:
                ok[i] = sweep(body, scene, asked, i, whole, slack, reach[i], step, work) == len(whole)
            if ok[i]:
                break
            for t in range(len(force)):
                _force(body, scene, asked, i, whole[t + 1], work, force[t])
            _bend(whole, force, smoother, lower, upper, iteration / ITERATIONS)
        path[i] = whole[1:]
    return ok


@kernel
def _bend(whole: Array, force: Array, smoother: Array, lower: Array, upper: Array, progress: float) -> None:
    """Move the inner points of ``whole`` (t + 1, n) by the smoothed forces, and a little towards the straight line."""
    inner, n = force.shape
    largest, push = 1e-9, np.zeros((inner, n))
    for a in range(inner):
        for j in range(n):
            for b in range(inner):
                push[a, j] += smoother[a, b] * force[b, j]
            largest = max(largest, abs(push[a, j]))
    most = FIRST_STEP + progress * (LAST_STEP - FIRST_STEP)
    scale = min(1.0, most / largest)
    for a in range(inner):
        share = (a + 1) / (inner + 1)
        for j in range(n):
            straight = whole[0, j] + share * (whole[inner + 1, j] - whole[0, j])
            moved = whole[a + 1, j] + scale * push[a, j] + STRAIGHTEN * (straight - whole[a + 1, j])
            whole[a + 1, j] = min(max(moved, lower[j]), upper[j])


@kernel
def _force(body: Body, scene: Scene, asked: Question, i: int, q: Array, work: Work, out: Array) -> None:
    """Write the joint force (n,) that drives a configuration away from what is nearer than WANTED."""
    n, row = len(q), asked.rows[i]
    place(body, scene.base[row], q, work)
    out[:] = 0.0
    away = np.empty(3)
    for g in range(n + 4):
        spread(work, g)
    for g in range(n + 4):
        if g == n + 1 or work.first[g] == work.first[g + 1]:
            continue
        for b in range(len(asked.keep)):
            if not asked.keep[b] or to_box(scene, row, b, work.ball[g]) >= WANTED:
                continue
            for s in range(work.first[g], work.first[g + 1]):
                gap = to_box(scene, row, b, work.placed[s])
                if gap < WANTED:
                    _from_box(scene, row, b, work.placed[s], away)
                    _push(body, work, g, work.placed[s], away, _strength(gap), out)
    for p in range(len(body.pairs)):
        one, two = body.pairs[p, 0], body.pairs[p, 1]
        if between(work.ball[one], work.ball[two]) + body.relief[p] >= WANTED:
            continue
        for s in range(work.first[one], work.first[one + 1]):
            for r in range(work.first[two], work.first[two + 1]):
                gap = between(work.placed[s], work.placed[r]) + body.relief[p]
                if gap < WANTED:
                    length = 1e-9
                    for a in range(3):
                        away[a] = work.placed[s, a] - work.placed[r, a]
                        length += away[a] ** 2
                    for a in range(3):
                        away[a] /= np.sqrt(length)
                    _push(body, work, one, work.placed[s], away, _strength(gap), out)
                    _push(body, work, two, work.placed[r], away, -_strength(gap), out)


@kernel
def _strength(gap: float) -> float:
    """Slope of CHOMP's cost at a clearance: 1 in collision, then falling to 0 at WANTED."""
    return 1.0 if gap < 0 else 1.0 - gap / WANTED


@kernel
def _from_box(scene: Scene, row: int, b: int, sphere: Array, out: Array) -> None:
    """Write the unit direction (3,) in which the distance to a box grows."""
    local, excess = np.empty(3), np.empty(3)
    outside, deepest = 0.0, 0
    for a in range(3):
        local[a] = 0.0
        for c in range(3):
            local[a] += (sphere[c] - scene.centre[row, b, c]) * scene.turn[row, b, c, a]
        excess[a] = abs(local[a]) - scene.half[b, a]
        outside += max(excess[a], 0.0) ** 2
        if excess[a] > excess[deepest]:
            deepest = a
    for a in range(3):
        sign = 1.0 if local[a] >= 0 else -1.0
        if outside > 0:
            excess[a] = sign * max(excess[a], 0.0) / np.sqrt(outside)
        else:
            local[a] = sign if a == deepest else 0.0
    if outside == 0:
        excess[:] = local
    for c in range(3):
        out[c] = 0.0
        for a in range(3):
            out[c] += scene.turn[row, b, c, a] * excess[a]


@kernel
def _push(body: Body, work: Work, g: int, sphere: Array, away: Array, strength: float, out: Array) -> None:
    """Add the joint torques of a force at a sphere of group ``g``: the transposed Jacobian times the force."""
    n = len(out)
    last = g if g < n else (-1 if g == n + 1 else n - 1)
    axis = np.empty(3)
    for j in range(last + 1):
        for a in range(3):
            axis[a] = 0.0
            for c in range(3):
                axis[a] += work.group_turn[j, a, c] * body.chain.axis[j, c]
        x, y, z = (
            sphere[0] - work.group_spot[j, 0],
            sphere[1] - work.group_spot[j, 1],
            sphere[2] - work.group_spot[j, 2],
        )
        out[j] += strength * (
            away[0] * (axis[1] * z - axis[2] * y)
            + away[1] * (axis[2] * x - axis[0] * z)
            + away[2] * (axis[0] * y - axis[1] * x)
        )
