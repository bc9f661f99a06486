"""Contact sampling: joints just before a hand touches a body where it is useful, as resets for learning.

Points are drawn on the body's surface, filtered by where their normals point, by inverse kinematics at the contact and
before it, and by collision; what is left are pre-contact configurations. Equal streams give equal contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.contacts.surface import Surface
from demo_solvers.contacts.wish import ContactWish
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.spots import table_height
from pipeline.core import poses
from pipeline.core.robot import Gripper
from pipeline.core.world import Bools, WorldState
from pipeline.predicates._shapes import lowest

DRAWN, POINTS = 800, 160  # points drawn on the surface at a time, and of those that fit the most a world looks at
LOOKS = 3  # times that worlds with too few contacts draw again
FACING = np.cos(np.radians(50.0))  # of a pushed side with the way back along the motion
UPRIGHT = 0.35  # most vertical share of a side's normal
LEVEL = np.cos(np.radians(25.0))  # least vertical share of a top's normal
NEAR, FAR = 0.012, 0.03  # m that the fingers stand off before the contact
MIDDLE = 0.35  # of the way from a body's middle to its sides, for a press that is to drag it without turning it
LEVER = 0.7  # of the longest lever that a side gives, for a push that is to turn the body
LOWEST = 0.015  # m between fingertips and table
STEADY, SLIM = (
    0.8,
    0.022,
)  # of half the width, and m: pushed higher up than both, a body tips over where friction is high
GAP = 0.045  # m between fingertips that push: two make a line contact, under which a body keeps its heading
BACK, UNDER_PALM = 0.5, 0.02  # rad that a hand leans back behind what is less than so many m below its palm
OUT = 0.03  # m that an edge has to hang over for a finger below it
ROOM = 0.05  # m below the body that the lower finger needs
DEEP = 0.018  # m that the tool point goes beyond an edge it grasps
OPEN = 0.03  # m that fingers open beyond what they are to grasp
LEAN = np.radians((0.0, 20.0, -20.0))  # rad, turns of the hand about the vertical away from the motion
SLACK = 0.001  # m of clearance that a pre-contact must have of everything, the body included
JUMP = 1.0  # rad of a joint between a pre-contact and its contact
DOWN = np.array([0.0, 1.0, 0.0, 0.0])  # tool pointing down, x ahead
REASONS = (
    "faces elsewhere",
    "too low",
    "would tip it",
    "hardly turns it",
    "does not hang over",
    "out of reach",
    "collides",
    "more than wanted",
)


@dataclass(frozen=True, eq=False)
class PreContacts:
    """``k`` contacts, sorted by world: joints, width and tool before it, and the tool, point and normal at it.

    ``dropped`` counts for each reason how many samples it ended; worlds without any contact are in none of ``row``.
    """

    row: NDArray[np.intp]  # (k,)
    q: Array  # (k, n)  rad, before the contact
    width: Array  # (k,)  m
    tool: Array  # (k, 7)  T_world_tool before the contact
    touch: Array  # (k, 7)  T_world_tool at the contact
    point: Array  # (k, 3)  m, world
    normal: Array  # (k, 3)  outward, world
    dropped: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.row)

    def of(self, row: int) -> NDArray[np.intp]:
        """Indices of a world's contacts."""
        return np.flatnonzero(self.row == row)


@dataclass(frozen=True, eq=False)
class _Samples:
    """Tool poses at and before contacts of some worlds, with the points (k, 3) and normals (k, 3) they are for."""

    row: NDArray[np.intp]
    point: Array
    normal: Array
    touch: Array
    before: Array
    width: Array

    def of(self, keep: Bools | NDArray[np.intp]) -> _Samples:
        return _Samples(*(getattr(self, name)[keep] for name in ("row", "point", "normal", "touch", "before", "width")))


