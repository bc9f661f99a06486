"""ViPR from goal to judged demonstration, on kinematic worlds with the real library: one task of every family."""

import numpy as np
import pytest

from demo_solvers.families import SOLVED
from demo_solvers.solvers.vipr import vipr
from pipeline.core.doors import Problem
from pipeline.core.streams import stream
from pipeline.core.world import WorldTrace
from pipeline.holds import holds, parse
from pipeline.rollout import attempt
from pipeline.sim.kinematic import kinematic
from pipeline.validate import same_states
from task_gen.author import propose

WORLDS, SEED = 4, 2
FAMILIES = SOLVED
OUT_OF_REACH = (1.4, 0.0, 0.0, 1, 0, 0, 0)


@pytest.fixture(scope="session")
def solved(catalog, robot, builder, simulator):
    """Problem and judged outcomes by family."""
    results = {}
    for task in propose(catalog, robot, count=len(FAMILIES), seed=SEED, families=FAMILIES):
        scenes = tuple(builder.build(task, stream(SEED, "test", task.name, i)) for i in range(WORLDS))
        built = Problem(task, scenes, SEED)
        results[task.family] = built, attempt(simulator, built, vipr).outcomes
    return results


@pytest.mark.parametrize("family", FAMILIES)
def test_most_worlds_of_every_family_are_solved(solved, family):
    built, outcomes = solved[family]
    reasons = [o.diagnosis for o in outcomes if not o.success]
    assert len(outcomes) == WORLDS
    assert sum(o.success for o in outcomes) >= 3, f"{built.task.goal}: {reasons}"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_recorded_actions_alone_lead_a_fresh_simulator_to_the_same_bits(solved, catalog, family):
    built, outcomes = solved[family]
    fresh = kinematic(catalog)
    fresh.load(built.scenes)
    trace: WorldTrace = fresh.run(np.stack([o.actions for o in outcomes], axis=1))
    for row, outcome in enumerate(outcomes):
        assert outcome.trace is not None
        assert same_states(trace.row(row), outcome.trace)
        assert holds(parse(built.task.goal), trace.at(-1))[row] == outcome.success


@pytest.mark.parametrize("family", FAMILIES)
def test_actions_stay_within_the_horizon_and_the_robots_limits(solved, robot, family):
    built, outcomes = solved[family]
    rate = built.scenes[0].physics.control_hz
    top_speed = np.array([j.max_velocity for j in robot.arm])
    for scene, outcome in zip(built.scenes, outcomes, strict=True):
        arm, width = outcome.actions[:, :-1], outcome.actions[:, -1]
        assert len(arm) <= built.task.horizon * rate
        start = np.array(scene.robot_start[:-1], np.float32)
        speed = np.abs(np.diff(np.concatenate([start[None], arm]), axis=0)) * rate
        assert (speed <= top_speed).all()
        assert (arm >= np.float32([j.lower for j in robot.arm])).all()
        assert (arm <= np.float32([j.upper for j in robot.arm])).all()
        assert width.min() >= 0
        assert width.max() <= np.float32(robot.gripper.max_width)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_step_belongs_to_a_named_stage_and_stages_come_in_order(solved, family):
    _, outcomes = solved[family]
    for outcome in outcomes:
        assert len(outcome.stages) == len(outcome.actions)
        assert (np.diff(outcome.stages.astype(int)) >= 0).all()
        assert outcome.stages.max() < len(outcome.stage_names)
        assert all(outcome.stage_names)


def test_the_worlds_of_a_batch_are_solved_each_in_its_own_way(solved):
    ends = [o.actions[-1] for o in solved["pick_place"][1]]
    assert len({tuple(e) for e in ends}) == WORLDS


def test_the_same_problem_is_solved_the_same_way_twice(solved, simulator):
    built, outcomes = solved["stack"]
    for before, again in zip(outcomes, attempt(simulator, built, vipr).outcomes, strict=True):
        np.testing.assert_array_equal(before.actions, again.actions)


@pytest.fixture(scope="module")
def one_lost(problem, simulator):
    """A stack in three worlds; in the middle one the block lies where no arm reaches."""
    built = problem("(on block_red block_green)", "block_red", "block_green", worlds=3, family="stack")
    first, second, third = built.scenes
    lost = Problem(built.task, (first, second.with_placements({"block_red": OUT_OF_REACH}), third), 0)
    return lost, attempt(simulator, lost, vipr).outcomes


def test_a_world_that_cannot_be_solved_does_not_stop_the_others(one_lost):
    assert [o.success for o in one_lost[1]] == [True, False, True]


def test_a_failure_says_what_was_expected_and_seen_and_in_which_stage(one_lost):
    diagnosis = one_lost[1][1].diagnosis
    assert diagnosis.cause == "ik_failed"
    assert diagnosis.stage == "reach block_red"
    assert "block_red" in diagnosis.expected
    assert diagnosis.seen


def test_a_robot_that_has_given_up_stands_still(one_lost):
    lost, outcomes = one_lost
    start = np.float32(lost.scenes[1].robot_start)
    np.testing.assert_array_equal(outcomes[1].actions, np.tile(start, (len(outcomes[1].actions), 1)))
    assert np.ptp(outcomes[0].actions, axis=0).max() > 0.3


def test_a_goal_that_no_skill_serves_is_said_to_have_no_plan(problem, simulator):
    goal = "(on carton block_red)"
    for outcome in attempt(simulator, problem(goal, "carton", "block_red"), vipr).outcomes:
        assert not outcome.success
        assert outcome.diagnosis.cause == "no_plan"
        assert goal in outcome.diagnosis.seen
        assert len(outcome.actions) == 0


def test_too_short_a_horizon_is_a_timeout_and_not_an_exception(problem, simulator):
    built = problem("(on block_red block_green)", "block_red", "block_green", horizon=4.0)
    for outcome in attempt(simulator, built, vipr).outcomes:
        assert not outcome.success
        assert outcome.diagnosis.cause == "timeout"
        assert outcome.diagnosis.stage
        assert len(outcome.actions) == len(outcome.stages) == 80


def test_a_tower_of_three_is_built(problem, simulator):
    goal = "(and (on block_red block_green) (on block_green block_blue))"
    built = problem(goal, "block_red", "block_green", "block_blue", family="stack", horizon=40.0)
    assert [o.success for o in attempt(simulator, built, vipr).outcomes] == [True, True]


def test_a_drawer_is_filled_and_shut(problem, simulator):
    drawer = "cabinet/top_drawer"
    goal = f"(and (inside block_red {drawer}) (is_closed {drawer}))"
    built = problem(goal, "cabinet", "block_red", initial=(f"(is_open {drawer})",), horizon=45.0, worlds=3)
    assert sum(o.success for o in attempt(simulator, built, vipr).outcomes) >= 2
