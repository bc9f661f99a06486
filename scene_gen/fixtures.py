"""The table, and cabinets whose drawers open towards the robot with room to pull them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.poses import Array, compose, pose, quat_from_yaw, transform_points
from scene_gen.arrangement import joint_motion
from scene_gen.footprint import Rectangle, bottom
from scene_gen.swept import STOPS, drawers, opening_direction, swept

FRONT = (0.66, 0.71)  # m from the robot to the closed drawer front, for a Panda
SIDE = 0.12  # m
TURN = float(np.deg2rad(8.0))
HAND_ROOM = 0.12  # m in front of an open drawer for the hand that pulls it
STANDING_ROOM = 0.02  # m in front of a fixture that does not open
WORK = "work"  # keypoint of a fixture without joints at which the hand works
IN_HAND = 0.04  # m nearer than a drawer front that handles and buttons come which lie behind the fixture's own front


def table_pose(asset: AssetSpec, *, aside: float = 0.0) -> Array:
    """``T_world_base`` (7,) with the table's top at z = 0, moved by ``aside`` m along y; its frame is the robot's."""
    bounds = asset.links[""].bounds
    return pose((0.0, aside, -(bounds.pose[2] + bounds.half[2])))


def cabinet_pose(
    asset: AssetSpec, stream: np.random.Generator, *, frames: Mapping[str, Array], size: float = 1.0
) -> Array:
    """``T_world_base`` (7,) of a fixture at the far side of the table, facing a robot ``size`` times a Panda.

    What is worked behind its front (taps, lids, levers, the middle of a ledge) stands nearer by as much. ``frames``
    holds ``T_base_link`` (7,) by link at joint position 0.
    """
    facing = opening_direction(asset)
    turn = float(np.pi - np.arctan2(facing[1], facing[0]) + stream.uniform(-TURN, TURN))
    depth = _depth(asset, facing)
    behind = depth - min(_worked(asset, facing, frames), default=depth)
    nearer = behind + IN_HAND if behind > 0 else 0.0
    back = stream.uniform(*FRONT) * size + depth - nearer
    return pose((back, stream.uniform(-SIDE, SIDE), -bottom(asset.links[""])), quat_from_yaw(turn))


def travel_zone(asset: AssetSpec, at: Array, frames: Mapping[str, Array]) -> Rectangle:
    """What a fixture at ``at`` needs of the table: itself, its links' travel and the room before them for a hand.

    ``frames`` holds ``T_base_link`` (7,) by link at joint position 0.
    """
    whole = swept(asset, at, frames)
    slides = max((j.upper - j.lower for j in drawers(asset)), default=-np.inf)
    closed = 2 * _depth(asset, opening_direction(asset))
    reach = max(2 * whole.half_x + STANDING_ROOM, closed + slides + HAND_ROOM)
    ahead = reach / 2 - whole.half_x
    x, y = np.array([whole.x, whole.y]) + ahead * whole.axes[0]
    return Rectangle(float(x), float(y), whole.yaw, reach / 2, whole.half_y)


def _worked(asset: AssetSpec, facing: Array, frames: Mapping[str, Array]) -> Iterator[float]:
    """How far [m] towards the robot from the asset's origin its handles and buttons are, over their joints' travel."""
    if not asset.joints and WORK in asset.links[""].keypoints:
        yield float(np.array(asset.links[""].keypoints[WORK][:2]) @ facing)
    for joint in asset.joints:
        points = np.array(list(asset.links[joint.link].keypoints.values())).reshape(-1, 3)
        for position in np.linspace(joint.lower, joint.upper, STOPS):
            link = compose(joint_motion(joint, float(position)), frames[joint.link])
            yield from (transform_points(link, points)[:, :2] @ facing).tolist()


def _depth(asset: AssetSpec, facing: Array) -> float:
    """Distance [m] from the asset's origin to its front."""
    bounds = asset.links[""].bounds
    return float(facing @ bounds.pose[:2] + np.abs(facing) @ bounds.half[:2])
