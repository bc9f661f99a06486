"""Learned motions become smooth and slow enough to copy, end where they ended, and only they are touched."""

from __future__ import annotations

import numpy as np
import pytest

from demo_solvers.learning.acting import LEARNED
from demo_solvers.learning.smoothing import EFFORT, IDLE, roughness, smooth
from demo_solvers.planning.arm import Arm
from pipeline.core.episode import Outcome

RATE = 20.0


@pytest.fixture
def start(arm: Arm) -> np.ndarray:
    return np.array([*arm.home, 0.04], np.float32)


def outcome(actions: np.ndarray, learned: slice) -> Outcome:
    stages = np.zeros(len(actions), np.uint8)
    stages[learned] = 1
    stages[learned.stop :] = 2
    return Outcome(
        success=True,
        actions=actions.astype(np.float32),
        stages=stages,
        stage_names=("reach box", f"{LEARNED}push", "leave"),
    )


def zigzag(start: np.ndarray, steps: int = 60) -> np.ndarray:
    """A slow way there, then leaps to and fro, then a slow way on."""
    walk = np.cumsum(np.full((steps, len(start)), 0.004), axis=0)
    walk[20:40, 0] += 0.06 * (-1.0) ** np.arange(20)
    walk[:, -1] = 0
    return start + walk


def test_leaps_are_taken_out_and_the_end_stays(arm: Arm, start: np.ndarray) -> None:
    actions = zigzag(start)
    motion = smooth(outcome(actions, slice(20, 40)), start, arm, RATE)
    assert roughness(motion.actions, start, arm, RATE) < 0.5 * roughness(actions.astype(np.float32), start, arm, RATE)
    np.testing.assert_allclose(motion.actions[-1], actions[-1], atol=1e-5)
    assert set(motion.stages.tolist()) == {0, 1, 2}
    assert (np.diff(motion.stages.astype(int)) >= 0).all()


def test_what_is_too_fast_is_slowed_down_to_the_limits(arm: Arm, start: np.ndarray) -> None:
    actions = np.repeat(start[None], 40, axis=0)
    actions[10:30, 0] += np.linspace(0, 2.4, 20)  # 2.4 rad/s of at most 2.2
    actions[30:, 0] += 2.4
    motion = smooth(outcome(actions, slice(10, 30)), start, arm, RATE)
    speed = np.abs(np.diff(motion.actions[:, 0])).max() * RATE
    assert len(motion.actions) > len(actions)
    assert speed <= 1.05 * EFFORT * arm.max_velocity[0]


def test_motions_of_skills_are_left_as_they_are(arm: Arm, start: np.ndarray) -> None:
    actions = zigzag(start).astype(np.float32)
    motion = smooth(outcome(actions, slice(60, 60)), start, arm, RATE)
    np.testing.assert_array_equal(motion.actions, actions)


def test_long_stand_stills_of_a_policy_are_cut_short(arm: Arm, start: np.ndarray) -> None:
    actions = np.repeat(start[None], 70, axis=0)
    motion = smooth(outcome(actions, slice(10, 60)), start, arm, RATE)
    assert len(motion.actions) == pytest.approx(20 + IDLE, abs=1)
