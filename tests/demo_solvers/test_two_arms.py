"""A robot with two arms: one works while the other stands, and an object goes from hand to hand in physics."""

import numpy as np
import pytest

from demo_solvers.conduct import conduct
from demo_solvers.execution import Execution
from pipeline.core import poses
from pipeline.core.doors import Problem
from pipeline.core.errors import UnknownNameError
from pipeline.core.program import Program, Stage
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import HAND
from pipeline.rollout import BatchWorlds
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder
from scene_gen.settle import sample_settled

TOOL = "screwdriver"


@pytest.fixture(scope="module")
def task():
    return TaskSpec(
        name="a_task", family="pick_place", instruction="Do it.", objects=(TaskObject(name=TOOL, asset=TOOL),),
        goal=f"(not (touching {TOOL} table))", horizon=30.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def posed(catalog, task):
    """The task in settled worlds of two arms, and the simulator."""

    def build(worlds, *, simulator):
        builder = TabletopBuilder(catalog, catalog.robot("aloha"), cameras=())
        laid = sample_settled(builder, task, simulator, count=worlds, seed=5, first=0)
        return Problem(task, tuple(s for s, ok in zip(laid.scenes, laid.mask, strict=True) if ok), seed=0)

    return build


@pytest.fixture
def ex(catalog, posed, simulator):
    problem = posed(2, simulator=simulator)
    return Execution(problem, BatchWorlds(simulator, problem))


def test_the_arm_at_work_moves_in_its_own_columns_and_the_other_stands(ex):
    start = ex.command.copy()
    ex.use("left")
    ex.move(ex.q[:, None] + 0.2 * np.eye(6)[0], width=np.full(2, 0.02))
    np.testing.assert_allclose(ex.command[:, :7], start[:, :7])
    np.testing.assert_allclose(ex.command[:, 7], start[:, 7] + 0.2, atol=1e-6)
    np.testing.assert_allclose(ex.command[:, 13], 0.02, atol=1e-6)
    ex.use("")
    np.testing.assert_allclose(ex.q, start[:, :6])
    np.testing.assert_allclose(ex.width, start[:, 6])


def test_each_arm_has_a_tool_of_its_own(ex):
    first = ex.tool
    ex.use("left")
    second = ex.tool
    np.testing.assert_allclose(first, ex.state().tcp)
    wanted = poses.compose(ex.state().body("robot"), ex.arm.tool_pose(ex.q))
    np.testing.assert_allclose(second, wanted, atol=1e-5)
    assert np.abs(first[:, 1] - second[:, 1]).min() > 0.3


def test_what_one_hand_holds_is_not_in_the_other(ex):
    ex.note_held(TOOL)
    mine = ex.T_tool_held.copy()
    ex.use("left")
    np.testing.assert_array_equal(ex.T_tool_held, np.tile(poses.IDENTITY_POSE, (2, 1)))
    ex.note_held(TOOL)
    assert np.abs(ex.T_tool_held - mine).max() > 0.1


def test_an_arm_that_is_not_there_is_named(ex):
    with pytest.raises(UnknownNameError, match="left"):
        ex.use("lefd")


def test_a_robot_with_one_arm_has_nobody_to_hand_over_to(problem, simulator):
    built = problem("(on mug plate)", "mug", "plate")
    program = Program(stages=(Stage(skill="hand_over", body="mug"),))
    ended = conduct(program, built, BatchWorlds(simulator, built))
    assert {d.cause for d in ended.diagnoses} == {"no_plan"}
    assert "one" in ended.diagnoses[0].seen


@pytest.fixture(scope="module")
def handed(catalog, posed):
    simulator = mujoco(catalog)
    problem = posed(8, simulator=simulator)
    worlds = BatchWorlds(simulator, problem)
    pick = Stage(skill="pick", body=TOOL, parameters={"lift": 0.06})
    ended = conduct(Program(stages=(pick, Stage(skill="hand_over", body=TOOL))), problem, worlds)
    yield ended
    simulator.close()


@pytest.mark.physics
class TestHandOver:
    """In MuJoCo."""

    def test_most_worlds_end_with_the_object_in_the_other_hand_alone(self, handed):
        assert handed.alive.sum() >= 5
        state, rows = handed.state(), handed.rows
        body = state.layout.body(TOOL)
        assert (state.force[rows, HAND, body] > 0.5).all()
        assert not state.touching(TOOL, "table")[rows].any()
        for finger in ("robot/left_finger", "robot/right_finger"):  # of the first arm
            assert not state.touching(TOOL, finger)[rows].any()
        assert state.touching(TOOL, "robot")[rows].all()

    def test_the_other_hand_took_it_where_the_first_did_not_hold_it(self, handed):
        trace, rows = handed.worlds.trace(), handed.rows
        fingers = [trace.flat.layout.body(f"robot/{side}_finger") for side in ("left", "right")]
        body = trace.flat.layout.body(TOOL)
        for row in rows:
            contact = trace.row(row).contact[:, body]
            both = contact[:, fingers].any(axis=1) & contact[:, trace.flat.layout.body("robot")]
            assert both.sum() >= 5, "for a while both hands hold it"

    def test_those_that_failed_say_why(self, handed):
        for row in np.flatnonzero(~handed.alive):
            assert handed.diagnoses[row].cause in (
                "ik_failed", "grasp_missed", "grasp_slipped", "hand_over_missed", "path_in_collision",
            )  # fmt: skip
