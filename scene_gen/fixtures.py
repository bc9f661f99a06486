"""The table, and cabinets whose drawers open towards the robot with room to pull them."""

from __future__ import annotations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Joint
from pipeline.core.poses import Array, compose, pose, quat_from_yaw
from scene_gen.footprint import Rectangle, bottom

FRONT = (0.66, 0.71)  # m from the robot to the closed drawer front, for a Panda
SIDE = 0.12  # m
TURN = float(np.deg2rad(8.0))
HAND_ROOM = 0.12  # m in front of an open drawer for the hand that pulls it
STANDING_ROOM = 0.02  # m in front of a fixture that does not open


def table_pose(asset: AssetSpec, *, aside: float = 0.0) -> Array:
    """``T_world_base`` (7,) with the table's top at z = 0, moved by ``aside`` m along y; its frame is the robot's."""
    bounds = asset.links[""].bounds
    return pose((0.0, aside, -(bounds.pose[2] + bounds.half[2])))


def cabinet_pose(asset: AssetSpec, stream: np.random.Generator, *, size: float = 1.0) -> Array:
    """``T_world_base`` (7,) of a fixture at the far side of the table, facing a robot ``size`` times a Panda."""
    facing = opening_direction(asset)
    turn = float(np.pi - np.arctan2(facing[1], facing[0]) + stream.uniform(-TURN, TURN))
    back = stream.uniform(*FRONT) * size + _depth(asset, facing)
    return pose((back, stream.uniform(-SIDE, SIDE), -bottom(asset.links[""])), quat_from_yaw(turn))


def travel_zone(asset: AssetSpec, at: Array) -> Rectangle:
    """What a cabinet at ``at`` needs of the table: itself, its drawers' travel and the hand's room before them."""
    facing, base = opening_direction(asset), asset.links[""].bounds
    out = max((_swing(asset, j) for j in asset.joints), default=STANDING_ROOM - HAND_ROOM) + HAND_ROOM
    reach = _depth(asset, facing) + out
    across = np.array([-facing[1], facing[0]])
    depth, width = float(np.abs(facing) @ base.half[:2]), float(np.abs(across) @ base.half[:2])
    middle = compose(at, pose((*(facing * (reach - depth) / 2), 0.0)))
    heading = compose(at, pose((0.0, 0.0, 0.0), quat_from_yaw(np.arctan2(facing[1], facing[0]))))
    yaw = 2 * np.arctan2(heading[6], heading[3])
    return Rectangle(float(middle[0]), float(middle[1]), float(yaw), (reach + depth) / 2, width)


def opening_direction(asset: AssetSpec) -> Array:
    """Unit direction (2,) in the base frame in which the asset opens: the way its slides run, or -x."""
    for joint in asset.joints:
        if joint.kind == "prismatic" and np.hypot(*joint.axis[:2]) > 0.5:
            return np.array(joint.axis[:2]) * (1.0 if joint.opens == "upper" else -1.0)
    return np.array([-1.0, 0.0])


def _swing(asset: AssetSpec, joint: Joint) -> float:
    """How far [m] a link comes out at most: a slide by its travel, a door by its width."""
    if joint.kind == "prismatic":
        return joint.upper - joint.lower
    return 2 * max(asset.links[joint.link].bounds.half)


def _depth(asset: AssetSpec, facing: Array) -> float:
    """Distance [m] from the asset's origin to its front."""
    bounds = asset.links[""].bounds
    return float(facing @ bounds.pose[:2] + np.abs(facing) @ bounds.half[:2])
