"""Push: set two open fingertips against a face of the object and steer it along the table into its region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.planar_push import FACES, taken
from demo_solvers.planning.transit import plan_transit, raise_tool
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from demo_solvers.skills._aimed import AimedServo, asks_for_heading
from demo_solvers.skills._servo import STEERABLE, Servo, unit
from pipeline.core import poses
from pipeline.core.episode import Cause
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.holds import holds, parse

# A pair of fingertips makes a line contact, under which the object keeps its heading (Lynch and Mason, 1996).
FINGER_GAP = 0.045  # m
ABOVE = (0.12, 0.05)  # m above the start of the push before going down; less where the arm cannot do more
SPEED = 0.11  # m/s
LEAN = 0.5  # rad
HEIGHT_SHARE = 0.4  # of the object's height at which the fingertips touch it
SIDES = {"front": np.pi, "back": 0.0, "left": np.pi / 2, "right": -np.pi / 2}
"""Directions (rad) from the object to its sides, as seen from behind the robot; the front faces it."""
APPROACH_POINTS = 5
PUSHES, AIMED = 3, 7  # at most, and where the body is also to be turned
TRIED = 16  # places to push at that are tried, from the best on
LEAST, SOONEST = 140, 100  # control steps that another push needs
ROOMY, HURRY = 0.15, 0.1  # rad of room in the joints that is enough, and what of it a rad of their way is worth
BACKWARDS = 1.3  # rad off the way to go from which a push through a face does not help


@declares(
    Signature(
        kind="contact",
        summary="push a body along the table into a region",
        parameters={
            "side": Choice(("auto", *SIDES), "which side of the body the hand pushes; front faces the robot"),
            "height": Number(HEIGHT_SHARE, 0.1, 0.9, "of the body's height", "where the fingertips touch it"),
            "lean": Number(LEAN, 0.0, 0.9, "rad", "how far the hand leans back behind what is taller than its fingers"),
            "gap": Number(FINGER_GAP, 0.0, 0.08, "m", "between the two fingertips"),
            "overshoot": Number(0.0, -0.05, 0.05, "m", "how far beyond the region's centre the body is pushed"),
            "speed": Number(SPEED, 0.02, 0.25, "m/s", "peak speed of the hand"),
        },
        relations=("within",),
    )
)
def push(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Push ``stage.body`` until its centre lies at the centre of the region that ``stage.relations`` name.

    What one push does not bring there is pushed again, through another face if need be, while there is time. Where the
    body is also to lie along the region, pushes are planned that turn it, too; where they touch it is theirs to say.
    """
    goal = parse(stage.post or f"(within {stage.body} {stage.relations[0].anchor})")
    everyone, trouble = ex.alive.copy(), dict[int, _Trouble]()
    aimed = asks_for_heading(stage)
    for number in range(AIMED if aimed else PUSHES):
        waiting = ex.alive & ~holds(goal, ex.state())
        if not waiting.any() or (number > 0 and ex.worlds.steps_left < (SOONEST if aimed else LEAST)):
            break
        trouble = {row: why for row, why in trouble.items() if not waiting[row]}
        ex.alive = waiting
        _push_once(ex, stage, trouble)
        ex.alive = everyone & np.array([d.cause == "none" for d in ex.diagnoses])
    if stage.post is not None:
        ex.wait(0.15)
    missed = np.flatnonzero(ex.alive & ~holds(goal, ex.state()))
    for row in missed:
        why = trouble.get(int(row), _Trouble("push_missed", str(stage.post), "does not hold"))
        ex.fail([row], why.cause, expected=why.expected, seen=why.seen, bodies=(stage.body,))


@dataclass(frozen=True)
class _Trouble:
    cause: Cause
    expected: str
    seen: str


