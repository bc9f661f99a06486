"""Point clouds from depth: in the world where the surface is, cropped, thinned to one number, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core import poses
from pipeline.core.camera import CameraSpec
from pipeline.dataset.clouds import View, farthest, point_clouds

CAMERA = CameraSpec(name="eye", pose=(0, 0, 0, 1, 0, 0, 0), width=40, height=30, fovy=50)


def floor_view(eye: tuple[float, float, float], *, colour: bool = False) -> View:
    """A camera that looks at the plane z = 0; every pixel's depth by intersecting its ray."""
    pose = poses.to_matrix(poses.look_at(eye, (0.1, 0.05, 0.0)))
    k = CAMERA.intrinsics
    u, v = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    rays = np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones_like(u)], axis=-1) @ pose[:3, :3].T
    depth = -pose[2, 3] / rays[..., 2]
    rgb = np.stack([u, v, 0 * u], axis=-1).astype(np.uint8)[None] if colour else None
    return View(np.round(depth * 1000).astype(np.uint16)[None], pose[None], k, rgb)


def test_points_lie_on_the_surface_that_was_seen() -> None:
    views = [floor_view((0.6, 0.0, 0.5)), floor_view((-0.3, 0.4, 0.7))]
    cloud = point_clouds(views, points=2400)[0]
    assert cloud.shape == (2400, 3)
    assert np.abs(cloud[:, 2]).max() < 0.001, "depth is in whole millimetres"
    middle = np.linalg.norm(cloud[:, :2] - [0.1, 0.05], axis=1).min()
    assert middle < 0.03, "the optical axis meets the floor where the camera looks"


def test_a_box_keeps_what_is_inside() -> None:
    box = (-0.1, -0.1, -1.0, 0.2, 0.2, 1.0)
    cloud = point_clouds([floor_view((0.6, 0.0, 0.5))], points=64, bounds=box)[0]
    assert (cloud[:, 0] >= -0.1).all()
    assert (cloud[:, :2] <= 0.2).all()


def test_nothing_seen_gives_zeros_and_little_is_repeated() -> None:
    view = floor_view((0.6, 0.0, 0.5))
    none = View(np.zeros_like(view.depth), view.pose, view.intrinsics)
    assert not point_clouds([none], points=16).any()
    depth = np.zeros_like(view.depth)
    depth[0, 3, 4:7] = view.depth[0, 3, 4:7]
    cloud = point_clouds([View(depth, view.pose, view.intrinsics)], points=8)[0]
    assert len(np.unique(cloud, axis=0)) == 3
    np.testing.assert_array_equal(cloud[3:6], cloud[:3])


def test_colours_stay_with_their_points() -> None:
    view = floor_view((0.6, 0.0, 0.5), colour=True)
    cloud = point_clouds([view], points=50)[0]
    assert cloud.shape == (50, 6)
    for point in cloud:
        column, row = int(point[3]), int(point[4])  # the picture's colours are its pixels
        alone = np.zeros_like(view.depth)
        alone[0, row, column] = view.depth[0, row, column]
        own = point_clouds([View(alone, view.pose, view.intrinsics)], points=1)[0, 0]
        np.testing.assert_allclose(own, point[:3], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_farthest_points_are_spread_wider_than_even_ones(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(400, 3))
    chosen = farthest(points, 40)
    assert len(set(chosen.tolist())) == 40

    def gap(some: np.ndarray) -> float:
        """The largest distance of any point from the nearest chosen one."""
        return float(np.linalg.norm(points[:, None] - some, axis=-1).min(axis=1).max())

    assert gap(points[chosen]) < gap(points[:: len(points) // 40][:40])
    np.testing.assert_array_equal(chosen, farthest(points, 40))


def test_the_rule_is_to_take_the_farthest_from_all_before() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [10, 0, 0], [3.5, 0, 0], [-5, 0, 0]], float)
    assert farthest(points, 3).tolist() == [2, 4, 3]
