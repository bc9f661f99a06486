"""Push: set two open fingertips against a face of the object and steer it along the table into its region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import plan_transit, raise_tool
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools

# A pair of fingertips makes a line contact, under which the object keeps its heading (Lynch and Mason, 1996).
FINGER_GAP = 0.045  # m
STANDOFF, ABOVE = 0.05, 0.12  # m before the face, and above the table before going down
SPEED, SLOWEST = 0.11, 0.015  # m/s
SLOW_DOWN = 2.5  # 1/s, speed per metre left
STEER, CENTRE = 2.5, 1.5  # 1/s, gains on heading error and on lateral offset
MAX_TURN = 0.6  # rad/s
ARRIVED = 0.004  # m
MAX_STEPS = 110
HEIGHT_SHARE = 0.4  # of the object's height at which the fingertips touch it
LOWEST, HIGHEST = 0.022, 0.05  # m above the table, between which they stay unless told otherwise
SIDES = {"front": np.pi, "back": 0.0, "left": np.pi / 2, "right": -np.pi / 2}
"""Directions (rad) from the object to its sides, as seen from behind the robot; the front faces it."""
APPROACH_POINTS = 5
DOWN = (0.0, 1.0, 0.0, 0.0)  # tool pointing down, x ahead


@declares(
    Signature(
        kind="contact",
        summary="push a body along the table into a region",
        parameters={
            "side": Choice(("auto", *SIDES), "which side of the body the hand pushes; front faces the robot"),
            "height": Number(HEIGHT_SHARE, 0.1, 0.9, "of the body's height", "where the fingertips touch it"),
            "gap": Number(FINGER_GAP, 0.0, 0.08, "m", "between the two fingertips"),
            "overshoot": Number(0.0, -0.05, 0.05, "m", "how far beyond the region's centre the body is pushed"),
            "speed": Number(SPEED, 0.02, 0.25, "m/s", "peak speed of the hand"),
        },
        relations=("within",),
    )
)
def push(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Push ``stage.body`` until its centre lies at the centre of the region that ``stage.relations`` name."""
    ex.begin(f"reach {stage.body}")
    servo = _Servo(ex, stage)
    above, low = _approach(ex, servo)
    model = CollisionModel(ex.arm, ex.state(), width=servo.gap)
    path, ok = plan_transit(ex, above, model)
    ex.fail(
        np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected=f"a free path behind {stage.body}", seen="none"
    )
    ex.move(path, width=np.full(len(ex.q), servo.gap))
    ex.move(low, slowest=0.8)
    ex.begin(str(stage))
    servo.drive()
    _retreat(ex, servo)
    if stage.post is not None:
        ex.require(stage.post, "push_missed")


