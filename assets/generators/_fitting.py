"""Things that go into or over one another: what plugs, sockets, rings and pegs share.

The axis ``insert`` is the direction in which a thing goes in, or into which a socket takes it. The keypoint ``tip`` is
the leading point of what goes in, ``seat`` where the tip is when it is all the way in. The axis ``edge`` is there where
a thing fits only one way round.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from assets.annotation.describe import describe
from assets.draft import Draft
from assets.generators._shapes import box
from assets.importers.panda import GRIPPER
from assets.package import Body, Piece, Visual
from assets.values import pose7, vec3
from pipeline.core.asset import Affordance
from pipeline.core.geometry import Box, Grasp, Vec3
from pipeline.core.poses import matrix_to_quat, quat_from_yaw

DOWN, ALONG_X, ALONG_Y = (0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def fitting(
    name: str,
    noun: str,
    *,
    category: str,
    visuals: Sequence[Visual],
    pieces: Sequence[Piece],
    mass: float,
    keypoints: dict[str, Vec3],
    axes: dict[str, Vec3],
    description: str,
    material: str,
    grasped: bool = False,
    grasps: Sequence[Grasp] = (),
    support: Box | None = None,
    cavity: Box | None = None,
    affordances: tuple[Affordance, ...] = (),
) -> Draft:
    """A free body with its fitting points; ``grasped`` samples grasps where none are given.

    It affords nothing to the author of tasks by itself: a cork is of use where there is a bottle.
    """
    wanted: tuple[Affordance, ...] = ("graspable",) if grasped else ()
    geometry = describe(
        pieces, [v.mesh for v in visuals], wanted, gripper=GRIPPER, keypoints=keypoints, axes=axes
    ).model_copy(update={"support": support, "cavity": cavity})
    if grasps:
        geometry = geometry.model_copy(update={"grasps": tuple(grasps)})
    return Draft(
        name, category, noun, {"": Body(visuals, pieces, mass)}, {"": geometry}, affordances, description=description,
        material=material,
    )  # fmt: skip


def tube(low: float, high: float, *, inner: float, outer: float, sides: int = 16) -> list[Box]:
    """A round wall about the z axis from height ``low`` to ``high``, of upright boxes around a bore of ``inner`` m."""
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    width = outer * float(np.tan(np.pi / sides))
    walls = list[Box]()
    for angle in np.arange(sides) * 2 * np.pi / sides:
        x, y, z = vec3((middle * np.cos(angle), middle * np.sin(angle), (low + high) / 2))
        w, qx, qy, qz = quat_from_yaw(float(angle)).tolist()
        walls.append(Box(pose=(x, y, z, w, qx, qy, qz), half=(half, width, (high - low) / 2)))
    return walls


def hull_of(wall: Box) -> trimesh.Trimesh:
    """A wall of a tube as a mesh, to be seen."""
    mesh = trimesh.creation.box(2 * np.array(wall.half))
    yaw = 2 * np.arctan2(wall.pose[6], wall.pose[3])
    mesh.apply_transform(trimesh.transformations.rotation_matrix(yaw, (0, 0, 1)))
    mesh.apply_translation(wall.pose[:3])
    return mesh


def square_frame(outer: float, inner: float, low: float, high: float) -> list[Box]:
    """Four boxes around a square hole; ``outer`` and ``inner`` are full widths [m]."""
    middle, half, z = (outer + inner) / 4, (outer - inner) / 4, (low + high) / 2
    tall = (high - low) / 2
    return [
        box((middle, 0.0, z), (half, outer / 2, tall)),
        box((-middle, 0.0, z), (half, outer / 2, tall)),
        box((0.0, middle, z), (inner / 2, half, tall)),
        box((0.0, -middle, z), (inner / 2, half, tall)),
    ]


def round_grasps(heights: Sequence[float], radius: float, *, directions: int = 8) -> list[Grasp]:
    """Of an upright round handle of ``radius`` at some ``heights`` [m], best first: from above and from all sides.

    Hands from above close along ``directions`` headings; hands from the side come level or 25 degrees from above. Each
    grasp is there with its half-turn twin.
    """
    found = list[Grasp]()
    for rank, height in enumerate(heights):
        for angle in np.arange(directions) * 2 * np.pi / directions:
            level = np.array([np.cos(angle), np.sin(angle), 0.0])
            for worth, slope in ((1.0, np.pi / 2), (0.85, np.radians(25.0)), (0.8, 0.0)):
                approach = np.cos(slope) * level + np.sin(slope) * np.array(DOWN)
                closing = np.array([-level[1], level[0], 0.0])
                for y in (closing, -closing):
                    quat = matrix_to_quat(np.stack([np.cross(y, approach), y, approach], axis=-1))
                    score = 0.9 * worth - 0.05 * rank
                    found.append(Grasp(pose=pose7((0.0, 0.0, height), quat), width=2 * radius, score=score))
    return sorted(found, key=lambda g: -g.score)
