"""Move: the empty hand or what it holds comes to where it is sent, in kinematic worlds."""

import numpy as np
import pytest

from demo_solvers.conduct import conduct
from pipeline.core import poses
from pipeline.core.program import Program, Relation, Stage, Target
from pipeline.holds import parse, true_of
from pipeline.rollout import BatchWorlds

ABOVE = (Relation(predicate="above", anchor="plate"),)
PICK = Stage(skill="pick", body="mug")


@pytest.fixture(scope="module")
def built(problem):
    return problem("(on mug plate)", "mug", "plate")


@pytest.fixture
def run(built, simulator):
    def carried(*stages):
        ex = conduct(Program(stages=stages), built, BatchWorlds(simulator, built))
        assert [d.cause for d in ex.diagnoses] == ["none", "none"]
        return ex

    return carried


@pytest.mark.parametrize("height", [0.08, 0.2])
def test_the_empty_hand_stops_over_the_middle_of_a_body(run, height):
    ex = run(Stage(skill="move", body="plate", parameters={"height": height}))
    plate = ex.state().body("plate")
    np.testing.assert_allclose(ex.tool[:, :2], plate[:, :2], atol=5e-3)
    top = ex.state().layout.geometry["plate"].bounds
    np.testing.assert_allclose(ex.tool[:, 2], plate[:, 2] + top.pose[2] + top.half[2] + height, atol=5e-3)


def test_a_shift_is_along_the_worlds_axes(run):
    ex = run(Stage(skill="move", body="plate", parameters={"shift_x": 0.04, "shift_y": -0.03, "height": 0.15}))
    off = ex.tool[:, :2] - ex.state().body("plate")[:, :2]
    np.testing.assert_allclose(off, np.tile([0.04, -0.03], (2, 1)), atol=5e-3)


def test_what_is_held_comes_over_the_anchor_and_stays_in_the_hand(run):
    ex = run(PICK, Stage(skill="move", body="mug", relations=ABOVE, parameters={"height": 0.08}))
    assert true_of(parse("(above mug plate)"), ex.state()).all()
    assert true_of(parse("(holding mug)"), ex.state()).all()


def test_what_is_held_goes_to_a_pose_in_the_frame_of_a_body(run):
    target = Target(pose=(0.0, 0.03, 0.08, 1.0, 0.0, 0.0, 0.0), frame="mug")
    before = run(PICK).state().body("mug")
    ex = run(PICK, Stage(skill="move", body="mug", target=target))
    moved = poses.compose(poses.inverse(before), ex.state().body("mug"))
    np.testing.assert_allclose(moved[:, :3], np.tile([0.0, 0.03, 0.08], (2, 1)), atol=0.01)


def test_a_place_out_of_reach_is_told(built, simulator):
    far = Target(pose=(2.0, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0))
    worlds = BatchWorlds(simulator, built)
    ex = conduct(Program(stages=(PICK, Stage(skill="move", body="mug", target=far))), built, worlds)
    assert [d.cause for d in ex.diagnoses] == ["ik_failed", "ik_failed"]
