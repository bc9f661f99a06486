"""Off-policy learning: it starts from demonstrations, is stopped and goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.course import Course
from demo_solvers.learning.experience import Transitions, demonstrated, guided
from demo_solvers.learning.policy import success
from demo_solvers.learning.rlpd import train
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import Steering
from demo_solvers.learning.training import Budget, Record, RLPDSettings
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, WorldState, WorldTrace
from pipeline.rollout import PracticeWorlds

SMALL = RLPDSettings(worlds=4, horizon=8, updates=1, batch=16, hidden=(16, 16), cloned=20)
SHORT = Budget(steps=4 * 8 * 6, keep=2)


def straight(state: WorldState) -> F32:
    """Push towards the zone."""
    way = state.body("zone_green")[:, :2] - state.body("cookie_box")[:, :2]
    return (0.6 * way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)).astype(np.float32)


@pytest.fixture
def prior(course: Callable[..., Course]) -> Transitions:
    return guided(course(seed=5), straight, episodes=6)


class _Stop(Exception):
    """The moment at which a training is killed."""


def stop_at(updates: int) -> Callable[[Record], None]:
    def listen(record: Record) -> None:
        if record.updates == updates:
            raise _Stop

    return listen


def test_what_a_guide_did_is_kept_where_it_reached_the_goal(prior: Transitions) -> None:
    assert prior.reward.sum() == 6
    assert (prior.ended == (prior.reward == 1)).all()
    assert np.abs(prior.action).max() <= 1


def test_a_guide_that_never_reaches_the_goal_leaves_nothing(course: Callable[..., Course]) -> None:
    nothing = guided(course(), lambda state: np.zeros((len(state), 2), np.float32), episodes=2)
    assert len(nothing) == 0


def test_a_demonstration_becomes_the_actions_that_made_it(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    states = [worlds.put([0, 1, 2, 3], starts[:4])]
    steering = Steering(stage, starts[:4])
    done, driven = list[F32](), list[np.ndarray]()
    for _ in range(6):
        done.append(straight(states[-1]))
        driven.append(steering.follow(done[-1], states[-1].tcp))
        trace = worlds.run(driven[-1])
        states += [trace.at(t) for t in range(trace.time)]
    row = WorldTrace.of(states).row(2)
    actions = np.concatenate(driven)[:, 2]
    rate = starts[0].physics.control_hz
    found = demonstrated(stage, starts[0].robot, row, actions, control_hz=rate)
    np.testing.assert_allclose(found.action, np.array(done)[: len(found), 2], atol=0.02)
    assert len(found) >= 3


def test_a_stopped_training_goes_on_as_if_it_had_not_been(
    course: Callable[..., Course], prior: Transitions, tmp_path: Path
) -> None:
    whole, record = train(course(), tmp_path / "whole", prior=prior, settings=SMALL, budget=SHORT)
    for updates in (1, 3, 6):
        stop = stop_at(updates)
        with pytest.raises(_Stop):
            train(course(), tmp_path / "cut", prior=prior, settings=SMALL, budget=SHORT, listener=stop)
    again, cut = train(course(), tmp_path / "cut", prior=prior, settings=SMALL, budget=SHORT)
    assert cut == record
    for one, other in zip((*whole.weights, *whole.biases), (*again.weights, *again.biases), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_begins_as_a_clone_of_the_prior(
    course: Callable[..., Course], prior: Transitions, starts: list[SceneSpec], tmp_path: Path
) -> None:
    practised = course()
    cloned = SMALL.model_copy(update={"cloned": 400, "updates": 0, "hidden": (64, 64)})
    policy, _ = train(practised, tmp_path, prior=prior, settings=cloned, budget=Budget(steps=1, keep=1))
    assert success(practised.practice, practised.stage, policy, starts).mean() >= 0.5
