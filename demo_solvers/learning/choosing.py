"""Choosing how each stage is done: ways from cheap to dear, each measured, until one is good enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from demo_solvers.conduct import Drive
from demo_solvers.contacts.wish import ContactWish
from demo_solvers.learning.approach import Approach
from demo_solvers.learning.deriving import contact_wishes, learnable, learned_stage, useful
from demo_solvers.learning.learned_skill import learned_skill
from demo_solvers.learning.lesson import Found, Lesson
from demo_solvers.learning.observing import SIGHT
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.policy_skill import PolicySkill
from demo_solvers.learning.rehearsal import begun
from demo_solvers.learning.residual_skill import ResidualSkill, planned_motion
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.rewards.authors import Author
from pipeline.core.doors import Problem, TrialWorlds
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.core.learning import StageWay, Way
from pipeline.core.program import Program
from pipeline.core.registry import Registry
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream_seed

PRACTISED = 192  # scenes that are practised in
COST: tuple[Way, ...] = ("planner", "skill", "residual", "policy", "dense")


class WayOfDoing(Protocol):
    """Tries one way of doing a stage."""

    def __call__(self, lesson: Lesson) -> Found | None:
        """How it does and what it made; None where it cannot be tried."""
        ...


WAYS: Registry[WayOfDoing] = Registry("demo_solvers.learning.ways", "way of doing a stage")


class Kept(Frozen):
    """A choice as a workshop keeps it; the policy lies beside it."""

    way: StageWay
    learned: LearnedStage | None = None
    wishes: tuple[ContactWish, ...] = ()


@dataclass(frozen=True, eq=False)
class Chosen:
    """How the stages of a program are done: what drives those that their skills do not, and why."""

    ways: tuple[StageWay, ...]
    instead: Mapping[int, Drive] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Chooser:
    """Chooses among ``allowed`` ways for each stage that can be learned; what is kept in ``folder`` is not redone."""

    problem: Problem
    program: Program
    allowed: tuple[Way, ...]
    author: Author
    folder: Path
    shelf: Shelf | None = None
    seed: int = 0

    def choose(self, worlds: TrialWorlds) -> Chosen:
        """Go through the stages in order; each begins where the ones before it, as they were chosen, end.

        Nothing is settled or opened to practise in where everything is chosen already.
        """
        chosen, told, instead = list[StageWay](), list[StageWay](), dict[int, Drive]()
        for number, stage in enumerate(self.program.stages):
            if not learnable(stage):
                way = StageWay(number=number, stage=str(stage), way="planner", reason="nothing is learned of it")
                chosen.append(way)
                told.append(way)
                continue
            learned = learned_stage(self.program, number, self.problem.task.goal, self.problem.layout)
            home = self.folder / f"{learned.name}-{self._digest(number, chosen)}"
            kept = _read(home)
            if kept is None:
                kept = self._study(self._lesson(number, learned, worlds, instead, home), worlds, instead)
            chosen.append(kept.way)
            drive = self._drive(kept, home, worlds, instead)
            told.append(kept.way if drive is not None or kept.learned is None else _motionless(kept.way))
            if drive is not None:
                instead[number] = drive
        return Chosen(tuple(told), instead)

    def lesson(self, worlds: TrialWorlds, number: int) -> Lesson:
        """What is to be learned of stage ``number``, ready to be practised, where those before are done by skills."""
        learned = learned_stage(self.program, number, self.problem.task.goal, self.problem.layout)
        return self._to_practise(self._lesson(number, learned, worlds, {}, self.folder), worlds, {})

    def _lesson(
        self, number: int, learned: LearnedStage, worlds: TrialWorlds, instead: Mapping[int, Drive], home: Path
    ) -> Lesson:
        """What a stage is measured by; enough for the planner, which needs nothing to practise in."""
        judged = self._judged
        practice = worlds.practice(judged[: self.problem.learning.worlds])
        return Lesson(
            problem=self.problem,
            program=self.program,
            number=number,
            learned=learned,
            begins=(),
            held_out=begun(practice, self.problem, self.program, number, judged, instead),
            practice=practice,
            approach=Approach((), self.seed),
            folder=home,
            seed=self.seed,
            author=self.author,
            shelf=self.shelf,
        )

    def _to_practise(self, lesson: Lesson, worlds: TrialWorlds, instead: Mapping[int, Drive]) -> Lesson:
        """With states to practise from, and the contacts that serve what is not true where the stage begins."""
        practised = self._practised
        practice = worlds.practice(practised[: self.problem.learning.worlds])
        begins = begun(practice, self.problem, self.program, lesson.number, practised, instead)
        named = contact_wishes(lesson.stage, lesson.learned.goal, self.problem.layout)
        if begins:
            some = begins[: practice.batch]
            state = practice.put(list(range(len(some))), some).rows(slice(0, len(some)))
            named = useful(named, lesson.learned.goal, state)
        return replace(lesson, practice=practice, begins=begins, approach=Approach(named, self.seed))

    def _drive(self, kept: Kept, home: Path, worlds: TrialWorlds, instead: Mapping[int, Drive]) -> Drive | None:
        """What carries out a stage in the problem's scenes; None for its skill."""
        if kept.learned is None:
            return None
        policy = LocalPolicy.load(home / "policy.npz")
        if kept.way.way != "residual":
            return PolicySkill(kept.learned, policy, Approach(kept.wishes, self.seed))
        motion = planned_motion(self.problem, worlds, self.program, kept.way.number, instead)
        return None if motion is None else ResidualSkill(kept.learned, policy, *motion)

    def _study(self, lesson: Lesson, worlds: TrialWorlds, instead: Mapping[int, Drive]) -> Kept:
        """Try the ways from cheap to dear until one is good enough; the best is kept."""
        tried, best, ready, home = list[Found](), None, False, lesson.folder
        for name in (way for way in COST if way in self.allowed and lesson.held_out):
            if name != "planner" and not ready:
                lesson, ready = self._to_practise(lesson, worlds, instead), True
            found = WAYS.get(name)(lesson)
            if found is None:
                continue
            tried.append(found)
            best = found if best is None or found.share > best.share else best
            if best.share >= self.problem.budget.target:
                break
        way = StageWay(
            number=lesson.number,
            stage=str(lesson.stage),
            way="planner" if best is None else best.tried.way,
            reason=self._reason(lesson, best, tried),
            tried=tuple(found.tried for found in tried),
        )
        kept = Kept(way=way, learned=None if best is None else best.learned, wishes=lesson.approach.wishes)
        if best is not None and best.policy is not None and best.learned is not None:
            best.policy.save(home / "policy.npz")
            if best.tried.way in ("policy", "dense") and best.tried.reached:
                self._offer(lesson, best)
        home.mkdir(parents=True, exist_ok=True)
        write_atomically(home / "chosen.json", kept.model_dump_json(indent=1))
        return kept

    def _offer(self, lesson: Lesson, found: Found) -> None:
        """Put what was learned on the task's own shelf, for later tasks."""
        if found.learned is None or found.policy is None:
            return
        skill = learned_skill(
            lesson.stage,
            found.learned,
            lesson.held_out[0],
            way=found.tried.way,
            reached=found.tried.reached,
            starts=found.tried.starts,
            training=found.training,
        )
        Shelf(self.folder / "skills").put(skill, found.policy)

    def _reason(self, lesson: Lesson, best: Found | None, tried: Sequence[Found]) -> str:
        if not lesson.held_out:
            return "no world comes so far that this stage begins"
        if best is None:
            steps = self.problem.learning.steps
            return f"none of {', '.join(self.allowed)} can be tried on it with {steps:,} actions of practice"
        target = self.problem.budget.target
        words = [f"{f.tried.way} {f.tried.reached} of {f.tried.starts}" for f in tried]
        if best.share >= target:
            return f"the cheapest that reaches {target:.0%} of held-out starts: {', '.join(words)}"
        return f"none reaches {target:.0%} of held-out starts, this does best: {', '.join(words)}"

    @cached_property
    def _practised(self) -> list[SceneSpec]:
        """Scenes to practise in; where there is no source of scenes the problem's own."""
        more = self.problem.more
        return list(self.problem.scenes if more is None else more(PRACTISED))

    @cached_property
    def _judged(self) -> list[SceneSpec]:
        """Scenes to judge by; where there is no source of scenes the problem's own."""
        more = self.problem.more
        return list(self.problem.scenes if more is None else more(self.problem.learning.judged, part="held_out"))

    def _digest(self, number: int, ways: Sequence[StageWay]) -> str:
        """Content address of all that decides a stage's choice."""
        earlier = [way.model_dump(mode="json") for way in ways]
        budget = [self.problem.learning.model_dump(mode="json"), self.problem.budget.target]
        shelf = "" if self.shelf is None else self.shelf.digest
        told = [self.problem.task.name, self.problem.task.goal, self.program.digest, number, earlier, *budget]
        text = json.dumps([*told, list(self.allowed), self.author.name, shelf, self.seed, SIGHT])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _motionless(way: StageWay) -> StageWay:
    """What a residual comes to in a batch in which the planner's motion never comes to touch."""
    reason = f"{way.reason}; in this batch the planner has no motion to act beside, so its skill is used alone"
    return way.model_copy(update={"way": "planner", "reason": reason})


def learning_seed(problem: Problem) -> int:
    """The run's and the task's, not the batch's, so that every batch of the task learns the same."""
    return stream_seed(problem.learning.seed, "learning", problem.task.name)


def _read(home: Path) -> Kept | None:
    path = home / "chosen.json"
    if not path.exists():
        return None
    try:
        return Kept.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"Choice {str(path)!r} cannot be read; remove it to choose anew.") from error
