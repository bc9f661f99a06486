from __future__ import annotations

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import angle_between
from pipeline.core.robot import RobotSpec
from pipeline.delta_control import commanded_poses, delta_to_joints
from pipeline.validate import end_effector_deltas

STEPS = 60


@pytest.fixture(scope="module")
def robot() -> RobotSpec:
    return LibraryCatalog().robot("panda")


def starts(robot: RobotSpec, count: int, *, width: float = 0.08) -> np.ndarray:
    """Commands (count, dof) at home and a little beside it."""
    noise = np.random.default_rng(3).uniform(-0.02, 0.02, (count, len(robot.home)))
    return np.concatenate([np.array(robot.home) + noise, np.full((count, 1), width)], axis=1)


def circle(*, radius: float, turn: float, width: float = 0.04) -> np.ndarray:
    """Deltas (STEPS, 7) once around a level circle and back to height, while the hand turns to and fro about z."""
    phase = np.linspace(0, 2 * np.pi, STEPS + 1)
    place = radius * np.stack([np.sin(phase), 1 - np.cos(phase), -np.sin(phase)], axis=1)
    angle = turn * np.sin(phase)
    out = np.zeros((STEPS, 7))
    out[:, :3], out[:, 5], out[:, 6] = np.diff(place, axis=0), np.diff(angle), width
    return out


def gaps(robot: RobotSpec, start: np.ndarray, deltas: np.ndarray, joints: np.ndarray) -> tuple[float, float]:
    """Largest distance [m] and angle [rad] between where the tool was told to be and where the joints put it."""
    asked, got = commanded_poses(robot, start, deltas), forward_kinematics(robot, joints)
    distance = np.linalg.norm(asked[..., :3] - got[..., :3], axis=-1)
    return float(distance.max()), float(angle_between(asked[..., 3:], got[..., 3:]).max())


def test_the_tool_goes_where_the_deltas_send_it(robot: RobotSpec) -> None:
    start = starts(robot, 3)
    deltas = np.stack([circle(radius=r, turn=a) for r, a in ((0.05, 0.3), (0.1, 0.8), (0.02, 1.2))], axis=1)
    distance, angle = gaps(robot, start, deltas, delta_to_joints(robot, start, deltas))
    assert distance < 1e-3
    assert angle < 1e-2


def test_translation_adds_up_along_the_axes_of_the_base(robot: RobotSpec) -> None:
    start, deltas = starts(robot, 1), np.zeros((10, 1, 7))
    deltas[:, 0, 0] = 0.005
    before = forward_kinematics(robot, start)[0]
    after = forward_kinematics(robot, delta_to_joints(robot, start, deltas)[-1])[0]
    assert after[:3] - before[:3] == pytest.approx([0.05, 0, 0], abs=1e-4)
    assert angle_between(before[3:], after[3:]) < 1e-3


def test_a_rotation_vector_turns_about_the_axes_of_the_base(robot: RobotSpec) -> None:
    start, deltas = starts(robot, 1), np.zeros((10, 1, 7))
    deltas[:, 0, 5] = 0.05
    before = forward_kinematics(robot, start)[0]
    after = forward_kinematics(robot, delta_to_joints(robot, start, deltas)[-1])[0]
    half_turn = np.array([np.cos(0.25), 0, 0, np.sin(0.25)])
    w, v, u = before[3], before[4:], half_turn[1:]
    expected = np.concatenate([[half_turn[0] * w - u @ v], half_turn[0] * v + w * u + np.cross(u, v)])
    assert angle_between(after[3:], expected) < 1e-3
    assert after[:3] == pytest.approx(before[:3], abs=1e-4)


def test_deltas_of_recorded_joints_give_the_recorded_tool_path(robot: RobotSpec) -> None:
    start = starts(robot, 1)
    swing = 0.4 * np.sin(np.linspace(0, np.pi, STEPS))[:, None] * np.array([1, -0.5, 0.7, 0.6, -0.8, 0.3, 1.5])
    actions = np.concatenate([start[0, :-1] + swing, np.full((STEPS, 1), 0.05)], axis=1).astype(np.float32)
    again = delta_to_joints(robot, start, end_effector_deltas(robot, start[0], actions)[:, None])[:, 0]
    recorded, replayed = forward_kinematics(robot, actions), forward_kinematics(robot, again)
    assert np.linalg.norm(recorded[:, :3] - replayed[:, :3], axis=1).max() < 1e-3
    assert angle_between(recorded[:, 3:], replayed[:, 3:]).max() < 1e-2


