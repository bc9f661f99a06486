from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.asset import Licence
from pipeline.core.geometry import Pose7
from pipeline.core.kinematics import forward_kinematics, jacobian, link_poses
from pipeline.core.poses import compose, quat_conjugate, quat_multiply, quat_to_rotvec
from pipeline.core.robot import ArmJoint, Gripper, RobotSpec

HALF = float(np.sqrt(0.5))
IDENTITY: Pose7 = (0, 0, 0, 1, 0, 0, 0)


def joint(name: str, link: str, origin: Pose7, axis: tuple[float, float, float]) -> ArmJoint:
    return ArmJoint(
        name=name,
        link=link,
        origin=origin,
        axis=axis,
        lower=-3,
        upper=3,
        max_velocity=1,
        max_acceleration=1,
        kp=1,
        kv=1,
        max_force=1,
    )


@pytest.fixture
def robot() -> RobotSpec:
    """Shoulder about z at 0.3 m, elbow about y half a metre out, tool 0.2 m beyond, seen along a turned frame."""
    arm = (
        joint("shoulder", "upper", (0, 0, 0.3, 1, 0, 0, 0), (0, 0, 1)),
        joint("elbow", "lower", (0.5, 0, 0, 1, 0, 0, 0), (0, 1, 0)),
        joint("wrist", "wrist", (0.1, 0, 0, HALF, HALF, 0, 0), (1, 0, 0)),
    )
    gripper = Gripper(
        joints=("f1", "f2"),
        left_link="l",
        right_link="r",
        max_width=0.08,
        kp=1,
        kv=1,
        max_force=1,
        finger_depth=0.01,
        pad_half=(0.01, 0.01, 0.01),
        palm_clearance=0.04,
    )
    return RobotSpec(
        name="two",
        noun="arm",
        files={},
        base_link="base",
        arm=arm,
        tool_link="hand",
        tool=(0.1, 0, 0, 1, 0, 0, 0),
        flange=(0.1, 0, 0, 1, 0, 0, 0),
        gripper=gripper,
        home=(0, 0, 0),
        spheres={},
        reach=0.9,
        licence=Licence(spdx="CC0-1.0", author="tests", source="by hand"),
        gain_source="by hand",
    )


def test_the_straight_arm_reaches_the_sum_of_its_links(robot: RobotSpec) -> None:
    np.testing.assert_allclose(forward_kinematics(robot, [[0, 0, 0]])[0, :3], [0.8, 0, 0.3], atol=1e-12)


def test_turning_the_shoulder_swings_the_tool_to_the_left(robot: RobotSpec) -> None:
    np.testing.assert_allclose(forward_kinematics(robot, [[np.pi / 2, 0, 0]])[0, :3], [0, 0.8, 0.3], atol=1e-12)


def test_bending_the_elbow_about_y_lowers_the_tool(robot: RobotSpec) -> None:
    np.testing.assert_allclose(forward_kinematics(robot, [[0, np.pi / 2, 0]])[0, :3], [0.5, 0, 0.0], atol=1e-12)


def test_a_gripper_width_after_the_arm_joints_is_ignored(robot: RobotSpec) -> None:
    q = np.array([[0.3, -0.4, 0.5, 0.08]])
    np.testing.assert_array_equal(forward_kinematics(robot, q), forward_kinematics(robot, q[:, :3]))


def test_one_configuration_gives_one_pose(robot: RobotSpec) -> None:
    assert forward_kinematics(robot, [0.1, 0.2, 0.3]).shape == (7,)
    assert jacobian(robot, [0.1, 0.2, 0.3]).shape == (6, 3)


def test_a_row_does_not_depend_on_the_batch_it_is_in(robot: RobotSpec) -> None:
    q = np.random.default_rng(0).uniform(-2, 2, (50, 3))
    every, jacobians = forward_kinematics(robot, q), jacobian(robot, q)
    for row in range(50):
        np.testing.assert_array_equal(forward_kinematics(robot, q[row : row + 1])[0], every[row])
        np.testing.assert_array_equal(jacobian(robot, q[row : row + 1])[0], jacobians[row])


def test_link_poses_name_every_link_and_lead_to_the_tool(robot: RobotSpec) -> None:
    q = np.random.default_rng(1).uniform(-2, 2, (4, 3))
    links = link_poses(robot, q)
    assert set(links) == {"base", "upper", "lower", "wrist", "hand"}
    assert all(poses.shape == (4, 7) for poses in links.values())
    np.testing.assert_allclose(links["base"], np.tile(IDENTITY, (4, 1)))
    tool = compose(links["hand"], robot.tool)
    np.testing.assert_allclose(tool[:, :3], forward_kinematics(robot, q)[:, :3], atol=1e-12)


def test_the_jacobian_is_the_derivative_of_the_tool_pose(robot: RobotSpec) -> None:
    q, step = np.random.default_rng(2).uniform(-2, 2, (5, 3)), 1e-6
    exact = jacobian(robot, q)
    for i in range(3):
        nudge = np.eye(3)[i] * step
        after, before = forward_kinematics(robot, q + nudge), forward_kinematics(robot, q - nudge)
        turn = quat_to_rotvec(quat_multiply(after[:, 3:], quat_conjugate(before[:, 3:])))
        numeric = np.concatenate([after[:, :3] - before[:, :3], turn], axis=1) / (2 * step)
        np.testing.assert_allclose(exact[:, :, i], numeric, atol=1e-6)
