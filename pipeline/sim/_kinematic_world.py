"""The rules of the kinematic world: a hand that holds, pushes and pulls, and bodies that drop to what is below."""

from __future__ import annotations

import numpy as np

from pipeline.core.geometry import Box
from pipeline.core.poses import (
    Array,
    compose,
    inverse,
    pose,
    quat_from_yaw,
    quat_rotate,
    transform_points,
    yaw_of,
)
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Bools
from pipeline.sim._boxes import Boxes, escape_distances, ray_spans
from pipeline.sim._kinematic_scene import Item, link_pose

LEFT, RIGHT, FLOOR = 1, 2, 3  # columns
TOUCHING = 0.002  # m  gap below which a body rests on what is under it
OVERLAP = 0.02  # m  how deep a body may start in its support and still be put on top
STRADDLE = 0.005  # m  how far a finger may stand in a box and still close on it
RELEASE = 0.001  # m  opening beyond the grip at which the hand lets go
REACH = 0.025  # m  how near the tool point a handle must be
UPRIGHT = 0.866  # cosine of the tilt up to which a dropped body lands level


class KinematicWorld:
    """One world. Time does not exist here: ``step`` puts the hand where it was sent and works out what follows."""

    def __init__(self, scene: SceneSpec, items: tuple[Item, ...], *, joints: int) -> None:
        self.scene, self.items = scene, items
        self.robot: RobotSpec = scene.robot
        self.by_column = {item.column: item for item in items}
        self.pose = np.zeros((len(items) + 4, 7))
        self.pose[:, 3] = 1.0
        self.joint = np.zeros(joints)
        self.tool = np.array(pose([0.0, 0.0, 0.0]))
        self.width = 0.0
        self.held: int | None = None
        self.rest: dict[int, int] = {}
        self.pushed: set[tuple[int, int]] = set()
        self._grip, self._grasp, self._joint_at_grasp = 0.0, self.tool, 0.0
        self._unsettled = True

    def reset(self, tool: Array, width: float) -> None:
        """The scene as specified; bodies drop at the first step."""
        self.pose[0], self.pose[FLOOR, 2] = self.scene.robot_pose, self.scene.floor_height
        self.held, self.rest, self.pushed, self._unsettled = None, {}, set(), True
        for item in self.items:
            placement = self.scene.placement(item.placement)
            if item.joint is not None:
                wanted = placement.joints.get(item.joint.name, 0.0)
                self.joint[item.joint_column] = np.clip(wanted, item.joint.lower, item.joint.upper)
            base = np.array(placement.pose)
            position = self.joint[item.joint_column] if item.joint else 0.0
            self.pose[item.column] = base if item.column == item.base else link_pose(item, base, position)
        self._place_hand(tool, width)
        self._find_rests()

    def step(self, tool: Array, width: float) -> None:
        """Move the tool to ``tool`` (7,) and the fingers towards ``width`` m."""
        before, self.pushed = self.tool, set()
        # What lies askew between the fingers is as wide as they are open; a hand that opens as far as it can lets go.
        if self.held is not None and width > min(self._grip + RELEASE, self.robot.gripper.max_width - RELEASE):
            self.held, self._unsettled = None, True
        self.tool = tool
        if self.held is not None:
            width = self._grip
            self._follow(self.by_column[self.held])
        else:
            if width < self.width:
                width = self._close(width)
            self._push(tool[:3] - before[:3], width)
        self._place_hand(tool, width)
        if self._unsettled:
            self._settle()

    def contacts(self) -> Bools:
        """Symmetric (bodies, bodies) bool: what rests on what, and what the fingers hold or push."""
        touch = np.zeros((len(self.pose), len(self.pose)), dtype=bool)
        pairs = set(self.rest.items()) | self.pushed
        if self.held is not None:
            pairs |= {(LEFT, self.held), (RIGHT, self.held)}
        for a, b in pairs:
            touch[a, b] = touch[b, a] = True
        return touch

    # The hand

    def _place_hand(self, tool: Array, width: float) -> None:
        self.tool, self.width = tool, width
        self.pose[LEFT] = compose(tool, pose([0.0, width / 2, 0.0]))
        self.pose[RIGHT] = compose(tool, pose([0.0, -width / 2, 0.0]))

    def fingers(self, width: float) -> Boxes:
        """The two finger boxes in the world when the hand is ``width`` m open."""
        grip = self.robot.gripper
        side, depth = width / 2 + grip.pad_half[1], grip.finger_depth - grip.pad_half[2]
        local = Boxes(pose([[0.0, side, depth], [0.0, -side, depth]]), np.array([grip.pad_half] * 2))
        return local.seen_from(self.tool)

    def _close(self, width: float) -> float:
        """Close onto what lies between the fingers; the width at which they stop."""
        spans = [(item, *self._between(item)) for item in self.items if item.free or item.joint]
        gripped = [(item, low, high) for item, low, high in spans if high - low >= width]
        if not gripped:
            return width
        item, low, high = min(gripped, key=lambda g: (self._distance(g[0]), g[0].column))
        if item.free:
            nudge = quat_rotate(self.tool[3:], [0.0, -(low + high) / 2, 0.0])
            self._move(item.column, compose(pose(nudge), self.pose[item.column]))
            self.rest.pop(item.column, None)
        self.held, self._grip = item.column, high - low
        self._grasp = self.tool if item.joint else compose(inverse(self.tool), self.pose[item.column])
        self._joint_at_grasp = float(self.joint[item.joint_column]) if item.joint else 0.0
        return self._grip

    def _between(self, item: Item) -> tuple[float, float]:
        """What rays from pad to pad pass through: the extent along the closing axis [m], (0, -1) when nothing."""
        grip, half_open = self.robot.gripper, self.width / 2
        x = np.linspace(-1, 1, 3) * grip.pad_half[0]
        z = np.linspace(grip.finger_depth - 2 * grip.pad_half[2], grip.finger_depth, 5)
        grid = np.stack(np.meshgrid(x, [0.0], z, indexing="ij"), axis=-1).reshape(-1, 3)
        solid = item.solid.seen_from(compose(inverse(self.tool), self.pose[item.column]))
        low, high = ray_spans(solid, grid, np.broadcast_to([0.0, 1.0, 0.0], grid.shape))
        inside = (low < high) & (low < half_open) & (high > -half_open)
        inside &= (low > -half_open - STRADDLE) & (high < half_open + STRADDLE)
        if inside.any():
            return max(float(low[inside].min()), -half_open), min(float(high[inside].max()), half_open)
        return (0.0, 0.01) if item.joint and self._handle_near(item) else (0.0, -1.0)

    def _handle_near(self, item: Item) -> bool:
        points = np.array(list(item.shape.keypoints.values())).reshape(-1, 3)
        world = transform_points(self.pose[item.column], points)
        return bool((np.linalg.norm(world - self.tool[:3], axis=-1) < REACH).any())

    def _distance(self, item: Item) -> float:
        centre = compose(self.pose[item.column], item.shape.bounds.pose)[:3]
        return round(float(np.linalg.norm(centre - self.tool[:3])), 6)

    def _follow(self, item: Item) -> None:
        if item.joint is None:
            self._move(item.column, compose(self.tool, self._grasp))
            self._find_rests()
        else:
            self._slide(item, self._joint_at_grasp + self._drag(item))

    def _drag(self, item: Item) -> float:
        """How far the tool has moved the joint since the grasp [m or rad]."""
        assert item.joint is not None
        base = self.pose[item.base]
        axis = quat_rotate(base[3:], item.joint.axis)
        if item.joint.kind == "prismatic":
            return float(axis @ (self.tool[:3] - self._grasp[:3]))
        anchor = transform_points(base, [item.joint.anchor])[0]
        a, b = self._grasp[:3] - anchor, self.tool[:3] - anchor
        return float(np.arctan2(axis @ np.cross(a, b), a @ b - (axis @ a) * (axis @ b)))

    # Pushing

    def _push(self, motion: Array, width: float) -> None:
        if np.linalg.norm(motion) < 1e-9:
            return
        fingers = self.fingers(width)
        for item in self.items:
            if item.joint is not None:
                self._push_link(item, fingers, motion)
            elif item.free and np.linalg.norm(motion[:2]) > 1e-6:
                self._push_body(item, fingers, np.array([motion[0], motion[1], 0.0]))

    def _push_body(self, item: Item, fingers: Boxes, motion: Array) -> None:
        shift = self._pushed_out(item, fingers, motion)
        if shift is not None:
            self._move(item.column, compose(pose(shift), self.pose[item.column]))
            self._unsettled = True

    def _push_link(self, item: Item, fingers: Boxes, motion: Array) -> None:
        assert item.joint is not None
        if item.joint.kind != "prismatic":
            return
        axis = quat_rotate(self.pose[item.base, 3:], item.joint.axis)
        shift = self._pushed_out(item, fingers, axis * (axis @ motion))
        if shift is not None:
            self._slide(item, float(self.joint[item.joint_column] + axis @ shift))

    def _pushed_out(self, item: Item, fingers: Boxes, motion: Array) -> Array | None:
        """The shift along ``motion`` that frees the item of the fingers, if they came that way."""
        length = float(np.linalg.norm(motion))
        if length < 1e-9 or self._distance(item) > np.linalg.norm(item.shape.bounds.half) + 0.15:
            return None
        direction = motion / length
        solid = item.solid.seen_from(self.pose[item.column])
        needed = escape_distances(solid, fingers, direction)
        needed = np.where(needed <= length + STRADDLE, needed, 0.0)  # deeper: they came from another side
        if not needed.any():
            return None
        self.pushed |= {((LEFT, RIGHT)[f], item.column) for f in np.flatnonzero(needed.any(axis=0))}
        return direction * needed.max()

    # Moving and resting

    def _slide(self, item: Item, position: float) -> None:
        assert item.joint is not None
        position = float(np.clip(position, item.joint.lower, item.joint.upper))
        if position == self.joint[item.joint_column]:
            return
        self.joint[item.joint_column] = position
        self._move(item.column, link_pose(item, self.pose[item.base], position))

    def _move(self, column: int, to: Array) -> None:
        """Put a body somewhere else, with all that rests on it."""
        change = compose(to, inverse(self.pose[column]))
        self.pose[column] = to
        for rider in [c for c, support in self.rest.items() if support == column and c != self.held]:
            self._move(rider, compose(change, self.pose[rider]))

    def _settle(self) -> None:
        """Drop every free body that is not held onto the highest thing below it, the lowest body first."""
        loose = [item for item in self.items if item.free and item.column != self.held]
        self.rest = {}
        for item in sorted(loose, key=lambda i: (self._bottom(i), i.column)):
            here = self.pose[item.column].copy()
            if quat_rotate(here[3:], [0.0, 0.0, 1.0])[2] > UPRIGHT:
                here[3:] = quat_from_yaw(yaw_of(here[3:]))
                self.pose[item.column] = here
            surface, _ = self._surface(item)
            self.pose[item.column, 2] += surface - self._bottom(item)
        self._unsettled = False
        self._find_rests()

    def _find_rests(self) -> None:
        found = {item.column: (item, *self._surface(item)) for item in self.items if item.free}
        self.rest = {c: under for c, (item, z, under) in found.items() if abs(self._bottom(item) - z) < TOUCHING}

    def _bottom(self, item: Item) -> float:
        return float(Boxes.of((item.shape.bounds,)).seen_from(self.pose[item.column]).corners()[0, :, 2].min())

    def _surface(self, item: Item) -> tuple[float, int]:
        """Height [m] and column of the highest surface under the middle of a body."""
        bottom = self._bottom(item)
        centre = compose(self.pose[item.column], item.shape.bounds.pose)[:3]
        found = [(self.scene.floor_height, FLOOR)]
        for other in self.items:
            if other.column != item.column and not other.region:
                found += [(z, other.column) for z in self._surfaces_of(other, item, centre) if z <= bottom + OVERLAP]
        return max(found)

    def _surfaces_of(self, other: Item, item: Item, centre: Array) -> list[float]:
        shape, at = other.shape, self.pose[other.column]
        if shape.cavity is not None and _over(at, shape.cavity, centre) and self._fits(other, item):
            return [_height(at, shape.cavity, side=-1)]
        if shape.support is not None and _over(at, shape.support, centre):
            return [_height(at, shape.support, side=0)]
        if shape.support is None and other.joint is None and _over(at, shape.bounds, centre):
            return [_height(at, shape.bounds, side=1)]
        return []

    def _fits(self, other: Item, item: Item) -> bool:
        assert other.shape.cavity is not None
        cavity = compose(self.pose[other.column], other.shape.cavity.pose)
        mine = Boxes.of((item.shape.bounds,)).seen_from(self.pose[item.column]).corners()[0]
        local = transform_points(inverse(cavity), mine)
        return bool((np.ptp(local[:, :2], axis=0) / 2 <= np.array(other.shape.cavity.half[:2]) + STRADDLE).all())


def _over(at: Array, box: Box, point: Array) -> bool:
    local = transform_points(inverse(compose(at, box.pose)), point[None])[0]
    return bool((np.abs(local[:2]) <= box.half[:2]).all())


def _height(at: Array, box: Box, *, side: int) -> float:
    return float(transform_points(compose(at, box.pose), [[0.0, 0.0, side * box.half[2]]])[0, 2])
