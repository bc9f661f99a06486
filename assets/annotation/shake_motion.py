"""How the hand moves in a shake test, and where the object stands so that the arm can do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.poses import IDENTITY_POSE, compose, pose, quat_from_axis_angle, quat_from_yaw

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

APPROACH, APPROACH_SECONDS, ARRIVE_SECONDS = 0.05, 0.35, 0.2
"""m along the tool's axis, s, s of rest. The hand comes as in a demonstration, at a peak of 0.22 m/s, because what its
servos still lag behind when it closes decides about flat objects."""
LIFT, LIFT_SECONDS = 0.12, 0.6  # m, s
SHIFT, TURN = 0.04, np.radians(15.0)  # m, rad; amplitudes
FREQUENCY, CYCLES = 2.0, 2
"""Hz of sin(2 pi f t), periods a phase: 6.3 m/s2 and 41 rad/s2 are commanded. The Panda's servos lag: of the shift
3.9 m/s2 was measured at the tool, and of a turn of 25 degrees 43 of the commanded 69 rad/s2."""
PHASES = ("lift", "x", "y", "z", "roll", "pitch", "yaw")
YAWS = np.arange(12) * np.pi / 6
DISTANCES = (0.45, 0.55, 0.38)  # m from the robot's base to the tool at the grasp
TRIES = 6  # places for the object that are followed all through, best first


class Solution(Protocol):
    """Joints (n, joints) [rad] and whether each row reached its target (n,)."""

    @property
    def q(self) -> Array: ...  # noqa: D102
    @property
    def ok(self) -> Bools: ...  # noqa: D102


class Reach(Protocol):
    """Inverse kinematics of a robot's arm in its base frame, as a planner offers them."""

    home: Array  # (joints,) rad

    def ik_restarted(self, target: ArrayLike) -> Solution:
        """Joints that put the tool at ``target`` (n, 7)."""
        ...

    def follow(self, targets: ArrayLike, seed: ArrayLike) -> tuple[Array, Bools]:
        """Joints (n, waypoints, joints) along tool poses (n, waypoints, 7) from ``seed`` (n, joints), and which did."""
        ...


@dataclass(frozen=True, eq=False)
class Stand:
    """Where each tested object is put, and the arm's way to its grasp and from there; rows not ``ok`` have none."""

    place: Array  # (n, 7)  T_world_object
    approach: Array  # (n, time, joints)  rad, at the control rate; the last one is the grasp
    path: Array  # (n, time, joints)  rad
    ok: Bools  # (n,)


def motion(hz: float) -> tuple[Array, dict[str, int]]:
    """Tool poses (time, 7) in the frame of the tool at the grasp, lift apart, and the last step of every phase.

    The lift is along the world's z and therefore left to :func:`stands`; its steps hold the identity.
    """
    steps = np.arange(1, round(CYCLES / FREQUENCY * hz) + 1) / hz
    wave = np.sin(2 * np.pi * FREQUENCY * steps)
    parts = [np.tile(IDENTITY_POSE, (round(LIFT_SECONDS * hz), 1))]
    parts += [pose(SHIFT * wave[:, None] * axis) for axis in np.eye(3)]
    parts += [pose(np.zeros((len(wave), 3)), quat_from_axis_angle(axis, TURN * wave)) for axis in np.eye(3)]
    ends = np.cumsum([len(p) for p in parts]) - 1
    return np.concatenate(parts), dict(zip(PHASES, map(int, ends), strict=True))


def stands(grasps: Array, reach: Reach, *, hz: float) -> Stand:
    """A stand for every tool pose (n, 7) in the frame of an object that rests on the ground the robot stands on."""
    offsets, ends = motion(hz)
    coming = _coming(hz)
    places, grasp_q, order = _options(grasps, reach)
    count, joints = len(grasps), len(reach.home)
    found = Stand(
        np.tile(IDENTITY_POSE, (count, 1)), np.zeros((count, len(coming), joints)),
        np.zeros((count, len(offsets), joints)), np.zeros(count, bool),
    )  # fmt: skip
    for option in _tries(order):
        rows = np.flatnonzero(~found.ok & np.isfinite(option))
        if not len(rows):
            continue
        index = option[rows].astype(int)
        tool, q = compose(places[rows, index], grasps[rows]), grasp_q[rows, index]
        path, ok = reach.follow(_tool_path(tool, offsets, lift=ends["lift"] + 1), q)
        # Followed backwards from the grasp, so that it ends in just these joints.
        back, came = reach.follow(compose(tool[:, None], coming[-2::-1]), q)
        approach = np.concatenate([back[:, ::-1], q[:, None]], axis=1)
        good = ok & came
        took = rows[good]
        found.place[took], found.approach[took] = places[took, index[good]], approach[good]
        found.path[took], found.ok[took] = path[good], True
    return found


def _coming(hz: float) -> Array:
    """Tool poses (time, 7) of the approach in the frame of the tool at the grasp, where it ends."""
    share = (1 + np.cos(np.pi * np.linspace(0.0, 1.0, round(APPROACH_SECONDS * hz) + 1))) / 2
    return pose(np.stack([np.zeros_like(share), np.zeros_like(share), -APPROACH * share], axis=-1))


def _options(grasps: Array, reach: Reach) -> tuple[Array, Array, Array]:
    """Places (n, options, 7), joints at the grasp (n, options, joints), cost (n, options): inf where out of reach."""
    turned = compose(pose(np.zeros((len(YAWS), 3)), quat_from_yaw(YAWS)), grasps[:, None])  # (n, yaws, 7)
    places = np.concatenate([_under(turned, (d, 0.0)) for d in DISTANCES], axis=1)
    tools = compose(places, grasps[:, None])
    shape = places.shape[:2]
    at = reach.ik_restarted(tools.reshape(-1, 7))
    q = at.q.reshape(*shape, -1)
    cost = np.linalg.norm(q - reach.home, axis=-1)
    return places, q, np.where(at.ok.reshape(shape), cost, np.inf)


def _under(turned: Array, at: tuple[float, float]) -> Array:
    """Places (n, yaws, 7) of the object, turned, that bring the tool over the point ``at`` [m]."""
    shift = np.array(at) - turned[..., :2]
    shift = np.concatenate([shift, np.zeros((*shift.shape[:-1], 1))], axis=-1)
    return pose(shift, np.broadcast_to(quat_from_yaw(YAWS), (*turned.shape[:2], 4)))


def _tries(cost: Array) -> Iterator[Array]:
    """Indices (n,) of the best options one after the other; NaN where a row has no further one."""
    order = np.argsort(cost, axis=1, kind="stable")
    for k in range(min(TRIES, cost.shape[1])):
        best = order[:, k]
        yield np.where(np.isfinite(cost[np.arange(len(cost)), best]), best, np.nan)


def _tool_path(tool: Array, offsets: Array, *, lift: int) -> Array:
    """Tool poses (n, time, 7): straight up from ``tool`` (n, 7), smoothly, then shaken there."""
    share = np.ones(len(offsets))
    share[:lift] = (1 - np.cos(np.pi * np.arange(1, lift + 1) / lift)) / 2
    path = np.repeat(tool[:, None], len(offsets), axis=1)
    path[..., 2] += LIFT * share
    return compose(path, offsets)
