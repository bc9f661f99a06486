"""The pushing hand: two fingertips at a face of a body, steered from the body's observed pose step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.planar_push import FACES, wrapped
from demo_solvers.planning.spots import table_height
from demo_solvers.skill import Settings
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry
from pipeline.core.program import Stage
from pipeline.core.world import Bools

STANDOFF = 0.05  # m before the face
SLOWEST = 0.015  # m/s
SLOW_DOWN = 2.5  # 1/s, speed per metre left
STEER, CENTRE = 2.5, 1.5  # 1/s, gains on heading error and on lateral offset
MAX_TURN = 0.6  # rad/s
ARRIVED = 0.004  # m
MAX_STEPS = 110
OFF, ASKEW = 0.01, 0.15  # m and rad by which the arm misses the hand's way when it is stuck
TIPPED = np.cos(np.deg2rad(30.0))
LOWEST, HIGHEST = 0.022, 0.05  # m above the table, between which the fingertips stay unless told otherwise
UP_TO = 0.75  # of a body's height: how far up it is touched to keep the hand upright
RISE = 0.2  # m that a hand which rises goes up for each metre: one that sags drags down what it pushes, and wedges
TOP = 0.88  # of a body's height, up to which a hand that rises touches it
SLENDER = 0.8  # of half the width: pushed higher up, a body tips over its far edge where friction is high
UNDER_PALM = (
    0.02  # m that a body stays below the palm of an upright hand, which would come down on it when it gives way
)
STEERABLE = 0.7  # rad between a face and the way to go that steering makes up for
DOWN = np.array([0.0, 1.0, 0.0, 0.0])  # tool pointing down, x ahead


@dataclass(frozen=True)
class Touch:
    """How the hand touches the body: height m above the table, gap m of the fingers, lean rad, speed, overshoot."""

    height: float
    gap: float
    lean: float
    speed: float
    overshoot: float

    @staticmethod
    def of(ex: Execution, stage: Stage, *, upright: bool = False) -> Touch:
        """What a stage asks for; the hand leans only behind what stands higher than its palm would be.

        An ``upright`` hand reaches further: it rather touches a low body a little higher up.
        """
        settings, gripper = Settings(stage), ex.robot.gripper
        half = ex.state().layout.geometry[stage.body].bounds.half
        tall, steady = 2 * half[2], min(HIGHEST, SLENDER * min(half[:2]))
        highest = max(tall if "height" in stage.parameters else steady, LOWEST)
        height = float(np.clip(settings.number("height") * tall, LOWEST, highest))
        clear = tall - gripper.palm_clearance + UNDER_PALM  # from where on the palm need not lean back
        if upright and height < clear <= min(highest, UP_TO * tall):
            height = clear
        high = tall > height + gripper.palm_clearance - UNDER_PALM + 1e-9
        return Touch(
            height=height,
            gap=min(settings.number("gap"), gripper.max_width),
            lean=settings.number("lean") if high else 0.0,
            speed=settings.number("speed"),
            overshoot=settings.number("overshoot"),
        )


class Servo:
    """One push of every row: the face it goes through is chosen with :meth:`face`, then :meth:`drive` runs it."""

    lift = 0.0  # m that the hand goes up by for each metre of a push
    leash = np.inf  # m that it may be commanded ahead of where it is
    leaves_at, back_first = 0.25, True  # m/s, and whether it goes back before it goes up

    def __init__(self, ex: Execution, stage: Stage, *, upright: bool = False) -> None:
        self.ex, self.body, self.touch = ex, stage.body, Touch.of(ex, stage, upright=upright)
        state = ex.state()
        self.geometry: BodyGeometry = state.layout.geometry[stage.body]
        region = state.layout.geometry[stage.relations[0].anchor]
        area = region.cavity or region.bounds
        self.goal = poses.compose(state.body(stage.relations[0].anchor), area.pose)[:, :2]
        self.table, self.highest = table_height(state), TOP * 2 * self.geometry.bounds.half[2]
        self.flip = np.zeros(len(self.goal), bool)
        self.face(np.zeros(len(self.goal), int))

    def errors(self, bearing: Array) -> Array:
        """Angle (batch, 4) rad between a push through each face and directions (batch,) in the world."""
        yaw = poses.yaw_of(self.ex.state().body(self.body)[:, 3:])
        return np.abs(wrapped(bearing[:, None] - (yaw[:, None] + FACES)))

    @property
    def bearing(self) -> Array:
        """Direction (batch,) rad from the body to its goal."""
        gap = self.goal - self._centre()
        return np.arctan2(gap[:, 1], gap[:, 0])

    def face(self, index: np.ndarray) -> None:
        """Set every row's hand before its face ``index`` (batch,), pushing straight through it."""
        half = self.geometry.bounds.half
        self.depth = np.array([half[0], half[1], half[0], half[1]])[index]
        self.heading = wrapped(poses.yaw_of(self.ex.state().body(self.body)[:, 3:]) + FACES[index])
        self.flip = np.abs(self.heading) > np.pi / 2
        self.beside, self.risen = np.zeros(len(index)), np.zeros(len(index))
        self.position = self._centre() - self._reach(STANDOFF)[:, None] * unit(self.heading)
        gap = self.goal - self._centre()
        ahead = unit(self.heading)
        # Through a face that points elsewhere the body is brought level with its goal; another push does the rest.
        aside = np.abs(wrapped(self.bearing - self.heading)) > STEERABLE
        level = self._centre() + (gap * ahead).sum(1)[:, None] * ahead
        self.target = np.where(aside[:, None], level, self.goal)

    @property
    def gap(self) -> Array:
        """Opening (batch,) m of the fingers."""
        return np.full(len(self.goal), self.touch.gap)

    def tool(self) -> Array:
        """Commanded tool poses (batch, 7) in the world."""
        return self._tool_at(self.position, self.heading)

    def last_tool(self) -> Array:
        """Tool poses (batch, 7) at the end of the push, were it to go straight."""
        return self._tool_at(self.target - self._reach(0.0)[:, None] * unit(self.heading), self.heading)

    def drive(self) -> tuple[Bools, Bools]:
        """Step all worlds until every live row has arrived, is stuck or its body has tipped; returns the last two."""
        ex = self.ex
        done, stuck = ~ex.alive, np.zeros(len(self.goal), bool)
        rows = np.arange(len(done))
        for _ in range(min(MAX_STEPS, ex.worlds.steps_left)):
            done |= self._advance(~done) | self.tipped
            # No pull towards home: the way was followed without one when the face was chosen.
            result = ex.arm.ik(ex.to_base(self.tool(), rows), ex.q, iterations=8)
            lost = ~done & ((result.position_error > OFF) | (result.rotation_error > ASKEW))
            stuck, done = stuck | lost, done | lost
            ex.apply(np.where(done[:, None], ex.q, result.q)[None], ex.width)
            if done.all():
                break
        ex.wait(0.3)
        return stuck, self.tipped

    @property
    def tipped(self) -> Bools:
        """Whose body (batch,) no longer stands."""
        up = poses.quat_rotate(self.ex.state().body(self.body)[:, 3:], np.array([0.0, 0.0, 1.0]))
        return up[:, 2] < TIPPED

    def _advance(self, moving: Bools) -> Bools:
        """Move the commanded hand by one control step; returns which rows have arrived."""
        dt = 1.0 / self.ex.rate
        ahead, left = unit(self.heading), unit(self.heading + np.pi / 2)
        touching = self._centre() - self.ex.state().tcp[:, :2].astype(float)
        in_contact = (touching * ahead).sum(1) - self.depth < self._tip + 0.006
        remaining, turn, fastest = self._course()
        speed = np.clip(SLOW_DOWN * remaining, SLOWEST, fastest)
        lateral = CENTRE * ((touching * left).sum(1) + self.beside)
        lag = np.linalg.norm(self.position - self.ex.state().tcp[:, :2], axis=1)
        go = (moving & (remaining >= ARRIVED))[:, None] * dt
        rise = np.minimum(self.risen + self.lift * go[:, 0] * speed * in_contact, self.highest - self.touch.height)
        self.risen = np.maximum(rise, 0.0)
        go = go * (lag < self.leash)[:, None]
        self.position = self.position + go * (speed[:, None] * ahead + lateral[:, None] * left)
        self.heading = self.heading + go[:, 0] * turn * in_contact
        return remaining < ARRIVED

    def _course(self) -> tuple[Array, Array, Array]:
        """How far [m] there is to go, how fast [rad/s] to turn, and how fast [m/s] to go at most, (batch,) each."""
        gap = self.target - self._centre()
        remaining = (gap * unit(self.heading)).sum(1) + self.touch.overshoot
        bearing = np.where(remaining > 0.02, np.arctan2(gap[:, 1], gap[:, 0]), self.heading)
        turn = np.clip(STEER * wrapped(bearing - self.heading), -MAX_TURN, MAX_TURN)
        return remaining, turn, np.full(len(remaining), self.touch.speed)

    @property
    def _tip(self) -> float:
        """How far [m] the fingertips stand out ahead of the tool's centre."""
        gripper, lean = self.ex.robot.gripper, self.touch.lean
        return gripper.pad_half[0] * np.cos(lean) + gripper.finger_depth * np.sin(lean)

    def _reach(self, standoff: float) -> Array:
        return self.depth + self._tip + standoff

    def _tool_at(self, position: Array, heading: Array) -> Array:
        lean = poses.quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), -self.touch.lean)
        turned = poses.quat_multiply(poses.quat_from_yaw(np.where(self.flip, np.pi, 0.0)), DOWN)
        quat = poses.quat_multiply(poses.quat_from_yaw(heading), poses.quat_multiply(lean, turned))
        height = self.table + self.touch.height + self.risen
        return poses.pose(np.concatenate([position, height[:, None]], axis=1), quat)

    def _centre(self) -> Array:
        pose = self.ex.state().body(self.body).astype(float)
        return poses.compose(pose, self.geometry.bounds.pose)[:, :2]


def unit(angle: Array) -> Array:
    """Unit vectors (..., 2) at angles (...,) rad."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
