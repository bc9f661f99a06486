"""Lesson: one stage of a program as it is to be learned, and what every way of learning it begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from demo_solvers.conduct import Drive
from demo_solvers.execution import Execution
from demo_solvers.learning.approach import Approach
from demo_solvers.learning.curriculum import SHARES, nearer
from demo_solvers.learning.demonstrating import Shown, shown
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.policy_skill import come_near
from demo_solvers.learning.rehearsal import ended, rehearse
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.rewards.authors import Author
from pipeline.core.doors import Practice, Problem
from pipeline.core.learning import LearningBudget, WayTried
from pipeline.core.program import Program, Stage
from pipeline.core.scene import SceneSpec

EACH = 2  # contacts of every wish that each scene gives


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is to be learned of stage ``number``, from the states in which it begins, of a task in ``problem``.

    ``begins`` are for practice, ``held_out`` for judging. ``folder`` keeps trainings; ``seed`` is the task's, not the
    batch's.
    """

    problem: Problem
    program: Program
    number: int
    learned: LearnedStage
    begins: Sequence[SceneSpec]
    held_out: Sequence[SceneSpec]
    practice: Practice
    approach: Approach
    folder: Path
    seed: int
    author: Author
    shelf: Shelf | None = None

    @property
    def stage(self) -> Stage:
        """The stage of the program."""
        return self.program.stages[self.number]

    @property
    def budget(self) -> LearningBudget:
        """What may be spent."""
        return self.problem.learning

    @cached_property
    def starts(self) -> list[SceneSpec]:
        """Before the contact, for practice."""
        return self._near(self.begins, each=EACH)

    @cached_property
    def judged(self) -> list[SceneSpec]:
        """Before the contact, one for each of ``held_out`` that has any, for judging."""
        return self._near(self.held_out, each=1, most=1)

    @cached_property
    def nearer(self) -> list[list[SceneSpec]]:
        """The levels of a backward curriculum, the nearest to the goal first; empty where none is known.

        What lies so near that the goal is reached from the beginning is left out.
        """
        levels = [nearer(self.learned, self.begins, share) for share in SHARES]
        starts = [self._near(level, each=1) for level in levels if level]
        return [near for level in starts if (near := self.open(level))]

    @cached_property
    def practised(self) -> list[SceneSpec]:
        """Before the contact, and so from states nearer to the goal, that it is met from the beginning."""
        return [*self.starts, *(start for level in self.nearer for start in level)]

    @cached_property
    def shown(self) -> Shown:
        """What the planner's skill does from ``begins``."""
        return shown(self.practice, self.problem, self.program, self.number, self.learned, self.begins)

    def open(self, scenes: Sequence[SceneSpec]) -> list[SceneSpec]:
        """Those in which the stage's goal is not reached yet."""
        found = list[SceneSpec]()
        for first in range(0, len(scenes), self.practice.batch):
            given = list(scenes[first : first + self.practice.batch])
            rows = list(range(len(given)))
            state = self.practice.put(rows, given).rows(slice(0, len(given)))
            found += [scene for scene, done in zip(given, self.learned.reached(state), strict=True) if not done]
        return found

    def _near(self, scenes: Sequence[SceneSpec], *, each: int, most: int | None = None) -> list[SceneSpec]:
        if not scenes:
            return []
        if self.learned.fingers != "releasing":
            return self.approach.starts(self.practice, scenes, each=each, most=most)

        def drive(ex: Execution) -> None:
            ex.program = self.program
            come_near(ex, self.stage, self.learned, self.approach)

        return ended(rehearse(self.practice, self.problem, scenes, drive))


@dataclass(frozen=True, eq=False)
class Found:
    """How a way did, and what it made: the policy, and the stage that says what that moves and sees."""

    tried: WayTried
    learned: LearnedStage | None = None
    policy: LocalPolicy | None = None
    drive: Drive | None = None
    training: str = ""

    @property
    def share(self) -> float:
        """Of the held-out starts, from which the goal was reached."""
        return self.tried.reached / max(self.tried.starts, 1)
