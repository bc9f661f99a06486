"""Coloured point clouds: fused from calibrated cameras, cropped, thinned to voxels, freed of outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from pipeline.core import poses
from pipeline.core.seeing import View

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
VOXEL = 0.004  # m
NEIGHBOURS, NEAR = 3, 0.012  # a point with fewer others within so many m is an outlier
NOTHING = -1
ROUGH = 0.0003  # m of noise in a depth image, from which it is smoothed
WINDOW, RING = 5, 3  # pixels of the median, and about a pixel that is given up where they differ by more than JUMP
JUMP = 0.02  # m


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one world; arrays have one row a point."""

    points: Array  # (n, 3)  m, world frame
    colours: Array  # (n, 3)  r g b in [0, 1]
    labels: Ints  # (n,)  of the simulator's segmentation, NOTHING where there is none

    def __len__(self) -> int:
        return len(self.points)

    def of(self, index: ArrayLike) -> Cloud:
        """Some of the points, by index or mask."""
        chosen = np.asarray(index)
        return Cloud(self.points[chosen], self.colours[chosen], self.labels[chosen])

    @staticmethod
    def joined(clouds: list[Cloud]) -> Cloud:
        """Several clouds as one."""
        if not clouds:
            return Cloud(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64))
        return Cloud(*(np.concatenate([getattr(c, n) for c in clouds]) for n in ("points", "colours", "labels")))


def seen_by(view: View, row: int) -> Cloud:
    """All points that one camera sees in world ``row`` of its view."""
    depth = steadied(view.depth[row].astype(np.float64))
    v, u = np.nonzero(depth)
    z, k = depth[v, u], view.intrinsics
    local = np.stack([(u + 0.5 - k[0, 2]) / k[0, 0] * z, (v + 0.5 - k[1, 2]) / k[1, 1] * z, z], axis=1)
    points = local @ poses.quat_to_matrix(view.pose[row, 3:]).T + view.pose[row, :3]
    labels = np.full(len(z), NOTHING) if view.labels is None else view.labels[row][v, u].astype(np.int64)
    return Cloud(points, view.rgb[row][v, u] / 255.0, labels)


def steadied(depth: Array) -> Array:
    """A depth image (height, width) m as it is where that is smooth, else the median of each pixel's neighbours.

    Pixels at edges, which may be of either side, are given up. Those without a reading (0) take the nearest one's where
    at least half of those about them have one.
    """
    if roughness(depth) < ROUGH:
        return depth
    some = depth > 0
    nearest = ndimage.distance_transform_edt(~some, return_distances=False, return_indices=True)
    filled = depth[tuple(np.asarray(nearest))]
    known = ndimage.uniform_filter(some.astype(float), WINDOW) > 0.5
    calm = ndimage.median_filter(filled, WINDOW)
    jump = ndimage.maximum_filter(calm, RING) - ndimage.minimum_filter(calm, RING)
    return np.where(known & (jump < JUMP), calm, 0.0)


def roughness(depth: Array) -> float:
    """The noise [m] of a depth image: what a typical pixel differs from the line through those beside it."""
    left, here, right = depth[:, :-2], depth[:, 1:-1], depth[:, 2:]
    all_read = (left > 0) & (here > 0) & (right > 0)
    bend = np.abs(left - 2 * here + right)[all_read]
    return float(np.median(bend) / 0.6745 / np.sqrt(6.0)) if len(bend) else 0.0


def cropped(cloud: Cloud, low: ArrayLike, high: ArrayLike) -> Cloud:
    """What lies in the box ``low`` to ``high`` (3,) m."""
    return cloud.of(((cloud.points >= np.asarray(low)) & (cloud.points <= np.asarray(high))).all(axis=1))


def thinned(cloud: Cloud, voxel: float = VOXEL) -> Cloud:
    """The mean point and colour of every voxel of ``voxel`` m, with the label of one of its points."""
    if not len(cloud):
        return cloud
    cells = np.floor(cloud.points / voxel).astype(np.int64)
    cells -= cells.min(axis=0)
    size = cells.max(axis=0) + 1
    key = (cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2]
    _, first, inverse, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)

    def mean(a: Array) -> Array:
        return np.stack([np.bincount(inverse, a[:, i]) for i in range(3)], axis=1) / count[:, None]

    return Cloud(mean(cloud.points), mean(cloud.colours), cloud.labels[first])


def without_outliers(cloud: Cloud, *, near: float = NEAR, neighbours: int = NEIGHBOURS) -> Cloud:
    """The points that have at least ``neighbours`` others within ``near`` m."""
    if len(cloud) <= neighbours:
        return cloud.of(np.zeros(len(cloud), bool))
    distance, _ = tree_of(cloud.points).query(cloud.points, k=neighbours + 1, distance_upper_bound=near)
    return cloud.of(np.isfinite(distance[:, -1]))


def lab(rgb: Array) -> Array:
    """CIE L*a*b* (..., 3) of sRGB colours (..., 3) in [0, 1] (D65 white)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    t = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def tree_of(points: Array) -> KDTree:
    """A k-d tree over points (n, 3)."""
    return KDTree(points, compact_nodes=False, balanced_tree=False)
