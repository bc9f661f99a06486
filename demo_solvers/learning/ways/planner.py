"""The planner's own skill: nothing is learned."""

from __future__ import annotations

from demo_solvers.learning.demonstrating import shown
from demo_solvers.learning.lesson import Found, Lesson
from pipeline.core.learning import WayTried


def planner(lesson: Lesson) -> Found | None:
    """How the skill does from the held-out starts."""
    found = shown(
        lesson.practice, lesson.problem, lesson.program, lesson.number, lesson.learned, lesson.held_out
    ).reached
    return Found(WayTried(way="planner", reached=int(found.sum()), starts=len(found)))
