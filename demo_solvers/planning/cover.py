"""A body as a few spheres that cover it, for asking how much room it has somewhere, in the hand or put down."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import Held
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry
from pipeline.core.world import WorldState

CELL = 0.03  # m, about what a sphere across the shortest side measures at most
GAP = 0.006  # m between neighbours, which no wall or bar of the library slips through
MOST = 5  # spheres along one side
HOLLOW = 0.01  # m from every collision box beyond which a part of the bounds is empty


def cover(geometry: BodyGeometry) -> Array:
    """Spheres (n, 4), m, in the body's frame that fill its bounds without standing out, hollows left out."""
    half = np.array(geometry.bounds.half)
    radius = float((half / np.clip(np.ceil(2 * half / CELL), 1, MOST)).min())
    count = np.clip(np.ceil(2 * (half - radius) / (2 * radius + GAP) - 1e-9) + 1, 1, MOST).astype(int)
    sides = [np.linspace(-1, 1, n) * (h - radius) if n > 1 else np.zeros(1) for h, n in zip(half, count, strict=True)]
    local = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
    points = poses.transform_points(np.array(geometry.bounds.pose), local)
    solid = _distance(points, geometry) <= HOLLOW
    points = points[solid] if solid.any() else points
    return np.concatenate([points, np.full((len(points), 1), radius)], axis=1)


def held_cover(geometry: BodyGeometry, T_tool_body: Array, *, margin: float = 0.0) -> Held:
    """The spheres (k, n, 4) of a carried body in the tool frame, ``margin`` m larger, given its pose there (k, 7)."""
    spheres = cover(geometry)
    spheres[:, 3] += margin
    points = poses.transform_points(T_tool_body, spheres[:, :3])
    radius = np.broadcast_to(spheres[:, 3:], (*points.shape[:-1], 1))
    return Held(np.concatenate([points, radius], axis=-1))


def room(world: WorldState, body: str, pose: Array, among: Collection[str]) -> Array:
    """Smallest distance (batch, n) m of ``body`` at poses (batch, n, 7) from the boxes of other bodies ``among``."""
    spheres = cover(world.layout.geometry[body])
    centres = poses.transform_points(pose, spheres[:, :3]).reshape(len(world), -1, 3)
    best = np.full(centres.shape[:2], np.inf)
    for other in among:
        frame = poses.inverse(world.body(other).astype(float))[:, None]
        local = poses.transform_points(frame[:, 0], centres)
        best = np.minimum(best, _distance(local, world.layout.geometry[other]))
    return best.reshape(*pose.shape[:2], -1).min(axis=-1) - spheres[0, 3]


def _distance(points: Array, geometry: BodyGeometry) -> Array:
    """Signed distance (..., ) m of points (..., 3) in the body's frame from the nearest of its collision boxes."""
    best = np.full(points.shape[:-1], np.inf)
    for box in geometry.collision:
        turned = poses.quat_to_matrix(np.array(box.pose[3:]))
        excess = np.abs((points - np.array(box.pose[:3])) @ turned) - np.array(box.half)
        outside = np.linalg.norm(np.maximum(excess, 0.0), axis=-1)
        best = np.minimum(best, outside + np.minimum(excess.max(axis=-1), 0.0))
    return best
