"""Level grasps: a card's, turned about their closing line until the hand comes from the side; others around a body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Grasp

LEANS = (np.deg2rad(90.0), np.deg2rad(72.0))  # rad of the approach from straight down, in the body's frame
STEEP = 0.3  # vertical share of the closing direction, beyond which turning about it does not level the hand
SIDES, SHARES = 12, (0.1, 0.4)  # around a round body, and of half its height above its middle
ROUND, SPARE = 0.1, 0.006  # of the radius by which a round body's sides differ at most; m of stroke that it leaves
BEYOND_WALL = 0.006  # m from what is grasped to the middle of a finger
EASE = 0.9  # of the score: nobody has tried the hand's new place


def levelled(grasps: Sequence[Grasp], geometry: BodyGeometry) -> tuple[Grasp, ...]:
    """More grasps with the same contacts; the fingertips stay where they are, the palm comes from the side.

    Not of grasps with one finger inside the body's cavity: from the side that finger would have to pass its wall.
    """
    return tuple(level for grasp in grasps if not _over_rim(grasp, geometry) for level in _levelled(grasp))


def around(geometry: BodyGeometry, widest: float) -> tuple[Grasp, ...]:
    """Level grasps across a round body from all sides, as one holds a glass; () for what is not round or too wide."""
    half, middle = np.array(geometry.bounds.half), np.array(geometry.bounds.pose[:3])
    width = float(2 * half[:2].max())
    if abs(half[0] - half[1]) > ROUND * half[0] or width + SPARE > widest or geometry.cavity is None:
        return ()
    found = list[Grasp]()
    for yaw, share in product(np.arange(SIDES) * 2 * np.pi / SIDES, SHARES):
        ahead, up = np.array([np.cos(yaw), np.sin(yaw), 0.0]), np.array([0.0, 0.0, 1.0])
        for closing in (np.cross(up, ahead), np.cross(ahead, up)):
            frame = np.stack([np.cross(closing, ahead), closing, ahead], axis=1)
            pose = poses.pose(middle + share * half[2] * up, poses.matrix_to_quat(frame))
            x, y, z, qw, qx, qy, qz = map(float, pose)
            found.append(Grasp(pose=(x, y, z, qw, qx, qy, qz), width=width, score=EASE))
    return tuple(found)


def _over_rim(grasp: Grasp, geometry: BodyGeometry) -> bool:
    """Whether one finger of a grasp stands inside the body's cavity."""
    if geometry.cavity is None:
        return False
    pose, half = np.array(grasp.pose), np.array(geometry.cavity.half)
    closing = poses.quat_rotate(pose[3:], np.array([0.0, 1.0, 0.0]))
    aside = np.array([1.0, -1.0])[:, None] * closing * (0.5 * grasp.width + BEYOND_WALL)
    fingers = poses.compose(poses.inverse(np.array(geometry.cavity.pose)), poses.pose(pose[:3] + aside))[:, :3]
    return bool((np.abs(fingers) < half + np.array([0.0, 0.0, BEYOND_WALL])).all(axis=1).any())


def _levelled(grasp: Grasp) -> Iterator[Grasp]:
    pose = np.array(grasp.pose)
    approach, closing = (poses.quat_rotate(pose[3:], axis) for axis in np.eye(3)[[2, 1]])
    if abs(closing[2]) > STEEP:
        return
    for lean in LEANS:
        for side in (1.0, -1.0):
            # The level direction across the closing one, on either side; the hand leans from straight down to it.
            ahead = side * np.cross(closing, (0.0, 0.0, 1.0))
            ahead /= np.linalg.norm(ahead)
            if approach @ ahead < -0.1:
                continue
            down = np.cross(closing, ahead) * side
            direction = np.sin(lean) * ahead + np.cos(lean) * np.sign(-down[2] or 1.0) * down
            frame = np.stack([np.cross(closing, direction), closing, direction], axis=1)
            turned = poses.pose(pose[:3], poses.matrix_to_quat(frame))
            yield grasp.model_copy(
                update={"pose": tuple(map(float, turned)), "score": EASE * grasp.score, "shake": None}
            )