class _Servo:
    """Steers the hand from the observed pose of the object, one control step at a time."""

    def __init__(self, ex: Execution, stage: Stage) -> None:
        self.ex, self.body = ex, stage.body
        settings = Settings(stage)
        self.speed, self.overshoot = settings.number("speed"), settings.number("overshoot")
        self.gap = min(settings.number("gap"), ex.robot.gripper.max_width)
        state = ex.state()
        self.geometry = state.layout.geometry[stage.body]
        region = state.layout.geometry[stage.relations[0].anchor]
        area = region.cavity or region.bounds
        self.goal = poses.compose(state.body(stage.relations[0].anchor), area.pose)[:, :2]
        self.face, self.depth = self._choose_face(settings.word("side"))
        self.heading = self._face_heading()
        self.flip = np.abs(_wrap(self.heading)) > np.pi / 2
        tip = ex.robot.gripper.pad_half[0]
        reach = self.depth + tip + STANDOFF
        self.position = self._centre() - reach[:, None] * _unit(self.heading)
        tall = 2 * self.geometry.bounds.half[2]
        highest = tall if "height" in stage.parameters else HIGHEST
        self.height = float(np.clip(settings.number("height") * tall, LOWEST, max(highest, LOWEST)))

    def tool(self) -> Array:
        """Commanded tool poses (batch, 7) in the world."""
        turn = np.where(self.flip, np.pi, 0.0)
        quat = poses.quat_multiply(poses.quat_from_yaw(self.heading + turn), np.array(DOWN))
        height = np.full((len(self.position), 1), self.height)
        return poses.pose(np.concatenate([self.position, height], axis=1), quat)

    def drive(self) -> None:
        """Step all worlds until every live row has arrived or the step budget is spent."""
        ex, done = self.ex, np.zeros(len(self.goal), bool)
        rows = np.arange(len(done))
        for _ in range(MAX_STEPS):
            done |= self._advance(~done)
            result = ex.arm.ik(ex.to_base(self.tool(), rows), ex.q, posture=ex.arm.home, iterations=5)
            lost = np.flatnonzero(ex.alive & (result.position_error > 0.01))
            ex.fail(lost, "ik_failed", expected="the arm follows the push", seen="out of reach")
            ex.apply(np.where(ex.alive[:, None], result.q, ex.q)[None], ex.width)
            if (done | ~ex.alive).all():
                break
        ex.wait(0.3)

    def _advance(self, moving: Bools) -> Bools:
        """Move the commanded hand by one control step; returns which rows have arrived."""
        state, dt = self.ex.state(), 1.0 / self.ex.rate
        centre = self._centre()
        gap = self.goal - centre
        ahead, left = _unit(self.heading), _unit(self.heading + np.pi / 2)
        remaining = (gap * ahead).sum(1) + self.overshoot
        touching = centre - state.tcp[:, :2].astype(float)
        distance = (touching * ahead).sum(1) - self.depth
        in_contact = distance < self.ex.robot.gripper.pad_half[0] + 0.006
        speed = np.clip(SLOW_DOWN * remaining, SLOWEST, self.speed)
        bearing = np.where(remaining > 0.02, np.arctan2(gap[:, 1], gap[:, 0]), self.heading)
        turn = np.clip(STEER * _wrap(bearing - self.heading), -MAX_TURN, MAX_TURN) * in_contact
        lateral = CENTRE * (touching * left).sum(1)
        go = moving[:, None] * dt
        self.position = self.position + go * (speed[:, None] * ahead + lateral[:, None] * left)
        self.heading = self.heading + moving * dt * turn
        return remaining < ARRIVED

    def _choose_face(self, side: str) -> tuple[Array, Array]:
        """Body-frame angle of the push direction through the best face (batch,), and depth from face to centre."""
        half = self.geometry.bounds.half
        gap = self.goal - self._centre()
        bearing = np.arctan2(gap[:, 1], gap[:, 0]) if side == "auto" else np.full(len(gap), SIDES[side] + np.pi)
        yaw = poses.yaw_of(self.ex.state().body(self.body)[:, 3:])
        faces = np.array([0.0, np.pi / 2, np.pi, -np.pi / 2])
        error = np.abs(_wrap(bearing[:, None] - (yaw[:, None] + faces)))
        best = np.argmin(error, axis=1)
        return faces[best], np.array([half[0], half[1], half[0], half[1]])[best]

    def _face_heading(self) -> Array:
        return _wrap(poses.yaw_of(self.ex.state().body(self.body)[:, 3:]) + self.face)

    def _centre(self) -> Array:
        pose = self.ex.state().body(self.body).astype(float)
        return poses.compose(pose, self.geometry.bounds.pose)[:, :2]


def _approach(ex: Execution, servo: _Servo) -> tuple[Array, Array]:
    """Joints above the start of the push (batch, n) and the way down (batch, points, n)."""
    above, down = ex.q.copy(), np.repeat(ex.q[:, None], APPROACH_POINTS, axis=1)
    found = ~ex.alive
    # A hand turned by half a turn pushes just as well; it serves the rows that the first attitude cannot.
    for _ in range(2):
        rows = np.flatnonzero(~found)
        if not len(rows):
            break
        up, ok = _way_up(ex, servo.tool()[rows], rows)
        above[rows[ok]], down[rows[ok]] = up[ok, -1], up[ok, -2::-1]
        found[rows[ok]] = True
        servo.flip ^= ~found
    bad = np.flatnonzero(ex.alive & ~found)
    ex.fail(bad, "ik_failed", expected=f"the hand behind {servo.body}", seen="out of reach")
    return above, down


def _way_up(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> tuple[Array, Bools]:
    """Joints (k, points, n) from the start of the push straight up, and whether the arm can."""
    goal = ex.to_base(tool, rows)
    start = ex.arm.ik_restarted(goal)
    heights = np.linspace(0.0, ABOVE, APPROACH_POINTS + 1)
    lifted = np.stack([raise_tool(tool, h) for h in heights], axis=1)
    path, ok = ex.arm.follow(ex.to_base(lifted, rows), start.q)
    return path, ok & start.ok


def _retreat(ex: Execution, servo: _Servo) -> None:
    ex.begin(f"leave {servo.body}")
    present = ex.arm.tool_pose(ex.q)
    steps = np.linspace(0, 1, 7)[1:]
    back = [_moved(present, -0.04 * s * _unit(servo.heading), 0.0) for s in steps]
    up = [_moved(present, -0.04 * _unit(servo.heading), 0.10 * s) for s in steps]
    path, ok = ex.arm.follow(np.stack(back + up, axis=1), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=0.25, length=0.14)


def _moved(pose: Array, xy: Array, z: float) -> Array:
    return poses.pose(pose[:, :3] + np.concatenate([xy, np.full((len(xy), 1), z)], axis=1), pose[:, 3:])


def _unit(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _wrap(angle: Array) -> Array:
    return (angle + np.pi) % (2 * np.pi) - np.pi
