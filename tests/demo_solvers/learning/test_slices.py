"""Slices: trainings side by side in one batch come to what each comes to alone, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.course import Course
from demo_solvers.learning.dense import DenseReward
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.ppo import train
from demo_solvers.learning.slices import in_slices
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import Budget, PPOSettings, Record
from pipeline.core.doors import Practice, Problem
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions, WorldTrace
from pipeline.rollout import BatchWorlds, PracticeWorlds
from pipeline.sim.kinematic import kinematic

SMALL = PPOSettings(worlds=2, horizon=8, hidden=(16, 16))
REWARDS = ("a: 10 * change(-planar_distance(cookie_box, zone_green) / 1 m)", "b: -distance(tool, cookie_box) / 1 m")
Trained = tuple[LocalPolicy, Record]


class _Counted(PracticeWorlds):
    """Counts how often the simulator is asked to move."""

    moves = 0

    def run(self, actions: Actions) -> WorldTrace:
        self.moves += 1
        return super().run(actions)


def training(stage: LearnedStage, starts: list[SceneSpec], folder: Path, seed: int, updates: int) -> Callable:
    def work(practice: Practice) -> Trained:
        reward = DenseReward(REWARDS[seed % 2], stage, practice.state().layout, starts[0].robot)
        course = Course(practice, stage, starts, reward, seed=seed)
        budget = Budget(steps=2 * 8 * updates, keep=2)
        return train(course, folder / str(seed), reward=reward.text, settings=SMALL, budget=budget)

    return work


def assert_same(one: Trained, other: Trained) -> None:
    assert one[1] == other[1]
    for a, b in zip((*one[0].weights, *one[0].biases), (*other[0].weights, *other[0].biases), strict=True):
        np.testing.assert_array_equal(a, b)


def check_alone_and_together(
    practice: Callable[[Sequence[SceneSpec]], _Counted], stage: LearnedStage, starts: list[SceneSpec], tmp_path: Path
) -> None:
    alone = []
    for seed in range(3):
        alone.append(training(stage, starts, tmp_path / "alone", seed, 2 + seed)(practice(starts[:2])))
    together = practice(starts[:7])
    works = [training(stage, starts, tmp_path / "together", seed, 2 + seed) for seed in range(3)]
    found = in_slices(together, works)
    for one, other in zip(alone, found, strict=True):
        assert_same(one, other)
    assert together.moves == 4 * SMALL.horizon, "all worlds move at once"


def test_trainings_side_by_side_are_bit_for_bit_as_alone(
    stage: LearnedStage, starts: list[SceneSpec], simulator: kinematic, tmp_path: Path
) -> None:
    check_alone_and_together(lambda scenes: _Counted(simulator, scenes), stage, starts, tmp_path)


@pytest.mark.physics
def test_trainings_side_by_side_are_bit_for_bit_as_alone_in_physics(
    stage: LearnedStage, starts: list[SceneSpec], catalog, tmp_path: Path
) -> None:
    from pipeline.sim.mujoco import mujoco

    simulator = mujoco(catalog)
    check_alone_and_together(lambda scenes: _Counted(simulator, scenes), stage, starts, tmp_path)


def test_the_dice_of_others_are_left_alone(
    worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec], tmp_path: Path
) -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    in_slices(worlds, [training(stage, starts, tmp_path, seed, 1) for seed in range(2)])
    assert torch.equal(torch.rand(4), expected)


def test_each_slice_moves_its_own_worlds_as_long_as_it_likes(
    push: Problem, simulator: kinematic, starts: list[SceneSpec]
) -> None:
    def moving(column: int, lengths: Sequence[int]) -> Callable[[Practice], np.ndarray]:
        def work(practice: Practice) -> np.ndarray:
            for length in lengths:
                action = practice.state().qpos.copy()
                action[:, column] += 0.02
                trace = practice.run(np.repeat(action[None], length, axis=0))
                assert (trace.time, trace.batch) == (length, practice.batch)
            return practice.state().qpos

        return work

    practice = BatchWorlds(simulator, push).practice(starts[:5])
    first = practice.state().qpos.copy()
    one, other = in_slices(practice, [moving(0, (3, 3)), moving(1, (2, 5, 1, 2))])
    moved = practice.state().qpos - first
    assert (moved[:2, 0] > 0.01).all()
    assert (moved[2:4, 1] > 0.01).all()
    assert np.abs(moved[:2, 1]).max() < 1e-3
    assert np.abs(moved[2:4, 0]).max() < 1e-3
    assert np.abs(moved[4]).max() < 1e-3, "rows left over stand still"
    np.testing.assert_array_equal(other, practice.state().qpos[2:4])
    assert one.shape == other.shape


def test_an_error_in_one_ends_all(worlds: PracticeWorlds) -> None:
    ended = []

    def fails(practice: Practice) -> None:
        practice.run(practice.state().qpos[None])
        raise ZeroDivisionError

    def goes_on(practice: Practice) -> None:
        try:
            while True:
                practice.run(practice.state().qpos[None])
        finally:
            ended.append(True)

    with pytest.raises(ZeroDivisionError):
        in_slices(worlds, [goes_on, fails])
    assert ended == [True]


def test_more_trainings_than_worlds_are_refused(worlds: PracticeWorlds) -> None:
    with pytest.raises(InvalidInputError, match="there are 4"):
        in_slices(worlds, [lambda practice: None] * 5)
