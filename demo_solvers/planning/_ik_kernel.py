"""Compiled damped least squares: inverse kinematics of many rows, each as if it were alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning._chain import Array, Chain, follow_link, place_links
from demo_solvers.planning._kernel import kernel

POSITION_TOLERANCE = 1e-3  # m
ROTATION_TOLERANCE = 1e-2  # rad
DAMPING, LATE_DAMPING = 0.02, 0.005
MAX_STEP = 0.4  # rad a joint and iteration
POSTURE_GAIN = 0.05
NEAR_PI = 3.0  # rad; beyond it the axis comes from the quaternion, which is well conditioned there


@kernel
def solve_rows(
    chain: Chain, goals: Array, q: Array, rest: Array, lower: Array, upper: Array, iterations: int, error: Array
) -> None:
    """Move ``q`` (rows, n) in place towards ``goals`` (rows, 4, 4); ``error`` (rows, 6) is what remained, m and rad."""
    for row in range(len(q)):
        solve(chain, goals[row], q[row], rest[row], lower, upper, iterations, error[row])


@kernel
def follow_rows(
    chain: Chain, goals: Array, path: Array, start: Array, lower: Array, upper: Array, iterations: int, jump: float
) -> NDArray[np.bool_]:
    """Write joints ``path`` (rows, points, n) along ``goals`` (rows, points, 4, 4), each from the one before.

    Says of every row whether all points were reached without a joint moving by more than ``jump`` rad between two.
    """
    ok = np.ones(len(start), np.bool_)
    error = np.empty(6)
    for row in range(len(start)):
        q = start[row].copy()
        for i in range(goals.shape[1]):
            before = q.copy()
            rest = np.minimum(np.maximum(q, lower), upper)
            q[:] = rest
            solve(chain, goals[row, i], q, rest, lower, upper, iterations, error)
            path[row, i] = q
            if not within(error) or np.abs(q - before).max() >= jump:
                ok[row] = False
    return ok


@kernel
def within(error: Array) -> bool:
    """Whether an error (6,) is inside both tolerances."""
    position = np.sqrt(error[0] ** 2 + error[1] ** 2 + error[2] ** 2)
    rotation = np.sqrt(error[3] ** 2 + error[4] ** 2 + error[5] ** 2)
    return position < POSITION_TOLERANCE and rotation < ROTATION_TOLERANCE


@kernel
def solve(
    chain: Chain, goal: Array, q: Array, rest: Array, lower: Array, upper: Array, iterations: int, error: Array
) -> None:
    """One row of :func:`solve_rows`."""
    n = len(q)
    turn, spot = np.empty((n, 3, 3)), np.empty((n, 3))
    tool_turn, tool = np.empty((3, 3)), np.empty(3)
    jacobian, pull, residual = np.empty((6, n)), np.empty(n), np.empty(6)
    _gap(chain, goal, q, turn, spot, tool_turn, tool, error)
    for iteration in range(iterations):
        if within(error):
            return
        # A search that takes long is at the edge of the workspace, where posture and damping keep it from arriving.
        late = 2 * iteration > iterations
        gain, damping = (0.0, LATE_DAMPING) if late else (POSTURE_GAIN, DAMPING)
        _jacobian(chain, turn, spot, tool, jacobian)
        for j in range(n):
            pull[j] = gain * (rest[j] - q[j])
        # One solve serves both: J+ (e - J pull) + pull keeps the posture term out of the task space.
        for a in range(6):
            residual[a] = error[a]
            for j in range(n):
                residual[a] -= jacobian[a, j] * pull[j]
        _damped(jacobian, residual, damping)
        largest = 1e-9
        for j in range(n):
            for a in range(6):
                pull[j] += jacobian[a, j] * residual[a]
            largest = max(largest, abs(pull[j]))
        scale = min(1.0, MAX_STEP / largest)
        for j in range(n):
            q[j] = min(max(q[j] + scale * pull[j], lower[j]), upper[j])
        _gap(chain, goal, q, turn, spot, tool_turn, tool, error)


@kernel
def _gap(
    chain: Chain, goal: Array, q: Array, turn: Array, spot: Array, tool_turn: Array, tool: Array, error: Array
) -> None:
    """Write the frames at ``q`` and the error (6,) from the tool to the goal."""
    last = len(q) - 1
    place_links(chain, q, turn, spot)
    follow_link(turn[last], spot[last], chain.tool, tool_turn, tool)
    m = np.empty((3, 3))
    for a in range(3):
        error[a] = goal[a, 3] - tool[a]
        for b in range(3):
            m[a, b] = goal[a, 0] * tool_turn[b, 0] + goal[a, 1] * tool_turn[b, 1] + goal[a, 2] * tool_turn[b, 2]
    _rotation_vector(m, error)


@kernel
def _rotation_vector(m: Array, error: Array) -> None:
    """Write the rotation vector of a matrix into ``error[3:]``."""
    x, y, z = (m[2, 1] - m[1, 2]) / 2, (m[0, 2] - m[2, 0]) / 2, (m[1, 0] - m[0, 1]) / 2
    sin = np.sqrt(x * x + y * y + z * z)
    angle = np.arctan2(sin, (m[0, 0] + m[1, 1] + m[2, 2] - 1) / 2)
    scale = angle / sin if sin > 1e-9 else 1.0
    if angle > NEAR_PI:
        # The column of the symmetric part with the largest diagonal points along the axis (Shepperd, 1978).
        k = 0 if m[0, 0] >= m[1, 1] and m[0, 0] >= m[2, 2] else (1 if m[1, 1] >= m[2, 2] else 2)
        cos = np.cos(angle)
        ax = np.empty(3)
        for a in range(3):
            ax[a] = (m[a, k] + m[k, a]) / 2 - (cos if a == k else 0.0)
        length = np.sqrt(ax[0] ** 2 + ax[1] ** 2 + ax[2] ** 2)
        sign = -1.0 if ax[0] * x + ax[1] * y + ax[2] * z < 0 else 1.0
        x, y, z, scale = ax[0], ax[1], ax[2], sign * angle / length
    error[3], error[4], error[5] = scale * x, scale * y, scale * z


@kernel
def _jacobian(chain: Chain, turn: Array, spot: Array, tool: Array, out: Array) -> None:
    """Write the geometric Jacobian (6, n) at the tool point."""
    axis = np.empty(3)
    for j in range(len(spot)):
        for a in range(3):
            axis[a] = turn[j, a, 0] * chain.axis[j, 0] + turn[j, a, 1] * chain.axis[j, 1]
            axis[a] += turn[j, a, 2] * chain.axis[j, 2]
            out[3 + a, j] = axis[a]
        x, y, z = tool[0] - spot[j, 0], tool[1] - spot[j, 1], tool[2] - spot[j, 2]
        out[0, j] = axis[1] * z - axis[2] * y
        out[1, j] = axis[2] * x - axis[0] * z
        out[2, j] = axis[0] * y - axis[1] * x


@kernel
def _damped(jacobian: Array, b: Array, damping: float) -> None:
    """Overwrite ``b`` (6,) with the solution of (J J^T + damping^2 I) x = b, by Cholesky."""
    lower = np.empty((6, 6))
    for i in range(6):
        for j in range(i + 1):
            total = damping * damping if i == j else 0.0
            for k in range(jacobian.shape[1]):
                total += jacobian[i, k] * jacobian[j, k]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(total) if i == j else total / lower[j, j]
    for i in range(6):
        for k in range(i):
            b[i] -= lower[i, k] * b[k]
        b[i] /= lower[i, i]
    for i in range(5, -1, -1):
        for k in range(i + 1, 6):
            b[i] -= lower[k, i] * b[k]
        b[i] /= lower[i, i]
