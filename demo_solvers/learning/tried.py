"""Tried: a candidate reward with what training with it came to, as a file, and which of several did best."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from demo_solvers.learning.curves import curve
from demo_solvers.learning.training import Record
from demo_solvers.rewards.trial import Candidate, Trial
from pipeline.core.chat import Picture
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.core.intervals import wilson
from pipeline.core.learning import Curve

SURE = 1.0  # standard errors
Written = TypeVar("Written", bound=Frozen)


class Tried(Frozen):
    """A candidate after a short training, judged by the stage's goal from starts that it was not trained from."""

    candidate: Candidate
    scale: float = Field(gt=0, description="by which the reward is divided for learning")
    outcomes: tuple[bool, ...] = Field(description="of every start that it was judged from: whether it was reached")
    actions: float = Field(description="mean until it was reached; all decisions where it was not")
    left: float = Field(description="mean share of the goal's gaps that was left at the end")
    failures: dict[str, int] = Field(default_factory=dict, description="causes with how often")
    curve: Curve
    steps: int = Field(description="actions of all worlds, for training and for judging")
    pictures: tuple[Picture, ...] = ()
    caption: str = ""

    @property
    def success(self) -> float:
        """Share of the starts from which it was reached."""
        return sum(self.outcomes) / max(len(self.outcomes), 1)

    @property
    def rank(self) -> tuple[float, float, float]:
        """The larger the better: success, then few actions, then small gaps; the reward's own value has no say."""
        return (self.success, -self.actions, -self.left)

    @property
    def trial(self) -> Trial:
        """As authors see it."""
        curves = {"success in training": self.curve.success, **self.curve.terms}
        return Trial(self.candidate, self.success, curves, self.failures, self.pictures, self.caption)


class Round(Frozen):
    """What an author wrote for one round, and the scale of each reward."""

    candidates: tuple[Candidate, ...]
    scales: tuple[float, ...]
    steps: int = Field(description="actions of all worlds, for the scales")


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """The best first; of equals the earlier."""
    return sorted(tried, key=lambda one: one.rank, reverse=True)


def chosen(tried: Sequence[Tried]) -> Tried:
    """The one to train on: the first whose success is not evidently below the best one's (by one standard error each).

    Short trainings from few starts hardly tell candidates apart, and authors write the most promising first.
    """
    best = ranked(tried)[0]
    return next(one for one in tried if one is best or _between(one)[1] >= _between(best)[0])


def _between(one: Tried) -> tuple[float, float]:
    return wilson(sum(one.outcomes), len(one.outcomes), z=SURE)


def curve_of(record: Record, name: str, candidate: Candidate, scale: float) -> Curve:
    """A training's curve as it is kept with demonstrations, with the reward's value as it was written."""
    return curve(record, name, reward=candidate.reward, author=candidate.author, scale=scale)


def write(path: Path, value: Frozen) -> None:
    """Write a value whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, value.model_dump_json(indent=1))


def read(path: Path, kind: type[Written]) -> Written | None:
    """A value that was written; None where there is none. Raises :class:`InvalidInputError` for what is another."""
    if not path.exists():
        return None
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInputError(f"{str(path)!r} is not to be read; remove it to have it made anew.") from error
