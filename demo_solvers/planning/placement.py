"""Where a placed object may go: poses that meet all that a stage asks for and have room, best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from demo_solvers.planning.arm import Array
from demo_solvers.planning.cover import room
from demo_solvers.planning.scale import sized
from demo_solvers.planning.spots import CARRIERS, INVERSE, Wanted, crowding, spots
from demo_solvers.skill import Settings
from pipeline.core import poses
from pipeline.core.goal import Atom, literals
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.robot import RobotSpec
from pipeline.core.world import Bools, WorldState
from pipeline.holds import arity, holds, parse

SPATIAL = ("on", "inside", "within", "near", "left_of", "right_of", "in_front_of", "behind", "aligned")
SEEN = (*SPATIAL, "upright", "lying", "in_a_row", "above")
"""What a pose alone decides; only these of a stage's formula are asked for when a place is chosen."""
PLACING = ("place", "stack")  # skills that put the body down where their relations or their target say
TURNS = (0.0, np.pi / 2, -np.pi / 2, np.pi)  # rad about the vertical, added to the present heading
HEADINGS = {"any": None, **{f"{angle}": np.deg2rad(angle) for angle in (0, 45, 90, 135, 180, -135, -90, -45)}}
"""What a stage may say of the turn about the vertical: degrees from the present heading."""
STANDOFF = 0.10  # m above the place from which the body goes straight down
OVER_RIM = 0.02  # m above a cavity's rim that what goes into it starts
RELEASE = 0.004  # m above the support
IN_CAVITY = (0.006, 0.026, 0.056)  # m more above a cavity's floor, which curves upwards
DEEP = 0.085  # m above the floor of a deeper cavity, whose walls a wide hand cannot follow a low body between
ALL_ROUND = np.arange(12) * np.pi / 6  # rad from a drawer's heading: the hand fits in only some ways
OPTIONS, LOOKED_AT = 12, 48  # poses a row that are handed out, and for which room is measured
IN_DRAWER = 48  # of both, for a drawer: all around at four spots
RISE_COST = 0.3  # m a m that a body falls into a cavity
RAISED = 0.015  # m above its support at which a body's room is measured, so that floors do not count
COMFORT = 0.012  # m of room beyond which more is no better
CRAMPED, TURNED = 4.0, 0.004  # cost per m of missing room, and m that a quarter turn is worth
LEFT_OUT = 2.0  # cost per m that those lack which are to share the carrier
TOUCHING = 0.0  # m of room: less is inside another body
REACH = 0.80  # m, a Panda's
UPRIGHT = np.cos(np.deg2rad(15.0))
LYING = (("x", np.pi / 2), ("x", -np.pi / 2), ("y", np.pi / 2), ("y", -np.pi / 2))


@dataclass(frozen=True)
class Manner:
    """How a body is to be put down: released ``height`` m above, turned, from ``standoff`` m above, shifted (m)."""

    height: float = RELEASE
    turn: str = "any"
    standoff: float = STANDOFF
    shift: tuple[float, float] = (0.0, 0.0)

    @staticmethod
    def of(stage: Stage, world: WorldState, robot: RobotSpec) -> Manner:
        """What a stage of a placing skill asks for; into a cavity by default from over its rim."""
        settings = Settings(stage)
        standoff = sized(settings, stage, "standoff", robot)
        cavities = [world.layout.geometry[r.anchor].cavity for r in stage.relations if r.predicate == "inside"]
        if "standoff" not in stage.parameters:
            standoff = max([standoff, *(2 * c.half[2] + OVER_RIM for c in cavities if c is not None)])
        return Manner(
            height=settings.number("height"),
            turn=settings.word("turn"),
            standoff=standoff,
            shift=(settings.number("shift_x"), settings.number("shift_y")),
        )


@dataclass(frozen=True, eq=False)
class Placements:
    """Poses (batch, options, 7) of the body at its release, best first, which are of use, and their cost in m.

    ``fall`` (options,) m is how much further than it need the body would fall from each.
    """

    pose: Array
    ok: Bools
    cost: Array
    fall: Array = field(default_factory=lambda: np.zeros(1))

    def falling(self, most: float) -> Placements:
        """Only those of use from which the body falls at most ``most`` m further than it need."""
        return replace(self, ok=self.ok & (self.fall <= most))


def places_body(stage: Stage, body: str) -> bool:
    """Whether a stage puts ``body`` down."""
    return stage.skill in PLACING and stage.body == body


def mates(program: Program | None, number: int | None, stage: Stage) -> tuple[str, ...]:
    """Bodies that stages of a program after ``number`` put into, onto or within what ``stage`` puts its body there."""
    if program is None or number is None:
        return ()
    where = {(r.predicate, r.anchor) for r in stage.relations if r.predicate in CARRIERS}
    later = [s for s in program.stages[number + 1 :] if s.skill in PLACING and s.body != stage.body]
    return tuple(dict.fromkeys(s.body for s in later if where & {(r.predicate, r.anchor) for r in s.relations}))


