"""What every backend's render shares: which cameras a scene has, and points from depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.camera import CameraSpec
from pipeline.core.errors import UnknownNameError
from pipeline.core.poses import pose, quat_multiply, quat_to_matrix
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32


def scene_cameras(scene: SceneSpec) -> dict[str, CameraSpec]:
    """The robot's own cameras and the scene's, by name; the scene's win."""
    return {camera.name: camera for camera in (*scene.robot.cameras, *scene.cameras)}


def choose_cameras(scene: SceneSpec, names: Sequence[str]) -> list[CameraSpec]:
    """The cameras called ``names``; raises :class:`UnknownNameError`."""
    known = scene_cameras(scene)
    for name in names:
        if name not in known:
            raise UnknownNameError("camera", name, known)
    return [known[name] for name in names]


def to_opengl(camera_pose: ArrayLike) -> np.ndarray:
    """An OpenCV camera pose (..., 7) in the OpenGL convention (x right, y up, z backward), and back again."""
    camera_pose = np.asarray(camera_pose, float)
    return pose(camera_pose[..., :3], quat_multiply(camera_pose[..., 3:], (0.0, 1.0, 0.0, 0.0)))


def pixel_rays(camera: CameraSpec) -> np.ndarray:
    """Directions (height, width, 3) through the pixel centres in the camera frame, with unit depth."""
    k = camera.intrinsics
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones_like(u)], axis=-1)


def world_points(camera: CameraSpec, depth: F32, camera_pose: ArrayLike) -> F32:
    """Points (batch, height, width, 3) in m, world frame, from depth (batch, height, width); NaN where it is 0."""
    camera_pose = np.asarray(camera_pose, float)
    local = pixel_rays(camera) * depth[..., None]
    rotation = quat_to_matrix(camera_pose[:, 3:])
    points = np.einsum("bij,bhwj->bhwi", rotation, local) + camera_pose[:, None, None, :3]
    return np.where(depth[..., None] > 0, points, np.nan).astype(np.float32)
