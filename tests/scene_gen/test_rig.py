"""The fixed camera: workspace, hand and drawer fronts are in the picture, and the fronts are seen from before."""

import numpy as np
import pytest

from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import inverse, transform_points
from scene_gen.rig import front_camera, room_lights


def pixels(points):
    camera = front_camera()
    seen = transform_points(np.array(inverse(camera.pose)), np.atleast_2d(points))
    assert (seen[:, 2] > 0).all()
    return (seen @ camera.intrinsics.T)[:, :2] / seen[:, 2:]


@pytest.mark.parametrize("height", [0.0, 0.15])
def test_the_whole_workspace_is_in_the_picture(height):
    corners = [(x, y, height) for x in (0.3, 0.65) for y in (-0.35, 0.35)]
    assert ((pixels(corners) > 3) & (pixels(corners) < 125)).all()


def test_the_hand_is_in_the_picture_at_home(catalog):
    robot = catalog.robot("panda")
    tool = forward_kinematics(robot, robot.home)[:3]
    assert ((pixels(tool) > 3) & (pixels(tool) < 125)).all()


def test_drawer_fronts_are_seen_from_the_robots_side():
    eye = np.array(front_camera().pose[:3])
    for y in (-0.12, 0.12):
        front = np.array([0.67, y, 0.25])
        assert ((pixels(front) > 3) & (pixels(front) < 125)).all()
        to_eye = (eye - front) / np.linalg.norm(eye - front)
        assert to_eye @ (-1.0, 0.0, 0.0) > np.sin(np.deg2rad(20))


def test_lights_shine_downwards():
    assert len(room_lights()) >= 2
    assert all(light.direction[2] < 0 for light in room_lights())
