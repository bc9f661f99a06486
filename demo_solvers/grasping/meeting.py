"""Meeting poses: where one arm can hold an object out so that another finds a free part of it to grasp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, GraspChoice, grasp_worth, no_grasps, withdrawal
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.cover import held_cover
from pipeline.core import poses
from pipeline.core.streams import stream
from pipeline.core.world import Bools, WorldState

ROLLS = 8  # turns of the giving hand about its approach
HEIGHTS = (0.0, 0.08)  # m above the middle of both arms' homes
LEANS = (0.0, 0.6, 1.2)  # rad by which the giving hand points down from the line between the arms
DRAWS = 120  # attitudes beyond the grid of the above
SPREAD = ((-0.3, 1.6), (-0.8, 0.8), (-np.pi, np.pi), (-0.1, 0.1), (-0.12, 0.12), (-0.05, 0.15))
"""Range of lean, turn aside and roll [rad] and of the place of the body's middle along, across and above [m]."""
GRASPS = 12  # of the taking hand that are tried at a meeting pose
ROOM, FAR = 4.0, 0.15  # worth a metre of distance between the hands, up to so many metres
STANDOFF = 0.07  # m before the grasp that the taking hand has to be able to reach as well
RETREAT = 0.08  # m that the giving hand has to be able to step back


@dataclass(frozen=True, eq=False)
class Meeting:
    """Where each row meets: joints of the giving arm (batch, n), the taking grasp in the body frame, who found one."""

    q_give: Array
    grasp: Array  # (batch, 7)  T_body_tool
    width: Array  # (batch,) m
    found: Bools


def choose_meeting(ex: Execution, body: str, taker: str, *, gap: float) -> Meeting:
    """For the arm at work, which holds ``body``, and the arm ``taker``; hands stay ``gap`` m apart."""
    batch, giver, taking = len(ex.alive), ex.arm, ex.arms[taker]
    made = Meeting(ex.q.copy(), np.tile(poses.IDENTITY_POSE, (batch, 1)), np.zeros(batch), np.zeros(batch, bool))
    world = ex.state()
    held = held_cover(world.layout.geometry[body], ex.T_tool_held)
    clear = CollisionModel(giver, world, width=None)
    grasps = _apart(ex, body, gap)
    for tool in _offers(ex, taking, body):
        rows = np.flatnonzero(ex.alive & ~made.found)
        if not len(rows):
            break
        at = giver.ik(tool[rows], ex.q[rows], posture=giver.home)
        ok = at.ok & clear.free(at.q[:, None], rows, ignore=(body,), held=held.of(rows))
        ok &= giver.follow(withdrawal(tool[rows], RETREAT), at.q)[1]
        rows, q = rows[ok], at.q[ok]
        if len(rows):
            _meet(ex, made, rows, q, grasps=grasps, body=body, taking=taking)
    return made


def taking_grasp(ex: Execution, body: str, meeting: Meeting) -> GraspChoice:
    """The chosen grasp where the body is now, for the arm at work."""
    choice = no_grasps(ex)
    tool = poses.compose(ex.state().body(body).astype(float), meeting.grasp)
    at = ex.arm.ik_restarted(ex.to_base(tool, np.arange(len(tool))))
    opening = np.minimum(meeting.width + OPENING, ex.arm.group.gripper.max_width)
    return replace(
        choice, q_grasp=at.q, tool=tool, width=meeting.width, opening=opening, found=meeting.found & at.ok & ex.alive
    )


def _offers(ex: Execution, taking: Arm, body: str) -> Iterator[Array]:
    """Tool poses (batch, 7) of the giving arm, base frame, that put the middle of the body between both arms."""
    giver = ex.arm
    mine, theirs = giver.tool_pose(giver.home), taking.tool_pose(taking.home)
    ahead = (theirs[:3] - mine[:3]) * np.array([1.0, 1.0, 0.0])
    heading = float(np.arctan2(ahead[1], ahead[0]))
    # A tool that looks along the heading with its x down: z ahead.
    level = poses.quat_multiply(poses.quat_from_yaw(heading), poses.quat_from_rotvec([0.0, np.pi / 2, 0.0]))
    centre = poses.compose(ex.T_tool_held, ex.state().layout.geometry[body].bounds.pose)[:, :3]
    for lean, aside, roll, shift in _attitudes():
        turn = poses.quat_multiply(poses.quat_from_rotvec([0.0, lean, 0.0]), poses.quat_from_rotvec([aside, 0.0, 0.0]))
        quat = poses.quat_multiply(level, poses.quat_multiply(turn, poses.quat_from_rotvec([0.0, 0.0, roll])))
        middle = 0.5 * (mine[:3] + theirs[:3]) + poses.quat_rotate(poses.quat_from_yaw(heading), shift)
        yield poses.pose(middle - poses.quat_rotate(quat, centre), quat)


