"""Collision-checked free motion of a batch: straight in joint space, else over a raised detour, else a tree search."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, Held
from demo_solvers.planning.rrt_connect import rrt_connect
from pipeline.core import poses
from pipeline.core.streams import stream
from pipeline.core.world import Bools

POINTS = 20
CHECKS = 3  # configurations checked per waypoint: between two waypoints a hand may pass a handle bar
CLEAR_HEIGHT = 0.38  # m above the table: over every object and over the cabinet's top drawer


def plan_transit(
    ex: Execution, q_goal: Array, model: CollisionModel, *, ignore: Collection[str] = (), held: Held | None = None
) -> tuple[Array, Bools]:
    """Joint waypoints (batch, POINTS, n) from the commanded joints to ``q_goal`` (batch, n), and who found a path.

    All live rows try the straight line in joint space at once; the rows that collide try a detour through raised tool
    poses; only what is left goes, one by one, to RRT-Connect.
    """
    path = _resample(np.stack([ex.q, q_goal], axis=1))
    rows = ex.rows
    ok = ~ex.alive
    ok[rows] = model.free(_finer(ex.q[rows], path[rows]), rows, ignore=ignore, held=_of(held, rows))
    rows = np.flatnonzero(~ok)
    if len(rows):
        detour, found = _detour(ex, q_goal, rows)
        found &= model.free(_finer(ex.q[rows], detour), rows, ignore=ignore, held=_of(held, rows))
        path[rows[found]], ok[rows[found]] = detour[found], True
    for row in np.flatnonzero(~ok):
        rng = stream(ex.problem.seed, "rrt", len(ex.stage_names), int(row))
        found_path = rrt_connect(
            ex.q[row], q_goal[row], lower=ex.arm.lower, upper=ex.arm.upper, rng=rng,
            free=lambda q, r=row: model.free(q[None], np.array([r]), ignore=ignore, held=_of(held, [r]))[0],
        )  # fmt: skip
        if found_path is not None:
            path[row], ok[row] = _resample(found_path[None])[0], True
    return path, ok & ex.alive


def _finer(start: Array, path: Array) -> Array:
    """CHECKS configurations for every waypoint of ``path`` (rows, points, n), from ``start`` (rows, n) on."""
    before = np.concatenate([start[:, None], path[:, :-1]], axis=1)
    share = (np.arange(1, CHECKS + 1) / CHECKS)[:, None]
    return (before[:, :, None] + share * (path - before)[:, :, None]).reshape(
        len(path), CHECKS * path.shape[1], path.shape[-1]
    )


def _of(held: Held | None, rows: ArrayLike) -> Held | None:
    return None if held is None else held.of(np.asarray(rows))


def _detour(ex: Execution, q_goal: Array, rows: np.ndarray) -> tuple[Array, Bools]:
    start, goal = ex.q[rows], q_goal[rows]
    up = [_raised(ex, q, rows) for q in (start, goal)]
    corners = np.stack([start, up[0][0], up[1][0], goal], axis=1)
    return _resample(corners), up[0][1] & up[1][1]


def _raised(ex: Execution, q: Array, rows: np.ndarray) -> tuple[Array, Bools]:
    target = ex.arm.tool_pose(q)
    target[:, 2] = np.maximum(target[:, 2], CLEAR_HEIGHT)
    result = ex.arm.ik(target, q, posture=ex.arm.home)
    return result.q, result.ok


def _resample(corners: Array) -> Array:
    """POINTS waypoints, evenly spaced along the polyline through ``corners`` (rows, k, n), without its first point."""
    steps = np.linalg.norm(np.diff(corners, axis=1), axis=-1)
    length = np.concatenate([np.zeros((len(corners), 1)), np.cumsum(steps, axis=1)], axis=1)
    length /= np.maximum(length[:, -1:], 1e-9)
    wanted = np.linspace(0, 1, POINTS + 1)[1:]
    out = np.empty((len(corners), POINTS, corners.shape[-1]))
    for i in range(len(corners)):
        for j in range(corners.shape[-1]):
            out[i, :, j] = np.interp(wanted, length[i], corners[i, :, j])
    return out


def raise_tool(T_world_tool: Array, height: float) -> Array:
    """Tool poses (..., 7) moved up by ``height`` m in the world."""
    return poses.pose(T_world_tool[..., :3] + np.array([0.0, 0.0, height]), T_world_tool[..., 3:])
