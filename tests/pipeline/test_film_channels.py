"""Depth and segmentation in an episode agree with the geometry of the scene."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Problem
from pipeline.core.poses import inverse, look_at, transform_points
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.sim.mujoco import mujoco
from pipeline.validate import millimetres, replay

CAMERA = CameraSpec(
    name="above", pose=tuple(look_at((0.5, 0.1, 0.9), (0.5, 0, 0), (1, 0, 0))), width=64, height=48, far=5.0
)
HALF, CENTRE = 0.02, (0.5, 0.0, 0.02)  # m


@pytest.mark.physics
def test_recorded_depth_is_the_distance_to_the_block_in_millimetres(toys: ModuleType, tmp_path: Path) -> None:
    block = toys.placed("brick", toys.block(), CENTRE)
    scene = toys.scene(block, cameras=(CAMERA,))
    task = TaskSpec(
        name="toy", family="push", instruction="Push the brick.", goal="(on brick table)",
        objects=(TaskObject(name="brick", asset="brick"),),
    )  # fmt: skip
    actions = np.tile(np.array(scene.robot_start, np.float32), (3, 1, 1))
    channels = ("rgb", "depth", "segmentation")
    film = replay(
        mujoco(toys.ToyFiles(tmp_path)), Problem(task, (scene,), 0), actions, cameras=["above"], channels=channels
    )
    depth, seg = film.depth["above"][:, 0], film.seg["above"][:, 0]
    assert (depth.dtype, depth.shape) == (np.uint16, (3, 48, 64))
    assert (seg.dtype, seg.shape) == (np.uint8, (3, 48, 64))
    bodies = film.final.layout.bodies
    for point, body in (((0.5, 0.0, 0.04), "brick"), ((0.62, 0.12, 0.0), "table")):
        local = transform_points(inverse(film.camera_pose["above"][0, 0].astype(float)), np.array([point]))[0]
        u, v, w = CAMERA.intrinsics @ local
        row, column = int(v / w), int(u / w)
        assert depth[0, row, column] == pytest.approx(local[2] * 1000, abs=6), body
        assert bodies[seg[0, row, column] - 1] == body


def test_depth_is_rounded_to_millimetres_and_nothing_is_zero() -> None:
    metres = np.array([0.0, 0.0004, 0.0006, 1.2344, 65.535, 65.6, np.inf, np.nan], np.float32)
    assert millimetres(metres).tolist() == [0, 0, 1, 1234, 65535, 0, 0, 0]
