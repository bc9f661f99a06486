"""A policy that learns a stage from its predicate alone, from before the contact on."""

from __future__ import annotations

from demo_solvers.learning import ppo, rlpd
from demo_solvers.learning.course import Course, sparse
from demo_solvers.learning.curves import curve
from demo_solvers.learning.lesson import Found, Lesson
from demo_solvers.learning.policy import success
from demo_solvers.learning.policy_skill import PolicySkill
from demo_solvers.learning.training import Budget, PPOSettings
from pipeline.core.learning import WayTried

ENOUGH = 16  # demonstrations from which learning off policy, half of it from them, pays


def policy(lesson: Lesson) -> Found | None:
    """With the planner's successes in the buffer where there are enough, else with a backward curriculum."""
    if not lesson.starts or not lesson.judged or lesson.budget.steps == 0:
        return None
    shown, horizon = lesson.shown, PPOSettings().horizon
    budget = Budget.lasting(lesson.budget.steps, decisions=lesson.learned.decisions, horizon=horizon)
    if shown.transitions is not None and shown.episodes >= ENOUGH:
        course = Course(lesson.practice, lesson.learned, lesson.starts, sparse, seed=lesson.seed)
        made, record = rlpd.train(course, lesson.folder, prior=shown.transitions, budget=budget)
        name = f"off policy, with {shown.episodes} demonstrations of the planner"
    else:
        course = Course(lesson.practice, lesson.learned, lesson.starts, sparse, seed=lesson.seed, nearer=lesson.nearer)
        made, record = ppo.train(course, lesson.folder, settings=_settings(lesson), budget=budget)
        name = f"on policy, {len(lesson.nearer)} nearer levels first"
    reached = success(lesson.practice, lesson.learned, made, lesson.judged)
    tried = WayTried(
        way="policy",
        reached=int(reached.sum()),
        starts=len(reached),
        steps=record.steps,
        curves=(curve(record, name),),
    )
    return Found(tried, lesson.learned, made, PolicySkill(lesson.learned, made, lesson.approach), record.digest)


def _settings(lesson: Lesson) -> PPOSettings:
    """Rewards that come only at the end have to be seen from the beginning, however short an action is."""
    return PPOSettings(worlds=lesson.practice.batch, discount=0.97 ** (lesson.learned.repeat / 2))
