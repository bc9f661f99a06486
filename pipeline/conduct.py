"""Conduct: per-frame checks that a demonstration is one a robot may copy: its touch, its limits, no jumps of bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.geometry import Frozen
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.world import ARM, F32, HAND, PARTS, Actions, WorldState

Array = NDArray[np.float64]
Violation = Literal["hard_touch", "over_limits", "teleport"]

ARM_TOUCH = 5.0
"""N between a link of the arm and anything: a brush. Planners keep the arm's links clear of everything, so that more
means something went wrong."""
HAND_TOUCH = 20.0
"""N between the hand and what is bolted down: the force at which a Franka arm stops by the collision thresholds of
libfranka's own examples (``setDefaultBehavior``)."""
OPERATING = 140.0
"""N between the hand and a moving link of furniture (a drawer, a door): what ISO/TS 15066 allows to press on a person's
hand. The grip of both fingers cancels, so that this is what moves the link, or fails to."""
LIMIT_SLACK, OVERSHOOT = 1e-4, 0.02  # rad (or m) beyond a position limit: commanded (float32), and reached (servo)
SPEED_SLACK, SPEED_OVERSHOOT = 0.01, 0.15  # of a speed limit: commanded (float32), and reached (servo)
WIDTH_OVERSHOOT = 0.008  # m; fingers that close on nothing sink into each other's pads
JUMP, TURN_JUMP = 0.015, 0.4  # m, rad a control step that no velocity explains
SLIDE_JUMP, HINGE_JUMP = 0.02, 0.1  # m, rad of a joint; dials and light lids flick by a few hundredths within a step
IMPACT = 5.0  # m/s a control step; a fall from the table to the floor that ends at once loses 4.4
SINK = 0.005  # m below a table's top that a body's centre is when it has gone through
HANDS = (LEFT_FINGER, RIGHT_FINGER)


class Finding(Frozen):
    """The worst frame of one kind of violation: what is wrong, when, by how much, and who had part in it."""

    cause: Violation
    what: str
    step: int
    """Control step from the reset at the end of which it showed."""
    amount: float
    limit: float
    unit: str
    bodies: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what}: {self.amount:.4g} {self.unit} at step {self.step}, allowed {self.limit:.4g}"


def findings(scene: SceneSpec, states: WorldState, actions: Actions) -> list[Finding]:
    """Everything wrong with one demonstration, check by check.

    ``states`` (steps + 1) of one world over time, the reset first; ``actions`` (steps, dof) as applied.
    """
    start, rate = np.array(scene.robot_start), scene.physics.control_hz
    return [
        *hard_touches(states),
        *limit_breaks(scene.robot, start, actions, qpos=states.qpos, qvel=states.qvel, rate=rate),
        *jumps(states, rate=rate),
        *sunken(states),
    ]


def hard_touches(states: WorldState) -> Iterator[Finding]:
    """Touches of the robot above what is gentle for the part that touches and for what it touches."""
    limits = touch_limits(states.layout)
    over = states.force > limits
    for part, body in np.argwhere(over.any(axis=0)):
        step = int(np.argmax(states.force[:, part, body]))
        name = states.layout.bodies[body]
        yield Finding(
            cause="hard_touch",
            what=f"{PARTS[part]} presses on {name}",
            step=step,
            amount=float(states.force[step, part, body]),
            limit=float(limits[part, body]),
            unit="N",
            bodies=(ROBOT, name),
        )


def touch_limits(layout: SceneLayout) -> Array:
    """Largest gentle force (parts, bodies) N; infinite where the hand's work is, on free things and on itself."""
    limits = np.full((len(PARTS), len(layout.bodies)), np.inf)
    limits[ARM] = ARM_TOUCH
    moving = {f"{name.split('/')[0]}/{joint.link}" for name, joint in layout.joint_specs.items()}
    for body, name in enumerate(layout.bodies):
        if name in layout.fixed:
            limits[HAND, body] = OPERATING if name in moving else HAND_TOUCH
    limits[HAND, layout.body(ROBOT)] = ARM_TOUCH
    return limits


def limit_breaks(
    robot: RobotSpec, start: NDArray[np.floating], actions: Actions, *, qpos: F32, qvel: F32, rate: float
) -> Iterator[Finding]:
    """Joint positions and speeds beyond the robot's card, commanded and reached; gripper widths beyond the stroke.

    ``start`` (dof,) is the command at the reset, ``qpos`` and ``qvel`` (time, dof) are what was reached.
    """
    commanded = np.concatenate([np.asarray(start, float)[None], np.asarray(actions, float)])
    speed = np.abs(np.diff(commanded, axis=0)) * rate
    lower, upper, fastest = _bounds(robot)
    slack = np.where(np.isinf(fastest), WIDTH_OVERSHOOT, OVERSHOOT)
    yield from _beyond(robot, "commanded position beyond the range", _outside(commanded, lower, upper), LIMIT_SLACK)
    yield from _beyond(robot, "reached position beyond the range", _outside(qpos, lower, upper), slack)
    yield from _beyond(robot, "commanded speed", speed, (1 + SPEED_SLACK) * fastest, step=1)
    yield from _beyond(robot, "reached speed", np.abs(qvel), (1 + SPEED_OVERSHOOT) * fastest)


