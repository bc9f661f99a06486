"""Free motion: the straight way if it is free, another if not, and none of it through what stands there."""

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import CLEAR_HEIGHT, plan_transit, raise_tool
from pipeline.core import poses
from pipeline.rollout import BatchWorlds

MILK = (0.59, 0.0, 0.001, 1, 0, 0, 0)  # on the arc of the hand
LEFT, RIGHT = (0.5, 0.32, 0.12, 0, 1, 0, 0), (0.5, -0.32, 0.12, 0, 1, 0, 0)


@pytest.fixture
def between(problem, simulator, arm):
    """Two worlds with the hand low on the left of the table; in the second a milk carton stands half way."""

    away = {
        "mug": (0.3, 0.5, 0.0, 1, 0, 0, 0),
        "plate": (0.8, 0.5, 0.0, 1, 0, 0, 0),
        "milk": (0.8, -0.5, 0, 1, 0, 0, 0),
    }
    start = (*map(float, arm.ik_restarted([LEFT]).q[0]), 0.08)
    built = problem("(on mug plate)", "mug", "plate", "milk", at=away)
    free, blocked = (s.model_copy(update={"robot_start": start}) for s in built.scenes)
    built = type(built)(built.task, (free, blocked.with_placements({"milk": MILK})), built.seed)
    return Execution(built, BatchWorlds(simulator, built))


@pytest.fixture
def planned(between, arm):
    goal = np.repeat(arm.ik_restarted([RIGHT]).q, 2, axis=0)
    model = CollisionModel(arm, between.state())
    return goal, model, plan_transit(between, goal, model)


def test_both_rows_arrive_and_touch_nothing_on_the_way(planned):
    goal, model, (path, ok) = planned
    assert ok.all()
    np.testing.assert_allclose(path[:, -1], goal, atol=1e-9)
    assert model.free(path, np.arange(2)).all()


def test_the_free_row_goes_straight_and_the_other_makes_a_detour(planned, between):
    goal, model, (path, _) = planned
    share = np.linspace(0, 1, path.shape[1] + 1)[1:, None]
    straight = between.q[0] + share * (goal[0] - between.q[0])
    np.testing.assert_allclose(path[0], straight, atol=1e-9)
    assert not model.free((between.q[1] + share * (goal[1] - between.q[1]))[None], [1]).any()
    height = between.arm.tool_pose(path[1])[:, 2]
    assert height.max() > CLEAR_HEIGHT - 0.05


def test_a_goal_inside_an_obstacle_has_no_way_and_does_not_stop_the_other_row(between, arm):
    into_milk = arm.ik_restarted([(*MILK[:2], 0.08, 0, 1, 0, 0)]).q
    _, ok = plan_transit(between, np.repeat(into_milk, 2, axis=0), CollisionModel(arm, between.state()))
    assert list(ok) == [True, False]


def test_a_row_that_has_dropped_out_needs_no_way(between, arm):
    between.fail([1], "timeout", expected="", seen="")
    goal = np.repeat(arm.ik_restarted([RIGHT]).q, 2, axis=0)
    _, ok = plan_transit(between, goal, CollisionModel(arm, between.state()))
    assert list(ok) == [True, False]


def test_raising_goes_up_in_the_world_whichever_way_the_tool_points():
    sideways = poses.pose((0.5, 0, 0.2), poses.quat_from_axis_angle(np.array([0.0, 1, 0]), np.pi / 2))
    np.testing.assert_allclose(raise_tool(sideways, 0.1), [0.5, 0, 0.3, *sideways[3:]], atol=1e-12)
