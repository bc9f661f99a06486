"""Planning with every robot of the library: what five and six joints reach, and second arms."""

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.planning.arm import RESTARTS, Arm, attitudes
from demo_solvers.planning.collision import SLACK, CollisionModel
from pipeline.core import poses
from pipeline.core.errors import UnknownNameError
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.world import WorldState
from pipeline.sim.kinematic import kinematic

CATALOG = LibraryCatalog()


def test_a_six_joint_arm_reaches_the_workspace_from_above_at_every_yaw() -> None:
    rng = np.random.default_rng(0)
    low, high = (0.30, -0.35, 0.02), (0.65, 0.35, 0.15)
    turned = poses.quat_multiply(poses.quat_from_yaw(rng.uniform(-np.pi, np.pi, 200)), (0.0, 1.0, 0.0, 0.0))
    target = poses.pose(rng.uniform(low, high, (200, 3)), turned)
    arm = Arm(CATALOG.robot("ur5e"))
    found = arm.ik_restarted(target)
    assert found.ok.mean() > 0.98
    np.testing.assert_allclose(arm.tool_pose(found.q)[found.ok, :3], target[found.ok, :3], atol=1e-3)


def upright(arm: Arm, *, near: float, far: float, count: int = 200) -> np.ndarray:
    """Tool poses (count, 7) from above at every yaw, ``near`` to ``far`` m from the arm's first axis, ahead of it."""
    rng, origin, home = np.random.default_rng(0), arm.chain.origins[0, :2, 3], arm.tool_pose(arm.home)
    ahead = np.arctan2(home[1] - origin[1], home[0] - origin[0]) + rng.uniform(-0.8, 0.8, count)
    at = origin + rng.uniform(near, far, count)[:, None] * np.stack([np.cos(ahead), np.sin(ahead)], axis=-1)
    turned = poses.quat_multiply(poses.quat_from_yaw(rng.uniform(-np.pi, np.pi, count)), (0.0, 1.0, 0.0, 0.0))
    return poses.pose(np.concatenate([at, rng.uniform(0.02, 0.05, (count, 1))], axis=1), turned)


def reachable(arm: Arm, target: np.ndarray) -> np.ndarray:
    """Whether any of many searches from random joints arrives, (count,)."""
    rng, ok = np.random.default_rng(1), np.zeros(len(target), bool)
    for _ in range(30):
        start = rng.uniform(arm.lower, arm.upper, (len(target), len(arm.home)))
        ok |= arm.ik(target, start, posture=arm.home, iterations=100).ok
    return ok


@pytest.mark.parametrize(
    ("name", "near", "far"), [("aloha", 0.25, 0.5), ("panda", 0.35, 0.65), ("so101", 0.14, 0.26), ("ur5e", 0.35, 0.7)]
)
def test_every_robot_finds_the_upright_grasps_that_it_can_reach(name: str, near: float, far: float) -> None:
    arm = Arm(CATALOG.robot(name))
    target = upright(arm, near=near, far=far)
    found, can = arm.ik_restarted(target), reachable(arm, target)
    assert can.mean() > 0.4
    assert found.ok[can].mean() > 0.97
    tool = arm.tool_pose(found.q)[found.ok]
    np.testing.assert_allclose(tool[:, :3], target[found.ok, :3], atol=1e-3)
    assert poses.angle_between(tool[:, 3:], target[found.ok, 3:]).max() < 1e-2


def test_five_joints_reach_an_upright_grasp_but_not_one_that_leans_out_of_the_arms_plane() -> None:
    arm = Arm(CATALOG.robot("so101"))
    home = arm.tool_pose(arm.home)
    leaning = poses.compose(home, poses.pose((0, 0, 0), poses.quat_from_axis_angle(np.array([1.0, 0, 0]), 0.5)))
    found = arm.ik_restarted(np.stack([home, leaning]))
    assert list(found.ok) == [True, False]
    gap = poses.angle_between(arm.tool_pose(found.q)[1, 3:], leaning[3:])
    assert found.rotation_error[1] == pytest.approx(gap, abs=1e-6)


def test_the_second_arm_is_planned_with_its_own_joints_and_columns() -> None:
    robot = CATALOG.robot("aloha")
    left = Arm(robot, "left")
    assert left.columns == slice(7, 13)
    np.testing.assert_array_equal(left.home, robot.others[0].home)
    target = upright(left, near=0.3, far=0.45)
    assert left.ik_restarted(target).ok.mean() > 0.95
    with pytest.raises(UnknownNameError, match="'middle'"):
        Arm(robot, "middle")


def over_a_table(robot: RobotSpec, *, qpos: tuple[float, ...] | None = None) -> WorldState:
    table = Placement(name="table", asset=CATALOG.asset("table"), pose=(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0))
    start = qpos or (*robot.home, robot.gripper.max_width, *robot.others_home)
    return kinematic(CATALOG).load([SceneSpec(task="home", robot=robot, robot_start=start, placements=(table,))])


def test_each_arm_is_an_obstacle_to_the_other() -> None:
    robot = CATALOG.robot("aloha")
    right, left = Arm(robot), Arm(robot, "left")
    # Both tools at the middle of the table.
    middle = np.array([[0.45, 0.0, 0.2, *right.tool_pose(right.home)[3:]]])
    mine = right.ik_restarted(middle)
    there = left.ik_restarted(np.array([[0.45, 0.02, 0.2, *left.tool_pose(left.home)[3:]]]))
    assert mine.ok.all()
    assert there.ok.all()
    apart = CollisionModel(right, over_a_table(robot))
    met = CollisionModel(
        right, over_a_table(robot, qpos=(*robot.home, 0.05, *map(float, there.q[0]), robot.gripper.max_width))
    )
    assert apart.free(mine.q[:, None], [0]).all()
    assert not met.free(mine.q[:, None], [0]).any()
    one, other = met.culprits(mine.q[:, None], [0])[0]
    assert other.startswith("left")
    assert not one.startswith("left")


def test_the_tables_for_seven_joints_are_used_as_they_are_and_others_are_the_same_every_time() -> None:
    assert attitudes(RESTARTS, joints=7) is RESTARTS
    six = attitudes(RESTARTS, joints=6)
    assert six.shape == (len(RESTARTS), 6)
    np.testing.assert_array_equal(six, attitudes(RESTARTS, joints=6))


@pytest.mark.parametrize("name", ["aloha", "panda", "so101", "ur5e"])
def test_at_home_over_a_table_the_planner_sees_no_collision(name: str) -> None:
    arm = Arm(CATALOG.robot(name))
    model = CollisionModel(arm, over_a_table(arm.robot))
    assert model.clearance(arm.home[None, None], [0])[0, 0] > -SLACK
    assert model.self_clearance(arm.home[None, None], [0])[0, 0] > -SLACK
