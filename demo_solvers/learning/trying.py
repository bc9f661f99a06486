"""Trying candidates: short trainings side by side, each judged by the stage's goal, with everything done in files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo_solvers.learning import ppo
from demo_solvers.learning.course import Course
from demo_solvers.learning.dense import DenseReward
from demo_solvers.learning.policy import LocalPolicy, judged
from demo_solvers.learning.scale import Sample
from demo_solvers.learning.slices import in_slices
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import Budget, PPOSettings, Record
from demo_solvers.learning.tried import Round, Tried, curve_of, read, write
from demo_solvers.rewards.compiled import CompiledReward
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.trial import Candidate
from pipeline.core.chat import Picture
from pipeline.core.doors import Practice
from pipeline.core.learning import Curve
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream_seed

TARGET = 0.95  # share of episodes that reach the goal, at which a training ends
FULL = "full run"
Listener = Callable[[str, Record], None]
"""Is told the name of a training and its record after every update."""
Look = Callable[[LocalPolicy, SceneSpec], tuple[Picture, ...]]
"""Keyframes of a policy acting from a start; must leave the practice's worlds as they are."""


@dataclass(frozen=True, eq=False)
class Trying:
    """A stage with worlds and starts to practise it, and what its candidates are judged from and by.

    A candidate has ``size`` worlds and ``steps`` actions of all of them; all candidates have the same ``seed``, so that
    they begin with the same weights and starts. What is done is kept below ``home``.
    """

    practice: Practice
    stage: LearnedStage
    starts: Sequence[SceneSpec]
    judges: Sequence[SceneSpec]
    remaining: CompiledReward
    settings: PPOSettings
    size: int
    steps: int
    seed: int
    home: Path
    listener: Listener

    def scaled(self, candidates: Sequence[Candidate]) -> Round:
        """The candidates with the scales of their rewards, all from one sample in all worlds."""
        sample = Sample(self.practice, self.stage, self.starts, self.settings, seed=self.seed)
        scales = tuple(sample.scale(self._reward(candidate, 1.0)) for candidate in candidates)
        return Round(candidates=tuple(candidates), scales=scales, steps=sample.steps)

    def side_by_side(self, written: Round, number: int) -> list[Tried]:
        """Train and judge every candidate of a round that has not been, as slices of the worlds."""
        done = [read(self.folder(candidate) / "tried.json", Tried) for candidate in written.candidates]
        missing = [i for i, one in enumerate(done) if one is None]
        names = [f"candidate {i + 1} of round {number}" for i in range(len(done))]
        works = [self._work(written.candidates[i], written.scales[i], names[i]) for i in missing]
        for i, one in zip(missing, in_slices(self.practice, works, size=self.size), strict=True):
            done[i] = one
        return [one for one in done if one is not None]

    def shown(self, tried: Tried, look: Look) -> Tried:
        """With keyframes of a failure, or else of a success; kept in its file."""
        if tried.pictures:
            return tried
        folder, failed = self.folder(tried.candidate), not all(tried.outcomes)
        start = self.judges[tried.outcomes.index(not failed)]
        pictures = look(LocalPolicy.load(folder / "policy.npz"), start)
        caption = "a failure" if failed else "a success"
        tried = tried.model_copy(update={"pictures": pictures, "caption": caption})
        write(folder / "tried.json", tried)
        return tried

    def full(self, tried: Tried, steps: int) -> tuple[LocalPolicy, Record]:
        """Train on a candidate's reward anew, in all worlds, for as many steps at most.

        Not from its weights: what few worlds have learned in a short time is often a corner to come out of.
        """
        candidate, seed = tried.candidate, stream_seed(self.seed, "full")
        return ppo.train(
            self._course(self.practice, candidate, tried.scale, seed),
            self.home / "full",
            reward=f"{candidate.reward} / {tried.scale}",
            settings=self.settings,
            budget=self._lasting(steps),
            listener=lambda record: self.listener(FULL, record),
        )

    def folder(self, candidate: Candidate) -> Path:
        """Where a candidate's training is kept."""
        return self.home / f"candidate-{hashlib.sha256(candidate.reward.encode()).hexdigest()[:16]}"

    def _work(self, candidate: Candidate, scale: float, name: str) -> Callable[[Practice], Tried]:
        def work(practice: Practice) -> Tried:
            folder = self.folder(candidate)
            policy, record = ppo.train(
                self._course(practice, candidate, scale, self.seed),
                folder,
                reward=f"{candidate.reward} / {scale}",
                settings=self.settings,
                budget=self._lasting(self.steps),
                listener=lambda record: self.listener(name, record),
            )
            policy.save(folder / "policy.npz")
            tried = self._judged(practice, candidate, scale, policy, curve_of(record, name, candidate, scale))
            write(folder / "tried.json", tried)
            return tried

        return work

    def _judged(
        self, practice: Practice, candidate: Candidate, scale: float, policy: LocalPolicy, curve: Curve
    ) -> Tried:
        found = judged(practice, self.stage, policy, self.judges)
        left = self.remaining(RewardState.of(found.state, self.starts[0].robot)).total
        return Tried(
            candidate=candidate,
            scale=scale,
            outcomes=tuple(found.reached.tolist()),
            actions=float(found.actions.mean()),
            left=float(left.mean()),
            failures=found.failures,
            curve=curve,
            steps=curve.steps[-1] + found.spent,
        )

    def _lasting(self, steps: int) -> Budget:
        horizon = self.settings.horizon
        return Budget.lasting(steps, decisions=self.stage.decisions, horizon=horizon, target=TARGET)

    def _course(self, practice: Practice, candidate: Candidate, scale: float, seed: int) -> Course:
        return Course(practice, self.stage, self.starts, self._reward(candidate, scale), seed=seed)

    def _reward(self, candidate: Candidate, scale: float) -> DenseReward:
        layout = self.practice.state().layout
        return DenseReward(candidate.reward, self.stage, layout, self.starts[0].robot, scale=scale)
