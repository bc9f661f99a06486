"""Spots: points where a body could be put down so that its relations may hold, each with how far from ideal it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from demo_solvers.planning.access import front
from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.world import WorldState

CARRIERS = ("on", "inside", "within")
DIRECTIONS = {"left_of": np.pi / 2, "right_of": -np.pi / 2, "in_front_of": np.pi, "behind": 0.0}
INVERSE = {
    "left_of": "right_of", "right_of": "left_of", "in_front_of": "behind", "behind": "in_front_of",
    "near": "near", "aligned": "aligned",
}  # fmt: skip
VAST = 0.5  # m of half size: a surface as large is a place to stand anywhere on, not a spot
WALL_CLEARANCE = 0.012  # m between a placed object and the walls of its drawer
OVERHANG = 0.6  # of the radius that what stands on an area keeps from its edge
NEAR_GAP = 0.08  # m that still counts as near, with room to spare
GAP = 0.045  # m between neighbours, so that fingers fit
FINE = 0.06  # m of room on an area from which on it is looked at in five rows
DRAWER_SHARES = (0.7, 1.0, 0.35)  # of the way to a drawer's front, where no cabinet hangs over it
FARTHER = (0.0, 0.025, 0.05, -0.02)  # m beyond the ideal distance
ASIDE = (0.0, 0.3, -0.3, 0.6, -0.6)  # rad off the direction asked for
TURN_COST = 0.05  # m a rad
RADII = (0.5, 0.6, 0.7, 0.8)  # of the robot's reach: where an arm is at ease
SIDEWAYS = np.linspace(-1.2, 1.2, 9)  # rad


@dataclass(frozen=True)
class Wanted:
    """A relation that the body is to have: ``predicate`` and the other bodies, ``place`` the body's own argument."""

    predicate: str
    others: tuple[str, ...]
    place: int = 0


@dataclass(frozen=True, eq=False)
class Spots:
    """Points (batch, n, 3) m in the world for the middle of a body's underside, and what they cost (batch, n) m."""

    point: Array
    cost: Array


def spots(world: WorldState, body: str, wanted: Sequence[Wanted], *, reach: float) -> Spots:
    """Where ``body`` may go; that its relations do hold there remains to be seen."""
    geometry = world.layout.geometry[body]
    carrier = next((w for w in wanted if w.predicate in CARRIERS), None)
    if carrier is not None and max(_area(world, carrier).half[:2]) < VAST:
        return _on_area(world, geometry, carrier)
    rows = [_in_a_row(world, w) for w in wanted if w.predicate == "in_a_row"]
    anchors = dict.fromkeys(w.others[0] for w in wanted if w.predicate in (*DIRECTIONS, "near"))
    found = rows or [_beside(world, geometry, anchor, wanted) for anchor in anchors]
    if not found:
        found = [_anywhere(world, body, reach)]
    return Spots(*(np.concatenate([getattr(s, n) for s in found], axis=1) for n in ("point", "cost")))


def crowding(world: WorldState, body: str, point: Array, wanted: Sequence[Wanted], mates: Sequence[str]) -> Array:
    """Metres (batch, n) that the ``mates`` that share the carrier lack, were ``body`` put at points (batch, n, 3)."""
    carrier = next((w for w in wanted if w.predicate in CARRIERS), None)
    lacking = np.zeros(point.shape[:2])
    if carrier is None:
        return lacking
    own = _radius(world.layout.geometry[body])
    for mate in (world.layout.geometry[name] for name in mates):
        theirs = _on_area(world, mate, carrier).point
        apart = np.linalg.norm(point[:, :, None, :2] - theirs[:, None, :, :2], axis=-1).max(axis=2)
        lacking += np.clip(own + _radius(mate) + GAP - apart, 0.0, None)
    return lacking


def table_height(world: WorldState) -> float:
    """Height [m] of the table's top, 0 where there is none."""
    table = world.layout.geometry.get("table")
    return 0.0 if table is None else table.bounds.pose[2] + table.bounds.half[2] + float(world.body("table")[0, 2])


def _area(world: WorldState, carrier: Wanted) -> Box:
    anchor = world.layout.geometry[carrier.others[0]]
    return (anchor.support if carrier.predicate == "on" else anchor.cavity) or anchor.bounds


