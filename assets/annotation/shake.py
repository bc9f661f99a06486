"""Shake test of grasp candidates: a robot closes its hand on the object, lifts it and shakes it, in physics.

After Eppner, Mousavian, Fox, "ACRONYM: A Large-Scale Grasp Dataset Based on Simulation" (ICRA 2021),
where the closed hand moves along its approach and turns about an axis, and a grasp counts if both fingers still touch.
Here the object stands on the ground, gravity is on, the hand is a whole arm's, it moves along and about all three axes
of the tool, and the result is a number: see :func:`scored`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.annotation.shake_motion import ARRIVE_SECONDS, PHASES, Array, Reach, Stand, motion, stands
from assets.values import pose7
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Simulator
from pipeline.core.errors import SimulationError
from pipeline.core.geometry import Grasp
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT
from pipeline.core.poses import compose, inverse, transform_points
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Physics, Placement, SceneSpec
from pipeline.core.world import WorldTrace

OPENING, SQUEEZE = 0.03, 0.03  # m wider and narrower than the object: how demonstrations open and command the hand
CLOSE_SECONDS, SETTLE_SECONDS = 0.3, 0.2
LOST = 0.05  # m; a grasp whose object has shifted so far in the hand is worth nothing
TOUCHED = 3  # steps at a phase's end in one of which each finger must touch; contact flickers
HOLDS = 0.5
"""From this score on a grasp counts as holding."""
LIFTS = 1 / len(PHASES)
"""More than this takes two phases at least: the object was lifted and then shifted."""
WHERE = "links..grasps.shake"
"""The field of a card that the test's author is recorded for."""


@dataclass(frozen=True, eq=False)
class _Plan:
    """Actions (time, batch, dof); the steps at which the hand is there, has closed, and ends each phase."""

    actions: NDArray[np.float32]
    arrived: int
    closed: int
    ends: tuple[int, ...]

    def row(self, k: int) -> _Plan:
        return _Plan(self.actions[:, k : k + 1], self.arrived, self.closed, self.ends)


def shake_test(spec: AssetSpec, simulator: Simulator, *, robot: RobotSpec, reach: Reach) -> AssetSpec:
    """The card with a score for every grasp of the free object that had none; the author is recorded.

    A candidate that the arm cannot reach and shake anywhere on flat ground keeps None.
    """
    base = spec.links[""]
    todo = [k for k, g in enumerate(base.grasps) if g.shake is None]
    if spec.fixed or not todo:
        return spec
    scores = shake_scores(spec, [base.grasps[k] for k in todo], simulator, robot=robot, reach=reach)
    grasps = list(base.grasps)
    for k, score in zip(todo, scores, strict=True):
        grasps[k] = grasps[k].model_copy(update={"shake": score})
    author = f"shake test ({simulator.info.name} {simulator.info.version}, {robot.name})"
    links = spec.links | {"": base.model_copy(update={"grasps": tuple(grasps)})}
    return spec.model_copy(update={"links": links, "authors": spec.authors | {WHERE: author}})


def shake_scores(
    spec: AssetSpec, grasps: Sequence[Grasp], simulator: Simulator, *, robot: RobotSpec, reach: Reach
) -> list[float | None]:
    """A score a grasp, all tested side by side; None where the arm cannot do it or would stand in the ground."""
    if not grasps:
        return []
    physics = Physics()
    stand = stands(np.array([g.pose for g in grasps]), reach, hz=physics.control_hz)
    rows = [int(k) for k in np.flatnonzero(stand.ok)]
    scores: list[float | None] = [None] * len(grasps)
    scenes = [_scene(spec, grasps[k], stand, k, robot) for k in rows]
    if not scenes:
        return scores
    plan = _actions(scenes, [grasps[k] for k in rows], stand, rows)
    for k, score in zip(rows, _tested(spec.name, scenes, plan, simulator), strict=True):
        scores[k] = score
    return scores


