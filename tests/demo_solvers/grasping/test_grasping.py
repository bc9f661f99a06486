"""Grasp choice: what is chosen can be reached, is free, serves the next stage; what cannot be found is said so."""

from types import SimpleNamespace

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import STANDOFF, choose_grasps, grasp_worth, withdrawal
from demo_solvers.planning.collision import CollisionModel
from pipeline.core import poses
from pipeline.core.geometry import Grasp
from pipeline.core.program import Relation, Stage
from pipeline.rollout import BatchWorlds

OUT_OF_REACH = (1.4, 0.0, 0.0, 1, 0, 0, 0)


@pytest.fixture
def execution(simulator):
    return lambda built: Execution(built, BatchWorlds(simulator, built))


def far_in_row_0(built, body):
    scenes = (built.scenes[0].with_placements({body: OUT_OF_REACH}), *built.scenes[1:])
    return type(built)(built.task, scenes, built.seed)


@pytest.fixture(scope="module")
def mug_problem(problem):
    return problem("(on mug plate)", "mug", "plate", worlds=3)


@pytest.fixture
def chosen(execution, mug_problem):
    ex = execution(mug_problem)
    return SimpleNamespace(ex=ex, choice=choose_grasps(ex, "mug", None), rows=np.arange(3))


def matches(tool, world, body):
    """Distance (batch,) of each tool pose from the nearest grasp candidate of the body, in its frame."""
    local = poses.compose(poses.inverse(world.body(body)), tool)
    candidates = np.array([g.pose for g in world.layout.geometry[body].grasps])
    near = np.linalg.norm(local[:, None, :3] - candidates[:, :3], axis=-1)
    turned = poses.angle_between(local[:, None, 3:], candidates[:, 3:])
    return (near + turned).min(axis=1)


def test_a_chosen_grasp_is_one_of_the_objects_and_the_joints_take_the_hand_there(chosen):
    ex, choice = chosen.ex, chosen.choice
    assert choice.found.all()
    assert matches(choice.tool, ex.state(), "mug").max() < 1e-4
    reached, wanted = ex.arm.tool_pose(choice.q_grasp), ex.to_base(choice.tool, chosen.rows)
    np.testing.assert_allclose(reached[:, :3], wanted[:, :3], atol=1e-3)
    assert poses.angle_between(reached[:, 3:], wanted[:, 3:]).max() < 1e-2


def test_the_hand_stands_off_straight_behind_the_grasp_first(chosen):
    ex, choice = chosen.ex, chosen.choice
    before = poses.compose(poses.inverse(ex.to_base(choice.tool, chosen.rows)), ex.arm.tool_pose(choice.q_before))
    np.testing.assert_allclose(before[:, :3], np.tile([0, 0, -STANDOFF], (3, 1)), atol=2e-3)


def test_the_fingers_are_wider_than_the_object_and_within_their_stroke(chosen):
    choice, stroke = chosen.choice, chosen.ex.robot.gripper.max_width
    assert (choice.width > 0).all()
    assert (choice.opening > choice.width).all()
    assert (choice.opening <= stroke).all()


def test_neither_the_stand_off_nor_the_grasp_hits_anything_else(chosen):
    ex, choice = chosen.ex, chosen.choice
    model = CollisionModel(ex.arm, ex.state(), width=float(choice.opening.max()))
    assert model.free(choice.q_before[:, None], chosen.rows).all()
    assert model.free(choice.q_grasp[:, None], chosen.rows, ignore=("mug",)).all()


def test_the_withdrawal_runs_backwards_along_the_approach(chosen):
    tool = chosen.choice.tool
    back = poses.compose(poses.inverse(tool)[:, None], withdrawal(tool))
    np.testing.assert_allclose(back[..., :2], 0, atol=1e-6)
    assert (np.diff(back[0, :, 2]) < 0).all()
    assert back[0, -1, 2] == pytest.approx(-STANDOFF, abs=1e-5)


def test_an_object_out_of_reach_is_not_found_and_its_neighbours_are(execution, mug_problem):
    ex = execution(far_in_row_0(mug_problem, "mug"))
    choice = choose_grasps(ex, "mug", None)
    assert list(choice.found) == [False, True, True]
    np.testing.assert_array_equal(choice.q_grasp[0], ex.q[0])


def test_a_place_out_of_reach_rules_out_every_grasp(execution, mug_problem):
    following = Stage(skill="place", body="mug", relations=(Relation(predicate="on", anchor="plate"),))
    ex = execution(far_in_row_0(mug_problem, "plate"))
    assert choose_grasps(ex, "mug", None).found[0]
    assert list(choose_grasps(ex, "mug", following).found) == [False, True, True]


def test_what_has_no_grasps_is_not_found_rather_than_an_error(execution, problem):
    ex = execution(problem("(within carton zone_red)", "carton", "zone_red", family="push"))
    assert not choose_grasps(ex, "carton", None).found.any()


def test_rows_that_have_dropped_out_are_left_alone(execution, mug_problem):
    ex = execution(mug_problem)
    ex.fail([1], "timeout", expected="", seen="")
    choice = choose_grasps(ex, "mug", None)
    assert list(choice.found) == [True, False, True]
    assert matches(choice.tool, ex.state(), "mug")[[0, 2]].max() < 1e-4


def test_a_grasp_is_worth_what_it_held_and_an_untested_one_no_less_than_the_middle():
    def graded(shake):
        return Grasp(pose=poses.IDENTITY_POSE, width=0.04, score=0.8, shake=shake)

    assert grasp_worth([graded(None), graded(None)]) == pytest.approx([0.8, 0.8])
    worth = grasp_worth([graded(1.0), graded(0.0), graded(0.5), graded(None)])
    assert worth == pytest.approx([0.8, 0.0, 0.8 * 2 / 3, 0.8 * 2 / 3])
    assert grasp_worth([graded(0.6), graded(0.3)]) == pytest.approx([0.8, 0.8 * 2 / 3]), "against the best"
    assert grasp_worth([graded(0.9), graded(0.8)]) == pytest.approx([0.8, 0.8]), "about equally firm"


def test_a_grasp_that_was_shaken_off_is_passed_over(execution, mug_problem):
    def shaken(held):
        mug = mug_problem.scenes[0].placement("mug").asset
        base = mug.links[""]
        grasps = tuple(g.model_copy(update={"shake": held(k)}) for k, g in enumerate(base.grasps))
        new = mug.model_copy(update={"links": {"": base.model_copy(update={"grasps": grasps})}})
        scenes = tuple(
            s.model_copy(
                update={
                    "placements": tuple(
                        p.model_copy(update={"asset": new}) if p.name == "mug" else p for p in s.placements
                    )
                }
            )
            for s in mug_problem.scenes
        )
        return execution(type(mug_problem)(mug_problem.task, scenes, 0))

    def index(ex):
        choice = choose_grasps(ex, "mug", None)
        assert choice.found.all()
        candidates = np.array([g.pose for g in ex.state().layout.geometry["mug"].grasps])
        local = poses.compose(poses.inverse(ex.state().body("mug")), choice.tool)
        near = np.linalg.norm(local[:, None, :3] - candidates[:, :3], axis=-1)
        return (near + poses.angle_between(local[:, None, 3:], candidates[:, 3:])).argmin(axis=1)

    before = index(shaken(lambda k: None))
    after = index(shaken(lambda k: 0.0 if k in before else 1.0))
    assert not set(before) & set(after)
