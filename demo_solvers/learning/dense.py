"""Dense rewards in practice: a reward written in the reward language pays the steps of a course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from demo_solvers.learning.course import Step
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.state import ACTIONS, RewardState
from pipeline.core.layout import SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.world import F32, WorldState

if TYPE_CHECKING:
    from torch import Tensor


class DenseReward:
    """A reward's text as a course takes it; it remembers potentials and actions of every world since its start.

    What a step is worth is divided by ``scale``; lines and terms are told as they are.

    Raises :class:`~demo_solvers.rewards.fault.RewardError` for a text that does not fit the scene.
    """

    def __init__(
        self, text: str, stage: LearnedStage, layout: SceneLayout, robot: RobotSpec, *, scale: float = 1.0
    ) -> None:
        self.text, self.stage, self.robot, self.scale = text, stage, robot, scale
        self.reward = compiled(text, layout)
        self._memory: Tensor | None = None  # (batch, potentials)
        self._actions = np.zeros((0, ACTIONS, stage.actions), np.float32)  # (batch, 3, actions)  the newest first
        self._length = np.zeros(0, int)  # (batch,)  actions since the start

    def begin(self, rows: Sequence[int], state: WorldState) -> None:
        """Worlds ``rows`` of ``state`` (batch) were put in new starts: what is remembered of them ends."""
        import torch

        if self._memory is None or len(self._length) != len(state):
            rows, self._length = range(len(state)), np.zeros(len(state), int)
            self._actions = np.zeros((len(state), ACTIONS, self.stage.actions), np.float32)
        index = np.array(rows, np.intp)
        self._actions[index], self._length[index] = 0.0, 0
        with torch.inference_mode():
            fresh = self.reward.begin(self._seen(state.rows(index), index))
            if len(index) < len(state) and self._memory is not None:
                fresh = self._memory.index_copy(0, torch.from_numpy(index), fresh)
        self._memory = fresh

    def __call__(self, step: Step) -> tuple[F32, Mapping[str, F32]]:
        """What the step is worth (batch,), and the values (batch,) of every line and term."""
        import torch

        self._length = self._length + 1
        self._actions = np.concatenate([step.action[:, None], self._actions[:, : ACTIONS - 1]], axis=1)
        with torch.inference_mode():
            out = self.reward(self._seen(step.after, slice(None)), self._memory)
            told = {name: _numbers(values) for name, values in {**out.lines, **out.terms}.items()}
        self._memory = out.memory
        return _numbers(out.total / self.scale), told

    def _seen(self, state: WorldState, rows: np.ndarray | slice) -> RewardState:
        import torch

        actions, length = torch.tensor(self._actions[rows]), torch.tensor(self._length[rows])
        return RewardState.of(state, self.robot, actions=actions, elapsed=length / self.stage.decisions)


def _numbers(values: Tensor) -> F32:
    return values.nan_to_num(nan=0.0).float().numpy()
