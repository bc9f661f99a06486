"""A policy in the worlds of an attempt does what it did in practice, and what it did is recorded and replays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.learning.acting import act_out
from demo_solvers.learning.policy import LocalPolicy, success
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.starts import starts_of
from pipeline.core.doors import Problem
from pipeline.core.scene import SceneSpec
from pipeline.rollout import BatchWorlds
from pipeline.sim.kinematic import kinematic

BODY_TO_ZONE = slice(20, 22)  # columns of what is seen: the zone from the box, x and y


@pytest.fixture
def straight() -> LocalPolicy:
    """Pushes the box towards the zone: a perceptron of one layer, written by hand."""
    weight = np.zeros((2, 29), np.float32)
    weight[[0, 1], [BODY_TO_ZONE.start, BODY_TO_ZONE.start + 1]] = 0.5
    return LocalPolicy((weight,), (np.zeros(2, np.float32),))


@pytest.fixture
def attempt(push: Problem, starts: list[SceneSpec]) -> Problem:
    return dataclasses.replace(push, scenes=tuple(starts[:4]))


def test_it_does_in_an_attempt_what_it_does_in_practice(
    attempt: Problem, stage: LearnedStage, straight: LocalPolicy, simulator: kinematic
) -> None:
    worlds = BatchWorlds(simulator, attempt)
    ex = Execution(attempt, worlds)
    act_out(ex, stage, straight)
    reached = stage.reached(ex.state())
    states, actions = worlds.state(), worlds.recorded()
    practised = success(worlds.practice(attempt.scenes), stage, straight, attempt.scenes)
    assert reached.any()
    np.testing.assert_array_equal(reached, practised)
    assert [o.success for o in ex.outcomes()] == reached.tolist()
    simulator.load(attempt.scenes)
    again = simulator.run(actions).at(-1)
    np.testing.assert_array_equal(again.pose, states.pose)


def test_who_does_not_take_part_stands_still(
    attempt: Problem, stage: LearnedStage, straight: LocalPolicy, simulator: kinematic
) -> None:
    ex = Execution(attempt, BatchWorlds(simulator, attempt))
    ex.fail([1], "timeout", expected="a test", seen="a test")
    act_out(ex, stage, straight)
    recorded = ex.worlds.recorded()[:, 1]
    np.testing.assert_array_equal(recorded, np.repeat(recorded[:1], len(recorded), axis=0))
    assert ex.diagnoses[1].cause == "timeout"


def test_a_policy_that_does_nothing_fails_with_a_reason(
    attempt: Problem, stage: LearnedStage, simulator: kinematic
) -> None:
    idle = LocalPolicy((np.zeros((2, 29), np.float32),), (np.zeros(2, np.float32),))
    ex = Execution(attempt, BatchWorlds(simulator, attempt))
    act_out(ex, stage, idle)
    assert {o.diagnosis.cause for o in ex.outcomes()} == {"stage_unmet"}
    assert not any(o.success for o in ex.outcomes())


def test_a_start_is_the_state_it_was_taken_from(
    attempt: Problem, stage: LearnedStage, straight: LocalPolicy, simulator: kinematic
) -> None:
    worlds = BatchWorlds(simulator, attempt)
    ex = Execution(attempt, worlds)
    act_out(ex, stage.model_copy(update={"decisions": 3}), straight)
    state = worlds.state()
    taken = starts_of(attempt.scenes, state, ex.command, rows=[2, 0])
    there = worlds.practice(taken).state()
    np.testing.assert_allclose(there.pose, state.pose[[2, 0]], atol=1e-5)
    np.testing.assert_allclose(there.qpos, state.qpos[[2, 0]], atol=1e-5)
    assert taken[0].build_key == attempt.scenes[0].build_key
