"""The geometric planner: 3D paths of a few waypoints from named points, for each kind of action."""

from __future__ import annotations

import numpy as np

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.grasps import GraspCandidate
from demo_solvers.path3d.hand import waypoint
from demo_solvers.path3d.perception import Thing
from demo_solvers.path3d.plan import Action, Path3D
from pipeline.core import poses
from pipeline.core.robot import RobotSpec

STANDOFF = 0.09  # m from which a thing is approached straight
SQUEEZE = 0.014  # m by which the commanded opening stays below the width
PULL = 0.05  # m a thing is drawn straight out of what it touches at once
RETREAT = 0.09  # m the hand goes back after letting go
RELEASE = 0.014  # m by which the hand opens to let go, on each side
ABOVE_PLACE = 0.07  # m over its place, from where a thing is brought straight down
GAP = 0.004  # m above what it is put on, at which a thing is let go
PRESSED = 0.0062  # m that a button's top goes down
PRESS_FROM = 0.06  # m over a button
BEHIND = 0.045  # m behind a thing from where it is pushed
DOWN = np.array([0.0, 1.0, 0.0, 0.0])  # a tool that points down, x ahead
UP = np.array([0.0, 0.0, 1.0])


def moved(pose: Array, by: Array) -> Array:
    """A pose (7,) shifted by (3,) m in the world."""
    return np.concatenate([pose[:3] + by, pose[3:]])


def grasp_path(action: Action, grasp: GraspCandidate, *, pull: Array, distance: float = PULL) -> Path3D:
    """Open, come along the approach, close, and draw the thing ``distance`` m along ``pull`` (3,)."""
    approach = poses.quat_to_matrix(grasp.pose[3:])[:, 2]
    before = moved(grasp.pose, -STANDOFF * approach)
    closed = max(0.0, grasp.width - SQUEEZE)
    return Path3D(
        action=action,
        waypoints=(
            waypoint(before, gripper=grasp.opening, note=f"before {action.thing}"),
            waypoint(grasp.pose, motion="straight", gripper=closed, note=f"at {action.thing}"),
            waypoint(moved(grasp.pose, distance * pull), motion="straight", note=f"with {action.thing}"),
        ),
    )


def place_path(action: Action, tool: Array, *, opening: float, limit: float, above: float) -> Path3D:
    """Carry what is held over its place, bring it down to a tool pose (7,), let go and retreat along the approach."""
    away = -RETREAT * poses.quat_to_matrix(tool[3:])[:, 2]
    return Path3D(
        action=action,
        waypoints=(
            waypoint(moved(tool, above * UP), note=f"over {action.to}"),
            waypoint(tool, motion="straight", gripper=min(opening, limit), note=f"at {action.to}"),
            waypoint(moved(tool, away), motion="straight", note=f"off {action.thing}"),
        ),
    )


def lift_path(action: Action, tool: Array, height: float) -> Path3D:
    """Raise what is held by ``height`` m from a tool pose (7,)."""
    return Path3D(action=action, waypoints=(waypoint(moved(tool, height * UP), motion="straight", note="raised"),))


def press_path(action: Action, thing: Thing, robot: RobotSpec, *, yaw: float, lean: float, depth: float) -> Path3D:
    """Closed fingertips straight down onto the middle of a button, ``depth`` m in, and up again.

    The hand is turned by ``yaw`` and leans by ``lean`` rad, so that it finds room beside what stands there.
    """
    tilt = poses.quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), lean)
    quat = poses.quat_multiply(poses.quat_from_yaw(yaw), poses.quat_multiply(tilt, DOWN))
    lowest = fingertip(poses.quat_to_matrix(quat), robot)
    touch = thing.points["top"] - lowest
    over, down = touch + PRESS_FROM * UP, touch - depth * UP
    return Path3D(
        action=action,
        waypoints=(
            waypoint(poses.pose(over, quat), gripper=0.0, note=f"over {action.thing}"),
            waypoint(poses.pose(down, quat), motion="straight", note=f"{action.thing} pressed"),
            waypoint(poses.pose(over, quat), motion="straight", note=f"off {action.thing}"),
        ),
    )


def fingertip(axes: Array, robot: RobotSpec) -> Array:
    """The lowest of closed fingers (3,) m off the origin of a tool with ``axes`` (3, 3): where they lean, an edge."""
    pad, tip = robot.gripper.pad_half[0], robot.gripper.finger_depth
    return min((x * axes[:, 0] + tip * axes[:, 2] for x in (-pad, 0.0, pad)), key=lambda p: p[2])


def push_path(action: Action, thing: Thing, target: Array, robot: RobotSpec, *, floor: float, gap: float) -> Path3D:
    """Come down behind a thing as seen from its ``target`` (2,) m, push its middle there, and rise."""
    middle = thing.centre[:2]
    way = target - middle
    distance = float(np.linalg.norm(way))
    ahead = way / max(distance, 1e-9)
    yaw = float(np.arctan2(ahead[1], ahead[0]))
    half = _half_along(thing.cloud.points[:, :2] - middle, ahead)
    reach = half + robot.gripper.pad_half[0]
    # The fingers' line stands across the way; half a turn of the hand pushes as well and may be easier to reach.
    turn = yaw + np.pi if abs(yaw) > np.pi / 2 else yaw
    quat = poses.quat_multiply(poses.quat_from_yaw(turn), DOWN)
    height = floor + robot.gripper.finger_depth + max(0.012, 0.35 * (thing.top - floor))

    def tool(along: float, up: float) -> Array:
        return poses.pose(np.array([*(middle + along * ahead), height + up]), quat)

    return Path3D(
        action=action,
        waypoints=(
            waypoint(tool(-reach - BEHIND, 0.12), gripper=gap, note=f"over the space behind {action.thing}"),
            waypoint(tool(-reach - BEHIND, 0.0), motion="straight", note=f"behind {action.thing}"),
            waypoint(tool(distance - reach, 0.0), motion="straight", note=f"{action.thing} pushed"),
            waypoint(tool(distance - reach - BEHIND / 2, 0.0), motion="straight", note="back"),
            waypoint(tool(distance - reach - BEHIND / 2, 0.12), motion="straight", note="up"),
        ),
    )


def _half_along(local: Array, ahead: Array) -> float:
    """How far (m) a thing reaches back from its middle, in the lane that the fingers take."""
    lane = np.abs(local @ np.array([-ahead[1], ahead[0]])) < 0.02
    along = local[lane] @ ahead if lane.any() else local @ ahead
    return float(-along.min())
