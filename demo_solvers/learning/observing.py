"""What a learned stage's policy sees: where things are from the tool and from each other; its critic sees more."""

from __future__ import annotations

import numpy as np

from demo_solvers.learning.stage import LearnedStage
from pipeline.core.poses import quat_to_matrix
from pipeline.core.world import F32, WorldState

NEAR, SWIFT, STRONG = 0.1, 0.3, 20.0  # m, m/s and N: units of what is seen


def seen(stage: LearnedStage, state: WorldState, before: F32) -> F32:
    """Rows (batch, columns) for the policy; ``before`` (batch, actions) is the last action.

    The tool's place and axes, the width of the fingers, of each body its place from the tool and its axes, of each
    other body its place from the one that is worked on, and joints as shares of their range.
    """
    tool, body = state.tcp, state.body(stage.body)
    columns = [tool[:, :3], _axes(tool), state.qpos[:, -1:] / NEAR, (body[:, :3] - tool[:, :3]) / NEAR, _axes(body)]
    for name in stage.others:
        other = state.body(name)
        columns += [(other[:, :3] - tool[:, :3]) / NEAR, (other[:, :3] - body[:, :3]) / NEAR, _axes(other)]
    columns += [_share(state, joint)[:, None] for joint in stage.joints]
    return np.concatenate([*columns, before], axis=1).astype(np.float32)


def privileged(stage: LearnedStage, state: WorldState) -> F32:
    """More columns (batch, columns), for the critic alone: speeds, joints' rates, forces and touch."""
    body, joints = state.layout.body(stage.body), [state.layout.joint(name) for name in stage.joints]
    columns = [
        state.velocity[:, body, :3] / SWIFT,
        state.velocity[:, body, 3:],
        state.joint_velocity[:, joints],
        np.tanh(state.force[:, :, body] / STRONG),
        state.contact[:, :, body],
    ]
    return np.concatenate([np.asarray(c, np.float32) for c in columns], axis=1)


def _axes(pose: F32) -> F32:
    """Two columns of the rotation matrix, (batch, 6): continuous where angles are not (Zhou et al., 2019)."""
    matrix = quat_to_matrix(pose[:, 3:])
    return matrix[:, :, :2].reshape(len(pose), 6).astype(np.float32)


def _share(state: WorldState, joint: str) -> F32:
    spec = state.layout.joint_specs[joint]
    return (state.joint_position(joint) - spec.lower) / max(spec.upper - spec.lower, 1e-6)
