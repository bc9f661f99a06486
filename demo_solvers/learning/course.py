"""Course: the worlds in which a stage is practised, as a vector environment, and what episodes came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from demo_solvers.learning.observing import privileged, seen
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import Felt, Steer, Steering, pressing, whole
from pipeline.core.doors import Practice
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.world import F32, Bools, WorldState, WorldTrace

FALLEN = 0.1  # m below its start, where what is worked on counts as lost
GENTLE = 0.8  # of the force that a robot may be copied with, beyond which an episode is over
HARSH = 0.2  # reward that such a touch costs


@dataclass(frozen=True, eq=False)
class Step:
    """One action in all worlds, as a reward sees it."""

    before: WorldState
    after: WorldState
    action: F32  # (batch, actions)
    previous: F32  # (batch, actions)  the action before, 0 at the beginning
    reached: Bools  # (batch,)


Reward = Callable[[Step], tuple[F32, Mapping[str, F32]]]
"""The reward (batch,) of a step, and the values (batch,) of its terms by name."""


@runtime_checkable
class Remembering(Protocol):
    """A reward that remembers something of every world, and is told when a world begins anew."""

    def begin(self, rows: Sequence[int], state: WorldState) -> None:
        """Worlds ``rows`` of ``state``, which holds all of them, have been put in new starts."""
        ...

    def __call__(self, step: Step) -> tuple[F32, Mapping[str, F32]]:
        """As :data:`Reward`."""
        ...


def sparse(step: Step) -> tuple[F32, Mapping[str, F32]]:
    """1 when the stage has done its work."""
    value = step.reached.astype(np.float32)
    return value, {"reached": value}


@dataclass(frozen=True, eq=False)
class Taken:
    """What came of one action in all worlds, before those that ended began anew."""

    reward: F32  # (batch,)
    terms: Mapping[str, F32]
    reached: Bools  # (batch,)
    ended: Bools  # (batch,)  reached, lost, touched too hard, or out of time
    late: Bools  # (batch,)  out of time alone
    seen: F32  # (batch, columns)  of the last state, also where it ended
    privileged: F32


def harsh(trace: WorldTrace) -> Bools:
    """Whether the robot touched anything harder than ``GENTLE`` of what is gentle for it, (batch,)."""
    over = pressing(trace.flat) > GENTLE
    return np.asarray(over.reshape(trace.time, trace.batch).any(axis=0))


class Course:
    """Worlds that practise ``stage``, each from a start drawn from ``starts``, scenes of one build.

    ``nearer`` are starts of a backward curriculum, the nearest to the goal first: ``level`` says which are drawn from,
    and the last level is that of ``starts``.

    Draws come from the named stream of ``seed`` and the count given to :meth:`begin`, so that a course that begins with
    the same count goes the same way.
    """

    def __init__(
        self,
        practice: Practice,
        stage: LearnedStage,
        starts: Sequence[SceneSpec],
        reward: Reward,
        *,
        seed: int,
        nearer: Sequence[Sequence[SceneSpec]] = (),
        steer: Steer = Steering,
    ) -> None:
        self.levels = tuple(tuple(level) for level in (*nearer, starts) if level)
        if not starts:
            raise InvalidInputError(f"Stage {stage.name!r} has no start to be practised from.")
        self.practice, self.stage, self.starts, self.reward, self.seed = practice, stage, starts, reward, seed
        self.level, self.steer = 0, steer
        self.begin(0)

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return self.practice.batch

    def begin(self, count: int) -> None:
        """Put every world in a new start."""
        self._random = stream(self.seed, "course", self.stage.name, str(count))
        scenes = self._drawn(self.batch)
        self._state = self.practice.put(list(range(self.batch)), scenes)
        self._steering = self.steer(self.stage, scenes)
        self._before = np.zeros((self.batch, self.stage.actions), np.float32)
        self._length = np.zeros(self.batch, int)
        self._height = self._state.body(self.stage.body)[:, 2].copy()
        self._tell(range(self.batch))

    @property
    def state(self) -> WorldState:
        """The worlds as they are."""
        return self._state

    def seen(self) -> F32:
        """What the policy sees now."""
        return whole(self._steering, seen(self.stage, self._state, self._steering.heading), self._state)

    def privileged(self) -> F32:
        """What the critic sees besides."""
        return privileged(self.stage, self._state)

    def step(self, actions: NDArray[np.floating]) -> Taken:
        """Act in all worlds; those that end begin anew from other starts."""
        actions = np.clip(np.asarray(actions, np.float32), -1, 1)
        before = self._state
        trace = self.practice.run(self._steering.follow(actions, before.tcp, Felt.of(self.stage, before)))
        self._state, hard = trace.at(-1), harsh(trace)
        reached = self.stage.reached(self._state) & ~hard
        reward, terms = self.reward(Step(before, self._state, actions, self._before, reached))
        reward = (reward - HARSH * hard).astype(np.float32)
        self._before, self._length = actions, self._length + 1
        lost = hard | (self._state.body(self.stage.body)[:, 2] < self._height - FALLEN)
        late = (self._length >= self.stage.decisions) & ~reached & ~lost
        taken = Taken(reward, terms, reached, reached | lost | late, late, self.seen(), self.privileged())
        self._renew(np.flatnonzero(taken.ended).tolist())
        return taken

    def _renew(self, rows: list[int]) -> None:
        if not rows:
            return
        scenes = self._drawn(len(rows))
        self._state = self.practice.put(rows, scenes)
        self._steering.reset(rows, scenes)
        self._before = self._before.copy()
        self._before[rows], self._length[rows] = 0, 0
        self._height[rows] = self._state.body(self.stage.body)[rows, 2]
        self._tell(rows)

    def _tell(self, rows: Sequence[int]) -> None:
        if isinstance(self.reward, Remembering):
            self.reward.begin(rows, self._state)

    def _drawn(self, count: int) -> list[SceneSpec]:
        starts = self.levels[self.level]
        return [starts[int(i)] for i in self._random.integers(len(starts), size=count)]
