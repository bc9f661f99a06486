"""Validation: a good attempt becomes an episode that a trainer can use as it is, a doctored one becomes none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Problem, SimulatorInfo, Solution
from pipeline.core.episode import Outcome, Provenance
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import look_at, quat_from_rotvec, quat_multiply
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import attempt
from pipeline.sim.kinematic import kinematic
from pipeline.validate import end_effector_deltas, end_effector_targets, replay, same_states, validate

SHIFTS = (0.0, 0.03)  # of the whole scene along y, world by world [m]
SWEEP, REST = 12, 11  # control steps
PROVENANCE = Provenance(version="0", engine="kinematic 1", solver="sweep", author="tests", seed=0)
CAMERA = CameraSpec(name="above", pose=tuple(look_at((0.5, 0, 1.2), (0.5, 0, 0), (1, 0, 0))), width=16, height=12)


@pytest.fixture(scope="module")
def simulator(toys, tmp_path_factory):
    return kinematic(toys.ToyFiles(tmp_path_factory.mktemp("toys")))


@pytest.fixture(scope="module")
def ways(toys):
    """In each world: down behind a brick, sweep it 12 cm ahead, rest. (time, batch, dof)."""
    rows = []
    for y in SHIFTS:
        behind = toys.reach((0.4, y, 0.02))
        sweep = toys.straight((0.4, y, 0.02), (0.52, y, 0.02), toys.DOWN, behind, steps=SWEEP)
        way = toys.motion(*((q, 0.0, 1) for q in sweep), (sweep[-1], 0.0, REST), start=behind, width=0.0)
        rows.append((behind, way))
    return [start for start, _ in rows], np.stack([way for _, way in rows], axis=1)


@pytest.fixture(scope="module")
def problem(toys, ways):
    """A brick to be pushed into a zone, seen by one small camera; the hand starts low behind it."""
    task = TaskSpec(
        name="toy", family="push", instruction="Push the brick.", goal="(within brick zone)", horizon=2.0,
        objects=(TaskObject(name="brick", asset="brick"), TaskObject(name="zone", asset="zone")),
    )  # fmt: skip
    scenes = [
        toys.scene(
            toys.placed("brick", toys.brick(), (0.46, y, 0.02)),
            toys.placed("zone", toys.zone(), (0.6, y, 0.0005)),
            robot_start=(*map(float, start), 0.0),
            cameras=(CAMERA,),
        )
        for y, start in zip(SHIFTS, ways[0], strict=True)
    ]
    return Problem(task, tuple(scenes), seed=0)


@pytest.fixture(scope="module")
def outcomes(simulator, problem, ways):
    def sweep(asked, worlds):
        worlds.run(ways[1])
        stages = np.array([0] * SWEEP + [1] * REST, np.uint8)
        return Solution(
            [
                Outcome(success=True, actions=ways[1][:, i], stages=stages, stage_names=("sweep", "rest"))
                for i in range(worlds.batch)
            ]
        )

    judged = attempt(simulator, problem, sweep).outcomes
    assert [o.success for o in judged] == [True, True]
    return judged


@pytest.fixture(scope="module")
def validations(simulator, problem, outcomes):
    return check(simulator, problem, outcomes, rows=(0, 1))


def check(simulator, problem, outcomes, *, rows):
    return validate(simulator, problem, outcomes, rows=rows, solver_name="sweep", provenance=PROVENANCE)


def test_a_good_attempt_becomes_an_episode(validations):
    assert [(v.row, v.diagnosis.cause) for v in validations] == [(0, "none"), (1, "none")]
    assert all(v.episode is not None for v in validations)


def test_every_array_of_an_episode_has_one_entry_an_action(validations, outcomes):
    for validation, outcome in zip(validations, outcomes, strict=True):
        episode, steps = validation.episode, SWEEP + REST
        assert episode.length == len(episode.actions) == steps
        np.testing.assert_array_equal(episode.actions, outcome.actions)
        per_step = [
            episode.states.pose, episode.states.qpos, episode.states.tcp, episode.ee_delta, episode.progress,
            episode.stage, episode.rgb["above"], episode.camera_pose["above"],
        ]  # fmt: skip
        assert [len(array) for array in per_step] == [steps] * len(per_step)
        assert episode.ee_delta.shape == (steps, 7)
        assert episode.rgb["above"].shape == (steps, 12, 16, 3)
        assert episode.rgb["above"].dtype == np.uint8
        assert len(episode.final) == 1


def test_an_observation_precedes_its_action(validations, outcomes, problem):
    for row, (validation, outcome) in enumerate(zip(validations, outcomes, strict=True)):
        states = validation.episode.states
        np.testing.assert_allclose(states.qpos[0], problem.scenes[row].robot_start, atol=1e-6)
        np.testing.assert_allclose(states.body("brick")[0], problem.scenes[row].placement("brick").pose, atol=1e-6)
        # The kinematic arm is where it was sent, so what is seen at t + 1 is what was asked for at t.
        np.testing.assert_array_equal(states.qpos[1:, :7], outcome.actions[:-1, :7])
        np.testing.assert_array_equal(validation.episode.final.qpos[0, :7], outcome.actions[-1, :7])


def test_progress_is_judged_on_what_is_observed_from_zero_to_one(validations):
    for validation in validations:
        progress = validation.episode.progress
        assert progress[0] == 0
        assert progress[-1] == 1
        assert np.flatnonzero(progress)[0] > 3


def test_tool_motions_add_up_to_the_commanded_tool_poses(validations, problem):
    for row, validation in enumerate(validations):
        episode, scene = validation.episode, problem.scenes[row]
        tool = forward_kinematics(scene.robot, np.array(scene.robot_start, np.float32))
        for delta, action in zip(episode.ee_delta, episode.actions, strict=True):
            turned = quat_multiply(quat_from_rotvec(delta[3:6]), tool[3:])
            tool = np.concatenate([tool[:3] + delta[:3], turned])
            wanted = forward_kinematics(scene.robot, action)
            np.testing.assert_allclose(tool[:3], wanted[:3], atol=1e-5)
            assert abs(tool[3:] @ wanted[3:]) == pytest.approx(1, abs=1e-6)
            assert delta[6] == action[-1]


def test_a_tool_that_turns_in_place_has_a_rotation_in_the_base_frame_and_no_translation(toys):
    start = np.array([*toys.reach((0.5, 0, 0.1)), 0.08])
    turned = start.copy()
    turned[6] += 0.2  # the wrist; the tool points down, so this turns it by -0.2 rad about the base's z
    (delta,) = end_effector_deltas(toys.robot(), start, np.float32(turned)[None])
    np.testing.assert_allclose(delta, [0, 0, 0, 0, 0, -0.2, 0.08], atol=1e-3)


def test_commanded_tools_that_all_but_agree_have_quaternions_that_all_but_agree(toys):
    """A tool that points down has qw around 0; its sign must not part the episodes."""
    home = np.array([*toys.reach((0.5, 0, 0.1)), 0.08])
    random = np.random.default_rng(0)
    starts = home + np.concatenate([random.normal(0, 0.02, (20, len(home) - 1)), np.zeros((20, 1))], axis=1)
    quats = np.stack([end_effector_targets(toys.robot(), np.float32(start)[None])[0, 3:7] for start in starts])
    assert (np.sign(quats[:, 0]) != np.sign(quats[0, 0])).any()
    assert (quats @ quats[0] > 0.99).all()


def test_the_pictures_show_something_that_moves(validations):
    for validation in validations:
        film = validation.episode.rgb["above"].astype(int)
        assert film[0].std() > 5
        assert np.abs(film[-1] - film[0]).max() > 30
        np.testing.assert_allclose(validation.episode.camera_pose["above"][0], CAMERA.pose, atol=1e-6)


def test_each_world_is_filmed_in_its_own_scene(validations, problem):
    first, second = (v.episode for v in validations)
    assert not np.array_equal(first.rgb["above"], second.rgb["above"])
    assert second.scene == problem.scenes[1]
    assert second.states.body("brick")[0, 1] == pytest.approx(SHIFTS[1])


def test_stages_and_origin_are_kept(validations):
    episode = validations[1].episode
    assert episode.stage_names == ("sweep", "rest")
    assert list(episode.stage) == [0] * SWEEP + [1] * REST
    assert (episode.attempt, episode.solver, episode.provenance) == (1, "sweep", PROVENANCE)


def test_only_the_rows_asked_for_are_replayed_under_their_own_number(simulator, problem, outcomes):
    (validation,) = check(simulator, problem, outcomes, rows=(1,))
    assert validation.row == validation.episode.attempt == 1
    assert validation.episode.scene == problem.scenes[1]
    assert check(simulator, problem, outcomes, rows=()) == []


def tampered(outcome, *, step, joint, by):
    actions = outcome.actions.copy()
    actions[step, joint] += by
    return replace(outcome, actions=actions)


def blind(problem):
    """Without cameras the replay is quick."""
    return Problem(problem.task, tuple(s.physics_only() for s in problem.scenes), problem.seed)


def test_an_action_changed_by_a_hair_is_a_mismatch_and_no_episode(simulator, problem, outcomes):
    forged = [outcomes[0], tampered(outcomes[1], step=5, joint=6, by=1e-6)]
    good, bad = check(simulator, blind(problem), forged, rows=(0, 1))
    assert good.diagnosis.cause == "none"
    assert (bad.diagnosis.cause, bad.diagnosis.stage, bad.episode) == ("replay_mismatch", "replay", None)
    assert bad.diagnosis.expected
    assert bad.diagnosis.seen


def test_an_attempt_without_a_trace_proves_nothing(simulator, problem, outcomes):
    (validation,) = check(simulator, blind(problem), [replace(outcomes[0], trace=None)], rows=(0,))
    assert validation.episode is None
    assert validation.diagnosis.cause == "replay_mismatch"


def test_an_engine_that_is_not_exact_only_has_to_reach_the_goal_again(simulator, problem, outcomes, monkeypatch):
    monkeypatch.setattr(simulator, "info", SimulatorInfo("kinematic", "1", "gpu", exact=False))
    (validation,) = check(simulator, blind(problem), [tampered(outcomes[0], step=5, joint=6, by=1e-6)], rows=(0,))
    assert validation.episode is not None


def test_a_replay_that_misses_the_goal_is_no_episode(simulator, problem, outcomes):
    lazy = replace(outcomes[0], actions=np.repeat(outcomes[0].actions[:1], SWEEP + REST, axis=0))
    (validation,) = check(simulator, blind(problem), [lazy], rows=(0,))
    assert validation.diagnosis.cause == "goal_unmet"
    assert validation.episode is None


def test_looking_does_not_change_what_happens(simulator, problem, ways):
    seen = replay(simulator, problem, ways[1], cameras=["above"])
    unseen = replay(simulator, problem, ways[1], cameras=[])
    assert same_states(seen.states.flat, unseen.states.flat)
    assert same_states(seen.final, unseen.final)
    assert unseen.rgb == {}


def test_an_attempt_without_actions_cannot_be_replayed(simulator, problem):
    with pytest.raises(InvalidInputError, match="nothing to replay"):
        replay(simulator, problem, np.zeros((0, 2, 8), np.float32), cameras=[])
