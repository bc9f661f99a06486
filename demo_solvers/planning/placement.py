"""Where a placed object may go: candidate poses that meet all relations of a stage, best first."""

from __future__ import annotations

import numpy as np

from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.program import Relation
from pipeline.core.world import WorldState

SPATIAL = ("on", "inside", "within", "near", "left_of", "right_of", "in_front_of", "behind")
TURNS = (0.0, np.pi / 2, -np.pi / 2, np.pi)  # rad about the vertical, added to the present heading
RELEASE = 0.004  # m above the support
DIRECTIONS = {"left_of": np.pi / 2, "right_of": -np.pi / 2, "in_front_of": np.pi, "behind": 0.0}
WALL_CLEARANCE = 0.012  # m between a placed object and the walls of its drawer
NEAR_GAP = 0.08  # m that still counts as near, with room to spare
GAP = 0.045  # m between neighbours, so that fingers fit


def placement_candidates(world: WorldState, body: str, relations: tuple[Relation, ...]) -> Array:
    """Poses (batch, options, 7) of ``body``, upright and just above what will carry it, in order of preference."""
    spots = _spots(world, body, relations)
    heading = poses.yaw_of(world.body(body)[:, 3:])
    options = [
        poses.pose(spot, poses.quat_from_yaw(heading + turn)) for spot in spots for turn in TURNS
    ]  # fmt: skip
    return np.stack(options, axis=1)


def _spots(world: WorldState, body: str, relations: tuple[Relation, ...]) -> list[Array]:
    """Positions (batch, 3) for the body's frame origin."""
    geometry = world.layout.geometry[body]
    carrier = next((r for r in relations if r.predicate in ("on", "inside", "within")), None)
    if carrier is not None:
        return _spots_at(world, geometry, carrier)
    return _spots_beside(world, geometry, relations)


def _spots_at(world: WorldState, geometry: BodyGeometry, relation: Relation) -> list[Array]:
    anchor = world.layout.geometry[relation.anchor]
    pose = world.body(relation.anchor).astype(float)
    area = anchor.support if relation.predicate == "on" else anchor.cavity
    area = area or anchor.bounds
    centre = poses.compose(pose, area.pose)
    # The flat top is a thin box around its own height, a cavity's floor is its lower face.
    level = area.half[2] if relation.predicate == "on" else -area.half[2]
    top = centre[:, :3] + poses.quat_rotate(centre[:, 3:], np.array([0.0, 0.0, level]))
    rises = (RELEASE,) if relation.predicate in ("on", "within") else (RELEASE + 0.006, 0.03, 0.06)
    shifts = [poses.quat_rotate(centre[:, 3:], shift) for shift in _outward(anchor, area, geometry)]
    return [_origin_above(top + shift, geometry, rise) for rise in rises for shift in shifts]


def _outward(anchor: BodyGeometry, area: Box, geometry: BodyGeometry) -> list[Array]:
    """Shifts (3,) in the area's frame: none, but in a drawer towards its front, where no cabinet hangs over it."""
    if "pull" not in anchor.axes:
        return [np.zeros(3)]
    pull = np.array(anchor.axes["pull"])
    room = float(np.abs(pull) @ np.array(area.half)) - _radius(geometry) - WALL_CLEARANCE
    return [pull * max(room, 0.0) * share for share in (0.7, 1.0, 0.35)]


def _spots_beside(world: WorldState, geometry: BodyGeometry, relations: tuple[Relation, ...]) -> list[Array]:
    anchor = relations[0].anchor
    other, pose = world.layout.geometry[anchor], world.body(anchor).astype(float)
    base = poses.transform_points(pose, np.array([other.bounds.pose[:3]]))[:, 0]
    base[:, 2] = _table_height(world)
    # Far enough for fingers between long objects, near enough for ``near``, which measures from mean radii.
    widest, mean = _radius(other) + _radius(geometry), _mean_radius(other) + _mean_radius(geometry)
    distance = min(widest + GAP, max(mean + NEAR_GAP, widest + 0.01))
    wanted = [DIRECTIONS[r.predicate] for r in relations if r.predicate in DIRECTIONS]
    angles = [wanted[0] + d for d in (0.0, 0.3, -0.3)] if wanted else list(np.arange(8) * np.pi / 4)
    offsets = [np.array([np.cos(a), np.sin(a), 0.0]) * distance for a in angles]
    return [_origin_above(base + offset, geometry, RELEASE) for offset in offsets]


def _origin_above(top: Array, geometry: BodyGeometry, rise: float) -> Array:
    bottom = geometry.bounds.pose[2] - geometry.bounds.half[2]
    return top + np.array([0.0, 0.0, rise - bottom])


def _radius(geometry: BodyGeometry) -> float:
    return float(max(geometry.bounds.half[:2]))


def _mean_radius(geometry: BodyGeometry) -> float:
    return float(np.mean(geometry.bounds.half[:2]))


def _table_height(world: WorldState) -> float:
    table = world.layout.geometry.get("table")
    return 0.0 if table is None else table.bounds.pose[2] + table.bounds.half[2] + float(world.body("table")[0, 2])