def pre_contacts(
    world: WorldState,
    arm: Arm,
    wish: ContactWish,
    *,
    count: int,
    stream: np.random.Generator,
    surface: Surface | None = None,
) -> PreContacts:
    """At most ``count`` contacts of the wished kind in each world of a batch.

    ``surface`` is the body's, by default that of its collision boxes.
    """
    wish.check(world.layout)
    surface = surface or Surface.of(world.layout.geometry[wish.body])
    dropped, found = Counter[str](), list[tuple[_Samples, Array]]()
    missing = np.full(len(world), count)
    for _ in range(LOOKS):
        rows = np.flatnonzero(missing > 0)
        if not len(rows):
            break
        samples = _drawn(world, arm, wish, surface, rows, stream, dropped)
        samples, q = _reached(world, arm, wish.body, samples, dropped)
        first = _first(samples.row, missing)
        samples, q = _kept(samples, first, "more than wanted", dropped), q[first]
        found.append((samples, q))
        missing -= np.bincount(samples.row, minlength=len(world))
    return _joined(found, dropped)


def _drawn(
    world: WorldState,
    arm: Arm,
    wish: ContactWish,
    surface: Surface,
    rows: NDArray[np.intp],
    stream: np.random.Generator,
    dropped: Counter[str],
) -> _Samples:
    """Samples whose normals, heights and places are right."""
    local, normals = surface.sample(DRAWN, stream)
    row = np.repeat(rows, len(local))
    body = world.body(wish.body).astype(float)[row]
    point = poses.transform_points(body, np.tile(local, (len(rows), 1))[:, None])[:, 0]
    normal = poses.quat_rotate(body[:, 3:], np.tile(normals, (len(rows), 1)))
    way = _way(world, wish, row, normal)
    gripper, lean = arm.group.gripper, stream.choice(LEAN, len(row))
    away = stream.uniform(NEAR, FAR, len(row))
    right = _sides_with(wish, normal, way) & _half(world, wish, row, point, way)
    makers = {"push": _pushing, "press": _pressing, "edge": _grasping}
    size = _size(world, wish, row, point)
    touch, before, width = makers[wish.manner](gripper, point, normal, way, lean, away, size)
    if _turns(wish):
        width = np.zeros_like(width)  # one fingertip beside the other would keep the heading
    samples = _kept(_Samples(row, point, normal, touch, before, width), right, "faces elsewhere", dropped)
    if wish.manner == "edge":
        samples = _kept(samples, _hangs_over(world, wish.body, samples), "does not hang over", dropped)
    elif wish.manner == "push":
        low = samples.touch[:, 2] - gripper.finger_depth - table_height(world)
        samples = _kept(samples, low >= LOWEST, "too low", dropped)
        steady = samples.point[:, 2] - table_height(world) <= _steady(world, wish.body)
        samples = _kept(samples, steady, "would tip it", dropped)
        if _turns(wish):
            samples = _kept(samples, _far_out(world, wish, samples), "hardly turns it", dropped)
    # Points are the same in all worlds: in the order in which they were drawn all would be touched at one place.
    rank = stream.random(len(samples.row))
    if wish.manner == "push" and wish.region == "any" and not _turns(wish):
        rank = _aside(world, wish, samples)
    elif wish.manner == "press" and "/" not in wish.body:
        rank += _outer(world, wish, samples)
    samples = samples.of(np.lexsort((rank, samples.row)))
    return _kept(samples, _first(samples.row, np.full(len(world), POINTS)), "more than wanted", dropped)


def _turns(wish: ContactWish) -> bool:
    return wish.manner == "push" and wish.motion is None and wish.toward is None


def _way(world: WorldState, wish: ContactWish, row: NDArray[np.intp], normal: Array) -> Array:
    """Where points with ``normal`` (k, 3) are to move: to turn a body, straight into whichever side they are on."""
    return -normal * (1.0, 1.0, 0.0) if _turns(wish) else wish.ways(world)[row]


def _sides_with(wish: ContactWish, normal: Array, way: Array) -> Bools:
    if wish.manner == "press":
        return normal[:, 2] >= LEVEL
    flat = np.abs(normal[:, 2]) <= UPRIGHT
    return flat if wish.manner == "edge" else flat & ((normal * way).sum(axis=1) <= -FACING)


def _half(world: WorldState, wish: ContactWish, row: NDArray[np.intp], point: Array, way: Array) -> Bools:
    """Whether points are in the wished half of the body as seen along its motion ``way`` (k, 3), (k,)."""
    if wish.region == "any":
        return np.ones(len(point), bool)
    centres = poses.compose(world.body(wish.body).astype(float), world.layout.geometry[wish.body].bounds.pose)
    centre = centres[row, :3]
    along = ((point - centre) * way).sum(axis=1)
    left = way[:, 0] * (point - centre)[:, 1] - way[:, 1] * (point - centre)[:, 0]
    return {"near": along < 0, "far": along > 0, "left": left > 0, "right": left < 0}[wish.region]


