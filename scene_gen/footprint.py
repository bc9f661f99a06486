"""Footprints: oriented rectangles seen from above, each over a range of heights; do two keep their distance?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import compose, quat_from_yaw, quat_to_matrix, transform_points

Array = NDArray[np.float64]
SIGNS = np.array(list(np.ndindex(2, 2, 2)), float) * 2 - 1


@dataclass(frozen=True)
class Rectangle:
    """Centre x, y [m], heading [rad], half sizes [m] along and across the heading, and the heights it spans [m]."""

    x: float
    y: float
    yaw: float
    half_x: float
    half_y: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def axes(self) -> Array:
        """Unit vectors along and across the heading, (2, 2) by row."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[c, s], [-s, c]])

    def corners(self) -> Array:
        """The four corners (4, 2), m."""
        signs = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
        return np.array([self.x, self.y]) + (signs * (self.half_x, self.half_y)) @ self.axes

    def grown(self, margin: float) -> Rectangle:
        """The rectangle with ``margin`` [m] added on every side."""
        return replace(self, half_x=self.half_x + margin, half_y=self.half_y + margin)

    def holds(self, other: Rectangle) -> bool:
        """Whether ``other`` lies in it as seen from above."""
        local = np.abs((other.corners() - (self.x, self.y)) @ self.axes.T)
        return bool((local <= (self.half_x, self.half_y)).all())


def overlap(a: Rectangle, b: Rectangle, clearance: float = 0.0) -> bool:
    """Whether two rectangles come closer than about ``clearance`` [m]; separating axis theorem (Gottschalk 1996)."""
    if a.high <= b.low or b.high <= a.low:
        return False
    grown = a.grown(clearance)
    corners = grown.corners(), b.corners()
    for axis in np.concatenate([grown.axes, b.axes]):
        p, q = corners[0] @ axis, corners[1] @ axis
        if p.max() <= q.min() or q.max() <= p.min():
            return False
    return True


def free(rectangle: Rectangle, taken: Iterable[Rectangle], clearance: float = 0.0) -> bool:
    """Whether ``rectangle`` keeps its clearance to all of ``taken``."""
    return not any(overlap(rectangle, other, clearance) for other in taken)


def footprint(asset: AssetSpec, pose: ArrayLike) -> Rectangle:
    """The base link's footprint when the asset is at ``pose`` (7,), whatever side it lies on."""
    return box_footprint(asset.links[""].bounds, pose)


def box_footprint(box: Box, pose: ArrayLike) -> Rectangle:
    """The footprint of a box in the frame at ``pose`` (7,): the rectangle along its most horizontal edges."""
    at = compose(pose, box.pose)
    axes = quat_to_matrix(at[3:])
    # The first of the two axes that are not the most vertical one: for a standing box its x axis.
    first = min(a for a in range(3) if a != int(np.abs(axes[2]).argmax()))
    yaw = float(np.arctan2(axes[1, first], axes[0, first]))
    points = transform_points(at, SIGNS * np.array(box.half)) - at[:3]
    local = transform_points((0.0, 0.0, 0.0, *quat_from_yaw(-yaw)), points)
    half = np.ptp(local, axis=0) / 2
    return Rectangle(
        float(at[0]), float(at[1]), yaw, float(half[0]), float(half[1]), float(at[2] - half[2]), float(at[2] + half[2])
    )


def bottom(shape: BodyGeometry) -> float:
    """Height [m] of the bounds' lower face in the body frame."""
    return shape.bounds.pose[2] - shape.bounds.half[2]


def radius(asset: AssetSpec) -> float:
    """Radius [m] of the circle around the footprint."""
    return float(np.hypot(*asset.links[""].bounds.half[:2]))
