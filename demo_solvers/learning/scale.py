"""The scale of a reward: what its returns amount to when nothing is learned yet, by which it is divided for learning.

Rewards may be of any size, but learning suffers from returns far below 1: critics and entropy then outweigh them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from demo_solvers.learning.course import Course, Step
from demo_solvers.learning.dense import DenseReward
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import PPOSettings
from pipeline.core.doors import Practice
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.world import F32, WorldState

LEAST = 1e-6  # returns below which there is no scale


class Sample:
    """One episode's time in all worlds, acted out at random, on which rewards are computed afterwards."""

    def __init__(
        self, practice: Practice, stage: LearnedStage, starts: Sequence[SceneSpec], settings: PPOSettings, *, seed: int
    ) -> None:
        self._events = list[Step | tuple[list[int], WorldState]]()
        self._discount, self._batch = settings.discount, practice.batch
        course, random = Course(practice, stage, starts, self, seed=seed), stream(seed, "scale", stage.name)
        for _ in range(stage.decisions):
            course.step(random.normal(0.0, settings.spread, (self._batch, stage.actions)))
        self.steps = stage.decisions * self._batch  # actions of all worlds

    def begin(self, rows: Sequence[int], state: WorldState) -> None:
        """Note that worlds begin anew."""
        self._events.append((list(rows), state))

    def __call__(self, step: Step) -> tuple[F32, Mapping[str, F32]]:
        """Note a step."""
        self._events.append(step)
        return np.zeros(len(step.action), np.float32), {}

    def scale(self, reward: DenseReward) -> float:
        """Root mean square of the discounted returns; 1 where nothing was paid."""
        paid = list[F32 | list[int]]()
        for event in self._events:
            if isinstance(event, Step):
                paid.append(reward(event)[0])
            else:
                reward.begin(*event)
                paid.append(event[0])
        ahead, returns = np.zeros(self._batch), list[np.ndarray]()
        for values in reversed(paid):
            if isinstance(values, list):
                ahead[values] = 0.0
            else:
                ahead = values + self._discount * ahead
                returns.append(ahead.copy())
        size = float(np.sqrt(np.mean(np.square(returns))))
        return float(f"{size:.4g}") if size > LEAST else 1.0
