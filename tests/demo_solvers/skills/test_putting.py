"""Pick, place and stack as told by their parameters, in kinematic worlds."""

import numpy as np
import pytest

from demo_solvers.solvers.vipr import carry_out
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.program import Program, Relation, Stage, Target
from pipeline.rollout import BatchWorlds

ON = (Relation(predicate="on", anchor="block_green"),)


@pytest.fixture(scope="module")
def blocks(problem):
    return problem("(on block_red block_green)", "block_red", "block_green", family="stack")


@pytest.fixture
def run(simulator, blocks):
    """Carry out pick and another stage; returns outcomes and the last state."""

    def carried(*stages, built=blocks):
        worlds = BatchWorlds(simulator, built)
        outcomes = carry_out(Program(stages=stages), built, worlds)
        return outcomes, worlds.state()

    return carried


def pick(**parameters):
    return Stage(skill="pick", body="block_red", parameters=parameters)


def put(skill="place", *, target=None, relations=ON, post=None, **parameters):
    return Stage(
        skill=skill, body="block_red", relations=relations, target=target, parameters=parameters, post=post
    )  # fmt: skip


def offset(state):
    """Where the red block's centre ended, in the green one's frame (batch, 3)."""
    return poses.compose(poses.inverse(state.body("block_green")), state.body("block_red"))[:, :3]


@pytest.mark.parametrize("skill", ["place", "stack"])
def test_a_block_ends_on_the_centre_of_the_other(run, skill):
    outcomes, state = run(pick(), put(skill, post="(on block_red block_green)"))
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"]
    np.testing.assert_allclose(offset(state), np.tile([0, 0, 0.045], (2, 1)), atol=4e-3)


def test_shifts_are_along_the_anchors_own_axes(run):
    _, state = run(pick(), put(shift_x=0.01, shift_y=-0.006))
    np.testing.assert_allclose(offset(state)[:, :2], np.tile([0.01, -0.006], (2, 1)), atol=3e-3)


def test_a_turn_is_counted_from_the_present_heading(run, blocks, simulator):
    before = simulator.load(blocks.scenes).body("block_red")
    _, state = run(pick(), put(turn="90"))
    turned = poses.yaw_of(state.body("block_red")[:, 3:]) - poses.yaw_of(before[:, 3:])
    np.testing.assert_allclose((turned + np.pi) % (2 * np.pi) - np.pi, np.pi / 2, atol=0.05)


def test_a_target_is_a_pose_in_a_bodys_frame(run):
    pose = (0.12, 0.05, 0.0, 1.0, 0.0, 0.0, 0.0)
    outcomes, state = run(pick(), put(relations=(), target=Target(pose=pose, frame="block_green")))
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"]
    np.testing.assert_allclose(offset(state), np.tile([0.12, 0.05, 0.0], (2, 1)), atol=5e-3)
    turned = poses.angle_between(state.body("block_red")[:, 3:], state.body("block_green")[:, 3:])
    assert turned.max() < 0.05


def test_a_target_without_a_frame_is_in_the_world(run):
    pose = (0.45, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    _, state = run(pick(), put(relations=(), target=Target(pose=pose)))
    np.testing.assert_allclose(state.body("block_red")[:, :3], np.tile(pose[:3], (2, 1)), atol=5e-3)


def test_a_slower_stage_takes_more_steps(run):
    quick, _ = run(pick(), put())
    slow, _ = run(pick(speed=0.1, effort=0.3), put(speed=0.08, effort=0.25))
    assert len(slow[0].actions) > 1.3 * len(quick[0].actions)


def test_the_body_is_lifted_as_far_as_asked(run):
    outcomes, state = run(pick(lift=0.2))
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"]
    np.testing.assert_allclose(state.body("block_red")[:, 2], 0.2, atol=5e-3)


def test_it_is_let_go_as_far_above_as_asked(simulator, blocks):
    worlds = BatchWorlds(simulator, blocks)
    carry_out(Program(stages=(pick(), put(height=0.08))), blocks, worlds)
    trace = worlds.trace()
    heights = np.array([trace.at(t).body("block_red")[:, 2] for t in range(trace.time)])
    drop = np.abs(np.diff(heights, axis=0)).max(axis=0)
    assert (drop > 0.06).all(), "kinematic worlds let things fall at once"


def test_a_grasp_that_cannot_be_had_is_diagnosed_with_what_was_wished(run):
    outcomes, _ = run(pick(region="handle"), put())
    for outcome in outcomes:
        assert outcome.diagnosis.cause == "ik_failed"
        assert outcome.diagnosis.number == 0
        assert "region handle" in outcome.diagnosis.expected
        assert outcome.diagnosis.bodies == ("block_red",)


def test_parameters_out_of_range_or_unknown_are_refused(run):
    with pytest.raises(InvalidInputError, match=r"place: height is 0.5; allowed: 0 to 0.15 m"):
        run(pick(), put(height=0.5))
    with pytest.raises(UnknownNameError, match="parameter of pick"):
        run(pick(heigth=0.1))
