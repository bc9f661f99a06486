"""Free motion: the straight way if it is free, another if not, and none of it through what stands there."""

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import CLEAR_HEIGHT, go_free, plan_transit, raise_tool
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


def test_a_row_without_a_way_is_failed_with_the_pair_that_is_in_it(between, arm):
    into_milk = arm.ik_restarted([(*MILK[:2], 0.08, 0, 1, 0, 0)]).q
    model = CollisionModel(arm, between.state())
    go_free(between, np.repeat(into_milk, 2, axis=0), model, expected="a free path to the milk")
    assert list(between.alive) == [True, False]
    assert between.diagnoses[0].cause == "none"
    diagnosis = between.diagnoses[1]
    assert (diagnosis.cause, diagnosis.expected) == ("path_in_collision", "a free path to the milk")
    assert diagnosis.bodies[1] == "milk"
    assert diagnosis.bodies[0] in {*arm.robot.spheres, "fingers"}
    assert diagnosis.seen == f"{diagnosis.bodies[0]} meets milk"


@pytest.fixture
def gate(between, arm, monkeypatch):
    """The two worlds with detours over raised poses switched off, so that the milk has to be gone around."""
    monkeypatch.setattr("demo_solvers.planning.transit.CLEAR_HEIGHTS", ())
    return between, np.repeat(arm.ik_restarted([RIGHT]).q, 2, axis=0), CollisionModel(arm, between.state())


def test_without_a_detour_the_straight_line_is_bent_around_what_stands_in_it(gate, monkeypatch):
    between, goal, model = gate
    monkeypatch.setattr("demo_solvers.planning.transit.rrt_connect", None)  # not needed
    path, ok = plan_transit(between, goal, model)
    whole = np.concatenate([between.q[:, None], path], axis=1)
    assert ok.all()
    assert model.clear(whole, [0, 1]).all()
    np.testing.assert_array_equal(path[1, -1], goal[1])
    # It bends and does not wander: hardly longer than the straight line.
    length = np.linalg.norm(np.diff(whole, axis=1), axis=-1).sum(axis=1)
    assert length[0] < length[1] < 2 * length[0]


def test_what_cannot_be_bent_is_searched_with_a_tree_and_the_same_each_time(gate, monkeypatch):
    between, goal, model = gate
    bend, calls = model.bend, []

    def unwilling(start, path, rows, **more):
        calls.append(list(rows))
        bent, ok = bend(start, path, rows, **more)
        return bent, ok & (len(calls) > 1)

    monkeypatch.setattr(model, "bend", unwilling)
    path, ok = plan_transit(between, goal, model)
    assert ok.all()
    assert calls == [[1], [1]]  # the straight line, then what the tree found
    assert model.clear(np.concatenate([between.q[:, None], path], axis=1), [0, 1]).all()
    calls.clear()
    np.testing.assert_array_equal(plan_transit(between, goal, model)[0], path)


def test_a_row_is_bent_alike_alone_and_in_a_batch(gate):
    between, goal, model = gate
    straight = np.linspace(between.q, goal, 21)[1:].swapaxes(0, 1)
    limits = {"lower": between.arm.lower, "upper": between.arm.upper}
    both, _ = model.bend(between.q, straight, [0, 1], **limits)
    alone, ok = model.bend(between.q[1:], straight[1:], [1], **limits)
    assert ok.all()
    np.testing.assert_array_equal(alone[0], both[1])


def test_a_hand_that_starts_in_a_light_touch_may_leave_and_may_not_go_deeper(between, arm):
    tip = float(arm.tool_pose(between.q)[0, 2]) - arm.robot.gripper.finger_depth
    low = arm.tool_pose(between.q)[:1] - [0, 0, tip + 0.004, 0, 0, 0, 0]  # fingertips 4 mm in the table
    touching = arm.ik(low, between.q[:1]).q
    up, down = (arm.ik(raise_tool(low, z), touching).q for z in (0.1, -0.02))
    model = CollisionModel(arm, between.state())
    assert not model.free(touching[:, None], [0]).any()
    assert model.clear(np.stack([touching, up], axis=1), [0]).all()
    assert not model.clear(np.stack([touching, down], axis=1), [0]).any()


def test_a_row_that_has_dropped_out_needs_no_way(between, arm):
    between.fail([1], "timeout", expected="", seen="")
    goal = np.repeat(arm.ik_restarted([RIGHT]).q, 2, axis=0)
    _, ok = plan_transit(between, goal, CollisionModel(arm, between.state()))
    assert list(ok) == [True, False]


def test_raising_goes_up_in_the_world_whichever_way_the_tool_points():
    sideways = poses.pose((0.5, 0, 0.2), poses.quat_from_axis_angle(np.array([0.0, 1, 0]), np.pi / 2))
    np.testing.assert_allclose(raise_tool(sideways, 0.1), [0.5, 0, 0.3, *sideways[3:]], atol=1e-12)