def jumps(states: WorldState, *, rate: float) -> Iterator[Finding]:
    """Bodies and joints that move further in a control step than their velocities before and after explain.

    What a velocity that changes within the step can do at most is its change times the step, and that is allowed.
    """
    for column, name in enumerate(states.layout.bodies):
        if name in (ROBOT, *HANDS) or len(states) < 2:
            continue
        pose, twist = states.pose[:, column].astype(float), states.velocity[:, column].astype(float)
        shift = np.concatenate([pose[1:, :3] - pose[:-1, :3], _turns(pose)], axis=-1)
        for what, part, slack, unit in (("jumps", slice(3), JUMP, "m"), ("flips", slice(3, 6), TURN_JUMP, "rad")):
            over = _unexplained(shift[:, part], twist[:, part], rate=rate)
            yield from _jump(f"{name} {what}", over, slack, unit, name)
        yield from _jump(f"{name} is struck", _norm(np.diff(twist[:, :3], axis=0)), IMPACT, "m/s", name)
    for column, name in enumerate(states.layout.joints):
        shift = np.diff(states.joint[:, column : column + 1].astype(float), axis=0)
        over = _unexplained(shift, states.joint_velocity[:, column : column + 1].astype(float), rate=rate)
        slides = states.layout.joint_specs[name].kind == "prismatic"
        slack, unit = (SLIDE_JUMP, "m") if slides else (HINGE_JUMP, "rad")
        yield from _jump(f"{name} jumps", over, slack, unit, name)


def sunken(states: WorldState) -> Iterator[Finding]:
    """Free bodies whose centre goes down through the top of a table, within its edges."""
    layout = states.layout
    tables = [n for n in layout.bodies if "/" not in n and n in layout.fixed and _is_table(layout, n)]
    for name in (n for n in layout.bodies if n in layout.geometry and n not in layout.fixed):
        centre = poses.compose(states.body(name).astype(float), layout.geometry[name].bounds.pose)[:, :3]
        for table in tables:
            support = layout.geometry[table].support
            assert support is not None
            top = poses.compose(states.body(table).astype(float), support.pose)
            local = poses.compose(poses.inverse(top), poses.pose(centre))[:, :3]
            under = (local[:, 2] < -SINK) & (np.abs(local[:, :2]) < np.array(support.half[:2])).all(axis=1)
            through = np.flatnonzero(under[1:] & (local[:-1, 2] >= -SINK)) + 1
            if len(through):
                step = int(through[0])
                yield Finding(
                    cause="teleport",
                    what=f"{name} passes through {table}",
                    step=step,
                    amount=float(-local[step, 2]),
                    limit=SINK,
                    unit="m",
                    bodies=(name, table),
                )


def _is_table(layout: SceneLayout, name: str) -> bool:
    shape = layout.geometry.get(name)
    return shape is not None and shape.support is not None and shape.cavity is None


def _bounds(robot: RobotSpec) -> tuple[Array, Array, Array]:
    """Lowest and highest position and largest speed (dof,); a gripper's card names no speed."""
    rows = list[tuple[float, float, float]]()
    for group in robot.arms:
        rows += [(joint.lower, joint.upper, joint.max_velocity) for joint in group.arm]
        rows.append((0.0, group.gripper.max_width, np.inf))
    lower, upper, speed = np.array(rows).T
    return lower, upper, speed


def _outside(values: NDArray[np.floating], lower: Array, upper: Array) -> Array:
    return np.maximum(lower - values, values - upper)


def _beyond(
    robot: RobotSpec, what: str, values: NDArray[np.floating], limit: float | Array, *, step: int = 0
) -> Iterator[Finding]:
    """The worst frame of every column of ``values`` (time, dof) that exceeds its limit; frame 0 is step ``step``."""
    limits = np.broadcast_to(limit, values.shape[1:])
    for column in np.flatnonzero((values > limits).any(axis=0)):
        worst = int(np.argmax(values[:, column]))
        name = robot.action_names[column]
        unit = ("m" if "gripper_width" in name else "rad") + ("/s" if "speed" in what else "")
        yield Finding(
            cause="over_limits",
            what=f"{what} of {name}",
            step=worst + step,
            amount=float(values[worst, column]),
            limit=float(limits[column]),
            unit=unit,
            bodies=(ROBOT,),
        )


def _turns(pose: Array) -> Array:
    """Rotation vectors (time - 1, 3) rad from each pose to the next, in the world frame."""
    return poses.quat_to_rotvec(poses.quat_multiply(pose[1:, 3:], poses.quat_conjugate(pose[:-1, 3:])))


def _unexplained(shift: Array, velocity: Array, *, rate: float) -> Array:
    """By how much (time - 1,) shifts exceed what velocities (time, k) at both ends of each control step allow."""
    mean, change = 0.5 * (velocity[1:] + velocity[:-1]), np.diff(velocity, axis=0)
    return _norm(shift - mean / rate) - _norm(change) / rate


def _norm(values: Array) -> Array:
    return np.linalg.norm(values, axis=-1)


def _jump(what: str, amount: Array, limit: float, unit: str, name: str) -> Iterator[Finding]:
    worst = int(np.argmax(amount))
    if amount[worst] > limit:
        yield Finding(
            cause="teleport",
            what=what,
            step=worst + 1,
            amount=float(amount[worst]),
            limit=limit,
            unit=unit,
            bodies=(name,),
        )