def scored(trace: WorldTrace, name: str, corners: Array, *, closed: int, ends: Sequence[int]) -> Array:
    """Scores (batch,) in [0, 1] of a trace in which the hand had closed on body ``name`` at step ``closed``.

    The mean over the phases that end at steps ``ends`` of: 0 if one of the fingers no longer touches the object, else
    1 - slip / 5 cm, not below 0. The slip [m] is how far the corners of the object's bounds (8, 3) have moved in the
    tool's frame since the hand closed, root mean square.
    """
    began = _corners_in_hand(trace, name, corners, closed)
    worth = list[Array]()
    for end in ends:
        last = [trace.at(t) for t in range(end - TOUCHED + 1, end + 1)]
        held = np.all(
            [np.any([s.touching(f, name) for s in last], axis=0) for f in (LEFT_FINGER, RIGHT_FINGER)], axis=0
        )
        moved = np.linalg.norm(_corners_in_hand(trace, name, corners, end) - began, axis=-1)
        slip = np.sqrt((moved**2).mean(axis=-1))
        worth.append(held * np.clip(1 - slip / LOST, 0.0, 1.0))
    return np.mean(worth, axis=0)


def _tested(name: str, scenes: Sequence[SceneSpec], plan: _Plan, simulator: Simulator) -> list[float | None]:
    """Scores of the scenes, in one batch; where a world diverges, one by one, and that world is worth nothing."""
    try:
        start = simulator.load(scenes)
        trace = simulator.run(plan.actions)
    except SimulationError:
        if len(scenes) == 1:
            return [0.0]
        return [s for k in range(len(scenes)) for s in _tested(name, [scenes[k]], plan.row(k), simulator)]
    # A hand in the ground is no fault of the grasp, which other surroundings may allow; fingertips that brush it are.
    grounded = start.touching(ROBOT, FLOOR) | trace.at(plan.arrived).touching(ROBOT, FLOOR)
    corners = _corners(scenes[0].placement(name).asset)
    found = scored(trace, name, corners, closed=plan.closed, ends=plan.ends)
    return [None if low else round(float(s), 3) for s, low in zip(found, grounded, strict=True)]


def _scene(spec: AssetSpec, grasp: Grasp, stand: Stand, row: int, robot: RobotSpec) -> SceneSpec:
    """The open hand behind the object, which stands on the floor."""
    opening = min(grasp.width + OPENING, robot.gripper.max_width)
    place = stand.place[row]
    return SceneSpec(
        task="shake test",
        robot=robot.model_copy(update={"cameras": ()}),
        robot_start=(*map(float, stand.approach[row, 0]), opening, *robot.others_home),
        placements=(Placement(name=spec.name, asset=spec, pose=pose7(place[:3], place[3:])),),
        floor_height=0.0,
    )


def _actions(scenes: Sequence[SceneSpec], grasps: Sequence[Grasp], stand: Stand, rows: Sequence[int]) -> _Plan:
    """Come, rest, close, lift and shake."""
    robot, hz = scenes[0].robot, scenes[0].physics.control_hz
    column, start = robot.width_column, np.array([s.robot_start for s in scenes])
    wanted = np.maximum(np.array([g.width for g in grasps]) - SQUEEZE, 0.0)
    come = np.swapaxes(stand.approach[rows], 0, 1)[1:]
    rest, ramp, wait = (round(s * hz) for s in (ARRIVE_SECONDS, CLOSE_SECONDS, SETTLE_SECONDS))
    arm = np.concatenate(
        [come, np.repeat(come[-1:], rest + ramp + wait, axis=0), np.swapaxes(stand.path[rows], 0, 1)], axis=0
    )
    arrived = len(come) + rest - 1
    share = np.clip((np.arange(len(arm)) - arrived) / ramp, 0.0, 1.0)[:, None]
    actions = np.repeat(start[None], len(arm), axis=0)
    actions[..., :column] = arm
    actions[..., column] += share * (wanted - start[:, column])
    closed = arrived + ramp + wait
    _, ends = motion(hz)
    return _Plan(actions.astype(np.float32), arrived, closed, tuple(closed + 1 + ends[p] for p in PHASES))


def _corners(spec: AssetSpec) -> Array:
    bounds = spec.links[""].bounds
    return transform_points(bounds.pose, (np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1) * bounds.half)


def _corners_in_hand(trace: WorldTrace, name: str, corners: Array, step: int) -> Array:
    """Corners (batch, 8, 3) in the tool's frame [m]."""
    state = trace.at(step)
    return transform_points(compose(inverse(state.tcp.astype(float)), state.body(name).astype(float)), corners)
