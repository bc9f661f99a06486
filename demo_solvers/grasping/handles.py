"""Handle grasps for a batch: chosen so that the arm can follow the joint's whole travel and step back at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, GraspChoice, no_grasps, withdrawal
from demo_solvers.planning.arm import Arm, Array, attitudes
from demo_solvers.planning.collision import SLACK, CollisionModel
from pipeline.core import poses
from pipeline.core.geometry import Grasp
from pipeline.core.world import Bools

FIRST_LOOK, SECOND_LOOK = 3, 18  # candidates a row; only rows without a solution look further
TRAVEL_POINTS = 8
COMFORT, TIGHTNESS = 0.02, 4.0  # m of clearance beyond which more is no better, and what having none costs
STEP_BACK, BACK_POINTS = 0.08, 6  # m along the approach after letting go
# Elbow and wrist attitudes from which inverse kinematics reaches forward-facing grasps, relative to home [rad].
ATTITUDES = np.array(
    [
        [0.0, 0.4, 0.0, -0.4, 0.7, 1.8, 1.1],
        [0.0, 0.4, 0.0, -0.4, -0.7, 1.8, -1.1],
        [0.0, 0.3, 0.1, -0.4, -1.7, 1.6, 0.2],
        [0.0, 0.3, -0.1, -0.4, 1.7, 1.6, -0.2],
        [0.0, 0.75, 0.2, -0.3, -2.6, 1.25, 1.2],
        [0.0, 0.75, -0.2, -0.3, 2.6, 1.25, -1.2],
        [-0.3, 0.75, 0.6, -0.35, -2.7, 1.1, 1.35],
        [0.3, 0.75, -0.6, -0.35, 2.7, 1.1, -1.35],
        [-0.9, -0.35, 1.41, -0.5, 2.43, 1.0, 0.2],
        [0.9, -0.35, -1.41, -0.5, -2.43, 1.0, -0.2],
    ]
)


@dataclass(frozen=True, eq=False)
class HandleChoice:
    """The grasp of each row and the joints (batch, TRAVEL_POINTS, n) that take the handle to the end of its travel."""

    grasp: GraspChoice
    travel: Array


def choose_handle_grasps(ex: Execution, body: str, travel: Array) -> HandleChoice:
    """Choose a handle grasp of ``body`` a row, for a motion of the joint by ``travel`` (batch,) m."""
    grasps = ex.state().layout.geometry[body].grasps
    choice = HandleChoice(no_grasps(ex), np.repeat(ex.q[:, None], TRAVEL_POINTS, axis=1))
    if not grasps or not ex.alive.any():
        return choice
    order = np.argsort([-g.score for g in grasps], kind="stable")
    for start, stop in ((0, FIRST_LOOK), (FIRST_LOOK, SECOND_LOOK)):
        rows = np.flatnonzero(ex.alive & ~choice.grasp.found)
        if len(rows) and start < len(order):
            _look(ex, body, [grasps[i] for i in order[start:stop]], rows, travel, choice)
    return choice


def _look(
    ex: Execution, body: str, grasps: list[Grasp], rows: NDArray[np.intp], travel: Array, choice: HandleChoice
) -> None:
    """Fill ``choice`` for the rows in which one of ``grasps`` works, with the easiest of them."""
    local, widths = np.array([g.pose for g in grasps]), np.array([g.width for g in grasps])
    options = len(grasps) * len(ATTITUDES)
    tool = poses.compose(ex.state().body(body)[rows, None].astype(float), local)
    tool = np.repeat(tool, len(ATTITUDES), axis=1).reshape(-1, 7)
    flat = np.repeat(rows, options)
    reach = _reach(ex, body, tool, flat, travel)
    opening = float(min(widths.max() + OPENING, ex.robot.gripper.max_width))
    room = _room(ex, body, reach, flat, opening)
    reach.ok[:] &= room > -SLACK
    cost = np.abs(reach.before - ex.q[flat]).sum(axis=1) + 2.0 * _crowding(ex, reach.path[:, 0])
    cost += TIGHTNESS * (1 - np.clip(room / COMFORT, 0, 1))
    best = np.where(reach.ok, cost, np.inf).reshape(len(rows), options).argmin(axis=1)
    index = np.arange(len(rows)) * options + best
    good = reach.ok[index]
    index, row, grasp = index[good], rows[good], choice.grasp
    grasp.q_before[row], grasp.q_grasp[row], grasp.tool[row] = reach.before[index], reach.path[index, 0], tool[index]
    grasp.width[row], grasp.opening[row], grasp.found[row] = widths[best[good] // len(ATTITUDES)], opening, True
    choice.travel[row] = reach.path[index, 1:]


def along_joint(ex: Execution, body: str, tool: Array, travel: Array, *, points: int, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, points, 7) from ``tool`` (k, 7), excluded, to ``travel`` (k,) m along the body's joint."""
    state = ex.state()
    spec = state.layout.joint_specs[state.layout.joint_of_body(body)]
    axis = poses.quat_rotate(state.body(body.split("/")[0])[rows, 3:], np.array(spec.axis))
    share = np.arange(1, points + 1) / points
    shift = axis[:, None] * (travel[:, None] * share)[..., None]
    return poses.pose(tool[:, None, :3] + shift, tool[:, None, 3:])


