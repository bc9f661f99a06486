"""World-frame points and heights of bodies, for a batch of worlds: what the geometric predicates are made of."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import compose, inverse, quat_rotate, transform_points
from pipeline.core.world import WorldState

Array = NDArray[np.float64]
_SIGNS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


def geometry(world: WorldState, body: str) -> BodyGeometry:
    """The body's geometry; raises :class:`UnknownNameError` for the robot, the floor and unknown names."""
    if body not in world.layout.geometry:
        raise UnknownNameError("body with geometry", body, world.layout.geometry)
    return world.layout.geometry[body]


def box_pose(world: WorldState, body: str, box: Box) -> Array:
    """``T_world_box`` (batch, 7) of a box given in the body's frame."""
    return compose(world.body(body), box.pose)


def centre(world: WorldState, body: str) -> Array:
    """Centre of the bounds (batch, 3), m, world frame; it stands for the centre of mass."""
    return box_pose(world, body, geometry(world, body).bounds)[:, :3]


def corners(world: WorldState, body: str) -> Array:
    """The eight corners of the bounds (batch, 8, 3), m, world frame."""
    bounds = geometry(world, body).bounds
    return transform_points(box_pose(world, body, bounds), _SIGNS * bounds.half)


def lowest(world: WorldState, body: str) -> Array:
    """Height (batch,) m of the lowest corner of the bounds."""
    return corners(world, body)[..., 2].min(axis=-1)


def highest(world: WorldState, body: str) -> Array:
    """Height (batch,) m of the highest corner of the bounds."""
    return corners(world, body)[..., 2].max(axis=-1)


def footprint_radius(world: WorldState, body: str) -> float:
    """Mean horizontal half size of the bounds [m], for a body that stands upright."""
    return float(np.mean(geometry(world, body).bounds.half[:2]))


def up(frame: Array) -> Array:
    """Vertical component (batch,) of a frame's z axis: 1 upright, 0 on its side, -1 upside down."""
    return quat_rotate(frame[:, 3:], np.array([0.0, 0.0, 1.0]))[:, 2]


def in_frame(frame: Array, points: Array) -> Array:
    """World points (batch, n, 3) expressed in ``frame`` (batch, 7)."""
    return transform_points(inverse(frame), points)


def plumb(point: Array, surface: Array) -> Array:
    """Where the vertical through ``point`` (batch, 3) meets the xy plane of ``surface`` (batch, 7): (batch, 3)."""
    normal = quat_rotate(surface[:, 3:], np.array([0.0, 0.0, 1.0]))
    slope = np.where(np.abs(normal[:, 2]) > 1e-6, normal[:, 2], 1e-6)
    offset = surface[:, :2] - point[:, :2]
    height = surface[:, 2] + (normal[:, :2] * offset).sum(axis=-1) / slope
    return np.concatenate([point[:, :2], height[:, None]], axis=-1)
