"""Belief: what is seen as boxes, in the form that the motion planners take; no body of it is the simulator's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from demo_solvers.path3d.clouds import Array
from demo_solvers.planning.arm import Arm
from demo_solvers.planning.collision import CollisionModel, Held
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.world import WorldState, no_forces

CELL = 0.015  # m of the boxes that stand for points
MARGIN = 0.003  # m that boxes are larger than their cells need
TABLE = "table"
TABLE_HALF = (0.60, 0.70, 0.025)  # m
HELD_CELL, HELD_RADIUS = 0.012, 0.007  # m: what is held, as spheres


def collision_model(
    arm: Arm, joints: Array, base: Array, *, height: float, seen: Mapping[str, Array], width: float
) -> CollisionModel:
    """Obstacles for a robot with measured ``joints`` (dof,) at ``base`` (7,): a table at ``height`` m, and points.

    ``seen`` maps names of obstacles to their points (n, 3) m in the world.
    """
    return CollisionModel(arm, believed(arm.robot, joints, base, height=height, seen=seen), width=width)


def believed(robot: RobotSpec, joints: Array, base: Array, *, height: float, seen: Mapping[str, Array]) -> WorldState:
    """One world with the robot, a table and an obstacle of many boxes for every entry of ``seen``."""
    size = robot.reach / 0.80
    half = (TABLE_HALF[0] * size, TABLE_HALF[1] * size, TABLE_HALF[2])
    centre = base[:3] + np.array([0.45 * size, 0.0, 0.0])
    x, y = float(centre[0]), float(centre[1])
    table = Box(pose=(x, y, height - half[2], 1.0, 0.0, 0.0, 0.0), half=half)
    geometry = {TABLE: BodyGeometry(bounds=table, collision=(table,))}
    for name, points in seen.items():
        if len(points):
            boxes = boxes_of(points, floor=height)
            geometry[name] = BodyGeometry(bounds=boxes[0], collision=boxes)
    bodies = (ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, *geometry)
    layout = SceneLayout(bodies, (), geometry, {}, frozenset((FLOOR, TABLE)))
    pose = np.tile(np.array(poses.IDENTITY_POSE, np.float32), (1, len(bodies), 1))
    pose[0, 0] = base
    nothing = np.zeros((1, 0), np.float32)
    return WorldState(
        layout,
        pose=pose,
        velocity=np.zeros((1, len(bodies), 6), np.float32),
        joint=nothing,
        joint_velocity=nothing,
        qpos=joints[None].astype(np.float32),
        qvel=np.zeros((1, len(joints)), np.float32),
        tcp=np.zeros((1, 7), np.float32),
        contact=np.zeros((1, len(bodies), len(bodies)), bool),
        force=no_forces(1, layout),
    )


def boxes_of(points: Array, *, floor: float, cell: float = CELL) -> tuple[Box, ...]:
    """Boxes that cover points (n, 3): occupied cells, joined to runs upwards and then sideways."""
    cells = np.unique(np.floor(points / cell).astype(int), axis=0)
    columns: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for x, y, z in cells[np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0]))]:
        runs = columns.setdefault((int(x), int(y)), [])
        if runs and z - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], int(z))
        else:
            runs.append((int(z), int(z)))
    rows: dict[tuple[int, int, int], list[int]] = {}
    for (x, y), runs in columns.items():
        for low, high in runs:
            rows.setdefault((x, low, high), []).append(y)
    boxes = list[Box]()
    for (x, low, high), ys in rows.items():
        ys.sort()
        start = ys[0]
        for y, following in zip(ys, [*ys[1:], ys[-1] + 2], strict=True):
            if following != y + 1:
                boxes.append(_box((x, start, low), (x + 1, y + 1, high + 1), cell, floor))
                start = following
    return tuple(boxes)


def _box(first: tuple[int, int, int], last: tuple[int, int, int], cell: float, floor: float) -> Box:
    low, high = np.array(first) * cell - MARGIN, np.array(last) * cell + MARGIN
    low[2] = max(low[2], floor)
    centre, half = (low + high) / 2, np.maximum(high - low, 1e-3) / 2
    x, y, z = (float(v) for v in centre)
    return Box(pose=(x, y, z, 1.0, 0.0, 0.0, 0.0), half=(float(half[0]), float(half[1]), float(half[2])))


def held_of(points: Array, tool: Array) -> Held | None:
    """What is in the hand, as spheres in the frame of a tool at ``tool`` (7,); None for no points (n, 3)."""
    if not len(points):
        return None
    local = poses.transform_points(poses.inverse(tool), points)
    cells = np.unique(np.floor(local / HELD_CELL).astype(int), axis=0)
    centres = (cells + 0.5) * HELD_CELL
    return Held(np.concatenate([centres, np.full((len(centres), 1), HELD_RADIUS)], axis=1)[None])
