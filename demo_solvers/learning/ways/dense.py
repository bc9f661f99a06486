"""A policy that learns from a dense reward: an author writes candidates, the best of them is trained on."""

from __future__ import annotations

from demo_solvers.learning.eureka import TooLittle, learn_dense
from demo_solvers.learning.lesson import Found, Lesson
from demo_solvers.learning.policy_skill import PolicySkill
from demo_solvers.rewards.procedural import Assignment
from demo_solvers.rewards.state import RewardState
from pipeline.core.learning import WayTried
from pipeline.core.program import Program


def dense(lesson: Lesson) -> Found | None:
    """From before the contact on, and from states nearer to the goal, so that it is met from the beginning.

    None where no contact is known or the budget is too small.
    """
    if not lesson.starts or not lesson.judged or lesson.budget.steps == 0:
        return None
    try:
        made = learn_dense(
            lesson.practice,
            lesson.learned,
            lesson.practised,
            lesson.judged,
            lesson.author,
            assignment(lesson),
            budget=lesson.budget,
            folder=lesson.folder,
            seed=lesson.seed,
        )
    except TooLittle:
        return None
    record = made.record
    tried = WayTried(
        way="dense", reached=record.reached, starts=record.starts, steps=record.steps, curves=record.curves
    )
    drive = PolicySkill(lesson.learned, made.policy, lesson.approach)
    return Found(tried, lesson.learned, made.policy, drive, record.digest)


def assignment(lesson: Lesson) -> Assignment:
    """What the author is told: the stage alone, as if it were the whole task, and states that it begins in."""
    task, rows = lesson.problem.task, min(len(lesson.starts), lesson.practice.batch)
    state = lesson.practice.put(list(range(rows)), lesson.starts[:rows]).rows(slice(0, rows))
    return Assignment(
        goal=lesson.learned.goal,
        layout=lesson.problem.layout,
        program=Program(stages=(lesson.stage,), author=lesson.program.author),
        starts=RewardState.of(state, lesson.problem.scenes[0].robot),
        instruction=task.instruction,
        roles={thing.name: thing.role for thing in task.objects},
    )
