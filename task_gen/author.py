"""The procedural task author: composes tasks from what the assets afford, family by family, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal, Protocol, get_args

import numpy as np

from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.registry import Registry
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import Family, TaskSpec
from task_gen.compose import NothingToCompose
from task_gen.curriculum import Curriculum, leaning
from task_gen.novelty import signature
from task_gen.pantry import Pantry
from task_gen.paraphrase import paraphrase
from task_gen.telling import Teller

REDRAWS = 40  # draws of a family before it counts as used up
Wording = Literal["plain", "varied"]


class Composer(Protocol):
    """One family of tasks."""

    def __call__(self, pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
        """Compose one task, other ways to say it among its paraphrases; raises :class:`NothingToCompose`."""
        ...


FAMILIES: Registry[Composer] = Registry("task_gen.families", "family")


@dataclass
class ProceduralAuthor:
    """Proposes tasks one after the other, the families taking turns; none has the structure of an earlier one.

    ``families`` are asked in the order of :data:`Family`, by default all. With ``wording`` "plain" an instruction is
    the family's short sentence and its paraphrases are made from it; with "varied" it is, of all the ways the family
    can say it, the one that repeats least of what was said before. Raises :class:`UnknownNameError` for a family
    that does not exist. Tasks that are there already, ``existing``, are not proposed again.
    """

    catalog: Catalog
    robot: RobotSpec
    seed: int
    families: Sequence[str] | None = None
    wording: Wording = "plain"
    existing: Sequence[TaskSpec] = ()
    repeats: int = field(default=0, init=False)  # draws that gave a task it had already proposed
    dead_ends: int = field(default=0, init=False)  # draws that the catalogue could not serve
    used_up: dict[str, str] = field(default_factory=dict[str, str], init=False)  # families, with their last reason

    def __post_init__(self) -> None:
        for family in self.families or ():
            if family not in FAMILIES:
                raise UnknownNameError("family", family, get_args(Family))

    def proposals(self) -> Iterator[TaskSpec]:
        """All tasks that the catalogue affords, as far as forty draws a family and turn find them."""
        pantry, teller, seen = Pantry(self.catalog, self.robot), Teller(), _Seen()
        for task in self.existing:
            seen.add(task)
        left = [f for f in get_args(Family) if f in (self.families or FAMILIES)]
        turn = 0
        while left:
            for family in tuple(left):
                task = self._draw(family, pantry, seen, turn=turn)
                if task is None:
                    left.remove(family)
                    continue
                seen.add(task)
                yield teller.told(task) if self.wording == "varied" else _plainly(task)
            turn += 1

    def leaning(self, curriculum: Curriculum) -> Iterator[TaskSpec]:
        """As :meth:`proposals`, families and objects drawn as the curriculum weighs them."""
        authors = {f: replace(self, families=[f]) for f in get_args(Family) if f in (self.families or FAMILIES)}
        sources = {family: author.proposals() for family, author in authors.items()}
        yield from leaning(sources, curriculum, seed=self.seed, known=self.existing)
        for author in authors.values():
            self.used_up |= author.used_up

    def first(self, proposals: Iterator[TaskSpec], count: int) -> tuple[TaskSpec, ...]:
        """``count`` of the proposals; raises :class:`InvalidInputError` when there are fewer."""
        tasks = tuple(islice(proposals, count))
        if len(tasks) < count:
            raise self.too_few(len(tasks), count)
        return tasks

    def too_few(self, found: int, wanted: int) -> InvalidInputError:
        """The error of a catalogue that affords no more tasks, with every family's last reason."""
        why = " ".join(f"{family}: {reason}" for family, reason in self.used_up.items() if reason)
        return InvalidInputError(
            f"The catalogue affords robot {self.robot.name!r} only {found} different tasks, {wanted} were asked for. "
            f"Ask for fewer or add assets. {why}".rstrip()
        )

    def _draw(self, family: str, pantry: Pantry, seen: _Seen, *, turn: int) -> TaskSpec | None:
        """A task of the family that is not there yet, or None when the family is used up."""
        self.used_up.setdefault(family, "")
        for attempt in range(REDRAWS):
            draw = stream(self.seed, "task_gen", family, turn, attempt)
            try:
                task = FAMILIES.get(family)(pantry, draw, turn=turn + attempt)
            except NothingToCompose as error:
                self.used_up[family], self.dead_ends = str(error), self.dead_ends + 1
                continue
            if task not in seen:
                del self.used_up[family]
                return task
            self.repeats += 1
        return None


@dataclass
class _Seen:
    """Names and structures of the tasks so far."""

    names: set[str] = field(default_factory=set[str])
    structures: set[str] = field(default_factory=set[str])

    def add(self, task: TaskSpec) -> None:
        self.names.add(task.name)
        self.structures.add(signature(task))

    def __contains__(self, task: TaskSpec) -> bool:
        return task.name in self.names or signature(task) in self.structures


def propose(
    catalog: Catalog,
    robot: RobotSpec,
    *,
    count: int,
    seed: int,
    families: Sequence[str] | None = None,
    wording: Wording = "plain",
) -> tuple[TaskSpec, ...]:
    """``count`` different tasks, the families taking turns; a smaller count gives the first of the same tasks.

    Raises :class:`InvalidInputError` when the catalogue does not afford as many, and :class:`UnknownNameError` for a
    family that does not exist.
    """
    author = ProceduralAuthor(catalog, robot, seed, families, wording)
    return author.first(author.proposals(), count)


def propose_leaning(
    catalog: Catalog,
    robot: RobotSpec,
    *,
    count: int,
    seed: int,
    curriculum: Curriculum,
    known: Sequence[TaskSpec] = (),
    families: Sequence[str] | None = None,
) -> tuple[TaskSpec, ...]:
    """As :func:`propose`, families and objects drawn as the curriculum weighs them, and none of the ``known`` tasks."""
    author = ProceduralAuthor(catalog, robot, seed, families, existing=known)
    return author.first(author.leaning(curriculum), count)


def _plainly(task: TaskSpec) -> TaskSpec:
    return task.model_copy(update={"paraphrases": paraphrase(task.instruction)})
