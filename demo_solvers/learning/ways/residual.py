"""A policy beside the planner's motion, learned from the stage's predicate alone."""

from __future__ import annotations

from demo_solvers.learning import ppo
from demo_solvers.learning.course import Course, sparse
from demo_solvers.learning.curves import curve
from demo_solvers.learning.lesson import Found, Lesson
from demo_solvers.learning.policy import success
from demo_solvers.learning.residual import ResidualSteering, residual_stage, start_key
from demo_solvers.learning.steering import Steer
from demo_solvers.learning.tracks import Tracks, tracks
from demo_solvers.learning.training import Budget, PPOSettings
from pipeline.core.learning import WayTried
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions

MOVED = 0.5  # share of the worlds in which the planner has to have a motion to act beside
SPREAD = 0.3  # deviation of the first actions: the motion is near what is wanted


def residual(lesson: Lesson) -> Found | None:
    """Learned around the planner's motions from ``begins``, judged around those from the held-out starts.

    A held-out start from which the planner does not even come to touch counts as one that is not reached.
    """
    if lesson.budget.steps == 0:
        return None
    mine, judged = (
        tracks(lesson.practice, lesson.problem, lesson.program, lesson.number, begins)
        for begins in (lesson.begins, lesson.held_out)
    )
    if len(mine.starts) < MOVED * len(lesson.begins) or not judged.starts:
        return None
    stage = residual_stage(lesson.learned, mine.commands + judged.commands)
    course = Course(lesson.practice, stage, mine.starts, sparse, seed=lesson.seed, steer=steer_along(mine))
    settings = PPOSettings(worlds=lesson.practice.batch, spread=SPREAD)
    made, record = ppo.train(
        course,
        lesson.folder,
        reward="sparse, residual",
        settings=settings,
        budget=Budget.lasting(lesson.budget.steps, decisions=stage.decisions, horizon=settings.horizon),
    )
    reached = success(lesson.practice, stage, made, judged.starts, steer=steer_along(judged))
    tried = WayTried(
        way="residual",
        reached=int(reached.sum()),
        starts=len(lesson.held_out),
        steps=record.steps,
        curves=(curve(record, "beside the planner's motion"),),
    )
    return Found(tried, stage, made, training=record.digest)


def steer_along(known: Tracks) -> Steer:
    """Steers along the motions that are known for starts."""
    by_start = {start_key(scene): commands for scene, commands in zip(known.starts, known.commands, strict=True)}

    def track(row: int, scene: SceneSpec) -> Actions:
        return by_start[start_key(scene)]

    return lambda stage, scenes: ResidualSteering(stage, scenes, track)
