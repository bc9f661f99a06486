"""Ways to move a link by hand: its card's grasps, and closed fingertips that push its faces or draw it by its edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from demo_solvers.grasping.select import OPENING
from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.world import Bools

PIVOTS = (0.0, 0.5, 1.0)  # shares of a hinge's turn that a hand on a round bar leaves to the bar
PARALLEL = 0.95  # cosine from which two axes count as parallel
# Of a pushing hand from the face's normal, about either tangent; at 90 degrees it hooks with the side of its fingers.
TILTS = np.radians([0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0])
ROLLS = np.radians([0.0, 90.0, 180.0, 270.0])  # of a pushing hand about its approach
ALONG_PUSH = 0.7  # least cosine between a face's inward normal and the way the face moves
NARROWEST = 0.006  # m, half size of a face that takes a fingertip
EDGE = 0.012  # m that fingertips keep from a face's edges, where it is large enough
PLACES = 5  # along either side of a face
LEVER = 0.6  # of the longest lever that a hinge's faces offer: nearer to the axis a push takes more force
MOST = 16  # places to push at
TILTED, SHORT = 0.5, 1.5  # cost of a tilt of one radian, and of a lever of length zero
DRAWN_AT = "edge"  # keypoint on a link's upper side at which fingertips draw it by friction
ALONG_EDGE = 5  # places to either side of that keypoint
DRAG_IN = 0.004  # m below the edge that fingertips are sent: some 30 N, of which friction moves a light drawer
LEANS = np.radians([0.0, 20.0, -20.0])  # of a drawing hand from straight down
PRESS_IN = 0.002  # m that fingertips are sent beyond the face
FINGERTIP = 0.013  # m, radius of the ball that a pair of closed fingertips makes


@dataclass(frozen=True, eq=False)
class Ways:
    """m ways to hold or push a link, in its frame.

    Tool pose (m, 7), the share (m,) of a turn that the hand does not make, how far ahead of the tool point it touches
    (m,) m, openings (m,) m before and after contact, whether the fingers close on something, the outward normal (m, 3)
    of the face it pushes (0 for a grip), and a cost.
    """

    tool: Array
    pivot: Array
    tip: Array
    opening: Array
    width: Array
    grips: Bools
    normal: Array
    cost: Array

    def __len__(self) -> int:
        return len(self.tool)

    def of(self, index: NDArray[np.integer]) -> Ways:
        """Some of them."""
        return Ways(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def together(parts: Sequence[Ways]) -> Ways:
        """All of several."""
        return Ways(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Ways)))


def handle_ways(
    geometry: BodyGeometry, axis: Array, robot: RobotSpec, *, turns: bool, squeeze: float, cost: float = 0.0
) -> Ways:
    """The card's grasps; a hand may turn about a round bar that is parallel to the hinge's ``axis`` (3,)."""
    grasps = [g for g in geometry.grasps if g.width < robot.gripper.max_width]
    tool = np.array([g.pose for g in grasps]).reshape(-1, 7)
    closing = poses.quat_rotate(tool[:, 3:], np.array([0.0, 1.0, 0.0]))
    bar = np.array(geometry.axes.get("bar", (0.0, 0.0, 0.0)))
    free = turns & ((abs(bar @ axis) > PARALLEL) | (np.abs(closing @ axis) > PARALLEL))
    index = np.concatenate([np.flatnonzero(free if pivot else free | True) for pivot in PIVOTS]).astype(int)
    pivot = np.concatenate([np.full(int((free if p else free | True).sum()), p) for p in PIVOTS])
    width = np.array([g.width for g in grasps])[index]
    return Ways(
        tool=tool[index],
        pivot=pivot,
        tip=np.zeros(len(index)),
        opening=np.minimum(width + OPENING, robot.gripper.max_width),
        width=np.maximum(width - squeeze, 0.0),
        grips=np.ones(len(index), bool),
        normal=np.zeros((len(index), 3)),
        cost=cost + 1.0 - np.array([g.score for g in grasps])[index],
    )


def push_ways(
    geometry: BodyGeometry, axis: Array, anchor: Array, robot: RobotSpec, *, turns: bool, cost: float = 0.0
) -> Ways:
    """Closed fingertips against faces that give way in the direction of ``axis`` (3,) through ``anchor`` (3,).

    ``axis`` points the way the link is to move: turn about it, or slide along it. The fingertips are taken for a ball
    on the face, so that the hand may point where there is room for it.
    """
    point, normal, lever = _places(geometry, axis, anchor, turns=turns)
    tilt, tool_quat = _attitudes(normal, axis)
    k, a = tilt.shape
    tip = robot.gripper.finger_depth - FINGERTIP
    approach = poses.quat_rotate(tool_quat, np.array([0.0, 0.0, 1.0]))
    middle = (point + (FINGERTIP - PRESS_IN) * normal)[:, None]
    tool = poses.pose(middle - tip * approach, tool_quat).reshape(k * a, 7)
    each = (cost + TILTED * tilt + SHORT * (1.0 - lever)[:, None]).ravel()
    pivots = PIVOTS if turns else PIVOTS[:1]
    count = len(pivots) * k * a
    return Ways(
        tool=np.tile(tool, (len(pivots), 1)),
        pivot=np.repeat(pivots, k * a),
        tip=np.full(count, tip),
        opening=np.zeros(count),
        width=np.zeros(count),
        grips=np.zeros(count, bool),
        normal=np.tile(np.repeat(normal, a, axis=0), (len(pivots), 1)),
        cost=np.tile(each, len(pivots)),
    )


def drag_ways(geometry: BodyGeometry, axis: Array, robot: RobotSpec, *, cost: float = 0.0) -> Ways:
    """Closed fingertips from above on the card's keypoint ``edge``, or beside it across ``axis`` (3,); () without one.

    ``axis`` is that of the slide.
    """
    if DRAWN_AT not in geometry.keypoints:
        return handle_ways(geometry.model_copy(update={"grasps": ()}), axis, robot, turns=False, squeeze=0.0)
    up = np.array([0.0, 0.0, 1.0])
    across = np.cross(up, axis)
    room = max(float(np.abs(across) @ geometry.bounds.half) - 2 * EDGE, 0.0)
    aside = np.linspace(-room, room, ALONG_EDGE)
    down = poses.matrix_to_quat(np.stack([axis, np.cross(-up, axis), -up], axis=-1))
    attitude = poses.quat_multiply(_about(1, np.repeat(LEANS, len(ROLLS))), _about(2, np.tile(ROLLS, len(LEANS))))
    quat = poses.quat_multiply(down, attitude)
    point = np.array(geometry.keypoints[DRAWN_AT]) + aside[:, None] * across - DRAG_IN * up
    approach = poses.quat_rotate(quat, up)
    tip = robot.gripper.finger_depth
    tool = poses.pose(point[:, None] - tip * approach, np.broadcast_to(quat, (len(aside), *quat.shape)))
    each = TILTED * np.abs(np.repeat(LEANS, len(ROLLS))) + np.abs(aside)[:, None]
    count = each.size
    return Ways(
        tool=tool.reshape(count, 7),
        pivot=np.zeros(count),
        tip=np.full(count, tip),
        opening=np.zeros(count),
        width=np.zeros(count),
        grips=np.zeros(count, bool),
        normal=np.tile(up, (count, 1)),
        cost=cost + each.ravel(),
    )


def shuffled(ways: Ways, *names: str | int) -> Ways:
    """The same ways in an order of chance, so that the first few are as varied as all of them."""
    return ways.of(stream(0, "ways", *names).permutation(len(ways)))


def _places(geometry: BodyGeometry, axis: Array, anchor: Array, *, turns: bool) -> tuple[Array, Array, Array]:
    """Points (k, 3) to push at, outward normals (k, 3) of their faces, and levers (k,) as shares of the longest."""
    points, normals = list[Array](), list[Array]()
    for box in geometry.collision:
        half, centre = np.array(box.half), np.array(box.pose)
        for side in range(3):
            across = [i for i in range(3) if i != side]
            if half[across].min() < NARROWEST:
                continue
            inset = np.maximum(half[across] - EDGE, 0.0)
            grid = np.linspace(-1, 1, PLACES)
            local = np.zeros((PLACES, PLACES, 3))
            local[..., across[0]], local[..., across[1]] = np.meshgrid(grid * inset[0], grid * inset[1], indexing="ij")
            for sign in (-1.0, 1.0):
                local[..., side] = sign * half[side]
                points.append(poses.transform_points(centre, local.reshape(-1, 3)))
                normals.append(np.repeat(poses.quat_rotate(centre[3:], sign * np.eye(3)[side])[None], PLACES**2, 0))
    point, normal = np.concatenate(points), np.concatenate(normals)
    motion = np.cross(axis, point - anchor) if turns else np.broadcast_to(axis, point.shape)
    lever = np.linalg.norm(motion, axis=1)
    along = -(normal * motion).sum(axis=1) / np.maximum(lever, 1e-9)
    good = np.flatnonzero((along > ALONG_PUSH) & (lever >= LEVER * lever.max(initial=0.0)))
    chosen = good[_spread(len(good))]
    return point[chosen], normal[chosen], lever[chosen] / lever.max(initial=1e-9)


def _spread(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(MOST, count)).round().astype(np.intp)) if count else np.arange(0)


def _attitudes(normal: Array, axis: Array) -> tuple[Array, Array]:
    """For faces with ``normal`` (k, 3): tilts (k, a) rad of hands from it, and their orientations (k, a, 4)."""
    forward = -normal
    aside = np.cross(forward, axis)
    # A slide moves along the normal: any tangent does.
    weak = np.linalg.norm(aside, axis=1) < 0.3
    other = np.where(np.abs(forward[:, 2:]) < 0.9, np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    aside[weak] = np.cross(forward, other)[weak]
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    level = poses.matrix_to_quat(np.stack([np.cross(aside, forward), aside, forward], axis=-1))
    every = np.stack(np.meshgrid(TILTS, TILTS, ROLLS, indexing="ij"), axis=-1).reshape(-1, 3)
    # A right angle about one tangent leaves nothing to tilt about the other.
    first, second, roll = every[(np.abs(every[:, 0]) < TILTS.max()) | (every[:, 1] == 0.0)].T
    turn = poses.quat_multiply(_about(0, first), poses.quat_multiply(_about(1, second), _about(2, roll)))
    tilt = np.arccos(np.clip(np.cos(first) * np.cos(second), -1, 1))
    quat = poses.quat_multiply(level[:, None], turn)
    return np.broadcast_to(tilt, (len(normal), len(tilt))), quat


def _about(side: int, angle: Array) -> Array:
    return poses.quat_from_axis_angle(np.eye(3)[side], angle)
