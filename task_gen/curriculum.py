"""Curriculum: outcomes of earlier runs turned into weights of families and objects, towards what works sometimes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice

import numpy as np
from pydantic import Field, model_validator

from pipeline.core.geometry import Frozen
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE
from task_gen.novelty import signature

LOW, HIGH = 0.2, 0.8  # solve rates between which a demonstration teaches most
FLOOR = 0.05  # weight that nothing falls below: what never worked may work with the next solver
CANDIDATES = 8  # new tasks of a family among which objects are weighed


class TaskOutcome(Frozen):
    """How attempts on one task of an earlier run ended."""

    task: TaskSpec
    attempted: int = Field(ge=0)
    solved: int = Field(ge=0)

    @model_validator(mode="after")
    def _no_more_solved_than_attempted(self) -> TaskOutcome:
        if self.solved > self.attempted:
            raise ValueError(f"solved must lie in 0..attempted, got {self.solved} of {self.attempted}")
        return self


class Standing(Frozen):
    """All attempts on the tasks of one family, or with one object, and the weight that follows from them."""

    attempted: int
    solved: int
    weight: float

    @property
    def rate(self) -> float | None:
        """Share of the attempts that were solved; None without attempts."""
        return self.solved / self.attempted if self.attempted else None


class Curriculum(Frozen):
    """Weights by family and by asset. What is not listed was never attempted and has the weight of the prior."""

    families: dict[str, Standing]
    objects: dict[str, Standing]

    def family_weight(self, family: str) -> float:
        """In [FLOOR, 1]."""
        found = self.families.get(family)
        return found.weight if found else weight(0, 0)

    def object_weight(self, asset: str) -> float:
        """In [FLOOR, 1]."""
        found = self.objects.get(asset)
        return found.weight if found else weight(0, 0)

    def objects_weight(self, task: TaskSpec) -> float:
        """Geometric mean over the task's assets, so that tasks with more objects are not put at a disadvantage."""
        logs = [math.log(self.object_weight(asset)) for asset in assets_of(task)]
        return math.exp(sum(logs) / len(logs)) if logs else weight(0, 0)


def curriculum_of(outcomes: Sequence[TaskOutcome]) -> Curriculum:
    """Add up the attempts by family and by asset."""
    families = _standings((o.task.family, o) for o in outcomes)
    return Curriculum(families=families, objects=_standings((a, o) for o in outcomes for a in assets_of(o.task)))


def weight(attempted: int, solved: int) -> float:
    """How likely the solve rate lies between LOW and HIGH after these attempts, at least FLOOR; 0.6 without any.

    The posterior is Beta(solved + 1, failed + 1), that of a uniform prior. Its distribution function at x is the
    probability that a binomial of attempted + 1 trials exceeds ``solved`` (Abramowitz and Stegun 26.5.24 with 26.5.2).
    """
    inside = _binomial_cdf(solved, attempted + 1, LOW) - _binomial_cdf(solved, attempted + 1, HIGH)
    return max(FLOOR, inside)


def assets_of(task: TaskSpec) -> tuple[str, ...]:
    """The assets a task is about, each once; not the table, which is in all of them."""
    return tuple(dict.fromkeys(o.asset for o in task.objects if o.asset != TABLE.asset))


def leaning(
    sources: Mapping[str, Iterator[TaskSpec]],
    curriculum: Curriculum,
    *,
    seed: int,
    known: Iterable[TaskSpec] = (),
) -> Iterator[TaskSpec]:
    """Tasks drawn from each family's ``sources`` as often as the curriculum weighs the family and the task's objects.

    Which family comes next is drawn first, then one of its next candidates; those passed over wait until their source
    has no more, lest they pile up and become all there is to choose from. Nothing comes twice, nor with the name or
    the structure of a ``known`` task. Ends when all sources have and nothing waits.
    """
    fresh = {family: list(islice(source, CANDIDATES)) for family, source in sources.items()}
    waiting: dict[str, list[TaskSpec]] = {family: [] for family in sources}
    names, structures = {t.name for t in known}, {signature(t) for t in known}
    for turn in count():
        left = [family for family in sources if fresh[family] or waiting[family]]
        if not left:
            return
        draw = stream(seed, "task_gen", "curriculum", turn)
        family = left[_drawn([curriculum.family_weight(f) for f in left], draw)]
        offered = fresh[family] or waiting[family]
        task = offered.pop(_drawn([curriculum.objects_weight(t) for t in offered], draw))
        if offered is fresh[family]:
            waiting[family] += offered
            fresh[family] = list(islice(sources[family], CANDIDATES))
        if task.name not in names and signature(task) not in structures:
            names.add(task.name)
            structures.add(signature(task))
            yield task


def in_words(curriculum: Curriculum) -> str:
    """For a model: every family and object that was attempted, with its numbers and what follows."""
    parts = [
        f"{title}:\n" + "\n".join(f"- `{name}`: {_verdict(s)}" for name, s in standings.items())
        for title, standings in (("Families", curriculum.families), ("Assets", curriculum.objects))
        if standings
    ]
    return "\n\n".join(parts) or "(nothing was attempted yet)"


def _standings(pairs: Iterable[tuple[str, TaskOutcome]]) -> dict[str, Standing]:
    sums: dict[str, tuple[int, int]] = {}
    for name, outcome in pairs:
        attempted, solved = sums.get(name, (0, 0))
        sums[name] = attempted + outcome.attempted, solved + outcome.solved
    return {n: Standing(attempted=a, solved=s, weight=weight(a, s)) for n, (a, s) in sorted(sums.items()) if a}


def _verdict(standing: Standing) -> str:
    numbers = f"{standing.solved} of {standing.attempted} attempts solved"
    if standing.weight > weight(0, 0):
        return f"{numbers}, works sometimes: more of it, please"
    if standing.weight > weight(0, 0) / 2:
        return f"{numbers}, too few to tell: try it again"
    if 2 * standing.solved > standing.attempted:
        return f"{numbers}, works nearly always: less of it, or harder"
    return f"{numbers}, hardly ever works: less of it, or easier"


def _drawn(weights: Sequence[float], draw: np.random.Generator) -> int:
    """An index, as often as its weight says."""
    ends = np.cumsum(weights)
    return min(int(np.searchsorted(ends, draw.random() * ends[-1], side="right")), len(weights) - 1)


def _binomial_cdf(most: int, trials: int, chance: float) -> float:
    """Probability of at most ``most`` successes."""
    yes, no = math.log(chance), math.log1p(-chance)
    total = math.lgamma(trials + 1)
    logs = (
        total - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * yes + (trials - k) * no for k in range(most + 1)
    )
    return min(1.0, math.fsum(math.exp(log) for log in logs))
