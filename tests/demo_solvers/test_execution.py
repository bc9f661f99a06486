"""Execution: a batch in lockstep, in which a row that has failed stands still and keeps its first reason."""

import numpy as np
import pytest

from demo_solvers.execution import Execution
from pipeline.core import poses
from pipeline.rollout import BatchWorlds


@pytest.fixture
def ex(problem, simulator):
    built = problem("(on mug plate)", "mug", "plate", horizon=4.0)
    return Execution(built, BatchWorlds(simulator, built))


def ahead(ex, by=0.3):
    """One waypoint a row, ``by`` rad further at the first joint."""
    return ex.q[:, None] + by * np.eye(7)[0]


def test_all_rows_arrive_where_they_were_sent(ex):
    goal = ahead(ex)
    ex.move(goal)
    np.testing.assert_allclose(ex.q, goal[:, 0], atol=1e-6)
    np.testing.assert_allclose(ex.state().qpos[:, :7], goal[:, 0], atol=1e-6)


def test_a_failed_row_stands_still_to_the_bit_while_the_others_go_on(ex):
    ex.move(ahead(ex))
    ex.fail([0], "ik_failed", expected="a way", seen="none")
    before = ex.worlds.recorded()[-1]
    ex.move(ahead(ex), width=np.zeros(2))
    ex.grip(np.zeros(2), 0.2)
    after = ex.worlds.recorded()[-10:]
    np.testing.assert_array_equal(after[:, 0], np.tile(before[0], (10, 1)))
    assert np.abs(after[-1, 1] - before[1]).max() > 0.05
    assert list(ex.rows) == [1]


def test_a_row_keeps_its_first_reason_with_stage_and_amount(ex):
    ex.begin("reach mug")
    ex.fail([1], "grasp_missed", expected="lifted", seen=["it rose by 1 mm"], amount=[0.001])
    ex.begin("place mug")
    ex.fail([0, 1], "place_missed", expected="on plate", seen="beside it")
    first, second = ex.diagnoses
    assert (first.cause, first.stage, first.seen, first.amount) == ("place_missed", "place mug", "beside it", None)
    assert (second.cause, second.stage, second.seen) == ("grasp_missed", "reach mug", "it rose by 1 mm")
    assert second.amount == pytest.approx(0.001)
    assert not ex.alive.any()


def test_a_formula_that_does_not_hold_fails_only_its_rows(ex):
    ex.require("(on mug table)", "place_missed")
    assert ex.alive.all()
    ex.require("(on mug plate)", "place_missed")
    assert [d.expected for d in ex.diagnoses] == ["(on mug plate)"] * 2
    assert not ex.alive.any()


def test_every_step_is_recorded_with_the_stage_it_served(ex):
    ex.begin("first")
    ex.wait(0.2)
    ex.begin("second")
    ex.wait(0.1)
    outcome = ex.outcomes()[0]
    assert outcome.stage_names == ("first", "second")
    assert list(outcome.stages) == [0] * 4 + [1] * 2
    np.testing.assert_array_equal(outcome.actions, ex.worlds.recorded()[:, 0])


def test_running_out_of_time_is_a_diagnosis_and_uses_the_horizon_to_its_end(ex):
    ex.begin("dawdle")
    ex.wait(3.0)
    ex.begin("too late")
    ex.wait(2.0)
    assert [(d.cause, d.stage) for d in ex.diagnoses] == [("timeout", "too late")] * 2
    assert "4 s" in ex.diagnoses[0].expected
    assert len(ex.worlds.recorded()) == len(ex.outcomes()[0].stages) == 80
    ex.wait(1.0)
    assert len(ex.worlds.recorded()) == 80


def test_the_gripper_is_closed_gradually_and_then_kept(ex):
    ex.grip(np.full(2, 0.02), 1.0)
    widths = ex.worlds.recorded()[:, 0, -1]
    assert (np.diff(widths) <= 0).all()
    assert widths[0] > 0.06
    np.testing.assert_allclose(widths[-10:], 0.02, atol=1e-6)
    ex.wait(0.1)
    assert ex.worlds.recorded()[-1, 0, -1] == np.float32(0.02)


def test_world_poses_are_seen_from_each_robots_base(problem, simulator):
    built = problem("(on mug plate)", "mug", "plate")
    base = tuple(map(float, poses.pose((0.2, 0.1, 0), poses.quat_from_yaw(np.pi / 2))))
    scenes = tuple(s.model_copy(update={"robot_pose": base}) for s in built.scenes)
    turned = Execution(built, BatchWorlds(simulator, type(built)(built.task, scenes, 0)))
    seen = turned.to_base(np.tile([[0.2, 0.6, 0.3, 1, 0, 0, 0]], (2, 1)), [0, 1])
    np.testing.assert_allclose(seen[:, :3], np.tile([0.5, 0, 0.3], (2, 1)), atol=1e-6)
    many = turned.to_base(np.tile([0.2, 0.6, 0.3, 1, 0, 0, 0], (1, 5, 1)), [1])
    np.testing.assert_allclose(many[0, 4], seen[1], atol=1e-6)


def test_what_is_held_is_remembered_as_it_lies_in_the_hand(ex):
    ex.note_held("mug")
    again = poses.compose(ex.state().tcp, ex.T_tool_held)
    np.testing.assert_allclose(again[:, :3], ex.state().body("mug")[:, :3], atol=1e-6)
