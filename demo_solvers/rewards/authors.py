"""Authors of rewards: a door with two implementations, of which this is the one that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from demo_solvers.rewards.mutations import candidates
from demo_solvers.rewards.parser import parse
from demo_solvers.rewards.procedural import Assignment, procedural
from demo_solvers.rewards.trial import Candidate, Trial, best
from pipeline.core.streams import stream

DERIVED, CHANGED, REVISED = "derived from the goal", "other weights and scales", "other weights and scales of the best"


class Author(Protocol):
    """Writes rewards for a task, and others once it has seen how they did."""

    name: str

    def write(self, task: Assignment, count: int) -> tuple[Candidate, ...]:
        """At most ``count`` different rewards that fit the task's scene, the most promising first."""
        ...

    def revise(self, task: Assignment, trials: Sequence[Trial], count: int) -> tuple[Candidate, ...]:
        """At most ``count`` rewards for the next round, none of which was tried."""
        ...


class ProceduralAuthor:
    """Derives a reward from the goal and varies its weights and scales; the same seed gives the same rewards."""

    name = "procedural"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def write(self, task: Assignment, count: int) -> tuple[Candidate, ...]:
        """The derived reward, then variations of it."""
        first = procedural(task)
        found = candidates(first, task.layout, count, stream(self.seed, "rewards", task.goal))
        return tuple(Candidate(reward=str(reward), reason=CHANGED if i else DERIVED) for i, reward in enumerate(found))

    def revise(self, task: Assignment, trials: Sequence[Trial], count: int) -> tuple[Candidate, ...]:
        """Variations of the reward that did best."""
        if not trials:
            return self.write(task, count)
        tried = {trial.candidate.reward for trial in trials}
        rng = stream(self.seed, "rewards", task.goal, len(trials))
        base = parse(best(trials).candidate.reward).reward
        found = map(str, candidates(base, task.layout, count + len(tried) + 1, rng))
        fresh = [text for text in found if text not in tried]
        return tuple(Candidate(reward=text, reason=REVISED) for text in fresh[:count])
