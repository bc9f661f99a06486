"""A skill that was learned for an earlier task alike."""

from __future__ import annotations

from demo_solvers.learning.lesson import Found, Lesson
from demo_solvers.learning.policy import success
from demo_solvers.learning.policy_skill import PolicySkill
from pipeline.core.learning import WayTried


def skill(lesson: Lesson) -> Found | None:
    """The best of the shelf's offers from the held-out starts; None where nothing is offered."""
    if lesson.shelf is None or not lesson.judged:
        return None
    best: Found | None = None
    for offer in lesson.shelf.find(lesson.stage, lesson.learned, lesson.held_out[0]):
        reached = success(lesson.practice, offer.stage, offer.policy, lesson.judged)
        tried = WayTried(way="skill", reached=int(reached.sum()), starts=len(reached))
        drive = PolicySkill(offer.stage, offer.policy, lesson.approach)
        found = Found(tried, offer.stage, offer.policy, drive, offer.skill.training)
        if best is None or found.share > best.share:
            best = found
    return best
