"""Wishes of a grasp: what they rule out, what they prefer, and that a grasp which nothing meets is not made up."""

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import choose_grasps
from demo_solvers.grasping.wish import FARTHEST, GraspWish
from pipeline.core import poses
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.program import Stage
from pipeline.rollout import BatchWorlds


@pytest.fixture(scope="module")
def milk(problem):
    return problem("(near milk plate)", "milk", "plate", worlds=3)


@pytest.fixture
def choose(simulator, milk):
    def with_wish(**wish):
        ex = Execution(milk, BatchWorlds(simulator, milk))
        return ex, choose_grasps(ex, "milk", None, GraspWish(**wish))

    return with_wish


def approach(choice):
    return poses.quat_rotate(choice.tool[:, 3:], np.array([0.0, 0.0, 1.0]))


def height_share(ex, choice):
    """Height (batch,) of the grasped point on the body: -1 at its bottom, 1 at its top."""
    bounds = ex.state().layout.geometry["milk"].bounds
    local = poses.compose(poses.inverse(ex.state().body("milk")), choice.tool)
    return (local[:, 2] - bounds.pose[2]) / bounds.half[2]


def test_the_hand_comes_from_where_it_is_told(choose):
    _, down = choose(approach="down")
    _, side = choose(approach="side")
    assert down.found.all()
    assert side.found.all()
    assert (approach(down)[:, 2] < -0.7).all()
    assert (np.abs(approach(side)[:, 2]) < 0.71).all()


@pytest.mark.parametrize(("region", "low", "high"), [("top", 1 / 3, 2), ("middle", -1 / 3, 1 / 3)])
def test_only_the_region_asked_for_is_grasped(choose, region, low, high):
    ex, choice = choose(region=region)
    assert choice.found.any()
    share = height_share(ex, choice)[choice.found]
    assert (share >= low).all()
    assert (share <= high).all()


def test_what_no_grasp_meets_is_not_found(choose):
    _, choice = choose(region="handle")
    assert not choice.found.any()


def test_an_axis_restricts_the_approach_to_its_line(choose):
    ex, choice = choose(axis="x")
    assert choice.found.any()
    along = poses.quat_rotate(ex.state().body("milk")[:, 3:], np.array([1.0, 0.0, 0.0]))
    assert (np.abs((along * approach(choice)).sum(axis=1))[choice.found] >= 0.7).all()


def test_depth_moves_the_grasp_along_its_approach(choose):
    _, shallow = choose(depth=-0.01)
    _, plain = choose()
    moved = poses.compose(poses.inverse(plain.tool), shallow.tool)
    np.testing.assert_allclose(moved[:, :3], np.tile([0, 0, -0.01], (3, 1)), atol=1e-5)


def test_skipping_takes_the_next_best_grasp_and_skipping_all_finds_none(choose):
    _, first = choose()
    _, second = choose(skip=1)
    _, none = choose(skip=10_000)
    assert second.found.all()
    assert (np.abs(first.tool - second.tool).max(axis=1) > 1e-3).all()
    assert not none.found.any()


def test_the_stand_off_is_as_far_as_asked(choose):
    ex, choice = choose(standoff=0.05)
    before = ex.arm.tool_pose(choice.q_before)
    away = np.linalg.norm(before[:, :3] - ex.to_base(choice.tool, np.arange(3))[:, :3], axis=1)
    np.testing.assert_allclose(away, 0.05, atol=2e-3)


def test_grasps_near_a_keypoint_cost_less():
    body = BodyGeometry(bounds=Box(half=(0.1, 0.1, 0.1)), keypoints={"tip": (0.1, 0.0, 0.0)})
    local = poses.pose(np.array([[0.1, 0.0, 0.0], [0.025, 0.0, 0.0], [-0.1, 0.0, 0.0]]))
    assert GraspWish(keypoint="tip").cost(body, local) == pytest.approx([0.0, 0.075 / FARTHEST, 1.0])
    assert GraspWish().cost(body, local) == pytest.approx([0.0, 0.0, 0.0])


def test_a_container_is_grasped_at_its_rim_or_where_its_card_says_the_rim_is(catalog):
    mug = catalog.asset("mug").links[""]
    local = poses.pose(np.array([[0.0, 0.03, 0.09], [0.0, 0.03, 0.02]]))
    assert list(GraspWish(region="rim").allows(mug, local, local[None])[0]) == [True, False]
    named = mug.model_copy(update={"keypoints": {"rim": (0.0, 0.03, 0.02)}})
    assert list(GraspWish(region="rim").allows(named, local, local[None])[0]) == [False, True]


def test_points_and_axes_that_the_card_does_not_have_are_named(catalog):
    mug = catalog.asset("mug").links[""]
    local = poses.pose(np.zeros((1, 3)))
    with pytest.raises(UnknownNameError, match="keypoint 'spout'"):
        GraspWish(keypoint="spout").cost(mug, local)
    with pytest.raises(UnknownNameError, match=r"axis 'pull'.*x, y, z"):
        GraspWish(axis="pull").allows(mug, local, local[None])


def test_a_stage_says_its_wishes_by_its_parameters(robot):
    parameters = {"approach": "side", "region": "top", "depth": 0.01, "skip": 2.0, "standoff": 0.06, "lift": 0.1}
    stage = Stage(skill="pick", body="milk", axis="x", keypoint="cap", parameters=parameters)
    wish = GraspWish.of(stage, robot)
    assert wish == GraspWish("side", "top", "cap", "x", 0.01, 2, 0.06, 0.1)
    assert str(wish) == "approach side, region top, along x, 2 left out"
