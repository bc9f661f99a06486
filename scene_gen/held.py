"""Goals that ask for a thing in the hand: the thing lifted until they hold, and the arm at a grasp of it there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import Unplaceable
from pipeline.core.geometry import Grasp
from pipeline.core.goal import Atom
from pipeline.core.kinematics import SerialChain
from pipeline.core.poses import compose, matrix_to_quat, pose, quat_to_rotvec, to_matrix
from pipeline.core.robot import RobotSpec
from pipeline.holds import true_of
from scene_gen.arrangement import Arrangement

Array = NDArray[np.float64]
Literal = tuple[Atom, bool]
IN_HAND = ("holding", "raised")  # what only a hand can make true
RISES = (0.10, 0.14, 0.18, 0.22, 0.26)  # m by which a thing is lifted until the goal holds
SPARE = 0.03  # m that it is lifted beyond that: it may settle a little in the hand
SQUEEZE = 0.008  # m by which the fingers start closer together than the thing is wide
GRASPS = 12  # of a thing, best first, that are tried
ITERATIONS, DAMPING, STEP = 80, 0.03, 0.3  # of inverse kinematics; the last in rad a joint
REACHED = 0.002  # m and rad together


def held_up(arrangement: Arrangement, literals: Sequence[Literal], robot: RobotSpec) -> tuple[float, ...] | None:
    """Lift what the literals want held, and return the robot's joints with it between the fingers; None without any.

    The robot's base is the world's origin. Raises :class:`Unplaceable` when no grasp of it is in reach up there.
    """
    names = dict.fromkeys(a.args[0] for a, positive in literals if positive and a.predicate in IN_HAND)
    if not names:
        return None
    if len(names) > 1:
        raise Unplaceable(f"One hand cannot hold {', '.join(map(repr, names))}.")
    name = next(iter(names))
    stood = np.array(arrangement.poses[name])
    about = [(a, positive) for a, positive in literals if name in a.args and a.predicate != "holding"]
    for rise in RISES:
        arrangement.put(name, compose(pose((0.0, 0.0, rise)), stood))
        world = arrangement.world()
        if all(bool(true_of(a, world)[0]) == positive for a, positive in about):
            arrangement.put(name, compose(pose((0.0, 0.0, rise + SPARE)), stood))
            joints = _grasped(arrangement, name, robot)
            if joints is not None:
                return joints
    raise Unplaceable(f"{name!r} cannot be held where the goal wants it: no grasp is in reach up to {RISES[-1]} m.")


def without_hand(literals: Sequence[Literal]) -> list[Literal]:
    """The literals that say nothing of what is held, which can be laid out without the robot."""
    held = {a.args[0] for a, positive in literals if positive and a.predicate in IN_HAND}
    return [(a, positive) for a, positive in literals if a.args[0] not in held]


def _grasped(arrangement: Arrangement, name: str, robot: RobotSpec) -> tuple[float, ...] | None:
    grasps = sorted(arrangement.geometry(name).grasps, key=lambda g: -g.score)[:GRASPS]
    if not grasps:
        raise Unplaceable(f"{name!r} has no grasp.")
    at = np.array(arrangement.poses[name])
    joints, reached = _search(robot, compose(at, np.array([g.pose for g in grasps])))
    best = next((i for i, ok in enumerate(reached) if ok), None)
    return None if best is None else (*map(float, joints[best]), _width(grasps[best]), *robot.others_home)


def _width(grasp: Grasp) -> float:
    return max(grasp.width - SQUEEZE, 0.0)


def _search(robot: RobotSpec, targets: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Arm joints (n, joints) by damped least squares from home, for tool poses (n, 7); and which were reached."""
    chain, goal = SerialChain(robot), to_matrix(targets)
    lower, upper = (np.array([getattr(j, side) for j in robot.arm]) for side in ("lower", "upper"))
    q = np.repeat(np.array(robot.home, float)[None], len(targets), axis=0)
    q[:, 0] = np.clip(np.arctan2(targets[:, 1], targets[:, 0]), lower[0], upper[0])
    error = np.zeros((len(q), 6))
    for _ in range(ITERATIONS):
        frames = chain.frames(q)
        error = _error(goal, chain.tool(frames))
        jacobian = chain.jacobian(frames)
        transposed = np.swapaxes(jacobian, -1, -2)
        step = (transposed @ np.linalg.solve(jacobian @ transposed + DAMPING**2 * np.eye(6), error[..., None]))[..., 0]
        scale = np.minimum(1.0, STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-9))
        q = np.clip(q + scale * step, lower, upper)
    return q, np.linalg.norm(error, axis=1) < REACHED


def _error(goal: Array, tool: Array) -> Array:
    """Position [m] and rotation [rad] from ``tool`` to ``goal`` (n, 4, 4), base frame: (n, 6)."""
    turn = goal[:, :3, :3] @ np.swapaxes(tool[:, :3, :3], -1, -2)
    return np.concatenate([goal[:, :3, 3] - tool[:, :3, 3], quat_to_rotvec(matrix_to_quat(turn))], axis=1)
