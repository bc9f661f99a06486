"""Policy evaluation: a policy acts in closed loop in a batch of worlds, and the goal, not the policy, judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import Problem, Simulator
from pipeline.core.world import Actions, WorldState
from pipeline.dataset.observing import observe
from pipeline.dataset.windows import WindowSpec
from pipeline.rollout import BatchWorlds, achieved

Observations = Mapping[str, NDArray[Any]]
"""Arrays (batch, obs_horizon, ...) by the names that a dataset stores them under."""


class Policy(Protocol):
    """What acts: it sees what a window of its dataset holds, and nothing else."""

    spec: WindowSpec

    def act(self, observations: Observations) -> Actions:
        """The next actions (steps, batch, dof), float32: joint targets [rad] and gripper width [m]."""
        ...


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a policy did, world by world. A goal counts once it has held for ``HOLD_SECONDS``."""

    reached: NDArray[np.bool_]  # (worlds,)  at some time
    kept: NDArray[np.bool_]  # (worlds,)  at the end, too
    steps: NDArray[np.int64]  # (worlds,)  control steps until it had been reached; all of them where it was not

    @property
    def rate(self) -> float:
        """Share of the worlds that reached their goal."""
        return float(self.reached.mean())


def evaluate(
    simulator: Simulator, problem: Problem, policy: Policy, *, slots: Mapping[str, int], seconds: float | None = None
) -> Evaluation:
    """Let ``policy`` act in the problem's worlds side by side, from the reset for ``seconds`` or to the horizon.

    ``slots`` are those of the windows it was trained on. The goal is judged after every chunk of its actions.
    """
    worlds, robot = BatchWorlds(simulator, problem), problem.scenes[0].robot
    last = worlds.limit
    if seconds is not None:
        last = min(last, round(seconds * problem.scenes[0].physics.control_hz))
    spec, states = policy.spec, [worlds.state()] * policy.spec.obs_horizon
    reached, steps = np.zeros(worlds.batch, bool), np.full(worlds.batch, last)
    kept = reached
    while worlds.steps < last:
        seen = [observe(state, robot, spec, slots=slots) for state in states]
        chunk = policy.act({name: np.stack([s[name] for s in seen], axis=1) for name in spec.observations})
        trace = worlds.run(chunk[: last - worlds.steps])
        states = [*states, *(trace.at(t) for t in range(trace.time))][-spec.obs_horizon :]
        kept = _achieved(problem, worlds)
        steps[kept & ~reached] = worlds.steps
        reached = reached | kept
    return Evaluation(reached, kept, steps)


def _achieved(problem: Problem, worlds: BatchWorlds) -> NDArray[np.bool_]:
    trace = worlds.trace()
    rows: list[WorldState | None] = [None if trace is None else trace.row(row) for row in range(worlds.batch)]
    return np.array([achieved(problem, states) for states in rows])
