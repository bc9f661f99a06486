"""A robot as spheres: its links, its fingers at an opening, its other arms, and which of them may not touch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from demo_solvers.planning._clearance_kernel import pair_distances
from demo_solvers.planning._sphere_kernel import Body, Question, Scene
from demo_solvers.planning.arm import Arm, Array
from pipeline.core import poses
from pipeline.core.errors import AssetError
from pipeline.core.kinematics import SerialChain
from pipeline.core.robot import ArmGroup, RobotSpec
from pipeline.core.streams import stream

# Up to 15 mm of an arm link's hull stands outside its spheres, so those are taken a little larger against the scene.
ARM_MARGIN = 0.012  # m
SAMPLES = 300  # configurations that tell links which always touch from those that should not
ALWAYS = 0.9  # share of the samples in which two groups touch that are neighbours in all but name
FINGERS, HELD = "fingers", "held object"


def group_names(arm: Arm) -> tuple[str, ...]:
    """Names of the kernel's groups: the links of the arm, tool link, base, fingers, what is held."""
    return (*(j.link for j in arm.group.arm), arm.group.tool_link, arm.robot.base_link, FINGERS, HELD)


@lru_cache(maxsize=32)
def robot_body(arm: Arm) -> Body:
    """The spheres of an arm and of its base, and the pairs among them that may not touch."""
    n = len(arm.group.arm)
    first, spheres = [0], list[Array]()
    for number, name in enumerate(group_names(arm)[: n + 2]):
        mine = np.array(arm.robot.spheres.get(name, ()), float).reshape(-1, 4)
        if number < n:
            mine[:, 3] += ARM_MARGIN
        spheres.append(mine)
        first.append(first[-1] + len(mine))
    body = Body(
        arm.constants, np.concatenate(spheres), np.array(first, np.int64), np.zeros((0, 2), np.int64), np.zeros(0)
    )
    return _with_pairs(arm, body)


def _with_pairs(arm: Arm, body: Body) -> Body:
    """The body with the pairs of groups that may not touch.

    As MoveIt's setup assistant does it: neighbours may, so may groups that touch at home or nearly always. Groups with
    one or two joints between them, of which the samples leave little out, need no check where none of them touch. What
    is held is checked against the base and all links but the last two.
    """
    n = len(arm.group.arm)
    order = [n + 1, *range(n), n, n + 2]  # along the chain: base, links, tool link, fingers
    apart = [(a, b) for i, a in enumerate(order) for b in order[i + 2 :] if not (a == n - 1 and b == n + 2)]
    body = _paired(body, apart, n)
    turns = stream(0, "self_collision", n).uniform(arm.lower, arm.upper, (SAMPLES, n))
    q = np.concatenate([arm.home[None], turns])
    gaps = np.empty((len(q), len(apart)))
    widest = finger_spheres(arm.group, arm.robot, np.full(1, arm.group.gripper.max_width))
    pair_distances(body, _nowhere(widest), _everything(), q, gaps)
    touch = gaps < 0
    joint = [*range(1, n + 1), n, 0, n]  # that moves a group, the last of them
    some = [t.any() or joint[b] - joint[a] > 2 for (a, b), t in zip(apart, touch.T, strict=True)]
    checked = [p for p, t, s in zip(apart, touch.T, some, strict=True) if s and not t[0] and t[1:].mean() < ALWAYS]
    return _paired(body, checked + [(g, n + 3) for g in (n + 1, *range(n - 2))], n)


def _paired(body: Body, pairs: list[tuple[int, int]], n: int) -> Body:
    index = np.array(pairs, np.int64).reshape(-1, 2)
    return body._replace(pairs=index, relief=ARM_MARGIN * (index < n).sum(axis=1).astype(float))


def _nowhere(fingers: Array) -> Scene:
    """A world without obstacles and with the base at its origin."""
    empty = np.zeros((1, 0, 3))
    return Scene(np.eye(4)[None], fingers, empty, np.zeros((1, 0, 3, 3)), np.zeros((0, 3)), np.zeros(0))


def _everything() -> Question:
    return Question(
        np.zeros(1, np.int64), np.zeros((1, 0, 4)), np.zeros(0, bool), scene=False, itself=True, limit=np.inf
    )