def _aside(world: WorldState, wish: ContactWish, samples: _Samples) -> Array:
    """How far (k,) m beside the body's middle a push goes: the nearer to it, the less it turns the body."""
    centres = poses.compose(world.body(wish.body).astype(float), world.layout.geometry[wish.body].bounds.pose)
    way, apart = _way(world, wish, samples.row, samples.normal), samples.point - centres[samples.row, :3]
    return np.abs(way[:, 0] * apart[:, 1] - way[:, 1] * apart[:, 0])


def _outer(world: WorldState, wish: ContactWish, samples: _Samples) -> Bools:
    """Whether a hand presses far from the body's middle, as seen from above, where it turns what it drags, (k,)."""
    bounds = world.layout.geometry[wish.body].bounds
    box = poses.compose(world.body(wish.body).astype(float), bounds.pose)[samples.row]
    local = poses.transform_points(poses.inverse(box), samples.point[:, None])[:, 0]
    return np.linalg.norm(local[:, :2] / np.array(bounds.half[:2]), axis=1) > MIDDLE


def _far_out(world: WorldState, wish: ContactWish, samples: _Samples) -> Bools:
    """Whether a push goes so far beside the body's middle that it turns it: most of what can be had in a world."""
    lever = _aside(world, wish, samples)
    longest = np.zeros(len(world))
    np.maximum.at(longest, samples.row, lever)
    return lever >= LEVER * longest[samples.row]


def _pushing(
    gripper: Gripper, point: Array, normal: Array, way: Array, lean: Array, away: Array, below: Array
) -> tuple[Array, Array, Array]:
    """Two fingertips side by side across the motion; the hand leans back where its palm would touch first.

    ``below`` (k,) m is how far points are below the body's top.
    """
    heading = np.arctan2(way[:, 1], way[:, 0])
    tilt = np.where(below > gripper.palm_clearance - UNDER_PALM, BACK, 0.0)
    # Half a turn does not change such a hand: the half that turns the wrist less.
    turned = poses.quat_multiply(poses.quat_from_yaw(np.where(np.abs(heading) > np.pi / 2, np.pi, 0.0)), DOWN)
    leaning = poses.quat_multiply(poses.quat_from_rotvec(-tilt[:, None] * np.array([0.0, 1.0, 0.0])), turned)
    quat = poses.quat_multiply(poses.quat_from_yaw(heading + lean), leaning)
    back = normal * (1.0, 1.0, 0.0)
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    tip = gripper.pad_half[0] * np.cos(tilt) + gripper.finger_depth * np.sin(tilt)
    touch = poses.pose(point + tip[:, None] * back, quat)
    before = poses.pose(touch[:, :3] + away[:, None] * back, quat)
    return touch, before, np.full(len(point), min(GAP, gripper.max_width))


def _pressing(
    gripper: Gripper, point: Array, normal: Array, way: Array, lean: Array, away: Array, thick: Array
) -> tuple[Array, Array, Array]:
    """The hand upright over the point, closed."""
    heading = (np.arctan2(way[:, 1], way[:, 0]) + np.pi / 2) % np.pi - np.pi / 2
    quat = poses.quat_multiply(poses.quat_from_yaw(heading + lean), DOWN)
    touch = poses.pose(point + np.array([0.0, 0.0, gripper.finger_depth]), quat)
    before = poses.pose(touch[:, :3] + away[:, None] * np.array([0.0, 0.0, 1.0]), quat)
    return touch, before, np.zeros(len(point))


