"""Grasps for a hand of which one finger stands still."""

from __future__ import annotations

import numpy as np

from assets.catalog import LibraryCatalog
from demo_solvers.grasping.still import BESIDE, beside
from demo_solvers.planning.robot_spheres import finger_spheres
from pipeline.core import poses

CATALOG = LibraryCatalog()
CLOSED_ALIKE, ONE_STILL = CATALOG.robot("panda"), CATALOG.robot("so101")


def test_fingers_that_close_alike_keep_the_grasp() -> None:
    grasp = poses.pose(np.zeros((1, 1, 3)))
    assert beside(grasp, np.full((1, 1), 0.04), CLOSED_ALIKE.gripper) is grasp


def test_the_still_finger_stands_just_beside_the_body() -> None:
    width = np.array([[0.02, 0.04, 0.066]])
    tool = beside(poses.pose(np.zeros((1, 3, 3))), width, ONE_STILL.gripper)
    pad = tool[..., 1] - ONE_STILL.gripper.still
    room = -pad - width / 2  # the body's middle is the origin
    np.testing.assert_allclose(room, [[BESIDE, BESIDE, 0.002]], atol=1e-9)


def test_the_spheres_of_a_still_finger_do_not_move_with_the_width() -> None:
    narrow, wide = (finger_spheres(ONE_STILL.arms[0], ONE_STILL, np.array([w])) for w in (0.02, 0.06))
    moved = (wide - narrow)[0, :, 1]
    half = len(moved) // 2
    np.testing.assert_allclose(moved[:half], 0.04, atol=1e-9)
    np.testing.assert_allclose(moved[half:], 0.0, atol=1e-9)
