"""Curves of trainings as reports keep them."""

from __future__ import annotations

from collections.abc import Sequence

from demo_solvers.learning.training import Point, Record
from pipeline.core.learning import Curve

EPISODES = 64  # newest ones that a point's success is taken over


def curve(record: Record, name: str, *, reward: str = "", author: str = "", scale: float = 1.0) -> Curve:
    """The curve of a training called ``name``; its reward was divided by ``scale``, and is told as it was written."""
    points = record.curve
    terms = dict.fromkeys(term for point in points for term in point.terms)
    return Curve(
        name=name,
        reward=reward,
        author=author,
        steps=tuple(p.steps for p in points),
        success=successes(points),
        value=tuple(p.reward * scale for p in points),
        terms={term: tuple(p.terms.get(term, 0.0) for p in points) for term in terms},
    )


def successes(points: Sequence[Point]) -> tuple[float, ...]:
    """At each point, the share of the newest :data:`EPISODES` that reached; 0 before any has ended.

    Between two points few episodes end, or none, and those that reach end sooner than those that do not.
    """
    found = list[float]()
    first = ended = reached = 0
    for point in points:
        ended, reached = ended + point.episodes, reached + point.reached
        while ended - points[first].episodes >= EPISODES:
            ended, reached, first = ended - points[first].episodes, reached - points[first].reached, first + 1
        found.append(reached / max(ended, 1))
    return tuple(found)
