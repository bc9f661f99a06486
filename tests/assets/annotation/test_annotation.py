"""Annotation finds grasps, cavities, supports and covers of shapes whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from assets.annotation.boxes import cover_with_boxes
from assets.annotation.containers import find_cavity, find_support
from assets.annotation.grasps import Approach, sample_grasps
from assets.annotation.solids import Solids
from assets.annotation.spheres import cover_with_spheres
from assets.importers.panda import GRIPPER
from pipeline.core.geometry import Box
from pipeline.core.poses import quat_rotate


def _box(centre: tuple[float, float, float], half: tuple[float, float, float]) -> Box:
    return Box(pose=(*centre, 1.0, 0.0, 0.0, 0.0), half=half)


def _open_box(half: float = 0.06, height: float = 0.06, wall: float = 0.005) -> list[Box]:
    z = height / 2
    return [
        _box((0, 0, wall / 2), (half, half, wall / 2)),
        _box((half - wall / 2, 0, z), (wall / 2, half, z)),
        _box((-half + wall / 2, 0, z), (wall / 2, half, z)),
        _box((0, half - wall / 2, z), (half, wall / 2, z)),
        _box((0, -half + wall / 2, z), (half, wall / 2, z)),
    ]


def test_a_slab_is_grasped_across_its_narrow_side_only() -> None:
    found = sample_grasps(Solids.of([_box((0, 0, 0.02), (0.06, 0.02, 0.02))]), GRIPPER)
    assert len(found) >= 8
    for grasp in found:
        closing = quat_rotate(grasp.pose[3:], (0, 1, 0))
        assert abs(closing[1]) == pytest.approx(1, abs=1e-6)
        assert grasp.width == pytest.approx(0.04, abs=1e-6)
        assert grasp.pose[1] == pytest.approx(0, abs=1e-6)


def test_the_best_grasp_of_a_long_bar_is_near_its_middle() -> None:
    best = sample_grasps(Solids.of([_box((0, 0, 0.02), (0.10, 0.015, 0.02))]), GRIPPER)[0]
    assert abs(best.pose[0]) < 0.02


def test_what_is_wider_than_the_hand_has_no_grasp() -> None:
    assert sample_grasps(Solids.of([_box((0, 0, 0.035), (0.06, 0.05, 0.035))]), GRIPPER) == ()


def test_an_open_box_is_grasped_at_its_walls_from_above() -> None:
    found = sample_grasps(Solids.of(_open_box()), GRIPPER)
    assert found
    assert all(g.width == pytest.approx(0.005, abs=1e-4) for g in found)
    assert all(max(abs(g.pose[0]), abs(g.pose[1])) > 0.05 for g in found)


def test_a_neighbouring_obstacle_removes_the_grasps_that_would_hit_it() -> None:
    solids = Solids.of([_box((0, 0, 0.03), (0.02, 0.02, 0.03))])
    wall = np.array([(0.05, y, z) for y in np.linspace(-0.1, 0.1, 41) for z in np.linspace(0, 0.06, 13)])
    assert any(abs(quat_rotate(g.pose[3:], (0, 1, 0))[0]) > 0.9 for g in sample_grasps(solids, GRIPPER))
    kept = sample_grasps(solids, GRIPPER, obstacles=wall)
    assert kept
    assert not any(abs(quat_rotate(g.pose[3:], (0, 1, 0))[0]) > 0.9 for g in kept)


def test_a_side_approach_comes_from_the_side() -> None:
    solids = Solids.of([_box((0, 0, 0.1), (0.02, 0.02, 0.1))])
    found = sample_grasps(solids, GRIPPER, approaches=(Approach((1.0, 0.0, 0.0), (0.0,), limit=20.0),))
    assert found
    assert all(quat_rotate(g.pose[3:], (0, 0, 1))[0] > 0.9 for g in found)


def test_grasps_are_the_same_every_time() -> None:
    solids = Solids.of([_box((0, 0, 0.02), (0.03, 0.02, 0.02))])
    assert sample_grasps(solids, GRIPPER) == sample_grasps(solids, GRIPPER)


def test_the_cavity_of_an_open_box_is_its_inside() -> None:
    cavity = find_cavity(Solids.of(_open_box()))
    assert cavity is not None
    assert cavity.pose[:3] == pytest.approx((0, 0, 0.0325), abs=0.002)
    assert cavity.half == pytest.approx((0.055, 0.055, 0.0275), abs=0.003)


def test_a_solid_block_has_no_cavity_but_a_top() -> None:
    solids = Solids.of([_box((0, 0, 0.02), (0.04, 0.03, 0.02))])
    assert find_cavity(solids) is None
    support = find_support(solids)
    assert support is not None
    assert support.pose[2] == pytest.approx(0.04, abs=1e-6)
    assert support.half[:2] == pytest.approx((0.037, 0.027), abs=0.002)


def test_a_pointed_shape_carries_nothing() -> None:
    pyramid = np.array([(-0.05, -0.05, 0), (0.05, -0.05, 0), (0.05, 0.05, 0), (-0.05, 0.05, 0), (0, 0, 0.1)], float)
    assert find_support(Solids((pyramid,))) is None


def test_planning_boxes_keep_a_container_open() -> None:
    boxes = cover_with_boxes(Solids.of(_open_box()))
    assert len(boxes) == 5
    assert not any(np.all(np.abs(np.array((0, 0, 0.04)) - b.pose[:3]) < b.half) for b in boxes)


def test_planning_boxes_are_never_more_than_asked() -> None:
    scattered = [_box((x, 0, 0), (0.01, 0.01, 0.01)) for x in np.linspace(0, 1, 12)]
    assert len(cover_with_boxes(Solids.of(scattered), 4)) == 4


def test_spheres_hold_a_box_and_stand_out_no_more_than_allowed() -> None:
    corners = np.array(list(np.ndindex(2, 2, 2)), float) * (0.2, 0.06, 0.06)
    spheres = np.array(cover_with_spheres([corners], 0.02))
    gap = np.linalg.norm(corners[:, None] - spheres[:, :3], axis=-1) - spheres[:, 3]
    assert gap.min(axis=1).max() <= 1e-3
    assert np.all(spheres[:, :3] - spheres[:, 3:] >= -0.0201)
    assert np.all(spheres[:, :3] + spheres[:, 3:] <= np.array((0.2, 0.06, 0.06)) + 0.0201)
    assert len(spheres) < 20
