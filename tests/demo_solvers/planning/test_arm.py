"""Inverse kinematics of the Panda, judged by forward kinematics and not by its own word."""

import numpy as np
import pytest

from pipeline.core import poses

ABOVE_TABLE = (0.5, 0.1, 0.3, 0, 1, 0, 0)  # tool pointing down
FAR_AWAY = (1.5, 0.0, 0.3, 0, 1, 0, 0)


def gaps(arm, q, target):
    """Distance [m] and angle [rad] between the tool at ``q`` and ``target``."""
    tool = arm.tool_pose(q)
    return np.linalg.norm(tool[:, :3] - target[:, :3], axis=1), poses.angle_between(tool[:, 3:], target[:, 3:])


@pytest.fixture(scope="module")
def anywhere(arm):
    """Tool poses (300, 7) that some configuration away from the limits reaches."""
    margin = 0.15 * (arm.upper - arm.lower)
    q = np.random.default_rng(0).uniform(arm.lower + margin, arm.upper - margin, (300, 7))
    return arm.tool_pose(q)


@pytest.fixture(scope="module")
def found(arm, anywhere):
    return arm.ik_restarted(anywhere)


def test_more_than_nine_in_ten_reachable_poses_are_reached(arm, anywhere, found):
    position, rotation = gaps(arm, found.q, anywhere)
    assert ((position < 1e-3) & (rotation < 1e-2)).mean() > 0.9


def test_ok_says_exactly_what_forward_kinematics_says(arm, anywhere, found):
    position, rotation = gaps(arm, found.q, anywhere)
    np.testing.assert_array_equal(found.ok, (position < 1e-3) & (rotation < 1e-2))
    np.testing.assert_allclose(found.position_error, position, atol=1e-9)
    np.testing.assert_allclose(found.rotation_error, rotation, atol=1e-6)


def test_no_answer_leaves_the_joint_limits_not_even_a_failed_one(arm, anywhere, found):
    strained = arm.ik(anywhere, np.tile(arm.upper + 1, (300, 1)), iterations=5)
    for q in (found.q, strained.q):
        assert (q >= arm.lower).all()
        assert (q <= arm.upper).all()
    assert not strained.ok.all()


def test_restarts_reach_what_a_single_search_does_not(arm, anywhere, found):
    single = arm.ik(anywhere, arm.turned_home(anywhere), posture=arm.home)
    assert found.ok.sum() > single.ok.sum()
    assert found.ok[single.ok].all()


def test_what_is_out_of_reach_is_not_ok_and_does_not_spoil_its_neighbour(arm):
    result = arm.ik_restarted(np.array([FAR_AWAY, ABOVE_TABLE]))
    assert list(result.ok) == [False, True]
    assert result.position_error[0] > 0.4


def test_a_row_gets_the_same_answer_alone_and_in_a_batch(arm, anywhere, found):
    alone = arm.ik_restarted(anywhere[5:6])
    np.testing.assert_allclose(alone.q[0], found.q[5], atol=1e-9)


def test_a_seed_that_is_already_there_stays_as_it_is(arm):
    q = arm.home[None] + 0.1
    np.testing.assert_array_equal(arm.ik(arm.tool_pose(q), q, posture=arm.home).q, q)


def test_the_posture_draws_the_elbow_without_moving_the_tool(arm):
    target, far = np.array([ABOVE_TABLE]), arm.home + np.array([0.9, 0, -0.9, 0, 0.9, 0, 0])
    left, right = (arm.ik(target, far[None], posture=p) for p in (far, arm.home))
    assert left.ok.all()
    assert right.ok.all()
    to_home = [np.linalg.norm(r.q[0] - arm.home) for r in (left, right)]
    assert to_home[1] < to_home[0] - 0.05


def test_the_first_joint_turns_home_towards_the_target(arm):
    targets = np.array([(0.5, 0.0, 0.3, 0, 1, 0, 0), (0.0, 0.5, 0.3, 0, 1, 0, 0), (0.3, -0.3, 0.3, 0, 1, 0, 0)])
    np.testing.assert_allclose(arm.turned_home(targets)[:, 0], [0, np.pi / 2, -np.pi / 4])


def straight(start, shift, points):
    line = np.linspace(0, 1, points + 1)[1:, None] * np.array(shift)
    return poses.pose(np.array(start)[:3] + line, np.array(start)[3:])[None]


def test_a_straight_line_is_followed_through_every_waypoint(arm):
    seed = arm.ik_restarted([ABOVE_TABLE]).q
    way = straight(ABOVE_TABLE, (0.0, -0.2, -0.1), 8)
    path, ok = arm.follow(way, seed)
    position, rotation = gaps(arm, path[0], way[0])
    assert ok.all()
    assert position.max() < 1e-3
    assert rotation.max() < 1e-2
    assert np.abs(np.diff(np.concatenate([seed[:, None], path], axis=1), axis=1)).max() < 0.3


def test_a_line_that_leaves_the_workspace_is_refused(arm):
    seed = arm.ik_restarted([ABOVE_TABLE]).q
    _, ok = arm.follow(straight(ABOVE_TABLE, (0.7, 0, 0), 10), seed)
    assert not ok.any()


def test_a_jump_of_the_arm_is_refused_even_where_the_far_end_is_reached(arm):
    seed = arm.ik_restarted([ABOVE_TABLE]).q
    turned = poses.compose(ABOVE_TABLE, poses.pose((0, 0, 0), poses.quat_from_yaw(1.2)))
    path, ok = arm.follow(turned[None, None], seed, iterations=60)
    position, _ = gaps(arm, path[:, 0], turned[None])
    assert position[0] < 1e-3
    assert not ok.any()