def placements(world: WorldState, stage: Stage, robot: RobotSpec, sharing: Sequence[str] = ()) -> Placements:
    """Poses for the body of a placing stage; those come first that leave room for what is ``sharing`` its carrier."""
    manner, reach = Manner.of(stage, world, robot), robot.reach
    if stage.target is None:
        return placement_candidates(
            world, stage.body, stage.relations, manner, post=stage.post, reach=reach, sharing=sharing
        )
    frame = poses.IDENTITY_POSE if stage.target.frame is None else world.body(stage.target.frame).astype(float)
    pose = np.broadcast_to(poses.compose(frame, np.array(stage.target.pose)), (len(world), 7))
    shifted = pose[:, :3] + _shift(world, stage.target.frame, manner) + np.array([0.0, 0.0, manner.height])
    return Placements(
        poses.pose(shifted, pose[:, 3:])[:, None], np.ones((len(world), 1), bool), np.zeros((len(world), 1))
    )


def placement_candidates(
    world: WorldState,
    body: str,
    relations: Sequence[Relation],
    manner: Manner | None = None,
    *,
    post: str | None = None,
    reach: float = REACH,
    sharing: Sequence[str] = (),
) -> Placements:
    """Poses in which all ``relations`` of ``body`` hold, and what the formula ``post`` says of it where that can be."""
    manner, atoms = manner or Manner(), list(_asked(body, relations, post))
    wanted = [w for w in (_wanted(body, atom) for atom, positive in atoms if positive) if w is not None]
    lie = any(atom.predicate == "lying" and positive for atom, positive in atoms)
    found = spots(world, body, wanted, reach=reach)
    attitude, turned = _attitudes(world, body, wanted, manner.turn, lie=lie)
    resting = _standing(world, body, found.point, attitude)
    worth = found.cost + LEFT_OUT * crowding(world, body, found.point, wanted, sharing)
    cost = (worth[:, :, None] + turned).reshape(resting.shape[:2])
    asked = [(Atom(r.predicate, _arguments(body, r)), True) for r in relations]
    valid = _hold(world, body, resting, atoms)
    valid = np.where(valid.any(axis=1, keepdims=True), valid, _hold(world, body, resting, asked))
    best = _roomiest(world, body, resting, np.where(valid, cost, np.inf), wanted)
    return _released(world, best, manner, wanted)


def _asked(body: str, relations: Sequence[Relation], post: str | None) -> Iterator[tuple[Atom, bool]]:
    yield from ((Atom(r.predicate, _arguments(body, r)), True) for r in relations)
    for atom, positive in literals(parse(post)) if post is not None else ():
        if body in atom.args and atom.predicate in SEEN:
            yield atom, positive


def _arguments(body: str, relation: Relation) -> tuple[str, ...]:
    return (body, relation.anchor)[: arity()[relation.predicate]]


def _wanted(body: str, atom: Atom) -> Wanted | None:
    place, others = atom.args.index(body), tuple(a for a in atom.args if a != body)
    if atom.predicate == "in_a_row":
        return Wanted(atom.predicate, others, place)
    if place == 0:
        return Wanted(atom.predicate, others)
    return Wanted(INVERSE[atom.predicate], others) if atom.predicate in INVERSE else None


def _attitudes(world: WorldState, body: str, wanted: Sequence[Wanted], turn: str, *, lie: bool) -> tuple[Array, Array]:
    """Orientations (batch, o, 4) to put the body down in, and what each costs (o,) m."""
    present = world.body(body)[:, 3:].astype(float)
    heading, said = poses.yaw_of(present), HEADINGS[turn]
    yaws = [(heading + a, TURNED * abs(a) / (np.pi / 2)) for a in (TURNS if said is None else (said,))]
    drawer = _drawer(world, wanted)
    if drawer is not None and said is None:
        along = poses.yaw_of(world.body(drawer)[:, 3:])
        yaws = [(along + a, 0.0) for a in ALL_ROUND]
    for w in (w for w in wanted if w.predicate == "aligned" and said is None):
        along = poses.yaw_of(world.body(w.others[0])[:, 3:])
        yaws = [(along + a, TURNED * abs(a) / (np.pi / 2)) for a in TURNS] + yaws
    axes = {"x": np.array([1.0, 0, 0]), "y": np.array([0.0, 1, 0])}
    tilts = [poses.quat_from_axis_angle(axes[n], a) for n, a in LYING] if lie else [np.array([1.0, 0, 0, 0])]
    quats = [(poses.quat_multiply(poses.quat_from_yaw(yaw), tilt), cost) for tilt in tilts for yaw, cost in yaws]
    fallen = poses.quat_rotate(present, np.array([0.0, 0, 1]))[:, 2] < UPRIGHT
    if fallen.any():  # what lies may also stay as it lies, but for a turn; for those that stand it changes nothing
        kept = [(poses.quat_multiply(poses.quat_from_yaw(np.full(len(world), a)), present), TURNED) for a in TURNS]
        quats += kept if said is None else [(poses.quat_multiply(poses.quat_from_yaw(said), present), TURNED)]
    return np.stack([q for q, _ in quats], axis=1), np.array([c for _, c in quats])