def joint_reach(body: Body, tool_spheres: Array) -> Array:
    """How far (k, n) m from each joint any sphere beyond it can be, with spheres (k, s, 4) in the tool frame."""
    n, chain = len(body.chain.axis), body.chain
    extent = np.linalg.norm(body.spheres[:, :3], axis=1) + body.spheres[:, 3]
    extents = [extent[body.first[g] : body.first[g + 1]].max(initial=0.0) for g in range(n + 1)]
    tool = (np.linalg.norm(tool_spheres[..., :3], axis=-1) + tool_spheres[..., 3]).max(axis=1, initial=0.0)
    reach = np.empty((len(tool_spheres), n))
    beyond = np.maximum(
        np.linalg.norm(chain.flange[:3, 3]) + extents[n], np.linalg.norm(chain.tool[:3, 3]) + tool
    )  # of the last joint
    for j in range(n - 1, -1, -1):
        reach[:, j] = beyond = np.maximum(beyond, extents[j])
        beyond = beyond + np.linalg.norm(chain.offset[j])
    return reach


def finger_spheres(group: ArmGroup, robot: RobotSpec, width: Array) -> Array:
    """Spheres (batch, k, 4) of both fingers in the tool frame, at an opening of ``width`` (batch,) m.

    Fingers that slide by half the width have the tool's orientation: the card's spheres of the left one are shifted
    along z such that the lowest ends at the fingertip, and along y by half the opening; the right finger is the left
    one turned by half a turn about z. Other fingers are strung with spheres as wide as their pads, from tip to palm.
    Where only the left one moves, both stand to its side.
    """
    gripper = group.gripper
    left = _strung_finger(group) if gripper.travel else _sliding_finger(group, robot)
    left = np.repeat(left[None], len(width), axis=0)
    left[..., 1] += width[:, None] / 2
    fingers = np.concatenate([left, left * np.array([-1.0, -1.0, 1.0, 1.0])], axis=1)
    if gripper.still is not None:
        fingers[..., 1] += (width / 2 - gripper.still)[:, None]
    return fingers


def _sliding_finger(group: ArmGroup, robot: RobotSpec) -> Array:
    finger = np.array(robot.spheres.get(group.gripper.left_link, ())).reshape(-1, 4)
    if not len(finger):
        raise AssetError(
            f"Robot {robot.name!r} has no collision spheres for {group.gripper.left_link!r}, so its fingers would be "
            "planned through things; add them to its card (assets.annotation.spheres fits them)."
        )
    finger[:, 2] += group.gripper.finger_depth - (finger[:, 2] + finger[:, 3]).max()
    return finger


def _strung_finger(group: ArmGroup) -> Array:
    gripper = group.gripper
    radius = max(gripper.pad_half[:2])
    low, high = -gripper.palm_clearance + radius, gripper.finger_depth - radius
    count = 2 + int((high - low) / (1.5 * radius))
    out = np.zeros((count, 4))
    out[:, 1], out[:, 2], out[:, 3] = gripper.pad_half[1], np.linspace(low, high, count), radius
    return out


def other_arms(arm: Arm, qpos: Array) -> list[tuple[str, Array]]:
    """Spheres (batch, k, 4) in the base frame of every link of the other arms, at ``qpos`` (batch, dof), by link."""
    found, column = list[tuple[str, Array]](), 0
    for group in arm.robot.arms:
        columns = slice(column, column + len(group.arm))
        column += group.dof
        if group.name == arm.group.name:
            continue
        chain = SerialChain(group)
        frames = chain.frames(qpos[:, columns])
        placed = [(joint.link, frames[:, i]) for i, joint in enumerate(group.arm)]
        placed.append((group.tool_link, chain.tool_link(frames)))
        for name, frame in placed:
            if name in arm.robot.spheres:
                found.append((name, _placed(frame, np.array(arm.robot.spheres[name])[None])))
        fingers = finger_spheres(group, arm.robot, qpos[:, columns.stop])
        found.append((f"{group.name} {FINGERS}".strip(), _placed(chain.tool(frames), fingers)))
    return found


def _placed(frame: Array, spheres: Array) -> Array:
    points = poses.transform_points(poses.from_matrix(frame), spheres[..., :3])
    return np.concatenate([points, np.broadcast_to(spheres[..., 3:], (*points.shape[:-1], 1))], axis=-1)