def _push_once(ex: Execution, stage: Stage, trouble: dict[int, _Trouble]) -> None:
    """Push what takes part; rows in trouble are noted, and stand still from there on."""

    def drop(rows: Bools, cause: Cause, expected: str, seen: str) -> None:
        trouble.update({int(row): _Trouble(cause, expected, seen) for row in np.flatnonzero(ex.alive & rows)})
        ex.alive = ex.alive & ~rows

    ex.begin(f"reach {stage.body}")
    servo = AimedServo(ex, stage) if asks_for_heading(stage) else Servo(ex, stage)
    model = CollisionModel(ex.arm, ex.state(), width=servo.touch.gap)
    if isinstance(servo, AimedServo):
        above, low, found = _aimed(ex, servo, model)
    else:
        above, low, found = _approach(ex, servo, Settings(stage).word("side"), model)
    drop(~found, "ik_failed", f"the hand behind {stage.body}", "out of reach")
    path, ok = plan_transit(ex, above, model)
    drop(~ok, "path_in_collision", f"a free path behind {stage.body}", "none")
    if not ex.alive.any():
        return
    ex.move(path, width=servo.gap)
    ex.move(low, slowest=0.8)
    ex.begin(str(stage))
    stuck, tipped = servo.drive()
    drop(tipped, "push_missed", f"{stage.body} stays upright", "it tipped over")
    drop(stuck, "ik_failed", "the arm follows the push", "out of reach")
    ex.alive = ex.alive | stuck  # they too draw back
    _retreat(ex, servo)


def _approach(ex: Execution, servo: Servo, side: str, model: CollisionModel) -> tuple[Array, Array, Bools]:
    """Joints above the start of the push (batch, n), the way down (batch, points, n), and who has them.

    The face that points best comes first, then, for what that one does not serve, those that help at all.
    """
    reach = _Reach.of(ex, servo)
    error = servo.errors(servo.bearing if side == "auto" else np.full(len(ex.q), SIDES[side] + np.pi))
    order = np.argsort(error, axis=1, kind="stable")
    best = np.zeros(len(ex.q), int)
    tries = ((STEERABLE, ABOVE[0], True), (STEERABLE, ABOVE[1], True), (BACKWARDS, ABOVE[0], True))
    for allowed, rise, to_the_end in (*tries, (BACKWARDS, ABOVE[1], False)):
        for rank in range(len(FACES) if side == "auto" else 1):
            face = order[:, rank]
            servo.face(face)
            fits = (np.take_along_axis(error, face[:, None], axis=1)[:, 0] <= allowed) | (side != "auto")
            got = reach.look(model, fits, rise=rise, to_the_end=to_the_end)
            best[got] = face[got]
    servo.face(best)
    servo.flip = reach.flips
    return reach.above, reach.down, reach.found


def _aimed(ex: Execution, servo: AimedServo, model: CollisionModel) -> tuple[Array, Array, Bools]:
    """As :func:`_approach`, for the best planned push that the arm can do."""
    reach, options = _Reach.of(ex, servo, near=True), servo.options()[:TRIED]
    best = np.zeros(len(ex.q), int)
    for rise in ABOVE:
        for rank, push in enumerate(options):
            if reach.found.all():
                break
            servo.aim(push)
            got = reach.look(model, np.ones(len(ex.q), bool), rise=rise, to_the_end=True)
            best[got] = rank
    servo.aim(taken(options, best))
    servo.flip = reach.flips
    return reach.above, reach.down, reach.found


