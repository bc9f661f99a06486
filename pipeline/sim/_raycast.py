"""A tiny ray caster over boxes, spheres and the floor: rgb, depth and segmentation without a graphics driver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.camera import CameraSpec
from pipeline.core.poses import Array, inverse, quat_rotate, quat_to_matrix, transform_points
from pipeline.core.streams import stream
from pipeline.sim._boxes import Boxes
from pipeline.sim._cameras import pixel_rays

LIGHT = np.array([0.3, -0.4, 0.866])
AMBIENT = 0.45
SKY, TILES = np.array([0.78, 0.84, 0.9]), np.array([[0.62, 0.6, 0.57], [0.56, 0.54, 0.52]])
BACKGROUND = -1


@dataclass(frozen=True)
class Solids:
    """What can be seen, in the world frame; each solid carries the body column it belongs to."""

    boxes: Boxes
    box_column: NDArray[np.intp]
    spheres: Array  # (n, 4)  centre and radius, m
    sphere_column: NDArray[np.intp]
    floor_height: float
    floor_column: int
    colours: Array  # (bodies, 3) in [0, 1]


def colour_of(name: str) -> Array:
    """A colour (3,) that depends on the body's name alone."""
    return 0.25 + 0.65 * stream(0, "kinematic", "colour", name).random(3)


def cast(solids: Solids, camera: CameraSpec, pose: Array) -> tuple[Array, Array, NDArray[np.int16]]:
    """Colours (height, width, 3) in [0, 1], depth (height, width) m and body columns of one image."""
    canvas = _Canvas(camera, pose)
    canvas.floor(solids)
    for i in range(len(solids.boxes.half)):
        canvas.box(Boxes(solids.boxes.pose[i : i + 1], solids.boxes.half[i : i + 1]), int(solids.box_column[i]))
    for centre_radius, column in zip(solids.spheres, solids.sphere_column, strict=True):
        canvas.sphere(centre_radius, int(column))
    return canvas.finish(solids.colours)


class _Canvas:
    """A depth buffer that keeps the column and the normal of the nearest solid of each pixel."""

    def __init__(self, camera: CameraSpec, pose: Array) -> None:
        self.camera, self.pose = camera, pose
        self.rays = pixel_rays(camera) @ quat_to_matrix(pose[3:]).T  # (height, width, 3), unit depth
        self.depth = np.full(self.rays.shape[:2], np.inf)
        self.column = np.full(self.rays.shape[:2], BACKGROUND, dtype=np.int16)
        self.normal = np.zeros_like(self.rays)
        self.tile = np.zeros(self.rays.shape[:2], dtype=np.intp)

    def floor(self, solids: Solids) -> None:
        down = self.rays[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (solids.floor_height - self.pose[2]) / down
        t = np.where(np.isfinite(t), t, -1.0)
        spot = self.pose[:2] + t[..., None] * self.rays[..., :2]
        self.tile = np.floor(spot * 2).astype(np.intp).sum(axis=-1) % 2
        everywhere = (slice(None), slice(None))
        self._draw(everywhere, t, np.broadcast_to([0.0, 0.0, 1.0], self.rays.shape), solids.floor_column)

    def box(self, box: Boxes, column: int) -> None:
        window = self._window(box.corners()[0])
        rays = self.rays[window]
        back = inverse(box.pose[0])
        origin = back[:3] + quat_rotate(back[3:], self.pose[:3])
        to_box = quat_to_matrix(back[3:])
        direction = rays @ to_box.T
        direction = np.where(np.abs(direction) < 1e-12, 1e-12, direction)
        near = (-np.sign(direction) * box.half[0] - origin) / direction
        far = (np.sign(direction) * box.half[0] - origin) / direction
        enter, leave = near.max(axis=-1), far.min(axis=-1)
        face = near.argmax(axis=-1)[..., None]
        sign = -np.sign(np.take_along_axis(direction, face, axis=-1))
        normal = to_box[face[..., 0]] * sign
        self._draw(window, np.where(enter <= leave, enter, -1.0), normal, column)

    def sphere(self, centre_radius: Array, column: int) -> None:
        centre, radius = centre_radius[:3], centre_radius[3]
        around = Boxes(np.array([[*centre, 1.0, 0.0, 0.0, 0.0]]), np.full((1, 3), radius))
        window = self._window(around.corners()[0])
        rays, gap = self.rays[window], self.pose[:3] - centre
        a, b, c = (rays**2).sum(-1), rays @ gap, gap @ gap - radius**2
        root = b * b - a * c
        t = np.where(root >= 0, (-b - np.sqrt(np.maximum(root, 0))) / a, -1.0)
        self._draw(window, t, (gap + t[..., None] * rays) / radius, column)

    def finish(self, colours: Array) -> tuple[Array, Array, NDArray[np.int16]]:
        """Shade by the angle to one light; what is beyond the far plane was not hit."""
        shade = AMBIENT + (1 - AMBIENT) * np.maximum(self.normal @ LIGHT, 0)
        paint = colours[self.column]
        paint = np.where((self.normal[..., 2:] == 1.0) & (self.column == 3)[..., None], TILES[self.tile], paint)
        hit = self.column != BACKGROUND
        return np.where(hit[..., None], paint * shade[..., None], SKY), np.where(hit, self.depth, 0.0), self.column

    def _draw(self, window: tuple[slice, slice], t: Array, normal: Array, column: int) -> None:
        nearer = (t > self.camera.near) & (t < self.camera.far) & (t < self.depth[window])
        self.depth[window] = np.where(nearer, t, self.depth[window])
        self.column[window] = np.where(nearer, column, self.column[window])
        self.normal[window] = np.where(nearer[..., None], normal, self.normal[window])

    def _window(self, corners: Array) -> tuple[slice, slice]:
        """The pixels that a convex solid can cover; all of them when it reaches behind the camera."""
        x, y, z = transform_points(inverse(self.pose), corners).T
        if (z < self.camera.near).all():
            return slice(0, 0), slice(0, 0)
        if (z < self.camera.near).any():
            return slice(None), slice(None)
        k = self.camera.intrinsics
        u, v = k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]
        return _clip(v, self.camera.height), _clip(u, self.camera.width)


def _clip(values: Array, size: int) -> slice:
    low, high = np.clip([np.floor(values.min()), np.ceil(values.max()) + 1], 0, size)
    return slice(int(low), int(high))