def test_zero_deltas_hold_still(robot: RobotSpec) -> None:
    start, deltas = starts(robot, 2), np.zeros((20, 2, 7))
    deltas[..., 6] = start[:, -1]
    assert delta_to_joints(robot, start, deltas) == pytest.approx(np.repeat(start[None], 20, axis=0), abs=1e-6)


def test_the_gripper_opens_as_wide_as_the_step_says_and_no_wider_than_it_can(robot: RobotSpec) -> None:
    start, deltas = starts(robot, 1), np.zeros((3, 1, 7))
    deltas[:, 0, 6] = (0.03, -0.01, 0.5)
    assert delta_to_joints(robot, start, deltas)[:, 0, -1] == pytest.approx([0.03, 0.0, robot.gripper.max_width])


def test_joint_limits_hold_whichever_way_the_deltas_lead_out_of_reach(robot: RobotSpec) -> None:
    axes = np.concatenate([np.eye(6), -np.eye(6)]) * ([0.02] * 3 + [0.06] * 3)
    start, deltas = starts(robot, len(axes)), np.zeros((STEPS, len(axes), 7))
    deltas[..., :6] = axes
    arm = delta_to_joints(robot, start, deltas)[..., :-1]
    assert (arm >= np.array([j.lower for j in robot.arm]) - 1e-6).all()
    assert (arm <= np.array([j.upper for j in robot.arm]) + 1e-6).all()


def test_the_arm_finds_back_from_out_of_reach(robot: RobotSpec) -> None:
    start, deltas = starts(robot, 1), np.zeros((80, 1, 7))
    deltas[:40, 0, 0], deltas[40:, 0, 0] = 0.03, -0.03
    tool = forward_kinematics(robot, delta_to_joints(robot, start, deltas))[:, 0]
    assert np.linalg.norm(tool[:, :3], axis=1).max() < 1.3, "1.2 m outward is further than the arm is long"
    assert np.linalg.norm(tool[-1, :3] - forward_kinematics(robot, start)[0, :3]) < 1e-3


def test_a_joint_at_its_limit_lets_the_others_make_up_for_it(robot: RobotSpec) -> None:
    start = starts(robot, 1)
    start[0, 6] = robot.arm[6].upper - 0.05
    deltas = circle(radius=0.04, turn=-0.5)[:, None]
    joints = delta_to_joints(robot, start, deltas)
    assert joints[..., 6].max() > robot.arm[6].upper - 1e-3, "the path does not lead to the limit"
    distance, angle = gaps(robot, start, deltas, joints)
    assert distance < 1e-3
    assert angle < 1e-2


def test_an_episode_does_not_depend_on_its_batch(robot: RobotSpec) -> None:
    start = starts(robot, 3)
    deltas = np.stack([circle(radius=r, turn=0.5) for r in (0.02, 0.05, 0.1)], axis=1)
    together, alone = delta_to_joints(robot, start, deltas), delta_to_joints(robot, start[1:2], deltas[:, 1:2])
    assert together[:, 1] == pytest.approx(alone[:, 0], abs=1e-5)


def test_wrong_shapes_and_nan_are_refused(robot: RobotSpec) -> None:
    start = starts(robot, 2)
    with pytest.raises(InvalidInputError, match=r"\(batch, 8\)"):
        delta_to_joints(robot, start[:, :-1], np.zeros((5, 2, 7)))
    with pytest.raises(InvalidInputError, match=r"\(time, 2, 7\)"):
        delta_to_joints(robot, start, np.zeros((5, 3, 7)))
    with pytest.raises(InvalidInputError, match="NaN"):
        delta_to_joints(robot, start, np.full((5, 2, 7), np.nan))
