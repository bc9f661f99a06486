"""Planning beyond the Panda: a six-joint arm reaches the workspace, a five-joint one is refused with a reason."""

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.grasping.handles import ATTITUDES
from demo_solvers.planning.arm import RESTARTS, Arm, attitudes
from demo_solvers.planning.collision import SLACK, CollisionModel
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import Placement, SceneSpec
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


def test_an_arm_of_five_joints_is_refused_with_the_reason_and_a_way_out() -> None:
    with pytest.raises(InvalidInputError, match="'so101' has 5 joints; the planner needs at least 6"):
        Arm(CATALOG.robot("so101"))


def test_the_tables_for_seven_joints_are_used_as_they_are_and_others_are_the_same_every_time() -> None:
    assert attitudes(RESTARTS, joints=7) is RESTARTS
    six = attitudes(ATTITUDES, joints=6)
    assert six.shape == (len(ATTITUDES), 6)
    np.testing.assert_array_equal(six, attitudes(ATTITUDES, joints=6))


@pytest.mark.parametrize("name", ["aloha", "panda", "ur5e"])
def test_at_home_over_a_table_the_planner_sees_no_collision(name: str) -> None:
    robot = CATALOG.robot(name)
    table = Placement(name="table", asset=CATALOG.asset("table"), pose=(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0))
    start = (*robot.home, robot.gripper.max_width, *robot.others_home)
    scene = SceneSpec(task="home", robot=robot, robot_start=start, placements=(table,))
    arm, state = Arm(robot), kinematic(CATALOG).load([scene])
    assert CollisionModel(arm, state).clearance(arm.home[None, None], [0])[0, 0] > -SLACK