def _attitudes() -> Iterator[tuple[float, float, float, Array]]:
    """Lean, turn aside and roll [rad] of the giving hand, and where the body's middle is [m]: a grid, then a spread."""
    for lean in LEANS:
        for roll in range(ROLLS):
            for height in HEIGHTS:
                yield lean, 0.0, 2 * np.pi * roll / ROLLS, np.array([0.0, 0.0, height])
    low, high = np.array(SPREAD).T
    for draw in stream(0, "meeting").uniform(low, high, (DRAWS, len(SPREAD))):
        yield float(draw[0]), float(draw[1]), float(draw[2]), draw[3:]


def _apart(ex: Execution, body: str, gap: float) -> tuple[Array, Array, Bools]:
    """The best grasps (batch, GRASPS, 7) whose tool is at least ``gap`` m from the hand that holds, widths, and which.

    Firm ones and far ones come first: there the second hand has room.
    """
    grasps = ex.state().layout.geometry[body].grasps
    local, width = np.array([g.pose for g in grasps]).reshape(-1, 7), np.array([g.width for g in grasps])
    holding = poses.inverse(ex.T_tool_held)[:, None, :3]
    away = np.linalg.norm(local[None, :, :3] - holding, axis=-1)
    fits = (width < ex.arm.group.gripper.max_width - 0.005) & (away > gap)
    cost = -grasp_worth(grasps) - ROOM * np.minimum(away, FAR)
    order = np.argsort(np.where(fits, cost, np.inf), axis=1, kind="stable")[:, :GRASPS]
    return local[order], width[order], np.take_along_axis(fits, order, axis=1)


def _meet(
    ex: Execution,
    made: Meeting,
    rows: NDArray[np.intp],
    q_give: Array,
    *,
    grasps: tuple[Array, Array, Bools],
    body: str,
    taking: Arm,
) -> None:
    """Fill ``made`` for the rows in which the taking arm reaches a grasp with the giving one at ``q_give`` (k, n)."""
    local, width, fits = grasps[0][rows], grasps[1][rows], grasps[2][rows]
    k, c = fits.shape
    world = _imagined(ex, body, rows, q_give)
    tool = poses.compose(world.body(body)[rows, None].astype(float), local).reshape(k * c, 7)
    every = np.repeat(rows, c)
    at = taking.ik_restarted(ex.to_base(tool, every), iterations=30)
    back = poses.compose(tool, np.array([0.0, 0.0, -STANDOFF, 1.0, 0.0, 0.0, 0.0]))
    before = taking.ik(ex.to_base(back, every), at.q, posture=at.q, iterations=20)
    model = CollisionModel(
        taking, world, width=float(np.minimum(width + OPENING, taking.group.gripper.max_width).max())
    )
    ok = at.ok & before.ok & np.asarray(fits, bool).ravel() & (np.abs(at.q - before.q).max(axis=1) < 1.0)
    ok &= model.free(at.q[:, None], every, ignore=(body,)) & model.free(before.q[:, None], every)
    ok = ok.reshape(k, c)
    good, first = ok.any(axis=1), np.argmax(ok, axis=1)
    chosen = rows[good]
    made.q_give[chosen], made.found[chosen] = q_give[good], True
    made.grasp[chosen], made.width[chosen] = local[good, first[good]], width[good, first[good]]


def _imagined(ex: Execution, body: str, rows: NDArray[np.intp], q_give: Array) -> WorldState:
    """The world with the giving arm at ``q_give`` and the body in its hand."""
    now = ex.state()
    qpos, pose = now.qpos.copy(), now.pose.copy()
    qpos[rows, ex.arm.columns] = q_give
    base = now.body("robot").astype(float)[rows]
    held = poses.compose(poses.compose(base, ex.arm.tool_pose(q_give)), ex.T_tool_held[rows])
    pose[rows, now.layout.body(body)] = held
    return replace(now, qpos=qpos, pose=pose)
