"""Point clouds from recorded depth: in the world frame, cropped to a box, thinned to the same number in every frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError
from pipeline.dataset.frames import camera_spec
from pipeline.dataset.reader import StoredEpisode

Sampling = Literal["farthest", "uniform"]
Box = tuple[float, float, float, float, float, float]
"""Corners of a box in the world: least x, y, z, then greatest x, y, z [m]."""
MM = 1000.0  # in a metre: depth is recorded in whole millimetres
CANDIDATES = 4  # times the points wanted: what is left of a frame, evenly, before the farthest ones are chosen


@dataclass(frozen=True, eq=False)
class View:
    """What one camera saw in some frames."""

    depth: NDArray[np.uint16]  # (time, height, width)  mm along the optical axis, 0 where nothing is
    pose: NDArray[np.floating]  # (time, 4, 4)  T_world_camera, OpenCV convention
    intrinsics: NDArray[np.float64]  # (3, 3)  K in pixels, pixel centres at half integers
    rgb: NDArray[np.uint8] | None = None  # (time, height, width, 3)

    def points(self, frame: int) -> NDArray[np.float64]:
        """Points (n, 3) [m] of one frame in the world, with colours 0 to 255 behind them (n, 6) if there are any."""
        depth = self.depth[frame].astype(np.float64) / MM
        v, u = np.nonzero(depth)
        k, z = self.intrinsics, depth[v, u]
        local = np.stack([(u + 0.5 - k[0, 2]) / k[0, 0] * z, (v + 0.5 - k[1, 2]) / k[1, 1] * z, z], axis=1)
        pose = self.pose[frame].astype(np.float64)
        world = local @ pose[:3, :3].T + pose[:3, 3]
        return world if self.rgb is None else np.concatenate([world, self.rgb[frame][v, u]], axis=1)


def point_clouds(
    views: Sequence[View], *, points: int, bounds: Box | None = None, sampling: Sampling = "farthest"
) -> NDArray[np.float32]:
    """Clouds (time, points, 3 or 6): x y z [m] in the world, then r g b 0 to 255 if the views have colours.

    The views of a frame are one cloud. ``bounds`` keeps what lies inside a box. Of more than ``points`` the farthest
    from each other are kept, or evenly many of every part of the images; fewer are repeated, which changes no maximum
    over them; of none all are zero. The same views give the same bits.
    """
    frames, width = len(views[0].depth), 3 if views[0].rgb is None else 6
    out = np.zeros((frames, points, width), np.float32)
    for frame in range(frames):
        cloud = _inside(np.concatenate([view.points(frame) for view in views]), bounds)
        if len(cloud):
            out[frame] = _thinned(cloud, points, sampling)
    return out


def views_of(episode: StoredEpisode, cameras: Sequence[str], *, colour: bool, rows: Any = slice(None)) -> list[View]:
    """The views of an episode's cameras, of the given ``rows`` of it; raises :class:`DatasetError` without depth."""
    arrays, names = episode.arrays, episode.reader.names
    views: list[View] = []
    for camera in cameras:
        if f"depth_{camera}" not in names:
            raise DatasetError(
                f"{episode.reader.place!r} was recorded without depth of camera {camera!r}, which point clouds are "
                f"made of; depth is there of: {', '.join(depth_cameras(names)) or 'none'}. Record it again with depth."
            )
        rgb = arrays[f"rgb_{camera}"][rows] if colour else None
        intrinsics = camera_spec(episode.scene, camera).intrinsics
        views.append(View(arrays[f"depth_{camera}"][rows], arrays[f"cam_T_{camera}"][rows], intrinsics, rgb))
    return views


def depth_cameras(names: Sequence[str]) -> list[str]:
    """The cameras with depth among the arrays of a dataset."""
    return [name.removeprefix("depth_") for name in names if name.startswith("depth_")]


def farthest(points: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Indices (count,) of points (n, 3), n at least ``count``: each the farthest from those before it.

    It begins with the point farthest from their mean. Source: Eldar et al. (1997), as PointNet++ uses it.
    """
    x, y, z = np.ascontiguousarray((points - points.mean(axis=0)).T, np.float32)
    nearest, chosen = x * x + y * y + z * z, np.empty(count, np.int64)
    for k in range(count):
        chosen[k] = pick = int(np.argmax(nearest))
        dx, dy, dz = x - x[pick], y - y[pick], z - z[pick]
        distance = dx * dx + dy * dy + dz * dz
        nearest = distance if k == 0 else np.minimum(nearest, distance, out=nearest)
    return chosen


def _inside(cloud: NDArray[np.float64], bounds: Box | None) -> NDArray[np.float64]:
    if bounds is None:
        return cloud
    low, high = np.array(bounds[:3]), np.array(bounds[3:])
    return cloud[((cloud[:, :3] >= low) & (cloud[:, :3] <= high)).all(axis=1)]


def _thinned(cloud: NDArray[np.float64], count: int, sampling: Sampling) -> NDArray[np.float64]:
    if len(cloud) <= count:
        return np.resize(cloud, (count, cloud.shape[1]))
    if sampling == "uniform":
        return cloud[_even(len(cloud), count)]
    candidates = cloud[_even(len(cloud), min(len(cloud), CANDIDATES * count))]
    return candidates[farthest(candidates[:, :3], count)]


def _even(total: int, count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) * total // count