def _grasping(
    gripper: Gripper, point: Array, normal: Array, way: Array, lean: Array, away: Array, thick: Array
) -> tuple[Array, Array, Array]:
    """The hand level or leaning, pointing at the side, one finger above and one below."""
    ahead = -normal * (1.0, 1.0, 0.0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    ahead = np.cos(np.abs(lean))[:, None] * ahead - np.sin(np.abs(lean))[:, None] * np.array([0.0, 0.0, 1.0])
    across = np.cross(ahead, (0.0, 0.0, 1.0))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    sign = np.where(lean < 0, -1.0, 1.0)[:, None]
    x = sign * across
    quat = poses.matrix_to_quat(np.stack([x, np.cross(ahead, x), ahead], axis=-1))
    touch = poses.pose(point + DEEP * ahead, quat)
    before = poses.pose(point - (gripper.finger_depth + away)[:, None] * ahead, quat)
    return touch, before, np.minimum(thick + OPEN, gripper.max_width)


def _size(world: WorldState, wish: ContactWish, row: NDArray[np.intp], point: Array) -> Array:
    """(k,) m: how far a point that is pushed is below the body's top, else how thick the body is."""
    bounds = world.layout.geometry[wish.body].bounds
    if wish.manner != "push":
        return np.full(len(point), 2 * min(bounds.half))
    box = poses.compose(world.body(wish.body).astype(float), bounds.pose)
    rise = np.abs(poses.quat_to_matrix(box[:, 3:])[:, 2]) @ np.array(bounds.half)
    return (box[:, 2] + rise)[row] - point[:, 2]


def _steady(world: WorldState, body: str) -> float:
    """Height [m] above the table up to which a body that stands there is pushed without tipping."""
    free = "/" not in body and body not in world.layout.fixed
    return max(STEADY * min(world.layout.geometry[body].bounds.half[:2]), SLIM) if free else np.inf


def _hangs_over(world: WorldState, body: str, samples: _Samples) -> Bools:
    """Whether there is room for a finger below the body, where a finger's length further in than a point, (k,)."""
    inner = samples.point - OUT * samples.normal
    bottom = lowest(world, body)[samples.row]
    free = np.ones(len(inner), bool)
    for other, shape in world.layout.geometry.items():
        if other == body or shape.support is None:
            continue
        frame = poses.compose(world.body(other).astype(float), shape.support.pose)[samples.row]
        local = poses.transform_points(poses.inverse(frame), inner[:, None])[:, 0]
        over = (np.abs(local[:, :2]) <= np.array(shape.support.half[:2])).all(axis=1)
        free &= ~(over & (np.abs(bottom - frame[:, 2]) < ROOM))
    return free


def _reached(
    world: WorldState, arm: Arm, body: str, samples: _Samples, dropped: Counter[str]
) -> tuple[_Samples, Array]:
    """Those that the arm reaches, at the contact and before it, without touching anything before it, and at the
    contact nothing but ``body``.
    """
    base = poses.inverse(world.body("robot").astype(float))
    at = arm.ik_restarted(poses.compose(base[samples.row], samples.touch))
    before = arm.ik(poses.compose(base[samples.row], samples.before), at.q, posture=at.q)
    ok = at.ok & before.ok & (np.abs(before.q - at.q).max(axis=1, initial=0.0) < JUMP)
    samples, q, touching = _kept(samples, ok, "out of reach", dropped), before.q[ok], at.q[ok]
    if not len(q):
        return samples, q
    model = CollisionModel(arm, world, width=float(samples.width.max()))
    free = model.free(q[:, None], samples.row) & (model.clearance(q[:, None], samples.row)[:, 0] > SLACK)
    free &= model.clearance(touching[:, None], samples.row, ignore=(body,))[:, 0] > SLACK
    return _kept(samples, free, "collides", dropped), q[free]


def _first(row: NDArray[np.intp], most: NDArray[np.int_]) -> Bools:
    """Which samples of worlds ``row`` (k,) are among the first ``most`` (batch,) of their world; sorted by world."""
    begins = np.searchsorted(row, row)
    return np.arange(len(row)) - begins < most[row]


def _kept(samples: _Samples, keep: Bools, reason: str, dropped: Counter[str]) -> _Samples:
    dropped[reason] += int((~keep).sum())
    return samples.of(keep)


def _joined(found: list[tuple[_Samples, Array]], dropped: Counter[str]) -> PreContacts:
    row = np.concatenate([s.row for s, _ in found])
    order = np.argsort(row, kind="stable")

    def all_of(name: str) -> Array:
        return np.concatenate([getattr(s, name) for s, _ in found])[order]

    return PreContacts(
        row=row[order],
        q=np.concatenate([q for _, q in found])[order],
        width=all_of("width"),
        tool=all_of("before"),
        touch=all_of("touch"),
        point=all_of("point"),
        normal=all_of("normal"),
        dropped={reason: dropped[reason] for reason in REASONS if dropped[reason]},
    )
