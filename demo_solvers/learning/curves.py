"""Curves of trainings as reports keep them."""

from __future__ import annotations

from demo_solvers.learning.training import Record
from pipeline.core.learning import Curve


def curve(record: Record, name: str, *, reward: str = "", author: str = "") -> Curve:
    """The curve of a training called ``name``."""
    points = record.curve
    terms = dict.fromkeys(term for point in points for term in point.terms)
    return Curve(
        name=name,
        reward=reward,
        author=author,
        steps=tuple(p.steps for p in points),
        success=tuple(p.reached / max(p.episodes, 1) for p in points),
        value=tuple(p.reward for p in points),
        terms={term: tuple(p.terms.get(term, 0.0) for p in points) for term in terms},
    )
