"""What a learned stage's policy sees: where things are from the tool and from each other; its critic sees more."""

from __future__ import annotations

import numpy as np

from demo_solvers.learning.heading import turned
from demo_solvers.learning.stage import LearnedStage
from pipeline.core.goal import literals
from pipeline.core.poses import Array, quat_to_matrix
from pipeline.core.world import F32, Bools, WorldState
from pipeline.predicates._headings import heading as heading_of
from pipeline.predicates._headings import period

SIGHT = 5
"""Counts the changes of what is seen, and of how actions are carried out: a policy acts as it learned to. 2: no last
action. 3: a hand that pushes rises a little. 4: bodies that are to lie along others are seen as their sides lie, and
fingers grip until they are opened. 5: bodies that are to stick out over others, too, and with the robot ahead."""
ALONG = ("aligned", "crosswise", "overhanging")  # predicates that do not tell a body's ends apart
NEAR, SWIFT, STRONG = 0.1, 0.3, 20.0  # m, m/s and N: units of what is seen


def seen(stage: LearnedStage, state: WorldState, heading: Array) -> F32:
    """Rows (batch, columns) for the policy.

    How high the tool is and its axes, the width of the fingers, of each body its place from the tool and its axes, of
    each other body its place from the one that is worked on, and joints as shares of their range; all as seen along
    ``heading`` (batch,) rad. Where the goal asks only how the sides of two bodies lie to each other, that is seen
    instead of their axes, so that all ways round in which they may lie are one. The last action is not seen: who is
    cloned from demonstrations would copy it, and drift (de Haan et al., 2019).
    """
    tool, body = state.tcp, state.body(stage.body)

    def gap(to: F32, start: F32) -> F32:
        return turned((to[:, :3] - start[:, :3]).astype(float) / NEAR, -heading).astype(np.float32)

    along = _along(stage)
    lies = _sides(state, stage.body, heading) if along else _axes(body, heading)
    columns = [tool[:, 2:3], _axes(tool, heading), state.qpos[:, -1:] / NEAR, gap(body, tool), lies]
    for name in stage.others:
        other = state.body(name)
        lies = _apart(state, stage.body, name) if name in along else _axes(other, heading)
        columns += [gap(other, tool), gap(other, body), lies]
    columns += [_share(state, joint)[:, None] for joint in stage.joints]
    return np.concatenate(columns, axis=1).astype(np.float32)


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


def _axes(pose: F32, heading: Array) -> F32:
    """Two axes of a body along ``heading``, (batch, 6): continuous where angles are not (Zhou et al., 2019)."""
    axes = np.swapaxes(quat_to_matrix(pose[:, 3:].astype(float)), -1, -2)[:, :2]
    return turned(axes, -heading).reshape(len(pose), 6).astype(np.float32)


def _along(stage: LearnedStage) -> set[str]:
    """Bodies that the stage's one is to lie along or across."""
    atoms = [atom for atom, _ in literals(stage.formula) if atom.predicate in ALONG and stage.body in atom.args]
    return {name for atom in atoms for name in atom.args} - {stage.body}


def _sides(state: WorldState, body: str, heading: Array) -> F32:
    """Which way is up for a body, and how its sides lie to ``heading``, (batch, 5)."""
    angle, long = heading_of(state, body)
    upright = quat_to_matrix(state.body(body)[:, 3:].astype(float))[:, 2]
    return np.concatenate([upright, _folded(angle - heading, long)], axis=1).astype(np.float32)


def _apart(state: WorldState, body: str, other: str) -> F32:
    """How the sides of two bodies lie to each other, (batch, 2)."""
    (first, long_a), (second, long_b) = heading_of(state, body), heading_of(state, other)
    return _folded(first - second, long_a & long_b)


def _folded(angle: Array, long: Bools) -> F32:
    """Sine and cosine (batch, 2) of how far sides are turned, in which ways to lie that are the same are one."""
    turn = 2 * np.pi / period(long) * angle
    return np.stack([np.sin(turn), np.cos(turn)], axis=1).astype(np.float32)


def _share(state: WorldState, joint: str) -> F32:
    spec = state.layout.joint_specs[joint]
    return (state.joint_position(joint) - spec.lower) / max(spec.upper - spec.lower, 1e-6)
