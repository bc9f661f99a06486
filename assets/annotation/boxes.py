"""Few boxes that cover many convex pieces, for motion planning; bounds of a body."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.annotation.solids import Solids
from assets.values import pose7, vec3
from pipeline.core.geometry import Box
from pipeline.core.poses import quat_from_yaw

Array = NDArray[np.float64]


def bounds_box(solids: Solids) -> Box:
    """The tight axis-aligned box."""
    return aligned_box(*solids.bounds)


def aligned_box(low: Array, high: Array) -> Box:
    """The axis-aligned box between two corners (3,)."""
    centre, half = (np.asarray(low) + high) / 2, (np.asarray(high) - low) / 2
    return Box(pose=pose7(centre), half=vec3(half))


def cover_with_boxes(solids: Solids, count: int = 8) -> tuple[Box, ...]:
    """At most ``count`` upright boxes, turned about z at will, that hold all pieces.

    Greedy: the two groups of pieces whose common box adds the least volume are merged until few enough are left, and
    as long as a merge adds next to nothing.
    """
    groups = [[np.asarray(p)] for p in solids.pieces]
    boxes = [_upright_box(g) for g in groups]
    total = sum(_volume(b) for b in boxes)
    while len(groups) > 1:
        pairs = [(i, j) for i in range(len(groups)) for j in range(i + 1, len(groups))]
        merged = [_upright_box(groups[i] + groups[j]) for i, j in pairs]
        added = [_volume(m) - _volume(boxes[i]) - _volume(boxes[j]) for m, (i, j) in zip(merged, pairs, strict=True)]
        best = int(np.argmin(added))
        if len(groups) <= count and added[best] > 0.02 * total:
            break
        i, j = pairs[best]
        groups[i], boxes[i] = groups[i] + groups[j], merged[best]
        del groups[j], boxes[j]
    return tuple(boxes)


def _upright_box(pieces: Sequence[Array]) -> Box:
    """The smallest box around the points that stands upright."""
    points = np.concatenate(list(pieces))
    low, high = points.min(axis=0), points.max(axis=0)
    to_box, extents = trimesh.bounds.oriented_bounds_2D(points[:, :2])
    if np.prod(extents) > 0.97 * np.prod((high - low)[:2]):
        return aligned_box(low, high)
    place = np.linalg.inv(to_box)
    quat = quat_from_yaw(float(np.arctan2(place[1, 0], place[0, 0])))
    centre = (float(place[0, 2]), float(place[1, 2]), float(low[2] + high[2]) / 2)
    half = (float(extents[0]) / 2, float(extents[1]) / 2, float(high[2] - low[2]) / 2)
    return Box(pose=pose7(centre, quat), half=half)


def _volume(box: Box) -> float:
    return float(np.prod(np.array(box.half) * 2))
