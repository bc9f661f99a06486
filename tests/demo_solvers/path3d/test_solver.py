"""The solver from images to judged demonstrations, in MuJoCo, and how bad worlds end."""

import numpy as np
import pytest

from demo_solvers.solvers.path3d import path3d
from demo_solvers.solvers.path3d_labelled import path3d_labelled
from pipeline.core.task import TaskObject
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco
from pipeline.validate import same_states

pytestmark = pytest.mark.physics

GONE = (0.4, 0.0, -2.0, 1.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def built(problem):
    return problem("(within block_green zone_red)", "block_green", "zone_red", worlds=2)


@pytest.fixture(scope="module")
def solved(engine, built):
    return attempt(engine, built, path3d).outcomes


def test_a_block_is_put_in_a_zone_from_images(solved):
    assert [o.success for o in solved] == [True, True], [o.diagnosis for o in solved]


def test_its_actions_alone_lead_a_fresh_simulator_without_cameras_to_the_same_bits(solved, catalog, built):
    for row, outcome in enumerate(solved):
        fresh = mujoco(catalog)
        fresh.load([built.scenes[row].physics_only()])
        assert same_states(fresh.run(outcome.actions[:, None]).row(0), outcome.trace)


def test_the_same_worlds_are_solved_the_same_way_twice(solved, engine, built):
    for before, again in zip(solved, attempt(engine, built, path3d).outcomes, strict=True):
        np.testing.assert_array_equal(before.actions, again.actions)


def test_stages_are_named_after_the_actions(solved):
    assert solved[0].stage_names[:2] == ("grasp block_green", "place block_green within zone_red")
    assert solved[0].stage_names[-1] == "hold"


def test_labels_in_place_of_perception_solve_it_too(engine, built):
    assert all(o.success for o in attempt(engine, built, path3d_labelled).outcomes)


def test_a_world_without_the_thing_ends_in_a_diagnosis_and_the_others_go_on(engine, built):
    gone = built.scenes[0].with_placements({"block_green": GONE})
    scenes = (gone, built.scenes[1])
    lost, fine = attempt(engine, type(built)(built.task, scenes, 0), path3d).outcomes
    assert (lost.success, lost.diagnosis.cause, lost.diagnosis.bodies) == (False, "not_found", ("block_green",))
    assert fine.success


def test_a_goal_that_no_action_serves_is_no_plan(engine, problem):
    goal = "(and (within block_green zone_red) (not (on block_green table)))"
    (outcome,) = attempt(engine, problem(goal, "block_green", "zone_red", worlds=1), path3d).outcomes
    assert outcome.diagnosis.cause == "no_plan"


def test_too_short_a_horizon_is_a_timeout(engine, problem):
    built = problem("(within block_green zone_red)", "block_green", "zone_red", worlds=1, horizon=2.0)
    (outcome,) = attempt(engine, built, path3d).outcomes
    assert outcome.diagnosis.cause == "timeout"
    assert len(outcome.actions) == 40


def test_what_is_in_the_scene_but_not_in_the_goal_is_not_told(engine, built):
    task = built.task.model_copy(update={"objects": (*built.task.objects, TaskObject(name="x", asset="mug"))})
    told = []

    class Listening:
        sight = path3d.sight

        def __call__(self, problem, worlds):
            told.append(problem)
            return path3d(problem, worlds)

    attempt(engine, type(built)(task, built.scenes[:1], 0), Listening())
    assert {q.name for q in told[0].queries} == {"block_green", "zone_red"}
