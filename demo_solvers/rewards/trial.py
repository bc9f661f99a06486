"""Candidate and Trial: a reward with its author, and how training with it went, in numbers, words and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from demo_solvers.rewards import limits
from pipeline.core.chat import Picture
from pipeline.core.geometry import Frozen

POINTS = 8  # of a curve that are shown


class Candidate(Frozen):
    """A reward's text, who wrote it and why; it crosses files and models."""

    reward: str = Field(max_length=limits.TEXT)
    author: str = "procedural"
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate after a training run; ``success`` is judged by the goal's predicates, never by the reward.

    ``curves`` maps lines and terms to means over training, oldest first; ``failures`` are causes with how often;
    ``pictures`` show a success or a failure, ``caption`` says which.
    """

    candidate: Candidate
    success: float
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    caption: str = ""

    def in_words(self) -> str:
        """Success, causes of failure and a line a curve."""
        rows = [f"Success {self.success:.0%}."]
        if self.failures:
            causes = sorted(self.failures.items(), key=lambda item: (-item[1], item[0]))
            rows.append("Failures: " + ", ".join(f"{n} x {cause}" for cause, n in causes) + ".")
        rows += [f"- {name}: {_curve(values)}" for name, values in self.curves.items()]
        return "\n".join(rows)


def best(trials: Sequence[Trial]) -> Trial:
    """The trial with the most success; of equals the first."""
    return max(trials, key=lambda trial: trial.success)


def _curve(values: Sequence[float]) -> str:
    """A few of its points, from the first to the last."""
    if not values:
        return "(nothing)"
    last = len(values) - 1
    picked = sorted({round(i * last / (POINTS - 1)) for i in range(POINTS)})
    return " ".join(f"{values[i]:.3g}" for i in picked)
