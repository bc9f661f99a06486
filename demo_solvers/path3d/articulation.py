"""Articulation: where a drawn thing with a moving link stands, and how far the link has moved, fitted to a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.path3d.clouds import Array, tree_of
from demo_solvers.path3d.references import Hinge, Reference
from pipeline.core import poses
from pipeline.core.streams import stream
from pipeline.core.world import Bools

CLOUD = 220  # points of the cluster that are compared with the drawing
MANY = 1500  # points of the cluster that the best fit is polished on
YAWS = np.deg2rad(np.arange(0.0, 360.0, 30.0))  # headings to begin from
OPENINGS = 7  # positions of the joint to begin from
CLIPPED = 0.025  # m; a point that is further off than this is as bad as can be
STEPS, FINE_STEPS = 4, 8  # of the iterated closest points
KEPT = 5  # begun fits that are refined
FINE = 0.06  # of the joint's range, between positions that are tried in the end


@dataclass(frozen=True, eq=False)
class Fit:
    """T_world_base (7,), the joint's position and its range [m or rad], and the mean distance of the points [m]."""

    pose: Array
    position: float
    hinge: Hinge
    error: float

    @property
    def anchor(self) -> Array:
        """A point (3,) of the joint's axis in the world."""
        return poses.transform_points(self.pose, self.hinge.anchor[None])[0]

    @property
    def axis(self) -> Array:
        """The axis (3,) in the world; a positive turn about it raises the position."""
        return poses.quat_rotate(self.pose[3:], self.hinge.axis)

    @property
    def share(self) -> float:
        """How far it is open, 0 to 1."""
        along = (self.position - self.hinge.lower) / (self.hinge.upper - self.hinge.lower)
        return along if self.hinge.opens == "upper" else 1.0 - along


def fit(points: Array, base: Reference, link: Reference, *, floor: float) -> Fit:
    """The pose on a level ``floor`` (m) and the joint's position at which the drawing explains ``points`` (n, 3)."""
    assert link.hinge is not None
    rng = stream(0, "articulation", len(points))
    seen = points[rng.choice(len(points), min(CLOUD, len(points)), replace=False)]
    fixed, moving = base.points, link.points
    low = float(fixed[:, 2].min())
    begun = list[tuple[float, float, Array]]()
    for position in np.linspace(link.hinge.lower, link.hinge.upper, OPENINGS):
        model = np.concatenate([fixed, moved_by(moving, link.hinge, position)])
        tree = tree_of(model)
        for yaw in YAWS:
            begun.append((*_closest(seen, model, tree, yaw, floor - low, STEPS), position))  # type: ignore[arg-type]
    begun.sort(key=lambda b: b[0])
    best: Fit | None = None
    reach = link.hinge.upper - link.hinge.lower
    for _, pose, position in begun[:KEPT]:
        for shift in np.arange(-2, 3) * FINE * reach:
            at = float(np.clip(float(position) + shift, link.hinge.lower, link.hinge.upper))
            model = np.concatenate([fixed, moved_by(moving, link.hinge, at)])
            error, found = _closest(seen, model, tree_of(model), pose, floor - low, FINE_STEPS)
            if best is None or error < best.error:
                best = Fit(found, at, link.hinge, error)
    assert best is not None
    return _refined(_polished(best, points, fixed, moving), seen, fixed, moving)


def _polished(found: Fit, points: Array, fixed: Array, moving: Array) -> Fit:
    """The same fit on more of the points."""
    every = points[:: max(1, len(points) // MANY)]
    model = np.concatenate([fixed, moved_by(moving, found.hinge, found.position)])
    low = float(found.pose[2])
    error, pose = _closest(every, model, tree_of(model), found.pose, low, FINE_STEPS)
    return Fit(pose, found.position, found.hinge, error)


def moved_by(points: Array, hinge: Hinge, position: float) -> Array:
    """A link's points (n, 3), drawn at zero, at a position of its joint."""
    if hinge.kind == "prismatic":
        return points + position * hinge.axis
    turn = poses.quat_from_axis_angle(hinge.axis, position)
    return hinge.anchor + poses.quat_rotate(turn, points - hinge.anchor)


def of_link(points: Array, found: Fit, base: Reference, link: Reference) -> Bools:
    """Which of ``points`` (n, 3) are nearer to the moving link than to the rest."""
    local = poses.transform_points(poses.inverse(found.pose), points)
    to_link, _ = tree_of(moved_by(link.points, link.hinge or found.hinge, found.position)).query(local)
    to_base, _ = tree_of(base.points).query(local)
    return np.asarray(to_link < to_base)


def _refined(found: Fit, seen: Array, fixed: Array, moving: Array) -> Fit:
    """The position of the joint alone, by golden steps about the best."""
    reach = found.hinge.upper - found.hinge.lower
    local = poses.transform_points(poses.inverse(found.pose), seen)
    best = found
    for width in (0.04, 0.015, 0.005):
        for shift in (-1.0, 1.0):
            at = float(np.clip(best.position + shift * width * reach, found.hinge.lower, found.hinge.upper))
            distance, _ = tree_of(np.concatenate([fixed, moved_by(moving, found.hinge, at)])).query(local)
            error = float(np.minimum(distance, CLIPPED).mean())
            if error < best.error:
                best = Fit(found.pose, at, found.hinge, error)
    return best


def _closest(seen: Array, model: Array, tree, start: Array | float, height: float, steps: int) -> tuple[float, Array]:
    """Iterated closest points in the plane: error and T_world_model (7,), from a heading or a pose."""
    if np.ndim(start) == 0:
        quat = poses.quat_from_yaw(start)
        middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
        turned = poses.quat_rotate(quat, model)
        at = middle - (turned.min(axis=0) + turned.max(axis=0)) / 2
        pose = poses.pose(np.array([at[0], at[1], height]), quat)
    else:
        pose = np.asarray(start)
    error = np.inf
    for _ in range(steps):
        local = poses.transform_points(poses.inverse(pose), seen)
        distance, index = tree.query(local)
        error = float(np.minimum(distance, CLIPPED).mean())
        near = distance < max(np.quantile(distance, 0.8), 0.004)
        a, b = model[index[near], :2], local[near, :2]
        ca, cb = a.mean(axis=0), b.mean(axis=0)
        da, db = a - ca, b - cb
        # The turn that brings the model's points onto the seen ones (Kabsch, in the plane).
        turn = np.arctan2((da[:, 0] * db[:, 1] - da[:, 1] * db[:, 0]).sum(), (da * db).sum())
        quat = poses.quat_from_yaw(turn)
        shift = np.append(cb, 0.0) - poses.quat_rotate(quat, np.append(ca, 0.0))
        pose = poses.compose(pose, poses.pose(shift, quat))
    return error, pose
