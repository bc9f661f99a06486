"""Heading: the level frame of a stage in which its policy sees and moves, so that turned scenes are the same to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from demo_solvers.learning.stage import LearnedStage
from pipeline.core import poses
from pipeline.core.goal import atoms
from pipeline.core.layout import ROBOT
from pipeline.core.poses import Array
from pipeline.core.scene import SceneSpec
from pipeline.core.world import WorldState

APART = 0.03  # m: from there on the way from a body to another says where ahead is
PoseOf = Callable[[str], Array]


def headings(stage: LearnedStage, scenes: Sequence[SceneSpec]) -> Array:
    """Where ahead is (batch,) rad about the vertical, in the world, where a stage begins in ``scenes``."""

    def pose_of(name: str) -> Array:
        return np.array([s.robot_pose if name == ROBOT else s.placement(name).pose for s in scenes], float)

    return _headings(stage, pose_of)


def headings_in(stage: LearnedStage, state: WorldState) -> Array:
    """The same of states (batch,) in which the stage begins."""
    return _headings(stage, lambda name: state.body(name).astype(float))


def turned(vectors: Array, angle: Array) -> Array:
    """Vectors (batch, ..., 3) turned by ``angle`` (batch,) about the vertical."""
    cosine, sine = (f(angle).reshape(-1, *[1] * (vectors.ndim - 2)) for f in (np.cos, np.sin))
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, vectors[..., 2]], axis=-1)


def _headings(stage: LearnedStage, pose_of: PoseOf) -> Array:
    """From the body to the first other one; where they are in one place, the body's own x axis; of links its base's.

    What is to stick out over an edge has the robot ahead, who comes to that edge from outside.
    """
    body = pose_of(_base(stage.body))
    if any(atom.predicate == "overhanging" for atom in atoms(stage.formula)):
        way = pose_of(ROBOT)[:, :2] - body[:, :2]
        return np.arctan2(way[:, 1], way[:, 0])
    ahead = poses.quat_rotate(body[:, 3:], np.array([1.0, 0.0, 0.0]))
    if stage.others and _base(stage.others[0]) != _base(stage.body):
        way = pose_of(_base(stage.others[0]))[:, :3] - body[:, :3]
        far = np.linalg.norm(way[:, :2], axis=1, keepdims=True) >= APART
        ahead = np.where(far, way, ahead)
    return np.arctan2(ahead[:, 1], ahead[:, 0])


def _base(body: str) -> str:
    return body.partition("/")[0]
