"""Oriented boxes, batched: where rays pass through them, and how far one must slide to leave another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import compose, inverse, quat_rotate, quat_to_matrix

Array = NDArray[np.float64]
TINY = 1e-12


@dataclass(frozen=True)
class Boxes:
    """``n`` boxes: centre poses (n, 7) and half sizes (n, 3), m."""

    pose: Array
    half: Array

    @staticmethod
    def of(boxes: tuple[Box, ...]) -> Boxes:
        """The boxes as arrays."""
        return Boxes(np.array([b.pose for b in boxes]).reshape(-1, 7), np.array([b.half for b in boxes]).reshape(-1, 3))

    @staticmethod
    def solid(shape: BodyGeometry) -> Boxes:
        """What a body collides with: its collision boxes, or its bounds when it names none."""
        return Boxes.of(shape.collision or (shape.bounds,))

    def seen_from(self, frame: ArrayLike) -> Boxes:
        """The same boxes when their present frame has the pose ``frame`` (7,) in another."""
        return Boxes(compose(frame, self.pose), self.half)

    def corners(self) -> Array:
        """(n, 8, 3)."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return self.pose[:, None, :3] + quat_rotate(self.pose[:, None, 3:], signs * self.half[:, None])


def ray_spans(boxes: Boxes, origins: ArrayLike, directions: ArrayLike) -> tuple[Array, Array]:
    """Ray parameters (n, rays) at which rays (rays, 3) enter and leave each box; enter > leave where they miss.

    The slab method: Kay and Kajiya, "Ray tracing complex scenes" (1986).
    """
    back = inverse(boxes.pose)[:, None]
    origin = back[..., :3] + quat_rotate(back[..., 3:], np.asarray(origins, float))
    direction = quat_rotate(back[..., 3:], np.asarray(directions, float))
    direction = np.where(np.abs(direction) < TINY, TINY, direction)
    a, b = (-boxes.half[:, None] - origin) / direction, (boxes.half[:, None] - origin) / direction
    return np.minimum(a, b).max(axis=-1), np.maximum(a, b).min(axis=-1)


def escape_distances(movable: Boxes, fixed: Boxes, direction: ArrayLike) -> Array:
    """How far (n, m) each movable box must go along the unit ``direction`` (3,) to leave each fixed one; 0 if apart.

    Separating axes: Gottschalk, Lin and Manocha, "OBBTree" (1996). Infinite where no shift along it helps.
    """
    ra, rb = quat_to_matrix(movable.pose[:, None, 3:]), quat_to_matrix(fixed.pose[None, :, 3:])
    shape = (len(movable.half), len(fixed.half))
    a = np.broadcast_to(np.swapaxes(ra, -1, -2), (*shape, 3, 3))  # rows are the box's axes
    b = np.broadcast_to(np.swapaxes(rb, -1, -2), (*shape, 3, 3))
    crossed = np.cross(a[..., :, None, :], b[..., None, :, :]).reshape(*shape, 9, 3)
    axes = np.concatenate([a, b, crossed], axis=-2)
    length = np.linalg.norm(axes, axis=-1)
    axes = axes / np.maximum(length, TINY)[..., None]
    offset = movable.pose[:, None, :3] - fixed.pose[None, :, :3]
    gap = np.einsum("nmki,nmi->nmk", axes, offset)
    reach_a = np.einsum("nmki,nmji,nj->nmkj", axes, a, movable.half)
    reach = np.abs(reach_a).sum(-1) + np.abs(np.einsum("nmki,nmji,mj->nmkj", axes, b, fixed.half)).sum(-1)
    rate = axes @ np.asarray(direction, float)
    usable = length > 1e-6
    apart = (usable & (np.abs(gap) >= reach)).any(axis=-1)
    needed = (reach - np.where(rate >= 0, gap, -gap)) / np.maximum(np.abs(rate), TINY)
    needed = np.where(usable & (np.abs(rate) > 1e-6), needed, np.inf).min(axis=-1)
    return np.where(apart, 0.0, needed)
