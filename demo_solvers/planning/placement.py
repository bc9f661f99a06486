"""Where a placed object may go: candidate poses that meet all relations of a stage, best first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.planning.arm import Array
from demo_solvers.skill import Settings
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.program import Relation, Stage
from pipeline.core.world import WorldState

SPATIAL = ("on", "inside", "within", "near", "left_of", "right_of", "in_front_of", "behind")
TURNS = (0.0, np.pi / 2, -np.pi / 2, np.pi)  # rad about the vertical, added to the present heading
HEADINGS = {"any": None, **{f"{angle}": np.deg2rad(angle) for angle in (0, 45, 90, 135, 180, -135, -90, -45)}}
"""What a stage may say of the turn about the vertical: degrees from the present heading."""
PLACING = ("place", "stack")  # skills that put the body down where their relations or their target say
STANDOFF = 0.10  # m above the place from which the body goes straight down
RELEASE = 0.004  # m above the support
IN_CAVITY = (0.006, 0.026, 0.056)  # m more above a cavity's floor, which curves upwards
DIRECTIONS = {"left_of": np.pi / 2, "right_of": -np.pi / 2, "in_front_of": np.pi, "behind": 0.0}
WALL_CLEARANCE = 0.012  # m between a placed object and the walls of its drawer
NEAR_GAP = 0.08  # m that still counts as near, with room to spare
GAP = 0.045  # m between neighbours, so that fingers fit


@dataclass(frozen=True)
class Manner:
    """How a body is to be put down: released ``height`` m above, turned, from ``standoff`` m above, shifted (m)."""

    height: float = RELEASE
    turn: str = "any"
    standoff: float = STANDOFF
    shift: tuple[float, float] = (0.0, 0.0)

    @staticmethod
    def of(stage: Stage) -> Manner:
        """What a stage of a placing skill asks for."""
        settings = Settings(stage)
        return Manner(
            height=settings.number("height"),
            turn=settings.word("turn"),
            standoff=settings.number("standoff"),
            shift=(settings.number("shift_x"), settings.number("shift_y")),
        )


def places_body(stage: Stage, body: str) -> bool:
    """Whether a stage puts ``body`` down."""
    return stage.skill in PLACING and stage.body == body


def placements(world: WorldState, stage: Stage) -> Array:
    """Poses (batch, options, 7) for the body of a placing stage, in order of preference."""
    manner = Manner.of(stage)
    if stage.target is None:
        return placement_candidates(world, stage.body, stage.relations, manner)
    frame = poses.IDENTITY_POSE if stage.target.frame is None else world.body(stage.target.frame).astype(float)
    pose = np.broadcast_to(poses.compose(frame, np.array(stage.target.pose)), (len(world), 7))
    shifted = pose[:, :3] + _shift(world, stage.target.frame, manner) + np.array([0.0, 0.0, manner.height])
    return poses.pose(shifted, pose[:, 3:])[:, None]


def placement_candidates(
    world: WorldState, body: str, relations: tuple[Relation, ...], manner: Manner | None = None
) -> Array:
    """Poses (batch, options, 7) of ``body``, upright and just above what will carry it, in order of preference."""
    manner = manner or Manner()
    shift = _shift(world, relations[0].anchor if relations else None, manner)
    wanted = HEADINGS[manner.turn]
    heading = poses.yaw_of(world.body(body)[:, 3:])
    options = [
        poses.pose(spot + shift, poses.quat_from_yaw(heading + turn))
        for spot in _spots(world, body, relations, manner.height)
        for turn in (TURNS if wanted is None else (wanted,))
    ]
    return np.stack(options, axis=1)


def _shift(world: WorldState, anchor: str | None, manner: Manner) -> Array:
    """The manner's shift (batch, 3) m in the world, along the level axes of the anchor's frame."""
    yaw = np.zeros(len(world)) if anchor is None else poses.yaw_of(world.body(anchor)[:, 3:])
    return poses.quat_rotate(poses.quat_from_yaw(yaw), np.array([*manner.shift, 0.0]))


def _spots(world: WorldState, body: str, relations: tuple[Relation, ...], height: float) -> list[Array]:
    """Positions (batch, 3) for the body's frame origin, ``height`` m above where it will stand."""
    geometry = world.layout.geometry[body]
    carrier = next((r for r in relations if r.predicate in ("on", "inside", "within")), None)
    if carrier is not None:
        return _spots_at(world, geometry, carrier, height)
    return _spots_beside(world, geometry, relations, height)


def _spots_at(world: WorldState, geometry: BodyGeometry, relation: Relation, height: float) -> list[Array]:
    anchor = world.layout.geometry[relation.anchor]
    pose = world.body(relation.anchor).astype(float)
    area = anchor.support if relation.predicate == "on" else anchor.cavity
    area = area or anchor.bounds
    centre = poses.compose(pose, area.pose)
    # The flat top is a thin box around its own height, a cavity's floor is its lower face.
    level = area.half[2] if relation.predicate == "on" else -area.half[2]
    top = centre[:, :3] + poses.quat_rotate(centre[:, 3:], np.array([0.0, 0.0, level]))
    above = (0.0,) if relation.predicate in ("on", "within") else IN_CAVITY
    shifts = [poses.quat_rotate(centre[:, 3:], shift) for shift in _outward(anchor, area, geometry)]
    return [_origin_above(top + shift, geometry, height + more) for more in above for shift in shifts]


def _outward(anchor: BodyGeometry, area: Box, geometry: BodyGeometry) -> list[Array]:
    """Shifts (3,) in the area's frame: none, but in a drawer towards its front, where no cabinet hangs over it."""
    if "pull" not in anchor.axes:
        return [np.zeros(3)]
    pull = np.array(anchor.axes["pull"])
    room = float(np.abs(pull) @ np.array(area.half)) - _radius(geometry) - WALL_CLEARANCE
    return [pull * max(room, 0.0) * share for share in (0.7, 1.0, 0.35)]


def _spots_beside(
    world: WorldState, geometry: BodyGeometry, relations: tuple[Relation, ...], height: float
) -> list[Array]:
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
    return [_origin_above(base + offset, geometry, height) for offset in offsets]


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
