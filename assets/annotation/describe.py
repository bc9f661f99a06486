"""Describe a body: everything a BodyGeometry holds, from its convex pieces and what it affords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from assets.annotation.boxes import bounds_box, cover_with_boxes
from assets.annotation.containers import find_cavity, find_support
from assets.annotation.grasps import Approach, sample_grasps
from assets.annotation.solids import Solids
from pipeline.core.asset import Affordance
from pipeline.core.geometry import BodyGeometry, Box, Vec3
from pipeline.core.robot import Gripper

FROM_ABOVE = Approach()
SIDE_TILTS = (0.0, 20.0, -20.0)
TALL = 0.07  # m; what stands higher can be taken from the side


def describe(
    pieces: Sequence[Box | trimesh.Trimesh],
    visuals: Sequence[trimesh.Trimesh],
    affordances: Sequence[Affordance],
    *,
    gripper: Gripper,
    keypoints: dict[str, Vec3] | None = None,
    axes: dict[str, Vec3] | None = None,
) -> BodyGeometry:
    """Bounds, planning boxes, cavity, support and grasps of a free body in its resting pose (z = 0 is the table)."""
    solids = Solids.of(pieces)
    seen = np.concatenate([trimesh.sample.sample_surface(v, 3000, seed=5)[0] for v in visuals])
    return BodyGeometry(
        bounds=bounds_box(solids),
        collision=cover_with_boxes(solids),
        support=find_support(solids) if "support" in affordances else None,
        cavity=find_cavity(solids) if "container" in affordances else None,
        keypoints=keypoints or {},
        axes=axes or {},
        grasps=sample_grasps(solids, gripper, approaches=approaches_for(solids), obstacles=seen)
        if "graspable" in affordances
        else (),
    )


def fixture(boxes: Sequence[Box]) -> BodyGeometry:
    """Bounds and planning boxes of a link made of boxes."""
    return BodyGeometry(bounds=bounds_box(Solids.of(boxes)), collision=tuple(boxes))


def approaches_for(solids: Solids) -> tuple[Approach, ...]:
    """From above, and for what is tall enough also from eight sides."""
    if solids.bounds[1, 2] < TALL:
        return (FROM_ABOVE,)
    angles = np.arange(8) * np.pi / 4
    sides = [Approach((float(np.cos(a)), float(np.sin(a)), 0.0), SIDE_TILTS, limit=35.0) for a in angles]
    return (FROM_ABOVE, *sides)