def _drawer(world: WorldState, wanted: Sequence[Wanted]) -> str | None:
    inside = [w.others[0] for w in wanted if w.predicate == "inside"]
    return next((name for name in inside if "pull" in world.layout.geometry[name].axes), None)


def _standing(world: WorldState, body: str, point: Array, attitude: Array) -> Array:
    """Poses (batch, n * o, 7) with the lowest corner at each point's height and the bounds' centre above it."""
    bounds = world.layout.geometry[body].bounds
    turned = poses.pose(np.zeros((*attitude.shape[:2], 3)), attitude)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners = poses.transform_points(np.array(bounds.pose), signs * np.array(bounds.half))
    low = poses.transform_points(turned, corners)[..., 2].min(axis=-1)
    middle = poses.transform_points(turned, np.array([bounds.pose[:3]]))[..., 0, :]
    offset = np.concatenate([middle[..., :2], low[..., None]], axis=-1)
    origin = point[:, :, None] - offset[:, None]
    quat = np.broadcast_to(attitude[:, None], (*origin.shape[:3], 4))
    return poses.pose(origin, quat).reshape(len(world), -1, 7)


def _hold(world: WorldState, body: str, pose: Array, asked: Sequence[tuple[Atom, bool]]) -> Bools:
    """Whether all literals hold (batch, n) with ``body`` at rest in poses (batch, n, 7) and let go."""
    batch, options = pose.shape[:2]
    tried = world.rows(np.repeat(np.arange(batch), options))
    column = world.layout.body(body)
    tried.pose[:, column] = pose.reshape(-1, 7)
    tried.velocity[:, column] = 0.0
    tried.contact[:, column] = tried.contact[:, :, column] = False
    good = np.ones(batch * options, bool)
    for atom, positive in asked:
        good &= holds(atom, tried) == positive
    return good.reshape(batch, options)


def _roomiest(world: WorldState, body: str, pose: Array, cost: Array, wanted: Sequence[Wanted]) -> Placements:
    """The best OPTIONS of the poses (batch, n, 7) by cost and by the room that other bodies leave."""
    in_drawer = _drawer(world, wanted) is not None
    order = np.argsort(cost, axis=1, kind="stable")[:, : IN_DRAWER if in_drawer else LOOKED_AT]
    pose = np.take_along_axis(pose, order[..., None], axis=1)
    cost = np.take_along_axis(cost, order, axis=1)
    raised = poses.pose(pose[..., :3] + np.array([0.0, 0.0, RAISED]), pose[..., 3:])
    carriers = {w.others[0]: w.predicate for w in wanted if w.predicate in CARRIERS}
    others = [b for b in world.layout.geometry if b != body and b not in carriers]
    free = room(world, body, raised, others)
    # Only of a container do the walls stand around; a plate's rim is no more than what its support is bounded by.
    walls = room(world, body, raised, [c for c, predicate in carriers.items() if predicate == "inside"])
    tight = np.minimum(free, walls)
    ok = np.isfinite(cost) & (free > TOUCHING)
    cost = np.where(ok, cost + CRAMPED * np.clip(COMFORT - tight, 0.0, COMFORT), np.inf)
    order = np.argsort(cost, axis=1, kind="stable")[:, : IN_DRAWER if in_drawer else OPTIONS]
    pose, ok, cost = (
        np.take_along_axis(pose, order[..., None], axis=1),
        *(np.take_along_axis(values, order, axis=1) for values in (ok, cost)),
    )
    return Placements(pose, ok, cost)


def _released(world: WorldState, found: Placements, manner: Manner, wanted: Sequence[Wanted]) -> Placements:
    """The poses raised to where the body is let go, into a cavity from several heights, and shifted."""
    carrier = next((w for w in wanted if w.predicate in CARRIERS), None)
    anchor = carrier or next((w for w in wanted if w.others), None)
    more = _drops(world, carrier)
    shift = _shift(world, anchor.others[0] if anchor else None, manner)[:, None]
    raised = [found.pose[..., :3] + shift + np.array([0.0, 0.0, manner.height + m]) for m in more]
    pose = np.concatenate([poses.pose(r, found.pose[..., 3:]) for r in raised], axis=1)
    cost = np.concatenate([found.cost + RISE_COST * m for m in more], axis=1)
    return Placements(pose, np.tile(found.ok, len(more)), cost, np.repeat(more, found.ok.shape[1]) - more[0])


def _drops(world: WorldState, carrier: Wanted | None) -> tuple[float, ...]:
    """Heights (m) more than the manner's that a body is let go from, least first."""
    if carrier is None or carrier.predicate != "inside":
        return (0.0,)
    cavity = world.layout.geometry[carrier.others[0]].cavity
    return (*IN_CAVITY, DEEP) if cavity is not None and 2 * cavity.half[2] > DEEP else IN_CAVITY


def _shift(world: WorldState, anchor: str | None, manner: Manner) -> Array:
    """The manner's shift (batch, 3) m in the world, along the level axes of the anchor's frame."""
    yaw = np.zeros(len(world)) if anchor is None else poses.yaw_of(world.body(anchor)[:, 3:])
    return poses.quat_rotate(poses.quat_from_yaw(yaw), np.array([*manner.shift, 0.0]))
