"""Learning a stage from dense rewards: candidates are tried side by side, and the best one is trained on.

After Eureka (Ma et al., 2024): an author writes rewards, short trainings show how they do, the author revises. What is
selected by is the stage's own goal, from starts that nothing was trained from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from demo_solvers.learning.policy import LocalPolicy, success
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import Budget, PPOSettings, training_digest
from demo_solvers.learning.tried import Round, Tried, chosen, curve_of, ranked, read, write
from demo_solvers.learning.trying import FULL, TARGET, Listener, Look, Trying
from demo_solvers.rewards.authors import Author
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.procedural import Assignment, remaining
from pipeline.core.doors import Practice
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen
from pipeline.core.learning import Curve, LearningBudget
from pipeline.core.scene import SceneSpec

SEARCH = 0.4  # share of the budget that candidates may use
JUDGES, SPARED = 32, 4  # starts that candidates are judged from: at most so many, and at most one in four


def silent(name: str, record: object) -> None:
    """Nobody listens."""


class TooLittle(InvalidInputError):
    """A budget that leaves nothing for the candidates."""


class DenseRecord(Frozen):
    """How a stage was learned from dense rewards; everything but the policy."""

    digest: str
    tried: tuple[Tried, ...] = Field(description="candidates in the order in which they were written")
    chosen: int = Field(ge=0, description="which of them was trained on")
    full: Curve = Field(description="of the full run, which begins anew")
    reached: int = Field(ge=0, description="held-out starts from which the policy does the stage's work")
    starts: int = Field(ge=0, description="held-out starts")
    steps: int = Field(ge=0, description="actions spent on learning, candidates, their scales and judging included")

    @property
    def success(self) -> float:
        """Measured over the held-out starts, without dice."""
        return self.reached / max(self.starts, 1)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Of every candidate, then of the full run."""
        return (*(one.curve for one in self.tried), self.full)


@dataclass(frozen=True, eq=False)
class DenseLearned:
    """A policy, and how it came about."""

    policy: LocalPolicy
    record: DenseRecord


def learn_dense(
    practice: Practice,
    stage: LearnedStage,
    starts: Sequence[SceneSpec],
    held_out: Sequence[SceneSpec],
    author: Author,
    assignment: Assignment,
    *,
    budget: LearningBudget,
    folder: Path,
    seed: int,
    settings: PPOSettings | None = None,
    look: Look | None = None,
    listener: Listener = silent,
) -> DenseLearned:
    """Learn ``stage`` from rewards that ``author`` writes for ``assignment``, whose goal is the stage's.

    ``budget.rounds`` rounds of ``budget.candidates`` short trainings side by side use at most ``SEARCH`` of
    ``budget.steps``; there are no more rounds once a candidate is good enough. They are judged from some of ``starts``
    that are kept for it. The full run begins anew with the best candidate's reward, in all worlds, until the budget is
    used up or 95% of its episodes reach the goal. ``held_out`` decides nothing: the policy is measured from it at the
    end, which is not counted.

    What is done is kept in ``folder``: killed anywhere, the same call goes on from the last checkpoint, no finished
    training is done again, and no author is asked again. Raises :class:`TooLittle` for a budget too small.
    """
    settings = settings or PPOSettings()
    digest = _digest(stage, settings, (starts, held_out), assignment, (author.name, seed, practice.batch), budget)
    home = folder / f"{stage.name}-{digest}"
    if (record := read(home / "learned.json", DenseRecord)) is not None:
        return DenseLearned(LocalPolicy.load(home / "policy.npz"), record)
    trying = _trying(practice, stage, starts, assignment, budget, settings, home, seed, listener)
    tried, spent = _tried(trying, author, assignment, budget, look)
    best = chosen(tried)
    policy, full = trying.full(best, steps=budget.steps - spent)
    reached = success(practice, stage, policy, held_out)
    record = DenseRecord(
        digest=digest,
        tried=tuple(one.model_copy(update={"pictures": ()}) for one in tried),
        chosen=tried.index(best),
        full=curve_of(full, FULL, best.candidate, best.scale),
        reached=int(reached.sum()),
        starts=len(reached),
        steps=spent + full.steps,
    )
    policy.save(home / "policy.npz")
    write(home / "learned.json", record)
    return DenseLearned(policy, record)


def _tried(
    trying: Trying, author: Author, task: Assignment, budget: LearningBudget, look: Look | None
) -> tuple[list[Tried], int]:
    """All candidates that were tried, in order, and the steps that it took."""
    tried, spent = list[Tried](), 0
    for number in range(1, budget.rounds + 1):
        if tried and ranked(tried)[0].success >= TARGET:
            break
        if look is not None:
            tried = [trying.shown(one, look) for one in tried]
        written = _written(trying, number, author, task, tried, budget.candidates)
        found = trying.side_by_side(written, number)
        tried, spent = tried + found, spent + written.steps + sum(one.steps for one in found)
    if not tried:
        raise InvalidInputError(f"Author {author.name!r} wrote no reward for {task.goal!r}.")
    return tried, spent


def _written(
    trying: Trying, number: int, author: Author, task: Assignment, tried: Sequence[Tried], count: int
) -> Round:
    """What the author writes for a round; it is asked once."""
    path = trying.home / f"round-{number}.json"
    if (written := read(path, Round)) is not None:
        return written
    found = author.revise(task, [one.trial for one in ranked(tried)], count) if tried else author.write(task, count)
    write(path, written := trying.scaled(found[:count]))
    return written


def _trying(
    practice: Practice,
    stage: LearnedStage,
    starts: Sequence[SceneSpec],
    task: Assignment,
    budget: LearningBudget,
    settings: PPOSettings,
    home: Path,
    seed: int,
    listener: Listener,
) -> Trying:
    size, kept = practice.batch // budget.candidates, min(JUDGES, len(starts) // SPARED)
    judges, practised = starts[:kept] or starts, starts[kept:]
    if not size:
        raise TooLittle(f"{budget.candidates} candidates need as many worlds; there are {practice.batch}.")
    judging = -(-len(judges) // size) * size * stage.decisions
    scaling = -(-practice.batch // budget.candidates) * stage.decisions
    steps = int(budget.steps * SEARCH / (budget.candidates * budget.rounds)) - judging - scaling
    if steps < size * settings.horizon:
        raise TooLittle(
            f"A budget of {budget.steps} steps leaves {steps} for each of {budget.candidates} candidates in "
            f"{budget.rounds} rounds, after judging them. Allow more steps, or fewer of the others."
        )
    return Trying(
        practice=practice,
        stage=stage,
        starts=practised,
        judges=judges,
        remaining=compiled(remaining(task), task.layout),
        settings=settings,
        size=size,
        steps=steps,
        seed=seed,
        home=home,
        listener=listener,
    )


def _digest(
    stage: LearnedStage,
    settings: PPOSettings,
    starts: Sequence[Sequence[SceneSpec]],
    task: Assignment,
    named: Sequence[str | int],
    budget: LearningBudget,
) -> str:
    """Content address of all that decides the result."""
    first = training_digest(stage, settings, Budget(), starts, task.goal, 0)
    told = [task.instruction, str(task.program), *named, budget.model_dump(mode="json")]
    return hashlib.sha256(json.dumps([first, *told]).encode()).hexdigest()[:16]
