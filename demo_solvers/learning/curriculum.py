"""Backward curriculum: states of a stage nearer to its goal, to begin practising from (Florensa et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo_solvers.contacts.wish import CLOSING, OPENING, SLIDING, TURNING
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.rewards.wants import OUT
from pipeline.core import poses
from pipeline.core.goal import literals
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import Array
from pipeline.core.scene import SceneSpec
from pipeline.predicates._headings import ELONGATED
from pipeline.predicates.overhanging import SIDES

SHARES = (0.9, 0.7, 0.6, 0.45, 0.25)  # of the way from the start to the goal, a level of the curriculum each


def nearer(stage: LearnedStage, scenes: Sequence[SceneSpec], share: float) -> list[SceneSpec]:
    """``scenes`` with what the stage works on moved by ``share`` of its way to the goal, where that way is known.

    A joint is moved in its travel; a body that is to lie in or along another one is moved and turned in the plane, one
    that is to stick out is moved over the edge that faces the robot. What is held in the hand, lifted or put into
    something has no such way: for that the list is empty.
    """
    positive = [atom for atom, wanted in literals(stage.formula) if wanted and atom.args[:1] == (stage.body,)]
    if stage.joints and any(a.predicate in (*OPENING, *CLOSING) for a in positive):
        opened = any(a.predicate in OPENING for a in positive)
        return [_joint_moved(scene, stage, share, opened=opened) for scene in scenes]
    if [a.predicate for a in positive] == ["overhanging"]:
        return [_drawn_out(scene, stage.body, positive[0].args[1], share) for scene in scenes]
    anchors = [a.args[1] for a in positive if a.predicate in (*SLIDING[:1], *TURNING) and len(a.args) > 1]
    if (
        not anchors
        or any(a.predicate not in (*SLIDING[:1], *TURNING) for a in positive)
        or stage.fingers == "releasing"
    ):
        return []
    return [_body_moved(scene, stage.body, anchors[0], share) for scene in scenes]


def _joint_moved(scene: SceneSpec, stage: LearnedStage, share: float, *, opened: bool) -> SceneSpec:
    base, _, joint = stage.joints[0].partition("/")
    spec = SceneLayout.of(scene).joint_specs[stage.joints[0]]
    ends = (spec.upper, spec.lower) if opened == (spec.opens == "upper") else (spec.lower, spec.upper)
    placement = scene.placement(base)
    now = placement.joints.get(joint, 0.0)
    return scene.with_placements({}, {base: {**placement.joints, joint: now + share * (ends[0] - now)}})


def _body_moved(scene: SceneSpec, body: str, anchor: str, share: float) -> SceneSpec:
    """The body's bounds brought towards the anchor's in the plane, its longer side towards the anchor's."""
    layout = SceneLayout.of(scene)
    start, end = (np.array(scene.placement(name).pose, float) for name in (body, anchor))
    here, there = (poses.compose(p, layout.geometry[n].bounds.pose) for p, n in ((start, body), (end, anchor)))
    yaw = share * _turn(layout, (body, here), (anchor, there))
    turn = poses.quat_from_yaw(np.array(yaw))
    centre = here[:3] + share * np.array([*(there[:2] - here[:2]), 0.0])
    moved = poses.pose(
        centre + poses.quat_rotate(turn, start[:3] - here[:3]),
        poses.quat_normalize(poses.quat_multiply(turn, start[3:])),
    )
    return scene.with_placements({body: tuple(moved.tolist())})  # type: ignore[dict-item]


def _drawn_out(scene: SceneSpec, body: str, anchor: str, share: float) -> SceneSpec:
    """The body moved straight towards the edge of what it lies on that faces the robot, who is to take it there."""
    layout = SceneLayout.of(scene)
    start, bounds = np.array(scene.placement(body).pose, float), layout.geometry[body].bounds
    area = layout.geometry[anchor].support or layout.geometry[anchor].bounds
    surface = poses.compose(np.array(scene.placement(anchor).pose, float), area.pose)
    robot = poses.compose(poses.inverse(surface), np.array(scene.robot_pose, float))[:2] / np.array(area.half[:2])
    axis = int(np.abs(robot).argmax())
    out = np.sign(robot[axis]) * np.eye(2)[axis]
    local = poses.compose(poses.inverse(surface), poses.compose(start, bounds.pose))
    middles = local[:2] + (SIDES * bounds.half[:2]) @ poses.quat_to_matrix(local[3:])[:2, :2].T  # (4, 2)
    travel = area.half[axis] + OUT - (middles @ out).max()
    way = np.array([*(share * max(travel, 0.0) * out), 0.0])
    moved = poses.pose(start[:3] + poses.quat_rotate(surface[3:], way), start[3:])
    return scene.with_placements({body: tuple(moved.tolist())})  # type: ignore[dict-item]


def _turn(layout: SceneLayout, body: tuple[str, Array], anchor: tuple[str, Array]) -> float:
    """Smallest turn [rad] about the vertical that lays the longer side of a body along that of another."""
    period = np.pi if all(_oblong(layout, name) for name, _ in (body, anchor)) else np.pi / 2
    apart = _heading(layout, *anchor) - _heading(layout, *body)
    return float((apart + period / 2) % period - period / 2)


def _heading(layout: SceneLayout, name: str, pose: Array) -> float:
    half = layout.geometry[name].bounds.half
    side = np.array([1.0, 0.0, 0.0] if half[0] >= half[1] else [0.0, 1.0, 0.0])
    way = poses.quat_rotate(pose[3:], side)
    return float(np.arctan2(way[1], way[0]))


def _oblong(layout: SceneLayout, name: str) -> bool:
    half = sorted(layout.geometry[name].bounds.half[:2])
    return half[1] >= ELONGATED * half[0]
