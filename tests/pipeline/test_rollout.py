"""Rollout: what a solver may do, what is recorded, and that the goal judges, not the solver."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Problem, Solution
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.errors import InvalidInputError, TaskloomError
from pipeline.core.poses import look_at
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import BatchWorlds, attempt, hold_steps
from pipeline.sim.kinematic import kinematic


def problem(toys, goal="(on a table)", *, horizon=2.0, heights=(0.02, 0.02)):
    """Two worlds with a block; a block that starts in mid-air falls at the first step."""
    task = TaskSpec(
        name="toy", family="stack", instruction="Do it.", goal=goal, horizon=horizon,
        objects=(TaskObject(name="a", asset="block"), TaskObject(name="b", asset="block")),
    )  # fmt: skip
    scenes = (
        toys.scene(toys.placed("a", toys.block(), (0.5, 0, z)), toys.placed("b", toys.block(), (0.5, 0.2, 0.02)))
        for z in heights
    )
    return Problem(task, tuple(scenes), seed=0)


def wait(steps, *, says, diagnosis=None):
    """A solver that stands still and then says how it went."""

    def solver(asked, worlds):
        start = np.array([s.robot_start for s in asked.scenes], np.float32)
        if steps:
            worlds.run(np.repeat(start[None], steps, axis=0))
        stages = np.zeros(steps, np.uint8)
        actions = worlds.recorded()
        return Solution(
            [Outcome(says, actions[:, i], stages, ("wait",), diagnosis or Diagnosis()) for i in range(worlds.batch)]
        )

    return solver


@pytest.fixture
def simulator(toys, tmp_path):
    return kinematic(toys.ToyFiles(tmp_path))


def test_a_solver_that_claims_success_is_told_that_the_goal_is_unmet(simulator, toys):
    for outcome in attempt(simulator, problem(toys, "(on a b)"), wait(15, says=True)).outcomes:
        assert not outcome.success
        assert outcome.diagnosis.cause == "goal_unmet"
        assert outcome.diagnosis.expected
        assert outcome.diagnosis.seen


def test_a_solver_that_despairs_of_a_goal_it_reached_has_succeeded(simulator, toys):
    gave_up = wait(15, says=False, diagnosis=Diagnosis(cause="place_missed", stage="place"))
    for outcome in attempt(simulator, problem(toys), gave_up).outcomes:
        assert outcome.success
        assert outcome.diagnosis.cause == "none"


def test_a_failure_keeps_the_reason_that_the_solver_gave(simulator, toys):
    why = Diagnosis(cause="grasp_missed", stage="grasp a", expected="lifted", seen="it stayed", amount=0.01)
    outcomes = attempt(simulator, problem(toys, "(on a b)"), wait(15, says=False, diagnosis=why)).outcomes
    assert [o.diagnosis for o in outcomes] == [why, why]


def test_each_world_is_judged_on_its_own(simulator, toys):
    # Both blocks fall at the first step; the one above the other block lands on it.
    built = problem(toys, "(on a b)")
    above = built.scenes[0].with_placements({"a": (0.5, 0.2, 0.1, 1, 0, 0, 0)})
    outcomes = attempt(simulator, Problem(built.task, (above, built.scenes[1]), 0), wait(15, says=True)).outcomes
    assert [o.success for o in outcomes] == [True, False]


@pytest.mark.parametrize(("still", "success"), [(9, False), (10, True)])
def test_a_goal_must_hold_for_half_a_second_at_the_end(simulator, toys, still, success):
    assert hold_steps(problem(toys)) == 10

    def lift_and_drop(asked, worlds):
        """The block hangs in closed fingers until the hand opens, ``still`` steps before the end."""
        above, down = toys.reach((0.5, 0, 0.12)), toys.reach((0.5, 0, 0.02))
        way = toys.motion((above, 0.08, 12), (down, 0.08, 8), (down, 0.0, 2), (down, 0.08, 1), (down, 0.08, still - 1))
        worlds.run(np.repeat(way[:, None], 2, axis=1))
        return Solution([Outcome(success=True, actions=way, stages=np.zeros(len(way), np.uint8))] * 2)

    outcomes = attempt(simulator, problem(toys, "(and (on a table) (not (holding a)))"), lift_and_drop).outcomes
    assert [o.success for o in outcomes] == [success] * 2


def test_a_goal_that_is_reached_beyond_the_robots_limits_is_no_success(simulator, toys):
    def hastens(asked, worlds):
        way = toys.motion((toys.reach((0.5, 0, 0.3)), 0.08, 2), (toys.reach((0.5, 0, 0.4)), 0.08, 12))
        worlds.run(np.repeat(way[:, None], 2, axis=1))
        return Solution(
            [Outcome(success=True, actions=way, stages=np.zeros(len(way), np.uint8), stage_names=("hasten",))] * 2
        )

    for outcome in attempt(simulator, problem(toys), hastens).outcomes:
        assert not outcome.success
        assert (outcome.diagnosis.cause, outcome.diagnosis.stage) == ("over_limits", "hasten")
        assert "commanded speed" in outcome.diagnosis.seen


def test_a_solver_that_does_nothing_succeeds_at_nothing(simulator, toys):
    for outcome in attempt(simulator, problem(toys), wait(0, says=True)).outcomes:
        assert not outcome.success
        assert outcome.actions.shape == (0, 8)
        assert outcome.trace is None


def test_what_is_recorded_is_exactly_what_was_applied(simulator, toys):
    way = toys.motion((toys.reach((0.5, 0, 0.2)), 0.08, 12))

    def roundabout(asked, worlds):
        worlds.run(np.repeat(way[:, None].astype(float), 2, axis=1) + np.pi * 1e-9)
        made = worlds.recorded()
        return Solution([Outcome(success=True, actions=made[:, i], stages=np.zeros(12, np.uint8)) for i in range(2)])

    for i, outcome in enumerate(attempt(simulator, problem(toys), roundabout).outcomes):
        assert outcome.actions.dtype == np.float32
        assert outcome.actions.shape == (12, 8)
        assert outcome.trace is not None
        # The kinematic hand is where it was sent, so the state tells which action was applied.
        np.testing.assert_array_equal(outcome.trace.qpos[:, :7], outcome.actions[:, :7])
        simulator.load([problem(toys).scenes[i]])
        again = simulator.run(outcome.actions[:, None])
        np.testing.assert_array_equal(again.row(0).pose, outcome.trace.pose)


def test_actions_that_no_world_was_given_are_refused(simulator, toys):
    way = toys.motion((toys.reach((0.5, 0, 0.2)), 0.08, 12))

    def forger(asked, worlds):
        worlds.run(np.repeat(way[:, None], 2, axis=1))
        return Solution([Outcome(success=True, actions=np.zeros((3, 8), np.float32), stages=np.zeros(3, np.uint8))] * 2)

    with pytest.raises(TaskloomError, match="scene 0's outcome are not those"):
        attempt(simulator, problem(toys), forger)


def test_an_outcome_may_stand_on_a_copy_of_an_earlier_trial_and_end_before_it(simulator, toys):
    high, low = (toys.motion((toys.reach((0.5, 0, z)), 0.08, 20)) for z in (0.3, 0.2))

    def tries_thrice(asked, worlds):
        second = worlds.trial(copies=3)
        assert (second.index, second.batch, second.steps_left) == (1, 6, worlds.steps_left)
        second.run(np.stack([high, high, low, low, low, low], axis=1))
        made = second.recorded()
        third = second.trial()
        third.run(np.repeat(high[:, None], 2, axis=1))
        return Solution(
            [
                Outcome(success=True, actions=made[:12, 2 + i], stages=np.zeros(12, np.uint8), trial=1, row=2 + i)
                for i in range(2)
            ]
        )

    for outcome in attempt(simulator, problem(toys), tries_thrice).outcomes:
        np.testing.assert_array_equal(outcome.actions, low[:12])
        assert outcome.trace is not None
        np.testing.assert_array_equal(outcome.trace.qpos[:, :7], low[:12, :7])


def test_a_row_of_another_scene_is_no_outcome_of_this_one(simulator, toys):
    def mixes_up(asked, worlds):
        worlds.run(np.repeat(np.float32([s.robot_start for s in asked.scenes])[None], 12, axis=0))
        still = worlds.recorded()[:, 0]
        return Solution([Outcome(success=True, actions=still, stages=np.zeros(12, np.uint8), row=0)] * 2)

    with pytest.raises(TaskloomError, match="scene 1 stands on row 0"):
        attempt(simulator, problem(toys), mixes_up)


def test_a_trial_ends_when_the_next_begins(simulator, toys):
    first = BatchWorlds(simulator, problem(toys))
    first.trial()
    with pytest.raises(TaskloomError, match="over"):
        first.run(np.zeros((1, 2, 8), np.float32))


def test_a_trial_can_be_looked_at_from_new_cameras(simulator, toys):
    worlds = BatchWorlds(simulator, problem(toys))
    worlds.run(np.repeat(toys.motion((toys.reach((0.5, 0, 0.3)), 0.08, 8))[:, None], 2, axis=1))
    camera = CameraSpec(name="above", width=16, height=12, pose=tuple(look_at((0.5, 0, 1.2), (0.5, 0, 0), (1, 0, 0))))
    seen = worlds.look([camera], row=1, steps=[0, 8])
    assert seen["above"].rgb.shape == (2, 12, 16, 3)
    assert (seen["above"].rgb[0] != seen["above"].rgb[1]).any()
    assert worlds.trial().batch == 2
    with pytest.raises(InvalidInputError, match="steps 0 to 8"):
        worlds.look([camera], row=1, steps=[9])


def test_the_record_joins_all_runs_in_order(simulator, toys):
    worlds = BatchWorlds(simulator, problem(toys))
    start = np.array(problem(toys).scenes[0].robot_start, np.float32)
    steps = [np.tile(start + 0.01 * k, (n, 2, 1)).astype(np.float32) for k, n in ((0, 2), (1, 3))]
    for actions in steps:
        worlds.run(actions)
    np.testing.assert_array_equal(worlds.recorded(), np.concatenate(steps))
    trace = worlds.trace()
    assert trace is not None
    assert (trace.time, worlds.steps, worlds.steps_left) == (5, 5, 35)
    np.testing.assert_array_equal(worlds.state().qpos, trace.at(-1).qpos)


def test_before_the_first_step_there_is_a_state_and_an_empty_record(simulator, toys):
    worlds = BatchWorlds(simulator, problem(toys))
    assert worlds.batch == len(worlds.state()) == 2
    assert worlds.recorded().shape == (0, 2, 8)
    assert worlds.trace() is None


def test_going_beyond_the_horizon_is_refused_before_anything_moves(simulator, toys):
    worlds = BatchWorlds(simulator, problem(toys, horizon=1.0))
    start = np.tile(np.float32(problem(toys).scenes[0].robot_start), (20, 2, 1))
    worlds.run(start[:19])
    with pytest.raises(TaskloomError, match="2 steps asked, 1 left until the horizon of 20"):
        worlds.run(start[:2])
    assert worlds.steps == 19
    worlds.run(start[:1])
    assert worlds.steps_left == 0


def test_solving_never_touches_a_camera(simulator, toys):
    def photographer(asked, worlds):
        with pytest.raises(TaskloomError):
            simulator.render(["front"])
        return wait(12, says=True)(asked, worlds)

    built = problem(toys)
    assert built.scenes[0].cameras
    assert all(o.success for o in attempt(simulator, built, photographer).outcomes)
    assert built.scenes[0].cameras
