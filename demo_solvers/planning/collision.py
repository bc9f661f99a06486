"""Collision checking of a batch of arm configurations: robot spheres against boxes of the scene and one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo_solvers.planning._clearance_kernel import first_hit_rows, first_hit_swept, nearest_rows
from demo_solvers.planning._sphere_kernel import Question, Scene
from demo_solvers.planning._trajectory_kernel import bend_rows, covariance
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.robot_spheres import ARM_MARGIN as ARM_MARGIN
from demo_solvers.planning.robot_spheres import finger_spheres, group_names, joint_reach, other_arms, robot_body
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry
from pipeline.core.world import Bools, WorldState

# The spheres are fitted on the generous side; a few millimetres of overlap are not a collision.
SLACK = 0.002  # m
SWEEP_STEP = 0.005  # m; motions are checked at least so finely where they pass close to something
HELD_RADIUS, HELD_COUNT = 0.03, 6  # m, and spheres along an edge: the largest and the most that cover a held box
HELD_BOXES = 12  # a held body of more boxes is covered by its bounds

Rows = Sequence[int] | NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Held:
    """An object in the gripper: spheres (k, spheres, 4) in the tool frame, one set for each checked path."""

    spheres: Array

    def of(self, rows: ArrayLike) -> Held:
        """The objects of some rows."""
        return Held(self.spheres[np.asarray(rows)])


class CollisionModel:
    """The robot and the scene as they stand now; bodies named in ``ignore`` are not checked.

    The scene is every body of the layout and, under the names of their links, the other arms of the robot. ``width``
    is the opening of the gripper, m; by default what it is now. ``grown`` says of bodies by how many m they count as
    larger than they are.
    """

    def __init__(
        self,
        arm: Arm,
        world: WorldState,
        *,
        width: float | Array | None = None,
        grown: Mapping[str, float] | None = None,
    ) -> None:
        self._body, self._names = robot_body(arm), group_names(arm)
        base, qpos = world.body("robot").astype(float), world.qpos.astype(float)
        opening = qpos[:, arm.columns.stop] if width is None else np.full(len(world), width)
        obstacles = _boxes(world, grown or {})
        for link, spheres in other_arms(arm, qpos):
            points = poses.transform_points(base, spheres[..., :3])
            obstacles += [
                _Obstacle(link, poses.pose(points[:, s]), np.zeros(3), spheres[0, s, 3]) for s in range(points.shape[1])
            ]
        self._owners = [o.owner for o in obstacles]
        pose = np.stack([o.pose for o in obstacles], axis=1) if obstacles else np.zeros((len(world), 0, 7))
        self._scene = Scene(
            base=poses.to_matrix(base),
            fingers=finger_spheres(arm.group, arm.robot, opening),
            centre=pose[..., :3].copy(),
            turn=np.ascontiguousarray(poses.quat_to_matrix(pose[..., 3:])),
            half=np.array([o.half for o in obstacles]).reshape(-1, 3),
            round=np.array([o.round for o in obstacles], float),
        )

    def clearance(self, q: Array, rows: Rows, *, ignore: Collection[str] = (), held: Held | None = None) -> Array:
        """Smallest distance (k, points) m of robot and scene, for configurations (k, points, n) of worlds ``rows``.

        Negative values are penetration. ``ignore`` names bodies not to check; ``held`` adds the spheres of a carried
        object, which are never checked against the bodies in ``ignore`` either.
        """
        return self._nearest(q, self._asked(rows, ignore, held, itself=False))[0]

    def self_clearance(self, q: Array, rows: Rows, *, held: Held | None = None) -> Array:
        """Smallest distance (k, points) m of parts of the robot, and of what it holds, that may not touch."""
        return self._nearest(q, self._asked(rows, (), held, scene=False))[0]

    def free(self, q: Array, rows: Rows, *, ignore: Collection[str] = (), held: Held | None = None) -> Bools:
        """Whether every configuration of a path (k, points, n) is free of collision with scene and self, (k,)."""
        q = _contiguous(q)
        hit = first_hit_rows(self._body, self._scene, self._asked(rows, ignore, held, limit=0.0), q, -SLACK)
        return hit == q.shape[1]

    def clear(self, q: Array, rows: Rows, *, ignore: Collection[str] = (), held: Held | None = None) -> Bools:
        """Whether the straight lines between configurations (k, points, n) are free all the way, (k,).

        Nothing can be passed through: the steps are as long as the clearance allows, and at least SWEEP_STEP. A first
        configuration that collides is forgiven up to the second one, as long as it gets no worse.
        """
        q, asked = _contiguous(q), self._asked(rows, ignore, held)
        return first_hit_swept(self._body, self._scene, asked, q, -SLACK, self._reach(asked), SWEEP_STEP) == q.shape[1]

    def bend(
        self,
        start: Array,
        path: Array,
        rows: Rows,
        *,
        lower: Array,
        upper: Array,
        ignore: Collection[str] = (),
        held: Held | None = None,
    ) -> tuple[Array, Bools]:
        """Paths (k, points, n) from ``start`` (k, n), bent out of collision with ends kept, and which are clear."""
        bent, asked = _contiguous(path), self._asked(rows, ignore, held)
        reach, start = self._reach(asked), _contiguous(start)
        smoother = covariance(bent.shape[1] - 1)
        ok = bend_rows(self._body, self._scene, asked, start, bent, lower, upper, smoother, -SLACK, reach, SWEEP_STEP)
        return bent, ok

    def _reach(self, asked: Question) -> Array:
        return joint_reach(self._body, np.concatenate([self._scene.fingers[asked.rows], asked.held], axis=1))

    def culprits(
        self, q: Array, rows: Rows, *, ignore: Collection[str] = (), held: Held | None = None
    ) -> list[tuple[str, ...]]:
        """Which two things overlap most along each path (k, points, n); () where nothing does.

        First what moves (a link, ``fingers`` or ``held object``), then what it meets: a body of the scene or a link.
        """
        gaps, pairs = self._nearest(q, self._asked(rows, ignore, held))
        worst, every = gaps.argmin(axis=1), np.arange(len(gaps))
        return [
            () if gap >= -SLACK else (self._names[one], self._names[-1 - two] if two < 0 else self._owners[two])
            for gap, (one, two) in zip(gaps[every, worst], pairs[every, worst], strict=True)
        ]

    def _nearest(self, q: Array, asked: Question) -> tuple[Array, NDArray[np.int64]]:
        q = _contiguous(q)
        distance, pair = np.empty(q.shape[:2]), np.empty((*q.shape[:2], 2), np.int64)
        nearest_rows(self._body, self._scene, asked, q, distance, pair)
        return distance, pair

    def _asked(
        self,
        rows: Rows,
        ignore: Collection[str],
        held: Held | None,
        *,
        scene: bool = True,
        itself: bool = True,
        limit: float = np.inf,
    ) -> Question:
        index = np.array(rows, np.int64)
        carried = np.zeros((len(index), 0, 4)) if held is None else np.array(held.spheres, float, order="C")
        keep = np.array([owner not in ignore for owner in self._owners], bool)
        return Question(index, carried, keep, scene, itself, limit)


def held_spheres(geometry: BodyGeometry, T_tool_body: Array) -> Held:
    """Spheres (k, spheres, 4) that fill the boxes of a body, in the tool frame, for k ways to hold it.

    They touch the faces of the boxes from within, as large as the thinnest side allows.
    """
    boxes = geometry.collision if 0 < len(geometry.collision) <= HELD_BOXES else (geometry.bounds,)
    parts = list[Array]()
    for box in boxes:
        half = np.array(box.half)
        radius = float(min(half.min(), HELD_RADIUS))
        counts = np.clip(np.ceil((half - radius) / radius - 1e-9).astype(int) + 1, 1, HELD_COUNT)
        sides = [
            np.linspace(-1, 1, c) * (h - radius) if c > 1 else np.zeros(1) for c, h in zip(counts, half, strict=True)
        ]
        grid = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
        inner = (np.abs(grid) < half - radius - 1e-9).all(axis=1) if len(grid) > 1 else np.zeros(1, bool)
        centres = poses.transform_points(np.array(box.pose), grid[~inner])
        parts.append(np.concatenate([centres, np.full((len(centres), 1), radius)], axis=1))
    local = np.concatenate(parts)
    points = poses.transform_points(T_tool_body, local[:, :3])
    return Held(np.concatenate([points, np.broadcast_to(local[:, 3:], (*points.shape[:-1], 1))], axis=-1))


@dataclass(frozen=True, eq=False)
class _Obstacle:
    """A box of ``half`` sizes (3,), grown by ``round`` m, at ``pose`` (batch, 7) in the world."""

    owner: str
    pose: Array
    half: Array
    round: float


def _boxes(world: WorldState, grown: Mapping[str, float]) -> list[_Obstacle]:
    return [
        _Obstacle(
            body, poses.compose(world.body(body).astype(float), box.pose), np.array(box.half), grown.get(body, 0.0)
        )
        for body, geometry in world.layout.geometry.items()
        for box in geometry.collision
    ]


def _contiguous(q: Array) -> Array:
    return np.array(q, float, order="C")
