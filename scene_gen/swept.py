"""What the moving links of a fixture pass through, seen from above."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Joint
from pipeline.core.poses import Array, compose, pose, quat_from_yaw, transform_points
from scene_gen.arrangement import joint_motion
from scene_gen.footprint import SIGNS, Rectangle

STOPS = 13  # positions of each joint that are looked at; a door of 30 cm turns by 3 cm from one to the next


def opening_direction(asset: AssetSpec) -> Array:
    """Unit direction (2,) in the base frame in which the asset opens: the way its drawers run, or -x."""
    for joint in drawers(asset):
        if np.hypot(*joint.axis[:2]) > 0.5:
            return np.array(joint.axis[:2]) * (1.0 if joint.opens == "upper" else -1.0)
    return np.array([-1.0, 0.0])


def drawers(asset: AssetSpec) -> tuple[Joint, ...]:
    """Slides that are pulled open; a button slides too, but inwards."""
    return tuple(j for j in asset.joints if j.kind == "prismatic" and "pull" in asset.links[j.link].axes)


def swept(asset: AssetSpec, at: Array, frames: Mapping[str, Array]) -> Rectangle:
    """The rectangle along the opening direction around the base and every place that its links move through.

    ``at`` is ``T_world_base`` (7,), ``frames`` holds ``T_base_link`` (7,) by link at joint position 0.
    """
    facing = opening_direction(asset)
    heading = float(np.arctan2(facing[1], facing[0]))
    bounds = asset.links[""].bounds
    points = [transform_points(bounds.pose, SIGNS * np.array(bounds.half))]
    for joint in asset.joints:
        box = asset.links[joint.link].bounds
        for position in np.linspace(joint.lower, joint.upper, STOPS):
            link = compose(joint_motion(joint, float(position)), frames[joint.link])
            points.append(transform_points(compose(link, box.pose), SIGNS * np.array(box.half)))
    along = transform_points((0.0, 0.0, 0.0, *quat_from_yaw(-heading)), np.concatenate(points))
    low, high = along.min(axis=0), along.max(axis=0)
    turn = pose((0.0, 0.0, 0.0), quat_from_yaw(heading))
    middle = compose(at, compose(turn, pose((low + high) / 2)))
    ahead = transform_points(compose(at, turn), np.array([[1.0, 0.0, 0.0]]))[0] - np.asarray(at)[:3]
    half = (high - low) / 2
    x, y, z = (float(v) for v in middle[:3])
    yaw = float(np.arctan2(ahead[1], ahead[0]))
    return Rectangle(x, y, yaw, float(half[0]), float(half[1]), z - float(half[2]), z + float(half[2]))