@dataclass(frozen=True, eq=False)
class _Reach:
    """Which rows have found a push that the arm can do, and the joints above it and on the way down to it."""

    ex: Execution
    servo: Servo
    above: Array  # (batch, n)
    down: Array  # (batch, points, n)
    found: Bools
    flips: Bools
    near: bool  # whether of two ways to hold the hand the nearer one is taken, if its joints have room enough

    @staticmethod
    def of(ex: Execution, servo: Servo, *, near: bool = False) -> _Reach:
        """Nothing is found yet; who does not take part needs nothing."""
        down = np.repeat(ex.q[:, None], APPROACH_POINTS, axis=1)
        return _Reach(ex, servo, ex.q.copy(), down, ~ex.alive, np.zeros(len(ex.q), bool), near)

    def look(self, model: CollisionModel, fits: Bools, *, rise: float, to_the_end: bool) -> NDArray[np.intp]:
        """Of the rows without a push that this one ``fits``, those in which the arm can do it."""
        rows = np.flatnonzero(~self.found & fits)
        # A hand turned by half a turn pushes just as well: of the two the one with more room in its joints.
        room = np.full(len(self.found), -np.inf)
        for _ in range(2 if len(rows) else 0):
            up, spare = _way_up(self.ex, self.servo, rows, model, rise=rise, to_the_end=to_the_end)
            if self.near:
                spare = np.minimum(spare, ROOMY) - HURRY * np.abs(up[:, -1] - self.ex.q[rows]).max(axis=1)
            better = rows[spare > room[rows]]
            room[rows] = np.maximum(room[rows], spare)
            self.above[better], self.down[better] = up[np.isin(rows, better), -1], up[np.isin(rows, better), -2::-1]
            self.flips[better] = self.servo.flip[better]
            self.servo.flip = ~self.servo.flip
        got = rows[np.isfinite(room[rows])]
        self.found[got] = True
        return got


def _way_up(
    ex: Execution, servo: Servo, rows: NDArray[np.intp], model: CollisionModel, *, rise: float, to_the_end: bool
) -> tuple[Array, Array]:
    """Joints (k, points, n) from the start of the push straight up, and how far (k,) rad they and those of the push
    stay from their limits; -inf where the arm cannot.
    """
    tool = servo.tool()[rows]
    start = ex.arm.ik_restarted(ex.to_base(tool, rows))
    heights = np.linspace(0.0, rise, APPROACH_POINTS + 1)
    lifted = np.stack([raise_tool(tool, h) for h in heights], axis=1)
    path, ok = ex.arm.follow(ex.to_base(lifted, rows), start.q)
    ok &= start.ok & model.free(path, rows, ignore=("table",))
    spare = _spare(ex, path)
    if to_the_end:
        share, last = np.linspace(0, 1, 5)[1:, None], servo.last_tool()[rows]
        turn = poses.quat_to_rotvec(poses.quat_multiply(last[:, 3:], poses.quat_conjugate(tool[:, 3:])))
        turned = poses.quat_multiply(poses.quat_from_rotvec(share * turn[:, None]), tool[:, None, 3:])
        along = poses.pose(tool[:, None, :3] + share * (last - tool)[:, None, :3], turned)
        pushing, reached = ex.arm.follow(ex.to_base(along, rows), start.q)
        ok, spare = ok & reached, np.minimum(spare, _spare(ex, pushing))
    return path, np.where(ok, spare, -np.inf)


def _spare(ex: Execution, path: Array) -> Array:
    """Smallest distance (k,) rad of a path (k, points, n) from the joints' limits."""
    return np.minimum(path - ex.arm.lower, ex.arm.upper - path).min(axis=(1, 2))


def _retreat(ex: Execution, servo: Servo) -> None:
    ex.begin(f"leave {servo.body}")
    rows, steps = np.arange(len(ex.q)), np.linspace(0, 1, 7)[1:]
    present = poses.compose(ex.state().body("robot").astype(float), ex.arm.tool_pose(ex.q))
    away = -0.04 * unit(servo.heading)
    back = [_moved(present, s * away, 0.0) for s in steps if servo.back_first]
    up = [_moved(present, away if servo.back_first else s * away, 0.10 * s) for s in steps]
    path, ok = ex.arm.follow(ex.to_base(np.stack(back + up, axis=1), rows), ex.q)
    path[~ok] = ex.q[~ok, None]  # it stays where it is: the push itself is done
    ex.line(path, speed=servo.leaves_at, length=0.14)


def _moved(pose: Array, xy: Array, z: float) -> Array:
    return poses.pose(pose[:, :3] + np.concatenate([xy, np.full((len(xy), 1), z)], axis=1), pose[:, 3:])