@dataclass(frozen=True, eq=False)
class _Reach:
    """For m candidates: joints before the grasp (m, n), from it back to there and on to the travel's end (m, k, n)."""

    before: Array
    away: Array
    path: Array
    ok: Bools


def _reach(ex: Execution, body: str, tool: Array, rows: NDArray[np.intp], travel: Array) -> _Reach:
    start = ex.to_base(tool, rows)
    tried = ex.arm.home + attitudes(ATTITUDES, joints=len(ex.arm.home))
    seeds = np.tile(tried, (len(tool) // len(tried), 1))
    seeds[:, 0] += np.arctan2(start[:, 1], start[:, 0])
    # The far end comes first: near the base the arm has the fewest solutions, and they decide the rest.
    path = along_joint(ex, body, tool, travel[rows], points=TRAVEL_POINTS, rows=rows)
    end = ex.arm.ik(ex.to_base(path[:, -1], rows), seeds, iterations=50)
    away = withdrawal(tool)
    here, steps = end.q[:, None], away.shape[1]
    reach = _Reach(end.q.copy(), here.repeat(steps, axis=1), here.repeat(TRAVEL_POINTS + 1, axis=1), end.ok.copy())
    _try(reach, lambda i: ex.arm.follow(step_back(ex.arm, end.q[i]), end.q[i]))
    backwards = np.concatenate([path[:, -2::-1], tool[:, None]], axis=1)
    index, followed = _try(reach, lambda i: ex.arm.follow(ex.to_base(backwards[i], rows[i]), end.q[i]))
    reach.path[index, :-1] = followed[:, ::-1]
    index, followed = _try(reach, lambda i: ex.arm.follow(ex.to_base(away[i], rows[i]), reach.path[i, 0]))
    reach.away[index], reach.before[index] = followed, followed[:, -1]
    return reach


def _try(reach: _Reach, follow: Callable[[NDArray[np.intp]], tuple[Array, Bools]]) -> tuple[NDArray[np.intp], Array]:
    """Follow something with the candidates that are still feasible; those that cannot are no longer."""
    index = np.flatnonzero(reach.ok)
    followed, ok = follow(index)
    reach.ok[index] = ok
    return index, followed


def _room(ex: Execution, body: str, reach: _Reach, rows: NDArray[np.intp], opening: float) -> Array:
    """Smallest clearance (m,) m of each feasible candidate, on the approach and along the travel."""
    model = CollisionModel(ex.arm, ex.state(), width=opening)
    room = np.full(len(rows), -np.inf)
    index = np.flatnonzero(reach.ok)
    room[index] = model.clearance(reach.before[index, None], rows[index])[:, 0]
    # The drawer moves along with the hand, so only the rest of the scene can be in the arm's way.
    for stretch in (reach.away, reach.path[:, ::4]):
        near = model.clearance(stretch[index], rows[index], ignore=(body,)).min(axis=1)
        room[index] = np.minimum(room[index], near)
    return room


def step_back(arm: Arm, q: Array) -> Array:
    """Tool poses (batch, BACK_POINTS, 7) straight back from joints (batch, n), in the base frame."""
    back = -STEP_BACK * np.arange(1, BACK_POINTS + 1) / BACK_POINTS
    offsets = poses.pose(np.stack([np.zeros(BACK_POINTS), np.zeros(BACK_POINTS), back], axis=-1))
    return poses.compose(arm.tool_pose(q)[:, None], offsets)


def _crowding(ex: Execution, q: Array) -> Array:
    """How near the joints are to their limits, (m,) in [0, 1]."""
    room = np.minimum(q - ex.arm.lower, ex.arm.upper - q) / (ex.arm.upper - ex.arm.lower)
    return np.clip(1 - 10 * room.min(axis=1), 0, 1)