def _on_area(world: WorldState, geometry: BodyGeometry, carrier: Wanted) -> Spots:
    anchor, area = world.layout.geometry[carrier.others[0]], _area(world, carrier)
    frame = poses.compose(world.body(carrier.others[0]).astype(float), area.pose)
    # The flat top is a thin box around its own height, a cavity's floor is its lower face.
    level = area.half[2] if carrier.predicate == "on" else -area.half[2]
    ahead = front(world.layout, carrier.others[0]) if carrier.predicate == "inside" else None
    pull = np.array(anchor.axes.get("pull", (0.0, 0.0, 0.0))) if ahead is None else ahead
    margin = _radius(geometry) + WALL_CLEARANCE if carrier.predicate == "inside" else OVERHANG * _radius(geometry)
    lines, best = list[Array](), list[float]()
    for axis in range(2):
        free = max(area.half[axis] - margin, 0.0)
        if abs(pull[axis]) > 0.5 and carrier.predicate == "inside":
            shares = np.array(DRAWER_SHARES) * np.sign(pull[axis])
        else:
            shares = np.linspace(-1, 1, 1 if free < 0.008 else 3 if free < FINE else 5)
        shares = np.zeros(1) if len(shares) == 1 else shares
        lines.append(shares * free)
        best.append(float(np.sign(pull[axis]) * DRAWER_SHARES[0] * free) if carrier.predicate == "inside" else 0.0)
    local = np.array([(x, y, level) for x, y in product(*lines)])
    cost = np.hypot(local[:, 0] - best[0], local[:, 1] - best[1])
    return Spots(poses.transform_points(frame, local), np.broadcast_to(cost, (len(world), len(local))))


def _beside(world: WorldState, geometry: BodyGeometry, anchor: str, wanted: Sequence[Wanted]) -> Spots:
    other, pose = world.layout.geometry[anchor], world.body(anchor).astype(float)
    base = poses.compose(pose, other.bounds.pose)[:, :3]
    base[:, 2] = _level(world, anchor, wanted)
    # Far enough for fingers between long objects, near enough for ``near``, which measures from mean radii.
    widest, mean = _radius(other) + _radius(geometry), _mean_radius(other) + _mean_radius(geometry)
    distance = min(widest + GAP, max(mean + NEAR_GAP, widest + 0.01))
    directions = [DIRECTIONS[w.predicate] for w in wanted if w.predicate in DIRECTIONS and w.others[0] == anchor]
    around = [(d + a, abs(a)) for d in directions for a in ASIDE] or [(k * np.pi / 8, 0.0) for k in range(16)]
    near = any(w.predicate == "near" for w in wanted)
    steps = FARTHER if near else (*FARTHER, 0.09, 0.14)
    local = [
        (np.cos(a) * (distance + d), np.sin(a) * (distance + d), abs(d) + TURN_COST * off)
        for (a, off), d in product(around, steps)
    ]
    offset, cost = np.array(local)[:, :2], np.array(local)[:, 2]
    point = np.repeat(base[:, None], len(offset), axis=1)
    point[..., :2] += offset
    return Spots(point, np.broadcast_to(cost, point.shape[:2]))


def _level(world: WorldState, anchor: str, wanted: Sequence[Wanted]) -> Array:
    """Height (batch,) m to stand at: the anchor's own where that is another surface than the table."""
    top = np.full(len(world), table_height(world))
    geometry = world.layout.geometry[anchor]
    low = world.body(anchor)[:, 2].astype(float) + geometry.bounds.pose[2] - geometry.bounds.half[2]
    near = any(w.predicate == "near" and w.others[0] == anchor for w in wanted)
    return np.where(near & (np.abs(low - top) > 0.05), low, top)


def _in_a_row(world: WorldState, wanted: Wanted) -> Spots:
    first, second = (_centre(world, name) for name in wanted.others)
    if wanted.place == 1:
        options = [first + share * (second - first) for share in (0.5, 0.45, 0.55)]
    else:  # the others are then the middle and the far end, or the near end and the middle
        middle, end = (first, second) if wanted.place == 0 else (second, first)
        options = [middle + share * (middle - end) for share in (1.0, 0.9, 1.1)]
    point = np.stack(options, axis=1)
    point[..., 2] = table_height(world)
    return Spots(point, np.broadcast_to((0.0, 0.02, 0.02), point.shape[:2]))


def _anywhere(world: WorldState, body: str, reach: float) -> Spots:
    base, present = world.body("robot").astype(float), world.body(body)[:, :2].astype(float)
    ring = [(r * reach * np.cos(a), r * reach * np.sin(a), 0.0) for r, a in product(RADII, SIDEWAYS)]
    point = poses.transform_points(base, np.array(ring))
    point[..., 2] = table_height(world)
    away = np.linalg.norm(point[..., :2] - present[:, None], axis=-1)
    return Spots(point, 0.1 * away)


def _centre(world: WorldState, name: str) -> Array:
    return poses.compose(world.body(name).astype(float), world.layout.geometry[name].bounds.pose)[:, :3]


def _radius(geometry: BodyGeometry) -> float:
    return float(max(geometry.bounds.half[:2]))


def _mean_radius(geometry: BodyGeometry) -> float:
    return float(np.mean(geometry.bounds.half[:2]))
