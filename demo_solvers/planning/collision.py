"""Collision checking of a batch of arm configurations: robot spheres against oriented boxes of the scene."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning.arm import Arm, Array
from pipeline.core import poses
from pipeline.core.errors import AssetError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.robot import RobotSpec
from pipeline.core.world import WorldState

# The spheres are fitted on the generous side; a few millimetres of overlap are not a collision.
SLACK = 0.002  # m
# ... but up to 15 mm of an arm link's hull stands outside its spheres, so those are taken a little larger.
ARM_MARGIN = 0.012  # m


@dataclass(frozen=True, eq=False)
class Held:
    """An object in the gripper: spheres (k, spheres, 4) in the tool frame, one set for each checked path."""

    spheres: Array

    def of(self, rows: NDArray[np.integer]) -> Held:
        """The objects of some rows."""
        return Held(self.spheres[rows])


class CollisionModel:
    """The robot and the scene as they stand now; bodies named in ``ignore`` are not checked."""

    def __init__(self, arm: Arm, world: WorldState, *, width: float | None = None) -> None:
        self._arm = arm
        self._base = world.body("robot").astype(float)
        self._links, self._local, self._radius = _spheres(arm.robot)
        opening = world.qpos[:, arm.robot.width_column].astype(float) if width is None else np.full(len(world), width)
        self._fingers = _finger_spheres(arm.robot, opening)
        self._owners: list[str] = []
        centres, rotations, halves = [], [], []
        for body, geometry in world.layout.geometry.items():
            for box in _boxes(geometry):
                pose = poses.compose(world.body(body).astype(float), box.pose)
                self._owners.append(body)
                centres.append(pose[:, :3])
                rotations.append(poses.quat_to_matrix(pose[:, 3:]))
                halves.append(box.half)
        self._centre = np.stack(centres, axis=1).astype(np.float32)
        self._rotation = np.stack(rotations, axis=1).astype(np.float32)
        self._half = np.array(halves, np.float32)

    def clearance(
        self,
        q: Array,
        rows: Sequence[int] | NDArray[np.integer],
        *,
        ignore: Collection[str] = (),
        held: Held | None = None,
    ) -> Array:
        """Smallest distance (k, points) m of robot and scene, for configurations (k, points, n) of worlds ``rows``.

        Negative values are penetration. ``ignore`` names bodies not to check; ``held`` adds the spheres of a carried
        object, which are never checked against the bodies in ``ignore`` either.
        """
        rows = np.asarray(rows)
        keep = np.array([o not in ignore for o in self._owners])
        if not keep.any():
            return np.full(q.shape[:2], np.inf)
        points, radius = self._sphere_points(q, rows, held)
        k, t, s, _ = points.shape
        centre, rotation, half = self._centre[rows][:, keep], self._rotation[rows][:, keep], self._half[keep]
        flat = points.reshape(k, t * s, 3)
        best = np.full((k, t * s), np.inf, np.float32)
        for b in range(centre.shape[1]):
            local = (flat - centre[:, None, b]) @ rotation[:, b]
            excess = np.abs(local) - half[b]
            outside = np.sqrt((np.maximum(excess, 0) ** 2).sum(-1))
            np.minimum(best, outside + np.minimum(excess.max(-1), 0), out=best)
        distance = best.reshape(k, t, s) - radius
        return np.where(np.isfinite(radius) & (radius > 0), distance, np.inf).min(axis=-1)

    def free(
        self,
        q: Array,
        rows: Sequence[int] | NDArray[np.integer],
        *,
        ignore: Collection[str] = (),
        held: Held | None = None,
    ) -> NDArray[np.bool_]:
        """Whether every configuration of a path (k, points, n) is free of collision, (k,)."""
        return np.logical_and.reduce(self.clearance(q, rows, ignore=ignore, held=held) > -SLACK, axis=1)

    def _sphere_points(
        self, q: Array, rows: NDArray[np.integer], held: Held | None
    ) -> tuple[NDArray[np.float32], Array]:
        frames = self._arm.chain.frames(q)
        tool_link = self._arm.chain.tool_link(frames)
        base = poses.to_matrix(self._base[rows])[:, None]
        parts, radii = [], []
        for link, local, radius in zip(self._links, self._local, self._radius, strict=True):
            m = base @ (tool_link if link < 0 else frames[..., link, :, :])
            parts.append(m[..., None, :3, 3] + local @ np.swapaxes(m[..., :3, :3], -1, -2))
            radii.append(np.broadcast_to(radius, parts[-1].shape[:-1]))
        m = base @ self._arm.chain.tool(frames)
        carried = [self._fingers[rows]] if held is None else [self._fingers[rows], held.spheres]
        for spheres in carried:
            parts.append(m[..., None, :3, 3] + spheres[:, None, :, :3] @ np.swapaxes(m[..., :3, :3], -1, -2))
            radii.append(np.broadcast_to(spheres[:, None, :, 3], parts[-1].shape[:-1]))
        return np.concatenate(parts, axis=-2).astype(np.float32), np.concatenate(radii, axis=-1)


def held_spheres(geometry: BodyGeometry, T_tool_body: Array) -> Held:
    """Spheres (k, 9, 4) at the corners and the centre of a body's bounds, in the tool frame."""
    half = np.array(geometry.bounds.half)
    radius = float(min(half.min(), 0.012))
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * (half - radius)
    local = poses.transform_points(np.array(geometry.bounds.pose), np.concatenate([corners, np.zeros((1, 3))]))
    points = poses.transform_points(T_tool_body, local)
    return Held(np.concatenate([points, np.full((*points.shape[:-1], 1), radius)], axis=-1))


def _boxes(geometry: BodyGeometry) -> tuple[Box, ...]:
    return geometry.collision


def _spheres(robot: RobotSpec) -> tuple[list[int], list[Array], list[Array]]:
    """Sphere centres and radii per moving link; -1 stands for the tool link. Fingers move and come apart from it."""
    index = {joint.link: i for i, joint in enumerate(robot.arm)} | {robot.tool_link: -1}
    links, local, radius = list[int](), list[Array](), list[Array]()
    for name, spheres in robot.spheres.items():
        if name in index and spheres:
            data = np.array(spheres)
            links.append(index[name])
            local.append(data[:, :3])
            radius.append(data[:, 3] + (0.0 if index[name] < 0 else ARM_MARGIN))
    return links, local, radius


def _finger_spheres(robot: RobotSpec, width: Array) -> Array:
    """Spheres (batch, k, 4) of both fingers in the tool frame, at an opening of ``width`` (batch,) m.

    A finger's frame is the tool's, shifted along z such that its lowest sphere ends at the fingertip, and along y by
    half the opening; the right finger is the left one turned by half a turn about z.
    """
    finger = np.array(robot.spheres.get(robot.gripper.left_link, ())).reshape(-1, 4)
    if not len(finger):
        raise AssetError(
            f"Robot {robot.name!r} has no collision spheres for {robot.gripper.left_link!r}, so its fingers would be "
            "planned through things; add them to its card (assets.annotation.spheres fits them)."
        )
    lift = robot.gripper.finger_depth - (finger[:, 2] + finger[:, 3]).max()
    left = np.repeat(finger[None], len(width), axis=0)
    left[..., 1] += width[:, None] / 2
    left[..., 2] += lift
    return np.concatenate([left, left * np.array([-1.0, -1.0, 1.0, 1.0])], axis=1)
