"""Footprints: oriented rectangles on the table, and whether two of them keep their distance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import BodyGeometry, Pose7
from pipeline.core.poses import compose, yaw_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rectangle:
    """Centre x, y [m], heading [rad] and half sizes [m] along and across the heading."""

    x: float
    y: float
    yaw: float
    half_x: float
    half_y: float

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


def overlap(a: Rectangle, b: Rectangle, clearance: float = 0.0) -> bool:
    """Whether two rectangles come closer than about ``clearance`` [m]; separating axis theorem (Gottschalk 1996)."""
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


def footprint(asset: AssetSpec, pose: Pose7) -> Rectangle:
    """The base link's footprint when the asset stands upright at ``pose``."""
    bounds = asset.links[""].bounds
    at = compose(pose, bounds.pose)
    return Rectangle(float(at[0]), float(at[1]), float(yaw_of(at[3:])), bounds.half[0], bounds.half[1])


def bottom(shape: BodyGeometry) -> float:
    """Height [m] of the bounds' lower face in the body frame."""
    return shape.bounds.pose[2] - shape.bounds.half[2]


def radius(asset: AssetSpec) -> float:
    """Radius [m] of the circle around the footprint."""
    return float(np.hypot(*asset.links[""].bounds.half[:2]))
